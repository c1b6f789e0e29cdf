//! Worker processes over a database and a simulator in this process.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pulsekeep_core::{
    Clock as _, Metric, SystemClock,
    account::{ProviderKey, Viewer},
    id::{JobId, UserId},
    job::{JobKind, JobState, Priority},
    time::{DayRange, add_days},
};
use pulsekeep_provider::{HttpClient, ProviderConfig, pkce};
use pulsekeep_simulator::{Simulator, SimulatorConfig};
use pulsekeep_store::{Store, SyncJob};
use pulsekeep_sync::{ConnectOutcome, JobRequest, Providers, RequestOutcome, SyncEngine, SyncPolicy, Vault};
use pulsekeep_testkit::{TestDatabase, build};
use secrecy::SecretString;
use url::Url;

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const REDIRECT: &str = "http://127.0.0.1:8080/connect/google_health/callback";
/// Fifty windows at this pace and four at once take some seconds: time enough to be disturbed in.
const SCENARIO: &str = "[[faults]]\nprovider = \"google\"\npath_prefix = \"/google/v4/users/me/dataTypes\"\nkind = \"latency\"\nms = 400\n";

/// Seconds after which a worker that is not heard of loses its windows.
pub(crate) const LEASE_SECONDS: u64 = 2;

/// A worker process, killed when it is dropped.
pub(crate) struct Worker(Child);

