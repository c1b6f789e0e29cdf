//! A window of several pages that is broken off goes on where it was.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pulsekeep_core::{
    Clock, EpochMs, Metric,
    account::{ProviderKey, Viewer},
    catalogue::Endpoint,
    id::JobId,
    job::{FailureCode, JobKind, JobState},
    observation::{DeviceRecord, Parsed, SampleBatch, SampleTimes, SampleValues},
    time::{HOUR_MS, MINUTE_MS},
};
use pulsekeep_provider::{
    AccountIdentity, FetchFailure, FetchRequest, Fetched, Grant, OAuthError, ParseError, Provider,
};
use pulsekeep_store::WindowKey;
use pulsekeep_sync::{RequestOutcome, SyncEngine, WindowResult};
use pulsekeep_testkit::{TestDatabase, on_each_engine};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::harness::{GOOGLE, Linked, World, assert_done};

const ENDPOINT: &str = "google.steps.minute";
const PAGES: usize = 5;

/// What the next request of a page meets, and the pages that were asked for.
#[derive(Default)]
struct Script {
    asked: Mutex<Vec<usize>>,
    /// A page and how it fails, once.
    fault: Mutex<Option<(usize, Fault)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Status(FailureCode, u16),
    Broken,
    Silence,
}

impl Script {
    fn fail(&self, page: usize, fault: Fault) {
        *self.fault.lock().unwrap() = Some((page, fault));
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// The simulator's provider, with an endpoint of five pages.
struct Paged {
    inner: Arc<dyn Provider>,
    script: Arc<Script>,
    start: EpochMs,
}

#[async_trait]
impl Provider for Paged {
    fn key(&self) -> ProviderKey {
        self.inner.key()
    }

    fn scopes(&self) -> &'static [&'static str] {
        self.inner.scopes()
    }

    fn authorize_url(&self, redirect: &Url, state: &str, pkce_challenge: &str) -> Url {
        self.inner.authorize_url(redirect, state, pkce_challenge)
    }

    async fn exchange(
        &self,
        redirect: &Url,
        code: &SecretString,
        pkce_verifier: &SecretString,
    ) -> Result<Grant, OAuthError> {
        self.inner.exchange(redirect, code, pkce_verifier).await
    }

    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthError> {
        self.inner.refresh(refresh_token).await
    }

    async fn revoke(&self, token: &SecretString) -> Result<(), OAuthError> {
        self.inner.revoke(token).await
    }

    async fn account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure> {
        self.inner.account(access).await
    }

    async fn devices(&self, access: &SecretString) -> Result<Vec<DeviceRecord>, FetchFailure> {
        self.inner.devices(access).await
    }

    async fn fetch(&self, access: &SecretString, request: &FetchRequest) -> Result<Fetched, FetchFailure> {
        if request.endpoint.key != ENDPOINT {
            return self.inner.fetch(access, request).await;
        }
        let page: usize = request.page.as_deref().map_or(0, |page| page.parse().unwrap());
        self.script.asked.lock().unwrap().push(page);
        let fault = self.script.fault.lock().unwrap().take_if(|(at, _)| *at == page).map(|(_, fault)| fault);
        let body = match fault {
            Some(Fault::Status(code, status)) => {
                return Err(FetchFailure {
                    code,
                    token_rejected: false,
                    whole_app: false,
                    status: Some(status),
                    retry_after_s: None,
                    rate: None,
                    detail: String::new(),
                });
            }
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Broken) => "{".to_owned(),
            None => format!("page {page}"),
        };
        Ok(Fetched { body: body.into_bytes(), rate: None, unfiltered: false })
    }

    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
        let page = std::str::from_utf8(body).ok().and_then(|text| text.strip_prefix("page "));
        let Some(page) = page else { return self.inner.parse(endpoint, body) };
        let page: usize = page.parse().unwrap();
        let at = vec![self.start.plus(i64::try_from(page).unwrap() * MINUTE_MS)];
        let times = SampleTimes::Instants { at, offsets: vec![(0, 3600)] };
        let values = SampleValues::Single(vec![f64::from(u8::try_from(page).unwrap()) + 1.0]);
        let samples = vec![SampleBatch { metric: Metric::Steps, interval_ms: MINUTE_MS, times, values }];
        let next_page = (page + 1 < PAGES).then(|| (page + 1).to_string());
        Ok(Parsed { samples, next_page, ..Parsed::default() })
    }

    fn route_scopes(&self) -> &'static [&'static str] {
        self.inner.route_scopes()
    }

    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure> {
        self.inner.route(access, exercise).await
    }

    fn parser_version(&self) -> i16 {
        self.inner.parser_version()
    }
}

