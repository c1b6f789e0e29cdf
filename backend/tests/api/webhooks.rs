//! Webhooks through the real router, sent by the simulator or by somebody else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::http::{Request, StatusCode};
use jiff::tz::Offset;
use pulsekeep::{
    http::{App, HttpOptions, serve},
    services::Services,
};
use pulsekeep_core::{
    Clock as _, ManualClock,
    account::{LinkState, ProviderKey},
    job::JobKind,
    time::{HOUR_MS, MINUTE_MS},
};
use pulsekeep_provider::{
    FitbitPush, GooglePush, HttpClient, ServiceAccount, WebhookAdmin, WebhookError, fitbit_with_push,
    google_health_with_push, pkce, random_state,
};
use pulsekeep_simulator::{Simulator, SimulatorConfig};
use pulsekeep_store::LinkedAccount;
use pulsekeep_sync::{ConnectOutcome, Providers, SyncEngine, SyncPolicy, Vault};
use pulsekeep_testkit::{TestDatabase, build, clock, on_each_engine};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::harness::{Answer, Client, World, fitbit_at, google_at};

const SECRET: &str = "Bearer a secret of sixteen or more";
const CODE: &str = "the right code";
/// Longer than a notice waits.
const MOMENT: i64 = 6_000;

/// A server on a socket, a simulator, and one clock.
struct Outside {
    world: World,
    simulator: Simulator,
    address: SocketAddr,
}

