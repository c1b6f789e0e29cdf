//! The soak: many people, a clock that runs fast, faults and kills; then quiet, and every stored sample compared.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    job::{JobKind, Priority},
    time::{DayRange, HOUR_MS, MINUTE_MS, add_days, next_day},
};
use pulsekeep_sync::{JobRequest, RequestOutcome, SyncEngine};
use pulsekeep_testkit::TestDatabase;
use rand::Rng as _;
use serde_json::json;

use crate::{
    Report,
    audit::{self, Audit},
    compare::{Comparison, against_truth, compare},
    crew::Crew,
    outside::Inhabitant,
    push,
    weather::Weather,
    world::{self, Pace, Programs, Resident, World},
};

/// It begins on the day before summer time ends in Europe.
const ORIGIN: &str = "2026-10-24T18:00:00Z";
/// A worker that is not heard of for so long (of the machine's time) loses its windows.
const LEASE: Duration = Duration::from_secs(6);
/// Days read back when a person connects.
const BACKFILL_DAYS: i64 = 10;
/// Of ten people whose consent is withdrawn, so many never come back.
const GONE_FOR_GOOD: f64 = 0.3;
/// Intervals of the schedule in the quiet time.
const ROUNDS: i64 = 2;
/// Share of the time after which there has to be rest; the comparison takes the other.
const QUIET_ENDS: f64 = 0.85;
/// Days after which every device has told of a day.
const DAYS_TO_TELL: i64 = 4;
/// Simulated time after which recent days are read again whatever the devices say.
const BLIND_EVERY_MS: i64 = 6 * HOUR_MS;
/// Readers of the undisturbed side.
const CALM_READERS: usize = 6;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How long it takes at most, quiet time and comparison included
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// People, both providers in turn
    #[arg(long, default_value_t = 50)]
    people: usize,
    /// Worker processes (PostgreSQL)
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// Seed of faults and kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times as fast as the machine's the clock runs
    #[arg(long, default_value_t = 150)]
    rate: u32,
    /// Simulated minutes between two syncs of an account
    #[arg(long, default_value_t = 240)]
    interval: u32,
}

/// Runs it; the report says what was found.
pub(crate) async fn run(programs: Programs, db: Arc<TestDatabase>, args: Args) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let whole = Duration::from_secs_f64(args.minutes * 60.0);
    let pace = Pace::starting(ORIGIN, args.rate)?;
    let settings = [
        ("sync.lease_seconds", pace.seconds(LEASE).to_string()),
        ("sync.interval_minutes", args.interval.to_string()),
        ("sync.interval_with_push_minutes", args.interval.to_string()),
        ("sync.first_backfill_days", BACKFILL_DAYS.to_string()),
        ("sync.parallel", "4".to_owned()),
        ("database.readers", "4".to_owned()),
    ];
    // Devices tell every quarter of an hour; a sync for each of them is more than two cores bear at this pace.
    let wait = (u64::from(args.interval) * 30).min(3600);
    let mut world = World::open(programs, pace, db, (args.people, 0), &settings, Some(wait)).await?;
    let soaked = soak(&mut world, &args, begun, whole).await;
    if !matches!(&soaked, Ok(report) if report.failures.is_empty()) {
        println!("logs of the processes: {}", world.keep().display());
    }
    soaked
}

