//! Access tokens: refreshed once, whatever happens around it.

use std::sync::Arc;

use pulsekeep_core::{
    Clock,
    account::LinkState,
    job::{FailureCode, JobKind, JobState, WindowState},
    time::{DAY_MS, HOUR_MS},
};
use pulsekeep_sync::{SyncError, TokenKind, VaultError, WindowResult};
use pulsekeep_testkit::{on_each_engine, on_sqlite};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, World, assert_done, hooked::Hooked};

/// Longer than any access token lives.
const LATER: i64 = 9 * HOUR_MS;

on_each_engine! {
    async fn an_expired_access_token_is_refreshed_once(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            world.outside.forget_requests().await;
            assert_done(&world.incremental(&linked).await);
            assert_eq!(world.outside.requests("/token", &[]).await, 0);
            world.clock.advance(LATER);
            assert_done(&world.incremental(&linked).await);
            assert_eq!(world.outside.requests("/token", &[200]).await, 1, "{provider}");
            assert_eq!(world.outside.requests("", &[401]).await, 0, "it was renewed before it was refused");
        }
    }

    async fn of_twenty_windows_in_two_processes_one_refreshes(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(LATER);
        let days = world.ago(linked.user, 9, 1).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        world.outside.forget_requests().await;
        let engines = [world.engine.clone(), world.another_engine().await];
        let mut runs = Vec::new();
        for (i, due) in world.engine.due(20).await.unwrap().into_iter().enumerate() {
            let engine = engines[i % 2].clone();
            runs.push(tokio::spawn(async move { engine.run_window(due.key, &format!("w{i}")).await }));
        }
        assert_eq!(runs.len(), 20);
        for run in runs {
            run.await.unwrap().unwrap();
        }
        assert_eq!(world.outside.requests("/token", &[]).await, 1);
        world.drain().await;
        assert_done(&world.job(job).await);
        assert_eq!(world.outside.requests("/token", &[]).await, 1);
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
    }

    async fn of_a_hundred_who_refresh_in_two_processes_one_asks(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(LATER);
        let job = world.ask(&linked, JobKind::Backfill, Some(world.ago(linked.user, 60, 1).await)).await;
        world.outside.forget_requests().await;
        let engines = [world.engine.clone(), world.another_engine().await];
        let due = world.engine.due(100).await.unwrap();
        let keys: Vec<_> = (0..100).map(|i| due[i % due.len()].key).collect();
        let start = Arc::new(tokio::sync::Barrier::new(keys.len()));
        let mut runs = Vec::new();
        for (i, key) in keys.into_iter().enumerate() {
            let (engine, start) = (engines[i % 2].clone(), start.clone());
            runs.push(tokio::spawn(async move {
                start.wait().await;
                engine.run_window(key, &format!("w{i}")).await
            }));
        }
        for run in runs {
            run.await.unwrap().unwrap();
        }
        assert_eq!(world.outside.requests("/token", &[]).await, 1);
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        let waiting = world.job(job).await;
        assert!(world.windows(&waiting).await.iter().all(|w| w.attempt <= 1), "a wait costs no attempt");
        world.drain().await;
        let done = world.job(job).await;
        assert_done(&done);
        assert_eq!((world.outside.requests("/token", &[]).await, done.retries), (1, 0));
    }

    async fn windows_that_wait_for_a_token_come_back_when_it_is_there(db) {
        let world = Arc::new(World::start(db).await);
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(LATER);
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        let due = world.engine.due(2).await.unwrap();
        let (first, second) = (due[0].key, due[1].key);
        let other = world.another_engine().await;
        let outer = world.clone();
        let provider = Hooked::new(world.engine.provider(FITBIT).unwrap()).after_refresh(move || {
            let (world, other) = (outer.clone(), other.clone());
            async move {
                let waits = other.run_window(second, "other").await.unwrap();
                assert!(matches!(waits, WindowResult::Deferred(_)), "{waits:?}");
                assert_eq!(world.job(job).await.codes, [FailureCode::TokenBusy]);
            }
        });
        world.engine_with(provider).run_window(first, "worker").await.unwrap();
        let job = world.job(job).await;
        let windows = world.windows(&job).await;
        let woken = windows.iter().find(|window| window.key == second).unwrap();
        assert_eq!((woken.next_run_at, woken.attempt), (world.clock.now(), 0));
    }

    async fn a_worker_that_is_killed_between_answer_and_commit_costs_no_consent(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            world.clock.advance(LATER);
            let answered = Arc::new(tokio::sync::Notify::new());
            let hook = answered.clone();
            let hooked = Hooked::new(world.engine.provider(provider).unwrap()).after_refresh(move || {
                hook.notify_one();
                std::future::pending()
            });
            let killed = world.engine_with(hooked);
            // Planning a backfill asks for nothing, so that the first window is the one that renews the token.
            let days = world.ago(linked.user, 2, 1).await;
            let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
            let due = killed.due(1).await.unwrap()[0].key;
            let run = tokio::spawn(async move { killed.run_window(due, "killed").await });
            answered.notified().await;
            run.abort();
            assert!(run.await.unwrap_err().is_cancelled());
            world.drain().await;
            assert_done(&world.job(job).await);
            for _ in 0..2 {
                world.clock.advance(LATER);
                assert_done(&world.incremental(&linked).await);
            }
            assert_eq!(world.link(&linked).await.state, LinkState::Active);
        }
    }

    async fn an_answer_that_was_lost_before_its_commit_costs_no_consent(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            world.clock.advance(LATER);
            // Another worker asked, was answered, and died.
            let tokens = world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap();
            let sealed = tokens.refresh.unwrap();
            let refresh = world.vault().open(linked.link, TokenKind::Refresh, &sealed).unwrap();
            world.engine.provider(provider).unwrap().refresh(&refresh).await.unwrap();
            for _ in 0..3 {
                assert_done(&world.incremental(&linked).await);
                world.clock.advance(LATER);
            }
            assert_eq!(world.link(&linked).await.state, LinkState::Active);
        }
    }

    async fn with_another_vault_key_nothing_is_asked_and_nothing_is_lost(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.engine.check_vault().await.unwrap();
        let stranger = world.engine_with_key([9; 32]);
        let refusal = stranger.check_vault().await.unwrap_err();
        assert!(refusal.to_string().contains("VAULT__KEY"), "{refusal}");
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        world.outside.forget_requests().await;
        for expired in [0, LATER] {
            world.clock.advance(expired);
            let due = stranger.due(1).await.unwrap()[0].key;
            let error = stranger.run_window(due, "stranger").await.unwrap_err();
            assert!(matches!(error, SyncError::Vault(VaultError::UnknownKey)), "{error}");
            let job = world.job(job).await;
            let windows = world.windows(&job).await;
            let window = windows.iter().find(|window| window.key == due).unwrap();
            assert_eq!((window.state, window.code), (WindowState::Due, Some(FailureCode::Internal)));
            assert_eq!(window.attempt, 0, "it costs no attempt");
            assert!(window.next_run_at > world.clock.now(), "and turns in no circle");
        }
        assert_eq!(world.outside.requests("", &[]).await, 0);
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        world.drain().await;
        assert_done(&world.job(job).await);
    }

    async fn a_consent_that_comes_in_during_a_refresh_stays(db) {
        let world = Arc::new(World::start(db).await);
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(LATER);
        // While the old pair is renewed, the person connects again; then the answer arrives.
        let (outer, again) = (world.clone(), linked.clone());
        let provider = Hooked::new(world.engine.provider(FITBIT).unwrap()).after_refresh(move || {
            let (world, linked) = (outer.clone(), again.clone());
            async move {
                world.connected(linked.user, FITBIT, "nora").await;
            }
        });
        let engine = world.engine_with(provider);
        world.ask(&linked, JobKind::Incremental, None).await;
        let due = engine.due(1).await.unwrap()[0].key;
        engine.run_window(due, "worker").await.unwrap();
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        for _ in 0..2 {
            assert_done(&world.incremental(&linked).await);
            world.clock.advance(LATER);
        }
    }

    async fn an_expired_consent_is_found_at_the_refresh(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.outside.faults(json!([{ "kind": "expired_consent" }])).await;
        assert_done(&world.incremental(&linked).await);
        world.clock.advance(LATER);
        assert_eq!(world.incremental(&linked).await.state, JobState::Failed);
        assert!(matches!(world.link(&linked).await.state, LinkState::NeedsConsent(_)));
    }
}

#[test]
fn a_testing_modes_week_is_announced_two_days_before_its_end() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        world.outside.switches(json!({ "google_testing_mode": true })).await;
        let linked = world.linked(GOOGLE, "nora").await;
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        world.clock.advance(4 * DAY_MS);
        assert_done(&world.incremental(&linked).await);
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        world.clock.advance(DAY_MS + HOUR_MS);
        assert_done(&world.incremental(&linked).await);
        assert_eq!(world.link(&linked).await.state, LinkState::Expiring);
        world.clock.advance(2 * DAY_MS);
        assert_eq!(world.incremental(&linked).await.state, JobState::Failed);
        assert!(matches!(world.link(&linked).await.state, LinkState::NeedsConsent(_)));
    });
}

#[test]
fn a_token_endpoint_that_is_down_is_waited_for() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.clock.advance(LATER);
        world.outside.faults(json!([
            { "kind": "server_error_html", "status": 503, "path_prefix": "/fitbit/oauth2/token", "count": 2 },
        ])).await;
        let job = world.incremental(&linked).await;
        assert_done(&job);
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
    });
}
