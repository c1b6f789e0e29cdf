//! What was read of some days, compared value by value and sample by sample with all that the simulator would tell.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{Cadence, Endpoint, Grain},
    metric::Aggregation,
    observation::{ExerciseRecord, Parsed, SampleTimes, SampleValues, SessionTimes},
    time::DayRange,
    timeline::OffsetTimeline,
};
use serde_json::Value;

use crate::simulator::World;

/// Everything that a provider would tell of a person's days.
pub(crate) struct Truth {
    provider: ProviderKey,
    by_minute: Value,
    native: Value,
}

impl Truth {
    pub(crate) async fn of(world: &World, provider: ProviderKey, person: &str, days: DayRange) -> Self {
        let name = match provider {
            ProviderKey::GoogleHealth => "google",
            ProviderKey::Fitbit => "fitbit",
        };
        let (from, to) = (days.start, days.last());
        let path = |native| {
            format!("/people/{person}/truth/range?provider={name}&from={from}&to={to}&native={native}")
        };
        let get = reqwest::Method::GET;
        Self {
            provider,
            by_minute: world.control(get.clone(), &path(false), None).await,
            native: world.control(get, &path(true), None).await,
        }
    }

    fn daily(&self, metric: Metric, day: Date) -> Option<f64> {
        match &self.by_minute["daily"][metric.key()][day.to_string()] {
            // Minimum, mean and maximum.
            Value::Array(values) => values[1].as_f64(),
            value => value.as_f64(),
        }
    }

    /// Epoch seconds and values of each sample.
    fn detail(&self, endpoint: &Endpoint) -> BTreeMap<i64, Vec<f64>> {
        let native = endpoint.cadence == Some(Cadence::Native);
        let truth = if native { &self.native } else { &self.by_minute };
        let rows = truth["detail"][endpoint.metrics[0].key()].as_array();
        let row = |row: &Value| {
            let numbers: Vec<f64> = row.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
            (numbers[0] as i64, numbers[1..].to_vec())
        };
        rows.into_iter().flatten().map(row).collect()
    }

    /// Compares what was read of `days` at `endpoint`. Where a sum is zero, the provider may say so or leave it out.
    pub(crate) fn compare(
        &self,
        endpoint: &Endpoint,
        days: DayRange,
        parsed: &Parsed,
        timeline: &OffsetTimeline,
    ) {
        match endpoint.grain {
            Grain::Day => self.compare_days(endpoint, days, parsed),
            Grain::Minute => self.compare_samples(endpoint, days, parsed, timeline),
            Grain::Session if endpoint.metrics == [Metric::Exercise] => {
                self.compare_exercises(endpoint, parsed);
            }
            Grain::Session => {}
        }
    }

    fn compare_days(&self, endpoint: &Endpoint, days: DayRange, parsed: &Parsed) {
        for &metric in endpoint.metrics {
            for day in days.days() {
                let place = format!("{} {metric} {day}", endpoint.key);
                let found = parsed.daily.iter().find(|v| v.metric == metric && v.day == day).map(|v| v.value);
                let expected = self.daily(metric, day);
                let adds_up = metric.spec().aggregation == Aggregation::Sum;
                let same = match (found, expected) {
                    (Some(found), Some(expected)) => (found - expected).abs() <= slack(self.provider, metric),
                    (Some(value), None) | (None, Some(value)) => adds_up && value == 0.0,
                    (None, None) => true,
                };
                assert!(same, "{place}: {found:?}, not {expected:?}");
            }
        }
    }

