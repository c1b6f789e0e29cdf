//! How each metric is written: name, unit, decimals.

use super::format::Format;
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

/// How a metric is shown.
#[must_use]
pub fn shown(metric: &MetricKey) -> Shown {
    let plain = |adds_up| Shown { factor: 1.0, digits: 0, adds_up };
    match metric {
        MetricKey::Distance => Shown { factor: 0.001, digits: 2, adds_up: true },
        MetricKey::Steps | MetricKey::Calories | MetricKey::ActiveZoneMinutes => plain(true),
        MetricKey::SkinTemperature | MetricKey::SkinTemperatureRelative => {
            Shown { digits: 1, ..plain(false) }
        }
        _ => plain(false),
    }
}

/// The part that stands for a metric in element ids and test ids.
#[must_use]
pub fn slug(metric: &MetricKey) -> String {
    metric.as_str().to_ascii_lowercase().replace('_', "-")
}

impl Format {
    /// A metric's name; of one that this version does not know, its key in small letters.
    #[must_use]
    pub fn metric(&self, metric: &MetricKey) -> String {
        let w = &self.words;
        match metric {
            MetricKey::Steps => &w.steps,
            MetricKey::Distance => &w.distance,
            MetricKey::Calories => &w.calories,
            MetricKey::ActiveZoneMinutes => &w.active_zone_minutes,
            MetricKey::HeartRate => &w.heart_rate,
            MetricKey::RestingHeartRate => &w.resting_heart_rate,
            MetricKey::HeartRateVariability => &w.heart_rate_variability,
            MetricKey::SkinTemperature => &w.skin_temperature,
            MetricKey::SkinTemperatureRelative => &w.skin_temperature_relative,
            MetricKey::Sleep => &w.sleep,
            MetricKey::Other(key) => return key.to_ascii_lowercase().replace('_', " "),
        }
        .clone()
        .into_owned()
    }

    /// The unit that shown values have.
    #[must_use]
    pub fn unit(&self, metric: &MetricKey) -> String {
        let w = &self.words;
        match metric {
            MetricKey::Steps => &w.unit_steps,
            MetricKey::Distance => &w.unit_km,
            MetricKey::Calories => &w.unit_kcal,
            MetricKey::ActiveZoneMinutes | MetricKey::Sleep => &w.unit_min,
            MetricKey::HeartRate | MetricKey::RestingHeartRate => &w.unit_bpm,
            MetricKey::HeartRateVariability => &w.unit_ms,
            MetricKey::SkinTemperature => &w.unit_celsius,
            MetricKey::SkinTemperatureRelative => &w.unit_celsius_relative,
            MetricKey::Other(_) => return String::new(),
        }
        .clone()
        .into_owned()
    }

    /// The unit as it fits on an axis.
    #[must_use]
    pub fn axis_unit(&self, metric: &MetricKey) -> String {
        match metric {
            MetricKey::SkinTemperatureRelative => self.words.unit_celsius.clone().into_owned(),
            _ => self.unit(metric),
        }
    }

    /// A stored value as shown, without unit; relative temperatures carry their sign.
    #[must_use]
    pub fn value(&self, metric: &MetricKey, stored: f64) -> String {
        let shown = shown(metric);
        let value = stored * shown.factor;
        let text = self.number(value, shown.digits);
        let is_signed = *metric == MetricKey::SkinTemperatureRelative;
        if is_signed && value > 0.0 && text.contains(|c| ('1'..='9').contains(&c)) {
            format!("+{text}")
        } else {
            text
        }
    }

    /// A stored value as shown, with its unit.
    #[must_use]
    pub fn value_with_unit(&self, metric: &MetricKey, stored: f64) -> String {
        let (value, unit) = (self.value(metric, stored), self.unit(metric));
        if unit.is_empty() { value } else { format!("{value} {unit}") }
    }
}
