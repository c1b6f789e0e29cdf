//! `rollUp` by instants and `dailyRollUp` by civil days.

use serde::Deserialize;

use super::Call;
use super::catalogue::DataType;
use super::error::GoogleError;
use super::list::family;
use super::paging::{Cursor, clamp_page_size};
use super::records::{Content, Family, Reading, Record};
use super::wire::{CivilDateTime, DailyRollupWindow, Instant, Int64, Rolled, RollupWindow, Rollups};
use crate::people::{DAY_SECONDS, Day, View, Zone};
use crate::switches::Switches;

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

/// Sums, means and extremes of one window.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    zones: [i64; 3],
}

impl Bucket {
    fn add(&mut self, value: f64) {
        (self.min, self.max) =
            if self.count == 0 { (value, value) } else { (self.min.min(value), self.max.max(value)) };
        self.count += 1;
        self.sum += value;
    }

    fn add_record(&mut self, record: &Record) {
        match &record.content {
            Content::Steps(value) | Content::Distance(value) | Content::Heart { bpm: value, .. } => {
                self.add(f64::from(*value));
            }
            Content::Zone(zone) => {
                self.count += 1;
                self.zones[*zone as usize] += i64::from(zone.minutes());
            }
            Content::Weight(weight) => self.add(weight.grams),
            _ => {}
        }
    }

    fn rolled(&self, data_type: DataType) -> Option<Rolled> {
        if self.count == 0 {
            return None;
        }
        let mean = self.sum / self.count as f64;
        let whole = Int64(self.sum.round() as i64);
        let zone = |zone: Zone| Int64(self.zones[zone as usize]);
        match data_type {
            DataType::Steps => Some(Rolled::Steps { count_sum: whole }),
            DataType::Distance => Some(Rolled::Distance { millimeters_sum: whole }),
            DataType::ActiveZoneMinutes => Some(Rolled::ActiveZoneMinutes {
                sum_in_fat_burn_heart_zone: zone(Zone::FatBurn),
                sum_in_cardio_heart_zone: zone(Zone::Cardio),
                sum_in_peak_heart_zone: zone(Zone::Peak),
            }),
            DataType::HeartRate => Some(Rolled::HeartRate {
                beats_per_minute_min: self.min,
                beats_per_minute_avg: mean,
                beats_per_minute_max: self.max,
            }),
            DataType::TotalCalories => Some(Rolled::TotalCalories { kcal_sum: self.sum }),
            DataType::Weight => Some(Rolled::Weight { weight_grams_avg: mean }),
            _ => None,
        }
    }
}

/// What both roll-ups need.
struct Rolling<'a> {
    reading: Reading<'a>,
    switches: &'a Switches,
}

impl Rolling<'_> {
    /// (instant, offset) and value of everything that starts in a stretch, put into buckets.
    fn fill(
        &self,
        from: i64,
        to: i64,
        bucket_of: impl Fn(i64, i32) -> Option<usize>,
        buckets: &mut [Bucket],
    ) {
        let into = |instant: i64, offset: i32| bucket_of(instant, offset);
        match self.reading.data_type {
            DataType::TotalCalories => {
                if self.reading.family == Family::SelfSources {
                    return;
                }
                for (minute, _) in self.reading.view.minutes_in(from, to) {
                    if let Some(number) = into(minute.start, minute.offset) {
                        buckets[number].add(f64::from(minute.kcal));
                    }
                }
            }
            DataType::Weight => {
                let mut day = Day::of_local(from - 15 * 3600);
                while day.midnight() <= to + 15 * 3600 {
                    for record in
                        self.reading.of_day(day).iter().filter(|record| (from..to).contains(&record.start))
                    {
                        if let Some(number) = into(record.start, record.offset) {
                            buckets[number].add_record(record);
                        }
                    }
                    day = day.plus(1);
                }
            }
            _ => {
                for record in self.reading.between(from, to) {
                    if let Some(number) = into(record.start, record.offset) {
                        buckets[number].add_record(&record);
                    }
                }
            }
        }
    }

    fn shown(&self, rolled: &Option<Rolled>) -> bool {
        rolled.is_some() || self.switches.google_empty_windows_present
    }

    fn last_token(&self) -> Option<String> {
        self.switches.google_empty_next_page_token.then(String::new)
    }
}

