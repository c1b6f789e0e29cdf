//! Tokens over the days: looked at daily, kept alive, sealed anew.

use pulsekeep_core::{
    account::{ConsentReason, LinkState},
    job::JobKind,
    time::{DAY_MS, HOUR_MS},
};
use pulsekeep_sync::{ConnectError, Resealed, SyncEngine, TokenHealth, TokenKind, Vault};
use pulsekeep_testkit::{build, on_each_engine, on_sqlite};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, World, assert_done};

/// Longer than a day and than anybody's share of the spread.
const NEXT_DAY: i64 = DAY_MS + 2 * HOUR_MS;

async fn check(engine: &SyncEngine) -> TokenHealth {
    engine.check_tokens("health").await.unwrap()
}

on_each_engine! {
    async fn tokens_that_nobody_uses_are_refreshed_daily(db) {
        let world = World::start(db).await;
        world.linked(GOOGLE, "nora").await;
        world.linked(FITBIT, "ilse").await;
        world.outside.forget_requests().await;
        assert_eq!(check(&world.engine).await, TokenHealth::default(), "they are new");
        for day in 1..=3 {
            world.clock.advance(NEXT_DAY);
            let found = check(&world.engine).await;
            assert_eq!((found.checked, found.refreshed, found.lost), (2, 2, 0), "day {day}");
            assert_eq!(check(&world.engine).await.checked, 0, "not again the same day");
            assert_eq!(world.outside.requests("/token", &[200]).await, 2 * day);
        }
    }

    async fn a_token_in_use_is_not_refreshed_for_its_health(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        world.clock.advance(NEXT_DAY - HOUR_MS);
        assert_done(&world.incremental(&linked).await);
        world.clock.advance(HOUR_MS);
        world.outside.forget_requests().await;
        assert_eq!(check(&world.engine).await.refreshed, 0);
        assert_eq!(world.outside.requests("/token", &[]).await, 0);
    }

    async fn a_consent_that_was_taken_back_shows_within_a_day(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let before = world.link(&linked).await.changed_at;
        world.outside.faults(json!([{ "kind": "revoked_consent" }])).await;
        world.clock.advance(NEXT_DAY);
        assert_eq!(check(&world.engine).await.lost, 1);
        let link = world.link(&linked).await;
        assert_eq!(link.state, LinkState::NeedsConsent(ConsentReason::InvalidGrant));
        assert_eq!(link.changed_at.0, before.0 + NEXT_DAY, "and since when");
        world.clock.advance(NEXT_DAY);
        assert_eq!(check(&world.engine).await.checked, 0, "it is not asked again");
        assert_eq!(world.link(&linked).await.changed_at, link.changed_at);
    }

    async fn another_vault_key_takes_over_while_workers_run(db) {
        let world = World::start(db).await;
        let nora = world.linked(GOOGLE, "nora").await;
        let ilse = world.linked(FITBIT, "ilse").await;
        let rotated = world.engine_with_vault(Vault::new(&[9; 32], &[[7; 32]]));
        let all = Resealed { resealed: 2, ..Resealed::default() };
        assert_eq!(rotated.reseal_tokens().await.unwrap(), all);
        assert_eq!(rotated.reseal_tokens().await.unwrap(), Resealed { current: 2, ..Resealed::default() });
        let fresh = world.engine_with_key([9; 32]);
        fresh.check_vault().await.unwrap();
        world.clock.advance(9 * HOUR_MS);
        for linked in [&nora, &ilse] {
            let days = world.ago(linked.user, 3, 1).await;
            let job = world.ask(linked, JobKind::Backfill, Some(days)).await;
            while fresh.work_due("worker", 50).await.unwrap() > 0 {}
            assert_done(&world.job(job).await);
            assert_eq!(world.link(linked).await.state, LinkState::Active);
        }
        let stranger = world.engine_with_key([5; 32]);
        let none = stranger.reseal_tokens().await.unwrap();
        assert_eq!(none, Resealed { unopened: 2, ..Resealed::default() }, "what it cannot open it leaves alone");
        fresh.check_vault().await.unwrap();
    }

    async fn a_pair_that_changed_meanwhile_is_not_overwritten(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        let old = world.store().sealed_tokens(pulsekeep_core::id::LinkId(i64::MIN), 9).await.unwrap().remove(0);
        world.clock.advance(9 * HOUR_MS);
        assert_done(&world.incremental(&linked).await);
        let refreshed = world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap();
        let tx = world.store().write().await.unwrap();
        assert!(!tx.reseal_tokens(&old, &old.tokens.clone()).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap(), refreshed);
    }

    async fn a_dead_refresh_token_gives_way_to_the_one_before_it(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        let mut tokens = world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap();
        // What the provider answered was stored, and is not good.
        let dead = secrecy::SecretString::from("0123456789abcdef");
        tokens.previous_refresh = tokens.refresh.take();
        tokens.refresh = Some(world.vault().seal(linked.link, TokenKind::Refresh, &dead));
        tokens.generation += 1;
        let tx = world.store().write().await.unwrap();
        tx.put_tokens(linked.user, linked.link, tokens).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..2 {
            world.clock.advance(9 * HOUR_MS);
            assert_done(&world.incremental(&linked).await);
        }
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
    }

    async fn the_refresh_token_before_is_kept_until_the_new_pair_has_worked(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        world.clock.advance(9 * HOUR_MS);
        world.outside.faults(json!([
            { "kind": "server_error_html", "status": 503, "path_prefix": "/fitbit/1" },
        ])).await;
        let days = world.ago(linked.user, 3, 1).await;
        world.ask(&linked, JobKind::Backfill, Some(days)).await;
        let previous = async || {
            let tokens = world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap();
            tokens.previous_refresh.is_some()
        };
        assert!(!previous().await);
        let due = world.engine.due(1).await.unwrap()[0].key;
        world.engine.run_window(due, "worker").await.unwrap();
        assert!(previous().await, "the new access token has not worked yet");
        world.outside.no_faults().await;
        let due = world.engine.due(1).await.unwrap()[0].key;
        world.engine.run_window(due, "worker").await.unwrap();
        assert!(!previous().await, "now it has");
    }
}

