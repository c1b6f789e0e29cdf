//! Every answer of every endpoint, with all switches at rest, against the discovery document.

use serde_json::{Value, json};

use crate::schema::Schemas;
use crate::world::{World, date};

/// Every data type and what can be done with it: L list, R reconcile, U rollUp, D dailyRollUp.
const TYPES: [(&str, &str); 29] = [
    ("steps", "LRUD"),
    ("distance", "LRUD"),
    ("floors", "RUD"),
    ("altitude", "LRUD"),
    ("active-energy-burned", "LRUD"),
    ("basal-energy-burned", "LR"),
    ("total-calories", "UD"),
    ("active-zone-minutes", "LRUD"),
    ("active-minutes", "RUD"),
    ("activity-level", "LRUD"),
    ("sedentary-period", "LRUD"),
    ("heart-rate", "LRUD"),
    ("time-in-heart-rate-zone", "RUD"),
    ("calories-in-heart-rate-zone", "UD"),
    ("daily-heart-rate-zones", "R"),
    ("daily-resting-heart-rate", "LR"),
    ("heart-rate-variability", "LR"),
    ("daily-heart-rate-variability", "LR"),
    ("daily-sleep-temperature-derivations", "LR"),
    ("oxygen-saturation", "LR"),
    ("daily-oxygen-saturation", "LR"),
    ("daily-respiratory-rate", "LR"),
    ("respiratory-rate-sleep-summary", "LR"),
    ("daily-vo2-max", "LR"),
    ("weight", "LRUD"),
    ("body-fat", "LRUD"),
    ("core-body-temperature", "LRUD"),
    ("sleep", "LR"),
    ("exercise", "LR"),
];

fn check(schemas: &Schemas, name: &str, value: &Value, what: &str) {
    let problems = schemas.problems(name, value);
    assert!(problems.is_empty(), "{what}: {problems:#?}");
}

#[tokio::test]
async fn every_answer_is_valid() {
    let (world, schemas) = (World::new(), Schemas::read());
    let mut seen = std::collections::BTreeSet::new();
    for person in ["nora", "jack", "colette", "marcus", "dana", "ilse"] {
        world.pass_seconds(60);
        let client = world.google(person).await;
        for (data_type, operations) in TYPES {
            for (letter, method, name) in
                [('L', "", "ListDataPointsResponse"), ('R', ":reconcile", "ReconcileDataPointsResponse")]
            {
                let answer = client.points(data_type, method, &[("pageSize", "300")]).await;
                if !operations.contains(letter) {
                    assert_eq!(answer.status, 400, "{data_type}{method}");
                    continue;
                }
                let answer = answer.ok();
                check(&schemas, name, &answer, &format!("{person} {data_type}{method}"));
                if answer["dataPoints"].is_array() {
                    seen.insert(data_type);
                }
                if let (Some(point), "") = (answer["dataPoints"][0]["name"].as_str(), method) {
                    let id = point.rsplit('/').next().unwrap();
                    let path = format!("/google/v4/users/me/dataTypes/{data_type}/dataPoints/{id}");
                    check(&schemas, "DataPoint", &client.get(&path).await.ok(), point);
                }
            }
            let rolled =
                client.roll_up(data_type, "2026-11-10T03:00:00Z", "2026-11-20T03:00:00Z", "3600s").await;
            let daily = client.daily_roll_up(data_type, "2026-11-08", "2026-11-22").await;
            if !operations.contains('U') {
                assert_eq!((rolled.status.as_u16(), daily.status.as_u16()), (400, 400), "{data_type}");
                continue;
            }
            let (rolled, daily) = (rolled.ok(), daily.ok());
            check(&schemas, "RollUpDataPointsResponse", &rolled, &format!("{person} {data_type} rollUp"));
            check(
                &schemas,
                "DailyRollUpDataPointsResponse",
                &daily,
                &format!("{person} {data_type} dailyRollUp"),
            );
            if daily["rollupDataPoints"].is_array() && rolled["rollupDataPoints"].is_array() {
                seen.insert(data_type);
            }
        }
        for (path, name) in [
            ("identity", "Identity"),
            ("profile", "Profile"),
            ("settings", "Settings"),
            ("pairedDevices", "ListPairedDevicesResponse"),
        ] {
            let answer = client.get(&format!("/google/v4/users/me/{path}")).await.ok();
            check(&schemas, name, &answer, &format!("{person} {path}"));
        }
        let devices = client.get("/google/v4/users/me/pairedDevices").await.ok();
        let device =
            devices["pairedDevices"][0]["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let one = client.get(&format!("/google/v4/users/me/pairedDevices/{device}")).await.ok();
        check(&schemas, "PairedDevice", &one, &device);
    }
    for (data_type, _) in TYPES {
        // no device of Fitbit tells it
        let empty = data_type == "basal-energy-burned";
        assert_eq!(seen.contains(data_type), !empty, "{data_type}");
    }
}

#[tokio::test]
async fn requests_of_the_documented_shape_are_taken_and_others_refused() {
    let world = World::new();
    let client = world.google("nora").await;
    let path = "/google/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp";
    let full = json!({
        "range": { "start": { "date": date("2026-11-10")["date"], "time": {} }, "end": date("2026-11-12") },
        "windowSizeDays": 1, "pageSize": 10, "dataSourceFamily": "users/me/dataSourceFamilies/all-sources",
    });
    client.post(path, &full).await.ok();
    let misspelt = json!({ "range": full["range"], "windowDays": 1 });
    let refused = client.post(path, &misspelt).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]["message"].as_str().unwrap().starts_with("Invalid JSON payload received.")
    );
}

