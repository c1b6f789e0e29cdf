//! Running a window: claim, budget, token, fetch, ingest. Every way out leaves a state and a reason in its row.

use std::sync::Arc;

use pulsekeep_core::{
    EpochMs,
    account::ConsentReason,
    catalogue::{Endpoint, endpoint},
    id::LinkId,
    job::{FailureCode, JobKind},
};
use pulsekeep_store::{ClaimedWindow, DueWindow, LinkedAccount, Spent, WindowKey, WriteTx};

use crate::{
    SyncEngine, SyncError,
    broken::{Panicked, caught},
    connect::lost_code,
    ingest::Reading,
    pages,
};

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

/// How far a wait reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This window.
    Window,
    /// Its job: a backfill has reached the reserve, which does not hold live sync up.
    Job,
    /// All of its account.
    Account,
}

/// Why a window is not read now.
pub(crate) enum Stop {
    /// Nothing was wrong with the request: come back at this time.
    Wait {
        /// When.
        until: EpochMs,
        /// What is waited for.
        code: FailureCode,
        /// Who else need not try.
        reach: Reach,
    },
    /// A passing fault.
    Retry(FailureCode),
    /// It will not get better by itself.
    GiveUp(FailureCode),
    /// The account needs the person.
    LostConsent(ConsentReason),
    /// Work on it panicked: a fault of ours. With what was fetched until then, if anything.
    Broken(Option<Box<Reading>>),
    /// Another worker has it by now.
    Lost,
}

/// A number that differs by window, so that windows which failed together do not return together.
pub(crate) fn spread(key: WindowKey) -> u64 {
    key.job.0.unsigned_abs() ^ u64::from(key.seq.unsigned_abs())
}

/// A window at work.
pub(crate) struct Run<'a> {
    pub(crate) engine: &'a SyncEngine,
    pub(crate) owner: &'a str,
    pub(crate) link: Arc<LinkedAccount>,
    pub(crate) claimed: ClaimedWindow,
    pub(crate) endpoint: &'static Endpoint,
    /// What is not noted in the window's row yet.
    pub(crate) spent: Spent,
    /// Whether the last request did not serve: given up, it is not made again, and no retry.
    pub(crate) last_failed: bool,
    /// Whether pages of the window are kept.
    pub(crate) kept: bool,
    /// The generation whose access token has worked while the refresh token before it is still kept.
    pub(crate) worked: Option<i64>,
    /// See [`crate::cache::Cache::ticket`].
    ticket: u64,
}

impl SyncEngine {
    /// Windows whose time has come. Budgets that this process has leased and does not use go back.
    ///
    /// # Errors
    /// The store's own.
    pub async fn due(&self, limit: usize) -> Result<Vec<DueWindow>, SyncError> {
        self.give_back_idle().await?;
        Ok(self.store.due_windows(self.now(), limit).await?)
    }

    /// As [`SyncEngine::due`], for one of many processes: see [`Store::due_windows_by`](pulsekeep_store::Store::due_windows_by).
    ///
    /// # Errors
    /// The store's own.
    pub async fn due_by(
        &self,
        limit: usize,
        jobs: usize,
        order: impl Fn(LinkId) -> u64,
    ) -> Result<Vec<DueWindow>, SyncError> {
        self.give_back_idle().await?;
        Ok(self.store.due_windows_by(self.now(), limit, jobs, order).await?)
    }

    /// Runs one window for `owner`, the name of a worker.
    ///
    /// # Errors
    /// The store's and the vault's own; the window is put off then, or, if even that cannot be written, its lease ends by
    /// itself. What a provider does wrong is a result.
    pub async fn run_window(&self, key: WindowKey, owner: &str) -> Result<WindowResult, SyncError> {
        let now = self.now();
        let until = now.plus(self.policy.lease_ms);
        let ticket = self.cache.ticket();
        let Some(claimed) = self.store.claim_window(key, owner, until, now).await? else {
            return Ok(WindowResult::NotClaimed);
        };
        if let Some(set_aside) = self.set_lost_aside(&claimed, owner).await? {
            return Ok(set_aside);
        }
        let mut spent = Spent::default();
        let outcome = self.work_on(claimed, owner, ticket, &mut spent).await;
        if let Err(error) = &outcome {
            self.put_down(key, owner, spent, error).await;
        }
        outcome
    }

