//! Routes of exercises: on request, and only where the person lets us see places.

use pulsekeep_core::{account::Viewer, id::ExerciseId, time::DayRange};
use pulsekeep_store::person::Exercise;
use pulsekeep_sync::{ConnectOutcome, RouteOutcome};
use pulsekeep_testkit::{build, on_sqlite};

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done};

/// The exercises of some days, after a backfill of them.
async fn exercises(world: &World, linked: &Linked, days: DayRange) -> Vec<Exercise> {
    assert_done(&world.backfill(linked, days).await);
    world.person(linked).await.exercises(days, None, 100).await.unwrap()
}

#[test]
fn a_route_that_may_not_be_seen_says_so_and_costs_nothing() {
    on_sqlite(|db| async move {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "marcus").await;
        let days = world.ago(linked.user, 21, 1).await;
        let all = exercises(&world, &linked, days).await;
        let routed = all.iter().find(|e| e.has_route).expect("marcus runs outside");
        let ask = |viewer, id| {
            let engine = world.engine.clone();
            async move { engine.request_route(&viewer, id, "test").await.unwrap() }
        };
        world.outside.forget_requests().await;
        let outcome = ask(Viewer::system(), routed.id).await;
        assert_eq!(outcome, RouteOutcome::MissingScope);
        assert_eq!(ask(Viewer::system(), ExerciseId(1)).await, RouteOutcome::NotFound);
        if let Some(inside) = all.iter().find(|e| !e.has_route) {
            assert_eq!(ask(Viewer::system(), inside.id).await, RouteOutcome::NoRoute);
        }
        assert_eq!(world.outside.requests("", &[]).await, 0);
        // What is written of the grant says more than the token may do: the provider refuses, and nothing is stored.
        world.db.execute("UPDATE linked_account SET scopes = scopes || ' location.readonly'").await;
        assert_eq!(ask(Viewer::system(), routed.id).await, RouteOutcome::MissingScope);
        let kept = world.person(&linked).await.exercise(routed.id).await.unwrap().unwrap();
        assert_eq!(kept.route, None);
    });
}

#[test]
fn with_the_consent_to_places_a_route_is_fetched_once_and_kept() {
    on_sqlite(|db| async move {
        let world = World::with_routes(db).await;
        for provider in [GOOGLE, FITBIT] {
            let linked = world.linked(provider, "marcus").await;
            let days = world.ago(linked.user, 21, 1).await;
            let all = exercises(&world, &linked, days).await;
            let routed = all.iter().find(|e| e.has_route).expect("marcus runs outside");
            world.outside.forget_requests().await;
            let ask =
                async || world.engine.request_route(&Viewer::system(), routed.id, "test").await.unwrap();
            let RouteOutcome::Ready(raw) = ask().await else { panic!("{provider}: no route") };
            let body = world.store().stored_body(linked.user, raw).await.unwrap().unwrap();
            assert!(String::from_utf8(body).unwrap().contains("TrainingCenterDatabase"));
            assert_eq!(ask().await, RouteOutcome::Ready(raw));
            assert_eq!(world.outside.requests("", &[]).await, 1, "kept, and not asked for again");
            world.engine.disconnect(&Viewer::system(), linked.link).await.unwrap();
            world.db.execute("UPDATE app_user SET code = code || '-' || id, email = code || id").await;
        }
    });
}

#[test]
fn whoever_refuses_places_loses_routes_alone() {
    on_sqlite(|db| async move {
        let world = World::with_routes(db).await;
        let user = build::member(world.store(), "marcus").await.id;
        let scopes = world.engine.provider(GOOGLE).unwrap().scopes();
        assert_eq!(scopes.last(), Some(&"location.readonly"));
        let full = |scope: &&str| format!("https://www.googleapis.com/auth/googlehealth.{scope}");
        let granted: Vec<String> = scopes[..scopes.len() - 1].iter().map(full).collect();
        let granted: Vec<&str> = granted.iter().map(String::as_str).collect();
        let outcome = world.consent(user, GOOGLE, "marcus", Some(&granted)).await;
        let ConnectOutcome::Linked(link) = outcome else { panic!("{outcome:?}") };
        let linked = Linked { user, link: link.id };
        let days = world.ago(user, 21, 1).await;
        let all = exercises(&world, &linked, days).await;
        let routed = all.iter().find(|e| e.has_route).expect("marcus runs outside");
        let outcome = world.engine.request_route(&Viewer::system(), routed.id, "test").await.unwrap();
        assert_eq!(outcome, RouteOutcome::MissingScope);
    });
}
