//! Points at an instant: heart rate at its native cadence, heart rate variability, oxygen saturation, weight, body fat,
//! core temperature. A year of heart rate has six million of them: nothing is allocated for a point.

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed};
use serde::Deserialize;

use super::{in_catalogue_unit, page};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{Instant, Num, Offset},
};

/// The value of whatever type (discovery document): `beatsPerMinute` (int64, so a string),
/// `rootMeanSquareOfSuccessiveDifferencesMilliseconds`, `percentage` of oxygen saturation and body fat, `weightGrams`,
/// `temperatureCelsius`. The civil time beside the instant follows from the offset and is left.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    sample_time: Option<SampleTime>,
    #[serde(
        rename = "beatsPerMinute",
        alias = "rootMeanSquareOfSuccessiveDifferencesMilliseconds",
        alias = "percentage",
        alias = "weightGrams",
        alias = "temperatureCelsius"
    )]
    value: Option<Num>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SampleTime {
    physical_time: Option<Instant>,
    utc_offset: Option<Offset>,
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut columns = Columns::<1>::default();
    let (next_page, mut warnings) =
        page::points::<Value>(endpoint.key, member, body, |warnings, index, value| {
            let place = |what: &str| format!("dataPoints[{index}].{member}{what}");
            let Some(SampleTime { physical_time: Some(Instant(Some(at))), utc_offset }) = value.sample_time
            else {
                return warnings.add("missing_time", || place(".sampleTime"));
            };
            let Some(Num(number)) = value.value else {
                // A night's variability may come as the standard deviation alone.
                if metric != Metric::HeartRateVariability {
                    warnings.add("missing_value", || place(""));
                }
                return;
            };
            let number = in_catalogue_unit(metric, number);
            match fault(metric, number) {
                Some(code) => warnings.add(code, || place("")),
                None => columns.push(at, [number], utc_offset.and_then(|o| o.0)),
            }
        })?;
    let batch = columns::single(metric, 0, Times::Instants, columns, &mut warnings, "dataPoints");
    Ok(Parsed {
        samples: batch.into_iter().collect(),
        next_page,
        warnings: warnings.finish(),
        ..Parsed::default()
    })
}