#[test]
fn a_week_of_testing_mode_is_announced_though_nobody_syncs() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        world.outside.switches(json!({ "google_testing_mode": true })).await;
        let linked = world.linked(GOOGLE, "nora").await;
        for _ in 0..4 {
            world.clock.advance(NEXT_DAY);
            assert_eq!(check(&world.engine).await.expiring, 0);
        }
        world.clock.advance(NEXT_DAY);
        assert_eq!(check(&world.engine).await.expiring, 1);
        assert_eq!(world.link(&linked).await.state, LinkState::Expiring);
    });
}

#[test]
fn accounts_are_looked_at_a_few_at_a_time() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        for n in 0..120 {
            let user = build::member(world.store(), &format!("p{n}")).await.id;
            build::link(world.store(), user, FITBIT, &format!("f-{n}")).await;
        }
        world.clock.advance(DAY_MS);
        assert!(check(&world.engine).await.checked <= 50);
        world.clock.advance(2 * HOUR_MS);
        let due = world.store().links_to_check(world.engine.now().plus(-DAY_MS), 1, 500).await.unwrap();
        assert_eq!(due.len(), 120);
    });
}

#[test]
fn a_provider_that_stumbles_over_whose_account_it_is_is_asked_again() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let stumble = |count: u32| json!([{ "kind": "server_error_json", "status": 503, "path_prefix": "/google/v4/users/me/identity", "count": count }]);
        let user = build::member(world.store(), "nora").await.id;
        world.outside.faults(stumble(2)).await;
        world.connected(user, GOOGLE, "nora").await;
        world.outside.faults(stumble(99)).await;
        world.outside.forget_requests().await;
        let failed = world.try_consent(user, GOOGLE, "nora").await.unwrap_err();
        assert!(matches!(&failed, ConnectError::Identity(_)), "{failed}");
        assert!(failed.to_string().contains("asked 3 times"), "{failed}");
        assert_eq!(world.outside.requests("/revoke", &[]).await, 0, "the consent that works is left alone");
        world.outside.no_faults().await;
        let links = world.store().links_of(user).await.unwrap();
        assert_eq!(links[0].state, LinkState::Active);
    });
}
