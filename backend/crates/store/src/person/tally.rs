//! Coverage of a day over all metrics, as counts: what a grid of many people needs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::civil::Date;
use pulsekeep_core::{Metric, coverage::CoverageState, id::UserId, time::DayRange};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use super::{Person, cohort::places, coverage::weight};
use crate::{
    Store, StoreError,
    convert::{day_of, day_text},
};

/// The states by their weight, which are the columns of the table of tallies too.
const STATES: [CoverageState; 6] = [
    CoverageState::EmptyConfirmed,
    CoverageState::Complete,
    CoverageState::Partial,
    CoverageState::Pending,
    CoverageState::NotPermitted,
    CoverageState::Failed,
];

/// How many metrics of a day are in which state, each by the worst of its grains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayTally {
    counts: [u16; 6],
}

fn place(state: CoverageState) -> usize {
    usize::from(weight(state))
}

impl DayTally {
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

    /// Metrics of which something is known, be it half of the day.
    pub(super) fn read(&self) -> u16 {
        use CoverageState::{Complete, EmptyConfirmed, Partial};
        [Complete, EmptyConfirmed, Partial].into_iter().map(|state| self.count(state)).sum()
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

/// Person, day and the weight of the worst grain of each metric that was ever asked for, where `filter` holds of its
/// coverage `x`. Where a stream is chosen, what others know of the day does not count.
fn worst_of_metrics(filter: &str) -> String {
    let weights: Vec<String> =
        STATES.iter().map(|state| format!("WHEN '{}' THEN {}", state.key(), weight(*state))).collect();
    format!(
        "SELECT x.user_id, x.day, MAX(CASE x.state {} ELSE {} END) AS worst FROM coverage x
         LEFT JOIN day_choice c ON c.user_id = x.user_id AND c.metric = x.metric AND c.day = x.day
         WHERE (c.stream_id IS NULL OR c.stream_id = x.stream_id) AND {filter}
         GROUP BY x.user_id, x.day, x.metric",
        weights.join(" "),
        weight(CoverageState::Failed),
    )
}

impl Store {
    /// Coverage of some metrics by day, counted, of several people. Days without an entry were never asked for. Of all
    /// metrics the counts are kept; of some they are made.
    ///
    /// # Errors
    /// The database's own.
    pub async fn coverage_tallies(
        &self,
        people: &[Arc<Person>],
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<HashMap<UserId, BTreeMap<Date, DayTally>>, StoreError> {
        let ids: Vec<i64> = people.iter().map(|person| person.user.id.0).collect();
        if Metric::all().all(|metric| metrics.contains(&metric)) {
            return self.kept_tallies(&ids, days).await;
        }
        let worst = worst_of_metrics(&format!(
            "x.day >= $1 AND x.day < $2 AND x.user_id IN ({}) AND x.metric IN ({})",
            places(2, ids.len()),
            places(2 + ids.len(), metrics.len()),
        ));
        let sql =
            format!("SELECT user_id, day, worst, COUNT(*) FROM ({worst}) w GROUP BY user_id, day, worst");
        let mut values = with_days(days, &ids);
        values.extend(metrics.iter().map(|metric| Value::from(metric.code())));
        let mut tallies: HashMap<UserId, BTreeMap<Date, DayTally>> = HashMap::new();
        for row in self.rows(&sql, values).await? {
            let (user, day): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let (worst, count): (i32, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            let tally = tallies.entry(UserId(user)).or_default().entry(day_of(&day)?).or_default();
            if let Some(place) = usize::try_from(worst).ok().and_then(|worst| tally.counts.get_mut(worst)) {
                *place += u16::try_from(count).unwrap_or(u16::MAX);
            }
        }
        Ok(tallies)
    }

    /// Coverage of all metrics by day, counted, of several people, as it is kept.
    pub(super) async fn kept_tallies(
        &self,
        ids: &[i64],
        days: DayRange,
    ) -> Result<HashMap<UserId, BTreeMap<Date, DayTally>>, StoreError> {
        let sql = format!(
            "SELECT user_id, day, {} FROM coverage_tally WHERE day >= $1 AND day < $2 AND user_id IN ({})",
            STATES.map(CoverageState::key).join(", "),
            places(2, ids.len()),
        );
        let mut tallies: HashMap<UserId, BTreeMap<Date, DayTally>> = HashMap::new();
        for row in self.rows(&sql, with_days(days, ids)).await? {
            let (user, day): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let mut tally = DayTally::default();
            for (place, count) in tally.counts.iter_mut().enumerate() {
                *count = u16::try_from(row.try_get_by_index::<i16>(2 + place)?).unwrap_or(0);
            }
            tallies.entry(UserId(user)).or_default().insert(day_of(&day)?, tally);
        }
        Ok(tallies)
    }
}

/// Counts the coverage of a person's days again.
pub(crate) async fn count_again(
    db: &DatabaseTransaction,
    user: i64,
    days: DayRange,
) -> Result<(), StoreError> {
    let values = || with_days(days, &[user]);
    let counts = STATES.map(|state| format!("SUM(CASE worst WHEN {} THEN 1 ELSE 0 END)", weight(state)));
    let worst = worst_of_metrics("x.day >= $1 AND x.day < $2 AND x.user_id = $3");
    let statements = [
        "DELETE FROM coverage_tally WHERE day >= $1 AND day < $2 AND user_id = $3".to_owned(),
        format!(
            "INSERT INTO coverage_tally (user_id, day, {}) SELECT user_id, day, {} FROM ({worst}) w \
             GROUP BY user_id, day",
            STATES.map(CoverageState::key).join(", "),
            counts.join(", "),
        ),
    ];
    for sql in statements {
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values());
        db.execute_raw(statement).await?;
    }
    Ok(())
}

fn with_days(days: DayRange, ids: &[i64]) -> Vec<Value> {
    let mut values: Vec<Value> = [day_text(days.start), day_text(days.end)].map(Value::from).into();
    values.extend(ids.iter().map(|id| Value::from(*id)));
    values
}

#[cfg(test)]
mod tests {
    use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};

    use super::*;

    fn of(states: &[CoverageState]) -> DayTally {
        let mut tally = DayTally::default();
        states.iter().for_each(|state| tally.counts[place(*state)] += 1);
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
