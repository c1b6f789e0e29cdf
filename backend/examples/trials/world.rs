//! Everything that a trial needs: clock, database, simulator, the product's processes, and hands of its own.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use pulsekeep::{
    cli::setup,
    config::{Config, Need, Sources},
};
use pulsekeep_core::{
    Clock as _, EpochMs, ScaledClock, SystemClock,
    account::{ProviderKey, Role},
    id::{LinkId, UserId},
};
use pulsekeep_provider::{pkce, random_state};
use pulsekeep_store::{CreateUser, NewUser, Store};
use pulsekeep_sync::{ConnectOutcome, SyncEngine};
use pulsekeep_testkit::TestDatabase;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use url::Url;

use crate::{
    outside::{Inhabitant, Outside},
    process::Process,
    push,
};

pub(crate) const VAULT_KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const REDIRECT: &str = "http://127.0.0.1:8080/connect/callback";

/// The simulated time of a trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    base: EpochMs,
    origin: EpochMs,
    rate: u32,
}

impl Pace {
    /// A clock that shows `origin` now and runs `rate` times as fast as the machine's.
    pub(crate) fn starting(origin: &str, rate: u32) -> anyhow::Result<Self> {
        let origin = EpochMs::from(origin.parse::<jiff::Timestamp>()?);
        Ok(Self { base: SystemClock.now(), origin, rate })
    }

    pub(crate) fn now(&self) -> EpochMs {
        ScaledClock::new(self.base, self.origin, self.rate).now()
    }

    /// The clock itself.
    pub(crate) fn clock(&self) -> ScaledClock {
        ScaledClock::new(self.base, self.origin, self.rate)
    }

    /// How much simulated time a stretch of the machine's is, in seconds.
    pub(crate) fn seconds(&self, real: Duration) -> u64 {
        real.as_secs() * u64::from(self.rate)
    }

    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("PULSEKEEP_CLOCK__BASE", self.base.to_string()),
            ("PULSEKEEP_CLOCK__ORIGIN", self.origin.to_string()),
            ("PULSEKEEP_CLOCK__RATE", self.rate.to_string()),
        ]
    }
}

/// The programs under trial.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) pulsekeep: PathBuf,
    pub(crate) simulator: PathBuf,
}

/// Settings of the product, in words of its configuration: section and key in lower case, `sync.parallel`.
pub(crate) type Settings<'a> = &'a [(&'a str, String)];

/// A person of the trial.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) user: UserId,
    pub(crate) provider: ProviderKey,
    pub(crate) who: Inhabitant,
}

/// A database with the product's processes over it.
pub(crate) struct World {
    pub(crate) pace: Pace,
    pub(crate) outside: Outside,
    pub(crate) db: Arc<TestDatabase>,
    /// The driver's own engine, configured as the processes are.
    pub(crate) engine: SyncEngine,
    environment: BTreeMap<String, String>,
    programs: Programs,
    folder: TempDir,
}

impl World {
    /// Starts the simulator with so many people and milliseconds of latency, and opens `db` with the product's defaults
    /// but for `settings`. With webhooks, a notice waits so many simulated seconds for others.
    pub(crate) async fn open(
        programs: Programs,
        pace: Pace,
        db: Arc<TestDatabase>,
        providers: (usize, u64),
        settings: Settings<'_>,
        webhooks: Option<u64>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pulsekeep-trial-").tempdir()?;
        let outside = Outside::start(&programs.simulator, &pace, providers, folder.path())?;
        let mut settings = settings.to_vec();
        if let Some(wait) = webhooks {
            settings.extend(push::settings(&outside, folder.path(), wait).await?);
        }
        let environment = environment(&outside, &pace, db.url(), &settings);
        let engine = engine(&environment, db.store()).await?;
        Ok(Self { pace, outside, db, engine, environment, programs, folder })
    }

    /// Another engine like the processes', over another database and with other settings on top.
    pub(crate) async fn engine_over(
        &self,
        store: &Store,
        settings: Settings<'_>,
    ) -> anyhow::Result<SyncEngine> {
        let mut environment = self.environment.clone();
        environment.extend(settings.iter().map(|(key, value)| (variable(key), value.clone())));
        engine(&environment, store).await
    }

    /// Keeps logs and files after the end, and says where they are.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    /// A setting of the processes.
    pub(crate) fn setting(&self, key: &str) -> Option<&str> {
        self.environment.get(&variable(key)).map(String::as_str)
    }

    /// Starts a process of the product.
    pub(crate) fn start(&self, name: &str, args: &[&str]) -> anyhow::Result<Process> {
        Process::start(name, self.program(args), self.folder.path())
    }

    /// Runs a command of the product to its end.
    pub(crate) fn command(&self, args: &[&str]) -> anyhow::Result<Output> {
        self.program(args).output().context("the product could not be started")
    }

    fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.pulsekeep);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PULSEKEEP_")) {
            command.env_remove(name);
        }
        // In a folder of the trial: a pulsekeep.toml that lies about is not its business.
        command.args(args).envs(&self.environment).current_dir(self.folder.path()).stdout(Stdio::null());
        command
    }

    /// Makes a person of the simulator known under their own name.
    pub(crate) async fn settle(&self, who: &Inhabitant, provider: ProviderKey) -> anyhow::Result<Resident> {
        settle(&self.engine, self.pace.now(), who, provider).await
    }

    /// The person consents.
    pub(crate) async fn connect(&self, resident: &Resident) -> anyhow::Result<LinkId> {
        connect(&self.engine, &self.outside, resident).await
    }
}

