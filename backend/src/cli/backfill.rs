use std::{collections::BTreeMap, process::ExitCode};

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    id::JobId,
    job::{JobKind, Priority},
    time::DayRange,
};
use pulsekeep_store::User;
use pulsekeep_sync::{BatchRequest, JobRequest, SyncEngine};
use serde_json::json;

use super::{
    jobs::{self, Refused, Show, What, Who},
    output, setup,
};
use crate::config::{Config, Need, Sources};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Print what it would ask, and ask nothing
    #[arg(long, conflicts_with = "wait")]
    plan: bool,
}

/// What a backfill and a reparse have in common.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    what: What,
    /// First day, YYYY-MM-DD
    #[arg(long)]
    from: Date,
    /// Last day, YYYY-MM-DD
    #[arg(long)]
    to: Date,
    #[command(flatten)]
    show: Show,
}

/// A command over several people, ready to begin.
struct Ready {
    engine: SyncEngine,
    people: Vec<User>,
    days: DayRange,
}

async fn ready(sources: &Sources, common: &Common) -> anyhow::Result<Ready> {
    let days = DayRange::inclusive(common.from, common.to)?;
    let config = Config::load(sources, Need::Vault)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let people = common.who.people(&store).await?;
    let engine = setup::engine(&config, &store).await?;
    Ok(Ready { engine, people, days })
}

pub(super) async fn run(sources: &Sources, args: Args) -> anyhow::Result<ExitCode> {
    let ready = ready(sources, &args.common).await?;
    if args.plan {
        return plan(&ready, &args.common).await;
    }
    for problem in ready.engine.policy_problems() {
        output::remark(format!("warning: {problem}"));
    }
    write(&ready, &args.common, JobKind::Backfill).await
}

/// Makes typed data again from stored answers.
pub(super) async fn reparse(sources: &Sources, common: Common) -> anyhow::Result<ExitCode> {
    let ready = ready(sources, &common).await?;
    write(&ready, &common, JobKind::Reparse).await
}

/// Writes the jobs: of several people in one batch, whole, since this process may be the last for a while.
async fn write(ready: &Ready, common: &Common, kind: JobKind) -> anyhow::Result<ExitCode> {
    let Ready { engine, people, days } = ready;
    let mut failed = false;
    let mut refuse = |refused: Refused| {
        // With --all, people without an account are no failure.
        failed |= !(common.who.all && refused.passing);
        output::remark(refused.text);
    };
    let ids: Vec<JobId> = if let [user] = &people[..] {
        let request = job_of(user, kind, common.what.metrics(), *days);
        jobs::written(engine.request(&request).await?, &user.code).unwrap_or_else(|refused| {
            refuse(refused);
            Vec::new()
        })
    } else {
        let request = BatchRequest {
            people: people.iter().map(|user| user.id).collect(),
            kind,
            metrics: common.what.metrics(),
            days: *days,
            priority: Priority::Low,
            created_by: None,
        };
        let outcome = engine.request_batch(&request, usize::MAX).await?;
        for (id, why) in outcome.refused {
            let code = people.iter().find(|user| user.id == id).map_or("", |user| user.code.as_str());
            if let Err(refused) = jobs::written(why, code) {
                refuse(refused);
            }
        }
        if let Some(batch) = outcome.batch {
            output::remark(format!("{batch}: {} jobs", outcome.jobs.len()));
        }
        outcome.jobs
    };
    let complete = jobs::conclude(engine, &ids, common.show).await?;
    Ok(if failed || !complete { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn job_of(user: &User, kind: JobKind, metrics: Vec<Metric>, days: DayRange) -> JobRequest {
    JobRequest {
        user_id: user.id,
        link: None,
        kind,
        metrics,
        days: Some(days),
        priority: Priority::Low,
        created_by: None,
        batch: None,
    }
}

/// Prints what a backfill would ask: nothing is written, and no provider is asked.
async fn plan(ready: &Ready, common: &Common) -> anyhow::Result<ExitCode> {
    let Ready { engine, people, days } = ready;
    let mut problems = engine.policy_problems();
    let mut by_metric: BTreeMap<Metric, (i64, i64)> = BTreeMap::new();
    let (mut eta_s, mut planned) = (0, 0);
    for user in people {
        let request = job_of(user, JobKind::Backfill, common.what.metrics(), *days);
        match engine.plan(&request).await? {
            Ok(plan) => {
                planned += 1;
                // People have budgets of their own: their requests add up, their times do not.
                eta_s = eta_s.max(plan.eta_s);
                for part in &plan.metrics {
                    let sum = by_metric.entry(part.metric).or_default();
                    *sum = (sum.0 + part.expected, sum.1 + part.at_most);
                }
                let partly = engine.request_problems(&request).await?;
                problems.extend(partly.into_iter().map(|why| format!("{}: {why}", user.code)));
            }
            Err(outcome) => {
                problems.extend(jobs::written(outcome, &user.code).err().map(|refused| refused.text))
            }
        }
    }
    let total = by_metric.values().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    if common.show.json {
        let metrics: Vec<_> = by_metric
            .iter()
            .map(|(metric, part)| {
                json!({ "metric": metric.key(), "requestsExpected": part.0, "requestsAtMost": part.1 })
            })
            .collect();
        output::json(&json!({
            "people": planned, "requestsExpected": total.0, "requestsAtMost": total.1, "etaSeconds": eta_s,
            "metrics": metrics, "problems": problems,
        }))?;
    } else {
        output::say(format!("{:36} {:>10} {:>10}", "requests by metric", "expected", "at most"));
        for (metric, part) in &by_metric {
            output::say(format!("{:36} {:>10} {:>10}", metric.key(), part.0, part.1));
        }
        output::say(format!("{:36} {:>10} {:>10}", "together", total.0, total.1));
        output::say(format!("It takes {} for {planned} people.", in_words(eta_s)));
        for problem in &problems {
            output::say(format!("problem: {problem}"));
        }
    }
    Ok(if planned == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn in_words(seconds: i64) -> String {
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..7_200 => format!("about {} minutes", (seconds + 30) / 60),
        _ => format!("about {} hours", (seconds + 1_800) / 3_600),
    }
}
