//! Answers of data endpoints into typed values. All times are the person's wall clock.

mod day;
mod exercise;
mod minute;
mod nested;
mod reading;
mod sleep;
mod value;

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
        "fitbit.steps.day" => day::series(endpoint, "activities-steps", body),
        "fitbit.distance.day" => day::series(endpoint, "activities-distance", body),
        "fitbit.floors.day" => day::series(endpoint, "activities-floors", body),
        "fitbit.elevation.day" => day::series(endpoint, "activities-elevation", body),
        "fitbit.calories.day" => day::series(endpoint, "activities-calories", body),
        "fitbit.active_calories.day" => day::series(endpoint, "activities-activityCalories", body),
        "fitbit.basal_calories.day" => day::series(endpoint, "activities-caloriesBMR", body),
        "fitbit.sedentary_minutes.day" => day::series(endpoint, "activities-minutesSedentary", body),
        "fitbit.lightly_active_minutes.day" => day::series(endpoint, "activities-minutesLightlyActive", body),
        "fitbit.fairly_active_minutes.day" => day::series(endpoint, "activities-minutesFairlyActive", body),
        "fitbit.very_active_minutes.day" => day::series(endpoint, "activities-minutesVeryActive", body),
        "fitbit.active_zone_minutes.day" => day::series(endpoint, "activities-active-zone-minutes", body),
        "fitbit.resting_heart_rate.day" => day::series(endpoint, "activities-heart", body),
        "fitbit.heart_rate_variability.day" => day::series(endpoint, "hrv", body),
        "fitbit.oxygen_saturation.day" => day::bare(endpoint, "spo2", body),
        "fitbit.breathing_rate.day" => day::series(endpoint, "br", body),
        "fitbit.skin_temperature_relative.day" => day::series(endpoint, "tempSkin", body),
        "fitbit.vo2_max.day" => day::series(endpoint, "cardioScore", body),
        "fitbit.sleep" => sleep::parse(endpoint, body),
        "fitbit.exercise" => exercise::parse(endpoint, body),
        "fitbit.weight.reading" => reading::parse(endpoint, Metric::Weight, "weight", body),
        "fitbit.body_fat.reading" => reading::parse(endpoint, Metric::BodyFat, "fat", body),
        "fitbit.core_temperature.reading" => {
            reading::parse(endpoint, Metric::CoreTemperature, "tempCore", body)
        }
        "fitbit.heart_rate_variability.minute" => {
            nested::parse(endpoint, Metric::HeartRateVariability, Some("hrv"), body)
        }
        "fitbit.oxygen_saturation.minute" => nested::parse(endpoint, Metric::OxygenSaturation, None, body),
        "fitbit.heart_rate.minute" | "fitbit.heart_rate.native" => {
            minute::parse(endpoint, Metric::HeartRate, "activities-heart", body)
        }
        "fitbit.steps.minute" => minute::parse(endpoint, Metric::Steps, "activities-steps", body),
        "fitbit.distance.minute" => minute::parse(endpoint, Metric::Distance, "activities-distance", body),
        "fitbit.calories.minute" => minute::parse(endpoint, Metric::Calories, "activities-calories", body),
        "fitbit.active_zone_minutes.minute" => {
            minute::parse(endpoint, Metric::ActiveZoneMinutes, "activities-active-zone-minutes", body)
        }
        key => Err(ParseError::UnknownEndpoint { endpoint: key }),
    }
}

/// A value in Fitbit's metric unit as one in the catalogue's: distances come in kilometres, heights in metres.
fn in_catalogue_unit(metric: Metric, value: f64) -> f64 {
    if metric == Metric::Distance { value * 1000.0 } else { value }
}
