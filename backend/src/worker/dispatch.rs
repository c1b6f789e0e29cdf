//! The dispatcher: looks for due windows and rings for them, a few more than can be worked on.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use pulsekeep_core::EpochMs;
use pulsekeep_store::WindowKey;
use pulsekeep_sync::{SyncEngine, SyncError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, bell::Bell};

/// How often it looks when nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A ring that was not answered for so long is rung again.
const RING_AGAIN: Duration = Duration::from_secs(15);

/// A window, its attempt, and the time that has come: a wait costs no attempt, and its end is worth a ring.
type Call = (WindowKey, i32, EpochMs);

/// Rings that are out, and when they were rung.
#[derive(Debug, Default)]
struct Rung(HashMap<Call, Instant>);

impl Rung {
    /// Whether to ring now; notes it if so.
    fn should_ring(&mut self, call: Call, now: Instant) -> bool {
        let fresh = self.0.get(&call).is_none_or(|at| now.duration_since(*at) >= RING_AGAIN);
        if fresh {
            self.0.insert(call, now);
        }
        fresh
    }

    fn forget_old(&mut self, now: Instant) {
        self.0.retain(|_, at| now.duration_since(*at) < RING_AGAIN);
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
    let now = Instant::now();
    rung.forget_old(now);
    let limit = options.concurrency as u64 * 2;
    let due: Result<_, SyncError> = engine.due(limit).await;
    for window in due? {
        if rung.should_ring((window.key, window.attempt, window.since), now) {
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
        let start = Instant::now();
        let call = (key, 0, EpochMs(0));
        assert!(rung.should_ring(call, start));
        assert!(!rung.should_ring(call, start + RING_AGAIN / 2));
        assert!(rung.should_ring((key, 1, EpochMs(0)), start), "a new attempt");
        assert!(rung.should_ring((key, 0, EpochMs(9)), start), "the end of a wait");
        assert!(rung.should_ring(call, start + RING_AGAIN));
        rung.forget_old(start + 3 * RING_AGAIN);
        assert!(rung.0.is_empty());
    }
}
