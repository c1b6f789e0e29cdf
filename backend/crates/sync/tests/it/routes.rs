//! Routes of exercises: on request, and only where the person lets us see places.

use pulsekeep_core::{account::Viewer, id::ExerciseId, time::DayRange};
use pulsekeep_store::person::Exercise;
use pulsekeep_sync::RouteOutcome;
use pulsekeep_testkit::on_sqlite;

use crate::harness::{GOOGLE, Linked, World, assert_done};

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
