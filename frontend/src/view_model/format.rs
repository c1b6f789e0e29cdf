//! Numbers, durations, days and times as a person reads them.

use super::civil::{DAY, Day, HOUR, MINUTE};
use super::words::{Words, fill};
use super::zone::Zone;

/// Writes values in the words of a locale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// The texts.
    pub words: Words,
}

/// Shown where a value is missing.
pub const MISSING: &str = "–";

impl Format {
    /// Formats of a locale.
    #[must_use]
    pub fn new(words: Words) -> Self {
        Self { words }
    }

    /// A number with `digits` decimals, grouped by thousands.
    #[must_use]
    pub fn number(&self, value: f64, digits: usize) -> String {
        let text = format!("{:.digits$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut out = String::with_capacity(text.len() + 4);
        if value < 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
            out.push('\u{2212}');
        }
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                out.push_str(&self.words.group_mark);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push_str(&self.words.decimal_mark);
            out.push_str(fraction);
        }
        out
    }

    /// A change: a number that carries its sign.
    #[must_use]
    pub fn signed(&self, value: f64, digits: usize) -> String {
        let text = self.number(value, digits);
        let is_more = value > 0.0 && text.contains(|c| ('1'..='9').contains(&c));
        if is_more { format!("+{text}") } else { text }
    }

    /// A whole number.
    #[must_use]
    pub fn whole(&self, value: f64) -> String {
        self.number(value, 0)
    }

    /// A number, or a dash where there is none.
    #[must_use]
    pub fn optional(&self, value: Option<f64>, digits: usize) -> String {
        value.map_or_else(|| MISSING.to_owned(), |value| self.number(value, digits))
    }

    /// A share of 1 as a percentage. Never rounded up to 100 nor down to 0.
    #[must_use]
    pub fn share(&self, share: f64) -> String {
        let percent = share * 100.0;
        let shown = if percent > 99.0 && percent < 100.0 {
            99.0
        } else if percent > 0.0 && percent < 1.0 {
            1.0
        } else {
            percent.round()
        };
        fill(&self.words.percent, &[("n", &self.whole(shown))])
    }

    /// Minutes as hours and minutes; from 100 hours on as days and hours.
    #[must_use]
    pub fn minutes(&self, minutes: f64) -> String {
        let whole = minutes.round().max(0.0) as i64;
        let (h, m) = (whole / 60, whole % 60);
        if h == 0 {
            return fill(&self.words.minutes_only, &[("m", &m.to_string())]);
        }
        if h >= 100 {
            return fill(
                &self.words.days_hours,
                &[("d", &(h / 24).to_string()), ("h", &(h % 24).to_string())],
            );
        }
        fill(&self.words.hours_minutes, &[("h", &self.whole(h as f64)), ("m", &format!("{m:02}"))])
    }

    /// `21 Nov`.
    #[must_use]
    pub fn day_short(&self, day: Day) -> String {
        self.day(&self.words.day_short, day)
    }

    /// `Sat 21 Nov 2026`.
    #[must_use]
    pub fn day_medium(&self, day: Day) -> String {
        self.day(&self.words.day_medium, day)
    }

    /// `Saturday, 21 November 2026`.
    #[must_use]
    pub fn day_long(&self, day: Day) -> String {
        self.day(&self.words.day_long, day)
    }

    /// A range of days; one day if both ends are the same.
    #[must_use]
    pub fn days(&self, from: Day, to: Day) -> String {
        if from == to {
            return self.day_medium(from);
        }
        let same_year = from.ymd().0 == to.ymd().0;
        let first = if same_year { self.day_short(from) } else { self.day_medium(from) };
        fill(&self.words.day_range, &[("from", &first), ("to", &self.day_medium(to))])
    }

    /// `November 2026`.
    #[must_use]
    pub fn month(&self, year: i32, month: u32) -> String {
        self.day(&self.words.month_year, Day::from_ymd(year, month, 1))
    }

    /// `Fr`: the first two letters of the weekday.
    #[must_use]
    pub fn weekday_narrow(&self, day: Day) -> String {
        let name = self.words.weekdays.split(' ').nth(day.weekday()).unwrap_or_default();
        name.chars().take(2).collect()
    }

    /// `Fri`.
    #[must_use]
    pub fn weekday_short(&self, day: Day) -> String {
        self.day("{wd}", day)
    }

    /// `Friday`.
    #[must_use]
    pub fn weekday_long(&self, day: Day) -> String {
        self.day("{weekday}", day)
    }

    fn day(&self, pattern: &str, day: Day) -> String {
        let (y, m, d) = day.ymd();
        let nth = |list: &str, n: usize| list.split(' ').nth(n).unwrap_or_default().to_owned();
        let (month, weekday) = (m as usize - 1, day.weekday());
        fill(
            pattern,
            &[
                ("y", &y.to_string()),
                ("d", &d.to_string()),
                ("mon", &nth(&self.words.months, month)),
                ("month", &nth(&self.words.months_long, month)),
                ("wd", &nth(&self.words.weekdays, weekday)),
                ("weekday", &nth(&self.words.weekdays_long, weekday)),
            ],
        )
    }

    /// `07:05` on the zone's clock.
    #[must_use]
    pub fn time(&self, ms: i64, zone: &Zone) -> String {
        let local = zone.local(ms);
        format!("{:02}:{:02}", local.hour, local.minute)
    }

    /// Day and time on the zone's clock.
    #[must_use]
    pub fn date_time(&self, ms: i64, zone: &Zone) -> String {
        let day = self.day_medium(zone.local(ms).day);
        fill(&self.words.date_time, &[("day", &day), ("time", &self.time(ms, zone))])
    }

    /// How long ago an instant was; instants ahead of the clock count as now.
    #[must_use]
    pub fn ago(&self, ms: i64, now: i64) -> String {
        let passed = (now - ms).max(0);
        let (text, n) = if passed < MINUTE {
            (&self.words.ago_moment, 0)
        } else if passed < HOUR {
            (&self.words.ago_minutes, passed / MINUTE)
        } else if passed < 2 * DAY {
            (&self.words.ago_hours, passed / HOUR)
        } else {
            (&self.words.ago_days, passed / DAY)
        };
        fill(text, &[("n", &n.to_string())])
    }

    /// How long something will take, in round numbers.
    #[must_use]
    pub fn estimate(&self, seconds: f64) -> String {
        let (text, n) = if seconds < 90.0 {
            (&self.words.eta_seconds, (seconds / 5.0).ceil().max(1.0) * 5.0)
        } else if seconds < 5_400.0 {
            (&self.words.eta_minutes, (seconds / 60.0).ceil())
        } else {
            (&self.words.eta_hours, (seconds / 3_600.0).ceil())
        };
        fill(text, &[("n", &self.whole(n))])
    }

    /// A size.
    #[must_use]
    pub fn bytes(&self, bytes: i64) -> String {
        let bytes = bytes as f64;
        let (text, n) = if bytes < 1_000.0 {
            (&self.words.bytes_b, self.whole(bytes))
        } else if bytes < 1_000_000.0 {
            (&self.words.bytes_kb, self.number(bytes / 1_000.0, 1))
        } else {
            (&self.words.bytes_mb, self.number(bytes / 1_000_000.0, 1))
        };
        fill(text, &[("n", &n)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;

    #[test]
    fn numbers_are_grouped_and_zero_has_no_sign() {
        let f = format();
        for (value, digits, wanted) in [
            (0.0, 0, "0"),
            (999.4, 0, "999"),
            (1_000.0, 0, "1,000"),
            (1_234_567.891, 2, "1,234,567.89"),
            (-0.04, 1, "0.0"),
            (-1_234.5, 1, "\u{2212}1,234.5"),
        ] {
            assert_eq!(f.number(value, digits), wanted);
        }
        assert_eq!(f.optional(None, 0), "–");
    }

    #[test]
    fn a_share_is_full_only_when_it_is() {
        let f = format();
        assert_eq!(f.share(0.999), "99%");
        assert_eq!(f.share(1.0), "100%");
        assert_eq!(f.share(0.001), "1%");
        assert_eq!(f.share(0.0), "0%");
    }

    #[test]
    fn durations_and_days() {
        let f = format();
        assert_eq!(f.minutes(452.0), "7 h 32 min");
        assert_eq!(f.minutes(59.6), "1 h 00 min");
        assert_eq!(f.minutes(0.0), "0 min");
        assert_eq!(f.minutes(35_400.0), "24 d 14 h");
        let day = Day::from_ymd(2026, 11, 21);
        assert_eq!(f.day_medium(day), "Sat 21 Nov 2026");
        assert_eq!(f.day_long(day), "Saturday, 21 November 2026");
        assert_eq!(f.days(day.plus(-6), day), "15 Nov – Sat 21 Nov 2026");
        assert_eq!(f.days(day, day), "Sat 21 Nov 2026");
    }

    #[test]
    fn estimates_are_never_too_short() {
        let f = format();
        assert_eq!(f.estimate(1.0), "about 5 s");
        assert_eq!(f.estimate(61.0), "about 65 s");
        assert_eq!(f.estimate(121.0), "about 3 min");
        assert_eq!(f.estimate(7_201.0), "about 3 h");
        assert_eq!(f.ago(0, 59_000), "just now");
        assert_eq!(f.ago(0, 47 * HOUR), "47 h ago");
        assert_eq!(f.ago(0, 49 * HOUR), "2 days ago");
    }
}
