//! Steering jobs and batches: pause, resume, cancel, retry, priority.

use pulsekeep_core::{
    account::Viewer,
    id::{BatchId, JobId},
    job::{JobKind, JobState, Priority},
};
use pulsekeep_store::{BatchJob, WriteTx};

use crate::{SyncEngine, SyncError};

/// Jobs that are steered in one transaction: others wait for it.
const AT_ONCE: usize = 20;

/// States of jobs that somebody can still steer.
const OPEN: &[JobState] = &[JobState::Planned, JobState::Running, JobState::Waiting, JobState::Paused];

/// What came of steering a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobAction {
    /// Done.
    Accepted,
    /// Not there, or not yours.
    NotFound,
    /// The job's state does not allow it; the sentence says why.
    NotPossible(String),
}

impl SyncEngine {
    /// Holds a job: windows at work finish, no other starts.
    ///
    /// # Errors
    /// The store's own.
    pub async fn pause(&self, viewer: &Viewer, id: JobId) -> Result<JobAction, SyncError> {
        self.steer(viewer, id, JobState::Paused, |state| match state {
            JobState::Paused => Err("it is paused already"),
            state if state.is_final() => Err("it has ended"),
            _ => Ok(()),
        })
        .await
    }

    /// Lets a paused job go on.
    ///
    /// # Errors
    /// The store's own.
    pub async fn resume(&self, viewer: &Viewer, id: JobId) -> Result<JobAction, SyncError> {
        self.steer(viewer, id, JobState::Planned, |state| match state {
            JobState::Paused => Ok(()),
            _ => Err("only a paused job can be resumed"),
        })
        .await
    }

    /// Ends a job; what it has read stays.
    ///
    /// # Errors
    /// The store's own.
    pub async fn cancel(&self, viewer: &Viewer, id: JobId) -> Result<JobAction, SyncError> {
        self.steer(viewer, id, JobState::Cancelled, |state| {
            if state.is_final() { Err("it has ended") } else { Ok(()) }
        })
        .await
    }

    /// Tries the windows again that were given up.
    ///
    /// # Errors
    /// The store's own.
    pub async fn retry(&self, viewer: &Viewer, id: JobId) -> Result<JobAction, SyncError> {
        let Some(job) = self.store.job(viewer, id).await? else { return Ok(JobAction::NotFound) };
        if !matches!(job.state, JobState::Failed | JobState::DoneWithGaps) {
            return Ok(JobAction::NotPossible(
                "there is nothing to retry: no window was given up".to_owned(),
            ));
        }
        let working = self.store.link(job.link_id).await?.is_some_and(|link| link.state.may_fetch());
        if !working && job.kind != JobKind::Reparse {
            return Ok(JobAction::NotPossible("connect the account again first".to_owned()));
        }
        let mut tx = self.store.write().await?;
        tx.retry_failed_windows(job.user_id, id, self.now()).await?;
        tx.commit().await?;
        Ok(JobAction::Accepted)
    }

    /// Lets a job go before others or behind them.
    ///
    /// # Errors
    /// The store's own.
    pub async fn set_priority(
        &self,
        viewer: &Viewer,
        id: JobId,
        priority: Priority,
    ) -> Result<JobAction, SyncError> {
        let Some(job) = self.store.job(viewer, id).await? else { return Ok(JobAction::NotFound) };
        if job.state.is_final() {
            return Ok(JobAction::NotPossible("it has ended".to_owned()));
        }
        let mut tx = self.store.write().await?;
        tx.set_job_priority(job.user_id, id, priority, self.now()).await?;
        tx.commit().await?;
        Ok(JobAction::Accepted)
    }

    /// Holds all jobs of a batch, and the writing of further ones.
    ///
    /// # Errors
    /// The store's own.
    pub async fn pause_batch(&self, viewer: &Viewer, id: BatchId) -> Result<JobAction, SyncError> {
        let Some(unwritten) = self.unwritten(viewer, id).await? else { return Ok(JobAction::NotFound) };
        self.store.hold_batch(id, true).await?;
        let moving = &[JobState::Planned, JobState::Running, JobState::Waiting];
        let held = self.steer_batch(id, moving, JobState::Paused).await?;
        Ok(possible(held > 0 || unwritten, "none of its jobs moves"))
    }

    /// Lets the paused jobs of a batch go on, and the writing of further ones.
    ///
    /// # Errors
    /// The store's own.
    pub async fn resume_batch(&self, viewer: &Viewer, id: BatchId) -> Result<JobAction, SyncError> {
        let Some(unwritten) = self.unwritten(viewer, id).await? else { return Ok(JobAction::NotFound) };
        self.store.hold_batch(id, false).await?;
        let freed = self.steer_batch(id, &[JobState::Paused], JobState::Planned).await?;
        Ok(possible(freed > 0 || unwritten, "none of its jobs is paused"))
    }

