//! The dispatcher: looks for due windows and rings for them, a few more than can be worked on.

use std::{collections::HashMap, sync::Arc, time::Duration};

use pulsekeep_core::EpochMs;
use pulsekeep_store::WindowKey;
use pulsekeep_sync::{SyncEngine, SyncError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, bell::Bell};

/// How often it looks when nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A ring that was not answered for so long is rung again.
const RING_AGAIN_MS: i64 = 15_000;

/// Rings that are out: a window and its attempt, and when it was rung for.
#[derive(Debug, Default)]
struct Rung(HashMap<(WindowKey, i32), EpochMs>);

impl Rung {
    /// Whether to ring for this attempt now; notes it if so.
    fn should_ring(&mut self, key: WindowKey, attempt: i32, now: EpochMs) -> bool {
        let fresh = self.0.get(&(key, attempt)).is_none_or(|at| now.0 - at.0 >= RING_AGAIN_MS);
        if fresh {
            self.0.insert((key, attempt), now);
        }
        fresh
    }

    fn forget_old(&mut self, now: EpochMs) {
        self.0.retain(|_, at| now.0 - at.0 < RING_AGAIN_MS);
    }
}

/// Rings until `stop`.
pub(super) async fn run(
    mut bell: Bell,
    engine: SyncEngine,
    options: WorkerOptions,
    finished: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut rung = Rung::default();
    let mut changes = engine.store().changes();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = finished.notified() => {}
            // A new job need not wait for the next look; a lagging receiver has missed nothing that a look misses.
            _ = changes.recv() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = ring_due(&mut bell, &engine, &options, &mut rung).await {
            tracing::warn!(%error, "due windows could not be rung for; trying again");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

async fn ring_due(
    bell: &mut Bell,
    engine: &SyncEngine,
    options: &WorkerOptions,
    rung: &mut Rung,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let now = engine.now();
    rung.forget_old(now);
    let limit = options.concurrency as u64 * 2;
    let due: Result<_, SyncError> = engine.due(limit).await;
    for window in due? {
        if rung.should_ring(window.key, window.attempt, now) {
            bell.ring(window.key).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::id::{JobId, UserId};

    use super::*;

    #[test]
    fn an_attempt_is_rung_for_once_and_again_when_nobody_answers() {
        let key = WindowKey { user: UserId(1), job: JobId(2), seq: 3 };
        let mut rung = Rung::default();
        assert!(rung.should_ring(key, 0, EpochMs(0)));
        assert!(!rung.should_ring(key, 0, EpochMs(RING_AGAIN_MS - 1)));
        assert!(rung.should_ring(key, 1, EpochMs(1)), "a new attempt");
        assert!(rung.should_ring(key, 0, EpochMs(RING_AGAIN_MS)));
        rung.forget_old(EpochMs(3 * RING_AGAIN_MS));
        assert!(rung.0.is_empty());
    }
}
