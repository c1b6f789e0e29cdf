//! What the dashboard asks for.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use serde::Deserialize;

use crate::api::enums::MetricKey;
use crate::api::errors::ApiError;
use crate::api::operations::dashboard::{self, DashboardUser};
use crate::api::operations::{Dashboard, DaySeries, RangeSeries, RateSeries, day_series, range_series};
use crate::api::transport::{send, send_as};
use crate::state::load::Load;
use crate::state::{clock, zone};
use crate::view_model::amounts::{Columns, Stretch};
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::coverage::DayCoverage;
use crate::view_model::daily::Daily;
use crate::view_model::heart::{Heart, Rates};
use crate::view_model::range::Range;
use crate::view_model::readings::Readings;
use crate::view_model::zone::Zone;

/// Daily metrics that the dashboard shows: all that have one value a day.
fn metrics() -> Vec<MetricKey> {
    let known = MetricKey::KNOWN.iter().map(|key| MetricKey::from(*key));
    known.filter(|metric| !matches!(metric, MetricKey::Sleep | MetricKey::Exercise)).collect()
}

/// Points of the heart-rate chart: a day by the minute.
const RATES: i64 = 1_500;
/// Points of readings that come now and then: five minutes each.
const READINGS: i64 = 288;
/// Points of the day charts of amounts: a bar per half hour or hour.
const AMOUNTS: i64 = 48;

/// A person over a range.
#[derive(Debug, Clone)]
pub struct PersonRange {
    pub user: DashboardUser,
    pub range: Range,
    /// The person's clock over the range.
    pub zone: Zone,
    /// Instants of the range, and now.
    pub stretch: Stretch,
    daily: HashMap<MetricKey, Daily>,
    coverage: HashMap<MetricKey, DayCoverage>,
}

/// The days of the daily charts: a single day is shown among the 30 up to it.
pub fn drawn_days(range: Range) -> Range {
    if range.is_day() { Range::last(30, range.to) } else { range }
}

impl PersonRange {
    fn new(user: DashboardUser, range: Range) -> Self {
        let zone = zone::around(&user.time_zone, range.from, range.to);
        let day = |day: Day| i64::from(day.0) * crate::view_model::civil::DAY;
        let stretch = Stretch {
            from: parse_instant(&user.first_day.start).unwrap_or_else(|| day(range.from)),
            to: parse_instant(&user.last_day.end).unwrap_or_else(|| day(range.to.plus(1))),
            now: clock::now(),
        };
        let daily = user.daily.iter().map(|series| {
            (series.metric.clone(), Daily::new(series.metric.clone(), &series.dates, &series.values))
        });
        let coverage = user.coverage.iter().map(|row| {
            let days = row
                .days
                .iter()
                .filter_map(|day| Some((Day::parse(&day.date)?, (day.state.clone(), day.code.clone()))));
            (row.metric.clone(), DayCoverage::new(days))
        });
        Self { daily: daily.collect(), coverage: coverage.collect(), user, range, zone, stretch }
    }

    /// Values of a metric by day; empty for one that the server did not send.
    pub fn daily(&self, metric: &MetricKey) -> Daily {
        self.daily.get(metric).cloned().unwrap_or_else(|| Daily::new(metric.clone(), &[], &[]))
    }

    /// Coverage of a metric.
    pub fn coverage(&self, metric: &MetricKey) -> DayCoverage {
        self.coverage.get(metric).cloned().unwrap_or_default()
    }

    /// Coverage of all metrics, in the server's order.
    pub fn all_coverage(&self) -> Vec<(MetricKey, DayCoverage)> {
        self.user.coverage.iter().map(|row| (row.metric.clone(), self.coverage(&row.metric))).collect()
    }
}

/// Loads the person over the range, and notes the person's zone.
pub fn load(id: String, range: Memo<Range>, person_zone: RwSignal<Option<String>>) -> Load<PersonRange> {
    Load::new(move || {
        let range = range.get();
        let variables = dashboard::Variables {
            id: id.clone(),
            from: range.from.to_string(),
            to: range.to.to_string(),
            coverage_from: drawn_days(range).from.to_string(),
            history_from: range.history_from().to_string(),
            metrics: metrics(),
        };
        async move {
            let user = send::<Dashboard>(variables).await?.user.ok_or_else(ApiError::not_found)?;
            person_zone.set(Some(user.time_zone.clone()));
            Ok(PersonRange::new(user, range))
        }
    })
}

/// Buckets of an amount.
#[derive(Debug, Clone, PartialEq)]
pub struct Amounts {
    resolution: i64,
    start: Vec<String>,
    sum: Vec<Option<f64>>,
}

