//! A running simulator.

use std::net::SocketAddr;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::config::{SimulatorConfig, SimulatorError};
use crate::people::Profile;
use crate::state::State;
use crate::{control, fitbit, gate, google, push};

/// Both providers and the control API on one loopback address, until it is shut down or dropped.
pub struct Simulator {
    addr: SocketAddr,
    state: State,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// The routes of a simulator, without a listener: what [`Simulator::start`] serves.
///
/// # Errors
/// The scenario or state file cannot be used, or the compiled-in people cannot.
pub fn router(config: SimulatorConfig) -> Result<Router, SimulatorError> {
    Ok(routes(State::new(config)?))
}

fn routes(state: State) -> Router {
    Router::new()
        .nest("/google", google::routes())
        .nest("/fitbit", fitbit::routes())
        .layer(from_fn_with_state(state.clone(), gate::pass))
        .nest("/control", control::routes())
        .route("/", get(control::about))
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .with_state(state)
}

impl Simulator {
    /// Starts to serve.
    ///
    /// # Errors
    /// The address cannot be listened on, or [`router`] fails.
    pub async fn start(config: SimulatorConfig) -> Result<Simulator, SimulatorError> {
        let address = config.listen;
        let state = State::new(config)?;
        let routes = routes(state.clone());
        let listen = |source| SimulatorError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let telling = tokio::spawn(push::run(state.clone()));
        let task = tokio::spawn(async move {
            let until_stopped = async {
                // an error means that the simulator was dropped: that stops it too
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(until_stopped).await {
                tracing::error!(%error, "the simulator stopped");
            }
            telling.abort();
        });
        Ok(Simulator { addr, state, stop: Some(stop), task: Some(task) })
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and the address.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The people, as `GET /control/people` lists them.
    pub fn people(&self) -> Vec<Profile> {
        self.state.people().all().iter().map(|person| person.profile.clone()).collect()
    }

    /// Clicks "Allow" on the consent page of `authorize_url` as `person`, with every scope that is asked for, as
    /// `POST /control/consent` does. Returns where the browser would be sent.
    ///
    /// # Errors
    /// The sentence that the consent page would show.
    pub fn consent(&self, authorize_url: &str, person: &str) -> Result<String, String> {
        control::allow(&self.state, authorize_url, person)
    }

    /// Stops listening and waits for the requests under way; after five seconds it waits no longer.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // the server may have stopped already
            let _ = stop.send(());
        }
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(std::time::Duration::from_secs(5), &mut task).await.is_err()
        {
            task.abort();
        }
    }
}
