//! Instants and civil days.

use std::fmt;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::Offset,
};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EpochMs(pub i64);

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in 24 hours. A civil day may be shorter or longer.
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl EpochMs {
    /// This instant `ms` milliseconds later.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The instant as a `jiff` timestamp; instants beyond year 9999 are cut to its range.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// The civil clock `offset_seconds` east of UTC at this instant.
    #[must_use]
    pub fn civil(self, offset_seconds: i32) -> DateTime {
        let offset = Offset::from_seconds(offset_seconds).unwrap_or(Offset::UTC);
        offset.to_datetime(self.timestamp())
    }
}

impl fmt::Display for EpochMs {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl From<Timestamp> for EpochMs {
    fn from(value: Timestamp) -> Self {
        Self(value.as_millisecond())
    }
}

/// A civil clock reading as milliseconds, as if it were UTC. Differences are wall-clock differences.
#[must_use]
pub fn local_ms(clock: DateTime) -> i64 {
    Offset::UTC.to_timestamp(clock).map_or(0, Timestamp::as_millisecond)
}

/// The civil clock of [`local_ms`].
#[must_use]
pub fn from_local_ms(ms: i64) -> DateTime {
    EpochMs(ms).civil(0)
}

/// A half-open range of civil days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayRange {
    /// First day.
    pub start: Date,
    /// The day after the last one.
    pub end: Date,
}

/// A range of days could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DayRangeError {
    /// The first day lies after the last.
    #[error("the range is reversed: {from} is after {to}; swap the two dates")]
    Reversed {
        /// First day asked for.
        from: Date,
        /// Last day asked for.
        to: Date,
    },
    /// The range reaches beyond the person's today.
    #[error("{to} lies in the future; the last day that can be asked for is {today}")]
    Future {
        /// Last day asked for.
        to: Date,
        /// The person's today.
        today: Date,
    },
    /// Nobody had a device then.
    #[error(
        "{from} lies before the first device of any provider; the first day that can be asked for is {first}"
    )]
    TooEarly {
        /// First day asked for.
        from: Date,
        /// The first day that makes sense.
        first: Date,
    },
    /// More days than are allowed at once.
    #[error("{days} days are too many at once; ask for at most {max}")]
    TooLong {
        /// Days asked for.
        days: i64,
        /// Days allowed.
        max: i64,
    },
}

impl DayRange {
    /// The range from `from` to `to`, both included.
    ///
    /// # Errors
    /// [`DayRangeError::Reversed`] when `from` is after `to`.
    pub fn inclusive(from: Date, to: Date) -> Result<Self, DayRangeError> {
        if from > to {
            return Err(DayRangeError::Reversed { from, to });
        }
        Ok(Self { start: from, end: next_day(to) })
    }

    /// The single day `day`.
    #[must_use]
    pub fn one(day: Date) -> Self {
        Self { start: day, end: next_day(day) }
    }

    /// The last day of the range.
    #[must_use]
    pub fn last(self) -> Date {
        add_days(self.end, -1)
    }

    /// How many days.
    #[must_use]
    pub fn len(self) -> i64 {
        days_between(self.start, self.end)
    }

    /// Whether there is no day in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether `day` lies in it.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        self.start <= day && day < self.end
    }

    /// The days, first to last.
    pub fn days(self) -> impl DoubleEndedIterator<Item = Date> {
        (0..self.len()).map(move |n| add_days(self.start, n))
    }
}

/// `day` moved by `n` days.
#[must_use]
pub fn add_days(day: Date, n: i64) -> Date {
    day.saturating_add(n.days())
}

/// The day after `day`.
#[must_use]
pub fn next_day(day: Date) -> Date {
    add_days(day, 1)
}

/// Days from `start` to `end`; negative when `end` is earlier.
#[must_use]
pub fn days_between(start: Date, end: Date) -> i64 {
    (local_ms(end.at(0, 0, 0, 0)) - local_ms(start.at(0, 0, 0, 0))) / DAY_MS
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    /// Days of four centuries, leap days and the century that has none among them.
    fn days() -> impl Strategy<Value = Date> {
        (0i64..146_097).prop_map(|n| add_days(date(1900, 1, 1), n))
    }

    #[test]
    fn a_leap_day_is_a_day_like_any_other() {
        assert_eq!(next_day(date(2028, 2, 28)), date(2028, 2, 29));
        assert_eq!(add_days(date(2028, 3, 1), -1), date(2028, 2, 29));
        assert_eq!(next_day(date(2100, 2, 28)), date(2100, 3, 1), "a century without one");
        let year = |y| DayRange { start: date(y, 1, 1), end: date(y + 1, 1, 1) }.len();
        assert_eq!([year(2027), year(2028), year(2000), year(2100)], [365, 366, 366, 365]);
        let range = DayRange::inclusive(date(2028, 2, 28), date(2028, 3, 1)).unwrap();
        assert_eq!(range.days().nth(1), Some(date(2028, 2, 29)));
    }

    proptest! {
        #[test]
        fn days_are_counted_both_ways(start in days(), n in -80_000i64..80_000) {
            let end = add_days(start, n);
            prop_assert_eq!(days_between(start, end), n);
            prop_assert_eq!(add_days(end, -n), start);
            prop_assert_eq!(next_day(start), add_days(start, 1));
        }

        #[test]
        fn a_range_holds_its_days_and_no_other(start in days(), length in 1i64..500, probe in -3i64..503) {
            let range = DayRange { start, end: add_days(start, length) };
            prop_assert_eq!(DayRange::inclusive(start, range.last()), Ok(range));
            let all: Vec<Date> = range.days().collect();
            prop_assert_eq!(i64::try_from(all.len()), Ok(range.len()));
            prop_assert!(all.windows(2).all(|pair| pair[1] == next_day(pair[0])));
            let probed = add_days(start, probe);
            prop_assert_eq!(range.contains(probed), all.contains(&probed));
        }

        #[test]
        fn a_clock_reading_is_its_milliseconds(ms in -60_000_000_000_000i64..60_000_000_000_000) {
            prop_assert_eq!(local_ms(from_local_ms(ms)), ms);
        }

        #[test]
        fn an_offset_moves_the_clock_by_itself(
            ms in 0i64..4_000_000_000_000,
            offset in -43_200i32..=50_400,
        ) {
            let clock = EpochMs(ms).civil(offset);
            prop_assert_eq!(local_ms(clock) - ms, i64::from(offset) * 1000);
        }
    }

    #[test]
    fn ranges_count_days_and_refuse_reversal() {
        let range = DayRange::inclusive(date(2026, 2, 27), date(2026, 3, 1)).unwrap();
        assert_eq!(range.len(), 3);
        assert_eq!(
            range.days().collect::<Vec<_>>(),
            [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
        );
        assert!(DayRange::inclusive(date(2026, 3, 2), date(2026, 3, 1)).is_err());
    }
}
