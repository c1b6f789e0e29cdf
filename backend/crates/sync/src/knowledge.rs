//! What is known of an account's days, as planning asks it. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::{Endpoint, Grain, endpoint},
    coverage::CoverageState,
    metric::Aggregation,
    time::add_days,
};
use pulsekeep_store::ingest::{CoverageFact, KnownDays};

/// Days around one that have to be without a value too before a nightly reading is held for impossible: a short sleep
/// has readings and no value of the night.
const NIGHTLY_REACH_DAYS: i64 = 7;

/// Coverage, daily values and samples of an account's stream, by metric.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    facts: HashMap<(Metric, Grain), BTreeMap<Date, CoverageFact>>,
    daily: HashMap<Metric, BTreeMap<Date, f64>>,
    with_detail: HashSet<(Metric, Date)>,
}

impl From<KnownDays> for Knowledge {
    fn from(known: KnownDays) -> Self {
        let mut knowledge = Self { with_detail: known.with_detail, ..Self::default() };
        for fact in known.facts {
            knowledge.facts.entry((fact.metric, fact.grain)).or_default().insert(fact.day, fact);
        }
        for value in known.daily {
            knowledge.daily.entry(value.metric).or_default().insert(value.day, value.value);
        }
        knowledge
    }
}

impl Knowledge {
    /// What is known of a day of an endpoint.
    pub(crate) fn fact(&self, endpoint: &Endpoint, day: Date) -> Option<&CoverageFact> {
        self.facts.get(&(endpoint.metrics[0], endpoint.grain))?.get(&day)
    }

    /// The last day of which anything is known.
    pub(crate) fn last_known_day(&self, endpoint: &Endpoint) -> Option<Date> {
        let facts = self.facts.get(&(endpoint.metrics[0], endpoint.grain))?;
        facts.last_key_value().map(|(day, _)| *day)
    }

    /// Whether a day was read whole and cannot change any more.
    pub(crate) fn is_closed(&self, endpoint: &Endpoint, day: Date) -> bool {
        let closed = [CoverageState::Complete, CoverageState::EmptyConfirmed];
        self.fact(endpoint, day).is_some_and(|fact| closed.contains(&fact.state))
    }

    /// Whether a day of a metric holds data in this grain.
    pub(crate) fn has_data(&self, (metric, grain): (Metric, Grain), day: Date) -> bool {
        match grain {
            Grain::Minute | Grain::Session => self.with_detail.contains(&(metric, day)),
            Grain::Day => self.daily.get(&metric).is_some_and(|values| values.contains_key(&day)),
        }
    }

    /// The fact that proves a day without detail: its daily value was read and there is none, or it is a zero of a sum.
    /// A reading counts when the day was closed, or when it is not older than `since`. A day that has samples is never
    /// held for empty: they would have to be taken back.
    pub(crate) fn proof_of_empty(
        &self,
        of: &Endpoint,
        day: Date,
        since: Option<EpochMs>,
    ) -> Option<&CoverageFact> {
        let proof = endpoint(of.proved_by?)?;
        let metric = of.metrics[0];
        let fact = self.fact(proof, day)?;
        let is_read = self.is_closed(proof, day)
            || fact.state == CoverageState::Partial
                && since.is_some_and(|since| fact.checked_at.is_some_and(|at| at >= since));
        let reach = match metric {
            Metric::HeartRateVariability | Metric::OxygenSaturation => NIGHTLY_REACH_DAYS,
            _ => 0,
        };
        let values = self.daily.get(&metric);
        let tells = |day: Date| {
            values
                .and_then(|values| values.get(&day))
                .is_some_and(|&value| metric.spec().aggregation != Aggregation::Sum || value != 0.0)
        };
        let silent = (-reach..=reach).all(|n| !tells(add_days(day, n)));
        (is_read && silent && !self.with_detail.contains(&(metric, day))).then_some(fact)
    }

    /// Whether a day of an endpoint is proved empty.
    pub(crate) fn is_empty(&self, of: &Endpoint, day: Date, since: Option<EpochMs>) -> bool {
        self.proof_of_empty(of, day, since).is_some()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::observation::DailyValue;

    use super::*;

    const DAY: Date = date(2026, 3, 10);

    fn known(metric: Metric, state: CoverageState, value: Option<f64>) -> KnownDays {
        let fact = CoverageFact {
            metric,
            grain: Grain::Day,
            day: DAY,
            state,
            code: None,
            checked_at: Some(EpochMs(1_000)),
            window: None,
            raw: None,
        };
        let daily = value.map(|value| DailyValue { metric, day: DAY, value }).into_iter().collect();
        KnownDays { facts: vec![fact], daily, with_detail: HashSet::new() }
    }

    fn is_empty(key: &str, known: KnownDays, since: Option<EpochMs>) -> bool {
        Knowledge::from(known).is_empty(endpoint(key).unwrap(), DAY, since)
    }

    #[test]
    fn a_day_of_zero_or_without_a_value_has_no_detail() {
        let steps = |state, value| known(Metric::Steps, state, value);
        let closed = CoverageState::Complete;
        assert!(is_empty("google.steps.minute", steps(closed, Some(0.0)), None));
        assert!(is_empty("google.steps.minute", steps(CoverageState::EmptyConfirmed, None), None));
        assert!(!is_empty("google.steps.minute", steps(closed, Some(1.0)), None));
        assert!(!is_empty("google.steps.minute", KnownDays::default(), None), "nothing known is no proof");
        for unread in [CoverageState::Failed, CoverageState::Pending, CoverageState::NotPermitted] {
            assert!(!is_empty("google.steps.minute", steps(unread, None), None));
        }
    }

    #[test]
    fn an_open_day_is_proved_by_a_reading_of_the_same_job_only() {
        let open = || known(Metric::Steps, CoverageState::Partial, None);
        assert!(!is_empty("google.steps.minute", open(), None));
        assert!(is_empty("google.steps.minute", open(), Some(EpochMs(1_000))));
        assert!(!is_empty("google.steps.minute", open(), Some(EpochMs(1_001))));
    }

    #[test]
    fn samples_that_are_stored_are_asked_for_again() {
        let mut known = known(Metric::Steps, CoverageState::Complete, Some(0.0));
        known.with_detail.insert((Metric::Steps, DAY));
        assert!(!is_empty("google.steps.minute", known, None));
    }

    #[test]
    fn a_short_sleep_near_a_night_with_a_value_is_asked_for() {
        let metric = Metric::HeartRateVariability;
        let mut nights = known(metric, CoverageState::EmptyConfirmed, None);
        assert!(is_empty("google.heart_rate_variability.minute", nights.clone(), None));
        nights.daily.push(DailyValue { metric, day: add_days(DAY, 3), value: 40.0 });
        assert!(!is_empty("google.heart_rate_variability.minute", nights, None));
    }
}
