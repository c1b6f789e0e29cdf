use std::{collections::HashMap, process::ExitCode, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    account::Viewer,
    id::JobId,
    job::{JobKind, JobState, Priority},
    time::DayRange,
};
use pulsekeep_store::{Store, SyncJob, User, UserFilter};
use pulsekeep_sync::{JobRequest, RequestOutcome, SyncEngine};
use serde_json::json;

use super::{failure::sentence, output, setup};
use crate::config::{Config, Need, Sources};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// E-mail address or code of a person; may be repeated
    #[arg(long, required_unless_present = "all")]
    user: Vec<String>,
    /// Everybody who has a linked account
    #[arg(long, conflicts_with = "user")]
    all: bool,
    /// A metric, for example heart_rate; may be repeated [default: all]
    #[arg(long)]
    metric: Vec<Metric>,
    /// First day, YYYY-MM-DD [default: today and the days that late data may change]
    #[arg(long, requires = "to")]
    from: Option<Date>,
    /// Last day, YYYY-MM-DD
    #[arg(long, requires = "from")]
    to: Option<Date>,
    /// Work on the jobs here and wait until they have ended
    #[arg(long)]
    wait: bool,
    /// Print the jobs as JSON
    #[arg(long)]
    json: bool,
}

/// Windows of one pass.
const AT_ONCE: u64 = 8;
/// Between two looks at jobs that wait or that another worker has.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(sources: &Sources, args: Args) -> anyhow::Result<ExitCode> {
    let days = match (args.from, args.to) {
        (Some(from), Some(to)) => Some(DayRange::inclusive(from, to)?),
        _ => None,
    };
    let config = Config::load(sources, Need::Vault)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let people = people(&store, &args).await?;
    let engine = setup::engine(&config, &store).await?;
    let metrics: Vec<Metric> =
        if args.metric.is_empty() { Metric::all().collect() } else { args.metric.clone() };
    let mut jobs = Vec::new();
    let mut refused = false;
    for user in &people {
        let request = JobRequest {
            user_id: user.id,
            link: None,
            kind: JobKind::Incremental,
            metrics: metrics.clone(),
            days,
            priority: Priority::High,
            created_by: None,
            batch: None,
        };
        match words(engine.request(&request).await?, &user.code) {
            Ok(written) => jobs.extend(written),
            // With --all, people without an account are no failure.
            Err(Refused { text, passing }) => {
                refused |= !(args.all && passing);
                output::remark(text);
            }
        }
    }
    if args.wait {
        wait(&engine, &store, &jobs).await?;
    }
    let complete = show(&store, &jobs, &args).await?;
    Ok(if refused || !complete { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Refused {
    text: String,
    passing: bool,
}

fn words(outcome: RequestOutcome, code: &str) -> Result<Vec<JobId>, Refused> {
    let refused = |text: String, passing: bool| Err(Refused { text, passing });
    match outcome {
        RequestOutcome::Accepted(jobs) => Ok(jobs),
        RequestOutcome::NotLinked => {
            refused(format!("{code}: no linked account; connect one in the web app"), true)
        }
        RequestOutcome::NeedsConsent => {
            refused(format!("{code}: the account has to be connected again"), true)
        }
        RequestOutcome::NothingStored => {
            refused(format!("{code}: no answer of a provider is stored for these days"), true)
        }
        RequestOutcome::Range(error) => refused(format!("{code}: {error}"), false),
    }
}

/// The person with this e-mail address or code.
pub(super) async fn person(store: &Store, word: &str) -> anyhow::Result<User> {
    store.user_by_email_or_code(word).await?.ok_or_else(|| {
        sentence(format!(
            "there is nobody with the e-mail address or code \"{word}\"; look at the list of people"
        ))
    })
}

async fn people(store: &Store, args: &Args) -> anyhow::Result<Vec<User>> {
    let mut people: Vec<User> = Vec::new();
    for word in &args.user {
        let user = person(store, word).await?;
        if !people.iter().any(|known| known.id == user.id) {
            people.push(user);
        }
    }
    if args.all {
        return everybody(store).await;
    }
    Ok(people)
}

async fn everybody(store: &Store) -> anyhow::Result<Vec<User>> {
    let mut people: Vec<User> = Vec::new();
    loop {
        let after = people.last().map(|user| user.id);
        let more = store.users(&UserFilter { search: None, after, limit: 500 }).await?;
        if more.is_empty() {
            return Ok(people);
        }
        people.extend(more);
    }
}

/// Works on what is due, under the same leases as any worker, until the jobs have ended.
async fn wait(engine: &SyncEngine, store: &Store, ids: &[JobId]) -> anyhow::Result<()> {
    let bars = Bars::default();
    let owner = format!("sync-{}-{:x}", std::process::id(), rand::random::<u32>());
    loop {
        let jobs = read(store, ids).await?;
        bars.update(&jobs);
        if jobs.iter().all(|job| job.state.is_final() || job.state == JobState::Paused) {
            return Ok(());
        }
        if engine.work_due(&owner, AT_ONCE).await? == 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn read(store: &Store, ids: &[JobId]) -> anyhow::Result<Vec<SyncJob>> {
    let viewer = Viewer::system();
    let mut jobs = Vec::new();
    for &id in ids {
        jobs.extend(store.job(&viewer, id).await?);
    }
    Ok(jobs)
}

/// A bar for each job; nothing where there is no terminal.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    of: std::cell::RefCell<HashMap<JobId, ProgressBar>>,
}

impl Bars {
    fn update(&self, jobs: &[SyncJob]) {
        let style = ProgressStyle::with_template("{prefix:24} {bar:30} {pos:>4}/{len:4} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        for job in jobs {
            let mut bars = self.of.borrow_mut();
            let bar = bars.entry(job.id).or_insert_with(|| {
                let bar = self.all.add(ProgressBar::new(0).with_style(style.clone()));
                bar.set_prefix(job.id.to_string());
                bar
            });
            bar.set_length(u64::try_from(job.windows_total).unwrap_or(0));
            bar.set_position(u64::try_from(job.windows_done + job.windows_failed).unwrap_or(0));
            bar.set_message(match job.waiting_until.filter(|_| job.state == JobState::Waiting) {
                Some(until) => format!("waiting until {until}"),
                None => job.state.key().to_owned(),
            });
            if job.state.is_final() {
                bar.finish();
            }
        }
    }
}

/// Prints the jobs; whether all that were waited for are done.
async fn show(store: &Store, ids: &[JobId], args: &Args) -> anyhow::Result<bool> {
    let jobs = read(store, ids).await?;
    if args.json {
        let list: Vec<_> = jobs
            .iter()
            .map(|job| {
                json!({
                    "id": job.id.to_string(), "user": job.user_id.to_string(), "state": job.state.key(),
                    "windowsDone": job.windows_done, "windowsFailed": job.windows_failed,
                    "windowsTotal": job.windows_total, "requests": job.requests_done,
                    "codes": job.codes.iter().map(|code| code.key()).collect::<Vec<_>>(),
                })
            })
            .collect();
        output::json(&list)?;
    } else {
        for job in &jobs {
            let codes: Vec<&str> = job.codes.iter().map(|code| code.key()).collect();
            output::say(format!(
                "{} {}: {} of {} windows, {} requests {}",
                job.id,
                job.state.key(),
                job.windows_done,
                job.windows_total,
                job.requests_done,
                codes.join(" ")
            ));
        }
    }
    if !args.wait && !jobs.is_empty() {
        output::remark(
            "The jobs are written; a running `pulsekeep serve` or `pulsekeep worker` does them. To do them here, add --wait.",
        );
        return Ok(true);
    }
    Ok(jobs.iter().all(|job| job.state == JobState::Done))
}
