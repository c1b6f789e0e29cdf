//! Exercises.

use pulsekeep_core::{
    catalogue::Endpoint,
    observation::{ExerciseRecord, Parsed, SessionTimes},
};
use serde::{Deserialize, de::SeqAccess};

use super::{
    page,
    session::{Interval, Times, id_of},
};
use crate::{
    ParseError,
    json::{Array, Length, Num, Warnings, count, quantity},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    /// Reconciled points call it so.
    data_point_name: Option<String>,
    name: Option<String>,
    exercise: Option<Exercise>,
}

/// Recorded: `{"interval":{…},"exerciseType":"WALKING","displayName":"Walk","activeDuration":"1025s",
/// "exerciseMetadata":{"hasGps":true},"metricsSummary":{"caloriesKcal":130,"distanceMillimeters":1284300,
/// "steps":"1606","averageHeartRateBeatsPerMinute":"80"},…}`. There are 181 types; a later one is no fault.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exercise {
    interval: Option<Interval>,
    exercise_type: Option<String>,
    display_name: Option<String>,
    active_duration: Option<Length>,
    exercise_metadata: Option<Metadata>,
    metrics_summary: Option<Summary>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    has_gps: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Summary {
    active_zone_minutes: Option<Num>,
    average_heart_rate_beats_per_minute: Option<Num>,
    calories_kcal: Option<Num>,
    distance_millimeters: Option<Num>,
    /// Google's own example has this spelling.
    distance_millimiters: Option<Num>,
    elevation_gain_millimeters: Option<Num>,
    elevation_gain_millimiters: Option<Num>,
    steps: Option<Num>,
}

#[derive(Default)]
struct Rows {
    exercises: Vec<ExerciseRecord>,
    warnings: Warnings,
}

impl<'de> Array<'de> for Rows {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(point) = seq.next_element::<Point>()? else { return Ok(false) };
        self.add(index, point);
        Ok(true)
    }
}

impl Rows {
    fn warn(&mut self, code: &'static str, index: usize, what: &str) {
        self.warnings.add(code, || format!("dataPoints[{index}]{what}"));
    }

    fn add(&mut self, index: usize, point: Point) {
        let Some(exercise) = point.exercise else { return self.warn("missing_member", index, ".exercise") };
        let Some(times) = exercise.interval.as_ref().and_then(Times::of) else {
            return self.warn("missing_time", index, ".exercise.interval");
        };
        if times.without_offset {
            self.warn("no_offset", index, ".exercise.interval");
        }
        let external_id = id_of(point.data_point_name.or(point.name)).unwrap_or_else(|| {
            self.warn("no_name", index, "");
            format!("at-{}", times.start.0)
        });
        let kind = exercise.exercise_type.filter(|kind| !kind.is_empty()).unwrap_or_else(|| {
            self.warn("missing_value", index, ".exercise.exerciseType");
            "exercise_type_unspecified".to_owned()
        });
        let sums = exercise.metrics_summary.unwrap_or_default();
        let millimetres = |n: f64| n / 1000.0;
        let place = |member: &str| format!("dataPoints[{index}].exercise.metricsSummary.{member}");
        let warnings = &mut self.warnings;
        let record = ExerciseRecord {
            external_id,
            times: times.session(),
            day: times.start.civil(times.start_offset).date(),
            name: exercise.display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| kind.clone()),
            kind: kind.to_lowercase(),
            active_ms: exercise.active_duration.and_then(|d| d.0).filter(|ms| *ms >= 0),
            distance_m: quantity(sums.distance_millimeters.or(sums.distance_millimiters), warnings, || {
                place("distanceMillimeters")
            })
            .map(millimetres),
            steps: count(sums.steps, warnings, || place("steps")),
            energy_kcal: quantity(sums.calories_kcal, warnings, || place("caloriesKcal")),
            mean_heart_rate: quantity(sums.average_heart_rate_beats_per_minute, warnings, || {
                place("averageHeartRateBeatsPerMinute")
            }),
            elevation_gain_m: quantity(
                sums.elevation_gain_millimeters.or(sums.elevation_gain_millimiters),
                warnings,
                || place("elevationGainMillimeters"),
            )
            .map(millimetres),
            active_zone_minutes: count(sums.active_zone_minutes, warnings, || place("activeZoneMinutes")),
            has_route: exercise.exercise_metadata.and_then(|m| m.has_gps).unwrap_or(false),
        };
        self.exercises.push(record);
    }
}

pub(super) fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Rows::default();
    let next_page = page::read(endpoint.key, "dataPoints", body, &mut rows)?;
    let Rows { mut exercises, warnings } = rows;
    exercises.sort_by_key(|e| match e.times {
        SessionTimes::Instants { start, .. } => start.0,
        SessionTimes::Local { start, .. } => start,
    });
    Ok(Parsed { exercises, next_page, warnings: warnings.finish(), ..Parsed::default() })
}
