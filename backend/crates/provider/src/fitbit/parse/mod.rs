//! Answers of data endpoints into typed values. All times are the person's wall clock.

mod day;
mod minute;
mod sleep;
mod zone_minutes;

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed};

use crate::ParseError;

/// Parses an answer of `endpoint`.
///
/// Values come in the catalogue's units. A zero that the answer has is a zero; a day or minute that it leaves out is
/// left out.
///
/// # Errors
/// [`ParseError`] when the bytes are not a whole answer of that endpoint.
pub fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    match endpoint.key {
        "fitbit.steps.day" => day::series(endpoint, Metric::Steps, "activities-steps", body),
        "fitbit.distance.day" => day::series(endpoint, Metric::Distance, "activities-distance", body),
        "fitbit.calories.day" => day::series(endpoint, Metric::Calories, "activities-calories", body),
        "fitbit.active_zone_minutes.day" => {
            day::series(endpoint, Metric::ActiveZoneMinutes, "activities-active-zone-minutes", body)
        }
        "fitbit.resting_heart_rate.day" => {
            day::series(endpoint, Metric::RestingHeartRate, "activities-heart", body)
        }
        "fitbit.heart_rate_variability.day" => {
            day::series(endpoint, Metric::HeartRateVariability, "hrv", body)
        }
        "fitbit.skin_temperature_relative.day" => {
            day::series(endpoint, Metric::SkinTemperatureRelative, "tempSkin", body)
        }
        "fitbit.sleep" => sleep::parse(endpoint, body),
        "fitbit.heart_rate.minute" => minute::parse(endpoint, Metric::HeartRate, "activities-heart", body),
        "fitbit.steps.minute" => minute::parse(endpoint, Metric::Steps, "activities-steps", body),
        "fitbit.distance.minute" => minute::parse(endpoint, Metric::Distance, "activities-distance", body),
        "fitbit.calories.minute" => minute::parse(endpoint, Metric::Calories, "activities-calories", body),
        "fitbit.active_zone_minutes.minute" => {
            zone_minutes::parse(endpoint, "activities-active-zone-minutes", body)
        }
        key => Err(ParseError::UnknownEndpoint { endpoint: key }),
    }
}

/// A value in Fitbit's metric unit as one in the catalogue's: distances come in kilometres.
fn in_catalogue_unit(metric: Metric, value: f64) -> f64 {
    if metric == Metric::Distance { value * 1000.0 } else { value }
}

/// Why `number` cannot be one of `metric`.
fn fault(metric: Metric, number: f64) -> Option<&'static str> {
    match number {
        n if n.is_nan() => Some("not_a_number"),
        n if !metric.is_valid(n) => Some("out_of_range"),
        _ => None,
    }
}