/// A person whose steps of yesterday have five pages, and the window that reads them.
struct Case {
    world: World,
    linked: Linked,
    engine: SyncEngine,
    script: Arc<Script>,
    job: JobId,
    window: WindowKey,
}

impl Case {
    async fn start(db: Arc<TestDatabase>) -> Self {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 1, 1).await;
        let script = Arc::new(Script::default());
        let inner = world.engine.provider(GOOGLE).unwrap().clone();
        let start = world.store().timeline(linked.user).await.unwrap().day_bounds(days.start).0;
        let engine = world.engine_with(Paged { inner, script: script.clone(), start });
        let mut request = world.request(&linked, JobKind::Backfill, Some(days));
        request.metrics = vec![Metric::Steps];
        let RequestOutcome::Accepted(jobs) = engine.request(&request).await.unwrap() else {
            panic!("refused")
        };
        let job = jobs[0];
        // The daily series go first.
        let window = loop {
            let due = engine.due(10).await.unwrap();
            let windows = world.store().windows(linked.user, job).await.unwrap();
            let steps = windows.iter().find(|w| w.endpoint == ENDPOINT).map(|w| w.key);
            let Some(other) = due.iter().find(|window| Some(window.key) != steps) else {
                break steps.unwrap();
            };
            engine.run_window(other.key, "worker").await.unwrap();
        };
        Self { world, linked, engine, script, job, window }
    }

    async fn run(&self) -> WindowResult {
        self.engine.run_window(self.window, "worker").await.unwrap()
    }

    async fn kept(&self) -> usize {
        self.world.db.rows("sync_page", &[]).await.len()
    }

    /// Goes on after a wait, and finds everything stored and nothing left over.
    async fn ends(&self, from_page: usize, retries: i32) {
        if let Some(next) = self.world.store().next_due_at().await.unwrap() {
            self.world.clock.set(next.max(self.world.clock.now()));
        }
        self.script.asked();
        assert_eq!(self.run().await, WindowResult::Done);
        assert_eq!(self.script.asked(), (from_page..PAGES).collect::<Vec<_>>());
        assert_eq!(self.kept().await, 0);
        let job = self.world.job(self.job).await;
        assert_done(&job);
        assert_eq!(job.retries, retries);
        // One of the daily series, and five pages.
        assert_eq!(job.requests_done - job.retries, 1 + 5);
        let window = &self.world.windows(&job).await.into_iter().find(|w| w.key == self.window).unwrap();
        assert_eq!(window.requests - window.retries, 5);
        let raw = self.world.db.texts(
            "SELECT request_key || ' ' || CAST(page AS TEXT) FROM raw_document WHERE superseded_at IS NULL ORDER BY page",
        );
        assert_eq!(raw.await.iter().filter(|key| key.starts_with(ENDPOINT)).count(), PAGES);
        let sum =
            self.world.db.texts("SELECT CAST(CAST(value_sum AS INTEGER) AS TEXT) FROM sample_block").await;
        assert_eq!(sum, ["15"], "1 + 2 + 3 + 4 + 5");
    }
}

