use async_graphql::Object;
use pulsekeep_core::Metric;
use pulsekeep_store::person::{DailySeries, SeriesBuckets};

use super::{
    enums::MetricKey,
    errors::{ApiError, Reply},
    scalars::{Date, DateTime},
};

/// Columnar: dates[i] has values[i]; null is no data, 0 is zero.
pub(super) struct DailySeriesNode(pub DailySeries);

/// Columnar: dates[i] has values[i]; null is no data, 0 is zero.
#[Object(name = "DailySeries")]
impl DailySeriesNode {
    async fn metric(&self) -> MetricKey {
        self.0.metric.into()
    }

    async fn unit(&self) -> &str {
        self.0.metric.spec().unit.symbol()
    }

    async fn dates(&self) -> Vec<Date> {
        self.0.days.iter().map(|&day| Date(day)).collect()
    }

    async fn values(&self) -> &[Option<f64>] {
        &self.0.values
    }
}

/// Columnar. Bucket i starts at start[i]; sum is given for metrics that add up, min, mean and max for the others; null
/// is an empty bucket.
pub(super) struct SeriesNode {
    /// The metric.
    pub metric: Metric,
    /// Its samples.
    pub buckets: SeriesBuckets,
}

/// Refuses what no series can be.
pub(super) fn checked_points(
    metric: Metric,
    from: DateTime,
    to: DateTime,
    max_points: i32,
    most: i32,
) -> Reply<usize> {
    if !metric.has_samples() {
        let text = format!("{} has nothing finer than a day; ask `daily` or `sleep`", metric.spec().name);
        return Err(ApiError::bad_input(text));
    }
    if from.0 >= to.0 {
        return Err(ApiError::bad_input("`from` must lie before `to`; swap the two"));
    }
    let points = usize::try_from(max_points).ok().filter(|_| (1..=most).contains(&max_points));
    points.ok_or_else(|| ApiError::bad_input(format!("`maxPoints` must be from 1 to {most}")))
}

/// Columnar. Bucket i starts at start[i]; sum is given for metrics that add up, min, mean and max for the others; null
/// is an empty bucket.
#[Object(name = "Series")]
impl SeriesNode {
    async fn metric(&self) -> MetricKey {
        self.metric.into()
    }

    async fn unit(&self) -> &str {
        self.metric.spec().unit.symbol()
    }

    /// Length of a bucket in seconds.
    async fn resolution(&self) -> i32 {
        i32::try_from(self.buckets.resolution_ms / 1000).unwrap_or(i32::MAX)
    }

    async fn start(&self) -> Vec<DateTime> {
        self.buckets.start.iter().map(|&at| DateTime(at)).collect()
    }

    /// Samples in each bucket.
    async fn count(&self) -> &[u32] {
        &self.buckets.count
    }

    async fn sum(&self) -> Option<&[Option<f64>]> {
        self.buckets.sum.as_deref()
    }

    async fn min(&self) -> Option<&[Option<f64>]> {
        self.buckets.min.as_deref()
    }

    async fn mean(&self) -> Option<&[Option<f64>]> {
        self.buckets.mean.as_deref()
    }

    async fn max(&self) -> Option<&[Option<f64>]> {
        self.buckets.max.as_deref()
    }
}
