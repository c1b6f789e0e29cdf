//! Times as the providers write them, read without a general parser: a year of minutes has a million of them.

use jiff::civil::Date;
use pulsekeep_core::time::{DAY_MS, MINUTE_MS};

/// The number that `bytes` (all digits) writes.
fn digits(bytes: &[u8]) -> Option<i64> {
    let mut value = 0;
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant's `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `YYYY-MM-DD` as days from 1970-01-01.
fn day_number(b: &[u8]) -> Option<i64> {
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(&b[..4])?, digits(&b[5..7])?, digits(&b[8..])?);
    let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    valid.then(|| days_from_civil(year, month, day))
}

/// `HH:MM[:SS[.fraction]]` as milliseconds from midnight, and what stands behind it. A leap second reads as the second
/// before it.
fn clock(b: &[u8]) -> Option<(i64, &[u8])> {
    if b.len() < 5 || b[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&b[..2])?, digits(&b[3..5])?);
    let mut rest = &b[5..];
    let mut ms = 0;
    if rest.len() >= 3 && rest[0] == b':' {
        let second = digits(&rest[1..3])?;
        if second > 60 {
            return None;
        }
        ms = second.min(59) * 1000;
        rest = &rest[3..];
        if rest.first() == Some(&b'.') {
            let length = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || length > 9 {
                return None;
            }
            let whole = digits(&rest[1..=length.min(3)])?;
            ms += whole * [100, 10, 1][length.min(3) - 1];
            rest = &rest[1 + length..];
        }
    }
    (hour < 24 && minute < 60).then(|| ((hour * 60 + minute) * MINUTE_MS + ms, rest))
}

/// An RFC 3339 instant in milliseconds since 1970; finer digits are cut off. `Z` or a numeric offset, 0 to 9 digits of
/// a second.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() < 17 || !matches!(b[10], b'T' | b't' | b' ') {
        return None;
    }
    let (ms, zone) = clock(&b[11..])?;
    let local = day_number(&b[..10])? * DAY_MS + ms;
    match zone {
        b"Z" | b"z" => Some(local),
        [sign @ (b'+' | b'-'), hhmm @ ..] if hhmm.len() == 5 => {
            let (offset, rest) = clock(hhmm)?;
            let offset = if *sign == b'+' { offset } else { -offset };
            rest.is_empty().then_some(local - offset)
        }
        _ => None,
    }
}

/// A wall-clock reading `YYYY-MM-DDTHH:MM[:SS[.fraction]]` in milliseconds as if it were UTC.
pub(crate) fn local(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() < 16 || !matches!(b[10], b'T' | b' ') {
        return None;
    }
    let (ms, rest) = clock(&b[11..])?;
    if !rest.is_empty() {
        return None;
    }
    Some(day_number(&b[..10])? * DAY_MS + ms)
}

/// A clock time, with a date before it or not, in milliseconds from midnight.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    if text.len() > 10 && text.as_bytes()[4] == b'-' {
        return local(text).map(|ms| ms.rem_euclid(DAY_MS));
    }
    let (ms, rest) = clock(text.as_bytes())?;
    rest.is_empty().then_some(ms)
}

/// `YYYY-MM-DD`; what stands behind a date that is longer is ignored.
pub(crate) fn date(text: &str) -> Option<Date> {
    let b = text.as_bytes().get(..10)?;
    day_number(b)?;
    let part = |range: std::ops::Range<usize>| digits(&b[range]);
    Date::new(
        i16::try_from(part(0..4)?).ok()?,
        i8::try_from(part(5..7)?).ok()?,
        i8::try_from(part(8..10)?).ok()?,
    )
    .ok()
}

/// A protobuf duration in milliseconds: `1025s`, `0.500s`. Finer digits are cut off.
pub(crate) fn duration_ms(text: &str) -> Option<i64> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Twelve digits of seconds are 30,000 years.
    if whole.is_empty() || whole.len() > 12 || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = [100, 10, 1][fraction.len().min(3) - 1];
    digits(fraction.as_bytes())?;
    let ms = digits(&fraction.as_bytes()[..fraction.len().min(3)])? * scale;
    Some(sign * (digits(whole.as_bytes())? * 1000 + ms))
}

