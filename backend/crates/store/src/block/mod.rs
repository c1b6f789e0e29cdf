//! Sample blocks: the samples of one civil day of one stream, encoded.
//!
//! Layout of format 2, all integers as LEB128 varints (signed ones zigzag):
//!
//! ```text
//! format = 2 │ samples │ interval ms │ first instant │ time step ms
//! offset runs: count, then per run the rise of the index and the offset in seconds
//! times: 0 = every step is taken │ 1 = gaps in steps, as whole numbers
//! columns: 1, or 3 for minimum, maximum, mean, in this order; per column its kind:
//!     0–6   whole numbers after × 10^kind
//!     32    byte length │ pco of single-precision numbers
//!     64    maximum only: its rise above the minimum, whole numbers scaled as those are
//!     65    mean only: parts, sum above parts × minimum, units in the last place; whole numbers each
//!     255   byte length │ pco of doubles
//! whole numbers: the least │ bytes of each above it (0, 1, 2, 4; 8: nothing taken off) │ byte length │ pco
//! ```
//!
//! Format 1 differs in that pco's numbers are whole files of 64 bits each, and the columns stand each by itself, the mean
//! before the maximum.
//!
//! Values come back bit for bit: a column is stored as scaled integers only if every value survives the way there and
//! back. A reader knows every format that was ever written.

mod codec;
mod columns;
pub mod levels;
mod numbers;
mod wire;

use std::ops::Range;

use jiff::civil::Date;
use pulsekeep_core::{EpochMs, observation::SampleValues, time::DAY_MS};

pub use codec::{FORMAT, decode, encode};

/// The samples of a block, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Length of the interval that each sample stands for, in milliseconds; 0 for readings at an instant.
    pub interval_ms: i64,
    /// Starts, epoch milliseconds, strictly rising.
    pub at: Vec<i64>,
    /// Offset runs: from index on, so many seconds east of UTC. The first run begins at index 0.
    pub offsets: Vec<(usize, i32)>,
    /// Values, as many as there are starts.
    pub values: SampleValues,
}

/// What stands beside a block, so that lists and coarse levels need not decode it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Smallest value (of the minima).
    pub min: f64,
    /// Largest value (of the maxima).
    pub max: f64,
    /// Sum of the values (of the means).
    pub sum: f64,
}

/// Bytes that are not a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Written by a later version.
    #[error("block format {0} is of a later version")]
    LaterFormat(u64),
    /// Cut off or changed.
    #[error("damaged block: {0}")]
    Damaged(&'static str),
}

impl Block {
    /// A block without samples.
    #[must_use]
    pub fn empty() -> Self {
        let values = SampleValues::Single(Vec::new());
        Self { interval_ms: 0, at: Vec::new(), offsets: Vec::new(), values }
    }

    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Seconds east of UTC of the sample at `index`.
    #[must_use]
    pub fn offset_at(&self, index: usize) -> i32 {
        let runs = self.offsets.partition_point(|(from, _)| *from <= index);
        self.offsets.get(runs.saturating_sub(1)).map_or(0, |run| run.1)
    }

