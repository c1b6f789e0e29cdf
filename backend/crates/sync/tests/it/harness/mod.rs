//! A world for one test: simulator, database, engine and a clock that all of them share.

pub(crate) mod hooked;
mod simulator;

use std::sync::Arc;

use jiff::civil::Date;
use pulsekeep_core::{
    Clock, ManualClock, Metric,
    account::{ProviderKey, Viewer},
    id::{JobId, LinkId, UserId},
    job::{JobKind, JobState, Priority},
    time::{DayRange, add_days, next_day},
};
use pulsekeep_provider::{HttpClient, Provider, fitbit, google_health, pkce, random_state};
use pulsekeep_store::{LinkedAccount, Person, Store, SyncJob, SyncWindow};
use pulsekeep_sync::{
    ConnectError, ConnectOutcome, JobRequest, Providers, RequestOutcome, SyncEngine, SyncPolicy, Vault,
};
use pulsekeep_testkit::{Statements, TestDatabase, build, clock};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

pub(crate) use simulator::Outside;

pub(crate) const GOOGLE: ProviderKey = ProviderKey::GoogleHealth;
pub(crate) const FITBIT: ProviderKey = ProviderKey::Fitbit;

/// The vault key of every engine that does not say otherwise.
const KEY: [u8; 32] = [7; 32];
/// More rounds than any test needs: an engine that never comes to rest fails its test.
const ROUNDS: usize = 5_000;

/// Everything that a test needs.
pub(crate) struct World {
    pub(crate) outside: Outside,
    pub(crate) clock: ManualClock,
    pub(crate) db: Arc<TestDatabase>,
    pub(crate) engine: SyncEngine,
}

/// A person who has connected an account.
#[derive(Debug, Clone)]
pub(crate) struct Linked {
    pub(crate) user: UserId,
    pub(crate) link: LinkId,
}

/// No backfill when an account is connected: the tests ask for their own.
pub(crate) fn policy() -> SyncPolicy {
    SyncPolicy { first_backfill_days: 0, ..SyncPolicy::default() }
}

impl World {
    pub(crate) async fn start(db: Arc<TestDatabase>) -> Self {
        Self::with_policy(db, policy()).await
    }

    pub(crate) async fn with_policy(db: Arc<TestDatabase>, policy: SyncPolicy) -> Self {
        let clock = clock();
        let outside = Outside::start(&clock).await;
        let engine = engine(&outside, db.store().clone(), &clock, policy, KEY);
        Self { outside, clock, db, engine }
    }

    /// A world whose installation asks people for the places of their exercises.
    pub(crate) async fn with_routes(db: Arc<TestDatabase>) -> Self {
        let clock = clock();
        let mut outside = Outside::start(&clock).await;
        outside.routes = true;
        let engine = engine(&outside, db.store().clone(), &clock, policy(), KEY);
        Self { outside, clock, db, engine }
    }

    /// An engine of another process over the same database.
    pub(crate) async fn another_engine(&self) -> SyncEngine {
        let store = self.db.another().await;
        engine(&self.outside, store, &self.clock, *self.engine.policy(), KEY)
    }

    /// An engine whose statements are written down.
    pub(crate) async fn watched_engine(&self) -> (SyncEngine, Statements) {
        let (store, statements) = self.db.watched().await;
        (engine(&self.outside, store, &self.clock, *self.engine.policy(), KEY), statements)
    }

    /// An engine with another vault key.
    pub(crate) fn engine_with_key(&self, key: [u8; 32]) -> SyncEngine {
        engine(&self.outside, self.store().clone(), &self.clock, *self.engine.policy(), key)
    }

    /// An engine with another vault.
    pub(crate) fn engine_with_vault(&self, vault: Vault) -> SyncEngine {
        engine_of(&self.outside, self.store().clone(), &self.clock, *self.engine.policy(), vault)
    }

    /// An engine that asks this provider.
    pub(crate) fn engine_with(&self, provider: impl Provider) -> SyncEngine {
        let providers = Providers::new().with(provider);
        let clock = Arc::new(self.clock.clone());
        SyncEngine::new(self.store().clone(), providers, Vault::new(&KEY, &[]), clock, *self.engine.policy())
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault::new(&KEY, &[])
    }

    pub(crate) fn store(&self) -> &Store {
        self.db.store()
    }

    /// The civil day of the person now.
    pub(crate) async fn today(&self, user: UserId) -> Date {
        self.engine.today(user).await.unwrap()
    }

    /// The days from `from` to `to` days ago, both included.
    pub(crate) async fn ago(&self, user: UserId, from: i64, to: i64) -> DayRange {
        let today = self.today(user).await;
        DayRange { start: add_days(today, -from), end: next_day(add_days(today, -to)) }
    }

    /// The person's consent by the provider's own page, to these scopes or to all that is asked.
    pub(crate) async fn consent(
        &self,
        user: UserId,
        provider: ProviderKey,
        person: &str,
        scopes: Option<&[&str]>,
    ) -> ConnectOutcome {
        self.try_consent_to(user, provider, person, scopes).await.unwrap()
    }

    /// A consent that may fail on its way.
    pub(crate) async fn try_consent(
        &self,
        user: UserId,
        provider: ProviderKey,
        person: &str,
    ) -> Result<ConnectOutcome, ConnectError> {
        self.try_consent_to(user, provider, person, None).await
    }