    fn compare_samples(
        &self,
        endpoint: &Endpoint,
        days: DayRange,
        parsed: &Parsed,
        timeline: &OffsetTimeline,
    ) {
        let metric = endpoint.metrics[0];
        // Some ask by the day of a reading, others by that of waking: the evenings at both ends are left.
        let start = timeline.day_bounds(days.start).0.0 / 1000;
        let noon = timeline.day_bounds(days.last()).0.0 / 1000 + 12 * 3600;
        let mut expected = self.detail(endpoint);
        expected.retain(|at, _| (start..noon).contains(at));
        let mut found = BTreeMap::new();
        for batch in &parsed.samples {
            let at: Vec<i64> = match &batch.times {
                SampleTimes::Instants { at, .. } => at.iter().map(|at| at.0).collect(),
                SampleTimes::Local(at) => at.iter().map(|at| timeline.instant_of_local(*at).0).collect(),
            };
            for (i, at) in at.into_iter().enumerate() {
                let values = match &batch.values {
                    SampleValues::Single(values) => vec![values[i]],
                    SampleValues::MinMeanMax { min, mean, max } => vec![min[i], mean[i], max[i]],
                };
                let is_zero = metric.spec().aggregation == Aggregation::Sum && values == [0.0];
                let at = at.div_euclid(1000);
                if !is_zero && (start..noon).contains(&at) {
                    found.insert(at, values);
                }
            }
        }
        let key = endpoint.key;
        let missing: Vec<&i64> = expected.keys().filter(|at| !found.contains_key(at)).take(3).collect();
        let extra: Vec<&i64> = found.keys().filter(|at| !expected.contains_key(at)).take(3).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{key}: {} of {} samples; missing {missing:?}, not there {extra:?}",
            found.len(),
            expected.len()
        );
        for (at, values) in &found {
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= slack_of_sample(metric);
            let expected = &expected[at];
            assert!(values.iter().zip(expected).all(close), "{key} {at}: {values:?}, not {expected:?}");
            assert_eq!(values.len(), expected.len(), "{key} {at}");
        }
    }

    fn compare_exercises(&self, endpoint: &Endpoint, parsed: &Parsed) {
        let expected = self.by_minute["exercise"].as_array().cloned().unwrap_or_default();
        assert_eq!(parsed.exercises.len(), expected.len(), "{}", endpoint.key);
        for truth in &expected {
            let id = match self.provider {
                ProviderKey::GoogleHealth => &truth["google_id"],
                ProviderKey::Fitbit => &truth["fitbit_id"],
            };
            let id = id.as_str().map_or_else(|| id.to_string(), ToOwned::to_owned);
            let found = parsed.exercises.iter().find(|e| e.external_id == id);
            compare_exercise(found.unwrap_or_else(|| panic!("{}: no {id}", endpoint.key)), truth);
        }
    }
}

fn compare_exercise(found: &ExerciseRecord, truth: &Value) {
    let id = &found.external_id;
    let SessionTimes::Instants { start, end, start_offset, .. } = found.times else {
        panic!("{id}: exercises have instants")
    };
    let seconds = |ms: i64| ms.div_euclid(1000);
    assert_eq!(Some(seconds(start.0)), truth["start"].as_i64(), "{id}");
    assert_eq!(Some(seconds(end.0)), truth["end"].as_i64(), "{id}");
    assert_eq!(Some(i64::from(start_offset)), truth["offset"].as_i64(), "{id}");
    assert_eq!(Some(found.day.to_string().as_str()), truth["day"].as_str(), "{id}");
    assert_eq!(Some(found.has_route), truth["has_route"].as_bool(), "{id}");
    assert_eq!(found.active_ms.map(seconds), truth["active_seconds"].as_i64(), "{id}");
    assert_eq!(found.mean_heart_rate, truth["mean_heart_rate"].as_f64(), "{id}");
    let near = |found: Option<f64>, member: &str, slack: f64| {
        let expected = truth[member].as_f64().unwrap_or(0.0);
        // Fitbit tells no distance of a workout.
        let is_left_out = member == "distance_m" && truth["kind"] == "workout" && found.is_none();
        let found = found.unwrap_or(if is_left_out { expected } else { 0.0 });
        assert!((found - expected).abs() <= slack, "{id} {member}: {found}, not {expected}");
    };
    #[expect(clippy::cast_precision_loss, reason = "steps of an hour")]
    let number = |n: i64| n as f64;
    near(found.steps.map(number), "steps", 0.0);
    near(found.active_zone_minutes.map(number), "active_zone_minutes", 0.0);
    near(found.distance_m, "distance_m", 1.0);
    near(found.energy_kcal, "calories_kcal", 0.5);
    near(found.elevation_gain_m, "elevation_m", 0.01);
}

/// How far a day's value may lie from the truth, which is told unrounded.
fn slack(provider: ProviderKey, metric: Metric) -> f64 {
    match metric {
        Metric::Distance if provider == ProviderKey::Fitbit => 5.0,
        Metric::Calories | Metric::ActiveCalories | Metric::BasalCalories => 0.51,
        _ => 0.051,
    }
}

fn slack_of_sample(metric: Metric) -> f64 {
    match metric {
        Metric::Distance => 0.06,
        Metric::HeartRate | Metric::OxygenSaturation => 0.051,
        _ => 0.002,
    }
}
