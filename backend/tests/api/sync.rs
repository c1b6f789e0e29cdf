use pulsekeep_core::account::Role;
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::harness::{World, code, link};

const SYNC: &str = "mutation($i: SyncInput!) { requestSync(input: $i) { status message jobs { id state kind from to windowsTotal user { code } } } }";
const BACKFILL: &str =
    "mutation($i: BackfillInput!) { requestBackfill(input: $i) { status message jobs { id windowsTotal } } }";

on_each_engine! {
    async fn days_are_asked_for_and_jobs_steered(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&ann).await;
        let me = json!([ann.id.to_string()]);
        let answer = client.ask(SYNC, json!({ "i": { "userIds": me } })).await;
        assert_eq!(answer["data"]["requestSync"]["status"], "NOT_LINKED");
        assert_eq!(answer["data"]["requestSync"]["message"], "ann has no linked account: connect one first.");

        link(&world, &ann).await;
        let answer = client.ask(SYNC, json!({ "i": { "userIds": me, "metrics": ["SLEEP"] } })).await;
        let job = answer["data"]["requestSync"]["jobs"][0].clone();
        assert_eq!((&job["kind"], &job["state"], &job["user"]["code"]), (&"INCREMENTAL".into(), &"PLANNED".into(), &"ann".into()), "{answer}");
        assert!(job["windowsTotal"].as_i64().unwrap() >= 1);

        let steer = |verb: &str| format!("mutation($id: ID!) {{ {verb}SyncJob(id: $id) {{ status message job {{ state }} }} }}");
        let id = json!({ "id": job["id"] });
        for (verb, status, state) in [
            ("resume", "NOT_POSSIBLE", "PLANNED"),
            ("pause", "ACCEPTED", "PAUSED"),
            ("pause", "NOT_POSSIBLE", "PAUSED"),
            ("resume", "ACCEPTED", "PLANNED"),
            ("cancel", "ACCEPTED", "CANCELLED"),
            ("cancel", "NOT_POSSIBLE", "CANCELLED"),
            ("retry", "NOT_POSSIBLE", "CANCELLED"),
        ] {
            let answer = client.ask(&steer(verb), id.clone()).await;
            let payload = &answer["data"][format!("{verb}SyncJob")];
            assert_eq!((&payload["status"], &payload["job"]["state"]), (&status.into(), &state.into()), "{verb}: {answer}");
            assert_eq!(payload["message"].is_string(), status == "NOT_POSSIBLE");
        }
        let list = client.ask("{ syncJobs(state: [CANCELLED]) { nodes { id } } none: syncJobs(state: [DONE]) { nodes { id } } }", Value::Null).await;
        assert_eq!(list["data"], json!({ "syncJobs": { "nodes": [{ "id": job["id"] }] }, "none": { "nodes": [] } }));
    }

    async fn ranges_that_cannot_be_meant_are_outcomes(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        link(&world, &ann).await;
        let mut client = world.signed_in(&ann).await;
        for (from, to, expected) in [
            ("2026-02-02", "2026-02-01", "RANGE_REVERSED"),
            ("2026-01-01", "2190-01-01", "RANGE_IN_FUTURE"),
            ("2001-01-01", "2025-01-01", "RANGE_TOO_EARLY"),
            ("2010-01-01", "2025-01-01", "RANGE_TOO_LONG"),
        ] {
            let input = json!({ "userIds": [ann.id.to_string()], "from": from, "to": to });
            let answer = client.ask(BACKFILL, json!({ "i": input })).await;
            assert_eq!(answer["data"]["requestBackfill"]["status"], expected, "{answer}");
            assert_eq!(answer["data"]["requestBackfill"]["jobs"], json!([]));
            assert!(answer["data"]["requestBackfill"]["message"].as_str().unwrap().starts_with("ann: "));
        }
        let answer = client.ask(BACKFILL, json!({ "i": { "userIds": [], "from": "2026-01-01", "to": "2026-01-02" } })).await;
        assert_eq!(code(&answer), "BAD_INPUT");
    }

    async fn a_plan_costs_nothing_and_tells_what_a_backfill_would(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        link(&world, &ann).await;
        let mut client = world.signed_in(&ann).await;
        let input = json!({ "userIds": [ann.id.to_string()], "metrics": ["SLEEP"], "from": "2026-01-01", "to": "2026-03-31" });
        let plan = "query($i: BackfillInput!) { backfillPlan(input: $i) { requestsExpected requestsAtMost etaSeconds problems metrics { metric requestsExpected requestsAtMost } } }";
        let answer = client.ask(plan, json!({ "i": input })).await;
        let plan = &answer["data"]["backfillPlan"];
        assert!(plan["requestsExpected"].as_i64().unwrap() >= 1, "{answer}");
        assert!(plan["requestsAtMost"].as_i64() >= plan["requestsExpected"].as_i64());
        assert_eq!(plan["metrics"][0]["metric"], "SLEEP");
        assert_eq!(plan["problems"], json!([]));
        assert_eq!(world.db.count("sync_job").await, 0, "nothing was written");
        let answer = client.ask(BACKFILL, json!({ "i": input })).await;
        assert_eq!(answer["data"]["requestBackfill"]["status"], "ACCEPTED", "{answer}");
    }
}
