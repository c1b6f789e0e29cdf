//! Sync jobs: how their state follows from their windows.

use jiff::civil::date;
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Viewer},
    id::{JobId, LinkId, UserId},
    job::{FailureCode, JobKind, JobState, Priority},
    time::DayRange,
};
use pulsekeep_store::{NewJob, NewWindow, Spent, SyncJob, WindowKey, WriteTx};
use pulsekeep_testkit::{TestDatabase, build, now, on_each_engine};

pub(crate) const MINUTE: i64 = 60_000;

/// A job of a person.
pub(crate) struct Job {
    pub(crate) user: UserId,
    pub(crate) link: LinkId,
    pub(crate) id: JobId,
}

impl Job {
    pub(crate) fn window(&self, seq: i32) -> WindowKey {
        WindowKey { user: self.user, job: self.id, seq }
    }

    pub(crate) async fn read(&self, db: &TestDatabase) -> SyncJob {
        db.store().job(&Viewer::system(), self.id).await.unwrap().unwrap()
    }
}

/// A new job of so many windows for `user`'s `link`.
pub(crate) async fn job_for(
    db: &TestDatabase,
    user: UserId,
    link: LinkId,
    windows: usize,
    priority: Priority,
) -> Job {
    let new = NewJob {
        user_id: user,
        link_id: link,
        kind: JobKind::Backfill,
        priority,
        metrics: vec![Metric::Steps, Metric::Sleep],
        days: DayRange { start: date(2026, 11, 1), end: date(2026, 11, 8) },
        requests_expected: 7,
        requests_at_most: 9,
        batch: None,
        created_by: None,
        windows: vec![
            NewWindow {
                endpoint: "google.steps.minute",
                days: DayRange::one(date(2026, 11, 1)),
                held: false
            };
            windows
        ],
    };
    let mut tx = db.store().write().await.unwrap();
    let id = tx.create_job(new, now()).await.unwrap();
    tx.commit().await.unwrap();
    Job { user, link, id }
}

pub(crate) async fn job(db: &TestDatabase, windows: usize) -> Job {
    let user = build::member(db.store(), "ada").await.id;
    let link = build::link(db.store(), user, ProviderKey::GoogleHealth, "g-1").await.id;
    job_for(db, user, link, windows, Priority::Low).await
}

pub(crate) async fn claim(db: &TestDatabase, key: WindowKey) -> bool {
    db.store().claim_window(key, "w", now().plus(MINUTE), now()).await.unwrap().is_some()
}

/// Does something in a transaction of its own.
pub(crate) async fn commit(db: &TestDatabase, act: impl AsyncFnOnce(&mut WriteTx)) {
    let mut tx = db.store().write().await.unwrap();
    act(&mut tx).await;
    tx.commit().await.unwrap();
}

async fn finish(db: &TestDatabase, key: WindowKey, outcome: Result<(), FailureCode>) {
    commit(db, async |tx| tx.finish_window(key, outcome, 2, now()).await.unwrap()).await;
}

async fn set(db: &TestDatabase, job: &Job, state: JobState) {
    commit(db, async |tx| tx.set_job_state(job.user, job.id, state, now()).await.unwrap()).await;
}

