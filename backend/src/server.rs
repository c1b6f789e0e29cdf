//! A server put together from a configuration: database, engine, web, and workers unless they run elsewhere.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pulsekeep_core::{Clock, account::ProviderKey};
use pulsekeep_store::Store;
use pulsekeep_sync::SyncEngine;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{
    cli::setup,
    config::Config,
    http::{self, App, HttpOptions},
    services::Services,
    worker::{self, WorkerHandle, WorkerOptions},
};

/// Ended web sessions are removed this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Pause before listening for other processes' changes again.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);

/// A server that listens but does not answer yet.
pub struct Server {
    app: App,
    listener: TcpListener,
    worker: Option<WorkerHandle>,
    housekeeping: JoinSet<()>,
}

impl Server {
    /// Opens everything that `config` names, on a listener that is bound already: a port that is taken has to be found
    /// out before the database is touched.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub async fn open(config: &Config, listener: TcpListener, with_worker: bool) -> anyhow::Result<Self> {
        let bound: SocketAddr = listener.local_addr()?;
        let store = setup::open_store(config).await?;
        store.migrate().await?;
        let engine = setup::engine(config, &store).await?;
        let exporter = setup::exporter(config, &store);
        let public_url = config.http.public_url_at(bound);
        let worker = if with_worker {
            let options = WorkerOptions::new(config.sync.parallel as usize);
            Some(worker::spawn(engine.clone(), exporter.clone(), options).await?)
        } else {
            None
        };
        let mut services = Services::new(store.clone(), engine, config.clock(), public_url);
        services.exporter = exporter;
        let app = App::new(services, HttpOptions::from(&config.http));
        let mut housekeeping = JoinSet::new();
        housekeeping.spawn(prepare_webhooks(app.services.engine.clone()));
        housekeeping.spawn(relay(store.clone()));
        housekeeping.spawn(sweep(store, config.clock()));
        if let Some(address) = config.http.metrics_listen {
            let telemetry = setup::listen(address).await?;
            housekeeping.spawn(http::serve_metrics(app.clone(), telemetry));
        }
        Ok(Self { app, listener, worker, housekeeping })
    }

    /// What the server works with.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.app.services
    }

    /// Where browsers reach it.
    #[must_use]
    pub fn public_url(&self) -> &Url {
        &self.app.services.public_url
    }

    /// Serves until `stop`, then lets requests and windows at work finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let served = http::serve(self.app, self.listener, stop).await;
        self.housekeeping.shutdown().await;
        if let Some(worker) = self.worker {
            worker.shutdown().await;
        }
        Ok(served?)
    }
}

/// Passes on changes that other processes make.
async fn relay(store: Store) {
    loop {
        if let Err(error) = store.relay_changes().await {
            tracing::warn!(%error, "changes of other processes are not heard for a moment");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// Fetches the keys of webhooks before the first call comes.
async fn prepare_webhooks(engine: SyncEngine) {
    for key in ProviderKey::ALL {
        let provider = engine.provider(key).cloned();
        if let Some(push) = provider.as_ref().and_then(|provider| provider.push()) {
            push.prepare(engine.now()).await;
        }
    }
}

/// Removes web sessions that have ended.
async fn sweep(store: Store, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = store.delete_expired_web_sessions(clock.now()).await {
            tracing::warn!(%error, "ended web sessions could not be removed");
        }
    }
}
