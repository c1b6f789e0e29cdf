//! Instants, civil days and a person's offset timeline.

use std::fmt;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{Offset, TimeZone},
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

/// A person's offsets over time: from each instant on, so many seconds east of UTC.
///
/// Learnt from points that carry an offset; before the first and where nothing is known, the zone of the
/// person's profile speaks.
#[derive(Debug, Clone)]
pub struct OffsetTimeline {
    zone: TimeZone,
    /// Sorted by instant; each entry holds until the next.
    learnt: Vec<(EpochMs, i32)>,
}

impl OffsetTimeline {
    /// A timeline that knows the profile's zone alone.
    #[must_use]
    pub fn of_zone(zone: TimeZone) -> Self {
        Self { zone, learnt: Vec::new() }
    }

    /// A timeline with learnt offsets. `learnt` need not be sorted.
    #[must_use]
    pub fn new(zone: TimeZone, mut learnt: Vec<(EpochMs, i32)>) -> Self {
        learnt.sort_unstable();
        Self { zone, learnt }
    }

    /// Learns that the offset was `offset` from `from` to `to` (both included): what was known of that time gives way,
    /// what was known of the time after stays.
    pub fn learn(&mut self, from: EpochMs, to: EpochMs, offset: i32) {
        let index_after = self.learnt.partition_point(|(at, _)| *at <= to);
        let resumed = index_after.checked_sub(1).map(|i| self.learnt[i].1);
        self.learnt.retain(|(at, _)| *at < from || *at > to);
        let index = self.learnt.partition_point(|(at, _)| *at < from);
        let known_before = index.checked_sub(1).map(|i| self.learnt[i].1);
        let mut entries = Vec::new();
        if known_before != Some(offset) {
            entries.push((from, offset));
        }
        // Where the next stretch begins at once, there is nothing to go back to.
        let goes_on = self.learnt.get(index).is_some_and(|next| next.0 == to.plus(1));
        if let Some(resumed) = resumed.filter(|r| *r != offset && !goes_on) {
            entries.push((to.plus(1), resumed));
        }
        self.learnt.splice(index..index, entries);
        self.learnt.dedup_by(|later, earlier| later.1 == earlier.1);
    }

