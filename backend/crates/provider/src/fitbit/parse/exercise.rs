//! The exercise log list: `{"activities": […], "pagination": {"next": "…"}}`.
//!
//! Alone among Fitbit's times `startTime` carries an offset (`+09:00`, or `Z` on Greenwich time). Distances come in
//! kilometres, since nothing else is asked for; `distanceUnit` says so and is heeded.

use pulsekeep_core::{
    EpochMs,
    catalogue::Endpoint,
    observation::{ExerciseRecord, Parsed, SessionTimes},
    time::from_local_ms,
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};
use url::Url;

use crate::{
    ParseError,
    json::{self, Array, Id, Num, Object, ReadArray, ReadObject, Warnings, count, quantity},
    time_text,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    log_id: Option<Id>,
    activity_name: Option<String>,
    start_time: Option<String>,
    duration: Option<Num>,
    active_duration: Option<Num>,
    original_duration: Option<Num>,
    distance: Option<Num>,
    distance_unit: Option<String>,
    steps: Option<Num>,
    calories: Option<Num>,
    average_heart_rate: Option<Num>,
    elevation_gain: Option<Num>,
    active_zone_minutes: Option<ZoneMinutes>,
    has_gps: Option<bool>,
    source: Option<Source>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZoneMinutes {
    total_minutes: Option<Num>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    tracker_features: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Pagination {
    next: Option<String>,
}

/// Kilometres of one of Fitbit's units.
fn kilometres(unit: Option<&str>) -> Option<f64> {
    Some(match unit {
        None | Some("Kilometer" | "Kilometers") => 1.0,
        Some("Meter" | "Meters") => 0.001,
        Some("Mile" | "Miles") => 1.609_344,
        Some(_) => return None,
    })
}

/// The longest exercise: a fortnight, beyond which a duration is a fault.
const LONGEST_MS: i64 = 14 * 86_400_000;

struct Logs {
    endpoint: &'static Endpoint,
    exercises: Vec<ExerciseRecord>,
    warnings: Warnings,
    next: Option<String>,
    found: bool,
}

impl<'de> Object<'de> for Logs {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "activities" => {
                self.found = true;
                map.next_value_seed(ReadArray(self))?;
            }
            "pagination" => self.next = map.next_value::<Option<Pagination>>()?.and_then(|p| p.next),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Array<'de> for Logs {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(log) = seq.next_element::<Log>()? else { return Ok(false) };
        self.add(index, log);
        Ok(true)
    }
}

impl Logs {
    fn warn(&mut self, code: &'static str, index: usize, what: &str) {
        self.warnings.add(code, || format!("activities[{index}]{what}"));
    }

    fn add(&mut self, index: usize, log: Log) {
        let length = [log.duration, log.original_duration, log.active_duration]
            .into_iter()
            .find_map(|d| d.and_then(Num::whole))
            .filter(|ms| (1..=LONGEST_MS).contains(ms));
        let Some(length) = length else { return self.warn("missing_time", index, ".duration") };
        let Some((times, day)) = log.start_time.as_deref().and_then(|text| times(text, length)) else {
            return self.warn("missing_time", index, ".startTime");
        };
        let external_id = log.log_id.and_then(|id| id.0).unwrap_or_else(|| {
            self.warn("no_name", index, ".logId");
            match times {
                SessionTimes::Instants { start, .. } => format!("at-{}", start.0),
                SessionTimes::Local { start, .. } => format!("at-{start}"),
            }
        });
        let name = log.activity_name.filter(|name| !name.is_empty()).unwrap_or_else(|| {
            self.warn("missing_value", index, ".activityName");
            "Exercise".to_owned()
        });
        let unit = kilometres(log.distance_unit.as_deref());
        if log.distance.is_some() && unit.is_none() {
            self.warn("unknown_enum", index, ".distanceUnit");
        }
        let place = |member: &str| format!("activities[{index}].{member}");
        let warnings = &mut self.warnings;
        let distance = quantity(log.distance, warnings, || place("distance"));
        let features = log.source.and_then(|source| source.tracker_features).unwrap_or_default();
        let record = ExerciseRecord {
            external_id,
            times,
            day,
            kind: name.to_lowercase(),
            name,
            active_ms: count(log.active_duration, warnings, || place("activeDuration")),
            distance_m: distance.zip(unit).map(|(distance, unit)| distance * unit * 1000.0),
            steps: count(log.steps, warnings, || place("steps")),
            energy_kcal: quantity(log.calories, warnings, || place("calories")),
            mean_heart_rate: quantity(log.average_heart_rate, warnings, || place("averageHeartRate")),
            elevation_gain_m: quantity(log.elevation_gain, warnings, || place("elevationGain")),
            active_zone_minutes: count(
                log.active_zone_minutes.and_then(|z| z.total_minutes),
                warnings,
                || place("activeZoneMinutes"),
            ),
            // Every log has a link to a TCX file, recorded ones without a route too.
            has_route: log.has_gps.unwrap_or_else(|| features.iter().any(|feature| feature == "GPS")),
        };
        self.exercises.push(record);
    }
}

fn times(text: &str, length: i64) -> Option<(SessionTimes, jiff::civil::Date)> {
    if let Some((start, offset)) = time_text::instant_and_offset(text) {
        let (start, end) = (EpochMs(start), EpochMs(start).plus(length));
        let times = SessionTimes::Instants { start, end, start_offset: offset, end_offset: offset };
        return Some((times, start.civil(offset).date()));
    }
    let start = time_text::local(text)?;
    Some((SessionTimes::Local { start, end: start + length }, from_local_ms(start).date()))
}

/// What of the link to the next page is ours to use: its query. Where it leads is not followed, so that no token ever
/// goes elsewhere.
fn next_query(endpoint: &Endpoint, link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let list = endpoint.path.rsplit_once("/-/").map_or(endpoint.path, |(_, list)| list);
    let query = url.query().filter(|query| !query.is_empty())?;
    url.path().ends_with(&format!("/{list}")).then(|| query.to_owned())
}

pub(super) fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    let mut logs =
        Logs { endpoint, exercises: Vec::new(), warnings: Warnings::default(), next: None, found: false };
    json::read(endpoint.key, body, |d| ReadObject(&mut logs).deserialize(d))?;
    if !logs.found {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    let Logs { endpoint, exercises, warnings, next, .. } = logs;
    let next_page = match next.filter(|link| !link.is_empty()) {
        None => None,
        Some(link) => Some(next_query(endpoint, &link).ok_or(ParseError::ForeignPage)?),
    };
    Ok(Parsed { exercises, next_page, warnings: warnings.finish(), ..Parsed::default() })
}
