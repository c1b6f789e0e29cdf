//! Notifications: notices become jobs, accounts are subscribed.

use std::time::Duration;

use pulsekeep_sync::SyncEngine;
use tokio_util::sync::CancellationToken;

/// How often notices are looked for. Which are due is decided by their own time.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often subscriptions are looked at: a new account is subscribed within this time.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Takes up notices and keeps subscriptions, until `stop`. `owner` names the process.
pub(super) async fn follow(engine: SyncEngine, owner: String, stop: CancellationToken) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut renew = tokio::time::interval(RENEW_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    renew.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let outcome = tokio::select! {
            _ = look.tick() => engine.take_notices(&owner).await,
            _ = renew.tick() => engine.renew_subscriptions(&owner).await,
            () = stop.cancelled() => return,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "notifications could not be followed; trying again");
        }
    }
}
