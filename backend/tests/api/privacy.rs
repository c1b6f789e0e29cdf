//! A member never sees another person's data: each field of a person, and each road to one.

use std::collections::HashMap;

use axum::http::StatusCode;
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Role},
    job::{JobKind, Priority},
    time::DayRange,
};
use pulsekeep_store::{NewJob, NewWindow};
use pulsekeep_testkit::{build, on_each_engine};
use serde_json::{Value, json};

use crate::harness::{Client, World, code, link};

const TYPES: &str =
    "{ __schema { types { name fields { name args { name type { ...T } } type { ...T } } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Fields of each type: name, arguments with their types, the type without wrappings.
struct Schema(HashMap<String, Vec<Value>>);

fn bare(kind: &Value) -> &Value {
    if kind["ofType"].is_null() { kind } else { bare(&kind["ofType"]) }
}

fn is_required(kind: &Value) -> bool {
    kind["kind"] == "NON_NULL"
}

impl Schema {
    async fn read(client: &mut Client) -> Self {
        let answer = client.ask(TYPES, Value::Null).await;
        let types =
            answer["data"]["__schema"]["types"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        let fields = |t: &Value| t["fields"].as_array().cloned();
        Self(types.iter().filter_map(|t| Some((t["name"].as_str()?.to_owned(), fields(t)?))).collect())
    }

    /// A field as a query, with everything below it; `None` where it leads round in circles.
    fn query(&self, field: &Value, depth: usize) -> Option<String> {
        let kind = bare(&field["type"]);
        let args: Vec<String> = field["args"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|arg| is_required(&arg["type"]))
            .map(|arg| format!("{}: {}", arg["name"].as_str().unwrap(), sample(arg)))
            .collect();
        let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
        let name = field["name"].as_str().unwrap();
        if kind["kind"] != "OBJECT" {
            return Some(format!("{name}{args}"));
        }
        if depth == 0 || kind["name"] == "User" {
            return None;
        }
        let below: Vec<String> = self.0[kind["name"].as_str().unwrap()]
            .iter()
            .filter(|f| f["name"] != "edges")
            .filter_map(|f| self.query(f, depth - 1))
            .collect();
        Some(format!("{name}{args} {{ {} }}", below.join(" ")))
    }
}

/// A value for a required argument of a person's field.
fn sample(arg: &Value) -> &'static str {
    let (name, kind) = (arg["name"].as_str().unwrap(), bare(&arg["type"]));
    match (name, kind["name"].as_str().unwrap()) {
        ("metrics", _) => "[STEPS]",
        (_, "MetricKey") => "STEPS",
        ("from", "Date") | ("date", "Date") => "\"2026-11-01\"",
        ("to", "Date") => "\"2026-11-03\"",
        ("from", "DateTime") => "\"2026-11-01T00:00:00Z\"",
        ("to", "DateTime") => "\"2026-11-02T00:00:00Z\"",
        ("days", "Int") => "7",
        ("validFrom", "Int") => "600",
        ("by", "Period") => "WEEK",
        ("weekStart", "WeekStart") => "MONDAY",
        ("a" | "b", "DateRange") => "{ from: \"2026-11-01\", to: \"2026-11-03\" }",
        ("maxPoints", "Int") => "100",
        other => panic!("the test has no value for a new argument: {other:?}"),
    }
}

