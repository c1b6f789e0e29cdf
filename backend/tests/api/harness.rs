//! A server without a socket, and clients that keep a cookie or a token.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use http_body_util::BodyExt as _;
use pulsekeep::{
    auth::Passwords,
    http::{App, HttpOptions, router},
    services::Services,
};
use pulsekeep_core::{
    Clock as _, EpochMs, ManualClock, SystemClock,
    account::{ProviderKey, Role},
};
use pulsekeep_export::{ExportPolicy, Exporter, Target};
use pulsekeep_provider::{HttpClient, ProviderConfig};
use pulsekeep_simulator::{Simulator, SimulatorConfig};
use pulsekeep_store::{Store, User};
use pulsekeep_sync::{Providers, SyncEngine, SyncPolicy, Vault};
use pulsekeep_testkit::{Statements, TestDatabase, build};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::Url;

/// Where the server would be.
pub(crate) const ORIGIN: &str = "http://127.0.0.1:8080";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server over a database.
pub(crate) struct World {
    pub(crate) db: Arc<TestDatabase>,
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) app: App,
    pub(crate) web: tempfile::TempDir,
}

impl World {
    /// A server whose providers nobody answers for.
    pub(crate) async fn new(db: Arc<TestDatabase>) -> Self {
        Self::with_providers_at(db, "http://127.0.0.1:9", false).await
    }

    /// A server and a simulator of its providers.
    pub(crate) async fn with_simulator(db: Arc<TestDatabase>) -> (Self, Simulator) {
        Self::beside_a_simulator(db, false).await
    }

    /// The same, where people are asked for the places of their exercises too.
    pub(crate) async fn with_routes(db: Arc<TestDatabase>) -> (Self, Simulator) {
        Self::beside_a_simulator(db, true).await
    }

    async fn beside_a_simulator(db: Arc<TestDatabase>, routes: bool) -> (Self, Simulator) {
        let now = || SystemClock.now().0;
        let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(now));
        let simulator = Simulator::start(config).await.unwrap();
        (Self::with_providers_at(db, &simulator.base_url(), routes).await, simulator)
    }

    /// A server whose statements are written down.
    pub(crate) async fn watched(db: Arc<TestDatabase>) -> (Self, Statements) {
        let (store, statements) = db.watched().await;
        // Long enough for a slow machine to ask for all nodes of a list.
        let gather = Duration::from_millis(60);
        (Self::over(db, store, ("http://127.0.0.1:9", false), Some(gather)), statements)
    }

    async fn with_providers_at(db: Arc<TestDatabase>, base: &str, routes: bool) -> Self {
        let store = db.store().clone();
        Self::over(db, store, (base, routes), None)
    }

    fn over(
        db: Arc<TestDatabase>,
        store: Store,
        (base, routes): (&str, bool),
        gather: Option<Duration>,
    ) -> Self {
        // Web sessions end by the machine's clock: the test's clock begins there.
        let clock = ManualClock::new(SystemClock.now());
        let http = HttpClient::new().unwrap();
        let providers = Providers::new()
            .with(pulsekeep_provider::google_health(
                ProviderConfig { routes, ..google_at(base) },
                http.clone(),
            ))
            .with(pulsekeep_provider::fitbit(ProviderConfig { routes, ..fitbit_at(base) }, http));
        let shared = Arc::new(clock.clone());
        let vault = Vault::new(b"0123456789abcdef0123456789abcdef", &[]);
        let engine = SyncEngine::new(store.clone(), providers, vault, shared.clone(), SyncPolicy::default());
        let mut services = Services::new(store.clone(), engine, shared, Url::parse(ORIGIN).unwrap());
        services.gather = gather.unwrap_or(services.gather);
        let web = tempfile::tempdir().unwrap();
        let exports = ExportPolicy {
            target: Some(Target::Directory(web.path().join("exports"))),
            pseudonyms: None,
            parallel: 2,
            nightly_at: None,
            lease_ms: 60_000,
        };
        services.exporter = Exporter::new(store.clone(), services.clock.clone(), exports);
        let options = HttpOptions {
            web_root: web.path().to_owned(),
            playground_root: web.path().join("playground"),
            session_days: 14,
            parquet_limit: 64 << 20,
            trust_forwarded_for: true,
            recheck_every: Duration::from_millis(50),
        };
        Self { db, store, clock, app: App::new(services, options), web }
    }

    pub(crate) fn now(&self) -> EpochMs {
        self.clock.now()
    }

    /// Somebody with the usual password.
    pub(crate) async fn person(&self, name: &str, role: Role) -> User {
        let user = build::person(&self.store, name, "Europe/Paris", role).await;
        let hash = Passwords::default().hash(PASSWORD.into()).await.unwrap();
        self.store.set_password(user.id, &hash).await.unwrap();
        self.store.user(user.id).await.unwrap().unwrap()
    }

    /// A client that nobody knows.
    pub(crate) fn client(&self) -> Client {
        Client { router: router(self.app.clone()), cookie: None, bearer: None }
    }

    /// A client in whose web session `user` is signed in.
    pub(crate) async fn signed_in(&self, user: &User) -> Client {
        let mut client = self.client();
        let answer = client.sign_in(&user.email, PASSWORD).await;
        assert_eq!(answer["data"]["signIn"]["status"], "SIGNED_IN", "{answer}");
        client
    }

    /// A client with a new API token of `owner`'s.
    pub(crate) async fn with_token(&self, owner: &mut Client, input: Value) -> Client {
        let answer = owner
            .ask(
                "mutation($i: CreateApiTokenInput!) { createApiToken(input: $i) { status secret } }",
                json!({ "i": input }),
            )
            .await;
        let secret = answer["data"]["createApiToken"]["secret"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned();
        Client { bearer: Some(secret), ..self.client() }
    }
}

