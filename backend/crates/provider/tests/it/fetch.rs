//! Data requests against a server on loopback.

use jiff::civil::date;
use pulsekeep_core::{
    EpochMs,
    catalogue::endpoint,
    job::FailureCode,
    observation::{DeviceRecord, DeviceTime},
    time::{DayRange, local_ms},
};
use pulsekeep_provider::{
    AccountIdentity, FetchRequest, HttpClient, Provider, RateReading, fitbit, google_health,
};
use secrecy::SecretString;

use crate::server::{Scripted, Server};

fn access() -> SecretString {
    SecretString::from("ya29.token")
}

fn request(key: &str) -> FetchRequest {
    let days = DayRange { start: date(2026, 8, 1), end: date(2026, 8, 8) };
    let instant = |day: jiff::civil::Date| EpochMs(local_ms(day.at(0, 0, 0, 0)));
    FetchRequest {
        endpoint: endpoint(key).unwrap(),
        days,
        last: days.last(),
        bounds: (instant(days.start), instant(days.end)),
        page: None,
    }
}

async fn google(answers: impl IntoIterator<Item = Scripted>) -> (Server, impl Provider) {
    let server = Server::start(answers).await;
    let provider = google_health(server.config(), HttpClient::new().unwrap());
    (server, provider)
}

async fn legacy(answers: impl IntoIterator<Item = Scripted>) -> (Server, impl Provider) {
    let server = Server::start(answers).await;
    let provider = fitbit(server.config(), HttpClient::new().unwrap());
    (server, provider)
}

