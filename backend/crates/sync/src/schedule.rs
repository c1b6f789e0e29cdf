//! What happens without anybody asking: incremental syncs, deep re-reads, and the removal of what is of no more use.
//!
//! Each account carries the times at which it is looked at next; a look takes due accounts in bunches, so that any
//! number of processes share them. Ticks that were missed are made up by the next one, once.

use pulsekeep_core::{
    EpochMs, Metric,
    account::PushState,
    id::LinkId,
    job::{JobKind, Priority},
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::{LinkedAccount, Look};

use tokio::task::JoinSet;

use crate::{JobRequest, RequestOutcome, SyncEngine, SyncError, SyncPolicy};

/// Accounts taken at once.
const BUNCH: u64 = 50;
/// Accounts of a bunch whose devices are asked for at the same time.
const AT_ONCE: usize = 16;
/// Bunches of one look: the rest is left to other processes and the next look.
const BUNCHES: usize = 20;
/// An account whose taker died comes due again after so long.
const TAKEN_MS: i64 = 2 * MINUTE_MS;
/// Incremental jobs that read all that they were for are kept so long: they come several times an hour.
const KEEP_LIVE_JOBS_MS: i64 = 3 * DAY_MS;
/// Answers out of which a newer one has grown are kept so long: live sync asks for a day a hundred times while it lasts.
const KEEP_OUTGROWN_MS: i64 = HOUR_MS;
/// Rows removed in one transaction.
const CHUNK: i64 = 200;
/// Chunks of one pass: the rest is left to the next.
const CHUNKS: usize = 100;
/// Notices that nobody has taken up for so long lead nowhere.
const KEEP_NOTICES_MS: i64 = 7 * DAY_MS;

/// What a pass of the retention has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Raw documents that a newer answer had superseded.
    pub documents: u64,
    /// Jobs that had ended, with their windows.
    pub jobs: u64,
    /// Batches without a job.
    pub batches: u64,
    /// Notices that nobody had taken up.
    pub notices: u64,
}

/// Milliseconds until an account is looked at again: the interval, spread by up to `jitter_percent` to either side, so
/// that accounts which were connected together do not stay together. `turn` is a number that differs by look.
fn next_in_ms(link: LinkId, turn: i64, every_ms: i64, jitter_percent: i32) -> i64 {
    let width = every_ms * i64::from(jitter_percent.clamp(0, 50)) / 100;
    every_ms - width + share(link, turn, 2 * width + 1)
}

/// A number below `of` that is as good as random, the same for the same account and turn.
fn share(link: LinkId, turn: i64, of: i64) -> i64 {
    // The finaliser of splitmix64: ids of accounts made together differ in few bits.
    let mut x = link.0.cast_unsigned() ^ turn.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) % of.max(1).unsigned_abs()).cast_signed()
}

impl SyncPolicy {
    /// Milliseconds between two incremental syncs of an account.
    #[must_use]
    pub fn sync_every_ms(&self, push: PushState) -> i64 {
        match push {
            PushState::Active => self.incremental_with_push_every_ms,
            PushState::None | PushState::Failed => self.incremental_every_ms,
        }
    }
}