impl Amounts {
    pub fn columns(&self) -> Columns<'_> {
        Columns { resolution: self.resolution, start: &self.start, sum: &self.sum }
    }
}

/// What is drawn within days, with the instants that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    pub heart: Heart,
    pub stretch: Stretch,
    amounts: HashMap<MetricKey, Amounts>,
    readings: HashMap<MetricKey, Readings>,
    /// Days whose samples are stored and cannot be read, by metric, in the server's words.
    pub unreadable: Vec<(MetricKey, Vec<String>)>,
}

impl Detail {
    /// Readings of a metric; there are none over more than a day.
    pub fn readings(&self, metric: &MetricKey) -> Option<&Readings> {
        self.readings.get(metric)
    }

    /// Buckets of a metric; there are none over more than a day.
    pub fn amounts(&self, metric: &MetricKey) -> Option<&Amounts> {
        self.amounts.get(metric)
    }
}

fn rates(series: &RateSeries) -> Rates<'_> {
    Rates {
        resolution: series.resolution,
        start: &series.start,
        min: series.min.as_deref().unwrap_or_default(),
        mean: series.mean.as_deref().unwrap_or_default(),
        max: series.max.as_deref().unwrap_or_default(),
    }
}

/// What the server says of days that it could not read.
macro_rules! unreadable {
    ($($metric:expr => $series:expr),+) => {{
        let found = [$(($metric, $series.problems.iter().map(|day| day.message.clone()).collect::<Vec<_>>())),+];
        found.into_iter().filter(|(_, days)| !days.is_empty()).collect()
    }};
}

fn heart(series: &RateSeries, stretch: Stretch) -> Heart {
    Heart::new(rates(series), stretch.from, stretch.to, stretch.now)
}

fn amounts(series: day_series::Amounts) -> Amounts {
    Amounts { resolution: series.resolution, start: series.start, sum: series.sum.unwrap_or_default() }
}

/// Loads the detail of what `data` shows.
pub fn load_detail(data: Signal<Arc<PersonRange>>) -> Load<Detail> {
    Load::new(move || {
        let data = data.get();
        async move { if data.range.is_day() { day_detail(&data).await } else { range_detail(&data).await } }
    })
}

/// The answer over several days, in the types of one day's.
#[derive(Debug, Deserialize)]
struct OverDays {
    user: Option<HeartOnly>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeartOnly {
    heart_rate: RateSeries,
}

async fn day_detail(data: &PersonRange) -> Result<Detail, ApiError> {
    let variables = day_series::Variables {
        id: data.user.id.clone(),
        from: data.user.first_day.start.clone(),
        to: data.user.last_day.end.clone(),
        rates: RATES,
        amounts: AMOUNTS,
        readings: READINGS,
    };
    let user = send::<DaySeries>(variables).await?.user.ok_or_else(ApiError::not_found)?;
    let readings = [
        (MetricKey::HeartRateVariability, &user.variability),
        (MetricKey::OxygenSaturation, &user.saturation),
    ];
    let unreadable = unreadable![
        MetricKey::HeartRate => user.heart_rate,
        MetricKey::HeartRateVariability => user.variability,
        MetricKey::OxygenSaturation => user.saturation,
        MetricKey::Steps => user.steps,
        MetricKey::Distance => user.distance,
        MetricKey::Calories => user.calories
    ];
    Ok(Detail {
        heart: heart(&user.heart_rate, data.stretch),
        stretch: data.stretch,
        unreadable,
        readings: readings.map(|(metric, series)| (metric, Readings::new(rates(series)))).into(),
        amounts: HashMap::from([
            (MetricKey::Steps, amounts(user.steps)),
            (MetricKey::Distance, amounts(user.distance)),
            (MetricKey::Calories, amounts(user.calories)),
        ]),
    })
}

async fn range_detail(data: &PersonRange) -> Result<Detail, ApiError> {
    let variables = range_series::Variables {
        id: data.user.id.clone(),
        from: data.user.first_day.start.clone(),
        to: data.user.last_day.end.clone(),
        rates: RATES,
    };
    let answer = send_as::<RangeSeries, OverDays>(variables).await?;
    let user = answer.user.ok_or_else(ApiError::not_found)?;
    Ok(Detail {
        heart: heart(&user.heart_rate, data.stretch),
        stretch: data.stretch,
        unreadable: unreadable![MetricKey::HeartRate => user.heart_rate],
        amounts: HashMap::new(),
        readings: HashMap::new(),
    })
}
