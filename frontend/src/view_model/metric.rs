//! How each metric is written: name, unit, decimals, and where on a page it belongs.

use std::borrow::Cow;

use super::format::Format;
use super::words::Words;
use crate::api::enums::MetricKey;

/// How a metric's values are shown. Stored values are in the catalogue's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Shown value = stored value × factor.
    pub factor: f64,
    /// Decimals.
    pub digits: usize,
    /// Whether the days of a range add up; else their mean counts.
    pub adds_up: bool,
}

/// Part of a page that a metric belongs to, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Activity,
    Heart,
    Night,
    Body,
    /// Metrics that this version does not know.
    Other,
}

/// How a metric is shown.
#[must_use]
pub fn shown(metric: &MetricKey) -> Shown {
    use MetricKey as M;
    let plain = |adds_up| Shown { factor: 1.0, digits: 0, adds_up };
    match metric {
        M::Distance => Shown { factor: 0.001, digits: 2, adds_up: true },
        M::SkinTemperature
        | M::SkinTemperatureRelative
        | M::CoreTemperature
        | M::BreathingRate
        | M::OxygenSaturation
        | M::OxygenSaturationMin
        | M::OxygenSaturationMax
        | M::OxygenSaturationLowerBound
        | M::OxygenSaturationUpperBound
        | M::Vo2Max
        | M::Weight
        | M::BodyFat => Shown { digits: 1, ..plain(false) },
        M::HeartRate
        | M::RestingHeartRate
        | M::HeartRateVariability
        | M::HeartRateVariabilityDeep
        | M::Sleep
        | M::Other(_) => plain(false),
        _ => plain(true),
    }
}

/// Where a metric belongs.
#[must_use]
pub fn group(metric: &MetricKey) -> Group {
    use MetricKey as M;
    match metric {
        M::HeartRate
        | M::RestingHeartRate
        | M::HeartRateVariability
        | M::LightHeartZoneMinutes
        | M::ModerateHeartZoneMinutes
        | M::VigorousHeartZoneMinutes
        | M::PeakHeartZoneMinutes
        | M::Vo2Max => Group::Heart,
        M::Sleep
        | M::HeartRateVariabilityDeep
        | M::BreathingRate
        | M::OxygenSaturation
        | M::OxygenSaturationMin
        | M::OxygenSaturationMax
        | M::OxygenSaturationLowerBound
        | M::OxygenSaturationUpperBound
        | M::SkinTemperature
        | M::SkinTemperatureRelative => Group::Night,
        M::Weight | M::BodyFat | M::CoreTemperature => Group::Body,
        M::Other(_) => Group::Other,
        _ => Group::Activity,
    }
}

/// Whether somebody takes the measurement by hand: days without one are the rule, and no fault.
#[must_use]
pub fn is_by_hand(metric: &MetricKey) -> bool {
    group(metric) == Group::Body
}

/// The part that stands for a metric in element ids and test ids.
#[must_use]
pub fn slug(metric: &MetricKey) -> String {
    metric.as_str().to_ascii_lowercase().replace('_', "-")
}

/// The name of a known metric.
fn name<'a>(metric: &MetricKey, w: &'a Words) -> Option<&'a Cow<'static, str>> {
    use MetricKey as M;
    Some(match metric {
        M::Steps => &w.steps,
        M::Distance => &w.distance,
        M::Calories => &w.calories,
        M::ActiveZoneMinutes => &w.active_zone_minutes,
        M::HeartRate => &w.heart_rate,
        M::RestingHeartRate => &w.resting_heart_rate,
        M::HeartRateVariability => &w.heart_rate_variability,
        M::SkinTemperature => &w.skin_temperature,
        M::SkinTemperatureRelative => &w.skin_temperature_relative,
        M::Sleep => &w.sleep,
        M::Floors => &w.floors,
        M::Elevation => &w.elevation,
        M::ActiveCalories => &w.active_calories,
        M::BasalCalories => &w.basal_calories,
        M::FatBurnZoneMinutes => &w.fat_burn_zone_minutes,
        M::CardioZoneMinutes => &w.cardio_zone_minutes,
        M::PeakZoneMinutes => &w.peak_zone_minutes,
        M::SedentaryMinutes => &w.sedentary_minutes,
        M::LightlyActiveMinutes => &w.lightly_active_minutes,
        M::FairlyActiveMinutes => &w.fairly_active_minutes,
        M::VeryActiveMinutes => &w.very_active_minutes,
        M::LightHeartZoneMinutes => &w.light_heart_zone_minutes,
        M::ModerateHeartZoneMinutes => &w.moderate_heart_zone_minutes,
        M::VigorousHeartZoneMinutes => &w.vigorous_heart_zone_minutes,
        M::PeakHeartZoneMinutes => &w.peak_heart_zone_minutes,
        M::HeartRateVariabilityDeep => &w.heart_rate_variability_deep,
        M::BreathingRate => &w.breathing_rate,
        M::OxygenSaturation => &w.oxygen_saturation,
        M::OxygenSaturationMin => &w.oxygen_saturation_min,
        M::OxygenSaturationMax => &w.oxygen_saturation_max,
        M::OxygenSaturationLowerBound => &w.oxygen_saturation_lower_bound,
        M::OxygenSaturationUpperBound => &w.oxygen_saturation_upper_bound,
        M::Vo2Max => &w.vo2_max,
        M::CoreTemperature => &w.core_temperature,
        M::Weight => &w.weight,
        M::BodyFat => &w.body_fat,
        M::Exercise => &w.exercise,
        M::Other(_) => return None,
    })
}

