//! From blocks and days to rows.

use arrow_array::builder::Float64Builder;
use pulsekeep_core::{metric::Aggregation, observation::SampleValues};
use pulsekeep_store::{
    block::{Block, levels::cells_of},
    person::UnreadableDay,
};

use crate::table::{epoch_day, problem_key};

/// Rows of one person and metric in the making.
#[derive(Debug, Default)]
pub(crate) struct RowBuilder {
    pub(crate) day: Vec<i32>,
    pub(crate) time: Vec<i64>,
    pub(crate) offset: Vec<i32>,
    pub(crate) count: Vec<Option<u32>>,
    pub(crate) value: Float64Builder,
    pub(crate) min: Float64Builder,
    pub(crate) max: Float64Builder,
    pub(crate) problem: Vec<Option<i8>>,
}

/// A row that is not one sample.
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) offset: i32,
    pub(crate) count: Option<u32>,
    pub(crate) value: Option<f64>,
    pub(crate) extremes: Option<(f64, f64)>,
    pub(crate) problem: Option<i8>,
}

impl RowBuilder {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// The samples of a day from `from` to `to` (half-open instants), a row each.
    pub(crate) fn samples(&mut self, day: i32, block: &Block, (from, to): (i64, i64)) {
        let first = block.at.partition_point(|&at| at < from);
        let last = block.at.partition_point(|&at| at < to);
        let length = last - first;
        self.day.resize(self.day.len() + length, day);
        self.time.extend_from_slice(&block.at[first..last]);
        for (run, &(begin, offset)) in block.offsets.iter().enumerate() {
            let end = block.offsets.get(run + 1).map_or(block.len(), |next| next.0);
            let within = end.clamp(first, last) - begin.clamp(first, last);
            self.offset.resize(self.offset.len() + within, offset);
        }
        match &block.values {
            SampleValues::Single(values) => {
                self.value.append_slice(&values[first..last]);
                self.min.append_nulls(length);
                self.max.append_nulls(length);
            }
            SampleValues::MinMeanMax { min, mean, max } => {
                self.value.append_slice(&mean[first..last]);
                self.min.append_slice(&min[first..last]);
                self.max.append_slice(&max[first..last]);
            }
        }
        self.problem.resize(self.problem.len() + length, None);
    }

    /// The samples of a day from `from` to `to` in stretches of `length_ms` by their own clock.
    pub(crate) fn stretches(
        &mut self,
        day: i32,
        block: &Block,
        (from, to): (i64, i64),
        (length_ms, aggregation): (i64, Aggregation),
    ) {
        let first = block.at.partition_point(|&at| at < from);
        let last = block.at.partition_point(|&at| at < to);
        let (low, mean, high) = match &block.values {
            SampleValues::Single(values) => (values, values, values),
            SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
        };
        let cells = cells_of(block, length_ms);
        for (i, &(start, begin)) in cells.iter().enumerate() {
            let end = cells.get(i + 1).map_or(block.len(), |next| next.1);
            let (begin, end) = (begin.clamp(first, last), end.clamp(first, last));
            if begin == end {
                continue;
            }
            let sum: f64 = mean[begin..end].iter().sum();
            let count = u32::try_from(end - begin).unwrap_or(u32::MAX);
            let least = low[begin..end].iter().copied().fold(f64::INFINITY, f64::min);
            let most = high[begin..end].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let adds_up = aggregation == Aggregation::Sum;
            let row = Row {
                time: start,
                offset: block.offset_at(begin),
                count: Some(count),
                value: Some(if adds_up { sum } else { sum / f64::from(count) }),
                extremes: (!adds_up).then_some((least, most)),
                problem: None,
            };
            self.row(day, row);
        }
    }

    /// A day that cannot be read: its row has no value and says why.
    pub(crate) fn unreadable(&mut self, problem: &UnreadableDay, (time, offset): (i64, i32)) {
        let key = Some(problem_key(&problem.error));
        let row = Row { time, offset, count: None, value: None, extremes: None, problem: key };
        self.row(epoch_day(problem.day), row);
    }

    pub(crate) fn row(&mut self, day: i32, row: Row) {
        self.day.push(day);
        self.time.push(row.time);
        self.offset.push(row.offset);
        // Without this the column would be shorter than the others where rows of samples came before.
        self.count.resize(self.time.len() - 1, None);
        self.count.push(row.count);
        self.value.append_option(row.value);
        self.min.append_option(row.extremes.map(|(min, _)| min));
        self.max.append_option(row.extremes.map(|(_, max)| max));
        self.problem.push(row.problem);
    }
}
