//! Rollups: windows of a minute, and of a civil day.

use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::{DailyValue, Parsed},
    time::MINUTE_MS,
};
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, SeqAccess},
};

use super::{in_catalogue_unit, page, shares::Shares};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    days::Days,
    json::{Array, CivilDate, Instant, Num, Object, ReadObject, Warnings},
    scan::{self, Scan, once},
};

/// The value of a window, of whatever data type: no two have a member of the same name (discovery document, revision
/// 20261030). `countSum` of steps and floors, `millimetersSum` of distance, `gainMillimetersSum` of altitude, `kcalSum` of
/// both energies, minutes of active zones, durations by activity level and by heart-rate zone.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Value {
    #[serde(alias = "millimetersSum", alias = "gainMillimetersSum", alias = "kcalSum")]
    count_sum: Option<Num>,
    #[serde(alias = "gainMillimitersSum")]
    millimiters_sum: Option<Num>,
    beats_per_minute_min: Option<Num>,
    beats_per_minute_avg: Option<Num>,
    beats_per_minute_max: Option<Num>,
    sum_in_fat_burn_heart_zone: Option<Num>,
    sum_in_cardio_heart_zone: Option<Num>,
    sum_in_peak_heart_zone: Option<Num>,
    #[serde(rename = "activityLevelRollupsByActivityLevelType", alias = "timeInHeartRateZones")]
    shares: Option<Shares>,
}

impl Value {
    /// The number of `metric` in the catalogue's unit; `None` where the window has none, which is not zero.
    fn number(&self, metric: Metric) -> Option<f64> {
        let zones =
            [self.sum_in_fat_burn_heart_zone, self.sum_in_cardio_heart_zone, self.sum_in_peak_heart_zone];
        let number = match metric {
            Metric::HeartRate => self.beats_per_minute_avg?.0,
            Metric::ActiveZoneMinutes => {
                // Of a window that has a zone, the zones left out add nothing.
                zones.iter().flatten().next()?;
                zones.iter().flatten().map(|n| n.0).sum()
            }
            Metric::FatBurnZoneMinutes => zones[0]?.0,
            Metric::CardioZoneMinutes => zones[1]?.0,
            Metric::PeakZoneMinutes => zones[2]?.0,
            _ => match &self.shares {
                Some(shares) => shares.of(metric)?,
                None => self.count_sum.or(self.millimiters_sum)?.0,
            },
        };
        Some(in_catalogue_unit(metric, number))
    }
}

#[derive(Deserialize)]
struct CivilTime {
    date: Option<CivilDate>,
}

/// A window, of instants or of civil time.
struct Window {
    member: &'static str,
    start: Option<Instant>,
    civil_start: Option<CivilTime>,
    value: Option<Value>,
    other: bool,
}

impl<'de> Object<'de> for Window {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            key if key == self.member => self.value = map.next_value()?,
            "startTime" => self.start = map.next_value()?,
            "civilStartTime" => self.civil_start = map.next_value()?,
            "endTime" | "civilEndTime" => return Ok(false),
            _ => {
                map.next_value::<IgnoredAny>()?;
                self.other = true;
            }
        }
        Ok(true)
    }
}

/// Hands every window that has a value to `add`.
struct Rows<F> {
    member: &'static str,
    warnings: Warnings,
    add: F,
}

impl<'de, F: FnMut(&mut Warnings, usize, &Window, &Value)> Array<'de> for Rows<F> {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let mut window =
            Window { member: self.member, start: None, civil_start: None, value: None, other: false };
        if seq.next_element_seed(ReadObject(&mut window))?.is_none() {
            return Ok(false);
        }
        match window.value.take() {
            Some(value) => (self.add)(&mut self.warnings, index, &window, &value),
            // A window without a value has none; one with the value of something else is worth a word.
            None if window.other => {
                let member = self.member;
                self.warnings.add("missing_member", || format!("rollupDataPoints[{index}].{member}"));
            }
            None => {}
        }
        Ok(true)
    }
}

fn read(
    endpoint: &'static Endpoint,
    member: &'static str,
    body: &[u8],
    add: impl FnMut(&mut Warnings, usize, &Window, &Value),
) -> Result<(Option<String>, Warnings), ParseError> {
    let mut rows = Rows { member, warnings: Warnings::default(), add };
    let next_page = page::read(endpoint.key, "rollupDataPoints", body, &mut rows)?;
    Ok((next_page, rows.warnings))
}

/// Minutes of minimum, mean and maximum of heart rate.
pub(super) fn heart_minutes(
    endpoint: &'static Endpoint,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    match heart_minutes_plain(member, body) {
        Some(parsed) => Ok(parsed),
        None => heart_minutes_any(endpoint, member, body),
    }
}

/// An answer in which every window has a start, and a mean with its bounds if it has anything.
fn heart_minutes_plain(member: &str, body: &[u8]) -> Option<Parsed> {
    let metric = Metric::HeartRate;
    let mut columns = Columns::<3>::default();
    let next_page = scan::page("rollupDataPoints", body, |row| {
        let (mut start, mut value) = (None, None);
        row.object(|row, key| match key {
            b"startTime" => once(&mut start, row.instant()),
            b"endTime" => row.skip(),
            _ if key == member.as_bytes() => once(&mut value, plain_bounds(row)),
            _ => None,
        })?;
        // A window without a value has none.
        let Some(triple) = value else { return Some(()) };
        let is_sound = triple.iter().all(|&number| fault(metric, number).is_none());
        is_sound.then_some(start?).map(|start| columns.push(start, triple, None))
    })?;
    let mut warnings = Warnings::default();
    let batch = columns::triple(metric, MINUTE_MS, columns, &mut warnings, "rollupDataPoints");
    let samples = batch.into_iter().collect();
    Some(Parsed { samples, next_page, warnings: warnings.finish(), ..Parsed::default() })
}

