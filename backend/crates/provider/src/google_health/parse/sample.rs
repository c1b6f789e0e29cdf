//! Points at an instant: heart rate at its native cadence, heart rate variability, oxygen saturation, weight, body fat,
//! core temperature. A year of heart rate has six million of them: nothing is allocated for a point.

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed};
use serde::Deserialize;

use super::{in_catalogue_unit, page};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{Instant, Num, Offset, Warnings},
    scan::{self, Scan, once},
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
    match parse_plain(metric, member, body) {
        Some(parsed) => Ok(parsed),
        None => parse_any(endpoint, metric, member, body),
    }
}

/// An answer in which every point has a time, an offset and a value.
fn parse_plain(metric: Metric, member: &str, body: &[u8]) -> Option<Parsed> {
    let mut columns = Columns::<1>::default();
    let next_page = scan::page("dataPoints", body, |row| {
        let mut seen = None;
        row.object(
            |row, key| if key == member.as_bytes() { once(&mut seen, plain_value(row)) } else { row.skip() },
        )?;
        let (at, offset, number) = seen?;
        let number = in_catalogue_unit(metric, number);
        fault(metric, number).is_none().then(|| columns.push(at, [number], Some(offset)))
    })?;
    let mut warnings = Warnings::default();
    let batch = columns::single(metric, 0, Times::Instants, columns, &mut warnings, "dataPoints");
    let samples = batch.into_iter().collect();
    Some(Parsed { samples, next_page, warnings: warnings.finish(), ..Parsed::default() })
}

/// Instant, offset and number of a point.
fn plain_value(row: &mut Scan<'_>) -> Option<(i64, i32, f64)> {
    let (mut at, mut offset, mut number) = (None, None, None);
    row.object(|row, key| match key {
        b"sampleTime" => row.object(|row, key| match key {
            b"physicalTime" => once(&mut at, row.instant()),
            b"utcOffset" => once(&mut offset, row.offset()),
            _ => row.skip(),
        }),
        b"beatsPerMinute"
        | b"rootMeanSquareOfSuccessiveDifferencesMilliseconds"
        | b"percentage"
        | b"weightGrams"
        | b"temperatureCelsius" => once(&mut number, row.number()),
        _ => row.skip(),
    })?;
    Some((at?, offset?, number?))
}

fn parse_any(
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulsekeep_core::catalogue::endpoint;

    use super::*;

    const POINT: &str = r#"{"heartRate":{"sampleTime":{"physicalTime":"2026-11-18T10:00:05Z","utcOffset":"3600s",
        "civilTime":{"date":{"year":2026,"month":11,"day":18},"time":{"hours":11,"seconds":5}}},"beatsPerMinute":"71",
        "metadata":{"motionContext":"SEDENTARY"}},"dataSource":{"platform":"FITBIT"}}"#;

    fn both(body: &str) -> (Option<Parsed>, Result<Parsed, ParseError>) {
        let endpoint = endpoint("google.heart_rate.native").unwrap();
        let (metric, member) = (Metric::HeartRate, "heartRate");
        let any = parse_any(endpoint, metric, member, body.as_bytes());
        (parse_plain(metric, member, body.as_bytes()), any)
    }

    #[test]
    fn plain_answers_are_read_the_quick_way_and_alike() {
        let earlier =
            POINT.replace("10:00:05Z", "10:00:00.500Z").replace("3600s", "7200s").replace("\"71\"", "64");
        let body = format!("{{\"dataPoints\": [{POINT},\n {earlier}], \"nextPageToken\":\"abc\" }}");
        let (plain, any) = both(&body);
        assert_eq!(plain.as_ref(), any.as_ref().ok());
        assert_eq!(plain.unwrap().samples[0].times.len(), 2);
    }

    #[test]
    fn what_needs_a_word_is_left_to_the_other_way() {
        let of = |point: &str| format!("{{\"dataPoints\":[{point}]}}");
        for (from, to) in [
            ("\"utcOffset\":\"3600s\",", ""),
            ("\"71\"", "\"NaN\""),
            ("\"71\"", "\"9999\""),
            ("beatsPerMinute", "beats\\u0050erMinute"),
            ("10:00:05Z", "25:00:05Z"),
            ("FITBIT", "Fitbit \u{e9}"),
        ] {
            let (plain, any) = both(&of(&POINT.replace(from, to)));
            assert_eq!(plain, None, "{to}");
            any.unwrap();
        }
        let (plain, any) = both("{}");
        assert_eq!((plain, any.is_ok()), (None, true));
    }

    proptest! {
        #[test]
        fn damage_is_never_read_otherwise(at in 0usize..800, byte in prop::char::range(' ', '~'), cut in any::<bool>()) {
            let mut body = format!("{{\"dataPoints\":[{POINT},{POINT}],\"nextPageToken\":\"t\"}}");
            let at = at % body.len();
            if cut {
                body.truncate(at);
            } else {
                body.replace_range(at..=at, byte.encode_utf8(&mut [0; 4]));
            }
            let (plain, any) = both(&body);
            if let Some(plain) = plain {
                prop_assert_eq!(plain, any.unwrap());
            }
        }
    }
}
