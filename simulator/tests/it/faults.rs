//! Each fault, and which requests it meets.

use serde_json::json;

use crate::world::{World, items};

const STEPS: &str = "/google/v4/users/me/dataTypes/steps/dataPoints?pageSize=5";
const FITBIT_STEPS: &str = "/fitbit/1/user/-/activities/steps/date/2026-11-19/1d.json";

#[tokio::test]
async fn latency() {
    let world = World::new();
    let client = world.google("nora").await;
    world.fault(json!([{ "kind": "latency", "ms": 60, "provider": "google" }])).await;
    let begun = std::time::Instant::now();
    client.get(STEPS).await.ok();
    assert!(begun.elapsed().as_millis() >= 60);
}

#[tokio::test]
async fn too_many_requests_with_and_without_retry_after() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world.fault(json!([{ "kind": "too_many_requests", "retry_after": 7 }])).await;
    for answer in [google.get(STEPS).await, fitbit.get(FITBIT_STEPS).await] {
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("7")));
    }
    world.fault(json!([{ "kind": "too_many_requests" }])).await;
    for answer in [google.get(STEPS).await, fitbit.get(FITBIT_STEPS).await] {
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, None));
    }
    assert_eq!(fitbit.get(FITBIT_STEPS).await.header("fitbit-rate-limit-remaining"), Some("0"));
}

#[tokio::test]
async fn server_errors_as_json_and_html() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world.fault(json!([{ "kind": "server_error_json", "status": 503 }])).await;
    assert_eq!(google.get(STEPS).await.json()["error"]["status"], "UNAVAILABLE");
    assert_eq!(fitbit.get(FITBIT_STEPS).await.json()["errors"][0]["fieldName"], "503");
    world.fault(json!([{ "kind": "server_error_html", "status": 502 }])).await;
    for answer in [google.get(STEPS).await, fitbit.get(FITBIT_STEPS).await] {
        assert_eq!(answer.status, 502);
        assert!(
            answer.header("content-type").unwrap().starts_with("text/html") && answer.text().contains("502")
        );
    }
}

#[tokio::test]
async fn truncated_json_is_a_success_that_does_not_parse() {
    let world = World::new();
    let client = world.google("nora").await;
    world.fault(json!([{ "kind": "truncated_json" }])).await;
    let answer = client.get(STEPS).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.bytes.is_empty() && serde_json::from_slice::<serde_json::Value>(&answer.bytes).is_err());
}

#[tokio::test]
async fn expired_consent_ends_refreshing_but_not_access() {
    let world = World::new();
    let (google, fitbit) =
        (world.google_tokens("nora", &["activity_and_fitness"]).await, world.fitbit_tokens("nora").await);
    world.fault(json!([{ "kind": "expired_consent", "person": "nora" }])).await;
    let refused = world.google_refresh(google["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    let refused = world.fitbit_refresh(fitbit["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.json()["errors"][0]["errorType"], "invalid_grant");
    let bearer = format!("Bearer {}", google["access_token"].as_str().unwrap());
    world.get(STEPS, &[("authorization", &bearer)]).await.ok();
}

#[tokio::test]
async fn revoked_consent_ends_both() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    let tokens = world.google_tokens("nora", &["sleep"]).await;
    world.fault(json!([{ "kind": "revoked_consent", "person": "nora" }])).await;
    assert_eq!(google.get(STEPS).await.status, 401);
    assert_eq!(fitbit.get(FITBIT_STEPS).await.json()["errors"][0]["errorType"], "invalid_token");
    assert_eq!(world.google_refresh(tokens["refresh_token"].as_str().unwrap()).await.status, 400);
}

#[tokio::test]
async fn a_missing_scope_for_one_data_type() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world.fault(json!([{ "kind": "missing_scope", "data_type": "steps" }])).await;
    assert_eq!(google.get(STEPS).await.status, 403);
    assert_eq!(fitbit.get(FITBIT_STEPS).await.json()["errors"][0]["errorType"], "insufficient_scope");
    google.points("distance", "", &[("pageSize", "1")]).await.ok();
}

#[tokio::test]
async fn the_account_is_not_linked_or_has_no_profile() {
    let world = World::new();
    let client = world.google("nora").await;
    world.fault(json!([{ "kind": "account_not_linked" }])).await;
    let refused = client.get(STEPS).await;
    assert_eq!(refused.status, 400);
    let error = refused.json()["error"].clone();
    assert_eq!(
        (&error["status"], &error["details"][0]["reason"]),
        (&json!("FAILED_PRECONDITION"), &json!("ACCOUNT_NOT_LINKED"))
    );
    assert_eq!(error["details"][0]["metadata"]["redirect_uri"], "https://fitbit.google.com/auth/signup");
    world.fault(json!([{ "kind": "precondition_failed" }])).await;
    assert_eq!(client.get(STEPS).await.status, 412);
}

#[tokio::test]
async fn gone_for_one_provider() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world.fault(json!([{ "kind": "gone", "provider": "fitbit" }])).await;
    assert_eq!(fitbit.get(FITBIT_STEPS).await.status, 410);
    google.get(STEPS).await.ok();
}

#[tokio::test]
async fn late_data_arrive_all_at_once() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    world
        .fault(json!([{ "kind": "late_data", "from": "2026-11-14", "to": "2026-11-20", "until": "2026-11-21T11:00:00Z" }]))
        .await;
    let days = async || {
        let answer = google.daily_roll_up("steps", "2026-11-10", "2026-11-21").await.ok();
        items(&answer, "rollupDataPoints").len()
    };
    let sleeps = async || {
        items(&fitbit.fitbit("1.2/user/-/sleep/date/2026-11-10/2026-11-20.json").await, "sleep").len()
    };
    assert_eq!(days().await, 4);
    let late = fitbit.fitbit("1/user/-/activities/minutesSedentary/date/2026-11-20/1d.json").await;
    assert_eq!(late["activities-minutesSedentary"][0]["value"], "1440", "as if the watch had not been worn");
    let before = sleeps().await;
    world.pass_seconds(3600);
    let google_again = world.google("nora").await;
    let answer = google_again.daily_roll_up("steps", "2026-11-10", "2026-11-21").await.ok();
    assert_eq!(items(&answer, "rollupDataPoints").len(), 11);
    assert!(sleeps().await >= before + 6);
}

#[tokio::test]
async fn faults_meet_only_whom_they_name_and_as_often_as_they_say() {
    let world = World::new();
    let (nora, walter) = (world.google("nora").await, world.google("walter").await);
    world
        .fault(json!([{
            "kind": "server_error_json", "status": 500, "person": "nora", "count": 2,
            "path_prefix": "/google/v4/users/me/dataTypes/steps",
        }]))
        .await;
    walter.get(STEPS).await.ok();
    nora.get("/google/v4/users/me/identity").await.ok();
    assert_eq!(nora.get(STEPS).await.status, 500);
    assert_eq!(nora.get(STEPS).await.status, 500);
    nora.get(STEPS).await.ok();
    let rules = world.get("/control/faults", &[]).await.ok();
    assert_eq!(rules[0]["count"], 0);
    let cleared = world.json("DELETE", "/control/faults", None, &json!(null)).await;
    assert_eq!(cleared.status, 204);
    assert_eq!(world.get("/control/faults", &[]).await.ok(), json!([]));
}
