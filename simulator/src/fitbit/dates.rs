//! Dates, ranges, periods and units of requests.

use axum::http::HeaderMap;

use super::error::invalid;
use crate::people::{Day, View};
use crate::refusal::Refusal;

/// Days of a request, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Day,
    pub(crate) to: Day,
}

impl Range {
    pub(crate) fn days(self) -> impl Iterator<Item = Day> {
        (self.from.0..=self.to.0).map(Day)
    }

    pub(crate) fn length(self) -> i32 {
        self.to.0 - self.from.0 + 1
    }
}

/// A date or `today`, by the person's clock.
pub(crate) fn date(view: &View, text: &str) -> Result<Day, Refusal> {
    if text == "today" {
        return Ok(view.today());
    }
    Day::parse(text).ok_or_else(|| invalid("date", &format!("Invalid date {text}")))
}

/// `{start}/{end}` of at most so many days.
pub(crate) fn range(view: &View, start: &str, end: &str, longest: i32) -> Result<Range, Refusal> {
    let range = Range { from: date(view, start)?, to: date(view, end)? };
    if range.from > range.to {
        return Err(invalid("startDate", "Start date must be before or equal to end date"));
    }
    if range.length() > longest {
        return Err(invalid("endDate", &format!("Date range must not exceed {longest} days")));
    }
    Ok(range)
}

/// `{date}/{period}`: so many days up to the date. Nothing if the text is no period.
pub(crate) fn period(view: &View, date_text: &str, period: &str) -> Option<Result<Range, Refusal>> {
    let length = match period {
        "1d" => 1,
        "7d" | "1w" => 7,
        "30d" | "1m" => 30,
        "3m" => 90,
        "6m" => 180,
        "1y" => 365,
        _ => return None,
    };
    Some(date(view, date_text).map(|to| Range { from: to.plus(1 - length), to }))
}

/// `HH:mm` as a minute of the day.
pub(crate) fn clock_minute(text: &str) -> Result<u16, Refusal> {
    let wrong = || invalid("time", &format!("Invalid time {text}"));
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    match (hour.len(), minute.len(), hour.parse::<u16>(), minute.parse::<u16>()) {
        (2, 2, Ok(hour), Ok(minute)) if hour < 24 && minute < 60 => Ok(hour * 60 + minute),
        _ => Err(wrong()),
    }
}

/// `HH:mm:ss` of a second of the day.
pub(crate) fn clock_text(second: i64) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Units by `Accept-Language`: miles and pounds for en_US, miles and stones for en_GB, else metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    Us,
    Uk,
    Metric,
}

impl Units {
    pub(crate) fn asked(headers: &HeaderMap) -> Units {
        match headers.get("accept-language").and_then(|value| value.to_str().ok()) {
            Some("en_US") => Units::Us,
            Some("en_GB") => Units::Uk,
            _ => Units::Metric,
        }
    }

    pub(crate) fn distance(self, mm: f64) -> f64 {
        if self == Units::Metric { mm / 1e6 } else { mm / 1_609_344.0 }
    }

    pub(crate) fn elevation(self, metres: f64) -> f64 {
        if self == Units::Us { metres / 0.3048 } else { metres }
    }

    pub(crate) fn weight(self, grams: f64) -> f64 {
        let value = match self {
            Units::Us => grams / 453.592_37,
            Units::Uk => grams / 6350.293,
            Units::Metric => grams / 1000.0,
        };
        (value * 100.0).round() / 100.0
    }

    pub(crate) fn celsius(self, degrees: f64, difference: bool) -> f64 {
        match (self, difference) {
            (Units::Us, true) => degrees * 1.8,
            (Units::Us, false) => degrees * 1.8 + 32.0,
            _ => degrees,
        }
    }

    pub(crate) fn length(self, cm: f64) -> f64 {
        if self == Units::Us { (cm / 2.54 * 10.0).round() / 10.0 } else { cm }
    }
}
