//! Leases: what was read is stored by the one who holds the window, once.

use std::sync::Arc;

use pulsekeep_core::{
    Clock,
    job::{JobKind, JobState},
};
use pulsekeep_sync::WindowResult;
use pulsekeep_testkit::{DATA_TABLES, on_each_engine};

use crate::harness::{GOOGLE, World, assert_done, hooked::Hooked};

on_each_engine! {
    async fn what_a_slow_worker_read_is_dropped_when_its_window_was_taken(db) {
        let world = Arc::new(World::start(db).await);
        let linked = world.linked(GOOGLE, "nora").await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        let due = world.engine.due(1).await.unwrap()[0].key;
        let outer = world.clone();
        let provider = Hooked::new(world.engine.provider(GOOGLE).unwrap()).after_fetch(move || {
            let world = outer.clone();
            async move {
                // The lease ends while the answer is on its way, and another worker takes the window.
                world.clock.advance(world.engine.policy().lease_ms);
                let (now, until) = (world.clock.now(), world.clock.now().plus(60_000));
                assert!(world.store().claim_window(due, "thief", until, now).await.unwrap().is_some());
            }
        });
        let slow = world.engine_with(provider);
        world.db.watch_writes(&DATA_TABLES).await;
        assert_eq!(slow.run_window(due, "slow").await.unwrap(), WindowResult::NotClaimed);
        assert!(world.db.writes().await.is_empty(), "nothing of it was stored");
        world.drain().await;
        assert_done(&world.job(job).await);
    }

    async fn what_is_read_for_a_job_that_was_cancelled_meanwhile_is_dropped(db) {
        let world = Arc::new(World::start(db).await);
        let linked = world.linked(GOOGLE, "nora").await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        let due = world.engine.due(1).await.unwrap()[0].key;
        let outer = world.clone();
        let provider = Hooked::new(world.engine.provider(GOOGLE).unwrap()).after_fetch(move || {
            let world = outer.clone();
            async move {
                world.engine.cancel(&pulsekeep_core::account::Viewer::system(), job).await.unwrap();
            }
        });
        world.db.watch_writes(&DATA_TABLES).await;
        let result = world.engine_with(provider).run_window(due, "worker").await.unwrap();
        assert_eq!(result, WindowResult::NotClaimed);
        assert!(world.db.writes().await.is_empty());
        let job = world.job(job).await;
        assert_eq!((job.state, job.windows_done), (JobState::Cancelled, 0));
    }

    async fn many_workers_of_two_processes_finish_a_backfill_together(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 1).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        world.outside.forget_requests().await;
        let engines = [world.engine.clone(), world.another_engine().await];
        let workers: Vec<_> = (0..8)
            .map(|i| {
                let engine = engines[i % 2].clone();
                tokio::spawn(async move {
                    let owner = format!("w{i}");
                    loop {
                        let due = engine.due(50).await.unwrap();
                        let Some(window) = due.get(i % due.len().max(1)) else { return };
                        engine.run_window(window.key, &owner).await.unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        world.drain().await;
        let job = world.job(job).await;
        assert_done(&job);
        assert_eq!(job.retries, 0);
        let asked = world.outside.requests("", &[]).await - world.outside.requests("evices", &[]).await;
        assert_eq!(job.requests_done, asked, "every request is counted once");
    }
}
