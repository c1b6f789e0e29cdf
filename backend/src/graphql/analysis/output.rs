//! Answers in columns. Null is no data, 0 is zero.

use std::collections::HashMap;

use async_graphql::{Enum, SimpleObject};
use jiff::civil;
use pulsekeep_core::{
    Metric,
    analysis::{
        self, BaselineWindow, Cell, ClockHours, Comparison, FEWEST_DAYS, PeriodTotal, RangeFigures,
        Regularity,
    },
    metric::Aggregation,
    time::DayRange,
};
use pulsekeep_store::person::{self, CoverageDay};

use super::input::Period;
use crate::graphql::{enums::MetricKey, scalars::Date};

/// Why an answer is null.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum NoAnswer {
    /// No day of the range has data.
    NoData,
    /// Fewer days have data than the answer needs.
    TooFewDays,
}

/// Numbers that GraphQL has as `Int`.
pub(super) trait Whole {
    /// The number; more than an `Int` holds is cut.
    fn int(self) -> i32;
}

impl<T: TryInto<i32>> Whole for T {
    fn int(self) -> i32 {
        self.try_into().unwrap_or(i32::MAX)
    }
}

fn unit(metric: Metric) -> &'static str {
    metric.spec().unit.symbol()
}

fn adds_up(metric: Metric) -> bool {
    metric.spec().aggregation == Aggregation::Sum
}

/// An hour × weekday profile. Each column has seven rows, Monday first, of 24 hours of the person's clock.
#[derive(SimpleObject)]
pub(in crate::graphql) struct HourProfile {
    metric: MetricKey,
    unit: &'static str,
    /// Days of the range.
    days_asked: i32,
    /// Days with samples; the others count nowhere.
    days: i32,
    /// Why all is null, if it is.
    reason: Option<NoAnswer>,
    /// Of metrics that add up the amount per hour of the clock, where an hour without a sample on a day with data is
    /// zero; of the others the mean of the samples. Null where nothing is known.
    mean: Vec<Vec<Option<f64>>>,
    /// For metrics that add up: the sum.
    sum: Option<Vec<Vec<Option<f64>>>>,
    /// For the others: the smallest sample.
    min: Option<Vec<Vec<Option<f64>>>>,
    /// For the others: the largest sample.
    max: Option<Vec<Vec<Option<f64>>>>,
    /// Samples.
    count: Vec<Vec<i32>>,
    /// Days that each cell rests on.
    cell_days: Vec<Vec<i32>>,
    /// Days whose samples cannot be read: nothing of them is in here.
    damaged_days: Vec<Date>,
}

impl HourProfile {
    pub(super) fn new(metric: Metric, days: DayRange, profile: &person::Profile) -> Self {
        let hours = &profile.hours;
        let is_sum = adds_up(metric);
        fn table<T>(hours: &analysis::HourProfile, value: impl Fn(&Cell) -> T) -> Vec<Vec<T>> {
            hours.cells.iter().map(|row| row.iter().map(&value).collect()).collect()
        }
        Self {
            metric: metric.into(),
            unit: unit(metric),
            days_asked: days.len().int(),
            days: hours.days.int(),
            reason: (hours.days == 0).then_some(NoAnswer::NoData),
            mean: table(hours, |cell| hours.mean(cell)),
            sum: is_sum.then(|| table(hours, |cell| (cell.days > 0).then_some(cell.sum))),
            min: (!is_sum).then(|| table(hours, Cell::min)),
            max: (!is_sum).then(|| table(hours, Cell::max)),
            count: table(hours, |cell| cell.count.int()),
            cell_days: table(hours, |cell| cell.days.int()),
            damaged_days: profile.damaged.iter().map(|&day| Date(day)).collect(),
        }
    }
}

