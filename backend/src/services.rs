//! What every part of the server works with.

use std::{sync::Arc, time::Duration};

use pulsekeep_core::{Clock, account::ProviderKey};
use pulsekeep_export::{ExportPolicy, Exporter};
use pulsekeep_store::Store;
use pulsekeep_sync::SyncEngine;
use url::Url;

use crate::auth::{Passwords, SignInThrottle};

/// Store, sync engine, clock, and what sign-in needs.
#[derive(Clone)]
pub struct Services {
    /// The database.
    pub store: Store,
    /// Providers, vault, planner.
    pub engine: SyncEngine,
    /// Export jobs.
    pub exporter: Exporter,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where browsers reach the server.
    pub public_url: Url,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Slows down guessing of passwords.
    pub throttle: SignInThrottle,
    /// How long a loader waits for the other nodes of a list, before it reads for all of them at once.
    pub gather: Duration,
}

impl Services {
    /// Services over an open store and an engine, with no place for exports yet.
    #[must_use]
    pub fn new(store: Store, engine: SyncEngine, clock: Arc<dyn Clock>, public_url: Url) -> Self {
        let throttle = SignInThrottle::new(clock.clone());
        let gather = Duration::from_millis(1);
        let nowhere =
            ExportPolicy { target: None, pseudonyms: None, parallel: 1, nightly_at: None, lease_ms: 60_000 };
        let exporter = Exporter::new(store.clone(), clock.clone(), nowhere);
        Self { store, engine, exporter, clock, public_url, passwords: Passwords::default(), throttle, gather }
    }

    /// Whether people may connect this provider.
    #[must_use]
    pub fn is_enabled(&self, provider: ProviderKey) -> bool {
        self.engine.provider(provider).is_some()
    }

    /// Whether people who connect this provider are asked for the places of their exercises too.
    #[must_use]
    pub fn asks_for_places(&self, provider: ProviderKey) -> bool {
        let Some(provider) = self.engine.provider(provider) else { return false };
        provider.route_scopes().iter().all(|scope| provider.scopes().contains(scope))
    }

    /// An address of ours. `path` begins with a slash.
    #[must_use]
    pub fn address(&self, path: &str) -> Url {
        let mut url = self.public_url.clone();
        url.set_path(path);
        url
    }
}
