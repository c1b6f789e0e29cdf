//! Each switch of Google, off and on.

use serde_json::{Value, json};

use crate::schema::Schemas;
use crate::world::{ALL_GOOGLE, World, int, items};

#[tokio::test]
async fn google_testing_mode() {
    let world = World::new();
    world.switch(json!({ "google_testing_mode": true })).await;
    let tokens = world.google_tokens("nora", &ALL_GOOGLE).await;
    assert_eq!(tokens["refresh_token_expires_in"], 604_799);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    world.pass_seconds(86_400);
    assert_eq!(world.google_refresh(refresh).await.ok()["refresh_token_expires_in"], 518_399);
    world.pass_seconds(6 * 86_400);
    let dead = world.google_refresh(refresh).await;
    assert_eq!((dead.status.as_u16(), dead.json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[tokio::test]
async fn google_refresh_rotation() {
    let world = World::new();
    world.switch(json!({ "google_refresh_rotation": true })).await;
    let tokens = world.google_tokens("nora", &ALL_GOOGLE).await;
    let old = tokens["refresh_token"].as_str().unwrap();
    let fresh = world.google_refresh(old).await.ok();
    let new = fresh["refresh_token"].as_str().unwrap();
    assert_ne!(new, old);
    assert_eq!(world.google_refresh(old).await.status, 400);
    world.google_refresh(new).await.ok();
}

#[tokio::test]
async fn google_requests_per_minute_and_retry_after() {
    let world = World::at("2026-11-21T10:00:15Z");
    world.switch(json!({ "google_requests_per_minute": 2, "google_retry_after": true })).await;
    let client = world.google("nora").await;
    for _ in 0..2 {
        client.get("/google/v4/users/me/identity").await.ok();
    }
    let refused = client.get("/google/v4/users/me/identity").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("45")));
}

#[tokio::test]
async fn google_nan_strings() {
    let world = World::new();
    let client = world.google("nora").await;
    let oldest = async || {
        let points = client.all_points("daily-sleep-temperature-derivations", "", "", "10000").await;
        points.last().unwrap()["dailySleepTemperatureDerivations"].clone()
    };
    let plain = oldest().await;
    assert!(plain.get("baselineTemperatureCelsius").is_none() && plain["nightlyTemperatureCelsius"].is_f64());
    world.switch(json!({ "google_nan_strings": true })).await;
    let strange = oldest().await;
    assert_eq!(strange["baselineTemperatureCelsius"], "NaN");
    assert_eq!(strange["relativeNightlyStddev30dCelsius"], "NaN");
    let schemas = Schemas::read();
    assert!(!schemas.problems("DailySleepTemperatureDerivations", &strange).is_empty());
}

#[tokio::test]
async fn google_empty_page_with_token() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = "steps.interval.civil_start_time >= \"2026-11-20\" AND steps.interval.civil_start_time < \"2026-11-21\"";
    let whole = client.all_points("steps", "", filter, "10000").await;
    world.switch(json!({ "google_empty_page_with_token": true })).await;
    let first = client.points("steps", "", &[("filter", filter)]).await.ok();
    assert!(first.get("dataPoints").is_none() && first["nextPageToken"].is_string());
    assert_eq!(client.all_points("steps", "", filter, "10000").await, whole);
    for path in ["rollUp", "dailyRollUp"] {
        let mut body = match path {
            "rollUp" => {
                json!({ "range": { "startTime": "2026-11-19T00:00:00Z", "endTime": "2026-11-20T00:00:00Z" }, "windowSize": "3600s" })
            }
            _ => {
                json!({ "range": { "start": crate::world::date("2026-11-18"), "end": crate::world::date("2026-11-20") } })
            }
        };
        let path = format!("/google/v4/users/me/dataTypes/steps/dataPoints:{path}");
        let first = client.post(&path, &body).await.ok();
        assert!(first.get("rollupDataPoints").is_none());
        body["pageToken"] = first["nextPageToken"].clone();
        assert!(!items(&client.post(&path, &body).await.ok(), "rollupDataPoints").is_empty());
    }
}

#[tokio::test]
async fn google_empty_next_page_token() {
    let world = World::new();
    let client = world.google("nora").await;
    let last = async || {
        let filter = "steps.interval.start_time >= \"2031-01-01T00:00:00Z\"";
        client.points("steps", "", &[("filter", filter)]).await.ok()
    };
    assert!(last().await.get("nextPageToken").is_none());
    world.switch(json!({ "google_empty_next_page_token": true })).await;
    assert_eq!(last().await["nextPageToken"], "");
    let rolled = client.daily_roll_up("steps", "2026-11-18", "2026-11-20").await.ok();
    assert_eq!(rolled["nextPageToken"], "");
}

#[tokio::test]
async fn google_unsorted_pages() {
    let world = World::new();
    let client = world.google("nora").await;
    let page = async || client.points("steps", "", &[("pageSize", "50")]).await.ok();
    let sorted = page().await;
    world.switch(json!({ "google_unsorted_pages": true })).await;
    let unsorted = page().await;
    assert_ne!(sorted["dataPoints"], unsorted["dataPoints"]);
    let texts = |page: &Value| {
        let mut texts: Vec<String> = items(page, "dataPoints").iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(&sorted), texts(&unsorted));
    assert_eq!(sorted["nextPageToken"], unsorted["nextPageToken"]);
}