    /// Ends all jobs of a batch and writes no more of them; what they have read stays.
    ///
    /// # Errors
    /// The store's own.
    pub async fn cancel_batch(&self, viewer: &Viewer, id: BatchId) -> Result<JobAction, SyncError> {
        let Some(unwritten) = self.unwritten(viewer, id).await? else { return Ok(JobAction::NotFound) };
        if unwritten {
            self.store.end_batch(id, self.now()).await?;
        }
        let ended = self.steer_batch(id, OPEN, JobState::Cancelled).await?;
        Ok(possible(ended > 0 || unwritten, "it has ended"))
    }

    /// Tries again what the jobs of a batch have given up, where the account works.
    ///
    /// # Errors
    /// The store's own.
    pub async fn retry_batch(&self, viewer: &Viewer, id: BatchId) -> Result<JobAction, SyncError> {
        if self.unwritten(viewer, id).await?.is_none() {
            return Ok(JobAction::NotFound);
        }
        let jobs = self.store.batch_jobs(id, &[JobState::Failed, JobState::DoneWithGaps]).await?;
        if jobs.is_empty() {
            return Ok(possible(false, "there is nothing to retry: no window was given up"));
        }
        let mut working = Vec::new();
        for job in jobs {
            if self.store.link(job.link).await?.is_some_and(|link| link.state.may_fetch()) {
                working.push(job);
            }
        }
        let now = self.now();
        for chunk in working.chunks(AT_ONCE) {
            let mut tx = self.store.write().await?;
            for job in in_order(chunk) {
                tx.retry_failed_windows(job.user, job.job, now).await?;
            }
            tx.commit().await?;
        }
        Ok(possible(!working.is_empty(), "the people have to connect their accounts again first"))
    }

    /// Lets the jobs of a batch go before others or behind them.
    ///
    /// # Errors
    /// The store's own.
    pub async fn set_batch_priority(
        &self,
        viewer: &Viewer,
        id: BatchId,
        priority: Priority,
    ) -> Result<JobAction, SyncError> {
        let Some(unwritten) = self.unwritten(viewer, id).await? else { return Ok(JobAction::NotFound) };
        let jobs = self.store.batch_jobs(id, OPEN).await?;
        if jobs.is_empty() && !unwritten {
            return Ok(possible(false, "it has ended"));
        }
        self.store.set_batch_priority(id, priority).await?;
        for chunk in jobs.chunks(AT_ONCE) {
            let mut tx = self.store.write().await?;
            for job in in_order(chunk) {
                tx.set_job_priority(job.user, job.job, priority, self.now()).await?;
            }
            tx.commit().await?;
        }
        Ok(JobAction::Accepted)
    }

    /// Whether jobs of the batch are still to be written; `None` when it is not there or not the viewer's to steer.
    async fn unwritten(&self, viewer: &Viewer, id: BatchId) -> Result<Option<bool>, SyncError> {
        if !viewer.is_admin() {
            return Ok(None);
        }
        Ok(self.store.batch(id).await?.map(|batch| batch.written_at.is_none()))
    }

    /// Moves the batch's jobs that are in one of `from` to `to`, some at a time; returns how many.
    async fn steer_batch(&self, id: BatchId, from: &[JobState], to: JobState) -> Result<usize, SyncError> {
        let jobs = self.store.batch_jobs(id, from).await?;
        for chunk in jobs.chunks(AT_ONCE) {
            let mut tx: WriteTx = self.store.write().await?;
            for job in in_order(chunk) {
                tx.set_job_state(job.user, job.job, to, self.now()).await?;
            }
            tx.commit().await?;
        }
        Ok(jobs.len())
    }

    async fn steer(
        &self,
        viewer: &Viewer,
        id: JobId,
        to: JobState,
        allowed: impl Fn(JobState) -> Result<(), &'static str>,
    ) -> Result<JobAction, SyncError> {
        let Some(job) = self.store.job(viewer, id).await? else { return Ok(JobAction::NotFound) };
        if let Err(why) = allowed(job.state) {
            return Ok(JobAction::NotPossible(why.to_owned()));
        }
        let mut tx = self.store.write().await?;
        tx.set_job_state(job.user_id, id, to, self.now()).await?;
        tx.commit().await?;
        Ok(JobAction::Accepted)
    }
}

/// By person: transactions lock people's rows in one order, so that no two wait for each other.
fn in_order(jobs: &[BatchJob]) -> Vec<BatchJob> {
    let mut jobs = jobs.to_vec();
    jobs.sort_by_key(|job| (job.user, job.job));
    jobs
}

fn possible(is: bool, why_not: &str) -> JobAction {
    if is { JobAction::Accepted } else { JobAction::NotPossible(why_not.to_owned()) }
}
