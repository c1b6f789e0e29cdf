//! A simulator with a clock in hand, and clients for both providers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use http_body_util::BodyExt as _;
use pulsekeep_simulator::{SimulatorConfig, router};
use serde_json::{Value, json};
use sha2::Digest as _;
use tower::ServiceExt as _;
use url::Url;
use url::form_urlencoded::Serializer;

pub(crate) const BASE: &str = "http://127.0.0.1:9400";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:8080/connect/callback";
pub(crate) const GOOGLE: &str = "https://www.googleapis.com/auth/googlehealth.";
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0";
pub(crate) const FITBIT_SCOPES: &str = "activity cardio_fitness heartrate location oxygen_saturation profile \
                                        respiratory_rate settings sleep temperature weight";

pub(crate) struct World {
    router: Router,
    now: Arc<AtomicI64>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The JSON of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }
}

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

impl World {
    /// Saturday, 2026-11-21, 10:00 UTC.
    pub(crate) fn new() -> World {
        World::with(|_| {})
    }

    pub(crate) fn at(now: &str) -> World {
        let world = World::new();
        world.now.store(at(now), Ordering::SeqCst);
        world
    }

    pub(crate) fn with(change: impl FnOnce(&mut SimulatorConfig)) -> World {
        let now = Arc::new(AtomicI64::new(at("2026-11-21T10:00:00Z")));
        let clock = now.clone();
        let mut config = SimulatorConfig::new(
            "127.0.0.1:0".parse().unwrap(),
            Arc::new(move || clock.load(Ordering::SeqCst)),
        );
        change(&mut config);
        World { router: router(config).unwrap(), now }
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn form(
        &self,
        path: &str,
        basic: Option<(&str, &str)>,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
            request = request.header("authorization", format!("Basic {encoded}"));
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn switch(&self, switches: Value) {
        self.json("PUT", "/control/switches", None, &switches).await.ok();
    }

    pub(crate) async fn fault(&self, rules: Value) {
        self.json("PUT", "/control/faults", None, &rules).await.ok();
    }

    pub(crate) async fn truth(&self, person: &str, day: &str) -> Value {
        self.get(&format!("/control/people/{person}/truth?day={day}"), &[]).await.ok()
    }

    /// Clicks through the consent page; the fields of the redirect.
    pub(crate) async fn click(&self, authorize: &str, person: &str, more: Value) -> Redirect {
        let mut body = json!({ "authorize_url": authorize, "person": person });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let answer = self.json("POST", "/control/consent", None, &body).await.ok();
        Redirect(Url::parse(answer["redirect_to"].as_str().unwrap()).unwrap())
    }

    /// A Google grant of some scopes (short names without `.readonly`).
    pub(crate) async fn google_tokens(&self, person: &str, scopes: &[&str]) -> Value {
        let code = self.click(&google_authorize(scopes), person, json!({})).await.field("code").unwrap();
        self.google_exchange(&code, VERIFIER).await.ok()
    }

    pub(crate) async fn google_exchange(&self, code: &str, verifier: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "pulsekeep-demo"),
            ("client_secret", "pulsekeep-demo-secret"),
            ("redirect_uri", REDIRECT),
            ("code", code),
            ("code_verifier", verifier),
        ];
        self.form("/google/token", None, &fields).await
    }

    pub(crate) async fn google_refresh(&self, refresh: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "pulsekeep-demo"),
            ("client_secret", "pulsekeep-demo-secret"),
            ("refresh_token", refresh),
        ];
        self.form("/google/token", None, &fields).await
    }

    /// A client of Google with all scopes.
    pub(crate) async fn google(&self, person: &str) -> Client<'_> {
        let tokens = self.google_tokens(person, &ALL_GOOGLE).await;
        Client { world: self, token: tokens["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn fitbit_tokens(&self, person: &str) -> Value {
        let code =
            self.click(&fitbit_authorize(FITBIT_SCOPES), person, json!({})).await.field("code").unwrap();
        self.fitbit_exchange(&code, VERIFIER).await.ok()
    }

    pub(crate) async fn fitbit_exchange(&self, code: &str, verifier: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT),
            ("code", code),
            ("code_verifier", verifier),
        ];
        self.form("/fitbit/oauth2/token", Some(("pulsekeep-demo", "pulsekeep-demo-secret")), &fields).await
    }

    pub(crate) async fn fitbit_refresh(&self, refresh: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        self.form("/fitbit/oauth2/token", Some(("pulsekeep-demo", "pulsekeep-demo-secret")), &fields).await
    }

    /// A client of Fitbit with all scopes.
    pub(crate) async fn fitbit(&self, person: &str) -> Client<'_> {
        let tokens = self.fitbit_tokens(person).await;
        Client { world: self, token: tokens["access_token"].as_str().unwrap().to_owned() }
    }
}