impl Worker {
    pub(crate) fn start(database: &str, simulator: &Simulator) -> Self {
        let google = |path: &str| format!("{}/google{path}", simulator.base_url());
        let child = Command::new(env!("CARGO_BIN_EXE_pulsekeep"))
            .arg("worker")
            .env("PULSEKEEP_DATABASE__URL", database)
            .env("PULSEKEEP_VAULT__KEY", BASE64_STANDARD.encode(KEY))
            .env("PULSEKEEP_SYNC__LEASE_SECONDS", LEASE_SECONDS.to_string())
            .env("PULSEKEEP_SYNC__INTERVAL_MINUTES", "1440")
            .env("PULSEKEEP_LOG__FILTER", "error")
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__ENABLED", "true")
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_ID", "pulsekeep-demo")
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_SECRET", "pulsekeep-demo-secret")
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__AUTHORIZE_URL", google("/o/oauth2/v2/auth"))
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__TOKEN_URL", google("/token"))
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__REVOKE_URL", google("/revoke"))
            .env("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__API_URL", google(""))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends a signal by its name, for example `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let order = format!("kill -{signal} {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// Whether it has not ended by itself.
    pub(crate) fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Both providers, each answer to a request for data 0.4 s late.
pub(crate) async fn simulator() -> Simulator {
    let scenario = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(scenario.path(), SCENARIO).unwrap();
    let clock = || SystemClock.now().0;
    let mut config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(clock));
    config.scenario = Some(scenario.path().to_owned());
    Simulator::start(config).await.unwrap()
}

/// An engine of this process.
pub(crate) fn engine(store: &Store, simulator: &Simulator) -> SyncEngine {
    let url = |path: &str| Url::parse(&format!("{}/google{path}", simulator.base_url())).unwrap();
    let config = ProviderConfig {
        client_id: "pulsekeep-demo".to_owned(),
        client_secret: SecretString::from("pulsekeep-demo-secret"),
        authorize_url: url("/o/oauth2/v2/auth"),
        token_url: url("/token"),
        revoke_url: url("/revoke"),
        api_url: url(""),
        routes: false,
    };
    let providers =
        Providers::new().with(pulsekeep_provider::google_health(config, HttpClient::new().unwrap()));
    let policy = SyncPolicy { first_backfill_days: 0, ..SyncPolicy::default() };
    SyncEngine::new(store.clone(), providers, Vault::new(&KEY, &[]), Arc::new(SystemClock), policy)
}

/// A person, linked by the OAuth road, and a backfill of sixty days that no worker has seen. Changes that workers
/// announce are heard from now on.
pub(crate) async fn person_with_backfill(store: &Store, simulator: &Simulator) -> (UserId, JobId, DayRange) {
    let engine = engine(store, simulator);
    let user = build::member(store, "nora").await;
    let redirect = Url::parse(REDIRECT).unwrap();
    let (challenge, verifier) = pkce();
    let google = engine.provider(ProviderKey::GoogleHealth).unwrap();
    let page = google.authorize_url(&redirect, "state", &challenge);
    let back = Url::parse(&simulator.consent(page.as_str(), "nora").unwrap()).unwrap();
    let code = back.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let linked = engine
        .connect(user.id, ProviderKey::GoogleHealth, &redirect, &SecretString::from(code), &verifier)
        .await
        .unwrap();
    assert!(matches!(linked, ConnectOutcome::Linked(_)));
    // Days that no later sync changes: what two runs read of them is the same.
    let end = add_days(engine.today(user.id).await.unwrap(), -3);
    let days = DayRange { start: add_days(end, -60), end };
    let relayed = store.clone();
    tokio::spawn(async move { relayed.relay_changes().await });
    (user.id, ask(&engine, user.id, JobKind::Backfill, Some(days)).await, days)
}

/// Writes a job of all metrics.
pub(crate) async fn ask(engine: &SyncEngine, user: UserId, kind: JobKind, days: Option<DayRange>) -> JobId {
    let request = JobRequest {
        user_id: user,
        link: None,
        kind,
        metrics: Metric::all().collect(),
        days,
        priority: Priority::Low,
        created_by: None,
        batch: None,
    };
    match engine.request(&request).await.unwrap() {
        RequestOutcome::Accepted(jobs) => jobs[0],
        other => panic!("not accepted: {other:?}"),
    }
}

pub(crate) async fn job(store: &Store, id: JobId) -> SyncJob {
    store.job(&Viewer::system(), id).await.unwrap().unwrap()
}

/// Waits for changes that the worker announces until `enough`, or until the job has ended.
pub(crate) async fn until(store: &Store, id: JobId, enough: impl Fn(&SyncJob) -> bool) -> SyncJob {
    let mut changes = store.changes();
    loop {
        let job = job(store, id).await;
        if enough(&job) || job.state.is_final() {
            return job;
        }
        // A lagging receiver has missed nothing that the next look misses.
        let _ = changes.recv().await;
    }
}

/// What a worker that nobody disturbs makes of the backfill, in a database beside `db`.
pub(crate) async fn undisturbed(db: &TestDatabase, simulator: &Simulator) -> Vec<String> {
    let calm = db.beside().await;
    let (_, id, days) = person_with_backfill(calm.store(), simulator).await;
    let worker = Worker::start(calm.url(), simulator);
    let done = until(calm.store(), id, |_| false).await;
    assert_eq!(done.state, JobState::Done, "{:?}", done.codes);
    worker.kill();
    let rows = typed(&calm, days).await;
    calm.remove().await;
    assert!(rows.len() > 1000, "only {} rows", rows.len());
    rows
}

/// The job is done, and what is stored is what an undisturbed worker stores.
pub(crate) async fn assert_undisturbed(db: &TestDatabase, done: &SyncJob, days: DayRange, calm: &[String]) {
    assert_eq!(done.state, JobState::Done, "{:?}", done.codes);
    assert_eq!(done.windows_done, done.windows_total);
    let found = typed(db, days).await;
    let lost: Vec<&String> = calm.iter().filter(|row| !found.contains(row)).collect();
    let foreign: Vec<&String> = found.iter().filter(|row| !calm.contains(row)).collect();
    assert!(lost.is_empty() && foreign.is_empty(), "undisturbed {lost:#?}\ndisturbed {foreign:#?}");
    assert_eq!(calm.len(), found.len(), "something was doubled");
}

/// Everything typed that is known of the days, without the ids that differ from database to database.
async fn typed(db: &TestDatabase, days: DayRange) -> Vec<String> {
    let range = format!("day >= '{}' AND day < '{}'", days.start, days.end);
    let hex = match db.engine() {
        pulsekeep_store::Engine::Sqlite => "hex(body)",
        pulsekeep_store::Engine::Postgres => "encode(body, 'hex')",
    };
    let queries = [
        format!(
            "SELECT 'block ' || metric || ' ' || day || ' ' || samples || ' ' || {hex} FROM sample_block WHERE {range} ORDER BY 1"
        ),
        format!(
            "SELECT 'daily ' || metric || ' ' || day || ' ' || value FROM daily_value WHERE {range} ORDER BY 1"
        ),
        format!(
            "SELECT 'sleep ' || external_id || ' ' || day || ' ' || start_ms || ' ' || end_ms || ' ' || asleep \
             FROM sleep_session WHERE {range} ORDER BY 1"
        ),
        format!(
            "SELECT 'exercise ' || external_id || ' ' || day || ' ' || start_ms || ' ' || end_ms || ' ' || kind \
             FROM exercise_session WHERE {range} ORDER BY 1"
        ),
        format!(
            "SELECT 'coverage ' || metric || ' ' || day || ' ' || grain || ' ' || state FROM coverage WHERE {range} ORDER BY 1"
        ),
        format!("SELECT 'choice ' || metric || ' ' || day FROM day_choice WHERE {range} ORDER BY 1"),
        "SELECT 'raw ' || request_key || ' ' || page || ' ' || bytes FROM raw_document \
         WHERE superseded_at IS NULL AND request_key LIKE '%/%' ORDER BY 1"
            .to_owned(),
    ];
    let mut all = Vec::new();
    for query in queries {
        all.extend(db.texts(&query).await);
    }
    // Raw documents of the live days differ with the time of day.
    let live = days.end.to_string();
    all.retain(|line| {
        !line.starts_with("raw ") || line.split('/').nth(2).is_some_and(|end| end[..10] <= *live)
    });
    all
}