on_each_engine! {
    async fn a_servers_error_costs_the_page_that_met_it(db) {
        for (fault, code) in [
            (Fault::Status(FailureCode::ProviderError, 503), FailureCode::ProviderError),
            (Fault::Broken, FailureCode::BadAnswer),
        ] {
            let case = Case::start(db.beside().await).await;
            case.script.fail(3, fault);
            assert!(matches!(case.run().await, WindowResult::Deferred(_)));
            assert_eq!((case.script.asked(), case.kept().await), (vec![0, 1, 2, 3], 3));
            let waiting = case.world.job(case.job).await;
            assert_eq!((waiting.codes, waiting.retries, waiting.requests_done), (vec![code], 1, 5));
            case.ends(3, 1).await;
            case.world.db.remove().await;
        }
    }

    async fn a_429_between_two_pages_waits_and_goes_on(db) {
        let case = Case::start(db).await;
        case.script.fail(2, Fault::Status(FailureCode::RateLimited, 429));
        assert!(matches!(case.run().await, WindowResult::Deferred(_)));
        let waiting = case.world.job(case.job).await;
        assert_eq!((waiting.state, waiting.retries), (JobState::Waiting, 1));
        case.ends(2, 1).await;
        let job = case.world.job(case.job).await;
        assert!(case.world.windows(&job).await.iter().all(|window| window.attempt == 1), "no attempt was lost");
    }

    async fn a_worker_that_is_killed_between_two_pages_loses_one_request(db) {
        let case = Case::start(db).await;
        case.script.fail(4, Fault::Silence);
        let (engine, window) = (case.engine.clone(), case.window);
        let run = tokio::spawn(async move { engine.run_window(window, "killed").await });
        while case.script.asked.lock().unwrap().last() != Some(&4) {
            tokio::task::yield_now().await;
        }
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled());
        assert_eq!(case.kept().await, 4);
        case.ends(4, 1).await;
    }

    async fn pages_that_are_too_old_are_asked_for_again(db) {
        let case = Case::start(db).await;
        case.script.fail(2, Fault::Status(FailureCode::ProviderError, 500));
        case.run().await;
        case.world.clock.advance(5 * HOUR_MS);
        // The failed request, and the two pages.
        case.ends(0, 3).await;
    }

    async fn a_page_token_that_is_refused_starts_the_window_over(db) {
        let case = Case::start(db).await;
        case.script.fail(3, Fault::Status(FailureCode::ProviderError, 500));
        case.run().await;
        case.world.clock.set(case.world.store().next_due_at().await.unwrap().unwrap());
        case.script.fail(3, Fault::Status(FailureCode::RequestRefused, 400));
        assert_eq!(case.run().await, WindowResult::Done);
        assert_eq!(case.script.asked(), [0, 1, 2, 3, 3, 0, 1, 2, 3, 4]);
        let job = case.world.job(case.job).await;
        assert_done(&job);
        assert_eq!((job.requests_done, job.retries, case.kept().await), (11, 5, 0));
    }

    async fn nothing_is_kept_of_a_window_that_has_ended(db) {
        let viewer = Viewer::system();
        let case = Case::start(db.beside().await).await;
        case.script.fail(3, Fault::Status(FailureCode::ProviderError, 500));
        case.run().await;
        assert_eq!(case.kept().await, 3);
        case.engine.cancel(&viewer, case.job).await.unwrap();
        assert_eq!(case.kept().await, 0, "its job was cancelled");
        case.world.db.remove().await;

        let case = Case::start(db.beside().await).await;
        case.script.fail(3, Fault::Status(FailureCode::ProviderError, 500));
        case.run().await;
        case.engine.disconnect(&viewer, case.linked.link).await.unwrap();
        assert_eq!(case.kept().await, 0, "its account was disconnected");
        case.world.db.remove().await;

        let case = Case::start(db.beside().await).await;
        case.script.fail(3, Fault::Status(FailureCode::Gone, 410));
        assert_eq!(case.run().await, WindowResult::Failed(FailureCode::Gone));
        assert_eq!(case.kept().await, 0, "it was given up");
        case.world.db.remove().await;
    }

    async fn what_was_cancelled_meanwhile_keeps_no_page(db) {
        let case = Case::start(db).await;
        case.script.fail(2, Fault::Silence);
        let (engine, window) = (case.engine.clone(), case.window);
        let run = tokio::spawn(async move { engine.run_window(window, "slow").await });
        while case.script.asked.lock().unwrap().last() != Some(&2) {
            tokio::task::yield_now().await;
        }
        case.engine.cancel(&Viewer::system(), case.job).await.unwrap();
        run.abort();
        assert_eq!(case.kept().await, 0);
    }
}

on_each_engine! {
    async fn windows_of_one_page_keep_none(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.outside.faults(json!([{ "kind": "server_error_json", "status": 503, "count": 2 }])).await;
        world.db.watch_writes(&["sync_page"]).await;
        assert_done(&world.incremental(&linked).await);
        assert!(world.db.writes().await.is_empty());
    }
}
