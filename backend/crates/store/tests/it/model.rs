//! Any sequence of window replacements leaves what a map from instant to value would hold.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::date;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    time::{DAY_MS, DayRange, MINUTE_MS, add_days},
};
use pulsekeep_store::ingest::Replace;
use pulsekeep_testkit::{TestDatabase, at, build, on_each_engine};

use crate::blocks::{Owner, owner, replace};

/// Windows lie in these days.
const DAYS: i64 = 4;
/// Sequences that are tried on each engine.
const SEQUENCES: usize = 12;

/// One fetch: a window and what was in it.
#[derive(Debug, Clone)]
struct Fetch {
    /// By civil days or by instants.
    by_days: bool,
    /// Start and length: days, or quarters of an hour.
    start: i64,
    length: i64,
    /// Hours east of UTC, of all its samples.
    hours: i32,
    /// Quarter of an hour within the window, and value. Some lie outside of it.
    samples: Vec<(i64, i32)>,
}

fn fetch() -> impl Strategy<Value = Fetch> {
    let samples = prop::collection::btree_map(-4..200_i64, 0..100, 0..40);
    (any::<bool>(), 0..DAYS, 1..3_i64, 0..96_i64, -9..9_i32, samples).prop_map(
        |(by_days, day, length, quarter, hours, samples)| {
            let (start, length) = if by_days { (day, length) } else { (day * 96 + quarter, length * 40) };
            Fetch { by_days, start, length, hours, samples: samples.into_iter().collect() }
        },
    )
}

fn origin() -> EpochMs {
    at("2026-11-01T00:00:00Z")
}

const QUARTER: i64 = 15 * MINUTE_MS;

/// Instant, offset and value of the samples that the answer to `fetch` holds.
fn points(fetch: &Fetch) -> Vec<(EpochMs, i32, f64)> {
    let offset = fetch.hours * 3600;
    let start = match fetch.by_days {
        // Midnight of the first day by the samples' own clock.
        true => origin().plus(fetch.start * DAY_MS - i64::from(offset) * 1000),
        false => origin().plus(fetch.start * QUARTER),
    };
    let point = |&(quarter, value): &(i64, i32)| (start.plus(quarter * QUARTER), offset, f64::from(value));
    fetch.samples.iter().map(point).collect()
}

/// The civil day of a sample.
fn day(at: EpochMs, offset: i32) -> jiff::civil::Date {
    at.civil(offset).date()
}

/// What the store must hold afterwards: instant → (offset, value).
fn model(fetches: &[Fetch]) -> BTreeMap<EpochMs, (i32, f64)> {
    let mut held: BTreeMap<EpochMs, (i32, f64)> = BTreeMap::new();
    for fetch in fetches {
        match window(fetch) {
            Replace::Days(days) => {
                held.retain(|at, (offset, _)| !days.contains(day(*at, *offset)));
                for (at, offset, value) in points(fetch) {
                    if days.contains(day(at, offset)) {
                        held.insert(at, (offset, value));
                    }
                }
            }
            Replace::Instants(from, to) => {
                held.retain(|at, _| *at < from || *at >= to);
                for (at, offset, value) in points(fetch) {
                    if at >= from && at < to {
                        held.insert(at, (offset, value));
                    }
                }
            }
        }
    }
    held
}

fn window(fetch: &Fetch) -> Replace {
    if fetch.by_days {
        let start = add_days(date(2026, 11, 1), fetch.start);
        Replace::Days(DayRange { start, end: add_days(start, fetch.length) })
    } else {
        let start = origin().plus(fetch.start * QUARTER);
        Replace::Instants(start, start.plus(fetch.length * QUARTER))
    }
}

async fn held_by_store(db: &TestDatabase, owner: &Owner) -> BTreeMap<EpochMs, f64> {
    let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
    let range = (origin().plus(-3 * DAY_MS), origin().plus((DAYS + 6) * DAY_MS));
    let series = person.series(Metric::Steps, range, 1_000_000, Some(owner.stream)).await.unwrap();
    let sums = series.sum.unwrap();
    series.start.into_iter().zip(sums).filter_map(|(start, sum)| Some((start, sum?))).collect()
}

async fn check(db: Arc<TestDatabase>) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let owner = owner(&db).await;
    for _ in 0..SEQUENCES {
        db.execute("DELETE FROM sample_block").await;
        let fetches = prop::collection::vec(fetch(), 1..12).new_tree(&mut runner).unwrap().current();
        for fetch in &fetches {
            replace(&db, &owner, &build::samples(Metric::Steps, &points(fetch)), window(fetch)).await;
        }
        let expected = model(&fetches);
        let values: BTreeMap<EpochMs, f64> = expected.iter().map(|(at, held)| (*at, held.1)).collect();
        assert_eq!(held_by_store(&db, &owner).await, values, "{fetches:#?}");
        let mut days: BTreeMap<String, i32> = BTreeMap::new();
        for (at, (offset, _)) in expected {
            *days.entry(day(at, offset).to_string()).or_default() += 1;
        }
        let blocks = db.texts("SELECT day || ' ' || samples FROM sample_block ORDER BY day").await;
        let by_day: Vec<String> = days.iter().map(|(day, count)| format!("{day} {count}")).collect();
        assert_eq!(blocks, by_day, "{fetches:#?}");
    }
}

on_each_engine! {
    async fn replacements_equal_the_naive_model(db) {
        check(db).await;
    }
}
