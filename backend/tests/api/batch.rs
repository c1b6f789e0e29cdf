//! Batches, gaps, budgets, telemetry: for whom they are, and what they say.

use pulsekeep_core::account::Role;
use pulsekeep_store::WorkerBeat;
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::harness::{Client, World, code, link};

const BACKFILL: &str = "mutation($i: BackfillInput!) { requestBackfill(input: $i) { status message jobs { id priority batchId batch { id } } batch { id } } }";
const BATCH: &str = "query($id: ID!) { syncBatch(id: $id) { state kind priority metrics from to peopleTotal peopleWithJobs written jobsTotal jobsDone jobsFailed requestsExpected requestsAtMost requestsDone retries windowsTotal windowsDone windowsFailed etaSeconds waitingUntil codes jobs(first: 1) { nodes { id user { code } batch { id } } pageInfo { hasNextPage endCursor } } gaps { userId userName metric from to code } } }";

/// An admin and two members who have linked accounts.
async fn cohort(world: &World) -> (Client, Client, Vec<String>) {
    let admin = world.person("root", Role::Admin).await;
    let mut ids = Vec::new();
    let mut member = None;
    for name in ["ann", "bob"] {
        let user = world.person(name, Role::Member).await;
        link(world, &user).await;
        ids.push(user.id.to_string());
        member = Some(world.signed_in(&user).await);
    }
    (world.signed_in(&admin).await, member.unwrap(), ids)
}

fn input(people: &[String]) -> Value {
    json!({ "i": { "userIds": people, "metrics": ["SLEEP"], "from": "2026-01-01", "to": "2026-01-31" } })
}

