//! Sleep logs, version 1.2. A log belongs to the date of waking.

use serde_json::{Map, Value, json};

use super::dates::{clock_text, date, range};
use super::error::not_found;
use super::log_list::LogList;
use super::{Answer, Call};
use crate::people::{Day, EPOCH, Form, Sleep, Stage};

fn local_text(instant: i64, offset: i32) -> String {
    let local = instant + i64::from(offset);
    format!("{}T{}.000", Day::of_local(local), clock_text(local.rem_euclid(86_400)))
}

fn level(stage: Stage) -> &'static str {
    match stage {
        Stage::Awake => "wake",
        Stage::Light => "light",
        Stage::Deep => "deep",
        Stage::Rem => "rem",
        Stage::Asleep => "asleep",
        Stage::Restless => "restless",
    }
}

/// The word for awake in CLASSIC logs differs.
fn word(sleep: &Sleep, stage: Stage) -> &'static str {
    if sleep.form != Form::Stages && stage == Stage::Awake { "awake" } else { level(stage) }
}

fn segment(call: &Call, sleep: &Sleep, first: usize, epochs: usize, stage: Stage) -> Value {
    let start = sleep.start + first as i64 * EPOCH;
    let offset = call.view.person().timeline.offset_at(start);
    json!({
        "dateTime": local_text(start, offset),
        "level": word(sleep, stage),
        "seconds": epochs as i64 * EPOCH,
    })
}

/// Minutes and counts by level. Counts hold both long and short awakenings. The 30-day mean is given only by date.
fn summary(call: &Call, sleep: &Sleep, day: Day, with_means: bool) -> Value {
    let stages: &[Stage] = match sleep.form {
        Form::Stages => &[Stage::Deep, Stage::Light, Stage::Rem, Stage::Awake],
        _ => &[Stage::Asleep, Stage::Awake, Stage::Restless],
    };
    let runs = sleep.runs();
    let mut summary = Map::new();
    for stage in stages {
        let mut count = runs.iter().filter(|run| run.stage == *stage).count();
        if *stage == Stage::Awake {
            count += sleep.shorts.len();
        }
        let mut value = json!({ "count": count, "minutes": sleep.minutes_in(*stage) });
        if sleep.form == Form::Stages {
            value["thirtyDayAvgMinutes"] =
                if with_means { thirty_day_mean(call, day, *stage) } else { 0.into() };
        }
        summary.insert(word(sleep, *stage).to_owned(), value);
    }
    Value::Object(summary)
}

fn thirty_day_mean(call: &Call, day: Day, stage: Stage) -> Value {
    let nights: Vec<u32> = (1..=30)
        .flat_map(|back| call.view.sleeps(day.plus(-back)))
        .filter(|sleep| sleep.main && sleep.form == Form::Stages)
        .map(|sleep| sleep.minutes_in(stage))
        .collect();
    let count = nights.len().max(1) as u32;
    ((nights.iter().sum::<u32>() + count / 2) / count).into()
}

/// Fitbit's id of a sleep log.
pub(crate) fn log_id(sleep: &Sleep) -> u64 {
    10_000_000_000 + sleep.id % 89_999_999_999
}

fn log(call: &Call, sleep: &Sleep, day: Day, with_means: bool) -> Value {
    let data: Vec<Value> =
        sleep.runs().iter().map(|run| segment(call, sleep, run.first, run.epochs, run.stage)).collect();
    let mut levels = json!({ "data": data, "summary": summary(call, sleep, day, with_means) });
    if sleep.form == Form::Stages {
        let shorts =
            sleep.shorts.iter().map(|(first, epochs)| segment(call, sleep, *first, *epochs, Stage::Awake));
        levels["shortData"] = shorts.collect();
    }
    let asleep = sleep.minutes_asleep();
    let in_bed = sleep.minutes_in_bed();
    json!({
        "dateOfSleep": day.to_string(),
        "duration": i64::from(in_bed) * 60_000,
        "efficiency": (asleep * 100 + in_bed / 2) / in_bed.max(1),
        "endTime": local_text(sleep.end, sleep.end_offset),
        "infoCode": match sleep.form { Form::Stages => 0, Form::ClassicCoverage => 1, _ => 2 },
        "isMainSleep": sleep.main,
        "levels": levels,
        "logId": log_id(sleep),
        "logType": "auto_detected",
        "minutesAfterWakeup": 0,
        "minutesAsleep": asleep,
        "minutesAwake": sleep.minutes_awake(),
        "minutesToFallAsleep": 0,
        "startTime": local_text(sleep.start, sleep.start_offset),
        "timeInBed": in_bed,
        "type": if sleep.form == Form::Stages { "stages" } else { "classic" },
    })
}

/// `sleep/date/{date}` and `sleep/date/{start}/{end}`.
pub(crate) fn answer(call: &Call, rest: &[&str]) -> Answer {
    match rest {
        [day] => by_date(call, date(&call.view, day)?),
        [start, end] => {
            let range = range(&call.view, start, end, 100)?;
            let mut logs = Vec::new();
            for day in range.days() {
                logs.extend(call.view.sleeps(day).iter().map(|sleep| log(call, sleep, day, false)));
            }
            Ok(json!({ "sleep": logs }))
        }
        _ => Err(not_found()),
    }
}

fn by_date(call: &Call, day: Day) -> Answer {
    let sleeps = call.view.sleeps(day);
    let sum = |minutes: fn(&Sleep) -> u32| sleeps.iter().map(minutes).sum::<u32>();
    let mut summary = json!({
        "totalMinutesAsleep": sum(Sleep::minutes_asleep),
        "totalSleepRecords": sleeps.len(),
        "totalTimeInBed": sum(Sleep::minutes_in_bed),
    });
    if let Some(night) = sleeps.iter().find(|sleep| sleep.form == Form::Stages) {
        summary["stages"] = json!({
            "deep": night.minutes_in(Stage::Deep),
            "light": night.minutes_in(Stage::Light),
            "rem": night.minutes_in(Stage::Rem),
            "wake": night.minutes_in(Stage::Awake),
        });
    }
    let logs: Vec<Value> = sleeps.iter().map(|sleep| log(call, sleep, day, true)).collect();
    Ok(json!({ "sleep": logs, "summary": summary }))
}

/// `sleep/list`: pages by `pagination.next`.
pub(crate) fn list(call: &Call) -> Answer {
    let list = LogList::read(call, "1.2/user/-/sleep/list.json")?;
    let (found, pagination) = list.take(call, |day| call.view.sleeps(day));
    let shown: Vec<Value> = found.iter().map(|(day, sleep)| log(call, sleep, *day, false)).collect();
    Ok(json!({ "pagination": pagination, "sleep": shown }))
}
