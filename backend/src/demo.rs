//! `pulsekeep demo`: the product on loopback, with the simulator in the same process and people connected to it.
//!
//! Everything it keeps lies in one folder: the database, the simulator's state, and a `pulsekeep.toml` with which every
//! other command works on the same data.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use pulsekeep_core::{Clock as _, SystemClock, account::ProviderKey, account::Role};
use pulsekeep_provider::{pkce, random_state};
use pulsekeep_simulator::{Simulator, SimulatorConfig, people::Profile};
use pulsekeep_store::User;
use pulsekeep_sync::ConnectOutcome;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    cli::setup,
    config::{Config, Need, Sources},
    people::{self, PersonInput},
    server::Server,
    services::Services,
};

/// What `pulsekeep demo` was started with.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Address to listen on; `None` takes 127.0.0.1:8080, or any free port when that one is taken.
    pub listen: Option<SocketAddr>,
    /// Folder of the demo's data.
    pub data_dir: PathBuf,
    /// Folder of the built web app.
    pub web_root: Option<PathBuf>,
    /// Folder of the built playground.
    pub playground_root: Option<PathBuf>,
}

/// What one needs to use a running demo.
#[derive(Debug, Clone, Serialize)]
pub struct DemoAccess {
    /// Where it is.
    pub url: Url,
    /// The simulator.
    pub simulator_url: String,
    /// Sees everybody.
    pub admin: SignIn,
    /// A person whose account is connected.
    pub member: SignIn,
    /// A person who has not connected anything yet.
    pub newcomer: SignIn,
    /// With this file every other command works on the demo's data.
    pub config: PathBuf,
}

/// A sign-in.
#[derive(Debug, Clone, Serialize)]
pub struct SignIn {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A demo that listens.
pub struct Demo {
    server: Server,
    simulator: Simulator,
    access: DemoAccess,
    people: Vec<(User, Profile)>,
}

/// What is made at the first start and kept.
#[derive(Debug, Serialize, Deserialize)]
struct Secrets {
    vault_key: String,
    simulator_key: String,
    /// Not there in a folder of an earlier version.
    pseudonym_key: Option<String>,
    admin_password: String,
    member_password: String,
}

const ADMIN: &str = "admin@demo.example";
const CLIENT_ID: &str = "pulsekeep-demo";
const CLIENT_SECRET: &str = "pulsekeep-demo-secret";
const SECRETS_FILE: &str = "demo.json";
const DATABASE_FILE: &str = "pulsekeep.sqlite";
/// Of the people, so many come by the legacy protocol; the last one is left to be connected by hand.
const BY_FITBIT: usize = 3;

impl Demo {
    /// Starts the simulator and the server, and makes the people. Who is connected already stays so.
    ///
    /// # Errors
    /// A sentence that says what to do: not loopback, a database that the demo did not make, a folder that cannot be
    /// written.
    pub async fn open(options: &DemoOptions) -> anyhow::Result<Self> {
        if let Some(address) = options.listen.filter(|address| !address.ip().is_loopback()) {
            bail!("the demo listens on loopback only and {address} is not; use --listen 127.0.0.1:8080");
        }
        let secrets = secrets(&options.data_dir)?;
        let simulator = start_simulator(&options.data_dir, &secrets).await?;
        let file = options.data_dir.join("pulsekeep.toml");
        write_private(&file, &settings(options, &secrets, &simulator.base_url())?)?;
        let sources = Sources { file: Some(file.clone()), ..Sources::default() };
        let config = Config::load(&sources, Need::Vault)?;
        setup::start_logging(&config);
        let listener = listen(options.listen).await?;
        let server = Server::open(&config, listener, true).await?;
        let people = make_people(server.services(), &simulator, &secrets).await?;
        let sign_in = |(user, _): &(User, Profile)| SignIn {
            email: user.email.clone(),
            password: secrets.member_password.clone(),
        };
        let (Some(first), Some(last)) = (people.first(), people.last()) else {
            bail!("the simulator has no people");
        };
        let access = DemoAccess {
            url: server.public_url().clone(),
            simulator_url: simulator.base_url(),
            admin: SignIn { email: ADMIN.to_owned(), password: secrets.admin_password.clone() },
            member: sign_in(first),
            newcomer: sign_in(last),
            config: file,
        };
        Ok(Self { server, simulator, access, people })
    }

