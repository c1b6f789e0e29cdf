//! The route of an exercise, from the consent page to the TCX document.

use pulsekeep_core::{account::Role, time::DAY_MS};
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::{
    consent::{allow, begin, reason},
    harness::World,
};

const EXERCISES: &str = "query($id: ID!, $f: Date!, $t: Date!) { user(id: $id) { exercises(from: $f, to: $t, first: 50) { nodes { id hasRoute } } } }";
const ROUTE: &str = "mutation($id: ID!) { requestExerciseRoute(id: $id) { status message rawDocumentId } }";

on_each_engine! {
    async fn a_route_is_fetched_where_the_installation_asks_for_places(db) {
        let (world, simulator) = World::with_routes(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let told = browser.ask("{ viewer { providers { key asksForPlaces } } }", Value::Null).await;
        assert_eq!(told["data"]["viewer"]["providers"][0], json!({ "key": "GOOGLE_HEALTH", "asksForPlaces": true }));
        let authorize = begin(&mut browser, "google_health").await;
        assert!(authorize.contains("location.readonly"), "{authorize}");
        reason(&mut browser, &allow(&simulator, &authorize, "marcus")).await;
        // The first backfill has the exercises.
        let engine = &world.app.services.engine;
        for _ in 0..50 {
            if engine.work_due("test", 50).await.unwrap() == 0 {
                break;
            }
        }
        let today = engine.today(ann.id).await.unwrap();
        let from = world.now().plus(-40 * DAY_MS).civil(0).date();
        let variables = json!({ "id": ann.id.to_string(), "f": from.to_string(), "t": today.to_string() });
        let answer = browser.ask(EXERCISES, variables).await;
        let nodes = answer["data"]["user"]["exercises"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let routed = nodes.iter().find(|node| node["hasRoute"] == true).expect("marcus runs outside");
        let answer = browser.ask(ROUTE, json!({ "id": routed["id"] })).await;
        let payload = &answer["data"]["requestExerciseRoute"];
        assert_eq!(payload["status"], "READY", "{answer}");
        let again = browser.ask(ROUTE, json!({ "id": routed["id"] })).await;
        assert_eq!(again["data"]["requestExerciseRoute"], *payload, "kept, and not asked for again");
        let raw = payload["rawDocumentId"].as_str().unwrap();
        let body = browser.get(&format!("/data/v1/raw/{raw}")).await;
        assert!(body.text().contains("TrainingCenterDatabase"), "{}", body.text());
        // Nothing of this installation is missing where somebody has refused places.
        let links = world.store.links_of(ann.id).await.unwrap();
        assert!(links[0].scopes.iter().any(|scope| scope == "location.readonly"));
        let counted = engine.outcomes();
        assert!(counted.iter().any(|(_, asked, outcome, n)| asked.key() == "route" && *outcome == "ok" && *n == 1));
        simulator.shutdown().await;
    }
}