    async fn work_on(
        &self,
        claimed: ClaimedWindow,
        owner: &str,
        ticket: u64,
        spent: &mut Spent,
    ) -> Result<WindowResult, SyncError> {
        let link = self.known_link(claimed.link).await?;
        let (Some(link), Some(endpoint)) = (link, endpoint(&claimed.window.endpoint)) else {
            return self.give_up_orphan(claimed.window.key).await;
        };
        if claimed.kind == JobKind::Reparse {
            let reparsed = caught(self.reparse_window(&claimed, &link, endpoint, owner)).await;
            return match reparsed {
                Ok(result) => result,
                Err(Panicked) => self.give_up_broken(&claimed, owner).await,
            };
        }
        let _at_work = self.at_work(&link);
        let mut run = Run {
            engine: self,
            owner,
            link,
            claimed,
            endpoint,
            spent: Spent::default(),
            last_failed: false,
            kept: false,
            worked: None,
            ticket,
        };
        let outcome = run.work().await;
        *spent = run.spent;
        outcome
    }

    /// Runs windows that are due, one after another, until none is; returns how many were run. The command line uses
    /// it under the same leases as the workers.
    ///
    /// # Errors
    /// As [`SyncEngine::run_window`].
    pub async fn work_due(&self, owner: &str, limit: usize) -> Result<usize, SyncError> {
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

    /// Puts a window off that a fault of ours has stopped: the vault's key is another one, the database was gone. It
    /// costs no attempt, and waits as long as a lease, so that nothing turns in circles meanwhile.
    async fn put_down(&self, key: WindowKey, owner: &str, spent: Spent, error: &SyncError) {
        let now = self.now();
        let until = now.plus(self.policy.lease_ms);
        let deferred = async {
            let mut tx = self.store.write().await?;
            if tx.holds_lease(key, owner).await? {
                tx.defer_window(key, until, FailureCode::Internal, (spent, false), now).await?;
            }
            tx.commit().await
        };
        match deferred.await {
            Ok(()) => tracing::error!(
                job = %key.job, seq = key.seq, %error,
                "a window was put off by a fault of this installation, not of the provider; mend what it says"
            ),
            Err(second) => tracing::error!(
                job = %key.job, seq = key.seq, %error, %second,
                "a window was stopped and could not be put off; it is taken up when its lease ends. Check the database"
            ),
        }
    }
}

impl Run<'_> {
    async fn work(&mut self) -> Result<WindowResult, SyncError> {
        let stop = match caught(self.read()).await {
            Ok(read) => match read? {
                Ok(mut reading) => match caught(self.store(&mut reading)).await {
                    Ok(stored) => return stored,
                    Err(Panicked) => self.broke(Some(reading)),
                },
                Err(stop) => stop,
            },
            Err(Panicked) => self.broke(None),
        };
        match stop {
            Stop::Lost => Ok(WindowResult::NotClaimed),
            stop => self.stop(stop).await,
        }
    }

    /// Stores what was read, if the lease still holds.
    async fn store(&self, reading: &mut Reading) -> Result<WindowResult, SyncError> {
        let engine = self.engine;
        let key = self.claimed.window.key;
        // Before the person's row is locked, for which others may wait.
        let parsed = pages::merged(std::mem::take(&mut reading.pages))?;
        for warning in &parsed.warnings {
            tracing::info!(
                endpoint = self.endpoint.key,
                code = warning.code,
                place = warning.place,
                "parsed with care"
            );
        }
        let mut tx = engine.store.write().await?;
        if !tx.holds_lease(key, self.owner).await? {
            return Ok(WindowResult::NotClaimed);
        }
        engine.ingest(&tx, &self.link, self.endpoint, &self.claimed, reading, parsed).await?;
        if let Some(generation) = self.worked {
            tx.forget_previous_refresh(self.link.user_id, self.link.id, generation).await?;
        }
        self.finish(&mut tx, Ok(())).await?;
        tx.commit().await?;
        if self.worked.is_some() {
            engine.cache.forget(self.link.id);
        }
        Ok(WindowResult::Done)
    }

