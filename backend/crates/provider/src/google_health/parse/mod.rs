//! Answers of `dataPoints` methods into typed values.

mod day;
mod interval;
mod page;
mod rollup;
mod sleep;

use pulsekeep_core::{
    Metric,
    catalogue::{Call, Endpoint},
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
    match (endpoint.call, endpoint.metrics) {
        (GoogleReconcile { .. }, [Metric::Sleep]) => sleep::parse(endpoint, body),
        (
            GoogleReconcile { .. },
            [metric @ (Metric::Steps | Metric::Distance | Metric::ActiveZoneMinutes)],
        ) => interval::parse(endpoint, *metric, member, body),
        (GoogleReconcile { .. }, [metric]) => day::parse(endpoint, *metric, member, body),
        (GoogleRollUpMinute, [Metric::HeartRate]) => rollup::heart_minutes(endpoint, member, body),
        (GoogleRollUpMinute, [metric]) => rollup::sum_minutes(endpoint, *metric, member, body),
        (GoogleDailyRollUp, [metric]) => rollup::days(endpoint, *metric, member, body),
        _ => Err(unknown),
    }
}

/// The member that holds a data type's value, in points as in rollups.
fn member(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "steps" => "steps",
        "distance" => "distance",
        "total-calories" => "totalCalories",
        "active-zone-minutes" => "activeZoneMinutes",
        "heart-rate" => "heartRate",
        "daily-resting-heart-rate" => "dailyRestingHeartRate",
        "daily-heart-rate-variability" => "dailyHeartRateVariability",
        "daily-sleep-temperature-derivations" => "dailySleepTemperatureDerivations",
        "sleep" => "sleep",
        _ => return None,
    })
}

/// A value in Google's unit as one in the catalogue's: distances come in millimetres.
fn in_catalogue_unit(metric: Metric, value: f64) -> f64 {
    if metric == Metric::Distance { value / 1000.0 } else { value }
}