/// `rollUp`.
pub(crate) fn roll_up(
    call: &Call,
    view: &View,
    data_type: DataType,
    request: &RollUpRequest,
) -> Result<Rollups<RollupWindow>, GoogleError> {
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
    let signer = call.state.signer();
    let cursor = request.page_token.as_deref().filter(|token| !token.is_empty());
    let cursor = cursor.map(|token| Cursor::open(signer, &shape, token)).transpose()?;
    if cursor.is_none() && switches.google_empty_page_with_token {
        let token = Cursor { place: 0, number: 0 }.seal(signer, &shape);
        return Ok(Rollups { rollup_data_points: Vec::new(), next_page_token: Some(token) });
    }
    let rolling = Rolling {
        reading: Reading { view, data_type, merged: true, family, switches: &switches },
        switches: &switches,
    };
    let windows = (end - start + window - 1) / window;
    let descending = switches.google_roll_up_descending;
    let mut number = cursor.map_or(0, |cursor| cursor.place);
    let mut found = Vec::new();
    // a few hours of windows at a time, until the page is full
    let step = (6 * 3600 / window).max(1);
    while number < windows && found.len() <= size {
        let count = step.min(windows - number);
        let first = if descending { windows - number - count } else { number };
        let from = start + first * window;
        let to = (from + count * window).min(end);
        let mut buckets = vec![Bucket::default(); count as usize];
        rolling.fill(from, to, |instant, _| usize::try_from((instant - from) / window).ok(), &mut buckets);
        let made = buckets.iter().enumerate().filter_map(|(place, bucket)| {
            let value = bucket.rolled(data_type);
            let at = from + place as i64 * window;
            rolling.shown(&value).then(|| {
                let shown = RollupWindow {
                    start_time: Instant::of_seconds(at),
                    end_time: Instant::of_seconds((at + window).min(end)),
                    value,
                };
                let index = first + place as i64;
                (if descending { windows - 1 - index } else { index }, shown)
            })
        });
        if descending {
            found.extend(made.rev())
        } else {
            found.extend(made)
        }
        number += count;
    }
    let next_page_token = match found.get(size) {
        Some((place, _)) => Some(Cursor { place: *place, number: 0 }.seal(signer, &shape)),
        None => rolling.last_token(),
    };
    found.truncate(size);
    Ok(Rollups { rollup_data_points: found.into_iter().map(|(_, window)| window).collect(), next_page_token })
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
) -> Result<Rollups<DailyRollupWindow>, GoogleError> {
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
    let signer = call.state.signer();
    let cursor = request.page_token.as_deref().filter(|token| !token.is_empty());
    let cursor = cursor.map(|token| Cursor::open(signer, &shape, token)).transpose()?;
    if cursor.is_none() && switches.google_empty_page_with_token {
        let token = Cursor { place: 0, number: 0 }.seal(signer, &shape);
        return Ok(Rollups { rollup_data_points: Vec::new(), next_page_token: Some(token) });
    }
    let rolling = Rolling {
        reading: Reading { view, data_type, merged: true, family, switches: &switches },
        switches: &switches,
    };
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
    let mut shown = Vec::new();
    let mut next_page_token = rolling.last_token();
    for (number, (from, to)) in windows.iter().enumerate().skip(skip) {
        let mut bucket = [Bucket::default()];
        let days = *from..*to;
        let inside = |instant: i64, offset: i32| {
            days.contains(&Day::of_local(instant + i64::from(offset))).then_some(0)
        };
        rolling.fill(from.midnight() - 15 * 3600, to.midnight() + 15 * 3600, inside, &mut bucket);
        let value = bucket[0].rolled(data_type);
        if !rolling.shown(&value) {
            continue;
        }
        if shown.len() == size {
            next_page_token = Some(Cursor { place: number as i64, number: 0 }.seal(signer, &shape));
            break;
        }
        shown.push(DailyRollupWindow {
            civil_start_time: CivilDateTime::midnight(*from),
            civil_end_time: CivilDateTime::midnight(*to),
            value,
        });
    }
    Ok(Rollups { rollup_data_points: shown, next_page_token })
}
