//! Samples at a resolution that bounds the answer: no peak is lost, an empty bucket stays empty.
//!
//! Where buckets are an hour or longer, most days are read from the columns beside their blocks: the summary where the
//! whole day lies in one bucket, the levels where each of their cells does. Only the days that are left are decoded.

use pulsekeep_core::{
    EpochMs, Metric,
    id::StreamId,
    metric::Aggregation,
    observation::SampleValues,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use sea_orm::QueryResult;

use super::{
    Person, SampleRange, UnreadableDay,
    blocks::{Pick, stored_day},
};
use crate::{
    StoreError,
    block::{
        Block,
        levels::{Levels, decode_levels},
    },
};

/// Samples in buckets of equal length. Column `i` of each array belongs to the bucket that starts at `start[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesBuckets {
    /// Length of a bucket in milliseconds.
    pub resolution_ms: i64,
    /// Starts of the buckets.
    pub start: Vec<EpochMs>,
    /// Samples in each.
    pub count: Vec<u32>,
    /// For metrics that add up: the sum.
    pub sum: Option<Vec<Option<f64>>>,
    /// For the others: smallest value.
    pub min: Option<Vec<Option<f64>>>,
    /// Mean of the values.
    pub mean: Option<Vec<Option<f64>>>,
    /// Largest value.
    pub max: Option<Vec<Option<f64>>>,
    /// Days whose samples could not be read, and are in none of the columns.
    pub problems: Vec<UnreadableDay>,
}

/// Bucket lengths, the finest first.
const RESOLUTIONS: [i64; 11] = [
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
];

