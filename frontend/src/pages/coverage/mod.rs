//! `/coverage` and `/people/{id}/coverage`: what is known of each day, and the request behind it.

pub mod cell;
pub mod cohort;
pub mod person;

use serde::Deserialize;

use crate::api::enums::MetricKey;
use crate::api::operations::person_coverage::CoveredCoverageDays;
use crate::api::operations::{Covered, CoveredMetric};
use crate::view_model::civil::Day;
use crate::view_model::coverage::DayCoverage;
use crate::view_model::grid::MetricRow;
use crate::view_model::range::Range;

pub use cohort::CohortPage;
pub use person::PersonPage;

/// Days that are shown first.
const FIRST: i32 = 28;
/// Most days of a grid: more could not be told apart.
const MOST: i32 = 92;
/// Lengths of the range that are offered.
const PRESETS: &[i32] = &[7, 28, 90];

/// The range of the address, no longer than a grid can be.
fn range_of(from: Option<&str>, to: Option<&str>, today: Day) -> Range {
    if from.is_none() && to.is_none() {
        return Range::last(FIRST, today);
    }
    let range = Range::of_query(from, to, today);
    Range { from: range.from.max(range.to.plus(1 - MOST)), ..range }
}

/// The answer for one person.
#[derive(Debug, Deserialize)]
struct One {
    user: Option<Covered>,
}

/// Coverage by metric, in the server's order.
fn metric_rows(person: &Covered) -> Vec<MetricRow> {
    let row = |row: &CoveredMetric| {
        let day =
            |day: &CoveredCoverageDays| Some((Day::parse(&day.date)?, (day.state.clone(), day.code.clone())));
        (row.metric.clone(), DayCoverage::new(row.days.iter().filter_map(day)))
    };
    person.coverage.iter().map(row).collect()
}

/// The address of a person's coverage; with a metric and a day, of the request behind that cell.
#[must_use]
pub fn address(person: &str, range: Range, cell: Option<(&MetricKey, Day)>) -> String {
    let cell = cell.map(|(metric, day)| format!("&metric={}&day={day}", metric.as_str()));
    format!("/people/{person}/coverage{}{}", range.query(), cell.unwrap_or_default())
}
