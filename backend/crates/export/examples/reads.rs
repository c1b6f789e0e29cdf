//! How long reads take: a person-year of minutes at 2,000 points, raw as Arrow, and an admin's home page of 100 people.
//!
//! `cargo run --release -p pulsekeep-export --example reads [-- postgres://…]`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::civil::date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Viewer},
    observation::SampleValues,
    time::{DAY_MS, DayRange, MINUTE_MS},
};
use pulsekeep_export::{ArrowSink, ParquetSink, Resolution, SeriesQuestion, SeriesReader, Sink as _};
use pulsekeep_store::{
    Person, Store,
    block::{Block, runs_of},
    ingest::{Replace, ResolvedSamples},
    person::SampleRange,
};
use pulsekeep_testkit::{TestDatabase, at, build};

const RUNS: usize = 9;
const PEOPLE: usize = 100;

/// The median of some runs.
async fn median<F: AsyncFn()>(run: F) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        run().await;
        times.push(start.elapsed());
    }
    times.sort();
    times[RUNS / 2]
}

fn year(metric: Metric, triple: bool) -> ResolvedSamples {
    let start = at("2026-01-01T00:00:00Z").0;
    let at: Vec<i64> = (0..365 * 1440).map(|i| start + i * MINUTE_MS).collect();
    let mut state = 7_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(u32::MAX >> 1)
    };
    let mut level = 70.0;
    let mean: Vec<f64> = at
        .iter()
        .map(|_| {
            level = (level + (noise() - 0.5) * 6.0 + (70.0 - level) * 0.02).clamp(45.0, 180.0);
            f64::round(level)
        })
        .collect();
    let offsets = runs_of(at.iter().map(|_| 0));
    let values = match triple {
        true => SampleValues::MinMeanMax {
            min: mean.iter().map(|v| v - (noise() * 5.0).round()).collect(),
            max: mean.iter().map(|v| v + (noise() * 7.0).round()).collect(),
            mean,
        },
        false => SampleValues::Single(mean),
    };
    ResolvedSamples { metric, block: Block { interval_ms: MINUTE_MS, at, offsets, values } }
}

async fn put(store: &Store, name: &str, samples: &[ResolvedSamples]) -> Person {
    let user = build::member(store, name).await;
    let link = build::link(store, user.id, ProviderKey::GoogleHealth, name).await;
    let (stream, precedence) = build::stream(store, user.id, link.id, ProviderKey::GoogleHealth).await;
    for samples in samples {
        let tx = store.write().await.unwrap();
        let days = DayRange { start: date(2026, 1, 1), end: date(2027, 1, 1) };
        let days = tx.replace_samples(user.id, stream, samples, Replace::Days(days)).await.unwrap();
        tx.choose_stream(user.id, samples.metric, &days, (stream, precedence)).await.unwrap();
        tx.commit().await.unwrap();
    }
    store.person(&Viewer::system(), user.id).await.unwrap().unwrap()
}

