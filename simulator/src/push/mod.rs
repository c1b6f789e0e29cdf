//! Webhooks of both providers: who wants to be told, what is told when a device hands over its data, and how it is
//! delivered.

pub(crate) mod account;
mod compose;
mod control;
mod deliver;
pub(crate) mod fitbit;
pub(crate) mod google;
mod keys;
mod subscribers;
mod syncs;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::state::State;

pub(crate) use control::routes;

/// How often the background looks whether a device has handed over its data, and sends what is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// All that is known of webhooks; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Push {
    inner: Arc<Mutex<Inner>>,
    account: Arc<OnceLock<account::Account>>,
    /// Held while somebody delivers: what is due is sent once.
    delivering: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Inner {
    keys: keys::Keys,
    subscribers: subscribers::Subscribers,
    fitbit: fitbit::Fitbit,
    /// Person → until when their device had handed over its data at the last look, epoch seconds.
    seen: HashMap<String, i64>,
    outbox: deliver::Outbox,
}

impl Inner {
    /// Whether anybody wants to be told.
    fn is_wanted(&self) -> bool {
        !self.subscribers.0.is_empty() || self.fitbit.endpoint().is_some()
    }
}

impl Push {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service account; its key is made when it is first asked for.
    pub(crate) fn account(&self) -> &account::Account {
        self.account.get_or_init(account::Account::new)
    }
}

/// Tells what devices hand over and delivers what is due, until it is dropped. While the switch `push_by_hand` is on,
/// only the control API does so.
pub(crate) async fn run(state: State) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if !state.switches().push_by_hand {
            syncs::look(&state);
            deliver::due(&state).await;
        }
    }
}
