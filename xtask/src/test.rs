//! `cargo xtask test` and `cargo xtask lint`.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::repo::Repo;
use crate::steps::{Step, choose, run_all};
use crate::{browser, checks, data_examples, native, soak};

pub(crate) const HELP: &str = "\
cargo xtask test [--only STEP,…] [--skip STEP,…]

Runs every check, also after one has failed, and ends with a table and the number of tests. It starts what it
needs: a PostgreSQL server in a temporary folder, the product with its simulator, a headless Chromium.

Steps: lock, fmt, deny, clippy, clippy-web, doc, build, schema, tests, doc-tests, web-tests, soak,
       data-examples, browser
  --only STEP,…   these steps only
  --skip STEP,…   all but these

The tests on PostgreSQL find their server in TEST_POSTGRES_URL: with that variable set to a server of your own
(as its superuser), `cargo nextest run` or `cargo test` runs them too.";

pub(crate) const LINT_HELP: &str = "\
cargo xtask lint [--only STEP,…] [--skip STEP,…]

The steps of `cargo xtask test` that only read the code: lock, fmt, deny, clippy, clippy-web, doc.";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    run_chosen(repo, args, lint_steps().into_iter().chain(test_steps()).collect())
}

pub(crate) fn run_lint(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    run_chosen(repo, args, lint_steps())
}

fn run_chosen(repo: &Repo, args: &mut Args, steps: Vec<Step>) -> Result<ExitCode> {
    let (only, skip) = (args.list("--only")?, args.list("--skip")?);
    args.finish()?;
    Ok(run_all(repo, choose(steps, &only, &skip)?))
}

fn lint_steps() -> Vec<Step> {
    vec![
        Step { name: "lock", about: "Cargo.lock is current", run: checks::lock },
        Step { name: "fmt", about: "formatting", run: checks::fmt },
        Step { name: "deny", about: "licences, sources and duplicates of dependencies", run: checks::deny },
        Step { name: "clippy", about: "lints, native crates", run: checks::clippy },
        Step { name: "clippy-web", about: "lints, web app (wasm32)", run: checks::clippy_web },
        Step { name: "doc", about: "documentation without warnings", run: checks::doc },
    ]
}

fn test_steps() -> Vec<Step> {
    vec![
        Step { name: "build", about: "programs and tests compile", run: native::build_step },
        Step { name: "schema", about: "schema.graphql is what the server serves", run: checks::schema },
        Step { name: "tests", about: "native crates, on SQLite and PostgreSQL", run: native::tests },
        Step { name: "doc-tests", about: "examples in the documentation", run: native::doc_tests },
        Step { name: "web-tests", about: "the web app's pure parts", run: native::web_tests },
        Step {
            name: "soak",
            about: "processes killed, frozen and lied to, on both engines",
            run: soak::short,
        },
        Step {
            name: "data-examples",
            about: "docs/data.md and docs/exports.md with pyarrow, polars and DuckDB",
            run: data_examples::run,
        },
        Step { name: "browser", about: "the whole product in Chromium", run: browser::tests },
    ]
}
