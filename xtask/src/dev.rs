//! `cargo xtask dev`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::repo::Repo;
use crate::{demo, web};

pub(crate) const HELP: &str = "\
cargo xtask dev [--port N]

Runs the demo's server and rebuilds the web app whenever its sources change (reload the page to see it). For a
change of the server, end it with Ctrl-C and start it again.
  --port N   listen there instead of 8080";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    let port = args.port("--port")?.unwrap_or(8080);
    args.finish()?;
    let built = demo::build(repo)?;
    // Files of the last compressed build would be served in place of newer ones.
    crate::stamp::forget(&repo.target().join("web.stamp"))?;
    let trunk = web::prepare(repo)?.args(["watch", "--cargo-profile", "wasm"]);
    let mut watcher = trunk.spawn()?;
    let mut server =
        built.demo().arg("--listen").arg(format!("127.0.0.1:{port}")).dir(repo.root()).spawn()?;
    let status = server.wait()?;
    watcher.kill()?;
    watcher.wait()?;
    if !status.success() {
        bail!("the server ended ({status})");
    }
    Ok(ExitCode::SUCCESS)
}
