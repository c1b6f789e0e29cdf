//! Google's errors: who may ask, what, and how.

use crate::world::{GOOGLE, World, date};
use serde_json::{Value, json};

fn reason(answer: &crate::world::Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.text());
    let error = &answer.json()["error"];
    assert_eq!(error["status"], "INVALID_ARGUMENT");
    assert_eq!(error["details"][0]["domain"], "health.googleapis.com");
    error["details"][0]["metadata"]["detailedReasons"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_a_token_the_details_name_the_method() {
    let world = World::new();
    let answer = world.get("/google/v4/users/me/dataTypes/steps/dataPoints", &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"https://accounts.google.com/\""));
    let error = &answer.json()["error"];
    assert_eq!(error["status"], "UNAUTHENTICATED");
    assert_eq!(error["details"][0]["reason"], "CREDENTIALS_MISSING");
    assert_eq!(
        error["details"][0]["metadata"]["method"],
        "google.devicesandservices.health.v4.DataPointsService.ListDataPoints"
    );
    let keyed = world.get("/google/v4/users/me/dataTypes/steps/dataPoints?key=abc", &[]).await;
    assert_eq!(keyed.status, 401);
    assert!(keyed.text().contains("API keys are not supported by this API."));
}

#[tokio::test]
async fn a_bogus_and_an_expired_token_look_alike() {
    let world = World::new();
    let client = world.google("nora").await;
    let bogus = world.get("/google/v4/users/me/identity", &[("authorization", "Bearer ya29.abc")]).await;
    client.get("/google/v4/users/me/identity").await.ok();
    world.pass_seconds(3599);
    let expired = client.get("/google/v4/users/me/identity").await;
    for answer in [&bogus, &expired] {
        assert_eq!(answer.status, 401);
        assert!(answer.json()["error"].get("details").is_none());
        assert!(answer.header("www-authenticate").unwrap().ends_with(", error=\"invalid_token\""));
    }
    assert_eq!(bogus.text(), expired.text());
}

#[tokio::test]
async fn unknown_paths_are_an_html_page_before_anything_else() {
    let world = World::new();
    for path in
        ["/google/v4/users/me/nothing", "/google/v5", "/google/v4/users/me/dataTypes/steps/dataPoints:merge"]
    {
        let answer = world.get(path, &[]).await;
        assert_eq!(answer.status, 404);
        assert!(answer.text().contains("Error 404 (Not Found)!!1"), "{path}");
    }
    let wrong_method = world.json("POST", "/google/v4/users/me/identity", None, &json!({})).await;
    assert_eq!(wrong_method.status, 404);
}

