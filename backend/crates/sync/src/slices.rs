//! The slices of rate budgets that this process has leased, and how it gets and returns them.
//!
//! A 429 closes a budget in the database for everybody; another process notices when it leases next, so that it may
//! make as many more requests as it has in hand: a slice of the account's budget.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use pulsekeep_core::{EpochMs, account::ProviderKey, id::LinkId, job::JobKind};
use pulsekeep_provider::{FetchFailure, RateReading};
use pulsekeep_store::{BudgetScope, BudgetState, LinkedAccount};
use tokio::sync::Mutex;

use crate::{
    SyncEngine, SyncError, SyncPolicy,
    budget::{self, Allowance, Has, Pool, Terms, Told},
};

/// Budgets that are given back in one transaction.
const BATCH: usize = 100;

/// One budget in this process.
#[derive(Debug)]
struct Held {
    allowance: Allowance,
    pool: Mutex<Pool>,
    /// Windows at work that may use it.
    at_work: AtomicU32,
    /// When the last of them ended.
    idle_since: AtomicI64,
}

/// All budgets in this process.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    held: StdMutex<HashMap<BudgetScope, Arc<Held>>>,
}

impl Slices {
    fn of(&self, scope: BudgetScope, allowance: Allowance) -> Arc<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let (pool, at_work, idle_since) = (Mutex::default(), AtomicU32::new(0), AtomicI64::new(0));
            Arc::new(Held { allowance, pool, at_work, idle_since })
        };
        held.entry(scope).or_insert_with(fresh).clone()
    }

    /// Budgets that nobody has used since `before`, in an order that all processes keep.
    fn idle(&self, before: EpochMs) -> Vec<(BudgetScope, Arc<Held>)> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |held: &Held| {
            held.at_work.load(Ordering::Acquire) == 0 && held.idle_since.load(Ordering::Acquire) <= before.0
        };
        let mut idle: Vec<_> = held
            .iter()
            .filter(|(_, held)| is_idle(held))
            .map(|(scope, held)| (*scope, held.clone()))
            .collect();
        idle.sort_by_key(|(scope, _)| *scope);
        idle.truncate(BATCH);
        idle
    }

    /// Forgets budgets that nobody else holds on to.
    fn forget(&self, idle: Vec<(BudgetScope, Arc<Held>)>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (scope, own) in idle {
            drop(own);
            if held.get(&scope).is_some_and(|known| Arc::strong_count(known) == 1) {
                held.remove(&scope);
            }
        }
    }
}

/// Says that a window of an account is at work, so that the account's slices stay here.
#[derive(Debug)]
pub(crate) struct AtWork {
    held: Vec<Arc<Held>>,
    engine: SyncEngine,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let now = self.engine.now();
        for held in &self.held {
            held.idle_since.store(now.0, Ordering::Release);
            held.at_work.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// No request may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotNow {
    /// It may be tried again from here on.
    pub(crate) until: EpochMs,
    /// Whether this is so for every window of the account, and not for backfills alone.
    pub(crate) for_all: bool,
}

/// An account's budget, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetView {
    /// Requests of a period.
    pub limit: i32,
    /// Those that were used or leased to a worker.
    pub used: i32,
    /// Requests that backfills leave to live sync.
    pub reserve: i32,
    /// When the period ends.
    pub resets_at: EpochMs,
    /// The provider asked to wait until then.
    pub blocked_until: Option<EpochMs>,
}

impl SyncEngine {
    /// Keeps the slices of an account here while something is done for it.
    pub(crate) fn at_work(&self, link: &LinkedAccount) -> AtWork {
        let provider = link.provider;
        let account = (BudgetScope::Link(link.id), self.policy.account_allowance(provider));
        let app =
            self.policy.app_allowance(provider).map(|allowance| (BudgetScope::App(provider), allowance));
        let scopes = std::iter::once(account).chain(app);
        let held: Vec<_> = scopes.map(|(scope, allowance)| self.slices.of(scope, allowance)).collect();
        for held in &held {
            held.at_work.fetch_add(1, Ordering::AcqRel);
        }
        AtWork { held, engine: self.clone() }
    }

    fn account_terms(&self, provider: ProviderKey, kind: JobKind) -> (Allowance, Terms) {
        let allowance = self.policy.account_allowance(provider);
        (allowance, self.terms(allowance, kind, self.policy.account_slice(provider)))
    }

    fn terms(&self, allowance: Allowance, kind: JobKind, size: i32) -> Terms {
        Terms { size, reserve: self.policy.reserve(allowance.limit), is_live: kind == JobKind::Incremental }
    }

    /// Takes one request from the account's and the app's budget.
    pub(crate) async fn take_request(
        &self,
        link: &LinkedAccount,
        kind: JobKind,
    ) -> Result<Result<(), NotNow>, SyncError> {
        let (allowance, terms) = self.account_terms(link.provider, kind);
        let scope = BudgetScope::Link(link.id);
        let account = self.slices.of(scope, allowance);
        let mut account = account.pool.lock().await;
        if let Err(not_now) = self.fill(&mut account, scope, allowance, terms).await? {
            return Ok(Err(not_now));
        }
        if let Some(allowance) = self.policy.app_allowance(link.provider) {
            let terms = self.terms(allowance, kind, SyncPolicy::app_slice(allowance));
            let scope = BudgetScope::App(link.provider);
            let app = self.slices.of(scope, allowance);
            let mut app = app.pool.lock().await;
            if let Err(not_now) = self.fill(&mut app, scope, allowance, terms).await? {
                return Ok(Err(not_now));
            }
            app.take(terms.is_live, self.now());
        }
        account.take(terms.is_live, self.now());
        Ok(Ok(()))
    }