on_each_engine! {
    async fn a_backfill_of_several_people_is_one_batch_for_admins(db) {
        let world = World::new(db).await;
        let (mut admin, mut member, ids) = cohort(&world).await;
        let answer = admin.ask(BACKFILL, input(&ids)).await;
        let payload = &answer["data"]["requestBackfill"];
        assert_eq!((&payload["status"], payload["jobs"].as_array().unwrap().len()), (&"ACCEPTED".into(), 2), "{answer}");
        let id = payload["batch"]["id"].clone();
        assert!(id.is_string() && payload["jobs"][0]["batch"]["id"] == id, "{answer}");
        assert_eq!(payload["jobs"][0]["batchId"], id, "{answer}");

        let answer = admin.ask(BATCH, json!({ "id": id })).await;
        let batch = &answer["data"]["syncBatch"];
        assert_eq!((&batch["state"], &batch["kind"], &batch["metrics"]), (&"PLANNED".into(), &"BACKFILL".into(), &json!(["SLEEP"])), "{answer}");
        assert_eq!((&batch["jobsTotal"], &batch["peopleTotal"], &batch["written"]), (&2.into(), &2.into(), &true.into()));
        assert!(batch["etaSeconds"].is_i64() && batch["requestsExpected"].as_i64() > Some(0), "{answer}");
        assert_eq!((&batch["gaps"], &batch["codes"]), (&json!([]), &json!([])));
        let jobs = &batch["jobs"];
        assert_eq!((jobs["nodes"].as_array().unwrap().len(), &jobs["pageInfo"]["hasNextPage"]), (1, &true.into()));
        let page = "query($id: ID!, $c: String) { syncBatch(id: $id) { jobs(first: 5, after: $c) { nodes { id } pageInfo { hasNextPage } } } }";
        let rest = admin.ask(page, json!({ "id": id, "c": jobs["pageInfo"]["endCursor"] })).await;
        assert_eq!(rest["data"]["syncBatch"]["jobs"]["nodes"].as_array().unwrap().len(), 1, "{rest}");
        let list = admin.ask("{ syncBatches(first: 1) { nodes { id } pageInfo { hasNextPage } } }", Value::Null).await;
        assert_eq!(list["data"]["syncBatches"], json!({ "nodes": [{ "id": id }], "pageInfo": { "hasNextPage": false } }));

        // A member sees the own job and nothing of the batch.
        assert_eq!(code(&member.ask(BATCH, json!({ "id": id })).await), "FORBIDDEN");
        assert_eq!(code(&member.ask("{ syncBatches { nodes { id } } }", Value::Null).await), "FORBIDDEN");
        let pause = "mutation($id: ID!) { pauseSyncBatch(id: $id) { status message batch { state } } }";
        assert_eq!(code(&member.ask(pause, json!({ "id": id })).await), "FORBIDDEN");
        let own = member.ask("{ syncJobs { nodes { user { code } batchId batch { id } gaps { metric } etaSeconds planFixed requestsAtMost } } }", Value::Null).await;
        let nodes = own["data"]["syncJobs"]["nodes"].as_array().unwrap();
        assert_eq!((nodes.len(), &nodes[0]["user"]["code"], &nodes[0]["batch"]), (1, &"bob".into(), &Value::Null), "{own}");
        assert_eq!(nodes[0]["batchId"], Value::Null, "{own}");
        let other = member.ask(BACKFILL, input(&ids)).await;
        assert_eq!(other["data"]["requestBackfill"]["status"], "NOT_FOUND", "another person is not there for a member");

        for (verb, status, state) in [
            ("pause", "ACCEPTED", "PAUSED"),
            ("resume", "ACCEPTED", "PLANNED"),
            ("retry", "NOT_POSSIBLE", "PLANNED"),
            ("cancel", "ACCEPTED", "CANCELLED"),
            ("cancel", "NOT_POSSIBLE", "CANCELLED"),
        ] {
            let steer = format!("mutation($id: ID!) {{ {verb}SyncBatch(id: $id) {{ status message batch {{ state }} }} }}");
            let answer = admin.ask(&steer, json!({ "id": id })).await;
            let payload = &answer["data"][format!("{verb}SyncBatch")];
            assert_eq!((&payload["status"], &payload["batch"]["state"]), (&status.into(), &state.into()), "{verb}: {answer}");
        }
    }

    async fn of_one_person_there_is_no_batch_and_nothing_stored_is_an_outcome(db) {
        let world = World::new(db).await;
        let (mut admin, mut member, ids) = cohort(&world).await;
        let answer = admin.ask(BACKFILL, input(&ids[..1])).await;
        assert_eq!(answer["data"]["requestBackfill"]["batch"], Value::Null, "{answer}");
        assert_eq!(answer["data"]["requestBackfill"]["jobs"][0]["priority"], "LOW");
        let job = json!({ "id": answer["data"]["requestBackfill"]["jobs"][0]["id"] });
        let hurry = "mutation($id: ID!) { setSyncJobPriority(id: $id, priority: HIGH) { status job { priority } } }";
        assert_eq!(member.ask(hurry, job.clone()).await["data"]["setSyncJobPriority"]["status"], "NOT_FOUND");
        let answer = admin.ask(hurry, job).await;
        assert_eq!(answer["data"]["setSyncJobPriority"], json!({ "status": "ACCEPTED", "job": { "priority": "HIGH" } }), "{answer}");
        let reparse = "mutation($i: ReparseInput!) { requestReparse(input: $i) { status message jobs { id } } }";
        let answer = member.ask(reparse, json!({ "i": { "userIds": [ids[1]], "from": "2026-01-01", "to": "2026-01-02" } })).await;
        assert_eq!(answer["data"]["requestReparse"]["status"], "NOTHING_STORED", "{answer}");
    }

    async fn an_account_tells_its_budget_and_a_plan_what_was_not_granted(db) {
        let world = World::new(db).await;
        let (_, mut member, ids) = cohort(&world).await;
        let query = "{ viewer { user { linkedAccounts { budget { limit used remaining reserve resetsAt blockedUntil } nextSyncAt devicesCheckedAt consentEndsAt changedAt push } } } }";
        let answer = member.ask(query, Value::Null).await;
        let account = &answer["data"]["viewer"]["user"]["linkedAccounts"][0];
        let budget = &account["budget"];
        assert_eq!((&budget["limit"], &budget["used"], &budget["remaining"], &budget["reserve"]), (&300.into(), &0.into(), &300.into(), &60.into()), "{answer}");
        assert_eq!((&account["push"], &account["consentEndsAt"]), (&"NONE".into(), &Value::Null));
        let input = json!({ "userIds": [ids[1]], "metrics": ["SLEEP", "STEPS"], "from": "2026-01-01", "to": "2026-01-31" });
        let plan = "query($i: BackfillInput!) { backfillPlan(input: $i) { requestsExpected problems } }";
        let answer = member.ask(plan, json!({ "i": input })).await;
        let problems = &answer["data"]["backfillPlan"]["problems"];
        assert_eq!(problems.as_array().unwrap().len(), 1, "{answer}");
        assert!(problems[0].as_str().unwrap().starts_with("bob: Google Health was not allowed to give steps"), "{answer}");
    }

    async fn telemetry_is_for_admins_and_tells_of_nobody(db) {
        let world = World::new(db).await;
        let (mut admin, mut member, ids) = cohort(&world).await;
        admin.ask(BACKFILL, input(&ids)).await;
        assert_eq!(member.get("/metrics").await.status, 403);
        assert_eq!(world.client().get("/metrics").await.status.as_u16() / 100, 4);
        let answer = admin.get("/metrics").await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(text.contains("pulsekeep_sync_jobs{kind=\"backfill\",state=\"planned\"} 2\n"), "{text}");
        assert!(text.contains("pulsekeep_linked_accounts{provider=\"google_health\",state=\"active\"} 2\n"), "{text}");
        assert!(ids.iter().all(|id| !text.contains(id.as_str())) && !text.contains("bob"), "{text}");
    }

    async fn readiness_tells_whether_anybody_works(db) {
        let world = World::new(db).await;
        let workers = async || world.client().get("/health/ready").await.json()["workers"].clone();
        assert_eq!(workers().await, json!({ "alive": 0, "secondsSinceSeen": null }));
        let beat = WorkerBeat { name: "one".to_owned(), parallel: 4, started_at: world.now(), seen_at: world.now() };
        world.store.beat(beat).await.unwrap();
        assert_eq!(workers().await["alive"], 1);
    }
}
