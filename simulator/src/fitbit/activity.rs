//! Steps, distance, energy, floors, elevation and minutes by intensity: by day and by minute.

use serde_json::{Map, Value, json};

use super::dates::{Range, clock_minute, clock_text, date, period, range};
use super::error::{error, invalid, not_found};
use super::{Answer, Call};
use crate::people::{Day, FLOOR_MM, Minute};
use axum::http::StatusCode;

/// A resource of the activity endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    ActivityCalories,
    Calories,
    CaloriesBmr,
    Distance,
    Elevation,
    Floors,
    /// Minutes of an intensity, 0–3.
    Minutes(u8),
    Steps,
}

impl Resource {
    fn named(name: &str) -> Option<Resource> {
        Some(match name {
            "activityCalories" => Resource::ActivityCalories,
            "calories" => Resource::Calories,
            "caloriesBMR" => Resource::CaloriesBmr,
            "distance" => Resource::Distance,
            "elevation" => Resource::Elevation,
            "floors" => Resource::Floors,
            "minutesSedentary" => Resource::Minutes(0),
            "minutesLightlyActive" => Resource::Minutes(1),
            "minutesFairlyActive" => Resource::Minutes(2),
            "minutesVeryActive" => Resource::Minutes(3),
            "steps" => Resource::Steps,
            _ => return None,
        })
    }

    fn has_intraday(self) -> bool {
        use Resource::{Calories, Distance, Elevation, Floors, Steps};
        matches!(self, Calories | Distance | Elevation | Floors | Steps)
    }

    fn longest(self) -> i32 {
        if self == Resource::ActivityCalories { 30 } else { 1095 }
    }

    /// The value of a minute, for the resources that are told within the day.
    fn of_minute(self, call: &Call, minute: &Minute) -> f64 {
        match self {
            Resource::Steps => f64::from(minute.merged_steps()),
            Resource::Distance => call.units.distance(f64::from(minute.merged_distance_mm())),
            Resource::Calories => f64::from(minute.kcal),
            Resource::Floors => f64::from(minute.floors),
            Resource::Elevation => call.units.elevation(f64::from(minute.floors) * 3.048),
            Resource::CaloriesBmr | Resource::ActivityCalories | Resource::Minutes(_) => 0.0,
        }
    }

    /// What a minute without any data counts: the basal energy, a sedentary minute, nothing else.
    fn of_nothing(self, basal: f64) -> f64 {
        match self {
            Resource::Calories | Resource::CaloriesBmr => basal,
            Resource::Minutes(0) => 1.0,
            _ => 0.0,
        }
    }

    fn text(self, sum: f64) -> String {
        match self {
            Resource::Distance | Resource::Elevation if sum == 0.0 => "0.0".to_owned(),
            Resource::Distance | Resource::Elevation => format!("{sum}"),
            _ => format!("{}", sum.round()),
        }
    }
}

/// The sum of a resource over a civil day. Days that the device has not handed over yet count as unworn, up to now.
fn day_sum(call: &Call, resource: Resource, day: Day, tracker: bool) -> f64 {
    let Some(totals) = call.view.totals(day) else { return 0.0 };
    let basal = call.view.person().basal_kcal();
    let (steps, mm) = if tracker {
        (totals.steps_watch, totals.distance_watch_mm)
    } else {
        (totals.steps, totals.distance_mm)
    };
    let sum = match resource {
        Resource::Steps => steps as f64,
        Resource::Distance => call.units.distance(mm as f64),
        Resource::Calories => totals.kcal,
        Resource::CaloriesBmr => basal * f64::from(totals.minutes),
        Resource::ActivityCalories => totals.activity_kcal,
        Resource::Floors => f64::from(totals.floors),
        Resource::Elevation => call.units.elevation(f64::from(totals.floors * FLOOR_MM) / 1000.0),
        Resource::Minutes(level) => f64::from(totals.intensity[usize::from(level)]),
    };
    match resource.of_nothing(basal) {
        nothing if nothing > 0.0 => sum + nothing * minutes_unknown(call, day) as f64,
        _ => sum,
    }
}

