//! Each switch of Fitbit, off and on, and the one for both.

use serde_json::json;

use crate::world::{FITBIT_SCOPES, World, fitbit_authorize, items};

#[tokio::test]
async fn fitbit_refresh_rotation() {
    let world = World::new();
    world.switch(json!({ "fitbit_refresh_rotation": false })).await;
    let tokens = world.fitbit_tokens("nora").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        world.pass_seconds(10);
        assert_eq!(world.fitbit_refresh(refresh).await.ok()["refresh_token"], refresh);
    }
}

#[tokio::test]
async fn fitbit_same_answer() {
    let world = World::new();
    world.switch(json!({ "fitbit_same_answer": false })).await;
    let tokens = world.fitbit_tokens("nora").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    world.fitbit_refresh(refresh).await.ok();
    assert_eq!(world.fitbit_refresh(refresh).await.status, 400);
}

#[tokio::test]
async fn fitbit_redirect_fragment() {
    let world = World::new();
    world.switch(json!({ "fitbit_redirect_fragment": false })).await;
    let redirect = world.click(&fitbit_authorize(FITBIT_SCOPES), "nora", json!({})).await;
    assert_eq!(redirect.0.fragment(), None);
}

#[tokio::test]
async fn fitbit_requests_per_hour_and_retry_after() {
    let world = World::at("2026-11-21T10:50:00Z");
    world.switch(json!({ "fitbit_requests_per_hour": 1, "fitbit_retry_after": true })).await;
    let client = world.fitbit("nora").await;
    client.fitbit("1/user/-/devices.json").await;
    let refused = client.get("/fitbit/1/user/-/devices.json").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("600")));
}

#[tokio::test]
async fn fitbit_intraday_permission() {
    let world = World::new();
    world.switch(json!({ "fitbit_intraday_permission": false })).await;
    let client = world.fitbit("nora").await;
    for resource in ["steps", "heart"] {
        let answer =
            client.fitbit(&format!("1/user/-/activities/{resource}/date/2026-11-20/1d/1min.json")).await;
        assert_eq!(answer.as_object().unwrap().len(), 1, "only the daily key");
    }
}

#[tokio::test]
async fn fitbit_zone_minutes_dataset() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let path = "1/user/-/activities/active-zone-minutes/date/2026-11-20/1d/1min.json";
    let array = client.fitbit(path).await;
    let minutes = items(&array["activities-active-zone-minutes-intraday"][0], "minutes").len();
    world.switch(json!({ "fitbit_zone_minutes_dataset": true })).await;
    let object = client.fitbit(path).await;
    let dataset = items(&object["activities-active-zone-minutes-intraday"], "dataset");
    assert!(minutes > 0 && dataset.len() == minutes && dataset[0]["time"].is_string());
}

#[tokio::test]
async fn fitbit_shuffled_keys() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    world.switch(json!({ "fitbit_shuffled_keys": true })).await;
    let path = "/fitbit/1/user/-/profile.json";
    let (one, other) = (client.get(path).await, client.get(path).await);
    assert_eq!(one.json(), other.json());
    assert_ne!(one.text(), other.text());
}

#[tokio::test]
async fn fitbit_heart_range_days() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let path = "/fitbit/1/user/-/activities/heart/date/2025-10-15/2026-11-15.json";
    assert_eq!(client.get(path).await.status, 400);
    world.switch(json!({ "fitbit_heart_range_days": 1095 })).await;
    client.get(path).await.ok();
}

#[tokio::test]
async fn fitbit_oxygen_range_days() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let path = "/fitbit/1/user/-/spo2/date/2026-10-01/2026-11-15.json";
    assert!(client.get(path).await.ok().as_array().unwrap().len() > 30);
    world.switch(json!({ "fitbit_oxygen_range_days": 30 })).await;
    assert_eq!(client.get(path).await.status, 400);
}

#[tokio::test]
async fn fitbit_minimal_heart_zones() {
    let world = World::new();
    let client = world.fitbit("pavel").await;
    let steps = client.fitbit("1/user/-/activities/steps/date/2026-10-24/2026-11-20.json").await;
    let unworn = items(&steps, "activities-steps").iter().find(|day| day["value"] == "0").unwrap();
    let path = format!("1/user/-/activities/heart/date/{}/1d.json", unworn["dateTime"].as_str().unwrap());
    let zone =
        async || client.fitbit(&path).await["activities-heart"][0]["value"]["heartRateZones"][0].clone();
    assert_eq!(zone().await["minutes"], 1440);
    world.switch(json!({ "fitbit_minimal_heart_zones": true })).await;
    let minimal = zone().await;
    assert!(minimal.get("minutes").is_none() && minimal["name"] == "Out of Range");
}

#[tokio::test]
async fn gone() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world.switch(json!({ "gone": true })).await;
    assert_eq!(google.get("/google/v4/users/me/identity").await.status, 410);
    assert_eq!(fitbit.get("/fitbit/1/user/-/profile.json").await.status, 410);
    assert_eq!(world.fitbit_refresh("x").await.status, 410);
    assert_eq!(world.get("/fitbit/oauth2/authorize", &[]).await.status, 410);
}
