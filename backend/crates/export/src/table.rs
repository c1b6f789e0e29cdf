//! The columns of an answer.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, DictionaryArray, Float64Array, Int32Array, PrimitiveArray, RecordBatch,
    StringArray, TimestampMillisecondArray, UInt32Array,
    types::{ArrowDictionaryKeyType, Int8Type, Int32Type},
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::civil::{Date, date};
use pulsekeep_core::{Metric, time::days_between};
use pulsekeep_store::block::BlockError;

use crate::{ExportError, rows::RowBuilder};

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One sample, or a day of a metric that has nothing finer.
    Samples,
    /// A stretch of time, with the number of samples in it.
    Levels,
}

/// Reasons in the column `problem`, by their keys.
const PROBLEMS: [&str; 2] = ["damaged", "later_format"];

/// The columns of an answer: `user`, `metric`, `unit`, `day` (the civil day), `time` (the instant at which the row
/// begins, UTC), `offset_s` (seconds east of UTC), `count` (levels alone), `value`, `min`, `max` and `problem`.
///
/// Texts are dictionaries that are the same in every batch, so that a stream writes them once.
#[derive(Debug, Clone)]
pub struct Table {
    /// What a row stands for.
    pub shape: Shape,
    /// The schema of every batch.
    pub schema: SchemaRef,
    metrics: Vec<Metric>,
    units: Vec<&'static str>,
    user_names: ArrayRef,
    metric_names: ArrayRef,
    unit_names: ArrayRef,
    problem_names: ArrayRef,
}

fn names(words: impl IntoIterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(words))
}

fn dictionary(key: DataType) -> DataType {
    DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8))
}

impl Table {
    /// The columns for these people, by their codes, and metrics.
    #[must_use]
    pub fn new(shape: Shape, users: impl IntoIterator<Item = String>, metrics: &[Metric]) -> Self {
        let mut units: Vec<&'static str> = Vec::new();
        for metric in metrics {
            let unit = metric.spec().unit.symbol();
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        let mut fields = vec![
            Field::new("user", dictionary(DataType::Int32), false),
            Field::new("metric", dictionary(DataType::Int8), false),
            Field::new("unit", dictionary(DataType::Int8), false),
            Field::new("day", DataType::Date32, false),
            Field::new("time", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
            Field::new("offset_s", DataType::Int32, false),
        ];
        if shape == Shape::Levels {
            fields.push(Field::new("count", DataType::UInt32, true));
        }
        let values = ["value", "min", "max"].map(|name| Field::new(name, DataType::Float64, true));
        fields.extend(values);
        fields.push(Field::new("problem", dictionary(DataType::Int8), true));
        Self {
            shape,
            schema: Arc::new(Schema::new(fields)),
            user_names: names(users),
            metric_names: names(metrics.iter().map(|metric| metric.key())),
            unit_names: names(&units),
            problem_names: names(PROBLEMS),
            metrics: metrics.to_vec(),
            units,
        }
    }

    /// The unit of all values, where it is one.
    #[must_use]
    pub fn single_unit(&self) -> Option<&'static str> {
        match self.units[..] {
            [unit] => Some(unit),
            _ => None,
        }
    }

    /// The rows of one person and metric, by their places in the table, as a batch.
    pub(crate) fn batch(
        &self,
        (user, metric): (usize, usize),
        rows: RowBuilder,
    ) -> Result<RecordBatch, ExportError> {
        let length = rows.len();
        let unit = self.metrics[metric].spec().unit.symbol();
        let unit = self.units.iter().position(|known| *known == unit).unwrap_or(0);
        let mut columns = vec![
            constant::<Int32Type>(user, length, &self.user_names)?,
            constant::<Int8Type>(metric, length, &self.metric_names)?,
            constant::<Int8Type>(unit, length, &self.unit_names)?,
            Arc::new(Date32Array::from(rows.day)) as ArrayRef,
            Arc::new(TimestampMillisecondArray::from(rows.time).with_timezone("UTC")),
            Arc::new(Int32Array::from(rows.offset)),
        ];
        if self.shape == Shape::Levels {
            columns.push(Arc::new(UInt32Array::from(rows.count)));
        }
        let mut values = [rows.value, rows.min, rows.max];
        columns.extend(values.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        let problems = PrimitiveArray::<Int8Type>::from(rows.problem);
        columns.push(Arc::new(DictionaryArray::new(problems, self.problem_names.clone())));
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// A dictionary column that holds one word throughout.
fn constant<K: ArrowDictionaryKeyType>(
    key: usize,
    length: usize,
    words: &ArrayRef,
) -> Result<ArrayRef, ExportError>
where
    K::Native: TryFrom<usize>,
{
    let key = K::Native::try_from(key).map_err(|_| arrow_schema::ArrowError::DictionaryKeyOverflowError)?;
    let keys = PrimitiveArray::<K>::from_value(key, length);
    Ok(Arc::new(DictionaryArray::<K>::try_new(keys, words.clone())?))
}

/// The key of an error in the column `problem`.
pub(crate) fn problem_key(error: &BlockError) -> i8 {
    match error {
        BlockError::Damaged(_) => 0,
        BlockError::LaterFormat(_) => 1,
    }
}

/// Days since 1970-01-01.
pub(crate) fn epoch_day(day: Date) -> i32 {
    i32::try_from(days_between(date(1970, 1, 1), day)).unwrap_or(0)
}

/// The column of a batch by its name.
pub(crate) fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, ExportError> {
    let found = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<T>());
    Ok(found.ok_or_else(|| arrow_schema::ArrowError::SchemaError(format!("no column {name}")))?)
}

pub(crate) type Values = Float64Array;
