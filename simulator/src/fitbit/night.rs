//! Values of nights, temperature and fitness: days without a value are absent.

use serde_json::{Value, json};

use super::dates::{Range, clock_text, date, range};
use super::error::not_found;
use super::{Answer, Call};
use crate::people::{Day, PersonDay, VariabilitySample};

const LONGEST: i32 = 30;

fn days(call: &Call, rest: &[&str], longest: i32) -> Result<Range, crate::refusal::Refusal> {
    match rest {
        [day] => date(&call.view, day).map(|day| Range { from: day, to: day }),
        [start, end] => range(&call.view, start, end, longest),
        _ => Err(not_found()),
    }
}

/// The local clock at an instant, as `YYYY-MM-DDTHH:MM:SS`.
fn local(call: &Call, instant: i64) -> String {
    let local = instant + i64::from(call.view.person().timeline.offset_at(instant));
    format!("{}T{}", Day::of_local(local), clock_text(local.rem_euclid(86_400)))
}

/// The rest of a path without `all`, and whether it was there.
fn with_all<'a, 'b>(rest: &'a [&'b str]) -> (&'a [&'b str], bool) {
    match rest {
        [rest @ .., "all"] => (rest, true),
        rest => (rest, false),
    }
}

/// `hrv/date/…`, with `/all` for five-minute windows.
pub(crate) fn variability(call: &Call, rest: &[&str]) -> Answer {
    let (rest, all) = with_all(rest);
    let value = |day: Day| {
        let (daily, samples) =
            call.view.nightly(day, |known| (known.variability, known.variability_samples()))?;
        let daily = daily?;
        if !all {
            let value = json!({ "dailyRmssd": daily.rmssd, "deepRmssd": daily.deep_rmssd });
            return Some(json!({ "value": value, "dateTime": day.to_string() }));
        }
        let minute = |sample: &VariabilitySample| {
            json!({
                "minute": format!("{}.000", local(call, sample.time)),
                "value": { "rmssd": sample.rmssd, "coverage": sample.coverage, "hf": sample.high, "lf": sample.low },
            })
        };
        let minutes: Vec<Value> = samples.iter().map(minute).collect();
        Some(json!({ "minutes": minutes, "dateTime": day.to_string() }))
    };
    let rows: Vec<Value> = days(call, rest, LONGEST)?.days().filter_map(value).collect();
    Ok(json!({ "hrv": rows }))
}

/// `spo2/date/…`: one date gives an object, a range a bare array; with `/all` the readings of the night.
pub(crate) fn oxygen(call: &Call, rest: &[&str]) -> Answer {
    let (rest, all) = with_all(rest);
    let value = |day: Day| {
        let (night, samples) =
            call.view.nightly(day, |known| (known.oxygen_night(), known.oxygen_samples()))?;
        let night = night?;
        if !all {
            let value = json!({ "avg": night.average, "max": night.max, "min": night.min });
            return Some(json!({ "dateTime": day.to_string(), "value": value }));
        }
        let minutes: Vec<Value> = samples
            .iter()
            .map(|sample| json!({ "value": sample.percent, "minute": local(call, sample.time) }))
            .collect();
        Some(json!({ "dateTime": day.to_string(), "minutes": minutes }))
    };
    let unlimited = call.switches.fitbit_oxygen_range_days == 0;
    let longest = match all {
        true => LONGEST,
        false if unlimited => i32::MAX,
        false => call.switches.fitbit_oxygen_range_days as i32,
    };
    let days = days(call, rest, longest)?;
    match rest {
        [_] => Ok(value(days.from).unwrap_or_else(|| json!({}))),
        _ => {
            // nobody has values before the account began, however long the range
            let known = days.from.max(call.view.first_day()).0..=days.to.min(call.view.today()).0;
            Ok(known.map(Day).filter_map(value).collect())
        }
    }
}

/// `br/date/…`, with `/all` by stage: −1 where there is none.
pub(crate) fn breathing(call: &Call, rest: &[&str]) -> Answer {
    let (rest, all) = with_all(rest);
    let rate = |rate: Option<f64>| json!({ "breathingRate": rate.map_or(json!(-1), |rate| json!(rate)) });
    let value = |day: Day| {
        let breathing = call.view.nightly(day, PersonDay::breathing).flatten()?;
        let value = match all {
            false => rate(Some(breathing.full)),
            true => json!({
                "deepSleepSummary": rate(breathing.deep),
                "remSleepSummary": rate(breathing.rem),
                "fullSleepSummary": rate(Some(breathing.full)),
                "lightSleepSummary": rate(breathing.light),
            }),
        };
        Some(json!({ "value": value, "dateTime": day.to_string() }))
    };
    let rows: Vec<Value> = days(call, rest, LONGEST)?.days().filter_map(value).collect();
    Ok(json!({ "br": rows }))
}

/// `cardioscore/date/…`: a range of five as a text, or one number after a run with a route.
pub(crate) fn fitness(call: &Call, rest: &[&str]) -> Answer {
    let value = |day: Day| {
        let fitness = call.view.fitness(day)?;
        let middle = fitness.vo2_max.round() as i64;
        let text =
            if fitness.from_run { middle.to_string() } else { format!("{}-{}", middle - 2, middle + 2) };
        Some(json!({ "dateTime": day.to_string(), "value": { "vo2Max": text } }))
    };
    let rows: Vec<Value> = days(call, rest, LONGEST)?.days().filter_map(value).collect();
    Ok(json!({ "cardioScore": rows }))
}

/// `temp/core/date/…`: what was typed in.
pub(crate) fn core_temperature(call: &Call, rest: &[&str]) -> Answer {
    let value = |day: Day| {
        let reading = call.view.core_temperature(day)?;
        let degrees = call.units.celsius(reading.celsius, false);
        Some(json!({ "dateTime": local(call, reading.time), "value": (degrees * 10.0).round() / 10.0 }))
    };
    let rows: Vec<Value> = days(call, rest, LONGEST)?.days().filter_map(value).collect();
    Ok(json!({ "tempCore": rows }))
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
    let rows: Vec<Value> = days(call, rest, LONGEST)?.days().filter_map(value).collect();
    Ok(json!({ "tempSkin": rows }))
}
