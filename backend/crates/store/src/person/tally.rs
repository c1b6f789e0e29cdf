//! Coverage of a day over all metrics, as counts: what a grid of many people needs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{Metric, coverage::CoverageState, time::DayRange};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{Person, coverage::weight};
use crate::{
    StoreError,
    convert::{day_of, day_text},
    entity::coverage,
};

/// How many metrics of a day are in which state, each by the worst of its grains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayTally {
    counts: [u16; 6],
}

fn place(state: CoverageState) -> usize {
    usize::from(weight(state))
}

impl DayTally {
    fn add(&mut self, state: CoverageState) {
        self.counts[place(state)] += 1;
    }

    /// Metrics in a state.
    #[must_use]
    pub fn count(&self, state: CoverageState) -> u16 {
        self.counts[place(state)]
    }

    /// Metrics that were asked for.
    #[must_use]
    pub fn asked(&self) -> u16 {
        self.counts.iter().sum()
    }

    /// Of the metrics that may be read, the share that is read whole, empty or not; `None` where there is none.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let permitted = self.asked() - self.count(CoverageState::NotPermitted);
        let read = self.count(CoverageState::Complete) + self.count(CoverageState::EmptyConfirmed);
        (permitted > 0).then(|| f64::from(read) / f64::from(permitted))
    }

    /// One state for all: a failure is never hidden, and what is half there is not complete. `None` where nothing was
    /// asked for.
    #[must_use]
    pub fn state(&self) -> Option<CoverageState> {
        use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
        let has = |state| self.count(state) > 0;
        let read = has(Complete) || has(EmptyConfirmed);
        let half = has(Partial) || has(Pending) && read;
        let worst =
            [(Failed, has(Failed)), (Partial, half), (Pending, has(Pending)), (Complete, has(Complete))]
                .into_iter()
                .chain([(EmptyConfirmed, has(EmptyConfirmed)), (NotPermitted, has(NotPermitted))]);
        worst.into_iter().find(|(_, holds)| *holds).map(|(state, _)| state)
    }
}

impl Person {
    /// Coverage of some metrics by day, counted. Days without an entry were never asked for.
    ///
    /// # Errors
    /// The database's own.
    pub async fn coverage_tally(
        &self,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<BTreeMap<Date, DayTally>, StoreError> {
        use coverage::Column as C;
        let rows: Vec<(i16, i64, String, String)> = coverage::Entity::find()
            .select_only()
            .columns([C::Metric, C::StreamId, C::Day, C::State])
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Metric.is_in(metrics.iter().map(|m| m.code())))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let chosen = self.chosen_streams(metrics, days).await?;
        let mut worst: BTreeMap<(String, i16), CoverageState> = BTreeMap::new();
        for (metric, stream, day, state) in rows {
            let key = (metric, day);
            // Where a stream is chosen, what others know of the day does not count.
            if chosen.get(&key).is_some_and(|chosen| *chosen != stream) {
                continue;
            }
            let state = CoverageState::parse(&state).unwrap_or(CoverageState::Failed);
            let known = worst.entry((key.1, metric)).or_insert(state);
            if weight(state) > weight(*known) {
                *known = state;
            }
        }
        let mut tally: BTreeMap<Date, DayTally> = BTreeMap::new();
        for ((day, _), state) in worst {
            tally.entry(day_of(&day)?).or_default().add(state);
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};

    use super::*;

    fn of(states: &[CoverageState]) -> DayTally {
        let mut tally = DayTally::default();
        states.iter().for_each(|state| tally.add(*state));
        tally
    }

    #[test]
    fn a_failure_is_never_hidden_and_half_is_not_whole() {
        let state = |states: &[CoverageState]| of(states).state();
        assert_eq!(state(&[]), None);
        assert_eq!(state(&[Complete, Failed, Partial]), Some(Failed));
        assert_eq!(state(&[Complete, Pending]), Some(Partial));
        assert_eq!(state(&[Pending, NotPermitted]), Some(Pending));
        assert_eq!(state(&[EmptyConfirmed, Complete]), Some(Complete));
        assert_eq!(state(&[EmptyConfirmed, NotPermitted]), Some(EmptyConfirmed));
        assert_eq!(state(&[NotPermitted]), Some(NotPermitted));
    }

    #[test]
    fn the_share_is_of_what_may_be_read() {
        assert_eq!(of(&[NotPermitted]).share(), None);
        assert_eq!(of(&[Complete, EmptyConfirmed, Failed, Partial, NotPermitted]).share(), Some(0.5));
    }
}
