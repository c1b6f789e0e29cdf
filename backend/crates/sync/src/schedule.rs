//! What happens without anybody asking.

use pulsekeep_core::{
    Metric,
    job::{JobKind, Priority},
};

use crate::{JobRequest, SyncEngine, SyncError};

impl SyncEngine {
    /// Writes an incremental job for every account whose last one is old enough. The schedule calls this; ticks that
    /// were missed are made up by the next, since it looks at the jobs and not at the clock's strokes.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_due_syncs(&self) -> Result<usize, SyncError> {
        let mut written = 0;
        for link in self.store.active_links().await? {
            let last = self.store.latest_job(link.user_id, link.id, JobKind::Incremental).await?;
            let due = last.is_none_or(|job| {
                let age = self.now().0 - job.created_at.0;
                // A job that still moves does the work of the next one too.
                job.state.is_final() && age >= self.policy.incremental_every_ms
            });
            if !due || self.provider(link.provider).is_none() {
                continue;
            }
            let request = JobRequest {
                user_id: link.user_id,
                link: Some(link.id),
                kind: JobKind::Incremental,
                metrics: Metric::all().collect(),
                days: None,
                priority: Priority::Normal,
                created_by: None,
                batch: None,
            };
            self.request(&request).await?;
            written += 1;
        }
        Ok(written)
    }
}
