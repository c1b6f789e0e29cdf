//! What stands for the content of a person's days, read without decoding a sample.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    time::{DayRange, add_days},
};
use pulsekeep_store::{
    StoreError,
    person::{Exercise, Person, SleepSession},
};
use sha2::{Digest, Sha256};

use super::Dataset;
use crate::ExportError;

/// Days that are read at once.
const AT_ONCE: i64 = 400;
/// Exercises that are read at once.
const EXERCISES: u64 = 500;

/// A day of a dataset that has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayState {
    pub(crate) day: Date,
    /// Stands for its content.
    pub(crate) version: [u8; 16],
}

fn digest(feed: impl FnOnce(&mut Sha256)) -> [u8; 16] {
    let mut hash = Sha256::new();
    feed(&mut hash);
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

/// The days of `days` that have something of a dataset, in order.
pub(crate) async fn versions(
    person: &Person,
    dataset: Dataset,
    days: DayRange,
) -> Result<Vec<DayState>, ExportError> {
    let mut found = Vec::new();
    let mut start = days.start;
    while start < days.end {
        let piece = DayRange { start, end: add_days(start, AT_ONCE).min(days.end) };
        match dataset {
            Dataset::Samples(metric) => found.extend(of_samples(person, metric, piece).await?),
            Dataset::Days(metric) => found.extend(of_days(person, metric, piece).await?),
            Dataset::Sleep | Dataset::SleepStages => {
                let nights = nights(person, piece).await?.into_iter();
                found.extend(by_day(nights.map(|night| (night.day, format!("{night:?}")))));
            }
            Dataset::Exercises => {
                let exercises = exercises(person, piece).await?.into_iter();
                found.extend(by_day(exercises.map(|exercise| (exercise.day, shown(&exercise)))));
            }
        }
        start = piece.end;
    }
    Ok(found)
}

/// What is exported of an exercise: a route that was fetched later is no change.
fn shown(exercise: &Exercise) -> String {
    format!("{:?}", Exercise { route: None, ..exercise.clone() })
}

fn by_day(rows: impl Iterator<Item = (Date, String)>) -> Vec<DayState> {
    let mut days: BTreeMap<Date, Sha256> = BTreeMap::new();
    for (day, text) in rows {
        let hash = days.entry(day).or_default();
        hash.update(text);
        hash.update([0]);
    }
    let state =
        |(day, hash): (Date, Sha256)| DayState { day, version: digest(|all| all.update(hash.finalize())) };
    days.into_iter().map(state).collect()
}

async fn of_samples(person: &Person, metric: Metric, days: DayRange) -> Result<Vec<DayState>, ExportError> {
    let versions = person.day_versions(metric, days).await?;
    let state = |version: pulsekeep_store::person::DayVersion| DayState {
        day: version.day,
        version: digest(|hash| {
            hash.update(version.stream.to_le_bytes());
            hash.update(version.digest.to_le_bytes());
            hash.update(version.samples.to_le_bytes());
        }),
    };
    Ok(versions.into_iter().map(state).collect())
}

async fn of_days(person: &Person, metric: Metric, days: DayRange) -> Result<Vec<DayState>, ExportError> {
    let samples: BTreeMap<Date, [u8; 16]> = match metric.has_samples() {
        true => {
            of_samples(person, metric, days).await?.into_iter().map(|day| (day.day, day.version)).collect()
        }
        false => BTreeMap::new(),
    };
    let daily = person.daily(&[metric], days, None).await?.remove(0);
    let mut found = Vec::new();
    for (day, value) in daily.days.iter().zip(&daily.values) {
        let samples = samples.get(day);
        if value.is_none() && samples.is_none() {
            continue;
        }
        // A day begins by the person's clock, which may be learnt later.
        let begins = person.day_bounds(*day).0;
        let version = digest(|hash| {
            hash.update(value.map_or([0xff; 8], |value| value.to_bits().to_le_bytes()));
            hash.update(begins.0.to_le_bytes());
            hash.update(person.timeline().offset_at(begins).to_le_bytes());
            hash.update(samples.copied().unwrap_or_default());
        });
        found.push(DayState { day: *day, version });
    }
    Ok(found)
}

/// Nights by day of waking. A day with one that cannot be read is left out, and the log has it: the other days are
/// exported all the same.
pub(super) async fn nights(person: &Person, days: DayRange) -> Result<Vec<SleepSession>, ExportError> {
    match person.sleep(days).await {
        Err(StoreError::Damaged { .. }) => {}
        other => return Ok(other?),
    }
    let mut nights = Vec::new();
    for day in days.days() {
        match person.sleep(DayRange::one(day)).await {
            Err(StoreError::Damaged { .. }) => {
                tracing::warn!(user = %person.user().id, %day, "a night cannot be read and is not exported");
            }
            other => nights.extend(other?),
        }
    }
    Ok(nights)
}

/// Exercises, the earliest first.
pub(super) async fn exercises(person: &Person, days: DayRange) -> Result<Vec<Exercise>, ExportError> {
    let mut all: Vec<Exercise> = Vec::new();
    loop {
        let more = person.exercises(days, all.last().map(|last| last.id), EXERCISES).await?;
        let is_last = (more.len() as u64) < EXERCISES;
        all.extend(more);
        if is_last {
            all.reverse();
            return Ok(all);
        }
    }
}