/// Minutes of a day that have passed but that the device has not handed over.
pub(crate) fn minutes_unknown(call: &Call, day: Day) -> usize {
    if call.view.is_whole(day) {
        return 0;
    }
    let Some(known) = call.view.day(day) else { return 0 };
    let passed = known.minutes.partition_point(|minute| minute.start + 60 <= call.view.now());
    passed - call.view.minutes_of(&known).count()
}

fn day_rows(call: &Call, resource: Resource, range: Range, tracker: bool) -> Vec<Value> {
    range
        .days()
        .map(|day| {
            let value = resource.text(day_sum(call, resource, day, tracker));
            json!({ "dateTime": day.to_string(), "value": value })
        })
        .collect()
}

/// `{resource}/date/…`: series or intraday.
pub(crate) fn answer(call: &Call, name: &str, rest: &[&str]) -> Answer {
    match rest {
        [_, "1d", ..] if rest.len() > 2 => intraday(call, name, rest),
        [start, end, detail] | [start, end, detail, "time", _, _] if is_detail(detail) => {
            if date(&call.view, start)? != date(&call.view, end)? {
                return Err(invalid("endDate", "Intraday data of this resource is limited to 24 hours"));
            }
            intraday(call, name, rest)
        }
        _ => series(call, name, false, rest),
    }
}

fn is_detail(text: &str) -> bool {
    matches!(text, "1sec" | "1min" | "5min" | "15min")
}

/// Day values of a range or period.
pub(crate) fn series(call: &Call, name: &str, tracker: bool, rest: &[&str]) -> Answer {
    let resource = Resource::named(name).ok_or_else(not_found)?;
    let range = match rest {
        [start, end] => match period(&call.view, start, end) {
            Some(range) => range?,
            None => range(&call.view, start, end, resource.longest())?,
        },
        _ => return Err(not_found()),
    };
    let key = if tracker { format!("activities-tracker-{name}") } else { format!("activities-{name}") };
    let mut answer = Map::new();
    answer.insert(key, Value::Array(day_rows(call, resource, range, tracker)));
    Ok(Value::Object(answer))
}

/// Minutes of a clock window, both ends included: all of the day, or `time/{start}/{end}`.
pub(crate) fn clock_window(rest: &[&str]) -> Result<(u16, u16), crate::refusal::Refusal> {
    match rest {
        [_, _, _] => Ok((0, 1439)),
        [_, _, _, "time", start, end] => {
            let (start, end) = (clock_minute(start)?, clock_minute(end)?);
            if start > end {
                return Err(invalid("time", "Start time must be before end time"));
            }
            Ok((start, end))
        }
        _ => Err(not_found()),
    }
}

fn intraday(call: &Call, name: &str, rest: &[&str]) -> Answer {
    let resource = Resource::named(name).filter(|resource| resource.has_intraday()).ok_or_else(not_found)?;
    let day = date(&call.view, rest[0])?;
    let (first, last) = clock_window(rest)?;
    let step = match rest[2] {
        "1min" => 1,
        "5min" => 5,
        "15min" => 15,
        other => {
            return Err(error(
                StatusCode::BAD_REQUEST,
                "validation",
                Some("detail-level"),
                &format!("Invalid detail level {other}"),
            ));
        }
    };
    let slots = slots(call, resource, day);
    let mut dataset = Vec::with_capacity(1440 / usize::from(step));
    let mut sum = 0.0;
    for start in (first..=last).step_by(usize::from(step)) {
        let window = &slots[usize::from(start)..usize::from((start + step).min(last + 1))];
        let value: f64 = window.iter().map(|slot| slot.value).sum();
        sum += value;
        dataset.push(row(resource, start, value, window));
    }
    let total = if (first, last) == (0, 1439) { day_sum(call, resource, day, false) } else { sum };
    let mut answer = Map::new();
    let head = json!([{ "dateTime": day.to_string(), "value": resource.text(total) }]);
    answer.insert(format!("activities-{name}"), if call.view.day(day).is_some() { head } else { json!([]) });
    if call.switches.fitbit_intraday_permission {
        answer.insert(
            format!("activities-{name}-intraday"),
            json!({ "dataset": dataset, "datasetInterval": step, "datasetType": "minute" }),
        );
    }
    Ok(Value::Object(answer))
}

