//! Answers of `dataPoints` methods into typed values.

mod day;
mod exercise;
mod interval;
mod page;
mod rollup;
mod sample;
mod session;
mod shares;
mod sleep;

use pulsekeep_core::{
    Metric,
    catalogue::{Call, Endpoint, Grain},
    observation::Parsed,
};

use crate::ParseError;

/// Parses one page of an answer of `endpoint`: `reconcile` and list answers, minute rollups and daily rollups.
///
/// Values come in the catalogue's units. A rollup window without a value is left out; a point whose interval is there
/// and whose count is not is a true zero (proto3 leaves defaults out).
///
/// # Errors
/// [`ParseError`] when the bytes are not a whole answer of that endpoint.
pub fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    use Call::{GoogleDailyRollUp, GoogleReconcile, GoogleRollUpMinute};
    let unknown = ParseError::UnknownEndpoint { endpoint: endpoint.key };
    let Some(member) = member(endpoint.path) else { return Err(unknown) };
    match (endpoint.call, endpoint.grain, endpoint.metrics) {
        (GoogleReconcile { .. }, Grain::Session, [Metric::Sleep]) => sleep::parse(endpoint, body),
        (GoogleReconcile { .. }, Grain::Session, [Metric::Exercise]) => exercise::parse(endpoint, body),
        (GoogleReconcile { .. }, Grain::Day, _) => day::parse(endpoint, member, body),
        // The field that a type is filtered by tells what kind of record it is.
        (GoogleReconcile { field }, Grain::Minute, [metric]) if field.contains(".interval.") => {
            interval::parse(endpoint, *metric, member, body)
        }
        (GoogleReconcile { field }, Grain::Minute, [metric]) if field.contains(".sample_time.") => {
            sample::parse(endpoint, *metric, member, body)
        }
        (GoogleRollUpMinute, _, [Metric::HeartRate]) => rollup::heart_minutes(endpoint, member, body),
        (GoogleRollUpMinute, _, [metric]) => rollup::sum_minutes(endpoint, *metric, member, body),
        (GoogleDailyRollUp, _, _) => rollup::days(endpoint, member, body),
        _ => Err(unknown),
    }
}

/// The member that holds a data type's value, in points as in rollups.
fn member(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "steps" => "steps",
        "distance" => "distance",
        "floors" => "floors",
        "altitude" => "altitude",
        "total-calories" => "totalCalories",
        "active-energy-burned" => "activeEnergyBurned",
        "basal-energy-burned" => "basalEnergyBurned",
        "active-zone-minutes" => "activeZoneMinutes",
        "activity-level" => "activityLevel",
        "time-in-heart-rate-zone" => "timeInHeartRateZone",
        "heart-rate" => "heartRate",
        "heart-rate-variability" => "heartRateVariability",
        "oxygen-saturation" => "oxygenSaturation",
        "core-body-temperature" => "coreBodyTemperature",
        "weight" => "weight",
        "body-fat" => "bodyFat",
        "daily-resting-heart-rate" => "dailyRestingHeartRate",
        "daily-heart-rate-variability" => "dailyHeartRateVariability",
        "daily-sleep-temperature-derivations" => "dailySleepTemperatureDerivations",
        "daily-oxygen-saturation" => "dailyOxygenSaturation",
        "daily-respiratory-rate" => "dailyRespiratoryRate",
        "daily-vo2-max" => "dailyVo2Max",
        "sleep" => "sleep",
        "exercise" => "exercise",
        _ => return None,
    })
}

/// A value in Google's unit as one in the catalogue's: lengths come in millimetres, weights in grams.
fn in_catalogue_unit(metric: Metric, value: f64) -> f64 {
    match metric {
        Metric::Distance | Metric::Elevation | Metric::Weight => value / 1000.0,
        _ => value,
    }
}