#[tokio::test]
async fn google_is_asked_under_the_base_path_with_bearer_and_gzip() {
    let (server, provider) = google([Scripted::json(200, "{}")]).await;
    let fetched = provider.fetch(&access(), &request("google.heart_rate.minute")).await.unwrap();
    assert_eq!((fetched.body.as_slice(), fetched.rate, fetched.unfiltered), (&b"{}"[..], None, false));
    let [seen] = &server.seen()[..] else { panic!("one request") };
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.target, "/base/v4/users/me/dataTypes/heart-rate/dataPoints:rollUp?prettyPrint=false");
    assert_eq!(seen.header("authorization"), Some("Bearer ya29.token"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert!(seen.body.contains(r#""windowSize":"60s""#), "{}", seen.body);
}

#[tokio::test]
async fn sleep_filters_are_learnt_from_refusals() {
    let refusal = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER"}]}}"#;
    let answers = [
        Scripted::json(400, refusal),
        Scripted::json(400, refusal),
        Scripted::json(200, r#"{"nextPageToken":"older"}"#),
        Scripted::json(200, "{}"),
        Scripted::json(400, refusal),
    ];
    let (server, provider) = google(answers).await;
    let mut request = request("google.sleep");
    let first = provider.fetch(&access(), &request).await.unwrap();
    assert!(first.unfiltered);
    request.page = provider.parse(request.endpoint, &first.body).unwrap().next_page;
    assert!(provider.fetch(&access(), &request).await.unwrap().unfiltered);
    let targets: Vec<String> = server.seen().into_iter().map(|s| s.target).collect();
    let has = |n: usize, part: &str| targets[n].contains(part);
    assert!(has(0, ":reconcile?") && has(0, "civil_end_time"));
    assert!(has(1, ":reconcile?") && has(1, "sleep.interval.end_time"));
    assert!(has(2, "dataPoints?") && !has(2, "filter="));
    assert!(has(3, "pageToken=older") && !has(3, "filter="), "the refusals are not asked for again");
    let failed = provider.fetch(&access(), &request).await.unwrap_err();
    assert_eq!(failed.code, FailureCode::RequestRefused, "nothing is left to try");
}

#[tokio::test]
async fn failures_are_no_bodies() {
    let body = r#"{"error":{"code":401,"message":"token ya29.token is bad","status":"UNAUTHENTICATED"}}"#;
    let answers = [
        Scripted::json(401, body),
        Scripted::json(429, r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#).header("retry-after", "42"),
        Scripted::new(503, "<html>busy</html>"),
        Scripted::new(307, "").header("location", "/elsewhere"),
    ];
    let (server, provider) = google(answers).await;
    let mut failures = Vec::new();
    for _ in 0..4 {
        failures.push(provider.fetch(&access(), &request("google.steps.day")).await.unwrap_err());
    }
    assert!(failures[0].token_rejected);
    assert_eq!(failures[0].to_string(), "needs_consent (status 401): UNAUTHENTICATED");
    assert_eq!((failures[1].code, failures[1].retry_after_s), (FailureCode::RateLimited, Some(42)));
    assert_eq!(failures[2].code, FailureCode::ProviderError);
    assert_eq!((failures[3].code, failures[3].status), (FailureCode::ProviderError, Some(307)));
    assert_eq!(server.seen().len(), 4, "the redirect was not followed");
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let server = Server::start([]).await;
    let mut config = server.config();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    config.api_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let provider = fitbit(config, HttpClient::new().unwrap());
    let failure = provider.fetch(&access(), &request("fitbit.steps.day")).await.unwrap_err();
    assert_eq!((failure.code, failure.status), (FailureCode::ProviderUnreachable, None));
    assert!(!failure.detail.contains("127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn fitbit_tells_the_rate_budget_on_every_answer() {
    let budget = |answer: Scripted, remaining: &str| {
        answer
            .header("fitbit-rate-limit-limit", "150")
            .header("fitbit-rate-limit-remaining", remaining)
            .header("fitbit-rate-limit-reset", "3029")
    };
    let busy = r#"{"errors":[{"errorType":"system","fieldName":"n/a","message":"Too Many Requests"}],"success":false}"#;
    let answers = [
        budget(Scripted::json(200, r#"{"activities-steps":[]}"#), "149"),
        budget(Scripted::json(429, busy), "0"),
    ];
    let (server, provider) = legacy(answers).await;
    let fetched = provider.fetch(&access(), &request("fitbit.steps.day")).await.unwrap();
    assert_eq!(fetched.rate, Some(RateReading { limit: 150, remaining: 149, reset_s: 3029 }));
    let failure = provider.fetch(&access(), &request("fitbit.steps.day")).await.unwrap_err();
    assert_eq!((failure.code, failure.retry_after_s), (FailureCode::RateLimited, Some(3029)));
    assert_eq!(failure.detail, "system n/a");
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/base/1/user/-/activities/steps/date/2026-08-01/2026-08-07.json");
    assert_eq!(seen.header("accept-language"), None, "so that units are metric");
}

#[tokio::test]
async fn googles_identity_comes_with_the_zone_where_that_is_granted() {
    let identity =
        r#"{"name":"users/me/identity","healthUserId":"1234567890123456789","legacyUserId":"26FWFL"}"#;
    let denied = r#"{"error":{"status":"PERMISSION_DENIED","details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
    let answers = [
        Scripted::json(200, identity),
        Scripted::json(200, r#"{"name":"users/me/settings","timeZone":"Europe/Paris"}"#),
        Scripted::json(200, identity),
        Scripted::json(403, denied),
        Scripted::json(200, identity),
        Scripted::json(503, ""),
        Scripted::json(200, "{}"),
    ];
    let (_server, provider) = google(answers).await;
    let mut expected = AccountIdentity {
        provider_user_id: "1234567890123456789".to_owned(),
        legacy_user_id: Some("26FWFL".to_owned()),
        time_zone: Some("Europe/Paris".to_owned()),
        display_name: None,
    };
    assert_eq!(provider.account(&access()).await.as_ref(), Ok(&expected));
    expected.time_zone = None;
    assert_eq!(provider.account(&access()).await.as_ref(), Ok(&expected));
    let failed = |answer: Result<AccountIdentity, _>| -> FailureCode {
        let failure: pulsekeep_provider::FetchFailure = answer.unwrap_err();
        failure.code
    };
    assert_eq!(failed(provider.account(&access()).await), FailureCode::ProviderError, "no zone is no guess");
    assert_eq!(failed(provider.account(&access()).await), FailureCode::BadAnswer);
}

#[tokio::test]
async fn fitbits_identity_is_the_profile() {
    let (_server, provider) =
        legacy([Scripted::json(200, include_str!("../fixtures/fitbit/profile.json"))]).await;
    let identity = AccountIdentity {
        provider_user_id: "26FWFL".to_owned(),
        legacy_user_id: None,
        time_zone: Some("Europe/London".to_owned()),
        display_name: Some("Adam".to_owned()),
    };
    assert_eq!(provider.account(&access()).await, Ok(identity));
}

#[tokio::test]
async fn devices_are_read_to_the_last_page() {
    let page = |id: u32, token: &str| {
        Scripted::json(
            200,
            &format!(
                r#"{{"pairedDevices":[{{"name":"users/me/pairedDevices/{id}","deviceType":"TRACKER","deviceVersion":"Charge 6","batteryLevel":61,"lastSyncTime":"2026-08-06T12:00:00Z"}}],"nextPageToken":"{token}"}}"#
            ),
        )
    };
    let (server, provider) = google([page(1, "two"), page(2, "")]).await;
    let devices = provider.devices(&access()).await.unwrap();
    let ids: Vec<&str> = devices.iter().map(|d| d.external_id.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    let at = "2026-08-06T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
    assert_eq!(devices[0].last_sync, Some(DeviceTime::Instant(EpochMs::from(at))));
    assert_eq!((devices[0].battery_percent, devices[0].is_tracker), (Some(61), true));
    assert!(server.seen()[1].target.contains("pageToken=two"));
}

#[tokio::test]
async fn fitbits_devices_have_local_times() {
    let (_server, provider) =
        legacy([Scripted::json(200, include_str!("../fixtures/fitbit/devices.json"))]).await;
    let tracker = DeviceRecord {
        external_id: "2082620000".to_owned(),
        model: "Versa 3".to_owned(),
        is_tracker: true,
        last_sync: Some(DeviceTime::Local(local_ms(date(2023, 5, 23).at(19, 55, 34, 0)))),
        battery_percent: Some(47),
    };
    let scale = DeviceRecord {
        external_id: "1".to_owned(),
        model: "Aria".to_owned(),
        is_tracker: false,
        last_sync: None,
        battery_percent: None,
    };
    assert_eq!(provider.devices(&access()).await, Ok(vec![tracker, scale]));
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_rejected_before_any_request() {
    let (server, provider) = google([]).await;
    let failure =
        provider.fetch(&SecretString::from("a\nb"), &request("google.steps.day")).await.unwrap_err();
    assert!(failure.token_rejected);
    assert_eq!(server.seen().len(), 0);
}
