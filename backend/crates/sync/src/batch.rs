//! Batches: the jobs of a request over many people, written person by person, and what they come to together.

use std::collections::BTreeSet;

use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    id::{BatchId, JobId, LinkId, UserId},
    job::{JobKind, JobState, Priority},
    time::DayRange,
};
use pulsekeep_store::{
    BatchProgress, BudgetScope, BudgetState, NewBatch, StoreError, SyncBatch, SyncJob, WorkLeft,
};

use crate::{
    JobRequest, RequestOutcome, SyncEngine, SyncError,
    eta::{Work, eta_s},
};

/// A request for days of several people.
#[derive(Debug, Clone)]
pub struct BatchRequest {
    /// Whose, each once.
    pub people: Vec<UserId>,
    /// What for: a backfill or a reparse.
    pub kind: JobKind,
    /// Which metrics.
    pub metrics: Vec<Metric>,
    /// Which days.
    pub days: DayRange,
    /// How urgent.
    pub priority: Priority,
    /// Who asks; `None` for the command line.
    pub created_by: Option<UserId>,
}

/// What came of a request for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// The batch; `None` when nobody could be asked for.
    pub batch: Option<BatchId>,
    /// The jobs written so far.
    pub jobs: Vec<JobId>,
    /// Who could not be asked for, and why.
    pub refused: Vec<(UserId, RequestOutcome)>,
    /// People whose jobs the workers' schedule writes.
    pub left: usize,
}

/// How long the writer of a batch's jobs may be silent before another goes on with it.
const WRITER_MS: i64 = 60_000;