/// One of the 1,440 minutes of the clock.
#[derive(Clone, Copy, Default)]
struct Slot {
    value: f64,
    level: u8,
    basal: f64,
    kcal: f64,
}

/// The clock's minutes: those that it skips stay 0, those that it shows twice hold both.
fn slots(call: &Call, resource: Resource, day: Day) -> Vec<Slot> {
    let mut slots = vec![Slot::default(); 1440];
    let Some(known) = call.view.day(day) else { return slots };
    let handed_over = call.view.minutes_of(&known).count();
    for (number, minute) in known.minutes.iter().enumerate() {
        let slot = &mut slots[usize::from(minute.label)];
        slot.basal += known.basal_kcal;
        if number < handed_over {
            slot.value += resource.of_minute(call, minute);
            slot.level = slot.level.max(minute.intensity);
            slot.kcal += f64::from(minute.kcal);
        } else if minute.start + 60 <= call.view.now() {
            slot.value += resource.of_nothing(known.basal_kcal);
            slot.kcal += known.basal_kcal;
        }
    }
    slots
}

fn row(resource: Resource, start: u16, value: f64, window: &[Slot]) -> Value {
    let time = clock_text(i64::from(start) * 60);
    if resource != Resource::Calories {
        let number = if resource == Resource::Steps || resource == Resource::Floors {
            json!(value as i64)
        } else {
            json!(value)
        };
        return json!({ "time": time, "value": number });
    }
    let kcal: f64 = window.iter().map(|slot| slot.kcal).sum();
    let basal: f64 = window.iter().map(|slot| slot.basal).sum();
    let mets = if basal > 0.0 && kcal > 0.0 { (kcal / basal * 10.0).round() as i64 } else { 10 };
    let level = window.iter().map(|slot| slot.level).max().unwrap_or(0);
    json!({ "level": level, "mets": mets.max(10), "time": time, "value": value })
}

/// `activities/date/{date}`: the day in numbers.
pub(crate) fn summary(call: &Call, day: &str) -> Answer {
    let day = date(&call.view, day)?;
    let sum = |resource: Resource| day_sum(call, resource, day, false);
    let whole = |resource: Resource| sum(resource).round() as i64;
    let distance = (sum(Resource::Distance) * 100.0).round() / 100.0;
    let active = whole(Resource::ActivityCalories);
    let mut summary = json!({
        "activeScore": -1,
        "activityCalories": active,
        "caloriesBMR": whole(Resource::CaloriesBmr),
        "caloriesOut": whole(Resource::Calories),
        "distances": [{ "activity": "total", "distance": distance }, { "activity": "tracker", "distance": distance }],
        "elevation": sum(Resource::Elevation),
        "fairlyActiveMinutes": whole(Resource::Minutes(2)),
        "floors": whole(Resource::Floors),
        "heartRateZones": super::heart::zones(call, day),
        "lightlyActiveMinutes": whole(Resource::Minutes(1)),
        "marginalCalories": active * 6 / 10,
        "sedentaryMinutes": whole(Resource::Minutes(0)),
        "steps": whole(Resource::Steps),
        "veryActiveMinutes": whole(Resource::Minutes(3)),
    });
    if let Some((bpm, _)) = call.view.resting(day) {
        summary["restingHeartRate"] = bpm.into();
    }
    let mut answer = json!({ "activities": [], "summary": summary });
    if day == call.view.today() {
        answer["goals"] = json!({ "activeMinutes": 30, "caloriesOut": 2500, "distance": 8.05, "floors": 10, "steps": 10000 });
    }
    Ok(answer)
}
