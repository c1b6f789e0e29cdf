//! The dispatcher: looks for due windows and rings for them, a few more than can be worked on.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
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

/// So many times more windows are looked at than can be rung for: others ring for some of them.
const LOOK_WIDER: usize = 8;

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

    /// Whether a ring is out and may still be answered.
    fn is_out(&self, call: &Call, now: Instant) -> bool {
        self.0.get(call).is_some_and(|at| now.duration_since(*at) < RING_AGAIN)
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
    let room = options.concurrency * 2;
    let due: Result<_, SyncError> = engine.due((room * LOOK_WIDER) as u64).await;
    let mut due = due?;
    // The most urgent first; among equals each process begins elsewhere, so that many do not ring for the same ones.
    due.sort_by_cached_key(|window| (window.rank, spread(&options.instance, window.key)));
    let calls: Vec<Call> = due.iter().map(|window| (window.key, window.attempt, window.since)).collect();
    let mut out = calls.iter().filter(|call| rung.is_out(call, now)).count();
    for call in calls {
        if out >= room {
            break;
        }
        if rung.should_ring(call, now) {
            bell.ring(call.0).await?;
            out += 1;
        }
    }
    Ok(())
}

/// A number that puts windows in another order for each process.
fn spread(instance: &str, key: WindowKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (instance, key).hash(&mut hasher);
    hasher.finish()
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
