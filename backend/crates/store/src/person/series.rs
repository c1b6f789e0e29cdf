//! Samples at a resolution that bounds the answer: no peak is lost, an empty bucket stays empty.

use pulsekeep_core::{
    EpochMs, Metric,
    id::StreamId,
    metric::Aggregation,
    observation::SampleValues,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Person;
use crate::{StoreError, block::Block, convert::day_of, entity::sample_block, ingest::samples::read_block};

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

impl Person {
    /// The samples of `metric` from `from` to `to` (half-open) in at most `max_points` buckets that start at `from`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the day of a block that does not decode; the database's own.
    pub async fn series(
        &self,
        metric: Metric,
        (from, to): (EpochMs, EpochMs),
        max_points: usize,
        stream: Option<StreamId>,
    ) -> Result<SeriesBuckets, StoreError> {
        let resolution_ms = resolution_for(from, to, max_points);
        let length = usize::try_from((to.0 - from.0 + resolution_ms - 1) / resolution_ms).unwrap_or(0);
        let mut buckets = vec![EMPTY; length];
        for block in self.blocks(metric, from, to, stream).await? {
            fill(&mut buckets, &block, from, to, resolution_ms);
        }
        Ok(columns(metric, from, resolution_ms, &buckets))
    }

    /// The chosen stream's blocks that overlap the range.
    async fn blocks(
        &self,
        metric: Metric,
        from: EpochMs,
        to: EpochMs,
        stream: Option<StreamId>,
    ) -> Result<Vec<Block>, StoreError> {
        use sample_block::Column as C;
        let rows = sample_block::Entity::find()
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::FirstMs.lt(to.0))
            .filter(C::LastMs.gte(from.0))
            .order_by_asc(C::FirstMs)
            .all(self.store.reader())
            .await?;
        // Days by the samples' own offsets lie within two days of the range by UTC.
        let days =
            DayRange { start: add_days(from.civil(0).date(), -2), end: add_days(to.civil(0).date(), 3) };
        let chosen = self.chosen_streams(&[metric], days).await?;
        let wanted = |row: &sample_block::Model| match stream {
            Some(stream) => row.stream_id == stream.0,
            None => chosen.get(&(row.metric, row.day.clone())) == Some(&row.stream_id),
        };
        rows.iter()
            .filter(|row| wanted(row))
            .map(|row| {
                day_of(&row.day)?;
                read_block(row)
            })
            .collect()
    }
}

fn fill(buckets: &mut [Bucket], block: &Block, from: EpochMs, to: EpochMs, resolution_ms: i64) {
    let (min, mean, max) = match &block.values {
        SampleValues::Single(values) => (values, values, values),
        SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
    };
    let first = block.at.partition_point(|&at| at < from.0);
    let last = block.at.partition_point(|&at| at < to.0);
    for i in first..last {
        let index = usize::try_from((block.at[i] - from.0) / resolution_ms).unwrap_or(usize::MAX);
        if let Some(bucket) = buckets.get_mut(index) {
            bucket.count += 1;
            bucket.sum += mean[i];
            bucket.min = bucket.min.min(min[i]);
            bucket.max = bucket.max.max(max[i]);
        }
    }
}

fn columns(metric: Metric, from: EpochMs, resolution_ms: i64, buckets: &[Bucket]) -> SeriesBuckets {
    let column = |value: fn(&Bucket) -> f64| -> Vec<Option<f64>> {
        buckets.iter().map(|b| (b.count > 0).then(|| value(b))).collect()
    };
    let adds_up = metric.spec().aggregation == Aggregation::Sum;
    SeriesBuckets {
        resolution_ms,
        start: (0..).zip(buckets).map(|(i, _)| from.plus(i * resolution_ms)).collect(),
        count: buckets.iter().map(|b| b.count).collect(),
        sum: adds_up.then(|| column(|b| b.sum)),
        min: (!adds_up).then(|| column(|b| b.min)),
        mean: (!adds_up).then(|| column(|b| b.sum / f64::from(b.count))),
        max: (!adds_up).then(|| column(|b| b.max)),
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
