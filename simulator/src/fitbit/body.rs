//! Weight logs and body series.

use serde_json::{Map, Value, json};

use super::dates::{Range, clock_text, date, period, range};
use super::error::not_found;
use super::{Answer, Call};
use crate::people::{Day, Weight};

fn body_mass_index(call: &Call, weight: &Weight) -> f64 {
    let metres = call.view.person().profile.height_cm / 100.0;
    (weight.grams / 1000.0 / (metres * metres) * 100.0).round() / 100.0
}

fn days(call: &Call, rest: &[&str], longest: i32) -> Result<Range, crate::refusal::Refusal> {
    match rest {
        [day] => date(&call.view, day).map(|day| Range { from: day, to: day }),
        [start, end] => match period(&call.view, start, end) {
            Some(range) => range,
            None => range(&call.view, start, end, longest),
        },
        _ => Err(not_found()),
    }
}

/// `body/log/weight/date/…`. The log's id is the local clock read as if it were UTC, in milliseconds.
pub(crate) fn weight_log(call: &Call, rest: &[&str]) -> Answer {
    let mut logs: Vec<Value> = Vec::new();
    for day in days(call, rest, 31)?.days() {
        for weight in call.view.weights(day) {
            let local = weight.time + i64::from(weight.offset);
            let mut log = json!({
                "bmi": body_mass_index(call, &weight),
                "date": day.to_string(),
                "logId": local * 1000,
                "source": if weight.manual { "API" } else { "Aria" },
                "time": clock_text(local.rem_euclid(86_400)),
                "weight": call.units.weight(weight.grams),
            });
            if let Some(fat) = weight.fat_percent {
                log["fat"] = fat.into();
            }
            logs.push(log);
        }
    }
    Ok(json!({ "weight": logs }))
}

/// `body/log/fat/date/…`: what a scale estimated.
pub(crate) fn fat_log(call: &Call, rest: &[&str]) -> Answer {
    let mut logs: Vec<Value> = Vec::new();
    for day in days(call, rest, 30)?.days() {
        for weight in call.view.weights(day) {
            let Some(fat) = weight.fat_percent else { continue };
            let local = weight.time + i64::from(weight.offset);
            logs.push(json!({
                "date": day.to_string(),
                "fat": fat,
                "logId": local * 1000,
                "source": if weight.manual { "API" } else { "Aria" },
                "time": clock_text(local.rem_euclid(86_400)),
            }));
        }
    }
    Ok(json!({ "fat": logs }))
}

/// `body/{bmi|fat|weight}/date/…`: the last value is carried forward to days without a log.
pub(crate) fn series(call: &Call, resource: &str, rest: &[&str]) -> Answer {
    let longest = match resource {
        "bmi" => 1095,
        "fat" => 30,
        "weight" => 31,
        _ => return Err(not_found()),
    };
    let profile = &call.view.person().profile;
    let metres = profile.height_cm / 100.0;
    let value = |weight: Option<&Weight>| match resource {
        "weight" => call.units.weight(weight.map_or(profile.weight_kg * 1000.0, |weight| weight.grams)),
        "bmi" => weight.map_or((profile.weight_kg / metres / metres * 100.0).round() / 100.0, |weight| {
            body_mass_index(call, weight)
        }),
        _ => weight.and_then(|weight| weight.fat_percent).unwrap_or(0.0),
    };
    let range = days(call, rest, longest)?;
    let wanted = |weight: &Weight| resource != "fat" || weight.fat_percent.is_some();
    let latest = |day: Day| call.view.weights(day).into_iter().rfind(wanted);
    let mut last = (1..=60).find_map(|back| latest(range.from.plus(-back)));
    let mut rows = Vec::new();
    for day in range.days() {
        last = latest(day).or(last);
        let text = format!("{:?}", value(last.as_ref()));
        rows.push(json!({ "dateTime": day.to_string(), "value": text }));
    }
    let mut answer = Map::new();
    answer.insert(format!("body-{resource}"), Value::Array(rows));
    Ok(Value::Object(answer))
}