async fn soak(world: &mut World, args: &Args, begun: Instant, whole: Duration) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut people = world.outside.people().await?;
    anyhow::ensure!(people.len() >= args.people, "the simulator has {} people only", people.len());
    people.truncate(args.people);
    let residents = connect_all(world, &people).await?;
    report.say(format!(
        "{} people connected on {:?} in {:.1} s; the clock runs at {} times",
        residents.len(),
        world.db.engine(),
        begun.elapsed().as_secs_f64(),
        args.rate
    ));

    push::register(world).await?;
    let mut crew = Crew::start(world, args.workers, LEASE + Duration::from_secs(3))?;
    let mut weather = Weather::new(args.seed);
    // The quiet time takes whole rounds of the schedule and some to end what they began.
    let rounds = u64::from(args.interval) * ROUNDS.unsigned_abs() * 60_000 / u64::from(args.rate);
    let quiet = Duration::from_millis(rounds) + whole.mul_f64(0.15);
    let stormy_until = whole.mul_f64(QUIET_ENDS).saturating_sub(quiet).min(whole.mul_f64(0.55));
    anyhow::ensure!(
        stormy_until > whole.mul_f64(0.2),
        "no time for a storm: more minutes, a shorter interval or a faster clock"
    );
    let withdrawn = storm(world, &mut crew, &mut weather, &residents, (begun, stormy_until)).await?;

    // Quiet: nothing goes wrong any more, everybody is back who comes back, and no device tells anything new.
    let horizon = world.pace.now();
    world.outside.switch(&[("devices_silent_after", json!(horizon.to_string()))]).await?;
    let mut gone = BTreeSet::new();
    for (resident, comes_back) in &withdrawn {
        if *comes_back {
            weather.lift(resident);
        } else {
            gone.insert(resident.who.id.clone());
        }
    }
    weather.clear(&world.outside).await?;
    for (resident, _) in withdrawn.iter().filter(|(_, comes_back)| *comes_back) {
        world.connect(resident).await?;
    }
    crew.gather(world)?;
    let quiet = Instant::now();
    let rest = settle_down(world, &mut crew, horizon.0, args, begun + whole.mul_f64(QUIET_ENDS)).await?;
    let (log, usage) = (world.outside.requests().await?, world.outside.usage().await?);
    crew.dismiss().await?;
    report.say(format!(
        "storm {:.0} s, quiet {:.0} s, simulated {:.1} h in all; {} kills, {} freezes, faults {:?}",
        stormy_until.as_secs_f64(),
        quiet.elapsed().as_secs_f64(),
        (world.pace.now().0 - ORIGIN.parse::<jiff::Timestamp>()?.as_millisecond()) as f64 / HOUR_MS as f64,
        crew.kills,
        crew.freezes,
        weather.seen,
    ));
    for (name, used) in &crew.used {
        report.say(format!(
            "  {name}: at most {:.1} MB, {:.1} s of CPU",
            used.peak as f64 / 1e6,
            used.cpu_ms as f64 / 1e3
        ));
    }
    let simulator = world.outside.process.usage();
    report.say(format!(
        "  simulator: {:.1} MB, {:.1} s of CPU",
        simulator.peak as f64 / 1e6,
        simulator.cpu_ms as f64 / 1e3
    ));

    judge_jobs(&mut report, &audit::jobs(&world.db, rest).await?, &audit::served(&log));
    judge_quotas(&mut report, &usage);
    judge_accounts(&mut report, world, &gone).await?;
    judge_webhooks(&mut report, world, &weather).await;
    let calm = read_calmly(world, &residents).await;
    let compared = match &calm {
        Ok(calm) => compare(&world.db, calm, first_day()?, &gone).await,
        Err(error) => Err(anyhow::anyhow!("the undisturbed reader: {error:#}")),
    };
    if let Ok(calm) = calm {
        calm.remove().await;
    }
    let compared = compared?;
    if !compared.differing.is_empty() {
        std::fs::write(world.keep().join("differences.txt"), compared.differing.join("\n"))?;
    }
    judge_data(&mut report, &compared);
    // Days that every device had told of long before the end, also those that tell late.
    let days = DayRange { start: first_day()?, end: add_days(horizon.civil(0).date(), -DAYS_TO_TELL) };
    let standing: Vec<&Resident> = residents.iter().filter(|r| !gone.contains(&r.who.id)).collect();
    let (days, wrong) = against_truth(&world.db, &world.outside, &standing, days).await?;
    report.say(format!("  {days} person-days compared with what people did: {} values differ", wrong.len()));
    report.fail_each("stored is not what the person did", &wrong);
    report.say(format!("{:.0} s in all", begun.elapsed().as_secs_f64()));
    Ok(report)
}

/// The first day that everybody's first backfill holds, wherever they live.
fn first_day() -> anyhow::Result<Date> {
    let origin = EpochMs::from(ORIGIN.parse::<jiff::Timestamp>()?);
    Ok(add_days(origin.civil(0).date(), 2 - BACKFILL_DAYS))
}

async fn connect_all(world: &World, people: &[Inhabitant]) -> anyhow::Result<Vec<Resident>> {
    let mut residents = Vec::new();
    for (who, provider) in people.iter().zip(ProviderKey::ALL.into_iter().cycle()) {
        let resident = world.settle(who, provider).await?;
        world.connect(&resident).await?;
        residents.push(resident);
    }
    Ok(residents)
}