impl SyncEngine {
    /// Writes a batch and the jobs of its first `at_once` people; the schedule of the workers writes those of the
    /// others. People who cannot be asked for are left out of it. A crash leaves a batch that the schedule finishes.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_batch(
        &self,
        request: &BatchRequest,
        at_once: usize,
    ) -> Result<BatchOutcome, SyncError> {
        let mut outcome = BatchOutcome::default();
        let mut people = Vec::new();
        for &user in &request.people {
            match self.check(&job_of(request, user)).await? {
                Ok(()) => people.push(user),
                Err(refused) => outcome.refused.push((user, refused)),
            }
        }
        if people.is_empty() {
            return Ok(outcome);
        }
        let now = self.now();
        let until = now.plus(WRITER_MS);
        let new = NewBatch {
            kind: request.kind,
            priority: request.priority,
            metrics: request.metrics.clone(),
            days: request.days,
            people,
            created_by: request.created_by,
        };
        let tx = self.store.write().await?;
        let id = tx.create_batch(&new, until, now).await?;
        tx.commit().await?;
        outcome.batch = Some(id);
        (_, outcome.left) = self.write_jobs(id, until, at_once, &mut outcome.jobs).await?;
        Ok(outcome)
    }

    /// Whether a person could be asked for at all.
    async fn check(&self, request: &JobRequest) -> Result<Result<(), RequestOutcome>, SyncError> {
        if request.kind == JobKind::Reparse {
            // Consent is not needed, and what is stored is looked for when the job is written.
            return Ok(Ok(()));
        }
        Ok(self.resolve(request).await?.map(|_| ()))
    }

    /// Goes on with batches whose jobs are not all written: of large ones, and of those whose writer died. Returns how
    /// many people were seen to.
    ///
    /// # Errors
    /// The store's own.
    pub async fn write_batches(&self, most: usize) -> Result<usize, SyncError> {
        let (mut jobs, mut seen) = (Vec::new(), 0);
        for id in self.store.unwritten_batches(self.now()).await? {
            let until = self.now().plus(WRITER_MS);
            if seen < most && self.store.claim_batch(id, None, until, self.now()).await? {
                let (now_seen, _) = self.write_jobs(id, until, most - seen, &mut jobs).await?;
                seen += now_seen;
            }
        }
        Ok(seen)
    }

    /// Writes the jobs of a batch for at most `most` people, under a lease that ends at `until`; returns how many were
    /// seen to and how many are left.
    async fn write_jobs(
        &self,
        id: BatchId,
        mut until: EpochMs,
        most: usize,
        written: &mut Vec<JobId>,
    ) -> Result<(usize, usize), SyncError> {
        let Some(batch) = self.store.batch(id).await? else { return Ok((0, 0)) };
        // A writer that died may have written more than it had noted.
        let done = self.store.links_of_batch(id).await?;
        let (first, all) = (batch.people_seen.min(batch.people.len()), batch.people.len());
        let last = all.min(first.saturating_add(most));
        for (seen, &user) in (first..last).zip(&batch.people[first..last]) {
            let now = self.now();
            if now.0 >= until.0 - WRITER_MS / 2 {
                let longer = now.plus(WRITER_MS);
                // Held or ended by a person, or taken over while this process stood still.
                if !self.store.claim_batch(id, Some((until, seen)), longer, now).await? {
                    return Ok((seen - first, all - seen));
                }
                until = longer;
            }
            self.write_person(&batch, user, &done, written).await?;
        }
        if last == all {
            self.store.end_batch(id, self.now()).await?;
        } else {
            self.store.release_batch(id, until, last).await?;
        }
        Ok((last - first, all - last))
    }

    /// Writes the jobs of one person, one for each account that has none.
    async fn write_person(
        &self,
        batch: &SyncBatch,
        user: UserId,
        done: &BTreeSet<LinkId>,
        written: &mut Vec<JobId>,
    ) -> Result<(), SyncError> {
        for link in self.store.links_of(user).await? {
            if done.contains(&link.id) || !(link.state.may_fetch() || batch.kind == JobKind::Reparse) {
                continue;
            }
            let request = JobRequest {
                user_id: user,
                link: Some(link.id),
                kind: batch.kind,
                metrics: batch.metrics.clone(),
                days: Some(batch.days),
                priority: batch.priority,
                created_by: batch.created_by,
                batch: Some(batch.id),
            };
            match self.request(&request).await {
                Ok(RequestOutcome::Accepted(jobs)) => written.extend(jobs),
                Ok(refused) => {
                    tracing::info!(batch = %batch.id, link = %link.id, ?refused, "nothing is asked for an account");
                }
                // Somebody else wrote it, or the person was erased meanwhile.
                Err(SyncError::UserNotFound | SyncError::Store(StoreError::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Seconds until a job is done at the pace of its budget; `None` when it does not move.
    ///
    /// # Errors
    /// The store's own.
    pub async fn job_eta_s(&self, job: &SyncJob) -> Result<Option<i64>, SyncError> {
        if job.state.is_final() || job.state == JobState::Paused {
            return Ok(None);
        }
        let Some(link) = self.store.link(job.link_id).await? else { return Ok(None) };
        let state = self.store.budget(BudgetScope::Link(link.id)).await?;
        Ok(self.eta_of_job(job, link.provider, state))
    }

    /// [`SyncEngine::job_eta_s`] for those who have its account's provider and budget at hand, as lists do.
    #[must_use]
    pub fn eta_of_job(&self, job: &SyncJob, provider: ProviderKey, budget: BudgetState) -> Option<i64> {
        if job.state.is_final() || job.state == JobState::Paused {
            return None;
        }
        let open = i64::from(job.windows_total - job.windows_done - job.windows_failed);
        let left = i64::from(job.requests_expected - job.requests_done + job.retries).max(open.min(1));
        let not_before = job.waiting_until.filter(|_| job.state == JobState::Waiting);
        let work = Work { requests: left, not_before, reserve: self.reserve(provider, job.kind) };
        Some(eta_s(work, self.policy.account_allowance(provider), budget, self.now()))
    }

    /// Seconds until a batch is done: the longest of its accounts, or of the app's budget that all share. `None` when
    /// nothing moves.
    #[must_use]
    pub fn batch_eta_s(&self, batch: &SyncBatch, progress: &BatchProgress) -> Option<i64> {
        let now = self.now();
        let fresh = BudgetState::default();
        let of = |left: &WorkLeft| {
            let reserve = self.reserve(left.provider, batch.kind);
            let account = Work { requests: left.longest, not_before: left.waiting_until, reserve };
            let own = eta_s(account, self.policy.account_allowance(left.provider), fresh, now);
            let app = Work { requests: left.all, not_before: None, reserve: 0 };
            let shared = self.policy.app_allowance(left.provider).map(|all| eta_s(app, all, fresh, now));
            own.max(shared.unwrap_or(0))
        };
        progress.left.iter().map(of).max()
    }

    /// Requests of a period that jobs of this kind leave to others.
    #[must_use]
    pub fn reserve(&self, provider: ProviderKey, kind: JobKind) -> i32 {
        match kind {
            JobKind::Backfill => self.policy.reserve(self.policy.account_allowance(provider).limit),
            JobKind::Incremental | JobKind::Deep | JobKind::Reparse => 0,
        }
    }
}

fn job_of(request: &BatchRequest, user: UserId) -> JobRequest {
    JobRequest {
        user_id: user,
        link: None,
        kind: request.kind,
        metrics: request.metrics.clone(),
        days: Some(request.days),
        priority: request.priority,
        created_by: request.created_by,
        batch: None,
    }
}
