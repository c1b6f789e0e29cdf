//! Rate limits: a wait is a time in a row, costs no attempt, and ends by itself.

use pulsekeep_core::{
    Clock,
    job::{FailureCode, JobKind, JobState},
    time::{HOUR_MS, MINUTE_MS},
};
use pulsekeep_sync::{SyncPolicy, WindowResult};
use pulsekeep_testkit::{on_each_engine, on_sqlite};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, World, assert_done, policy};

on_each_engine! {
    async fn a_429_makes_the_whole_account_wait_and_costs_no_attempt(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        for (retry_after, expected) in [(None, None), (Some(17), Some(17_000..21_000))] {
            world.outside.faults(json!([{
                "kind": "too_many_requests", "retry_after": retry_after, "data_type": "steps", "count": 1,
            }])).await;
            let job = world.ask(&linked, JobKind::Incremental, None).await;
            for due in world.engine.due(100).await.unwrap() {
                world.engine.run_window(due.key, "worker").await.unwrap();
            }
            let waiting = world.job(job).await;
            assert_eq!((waiting.state, waiting.codes.as_slice()), (JobState::Waiting, &[FailureCode::RateLimited][..]));
            let wait = waiting.waiting_until.unwrap().0 - world.clock.now().0;
            assert!(expected.unwrap_or(1..MINUTE_MS + 5_000).contains(&wait), "{wait}");
            let refused = world.outside.requests("", &[429]).await;
            assert_eq!(refused, 1, "nobody else asks while the account waits");
            world.drain().await;
            let done = world.job(job).await;
            assert_done(&done);
            assert_eq!(done.retries, 1, "the refused request was made again");
            assert!(world.windows(&done).await.iter().all(|window| window.attempt == 1));
            world.outside.forget_requests().await;
        }
    }

    async fn a_backfill_leaves_the_reserve_of_the_hour_to_live_sync(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(HOUR_MS);
        world.outside.forget_requests().await;
        let days = world.ago(linked.user, 30, 1).await;
        let backfill = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        while world.engine.work_due("worker", 50).await.unwrap() > 0 {}
        let held = world.job(backfill).await;
        assert_eq!((held.state, held.codes.as_slice()), (JobState::Waiting, &[FailureCode::RateLimited][..]));
        assert_eq!(world.outside.requests("", &[]).await, 120, "150 without a fifth");
        let hour = world.clock.now().0 - world.clock.now().0.rem_euclid(HOUR_MS);
        let until = held.waiting_until.unwrap().0;
        assert!((hour + HOUR_MS..hour + HOUR_MS + MINUTE_MS).contains(&until));

        let live = world.ask(&linked, JobKind::Incremental, None).await;
        while world.engine.work_due("worker", 50).await.unwrap() > 0 {}
        assert_done(&world.job(live).await);
        assert_eq!(world.job(backfill).await.state, JobState::Waiting);
        assert!(world.clock.now().0 < hour + HOUR_MS);

        world.drain().await;
        let done = world.job(backfill).await;
        assert_done(&done);
        assert_eq!((done.retries, world.outside.requests("", &[429]).await), (0, 0));
    }

    async fn no_row_is_written_for_a_request(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(HOUR_MS / 2);
        world.outside.forget_requests().await;
        world.db.watch_writes(&["rate_budget"]).await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        while world.engine.work_due("worker", 50).await.unwrap() > 0 {}
        assert_done(&world.job(job).await);
        let asked = world.outside.requests("", &[]).await;
        let written: usize = world.db.writes().await.values().sum();
        assert!(asked >= 20 && written <= 2 + usize::try_from(asked).unwrap() / 5, "{written} for {asked}");
    }

    async fn what_a_process_does_not_need_goes_back(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(HOUR_MS + HOUR_MS / 2);
        world.outside.forget_requests().await;
        let used = async || world.engine.budget(linked.link, FITBIT).await.unwrap().used;
        for at_the_end in [false, true] {
            world.ask(&linked, JobKind::Incremental, None).await;
            let due = world.engine.due(1).await.unwrap()[0].key;
            world.engine.run_window(due, "worker").await.unwrap();
            assert!(used().await > world.outside.requests("", &[]).await, "a slice is leased");
            if at_the_end {
                world.engine.give_back_budgets().await.unwrap();
            } else {
                world.clock.advance(world.engine.policy().lease_ms);
                world.engine.due(1).await.unwrap();
            }
            assert_eq!(used().await, world.outside.requests("", &[]).await);
        }
    }

    async fn a_429_closes_the_account_for_other_processes_at_their_next_lease(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let other = world.another_engine().await;
        world.clock.advance(MINUTE_MS / 2);
        world.ask(&linked, JobKind::Incremental, None).await;
        let due = world.engine.due(2).await.unwrap();
        world.outside.faults(json!([{ "kind": "too_many_requests", "retry_after": 900, "count": 1 }])).await;
        world.engine.run_window(due[0].key, "worker").await.unwrap();
        world.outside.forget_requests().await;
        // Windows written later were not put off with the others.
        world.ask(&linked, JobKind::Backfill, Some(world.ago(linked.user, 9, 8).await)).await;
        let window = other.due(1).await.unwrap()[0].key;
        let WindowResult::Deferred(until) = other.run_window(window, "other").await.unwrap() else {
            panic!("it was to wait")
        };
        assert!(until.0 - world.clock.now().0 > 800_000);
        assert!(other.due(9).await.unwrap().is_empty(), "the others were put off with it");
        assert_eq!(world.outside.requests("", &[]).await, 0);
        let view = other.budget(linked.link, GOOGLE).await.unwrap();
        assert!(view.blocked_until.is_some() && view.limit == 300 && view.reserve == 60);
    }

    async fn the_apps_budget_is_shared_by_all_accounts_and_processes(db) {
        let policy = SyncPolicy { google_app_per_minute: 25, ..policy() };
        let world = World::with_policy(db, policy).await;
        let linked = [world.linked(GOOGLE, "nora").await, world.linked(GOOGLE, "ilse").await];
        world.clock.advance(MINUTE_MS / 2);
        let mut jobs = Vec::new();
        for linked in &linked {
            jobs.push(world.ask(linked, JobKind::Incremental, None).await);
        }
        world.outside.forget_requests().await;
        let engines = [world.engine.clone(), world.another_engine().await];
        for (i, due) in world.engine.due(200).await.unwrap().into_iter().enumerate() {
            engines[i % 2].run_window(due.key, "worker").await.unwrap();
        }
        let asked = world.outside.requests("", &[]).await;
        assert!((20..=25).contains(&asked), "{asked}");
        world.drain().await;
        for job in jobs {
            assert_done(&world.job(job).await);
        }
    }

    async fn many_workers_together_keep_within_the_budget(db) {
        let world = World::with_policy(db, SyncPolicy { fitbit_per_hour: 20, ..policy() }).await;
        world.outside.switches(json!({ "fitbit_requests_per_hour": 20 })).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(HOUR_MS);
        world.outside.forget_requests().await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        let engines = [world.engine.clone(), world.another_engine().await];
        let mut runs = Vec::new();
        for (i, due) in world.engine.due(100).await.unwrap().into_iter().enumerate() {
            let engine = engines[i % 2].clone();
            runs.push(tokio::spawn(async move { engine.run_window(due.key, &format!("w{i}")).await }));
        }
        for run in runs {
            run.await.unwrap().unwrap();
        }
        assert_eq!(world.outside.requests("", &[429]).await, 0);
        assert_eq!(world.outside.requests("", &[]).await, 20);
        world.drain().await;
        assert_done(&world.job(job).await);
        assert_eq!(world.outside.requests("", &[429]).await, 0);
    }
}

#[test]
fn what_other_clients_used_counts_too() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(HOUR_MS);
        world.outside.switches(json!({ "fitbit_requests_per_hour": 10 })).await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        while world.engine.work_due("worker", 50).await.unwrap() > 0 {}
        assert_eq!(world.outside.requests("", &[429]).await, 0, "the headers say that ten are all");
        assert_eq!(world.job(job).await.state, JobState::Waiting);
        world.drain().await;
        assert_done(&world.job(job).await);
    });
}