#[tokio::test]
async fn a_missing_scope_is_named_in_the_header() {
    let world = World::new();
    let tokens = world.google_tokens("nora", &["activity_and_fitness"]).await;
    let client =
        crate::world::Client { world: &world, token: tokens["access_token"].as_str().unwrap().to_owned() };
    client.points("steps", "", &[("pageSize", "1")]).await.ok();
    client.get("/google/v4/users/me/identity").await.ok();
    let refused = client.points("sleep", "", &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    let header = refused.header("www-authenticate").unwrap();
    assert!(header.contains("error=\"insufficient_scope\""), "{header}");
    assert!(header.contains(&format!("scope=\"{GOOGLE}sleep.readonly\"")), "{header}");
    assert_eq!(client.get("/google/v4/users/me/settings").await.status, 403);
    assert_eq!(client.get("/google/v4/users/me/pairedDevices").await.status, 403);
}

#[tokio::test]
async fn only_ones_own_data_can_be_asked_for() {
    let world = World::new();
    let client = world.google("nora").await;
    let identity = client.get("/google/v4/users/me/identity").await.ok();
    let own = identity["healthUserId"].as_str().unwrap();
    assert_eq!(own.len(), 19);
    assert_eq!(identity["legacyUserId"].as_str().unwrap().len(), 6);
    client.get(&format!("/google/v4/users/{own}/dataTypes/steps/dataPoints?pageSize=1")).await.ok();
    let other = client.get("/google/v4/users/3902817465510938274/dataTypes/steps/dataPoints").await;
    assert_eq!(
        (other.status.as_u16(), other.json()["error"]["status"].as_str()),
        (403, Some("PERMISSION_DENIED"))
    );
}

#[tokio::test]
async fn data_types_have_only_their_operations() {
    let world = World::new();
    let client = world.google("nora").await;
    assert_eq!(
        reason(&client.points("total-calories", "", &[]).await),
        "INVALID_PARENT_DATA_TYPE_COLLECTION"
    );
    assert_eq!(
        reason(&client.points("total-calories", ":reconcile", &[]).await),
        "INVALID_PARENT_DATA_TYPE_COLLECTION"
    );
    assert_eq!(
        reason(&client.points("blood-pressure", "", &[]).await),
        "INVALID_PARENT_DATA_TYPE_COLLECTION"
    );
    assert_eq!(
        reason(&client.points("heart_rate", "", &[]).await),
        "INVALID_PARENT_DATA_TYPE_COLLECTION_FORMAT"
    );
    for data_type in ["sleep", "daily-resting-heart-rate", "daily-heart-rate-variability"] {
        assert_eq!(
            reason(&client.roll_up(data_type, "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "60s").await),
            "INVALID_PARENT_DATA_TYPE_COLLECTION"
        );
    }
    assert_eq!(client.get("/google/v4/users/me/dataTypes/steps/dataPoints/1").await.status, 400);
}

#[tokio::test]
async fn filters_are_refused_with_the_reasons_of_the_catalogue() {
    let world = World::new();
    let client = world.google("nora").await;
    let cases = [
        (
            "steps",
            "steps.interval.start_time > \"2026-11-19T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_RESTRICTION_COMPARATOR",
        ),
        (
            "steps",
            "steps.interval.start_time <= \"2026-11-19T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_RESTRICTION_COMPARATOR",
        ),
        (
            "steps",
            "steps.interval.start_time >= \"2026-11-19T00:00:00Z\" OR steps.interval.start_time < \"2026-11-18T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_EXPRESSION_STRUCTURE",
        ),
        (
            "steps",
            "distance.interval.start_time >= \"2026-11-19T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_COLLECTION_MISMATCH",
        ),
        (
            "steps",
            "steps.interval.start_time >= \"2026-11-19T00:00:00Z\" AND steps.interval.civil_start_time < \"2026-11-20\"",
            "INVALID_DATA_POINT_FILTER_MIXED_TIME_RESTRICTIONS",
        ),
        ("steps", "steps.interval.start_time >= \"2026-11-19T00:00:00Z", "INVALID_DATA_POINT_FILTER_SYNTAX"),
        ("steps", "steps.interval.start_time >=", "INVALID_DATA_POINT_FILTER_MISSING_TOKEN"),
        (
            "steps",
            "steps.interval.start_time >= \"2026-11-19T00:00:00Z\" AND",
            "INVALID_DATA_POINT_FILTER_MISSING_TOKEN",
        ),
        (
            "steps",
            "steps.interval.end_time >= \"2026-11-19T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER",
        ),
        (
            "sleep",
            "sleep.interval.start_time >= \"2026-11-19T00:00:00Z\"",
            "INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER",
        ),
        (
            "heart-rate",
            "heart_rate.sample_time.start >= \"2026-11-19\"",
            "INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER",
        ),
        ("steps", "steps.interval.start_time >= \"2026-11-19\"", "INVALID_FILTER_FORMAT"),
        (
            "daily-resting-heart-rate",
            "daily_resting_heart_rate.date >= \"19.11.2026\"",
            "INVALID_FILTER_FORMAT",
        ),
        (
            "steps",
            "steps.interval.start_time >= \"2026-11-19T00:00:00Z\" AND steps.interval.start_time < \"2026-11-19T00:00:00Z\"",
            "INVALID_TIME_RANGE",
        ),
    ];
    for (data_type, filter, expected) in cases {
        assert_eq!(reason(&client.points(data_type, "", &[("filter", filter)]).await), expected, "{filter}");
    }
    let fine = [
        ("steps", "steps.interval.civil_start_time >= \"2026-11-19T08:30:00\""),
        ("heart-rate", "heart_rate.sample_time.civil_time < \"2026-11-19\""),
        ("weight", "weight.sample_time.physical_time >= \"2024-08-14T12:34:56Z\""),
    ];
    for (data_type, filter) in fine {
        client.points(data_type, "", &[("filter", filter), ("pageSize", "1")]).await.ok();
    }
}

#[tokio::test]
async fn ranges_are_limited_by_data_type() {
    let world = World::new();
    let client = world.google("nora").await;
    for (data_type, days) in [("heart-rate", 14), ("total-calories", 14), ("steps", 90), ("distance", 90)] {
        let end: jiff::civil::Date = "2026-11-20".parse().unwrap();
        let day = |back: i64| (end - jiff::Span::new().days(back)).to_string();
        client.daily_roll_up(data_type, &day(days), "2026-11-20").await.ok();
        let too_long = client.daily_roll_up(data_type, &day(days + 1), "2026-11-20").await;
        assert_eq!(reason(&too_long), "INVALID_TIME_RANGE", "{data_type}");
        let instant = |date: String| format!("{date}T00:00:00Z");
        let end = "2026-11-20T00:00:00Z";
        client.roll_up(data_type, &instant(day(days)), end, "86400s").await.ok();
        let too_long = client.roll_up(data_type, &instant(day(days + 1)), end, "86400s").await;
        assert_eq!(reason(&too_long), "INVALID_TIME_RANGE", "{data_type}");
    }
    let reversed = client.roll_up("steps", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z", "60s").await;
    assert_eq!(reason(&reversed), "INVALID_TIME_RANGE");
    for window in ["0.5s", "60", "", "-5s"] {
        let refused = client.roll_up("steps", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", window).await;
        assert_eq!(reason(&refused), "INVALID_WINDOW_SIZE", "{window}");
    }
    let path = "/google/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp";
    let mut start: Value = date("2026-11-19");
    start["time"] = json!({ "hours": 3 });
    let unaligned =
        client.post(path, &json!({ "range": { "start": start, "end": date("2026-11-20") } })).await;
    assert_eq!(reason(&unaligned), "INVALID_TIME_RANGE");
}

#[tokio::test]
async fn three_hundred_requests_a_minute_and_person() {
    let world = World::new();
    let (nora, walter) = (world.google("nora").await, world.google("walter").await);
    for _ in 0..300 {
        nora.get("/google/v4/users/me/identity").await.ok();
    }
    let refused = nora.get("/google/v4/users/me/identity").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(refused.json()["error"]["details"][0]["reason"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused.header("retry-after"), None);
    walter.get("/google/v4/users/me/identity").await.ok();
    world.pass_seconds(60);
    nora.get("/google/v4/users/me/identity").await.ok();
}
