//! Civil days and instants, as far as the app needs them.

use std::fmt;

/// Milliseconds in a second.
pub const SECOND: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in 24 hours.
pub const DAY: i64 = 24 * HOUR;

/// A civil day, as the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    /// Reads `YYYY-MM-DD`; `None` for anything else, also for 30 February.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        if y.len() != 4 || m.len() != 2 || d.len() != 2 || parts.next().is_some() {
            return None;
        }
        let (y, m, d) = (y.parse().ok()?, m.parse().ok()?, d.parse().ok()?);
        let day = Self::from_ymd(y, m, d);
        (day.ymd() == (y, m, d)).then_some(day)
    }

    /// Day of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level date algorithms").
    #[must_use]
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Self {
        let y = year - i32::from(month <= 2);
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let shifted_month = (month as i32 + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month from 1, day from 1.
    #[must_use]
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month.unsigned_abs(), day.unsigned_abs())
    }

    /// 0 for Monday to 6 for Sunday.
    #[must_use]
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        (self.0 + 3).rem_euclid(7).unsigned_abs() as usize
    }

    /// The day `days` later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Days from `self` to `other`, both included.
    #[must_use]
    pub fn span(self, other: Self) -> i32 {
        other.0 - self.0 + 1
    }

    /// Days from `self` to `last`, both included.
    pub fn until(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

/// Epoch milliseconds of an RFC 3339 instant.
#[must_use]
pub fn parse_instant(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let day = Day::parse(date)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let mut fields = clock.split(':');
    let hour: i64 = fields.next()?.parse().ok()?;
    let minute: i64 = fields.next()?.parse().ok()?;
    let second: f64 = fields.next().unwrap_or("0").parse().ok()?;
    let local = i64::from(day.0) * DAY + hour * HOUR + minute * MINUTE + (second * 1_000.0).round() as i64;
    Some(local - parse_offset(zone)?)
}

fn parse_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone[1..].split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * HOUR + minutes.parse::<i64>().ok()? * MINUTE))
}

/// RFC 3339 in UTC, whole seconds.
#[must_use]
pub fn format_instant(ms: i64) -> String {
    let day = Day(ms.div_euclid(DAY) as i32);
    let rest = ms.rem_euclid(DAY);
    format!("{day}T{:02}:{:02}:{:02}Z", rest / HOUR, rest % HOUR / MINUTE, rest % MINUTE / SECOND)
}

/// How many steps it takes from one instant to reach another; none if it lies behind.
#[must_use]
pub fn steps(from: i64, to: i64, step: i64) -> usize {
    let length = (to - from).max(0).unsigned_abs();
    usize::try_from(length.div_ceil(step.max(1).unsigned_abs())).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for (text, days) in
            [("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-21", 20_778)]
        {
            assert_eq!(Day::parse(text), Some(Day(days)), "{text}");
            assert_eq!(Day(days).to_string(), text);
        }
        for text in ["2026-02-30", "2026-2-3", "2026-13-01", "today", ""] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::parse("2026-11-21").unwrap().weekday(), 5);
    }

    #[test]
    fn days_of_four_hundred_years_follow_each_other() {
        let (first, last) = (Day::from_ymd(1899, 12, 31), Day::from_ymd(2300, 1, 1));
        for day in first.until(last) {
            let (y, m, d) = day.ymd();
            assert_eq!(Day::from_ymd(y, m, d), day);
        }
    }

    #[test]
    fn instants_with_any_offset() {
        let noon = 20_778 * DAY + 12 * HOUR;
        for text in ["2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00", "2026-11-21T06:30:00.000-05:30"] {
            assert_eq!(parse_instant(text), Some(noon), "{text}");
        }
        assert_eq!(format_instant(noon), "2026-11-21T12:00:00Z");
        assert_eq!(parse_instant("2026-11-21"), None);
        assert_eq!(parse_instant("2026-11-21T12:00:00"), None);
    }
}
