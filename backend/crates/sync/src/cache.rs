//! What a process remembers of linked accounts between two windows, so that each of them need not read it again. It
//! is trusted for a short while, and only where a stale answer costs a request at the most.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use pulsekeep_core::{
    EpochMs,
    id::{JobId, LinkId},
};
use pulsekeep_store::{LinkTokens, LinkedAccount};
use tokio::sync::Mutex;

use crate::{SyncEngine, SyncError};

/// Accounts that are remembered at once.
const MOST: usize = 2_000;

/// What is remembered of an account.
#[derive(Debug, Default)]
struct Known {
    link: Option<(Arc<LinkedAccount>, EpochMs)>,
    tokens: Option<(LinkTokens, EpochMs)>,
    /// When its devices were last asked for. Whoever asks holds the lock, so that others of this process wait for the
    /// answer: it decides which days are closed.
    devices: Arc<Mutex<Option<EpochMs>>>,
    /// Whether a refresh is under way in this process.
    is_refreshing: bool,
    put_off: Option<PutOff>,
}

/// The due windows of an account, or of one of its jobs, were put off.
#[derive(Debug, Clone, Copy)]
struct PutOff {
    until: EpochMs,
    only: Option<JobId>,
    /// Windows claimed before this were not due then.
    ticket: u64,
}

/// All that is remembered.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    known: StdMutex<HashMap<LinkId, Known>>,
    tickets: AtomicU64,
}

/// The right to refresh, among the windows of this process.
#[derive(Debug)]
pub(crate) struct Refreshing {
    cache: Arc<Cache>,
    link: LinkId,
}

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.cache.lock().entry(self.link).or_default().is_refreshing = false;
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, HashMap<LinkId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, link: LinkId, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.lock();
        if known.len() > MOST {
            known.retain(|_, known| known.is_refreshing);
        }
        change(known.entry(link).or_default())
    }

    /// Forgets what may have changed with a consent.
    pub(crate) fn forget(&self, link: LinkId) {
        self.with(link, |known| (known.link, known.tokens) = (None, None));
    }

    pub(crate) fn tokens(&self, link: LinkId, since: EpochMs) -> Option<LinkTokens> {
        self.with(link, |known| known.tokens.clone())
            .filter(|(_, read)| *read > since)
            .map(|(tokens, _)| tokens)
    }

    pub(crate) fn put_tokens(&self, link: LinkId, tokens: LinkTokens, now: EpochMs) {
        self.with(link, |known| known.tokens = Some((tokens, now)));
    }

    pub(crate) fn devices(&self, link: LinkId) -> Arc<Mutex<Option<EpochMs>>> {
        self.with(link, |known| known.devices.clone())
    }

    /// The right to refresh, if nobody in this process has it.
    pub(crate) fn refreshing(self: &Arc<Self>, link: LinkId) -> Option<Refreshing> {
        let was = self.with(link, |known| std::mem::replace(&mut known.is_refreshing, true));
        (!was).then(|| Refreshing { cache: self.clone(), link })
    }

    /// A number that rises with every claim.
    pub(crate) fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the windows of an account have still to be put off, by a window that was claimed with `ticket`: of many
    /// that come to know of a closed budget together, one does it.
    pub(crate) fn must_put_off(
        &self,
        link: LinkId,
        only: Option<JobId>,
        until: EpochMs,
        ticket: u64,
    ) -> bool {
        let now = self.tickets.load(Ordering::Relaxed);
        self.with(link, |known| {
            let is_done = known.put_off.is_some_and(|done| {
                done.until >= until && ticket < done.ticket && (done.only.is_none() || done.only == only)
            });
            if !is_done {
                known.put_off = Some(PutOff { until, only, ticket: now });
            }
            !is_done
        })
    }
}

impl SyncEngine {
    /// Since when something that is remembered is trusted.
    pub(crate) fn trusted_since(&self) -> EpochMs {
        self.now().plus(-self.policy.lease_ms / 4)
    }

    /// A linked account that may be fetched for as lately known, or as it is.
    pub(crate) async fn known_link(&self, id: LinkId) -> Result<Option<Arc<LinkedAccount>>, SyncError> {
        let since = self.trusted_since();
        let known = self.cache.with(id, |known| known.link.clone());
        if let Some((link, _)) = known.filter(|(link, read)| *read > since && link.state.may_fetch()) {
            return Ok(Some(link));
        }
        let now = self.now();
        let link = self.store.link(id).await?.map(Arc::new);
        self.cache.with(id, |known| known.link = link.clone().map(|link| (link, now)));
        Ok(link)
    }
}