/// An instant with the offset that stands behind it: `2022-12-31T22:29:13.000+09:00`, in milliseconds and seconds east of
/// UTC. `Z` is an offset of zero, as Fitbit writes it for people on Greenwich time.
pub(crate) fn instant_and_offset(text: &str) -> Option<(i64, i32)> {
    let at = instant(text)?;
    if text.ends_with(['Z', 'z']) {
        return Some((at, 0));
    }
    let b = text.as_bytes();
    let (zone, sign) = (&b[b.len() - 6..], if b[b.len() - 6] == b'-' { -1 } else { 1 });
    let (ms, _) = clock(&zone[1..])?;
    Some((at, sign * i32::try_from(ms / 1000).ok()?))
}

/// A protobuf duration in whole seconds, as offsets are written: `-14400s`.
pub(crate) fn offset_seconds(text: &str) -> Option<i32> {
    let seconds = text.strip_suffix('s')?;
    let seconds: i32 = seconds.split('.').next()?.parse().ok()?;
    // Offsets lie within a day (the widest in use are -12 and +14 hours).
    (seconds.abs() < 86_400).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn instants_agree_with_jiff(second in 0i64..253_402_300_799, nanos in 0i32..1_000_000_000, digits in 0usize..=9) {
            let at = Timestamp::new(second, nanos).unwrap();
            let text = format!("{at:.digits$}");
            prop_assert_eq!(instant(&text), Some(text.parse::<Timestamp>().unwrap().as_millisecond()));
        }

        #[test]
        fn years_before_1970_agree_with_jiff(second in -62_135_596_800i64..0) {
            let at = Timestamp::new(second, 0).unwrap();
            prop_assert_eq!(instant(&at.to_string()), Some(at.as_millisecond()));
        }

        #[test]
        fn whatever_is_read_jiff_reads_alike(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?(Z|[+-][0-9]{2}:[0-9]{2}|)") {
            if let Some(ms) = instant(&text) {
                let theirs = text.parse::<Timestamp>();
                prop_assert_eq!(Some(ms), theirs.ok().map(|t| t.as_nanosecond().div_euclid(1_000_000) as i64));
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = (instant(&text), local(&text), time_of_day(&text), date(&text), offset_seconds(&text));
            let _ = (duration_ms(&text), instant_and_offset(&text));
        }
    }

    #[test]
    fn numeric_offsets_and_leap_seconds() {
        assert_eq!(instant("2022-12-31T22:29:13.000+09:00"), instant("2022-12-31T13:29:13Z"));
        assert_eq!(instant("2016-12-31T23:59:60Z"), instant("2016-12-31T23:59:59Z"));
        for wrong in ["2026-02-29T00:00:00Z", "2026-08-06T24:00:00Z", "2026-08-06T12:00:00", "2026-08-06", ""]
        {
            assert_eq!(instant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_and_offsets_behind_instants() {
        let lengths = ["1025s", "0s", "0.5s", "-1.250s", "3.000999s", "1025", "s", ".5s", "1.s", "1e3s"]
            .map(duration_ms);
        let expected =
            [Some(1_025_000), Some(0), Some(500), Some(-1250), Some(3000), None, None, None, None, None];
        assert_eq!(lengths, expected);
        let utc = instant("2022-12-31T13:29:13Z").unwrap();
        assert_eq!(instant_and_offset("2022-12-31T22:29:13.000+09:00"), Some((utc, 32_400)));
        assert_eq!(instant_and_offset("2022-12-31T09:59:13-03:30"), Some((utc, -12_600)));
        assert_eq!(instant_and_offset("2022-12-31T13:29:13.000Z"), Some((utc, 0)));
        assert_eq!(instant_and_offset("2022-12-31T13:29:13"), None);
    }

    #[test]
    fn clocks_with_and_without_dates() {
        assert_eq!(time_of_day("17:28:00"), Some((17 * 60 + 28) * MINUTE_MS));
        assert_eq!(time_of_day("17:28"), time_of_day("2025-03-26T17:28:00.000"));
        assert_eq!(local("2023-01-01T03:01:30.000"), instant("2023-01-01T03:01:30Z"));
        assert_eq!(date("2023-01-01"), Some(jiff::civil::date(2023, 1, 1)));
        assert_eq!(date("2023-13-01"), None);
        assert_eq!(offset_seconds("-14400s"), Some(-14_400));
        assert_eq!(offset_seconds("0s"), Some(0));
        assert_eq!(offset_seconds("-14400"), None);
    }
}
