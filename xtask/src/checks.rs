//! The checks that read the code: formatting, lints, documentation, dependencies, the schema.

use anyhow::Result;

use crate::process::Cmd;
use crate::repo::Repo;
use crate::steps::Outcome;
use crate::tools;

const WEB: &str = "pulsekeep-web";
const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn lock(repo: &Repo) -> Result<Outcome> {
    repo.cargo("metadata").args(["--locked", "--format-version", "1"]).output()?;
    Ok(Outcome::done())
}

pub(crate) fn fmt(repo: &Repo) -> Result<Outcome> {
    repo.cargo("fmt").args(["--all", "--check"]).run()?;
    Ok(Outcome::done())
}

pub(crate) fn deny(repo: &Repo) -> Result<Outcome> {
    let deny = tools::cargo_deny(repo)?;
    // Duplicates that deny.toml only warns of are not shown here. `advisories` is not among them: it clones a database from a code host.
    let cmd = Cmd::new(deny).args(["--log-level", "error", "--all-features", "check"]);
    cmd.args(["bans", "licenses", "sources"]).dir(repo.root()).run()?;
    Ok(Outcome::done())
}

pub(crate) fn clippy(repo: &Repo) -> Result<Outcome> {
    repo.cargo("clippy").args(["--quiet", "--all-targets", "--", "-D", "warnings"]).run()?;
    // As the container image has it: without the simulator.
    let bare = repo.cargo("clippy").args(["--quiet", "--package", "pulsekeep", "--no-default-features"]);
    bare.args(["--", "-D", "warnings"]).run()?;
    Ok(Outcome::done())
}

pub(crate) fn clippy_web(repo: &Repo) -> Result<Outcome> {
    tools::wasm_target(repo)?;
    let cmd = repo.cargo("clippy").args(["--quiet", "--package", WEB, "--target", WASM]);
    cmd.args(["--", "-D", "warnings"]).run()?;
    Ok(Outcome::done())
}

pub(crate) fn doc(repo: &Repo) -> Result<Outcome> {
    tools::wasm_target(repo)?;
    let doc = || repo.cargo("doc").args(["--quiet", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    doc().run()?;
    doc().args(["--package", WEB, "--target", WASM]).run()?;
    Ok(Outcome::done())
}

pub(crate) fn schema(repo: &Repo) -> Result<Outcome> {
    crate::native::build(repo)?;
    let cmd = Cmd::new(repo.program("pulsekeep")).args(["schema", "--check"]);
    cmd.arg("schema.graphql").dir(repo.root()).run()?;
    Ok(Outcome::done())
}
