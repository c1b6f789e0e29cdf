//! How a simulator is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::people::PeopleError;

/// Tells the time: epoch milliseconds, UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A clock that runs at another rate than `machine`: when that shows `base`, it shows `origin`, and from then on `rate`
/// milliseconds for each (epoch milliseconds). Processes with the same three numbers agree on the time.
pub fn scaled_clock(machine: Clock, base: i64, origin: i64, rate: u32) -> Clock {
    Arc::new(move || origin + (machine() - base) * i64::from(rate))
}

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
    /// How many people there are besides the twelve.
    pub extra_people: usize,
    /// How long each answer of a provider takes besides its making: real time, whatever the clock says.
    pub latency: Duration,
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
            extra_people: 0,
            latency: Duration::ZERO,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_runs_from_its_origin_at_its_rate() {
        let clock = scaled_clock(Arc::new(|| 1_000_500), 1_000_000, 5_000_000, 600);
        assert_eq!(clock(), 5_000_000 + 300_000);
    }
}
