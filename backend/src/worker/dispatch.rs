//! The dispatcher: looks for due windows and rings for them, a few more than can be worked on.
//!
//! Windows of one person are stored one after another, whoever has read them. So that many processes do not queue for
//! the same few people, each prefers the accounts that are its own among the processes that live, and takes up others'
//! where its own leave it idle.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use pulsekeep_core::{Clock as _, EpochMs, SystemClock, id::LinkId};
use pulsekeep_store::WindowKey;
use pulsekeep_sync::{SyncEngine, SyncError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, bell::Bell, schedule::DEAD_AFTER_MS};

/// How often it looks when nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A ring that was not answered for so long is rung again.
const RING_AGAIN: Duration = Duration::from_secs(15);

/// Two looks are at least so far apart: every window that ends, here or elsewhere, asks for one.
const PAUSE: Duration = Duration::from_millis(40);
/// How long it is trusted which processes live.
const CREW_EVERY: Duration = Duration::from_secs(5);
/// For each window that can be rung for and each process, so many jobs are looked at.
const JOBS_EACH: usize = 4;

/// The processes that share the accounts.
#[derive(Debug)]
struct Crew {
    own: String,
    others: Vec<String>,
    read_at: Option<Instant>,
}

impl Crew {
    fn of(own: &str) -> Self {
        Self { own: own.to_owned(), others: Vec::new(), read_at: None }
    }

    /// Reads who lives, unless it was read lately.
    async fn look(&mut self, engine: &SyncEngine, now: Instant) -> Result<(), SyncError> {
        if self.read_at.is_some_and(|at| now.duration_since(at) < CREW_EVERY) {
            return Ok(());
        }
        // Processes live by the machine's clock, whatever time is simulated.
        let since = SystemClock.now().plus(-DEAD_AFTER_MS);
        let alive = engine.store().workers(since).await?;
        self.others = alive.into_iter().map(|beat| beat.name).filter(|name| *name != self.own).collect();
        self.read_at = Some(now);
        Ok(())
    }

    fn len(&self) -> usize {
        self.others.len() + 1
    }

    /// A number by which accounts are taken up: the own ones first, then those of others, and each process in another
    /// order. An account belongs to the process whose name gives the largest number with it, so that those of a process
    /// that has ended fall to all the others alike.
    fn order(&self, link: LinkId) -> u64 {
        let number = |name: &str| {
            let mut hasher = DefaultHasher::new();
            (name, link).hash(&mut hasher);
            hasher.finish()
        };
        let own = number(&self.own);
        let is_own = self.others.iter().all(|other| number(other) <= own);
        (own >> 1) | if is_own { 0 } else { 1 << 63 }
    }
}

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
    let mut crew = Crew::of(&options.instance);
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
        if let Err(error) = ring_due(&mut bell, &engine, options.concurrency, (&mut rung, &mut crew)).await {
            tracing::warn!(%error, "due windows could not be rung for; trying again");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
                () = stop.cancelled() => return,
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ring_due(
    bell: &mut Bell,
    engine: &SyncEngine,
    concurrency: usize,
    (rung, crew): (&mut Rung, &mut Crew),
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let now = Instant::now();
    rung.forget_old(now);
    crew.look(engine, now).await?;
    let room = concurrency * 2;
    let due = engine.due_by(room, room * crew.len() * JOBS_EACH, |link| crew.order(link)).await?;
    let calls = due.iter().map(|window| (window.key, window.attempt, window.since));
    let fresh: Vec<WindowKey> =
        calls.filter(|call| rung.should_ring(*call, now)).map(|(key, _, _)| key).collect();
    if !fresh.is_empty() {
        bell.ring(&fresh).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::id::{JobId, UserId};

    use super::*;

    fn crew(own: &str, all: &[&str]) -> Crew {
        let others = all.iter().filter(|name| **name != own).map(|name| (*name).to_owned()).collect();
        Crew { own: own.to_owned(), others, read_at: None }
    }

    fn is_own(crew: &Crew, link: i64) -> bool {
        crew.order(LinkId(link)) >> 63 == 0
    }

    #[test]
    fn each_account_belongs_to_one_process_and_the_shares_are_alike() {
        let names = ["a-1", "b-2", "c-3"];
        let crews: Vec<Crew> = names.iter().map(|own| crew(own, &names)).collect();
        let mut shares = [0; 3];
        for link in 0..3_000 {
            let owners: Vec<usize> = (0..3).filter(|i| is_own(&crews[*i], link)).collect();
            assert_eq!(owners.len(), 1, "account {link} belongs to {owners:?}");
            shares[owners[0]] += 1;
        }
        assert!(shares.iter().all(|share| (800..1_200).contains(share)), "{shares:?}");
    }

    #[test]
    fn when_a_process_ends_the_others_keep_their_accounts() {
        let before = crew("a-1", &["a-1", "b-2", "c-3"]);
        let after = crew("a-1", &["a-1", "c-3"]);
        assert!((0..500).filter(|link| is_own(&before, *link)).all(|link| is_own(&after, link)));
    }

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
