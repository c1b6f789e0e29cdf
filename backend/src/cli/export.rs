use std::{process::ExitCode, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use pulsekeep_core::{
    account::Viewer,
    id::ExportId,
    job::{ExportFormat, ExportState},
    time::DayRange,
};
use pulsekeep_export::{ExportRequest, Exporter};
use pulsekeep_store::{ExportJob, NewExport};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    failure::sentence,
    jobs::{self, Show, What, Who},
    output, setup,
};
use crate::config::{Config, Need, Sources};

/// Between two looks at a job that waits or that another worker has.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    what: What,
    /// First day whose files are brought up to date, YYYY-MM-DD [default: all days]
    #[arg(long, requires = "to")]
    from: Option<Date>,
    /// Last day, YYYY-MM-DD
    #[arg(long, requires = "from")]
    to: Option<Date>,
    /// csv, parquet or both
    #[arg(long, default_value = "both")]
    format: ExportFormat,
    /// Under pseudonyms and with shifted dates, to a place of its own
    #[arg(long)]
    deidentified: bool,
    #[command(flatten)]
    show: Show,
}

pub(super) async fn run(sources: &Sources, args: Args) -> anyhow::Result<ExitCode> {
    let days = match (args.from, args.to) {
        (Some(from), Some(to)) => Some(DayRange::inclusive(from, to)?),
        _ => None,
    };
    // No token is opened for an export.
    let config = Config::load(sources, Need::Database)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let people = if args.who.all { None } else { Some(args.who.people(&store).await?) };
    let exporter = setup::exporter(&config, &store);
    let new = NewExport {
        format: args.format,
        deidentified: args.deidentified,
        people: people.map(|people| people.iter().map(|user| user.id).collect()),
        metrics: args.what.metrics(),
        days,
        created_by: None,
    };
    let id = match exporter.request(&new).await? {
        ExportRequest::Accepted(id) => id,
        ExportRequest::NotSetUp(problem) => return Err(sentence(problem)),
    };
    if args.show.wait {
        wait(&exporter, id).await?;
    }
    let job = read(&exporter, id).await?;
    if args.show.json {
        output::json(&as_json(&job))?;
    } else {
        output::say(in_words(&job));
    }
    if !args.show.wait {
        jobs::say_who_works(&store).await?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if job.state == ExportState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn read(exporter: &Exporter, id: ExportId) -> anyhow::Result<ExportJob> {
    let job = exporter.store().export_job(&Viewer::system(), id).await?;
    job.ok_or_else(|| sentence("the export is not there any more"))
}

/// Works on the job here, behind those that were there before, until it has ended. A signal gives it back.
async fn wait(exporter: &Exporter, id: ExportId) -> anyhow::Result<()> {
    let owner = format!("cli-{}-{:x}", std::process::id(), rand::random::<u32>());
    let stop = CancellationToken::new();
    let signal = setup::stop_signal()?;
    let stopping = stop.clone();
    let watch = tokio::spawn(async move {
        signal.await;
        stopping.cancel();
    });
    let bar = bar();
    let outcome = loop {
        let job = read(exporter, id).await?;
        show(&bar, &job);
        if job.state.is_final() || stop.is_cancelled() {
            break Ok(());
        }
        let due = exporter.due().await?;
        let work = async {
            for due in &due {
                exporter.run(*due, &owner, &stop).await?;
            }
            Ok::<bool, anyhow::Error>(due.is_empty())
        };
        match watched(work, exporter, id, &bar).await {
            Ok(true) => tokio::time::sleep(LOOK_EVERY).await,
            Ok(false) => {}
            Err(error) => break Err(error),
        }
    };
    bar.finish_and_clear();
    watch.abort();
    outcome
}

/// Shows how far the job is while `work` is done.
async fn watched<T>(
    work: impl Future<Output = anyhow::Result<T>>,
    exporter: &Exporter,
    id: ExportId,
    bar: &ProgressBar,
) -> anyhow::Result<T> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = ticks.tick() => show(bar, &read(exporter, id).await?),
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos:>6}/{len:6} objects {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, job: &ExportJob) {
    bar.set_length(u64::try_from(job.progress.objects_total).unwrap_or(0));
    bar.set_position(u64::try_from(job.progress.objects_done).unwrap_or(0));
    bar.set_message(match &job.problem {
        Some(problem) if job.state == ExportState::Waiting => {
            format!("waiting until {}: {problem}", job.next_run_at)
        }
        _ => job.state.key().to_owned(),
    });
}

fn in_words(job: &ExportJob) -> String {
    let progress = &job.progress;
    let problem = job.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
    format!(
        "{} {}{problem}: {} people, {} objects changed, {} written with {} rows and {} bytes",
        job.id,
        job.state.key(),
        progress.people_done,
        progress.objects_total,
        progress.objects_written,
        progress.rows_written,
        progress.bytes_written
    )
}

fn as_json(job: &ExportJob) -> Value {
    let progress = &job.progress;
    json!({
        "id": job.id.to_string(), "state": job.state.key(), "problem": job.problem, "format": job.asked.format.key(),
        "deidentified": job.asked.deidentified, "peopleTotal": progress.people_total, "peopleDone": progress.people_done,
        "objectsTotal": progress.objects_total, "objectsDone": progress.objects_done,
        "objectsWritten": progress.objects_written, "rowsWritten": progress.rows_written,
        "bytesWritten": progress.bytes_written,
    })
}
