//! Figures of whole processes: requests, throughput, memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{Cadence, endpoints_of},
    job::{JobKind, Priority},
    time::{DayRange, add_days},
};
use pulsekeep_store::Engine;
use pulsekeep_sync::{JobRequest, RequestOutcome, SyncEngine};
use pulsekeep_testkit::TestDatabase;
use serde_json::json;

use crate::{
    Report,
    least::Year,
    process::{Process, usage_of},
    soak::work_off,
    world::{self, Pace, Programs, Resident, World},
};

const ORIGIN: &str = "2026-11-15T08:00:00Z";
const YEAR: i64 = 365;
/// More than anything here asks for.
const FREE: u32 = 1_000_000;

/// The metric sets that users of such systems name.
const SETS: [(&str, Option<&[Metric]>); 3] = [
    (
        "minimum",
        Some(&[
            Metric::Steps,
            Metric::Calories,
            Metric::ActiveZoneMinutes,
            Metric::HeartRateVariability,
            Metric::SkinTemperature,
            Metric::SkinTemperatureRelative,
        ]),
    ),
    (
        "ten metrics",
        Some(&[
            Metric::Steps,
            Metric::Distance,
            Metric::Calories,
            Metric::ActiveZoneMinutes,
            Metric::HeartRate,
            Metric::RestingHeartRate,
            Metric::HeartRateVariability,
            Metric::SkinTemperature,
            Metric::SkinTemperatureRelative,
            Metric::Sleep,
        ]),
    ),
    ("complete", None),
];

pub(crate) fn free() -> Vec<(&'static str, String)> {
    vec![
        ("sync.first_backfill_days", "0".to_owned()),
        ("sync.google_per_minute", "100000".to_owned()),
        ("sync.google_app_per_minute", "10000000".to_owned()),
        ("sync.fitbit_per_hour", FREE.to_string()),
    ]
}

pub(crate) async fn free_quotas(world: &World) -> anyhow::Result<()> {
    world
        .outside
        .switch(&[
            ("google_requests_per_minute", json!(FREE)),
            ("google_project_requests_per_minute", json!(FREE)),
            ("fitbit_requests_per_hour", json!(FREE)),
        ])
        .await
}

/// A backfill of the `length` days before today's eve.
async fn backfill(
    engine: &SyncEngine,
    resident: &Resident,
    metrics: Vec<Metric>,
    length: i64,
    ago: i64,
) -> anyhow::Result<JobRequest> {
    let end = add_days(engine.today(resident.user).await?, -ago);
    let request = JobRequest {
        user_id: resident.user,
        link: None,
        kind: JobKind::Backfill,
        metrics,
        days: Some(DayRange { start: add_days(end, -length), end }),
        priority: Priority::Normal,
        created_by: None,
        batch: None,
    };
    match engine.request(&request).await? {
        RequestOutcome::Accepted(_) => Ok(request),
        other => bail!("{}: {other:?}", resident.who.id),
    }
}

/// Ends the jobs that connecting has written: the figures are those of the jobs asked for.
pub(crate) async fn drop_first_jobs(engine: &SyncEngine) -> anyhow::Result<()> {
    let viewer = pulsekeep_core::account::Viewer::system();
    let filter = pulsekeep_store::JobFilter { limit: 10_000, ..Default::default() };
    for job in engine.store().jobs(&viewer, &filter).await? {
        engine.cancel(&viewer, job.id).await?;
    }
    Ok(())
}