/// What was usual before each day. Columnar: dates[i] has values[i], low[i], median[i], high[i] and days[i].
#[derive(SimpleObject)]
#[graphql(name = "Baseline")]
pub(in crate::graphql) struct BaselineNode {
    metric: MetricKey,
    unit: &'static str,
    /// Days that it looks back.
    window: i32,
    /// Days with data below which nothing is called usual.
    minimum_days: i32,
    dates: Vec<Date>,
    /// The day's own value.
    values: Vec<Option<f64>>,
    /// A tenth of the days before lay below.
    low: Vec<Option<f64>>,
    median: Vec<Option<f64>>,
    /// A tenth of the days before lay above.
    high: Vec<Option<f64>>,
    /// Days with data among those before; with fewer than `minimumDays` the others are null.
    days: Vec<i32>,
}

impl BaselineNode {
    pub(super) fn new(
        metric: Metric,
        days: DayRange,
        window: BaselineWindow,
        values: Vec<Option<f64>>,
        usual: analysis::Baseline,
    ) -> Self {
        Self {
            metric: metric.into(),
            unit: unit(metric),
            window: window.days().int(),
            minimum_days: window.fewest().int(),
            dates: days.days().map(Date).collect(),
            values,
            low: usual.low,
            median: usual.median,
            high: usual.high,
            days: usual.days.into_iter().map(Whole::int).collect(),
        }
    }
}

/// Totals of calendar periods. Columnar: period i runs from from[i] to to[i], both included.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PeriodTotals {
    metric: MetricKey,
    unit: &'static str,
    by: Period,
    from: Vec<Date>,
    to: Vec<Date>,
    /// Days of the whole period, of which the range may have cut some.
    length: Vec<i32>,
    /// Days with data; the others count nowhere.
    days: Vec<i32>,
    /// Whether the range holds all days of the period and all of them are over.
    whole: Vec<bool>,
    /// Sum, for metrics that add up.
    total: Option<Vec<Option<f64>>>,
    /// Mean of the days with data.
    mean: Vec<Option<f64>>,
    /// Lowest day.
    min: Vec<Option<f64>>,
    /// Highest day.
    max: Vec<Option<f64>>,
}

impl PeriodTotals {
    pub(super) fn new(metric: Metric, by: Period, today: civil::Date, found: &[PeriodTotal]) -> Self {
        fn column<T>(found: &[PeriodTotal], value: impl Fn(&PeriodTotal) -> T) -> Vec<T> {
            found.iter().map(value).collect()
        }
        Self {
            metric: metric.into(),
            unit: unit(metric),
            by,
            from: column(found, |period| Date(period.asked.start)),
            to: column(found, |period| Date(period.asked.last())),
            length: column(found, |period| period.length.int()),
            days: column(found, |period| period.days.int()),
            whole: column(found, |period| period.asked.len() == period.length && period.asked.end <= today),
            total: adds_up(metric).then(|| column(found, |period| period.total)),
            mean: column(found, |period| period.mean),
            min: column(found, |period| period.min),
            max: column(found, |period| period.max),
        }
    }
}

/// Wear by day. Columnar: dates[i] has minutes[i] of dayMinutes[i].
#[derive(SimpleObject)]
pub(in crate::graphql) struct Wear {
    dates: Vec<Date>,
    /// Minutes with a heart rate; null where nobody knows, 0 where the device was not worn.
    minutes: Vec<Option<i32>>,
    /// Minutes that have passed of the day: 1,380 to 1,500 where clocks change, fewer today.
    day_minutes: Vec<i32>,
    /// Minutes from which on a day counts as worn.
    valid_from: i32,
    /// Days that count as worn.
    valid_days: i32,
    /// Days of which the wear is known.
    days: i32,
    /// Mean of the known days, in minutes.
    mean: Option<f64>,
}

impl Wear {
    pub(super) fn new(days: DayRange, coverage: &[CoverageDay], clock: &ClockHours, valid_from: i32) -> Self {
        let known: HashMap<civil::Date, i32> =
            coverage.iter().filter_map(|day| Some((day.day, day.wear_minutes?))).collect();
        let minutes: Vec<Option<i32>> = days.days().map(|day| known.get(&day).copied()).collect();
        let there: Vec<f64> = minutes.iter().flatten().copied().map(f64::from).collect();
        #[expect(clippy::cast_possible_truncation, reason = "minutes of a day")]
        let passed = |day| clock.day_minutes(day).round() as i32;
        Self {
            day_minutes: days.days().map(passed).collect(),
            dates: days.days().map(Date).collect(),
            valid_from,
            valid_days: minutes.iter().flatten().filter(|worn| **worn >= valid_from).count().int(),
            days: there.len().int(),
            mean: analysis::mean(&there),
            minutes,
        }
    }
}