impl Outside {
    async fn start(db: Arc<TestDatabase>) -> Self {
        let clock: ManualClock = clock();
        let time = clock.clone();
        let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(move || time.now().0));
        let simulator = Simulator::start(config).await.unwrap();
        let base = simulator.base_url();
        let http = HttpClient::new().unwrap();
        let keyset_url = Url::parse(&format!("{base}/google/webhooks/webhooks_public_keyset.json")).unwrap();
        let google = GooglePush { secret: SECRET.into(), keyset_url };
        let fitbit = FitbitPush { verify_code: CODE.into(), subscriber_id: None };
        let providers = Providers::new()
            .with(google_health_with_push(google_at(&base), http.clone(), google))
            .with(fitbit_with_push(fitbit_at(&base), http, fitbit));
        let store = db.store().clone();
        let shared = Arc::new(clock.clone());
        let vault = Vault::new(b"0123456789abcdef0123456789abcdef", &[]);
        let policy = SyncPolicy { first_backfill_days: 0, ..SyncPolicy::default() };
        let engine = SyncEngine::new(store.clone(), providers, vault, shared.clone(), policy);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = Url::parse(&format!("http://{address}")).unwrap();
        let services = Services::new(store.clone(), engine, shared, public_url);
        let web = tempfile::tempdir().unwrap();
        let options = HttpOptions {
            web_root: web.path().to_owned(),
            playground_root: web.path().join("playground"),
            session_days: 14,
            parquet_limit: 64 << 20,
            trust_forwarded_for: true,
            recheck_every: Duration::from_millis(50),
        };
        let app = App::new(services, options);
        tokio::spawn(serve(app.clone(), listener, std::future::pending()));
        let world = World { db, store, clock, app, web };
        let outside = Self { world, simulator, address };
        outside.control("PUT", "/switches", &json!({ "push_by_hand": true })).await;
        outside
    }

    fn engine(&self) -> &SyncEngine {
        &self.world.app.services.engine
    }

    /// Asks the simulator's control API.
    async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let request = format!(
            "{method} /control{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.simulator.addr(),
            body.len()
        );
        let mut stream = TcpStream::connect(self.simulator.addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{path}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    async fn switches(&self, mut switches: Value) {
        switches["push_by_hand"] = true.into();
        self.control("PUT", "/switches", &switches).await;
    }

    async fn forget_requests(&self) {
        self.control("DELETE", "/requests", &Value::Null).await;
    }

    /// Provider requests since then, by family.
    async fn requests(&self) -> Vec<String> {
        let log = self.control("GET", "/requests", &Value::Null).await;
        let lines = log["requests"].as_array().unwrap().clone();
        lines.iter().map(|line| line["family"].as_str().unwrap().to_owned()).collect()
    }

    async fn admin(&self) -> WebhookAdmin {
        let file = self.control("GET", "/push/service-account", &Value::Null).await;
        let account = ServiceAccount::read(file.to_string().as_bytes()).unwrap();
        let api = google_at(&self.simulator.base_url()).api_url;
        WebhookAdmin::new(HttpClient::new().unwrap(), &api, "123456", account)
    }

    fn endpoint(&self, provider: &str) -> Url {
        Url::parse(&format!("http://{}/webhooks/{provider}", self.address)).unwrap()
    }

    /// Google knows our address.
    async fn registered(db: Arc<TestDatabase>) -> Self {
        let outside = Self::start(db).await;
        let (admin, now) = (outside.admin().await, outside.world.now());
        let made = admin.register(&outside.endpoint("google_health"), &SECRET.into(), now).await.unwrap();
        assert_eq!(made.state, "ACTIVE");
        outside
    }

    /// A person who has connected the account and whose first sync is done.
    async fn linked(&self, provider: ProviderKey, person: &str) -> LinkedAccount {
        let user = build::member(&self.world.store, person).await.id;
        let redirect = Url::parse("http://127.0.0.1:1/connect/callback").unwrap();
        let ((challenge, verifier), state) = (pkce(), random_state());
        let url = self.engine().provider(provider).unwrap().authorize_url(&redirect, &state, &challenge);
        let back = Url::parse(&self.simulator.consent(url.as_str(), person).unwrap()).unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let code = SecretString::from(code);
        let linked = self.engine().connect(user, provider, &redirect, &code, &verifier).await.unwrap();
        let ConnectOutcome::Linked(link) = linked else { panic!("{linked:?}") };
        self.drain().await;
        // Past the gap between two jobs of an account.
        self.world.clock.advance(HOUR_MS);
        self.forget_requests().await;
        link
    }

    async fn drain(&self) {
        for _ in 0..5_000 {
            if self.engine().work_due("worker", 50).await.unwrap() > 0 {
                continue;
            }
            let Some(next) = self.world.store.next_due_at().await.unwrap() else { return };
            self.world.clock.set(next.max(self.world.now()));
        }
        panic!("the engine never came to rest");
    }

    async fn today(&self, link: &LinkedAccount) -> String {
        self.engine().today(link.user_id).await.unwrap().to_string()
    }

    /// Has the simulator send notifications of today; the statuses of the answers.
    async fn notify(
        &self,
        provider: &str,
        link: &LinkedAccount,
        person: &str,
        subjects: &[&str],
    ) -> Vec<u64> {
        let asked = self.asked(provider, link, person, subjects).await;
        statuses(&self.control("POST", "/push/notify", &asked).await)
    }

    async fn asked(&self, provider: &str, link: &LinkedAccount, person: &str, subjects: &[&str]) -> Value {
        let day = self.today(link).await;
        json!({ "provider": provider, "person": person, "subjects": subjects, "from": day, "to": day })
    }

    /// A call as the simulator would make it.
    async fn composed(&self, provider: &str, link: &LinkedAccount, person: &str, subject: &str) -> Call {
        let mut asked = self.asked(provider, link, person, &[subject]).await;
        asked["compose"] = true.into();
        let answer = self.control("POST", "/push/notify", &asked).await;
        let call = &answer["requests"][0];
        let header = |pair: &Value| (text(&pair[0]), text(&pair[1]));
        Call {
            headers: call["headers"].as_array().unwrap().iter().map(header).collect(),
            body: text(&call["body"]),
        }
    }

    async fn send(&self, provider: &str, call: &Call) -> StatusCode {
        let mut request = Request::post(format!("/webhooks/{provider}"));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        self.client().send(request, call.body.clone()).await.status
    }

    fn client(&self) -> Client {
        self.world.client()
    }

    /// How many calls came to `outcome`.
    async fn counted(&self, provider: ProviderKey, outcome: &str) -> i64 {
        self.world.app.push_counts.write().await.unwrap();
        let day = Offset::UTC.to_datetime(self.world.now().timestamp()).date();
        let since = pulsekeep_core::time::add_days(day, -7);
        let counts = self.world.store.push_counts(since).await.unwrap();
        let of = counts.iter().filter(|c| c.provider == provider && c.outcome == outcome);
        of.map(|c| c.calls).sum()
    }

    async fn notices(&self) -> usize {
        self.world.db.count("push_notice").await
    }
}

#[derive(Clone)]
struct Call {
    headers: Vec<(String, String)>,
    body: String,
}

