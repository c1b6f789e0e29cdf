//! Nights, their stages and exercises as rows: typed columns in Parquet, text in CSV.

use std::{io::Write, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    observation::{SleepKind, SleepLevel},
    time::add_days,
    timeline::OffsetTimeline,
};
use pulsekeep_store::person::{Exercise, SleepSession};

use super::Dataset;
use crate::{
    ExportError,
    csv::{Clock, text_cell, write_offset},
    identity::Identity,
    table::epoch_day,
};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Day,
    /// An instant with its offset: two columns.
    Time,
    Text,
    Flag,
    Whole,
    Number,
}

/// A column: its name, its unit, what it holds.
type Column = (&'static str, &'static str, Kind);

const SLEEP: &[Column] = &[
    ("day", "", Kind::Day),
    ("start", "", Kind::Time),
    ("end", "", Kind::Time),
    ("kind", "", Kind::Text),
    ("is_main", "", Kind::Flag),
    ("is_processed", "", Kind::Flag),
    ("asleep", "min", Kind::Whole),
    ("awake", "min", Kind::Whole),
    ("in_bed", "min", Kind::Whole),
    ("to_fall_asleep", "min", Kind::Whole),
    ("deep", "min", Kind::Whole),
    ("light", "min", Kind::Whole),
    ("rem", "min", Kind::Whole),
    ("wake_stage", "min", Kind::Whole),
];

const STAGES: &[Column] = &[
    ("day", "", Kind::Day),
    ("sleep_start", "", Kind::Time),
    ("start", "", Kind::Time),
    ("end", "", Kind::Time),
    ("level", "", Kind::Text),
    ("is_short_awakening", "", Kind::Flag),
];

const EXERCISE: &[Column] = &[
    ("day", "", Kind::Day),
    ("start", "", Kind::Time),
    ("end", "", Kind::Time),
    ("kind", "", Kind::Text),
    ("name", "", Kind::Text),
    ("active", "ms", Kind::Whole),
    ("distance", "m", Kind::Number),
    ("steps", "", Kind::Whole),
    ("energy", "kcal", Kind::Number),
    ("mean_heart_rate", "bpm", Kind::Number),
    ("elevation_gain", "m", Kind::Number),
    ("active_zone_minutes", "min", Kind::Whole),
    ("has_route", "", Kind::Flag),
];

/// A value of a row.
#[derive(Debug, Clone)]
enum Cell {
    Day(Date),
    Time(i64, i32),
    Text(Option<String>),
    Flag(bool),
    Whole(Option<i64>),
    Number(Option<f64>),
}

/// Rows of one kind with their day, ready to be written.
#[derive(Debug)]
pub(super) struct Rows {
    columns: &'static [Column],
    person: String,
    rows: Vec<Vec<Cell>>,
}

fn level_name(level: SleepLevel) -> &'static str {
    match level {
        SleepLevel::Awake => "awake",
        SleepLevel::Light => "light",
        SleepLevel::Deep => "deep",
        SleepLevel::Rem => "rem",
        SleepLevel::Asleep => "asleep",
        SleepLevel::Restless => "restless",
    }
}

impl Rows {
    /// A row a night.
    pub(super) fn nights(nights: &[SleepSession], identity: &Identity) -> Self {
        let row = |night: &SleepSession| {
            let summary = &night.summary;
            let kind = if night.kind == SleepKind::Classic { "classic" } else { "stages" };
            let mut row = vec![
                identity.day(night.day),
                identity.time(night.start, night.start_offset),
                identity.time(night.end, night.end_offset),
                Cell::Text(Some(kind.to_owned())),
                Cell::Flag(night.is_main),
                Cell::Flag(night.is_processed),
            ];
            let minutes = [summary.asleep, summary.awake, summary.in_bed, summary.to_fall_asleep];
            let stages = [summary.deep, summary.light, summary.rem, summary.wake_stage];
            row.extend(minutes.into_iter().chain(stages).map(Cell::Whole));
            row
        };
        Self { columns: SLEEP, person: identity.name.clone(), rows: nights.iter().map(row).collect() }
    }

    /// A row a stage, and a short awakening, which lies on top of the stages.
    pub(super) fn stages(nights: &[SleepSession], identity: &Identity, clock: &OffsetTimeline) -> Self {
        let mut rows = Vec::new();
        for night in nights {
            // When the clock changes in the night, the night itself does not tell at which instant.
            let is_one = night.start_offset == night.end_offset;
            let time = |at: EpochMs| {
                identity.time(at, if is_one { night.start_offset } else { clock.offset_at(at) })
            };
            let stages = night.stages.iter().map(|stage| (stage, false));
            for (stage, is_short) in stages.chain(night.short_awakenings.iter().map(|stage| (stage, true))) {
                rows.push(vec![
                    identity.day(night.day),
                    identity.time(night.start, night.start_offset),
                    time(EpochMs(stage.start)),
                    time(EpochMs(stage.end)),
                    Cell::Text(Some(level_name(stage.level).to_owned())),
                    Cell::Flag(is_short),
                ]);
            }
        }
        Self { columns: STAGES, person: identity.name.clone(), rows }
    }

