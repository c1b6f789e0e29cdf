//! How a simulator is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::people::PeopleError;

/// Tells the time: epoch milliseconds, UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An OAuth client that both providers know.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client id.
    pub client_id: String,
    /// The secret; empty for a public client.
    pub client_secret: String,
    /// Redirect addresses that match exactly.
    pub redirect_uris: Vec<String>,
}

/// Everything that a simulator needs at its start.
#[derive(Clone)]
pub struct SimulatorConfig {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The time.
    pub clock: Clock,
    /// Registered clients.
    pub clients: Vec<Client>,
    /// Accept any `http://127.0.0.1`, `http://localhost` or `http://[::1]` redirect of any client.
    pub allow_any_loopback_redirect: bool,
    /// Switches and faults to begin with: a TOML or JSON file.
    pub scenario: Option<PathBuf>,
    /// Where to keep revocations and token rotation between two starts.
    pub state_file: Option<PathBuf>,
    /// The key under which tokens are signed. The same key honours the tokens of an earlier run.
    pub signing_key: Vec<u8>,
}

impl SimulatorConfig {
    /// The client `pulsekeep-demo` with the secret `pulsekeep-demo-secret`, any loopback redirect, no scenario and no state file.
    pub fn new(listen: SocketAddr, clock: Clock) -> SimulatorConfig {
        SimulatorConfig {
            listen,
            clock,
            clients: vec![Client {
                client_id: "pulsekeep-demo".to_owned(),
                client_secret: "pulsekeep-demo-secret".to_owned(),
                redirect_uris: Vec::new(),
            }],
            allow_any_loopback_redirect: true,
            scenario: None,
            state_file: None,
            signing_key: b"a simulator has no secrets".to_vec(),
        }
    }
}

/// The simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}. Choose another address with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The scenario file cannot be read or is not as documented.
    #[error("the scenario file {path} cannot be used: {reason}")]
    Scenario {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The state file cannot be read or is not ours.
    #[error("the state file {path} cannot be used: {reason}. Delete it to forget revoked and rotated tokens")]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The compiled-in people cannot be used.
    #[error(transparent)]
    People(#[from] PeopleError),
}
