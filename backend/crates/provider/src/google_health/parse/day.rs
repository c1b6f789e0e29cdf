//! Daily records. One record may give several metrics.

use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::{DailyValue, Parsed},
};
use serde::Deserialize;

use super::page;
use crate::{
    ParseError,
    columns::fault,
    days::Days,
    json::{CivilDate, Num},
};

/// The members of all daily records that we keep (discovery document, revision 20261030): no two types share one.
///
/// - `DailyRestingHeartRate`: `beatsPerMinute`, an int64 and so a string.
/// - `DailyHeartRateVariability`: the night's average and that of deep sleep; either may be missing.
/// - `DailySleepTemperatureDerivations`: the absolute temperature. Baseline and deviation are `"NaN"` for the first weeks
///   and are left; the difference to the baseline is another metric, which Google does not give.
/// - `DailyOxygenSaturation`: the mean and the bounds of a confidence interval, which are not the lowest and highest
///   reading. Recorded: `{"averagePercentage":99.3,"lowerBoundPercentage":97.9,"upperBoundPercentage":100}`.
/// - `DailyRespiratoryRate`: `breathsPerMinute`.
/// - `DailyVO2Max`: `vo2Max`, whether estimated or not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    date: Option<CivilDate>,
    beats_per_minute: Option<Num>,
    average_heart_rate_variability_milliseconds: Option<Num>,
    deep_sleep_root_mean_square_of_successive_differences_milliseconds: Option<Num>,
    nightly_temperature_celsius: Option<Num>,
    average_percentage: Option<Num>,
    lower_bound_percentage: Option<Num>,
    upper_bound_percentage: Option<Num>,
    breaths_per_minute: Option<Num>,
    vo2_max: Option<Num>,
}

impl Record {
    fn number(&self, metric: Metric) -> Option<Num> {
        match metric {
            Metric::RestingHeartRate => self.beats_per_minute,
            Metric::HeartRateVariability => self.average_heart_rate_variability_milliseconds,
            Metric::HeartRateVariabilityDeep => {
                self.deep_sleep_root_mean_square_of_successive_differences_milliseconds
            }
            Metric::SkinTemperature => self.nightly_temperature_celsius,
            Metric::OxygenSaturation => self.average_percentage,
            Metric::OxygenSaturationLowerBound => self.lower_bound_percentage,
            Metric::OxygenSaturationUpperBound => self.upper_bound_percentage,
            Metric::BreathingRate => self.breaths_per_minute,
            Metric::Vo2Max => self.vo2_max,
            _ => None,
        }
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut days = Days::default();
    let (next_page, mut warnings) =
        page::points::<Record>(endpoint.key, member, body, |warnings, index, record| {
            let Some(day) = record.date.and_then(CivilDate::day) else {
                return warnings.add("missing_time", || format!("dataPoints[{index}].{member}.date"));
            };
            for &metric in endpoint.metrics {
                // A record may lack a value that we want and have others.
                let Some(Num(value)) = record.number(metric) else { continue };
                match fault(metric, value) {
                    Some(code) => warnings.add(code, || format!("dataPoints[{index}].{member}")),
                    None => days.push(DailyValue { metric, day, value }),
                }
            }
        })?;
    let daily = days.finish(&mut warnings);
    Ok(Parsed { daily, next_page, warnings: warnings.finish(), ..Parsed::default() })
}