/// The unit of a known metric.
fn unit<'a>(metric: &MetricKey, w: &'a Words) -> Option<&'a Cow<'static, str>> {
    use MetricKey as M;
    Some(match metric {
        M::Steps => &w.unit_steps,
        M::Distance => &w.unit_km,
        M::Elevation => &w.unit_m,
        M::Floors => &w.unit_floors,
        M::Calories | M::ActiveCalories | M::BasalCalories => &w.unit_kcal,
        M::HeartRate | M::RestingHeartRate => &w.unit_bpm,
        M::HeartRateVariability | M::HeartRateVariabilityDeep => &w.unit_ms,
        M::SkinTemperature | M::CoreTemperature => &w.unit_celsius,
        M::SkinTemperatureRelative => &w.unit_celsius_relative,
        M::BreathingRate => &w.unit_breaths,
        M::OxygenSaturation
        | M::OxygenSaturationMin
        | M::OxygenSaturationMax
        | M::OxygenSaturationLowerBound
        | M::OxygenSaturationUpperBound
        | M::BodyFat => &w.unit_percent,
        M::Vo2Max => &w.unit_vo2,
        M::Weight => &w.unit_kg,
        M::Other(_) => return None,
        _ => &w.unit_min,
    })
}

impl Format {
    /// A metric's name; of one that this version does not know, its key in small letters.
    #[must_use]
    pub fn metric(&self, metric: &MetricKey) -> String {
        match name(metric, &self.words) {
            Some(name) => name.clone().into_owned(),
            None => metric.as_str().to_ascii_lowercase().replace('_', " "),
        }
    }

    /// Names of several metrics; more than `most` of them as a number.
    #[must_use]
    pub fn metrics(&self, metrics: &[MetricKey], most: usize) -> String {
        if metrics.len() > most {
            return super::words::fill(&self.words.n_metrics, &[("n", &metrics.len().to_string())]);
        }
        metrics.iter().map(|metric| self.metric(metric)).collect::<Vec<_>>().join(", ")
    }

    /// The unit that shown values have.
    #[must_use]
    pub fn unit(&self, metric: &MetricKey) -> String {
        unit(metric, &self.words).map_or_else(String::new, |unit| unit.clone().into_owned())
    }

    /// The unit as it fits on an axis.
    #[must_use]
    pub fn axis_unit(&self, metric: &MetricKey) -> String {
        match metric {
            MetricKey::SkinTemperatureRelative => self.words.unit_celsius.clone().into_owned(),
            _ => self.unit(metric),
        }
    }

    /// The name of a group.
    #[must_use]
    pub fn group(&self, group: Group) -> String {
        let w = &self.words;
        match group {
            Group::Activity => &w.group_activity,
            Group::Heart => &w.group_heart,
            Group::Night => &w.group_night,
            Group::Body => &w.group_body,
            Group::Other => &w.group_other,
        }
        .clone()
        .into_owned()
    }

    /// A stored value as shown, without unit; relative temperatures carry their sign.
    #[must_use]
    pub fn value(&self, metric: &MetricKey, stored: f64) -> String {
        let shown = shown(metric);
        let value = stored * shown.factor;
        match metric {
            MetricKey::SkinTemperatureRelative => self.signed(value, shown.digits),
            _ => self.number(value, shown.digits),
        }
    }

    /// A stored value as shown, with its unit.
    #[must_use]
    pub fn value_with_unit(&self, metric: &MetricKey, stored: f64) -> String {
        let (value, unit) = (self.value(metric, stored), self.unit(metric));
        if unit.is_empty() { value } else { format!("{value} {unit}") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;

    #[test]
    fn every_metric_of_the_schema_has_a_name_a_unit_and_a_place() {
        let f = format();
        for key in MetricKey::KNOWN.iter().map(|key| MetricKey::from(*key)) {
            assert!(name(&key, &f.words).is_some_and(|name| !name.is_empty()), "{key:?}");
            assert!(unit(&key, &f.words).is_some_and(|unit| !unit.is_empty()), "{key:?}");
            assert_ne!(group(&key), Group::Other, "{key:?}");
        }
    }

    #[test]
    fn an_unknown_metric_is_shown_by_its_key() {
        let (f, key) = (format(), MetricKey::from("BLOOD_GLUCOSE"));
        assert_eq!(f.metric(&key), "blood glucose");
        assert_eq!(f.value_with_unit(&key, 5.0), "5");
        assert_eq!(group(&key), Group::Other);
    }

    #[test]
    fn many_metrics_are_a_number() {
        let f = format();
        assert_eq!(f.metrics(&[MetricKey::Steps, MetricKey::Sleep], 3), "Steps, Sleep");
        assert_eq!(f.metrics(&vec![MetricKey::Steps; 37], 3), "37 metrics");
    }
}
