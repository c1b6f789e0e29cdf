//! Export jobs by GraphQL, and the same numbers in the files as in the answers.

use pulsekeep_core::{Metric, account::Role};
use pulsekeep_store::ingest::Replace;
use pulsekeep_testkit::{at, build, on_each_engine};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, World, code, link};

const REQUEST: &str = "mutation($i: ExportInput!) { requestExport(input: $i) { status message job {
    id state format deidentified userIds metrics from to problem objectsTotal } } }";

async fn request(client: &mut Client, input: Value) -> Value {
    let answer = client.ask(REQUEST, json!({ "i": input })).await;
    if answer["errors"].is_null() { answer["data"]["requestExport"].clone() } else { answer }
}

on_each_engine! {
    async fn an_export_is_asked_for_watched_and_steered(db) {
        let world = World::new(db).await;
        let admin = world.person("root", Role::Admin).await;
        let ann = world.person("ann", Role::Member).await;
        let account = link(&world, &ann).await;
        let (stream, precedence) = build::stream(&world.store, ann.id, account.id, account.provider).await;
        let noon = at("2026-11-10T11:00:00Z");
        let samples = build::minutes(Metric::Steps, noon, 30, 3600, 4.0);
        let tx = world.store.write().await.unwrap();
        let days = Replace::Instants(noon, noon.plus(3_600_000));
        let days = tx.replace_samples(ann.id, stream, &samples, days).await.unwrap();
        tx.choose_stream(ann.id, Metric::Steps, &days, (stream, precedence)).await.unwrap();
        tx.commit().await.unwrap();

        let mut client = world.signed_in(&admin).await;
        let asked = request(&mut client, json!({ "format": "CSV", "metrics": ["STEPS"], "from": "2026-11-01", "to": "2026-11-30" })).await;
        assert_eq!(asked["status"], "ACCEPTED", "{asked}");
        let job = asked["job"].clone();
        assert_eq!(job, json!({
            "id": job["id"], "state": "PLANNED", "format": "CSV", "deidentified": false, "userIds": null, "metrics": ["STEPS"],
            "from": "2026-11-01", "to": "2026-11-30", "problem": null, "objectsTotal": 0,
        }));
        assert_eq!(world.db.texts("SELECT action || ' ' || subject FROM audit_event WHERE action LIKE 'export%'").await,
            [format!("export.request {}", job["id"].as_str().unwrap())]);

        let exporter = &world.app.services.exporter;
        let id = job["id"].as_str().unwrap().parse().unwrap();
        let ended = exporter.run(id, "test", &CancellationToken::new()).await.unwrap();
        assert_eq!(ended, Some(pulsekeep_core::job::ExportState::Done));
        let list = "{ exportJobs(first: 5) { nodes { state objectsTotal objectsDone objectsWritten rowsWritten peopleDone finishedAt } } }";
        let node = client.ask(list, Value::Null).await["data"]["exportJobs"]["nodes"][0].clone();
        assert_eq!((&node["state"], &node["objectsWritten"], &node["rowsWritten"]), (&"DONE".into(), &2.into(), &31.into()), "{node}");
        let file = world.web.path().join("exports/users/ann/steps_daily/steps_daily_2026-11.csv");
        let csv = std::fs::read_to_string(file).unwrap();
        let total = csv.lines().nth(1).unwrap().split(',').nth(6).unwrap().to_owned();
        let daily = "query($id: ID!) { user(id: $id) { daily(metrics: [STEPS], from: \"2026-11-10\", to: \"2026-11-10\") { values } } }";
        let answer = client.ask(daily, json!({ "id": ann.id.to_string() })).await;
        assert_eq!(answer["data"]["user"]["daily"][0]["values"][0], total.parse::<f64>().unwrap(), "{csv}");

        let steer = |verb: &str| format!("mutation($id: ID!) {{ {verb}ExportJob(id: $id) {{ status message job {{ state }} }} }}");
        let answer = client.ask(&steer("cancel"), json!({ "id": job["id"] })).await;
        assert_eq!(answer["data"]["cancelExportJob"]["status"], "NOT_POSSIBLE", "{answer}");
        let other = request(&mut client, json!({})).await["job"]["id"].clone();
        for (verb, status, state) in [("retry", "NOT_POSSIBLE", "PLANNED"), ("cancel", "ACCEPTED", "CANCELLED"), ("retry", "ACCEPTED", "PLANNED")] {
            let answer = client.ask(&steer(verb), json!({ "id": other })).await;
            let payload = &answer["data"][format!("{verb}ExportJob")];
            assert_eq!((&payload["status"], &payload["job"]["state"]), (&status.into(), &state.into()), "{answer}");
        }
    }

    async fn who_may_export_what(db) {
        let world = World::new(db).await;
        let (admin, ann, bob) = (
            world.person("root", Role::Admin).await,
            world.person("ann", Role::Member).await,
            world.person("bob", Role::Member).await,
        );
        let mut client = world.signed_in(&ann).await;
        assert_eq!(code(&request(&mut client, json!({})).await), "FORBIDDEN", "everybody's");
        assert_eq!(request(&mut client, json!({ "userIds": [bob.id.to_string()] })).await["status"], "NOT_FOUND");
        let own = json!({ "userIds": [ann.id.to_string()] });
        let job = request(&mut client, own.clone()).await["job"]["id"].clone();
        assert!(job.is_string());
        let hidden = json!({ "userIds": [ann.id.to_string()], "deidentified": true });
        assert_eq!(code(&request(&mut client, hidden.clone()).await), "FORBIDDEN");
        let mut reader = world.with_token(&mut client, json!({ "name": "r", "scopes": ["READ_METRICS"] })).await;
        assert_eq!(code(&request(&mut reader, own.clone()).await), "FORBIDDEN", "without write:export");
        let list = "query($id: ID!) { exportJob(id: $id) { id } exportJobs { nodes { id } } }";
        let id = json!({ "id": job });
        assert_eq!(client.ask(list, id.clone()).await["data"], json!({ "exportJob": { "id": job }, "exportJobs": { "nodes": [{ "id": job }] } }));
        let mut other = world.signed_in(&bob).await;
        assert_eq!(other.ask(list, id.clone()).await["data"], json!({ "exportJob": null, "exportJobs": { "nodes": [] } }));
        let cancel = "mutation($id: ID!) { cancelExportJob(id: $id) { status } retryExportJob(id: $id) { status } }";
        let answer = other.ask(cancel, id.clone()).await;
        assert_eq!(answer["data"], json!({ "cancelExportJob": { "status": "NOT_FOUND" }, "retryExportJob": { "status": "NOT_FOUND" } }));
        let mut root = world.signed_in(&admin).await;
        assert_eq!(root.ask(list, id).await["data"]["exportJob"]["id"], job);
        let refused = request(&mut root, hidden).await;
        assert_eq!(refused["status"], "NOT_SET_UP");
        assert!(refused["message"].as_str().unwrap().contains("EXPORT__PSEUDONYM_KEY"), "{refused}");
        let bad = request(&mut root, json!({ "from": "2026-11-02", "to": "2026-11-01" })).await;
        assert_eq!(bad["status"], "BAD_RANGE");
        assert_eq!(code(&request(&mut root, json!({ "from": "2026-11-02" })).await), "BAD_INPUT");
    }
}