/// The finest bucket length with which `from`–`to` has at most `max_points` buckets.
#[must_use]
pub fn resolution_for(from: EpochMs, to: EpochMs, max_points: usize) -> i64 {
    let span = (to.0 - from.0).max(1);
    let points = i64::try_from(max_points).unwrap_or(i64::MAX).max(1);
    let fits = |resolution: &i64| (span + resolution - 1) / resolution <= points;
    RESOLUTIONS.into_iter().find(fits).unwrap_or_else(|| {
        let days = (span + points * DAY_MS - 1) / (points * DAY_MS);
        days.max(1) * DAY_MS
    })
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

const EMPTY: Bucket = Bucket { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

/// Days whose blocks are held in memory at the same time.
const DAYS_AT_ONCE: i64 = 400;
/// As many days are named one by one; more are read as a range.
const NAMED_DAYS: usize = 60;

/// The buckets that a series is made of.
struct Buckets {
    from: i64,
    to: i64,
    length_ms: i64,
    of: Vec<Bucket>,
}

impl Buckets {
    fn new((from, to): (EpochMs, EpochMs), length_ms: i64) -> Self {
        let count = usize::try_from((to.0 - from.0 + length_ms - 1) / length_ms).unwrap_or(0);
        Self { from: from.0, to: to.0, length_ms, of: vec![EMPTY; count] }
    }

    /// The bucket in which all of `first`–`last` lies; `None` when a border cuts it.
    fn whole(&self, first: i64, last: i64) -> Option<usize> {
        let index = |at: i64| (at - self.from) / self.length_ms;
        let within = first >= self.from && last < self.to && index(first) == index(last);
        usize::try_from(index(first)).ok().filter(|_| within)
    }

    fn add(&mut self, index: usize, more: Bucket) {
        if let Some(bucket) = self.of.get_mut(index) {
            bucket.count += more.count;
            bucket.sum += more.sum;
            bucket.min = bucket.min.min(more.min);
            bucket.max = bucket.max.max(more.max);
        }
    }

    /// Adds a day by its levels, if they tell all there is to tell.
    fn add_levels(&mut self, levels: &Levels, extremes: bool) -> bool {
        let bucket =
            |cell: &crate::block::levels::Cell| self.whole(cell.start, cell.start + levels.cell_ms - 1);
        if (extremes && !levels.extremes) || !levels.cells.iter().all(|cell| bucket(cell).is_some()) {
            return false;
        }
        for cell in &levels.cells {
            if let Some(index) = self.whole(cell.start, cell.start + levels.cell_ms - 1) {
                self.add(index, Bucket { count: cell.count, sum: cell.sum, min: cell.min, max: cell.max });
            }
        }
        true
    }

    /// Adds a day sample by sample.
    fn add_block(&mut self, block: &Block) {
        let (min, mean, max) = match &block.values {
            SampleValues::Single(values) => (values, values, values),
            SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
        };
        let mut i = block.at.partition_point(|&at| at < self.from);
        let last = block.at.partition_point(|&at| at < self.to);
        while i < last {
            let index = (block.at[i] - self.from) / self.length_ms;
            let end = self.from + (index + 1) * self.length_ms;
            let mut bucket = EMPTY;
            while i < last && block.at[i] < end {
                bucket.count += 1;
                bucket.sum += mean[i];
                bucket.min = bucket.min.min(min[i]);
                bucket.max = bucket.max.max(max[i]);
                i += 1;
            }
            self.add(usize::try_from(index).unwrap_or(usize::MAX), bucket);
        }
    }
}

impl Person {
    /// The samples of `metric` from `from` to `to` (half-open) in at most `max_points` buckets that start at `from`.
    /// Days that cannot be read are named in `problems`; the others are there.
    ///
    /// # Errors
    /// The database's own.
    pub async fn series(
        &self,
        metric: Metric,
        (from, to): (EpochMs, EpochMs),
        max_points: usize,
        stream: Option<StreamId>,
    ) -> Result<SeriesBuckets, StoreError> {
        let resolution_ms = resolution_for(from, to, max_points);
        let mut buckets = Buckets::new((from, to), resolution_ms);
        let mut problems = Vec::new();
        let days = SampleRange::Instants(from, to).days();
        let mut pick = Pick { metric, days, instants: (from.0, to.0), stream, only: None };
        if resolution_ms < HOUR_MS {
            self.add_blocks(&mut buckets, &pick, &mut problems).await?;
            return Ok(columns(metric, &buckets, problems));
        }
        let left = self.add_coarse(&mut buckets, &pick).await?;
        if left.len() <= NAMED_DAYS {
            pick.only = Some(&left);
        }
        if !left.is_empty() {
            self.add_left(&mut buckets, &pick, &left, &mut problems).await?;
        }
        Ok(columns(metric, &buckets, problems))
    }

    /// Adds the days whose summary or levels say enough; the days that have to be decoded, in order.
    async fn add_coarse(&self, buckets: &mut Buckets, pick: &Pick<'_>) -> Result<Vec<String>, StoreError> {
        let extremes = pick.metric.spec().aggregation != Aggregation::Sum;
        let beside = "b.samples, b.value_sum, b.value_min, b.value_max, b.first_ms, b.last_ms";
        // Where a day fits into a bucket, the summary is likely to be enough for all but a few.
        let columns = match buckets.length_ms >= 2 * DAY_MS {
            true => beside.to_owned(),
            false => format!("{beside}, b.levels"),
        };
        let mut left = Vec::new();
        for row in self.block_rows(pick, &columns).await? {
            let (first, last): (i64, i64) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
            if let Some(index) = buckets.whole(first, last) {
                buckets.add(index, summary_of(&row)?);
                continue;
            }
            let levels = match buckets.length_ms >= 2 * DAY_MS {
                true => None,
                false => row.try_get_by_index::<Option<Vec<u8>>>(7)?,
            };
            let levels = levels.and_then(|bytes| decode_levels(&bytes).ok());
            if !levels.is_some_and(|levels| buckets.add_levels(&levels, extremes)) {
                left.push(row.try_get_by_index(0)?);
            }
        }
        Ok(left)
    }

    async fn add_left(
        &self,
        buckets: &mut Buckets,
        pick: &Pick<'_>,
        left: &[String],
        problems: &mut Vec<UnreadableDay>,
    ) -> Result<(), StoreError> {
        if pick.only.is_some() {
            return self.add_blocks(buckets, pick, problems).await;
        }
        for chunk in left.chunks(NAMED_DAYS * 4) {
            let pick = Pick { only: Some(chunk), ..*pick };
            self.add_blocks(buckets, &pick, problems).await?;
        }
        Ok(())
    }

    /// Adds the blocks that are picked, decoded.
    async fn add_blocks(
        &self,
        buckets: &mut Buckets,
        pick: &Pick<'_>,
        problems: &mut Vec<UnreadableDay>,
    ) -> Result<(), StoreError> {
        let mut start = pick.days.start;
        while start < pick.days.end {
            let end = add_days(start, DAYS_AT_ONCE).min(pick.days.end);
            let piece = Pick { days: DayRange { start, end }, ..*pick };
            for row in self.block_rows(&piece, "b.samples, b.body").await? {
                match stored_day(&row)?.decode() {
                    Ok(block) => buckets.add_block(&block),
                    Err(problem) => problems.push(problem),
                }
            }
            start = end;
        }
        Ok(())
    }
}

fn summary_of(row: &QueryResult) -> Result<Bucket, StoreError> {
    Ok(Bucket {
        count: u32::try_from(row.try_get_by_index::<i32>(1)?).unwrap_or(0),
        sum: row.try_get_by_index(2)?,
        min: row.try_get_by_index(3)?,
        max: row.try_get_by_index(4)?,
    })
}

fn columns(metric: Metric, buckets: &Buckets, problems: Vec<UnreadableDay>) -> SeriesBuckets {
    let (from, resolution_ms) = (EpochMs(buckets.from), buckets.length_ms);
    let column = |value: fn(&Bucket) -> f64| -> Vec<Option<f64>> {
        buckets.of.iter().map(|b| (b.count > 0).then(|| value(b))).collect()
    };
    let adds_up = metric.spec().aggregation == Aggregation::Sum;
    SeriesBuckets {
        resolution_ms,
        start: (0..).zip(&buckets.of).map(|(i, _)| from.plus(i * resolution_ms)).collect(),
        count: buckets.of.iter().map(|b| b.count).collect(),
        sum: adds_up.then(|| column(|b| b.sum)),
        min: (!adds_up).then(|| column(|b| b.min)),
        mean: (!adds_up).then(|| column(|b| b.sum / f64::from(b.count))),
        max: (!adds_up).then(|| column(|b| b.max)),
        problems,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolution_bounds_the_points_and_no_finer_one_would() {
        let day = EpochMs(DAY_MS);
        assert_eq!(resolution_for(EpochMs(0), day, 1500), MINUTE_MS);
        assert_eq!(resolution_for(EpochMs(0), day, 1439), 2 * MINUTE_MS);
        assert_eq!(resolution_for(EpochMs(0), EpochMs(365 * DAY_MS), 1500), 6 * HOUR_MS);
        assert_eq!(resolution_for(EpochMs(0), EpochMs(4000 * DAY_MS), 1500), 3 * DAY_MS);
    }
}
