//! The schedule: deep re-reads spread over the week, and retention.

use pulsekeep_core::{
    Clock as _, Metric,
    account::{PushState, Viewer},
    job::{JobKind, JobState, Priority},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days, next_day},
};
use pulsekeep_store::JobFilter;
use pulsekeep_sync::{JobRequest, SyncPolicy};
use pulsekeep_testkit::{on_each_engine, on_sqlite};

use crate::harness::{FITBIT, GOOGLE, World, policy};

on_each_engine! {
    async fn each_account_is_read_deeply_once_a_week_at_its_own_time(db) {
        let world = World::start(db).await;
        let (nora, ilse) = (world.linked(GOOGLE, "nora").await, world.linked(FITBIT, "ilse").await);
        let engine = &world.engine;
        assert_eq!(engine.request_due_deeps().await.unwrap(), 0, "they only get their times");
        let mut written = Vec::new();
        for _ in 0..14 {
            world.clock.advance(DAY_MS / 2);
            written.push(engine.request_due_deeps().await.unwrap());
        }
        assert_eq!(written.iter().sum::<usize>(), 2, "{written:?}");
        for linked in [&nora, &ilse] {
            let job = world.store().latest_job(linked.user, linked.link, JobKind::Deep).await.unwrap().unwrap();
            assert_eq!((job.priority, job.days.len()), (Priority::Low, 30));
        }
        world.drain().await;
        world.clock.advance(7 * DAY_MS);
        assert_eq!(engine.request_due_deeps().await.unwrap(), 2, "and again the week after");
    }

    async fn two_processes_share_the_accounts_that_are_due(db) {
        let world = World::start(db).await;
        for person in ["nora", "ilse"] {
            world.linked(if person == "nora" { GOOGLE } else { FITBIT }, person).await;
        }
        let other = world.another_engine().await;
        let (one, two) = tokio::join!(world.engine.request_due_syncs(), other.request_due_syncs());
        assert_eq!(one.unwrap() + two.unwrap(), 2);
        let filter = JobFilter { limit: 99, states: vec![JobState::Planned], ..JobFilter::default() };
        assert_eq!(world.store().jobs(&Viewer::system(), &filter).await.unwrap().len(), 2);
    }

    async fn what_is_kept_long_enough_is_removed_and_the_newest_stays(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let first = world.backfill(&linked, days).await;
        world.db.execute("UPDATE raw_document SET superseded_at = fetched_at WHERE endpoint = 'google.steps.day'").await;
        let second = world.backfill(&linked, world.ago(linked.user, 30, 28).await).await;
        let removed = world.engine.retain().await.unwrap();
        assert_eq!((removed.documents, removed.jobs), (0, 0), "nothing is old");
        world.clock.advance(31 * DAY_MS);
        let documents = world.db.count("raw_document").await;
        let removed = world.engine.retain().await.unwrap();
        assert!(removed.documents > 0 && removed.jobs == 0, "{removed:?}");
        assert_eq!(world.db.count("raw_document").await, documents - usize::try_from(removed.documents).unwrap());
        world.clock.advance(60 * DAY_MS);
        assert!(world.engine.retain().await.unwrap().jobs > 0);
        let viewer = Viewer::system();
        assert_eq!(world.store().job(&viewer, first.id).await.unwrap(), None);
        assert!(world.store().job(&viewer, second.id).await.unwrap().is_some(), "the newest of its kind");
        assert_eq!(world.store().windows(first.user_id, first.id).await.unwrap(), []);
        // What coverage says of a job that is gone leads nowhere, and does no harm.
        let person = world.person(&linked).await;
        let rows = person.coverage(&first.metrics, days).await.unwrap();
        assert!(rows.iter().any(|row| row.job_id == Some(first.id)));
        assert!(person.days_asked(&rows).await.unwrap().keys().all(|(job, _)| *job != first.id));
    }
}

/// Bytes of the answers that are kept about these days, as they are packed on arrival.
async fn raw_bytes(world: &World, days: DayRange) -> i64 {
    let (from, to) = (days.start, days.end);
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(LENGTH(body)), 0) AS TEXT) FROM raw_document \
         WHERE from_day >= '{from}' AND from_day < '{to}' AND endpoint LIKE '%minute'"
    );
    world.db.texts(&sql).await.concat().parse().unwrap()
}

#[test]
fn days_that_were_followed_every_quarter_of_an_hour_keep_no_more_than_a_backfill_of_them() {
    on_sqlite(|db| async move {
        let metrics = vec![Metric::HeartRate, Metric::Steps];
        let world = World::start(db).await;
        let nora = world.linked(GOOGLE, "nora").await;
        let today = world.today(nora.user).await;
        let days = DayRange { start: next_day(today), end: add_days(today, 3) };
        let sync = async || {
            let request =
                JobRequest { metrics: metrics.clone(), ..world.request(&nora, JobKind::Incremental, None) };
            world.engine.request(&request).await.unwrap();
            world.drain().await;
        };
        while world.today(nora.user).await < days.end {
            sync().await;
            world.clock.advance(15 * MINUTE_MS);
        }
        let before = raw_bytes(&world, days).await;
        // A last look at them, and what the newest answers have outgrown goes.
        world.clock.advance(DAY_MS);
        sync().await;
        world.clock.advance(2 * HOUR_MS);
        world.engine.retain().await.unwrap();
        let live = raw_bytes(&world, days).await;

        let beside = World::start(world.db.beside().await).await;
        beside.clock.set(world.clock.now());
        let other = beside.linked(GOOGLE, "nora").await;
        beside.backfill_of(&other, &metrics, days).await;
        let once = raw_bytes(&beside, days).await;
        assert!(once > 0 && before > 10 * once, "{before} bytes before, {once} for a backfill");
        assert!(live <= once, "{live} bytes, {once} for a backfill");
    });
}

#[test]
fn an_account_whose_provider_notifies_is_looked_at_rarely() {
    let usual = SyncPolicy::default();
    assert!(usual.sync_every_ms(PushState::Active) > usual.sync_every_ms(PushState::Failed));
    on_sqlite(|db| async {
        let world = World::with_policy(db, SyncPolicy { jitter_percent: 0, ..policy() }).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.db.execute("UPDATE linked_account SET subscription = 'active'").await;
        world.engine.request_due_syncs().await.unwrap();
        let next = world.link(&linked).await.next_sync_at;
        assert_eq!(next, world.engine.now().plus(world.engine.policy().incremental_with_push_every_ms));
    });
}
