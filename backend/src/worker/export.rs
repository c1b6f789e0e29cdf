//! Rings for export jobs that are due.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use pulsekeep_core::id::ExportId;
use pulsekeep_export::Exporter;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::bell::Bell;

/// Export jobs that a process works on at once: one with names, one with pseudonyms.
pub(super) const AT_ONCE: usize = 2;
/// How often it looks when nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A ring that was not answered for so long is rung again.
const RING_AGAIN: Duration = Duration::from_secs(15);

/// Rings until `stop`.
pub(super) async fn ring(mut bell: Bell, exporter: Exporter, finished: Arc<Notify>, stop: CancellationToken) {
    let mut rung: HashMap<ExportId, Instant> = HashMap::new();
    let mut changes = exporter.store().export_changes();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = finished.notified() => rung.clear(),
            // A new job need not wait for the next look.
            _ = changes.recv() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = ring_due(&mut bell, &exporter, &mut rung).await {
            tracing::warn!(%error, "due exports could not be rung for; trying again");
        }
    }
}

async fn ring_due(
    bell: &mut Bell,
    exporter: &Exporter,
    rung: &mut HashMap<ExportId, Instant>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    exporter.request_nightly().await?;
    let now = Instant::now();
    rung.retain(|_, at| now.duration_since(*at) < RING_AGAIN);
    let mut due = exporter.due().await?;
    due.retain(|id| !rung.contains_key(id));
    if !due.is_empty() {
        bell.ring_exports(&due).await?;
        rung.extend(due.into_iter().map(|id| (id, now)));
    }
    Ok(())
}
