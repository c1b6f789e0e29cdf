use async_graphql::{Enum, Object, SimpleObject};
use pulsekeep_core::Metric;
use pulsekeep_export::{MOST_DAYS, SeriesQuestion};
use pulsekeep_store::{
    block::BlockError,
    person::{self, DailySeries, SampleRange, SeriesBuckets},
};

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
    if from.0 == to.0 {
        let text = "The range is empty: `to` is the first instant that is left out; move it later";
        return Err(ApiError::bad_input(text));
    }
    if from.0 > to.0 {
        return Err(ApiError::bad_input("`from` must lie before `to`; swap the two"));
    }
    let range = SampleRange::Instants(from.0, to.0);
    if SeriesQuestion::is_sub_second(range) {
        return Err(ApiError::bad_input("The range is shorter than a second; ask for a second at least"));
    }
    if SeriesQuestion::span_days(range) > MOST_DAYS {
        let text = format!("The range is longer than {MOST_DAYS} days; ask for less at once");
        return Err(ApiError::bad_input(text));
    }
    let points = usize::try_from(max_points).ok().filter(|_| (1..=most).contains(&max_points));
    points.ok_or_else(|| {
        let text = format!(
            "`maxPoints` must be from 1 to {most}; for every sample of a long range, download it: /data/v1/series"
        );
        ApiError::bad_input(text)
    })
}

/// A day whose samples are stored and cannot be read.
#[derive(SimpleObject)]
#[graphql(name = "UnreadableDay")]
pub(super) struct UnreadableDayNode {
    date: Date,
    reason: UnreadableReason,
    /// What it is and what mends it, in words.
    message: String,
}

/// Why stored samples cannot be read.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnreadableReason {
    /// The stored bytes are damaged.
    Damaged,
    /// A later version of the server has written them.
    LaterFormat,
}

impl From<&person::UnreadableDay> for UnreadableDayNode {
    fn from(found: &person::UnreadableDay) -> Self {
        let (reason, what) = match &found.error {
            BlockError::Damaged(_) => (
                UnreadableReason::Damaged,
                "cannot be read and are left out; `pulsekeep reparse` makes them anew from the stored answers",
            ),
            BlockError::LaterFormat(_) => (
                UnreadableReason::LaterFormat,
                "were written by a later version of Pulsekeep and are left out; run that version, or `pulsekeep reparse`",
            ),
        };
        let message = format!("The samples of {} {what}.", found.day);
        Self { date: Date(found.day), reason, message }
    }
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

    /// Days whose samples cannot be read: they are in none of the columns.
    async fn problems(&self) -> Vec<UnreadableDayNode> {
        self.buckets.problems.iter().map(UnreadableDayNode::from).collect()
    }
}
