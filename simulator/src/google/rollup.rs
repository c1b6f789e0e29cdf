//! `rollUp` by instants and `dailyRollUp` by civil days.

use serde::Deserialize;

use super::Call;
use super::catalogue::DataType;
use super::error::GoogleError;
use super::json::{self, Json};
use super::list::family;
use super::paging::{Cursor, clamp_page_size};
use super::window::{Bucket, Rolling};
use crate::people::{DAY_SECONDS, Day, View};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RollUpRequest {
    range: Option<InstantRange>,
    window_size: Option<String>,
    page_size: Option<i64>,
    page_token: Option<String>,
    data_source_family: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InstantRange {
    start_time: Option<jiff::Timestamp>,
    end_time: Option<jiff::Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DailyRollUpRequest {
    range: Option<CivilRange>,
    window_size_days: Option<i32>,
    page_size: Option<i64>,
    page_token: Option<String>,
    data_source_family: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CivilRange {
    start: Option<CivilArgument>,
    end: Option<CivilArgument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CivilArgument {
    date: Option<DateArgument>,
    time: Option<TimeArgument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateArgument {
    #[serde(default)]
    year: i32,
    #[serde(default)]
    month: u32,
    #[serde(default)]
    day: u32,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimeArgument {
    hours: u32,
    minutes: u32,
    seconds: u32,
    nanos: u32,
}

impl CivilArgument {
    fn day(&self) -> Result<Day, GoogleError> {
        let date = self.date.as_ref().ok_or_else(GoogleError::invalid_argument)?;
        if self.time.as_ref().is_some_and(|time| *time != TimeArgument::default()) {
            return Err(GoogleError::invalid(
                "INVALID_TIME_RANGE",
                "The start time must be aligned with the aggregation window",
            ));
        }
        Day::from_ymd(date.year, date.month, date.day).ok_or_else(GoogleError::invalid_argument)
    }
}

fn range_error(message: &str) -> GoogleError {
    GoogleError::invalid("INVALID_TIME_RANGE", message)
}

const MEMBER: &str = "rollupDataPoints";

/// The first page of nothing, with a token for more.
fn empty_page(call: &Call, shape: &str) -> String {
    let token = Cursor { place: 0, number: 0 }.seal(call.state.signer(), shape);
    json::page(MEMBER, &Json::default(), Some(&token))
}

/// The cursor of a request's token.
fn cursor(call: &Call, shape: &str, token: Option<&str>) -> Result<Option<Cursor>, GoogleError> {
    let token = token.filter(|token| !token.is_empty());
    token.map(|token| Cursor::open(call.state.signer(), shape, token)).transpose()
}

/// Ends an answer: with the token of the window that did not fit, or as the switch for last pages says.
fn finish(call: &Call, shape: &str, shown: &Json, next: Option<i64>, empty_token: bool) -> String {
    let token = match next {
        Some(place) => Some(Cursor { place, number: 0 }.seal(call.state.signer(), shape)),
        None => empty_token.then(String::new),
    };
    json::page(MEMBER, shown, token.as_deref())
}

/// `rollUp`.
pub(crate) fn roll_up(
    call: &Call,
    view: &View,
    data_type: DataType,
    request: &RollUpRequest,
) -> Result<String, GoogleError> {
    let range = request.range.as_ref().ok_or_else(|| range_error("The range is required"))?;
    let (Some(start), Some(end)) = (range.start_time, range.end_time) else {
        return Err(range_error("The range needs a start time and an end time"));
    };
    let (start, end) = (start.as_second(), end.as_second());
    if start >= end {
        return Err(range_error("Query end time must be strictly larger than start time"));
    }
    if end - start > data_type.roll_up_days() * DAY_SECONDS {
        return Err(range_error(&format!("The range must not exceed {} days", data_type.roll_up_days())));
    }
    let window = window_seconds(request.window_size.as_deref())?;
    let size = clamp_page_size(request.page_size.unwrap_or(0), (1440, 10_000))?;
    let switches = call.state.switches();
    let family = family(request.data_source_family.as_deref(), view.person().profile.google_id)?;
    let shape = format!(
        "rollUp/{}/{start}/{end}/{window}/{size}/{family:?}/{}",
        data_type.kebab(),
        view.person().profile.id
    );
    let cursor = cursor(call, &shape, request.page_token.as_deref())?;
    if cursor.is_none() && switches.google_empty_page_with_token {
        return Ok(empty_page(call, &shape));
    }
    let rolling = Rolling { view, data_type, family, switches: &switches };
    let windows = (end - start + window - 1) / window;
    let descending = switches.google_roll_up_descending;
    let mut number = cursor.map_or(0, |cursor| cursor.place);
    let mut shown = Json { text: String::with_capacity(size.min(windows as usize) * 180) };
    let (mut count, mut next) = (0, None);
    // a day of windows at a time, until the page is full
    let step = (DAY_SECONDS / window).max(1);
    while number < windows && next.is_none() {
        let length = step.min(windows - number);
        let first = if descending { windows - number - length } else { number };
        let from = start + first * window;
        let mut buckets = vec![Bucket::default(); length as usize];
        rolling.fill(from, (from + length * window).min(end), window, &mut buckets);
        for offset in 0..length {
            let place = if descending { length - 1 - offset } else { offset };
            let bucket = &buckets[place as usize];
            if !rolling.is_shown(bucket) {
                continue;
            }
            if count == size {
                next = Some(number + offset);
                break;
            }
            count += 1;
            let at = from + place * window;
            shown.raw(if shown.text.is_empty() { "{\"startTime\":" } else { ",{\"startTime\":" }).instant(at);
            shown.raw(",\"endTime\":").instant((at + window).min(end));
            rolling.write(&mut shown, bucket);
            shown.raw("}");
        }
        number += length;
    }
    Ok(finish(call, &shape, &shown, next, switches.google_empty_next_page_token))
}

/// A duration such as `60s` in whole seconds, one at least.
fn window_seconds(text: Option<&str>) -> Result<i64, GoogleError> {
    let wrong = || {
        GoogleError::invalid(
            "INVALID_WINDOW_SIZE",
            "The window size must be at least 1 second, for example 60s",
        )
    };
    let number: f64 =
        text.and_then(|text| text.strip_suffix('s')).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    if (1.0..1e9).contains(&number) { Ok(number as i64) } else { Err(wrong()) }
}

/// `dailyRollUp`.
pub(crate) fn daily_roll_up(
    call: &Call,
    view: &View,
    data_type: DataType,
    request: &DailyRollUpRequest,
) -> Result<String, GoogleError> {
    let switches = call.state.switches();
    let range = request.range.as_ref().ok_or_else(|| range_error("The range is required"))?;
    let (Some(start), Some(end)) = (&range.start, &range.end) else {
        return Err(range_error("The range needs a start and an end"));
    };
    let (start, end) = (start.day()?, end.day()?);
    let end = if switches.google_daily_roll_up_end_inclusive { end.plus(1) } else { end };
    if start >= end {
        return Err(range_error("Query end time must be strictly larger than start time"));
    }
    let limit = data_type.roll_up_days();
    let asked =
        i64::from(end.0) - i64::from(start.0) - i64::from(switches.google_daily_roll_up_end_inclusive);
    if asked > limit {
        return Err(range_error(&format!("The range must not exceed {limit} days")));
    }
    let window = request.window_size_days.unwrap_or(1);
    if window < 1 {
        return Err(GoogleError::invalid("INVALID_WINDOW_SIZE", "The window size must be at least 1 day"));
    }
    let size = clamp_page_size(request.page_size.unwrap_or(0), (limit as usize, limit as usize))?;
    let family = family(request.data_source_family.as_deref(), view.person().profile.google_id)?;
    let shape = format!(
        "dailyRollUp/{}/{start}/{end}/{window}/{size}/{family:?}/{}",
        data_type.kebab(),
        view.person().profile.id
    );
    let cursor = cursor(call, &shape, request.page_token.as_deref())?;
    if cursor.is_none() && switches.google_empty_page_with_token {
        return Ok(empty_page(call, &shape));
    }
    let rolling = Rolling { view, data_type, family, switches: &switches };
    let mut windows = Vec::new();
    let mut first = start;
    while first < end {
        let last = first.plus(window).min(end);
        windows.push((first, last));
        first = last;
    }
    if switches.google_roll_up_descending {
        windows.reverse();
    }
    let skip = cursor.map_or(0, |cursor| usize::try_from(cursor.place).unwrap_or(0));
    let (mut shown, mut count, mut next) = (Json::default(), 0, None);
    for (number, (from, to)) in windows.iter().enumerate().skip(skip) {
        let bucket = rolling.of_days(*from, *to);
        if !rolling.is_shown(&bucket) {
            continue;
        }
        if count == size {
            next = Some(number as i64);
            break;
        }
        count += 1;
        shown.raw(if shown.text.is_empty() { "{\"civilStartTime\":" } else { ",{\"civilStartTime\":" });
        shown.civil(from.midnight(), 0).raw(",\"civilEndTime\":").civil(to.midnight(), 0);
        rolling.write(&mut shown, &bucket);
        shown.raw("}");
    }
    Ok(finish(call, &shape, &shown, next, switches.google_empty_next_page_token))
}
