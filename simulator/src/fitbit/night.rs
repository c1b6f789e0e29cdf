//! Heart rate variability and skin temperature of nights: days without a night are absent.

use serde_json::{Value, json};

use super::dates::{Range, clock_text, date, range};
use super::error::not_found;
use super::{Answer, Call};
use crate::people::{Day, Sleep, hash};

const LONGEST: i32 = 30;

fn days(call: &Call, rest: &[&str]) -> Result<Range, crate::refusal::Refusal> {
    match rest {
        [day] => date(&call.view, day).map(|day| Range { from: day, to: day }),
        [start, end] => range(&call.view, start, end, LONGEST),
        _ => Err(not_found()),
    }
}

/// `hrv/date/…`, with `/all` for five-minute windows.
pub(crate) fn variability(call: &Call, rest: &[&str]) -> Answer {
    let (rest, all) = match rest {
        [rest @ .., "all"] => (rest, true),
        rest => (rest, false),
    };
    let value = |day: Day| {
        if !call.view.night_known(day) {
            return None;
        }
        let variability = call.view.day(day)?.variability?;
        let daily = json!({ "dailyRmssd": variability.rmssd, "deepRmssd": variability.deep_rmssd });
        Some(if all {
            let night = call.view.sleeps(day).into_iter().find(|sleep| sleep.carries_night())?;
            json!({ "minutes": windows(&night, variability.rmssd), "dateTime": day.to_string() })
        } else {
            json!({ "value": daily, "dateTime": day.to_string() })
        })
    };
    let rows: Vec<Value> = days(call, rest)?.days().filter_map(value).collect();
    Ok(json!({ "hrv": rows }))
}

/// One value for five minutes of sleep, around the night's value.
fn windows(night: &Sleep, rmssd: f64) -> Vec<Value> {
    let first = night.start.div_euclid(300) * 300 + 300;
    (first..night.end - 300)
        .step_by(300)
        .map(|start| {
            let chance = hash(night.id, 92, start, 0) as f64 / u64::MAX as f64;
            let local = start + i64::from(night.start_offset);
            let value = rmssd * (0.75 + 0.5 * chance);
            let round = |value: f64| (value * 1000.0).round() / 1000.0;
            json!({
                "minute": format!("{}T{}.000", Day::of_local(local), clock_text(local.rem_euclid(86_400))),
                "value": {
                    "rmssd": round(value),
                    "coverage": round(0.9 + 0.1 * chance),
                    "hf": round(value * 12.0),
                    "lf": round(value * 20.0),
                },
            })
        })
        .collect()
}

/// `temp/skin/date/…`: the difference to the personal baseline.
pub(crate) fn skin_temperature(call: &Call, rest: &[&str]) -> Answer {
    let value = |day: Day| {
        let temperature = call.view.temperature(day)?;
        let relative = call.units.celsius(temperature.nightly - temperature.baseline?, true);
        let rounded = (relative * 10.0).round() / 10.0 + 0.0;
        Some(json!({
            "dateTime": day.to_string(),
            "value": { "nightlyRelative": rounded },
            "logType": "dedicated_temp_sensor",
        }))
    };
    let rows: Vec<Value> = days(call, rest)?.days().filter_map(value).collect();
    Ok(json!({ "tempSkin": rows }))
}
