//! Heart rate: zones and resting rate by day, samples by second or minute.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::activity::{clock_window, minutes_unknown};
use super::dates::{Range, clock_text, date, period, range};
use super::error::{error, invalid, not_found};
use super::{Answer, Call};
use crate::people::{Day, PersonDay, Sample};

const NAMES: [&str; 4] = ["Out of Range", "Fat Burn", "Cardio", "Peak"];

/// `activities/heart/date/…`.
pub(crate) fn answer(call: &Call, rest: &[&str]) -> Answer {
    match rest {
        [start, end] => {
            let range = match period(&call.view, start, end) {
                Some(range) => range?,
                None => range(&call.view, start, end, call.switches.fitbit_heart_range_days as i32)?,
            };
            Ok(json!({ "activities-heart": series(call, range) }))
        }
        [start, end, _] | [start, end, _, "time", _, _] => {
            if *end != "1d" && date(&call.view, start)? != date(&call.view, end)? {
                return Err(invalid("endDate", "Intraday data of this resource is limited to 24 hours"));
            }
            intraday(call, rest)
        }
        _ => Err(not_found()),
    }
}

fn series(call: &Call, range: Range) -> Vec<Value> {
    range.days().map(|day| json!({ "dateTime": day.to_string(), "value": day_value(call, day) })).collect()
}

fn day_value(call: &Call, day: Day) -> Value {
    let mut value = json!({ "customHeartRateZones": [], "heartRateZones": zones(call, day) });
    if let Some((bpm, _)) = call.view.resting(day) {
        value["restingHeartRate"] = bpm.into();
    }
    value
}

/// Minutes and energy by zone. Minutes without heart rate count as out of range.
pub(crate) fn zones(call: &Call, day: Day) -> Vec<Value> {
    let Some(totals) = call.view.totals(day) else { return Vec::new() };
    let ranges = call.view.zone_limits(day);
    let any = totals.heart_zones.iter().any(|minutes| *minutes > 0);
    let unknown = minutes_unknown(call, day);
    let (mut minutes, mut kcal) = (totals.heart_zones, totals.heart_zone_kcal);
    minutes[0] = totals.minutes - minutes[1..].iter().sum::<u32>() + unknown as u32;
    kcal[0] = totals.kcal - kcal[1..].iter().sum::<f64>() + call.view.person().basal_kcal() * unknown as f64;
    (0..4)
        .map(|zone| {
            let (min, max) = ranges[zone];
            let mut value = json!({ "max": max, "min": min, "name": NAMES[zone] });
            if any || !call.switches.fitbit_minimal_heart_zones {
                value["caloriesOut"] = ((kcal[zone] * 1000.0).round() / 1000.0).into();
                value["minutes"] = minutes[zone].into();
            }
            value
        })
        .collect()
}

/// The samples of a day with the local second of the day of each.
fn samples(call: &Call, known: &PersonDay, window: (u16, u16)) -> Vec<(i64, Sample)> {
    let mut samples: Vec<(i64, Sample)> = call
        .view
        .minutes_of(known)
        .filter(|minute| (window.0..=window.1).contains(&minute.label))
        .flat_map(|minute| {
            let label = i64::from(minute.label) * 60 - minute.start;
            known.samples(&minute).map(move |sample| (sample.time + label, sample)).collect::<Vec<_>>()
        })
        .collect();
    // where the clock shows an hour twice, both passes lie over each other
    samples.sort_by_key(|(second, _)| *second);
    samples
}

fn intraday(call: &Call, rest: &[&str]) -> Answer {
    let day = date(&call.view, rest[0])?;
    let window = clock_window(rest)?;
    let (interval, unit) = match rest[2] {
        "1sec" => (1, "second"),
        "1min" => (1, "minute"),
        "5min" => (5, "minute"),
        "15min" => (15, "minute"),
        other => {
            let message = format!("Invalid detail level {other}");
            return Err(error(StatusCode::BAD_REQUEST, "validation", Some("detail-level"), &message));
        }
    };
    let samples = call.view.day(day).map(|known| samples(call, &known, window)).unwrap_or_default();
    let dataset: Vec<Value> = match unit {
        "second" => samples
            .iter()
            .map(|(second, sample)| json!({ "time": clock_text(*second), "value": sample.bpm }))
            .collect(),
        _ => means(&samples, interval * 60),
    };
    let mut answer = Map::new();
    answer.insert("activities-heart".to_owned(), json!([head(call, day, rest.len() > 3, &samples)]));
    if call.switches.fitbit_intraday_permission {
        answer.insert(
            "activities-heart-intraday".to_owned(),
            json!({ "dataset": dataset, "datasetInterval": interval, "datasetType": unit }),
        );
    }
    Ok(Value::Object(answer))
}

/// The day's element; with a time window the older form with the mean as a string.
fn head(call: &Call, day: Day, windowed: bool, samples: &[(i64, Sample)]) -> Value {
    if !windowed {
        return json!({ "dateTime": day.to_string(), "value": day_value(call, day) });
    }
    let sum: u64 = samples.iter().map(|(_, sample)| u64::from(sample.bpm)).sum();
    let mean = if samples.is_empty() { 0.0 } else { sum as f64 / samples.len() as f64 };
    json!({
        "customHeartRateZones": [],
        "dateTime": day.to_string(),
        "heartRateZones": zones(call, day),
        "value": format!("{}", (mean * 100.0).round() / 100.0),
    })
}

/// Rounded means of windows that have samples; the others are left out.
fn means(samples: &[(i64, Sample)], seconds: i64) -> Vec<Value> {
    samples
        .chunk_by(|(one, _), (other, _)| one / seconds == other / seconds)
        .map(|chunk| {
            let sum: u64 = chunk.iter().map(|(_, sample)| u64::from(sample.bpm)).sum();
            let mean = (sum as f64 / chunk.len() as f64).round() as u64;
            json!({ "time": clock_text(chunk[0].0 / seconds * seconds), "value": mean })
        })
        .collect()
}
