//! Figures of the time-series store: a person-year of heart rate from the provider's JSON to durable rows, the same again,
//! and read; beside a table with a row for each sample in a database of the same engine, in the same run.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, bail};
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Viewer},
    catalogue::endpoint,
    id::{RawId, UserId},
    job::{JobKind, Priority},
    observation::{SampleTimes, SampleValues},
    time::{DayRange, MINUTE_MS, add_days},
};
use pulsekeep_sync::{JobRequest, Providers, RequestOutcome, SyncEngine, Vault};
use pulsekeep_testkit::TestDatabase;

use crate::{
    Report,
    bench::{drop_first_jobs, free, free_quotas},
    replay::{Answers, Replay},
    rows::{self, Sample},
    world::{self, Pace, Programs, Resident, VAULT_KEY, World},
};

pub(crate) const ORIGIN: &str = "2026-11-15T08:00:00Z";

const METRICS: [Metric; 1] = [Metric::HeartRate];

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Days of heart rate
    #[arg(long, default_value_t = 365)]
    days: i64,
    /// Runs, of which the middle one counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Heart rate at its native cadence instead of by the minute
    #[arg(long)]
    native: bool,
}

/// Seconds of one run.
#[derive(Debug, Clone, Copy, Default)]
struct Seconds {
    first: f64,
    again: f64,
    raw: f64,
    coarse: f64,
    rows_written: f64,
    rows_read: f64,
    rows_coarse: f64,
}

struct Bench<'a> {
    world: &'a World,
    resident: Resident,
    days: DayRange,
    answers: Arc<Answers>,
    samples: Vec<Sample>,
}

fn request(user: UserId, metrics: &[Metric], days: DayRange) -> JobRequest {
    JobRequest {
        user_id: user,
        link: None,
        kind: JobKind::Backfill,
        metrics: metrics.to_vec(),
        days: Some(days),
        priority: Priority::Normal,
        created_by: None,
        batch: None,
    }
}

/// Asks for the days and works until nothing is due; returns the seconds that the work took.
pub(crate) async fn work(
    engine: &SyncEngine,
    user: UserId,
    metrics: &[Metric],
    days: DayRange,
) -> anyhow::Result<f64> {
    match engine.request(&request(user, metrics, days)).await? {
        RequestOutcome::Accepted(_) => {}
        other => bail!("the backfill is refused: {other:?}"),
    }
    let begun = Instant::now();
    while engine.work_due("bench", 4).await? > 0 {}
    Ok(begun.elapsed().as_secs_f64())
}

pub(crate) async fn run(programs: Programs, db: Arc<TestDatabase>, args: Args) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let cadence = if args.native { "native" } else { "minute" };
    let mut settings = free();
    settings.push(("sync.heart_rate", cadence.to_owned()));
    let world = World::open(programs, Pace::starting(ORIGIN, 1)?, db, (12, 0), &settings, None).await?;
    free_quotas(&world).await?;
    let who = world.outside.people().await?.into_iter().find(|who| who.id == "nora").context("no nora")?;
    let resident = world.settle(&who, ProviderKey::GoogleHealth).await?;
    world.connect(&resident).await?;
    drop_first_jobs(&world.engine).await?;
    let end = add_days(world.engine.today(resident.user).await?, -1);
    let days = DayRange { start: add_days(end, -args.days), end };
    // Once from the simulator, to have its answers.
    work(&world.engine, resident.user, &METRICS, days).await?;
    let (answers, samples) = answers_of(&world).await?;
    let answers = Arc::new(answers);
    let json: usize = answers.values().map(Vec::len).sum();
    let bench = Bench { world: &world, resident, days, answers, samples };

    let mut seconds = Vec::new();
    let mut sizes = String::new();
    for _ in 0..args.runs {
        let own = world.db.beside().await;
        let (run, size) = bench.run(&own).await?;
        own.remove().await;
        seconds.push(run);
        sizes = size;
    }
    let middle = |value: fn(&Seconds) -> f64| {
        let mut all: Vec<f64> = seconds.iter().map(value).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    report.say(format!(
        "{:?}, {} days of heart rate ({cadence}), {} samples, {:.1} MB of JSON in {} pages, middle of {} runs; {sizes}",
        world.db.engine(),
        args.days,
        bench.samples.len(),
        json as f64 / 1e6,
        bench.answers.len(),
        args.runs
    ));
    report.say("| what | seconds | a row for each sample | times |");
    report.say("| --- | --: | --: | --: |");
    let mut line = |what: &str, own: f64, rows: f64| {
        report.say(format!("| {what} | {own:.3} | {rows:.3} | {:.0} |", rows / own.max(1e-6)));
    };
    line("JSON to durable raw and typed rows", middle(|s| s.first), middle(|s| s.rows_written));
    line("the same again", middle(|s| s.again), middle(|s| s.rows_written));
    line("read every sample", middle(|s| s.raw), middle(|s| s.rows_read));
    line("read at no more than 2,000 points", middle(|s| s.coarse), middle(|s| s.rows_coarse));
    Ok(report)
}