/// Minimum, mean and maximum of a window.
fn plain_bounds(row: &mut Scan<'_>) -> Option<[f64; 3]> {
    let (mut low, mut mean, mut high) = (None, None, None);
    row.object(|row, key| match key {
        b"beatsPerMinuteMin" => once(&mut low, row.number()),
        b"beatsPerMinuteAvg" => once(&mut mean, row.number()),
        b"beatsPerMinuteMax" => once(&mut high, row.number()),
        _ => None,
    })?;
    Some([low?, mean?, high?])
}

fn heart_minutes_any(
    endpoint: &'static Endpoint,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let metric = Metric::HeartRate;
    let mut columns = Columns::<3>::default();
    let (next_page, mut warnings) = read(endpoint, member, body, |warnings, index, window, value| {
        let Some(mean) = value.number(metric) else { return };
        let Some(Instant(Some(start))) = window.start else {
            return warnings.add("missing_time", || format!("rollupDataPoints[{index}].startTime"));
        };
        // A bound that is left out is the mean's.
        let low = value.beats_per_minute_min.map_or(mean, |n| n.0);
        let high = value.beats_per_minute_max.map_or(mean, |n| n.0);
        match [low, mean, high].into_iter().find_map(|n| fault(metric, n)) {
            Some(code) => warnings.add(code, || format!("rollupDataPoints[{index}].{member}")),
            None => columns.push(start, [low, mean, high], None),
        }
    })?;
    let batch = columns::triple(metric, MINUTE_MS, columns, &mut warnings, "rollupDataPoints");
    Ok(Parsed {
        samples: batch.into_iter().collect(),
        next_page,
        warnings: warnings.finish(),
        ..Parsed::default()
    })
}

/// Minutes of a sum.
pub(super) fn sum_minutes(
    endpoint: &'static Endpoint,
    metric: Metric,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut columns = Columns::<1>::default();
    let (next_page, mut warnings) = read(endpoint, member, body, |warnings, index, window, value| {
        let Some(number) = value.number(metric) else { return };
        let Some(Instant(Some(start))) = window.start else {
            return warnings.add("missing_time", || format!("rollupDataPoints[{index}].startTime"));
        };
        match fault(metric, number) {
            Some(code) => warnings.add(code, || format!("rollupDataPoints[{index}].{member}")),
            None => columns.push(start, [number], None),
        }
    })?;
    let batch =
        columns::single(metric, MINUTE_MS, Times::Instants, columns, &mut warnings, "rollupDataPoints");
    Ok(Parsed {
        samples: batch.into_iter().collect(),
        next_page,
        warnings: warnings.finish(),
        ..Parsed::default()
    })
}

/// The values of a civil day: sums, the mean of a rate, minutes by level or zone.
pub(super) fn days(
    endpoint: &'static Endpoint,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut days = Days::default();
    let (next_page, mut warnings) = read(endpoint, member, body, |warnings, index, window, value| {
        if value.shares.as_ref().is_some_and(|shares| shares.unknown > 0) {
            warnings.add("unknown_enum", || format!("rollupDataPoints[{index}].{member}"));
        }
        let day = window.civil_start.as_ref().and_then(|t| t.date).and_then(CivilDate::day);
        let mut dated = true;
        for &metric in endpoint.metrics {
            let Some(number) = value.number(metric) else { continue };
            let Some(day) = day else {
                dated = false;
                continue;
            };
            match fault(metric, number) {
                Some(code) => warnings.add(code, || format!("rollupDataPoints[{index}].{member}")),
                None => days.push(DailyValue { metric, day, value: number }),
            }
        }
        if !dated {
            warnings.add("missing_time", || format!("rollupDataPoints[{index}].civilStartTime"));
        }
    })?;
    let daily = days.finish(&mut warnings);
    Ok(Parsed { daily, next_page, warnings: warnings.finish(), ..Parsed::default() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulsekeep_core::catalogue::endpoint;

    use super::*;

    const BODY: &str = r#"{"rollupDataPoints":[{"startTime":"2026-11-18T10:00:00Z","endTime":"2026-11-18T10:01:00Z",
        "heartRate":{"beatsPerMinuteAvg":66.08333333333333,"beatsPerMinuteMax":70,"beatsPerMinuteMin":61.5}},
        {"startTime":"2026-11-18T10:01:00Z","endTime":"2026-11-18T10:02:00Z"}],"nextPageToken":""}"#;

    fn both(body: &str) -> (Option<Parsed>, Result<Parsed, ParseError>) {
        let endpoint = endpoint("google.heart_rate.minute").unwrap();
        let any = heart_minutes_any(endpoint, "heartRate", body.as_bytes());
        (heart_minutes_plain("heartRate", body.as_bytes()), any)
    }

    #[test]
    fn plain_minutes_are_read_the_quick_way_and_alike() {
        let (plain, any) = both(BODY);
        assert_eq!(plain, any.ok());
        assert_eq!(plain.unwrap().samples[0].times.len(), 1);
        let (plain, any) = both(&BODY.replace("beatsPerMinuteMin", "beatsPerMinuteLow"));
        assert_eq!((plain, any.unwrap().samples.len()), (None, 1));
    }

    proptest! {
        #[test]
        fn damage_is_never_read_otherwise(at in 0usize..800, byte in prop::char::range(' ', '~'), cut in any::<bool>()) {
            let mut body = BODY.to_owned();
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