/// The table of requests: least, planned, taken.
pub(crate) async fn requests(programs: Programs, db: Arc<TestDatabase>) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let world = World::open(programs, Pace::starting(ORIGIN, 1)?, db, (12, 0), &free(), None).await?;
    free_quotas(&world).await?;
    let people = world.outside.people().await?;
    report.say("| metric set | provider | least | planned | after the daily series | taken | over | seconds | MB raw | MB typed |");
    report.say("| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |");
    for (name, set) in SETS {
        for provider in ProviderKey::ALL {
            let metrics: Vec<Metric> = set.map_or_else(|| Metric::all().collect(), <[Metric]>::to_vec);
            let who = people.iter().find(|who| who.id == "nora").context("nobody is called nora")?;
            let own = world.db.beside().await;
            let engine = world.engine_over(own.store(), &[]).await?;
            let resident = world::settle(&engine, world.pace.now(), who, provider).await?;
            world::connect(&engine, &world.outside, &resident).await?;
            drop_first_jobs(&engine).await?;
            let end = add_days(engine.today(resident.user).await?, -1);
            let days = DayRange { start: add_days(end, -YEAR), end };
            let planned = engine
                .plan(&JobRequest {
                    user_id: resident.user,
                    link: None,
                    kind: JobKind::Backfill,
                    metrics: metrics.clone(),
                    days: Some(days),
                    priority: Priority::Normal,
                    created_by: None,
                    batch: None,
                })
                .await?
                .map_err(|outcome| anyhow::anyhow!("no plan: {outcome:?}"))?
                .expected();
            backfill(&engine, &resident, metrics.clone(), YEAR, 1).await?;
            let begun = Instant::now();
            work_off(&engine).await?;
            let took = begun.elapsed().as_secs_f64();
            let row = own
                .texts("SELECT requests_expected || '|' || requests_done || '|' || state FROM sync_job WHERE kind = 'backfill'")
                .await
                .pop()
                .context("the job is gone")?;
            let parts: Vec<&str> = row.split('|').collect();
            let year = Year::of(&own, YEAR).await?;
            let asked = endpoints_of(provider)
                .filter(|e| e.metrics.iter().any(|m| metrics.contains(m)))
                .filter(|e| e.cadence.is_none_or(|cadence| cadence == Cadence::Minute));
            let least: i64 = asked.map(|e| year.least(e)).sum();
            let taken: i64 = parts[1].parse()?;
            let bytes = async |sql: &str| -> anyhow::Result<f64> {
                let sum = own.texts(sql).await.pop().unwrap_or_default();
                Ok(sum.parse::<f64>().unwrap_or(0.0) / 1e6)
            };
            let raw = bytes("SELECT CAST(sum(length(body)) AS TEXT) FROM raw_document").await?;
            let typed = bytes("SELECT CAST(sum(length(body)) AS TEXT) FROM sample_block").await?;
            report.say(format!(
                "| {name} | {provider} | {least} | {planned} | {} | {taken} | {:+.1} % | {took:.1} | {raw:.2} | {typed:.2} |",
                parts[0],
                100.0 * (taken - least) as f64 / least as f64
            ));
            if parts[2] != "done" {
                report.failures.push(format!("{name} over {provider} ended {}", parts[2]));
            }
            if name == "complete" {
                rows(&mut report, &own).await;
                bytes_a_sample(&mut report, &own).await?;
            }
            own.remove().await;
        }
    }
    Ok(report)
}

/// Rows of a year by table: what a capacity plan is made of.
async fn rows(report: &mut Report, db: &TestDatabase) {
    let tables = [
        "sample_block",
        "daily_value",
        "coverage",
        "day_choice",
        "sleep_session",
        "exercise_session",
        "raw_document",
        "sync_window",
    ];
    let mut counted = Vec::new();
    for table in tables {
        let count = db.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await;
        counted.push(format!("{table} {}", count.join("")));
    }
    report.say(format!("<!-- rows of that year: {} -->", counted.join(", ")));
}

