use std::process::ExitCode;

use jiff::tz::Offset;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::push_subjects,
    time::{DAY_MS, EpochMs},
};
use pulsekeep_provider::{HttpClient, ServiceAccount, Subscriber, WebhookAdmin};
use pulsekeep_store::PushCount;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::{failure::sentence, output, setup};
use crate::config::{Config, Need, PushSection, Sources};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show whether the providers tell us of new data, and what came of their calls lately
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell Google where to send notifications; the server has to run, since Google tries the address
    Register,
    /// Have Google send no more notifications
    Remove,
}

/// Calls of so many days are shown.
const SHOWN_DAYS: i64 = 7;

pub(super) async fn run(sources: &Sources, command: Command) -> anyhow::Result<ExitCode> {
    let config = Config::load(sources, Need::Database)?;
    let now = config.clock().now();
    match command {
        Command::Status { json } => status(&config, now, json).await,
        Command::Register => register(&config, now).await,
        Command::Remove => {
            let google = Google::of(&config)?;
            let text = if google.admin()?.remove(now).await? {
                "Google sends no more notifications to this project's subscriber"
            } else {
                "Google has no subscriber of ours in this project"
            };
            output::say(text);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Google's webhook as it has to be for its administration.
struct Google<'a> {
    secret: &'a SecretString,
    project_number: &'a str,
    service_account_file: &'a std::path::Path,
    api_url: &'a Url,
}

impl<'a> Google<'a> {
    /// Everything that the administration needs, or one sentence on all that is missing.
    fn of(config: &'a Config) -> anyhow::Result<Self> {
        let section = config.providers.iter().find(|s| s.provider == ProviderKey::GoogleHealth);
        let Some(section) = section else {
            return Err(sentence(
                "Google Health is not enabled: set PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__ENABLED",
            ));
        };
        let (secret, number, file) = match &section.push {
            Some(PushSection::GoogleHealth { secret, project_number, service_account_file, .. }) => {
                (Some(secret), project_number.as_deref(), service_account_file.as_deref())
            }
            _ => (None, None, None),
        };
        match (secret, number, file) {
            (Some(secret), Some(project_number), Some(service_account_file)) => {
                Ok(Self { secret, project_number, service_account_file, api_url: &section.api_url })
            }
            (None, ..) => Err(sentence(
                "no webhook is set up: set PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__WEBHOOK_SECRET (`openssl rand -hex 32` \
                 makes one), PROJECT_NUMBER and SERVICE_ACCOUNT_FILE",
            )),
            (_, number, file) => {
                let mut missing = Vec::new();
                if number.is_none() {
                    missing.push("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__PROJECT_NUMBER");
                }
                if file.is_none() {
                    missing.push("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__SERVICE_ACCOUNT_FILE");
                }
                Err(sentence(format!(
                    "Google's webhook cannot be administered without {}",
                    missing.join(" and ")
                )))
            }
        }
    }

    fn admin(&self) -> anyhow::Result<WebhookAdmin> {
        let path = self.service_account_file;
        let file = std::fs::read(path)
            .map_err(|error| sentence(format!("the key file {} cannot be read: {error}", path.display())))?;
        let account = ServiceAccount::read(&file)
            .map_err(|what| sentence(format!("the key file {} cannot be used: {what}", path.display())))?;
        Ok(WebhookAdmin::new(HttpClient::new()?, self.api_url, self.project_number, account))
    }
}

/// Where Google is to send notifications.
fn address(config: &Config) -> Url {
    let mut url = config.http.public_url_at(config.http.listen);
    url.set_path("/webhooks/google_health");
    url
}

async fn register(config: &Config, now: EpochMs) -> anyhow::Result<ExitCode> {
    let google = Google::of(config)?;
    let address = address(config);
    let is_loopback = google.api_url.scheme() == "http";
    if address.scheme() != "https" && !is_loopback {
        return Err(sentence(format!(
            "Google sends to public https addresses only, and {address} is none; set PULSEKEEP_HTTP__PUBLIC_URL"
        )));
    }
    let subscriber = google.admin()?.register(&address, google.secret, now).await?;
    output::say(format!("Google sends notifications to {} ({})", subscriber.endpoint, subscriber.state));
    for name in untold(&subscriber) {
        output::remark(format!("it does not tell of {name}"));
    }
    if config.providers.iter().any(|s| s.provider == ProviderKey::Fitbit) {
        let base = config.http.public_url_at(config.http.listen);
        output::remark(format!("Fitbit's subscriber is entered at dev.fitbit.com: {base}webhooks/fitbit"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The data types that we want to be told of and are not.
fn untold(subscriber: &Subscriber) -> Vec<&'static str> {
    push_subjects(ProviderKey::GoogleHealth)
        .map(|subject| subject.name)
        .filter(|name| !subscriber.data_types.iter().any(|told| told == name))
        .collect()
}

/// What is true of a provider's webhook, in a sentence.
pub(super) async fn standing(config: &Config, provider: ProviderKey, now: EpochMs) -> Standing {
    let section = config.providers.iter().find(|s| s.provider == provider);
    match section.and_then(|s| s.push.as_ref()) {
        None => Standing::Off(format!(
            "{}: no webhook is set up; accounts are asked at intervals",
            provider.name()
        )),
        Some(PushSection::Fitbit { .. }) => {
            Standing::Works("Fitbit: accounts are subscribed one by one as they connect".to_owned())
        }
        Some(PushSection::GoogleHealth { .. }) => match google_standing(config, now).await {
            Ok(standing) => standing,
            Err(error) => Standing::Unsure(format!("Google Health: {error}")),
        },
    }
}

/// How a webhook stands.
pub(super) enum Standing {
    /// Set up, and known to the provider.
    Works(String),
    /// Not set up.
    Off(String),
    /// Something is missing or could not be found out.
    Unsure(String),
}

async fn google_standing(config: &Config, now: EpochMs) -> anyhow::Result<Standing> {
    let wanted = address(config);
    let Some(subscriber) = Google::of(config)?.admin()?.find(now).await? else {
        return Ok(Standing::Unsure(
            "Google Health: Google does not know the webhook yet: `pulsekeep webhooks register`".to_owned(),
        ));
    };
    let told = format!("Google Health: Google sends to {} ({})", subscriber.endpoint, subscriber.state);
    if subscriber.endpoint != wanted.as_str() || !untold(&subscriber).is_empty() {
        let text = format!("{told}, which is not what is wanted now: `pulsekeep webhooks register`");
        return Ok(Standing::Unsure(text));
    }
    Ok(if subscriber.state == "ACTIVE" { Standing::Works(told) } else { Standing::Unsure(told) })
}

async fn status(config: &Config, now: EpochMs, json: bool) -> anyhow::Result<ExitCode> {
    let store = setup::open_current_store(config).await?;
    let since = Offset::UTC.to_datetime(EpochMs(now.0 - (SHOWN_DAYS - 1) * DAY_MS).timestamp()).date();
    let counts = store.push_counts(since).await?;
    let mut standings = Vec::new();
    for section in &config.providers {
        standings.push((section.provider, standing(config, section.provider, now).await));
    }
    if json {
        let shown: Vec<_> = standings
            .iter()
            .map(|(provider, standing)| {
                let (state, text) = match standing {
                    Standing::Works(text) => ("works", text),
                    Standing::Off(text) => ("off", text),
                    Standing::Unsure(text) => ("unsure", text),
                };
                let calls: Vec<_> = counts
                    .iter()
                    .filter(|count| count.provider == *provider)
                    .map(|c| json!({ "day": c.day.to_string(), "outcome": c.outcome, "calls": c.calls }))
                    .collect();
                json!({ "provider": provider.key(), "state": state, "text": text, "calls": calls })
            })
            .collect();
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    if standings.is_empty() {
        output::say("no provider is enabled");
    }
    for (provider, standing) in &standings {
        let (Standing::Works(text) | Standing::Off(text) | Standing::Unsure(text)) = standing;
        output::say(text);
        for line in lines(&counts, *provider) {
            output::say(line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each outcome of a provider's calls, of all shown days together.
fn lines(counts: &[PushCount], provider: ProviderKey) -> Vec<String> {
    let mut sums = std::collections::BTreeMap::<&str, i64>::new();
    for count in counts.iter().filter(|count| count.provider == provider) {
        *sums.entry(&count.outcome).or_default() += count.calls;
    }
    sums.iter()
        .map(|(outcome, calls)| format!("  {calls:>8} {outcome}, in the last {SHOWN_DAYS} days"))
        .collect()
}