impl SyncEngine {
    /// Writes an incremental job for every account whose time has come; returns how many jobs were written.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_due_syncs(&self) -> Result<usize, SyncError> {
        self.request_due(Look::Sync).await
    }

    /// Writes a deep job for every account whose time has come: its last weeks once more, closed days too. An account
    /// that was never looked at gets a time within the first interval, by its id, so that the deep re-reads of all
    /// accounts are spread evenly. Returns how many jobs were written.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_due_deeps(&self) -> Result<usize, SyncError> {
        self.request_due(Look::Deep).await
    }

    async fn request_due(&self, look: Look) -> Result<usize, SyncError> {
        let mut written = 0;
        for _ in 0..BUNCHES {
            let now = self.now();
            let taken = now.plus(self.policy.lease_ms.max(TAKEN_MS));
            let due = self.store.take_due_links(look, taken, BUNCH, now).await?;
            let is_last = (due.len() as u64) < BUNCH;
            let next: Vec<_> =
                due.iter().map(|(link, came)| (link.id, self.next_look(look, link, *came))).collect();
            for some in due.chunks(AT_ONCE) {
                let mut asked = JoinSet::new();
                for (link, came) in some.iter().cloned() {
                    let engine = self.clone();
                    asked.spawn(async move {
                        let jobs = engine.request_scheduled(look, &link, came).await;
                        // One account must not keep the others waiting; it is tried again at its next time.
                        jobs.inspect_err(|error| {
                            tracing::warn!(link = %link.id, %error, "a scheduled job could not be written");
                        })
                    });
                }
                written += asked.join_all().await.into_iter().flatten().sum::<usize>();
            }
            self.store.set_next_looks(look, taken, &next).await?;
            if is_last {
                break;
            }
        }
        Ok(written)
    }

    fn next_look(&self, look: Look, link: &LinkedAccount, came: EpochMs) -> EpochMs {
        let now = self.now();
        match look {
            Look::Sync => {
                let every = self.policy.sync_every_ms(link.push);
                now.plus(next_in_ms(link.id, now.0 / every.max(1), every, self.policy.jitter_percent))
            }
            Look::Deep if came.0 == 0 => now.plus(1 + share(link.id, 0, self.policy.deep_every_ms)),
            // From the time that had come, so that the spread stays; a process that was off for long begins anew.
            Look::Deep => {
                let every = self.policy.deep_every_ms.max(1);
                came.plus(((now.0 - came.0).max(0) / every + 1) * every)
            }
        }
    }

    async fn request_scheduled(
        &self,
        look: Look,
        link: &LinkedAccount,
        came: EpochMs,
    ) -> Result<usize, SyncError> {
        let (kind, priority) = match look {
            Look::Sync => (JobKind::Incremental, Priority::Normal),
            Look::Deep if came.0 == 0 => return Ok(0),
            Look::Deep => (JobKind::Deep, Priority::Low),
        };
        if self.provider(link.provider).is_none() {
            return Ok(0);
        }
        // A job that still moves does the work of the next one too.
        let last = self.store.latest_job(link.user_id, link.id, kind).await?;
        if last.is_some_and(|job| !job.state.is_final()) {
            return Ok(0);
        }
        let request = JobRequest {
            user_id: link.user_id,
            link: Some(link.id),
            kind,
            metrics: Metric::all().collect(),
            days: None,
            priority,
            created_by: None,
            batch: None,
        };
        match self.request(&request).await? {
            RequestOutcome::Accepted(jobs) => Ok(jobs.len()),
            // The account was disconnected or lost its consent just now.
            _ => Ok(0),
        }
    }

    /// Removes superseded answers, jobs and notices that are older than the policy keeps them, some rows at a time.
    ///
    /// # Errors
    /// The store's own.
    pub async fn retain(&self) -> Result<Removed, SyncError> {
        let removed = Removed {
            documents: self.remove(Kept::Documents).await?,
            jobs: self.remove(Kept::Jobs).await?,
            batches: self.remove(Kept::Batches).await?,
            notices: self.remove(Kept::Notices).await?,
        };
        if removed != Removed::default() {
            tracing::info!(?removed, "removed what was kept long enough");
        }
        Ok(removed)
    }

    /// Repeats a removal until nothing is left to it, or enough was done for this time.
    async fn remove(&self, kept: Kept) -> Result<u64, SyncError> {
        let (store, now, policy) = (&self.store, self.now(), &self.policy);
        let mut removed = 0;
        for _ in 0..CHUNKS {
            let chunk = match kept {
                Kept::Documents => {
                    let outgrown = policy.keep_superseded_ms.min(KEEP_OUTGROWN_MS);
                    let (before, live) = (now.plus(-policy.keep_superseded_ms), now.plus(-outgrown));
                    store.drop_superseded(before, live, CHUNK).await?
                }
                Kept::Jobs => {
                    let live = policy.keep_jobs_ms.min(KEEP_LIVE_JOBS_MS);
                    store.drop_ended_jobs(now.plus(-policy.keep_jobs_ms), now.plus(-live), CHUNK / 4).await?
                }
                Kept::Batches => store.drop_empty_batches(now.plus(-policy.keep_jobs_ms), CHUNK).await?,
                Kept::Notices => store.drop_old_notices(now.plus(-KEEP_NOTICES_MS), CHUNK).await?,
            };
            removed += chunk;
            if chunk == 0 {
                break;
            }
        }
        Ok(removed)
    }
}

/// What is kept for a time only.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Documents,
    Jobs,
    Batches,
    Notices,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_spread_by_a_tenth_and_keep_their_mean() {
        let every = 15 * MINUTE_MS;
        let waits: Vec<i64> =
            (0..1_000).map(|id| next_in_ms(LinkId(1_795_000_000_000 + id), 7, every, 10)).collect();
        let (low, high) = (every - every / 10, every + every / 10);
        assert!(waits.iter().all(|wait| (low..=high).contains(wait)));
        let mean = waits.iter().sum::<i64>() / 1_000;
        assert!((mean - every).abs() < every / 100, "{mean}");
        let early = waits.iter().filter(|wait| **wait < every - every / 20).count();
        assert!((200..300).contains(&early), "a quarter is in the first quarter: {early}");
        assert_eq!(next_in_ms(LinkId(5), 1, every, 0), every);
        assert_ne!(next_in_ms(LinkId(5), 1, every, 10), next_in_ms(LinkId(5), 2, every, 10));
    }
}
