//! What is stored against what an undisturbed reader finds at the end, row by row.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Viewer},
    time::DayRange,
};
use pulsekeep_store::{Engine, Store};
use pulsekeep_testkit::TestDatabase;

use crate::{outside::Outside, world::Resident};

/// Differences told by name.
const TOLD: usize = 20;

/// Whose, which metric, which day.
type Place = (String, i16, String);

/// Typed rows by table and place.
type Rows = BTreeMap<(&'static str, Place), Vec<String>>;

/// The grain's number in the database.
fn grain_of(table: &str) -> i16 {
    match table {
        "daily" => 1,
        "block" => 2,
        _ => 3,
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) rows: usize,
    pub(crate) samples: i64,
    pub(crate) covered_days: usize,
    /// Every place that differs, and whether coverage calls it closed.
    pub(crate) differing: Vec<String>,
    /// The first differences, in words.
    pub(crate) told: Vec<String>,
    /// Days that say "complete" or "empty" and are not.
    pub(crate) lies: Vec<String>,
}

/// Everything typed, without the ids that differ from database to database.
async fn typed(db: &TestDatabase) -> anyhow::Result<Rows> {
    let hex = match db.engine() {
        Engine::Sqlite => ["hex(t.body)", "hex(t.stages)"],
        Engine::Postgres => ["encode(t.body, 'hex')", "encode(t.stages, 'hex')"],
    };
    let optional = |columns: &[&str]| {
        let shown: Vec<String> =
            columns.iter().map(|column| format!("coalesce(CAST(t.{column} AS TEXT), '-')")).collect();
        shown.join(" || ' ' || ")
    };
    let sleep = optional(&[
        "start_ms",
        "end_ms",
        "start_offset",
        "end_offset",
        "kind",
        "is_main",
        "asleep",
        "awake",
        "in_bed",
        "deep",
        "light",
        "rem",
        "wake_stage",
    ]);
    let exercise = optional(&[
        "start_ms",
        "end_ms",
        "start_offset",
        "end_offset",
        "kind",
        "name",
        "active_ms",
        "distance_m",
        "steps",
        "energy_kcal",
        "mean_heart_rate",
        "elevation_gain_m",
        "active_zone_minutes",
        "has_route",
    ]);
    let tables = [
        ("block", "sample_block", "t.metric".to_owned(), format!("t.samples || ' ' || lower({})", hex[0])),
        ("daily", "daily_value", "t.metric".to_owned(), "t.value".to_owned()),
        (
            "sleep",
            "sleep_session",
            Metric::Sleep.code().to_string(),
            format!("t.external_id || ' ' || {sleep} || ' ' || lower({})", hex[1]),
        ),
        (
            "exercise",
            "exercise_session",
            Metric::Exercise.code().to_string(),
            format!("t.external_id || ' ' || {exercise}"),
        ),
    ];
    let mut rows = Rows::new();
    for (name, table, metric, content) in tables {
        let sql = format!(
            "SELECT u.code || '|' || {metric} || '|' || t.day || '|' || {content} FROM {table} t \
             JOIN app_user u ON u.id = t.user_id ORDER BY 1"
        );
        for row in db.texts(&sql).await {
            let mut parts = row.splitn(4, '|').map(str::to_owned);
            let mut next = || parts.next().unwrap_or_default();
            let place = (next(), next().parse()?, next());
            rows.entry((name, place)).or_default().push(next());
        }
    }
    Ok(rows)
}

/// Days by grain: whether they are said to have been read whole and to be closed.
async fn covered(db: &TestDatabase) -> anyhow::Result<BTreeMap<(i16, Place), bool>> {
    let sql = "SELECT u.code || '|' || c.metric || '|' || c.day || '|' || c.grain || '|' || c.state FROM coverage c \
               JOIN app_user u ON u.id = c.user_id";
    let mut closed = BTreeMap::new();
    for row in db.texts(sql).await {
        let parts: Vec<&str> = row.splitn(5, '|').collect();
        let [code, metric, day, grain, state] = parts[..] else {
            anyhow::bail!("a coverage row of another shape")
        };
        let whole = matches!(state, "complete" | "empty_confirmed");
        let place = (code.to_owned(), metric.parse()?, day.to_owned());
        closed.insert((grain.parse()?, place), whole);
    }
    Ok(closed)
}

/// Compares `tried` with `calm`: from `since` on every day, before it what was asked for. Of people in
/// `without_consent` only what coverage calls closed has to be equal.
pub(crate) async fn compare(
    tried: &TestDatabase,
    calm: &TestDatabase,
    since: Date,
    without_consent: &BTreeSet<String>,
) -> anyhow::Result<Comparison> {
    let (found, expected) = (typed(tried).await?, typed(calm).await?);
    let covered = covered(tried).await?;
    let since = since.to_string();
    let mut result = Comparison { covered_days: covered.len(), ..Comparison::default() };
    for ((table, _), rows) in &found {
        result.rows += rows.len();
        if *table == "block" {
            let count = |row: &String| row.split(' ').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
            result.samples += rows.iter().map(count).sum::<i64>();
        }
    }
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    for key in keys {
        let (have, want) = (found.get(key), expected.get(key));
        let (table, place) = key;
        let state = covered.get(&(grain_of(table), place.clone())).copied();
        let was_asked = have.is_some() || state.is_some() || place.2 >= since;
        if have == want || !was_asked {
            continue;
        }
        let is_closed = state.unwrap_or(false);
        if without_consent.contains(&place.0) && !is_closed {
            continue;
        }
        let metric = Metric::from_code(place.1);
        // Fitbit gives the running day what a body at rest takes, minute by minute, whatever a device tells.
        let grows = [Metric::Calories, Metric::BasalCalories, Metric::SedentaryMinutes];
        if !is_closed && *table == "daily" && metric.is_some_and(|metric| grows.contains(&metric)) {
            continue;
        }
        let metric = metric.map_or_else(|| place.1.to_string(), |metric| metric.to_string());
        result.differing.push(format!("{} {metric} {} {table} {state:?}", place.0, place.2));
        if is_closed {
            result.lies.push(format!("{} {metric} {} ({table})", place.0, place.2));
        }
        if result.told.len() < TOLD {
            let detail = match *table {
                "block" => first_sample(tried.store(), calm.store(), place).await?,
                _ => format!("stored {have:?}, served {want:?}"),
            };
            result.told.push(format!("{} {metric} {} {table}: {detail}", place.0, place.2));
        }
    }
    Ok(result)
}

/// Sums and extremes of stored days against what the simulator's people did, by its own account of it and by no parser
/// of ours. Returns how many days were compared, and the differences.
pub(crate) async fn against_truth(
    db: &TestDatabase,
    outside: &Outside,
    people: &[&Resident],
    days: DayRange,
) -> anyhow::Result<(usize, Vec<String>)> {
    let sql = format!(
        "SELECT u.code || '|' || b.day || '|' || b.metric || '|' || b.value_sum || '|' || b.value_min || '|' || b.value_max \
         FROM sample_block b JOIN app_user u ON u.id = b.user_id WHERE b.day >= '{}' AND b.day < '{}'",
        days.start, days.end
    );
    let mut blocks: BTreeMap<Place, [f64; 3]> = BTreeMap::new();
    for row in db.texts(&sql).await {
        let parts: Vec<&str> = row.split('|').collect();
        let [code, day, metric, sum, min, max] = parts[..] else { anyhow::bail!("a block of another shape") };
        let place = (code.to_owned(), metric.parse()?, day.to_owned());
        blocks.insert(place, [sum.parse()?, min.parse()?, max.parse()?]);
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for resident in people {
        for day in days.days() {
            let truth = outside.truth(&resident.who.id, day).await?;
            compared += 1;
            let mut check = |metric: Metric, column: usize, member: &str| {
                let place = (resident.who.id.clone(), metric.code(), day.to_string());
                let stored = blocks.get(&place).map(|values| values[column]);
                let served = truth[member].as_f64();
                // No block, no minute and a sum of zero say the same.
                if (stored.unwrap_or(0.0) - served.unwrap_or(0.0)).abs() > 0.06 {
                    let id = &resident.who.id;
                    wrong.push(format!("{id} {metric} {day}: stored {stored:?}, {member} is {served:?}"));
                }
            };
            check(Metric::Steps, 0, "steps");
            check(Metric::ActiveZoneMinutes, 0, "active_zone_minutes");
            // Fitbit rounds each minute's mean, and on a journey nobody knows when the clock changed.
            if resident.provider == ProviderKey::GoogleHealth && truth["minutes"] == 1440 {
                check(Metric::HeartRate, 1, "heart_rate_min");
                check(Metric::HeartRate, 2, "heart_rate_max");
            }
        }
    }
    Ok((compared, wrong))
}

/// The first minute of a day at which two databases differ.
async fn first_sample(tried: &Store, calm: &Store, place: &Place) -> anyhow::Result<String> {
    let Some(metric) = Metric::from_code(place.1) else { return Ok("unknown metric".to_owned()) };
    let day: Date = place.2.parse()?;
    let middle = EpochMs::from(day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC)?.timestamp());
    let span = (middle.plus(-26 * 3_600_000), middle.plus(26 * 3_600_000));
    let mut sides = Vec::new();
    for store in [tried, calm] {
        let user = store.user_by_email_or_code(&place.0).await?;
        let Some(user) = user else { return Ok("the person is missing".to_owned()) };
        let Some(person) = store.person(&Viewer::system(), user.id).await? else {
            return Ok("the person is missing".to_owned());
        };
        sides.push(person.series(metric, span, 4_000, None).await?);
    }
    let (have, want) = (&sides[0], &sides[1]);
    let shown = |side: &pulsekeep_store::person::SeriesBuckets, i: usize| {
        let value = side.sum.as_ref().or(side.mean.as_ref()).and_then(|column| column[i]);
        value.map_or_else(|| "nothing".to_owned(), |value| format!("{value} of {}", side.count[i]))
    };
    let differs = |i: &usize| {
        have.count[*i] != want.count[*i]
            || have.sum != want.sum && shown(have, *i) != shown(want, *i)
            || have.min.as_ref().map(|c| c[*i]) != want.min.as_ref().map(|c| c[*i])
            || have.max.as_ref().map(|c| c[*i]) != want.max.as_ref().map(|c| c[*i])
    };
    let indices: Vec<usize> = (0..have.start.len().min(want.start.len())).filter(differs).collect();
    Ok(match indices.first() {
        None => "the samples around it are equal; the blocks differ".to_owned(),
        Some(&i) => format!(
            "{} minutes differ, first at {}: stored {}, served {}",
            indices.len(),
            have.start[i],
            shown(have, i),
            shown(want, i)
        ),
    })
}