async fn one_person(store: &Store) {
    let person = put(store, "ann", &[year(Metric::HeartRate, true), year(Metric::Steps, false)]).await;
    let from = at("2026-01-01T00:00:00Z");
    let range = (from, from.plus(365 * DAY_MS));
    for metric in [Metric::HeartRate, Metric::Steps] {
        for (points, shift) in [(2_000, 0), (2_000, 7 * MINUTE_MS), (400, 0), (5_000, 0)] {
            let range = (range.0.plus(shift), range.1.plus(shift));
            let time = median(async || {
                let series = person.series(metric, range, points, None).await.unwrap();
                assert!(series.start.len() <= points && series.problems.is_empty());
            })
            .await;
            println!("{metric}, a year at {points} points from minute {}: {time:?}", shift / MINUTE_MS);
        }
        let day = (from.plus(100 * DAY_MS), from.plus(101 * DAY_MS));
        let time = median(async || drop(person.series(metric, day, 1500, None).await.unwrap())).await;
        println!("{metric}, a day by minutes: {time:?}");
        let question = SeriesQuestion {
            viewer: Viewer::system(),
            people: vec![person.user().clone()],
            metrics: vec![metric],
            range: SampleRange::Days(DayRange { start: date(2026, 1, 1), end: date(2027, 1, 1) }),
            resolution: Resolution::Raw,
        };
        let time = median(async || drop(question.version(store).await.unwrap())).await;
        println!("{metric}, version of a year: {time:?}");
        let time = median(async || {
            let mut reader = SeriesReader::new(store.clone(), question.clone());
            let mut sink = ArrowSink::new(Vec::new(), reader.table()).unwrap();
            while let Some(batch) = reader.next().await.unwrap() {
                sink.write(&batch).unwrap();
                sink.out().clear();
            }
            sink.finish().unwrap();
        })
        .await;
        println!("{metric}, a year raw as Arrow: {time:?}");
        let start = Instant::now();
        let mut reader = SeriesReader::new(store.clone(), question.clone());
        let mut sink = ParquetSink::new(Vec::new(), reader.table()).unwrap();
        while let Some(batch) = reader.next().await.unwrap() {
            sink.write(&batch).unwrap();
        }
        sink.finish().unwrap();
        println!("{metric}, a year raw as Parquet: {:?}, {} bytes", start.elapsed(), sink.out().len());
    }
}

/// People with a year of coverage, daily values and choices, written by SQL alone.
async fn home(db: &TestDatabase, store: &Store) {
    for n in 0..PEOPLE {
        let user = build::member(store, &format!("p{n}")).await;
        let link = build::link(store, user.id, ProviderKey::Fitbit, &format!("p{n}")).await;
        build::stream(store, user.id, link.id, ProviderKey::Fitbit).await;
    }
    let (day, numbers) = match db.engine() {
        pulsekeep_store::Engine::Sqlite => (
            "date('2026-01-01', d.n || ' days')",
            "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 364)",
        ),
        pulsekeep_store::Engine::Postgres => (
            "to_char(DATE '2026-01-01' + d.n::INT, 'YYYY-MM-DD')",
            "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 364)",
        ),
    };
    let each = "FROM stream s JOIN app_user u ON u.id = s.user_id AND u.code LIKE 'p%' CROSS JOIN n d CROSS JOIN n m WHERE m.n BETWEEN 1 AND 20";
    for insert in [
        format!(
            "INSERT INTO coverage (user_id, metric, stream_id, day, grain, state, checked_at) {numbers} SELECT s.user_id, m.n, s.id, {day}, 0, 'complete', 1 {each}"
        ),
        format!(
            "INSERT INTO day_choice (user_id, metric, day, stream_id, precedence) {numbers} SELECT s.user_id, m.n, {day}, s.id, 1 {each}"
        ),
        format!(
            "INSERT INTO daily_value (user_id, metric, day, stream_id, value) {numbers} SELECT s.user_id, m.n, {day}, s.id, d.n {each}"
        ),
    ] {
        db.execute(&insert).await;
    }
    if db.engine() == pulsekeep_store::Engine::Postgres {
        db.execute("ANALYZE").await;
    }
    let users =
        store.users(&pulsekeep_store::UserFilter { search: None, after: None, limit: 200 }).await.unwrap();
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let now: EpochMs = at("2026-12-31T12:00:00Z");
    for days in [14, 28] {
        let time = median(async || {
            let people = store.people(&Viewer::system(), &ids).await.unwrap();
            let people: Vec<Arc<Person>> = people.into_iter().map(Arc::new).collect();
            let found = store.summaries(&people, days, now).await.unwrap();
            assert_eq!(found.len(), people.len());
        })
        .await;
        println!("home page of {} people, {days} days: {time:?}", ids.len());
    }
}

#[tokio::main]
async fn main() {
    let db = match std::env::args().nth(1) {
        Some(server) => TestDatabase::postgres(&server).await,
        None => TestDatabase::sqlite().await,
    };
    let store = db.store();
    one_person(store).await;
    home(&db, store).await;
    db.remove().await;
}