/// Bytes of the encoded samples by metric, each with its times.
async fn bytes_a_sample(report: &mut Report, db: &TestDatabase) -> anyhow::Result<()> {
    let sql = "SELECT metric || ' ' || sum(samples) || ' ' || sum(length(body)) FROM sample_block \
         GROUP BY metric ORDER BY metric";
    report.say("| metric | samples | bytes a sample |");
    report.say("| --- | --: | --: |");
    for row in db.texts(sql).await {
        let numbers: Vec<i64> = row.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [code, samples, bytes] = numbers[..] else { bail!("a count of another shape") };
        let metric = Metric::from_code(i16::try_from(code)?).context("a metric of a later version")?;
        report.say(format!("| {metric} | {samples} | {:.3} |", bytes as f64 / samples as f64));
    }
    Ok(())
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ThroughputArgs {
    /// Accounts, all of Google Health
    #[arg(long, default_value_t = 60)]
    people: usize,
    /// Requests that a worker makes at once
    #[arg(long, default_value_t = 8)]
    parallel: u32,
    /// Milliseconds that the provider takes for each answer
    #[arg(long, default_value_t = 200)]
    latency: u64,
    /// Seconds measured
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Numbers of worker processes to be measured
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    workers: Vec<usize>,
}

/// Jobs and windows a second with 1, 2 and 4 worker processes.
pub(crate) async fn throughput(
    programs: Programs,
    db: Arc<TestDatabase>,
    args: ThroughputArgs,
) -> anyhow::Result<Report> {
    if db.engine() != Engine::Postgres {
        bail!("several workers share PostgreSQL; name a server with --postgres");
    }
    let mut report = Report::default();
    report.say(format!(
        "{} requests at once a worker, {} ms a request: {:.0} requests/s a worker at most",
        args.parallel,
        args.latency,
        f64::from(args.parallel) * 1000.0 / args.latency as f64
    ));
    report.say("| workers | windows/s | jobs/s | requests/s | CPU: workers | database | simulator |");
    report.say("| --: | --: | --: | --: | --: | --: | --: |");
    for &workers in &args.workers {
        let own = db.beside().await;
        let line = measure(programs.clone(), own.clone(), &args, workers).await;
        own.remove().await;
        report.say(line?);
    }
    Ok(report)
}

async fn measure(
    programs: Programs,
    db: Arc<TestDatabase>,
    args: &ThroughputArgs,
    workers: usize,
) -> anyhow::Result<String> {
    let mut settings = free();
    settings.push(("sync.parallel", args.parallel.to_string()));
    // The schedule is not what is measured.
    settings.push(("sync.interval_minutes", "1440".to_owned()));
    let pace = Pace::starting(ORIGIN, 1)?;
    let mut world = World::open(programs, pace, db, (args.people, args.latency), &settings, None).await?;
    free_quotas(&world).await?;
    let people = world.outside.people().await?;
    let mut residents = Vec::new();
    for who in people.iter().take(args.people) {
        let resident = world.settle(who, ProviderKey::GoogleHealth).await?;
        world.connect(&resident).await?;
        residents.push(resident);
    }
    drop_first_jobs(&world.engine).await?;
    // Jobs of six days: about thirty windows, most of one request.
    for round in 0..8 {
        for resident in &residents {
            backfill(&world.engine, resident, Metric::all().collect(), 6, 1 + 6 * round).await?;
        }
    }
    let mut crew: Vec<Process> =
        (1..=workers).map(|n| world.start(&format!("worker-{n}"), &["worker"])).collect::<Result<_, _>>()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = Counted::of(&mut world, &mut crew).await?;
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let after = Counted::of(&mut world, &mut crew).await?;
    for process in crew {
        process.kill()?;
    }
    let seconds = (after.at - before.at).as_secs_f64();
    let rate = |value: fn(&Counted) -> i64| (value(&after) - value(&before)) as f64 / seconds;
    let share = |value: fn(&Counted) -> u64| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
        100.0 * (value(&after) - value(&before)) as f64 / 1000.0 / seconds / cores
    };
    Ok(format!(
        "| {workers} | {:.1} | {:.2} | {:.1} | {:.0} % | {:.0} % | {:.0} % |",
        rate(|c| c.windows),
        rate(|c| c.jobs),
        rate(|c| c.requests),
        share(|c| c.workers_ms),
        share(|c| c.database_ms),
        share(|c| c.simulator_ms)
    ))
}

