//! What may be asked, and what is said to those who ask for something else.

use async_graphql::{Enum, InputObject};
use pulsekeep_core::{
    Metric,
    analysis::{self, BaselineWindow},
    time::DayRange,
};

use crate::graphql::{
    enums::MetricKey,
    errors::{ApiError, Reply},
    scalars::Date,
};

/// A calendar period.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "analysis::Period")]
pub(in crate::graphql) enum Period {
    Day,
    Week,
    Month,
    Year,
}

/// On which day weeks begin; ISO 8601 says on Monday.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "analysis::WeekStart")]
pub(in crate::graphql) enum WeekStart {
    Monday,
    Sunday,
    Saturday,
}

/// Civil days, both included.
#[derive(InputObject, Debug, Clone, Copy)]
pub(in crate::graphql) struct DateRange {
    pub(super) from: Date,
    pub(super) to: Date,
}

/// Days of a total by weeks, months or years: a lifetime of wearing something.
const MOST_DAYS_OF_TOTALS: i64 = 15_000;
/// Most minutes of wear that may be asked of a day: a day of 24 hours.
const MINUTES_OF_DAY: i32 = 1_440;

/// The metrics, each once.
pub(super) fn distinct(keys: Vec<MetricKey>) -> Reply<Vec<Metric>> {
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in keys.into_iter().map(Metric::from) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    if metrics.is_empty() {
        return Err(ApiError::bad_input("`metrics` is empty; name at least one metric"));
    }
    Ok(metrics)
}

/// The metric, if it has samples.
pub(super) fn sampled(key: MetricKey) -> Reply<Metric> {
    let metric = Metric::from(key);
    if metric.has_samples() {
        return Ok(metric);
    }
    let text = format!(
        "{} has nothing finer than a day, so there is no profile by the hour; ask `totals` or `baseline`",
        metric.spec().name
    );
    Err(ApiError::bad_input(text))
}

/// The window of a baseline.
pub(super) fn baseline_window(days: i32) -> Reply<BaselineWindow> {
    let window = BaselineWindow::of_days(days.into());
    window.ok_or_else(|| {
        ApiError::bad_input("`days` must be 7, 30 or 60: the days that the baseline looks back")
    })
}

/// The days of totals: by the day as many as of any series, by longer periods more.
pub(super) fn long_range(from: Date, to: Date, by: Period) -> Reply<DayRange> {
    if by == Period::Day {
        return crate::graphql::user::range(from, to);
    }
    let days = DayRange::inclusive(from.0, to.0).map_err(|e| ApiError::bad_input(e.to_string()))?;
    if days.len() > MOST_DAYS_OF_TOTALS {
        let text = format!("{} days are too many at once; ask for {MOST_DAYS_OF_TOTALS}", days.len());
        return Err(ApiError::bad_input(text));
    }
    Ok(days)
}

/// Minutes from which on a day counts as worn.
pub(super) fn valid_minutes(minutes: i32) -> Reply<i32> {
    let valid = (1..=MINUTES_OF_DAY).contains(&minutes).then_some(minutes);
    valid
        .ok_or_else(|| ApiError::bad_input(format!("`validFrom` must be from 1 to {MINUTES_OF_DAY} minutes")))
}

/// Whether two ranges are better read as one: where little lies between them.
pub(super) fn most_days_together(both: DayRange, a: DayRange, b: DayRange) -> bool {
    both.len() <= 2 * (a.len() + b.len())
}