    /// From when to when (half-open) offsets differ from those of an earlier state of this timeline; `None` when it has
    /// learnt nothing new.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<(EpochMs, EpochMs)> {
        let mut instants: Vec<EpochMs> =
            self.learnt.iter().chain(&before.learnt).map(|(at, _)| *at).collect();
        instants.sort_unstable();
        instants.dedup();
        let ends = instants.iter().skip(1).copied().chain([EpochMs(i64::MAX)]);
        let differs = |at: EpochMs| self.offset_at(at) != before.offset_at(at);
        let changed = |(start, end): &(EpochMs, EpochMs)| differs(*start) || differs(EpochMs(end.0 - 1));
        let mut stretches = instants.iter().copied().zip(ends).filter(changed);
        let first = stretches.next();
        let last = stretches.last().or(first);
        let unequal = self.learnt != before.learnt;
        match (first, last) {
            (Some((start, _)), Some((_, end))) => Some((start, end)),
            // Learnt, but no offset is another one: evidence for what was thought already.
            _ => instants.first().filter(|_| unequal).map(|start| (*start, *start)),
        }
    }

    /// The learnt changes, in order of time.
    #[must_use]
    pub fn learnt(&self) -> &[(EpochMs, i32)] {
        &self.learnt
    }

    /// Seconds east of UTC at `at`.
    #[must_use]
    pub fn offset_at(&self, at: EpochMs) -> i32 {
        match self.learnt.partition_point(|(from, _)| *from <= at) {
            0 => self.zone.to_offset(at.timestamp()).seconds(),
            n => self.learnt[n - 1].1,
        }
    }

    /// The civil day at `at`.
    #[must_use]
    pub fn day_at(&self, at: EpochMs) -> Date {
        at.civil(self.offset_at(at)).date()
    }

    /// The instant at which the wall clock shows `local` ([`local_ms`]). A clock reading that occurs twice gives the
    /// earlier instant, one that is skipped gives the instant that the earlier offset would give.
    #[must_use]
    pub fn instant_of_local(&self, local: i64) -> EpochMs {
        // Offsets lie within a day of UTC, so the two candidates are the offsets half a day before and after.
        let before = self.offset_at(EpochMs(local - DAY_MS / 2));
        let first = EpochMs(local - i64::from(before) * 1000);
        if self.offset_at(first) == before {
            return first;
        }
        let second = EpochMs(local - i64::from(self.offset_at(first)) * 1000);
        if self.offset_at(second) == self.offset_at(first) { second } else { first }
    }

    /// First instant of `day` and of the day after it: the bounds of the day on this timeline.
    #[must_use]
    pub fn day_bounds(&self, day: Date) -> (EpochMs, EpochMs) {
        let midnight = |d: Date| self.instant_of_local(local_ms(d.at(0, 0, 0, 0)));
        (midnight(day), midnight(next_day(day)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

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

    #[test]
    fn days_of_a_dst_change_have_23_and_25_hours() {
        let timeline = OffsetTimeline::of_zone(TimeZone::get("Europe/Paris").unwrap());
        let hours = |day| {
            let (start, end) = timeline.day_bounds(day);
            (end.0 - start.0) / HOUR_MS
        };
        assert_eq!(hours(date(2026, 3, 29)), 23);
        assert_eq!(hours(date(2026, 10, 25)), 25);
        assert_eq!(hours(date(2026, 10, 26)), 24);
    }

    #[test]
    fn a_trip_learnt_after_the_days_around_it_ends_where_its_evidence_ends() {
        let mut timeline = OffsetTimeline::of_zone(TimeZone::UTC);
        timeline.learn(EpochMs(1000), EpochMs(9000), 3600);
        timeline.learn(EpochMs(4000), EpochMs(5000), 32_400);
        let offsets = [999, 1000, 3999, 4000, 5000, 5001, 20_000].map(|at| timeline.offset_at(EpochMs(at)));
        assert_eq!(offsets, [0, 3600, 3600, 32_400, 32_400, 3600, 3600]);
        timeline.learn(EpochMs(4000), EpochMs(5000), 3600);
        assert_eq!(timeline.learnt(), [(EpochMs(1000), 3600)]);
    }

    #[test]
    fn a_changed_timeline_says_where() {
        let before = OffsetTimeline::of_zone(TimeZone::UTC);
        assert_eq!(before.changed_since(&before), None);
        let mut after = before.clone();
        after.learn(EpochMs(1000), EpochMs(9000), 3600);
        assert_eq!(after.changed_since(&before), Some((EpochMs(1000), EpochMs(i64::MAX))));
        let mut trip = after.clone();
        trip.learn(EpochMs(4000), EpochMs(5000), 7200);
        assert_eq!(trip.changed_since(&after), Some((EpochMs(4000), EpochMs(5001))));
        let mut home = before.clone();
        home.learn(EpochMs(1000), EpochMs(9000), 0);
        assert_eq!(
            home.changed_since(&before),
            Some((EpochMs(1000), EpochMs(1000))),
            "nothing to date again"
        );
    }

    #[test]
    fn a_learnt_offset_overrules_the_zone_from_its_instant_on() {
        let noon = EpochMs::from("2026-06-01T12:00:00Z".parse::<Timestamp>().unwrap());
        let timeline = OffsetTimeline::new(TimeZone::UTC, vec![(noon, 9 * 3600)]);
        assert_eq!(timeline.offset_at(noon.plus(-1)), 0);
        assert_eq!(timeline.offset_at(noon), 9 * 3600);
        assert_eq!(timeline.day_at(noon.plus(4 * HOUR_MS)), date(2026, 6, 2));
    }
}