    /// Makes sure that a pool has a request.
    async fn fill(
        &self,
        pool: &mut Pool,
        scope: BudgetScope,
        allowance: Allowance,
        terms: Terms,
    ) -> Result<Result<(), NotNow>, SyncError> {
        let now = self.now();
        match pool.has(terms.is_live, now) {
            Has::Yes => return Ok(Ok(())),
            Has::Blocked(until) => return Ok(Err(NotNow { until, for_all: true })),
            Has::No => {}
        }
        let tx = self.store.write().await?;
        let known = tx.budget(scope).await?;
        // What the pool has leased is its own only when it is durable.
        let mut next = *pool;
        let (state, leased) = next.lease(known, allowance, terms, now);
        if state != known {
            tx.put_budget(scope, state).await?;
            tx.commit().await?;
        }
        *pool = next;
        let for_all = terms.is_live || pool.has(true, now) != Has::No;
        Ok(leased.map_err(|until| NotNow { until, for_all }))
    }

    /// Takes over what an answer's headers say. It is written when the row knows less.
    pub(crate) async fn hear(&self, link: &LinkedAccount, rate: RateReading) -> Result<(), SyncError> {
        let allowance = self.policy.account_allowance(link.provider);
        let scope = BudgetScope::Link(link.id);
        let now = self.now();
        let account = self.slices.of(scope, allowance);
        let mut pool = account.pool.lock().await;
        if !pool.hear(Told::of(rate, allowance, now), now) {
            return Ok(());
        }
        let tx = self.store.write().await?;
        let known = tx.budget(scope).await?;
        let mut next = *pool;
        let state = next.settle(known, allowance, now);
        if state != known {
            tx.put_budget(scope, state).await?;
            tx.commit().await?;
        }
        *pool = next;
        Ok(())
    }

    /// Closes the budget that a 429 speaks of, for everybody, and drops what this process had of it. Returns until when.
    pub(crate) async fn close_budget(
        &self,
        link: &LinkedAccount,
        failure: &FetchFailure,
    ) -> Result<EpochMs, SyncError> {
        let app = self.policy.app_allowance(link.provider).filter(|_| failure.whole_app);
        let (scope, allowance) = match app {
            Some(allowance) => (BudgetScope::App(link.provider), allowance),
            None => (BudgetScope::Link(link.id), self.policy.account_allowance(link.provider)),
        };
        let now = self.now();
        let told = failure.retry_after_s.or(failure.rate.map(|r| r.reset_s));
        let held = self.slices.of(scope, allowance);
        let mut pool = held.pool.lock().await;
        let tx = self.store.write().await?;
        let known = tx.budget(scope).await?;
        let state = budget::close(known, allowance, told, now);
        if state != known {
            tx.put_budget(scope, state).await?;
            tx.commit().await?;
        }
        pool.close(state.blocked_until);
        Ok(state.blocked_until.unwrap_or_else(|| allowance.next_period(now)))
    }

    /// Gives back what is left of budgets that nobody here uses any more. Cheap when there is nothing to do.
    pub(crate) async fn give_back_idle(&self) -> Result<(), SyncError> {
        let patience = self.policy.lease_ms / 24;
        self.give_back(self.now().plus(-patience)).await
    }

    /// Gives back everything that is left, at the end of a process. Windows at work keep what they have.
    ///
    /// # Errors
    /// The store's own; what is left is wasted then until the period ends.
    pub async fn give_back_budgets(&self) -> Result<(), SyncError> {
        self.give_back(EpochMs(i64::MAX)).await
    }

    async fn give_back(&self, before: EpochMs) -> Result<(), SyncError> {
        let now = self.now();
        loop {
            let idle = self.slices.idle(before);
            let is_last = idle.len() < BATCH;
            let mut pools = Vec::new();
            for (scope, held) in &idle {
                if let Ok(pool) = held.pool.try_lock() {
                    pools.push((*scope, held.allowance, pool));
                }
            }
            if pools.iter().any(|(_, _, pool)| pool.holds(now)) {
                let tx = self.store.write().await?;
                for (scope, allowance, pool) in pools.iter_mut().filter(|(_, _, pool)| pool.holds(now)) {
                    let known = tx.budget(*scope).await?;
                    let state = pool.give_back(known, *allowance, now);
                    tx.put_budget(*scope, state).await?;
                }
                tx.commit().await?;
            }
            drop(pools);
            self.slices.forget(idle);
            if is_last {
                return Ok(());
            }
        }
    }

    /// An account's budget now, for people.
    ///
    /// # Errors
    /// The store's own.
    pub async fn budget(&self, link: LinkId, provider: ProviderKey) -> Result<BudgetView, SyncError> {
        Ok(self.budget_view(provider, self.store.budget(BudgetScope::Link(link)).await?))
    }

    /// The budget of an account of `provider` as it stands now, for people.
    #[must_use]
    pub fn budget_view(&self, provider: ProviderKey, state: BudgetState) -> BudgetView {
        let allowance = self.policy.account_allowance(provider);
        let now = self.now();
        let (used, limit) = budget::standing(state, allowance, now);
        BudgetView {
            limit,
            used: used.min(limit),
            reserve: self.policy.reserve(limit),
            resets_at: allowance.next_period(now),
            blocked_until: state.blocked_until.filter(|until| *until > now),
        }
    }
}
