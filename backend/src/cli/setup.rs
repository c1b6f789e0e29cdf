//! From a configuration to an open store and a sync engine.

use std::net::SocketAddr;

use anyhow::Context as _;
use pulsekeep_core::{
    account::ProviderKey,
    time::{DAY_MS, MINUTE_MS},
};
use pulsekeep_export::{ExportPolicy, Exporter};
use pulsekeep_provider::{FitbitPush, GooglePush, HttpClient, ProviderConfig};
use pulsekeep_store::{Store, StoreOptions};
use pulsekeep_sync::{Providers, SyncEngine, SyncPolicy, Vault};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::failure::sentence;
use crate::config::{Config, ProviderSection, PushSection};

/// Starts to log as configured.
pub fn start_logging(config: &Config) {
    super::logging::start(&config.log);
}

/// Opens the database.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database.url.expose_secret().to_owned();
    Ok(Store::open(&StoreOptions { url, connections: config.database.readers }).await?)
}

/// Opens the database and makes sure that its tables are of this version.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open_current_store(config: &Config) -> anyhow::Result<Store> {
    let store = open_store(config).await?;
    match store.pending_migrations().await? {
        0 => Ok(store),
        n => Err(sentence(format!(
            "the database lacks {n} step(s) of this version; run `pulsekeep migrate` first"
        ))),
    }
}

/// The sync engine of a configuration. Needs the vault key.
///
/// # Errors
/// When the vault key is missing or does not open the stored tokens, or the HTTP client cannot be set up.
pub async fn engine(config: &Config, store: &Store) -> anyhow::Result<SyncEngine> {
    let vault = config.vault.as_ref().ok_or_else(|| sentence("vault.key is missing"))?;
    let vault = Vault::new(&vault.key, &vault.previous);
    let clock = config.clock();
    if config.clock.is_some() {
        tracing::warn!(
            now = %clock.now(),
            "the time is simulated (section clock of the configuration): this is no installation for real people"
        );
    }
    let engine = SyncEngine::new(store.clone(), providers(config)?, vault, clock, policy(config));
    engine.check_vault().await?;
    Ok(engine)
}

/// The enabled providers.
///
/// # Errors
/// When the HTTP client cannot be set up.
pub fn providers(config: &Config) -> anyhow::Result<Providers> {
    let http = HttpClient::new()?;
    let mut providers = Providers::new();
    for section in &config.providers {
        let settings = provider_config(section);
        let http = http.clone();
        providers = match (section.provider, &section.push) {
            (ProviderKey::GoogleHealth, Some(PushSection::GoogleHealth { secret, keyset_url, .. })) => {
                let push = GooglePush { secret: secret.clone(), keyset_url: keyset_url.clone() };
                providers.with(pulsekeep_provider::google_health_with_push(settings, http, push))
            }
            (ProviderKey::Fitbit, Some(PushSection::Fitbit { verify_code, subscriber_id })) => {
                let push =
                    FitbitPush { verify_code: verify_code.clone(), subscriber_id: subscriber_id.clone() };
                providers.with(pulsekeep_provider::fitbit_with_push(settings, http, push))
            }
            (ProviderKey::GoogleHealth, _) => {
                providers.with(pulsekeep_provider::google_health(settings, http))
            }
            (ProviderKey::Fitbit, _) => providers.with(pulsekeep_provider::fitbit(settings, http)),
        };
    }
    Ok(providers)
}

fn provider_config(section: &ProviderSection) -> ProviderConfig {
    ProviderConfig {
        client_id: section.client_id.clone(),
        client_secret: section.client_secret.clone(),
        authorize_url: section.authorize_url.clone(),
        token_url: section.token_url.clone(),
        revoke_url: section.revoke_url.clone(),
        api_url: section.api_url.clone(),
        routes: section.routes,
    }
}

fn narrow(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The sync policy of a configuration.
#[must_use]
pub fn policy(config: &Config) -> SyncPolicy {
    SyncPolicy {
        incremental_every_ms: i64::from(config.sync.interval_minutes) * MINUTE_MS,
        incremental_with_push_every_ms: i64::from(config.sync.interval_with_push_minutes) * MINUTE_MS,
        push_wait_ms: i64::from(config.sync.push_wait_seconds) * 1000,
        jitter_percent: i32::try_from(config.sync.jitter_percent).unwrap_or(0),
        deep_every_ms: i64::from(config.sync.deep_interval_days) * DAY_MS,
        keep_superseded_ms: i64::from(config.sync.keep_superseded_days) * DAY_MS,
        keep_jobs_ms: i64::from(config.sync.keep_jobs_days) * DAY_MS,
        first_backfill_days: i64::from(config.sync.first_backfill_days),
        close_after_days: i64::from(config.sync.close_after_days),
        lease_ms: i64::from(config.sync.lease_seconds) * 1000,
        google_per_minute: narrow(config.sync.google_per_minute),
        google_app_per_minute: narrow(config.sync.google_app_per_minute),
        fitbit_per_hour: narrow(config.sync.fitbit_per_hour),
        reserve_percent: narrow(config.sync.reserve_percent),
        cadence: config.sync.heart_rate,
        ..SyncPolicy::default()
    }
}

/// What makes exports, as configured.
#[must_use]
pub fn exporter(config: &Config, store: &Store) -> Exporter {
    let policy = ExportPolicy {
        target: config.export.target.clone(),
        pseudonyms: config.export.pseudonyms.clone(),
        parallel: config.export.parallel as usize,
        nightly_at: config.export.nightly_at,
        lease_ms: i64::from(config.sync.lease_seconds) * 1000,
    };
    Exporter::new(store.clone(), config.clock(), policy)
}

/// Listens on an address.
///
/// # Errors
/// A sentence that says what to do when the port is taken or may not be used.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        AddrInUse => sentence(format!(
            "port {} is taken; stop the program that has it, or choose another by PULSEKEEP_HTTP__LISTEN=127.0.0.1:0 \
             (0 takes any free one)",
            address.port()
        )),
        AddrNotAvailable => sentence(format!(
            "{} is no address of this machine; set PULSEKEEP_HTTP__LISTEN to 127.0.0.1 or 0.0.0.0 and a port",
            address.ip()
        )),
        PermissionDenied => sentence(format!(
            "port {} needs more rights; choose one above 1023 by PULSEKEEP_HTTP__LISTEN",
            address.port()
        )),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

/// Done when the process is told to stop, by Ctrl-C or SIGTERM.
///
/// # Errors
/// When signals cannot be listened to.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot listen to signals")?;
    Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    })
}