    /// Ends the window, drops its pages, and lets its job's plan be fixed if it was the last of the daily series.
    async fn finish(&self, tx: &mut WriteTx, outcome: Result<(), FailureCode>) -> Result<(), SyncError> {
        let key = self.claimed.window.key;
        let mut spent = self.spent;
        if outcome.is_err() && self.last_failed {
            spent.retries -= 1;
        }
        if self.kept {
            tx.drop_pages(key).await?;
        }
        tx.finish_window(key, outcome, spent, self.engine.now()).await?;
        self.engine.fix_plan(tx, &self.link, (key.job, self.endpoint)).await
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
                engine.cache.forget(self.link.id);
            }
            return Ok(WindowResult::NotClaimed);
        }
        let max_attempts = engine.policy.max_attempts;
        let result = match &stop {
            &Stop::Wait { until, code, reach } => {
                tx.defer_window(key, until, code, (self.spent, false), now).await?;
                self.put_off_others(&mut tx, until, code, reach).await?;
                WindowResult::Deferred(until)
            }
            Stop::Retry(_) | Stop::Broken(_) if self.claimed.window.attempt < max_attempts => {
                let code = if let Stop::Retry(code) = stop { code } else { FailureCode::Internal };
                let until = now.plus(engine.policy.retry_after_ms(self.claimed.window.attempt, spread(key)));
                tx.defer_window(key, until, code, (self.spent, true), now).await?;
                WindowResult::Deferred(until)
            }
            &(Stop::Retry(code) | Stop::GiveUp(code)) => {
                engine.mark_failed(&tx, &self.link, self.endpoint, &self.claimed, (code, None)).await?;
                self.finish(&mut tx, Err(code)).await?;
                WindowResult::Failed(code)
            }
            Stop::Broken(reading) => {
                let code = FailureCode::ProcessingFailed;
                let raw = match reading {
                    Some(reading) => {
                        engine.put_bodies(&tx, &self.link, self.endpoint, &self.claimed, reading).await?
                    }
                    None => None,
                };
                engine.mark_failed(&tx, &self.link, self.endpoint, &self.claimed, (code, raw)).await?;
                self.finish(&mut tx, Err(code)).await?;
                WindowResult::Failed(code)
            }
            &Stop::LostConsent(reason) => {
                let code = lost_code(reason);
                engine.mark_failed(&tx, &self.link, self.endpoint, &self.claimed, (code, None)).await?;
                self.finish(&mut tx, Err(code)).await?;
                engine.lose_consent(&mut tx, &self.link, reason).await?;
                WindowResult::Failed(code)
            }
            Stop::Lost => return Ok(WindowResult::NotClaimed),
        };
        tx.commit().await?;
        if matches!(stop, Stop::LostConsent(_)) {
            engine.cache.forget(self.link.id);
        }
        Ok(result)
    }

    /// Work on the window panicked. Whatever was fetched last has to be asked for again, unless it is given up.
    pub(crate) fn broke(&mut self, reading: Option<Reading>) -> Stop {
        tracing::error!(
            endpoint = self.endpoint.key, job = %self.claimed.window.key.job, seq = self.claimed.window.key.seq,
            "work on a window panicked: a fault of this program; standard error says where"
        );
        if reading.is_some() {
            self.failed();
        }
        Stop::Broken(reading.map(Box::new))
    }

    /// The account's other windows need not find out one by one.
    async fn put_off_others(
        &self,
        tx: &mut WriteTx,
        until: EpochMs,
        code: FailureCode,
        reach: Reach,
    ) -> Result<(), SyncError> {
        let only = match reach {
            Reach::Window => return Ok(()),
            Reach::Job => Some(self.claimed.window.key.job),
            Reach::Account => None,
        };
        if self.engine.cache.must_put_off(self.link.id, only, until, self.ticket) {
            tx.defer_link(self.link.id, only, until, code, self.engine.now()).await?;
        }
        Ok(())
    }
}
