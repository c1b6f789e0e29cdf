use std::process::ExitCode;

use super::{output, setup};
use crate::{
    config::{Config, Need, Sources},
    worker::{self, WorkerOptions},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Windows worked on at once [default: sync.parallel of the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: Option<u16>,
}

pub(super) async fn run(sources: Sources, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&sources, Need::Vault)?;
    super::logging::start(&config.log);
    let stop = setup::stop_signal()?;
    let store = setup::open_current_store(&config).await?;
    let engine = setup::engine(&config, &store).await?;
    for problem in engine.policy_problems() {
        output::remark(format!("warning: {problem}"));
    }
    let parallel = args.parallel.map_or(config.sync.parallel as usize, usize::from);
    let options = WorkerOptions::new(parallel);
    output::remark(format!("worker {} works on up to {parallel} windows at once", options.instance));
    let handle = worker::spawn(engine, setup::exporter(&config, &store), options).await?;
    stop.await;
    handle.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
