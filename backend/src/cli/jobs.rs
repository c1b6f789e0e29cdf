//! What the commands that write jobs have in common: whose, which metrics and days; waiting; showing.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pulsekeep_core::{
    Clock as _, Metric, SystemClock,
    account::Viewer,
    id::JobId,
    job::{JobKind, JobState},
};
use pulsekeep_store::{GapsOf, Store, SyncJob, User, UserFilter};
use pulsekeep_sync::{RequestOutcome, SyncEngine};
use serde_json::{Value, json};

use super::{failure::sentence, output};
use crate::worker::DEAD_AFTER_MS;

/// Whose.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// E-mail address or code of a person; may be repeated
    #[arg(long, required_unless_present = "all")]
    pub(super) user: Vec<String>,
    /// Everybody who has a linked account
    #[arg(long, conflicts_with = "user")]
    pub(super) all: bool,
}

/// Which metrics.
#[derive(Debug, clap::Args)]
pub(super) struct What {
    /// A metric, for example heart_rate; may be repeated [default: all]
    #[arg(long)]
    metric: Vec<Metric>,
}

impl What {
    pub(super) fn metrics(&self) -> Vec<Metric> {
        if self.metric.is_empty() { Metric::all().collect() } else { self.metric.clone() }
    }
}

/// How it is shown.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Show {
    /// Work on the jobs here and wait until they have ended
    #[arg(long)]
    pub(super) wait: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Windows of one pass.
const AT_ONCE: usize = 8;
/// Between two looks at jobs that wait or that another worker has.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Bars on a terminal: of more jobs, one shows them all.
const MOST_BARS: usize = 12;

