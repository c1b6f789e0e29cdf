//! Steering jobs: pause, resume, cancel, retry.

use pulsekeep_core::{account::Viewer, id::JobId, job::JobState};

use crate::{SyncEngine, SyncError};

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
        if !working {
            return Ok(JobAction::NotPossible("connect the account again first".to_owned()));
        }
        let mut tx = self.store.write().await?;
        tx.retry_failed_windows(job.user_id, id, self.now()).await?;
        tx.commit().await?;
        Ok(JobAction::Accepted)
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
