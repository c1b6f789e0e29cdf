//! Running a window: claim, budget, token, fetch, ingest. Every way out leaves a state and a reason in its row.

use pulsekeep_core::{
    EpochMs,
    account::ConsentReason,
    catalogue::{Endpoint, endpoint},
    job::{FailureCode, JobKind},
    timeline::OffsetTimeline,
};
use pulsekeep_provider::{FetchFailure, FetchRequest, Provider, merge_pages};
use pulsekeep_store::{BudgetScope, ClaimedWindow, DueWindow, LinkedAccount, WindowKey, WriteTx};
use secrecy::SecretString;

use crate::{SyncEngine, SyncError, access::Access, budget, connect::lost_code, ingest::Reading};

/// What came of running a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowResult {
    /// Read and stored.
    Done,
    /// Put off: due again at this time.
    Deferred(EpochMs),
    /// Given up.
    Failed(FailureCode),
    /// Somebody else has it, or its job no longer moves.
    NotClaimed,
}

/// A refresh by another process takes about a second.
const REFRESH_WAIT_MS: i64 = 1_500;
/// Devices are asked for at most so often.
const DEVICES_EVERY_MS: i64 = 10 * 60_000;
/// More pages than any window can have: a provider that never ends its pages is an error, not a loop.
const MAX_PAGES: i32 = 500;

/// Why a window is not read now.
enum Stop {
    /// Nothing was wrong with the request: come back at this time.
    Wait { until: EpochMs, code: FailureCode, whole_link: bool },
    /// A passing fault.
    Retry(FailureCode),
    /// It will not get better by itself.
    GiveUp(FailureCode),
    /// The account needs the person.
    LostConsent(ConsentReason),
}

struct Run<'a> {
    engine: &'a SyncEngine,
    owner: &'a str,
    link: LinkedAccount,
    claimed: ClaimedWindow,
    endpoint: &'static Endpoint,
    requests: i32,
}

impl SyncEngine {
    /// Windows whose time has come.
    ///
    /// # Errors
    /// The store's own.
    pub async fn due(&self, limit: u64) -> Result<Vec<DueWindow>, SyncError> {
        Ok(self.store.due_windows(self.now(), limit).await?)
    }

    /// Runs one window for `owner`, the name of a worker.
    ///
    /// # Errors
    /// The store's and the vault's own; the lease then ends by itself and another worker takes the window. What a
    /// provider does wrong is a result.
    pub async fn run_window(&self, key: WindowKey, owner: &str) -> Result<WindowResult, SyncError> {
        let now = self.now();
        let until = now.plus(self.policy.lease_ms);
        let Some(claimed) = self.store.claim_window(key, owner, until, now).await? else {
            return Ok(WindowResult::NotClaimed);
        };
        let link = self.store.link(claimed.link).await?;
        let (Some(link), Some(endpoint)) = (link, endpoint(&claimed.window.endpoint)) else {
            return self.give_up_orphan(key).await;
        };
        let mut run = Run { engine: self, owner, link, claimed, endpoint, requests: 0 };
        match run.read().await? {
            Ok(reading) => run.store(reading).await,
            Err(stop) => run.stop(stop).await,
        }
    }

    /// Runs windows that are due, one after another, until none is; returns how many were run. The command line uses
    /// it under the same leases as the workers.
    ///
    /// # Errors
    /// As [`SyncEngine::run_window`].
    pub async fn work_due(&self, owner: &str, limit: u64) -> Result<usize, SyncError> {
        let due = self.due(limit).await?;
        for window in &due {
            self.run_window(window.key, owner).await?;
        }
        Ok(due.len())
    }

    /// A window whose account or endpoint is gone.
    async fn give_up_orphan(&self, key: WindowKey) -> Result<WindowResult, SyncError> {
        let mut tx = self.store.write().await?;
        tx.finish_window(key, Err(FailureCode::Disconnected), 0, self.now()).await?;
        tx.commit().await?;
        Ok(WindowResult::Failed(FailureCode::Disconnected))
    }
}