fn at(base: &str, path: &str) -> Url {
    Url::parse(&format!("{base}{path}")).unwrap()
}

pub(crate) fn google_at(base: &str) -> ProviderConfig {
    config_at(&format!("{base}/google"), "/o/oauth2/v2/auth", "/token", "/revoke")
}

pub(crate) fn fitbit_at(base: &str) -> ProviderConfig {
    config_at(&format!("{base}/fitbit"), "/oauth2/authorize", "/oauth2/token", "/oauth2/revoke")
}

fn config_at(base: &str, authorize: &str, token: &str, revoke: &str) -> ProviderConfig {
    ProviderConfig {
        client_id: "pulsekeep-demo".to_owned(),
        client_secret: "pulsekeep-demo-secret".into(),
        authorize_url: at(base, authorize),
        token_url: at(base, token),
        revoke_url: at(base, revoke),
        api_url: at(base, "/"),
        routes: false,
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }
}

/// A browser or a program.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) router: Router,
    pub(crate) cookie: Option<String>,
    pub(crate) bearer: Option<String>,
}

impl Client {
    /// Sends a request as it is, with cookie and token; keeps the cookie that comes back.
    pub(crate) async fn send(
        &mut self,
        request: axum::http::request::Builder,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request: Request<Body> = request.body(body.into()).unwrap();
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {bearer}").parse().unwrap());
        }
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Asks GraphQL as our own pages do.
    pub(crate) async fn post(&mut self, query: &str, variables: Value) -> Answer {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, ORIGIN);
        self.send(request, json!({ "query": query, "variables": variables }).to_string()).await
    }

    /// Sends GraphQL a body as it is; the JSON of the answer.
    pub(crate) async fn post_json(&mut self, body: &Value) -> Value {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, ORIGIN);
        self.send(request, body.to_string()).await.json()
    }

    /// Asks GraphQL; the JSON of the answer.
    pub(crate) async fn ask(&mut self, query: &str, variables: Value) -> Value {
        self.post(query, variables).await.json()
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Value {
        let query = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { status message viewer { email } } }";
        self.ask(query, json!({ "e": email, "p": password })).await
    }

    /// The e-mail address that the server sees, if anybody is signed in.
    pub(crate) async fn who(&mut self) -> Option<String> {
        let answer = self.ask("{ viewer { email } }", Value::Null).await;
        answer["data"]["viewer"]["email"].as_str().map(str::to_owned)
    }
}

/// The code of the first error.
pub(crate) fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// A link with the look of a working one.
pub(crate) async fn link(world: &World, user: &User) -> pulsekeep_store::LinkedAccount {
    build::link(&world.store, user.id, ProviderKey::GoogleHealth, &format!("account-of-{}", user.code)).await
}
