use std::{path::Path, process::ExitCode};

use pulsekeep_core::{Clock as _, SystemClock, time::MINUTE_MS};
use pulsekeep_store::Store;
use serde::Serialize;

use super::{
    output, setup,
    webhooks::{self, Standing},
};
use crate::{
    config::{Config, ConfigError, Need, Sources},
    worker::DEAD_AFTER_MS,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Fault,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    text: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.0.push(Finding { what, verdict, text: text.into() });
    }
}

pub(super) async fn run(sources: &Sources, args: &Args) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    match Config::load(sources, Need::Vault) {
        Ok(config) => {
            findings.add("configuration", Verdict::Ok, "every key can be used");
            examine(&config, &mut findings).await;
        }
        Err(ConfigError(problems)) => {
            for problem in problems {
                findings.add("configuration", Verdict::Fault, problem.to_string());
            }
            // The database can be looked at without a vault key.
            if let Ok(config) = Config::load(sources, Need::Database) {
                examine(&config, &mut findings).await;
            }
        }
    }
    show(&findings, args.json)?;
    let faulty = findings.0.iter().any(|finding| finding.verdict == Verdict::Fault);
    Ok(if faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(findings: &Findings, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&findings.0);
    }
    for finding in &findings.0 {
        let mark = match finding.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warning => "warning",
            Verdict::Fault => "fault  ",
        };
        output::say(format!("{mark}  {:14} {}", finding.what, finding.text));
    }
    Ok(())
}

async fn examine(config: &Config, findings: &mut Findings) {
    database(config, findings).await;
    providers(config, findings);
    push(config, findings).await;
    folder(&config.http.web_root, "web app", Verdict::Fault, findings);
    folder(&config.http.playground_root, "playground", Verdict::Warning, findings);
    let url = config.http.public_url_at(config.http.listen);
    if url.scheme() == "http" && !is_local(&url) {
        let text = "is not https: browsers send the session cookie in clear, and providers refuse the redirect address";
        findings.add("public url", Verdict::Warning, format!("{url} {text}"));
    } else {
        findings.add("public url", Verdict::Ok, url.as_str());
    }
}

fn is_local(url: &url::Url) -> bool {
    url.host().is_some_and(|host| match host {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    })
}

async fn database(config: &Config, findings: &mut Findings) {
    let store = match setup::open_store(config).await {
        Ok(store) => store,
        Err(error) => return findings.add("database", Verdict::Fault, error.to_string()),
    };
    match store.engine_version().await {
        Ok(version) => findings.add("database", Verdict::Ok, version),
        Err(error) => findings.add("database", Verdict::Fault, error.to_string()),
    }
    match store.pending_migrations().await {
        Ok(0) => findings.add("tables", Verdict::Ok, "of this version"),
        Ok(n) => {
            return findings.add(
                "tables",
                Verdict::Fault,
                format!("lack {n} step(s): run `pulsekeep migrate`"),
            );
        }
        Err(error) => return findings.add("tables", Verdict::Fault, error.to_string()),
    }
    if config.vault.is_some() {
        match setup::engine(config, &store).await {
            Ok(_) => findings.add("vault", Verdict::Ok, "the key opens the stored tokens, or there are none"),
            Err(error) => findings.add("vault", Verdict::Fault, error.to_string()),
        }
    }
    schedule(config, &store, findings).await;
    blocks(&store, findings).await;
    match store.has_users().await {
        Ok(true) => {}
        Ok(false) => findings.add(
            "people",
            Verdict::Warning,
            "nobody can sign in yet: `pulsekeep user add --email you@example.org --role admin --password-stdin`",
        ),
        Err(error) => findings.add("people", Verdict::Fault, error.to_string()),
    }
}

/// Blocks that are named one by one.
const MOST_BLOCKS: usize = 20;

/// Whether all samples can be read.
async fn blocks(store: &Store, findings: &mut Findings) {
    let (looked_at, unreadable) = match store.unreadable_blocks().await {
        Ok(found) => found,
        Err(error) => return findings.add("samples", Verdict::Fault, error.to_string()),
    };
    if unreadable.is_empty() {
        return findings.add("samples", Verdict::Ok, format!("{looked_at} blocks, all of which can be read"));
    }
    for block in unreadable.iter().take(MOST_BLOCKS) {
        let (code, metric, day, error) = (&block.code, block.metric, block.day, &block.error);
        let mend =
            format!("pulsekeep reparse --user {code} --metric {metric} --from {day} --to {day} --wait");
        findings.add("samples", Verdict::Fault, format!("{code}, {metric}, {day}: {error}. Run `{mend}`"));
    }
    if let Some(more) = unreadable.len().checked_sub(MOST_BLOCKS).filter(|more| *more > 0) {
        findings.add("samples", Verdict::Fault, format!("and {more} more days"));
    }
}

/// Who works, whether accounts are looked at in time, and whether the policy can be met at all.
async fn schedule(config: &Config, store: &Store, findings: &mut Findings) {
    let policy = setup::policy(config);
    let enabled = |provider| config.providers.iter().any(|section| section.provider == provider);
    let problems = pulsekeep_sync::policy_problems(&policy, enabled);
    if problems.is_empty() {
        findings.add("policy", Verdict::Ok, "live sync fits into what the providers allow");
    }
    for problem in problems {
        findings.add("policy", Verdict::Warning, problem);
    }
    match store.workers(SystemClock.now().plus(-DEAD_AFTER_MS)).await {
        Ok(workers) if workers.is_empty() => {
            let text =
                "none is running: nothing is fetched until `pulsekeep serve` or `pulsekeep worker` runs";
            findings.add("workers", Verdict::Warning, text);
        }
        Ok(workers) => findings.add("workers", Verdict::Ok, format!("{} running", workers.len())),
        Err(error) => findings.add("workers", Verdict::Fault, error.to_string()),
    }
    match store.schedule_lag_ms(config.clock().now()).await {
        Ok(lag) if lag > policy.incremental_every_ms => findings.add(
            "schedule",
            Verdict::Warning,
            format!(
                "an account waits for its sync since {} minutes: are there enough workers?",
                lag / MINUTE_MS
            ),
        ),
        Ok(_) => findings.add("schedule", Verdict::Ok, "no account waits for longer than an interval"),
        Err(error) => findings.add("schedule", Verdict::Fault, error.to_string()),
    }
}

fn providers(config: &Config, findings: &mut Findings) {
    if config.providers.is_empty() {
        let text =
            "none is enabled: set PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__ENABLED, CLIENT_ID and CLIENT_SECRET";
        return findings.add("providers", Verdict::Warning, text);
    }
    let url = config.http.public_url_at(config.http.listen);
    for section in &config.providers {
        let text = format!(
            "{}: register the redirect address {url}connect/{}/callback with its OAuth client",
            section.provider.name(),
            section.provider
        );
        findings.add("providers", Verdict::Ok, text);
    }
}

async fn push(config: &Config, findings: &mut Findings) {
    let now = config.clock().now();
    for section in &config.providers {
        match webhooks::standing(config, section.provider, now).await {
            Standing::Works(text) | Standing::Off(text) => findings.add("webhooks", Verdict::Ok, text),
            Standing::Unsure(text) => findings.add("webhooks", Verdict::Warning, text),
        }
    }
}

fn folder(path: &Path, what: &'static str, missing: Verdict, findings: &mut Findings) {
    let shown = path.display();
    if path.join("index.html").is_file() {
        findings.add(what, Verdict::Ok, format!("{shown}"));
    } else {
        findings.add(what, missing, format!("{shown} has no index.html: build it, or name its folder"));
    }
}
