//! Asking and steering: ranges, people without a link, pause, resume, cancel, retry.

use jiff::civil::date;
use pulsekeep_core::{
    Metric,
    account::{Role, Viewer},
    coverage::CoverageState,
    job::{JobKind, JobState},
    time::{DayRange, DayRangeError, add_days},
};
use pulsekeep_store::JobFilter;
use pulsekeep_sync::{JobAction, RequestOutcome, SyncError, SyncPolicy};
use pulsekeep_testkit::{build, on_each_engine, on_sqlite};

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done, policy};

on_each_engine! {
    async fn days_that_cannot_be_asked_for_are_refused_in_a_sentence_and_write_nothing(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let (today, jobs) = (world.today(linked.user).await, world.db.count("sync_job").await);
        let ranges = [
            (date(2026, 11, 5), date(2026, 11, 1), "swap the two dates"),
            (date(2026, 11, 1), add_days(today, 2), "lies in the future"),
            (date(2010, 1, 1), add_days(today, 1), "ask for at most"),
        ];
        for (start, end, sentence) in ranges {
            let request = world.request(&linked, JobKind::Backfill, Some(DayRange { start, end }));
            let RequestOutcome::Range(error) = world.engine.request(&request).await.unwrap() else {
                panic!("{start} – {end} was accepted")
            };
            assert!(error.to_string().contains(sentence), "{error}");
            assert_eq!(world.engine.plan(&request).await.unwrap().unwrap_err(), RequestOutcome::Range(error));
        }
        let future = DayRange::one(add_days(today, 1));
        let request = world.request(&linked, JobKind::Backfill, Some(future));
        let expected = DayRangeError::Future { to: add_days(today, 1), today };
        assert_eq!(world.engine.request(&request).await.unwrap(), RequestOutcome::Range(expected));
        assert_eq!(world.db.count("sync_job").await, jobs);
    }

    async fn a_person_without_an_account_is_told_so_and_an_unknown_one_is_an_error(db) {
        let world = World::start(db).await;
        let user = build::member(world.store(), "ada").await.id;
        let nobody = Linked { user, link: pulsekeep_core::id::LinkId(1) };
        let mut request = world.request(&nobody, JobKind::Incremental, None);
        for link in [None, Some(nobody.link)] {
            request.link = link;
            assert_eq!(world.engine.request(&request).await.unwrap(), RequestOutcome::NotLinked);
        }
        request.user_id = pulsekeep_core::id::UserId(1);
        assert!(matches!(world.engine.request(&request).await, Err(SyncError::UserNotFound)));
    }

    async fn a_job_is_paused_resumed_and_cancelled_by_whom_it_belongs_to(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let owner = Viewer::session(linked.user, Role::Member);
        let stranger = Viewer::session(build::member(world.store(), "bob").await.id, Role::Member);
        let days = world.ago(linked.user, 20, 8).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        let engine = &world.engine;
        assert_eq!(engine.pause(&stranger, job).await.unwrap(), JobAction::NotFound);
        assert!(matches!(engine.resume(&owner, job).await.unwrap(), JobAction::NotPossible(_)));
        assert_eq!(engine.work_due("worker", 3).await.unwrap(), 3);
        assert_eq!(engine.pause(&owner, job).await.unwrap(), JobAction::Accepted);
        assert!(matches!(engine.pause(&owner, job).await.unwrap(), JobAction::NotPossible(_)));
        world.drain().await;
        let held = world.job(job).await;
        assert_eq!((held.state, held.windows_done), (JobState::Paused, 3));
        assert_eq!(engine.resume(&owner, job).await.unwrap(), JobAction::Accepted);
        world.drain().await;
        assert_done(&world.job(job).await);
        assert!(matches!(engine.cancel(&owner, job).await.unwrap(), JobAction::NotPossible(_)));
        assert!(matches!(engine.retry(&owner, job).await.unwrap(), JobAction::NotPossible(_)));
    }

    async fn the_days_of_a_cancelled_job_wait_for_nothing(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 8).await;
        let metrics: Vec<Metric> = Metric::all().collect();
        let pending = async || {
            let rows = world.person(&linked).await.coverage(&metrics, days).await.unwrap();
            rows.iter().filter(|row| row.state == CoverageState::Pending).count()
        };
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        assert!(pending().await > 100);
        world.engine.work_due("worker", 3).await.unwrap();
        assert_eq!(world.engine.cancel(&Viewer::system(), job).await.unwrap(), JobAction::Accepted);
        assert_eq!(pending().await, 0);
        world.drain().await;
        assert_eq!(world.job(job).await.state, JobState::Cancelled);
        let days_read = world.person(&linked).await.coverage(&metrics, days).await.unwrap();
        assert!(!days_read.is_empty(), "what it had read stays");
    }
}

#[test]
fn the_schedule_asks_each_account_once_a_quarter_and_makes_up_for_what_it_missed() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let (nora, ilse) = (world.linked(GOOGLE, "nora").await, world.linked(FITBIT, "ilse").await);
        world.clock.advance(world.engine.policy().incremental_every_ms);
        assert_eq!(world.engine.request_due_syncs().await.unwrap(), 2);
        assert_eq!(world.engine.request_due_syncs().await.unwrap(), 0, "they still move");
        world.drain().await;
        assert_eq!(world.engine.request_due_syncs().await.unwrap(), 0);
        world.engine.disconnect(&Viewer::system(), ilse.link).await.unwrap();
        world.clock.advance(3 * 3_600_000);
        assert_eq!(world.engine.request_due_syncs().await.unwrap(), 1, "once, however many were missed");
        let filter = JobFilter { user_id: Some(nora.user), limit: 9, ..JobFilter::default() };
        let jobs = world.store().jobs(&Viewer::system(), &filter).await.unwrap();
        assert_eq!(jobs[0].state, JobState::Planned);
    });
}

#[test]
fn connecting_backfills_as_far_as_the_policy_says() {
    on_sqlite(|db| async {
        let world = World::with_policy(db, SyncPolicy { first_backfill_days: 10, ..policy() }).await;
        let user = build::member(world.store(), "nora").await.id;
        let linked = world.connected(user, GOOGLE, "nora").await;
        let backfill = world.store().latest_job(user, linked.link, JobKind::Backfill).await.unwrap().unwrap();
        assert_eq!(backfill.days, world.ago(user, 9, 0).await);
        world.drain().await;
        assert_done(&world.job(backfill.id).await);
    });
}