on_each_engine! {
    async fn every_field_of_another_person_is_out_of_reach(db) {
        let world = World::new(db).await;
        let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
        link(&world, &ann).await;
        link(&world, &bob).await;
        let mut client = world.signed_in(&ann).await;
        let schema = Schema::read(&mut client).await;
        let fields = &schema.0["User"];
        assert!(fields.len() >= 14, "the walk found the fields");
        for field in fields {
            let selection = schema.query(field, 4).unwrap();
            let query = format!("query($id: ID!) {{ user(id: $id) {{ {selection} }} }}");
            let own = client.ask(&query, json!({ "id": ann.id.to_string() })).await;
            assert!(own["errors"].is_null() && !own["data"]["user"].is_null(), "{selection}: {own}");
            let other = client.ask(&query, json!({ "id": bob.id.to_string() })).await;
            assert_eq!(other, json!({ "data": { "user": null } }), "{selection}");
        }
    }

    async fn no_road_leads_to_another_person(db) {
        let world = World::new(db).await;
        let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
        let theirs = link(&world, &bob).await;
        let day = "2026-11-01".parse().unwrap();
        let mut tx = world.store.write().await.unwrap();
        let job = tx
            .create_job(
                NewJob {
                    user_id: bob.id,
                    link_id: theirs.id,
                    kind: JobKind::Backfill,
                    priority: Priority::Low,
                    metrics: vec![Metric::Sleep],
                    days: DayRange::one(day),
                    requests_expected: 1,
                    requests_at_most: 1,
                    batch: None,
                    created_by: None,
                    windows: vec![NewWindow { endpoint: "google.sleep", days: DayRange::one(day), held: false }],
                },
                world.now(),
            )
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let mut client = world.signed_in(&ann).await;
        let ids = json!({ "u": bob.id.to_string(), "j": job.to_string(), "l": theirs.id.to_string() });
        let read = "query($u: ID!, $j: ID!) { syncJob(id: $j) { id } syncJobs(userId: $u) { nodes { id } } all: syncJobs { nodes { id } }
            backfillPlan(input: { userIds: [$u], from: \"2026-11-01\", to: \"2026-11-02\" }) { requestsExpected problems } }";
        let answer = client.ask(read, ids.clone()).await;
        let nobody = json!(["One of the people is not there."]);
        assert_eq!(answer["data"], json!({
            "syncJob": null, "syncJobs": { "nodes": [] }, "all": { "nodes": [] },
            "backfillPlan": { "requestsExpected": 0, "problems": nobody },
        }), "{answer}");
        assert_eq!(code(&client.ask("{ users { nodes { id } } }", Value::Null).await), "FORBIDDEN");

        let write = "mutation($u: ID!, $j: ID!, $l: ID!) {
            a: requestSync(input: { userIds: [$u] }) { status } b: requestBackfill(input: { userIds: [$u], from: \"2026-11-01\", to: \"2026-11-02\" }) { status }
            c: pauseSyncJob(id: $j) { status } d: resumeSyncJob(id: $j) { status } e: cancelSyncJob(id: $j) { status } f: retrySyncJob(id: $j) { status }
            g: disconnect(linkedAccountId: $l) { status } }";
        let answer = client.ask(write, ids).await;
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            assert_eq!(answer["data"][name]["status"], "NOT_FOUND", "{name}: {answer}");
        }
        for query in ["createUser(input: { email: \"x@example.org\" }) { status }", "inviteUser(input: { email: \"x@example.org\" }) { status }"] {
            assert_eq!(code(&client.ask(&format!("mutation {{ {query} }}"), Value::Null).await), "FORBIDDEN");
        }
        let answer = client.get(&format!("/data/v1/raw/{}?user={}", pulsekeep_core::id::RawId(1), bob.id)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let still = world.store.link(theirs.id).await.unwrap().unwrap();
        assert!(still.state.may_fetch(), "nothing happened to the other person's account");
    }

    async fn an_admin_sees_people_page_by_page(db) {
        let world = World::new(db).await;
        let admin = world.person("admin", Role::Admin).await;
        for n in 0..5 {
            build::member(&world.store, &format!("p{n}")).await;
        }
        build::link(&world.store, admin.id, ProviderKey::Fitbit, "7ABC").await;
        let mut client = world.signed_in(&admin).await;
        let page = "query($f: Int, $a: String, $s: String) { users(first: $f, after: $a, search: $s) { nodes { code signedUp summary(days: 3) { steps coverageShare activeJobs } } pageInfo { hasNextPage endCursor } } }";
        let first = client.ask(page, json!({ "f": 4 })).await["data"]["users"].clone();
        assert_eq!(first["nodes"].as_array().unwrap().len(), 4);
        assert_eq!(first["nodes"][1], json!({ "code": "p0", "signedUp": false, "summary": { "steps": [null, null, null], "coverageShare": null, "activeJobs": 0 } }));
        assert_eq!(first["pageInfo"]["hasNextPage"], true);
        let rest = client.ask(page, json!({ "f": 4, "a": first["pageInfo"]["endCursor"] })).await["data"]["users"].clone();
        assert_eq!(rest["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(rest["pageInfo"]["hasNextPage"], false);
        let found = client.ask(page, json!({ "s": "P3" })).await;
        assert_eq!(found["data"]["users"]["nodes"][0]["code"], "p3");
        assert_eq!(code(&client.ask(page, json!({ "f": 101 })).await), "BAD_INPUT");
        assert_eq!(code(&client.ask(page, json!({ "a": "nonsense" })).await), "BAD_INPUT");
    }
}
