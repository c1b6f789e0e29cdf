//! Configuration: compiled-in defaults, then `pulsekeep.toml`, then the environment. All problems are found at once.

mod clock;
mod export;
mod keys;
mod problem;
mod push;
mod read;
mod show;
mod sources;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use pulsekeep_core::{Clock, ScaledClock, SystemClock, account::ProviderKey, catalogue::Cadence};
use secrecy::SecretString;
use url::Url;

pub use export::ExportConfig;
pub use problem::{ConfigError, Problem};
pub use push::PushSection;
pub use show::ShownKey;
pub use sources::Sources;

/// The compiled-in defaults with a comment on every key.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The effective configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Section `http`.
    pub http: HttpConfig,
    /// Section `database`.
    pub database: DatabaseConfig,
    /// Section `vault`; `None` when no key is set and the command needs none.
    pub vault: Option<VaultConfig>,
    /// Sections `providers.*`, those that are enabled.
    pub providers: Vec<ProviderSection>,
    /// Section `sync`.
    pub sync: SyncConfig,
    /// Section `export`.
    pub export: ExportConfig,
    /// Section `log`.
    pub log: LogConfig,
    /// Section `clock`; `None` is the machine's clock.
    pub clock: Option<ScaledClock>,
}

/// Section `http`.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where browsers reach the server; `None` means by the address listened on.
    pub public_url: Option<Url>,
    /// Where telemetry answers without a token; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Folder of the built web app.
    pub web_root: PathBuf,
    /// Folder of the built playground.
    pub playground_root: PathBuf,
    /// Days after its last use at which a web session ends.
    pub session_days: u32,
    /// Whether the last entry of `X-Forwarded-For` is the caller's address.
    pub trust_forwarded_for: bool,
    /// Megabytes that a Parquet file of `/data/v1/series` has at most.
    pub parquet_limit_mb: u32,
}

impl HttpConfig {
    /// Where browsers reach the server that listens on `bound`.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> Url {
        self.public_url.clone().unwrap_or_else(|| local_url(bound))
    }
}

/// `http://` and the address; an unspecified address (0.0.0.0) is written as loopback, which a browser can open.
fn local_url(bound: SocketAddr) -> Url {
    let mut shown = bound;
    if bound.ip().is_unspecified() {
        shown.set_ip(match bound {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Url::parse(&format!("http://{shown}")).expect("a socket address makes a URL")
}

/// Section `database`.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: SecretString,
    /// Connections for reading.
    pub readers: u32,
}

/// Section `vault`.
#[derive(Clone)]
pub struct VaultConfig {
    /// The key that seals.
    pub key: [u8; 32],
    /// Keys that only open.
    pub previous: Vec<[u8; 32]>,
}

impl std::fmt::Debug for VaultConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VaultConfig").field("previous", &self.previous.len()).finish_non_exhaustive()
    }
}

/// A section `providers.*`.
#[derive(Debug, Clone)]
pub struct ProviderSection {
    /// Which provider.
    pub provider: ProviderKey,
    /// OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where people consent.
    pub authorize_url: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Url,
    /// Where grants are revoked.
    pub revoke_url: Url,
    /// Root of the data API.
    pub api_url: Url,
    /// Whether people are asked for the places of their exercises too.
    pub routes: bool,
    /// Its webhook, where one is set up.
    pub push: Option<PushSection>,
}

/// Section `sync`.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// Minutes between two incremental syncs of a linked account.
    pub interval_minutes: u32,
    /// The same where the provider tells when there is something new.
    pub interval_with_push_minutes: u32,
    /// Percent by which the times of incremental syncs are spread.
    pub jitter_percent: u32,
    /// Days between two deep re-reads of a linked account.
    pub deep_interval_days: u32,
    /// Days for which superseded raw documents are kept.
    pub keep_superseded_days: u32,
    /// Days for which ended jobs are kept.
    pub keep_jobs_days: u32,
    /// Seconds that a notice waits for others.
    pub push_wait_seconds: u32,
    /// Days backfilled at the first consent.
    pub first_backfill_days: u32,
    /// Days after which a day counts as closed.
    pub close_after_days: u32,
    /// Seconds after which a window at work is taken over when its worker is gone.
    pub lease_seconds: u32,
    /// Requests made at the same time by one worker.
    pub parallel: u32,
    /// How densely heart rate is kept.
    pub heart_rate: Cadence,
    /// Requests a minute and Google account.
    pub google_per_minute: u32,
    /// Requests a minute of all Google accounts.
    pub google_app_per_minute: u32,
    /// Requests an hour and Fitbit account.
    pub fitbit_per_hour: u32,
    /// Percent of a budget that backfills leave to the live sync.
    pub reserve_percent: u32,
}

/// Section `log`.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Directive of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// Lines of JSON instead of text.
    pub json: bool,
}

/// What a command cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The database alone.
    Database,
    /// The database and the vault key.
    Vault,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of every key.
    pub fn load(sources: &Sources, need: Need) -> Result<Self, ConfigError> {
        read::config(sources, need)
    }

    /// The clock that everything obeys but intervals of the process itself (ticks, HTTP timeouts, web sessions).
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self.clock {
            Some(clock) => Arc::new(clock),
            None => Arc::new(SystemClock),
        }
    }

    /// The effective keys with their sources, secrets masked. Works on a faulty configuration too.
    ///
    /// # Errors
    /// [`ConfigError`] when the file cannot be read at all.
    pub fn show(sources: &Sources) -> Result<Vec<ShownKey>, ConfigError> {
        show::keys(sources)
    }
}

#[cfg(test)]
mod tests;
