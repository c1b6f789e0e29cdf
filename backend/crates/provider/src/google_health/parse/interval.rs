//! Points over intervals, mostly of a minute: steps, distance, floors, altitude, energy, active zone minutes.

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed, time::MINUTE_MS};
use serde::Deserialize;

use super::{in_catalogue_unit, page};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{Instant, Num, Offset},
};

/// The value of whatever type (discovery document): `count` of steps and floors, `millimeters`, `gainMillimeters` of
/// `altitude`, `kcal` of energy, `activeZoneMinutes` of one zone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    interval: Option<Interval>,
    #[serde(alias = "millimeters", alias = "activeZoneMinutes", alias = "gainMillimeters", alias = "kcal")]
    count: Option<Num>,
    /// Google's own examples have this spelling, for distances in sessions.
    #[serde(alias = "distanceMillimiters", alias = "gainMillimiters")]
    millimiters: Option<Num>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interval {
    start_time: Option<Instant>,
    end_time: Option<Instant>,
    start_utc_offset: Option<Offset>,
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut columns = Columns::<1>::default();
    let mut odd_lengths = 0usize;
    let (next_page, mut warnings) =
        page::points::<Value>(endpoint.key, member, body, |warnings, index, value| {
            let place = |what: &str| format!("dataPoints[{index}].{member}{what}");
            let Some(interval) = value.interval else {
                return warnings.add("missing_time", || place(".interval"));
            };
            let Some(Instant(Some(start))) = interval.start_time else {
                return warnings.add("missing_time", || place(".interval.startTime"));
            };
            if let Some(Instant(Some(end))) = interval.end_time
                && end.checked_sub(start) != Some(MINUTE_MS)
            {
                // The whole value stands at its start: it is still the day's, though not the minute's.
                odd_lengths += 1;
                if odd_lengths == 1 {
                    warnings.add("interval_length", || place(".interval"));
                }
            }
            // proto3 leaves zeros out: an interval without a value is a true zero.
            let number = value.count.or(value.millimiters).map_or(0.0, |n| n.0);
            let number = in_catalogue_unit(metric, number);
            match fault(metric, number) {
                Some(code) => warnings.add(code, || place("")),
                None => columns.push(start, [number], interval.start_utc_offset.and_then(|o| o.0)),
            }
        })?;
    let batch = columns::single(metric, MINUTE_MS, Times::Instants, columns, &mut warnings, "dataPoints");
    Ok(Parsed {
        samples: batch.into_iter().collect(),
        next_page,
        warnings: warnings.finish(),
        ..Parsed::default()
    })
}