/// The stored answers by what they answer.
pub(crate) async fn answers_of(world: &World) -> anyhow::Result<(Answers, Vec<Sample>)> {
    let provider = world.engine.provider(ProviderKey::GoogleHealth).context("no provider")?;
    let sql = "SELECT user_id || '|' || id || '|' || endpoint || '|' || request_key FROM raw_document \
         ORDER BY request_key, page";
    let (mut answers, mut samples) = (Answers::new(), Vec::new());
    let (mut of, mut token) = (String::new(), None);
    for row in world.db.texts(sql).await {
        let parts: Vec<&str> = row.split('|').collect();
        let [user, id, endpoint_key, key] = parts[..] else { bail!("a row of another shape") };
        let body = world.db.store().stored_body(UserId(user.parse()?), RawId(id.parse()?)).await?;
        let body = body.context("a body is gone")?;
        if of != key {
            (of, token) = (key.to_owned(), None);
        }
        let parsed = provider.parse(endpoint(endpoint_key).context("no endpoint")?, &body)?;
        answers.insert((key.to_owned(), token.take()), body);
        token = parsed.next_page;
        for batch in &parsed.samples {
            let SampleTimes::Instants { at, .. } = &batch.times else { bail!("Google tells instants") };
            let (low, high) = match &batch.values {
                SampleValues::Single(values) => (values, values),
                SampleValues::MinMeanMax { min, max, .. } => (min, max),
            };
            let mean = batch.values.main();
            samples.extend((0..at.len()).map(|i| (at[i].0, [low[i], mean[i], high[i]])));
        }
    }
    Ok((answers, samples))
}

impl Bench<'_> {
    async fn run(&self, own: &TestDatabase) -> anyhow::Result<(Seconds, String)> {
        let real = self.world.engine_over(own.store(), &[]).await?;
        let who = &self.resident.who;
        let resident = world::settle(&real, self.world.pace.now(), who, ProviderKey::GoogleHealth).await?;
        world::connect(&real, &self.world.outside, &resident).await?;
        drop_first_jobs(&real).await?;
        let inner = real.provider(ProviderKey::GoogleHealth).context("no provider")?.clone();
        let providers = Providers::new().with(Replay { inner, answers: self.answers.clone() });
        let clock = Arc::new(self.world.pace.clock());
        let engine = SyncEngine::new(
            own.store().clone(),
            providers,
            Vault::new(&VAULT_KEY, &[]),
            clock,
            *real.policy(),
        );
        let first = work(&engine, resident.user, &METRICS, self.days).await?;
        // Days that were read whole are not asked for again by themselves.
        own.execute("UPDATE coverage SET state = 'partial', checked_at = NULL").await;
        let again = work(&engine, resident.user, &METRICS, self.days).await?;
        let asked =
            own.texts("SELECT requests_done || '' FROM sync_job WHERE kind = 'backfill' ORDER BY id").await;
        let asked: Vec<usize> = asked.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
        if asked[asked.len() - 2..] != [self.answers.len(); 2] {
            bail!("the same answers were to be asked for twice: {asked:?} of {}", self.answers.len());
        }
        let mut seconds = Seconds { first, again, ..Seconds::default() };
        let failed =
            own.texts("SELECT state FROM sync_job WHERE kind = 'backfill' AND state <> 'done'").await;
        if !failed.is_empty() {
            bail!("a backfill ended {failed:?}");
        }

        let person = own.store().person(&Viewer::system(), resident.user).await?.context("nobody")?;
        let timeline = own.store().timeline(resident.user).await?;
        let range = (timeline.day_bounds(self.days.start).0, timeline.day_bounds(self.days.end).0);
        // As many points as a year has minutes: every sample of the minutes.
        let points = usize::try_from((range.1.0 - range.0.0) / MINUTE_MS)?;
        let begun = Instant::now();
        person.series(Metric::HeartRate, range, points, None).await?;
        seconds.raw = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        person.series(Metric::HeartRate, range, 2_000, None).await?;
        seconds.coarse = begun.elapsed().as_secs_f64();

        let bytes = async |sql: &str| own.texts(sql).await.concat().parse::<f64>().unwrap_or(f64::NAN);
        let typed = bytes("SELECT CAST(sum(length(body)) AS TEXT) FROM sample_block").await;
        let raw = bytes("SELECT CAST(sum(length(body)) AS TEXT) FROM raw_document").await;
        let count = self.samples.len() as f64;
        let rows = rows::measure(own, resident.user, &self.samples, range).await?;
        (seconds.rows_written, seconds.rows_read, seconds.rows_coarse) =
            (rows.written, rows.read, rows.coarse);
        let sizes = format!(
            "bytes a sample: typed {:.2}, raw as on arrival {:.2}, a row for each {:.1}",
            typed / count,
            raw / count,
            rows.bytes / count
        );
        Ok((seconds, sizes))
    }
}
