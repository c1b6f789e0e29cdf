//! `cargo xtask generate`.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::native;
use crate::process::Cmd;
use crate::repo::Repo;

pub(crate) const HELP: &str = "\
cargo xtask generate

Writes schema.graphql from the server's types. `cargo xtask test` fails when it is not current.";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    args.finish()?;
    native::build(repo)?;
    let schema = Cmd::new(repo.program("pulsekeep")).arg("schema").dir(repo.root()).output()?;
    let file = repo.path("schema.graphql");
    fs::write(&file, schema).with_context(|| format!("writing {}", file.display()))?;
    println!("{}", file.display());
    Ok(ExitCode::SUCCESS)
}