impl Run<'_> {
    /// Everything that is fetched for the window, parsed; nothing is written yet but the budget.
    async fn read(&mut self) -> Result<Result<Reading, Stop>, SyncError> {
        if !self.link.state.may_fetch() {
            return Ok(Err(Stop::GiveUp(FailureCode::NeedsConsent)));
        }
        let Some(provider) = self.engine.provider(self.link.provider).cloned() else {
            return Ok(Err(Stop::GiveUp(FailureCode::Disconnected)));
        };
        let (mut token, generation) = match self.token(None).await? {
            Ok(token) => token,
            Err(stop) => return Ok(Err(stop)),
        };
        let timeline = self.engine.store.timeline(self.link.user_id).await?;
        self.refresh_devices(&*provider, &token, &timeline).await?;
        let bounds = {
            let days = self.claimed.window.days;
            (timeline.day_bounds(days.start).0, timeline.day_bounds(days.last()).1)
        };
        let mut request =
            FetchRequest { endpoint: self.endpoint, days: self.claimed.window.days, bounds, page: None };
        let mut reading =
            Reading { request_key: request.key(), bounds, bodies: Vec::new(), pages: Vec::new() };
        let mut renewed = false;
        for _ in 0..MAX_PAGES {
            if let Err(stop) = self.take_budget().await? {
                return Ok(Err(stop));
            }
            self.requests += 1;
            let fetched = match provider.fetch(&token, &request).await {
                Ok(fetched) => fetched,
                Err(failure) if failure.token_rejected && !renewed => {
                    renewed = true;
                    match self.token(Some(generation)).await? {
                        Ok((fresh, _)) => token = fresh,
                        Err(stop) => return Ok(Err(stop)),
                    }
                    continue;
                }
                Err(failure) => return Ok(Err(self.failure(&failure).await?)),
            };
            if let Some(rate) = fetched.rate {
                self.feed_budget(rate).await?;
            }
            let parsed = match provider.parse(self.endpoint, &fetched.body) {
                Ok(parsed) => parsed,
                Err(error) => {
                    tracing::warn!(endpoint = self.endpoint.key, %error, "an answer could not be read");
                    let code = error.failure_code();
                    return Ok(Err(if code.is_passing() { Stop::Retry(code) } else { Stop::GiveUp(code) }));
                }
            };
            let next = parsed.next_page.clone();
            let passed = fetched.unfiltered && reading.has_passed(&parsed, self.claimed.window.days.start);
            reading.bodies.push(fetched.body);
            reading.pages.push(parsed);
            match next.filter(|_| !passed) {
                Some(page) => request.page = Some(page),
                None => return Ok(Ok(reading)),
            }
        }
        tracing::warn!(endpoint = self.endpoint.key, "the provider did not end its pages");
        Ok(Err(Stop::Retry(FailureCode::BadAnswer)))
    }

    async fn token(&self, rejected: Option<i64>) -> Result<Result<(SecretString, i64), Stop>, SyncError> {
        Ok(match self.engine.access(&self.link, rejected, self.owner).await? {
            Access::Ready { token, generation } => Ok((token, generation)),
            Access::Busy => Err(Stop::Wait {
                until: self.engine.now().plus(REFRESH_WAIT_MS),
                code: FailureCode::ProviderUnreachable,
                whole_link: false,
            }),
            Access::Unreachable(why) => {
                tracing::warn!(link = %self.link.id, why, "no access token could be had");
                Err(Stop::Retry(FailureCode::ProviderUnreachable))
            }
            Access::NeedsConsent(reason) => Err(Stop::LostConsent(reason)),
        })
    }

    /// Takes one request from the account's and the app's budget.
    async fn take_budget(&self) -> Result<Result<(), Stop>, SyncError> {
        let engine = self.engine;
        let now = engine.now();
        let provider = self.link.provider;
        let allowance = engine.policy.account_allowance(provider);
        let reserve = match self.claimed.kind {
            JobKind::Backfill => allowance.limit * engine.policy.reserve_percent / 100,
            JobKind::Incremental | JobKind::Deep | JobKind::Reparse => 0,
        };
        let scope = BudgetScope::Link(self.link.id);
        let tx = engine.store.write().await?;
        let taken = budget::take(tx.budget(scope).await?, allowance, reserve, now);
        let app = engine.policy.app_allowance(provider);
        let app_scope = BudgetScope::App(provider);
        let app_taken = match app {
            Some(allowance) => Some(budget::take(tx.budget(app_scope).await?, allowance, 0, now)),
            None => None,
        };
        let wait =
            |until, whole_link| Ok(Err(Stop::Wait { until, code: FailureCode::RateLimited, whole_link }));
        match (taken, app_taken) {
            (Err(until), _) => wait(until, true),
            (_, Some(Err(until))) => wait(until, false),
            (Ok(state), app) => {
                tx.put_budget(scope, state).await?;
                if let Some(Ok(state)) = app {
                    tx.put_budget(app_scope, state).await?;
                }
                tx.commit().await?;
                Ok(Ok(()))
            }
        }
    }

    async fn feed_budget(&self, rate: pulsekeep_provider::RateReading) -> Result<(), SyncError> {
        let allowance = self.engine.policy.account_allowance(self.link.provider);
        let scope = BudgetScope::Link(self.link.id);
        let tx = self.engine.store.write().await?;
        let state = budget::feed(tx.budget(scope).await?, allowance, rate, self.engine.now());
        tx.put_budget(scope, state).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a failed fetch means for the window.
    async fn failure(&self, failure: &FetchFailure) -> Result<Stop, SyncError> {
        tracing::info!(endpoint = self.endpoint.key, link = %self.link.id, %failure, "a fetch failed");
        if failure.token_rejected {
            return Ok(Stop::LostConsent(ConsentReason::InvalidGrant));
        }
        Ok(match failure.code {
            FailureCode::RateLimited => {
                let until = self.close_budget(failure).await?;
                Stop::Wait { until, code: FailureCode::RateLimited, whole_link: true }
            }
            FailureCode::AccountNotLinked => Stop::LostConsent(ConsentReason::AccountNotLinked),
            code if code.is_passing() => Stop::Retry(code),
            code => Stop::GiveUp(code),
        })
    }

    async fn close_budget(&self, failure: &FetchFailure) -> Result<EpochMs, SyncError> {
        let allowance = self.engine.policy.account_allowance(self.link.provider);
        let scope = BudgetScope::Link(self.link.id);
        let now = self.engine.now();
        let told = failure.retry_after_s.or(failure.rate.map(|r| r.reset_s));
        let tx = self.engine.store.write().await?;
        let state = budget::close(tx.budget(scope).await?, allowance, told, now);
        tx.put_budget(scope, state).await?;
        tx.commit().await?;
        Ok(state.blocked_until.unwrap_or_else(|| allowance.next_period(now)))
    }

    /// Reads the account's devices now and then: their last sync decides which days are closed. A failure here is no
    /// failure of the window, and the request, which is nobody's window, is not counted as the job's.
    async fn refresh_devices(
        &self,
        provider: &dyn Provider,
        token: &SecretString,
        timeline: &OffsetTimeline,
    ) -> Result<(), SyncError> {
        let asked = self.engine.devices_asked.lock().await.entry(self.link.id).or_default().clone();
        let mut asked = asked.lock().await;
        let now = self.engine.now();
        let is_due = asked.is_none_or(|last| now.0 - last.0 >= DEVICES_EVERY_MS);
        if !is_due || self.take_budget().await?.is_err() {
            return Ok(());
        }
        match provider.devices(token).await {
            Ok(devices) => {
                let devices: Vec<_> =
                    devices.into_iter().map(|d| crate::resolve::device(d, timeline)).collect();
                let tx = self.engine.store.write().await?;
                tx.replace_devices(self.link.user_id, self.link.id, &devices, self.engine.now()).await?;
                tx.commit().await?;
            }
            Err(failure) => tracing::info!(link = %self.link.id, %failure, "devices could not be read"),
        }
        *asked = Some(now);
        Ok(())
    }

    /// Stores what was read, if the lease still holds.
    async fn store(&self, mut reading: Reading) -> Result<WindowResult, SyncError> {
        let engine = self.engine;
        let key = self.claimed.window.key;
        let mut tx = engine.store.write().await?;
        if !tx.holds_lease(key, self.owner).await? {
            return Ok(WindowResult::NotClaimed);
        }
        let parsed = merge_pages(std::mem::take(&mut reading.pages));
        for warning in &parsed.warnings {
            tracing::info!(
                endpoint = self.endpoint.key,
                code = warning.code,
                place = warning.place,
                "parsed with care"
            );
        }
        engine.ingest(&tx, &self.link, self.endpoint, &self.claimed, &reading, parsed).await?;
        tx.finish_window(key, Ok(()), self.requests, engine.now()).await?;
        tx.commit().await?;
        Ok(WindowResult::Done)
    }

    async fn stop(&self, stop: Stop) -> Result<WindowResult, SyncError> {
        let engine = self.engine;
        let key = self.claimed.window.key;
        let now = engine.now();
        let mut tx = engine.store.write().await?;
        if !tx.holds_lease(key, self.owner).await? {
            // Consent may be lost whoever notices it.
            if let Stop::LostConsent(reason) = stop {
                engine.lose_consent(&mut tx, &self.link, reason).await?;
                tx.commit().await?;
            }
            return Ok(WindowResult::NotClaimed);
        }
        let result = match stop {
            Stop::Wait { until, code, whole_link } => {
                tx.defer_window(key, until, code, (self.requests, false), now).await?;
                if whole_link {
                    self.defer_others(&mut tx, until, code).await?;
                }
                WindowResult::Deferred(until)
            }
            Stop::Retry(code) if self.claimed.window.attempt < engine.policy.max_attempts => {
                let spread = key.job.0.unsigned_abs() ^ u64::from(key.seq.unsigned_abs());
                let until = now.plus(engine.policy.retry_after_ms(self.claimed.window.attempt, spread));
                tx.defer_window(key, until, code, (self.requests, true), now).await?;
                WindowResult::Deferred(until)
            }
            Stop::Retry(code) | Stop::GiveUp(code) => {
                engine.mark_failed(&tx, &self.link, self.endpoint, &self.claimed, code).await?;
                tx.finish_window(key, Err(code), self.requests, now).await?;
                WindowResult::Failed(code)
            }
            Stop::LostConsent(reason) => {
                let code = lost_code(reason);
                engine.mark_failed(&tx, &self.link, self.endpoint, &self.claimed, code).await?;
                tx.finish_window(key, Err(code), self.requests, now).await?;
                engine.lose_consent(&mut tx, &self.link, reason).await?;
                WindowResult::Failed(code)
            }
        };
        tx.commit().await?;
        Ok(result)
    }

    /// The account's other windows need not find out one by one. A backfill that has reached its reserve does not
    /// hold live sync up.
    async fn defer_others(
        &self,
        tx: &mut WriteTx,
        until: EpochMs,
        code: FailureCode,
    ) -> Result<(), SyncError> {
        let only = (self.claimed.kind == JobKind::Backfill).then_some(self.claimed.window.key.job);
        tx.defer_link(self.link.id, only, until, code, self.engine.now()).await?;
        Ok(())
    }
}