impl Who {
    pub(super) async fn people(&self, store: &Store) -> anyhow::Result<Vec<User>> {
        let mut people: Vec<User> = Vec::new();
        for word in &self.user {
            let user = person(store, word).await?;
            if !people.iter().any(|known| known.id == user.id) {
                people.push(user);
            }
        }
        if self.all { everybody(store).await } else { Ok(people) }
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

/// Why nothing is asked for somebody.
pub(super) struct Refused {
    pub(super) text: String,
    /// No failure when everybody is asked for.
    pub(super) passing: bool,
}

/// The jobs, or why there are none.
pub(super) fn written(outcome: RequestOutcome, code: &str) -> Result<Vec<JobId>, Refused> {
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

/// Waits if that is asked for, shows the jobs; whether all that were waited for are done.
pub(super) async fn conclude(engine: &SyncEngine, ids: &[JobId], show: Show) -> anyhow::Result<bool> {
    let store = engine.store();
    if show.wait {
        wait(engine, store, ids).await?;
    }
    let jobs = read(store, ids).await?;
    if show.json {
        let mut list = Vec::new();
        for job in &jobs {
            list.push(as_json(store, job).await?);
        }
        output::json(&list)?;
    } else {
        for job in &jobs {
            say(store, job).await?;
        }
    }
    if !show.wait && !jobs.is_empty() {
        say_who_works(store).await?;
        return Ok(true);
    }
    Ok(jobs.iter().all(|job| job.state == JobState::Done))
}

pub(super) async fn say_who_works(store: &Store) -> anyhow::Result<()> {
    // Processes live by the machine's clock, whatever time is simulated.
    let workers = store.workers(SystemClock.now().plus(-DEAD_AFTER_MS)).await?;
    output::remark(if workers.is_empty() {
        "The jobs are written, and no worker is running: start `pulsekeep serve` or `pulsekeep worker`, or add --wait \
         to do them here."
            .to_owned()
    } else {
        format!(
            "The jobs are written; {} running worker(s) do them. To do them here, add --wait.",
            workers.len()
        )
    });
    Ok(())
}

/// Works on what is due, under the same leases as any worker, until the jobs have ended.
async fn wait(engine: &SyncEngine, store: &Store, ids: &[JobId]) -> anyhow::Result<()> {
    let bars = Bars::new(ids.len());
    let owner = format!("cli-{}-{:x}", std::process::id(), rand::random::<u32>());
    loop {
        let jobs = read(store, ids).await?;
        bars.update(&jobs);
        if jobs.iter().all(|job| job.state.is_final() || job.state == JobState::Paused) {
            engine.give_back_budgets().await?;
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

/// A bar for each job, or one for all; nothing where there is no terminal.
struct Bars {
    all: MultiProgress,
    each: bool,
    of: RefCell<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn new(jobs: usize) -> Self {
        Self { all: MultiProgress::new(), each: jobs <= MOST_BARS, of: RefCell::default() }
    }

    fn update(&self, jobs: &[SyncJob]) {
        if self.each {
            for job in jobs {
                let message = match job.waiting_until.filter(|_| job.state == JobState::Waiting) {
                    Some(until) => format!("waiting until {until}"),
                    None => job.state.key().to_owned(),
                };
                let ended = job.windows_done + job.windows_failed;
                self.show(job.id.to_string(), (ended, job.windows_total), message, job.state.is_final());
            }
        } else {
            let sum = |of: fn(&SyncJob) -> i32| jobs.iter().map(of).sum::<i32>();
            let ended = jobs.iter().filter(|job| job.state.is_final()).count();
            let windows = (sum(|job| job.windows_done + job.windows_failed), sum(|job| job.windows_total));
            let message = format!("{ended} of {} jobs", jobs.len());
            self.show("all jobs".to_owned(), windows, message, ended == jobs.len());
        }
    }

    fn show(&self, name: String, (done, all): (i32, i32), message: String, ended: bool) {
        let mut bars = self.of.borrow_mut();
        let bar = bars.entry(name.clone()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:24} {bar:30} {pos:>4}/{len:4} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = self.all.add(ProgressBar::new(0).with_style(style));
            bar.set_prefix(name);
            bar
        });
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
        bar.set_message(message);
        if ended {
            bar.finish();
        }
    }
}

/// Gaps that are named of one job.
const GAPS_SHOWN: usize = 20;

async fn as_json(store: &Store, job: &SyncJob) -> anyhow::Result<Value> {
    let gaps = store.gaps(GapsOf::Job(job.user_id, job.id), 200).await?;
    let gap = |gap: &pulsekeep_store::SyncGap| {
        json!({
            "metric": gap.metric.key(), "from": gap.days.start.to_string(), "to": gap.days.last().to_string(),
            "code": gap.code.key(),
        })
    };
    Ok(json!({
        "id": job.id.to_string(), "user": job.user_id.to_string(), "kind": job.kind.key(), "state": job.state.key(),
        "batch": job.batch.map(|batch| batch.to_string()),
        "windowsDone": job.windows_done, "windowsFailed": job.windows_failed, "windowsTotal": job.windows_total,
        "requests": job.requests_done, "requestsExpected": job.requests_expected, "retries": job.retries,
        "codes": job.codes.iter().map(|code| code.key()).collect::<Vec<_>>(),
        "gaps": gaps.iter().map(gap).collect::<Vec<_>>(),
    }))
}

async fn say(store: &Store, job: &SyncJob) -> anyhow::Result<()> {
    let codes: Vec<&str> = job.codes.iter().map(|code| code.key()).collect();
    let requests = match job.kind {
        JobKind::Reparse => String::new(),
        _ => format!(", {} requests", job.requests_done),
    };
    let line = format!(
        "{} {}: {} of {} windows{requests} {}",
        job.id,
        job.state.key(),
        job.windows_done,
        job.windows_total,
        codes.join(" ")
    );
    output::say(line.trim_end());
    for gap in store.gaps(GapsOf::Job(job.user_id, job.id), GAPS_SHOWN).await? {
        output::say(format!(
            "  gap: {} from {} to {} ({})",
            gap.metric.key(),
            gap.days.start,
            gap.days.last(),
            gap.code.key()
        ));
    }
    Ok(())
}
