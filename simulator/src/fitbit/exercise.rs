//! Exercises: the log list and routes.

use serde_json::{Value, json};

use super::dates::clock_text;
use super::error::not_found;
use super::log_list::LogList;
use super::{Answer, Call};
use crate::faults::Provider;
use crate::oauth::scopes::Scopes;
use crate::people::{Day, Exercise, ExerciseKind, HeartZone};
use crate::refusal::Refusal;

/// Fitbit's id of an exercise.
pub(crate) fn log_id(exercise: &Exercise) -> u64 {
    10_000_000_000 + exercise.id % 89_999_999_999
}

/// Activity type and its name.
fn kind(kind: ExerciseKind) -> (u32, &'static str) {
    match kind {
        ExerciseKind::Walk => (90_013, "Walk"),
        ExerciseKind::Run => (90_009, "Run"),
        ExerciseKind::Workout => (3_000, "Workout"),
    }
}

/// The local clock with its offset: `2022-12-31T22:29:13.000+09:00`.
fn start_text(exercise: &Exercise) -> String {
    let local = exercise.start + i64::from(exercise.offset);
    let (sign, minutes) =
        if exercise.offset < 0 { ('-', -exercise.offset / 60) } else { ('+', exercise.offset / 60) };
    let clock = clock_text(local.rem_euclid(86_400));
    format!("{}T{clock}.000{sign}{:02}:{:02}", Day::of_local(local), minutes / 60, minutes % 60)
}

fn log(call: &Call, exercise: &Exercise, day: Day) -> Value {
    let totals = &exercise.totals;
    let (type_id, name) = kind(exercise.kind);
    let duration = (exercise.end - exercise.start) * 1000;
    let zones = [("FAT_BURN", "Fat Burn", 1), ("CARDIO", "Cardio", 2), ("PEAK", "Peak", 2)];
    let earned: Vec<Value> = zones
        .iter()
        .zip(totals.zone_minutes)
        .enumerate()
        .map(|(order, ((word, name, multiplier), minutes))| {
            json!({ "minuteMultiplier": multiplier, "minutes": minutes / multiplier, "order": order + 1, "type": word, "zoneName": name })
        })
        .collect();
    let levels = ["sedentary", "lightly", "fairly", "very"];
    let levels: Vec<Value> = levels
        .iter()
        .zip(totals.intensity)
        .map(|(name, minutes)| json!({ "minutes": minutes, "name": name }))
        .collect();
    let mut log = json!({
        "activeDuration": exercise.active_seconds * 1000,
        "activeZoneMinutes": { "minutesInHeartRateZones": earned, "totalMinutes": totals.active_zone_minutes() },
        "activityLevel": levels,
        "activityName": name,
        "activityTypeId": type_id,
        "calories": totals.kcal.round() as i64,
        "duration": duration,
        "elevationGain": call.units.elevation(f64::from(exercise.gain_mm()) / 1000.0),
        "hasActiveZoneMinutes": true,
        "hasGps": exercise.has_route,
        "lastModified": format!("{}.000Z", &jiff::Timestamp::from_second(exercise.end + 97).unwrap_or_default().to_string()[..19]),
        "logId": log_id(exercise),
        "logType": if exercise.has_route { "tracker" } else { "auto_detected" },
        "manualValuesSpecified": { "calories": false, "distance": false, "steps": false },
        "originalDuration": duration,
        "originalStartTime": start_text(exercise),
        "startTime": start_text(exercise),
        "steps": totals.steps_watch,
        "tcxLink": format!("{}/1/user/-/activities/{}.tcx", call.base, log_id(exercise)),
    });
    if exercise.kind != ExerciseKind::Workout {
        let kilometres = call.units.distance(totals.distance_watch_mm as f64);
        log["distance"] = kilometres.into();
        log["distanceUnit"] =
            if call.units == super::dates::Units::Metric { "Kilometer" } else { "Mile" }.into();
        log["speed"] = (kilometres / (exercise.active_seconds as f64 / 3600.0)).into();
        log["pace"] = (exercise.active_seconds as f64 / kilometres).into();
    }
    // heart rate is another scope
    if call.scopes.contains(Scopes::one(Provider::Fitbit, "heartrate").unwrap_or_default()) {
        if let Some(mean) = exercise.beats.mean() {
            log["averageHeartRate"] = (mean.round() as i64).into();
        }
        let names = ["Out of Range", "Fat Burn", "Cardio", "Peak"];
        let ranges = call.view.day(day).map(|known| known.zone_ranges()).unwrap_or_default();
        let zones = HeartZone::ALL.iter().zip(names).zip(ranges).map(|((zone, name), (min, max))| {
            let kcal = totals.heart_zone_kcal[*zone as usize];
            json!({
                "caloriesOut": (kcal * 1000.0).round() / 1000.0, "max": max, "min": min,
                "minutes": totals.in_heart_zone(*zone), "name": name,
            })
        });
        log["heartRateZones"] = zones.collect();
        let clock = |instant: i64| clock_text((instant + i64::from(exercise.offset)).rem_euclid(86_400));
        log["heartRateLink"] = format!(
            "{}/1/user/-/activities/heart/date/{day}/{day}/1sec/time/{}/{}.json",
            call.base,
            &clock(exercise.start)[..5],
            &clock(exercise.end - 60)[..5],
        )
        .into();
    }
    log
}

/// `activities/list`: pages by `pagination.next`.
pub(crate) fn list(call: &Call) -> Answer {
    let list = LogList::read(call, "1/user/-/activities/list.json")?;
    let (found, pagination) = list.take(call, |day| call.view.exercises(day));
    let shown: Vec<Value> = found.iter().map(|(day, exercise)| log(call, exercise, *day)).collect();
    Ok(json!({ "activities": shown, "pagination": pagination }))
}

/// `activities/{log-id}.tcx`: one without a route has trackpoints only if partial data is asked for.
pub(crate) fn route(call: &Call, id: &str) -> Result<String, Refusal> {
    let id: u64 = id.parse().map_err(|_| not_found())?;
    let days = (call.view.first_day().0..=call.view.today().0).rev().map(Day);
    let mut logs =
        days.flat_map(|day| call.view.exercises(day).into_iter().map(move |exercise| (day, exercise)));
    let (day, exercise) = logs.find(|(_, exercise)| log_id(exercise) == id).ok_or_else(not_found)?;
    let partial = call.query.get("includePartialTCX") == Some("true");
    let known = call.view.day(day).filter(|_| exercise.has_route || partial);
    Ok(crate::tcx::write(&*known.ok_or_else(not_found)?, &exercise))
}