    /// How to use it.
    #[must_use]
    pub fn access(&self) -> &DemoAccess {
        &self.access
    }

    /// Serves until `stop`; meanwhile the people are connected, each by the OAuth road.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let services = self.server.services().clone();
        let simulator = Arc::new(self.simulator);
        let connecting = tokio::spawn(connect_people(services, simulator.clone(), self.people));
        let served = self.server.run(stop).await;
        connecting.abort();
        let _ = connecting.await;
        if let Some(simulator) = Arc::into_inner(simulator) {
            simulator.shutdown().await;
        }
        served
    }
}

fn secrets(folder: &Path) -> anyhow::Result<Secrets> {
    let file = folder.join(SECRETS_FILE);
    if file.exists() {
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        return serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; remove the folder and start again", file.display()));
    }
    if folder.join(DATABASE_FILE).exists() {
        bail!(
            "{} holds a database that the demo did not make; name another folder with --data-dir",
            folder.display()
        );
    }
    let make = || {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    };
    make().with_context(|| {
        format!("cannot make the folder {}; name another with --data-dir", folder.display())
    })?;
    let random = || BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
    let made = Secrets {
        vault_key: random(),
        simulator_key: random(),
        pseudonym_key: Some(random()),
        admin_password: password(),
        member_password: password(),
    };
    write_private(&file, &serde_json::to_string_pretty(&made)?)?;
    Ok(made)
}

/// Sixteen letters (80 bits) that are easy to type: no `0`, `1`, `l` or `o`.
fn password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters = rand::random::<[u8; 16]>().map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Writes a file that only its owner reads.
fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(file)?.write_all(text.as_bytes())
    };
    write().with_context(|| format!("cannot write {}; name another folder with --data-dir", file.display()))
}

async fn start_simulator(folder: &Path, secrets: &Secrets) -> anyhow::Result<Simulator> {
    let clock = Arc::new(|| SystemClock.now().0);
    let mut config = SimulatorConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), clock);
    config.state_file = Some(folder.join("simulator.json"));
    config.signing_key = secrets.simulator_key.clone().into_bytes();
    Ok(Simulator::start(config).await?)
}

/// The demo's configuration file.
fn settings(options: &DemoOptions, secrets: &Secrets, simulator: &str) -> anyhow::Result<String> {
    let folder = std::path::absolute(&options.data_dir)?;
    let database = folder.join(DATABASE_FILE);
    let quoted = |text: String| serde_json::Value::String(text).to_string();
    let provider = |key: &str, place: &str, authorize: &str, token: &str, revoke: &str| {
        format!(
            "[providers.{key}]\nenabled = true\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n\
             authorize_url = \"{simulator}/{place}/{authorize}\"\ntoken_url = \"{simulator}/{place}/{token}\"\n\
             revoke_url = \"{simulator}/{place}/{revoke}\"\napi_url = \"{simulator}/{place}\"\n\n"
        )
    };
    let folders = [("web_root", &options.web_root), ("playground_root", &options.playground_root)]
        .into_iter()
        .filter_map(|(key, folder)| Some((key, folder.as_ref()?)))
        .map(|(key, folder)| {
            Ok(format!("{key} = {}\n", quoted(std::path::absolute(folder)?.display().to_string())))
        })
        .collect::<anyhow::Result<String>>()?;
    Ok(format!(
        "# Written by `pulsekeep demo` at every start.\n\n[log]\nfilter = \"warn\"\n\n[http]\n{folders}\n[database]\nurl = {}\n\n[vault]\nkey = \"{}\"\n\n\
         [export]\nsink = \"directory\"\ndirectory = {}\n{}\n{}{}",
        quoted(format!("sqlite://{}", database.display())),
        secrets.vault_key,
        quoted(folder.join("exports").display().to_string()),
        secrets.pseudonym_key.as_ref().map(|key| format!("pseudonym_key = \"{key}\"\n")).unwrap_or_default(),
        provider("google_health", "google", "o/oauth2/v2/auth", "token", "revoke"),
        provider("fitbit", "fitbit", "oauth2/authorize", "oauth2/token", "oauth2/revoke"),
    ))
}

