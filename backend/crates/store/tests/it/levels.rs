//! A series is what its samples add up to, however it is read: from summaries, levels or blocks.

use std::sync::Arc;

use jiff::civil::date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    observation::SampleValues,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::{
    Person,
    block::{Block, BlockError, runs_of},
    ingest::{Replace, ResolvedSamples},
    person::{SampleRange, SeriesBuckets},
};
use pulsekeep_testkit::{TestDatabase, at, build, on_each_engine};

use crate::blocks::{Owner, owner, replace};

/// Samples of 40 days by minutes with holes, across a change of the clock and a zone of half an hour.
fn samples(metric: Metric) -> ResolvedSamples {
    let start = at("2026-10-10T00:00:00Z");
    let (first, second) = (start.plus(15 * DAY_MS + HOUR_MS).0, start.plus(30 * DAY_MS + 9 * MINUTE_MS).0);
    let kept = |i: &i64| i % 1440 > 200 && i % 97 != 0 && !(20_000..26_000).contains(i);
    let at: Vec<i64> = (0..40 * 1440).filter(kept).map(|i| start.plus(i * MINUTE_MS).0).collect();
    let offset = |at: i64| match at {
        at if at < first => 7_200,
        at if at < second => 3_600,
        _ => 19_800,
    };
    let offsets = runs_of(at.iter().map(|&at| offset(at)));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let value = |at: i64, by: i64| ((at / MINUTE_MS * by) % 89) as f64;
    let column = |by: i64| -> Vec<f64> { at.iter().map(|&at| value(at, by)).collect() };
    let values = match metric {
        Metric::Steps => SampleValues::Single(column(7)),
        _ => {
            let mean = column(7);
            let min = mean.iter().map(|v| v - 3.0).collect();
            let max = mean.iter().zip(&column(11)).map(|(v, up)| v + up).collect();
            SampleValues::MinMeanMax { min, mean, max }
        }
    };
    ResolvedSamples { metric, block: Block { interval_ms: MINUTE_MS, at, offsets, values } }
}

async fn person(db: &TestDatabase, owner: &Owner) -> Person {
    db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap()
}

async fn fill(db: &TestDatabase, owner: &Owner, samples: &ResolvedSamples) {
    let days = DayRange { start: date(2026, 10, 1), end: date(2026, 12, 31) };
    replace(db, owner, samples, Replace::Days(days)).await;
}

/// The same series, counted sample by sample: (count, sum, min, max) of each bucket.
fn naive(
    samples: &ResolvedSamples,
    (from, to): (EpochMs, EpochMs),
    found: &SeriesBuckets,
) -> Vec<(u32, f64, f64, f64)> {
    let mut buckets = vec![(0, 0.0, f64::INFINITY, f64::NEG_INFINITY); found.start.len()];
    let (min, mean, max) = match &samples.block.values {
        SampleValues::Single(values) => (values, values, values),
        SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
    };
    for (i, &at) in samples.block.at.iter().enumerate() {
        if (from.0..to.0).contains(&at) {
            let bucket = &mut buckets[usize::try_from((at - from.0) / found.resolution_ms).unwrap()];
            *bucket = (bucket.0 + 1, bucket.1 + mean[i], bucket.2.min(min[i]), bucket.3.max(max[i]));
        }
    }
    buckets
}

fn assert_same(samples: &ResolvedSamples, range: (EpochMs, EpochMs), found: &SeriesBuckets) {
    for (i, (count, sum, min, max)) in naive(samples, range, found).into_iter().enumerate() {
        let some = |value: f64| (count > 0).then_some(value);
        let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-6,
            (a, b) => a == b,
        };
        assert_eq!(found.count[i], count, "bucket {i} of {range:?}");
        if let Some(sums) = &found.sum {
            assert!(near(sums[i], some(sum)), "bucket {i} of {range:?}: {:?}, not {sum}", sums[i]);
        }
        if let (Some(least), Some(mean), Some(most)) = (&found.min, &found.mean, &found.max) {
            assert_eq!((least[i], most[i]), (some(min), some(max)), "bucket {i} of {range:?}");
            assert!(near(mean[i], some(sum / f64::from(count))), "bucket {i} of {range:?}");
        }
    }
}

