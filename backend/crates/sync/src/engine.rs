//! The engine: store, providers, vault, clock and policy together.

use std::{collections::HashMap, fmt, sync::Arc};

use pulsekeep_core::{Clock, EpochMs, account::ProviderKey};
use pulsekeep_provider::Provider;
use pulsekeep_store::{Store, StoreError};
use tokio::sync::Semaphore;

use crate::{
    OutcomeCount, SyncPolicy, TokenKind, Vault, VaultError, cache::Cache, outcomes::Outcomes, slices::Slices,
};

/// The providers that are enabled.
#[derive(Clone, Default)]
pub struct Providers {
    map: HashMap<ProviderKey, Arc<dyn Provider>>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.map.keys()).finish()
    }
}

impl Providers {
    /// No provider.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider.
    #[must_use]
    pub fn with(mut self, provider: impl Provider) -> Self {
        self.map.insert(provider.key(), Arc::new(provider));
        self
    }
}

/// A failure of the engine itself; what a provider does wrong is an outcome.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The provider is not configured.
    #[error("{0} is not enabled; set PROVIDERS__… and ENABLED in the configuration")]
    NotEnabled(&'static str),
    /// A person's time zone is not known.
    #[error("user not found")]
    UserNotFound,
}

/// Pages of a megabyte or more that this process holds as received at once. They are parsed and packed in milliseconds,
/// so that more of them would only wait for a core, in memory.
const LARGE_PAGES_AT_ONCE: usize = 2;

/// Keeps linked accounts current. Clones share everything.
#[derive(Clone)]
pub struct SyncEngine {
    pub(crate) store: Store,
    pub(crate) providers: Providers,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: SyncPolicy,
    pub(crate) slices: Arc<Slices>,
    pub(crate) cache: Arc<Cache>,
    /// Who may hold a large page of an answer as it was received.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) outcomes: Arc<Outcomes>,
}

impl fmt::Debug for SyncEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncEngine").field("providers", &self.providers).finish_non_exhaustive()
    }
}

impl SyncEngine {
    /// An engine over an open store.
    #[must_use]
    pub fn new(
        store: Store,
        providers: Providers,
        vault: Vault,
        clock: Arc<dyn Clock>,
        policy: SyncPolicy,
    ) -> Self {
        let (slices, cache, outcomes) = (Arc::default(), Arc::default(), Arc::default());
        let room = Arc::new(Semaphore::new(LARGE_PAGES_AT_ONCE));
        Self { store, providers, vault, clock, policy, slices, cache, room, outcomes }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The settings.
    #[must_use]
    pub fn policy(&self) -> &SyncPolicy {
        &self.policy
    }

    /// An enabled provider.
    #[must_use]
    pub fn provider(&self, key: ProviderKey) -> Option<&Arc<dyn Provider>> {
        self.providers.map.get(&key)
    }

    /// What came of the requests of this process and of the engines cloned from it, by provider, purpose and outcome.
    #[must_use]
    pub fn outcomes(&self) -> Vec<OutcomeCount> {
        self.outcomes.all()
    }

    pub(crate) fn enabled(&self, key: ProviderKey) -> Result<&Arc<dyn Provider>, SyncError> {
        self.provider(key).ok_or(SyncError::NotEnabled(key.name()))
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> EpochMs {
        self.clock.now()
    }

    /// Tries the vault key on a stored token, if there is one.
    ///
    /// # Errors
    /// [`VaultError`] when the key is not the one that the tokens were sealed with; the store's own.
    pub async fn check_vault(&self) -> Result<(), SyncError> {
        if let Some((link, sealed)) = self.store.any_sealed_token().await? {
            self.vault.open(link, TokenKind::Access, &sealed)?;
        }
        Ok(())
    }
}