pub(crate) const ALL_GOOGLE: [&str; 6] =
    ["activity_and_fitness", "health_metrics_and_measurements", "location", "sleep", "profile", "settings"];

/// Where the consent page sends the browser.
pub(crate) struct Redirect(pub(crate) Url);

impl Redirect {
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.0.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

pub(crate) fn challenge(verifier: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.as_bytes()))
}

pub(crate) fn google_query(scopes: &[&str]) -> Vec<(String, String)> {
    let names: Vec<String> = scopes.iter().map(|name| format!("{GOOGLE}{name}.readonly")).collect();
    let challenge = challenge(VERIFIER);
    [
        ("client_id", "pulsekeep-demo"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", &names.join(" ")),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("state", "some state"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub(crate) fn fitbit_query(scope: &str) -> Vec<(String, String)> {
    let challenge = challenge(VERIFIER);
    [
        ("client_id", "pulsekeep-demo"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", scope),
        ("state", "some state"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub(crate) fn with_query(path: &str, query: &[(String, String)]) -> String {
    format!("{path}?{}", Serializer::new(String::new()).extend_pairs(query).finish())
}

pub(crate) fn google_authorize(scopes: &[&str]) -> String {
    with_query(&format!("{BASE}/google/o/oauth2/v2/auth"), &google_query(scopes))
}

pub(crate) fn fitbit_authorize(scope: &str) -> String {
    with_query(&format!("{BASE}/fitbit/oauth2/authorize"), &fitbit_query(scope))
}

/// A date as `google.type.Date`.
pub(crate) fn date(text: &str) -> Value {
    let parts: Vec<i64> = text.split('-').map(|part| part.parse().unwrap()).collect();
    json!({ "date": { "year": parts[0], "month": parts[1], "day": parts[2] } })
}

/// A client with an access token.
pub(crate) struct Client<'a> {
    pub(crate) world: &'a World,
    pub(crate) token: String,
}

impl Client<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world.get(path, &[("authorization", &format!("Bearer {}", self.token))]).await
    }

    /// `GET /fitbit/…`.
    pub(crate) async fn fitbit(&self, path: &str) -> Value {
        self.get(&format!("/fitbit/{path}")).await.ok()
    }

    /// List or reconcile with further parameters.
    pub(crate) async fn points(&self, data_type: &str, method: &str, query: &[(&str, &str)]) -> Answer {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let path = format!("/google/v4/users/me/dataTypes/{data_type}/dataPoints{method}");
        self.get(&with_query(&path, &query)).await
    }

    /// All pages of list or reconcile below a filter.
    pub(crate) async fn all_points(
        &self,
        data_type: &str,
        method: &str,
        filter: &str,
        size: &str,
    ) -> Vec<Value> {
        let mut points = Vec::new();
        let mut token = String::new();
        loop {
            let query =
                [("filter", filter), ("pageSize", size), ("pageToken", &token), ("prettyPrint", "false")];
            let used = if token.is_empty() { &[query[0], query[1], query[3]][..] } else { &query[..] };
            let page = self.points(data_type, method, used).await.ok();
            points.extend(page["dataPoints"].as_array().into_iter().flatten().cloned());
            match page["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return points,
            }
        }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world.json("POST", path, Some(&self.token), body).await
    }

    pub(crate) async fn roll_up(&self, data_type: &str, start: &str, end: &str, window: &str) -> Answer {
        let body = json!({ "range": { "startTime": start, "endTime": end }, "windowSize": window, "pageSize": 10000 });
        self.post(&format!("/google/v4/users/me/dataTypes/{data_type}/dataPoints:rollUp"), &body).await
    }

    pub(crate) async fn daily_roll_up(&self, data_type: &str, start: &str, end: &str) -> Answer {
        let body = json!({ "range": { "start": date(start), "end": date(end) } });
        self.post(&format!("/google/v4/users/me/dataTypes/{data_type}/dataPoints:dailyRollUp"), &body).await
    }
}

/// Elements of an array member, none if it is absent.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// int64 in JSON.
pub(crate) fn int(value: &Value) -> i64 {
    value.as_str().unwrap_or_else(|| panic!("int64 is a string: {value}")).parse().unwrap()
}