async fn listen(wanted: Option<SocketAddr>) -> anyhow::Result<tokio::net::TcpListener> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    match wanted {
        Some(address) => setup::listen(address).await,
        None => match setup::listen(usual).await {
            Ok(listener) => Ok(listener),
            Err(_) => setup::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await,
        },
    }
}

/// The admin and the simulator's people, made where they are missing.
async fn make_people(
    services: &Services,
    simulator: &Simulator,
    secrets: &Secrets,
) -> anyhow::Result<Vec<(User, Profile)>> {
    let admin = PersonInput {
        email: ADMIN.to_owned(),
        display_name: Some("Demo admin".to_owned()),
        role: Role::Admin,
        code: Some("admin".to_owned()),
        time_zone: None,
    };
    make_person(services, admin, &secrets.admin_password).await?;
    let mut people = Vec::new();
    for profile in simulator.people() {
        let person = PersonInput {
            email: format!("{}@demo.example", profile.id),
            display_name: Some(profile.name.to_owned()),
            role: Role::Member,
            code: Some(profile.id.to_owned()),
            time_zone: None,
        };
        people.push((make_person(services, person, &secrets.member_password).await?, profile));
    }
    Ok(people)
}

async fn make_person(services: &Services, person: PersonInput, password: &str) -> anyhow::Result<User> {
    let user = match services.store.user_by_email(&person.email).await? {
        Some(user) => user,
        None => people::create(&services.store, person, None, services.clock.now()).await??,
    };
    if user.password_hash.is_none() {
        let hash = services.passwords.hash(SecretString::from(password)).await?;
        services.store.set_password(user.id, &hash).await?;
    }
    Ok(user)
}

/// Connects everybody but the last, who is left to be connected by hand.
async fn connect_people(services: Arc<Services>, simulator: Arc<Simulator>, people: Vec<(User, Profile)>) {
    let connected = people.len().saturating_sub(1);
    for (index, (user, profile)) in people.iter().take(connected).enumerate() {
        let provider =
            if index + BY_FITBIT >= connected { ProviderKey::Fitbit } else { ProviderKey::GoogleHealth };
        if let Err(error) = connect(&services, &simulator, user, profile, provider).await {
            tracing::warn!(user = %user.id, error = format!("{error:#}"), "a demo account could not be connected");
        }
    }
}

/// The OAuth road, with the simulator clicking in the browser's place.
async fn connect(
    services: &Services,
    simulator: &Simulator,
    user: &User,
    profile: &Profile,
    provider: ProviderKey,
) -> anyhow::Result<()> {
    if !services.store.links_of(user.id).await?.is_empty() {
        return Ok(());
    }
    let client = services.engine.provider(provider).context("the provider is not enabled")?;
    let redirect = services.address(&format!("/connect/{provider}/callback"));
    let (challenge, verifier) = pkce();
    let state = random_state();
    let authorize = client.authorize_url(&redirect, &state, &challenge);
    let back = simulator.consent(authorize.as_str(), profile.id).map_err(anyhow::Error::msg)?;
    let back = Url::parse(&back)?;
    let answer =
        |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if answer("state").as_deref() != Some(&state) {
        bail!("the provider gave another state back");
    }
    let code = SecretString::from(answer("code").context("the provider gave no code")?);
    match services.engine.connect(user.id, provider, &redirect, &code, &verifier).await? {
        ConnectOutcome::Linked(_) => Ok(()),
        other => bail!("not linked: {other:?}"),
    }
}
