//! Active zone minutes: by day and by minute.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::activity::clock_window;
use super::dates::{clock_text, date, period, range};
use super::error::{error, not_found};
use super::{Answer, Call};
use crate::people::{Day, Zone};

/// Minutes of each zone.
#[derive(Clone, Copy, Default)]
struct Earned([u32; 3]);

impl Earned {
    fn add(&mut self, zone: Zone) {
        self.0[zone as usize] += zone.minutes();
    }

    /// An object with the zones that have minutes; nothing if none has.
    fn value(self) -> Option<Value> {
        let total: u32 = self.0.iter().sum();
        if total == 0 {
            return None;
        }
        let names = ["fatBurnActiveZoneMinutes", "cardioActiveZoneMinutes", "peakActiveZoneMinutes"];
        let mut value = Map::new();
        for (name, minutes) in names.iter().zip(self.0).filter(|(_, minutes)| *minutes > 0) {
            value.insert((*name).to_owned(), minutes.into());
        }
        value.insert("activeZoneMinutes".to_owned(), total.into());
        Some(Value::Object(value))
    }
}

/// Zones by minute of the clock.
fn by_minute(call: &Call, day: Day) -> BTreeMap<u16, Earned> {
    let mut minutes: BTreeMap<u16, Earned> = BTreeMap::new();
    if let Some(known) = call.view.day(day) {
        for minute in call.view.minutes_of(&known) {
            if let Some(zone) = minute.zone {
                minutes.entry(minute.label).or_default().add(zone);
            }
        }
    }
    minutes
}

fn total(minutes: impl Iterator<Item = Earned>) -> Earned {
    minutes.fold(Earned::default(), |mut sum, earned| {
        for (sum, minutes) in sum.0.iter_mut().zip(earned.0) {
            *sum += minutes;
        }
        sum
    })
}

/// `activities/active-zone-minutes/date/…`.
pub(crate) fn answer(call: &Call, rest: &[&str]) -> Answer {
    match rest {
        [start, end] => {
            let range = match period(&call.view, start, end) {
                Some(range) => range?,
                None => range(&call.view, start, end, 1095)?,
            };
            let days: Vec<Value> = range
                .days()
                .filter_map(|day| {
                    let value = Earned(call.view.totals(day)?.zone_minutes).value()?;
                    Some(json!({ "dateTime": day.to_string(), "value": value }))
                })
                .collect();
            Ok(json!({ "activities-active-zone-minutes": days }))
        }
        [day, "1d", detail] | [day, "1d", detail, "time", _, _] => {
            let (first, last) = clock_window(rest)?;
            intraday(call, date(&call.view, day)?, detail, first, last)
        }
        [start, end, detail] => {
            let range = range(&call.view, start, end, 1)?;
            intraday(call, range.from, detail, 0, 1439)
        }
        _ => Err(not_found()),
    }
}

fn intraday(call: &Call, day: Day, detail: &str, first: u16, last: u16) -> Answer {
    let step: u16 = match detail {
        "1min" => 1,
        "5min" => 5,
        "15min" => 15,
        other => {
            let message = format!("Invalid detail level {other}");
            return Err(error(StatusCode::BAD_REQUEST, "validation", Some("detail-level"), &message));
        }
    };
    let mut windows: BTreeMap<u16, Vec<Earned>> = BTreeMap::new();
    for (label, earned) in by_minute(call, day).range(first..=last) {
        windows.entry(label / step * step).or_default().push(*earned);
    }
    let rows = windows.into_iter().filter_map(|(label, earned)| {
        Some((clock_text(i64::from(label) * 60), total(earned.into_iter()).value()?))
    });
    if call.switches.fitbit_zone_minutes_dataset {
        let dataset: Vec<Value> = rows.map(|(time, value)| json!({ "time": time, "value": value })).collect();
        return Ok(json!({ "activities-active-zone-minutes-intraday": { "dataset": dataset } }));
    }
    let minutes: Vec<Value> =
        rows.map(|(minute, value)| json!({ "minute": minute, "value": value })).collect();
    let days = if minutes.is_empty() {
        json!([])
    } else {
        json!([{ "dateTime": day.to_string(), "minutes": minutes }])
    };
    Ok(json!({ "activities-active-zone-minutes-intraday": days }))
}