fn variable(key: &str) -> String {
    format!("PULSEKEEP_{}", key.replace('.', "__").to_uppercase())
}

fn environment(
    outside: &Outside,
    pace: &Pace,
    database: &str,
    settings: Settings<'_>,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut set = |key: &str, value: String| all.insert(variable(key), value);
    set("database.url", database.to_owned());
    set("vault.key", BASE64_STANDARD.encode(VAULT_KEY));
    set("log.filter", "warn".to_owned());
    set("http.listen", "127.0.0.1:0".to_owned());
    for provider in ProviderKey::ALL {
        let config = outside.provider(provider);
        let mut set = |key: &str, value: String| set(&format!("providers.{provider}.{key}"), value);
        set("enabled", "true".to_owned());
        set("client_id", config.client_id);
        set("client_secret", config.client_secret.expose_secret().to_owned());
        set("authorize_url", config.authorize_url.to_string());
        set("token_url", config.token_url.to_string());
        set("revoke_url", config.revoke_url.to_string());
        set("api_url", config.api_url.to_string());
    }
    all.extend(pace.environment().map(|(name, value)| (name.to_owned(), value)));
    all.extend(settings.iter().map(|(key, value)| (variable(key), value.clone())));
    all
}

async fn engine(environment: &BTreeMap<String, String>, store: &Store) -> anyhow::Result<SyncEngine> {
    let sources = Sources { env: environment.clone(), ..Sources::default() };
    let config = Config::load(&sources, Need::Vault)?;
    setup::engine(&config, store).await
}

/// Makes a person of the simulator known to the database of `engine`.
pub(crate) async fn settle(
    engine: &SyncEngine,
    now: EpochMs,
    who: &Inhabitant,
    provider: ProviderKey,
) -> anyhow::Result<Resident> {
    let new = NewUser {
        email: format!("{}@example.org", who.id),
        display_name: who.id.clone(),
        code: Some(who.id.clone()),
        role: Role::Member,
        time_zone: who.zone.clone(),
    };
    match engine.store().create_user(new, now).await? {
        CreateUser::Created(user) => Ok(Resident { user: user.id, provider, who: who.clone() }),
        other => bail!("{} could not be added: {other:?}", who.id),
    }
}

/// The OAuth road, with the simulator clicking in the browser's place.
pub(crate) async fn connect(
    engine: &SyncEngine,
    outside: &Outside,
    resident: &Resident,
) -> anyhow::Result<LinkId> {
    let redirect = Url::parse(REDIRECT)?;
    let ((challenge, verifier), state) = (pkce(), random_state());
    let provider = engine.provider(resident.provider).context("the provider is not enabled")?;
    let page = provider.authorize_url(&redirect, &state, &challenge);
    let code = outside.consent(page.as_str(), &resident.who.id).await?;
    match engine.connect(resident.user, resident.provider, &redirect, &code, &verifier).await? {
        ConnectOutcome::Linked(link) => Ok(link.id),
        other => bail!("{} could not be linked: {other:?}", resident.who.id),
    }
}