impl Call {
    fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut call = self.clone();
        call.headers.retain(|(known, _)| known != name);
        call.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        call
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn statuses(answer: &Value) -> Vec<u64> {
    let attempts = answer["attempts"].as_array().unwrap();
    attempts.iter().map(|attempt| attempt["status"].as_u64().unwrap_or(0)).collect()
}

const GOOGLE: ProviderKey = ProviderKey::GoogleHealth;
const FITBIT: ProviderKey = ProviderKey::Fitbit;

on_each_engine! {
    async fn google_verifies_the_address_and_is_refused_a_wrong_secret(db) {
        let outside = Outside::registered(db).await;
        let (admin, now) = (outside.admin().await, outside.world.now());
        let found = admin.find(now).await.unwrap().unwrap();
        assert_eq!(found.endpoint, outside.endpoint("google_health").as_str());
        assert_eq!(found.data_types.len(), 15);
        // Again, which changes it, in either form of the answer.
        outside.switches(json!({ "google_webhook_operation": true })).await;
        admin.register(&outside.endpoint("google_health"), &SECRET.into(), now).await.unwrap();
        let wrong = admin.register(&outside.endpoint("google_health"), &"another secret".into(), now).await;
        assert_eq!(wrong.unwrap_err(), WebhookError::NotVerified);
        let nobody = admin.register(&outside.endpoint("nobody"), &SECRET.into(), now).await;
        assert_eq!(nobody.unwrap_err(), WebhookError::NotVerified);
        let call = Call { headers: Vec::new(), body: r#"{"type":"verification"}"#.to_owned() };
        let right = call.with("authorization", Some(SECRET));
        assert_eq!(outside.send("google_health", &right).await, StatusCode::CREATED);
        let wrong = call.with("authorization", Some("Bearer"));
        for call in [call, wrong] {
            assert_eq!(outside.send("google_health", &call).await, StatusCode::UNAUTHORIZED);
        }
        assert!(outside.counted(GOOGLE, "not_verified").await >= 4);
        assert!(admin.remove(now).await.unwrap());
        assert!(!admin.remove(now).await.unwrap());
        assert_eq!(admin.find(now).await.unwrap(), None);
    }

    async fn fitbit_verifies_the_address(db) {
        let outside = Outside::start(db).await;
        let url = outside.endpoint("fitbit");
        for (code, verified) in [(CODE, true), ("another", false)] {
            let body = json!({ "endpoint": url, "verify_code": code });
            assert_eq!(outside.control("PUT", "/push/fitbit", &body).await["verified"], verified);
        }
        let mut client = outside.client();
        for (path, status) in [
            ("/webhooks/fitbit?verify=the+right+code", StatusCode::NO_CONTENT),
            ("/webhooks/fitbit?verify=", StatusCode::NOT_FOUND),
            ("/webhooks/fitbit", StatusCode::NOT_FOUND),
            ("/webhooks/google_health?verify=the+right+code", StatusCode::NOT_FOUND),
            ("/webhooks/nobody?verify=the+right+code", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(client.get(path).await.status, status, "{path}");
        }
    }

    async fn only_what_google_signed_is_taken(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        let call = outside.composed("google", &link, "nora", "steps").await;
        let signature = "google-health-api-signature";
        let mut forged = call.clone();
        forged.body = forged.body.replace("steps", "sleep");
        for (call, outcome) in [
            (forged, "bad_signature"),
            (call.with(signature, None), "unsigned"),
            (call.with(signature, Some("AAAA")), "bad_signature"),
            (call.with(signature, Some("not base64")), "bad_signature"),
            (call.with("authorization", Some("Bearer another secret, longer")), "wrong_secret"),
        ] {
            let before = outside.counted(GOOGLE, outcome).await;
            assert_eq!(outside.send("google_health", &call).await, StatusCode::UNAUTHORIZED, "{outcome}");
            assert_eq!(outside.counted(GOOGLE, outcome).await, before + 1);
        }
        outside.switches(json!({ "push_forged": true })).await;
        assert_eq!(outside.notify("google", &link, "nora", &["steps"]).await, [401]);
        assert_eq!(outside.notices().await, 0);
        // Seen by clients: no secret, and the header's former name.
        let bare = call.with("authorization", None);
        assert_eq!(outside.send("google_health", &bare).await, StatusCode::NO_CONTENT);
        let value = call.headers.iter().find(|(name, _)| name == signature).unwrap().1.clone();
        let former = call.with(signature, None).with("x-healthapi-signature", Some(&value));
        assert_eq!(outside.send("google_health", &former).await, StatusCode::NO_CONTENT);
        assert_eq!(outside.notices().await, 1, "a replay is the same notice");
        assert_eq!(outside.counted(GOOGLE, "repeated").await, 1);
        let huge = Call { body: "x".repeat(70_000), ..call };
        assert_eq!(outside.send("google_health", &huge).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(outside.counted(GOOGLE, "too_large").await, 1);
    }

    async fn keys_are_fetched_once_and_again_when_an_unknown_one_signs(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        let old = outside.composed("google", &link, "nora", "sleep").await;
        assert_eq!(outside.notify("google", &link, "nora", &["steps", "distance"]).await, [204, 204]);
        assert_eq!(outside.requests().await, ["/google/webhooks/webhooks_public_keyset"]);
        outside.forget_requests().await;
        assert_eq!(outside.notify("google", &link, "nora", &["floors"]).await, [204]);
        assert!(outside.requests().await.is_empty(), "the handler asks nobody");
        outside.control("POST", "/push/rotate-keys", &json!({ "keep": true })).await;
        let call = outside.composed("google", &link, "nora", "weight").await;
        assert_eq!(outside.send("google_health", &call).await, StatusCode::UNAUTHORIZED, "not twice a minute");
        assert!(outside.requests().await.is_empty());
        outside.world.clock.advance(MINUTE_MS);
        assert_eq!(outside.send("google_health", &call).await, StatusCode::NO_CONTENT);
        assert_eq!(outside.send("google_health", &old).await, StatusCode::NO_CONTENT, "the old key still counts");
        assert_eq!(outside.requests().await.len(), 1);
        // A key that has left the set ends when the set is next fetched.
        outside.control("POST", "/push/rotate-keys", &json!({ "keep": false })).await;
        outside.world.clock.advance(MINUTE_MS);
        let newest = outside.composed("google", &link, "nora", "weight").await;
        assert_eq!(outside.send("google_health", &newest).await, StatusCode::NO_CONTENT);
        assert_eq!(outside.send("google_health", &old).await, StatusCode::UNAUTHORIZED);
    }

    async fn without_keys_the_provider_is_asked_to_repeat(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        let fault = json!([{ "kind": "server_error_html", "status": 502, "path_prefix": "/google/webhooks" }]);
        outside.control("PUT", "/faults", &fault).await;
        assert_eq!(outside.notify("google", &link, "nora", &["steps"]).await, [503]);
        assert_eq!((outside.notices().await, outside.counted(GOOGLE, "no_keys").await), (0, 1));
        outside.control("DELETE", "/faults", &Value::Null).await;
        outside.world.clock.advance(MINUTE_MS);
        assert_eq!(statuses(&outside.control("POST", "/push/run", &Value::Null).await), [204], "it came again");
        assert_eq!(outside.notices().await, 1);
    }

    async fn a_notification_in_any_form_narrows_the_next_fetch(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        outside.switches(json!({ "google_webhook_array": true, "google_webhook_v4": true, "push_duplicate": true })).await;
        assert_eq!(outside.notify("google", &link, "nora", &["distance", "floors"]).await, [204, 204]);
        outside.switches(json!({ "push_out_of_order": true })).await;
        assert_eq!(outside.notify("google", &link, "nora", &["distance"]).await, [204]);
        assert_eq!(outside.notices().await, 2);
        outside.world.clock.advance(MOMENT);
        assert_eq!(outside.engine().take_notices("worker").await.unwrap(), 1);
        outside.forget_requests().await;
        outside.drain().await;
        let asked = outside.requests().await;
        let about = |family: &String| family.contains("/distance/") || family.contains("/floors/");
        let data: Vec<&String> = asked.iter().filter(|family| family.contains("/dataTypes/")).collect();
        assert!(!data.is_empty() && data.iter().all(|family| about(family)), "{asked:?}");
        let kind = JobKind::Incremental;
        let job = outside.world.store.latest_job(link.user_id, link.id, kind).await.unwrap().unwrap();
        assert_eq!((job.days.start.to_string(), job.days.len()), (outside.today(&link).await, 1));
        assert_eq!(outside.notices().await, 0);
    }

    async fn what_nobody_here_knows_is_taken_and_counted(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        let day = outside.today(&link).await;
        let body = json!({ "provider": "google", "person": "walter", "subjects": ["steps"], "from": day, "to": day });
        assert_eq!(statuses(&outside.control("POST", "/push/notify", &body).await), [204]);
        assert_eq!(outside.counted(GOOGLE, "unknown_account").await, 1);
        assert_eq!(outside.notices().await, 0);
    }

    async fn devices_that_sync_are_told_of_and_lost_calls_are_made_up_for(db) {
        let outside = Outside::registered(db).await;
        let link = outside.linked(GOOGLE, "nora").await;
        let run = async || statuses(&outside.control("POST", "/push/run", &Value::Null).await);
        run().await;
        outside.world.clock.advance(15 * MINUTE_MS);
        let told = run().await;
        assert!(!told.is_empty() && told.iter().all(|status| *status == 204), "{told:?}");
        assert!(outside.notices().await >= told.len());
        outside.world.clock.advance(MOMENT);
        assert_eq!(outside.engine().take_notices("worker").await.unwrap(), 1, "one job for all of them");
        outside.drain().await;
        outside.switches(json!({ "push_lost": true })).await;
        outside.world.clock.advance(75 * MINUTE_MS);
        assert!(run().await.is_empty());
        assert_eq!(outside.notices().await, 0);
        let kind = JobKind::Incremental;
        let before = outside.world.store.latest_job(link.user_id, link.id, kind).await.unwrap().unwrap().id;
        outside.engine().request_due_syncs().await.unwrap();
        let sweep = outside.world.store.latest_job(link.user_id, link.id, kind).await.unwrap().unwrap();
        assert_ne!(sweep.id, before, "the schedule asks by itself");
    }

    async fn a_consent_taken_back_at_the_provider_is_noticed_and_costs_no_data(db) {
        let outside = Outside::registered(db).await;
        let body = json!({ "endpoint": outside.endpoint("fitbit"), "verify_code": CODE });
        outside.control("PUT", "/push/fitbit", &body).await;
        for (provider, word, person) in [(GOOGLE, "google", "nora"), (FITBIT, "fitbit", "ilse")] {
            let link = outside.linked(provider, person).await;
            outside.engine().renew_subscriptions("worker").await.unwrap();
            let values = outside.world.db.rows("daily_value", &[]).await;
            assert!(!values.is_empty());
            let taken_back = json!({ "provider": word, "person": person });
            let answer = outside.control("POST", "/push/revoke", &taken_back).await;
            assert!(statuses(&answer).iter().all(|status| *status == 204) && !statuses(&answer).is_empty());
            let state = async || outside.world.store.link(link.id).await.unwrap().unwrap().state;
            assert_eq!(state().await, LinkState::Active, "a call alone decides nothing");
            outside.world.clock.advance(MOMENT);
            outside.engine().take_notices("worker").await.unwrap();
            assert!(matches!(state().await, LinkState::NeedsConsent(_)), "{provider}");
            assert_eq!(outside.world.db.rows("daily_value", &[]).await, values);
            assert_eq!(outside.notices().await, 0);
        }
    }

    async fn only_what_fitbit_signed_is_taken(db) {
        let outside = Outside::start(db).await;
        let body = json!({ "endpoint": outside.endpoint("fitbit"), "verify_code": CODE });
        outside.control("PUT", "/push/fitbit", &body).await;
        let link = outside.linked(FITBIT, "ilse").await;
        outside.engine().renew_subscriptions("worker").await.unwrap();
        let call = outside.composed("fitbit", &link, "ilse", "sleep").await;
        let signature = "x-fitbit-signature";
        let mut forged = call.clone();
        forged.body = forged.body.replace("sleep", "body");
        for (call, outcome) in [
            (forged, "bad_signature"),
            (call.with(signature, None), "unsigned"),
            (call.with(signature, Some("AAAA")), "bad_signature"),
        ] {
            assert_eq!(outside.send("fitbit", &call).await, StatusCode::NOT_FOUND, "{outcome}");
        }
        assert_eq!(outside.counted(FITBIT, "bad_signature").await, 2);
        outside.forget_requests().await;
        assert_eq!(outside.send("fitbit", &call).await, StatusCode::NO_CONTENT);
        assert!(outside.requests().await.is_empty(), "the handler asks nobody");
        outside.world.clock.advance(MOMENT);
        assert_eq!(outside.engine().take_notices("worker").await.unwrap(), 1);
        outside.drain().await;
        let asked = outside.requests().await;
        assert!(asked.iter().any(|family| family.contains("/sleep/")), "{asked:?}");
        assert!(!asked.iter().any(|family| family.contains("/activities/steps/")), "{asked:?}");
    }
}

#[test]
fn a_webhook_that_is_not_set_up_is_not_there() {
    pulsekeep_testkit::on_sqlite(|db| async {
        let world = World::new(db).await;
        let mut client = world.client();
        for path in ["/webhooks/google_health", "/webhooks/fitbit"] {
            assert_eq!(client.get(path).await.status, StatusCode::NOT_FOUND);
            let answer: Answer = client.send(Request::post(path), r#"{"type":"verification"}"#).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    });
}