async fn compare(db: Arc<TestDatabase>, metric: Metric) {
    let owner = owner(&db).await;
    let samples = samples(metric);
    fill(&db, &owner, &samples).await;
    let start = at("2026-10-10T00:00:00Z");
    let shifts = [0, -2 * HOUR_MS, 30 * MINUTE_MS, 5 * DAY_MS + 13 * MINUTE_MS, 17 * DAY_MS + 1];
    let lengths = [40 * DAY_MS, 21 * DAY_MS + 7, 9 * DAY_MS, 26 * HOUR_MS];
    for forgotten in [false, true] {
        if forgotten {
            // As rows of an earlier version are.
            db.execute("UPDATE sample_block SET levels = NULL, digest = NULL").await;
        }
        let person = person(&db, &owner).await;
        for from in shifts.map(|shift| start.plus(shift)) {
            for to in lengths.map(|length| from.plus(length)) {
                for points in [5_000, 900, 200, 40, 7, 1] {
                    let found = person.series(metric, (from, to), points, None).await.unwrap();
                    assert!(found.start.len() <= points && found.problems.is_empty());
                    assert_same(&samples, (from, to), &found);
                }
            }
        }
    }
}

on_each_engine! {
    async fn sums_are_those_of_the_samples(db) {
        compare(db, Metric::Steps).await;
    }

    async fn minima_means_and_maxima_are_those_of_the_samples(db) {
        compare(db, Metric::HeartRate).await;
    }

    async fn a_day_that_cannot_be_read_is_named_and_the_rest_is_there(db) {
        let owner = owner(&db).await;
        let samples = samples(Metric::Steps);
        fill(&db, &owner, &samples).await;
        let hex = |hex: &str| match db.engine() {
            pulsekeep_store::Engine::Sqlite => format!("x'{hex}'"),
            pulsekeep_store::Engine::Postgres => format!("'\\x{hex}'"),
        };
        for (day, bytes) in [("2026-10-12", "0102"), ("2026-10-14", "6302")] {
            let set = format!("body = {}, levels = NULL", hex(bytes));
            db.execute(&format!("UPDATE sample_block SET {set} WHERE day = '{day}'")).await;
        }
        let person = person(&db, &owner).await;
        let range = (at("2026-10-11T00:00:00Z"), at("2026-10-16T00:00:00Z"));
        for points in [5_000, 30] {
            let series = person.series(Metric::Steps, range, points, None).await.unwrap();
            let problems: Vec<_> = series.problems.iter().map(|p| (p.day, p.error.clone())).collect();
            assert_eq!(problems.len(), 2, "{problems:?}");
            assert_eq!(problems[0].0, date(2026, 10, 12));
            assert!(matches!(problems[0].1, BlockError::Damaged(_)));
            assert_eq!(problems[1], (date(2026, 10, 14), BlockError::LaterFormat(99)));
            assert!(series.count.iter().sum::<u32>() > 3_000, "the other days");
        }
        let (looked_at, found) = db.store().unreadable_blocks().await.unwrap();
        assert!(looked_at > 30);
        let found: Vec<_> = found.iter().map(|b| (b.code.as_str(), b.metric, b.day)).collect();
        assert_eq!(found, [("ada", Metric::Steps, date(2026, 10, 12)), ("ada", Metric::Steps, date(2026, 10, 14))]);

        // What is fetched again as a whole is mended; a part of it is not, since the rest would be lost.
        let tx = db.store().write().await.unwrap();
        let part = Replace::Instants(at("2026-10-12T08:00:00Z"), at("2026-10-12T09:00:00Z"));
        let refused = tx.replace_samples(owner.user, owner.stream, &samples, part).await.unwrap_err();
        assert!(refused.to_string().contains("2026-10-12"), "{refused}");
        drop(tx);
        fill(&db, &owner, &samples).await;
        assert_eq!(db.store().unreadable_blocks().await.unwrap().1, []);
        let series = person.series(Metric::Steps, range, 30, None).await.unwrap();
        assert_same(&samples, range, &series);
    }

    async fn the_same_samples_have_the_same_version_and_others_another(db) {
        use sha2::{Digest as _, Sha256};
        let owner = owner(&db).await;
        let samples = samples(Metric::Steps);
        fill(&db, &owner, &samples).await;
        let person = person(&db, &owner).await;
        let days = DayRange { start: date(2026, 10, 1), end: date(2026, 12, 31) };
        let version = async || {
            let mut hash = Sha256::new();
            person.hash_versions(Metric::Steps, SampleRange::Days(days), days, &mut hash).await.unwrap();
            hash.finalize()
        };
        let before = version().await;
        // Rows of an earlier version have no digest.
        db.execute("UPDATE sample_block SET digest = NULL WHERE day < '2026-10-20'").await;
        assert_eq!(version().await, before);
        fill(&db, &owner, &samples).await;
        assert_eq!(version().await, before);
        let more = build::minutes(Metric::Steps, at("2026-10-20T08:00:00Z"), 1, 7_200, 5_000.0);
        replace(&db, &owner, &more, Replace::Instants(at("2026-10-20T08:00:00Z"), at("2026-10-20T08:01:00Z"))).await;
        assert_ne!(version().await, before);
    }
}
