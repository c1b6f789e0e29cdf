//! Times as archives write them.

use jiff::civil::Date;
use pulsekeep_core::time::DAY_MS;

/// A time of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// An instant, epoch milliseconds.
    Instant(i64),
    /// A wall clock without a zone, milliseconds as if it were UTC.
    Naive(i64),
    /// A day.
    Day(Date),
}

/// Reads times; it knows the last date that it read, since rows follow each other.
#[derive(Debug, Default)]
pub(crate) struct ClockReader {
    text: [u8; 10],
    midnight: Option<(Date, i64)>,
}

fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

/// The date and its midnight, as if in UTC.
fn midnight(year: i64, month: i64, day: i64) -> Option<(Date, i64)> {
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, pulsekeep_core::time::local_ms(date.at(0, 0, 0, 0))))
}

impl ClockReader {
    /// `2026-01-02`, `2026-01-02T03:04[:05[.678]]` (or a space instead of the T) with `Z`, `+0000`, `+00:00` or no zone,
    /// and `01/02/26[ 03:04:05]`, month first.
    pub(crate) fn read(&mut self, text: &str) -> Option<Clock> {
        let text = text.trim().as_bytes();
        if text.get(2) == Some(&b'/') {
            return self.american(text);
        }
        let (date, rest) = text.split_at_checked(10)?;
        let (day, midnight) = self.date(date)?;
        let Some(rest) = rest.split_first() else {
            return Some(Clock::Day(day));
        };
        let (b'T' | b' ', clock) = rest else { return None };
        let (ms, zone) = time_of_day(clock)?;
        Some(match zone {
            b"" => Clock::Naive(midnight + ms),
            zone => Clock::Instant(midnight + ms - zone_ms(zone)?),
        })
    }

    /// A date `2026-01-02`.
    fn date(&mut self, text: &[u8]) -> Option<(Date, i64)> {
        if self.text == text {
            return self.midnight;
        }
        if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
            return None;
        }
        let found = midnight(digits(&text[..4])?, digits(&text[5..7])?, digits(&text[8..])?)?;
        self.text.copy_from_slice(text);
        self.midnight = Some(found);
        Some(found)
    }

    /// The two-digit year is one of this century: there was no tracker in the last one.
    fn american(&mut self, text: &[u8]) -> Option<Clock> {
        let (date, rest) = text.split_at_checked(8)?;
        let (day, midnight) = if self.text[..8] == *date {
            self.midnight?
        } else {
            if date[5] != b'/' {
                return None;
            }
            let found = midnight(2000 + digits(&date[6..])?, digits(&date[..2])?, digits(&date[3..5])?)?;
            self.text[..8].copy_from_slice(date);
            self.midnight = Some(found);
            found
        };
        let Some((b' ', clock)) = rest.split_first() else {
            return rest.is_empty().then_some(Clock::Day(day));
        };
        let (ms, zone) = time_of_day(clock)?;
        zone.is_empty().then_some(Clock::Naive(midnight + ms))
    }
}

/// Milliseconds of the day and what follows the time.
fn time_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let hour = digits(text.get(..2)?)?;
    let minute = digits(text.get(3..5).filter(|_| text[2] == b':')?)?;
    let mut rest = &text[5..];
    let mut ms = 0;
    let mut second = 0;
    if let [b':', after @ ..] = rest {
        second = digits(after.get(..2)?)?;
        rest = &after[2..];
        if let [b'.', after @ ..] = rest {
            let length = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            for place in 0..3 {
                let digit = after[..length].get(place).map_or(0, |digit| i64::from(digit - b'0'));
                ms = ms * 10 + digit;
            }
            rest = &after[length..];
        }
    }
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some((((hour * 60 + minute) * 60 + second) * 1000 + ms, rest))
}

/// Milliseconds east of UTC of `Z`, `+0530` or `-05:30`.
fn zone_ms(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'Z' | b'z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    let ms = (hours * 60 + minutes) * 60_000;
    (ms < DAY_MS && minutes < 60).then_some(sign * ms)
}

/// Seconds east of UTC of `Z`, `+0530` or `-05:30`, as a column of its own.
pub(crate) fn offset_seconds(text: &str) -> Option<i32> {
    i32::try_from(zone_ms(text.trim().as_bytes())? / 1000).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use pulsekeep_core::time::local_ms;

    use super::*;

    fn read(text: &str) -> Option<Clock> {
        ClockReader::default().read(text)
    }

    #[test]
    fn every_form_of_the_archives_is_read() {
        let at = local_ms(date(2026, 1, 2).at(3, 4, 5, 0));
        assert_eq!(read("2026-01-02T03:04:05Z"), Some(Clock::Instant(at)));
        assert_eq!(read("2026-01-02T03:04:05.123456Z"), Some(Clock::Instant(at + 123)));
        assert_eq!(read("2026-01-02 03:04:05+0000"), Some(Clock::Instant(at)));
        assert_eq!(read("2026-01-02T08:34:05+05:30"), Some(Clock::Instant(at)));
        assert_eq!(read("2026-01-02T03:04:05.000"), Some(Clock::Naive(at)));
        assert_eq!(read("2026-01-02T03:04"), Some(Clock::Naive(at - 5000)));
        assert_eq!(read("01/02/26 03:04:05"), Some(Clock::Naive(at)));
        assert_eq!(read("01/02/26"), Some(Clock::Day(date(2026, 1, 2))));
        assert_eq!(read("2026-01-02"), Some(Clock::Day(date(2026, 1, 2))));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "no data",
            "02.01.2026",
            "2026-13-02",
            "2026-01-02T25:00:00Z",
            "13/01/26",
            "1/2/26",
            "2026-01-02T03:04:05X",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_both_forms_do_not_mix_in_one_reader() {
        let mut reader = ClockReader::default();
        let american = reader.read("01/02/26");
        assert_eq!(reader.read("2026-01-03"), Some(Clock::Day(date(2026, 1, 3))));
        assert_eq!(reader.read("01/02/26"), american);
        assert_eq!(reader.read("2026-01-03"), Some(Clock::Day(date(2026, 1, 3))));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "\\PC{0,40}") {
            let _ = (read(&text), offset_seconds(&text));
        }

        #[test]
        fn any_instant_comes_back(second in 0i64..4_000_000_000) {
            let text = pulsekeep_core::EpochMs(second * 1000).to_string();
            prop_assert_eq!(read(&text), Some(Clock::Instant(second * 1000)));
        }
    }
}
