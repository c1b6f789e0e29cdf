//! Work that breaks: a panic of a parser or of ours, and workers that are lost at a window.
//!
//! A panic is an attempt that failed: the window comes again, and is given up after as many attempts as any other, with
//! what was fetched kept for a mended version. A worker that is lost at a window (killed, out of memory, aborted) costs no
//! attempt, since most are lost by no fault of the window; but one that loses so many in a row is given up too.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use pulsekeep_core::{
    catalogue::endpoint,
    job::{FailureCode, JobKind},
};
use pulsekeep_store::ClaimedWindow;

use crate::{SyncEngine, SyncError, WindowResult, run::spread};

/// Work panicked. Nothing of it is known to be good: its transaction is rolled back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// What comes of a future, unless it panics.
pub(crate) async fn caught<F: Future>(work: F) -> Result<F::Output, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

/// What comes of a call, unless it panics.
pub(crate) fn attempted<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked)
}

/// Workers that a window may lose in a row before it has to stand back for others.
const PATIENCE: i32 = 1;

impl SyncEngine {
    /// What becomes of a window that was taken over from a lost worker, if it is not simply worked on: after the second
    /// loss in a row it waits, longer each time, and after as many as the policy says it is given up.
    pub(crate) async fn set_lost_aside(
        &self,
        claimed: &ClaimedWindow,
        owner: &str,
    ) -> Result<Option<WindowResult>, SyncError> {
        let lost = claimed.window.lost;
        if !claimed.taken_over || lost <= PATIENCE {
            return Ok(None);
        }
        let (key, now) = (claimed.window.key, self.now());
        tracing::warn!(job = %key.job, seq = key.seq, lost, "a window was taken over from a lost worker again");
        if lost >= self.policy.max_lost_workers {
            return self.give_up_broken(claimed, owner).await.map(Some);
        }
        let until = now.plus(self.policy.retry_after_ms(lost, spread(key)));
        let mut tx = self.store.write().await?;
        tx.put_lost_window_off(key, owner, until, now).await?;
        tx.commit().await?;
        Ok(Some(WindowResult::Deferred(until)))
    }

    /// Gives a window up on which work breaks.
    pub(crate) async fn give_up_broken(
        &self,
        claimed: &ClaimedWindow,
        owner: &str,
    ) -> Result<WindowResult, SyncError> {
        let (key, code) = (claimed.window.key, FailureCode::ProcessingFailed);
        if claimed.kind == JobKind::Reparse {
            return self.end_reparse(claimed, owner, vec![(claimed.window.days, code)]).await;
        }
        let link = self.known_link(claimed.link).await?;
        let mut tx = self.store.write().await?;
        if !tx.holds_lease(key, owner).await? {
            return Ok(WindowResult::NotClaimed);
        }
        if let (Some(link), Some(endpoint)) = (link, endpoint(&claimed.window.endpoint)) {
            self.mark_failed(&tx, &link, endpoint, claimed, (code, None)).await?;
            tx.drop_pages(key).await?;
            tx.finish_window(key, Err(code), 0, self.now()).await?;
            self.fix_plan(&mut tx, &link, (key.job, endpoint)).await?;
        } else {
            tx.finish_window(key, Err(code), 0, self.now()).await?;
        }
        tx.commit().await?;
        Ok(WindowResult::Failed(code))
    }
}