/// Faults, kills and withdrawn consents until `until`. Returns whose consent is withdrawn, and whether they come back.
async fn storm(
    world: &World,
    crew: &mut Crew,
    weather: &mut Weather,
    residents: &[Resident],
    (begun, until): (Instant, Duration),
) -> anyhow::Result<Vec<(Resident, bool)>> {
    let mut withdrawn: Vec<(Resident, bool)> = Vec::new();
    // What is held back has to come so early that the quiet time finds it: by the next look after the blind re-reading is
    // due, and its detail by the one after that.
    let latest = world.pace.now().0
        + i64::try_from(world.pace.seconds(until.saturating_sub(begun.elapsed())))? * 1000
        - BLIND_EVERY_MS;
    let (mut next_wave, mut next_harm) = (Instant::now(), Instant::now() + Duration::from_secs(4));
    while begun.elapsed() < until {
        let now = Instant::now();
        if now >= next_wave {
            if withdrawn.len() < residents.len() / 8 + 1 && weather.dice().random_bool(0.2) {
                let resident = &residents[weather.dice().random_range(0..residents.len())];
                if withdrawn.iter().all(|(other, _)| other.user != resident.user) {
                    weather.revoke(resident);
                    let comes_back = !weather.dice().random_bool(GONE_FOR_GOOD);
                    withdrawn.push((resident.clone(), comes_back));
                }
            }
            weather.wave(&world.outside, &world.pace, residents, latest).await?;
            weather.mishaps(&world.outside).await?;
            next_wave = now + Duration::from_secs(3);
        }
        if now >= next_harm {
            crew.disturb(weather.dice())?;
            next_harm = now + Duration::from_millis(weather.dice().random_range(3_000..9_000));
        }
        crew.tend(world)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(withdrawn)
}

/// Waits until every account was looked at after `horizon`, whole rounds of the schedule are over, and all jobs written
/// until then have ended; the schedule goes on. Returns the end of those rounds.
async fn settle_down(
    world: &World,
    crew: &mut Crew,
    horizon: i64,
    args: &Args,
    deadline: Instant,
) -> anyhow::Result<EpochMs> {
    let round = horizon + ROUNDS * i64::from(args.interval) * MINUTE_MS;
    let moving = format!(
        "SELECT u.code || ' ' || j.kind || ' ' || j.state || ' ' || coalesce(j.code, '') FROM sync_job j \
         JOIN app_user u ON u.id = j.user_id WHERE j.created_at < {round} \
         AND j.state NOT IN ('done', 'done_with_gaps', 'failed', 'cancelled')"
    );
    let behind = format!(
        "SELECT u.code FROM linked_account l JOIN app_user u ON u.id = l.user_id \
         WHERE l.state IN ('active', 'expiring') AND coalesce(l.devices_checked_at, 0) <= {horizon}"
    );
    loop {
        crew.tend(world)?;
        let (moving, behind) = (world.db.texts(&moving).await, world.db.texts(&behind).await);
        // Notices may wait: at this pace jobs follow each other so closely that none needs to be taken up.
        if world.pace.now().0 > round && behind.is_empty() && moving.is_empty() {
            return Ok(EpochMs(round));
        }
        if Instant::now() > deadline {
            bail!(
                "no rest: these jobs move: {moving:?}; these accounts were not looked at since: {behind:?}"
            );
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Reads the same days into a database of its own, with no fault and no quota.
async fn read_calmly(world: &World, residents: &[Resident]) -> anyhow::Result<Arc<TestDatabase>> {
    let free = json!(1_000_000_000);
    world
        .outside
        .switch(&[("google_requests_per_minute", free.clone()), ("fitbit_requests_per_hour", free)])
        .await?;
    world.outside.faults(&[]).await?;
    let days = world.db.texts("SELECT min(day) FROM coverage").await;
    let start: Date = days.first().context("nothing is covered")?.parse()?;
    let calm = world.db.beside().await;
    let engine = world.engine_over(calm.store(), &[("sync.first_backfill_days", "0".to_owned())]).await?;
    for resident in residents {
        let resident = world::settle(&engine, world.pace.now(), &resident.who, resident.provider).await?;
        let link = world::connect(&engine, &world.outside, &resident).await?;
        let end = next_day(engine.today(resident.user).await?);
        let request = JobRequest {
            user_id: resident.user,
            link: Some(link),
            kind: JobKind::Backfill,
            metrics: Metric::all().collect(),
            days: Some(DayRange { start, end }),
            priority: Priority::Normal,
            created_by: None,
            batch: None,
        };
        match engine.request(&request).await? {
            RequestOutcome::Accepted(_) => {}
            other => bail!("{}: {other:?}", resident.who.id),
        }
    }
    work_off(&engine).await?;
    Ok(calm)
}

/// Works with several hands until no window is left.
pub(crate) async fn work_off(engine: &SyncEngine) -> anyhow::Result<()> {
    let mut hands = tokio::task::JoinSet::new();
    for hand in 0..CALM_READERS {
        let engine = engine.clone();
        hands.spawn(async move {
            let owner = format!("calm-{hand}");
            while engine.store().next_due_at().await?.is_some() {
                // Few at a time, so that no hand holds what another could do.
                if engine.work_due(&owner, 2 + hand).await? == 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = hands.join_next().await {
        ended??;
    }
    Ok(())
}

fn judge_jobs(report: &mut Report, audit: &Audit, served: &audit::Served) {
    for (kind, sum) in &audit.kinds {
        report.say(format!(
            "  {kind}: {} jobs, {} with gaps; requests planned {}, asked {}, of them retries {}",
            sum.jobs, sum.with_gaps, sum.expected, sum.done, sum.retries
        ));
    }
    report.say(format!(
        "  the simulator answered {} for data, {} for devices, {} for tokens, {} others; by status {:?}",
        served.data, served.devices, served.tokens, served.other, served.by_status
    ));
    report.fail_each("a job asked for more than its plan and its retries", &audit.wasteful);
    report.fail_each("a job did not end", &audit.unfinished);
    if !audit.is_thrifty() {
        report.failures.push("all jobs together asked for more than planned, retries and 2 %".to_owned());
    }
}

/// The providers count what is spent.
fn judge_quotas(report: &mut Report, usage: &serde_json::Value) {
    let quotas = usage["quotas"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fullest = quotas.iter().filter_map(|quota| Some((quota, quota["worst"]["share"].as_f64()?)));
    if let Some((quota, share)) = fullest.max_by(|a, b| a.1.total_cmp(&b.1)) {
        report.say(format!(
            "  fullest quota: {} {} {:.0} % ({} of {})",
            quota["provider"],
            quota["person"],
            share * 100.0,
            quota["worst"]["requests"],
            quota["worst"]["limit"]
        ));
    }
    let broken: Vec<String> = quotas
        .iter()
        .filter(|quota| quota["over_quota"].as_u64() != Some(0))
        .map(|quota| {
            format!("{} {}: {} requests over it", quota["provider"], quota["person"], quota["over_quota"])
        })
        .collect();
    report.fail_each("a quota was broken", &broken);
    let count = |what: &str| {
        let refreshes = usage["refreshes"].as_array().map(Vec::as_slice).unwrap_or_default();
        refreshes.iter().filter_map(|refresh| refresh[what].as_u64()).sum::<u64>()
    };
    report.say(format!(
        "  refreshes: {} given, {} repeated, {} refused",
        count("given"),
        count("repeated"),
        count("refused")
    ));
}

/// Nobody needs a new consent but those whom the trial withdrew it from.
async fn judge_accounts(report: &mut Report, world: &World, gone: &BTreeSet<String>) -> anyhow::Result<()> {
    let states = world
        .db
        .texts("SELECT u.code || '|' || l.state || '|' || coalesce(l.reason, '-') FROM linked_account l JOIN app_user u ON u.id = l.user_id ORDER BY 1")
        .await;
    let mut lost = 0;
    for row in states {
        let parts: Vec<&str> = row.split('|').collect();
        let works = matches!(parts[1], "active" | "expiring");
        lost += usize::from(!works);
        if works == gone.contains(parts[0]) {
            report.failures.push(format!("the account of {} is {} ({})", parts[0], parts[1], parts[2]));
        }
    }
    report.say(format!("  {lost} accounts need a new consent, {} were withdrawn for good", gone.len()));
    Ok(())
}

/// Notifications arrived and were taken up; forged ones, if there were any, were refused.
async fn judge_webhooks(report: &mut Report, world: &World, weather: &Weather) {
    let counted = push::counted(world).await;
    let told: Vec<String> =
        counted.iter().map(|(provider, outcome, calls)| format!("{provider} {outcome} {calls}")).collect();
    report.say(format!("  notifications: {}", told.join(", ")));
    let calls = |is_meant: &dyn Fn(&str, &str) -> bool| -> u64 {
        let meant = counted.iter().filter(|(provider, outcome, _)| is_meant(provider, outcome));
        meant.map(|(.., calls)| calls).sum()
    };
    if calls(&|_, outcome| outcome == "stored") == 0 {
        report.failures.push("no notification was taken up".to_owned());
    }
    for provider in ProviderKey::ALL {
        // In a short time a few devices may have told nothing: then there is nothing to take up.
        let own =
            |outcomes: &[&str]| calls(&|of, outcome| of == provider.key() && outcomes.contains(&outcome));
        if own(&["stored"]) == 0 && own(&["repeated", "idle_account"]) > 0 {
            report.failures.push(format!("no notification of {provider} was taken up"));
        }
    }
    if weather.seen.contains_key("push_forged") && calls(&|_, outcome| push::is_refusal(outcome)) == 0 {
        report.failures.push("no forged notification was refused".to_owned());
    }
}

fn judge_data(report: &mut Report, compared: &Comparison) {
    report.say(format!(
        "  compared {} rows with {} samples, {} person-metric-days covered: {} differ",
        compared.rows,
        compared.samples,
        compared.covered_days,
        compared.differing.len()
    ));
    report.fail_each("stored is not what is served", &compared.told);
    report.fail_each("coverage says whole of what is not", &compared.lies);
    if compared.rows == 0 {
        report.failures.push("nothing was stored".to_owned());
    }
}
