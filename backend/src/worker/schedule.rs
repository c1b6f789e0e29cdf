//! What happens without anybody asking: incremental syncs.

use std::time::Duration;

use pulsekeep_sync::SyncEngine;
use tokio_util::sync::CancellationToken;

/// How often accounts are looked at. Which are due is decided by their jobs, so a missed look is made up by the next.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Writes incremental jobs for accounts that are due, until `stop`.
pub(super) async fn request_syncs(engine: SyncEngine, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = engine.request_due_syncs().await {
            tracing::warn!(%error, "the schedule could not write its jobs");
        }
    }
}
