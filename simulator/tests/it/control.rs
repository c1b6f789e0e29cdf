//! The control API and the scenario file.

use pulsekeep_simulator::{SimulatorConfig, SimulatorError, router};
use serde_json::{Value, json};

use crate::world::{World, google_authorize, items};

#[tokio::test]
async fn people_have_ids_zones_and_something_special() {
    let world = World::new();
    let people = world.get("/control/people", &[]).await.ok();
    let people = items(&people, "people");
    assert!(people.len() >= 8);
    for person in people {
        assert_eq!(person["google_id"].as_str().unwrap().len(), 19);
        assert_eq!(person["fitbit_id"].as_str().unwrap().len(), 6);
        assert!(!person["special"].as_str().unwrap().is_empty() && person["time_zone"].is_string());
    }
    let unknown = world.get("/control/people/nobody/truth?day=2026-11-20", &[]).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(world.get("/control/people/nora/truth?day=yesterday", &[]).await.status, 400);
    assert_eq!(world.truth("nora", "today").await["day"], "2026-11-21");
    assert_eq!(world.truth("nora", "2020-01-01").await["known"], false);
}

#[tokio::test]
async fn consent_goes_through_the_checks_of_the_page() {
    let world = World::new();
    let ask = async |body: Value| world.json("POST", "/control/consent", None, &body).await;
    let wrong = google_authorize(&["sleep"]).replace("client_id=pulsekeep-demo", "client_id=nobody");
    for body in [
        json!({ "authorize_url": wrong, "person": "nora" }),
        json!({ "authorize_url": google_authorize(&["sleep"]), "person": "nobody" }),
        json!({ "authorize_url": "http://127.0.0.1:9400/elsewhere", "person": "nora" }),
        json!({ "authorize_url": "x", "person": "nora" }),
        json!({ "authorize_url": google_authorize(&["sleep"]), "person": "nora", "scopes": ["x"] }),
        json!({ "person": "nora" }),
    ] {
        let answer = ask(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn requests_are_counted_by_family_person_and_status() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("walter").await);
    world.json("DELETE", "/control/requests", None, &json!(null)).await;
    for day in ["2026-11-18", "2026-11-19"] {
        google.daily_roll_up("steps", day, "2026-11-20").await.ok();
        fitbit.fitbit(&format!("1/user/-/activities/steps/date/{day}/1d.json")).await;
    }
    google.points("total-calories", "", &[]).await;
    let log = world.get("/control/requests", &[]).await.ok();
    assert_eq!(log["total"], 5);
    let line = |family: &str| {
        let found = items(&log, "requests").iter().find(|line| line["family"] == family);
        found.unwrap_or_else(|| panic!("{family} in {log}")).clone()
    };
    let rolled = line("/google/v4/users/{user}/dataTypes/steps/dataPoints:dailyRollUp");
    assert_eq!(
        (&rolled["count"], &rolled["person"], &rolled["status"]),
        (&json!(2), &json!("nora"), &json!(200))
    );
    let series = line("/fitbit/1/user/-/activities/steps/date/{date}/1d");
    assert_eq!((&series["count"], &series["person"]), (&json!(2), &json!("walter")));
    assert_eq!(line("/google/v4/users/{user}/dataTypes/total-calories/dataPoints")["status"], 400);
    world.json("DELETE", "/control/requests", None, &json!(null)).await;
    assert_eq!(world.get("/control/requests", &[]).await.ok()["total"], 0);
}

#[tokio::test]
async fn the_clock_can_be_moved() {
    let world = World::new();
    let moved = world.json("POST", "/control/clock", None, &json!({ "advance_ms": 90_000 })).await.ok();
    assert_eq!(moved["now"], "2026-11-21T10:01:30Z");
    assert_eq!(world.get("/control/clock", &[]).await.ok()["offset_ms"], 90_000);
}

#[tokio::test]
async fn unknown_switches_and_faults_are_refused() {
    let world = World::new();
    assert_eq!(
        world.json("PUT", "/control/switches", None, &json!({ "google_testing": true })).await.status,
        400
    );
    assert_eq!(world.json("PUT", "/control/faults", None, &json!([{ "kind": "meteor" }])).await.status, 400);
    world.switch(json!({ "gone": true })).await;
    world.switch(json!({})).await;
    assert_eq!(world.get("/control/switches", &[]).await.ok()["gone"], false);
}

fn start(path: std::path::PathBuf) -> Result<axum::Router, SimulatorError> {
    let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), std::sync::Arc::new(|| 0));
    router(SimulatorConfig { scenario: Some(path), ..config })
}

#[tokio::test]
async fn a_scenario_file_sets_switches_and_faults() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("scenario.toml");
    let text = "[switches]\ngoogle_testing_mode = true\n\n[[faults]]\nkind = \"late_data\"\nperson = \"nora\"\nfrom = \"2026-11-01\"\nto = \"2026-11-02\"\n";
    std::fs::write(&toml, text).unwrap();
    let world = World::with(|config| config.scenario = Some(toml));
    assert_eq!(world.get("/control/switches", &[]).await.ok()["google_testing_mode"], true);
    assert_eq!(world.get("/control/faults", &[]).await.ok()[0]["kind"], "late_data");
    let json = folder.path().join("scenario.json");
    std::fs::write(&json, r#"{"faults":[{"kind":"gone","provider":"fitbit","count":1}]}"#).unwrap();
    let world = World::with(|config| config.scenario = Some(json));
    assert_eq!(world.get("/control/faults", &[]).await.ok()[0]["count"], 1);
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "[switches]\nnothing = true\n").unwrap();
    let error = start(wrong).unwrap_err().to_string();
    assert!(error.contains("wrong.toml") && error.contains("nothing"), "{error}");
    assert!(start(folder.path().join("absent.toml")).is_err());
}
