//! What happens without anybody asking: syncs of accounts whose time has come, the jobs of large batches, the health of
//! tokens, retention, and the sign of life of this process.

use std::time::Duration;

use pulsekeep_core::{Clock as _, EpochMs, SystemClock};
use pulsekeep_store::WorkerBeat;
use pulsekeep_sync::{SyncEngine, SyncError};
use tokio_util::sync::CancellationToken;

use super::WorkerOptions;

/// How often accounts are looked at. Which are due stands in their rows, so a missed look is made up by the next; one
/// that finds nothing costs a look at an index.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often tokens are looked at; a bounded number each time, each account once a day.
const TOKENS_EVERY: Duration = Duration::from_secs(30);
/// How often what is of no more use is removed.
const RETAIN_EVERY: Duration = Duration::from_secs(1800);
/// How often this process shows that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// A process that was not seen for so long is taken for dead.
pub const DEAD_AFTER_MS: i64 = 60_000;
/// How often raw documents are packed harder, how many bytes of them (as received) in one look, and how old they are by
/// then: live answers are superseded within hours. A tenth of a core at the most.
const REPACK_EVERY: Duration = Duration::from_secs(60);
const REPACK_BYTES: usize = 6 << 20;
const REPACK_AFTER_MS: i64 = 24 * 3_600_000;
/// Traces of dead processes are kept for so long.
const KEEP_DEAD_MS: i64 = 24 * 3_600_000;
/// People of large batches whose jobs are written in one look.
const PEOPLE_AT_ONCE: usize = 100;

/// Keeps the schedule until `stop`.
pub(super) async fn keep(engine: SyncEngine, options: WorkerOptions, stop: CancellationToken) {
    let every = |period| {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks
    };
    let (mut look, mut tokens) = (every(LOOK_EVERY), every(TOKENS_EVERY));
    let mut retain = every(RETAIN_EVERY);
    loop {
        let outcome = tokio::select! {
            _ = look.tick() => write_jobs(&engine).await,
            _ = tokens.tick() => engine.check_tokens(&options.instance).await.map(drop),
            _ = retain.tick() => remove(&engine).await,
            () = stop.cancelled() => return,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "the schedule could not do its work; trying again");
        }
    }
}

async fn write_jobs(engine: &SyncEngine) -> Result<(), SyncError> {
    engine.request_due_syncs().await?;
    engine.request_due_deeps().await?;
    engine.write_batches(PEOPLE_AT_ONCE).await?;
    Ok(())
}

async fn remove(engine: &SyncEngine) -> Result<(), SyncError> {
    engine.retain().await?;
    // Processes live by the machine's clock, whatever time is simulated.
    let before = SystemClock.now().plus(-KEEP_DEAD_MS);
    engine.store().drop_old_workers(before, 1_000).await?;
    Ok(())
}

/// Packs raw documents harder until `stop`, beside the other work: a few at a time, since it takes a core while it does.
pub(super) async fn repack(engine: SyncEngine, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(REPACK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let before = engine.now().plus(-REPACK_AFTER_MS);
        let outcome = tokio::select! {
            outcome = engine.store().repack_raw(before, REPACK_BYTES) => outcome,
            () = stop.cancelled() => return,
        };
        match outcome {
            Ok(done) if done.documents > 0 => tracing::debug!(?done, "packed raw documents harder"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "raw documents could not be packed harder; trying again"),
        }
    }
}

/// Shows until `stop` that this process lives, beside its other work: a long look must not make it look dead.
pub(super) async fn beat(engine: SyncEngine, options: WorkerOptions, stop: CancellationToken) {
    let started_at: EpochMs = SystemClock.now();
    let mut ticks = tokio::time::interval(BEAT_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        let beat = WorkerBeat {
            name: options.instance.clone(),
            parallel: i32::try_from(options.concurrency).unwrap_or(i32::MAX),
            started_at,
            seen_at: SystemClock.now(),
        };
        if let Err(error) = engine.store().beat(beat).await {
            tracing::warn!(%error, "this process could not show that it lives");
        }
    }
    // Ended in good order: nobody has to wait to see it.
    let _ = engine.store().forget_worker(&options.instance).await;
}