    /// The summary; `None` of an empty block.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        let (low, high) = match &self.values {
            SampleValues::Single(values) => (values, values),
            SampleValues::MinMeanMax { min, max, .. } => (min, max),
        };
        Some(Summary {
            min: low.iter().copied().reduce(f64::min)?,
            max: high.iter().copied().reduce(f64::max)?,
            sum: self.values.main().iter().sum(),
        })
    }

    /// The indices of the samples from `start` on and before `end`, epoch milliseconds.
    #[must_use]
    pub fn within(&self, start: i64, end: i64) -> Range<usize> {
        let from = self.at.partition_point(|&at| at < start);
        from..self.at.partition_point(|&at| at < end).max(from)
    }

    /// The samples in parts of one civil day each, by the samples' own offsets, in order of time. A day that a journey
    /// has torn has several parts.
    pub fn days(&self) -> impl Iterator<Item = (Date, Range<usize>)> {
        let ends = self.offsets.iter().skip(1).map(|run| run.0).chain([self.len()]);
        // As `offset_at` has it: the first run counts from the beginning, and without runs the offset is none.
        let (until, offset) = self.offsets.first().copied().unwrap_or((self.len(), 0));
        let runs = self.offsets.iter().zip(ends).map(|(run, end)| (run.0, end, run.1));
        [(0, until, offset)].into_iter().chain(runs).flat_map(move |(from, end, offset)| {
            let mut from = from;
            std::iter::from_fn(move || {
                let ahead = i64::from(offset) * 1000;
                let day_number = (self.at.get(from..end)?.first()? + ahead).div_euclid(DAY_MS);
                let day_end = (day_number + 1) * DAY_MS - ahead;
                let part = from..from + self.at[from..end].partition_point(|&at| at < day_end);
                from = part.end;
                Some((EpochMs(self.at[part.start]).civil(offset).date(), part))
            })
        })
    }

    /// The samples of `parts`, which rise.
    #[must_use]
    pub fn taken_parts(&self, parts: &[Range<usize>]) -> Self {
        fn pick<T: Copy>(column: &[T], parts: &[Range<usize>]) -> Vec<T> {
            let mut picked = Vec::with_capacity(parts.iter().map(Range::len).sum());
            for part in parts {
                picked.extend_from_slice(&column[part.clone()]);
            }
            picked
        }
        let values = match &self.values {
            SampleValues::Single(values) => SampleValues::Single(pick(values, parts)),
            SampleValues::MinMeanMax { min, mean, max } => SampleValues::MinMeanMax {
                min: pick(min, parts),
                mean: pick(mean, parts),
                max: pick(max, parts),
            },
        };
        let mut offsets: Vec<(usize, i32)> = Vec::new();
        let mut taken = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let inside = self.offsets.iter().filter(|run| run.0 > part.start && run.0 < part.end);
            let runs = inside.map(|run| (taken + run.0 - part.start, run.1));
            for run in [(taken, self.offset_at(part.start))].into_iter().chain(runs) {
                if offsets.last().is_none_or(|last| last.1 != run.1) {
                    offsets.push(run);
                }
            }
            taken += part.len();
        }
        Self { interval_ms: self.interval_ms, at: pick(&self.at, parts), offsets, values }
    }

    /// The samples at `indices`, which rise.
    #[must_use]
    pub fn taken(&self, indices: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| indices.iter().map(|&i| column[i]).collect();
        let values = match &self.values {
            SampleValues::Single(values) => SampleValues::Single(pick(values)),
            SampleValues::MinMeanMax { min, mean, max } => {
                SampleValues::MinMeanMax { min: pick(min), mean: pick(mean), max: pick(max) }
            }
        };
        let offsets = runs_of(indices.iter().map(|&i| self.offset_at(i)));
        Self {
            interval_ms: self.interval_ms,
            at: indices.iter().map(|&i| self.at[i]).collect(),
            offsets,
            values,
        }
    }

    /// The samples of both in order of time; at the same instant `other`'s. `None` when one has single values and the
    /// other minimum, mean and maximum.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Option<Self> {
        let mut order: Vec<(i64, bool, usize)> = Vec::with_capacity(self.len() + other.len());
        order.extend(self.at.iter().enumerate().map(|(i, &at)| (at, false, i)));
        order.extend(other.at.iter().enumerate().map(|(i, &at)| (at, true, i)));
        order.sort_unstable_by_key(|&(at, second, _)| (at, !second));
        order.dedup_by_key(|entry| entry.0);
        let take = |first: &Vec<f64>, second: &Vec<f64>| {
            order.iter().map(|&(_, from_second, i)| if from_second { second[i] } else { first[i] }).collect()
        };
        let values = match (&self.values, &other.values) {
            (SampleValues::Single(a), SampleValues::Single(b)) => SampleValues::Single(take(a, b)),
            (
                SampleValues::MinMeanMax { min, mean, max },
                SampleValues::MinMeanMax { min: min_b, mean: mean_b, max: max_b },
            ) => SampleValues::MinMeanMax {
                min: take(min, min_b),
                mean: take(mean, mean_b),
                max: take(max, max_b),
            },
            _ => return None,
        };
        let offsets =
            runs_of(order.iter().map(
                |&(_, from_second, i)| {
                    if from_second { other.offset_at(i) } else { self.offset_at(i) }
                },
            ));
        let at = order.into_iter().map(|(at, _, _)| at).collect();
        Some(Self { interval_ms: other.interval_ms, at, offsets, values })
    }
}

/// Offsets sample by sample as runs.
pub fn runs_of(offsets: impl Iterator<Item = i32>) -> Vec<(usize, i32)> {
    let mut runs: Vec<(usize, i32)> = Vec::new();
    for (index, offset) in offsets.enumerate() {
        if runs.last().is_none_or(|run| run.1 != offset) {
            runs.push((index, offset));
        }
    }
    runs
}
