//! Webhooks of a trial: both providers tell the product's server, some of it twice, late, not at all or forged.

use std::{net::TcpListener, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::{outside::Outside, world::World};

const SECRET: &str = "Bearer the trial's own secret";
const CODE: &str = "the trial's own code";
/// How long the server may take until it can be registered.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can become of a notification on its way.
const MISHAPS: [&str; 4] = ["push_duplicate", "push_out_of_order", "push_lost", "push_forged"];

/// Settings with which the product is told: `wait_seconds` is how long a notice waits for others.
pub(crate) async fn settings(
    outside: &Outside,
    folder: &Path,
    wait_seconds: u64,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    // Free now; nothing else of this trial takes one by chance before the server does.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let key_file = folder.join("service-account.json");
    std::fs::write(&key_file, outside.service_account().await?.to_string())?;
    Ok(vec![
        ("http.listen", address.to_string()),
        ("http.public_url", format!("http://{address}")),
        ("sync.push_wait_seconds", wait_seconds.to_string()),
        ("providers.google_health.webhook_secret", SECRET.to_owned()),
        ("providers.google_health.project_number", "123456".to_owned()),
        ("providers.google_health.service_account_file", key_file.display().to_string()),
        ("providers.google_health.webhook_keyset_url", outside.keyset_url()),
        ("providers.fitbit.webhook_verify_code", CODE.to_owned()),
    ])
}

/// Registers the server with both providers, as its operator would before anybody is connected: by a process of its own,
/// since workers subscribe the accounts as soon as they run.
pub(crate) async fn register(world: &World) -> anyhow::Result<()> {
    let mut server = world.start("serve", &["serve", "--no-worker"])?;
    let begun = std::time::Instant::now();
    let endpoint = format!("{}/webhooks/fitbit", world.setting("http.public_url").context("no address")?);
    loop {
        let registered = world.command(&["webhooks", "register"])?.status.success();
        let entered = world.outside.enter_fitbit(&endpoint, CODE).await?;
        if registered && entered["verified"] == true {
            return server.stop().await.map(drop);
        }
        server.check()?;
        if begun.elapsed() > PATIENCE {
            bail!("the server could not be registered: Google {registered}, Fitbit {entered}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Draws what goes wrong with notifications until the next wave.
pub(crate) async fn mishaps(outside: &Outside, dice: &mut StdRng) -> anyhow::Result<Vec<&'static str>> {
    let drawn: Vec<(&str, bool)> = MISHAPS.iter().map(|name| (*name, dice.random_bool(0.3))).collect();
    let switches: Vec<(&str, Value)> = drawn.iter().map(|(name, on)| (*name, json!(on))).collect();
    outside.switch(&switches).await?;
    Ok(MISHAPS.into_iter().zip(drawn).filter(|(_, (_, on))| *on).map(|(name, _)| name).collect())
}

/// Nothing goes wrong any more.
pub(crate) async fn calm(outside: &Outside) -> anyhow::Result<()> {
    let switches: Vec<(&str, Value)> = MISHAPS.iter().map(|name| (*name, json!(false))).collect();
    outside.switch(&switches).await
}

/// What came of the calls, as the product counts them: provider, outcome, calls.
pub(crate) async fn counted(world: &World) -> Vec<(String, String, u64)> {
    let sql = "SELECT provider || '|' || outcome || '|' || CAST(sum(calls) AS TEXT) FROM push_count \
               GROUP BY provider, outcome ORDER BY 1";
    let line = |row: String| {
        let mut parts = row.splitn(3, '|').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next().parse().unwrap_or(0))
    };
    world.db.texts(sql).await.into_iter().map(line).collect()
}

/// Whether an outcome is that of a call which was not the provider's.
pub(crate) fn is_refusal(outcome: &str) -> bool {
    matches!(outcome, "unsigned" | "bad_signature" | "wrong_secret")
}