    /// A row an exercise. The name is the person's own word: under a pseudonym it stays out.
    pub(super) fn exercises(exercises: &[Exercise], identity: &Identity) -> Self {
        let row = |exercise: &Exercise| {
            vec![
                identity.day(exercise.day),
                identity.time(exercise.start, exercise.start_offset),
                identity.time(exercise.end, exercise.end_offset),
                Cell::Text(Some(exercise.kind.clone())),
                Cell::Text((!identity.is_pseudonym).then(|| exercise.name.clone())),
                Cell::Whole(exercise.active_ms),
                Cell::Number(exercise.distance_m),
                Cell::Whole(exercise.steps),
                Cell::Number(exercise.energy_kcal),
                Cell::Number(exercise.mean_heart_rate),
                Cell::Number(exercise.elevation_gain_m),
                Cell::Whole(exercise.active_zone_minutes),
                Cell::Flag(exercise.has_route),
            ]
        };
        Self { columns: EXERCISE, person: identity.name.clone(), rows: exercises.iter().map(row).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// As CSV: header, then a line a row.
    pub(super) fn write_csv(&self, out: &mut impl Write) -> Result<(), ExportError> {
        let mut header = vec!["user".to_owned()];
        for (name, unit, kind) in self.columns {
            match (kind, *unit) {
                (Kind::Time, _) => header.extend([format!("{name}_local_time"), format!("{name}_utc_time")]),
                (_, "") => header.push((*name).to_owned()),
                (_, unit) => header.push(format!("{name} ({unit})")),
            }
        }
        let mut line = header.join(",").into_bytes();
        line.extend_from_slice(b"\r\n");
        let mut clock = Clock::default();
        for row in &self.rows {
            text_cell(&mut line, &self.person);
            for cell in row {
                line.push(b',');
                cell.write(&mut line, &mut clock)?;
            }
            line.extend_from_slice(b"\r\n");
        }
        Ok(out.write_all(&line)?)
    }

    /// As columns.
    pub(super) fn batch(&self) -> Result<RecordBatch, ExportError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (at, (_, _, kind)) in self.columns.iter().enumerate() {
            let cells = || self.rows.iter().map(|row| &row[at]);
            match kind {
                Kind::Day => {
                    columns.push(Arc::new(Date32Array::from_iter_values(cells().map(Cell::epoch_day))))
                }
                Kind::Time => {
                    let times =
                        TimestampMillisecondArray::from_iter_values(cells().map(|cell| cell.instant().0));
                    columns.push(Arc::new(times.with_timezone("UTC")));
                    columns
                        .push(Arc::new(Int32Array::from_iter_values(cells().map(|cell| cell.instant().1))));
                }
                Kind::Text => columns.push(Arc::new(StringArray::from_iter(cells().map(Cell::text)))),
                Kind::Flag => columns.push(Arc::new(BooleanArray::from_iter(cells().map(Cell::flag)))),
                Kind::Whole => columns.push(Arc::new(Int64Array::from_iter(cells().map(Cell::whole)))),
                Kind::Number => columns.push(Arc::new(Float64Array::from_iter(cells().map(Cell::number)))),
            }
        }
        Ok(RecordBatch::try_new(schema(self.columns), columns)?)
    }
}

/// The Parquet schema of a dataset of sessions; the person and the month stand in the path.
pub(super) fn schema_of(dataset: Dataset) -> SchemaRef {
    schema(match dataset {
        Dataset::SleepStages => STAGES,
        Dataset::Exercises => EXERCISE,
        _ => SLEEP,
    })
}

fn schema(columns: &[Column]) -> SchemaRef {
    let mut fields = Vec::new();
    for (name, unit, kind) in columns {
        let full = if unit.is_empty() { (*name).to_owned() } else { format!("{name}_{unit}") };
        match kind {
            Kind::Day => fields.push(Field::new(full, DataType::Date32, false)),
            Kind::Time => {
                let instant = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
                fields.push(Field::new(full.clone(), instant, false));
                fields.push(Field::new(format!("{full}_offset_s"), DataType::Int32, false));
            }
            Kind::Text => fields.push(Field::new(full, DataType::Utf8, true)),
            Kind::Flag => fields.push(Field::new(full, DataType::Boolean, true)),
            Kind::Whole => fields.push(Field::new(full, DataType::Int64, true)),
            Kind::Number => fields.push(Field::new(full, DataType::Float64, true)),
        }
    }
    Arc::new(Schema::new(fields))
}

impl Identity {
    fn day(&self, day: Date) -> Cell {
        Cell::Day(add_days(day, self.shift_days))
    }

    fn time(&self, at: EpochMs, offset: i32) -> Cell {
        Cell::Time(at.0 + self.shift_ms(), offset)
    }
}

impl Cell {
    fn write(&self, line: &mut Vec<u8>, clock: &mut Clock) -> Result<(), ExportError> {
        match self {
            Self::Day(day) => write!(line, "{day}")?,
            Self::Time(at, offset) => {
                clock.write(line, at + i64::from(*offset) * 1000);
                write_offset(line, *offset);
                line.push(b',');
                clock.write(line, *at);
                line.push(b'Z');
            }
            Self::Text(text) => text_cell(line, text.as_deref().unwrap_or_default()),
            Self::Flag(flag) => write!(line, "{flag}")?,
            Self::Whole(Some(value)) => write!(line, "{value}")?,
            Self::Number(Some(value)) => write!(line, "{value}")?,
            Self::Whole(None) | Self::Number(None) => {}
        }
        Ok(())
    }

    fn epoch_day(&self) -> i32 {
        if let Self::Day(day) = self { epoch_day(*day) } else { 0 }
    }

    fn instant(&self) -> (i64, i32) {
        if let Self::Time(at, offset) = self { (*at, *offset) } else { (0, 0) }
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { text.as_deref() } else { None }
    }

    fn flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    fn whole(&self) -> Option<i64> {
        if let Self::Whole(value) = self { *value } else { None }
    }

    fn number(&self) -> Option<f64> {
        if let Self::Number(value) = self { *value } else { None }
    }
}
