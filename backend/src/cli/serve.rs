use std::{path::PathBuf, process::ExitCode};

use super::{output, setup};
use crate::{
    config::{Config, Need, Sources},
    server::Server,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Folder of the built web app
    #[arg(long, value_name = "DIR")]
    web_root: Option<PathBuf>,
    /// Folder of the built playground
    #[arg(long, value_name = "DIR")]
    playground_root: Option<PathBuf>,
    /// Do not work on sync jobs in this process: `pulsekeep worker` does
    #[arg(long)]
    no_worker: bool,
}

pub(super) async fn run(sources: Sources, args: Args) -> anyhow::Result<ExitCode> {
    let text = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
    let sources = sources
        .with_flag("http.listen", args.listen)
        .with_flag("http.web_root", text(args.web_root))
        .with_flag("http.playground_root", text(args.playground_root));
    let config = Config::load(&sources, Need::Vault)?;
    super::logging::start(&config.log);
    let stop = setup::stop_signal()?;
    let listener = setup::listen(config.http.listen).await?;
    let server = Server::open(&config, listener, !args.no_worker).await?;
    for problem in server.services().engine.policy_problems() {
        output::remark(format!("warning: {problem}"));
    }
    output::remark(format!("Pulsekeep {} is at {}", env!("CARGO_PKG_VERSION"), server.public_url()));
    server.run(stop).await?;
    Ok(ExitCode::SUCCESS)
}
