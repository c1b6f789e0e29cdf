use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use pulsekeep_core::{Clock, SystemClock};
use pulsekeep_store::Store;

use super::{output, setup};
use crate::{
    config::{Config, Need, Sources},
    http::{self, App, HttpOptions},
    services::Services,
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
}

/// Ended web sessions are removed this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Pause before listening for other processes' changes again.
const RELAY_PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(sources: Sources, args: Args) -> anyhow::Result<ExitCode> {
    let text = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
    let sources = sources
        .with_flag("http.listen", args.listen)
        .with_flag("http.web_root", text(args.web_root))
        .with_flag("http.playground_root", text(args.playground_root));
    let config = Config::load(&sources, Need::Vault)?;
    super::logging::start(&config.log);
    // The port first: what else is running would be found out by a lock otherwise.
    let listener = setup::listen(config.http.listen).await?;
    let bound = listener.local_addr()?;
    let store = setup::open_store(&config).await?;
    store.migrate().await?;
    let engine = setup::engine(&config, &store).await?;
    let public_url = config.http.public_url_at(bound);
    let services = Services::new(store.clone(), engine, Arc::new(SystemClock), public_url.clone());
    let app = App::new(services, HttpOptions::from(&config.http));
    let stop = setup::stop_signal()?;
    let housekeeping = [tokio::spawn(relay(store.clone())), tokio::spawn(sweep(store.clone()))];
    output::remark(format!("Pulsekeep {} is at {public_url}", env!("CARGO_PKG_VERSION")));
    let served = http::serve(app, listener, stop).await;
    housekeeping.iter().for_each(tokio::task::JoinHandle::abort);
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Passes on changes that other processes make, for as long as the server runs.
pub(crate) async fn relay(store: Store) {
    loop {
        if let Err(error) = store.relay_changes().await {
            tracing::warn!(%error, "changes of other processes are not heard for a moment");
        }
        tokio::time::sleep(RELAY_PAUSE).await;
    }
}

/// Removes web sessions that have ended.
pub(crate) async fn sweep(store: Store) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        match store.delete_expired_web_sessions(SystemClock.now()).await {
            Ok(0) => {}
            Ok(n) => tracing::info!(n, "removed web sessions that have ended"),
            Err(error) => tracing::warn!(%error, "ended web sessions could not be removed"),
        }
    }
}