struct Counted {
    at: Instant,
    windows: i64,
    jobs: i64,
    requests: i64,
    workers_ms: u64,
    database_ms: u64,
    simulator_ms: u64,
}

impl Counted {
    async fn of(world: &mut World, crew: &mut [Process]) -> anyhow::Result<Self> {
        let sql = "SELECT coalesce(sum(windows_done), 0) || '|' || \
                   coalesce(sum(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) || '|' || \
                   coalesce(sum(requests_done), 0) FROM sync_job WHERE kind = 'backfill'";
        let row = world.db.texts(sql).await.pop().unwrap_or_default();
        let numbers: Vec<i64> = row.split('|').map(str::parse).collect::<Result<_, _>>()?;
        let [windows, jobs, requests] = numbers[..] else { bail!("a count of another shape") };
        Ok(Self {
            at: Instant::now(),
            windows,
            jobs,
            requests,
            workers_ms: crew.iter_mut().map(|process| process.usage().cpu_ms).sum(),
            database_ms: postgres_ms(),
            simulator_ms: world.outside.process.usage().cpu_ms,
        })
    }
}

/// CPU time of every PostgreSQL process of this machine that lives. Those that end in between are missing.
fn postgres_ms() -> u64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_postgres = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("postgres"))
    };
    pids.filter(is_postgres).filter_map(usage_of).map(|used| used.cpu_ms).sum()
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MemoryArgs {
    /// Days of the backfill at native cadence
    #[arg(long, default_value_t = 365)]
    days: i64,
    /// Requests that the worker makes at once
    #[arg(long, default_value_t = 4)]
    parallel: u32,
}

/// Memory of an idle server, and of a worker in a backfill of heart rate at native cadence.
pub(crate) async fn memory(
    programs: Programs,
    db: Arc<TestDatabase>,
    args: MemoryArgs,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut settings = free();
    settings.push(("sync.heart_rate", "native".to_owned()));
    settings.push(("sync.parallel", args.parallel.to_string()));
    settings.push(("sync.interval_minutes", "1440".to_owned()));
    let world = World::open(programs, Pace::starting(ORIGIN, 1)?, db, (12, 0), &settings, None).await?;
    free_quotas(&world).await?;
    let mut idle = world.start("serve", &["serve"])?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    idle.check()?;
    report.say(format!(
        "idle server with its worker on {:?}: {:.1} MB",
        world.db.engine(),
        idle.usage().peak as f64 / 1e6
    ));
    idle.stop().await?;

    let people = world.outside.people().await?;
    let who = people.iter().find(|who| who.id == "nora").context("nobody is called nora")?;
    let resident = world.settle(who, ProviderKey::GoogleHealth).await?;
    world.connect(&resident).await?;
    drop_first_jobs(&world.engine).await?;
    backfill(&world.engine, &resident, Metric::all().collect(), args.days, 1).await?;
    let begun = Instant::now();
    let mut worker = world.start("worker", &["worker"])?;
    while world.engine.store().next_due_at().await?.is_some() {
        worker.check()?;
        worker.usage();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let used = worker.stop().await?;
    let samples = world.db.texts("SELECT CAST(sum(samples) AS TEXT) FROM sample_block").await.join("");
    report.say(format!(
        "a worker in the backfill of {} days at native cadence ({samples} samples): at most {:.1} MB, {:.0} s, {:.0} s of CPU",
        args.days,
        used.peak as f64 / 1e6,
        begun.elapsed().as_secs_f64(),
        used.cpu_ms as f64 / 1e3
    ));
    bytes_a_sample(&mut report, &world.db).await?;
    Ok(report)
}
