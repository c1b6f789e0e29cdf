//! Coverage of a person's days in counts, in columns: a grid of a hundred people over a quarter is one small answer.

use std::collections::BTreeMap;

use async_graphql::Object;
use jiff::civil::Date as Day;
use pulsekeep_core::{coverage::CoverageState as State, time::DayRange};
use pulsekeep_store::person::DayTally;

use super::{enums::CoverageState, scalars::Date};

/// How the metrics of each day stand. Each list has a place for each day of the range, in order.
pub(super) struct CoverageTally {
    days: DayRange,
    tally: Vec<Option<DayTally>>,
}

impl CoverageTally {
    pub(super) fn of(days: DayRange, mut known: BTreeMap<Day, DayTally>) -> Self {
        Self { days, tally: days.days().map(|day| known.remove(&day)).collect() }
    }

    fn counts(&self, state: State) -> Vec<i32> {
        self.tally.iter().map(|day| day.map_or(0, |day| i32::from(day.count(state)))).collect()
    }
}

/// How the metrics of each day stand. Each list has a place for each day of the range, in order.
#[Object]
impl CoverageTally {
    /// The day of the first place.
    async fn from(&self) -> Date {
        Date(self.days.start)
    }

    /// The day of the last place.
    async fn to(&self) -> Date {
        Date(self.days.last())
    }

    /// One state for all metrics of a day: a failure is never hidden, and what is half there is not complete. Null where
    /// nothing was asked for.
    async fn state(&self) -> Vec<Option<CoverageState>> {
        self.tally.iter().map(|day| day.and_then(|day| day.state()).map(Into::into)).collect()
    }

    /// Of the metrics that may be read, the share that is read whole, 0 to 1.
    async fn share(&self) -> Vec<Option<f64>> {
        self.tally.iter().map(|day| day.and_then(|day| day.share())).collect()
    }

    /// Metrics that are read whole, and have data.
    async fn complete(&self) -> Vec<i32> {
        self.counts(State::Complete)
    }

    /// Metrics of which the provider has nothing.
    async fn empty_confirmed(&self) -> Vec<i32> {
        self.counts(State::EmptyConfirmed)
    }

    /// Metrics that may still change.
    async fn partial(&self) -> Vec<i32> {
        self.counts(State::Partial)
    }

    /// Metrics that a job is to read.
    async fn pending(&self) -> Vec<i32> {
        self.counts(State::Pending)
    }

    /// Metrics that were given up.
    async fn failed(&self) -> Vec<i32> {
        self.counts(State::Failed)
    }

    /// Metrics that the person did not let us read.
    async fn not_permitted(&self) -> Vec<i32> {
        self.counts(State::NotPermitted)
    }
}
