//! Reads an answer batch after batch.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    metric::Aggregation,
    time::{DayRange, add_days},
};
use pulsekeep_store::{
    Store,
    person::{DaySummary, Person, SampleRange, StoredDay},
};

use crate::{
    ExportError, SeriesQuestion, Table,
    question::Rows,
    rows::{Row, RowBuilder},
    table::epoch_day,
};

/// Rows that a batch has, more or less.
const BATCH_ROWS: i64 = 32_768;
/// Days that are read at first, and at most, where they are samples.
const FIRST_DAYS: i64 = 32;
const MOST_SAMPLE_DAYS: i64 = 92;
/// Days that are read at once where a row is a day.
const DAYS_AT_ONCE: i64 = 400;

/// Reads the answer to a question: people in their order, in it metrics in theirs, in it by time. What is held in memory
/// is one batch.
#[derive(Debug)]
pub struct SeriesReader {
    store: Store,
    question: SeriesQuestion,
    table: Table,
    at: Option<Place>,
    next_person: usize,
}

/// A person whose metrics are being read.
#[derive(Debug)]
struct Place {
    person: Person,
    reach: HashMap<Metric, DayRange>,
    user: usize,
    metric: usize,
    /// What is left of the metric's days; `None` before it was begun.
    days: Option<DayRange>,
    /// Days to be read next.
    pace: i64,
}

/// The rows of a step, before they are built.
enum Found {
    Blocks(Vec<StoredDay>),
    Days(Vec<(Date, Option<f64>)>, HashMap<Date, DaySummary>),
}

impl SeriesReader {
    /// A reader at the beginning of the answer.
    #[must_use]
    pub fn new(store: Store, question: SeriesQuestion) -> Self {
        let table = question.table();
        Self { store, question, table, at: None, next_person: 0 }
    }

    /// The columns of the batches.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The next rows, at least one; `None` at the end.
    ///
    /// # Errors
    /// The store's own; a person who has gone.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, ExportError> {
        loop {
            let Some(place) = &mut self.at else {
                let Some(person) = self.question.person(&self.store, self.next_person).await? else {
                    return Ok(None);
                };
                let reach = person.reach().await?;
                let user = self.next_person;
                self.at = Some(Place { person, reach, user, metric: 0, days: None, pace: FIRST_DAYS });
                self.next_person += 1;
                continue;
            };
            let Some(&metric) = self.question.metrics.get(place.metric) else {
                self.at = None;
                continue;
            };
            let within = self.question.days_within(place.reach.get(&metric).copied());
            let left = place.days.unwrap_or(within);
            if left.is_empty() {
                (place.metric, place.days, place.pace) = (place.metric + 1, None, FIRST_DAYS);
                continue;
            }
            let rows = self.question.rows(metric);
            let length = if rows == Rows::Days { DAYS_AT_ONCE } else { place.pace };
            let piece = DayRange { start: left.start, end: add_days(left.start, length).min(left.end) };
            place.days = Some(DayRange { start: piece.end, ..left });
            let found = place.read(metric, self.question.range, piece, rows).await?;
            let samples = found.samples();
            let pace = piece.len().saturating_mul(BATCH_ROWS) / samples.max(1);
            place.pace = pace.clamp(1, MOST_SAMPLE_DAYS);
            let built = build(found, &place.person, metric, (self.question.range, rows)).await?;
            if built.len() > 0 {
                return Ok(Some(self.table.batch((place.user, place.metric), built)?));
            }
        }
    }
}

impl Place {
    async fn read(
        &self,
        metric: Metric,
        range: SampleRange,
        days: DayRange,
        rows: Rows,
    ) -> Result<Found, ExportError> {
        if rows != Rows::Days {
            return Ok(Found::Blocks(self.person.stored_days(metric, range, days).await?));
        }
        let daily = self.person.daily(&[metric], days, None).await?.remove(0);
        let summaries = match metric.has_samples() {
            true => self.person.day_summaries(metric, days).await?,
            false => Vec::new(),
        };
        let summaries = summaries.into_iter().map(|summary| (summary.day, summary)).collect();
        Ok(Found::Days(daily.days.into_iter().zip(daily.values).collect(), summaries))
    }
}

impl Found {
    fn samples(&self) -> i64 {
        match self {
            Self::Blocks(days) => days.iter().map(|day| i64::from(day.samples)).sum(),
            Self::Days(days, _) => i64::try_from(days.len()).unwrap_or(0),
        }
    }
}

/// Makes rows, off the threads that wait for others where there is something to decode.
async fn build(
    found: Found,
    person: &Person,
    metric: Metric,
    (range, rows): (SampleRange, Rows),
) -> Result<RowBuilder, ExportError> {
    let aggregation = metric.spec().aggregation;
    match found {
        Found::Days(days, summaries) => Ok(day_rows(person, aggregation, &days, &summaries)),
        Found::Blocks(days) => {
            let person = person.clone();
            let work = move || block_rows(&person, &days, range, (rows, aggregation));
            tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::Encoder)
        }
    }
}

fn block_rows(
    person: &Person,
    days: &[StoredDay],
    range: SampleRange,
    (rows, aggregation): (Rows, Aggregation),
) -> RowBuilder {
    let instants = match range {
        SampleRange::Days(_) => (i64::MIN, i64::MAX),
        SampleRange::Instants(from, to) => (from.0, to.0),
    };
    let mut built = RowBuilder::default();
    for stored in days {
        let day = epoch_day(stored.day);
        match (stored.decode(), rows) {
            (Ok(block), Rows::Stretches(length)) => {
                built.stretches(day, &block, instants, (length, aggregation));
            }
            (Ok(block), _) => built.samples(day, &block, instants),
            (Err(problem), _) => {
                let begins = person.day_bounds(stored.day).0;
                built.unreadable(&problem, (begins.0, person.timeline().offset_at(begins)));
            }
        }
    }
    built
}

fn day_rows(
    person: &Person,
    aggregation: Aggregation,
    days: &[(Date, Option<f64>)],
    summaries: &HashMap<Date, DaySummary>,
) -> RowBuilder {
    let mut built = RowBuilder::default();
    for (day, value) in days {
        let summary = summaries.get(day);
        if value.is_none() && summary.is_none() {
            continue;
        }
        let begins = person.day_bounds(*day).0;
        let extremes = summary.filter(|_| aggregation != Aggregation::Sum).map(|s| (s.min, s.max));
        let row = Row {
            time: begins.0,
            offset: person.timeline().offset_at(begins),
            count: summary.map(|summary| summary.count),
            value: *value,
            extremes,
            problem: None,
        };
        built.row(epoch_day(*day), row);
    }
    built
}