/// Minutes in zones by day; column i of each zone belongs to dates[i].
#[derive(SimpleObject)]
pub(in crate::graphql) struct Zones {
    pub(super) dates: Vec<Date>,
    /// Minutes by the height of the heart rate.
    pub(super) heart_rate: ZonesOfSet,
    /// Active zone minutes as earned: two a minute in the cardio and peak zones.
    pub(super) active_zone: ZonesOfSet,
}

/// Zones that belong together.
#[derive(SimpleObject)]
#[graphql(name = "ZoneSet")]
pub(in crate::graphql) struct ZonesOfSet {
    /// Days on which the provider told of any of them.
    pub(super) days: i32,
    /// The zones, the lightest first.
    pub(super) zones: Vec<Zone>,
}

/// A zone.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Zone {
    pub(super) metric: MetricKey,
    pub(super) minutes: Vec<Option<f64>>,
    /// Null of a zone that the provider tells nothing of in these days.
    pub(super) total: Option<f64>,
    /// Minutes a day, over the days of the set.
    pub(super) mean: Option<f64>,
}

/// The Sleep Regularity Index, and what it rests on.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SleepRegularity {
    /// From −100 to 100, which is the same times each day; 0 is chance.
    index: Option<f64>,
    /// Why there is none.
    reason: Option<NoAnswer>,
    /// Pairs of points 24 hours apart of which both are known, as days.
    days: f64,
    /// Days of pairs below which there is no index.
    minimum_days: i32,
    /// Days of the range.
    days_asked: i32,
    /// Long sleeps that end in the range.
    nights: i32,
}

impl SleepRegularity {
    pub(super) fn new(days: DayRange, found: Regularity) -> Self {
        let reason = if found.nights == 0 { NoAnswer::NoData } else { NoAnswer::TooFewDays };
        Self {
            index: found.index,
            reason: found.index.is_none().then_some(reason),
            days: found.days,
            minimum_days: FEWEST_DAYS.int(),
            days_asked: days.len().int(),
            nights: found.nights.int(),
        }
    }
}

/// A metric over two ranges.
#[derive(SimpleObject)]
#[graphql(name = "Comparison")]
pub(in crate::graphql) struct ComparisonNode {
    metric: MetricKey,
    unit: &'static str,
    a: RangeFiguresNode,
    b: RangeFiguresNode,
    /// Mean of a day of `a` less that of `b`; null where either has no data.
    difference: Option<f64>,
    /// The difference as a share of `b`'s mean; null where that is not above zero.
    change: Option<f64>,
}

/// A metric over one range.
#[derive(SimpleObject)]
#[graphql(name = "RangeFigures")]
pub(in crate::graphql) struct RangeFiguresNode {
    from: Date,
    to: Date,
    /// Days of the range.
    days_asked: i32,
    /// Days with data; the others count nowhere.
    days: i32,
    /// Sum, of metrics that add up.
    total: Option<f64>,
    /// Mean of the days with data.
    mean: Option<f64>,
    /// Median of the days with data.
    median: Option<f64>,
    /// Why they are null.
    reason: Option<NoAnswer>,
}

impl ComparisonNode {
    pub(super) fn new(metric: Metric, (a, b): (DayRange, DayRange), found: &Comparison) -> Self {
        let figures = |days: DayRange, figures: &RangeFigures| RangeFiguresNode {
            from: Date(days.start),
            to: Date(days.last()),
            days_asked: figures.asked.int(),
            days: figures.days.int(),
            total: figures.total,
            mean: figures.mean,
            median: figures.median,
            reason: (figures.days == 0).then_some(NoAnswer::NoData),
        };
        Self {
            metric: metric.into(),
            unit: unit(metric),
            a: figures(a, &found.a),
            b: figures(b, &found.b),
            difference: found.difference,
            change: found.change,
        }
    }
}
