//! The simulator as a process, and its control API.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use jiff::civil::Date;
use pulsekeep_core::account::ProviderKey;
use pulsekeep_provider::ProviderConfig;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use crate::{process::Process, world::Pace};

/// People with a recording of their own; there are never fewer.
const TWELVE: usize = 12;

/// The simulated providers.
pub(crate) struct Outside {
    pub(crate) process: Process,
    address: SocketAddr,
}

/// Somebody who lives there.
#[derive(Debug, Clone)]
pub(crate) struct Inhabitant {
    pub(crate) id: String,
    pub(crate) zone: String,
}

impl Outside {
    /// Starts the simulator's program under the clock of `pace`.
    pub(crate) fn start(
        program: &Path,
        pace: &Pace,
        (people, latency_ms): (usize, u64),
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--listen", "127.0.0.1:0", "--state-file"])
            .arg(folder.join("simulator.json"))
            .args(["--people", &people.max(TWELVE).to_string(), "--latency-ms", &latency_ms.to_string()])
            .env("RUST_LOG", "warn")
            .envs(pace.environment())
            .stdout(Stdio::piped());
        let mut process = Process::start("simulator", command, folder)?;
        let out = process.child().stdout.take().context("the simulator has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("http://").context("the simulator told no address")?.parse()?;
        Ok(Self { process, address })
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("an address and a path make a URL")
    }

    /// Where the product finds a provider.
    pub(crate) fn provider(&self, key: ProviderKey) -> ProviderConfig {
        let [authorize, token, revoke, api] = match key {
            ProviderKey::GoogleHealth => {
                ["/google/o/oauth2/v2/auth", "/google/token", "/google/revoke", "/google"]
            }
            ProviderKey::Fitbit => {
                ["/fitbit/oauth2/authorize", "/fitbit/oauth2/token", "/fitbit/oauth2/revoke", "/fitbit"]
            }
        };
        ProviderConfig {
            client_id: "pulsekeep-demo".to_owned(),
            client_secret: SecretString::from("pulsekeep-demo-secret"),
            authorize_url: self.url(authorize),
            token_url: self.url(token),
            revoke_url: self.url(revoke),
            api_url: self.url(api),
            routes: false,
        }
    }

    /// A call of the control API. HTTP 1.0 on a fresh connection: the answer ends where the connection does.
    async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} /control{path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).await.context("the simulator is gone")?;
        connection.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        let answer = String::from_utf8(answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the control API's answer has no head")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            bail!("{method} {path}: {status} {body}");
        }
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(body)? })
    }

    /// Everybody.
    pub(crate) async fn people(&self) -> anyhow::Result<Vec<Inhabitant>> {
        let answer = self.control("GET", "/people", None).await?;
        let list = answer.as_array().or_else(|| answer["people"].as_array()).context("no list of people")?;
        list.iter()
            .map(|person| {
                let text =
                    |name: &str| person[name].as_str().map(str::to_owned).context("a person lacks a member");
                Ok(Inhabitant { id: text("id")?, zone: text("time_zone")? })
            })
            .collect()
    }

    /// The code that a person's consent gives.
    pub(crate) async fn consent(&self, authorize_url: &str, person: &str) -> anyhow::Result<SecretString> {
        let consent = json!({ "authorize_url": authorize_url, "person": person });
        let answer = self.control("POST", "/consent", Some(&consent)).await?;
        let back = Url::parse(answer["redirect_to"].as_str().context("no redirect")?)?;
        let code =
            back.query_pairs().find(|(name, _)| name == "code").context("the provider gave no code")?;
        Ok(SecretString::from(code.1.into_owned()))
    }

    /// What a person did on a day.
    pub(crate) async fn truth(&self, person: &str, day: Date) -> anyhow::Result<Value> {
        self.control("GET", &format!("/people/{person}/truth?day={day}"), None).await
    }

    /// Sets the fault rules.
    pub(crate) async fn faults(&self, rules: &[Value]) -> anyhow::Result<()> {
        self.control("PUT", "/faults", Some(&json!(rules))).await.map(drop)
    }

    /// Changes these switches and leaves the others as they are.
    pub(crate) async fn switch(&self, changes: &[(&str, Value)]) -> anyhow::Result<()> {
        let mut switches = self.control("GET", "/switches", None).await?;
        for (name, value) in changes {
            switches[*name] = value.clone();
        }
        self.control("PUT", "/switches", Some(&switches)).await.map(drop)
    }

    /// The key file of the Cloud project's service account.
    pub(crate) async fn service_account(&self) -> anyhow::Result<Value> {
        self.control("GET", "/push/service-account", None).await
    }

    /// Where Google publishes the keys that it signs with.
    pub(crate) fn keyset_url(&self) -> String {
        self.url("/google/webhooks/webhooks_public_keyset.json").to_string()
    }

    /// Enters the address of the webhook at dev.fitbit.com, which tries it.
    pub(crate) async fn enter_fitbit(&self, endpoint: &str, verify_code: &str) -> anyhow::Result<Value> {
        let subscriber = json!({ "endpoint": endpoint, "verify_code": verify_code });
        self.control("PUT", "/push/fitbit", Some(&subscriber)).await
    }

    /// Counts of requests, each with provider, person, family and status.
    pub(crate) async fn requests(&self) -> anyhow::Result<Vec<Value>> {
        let log = self.control("GET", "/requests", None).await?;
        Ok(log["requests"].as_array().cloned().unwrap_or_default())
    }

    /// What was spent of quotas: the fullest window of each account, and what became of refreshes.
    pub(crate) async fn usage(&self) -> anyhow::Result<Value> {
        self.control("GET", "/usage", None).await
    }
}