#[tokio::test]
async fn the_system_parameters_of_the_discovery_document_are_taken() {
    let world = World::new();
    let client = world.google("nora").await;
    let discovery: Value =
        serde_json::from_str(include_str!("../../data/google-health-v4-discovery.json")).unwrap();
    for name in discovery["parameters"].as_object().unwrap().keys() {
        let value = match name.as_str() {
            "alt" => "json",
            "prettyPrint" => "true",
            "fields" => "dataPoints",
            "access_token" | "oauth_token" => &client.token,
            _ => "1",
        };
        client.points("steps", "", &[(name, value), ("pageSize", "1")]).await.ok();
    }
    let query = [("pageSize", "1"), ("access_token", client.token.as_str())];
    let path = format!(
        "/google/v4/users/me/dataTypes/steps/dataPoints?pageSize={}&access_token={}",
        query[0].1, query[1].1
    );
    world.get(&path, &[]).await.ok();
}

#[tokio::test]
async fn answers_are_pretty_compact_partial_and_zipped_as_asked() {
    let world = World::new();
    let client = world.google("nora").await;
    let pretty = client.points("steps", "", &[("pageSize", "2")]).await;
    let compact = client.points("steps", "", &[("pageSize", "2"), ("prettyPrint", "false")]).await;
    assert!(pretty.text().contains("\n  \"dataPoints\": ["));
    assert!(!compact.text().contains('\n'));
    assert_eq!(pretty.json()["dataPoints"], compact.json()["dataPoints"]);
    let fields = "dataPoints(steps(interval/startTime,count)),nextPageToken";
    let partial = client.points("steps", "", &[("pageSize", "2"), ("fields", fields)]).await.ok();
    let interval = partial["dataPoints"][0]["steps"]["interval"].as_object().unwrap();
    assert_eq!(interval.keys().collect::<Vec<_>>(), ["startTime"]);
    assert!(partial["dataPoints"][0].get("dataSource").is_none());
    let bearer = format!("Bearer {}", client.token);
    let path = "/google/v4/users/me/dataTypes/steps/dataPoints";
    let zipped = world.get(path, &[("authorization", &bearer), ("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert!(zipped.bytes.len() * 5 < world.get(path, &[("authorization", &bearer)]).await.bytes.len());
}