    async fn try_consent_to(
        &self,
        user: UserId,
        provider: ProviderKey,
        person: &str,
        scopes: Option<&[&str]>,
    ) -> Result<ConnectOutcome, ConnectError> {
        let redirect = Url::parse("http://127.0.0.1:1/connect/callback").unwrap();
        let ((challenge, verifier), state) = (pkce(), random_state());
        let authorize_url =
            self.engine.provider(provider).unwrap().authorize_url(&redirect, &state, &challenge);
        let mut consent = json!({ "authorize_url": authorize_url, "person": person });
        if let Some(scopes) = scopes {
            consent["scopes"] = json!(scopes);
        }
        let code = self.outside.consent(consent, &state).await;
        self.engine.connect(user, provider, &redirect, &SecretString::from(code), &verifier).await
    }

    /// A new person, named and placed as the simulated one, who has connected their account; nothing is fetched yet
    /// and no job waits.
    pub(crate) async fn linked(&self, provider: ProviderKey, person: &str) -> Linked {
        let user = build::member(self.store(), person).await.id;
        let linked = self.connected(user, provider, person).await;
        let viewer = Viewer::system();
        for job in self
            .store()
            .jobs(&viewer, &pulsekeep_store::JobFilter { limit: 9, ..Default::default() })
            .await
            .unwrap()
        {
            if job.link_id == linked.link {
                self.engine.cancel(&viewer, job.id).await.unwrap();
            }
        }
        linked
    }

    /// The account of a person who is here already, with the first jobs that connecting writes.
    pub(crate) async fn connected(&self, user: UserId, provider: ProviderKey, person: &str) -> Linked {
        match self.consent(user, provider, person, None).await {
            ConnectOutcome::Linked(link) => Linked { user, link: link.id },
            refused => panic!("{person} could not be linked: {refused:?}"),
        }
    }

    pub(crate) fn request(&self, linked: &Linked, kind: JobKind, days: Option<DayRange>) -> JobRequest {
        JobRequest {
            user_id: linked.user,
            link: Some(linked.link),
            kind,
            metrics: Metric::all().collect(),
            days,
            priority: if kind == JobKind::Backfill { Priority::Low } else { Priority::Normal },
            created_by: None,
            batch: None,
        }
    }

    /// Writes a job of all metrics.
    pub(crate) async fn ask(&self, linked: &Linked, kind: JobKind, days: Option<DayRange>) -> JobId {
        match self.engine.request(&self.request(linked, kind, days)).await.unwrap() {
            RequestOutcome::Accepted(jobs) if jobs.len() == 1 => jobs[0],
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn backfill(&self, linked: &Linked, days: DayRange) -> SyncJob {
        let job = self.ask(linked, JobKind::Backfill, Some(days)).await;
        self.drain().await;
        self.job(job).await
    }

    /// Backfills some metrics.
    pub(crate) async fn backfill_of(&self, linked: &Linked, metrics: &[Metric], days: DayRange) -> SyncJob {
        let request =
            JobRequest { metrics: metrics.to_vec(), ..self.request(linked, JobKind::Backfill, Some(days)) };
        let RequestOutcome::Accepted(jobs) = self.engine.request(&request).await.unwrap() else {
            panic!("no job was written")
        };
        self.drain().await;
        self.job(jobs[0]).await
    }

    pub(crate) async fn incremental(&self, linked: &Linked) -> SyncJob {
        let job = self.ask(linked, JobKind::Incremental, None).await;
        self.drain().await;
        self.job(job).await
    }

    /// Works until nothing is left, moving the clock to the next window's time whenever nothing is due.
    pub(crate) async fn drain(&self) {
        for _ in 0..ROUNDS {
            if self.engine.work_due("worker", 50).await.unwrap() > 0 {
                continue;
            }
            let Some(next) = self.store().next_due_at().await.unwrap() else { return };
            assert!(next > self.clock.now(), "windows are said to be due, and none is given out");
            self.clock.set(next);
        }
        panic!("the engine never came to rest");
    }

    pub(crate) async fn job(&self, id: JobId) -> SyncJob {
        self.store().job(&Viewer::system(), id).await.unwrap().unwrap()
    }

    pub(crate) async fn windows(&self, job: &SyncJob) -> Vec<SyncWindow> {
        self.store().windows(job.user_id, job.id).await.unwrap()
    }

    pub(crate) async fn link(&self, linked: &Linked) -> LinkedAccount {
        self.store().link(linked.link).await.unwrap().unwrap()
    }

    pub(crate) async fn person(&self, linked: &Linked) -> Person {
        self.store().person(&Viewer::system(), linked.user).await.unwrap().unwrap()
    }
}

/// The job has read all that it was for.
pub(crate) fn assert_done(job: &SyncJob) {
    assert_eq!((job.state, job.windows_done), (JobState::Done, job.windows_total), "{job:?}");
    assert_eq!(job.codes, []);
}

fn engine(
    outside: &Outside,
    store: Store,
    clock: &ManualClock,
    policy: SyncPolicy,
    key: [u8; 32],
) -> SyncEngine {
    engine_of(outside, store, clock, policy, Vault::new(&key, &[]))
}

fn engine_of(
    outside: &Outside,
    store: Store,
    clock: &ManualClock,
    policy: SyncPolicy,
    vault: Vault,
) -> SyncEngine {
    let http = HttpClient::new().unwrap();
    let providers = Providers::new()
        .with(google_health(outside.config(GOOGLE), http.clone()))
        .with(fitbit(outside.config(FITBIT), http));
    SyncEngine::new(store, providers, vault, Arc::new(clock.clone()), policy)
}
