//! Native builds and tests, all in one profile and one set of features.

use anyhow::Result;

use crate::counts::{self, Counts};
use crate::postgres;
use crate::process::find_on_path;
use crate::repo::Repo;
use crate::steps::Outcome;

/// Builds the server and the simulator. All default members at once: with one of them alone, Cargo would give
/// shared dependencies fewer features, and the tests would compile them again.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    repo.cargo("build").args(["--bins", "--quiet"]).run()
}

pub(crate) fn build_step(repo: &Repo) -> Result<Outcome> {
    build(repo)?;
    let tests = if has_nextest() {
        repo.cargo("nextest").args(["run", "--no-run", "--cargo-quiet"])
    } else {
        repo.cargo("test").args(["--no-run", "--quiet"])
    };
    tests.run()?;
    Ok(Outcome::done())
}

/// The tests of the native crates, on SQLite and on a PostgreSQL server of their own.
pub(crate) fn tests(repo: &Repo) -> Result<Outcome> {
    postgres::with_server(|url| run_tests(repo, &[], Some(url)))
}

/// The examples in the documentation of the libraries; nextest does not run them.
pub(crate) fn doc_tests(repo: &Repo) -> Result<Outcome> {
    let (ok, text) = repo.cargo("test").args(["--doc", "--no-fail-fast"]).tee()?;
    Ok(Outcome::tests(ok, counts::cargo_test(&text)?))
}

/// The web app's pure parts, compiled for this machine.
pub(crate) fn web_tests(repo: &Repo) -> Result<Outcome> {
    run_tests(repo, &["--package", "pulsekeep-web"], None)
}

fn run_tests(repo: &Repo, options: &[&str], postgres: Option<&str>) -> Result<Outcome> {
    let nextest = has_nextest();
    let cmd = if nextest {
        let config = repo.path("xtask/nextest.toml");
        repo.cargo("nextest").args(["run", "--no-fail-fast", "--cargo-quiet", "--config-file"]).arg(config)
    } else {
        repo.cargo("test").args(["--bins", "--lib", "--tests", "--no-fail-fast", "--quiet"])
    };
    let mut cmd = cmd.args(options);
    if let Some(url) = postgres {
        cmd = cmd.env("TEST_POSTGRES_URL", url);
    }
    let (ok, text) = cmd.tee()?;
    let counts: Counts = if nextest { counts::nextest(&text)? } else { counts::cargo_test(&text)? };
    if counts == Counts::default() {
        anyhow::bail!("no test ran");
    }
    Ok(Outcome::tests(ok, counts))
}

/// Nextest runs every test in a process of its own and ends the one that hangs; without it `cargo test` does,
/// since building nextest takes longer than it saves.
fn has_nextest() -> bool {
    find_on_path("cargo-nextest").is_some()
}
