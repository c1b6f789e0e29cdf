//! `kill -9` of a worker in the middle of a backfill, again and again: nothing is lost and nothing is doubled. The real
//! program, real processes, the simulator over HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

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
use pulsekeep_testkit::{TestDatabase, build, on_each_engine};
use secrecy::SecretString;
use url::Url;

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const REDIRECT: &str = "http://127.0.0.1:8080/connect/google_health/callback";
/// Fifty windows at this pace and four at once take some seconds: time enough to be killed in.
const SCENARIO: &str = "[[faults]]\nprovider = \"google\"\npath_prefix = \"/google/v4/users/me/dataTypes\"\nkind = \"latency\"\nms = 400\n";

/// A worker process, killed when it is dropped.
struct Worker(Child);

impl Worker {
    fn start(db: &TestDatabase, simulator: &Simulator) -> Self {
        let google = |path: &str| format!("{}/google{path}", simulator.base_url());
        let child = Command::new(env!("CARGO_BIN_EXE_pulsekeep"))
            .arg("worker")
            .env("PULSEKEEP_DATABASE__URL", db.url())
            .env("PULSEKEEP_VAULT__KEY", BASE64_STANDARD.encode(KEY))
            .env("PULSEKEEP_SYNC__LEASE_SECONDS", "2")
            .env("PULSEKEEP_SYNC__INTERVAL_MINUTES", "1440")
            .env("PULSEKEEP_LOG__FILTER", "warn")
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
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn simulator() -> Simulator {
    let scenario = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(scenario.path(), SCENARIO).unwrap();
    let clock = || SystemClock.now().0;
    let mut config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(clock));
    config.scenario = Some(scenario.path().to_owned());
    Simulator::start(config).await.unwrap()
}

fn engine(store: &Store, simulator: &Simulator) -> SyncEngine {
    let url = |path: &str| Url::parse(&format!("{}/google{path}", simulator.base_url())).unwrap();
    let config = ProviderConfig {
        client_id: "pulsekeep-demo".to_owned(),
        client_secret: SecretString::from("pulsekeep-demo-secret"),
        authorize_url: url("/o/oauth2/v2/auth"),
        token_url: url("/token"),
        revoke_url: url("/revoke"),
        api_url: url(""),
    };
    let providers =
        Providers::new().with(pulsekeep_provider::google_health(config, HttpClient::new().unwrap()));
    let policy = SyncPolicy { first_backfill_days: 0, ..SyncPolicy::default() };
    SyncEngine::new(store.clone(), providers, Vault::new(&KEY, &[]), Arc::new(SystemClock), policy)
}

/// A person, linked by the OAuth road, and a backfill of sixty days that no worker has seen.
async fn person_with_backfill(store: &Store, simulator: &Simulator) -> (UserId, JobId, DayRange) {
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
    let request = JobRequest {
        user_id: user.id,
        link: None,
        kind: JobKind::Backfill,
        metrics: Metric::all().collect(),
        days: Some(days),
        priority: Priority::Low,
        created_by: None,
    };
    match engine.request(&request).await.unwrap() {
        RequestOutcome::Accepted(jobs) => (user.id, jobs[0], days),
        other => panic!("not accepted: {other:?}"),
    }
}

async fn job(store: &Store, id: JobId) -> SyncJob {
    store.job(&Viewer::system(), id).await.unwrap().unwrap()
}

/// Waits for changes that the worker announces until `enough`.
async fn until(store: &Store, id: JobId, enough: impl Fn(&SyncJob) -> bool) -> SyncJob {
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

async fn beside(db: &TestDatabase) -> TestDatabase {
    match db.engine() {
        pulsekeep_store::Engine::Sqlite => TestDatabase::sqlite().await,
        pulsekeep_store::Engine::Postgres => {
            TestDatabase::postgres(&std::env::var("TEST_POSTGRES_URL").unwrap()).await
        }
    }
}

on_each_engine! {
    async fn a_backfill_killed_again_and_again_equals_an_undisturbed_one(db) {
        let simulator = simulator().await;
        let calm = beside(&db).await;
        let (_, calm_job, days) = person_with_backfill(calm.store(), &simulator).await;
        let (_, killed_job, _) = person_with_backfill(db.store(), &simulator).await;
        for store in [calm.store().clone(), db.store().clone()] {
            tokio::spawn(async move { store.relay_changes().await });
        }

        let undisturbed = Worker::start(&calm, &simulator);
        let done = until(calm.store(), calm_job, |_| false).await;
        assert_eq!(done.state, JobState::Done, "{:?}", done.codes);
        undisturbed.kill();

        let mut kills = 0;
        for windows in [4, 14, 28] {
            let worker = Worker::start(&db, &simulator);
            let job = until(db.store(), killed_job, |job| job.windows_done >= windows).await;
            worker.kill();
            kills += usize::from(!job.state.is_final());
        }
        assert!(kills >= 2, "the backfill was over before it could be killed in its middle");
        let last = Worker::start(&db, &simulator);
        let done = until(db.store(), killed_job, |_| false).await;
        last.kill();

        assert_eq!(done.state, JobState::Done, "{:?}", done.codes);
        assert_eq!(done.windows_done, done.windows_total);
        let (calm_rows, killed_rows) = (typed(&calm, days).await, typed(&db, days).await);
        assert!(calm_rows.len() > 1000, "only {} rows", calm_rows.len());
        let lost: Vec<&String> = calm_rows.iter().filter(|row| !killed_rows.contains(row)).collect();
        let foreign: Vec<&String> = killed_rows.iter().filter(|row| !calm_rows.contains(row)).collect();
        assert!(lost.is_empty() && foreign.is_empty(), "undisturbed {lost:#?}\nkilled {foreign:#?}");
        assert_eq!(calm_rows.len(), killed_rows.len(), "something was doubled");
    }
}
