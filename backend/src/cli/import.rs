use std::{path::PathBuf, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use pulsekeep_import::{AnswersReport, Archive, Limits, Outcome, Plan, Progress, Takeout, import_answers};
use pulsekeep_store::{Store, User};
use serde_json::json;

use super::{failure::sentence, output, setup};
use crate::config::{Config, Need, Sources};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Archives of Google Takeout (folders Fitbit or Google Health) or of fitbit.com: zip, tar.gz, or an unpacked folder
    Takeout(TakeoutArgs),
    /// A folder of recorded answers of the legacy Fitbit Web API, one file each
    FitbitJson(AnswersArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct TakeoutArgs {
    /// All parts of one export
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose data: an e-mail address or a code
    #[arg(long, value_name = "USER")]
    user: String,
    /// IANA zone of clocks that carry none [default: the archive's, else the person's]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Say what was found and would be written, and write nothing
    #[arg(long)]
    plan: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct AnswersArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Whose data: an e-mail address or a code
    #[arg(long, value_name = "USER")]
    user: String,
    /// Say what was found, and write nothing
    #[arg(long)]
    plan: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(sources: &Sources, command: Command) -> anyhow::Result<ExitCode> {
    let config = Config::load(sources, Need::Database)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    match command {
        Command::Takeout(args) => takeout(&config, &store, args).await?,
        Command::FitbitJson(args) => answers(&config, &store, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn person(store: &Store, word: &str) -> anyhow::Result<User> {
    let found = store.user_by_email_or_code(word).await?;
    found.ok_or_else(|| sentence(format!("there is nobody with the e-mail address or code \"{word}\"")))
}

async fn takeout(config: &Config, store: &Store, args: TakeoutArgs) -> anyhow::Result<()> {
    let user = person(store, &args.user).await?;
    let zone = args.time_zone.as_deref().map(TimeZone::get).transpose();
    let zone = zone.map_err(|_| sentence("that is no IANA time zone, for example Europe/Paris"))?;
    let clock = config.clock();
    let files = args.files;
    let archive = tokio::task::spawn_blocking(move || Archive::open(&files, Limits::default())).await??;
    let takeout = Takeout::survey(store, user, archive, zone, clock.now()).await?;
    let plan = takeout.plan().clone();
    if !args.json {
        tell(&plan);
    }
    if args.plan {
        return if args.json { output::json(&plan) } else { Ok(()) };
    }
    let bar = ProgressBar::new(plan.windows as u64).with_style(style());
    let outcome = takeout
        .write(store, &*clock, |Progress { done, total, rows }| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("{rows} rows"));
        })
        .await?;
    bar.finish_and_clear();
    if args.json {
        let (state, import, rows) = match &outcome {
            Outcome::Known(id) => ("known", id, 0),
            Outcome::Written(written) => ("written", &written.import, written.rows),
        };
        return output::json(&json!({
            "state": state, "import": import.to_string(), "rows": rows, "plan": plan,
        }));
    }
    match outcome {
        Outcome::Known(id) => {
            output::say(format!("This very archive was imported before ({id}): nothing to do."))
        }
        Outcome::Written(written) => {
            output::say(format!(
                "{}: {} rows in {} windows written.",
                written.import, written.rows, written.windows
            ));
            if written.resumed > 0 {
                output::say(format!("{} windows had been written before it broke off.", written.resumed));
            }
            if written.kept_days > 0 {
                let kept = written.kept_days;
                output::say(format!("{kept} days of a metric were left as a newer archive told them."));
            }
        }
    }
    Ok(())
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} windows, {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn tell(plan: &Plan) {
    output::say(format!(
        "{} part(s), {} MB, exported {}; clocks without a zone go by {} (by the {}).",
        plan.parts,
        plan.bytes / 1_000_000,
        plan.exported_at,
        plan.time_zone,
        plan.time_zone_from
    ));
    for clock in &plan.clocks {
        output::say(format!(
            "clock of {}: {} ({}; {} rows agree as UTC, {} as local)",
            clock.files, clock.clock, clock.how, clock.as_utc, clock.as_local
        ));
    }
    let heads = ["days", "rows", "gaps", "synced", "refused"];
    output::say(format!(
        "{:32} {:8} {:>6} {:>10} {:>6} {:>7} {:>8}  first       last",
        "metric", "grain", heads[0], heads[1], heads[2], heads[3], heads[4]
    ));
    for metric in &plan.metrics {
        output::say(format!(
            "{:32} {:8} {:>6} {:>10} {:>6} {:>7} {:>8}  {}  {}",
            metric.metric,
            metric.grain,
            metric.days,
            metric.rows,
            metric.gaps,
            metric.synced,
            metric.refused,
            metric.first,
            metric.last
        ));
        for source in &metric.sources {
            let recorder =
                if source.recorder.is_empty() { String::new() } else { format!(", {}", source.recorder) };
            let why = if source.why.is_empty() { "another was taken" } else { &source.why };
            output::say(format!(
                "    {}{recorder}: {} days, passed over on {} ({why})",
                source.files, source.days, source.passed_over
            ));
        }
    }
    for (files, facts) in &plan.families {
        let dropped: Vec<String> = facts.dropped.iter().map(|(why, rows)| format!("{rows} {why}")).collect();
        let dropped =
            if dropped.is_empty() { String::new() } else { format!("; left out: {}", dropped.join(", ")) };
        output::say(format!(
            "{files}: {} files ({} empty), {} rows{dropped}",
            facts.files, facts.empty_files, facts.rows
        ));
    }
    for (word, count) in &plan.files {
        output::say(format!("{count} files {word}"));
    }
    for name in &plan.unknown {
        output::say(format!("not known: {name}"));
    }
    for problem in &plan.problems {
        output::say(format!("problem: {}: {}", problem.file, problem.why));
    }
}

async fn answers(config: &Config, store: &Store, args: AnswersArgs) -> anyhow::Result<()> {
    let user = person(store, &args.user).await?;
    let clock = config.clock();
    let report = import_answers(store, &user, &args.folder, args.plan, &*clock).await?;
    if args.json {
        return output::json(&report);
    }
    let AnswersReport { import, is_imported, files, rows, warnings, problems } = report;
    for (endpoint, count) in files {
        output::say(format!("{endpoint}: {count} files"));
    }
    for (metric, count) in rows {
        output::say(format!("{metric}: {count} rows written"));
    }
    for (word, count) in warnings {
        output::say(format!("warning: {word}, {count} times"));
    }
    for problem in problems {
        output::say(format!("problem: {}: {}", problem.file, problem.why));
    }
    match import {
        Some(id) => output::say(format!("{id} is written.")),
        None if is_imported => output::say("These very answers were imported before: nothing to do."),
        None => {}
    }
    Ok(())
}
