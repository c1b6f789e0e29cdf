//! What the jobs asked for against what they said they would, and what the simulator counted.

use std::collections::BTreeMap;

use pulsekeep_core::EpochMs;
use pulsekeep_testkit::TestDatabase;
use serde_json::Value;

/// Requests of all jobs of a kind.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) jobs: i64,
    pub(crate) expected: i64,
    pub(crate) done: i64,
    pub(crate) retries: i64,
    pub(crate) with_gaps: i64,
}

/// The jobs by kind, and those that asked for more than they may.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) kinds: BTreeMap<String, Sum>,
    pub(crate) wasteful: Vec<String>,
    pub(crate) unfinished: Vec<String>,
}

/// How many requests may come on top of a plan of `expected`: 2 %, at least 2.
fn margin(expected: i64) -> i64 {
    (expected / 50).max(2)
}

/// Looks at every job that was written before `rest`: the schedule goes on after it.
pub(crate) async fn jobs(db: &TestDatabase, rest: EpochMs) -> anyhow::Result<Audit> {
    let sql = format!(
        "SELECT u.code || '|' || j.kind || '|' || j.state || '|' || j.requests_expected || '|' || \
               j.requests_done || '|' || j.retries || '|' || j.id || '|' || coalesce(j.code, '-') FROM sync_job j \
               JOIN app_user u ON u.id = j.user_id WHERE j.created_at < {} ORDER BY j.id",
        rest.0
    );
    let mut audit = Audit::default();
    for row in db.texts(&sql).await {
        let parts: Vec<&str> = row.splitn(8, '|').collect();
        let [code, kind, state, expected, done, retries, id, codes] = parts[..] else {
            anyhow::bail!("a job row of another shape")
        };
        let (expected, done, retries): (i64, i64, i64) = (expected.parse()?, done.parse()?, retries.parse()?);
        let sum = audit.kinds.entry(kind.to_owned()).or_default();
        sum.jobs += 1;
        sum.expected += expected;
        sum.done += done;
        sum.retries += retries;
        sum.with_gaps += i64::from(state == "done_with_gaps" || state == "failed");
        let words = format!(
            "{code} {kind} {id} ({state} {codes}): planned {expected}, asked {done}, retries {retries}"
        );
        if done > expected + retries + margin(expected) {
            audit.wasteful.push(words.clone());
        }
        if !matches!(state, "done" | "done_with_gaps" | "failed" | "cancelled") {
            audit.unfinished.push(words);
        }
    }
    Ok(audit)
}

impl Audit {
    /// Whether all jobs together kept to their plans.
    pub(crate) fn is_thrifty(&self) -> bool {
        let sum = |value: fn(&Sum) -> i64| self.kinds.values().map(value).sum::<i64>();
        let expected = sum(|s| s.expected);
        sum(|s| s.done) <= expected + sum(|s| s.retries) + margin(expected)
    }
}

/// Requests at the simulator.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) data: u64,
    pub(crate) devices: u64,
    pub(crate) tokens: u64,
    pub(crate) other: u64,
    pub(crate) by_status: BTreeMap<u64, u64>,
}

/// Sorts the simulator's log.
pub(crate) fn served(log: &[Value]) -> Served {
    let mut served = Served::default();
    for line in log {
        let (family, count) =
            (line["family"].as_str().unwrap_or_default(), line["count"].as_u64().unwrap_or(0));
        let is_data =
            family.contains("/dataTypes/") || (family.starts_with("/fitbit/1") && family.contains("/date/"));
        let place = if family.contains("evices") {
            &mut served.devices
        } else if family.contains("token") {
            &mut served.tokens
        } else if is_data || family.contains("/activities/list") {
            &mut served.data
        } else {
            &mut served.other
        };
        *place += count;
        *served.by_status.entry(line["status"].as_u64().unwrap_or(0)).or_default() += count;
    }
    served
}
