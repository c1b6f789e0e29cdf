//! What all handlers share.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Client, SimulatorConfig, SimulatorError};
use crate::faults::{FaultKind, FaultRule, Faults, Provider, Target};
use crate::oauth::grants::{GrantState, Grants};
use crate::oauth::scopes::Scopes;
use crate::oauth::tokens::{Claims, Kind, Signer, client_mark};
use crate::people::{People, Person, View};
use crate::push::Push;
use crate::request_log::RequestLog;
use crate::switches::Switches;
use crate::usage::{Account, Refresh, Usage};

/// The shared state; cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    inner: Arc<Inner>,
}

struct Inner {
    config: SimulatorConfig,
    clock_offset: AtomicI64,
    people: Arc<People>,
    signer: Signer,
    switches: Mutex<Switches>,
    faults: Mutex<Faults>,
    grants: Mutex<Grants>,
    push: Push,
    log: Mutex<RequestLog>,
    usage: Mutex<Usage>,
}

/// A scenario file: what the control API takes, in one document.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) switches: Switches,
    pub(crate) faults: Vec<FaultRule>,
}

/// Whose access token a request carries.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) person: Arc<Person>,
    pub(crate) claims: Claims,
}

impl Caller {
    pub(crate) fn scopes(&self) -> Scopes {
        self.claims.scopes
    }
}

/// Why an access token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    Invalid,
    Expired,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn new(config: SimulatorConfig) -> Result<State, SimulatorError> {
        let scenario = match &config.scenario {
            Some(path) => read_scenario(path)?,
            None => Scenario::default(),
        };
        let kept = match &config.state_file {
            Some(path) => read_state(path)?,
            None => GrantState::default(),
        };
        Ok(State {
            inner: Arc::new(Inner {
                signer: Signer::new(&config.signing_key),
                people: Arc::new(People::with(config.extra_people)?),
                config,
                clock_offset: AtomicI64::new(0),
                switches: Mutex::new(scenario.switches),
                faults: Mutex::new(Faults { rules: scenario.faults }),
                push: Push::default(),
                grants: Mutex::new(Grants { state: kept, ..Grants::default() }),
                log: Mutex::default(),
                usage: Mutex::default(),
            }),
        })
    }

    /// Epoch milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.inner.config.clock)() + self.inner.clock_offset.load(Ordering::SeqCst)
    }

    /// Epoch seconds.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.inner.clock_offset.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn clock_offset(&self) -> i64 {
        self.inner.clock_offset.load(Ordering::SeqCst)
    }

    pub(crate) fn people(&self) -> &Arc<People> {
        &self.inner.people
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    pub(crate) fn push(&self) -> &Push {
        &self.inner.push
    }

    pub(crate) fn switches(&self) -> Switches {
        lock(&self.inner.switches).clone()
    }

    pub(crate) fn set_switches(&self, switches: Switches) {
        *lock(&self.inner.switches) = switches;
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.inner.faults)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        lock(&self.inner.log)
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        lock(&self.inner.grants)
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&Client> {
        self.inner.config.clients.iter().find(|client| client.client_id == client_id)
    }

    /// All registered clients.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.inner.config.clients.iter()
    }

    pub(crate) fn any_loopback(&self) -> bool {
        self.inner.config.allow_any_loopback_redirect
    }

    /// Writes the state file, if one is configured. A simulator that cannot keep its state says so and goes on.
    pub(crate) fn keep(&self) {
        let Some(path) = &self.inner.config.state_file else { return };
        let kept = self.grants().state.clone();
        let written = serde_json::to_vec(&kept).map_err(std::io::Error::other).and_then(|bytes| {
            let beside = path.with_extension("new");
            std::fs::write(&beside, bytes)?;
            std::fs::rename(&beside, path)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "the state file could not be written");
        }
    }

    /// Whether the fault rules have one of some kinds for a request; a rule that is met is counted down.
    pub(crate) fn fault(&self, target: Target<'_>, kinds: impl Fn(&FaultKind) -> bool) -> bool {
        !self.faults().take(target, kinds).is_empty()
    }

    /// Checks an access token: ours, of this provider, not expired, not withdrawn.
    pub(crate) fn caller(&self, provider: Provider, token: &str, path: &str) -> Result<Caller, TokenProblem> {
        let claims = self.signer().read(provider, token, self.people()).ok_or(TokenProblem::Invalid)?;
        if claims.kind != Kind::Access || !self.knows_client(claims.client) {
            return Err(TokenProblem::Invalid);
        }
        let person = self.people().find(&claims.person).ok_or(TokenProblem::Invalid)?.clone();
        if claims.expires() <= self.now() {
            return Err(TokenProblem::Expired);
        }
        let target = Target { provider, person: Some(&claims.person), path };
        let withdrawn = self.grants().is_revoked(&claims);
        if withdrawn || self.fault(target, |kind| matches!(kind, FaultKind::RevokedConsent)) {
            return Err(TokenProblem::Invalid);
        }
        let news = self.grants().used(&claims);
        if news {
            self.keep();
        }
        Ok(Caller { person, claims })
    }

    /// The id of the client with a mark.
    pub(crate) fn client_id_of(&self, mark: u32) -> Option<&str> {
        let clients = &self.inner.config.clients;
        clients.iter().map(|client| client.client_id.as_str()).find(|id| client_mark(id) == mark)
    }

    fn knows_client(&self, mark: u32) -> bool {
        self.inner.config.clients.iter().any(|client| client_mark(&client.client_id) == mark)
    }

    /// What the provider knows of a person for this request.
    pub(crate) fn view(&self, caller: &Caller, target: Target<'_>) -> View {
        let withheld = self.faults().withheld(target, self.now_ms());
        let view = View::new(self.people().clone(), caller.person.clone(), self.now(), withheld);
        match self.switches().devices_silent_after {
            Some(instant) => view.silent_after(instant.as_second()),
            None => view,
        }
    }

    /// Counts a request against a person's quota. Returns the requests of this window, with this one.
    pub(crate) fn spend(&self, caller: &Caller, limit: u32) -> u32 {
        let Claims { provider, client, person, .. } = caller.claims.clone();
        self.usage().spend(Account::Person { provider, client, person }, self.now(), limit)
    }

    /// Counts a request against the quota of all people of a client together.
    pub(crate) fn spend_of_project(&self, caller: &Caller, limit: u32) -> u32 {
        self.usage().spend(Account::Project { client: caller.claims.client }, self.now(), limit)
    }

    /// Counts a refresh by the token that was sent, whoever's it is.
    pub(crate) fn refreshed(&self, provider: Provider, token: Option<&str>, what: Refresh) {
        let claims = token.and_then(|token| self.signer().read(provider, token, self.people()));
        self.usage().refreshed(provider, claims.as_ref().map(|claims| claims.person.as_str()), what);
    }

    pub(crate) fn usage(&self) -> MutexGuard<'_, Usage> {
        lock(&self.inner.usage)
    }

    /// How long each answer takes besides its making.
    pub(crate) fn latency(&self) -> Duration {
        self.inner.config.latency
    }
}

fn read_scenario(path: &Path) -> Result<Scenario, SimulatorError> {
    let fail = |reason: String| SimulatorError::Scenario { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| fail(error.to_string()))
    } else {
        toml::from_str(&text).map_err(|error| fail(error.to_string()))
    }
}

fn read_state(path: &Path) -> Result<GrantState, SimulatorError> {
    let fail = |reason: String| SimulatorError::State { path: path.to_owned(), reason };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(GrantState::default()),
        Err(error) => Err(fail(error.to_string())),
    }
}