on_each_engine! {
    async fn a_job_runs_waits_and_is_done(db) {
        let job = job(&db, 2).await;
        let fresh = job.read(&db).await;
        assert_eq!((fresh.state, fresh.started_at, fresh.finished_at), (JobState::Planned, None, None));
        assert_eq!((fresh.windows_total, fresh.requests_expected), (2, 7));
        assert_eq!(fresh.metrics, [Metric::Steps, Metric::Sleep]);

        assert!(claim(&db, job.window(0)).await);
        assert_eq!(job.read(&db).await.state, JobState::Running);
        finish(&db, job.window(0), Ok(())).await;
        let half = job.read(&db).await;
        assert_eq!((half.state, half.windows_done, half.requests_done), (JobState::Running, 1, 2));

        assert!(claim(&db, job.window(1)).await);
        let later = now().plus(5 * MINUTE);
        commit(&db, async |tx| {
            tx.defer_window(job.window(1), later, FailureCode::RateLimited, (1, false), now()).await.unwrap();
        }).await;
        let waiting = job.read(&db).await;
        assert_eq!((waiting.state, waiting.waiting_until), (JobState::Waiting, Some(later)));
        assert_eq!((waiting.codes, waiting.retries, waiting.requests_done), (vec![FailureCode::RateLimited], 0, 3));

        let claimed = db.store().claim_window(job.window(1), "w", later.plus(MINUTE), later).await.unwrap().unwrap();
        assert_eq!(claimed.window.attempt, 1, "waiting for the budget is no failed attempt");
        finish(&db, job.window(1), Ok(())).await;
        let done = job.read(&db).await;
        assert_eq!((done.state, done.windows_done, done.finished_at), (JobState::Done, 2, Some(now())));
        assert_eq!((done.codes, done.waiting_until), (vec![], None));
    }

    async fn a_retry_counts_and_says_why(db) {
        let job = job(&db, 1).await;
        assert!(claim(&db, job.window(0)).await);
        commit(&db, async |tx| {
            let at = now().plus(MINUTE);
            tx.defer_window(job.window(0), at, FailureCode::ProviderError, (Spent { requests: 1, retries: 1 }, true), now()).await.unwrap();
        }).await;
        let waiting = job.read(&db).await;
        assert_eq!((waiting.state, waiting.retries), (JobState::Waiting, 1));
        assert_eq!(waiting.codes, [FailureCode::ProviderError]);
        let at = now().plus(MINUTE);
        let again = db.store().claim_window(job.window(0), "w", at.plus(MINUTE), at).await.unwrap().unwrap();
        assert_eq!(again.window.attempt, 2);
    }

    async fn some_windows_given_up_are_gaps_and_all_are_a_failure(db) {
        let job = job(&db, 2).await;
        for seq in 0..2 {
            assert!(claim(&db, job.window(seq)).await);
        }
        finish(&db, job.window(0), Err(FailureCode::Gone)).await;
        finish(&db, job.window(1), Ok(())).await;
        let gaps = job.read(&db).await;
        assert_eq!((gaps.state, gaps.windows_failed), (JobState::DoneWithGaps, 1));
        assert_eq!(gaps.codes, [FailureCode::Gone]);

        let failed = job_for(&db, job.user, job.link, 1, Priority::Low).await;
        assert!(claim(&db, failed.window(0)).await);
        finish(&db, failed.window(0), Err(FailureCode::MissingScope)).await;
        assert_eq!(failed.read(&db).await.state, JobState::Failed);
    }

    async fn a_job_without_windows_is_done(db) {
        let job = job(&db, 0).await;
        let done = job.read(&db).await;
        assert_eq!((done.state, done.finished_at), (JobState::Done, Some(now())));
    }

    async fn a_paused_job_starts_nothing_finishes_what_runs_and_goes_on(db) {
        let job = job(&db, 3).await;
        assert!(claim(&db, job.window(0)).await);
        set(&db, &job, JobState::Paused).await;
        assert_eq!(job.read(&db).await.state, JobState::Paused);
        assert!(!claim(&db, job.window(1)).await);
        assert_eq!(db.store().due_windows(now(), 10).await.unwrap(), []);
        assert_eq!(db.store().next_due_at().await.unwrap(), None);
        finish(&db, job.window(0), Ok(())).await;
        let held = job.read(&db).await;
        assert_eq!((held.state, held.windows_done), (JobState::Paused, 1));
        set(&db, &job, JobState::Planned).await;
        assert_eq!(job.read(&db).await.state, JobState::Running, "it had started");
        assert!(claim(&db, job.window(1)).await);
    }

    async fn a_cancelled_job_ends_at_once_and_stays_so(db) {
        let job = job(&db, 3).await;
        assert!(claim(&db, job.window(0)).await);
        assert!(claim(&db, job.window(1)).await);
        finish(&db, job.window(1), Ok(())).await;
        set(&db, &job, JobState::Cancelled).await;
        let cancelled = job.read(&db).await;
        assert_eq!((cancelled.state, cancelled.finished_at), (JobState::Cancelled, Some(now())));
        assert_eq!(cancelled.windows_done, 1, "what was not read is not counted as read");
        assert!(!claim(&db, job.window(2)).await);
        let tx = db.store().write().await.unwrap();
        assert!(!tx.holds_lease(job.window(0), "w").await.unwrap(), "what is under way is dropped");
    }

    async fn failed_windows_become_due_again_and_are_as_good_as_new(db) {
        let job = job(&db, 2).await;
        for (seq, outcome) in [(0, Ok(())), (1, Err(FailureCode::ProviderError))] {
            assert!(claim(&db, job.window(seq)).await);
            finish(&db, job.window(seq), outcome).await;
        }
        let mut tx = db.store().write().await.unwrap();
        assert_eq!(tx.retry_failed_windows(job.user, job.id, now()).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let again = job.read(&db).await;
        assert_eq!((again.state, again.windows_failed, again.finished_at), (JobState::Running, 0, None));
        assert_eq!(again.codes, [], "an old reason is no reason now");
        assert_eq!(db.store().next_due_at().await.unwrap(), Some(now()));
        let claimed = db.store().claim_window(job.window(1), "w", now().plus(MINUTE), now()).await.unwrap().unwrap();
        assert_eq!(claimed.window.attempt, 1);
    }

    async fn losing_an_account_ends_its_windows_in_all_jobs_and_a_retry_can_run_at_once(db) {
        let first = job(&db, 2).await;
        let second = job_for(&db, first.user, first.link, 1, Priority::High).await;
        assert!(claim(&db, first.window(0)).await);
        commit(&db, async |tx| {
            tx.fail_link(first.user, first.link, FailureCode::NeedsConsent, now()).await.unwrap();
        }).await;
        for job in [&first, &second] {
            let failed = job.read(&db).await;
            assert_eq!((failed.state, failed.codes), (JobState::Failed, vec![FailureCode::NeedsConsent]));
        }
        let mut tx = db.store().write().await.unwrap();
        assert!(!tx.holds_lease(first.window(0), "w").await.unwrap());
        tx.retry_failed_windows(first.user, first.id, now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(db.store().next_due_at().await.unwrap(), Some(now()), "no lease of before is waited for");
    }
}