#[tokio::test]
async fn google_daily_roll_up_end_inclusive() {
    let world = World::new();
    let client = world.google("nora").await;
    let days = async || {
        let answer = client.daily_roll_up("steps", "2026-11-16", "2026-11-19").await.ok();
        items(&answer, "rollupDataPoints").len()
    };
    assert_eq!(days().await, 3);
    world.switch(json!({ "google_daily_roll_up_end_inclusive": true })).await;
    assert_eq!(days().await, 4);
}

#[tokio::test]
async fn google_sleep_filter_refused() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = [("filter", "sleep.interval.end_time >= \"2026-11-19T00:00:00Z\"")];
    client.points("sleep", "", &filter).await.ok();
    world.switch(json!({ "google_sleep_filter_refused": true })).await;
    let refused = client.points("sleep", "", &filter).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    client.points("sleep", "", &[]).await.ok();
}

#[tokio::test]
async fn google_true_zero() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = "steps.interval.civil_start_time >= \"2026-11-20\" AND steps.interval.civil_start_time < \"2026-11-21\"";
    let points = async || client.all_points("steps", "", filter, "10000").await;
    let absent = points().await;
    assert!(absent.iter().all(|point| int(&point["steps"]["count"]) > 0));
    world.switch(json!({ "google_true_zero": "without_count" })).await;
    let without = points().await;
    assert!(without.len() > absent.len());
    assert!(without.iter().any(|point| point["steps"].get("count").is_none()));
    world.switch(json!({ "google_true_zero": "with_count" })).await;
    let with = points().await;
    assert_eq!(with.len(), without.len());
    assert!(with.iter().any(|point| point["steps"]["count"] == "0"));
}

#[tokio::test]
async fn google_empty_windows_present() {
    let world = World::new();
    let client = world.google("jack").await;
    let hours = async || {
        let answer =
            client.roll_up("heart-rate", "2026-11-18T00:00:00Z", "2026-11-20T00:00:00Z", "3600s").await.ok();
        items(&answer, "rollupDataPoints").to_vec()
    };
    let omitted = hours().await;
    assert!(omitted.len() < 48 && omitted.iter().all(|window| window["heartRate"].is_object()));
    world.switch(json!({ "google_empty_windows_present": true })).await;
    let present = hours().await;
    assert_eq!(present.len(), 48);
    assert_eq!(present.iter().filter(|window| window["heartRate"].is_object()).count(), omitted.len());
}

#[tokio::test]
async fn google_roll_up_descending() {
    let world = World::new();
    let client = world.google("nora").await;
    let both = async || {
        let days = client.daily_roll_up("steps", "2026-11-10", "2026-11-19").await.ok();
        let hours = client
            .roll_up("total-calories", "2026-11-18T00:00:00Z", "2026-11-20T00:30:00Z", "3600s")
            .await
            .ok();
        (items(&days, "rollupDataPoints").to_vec(), items(&hours, "rollupDataPoints").to_vec())
    };
    let (mut days, mut hours) = both().await;
    days.reverse();
    hours.reverse();
    world.switch(json!({ "google_roll_up_descending": true })).await;
    assert_eq!(both().await, (days, hours));
}

#[tokio::test]
async fn google_sleep_unprocessed_first() {
    // Nora wakes at 07:08 UTC; the record is there 23 minutes later
    let world = World::at("2026-11-21T07:45:00Z");
    world.switch(json!({ "google_sleep_unprocessed_first": true })).await;
    let client = world.google("nora").await;
    let newest =
        async || client.points("sleep", "", &[("pageSize", "1")]).await.ok()["dataPoints"][0].clone();
    let early = newest().await;
    assert_eq!(early["sleep"]["type"], "CLASSIC");
    assert!(early["sleep"]["metadata"].get("processed").is_none() && early["sleep"].get("summary").is_none());
    world.pass_seconds(3000);
    let late = newest().await;
    assert_eq!(late["name"], early["name"]);
    assert_eq!(
        (&late["sleep"]["type"], &late["sleep"]["metadata"]["processed"]),
        (&json!("STAGES"), &json!(true))
    );
}

#[tokio::test]
async fn devices_silent_after() {
    let world = World::new();
    let client = world.google("nora").await;
    let newest = async || {
        let point = client.points("heart-rate", "", &[("pageSize", "1")]).await.ok()["dataPoints"][0].clone();
        point["heartRate"]["sampleTime"]["physicalTime"].as_str().unwrap().to_owned()
    };
    assert!(newest().await.as_str() > "2026-11-21T09");
    world.switch(json!({ "devices_silent_after": "2026-11-19T12:00:00Z" })).await;
    let last = newest().await;
    assert!(last.as_str() > "2026-11-19T11" && last.as_str() < "2026-11-19T12", "{last}");
    let path = "/control/people/nora/truth/range?provider=google&from=2026-11-18&to=2026-11-21&metrics=steps";
    let truth = world.get(path, &[]).await.ok();
    assert!(truth["synced"].as_str().unwrap() <= "2026-11-19T12:00:00Z");
    assert!(truth["daily"]["steps"].get("2026-11-20").is_none());
}

#[tokio::test]
async fn every_switch_is_tested_here_or_with_fitbit() {
    let world = World::new();
    let switches = world.get("/control/switches", &[]).await.ok();
    let tests = concat!(
        include_str!("push.rs"),
        include_str!("quotas.rs"),
        include_str!("switches_google.rs"),
        include_str!("switches_fitbit.rs"),
    );
    for name in switches.as_object().unwrap().keys() {
        assert!(tests.contains(&format!("\"{name}\": ")), "no test turns {name}");
    }
}
