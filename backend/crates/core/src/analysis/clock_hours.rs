//! How long a person's clock showed each hour of each day.

use jiff::civil::Date;

use crate::{
    EpochMs,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, days_between, local_ms},
    timeline::OffsetTimeline,
};

/// For each of some civil days, the minutes during which the person's clock showed each hour: 60, but 0 where summer
/// time skips an hour, 120 where it comes twice, and anything on journeys.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockHours {
    first: Date,
    minutes: Vec<[f64; 24]>,
}

impl ClockHours {
    /// The hours of `days` on a timeline, as far as they had passed before `until`.
    #[must_use]
    pub fn new(timeline: &OffsetTimeline, days: DayRange, until: EpochMs) -> Self {
        let length = usize::try_from(days.len()).unwrap_or(0);
        let mut minutes = vec![[0.0; 24]; length];
        let (start, end) = (local_ms(days.start.at(0, 0, 0, 0)), local_ms(days.end.at(0, 0, 0, 0)));
        // Offsets lie within a day of UTC. A clock that is put back over midnight shows the day before once more, so
        // the range's instants need not be one stretch.
        let (from, to) = (EpochMs(start - DAY_MS), EpochMs((end + DAY_MS).min(until.0)));
        for run in timeline.runs(from, to) {
            let local = |at: EpochMs| at.0 + i64::from(run.offset) * 1000;
            let (mut now, last) = (local(run.start).max(start), local(run.end).min(end));
            while now < last {
                let next = (now - now.rem_euclid(HOUR_MS) + HOUR_MS).min(last);
                let day = usize::try_from((now - start) / DAY_MS).unwrap_or(usize::MAX);
                let hour = usize::try_from((now - start) % DAY_MS / HOUR_MS).unwrap_or(usize::MAX);
                if let Some(slot) = minutes.get_mut(day).and_then(|hours| hours.get_mut(hour)) {
                    #[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour")]
                    let passed = (next - now) as f64 / MINUTE_MS as f64;
                    *slot += passed;
                }
                now = next;
            }
        }
        Self { first: days.start, minutes }
    }

    /// Minutes of each hour of `day`; none of a day that is not among these.
    #[must_use]
    pub fn of_day(&self, day: Date) -> [f64; 24] {
        let index = usize::try_from(days_between(self.first, day)).ok();
        index.and_then(|index| self.minutes.get(index)).copied().unwrap_or([0.0; 24])
    }

    /// Minutes of `day` in all.
    #[must_use]
    pub fn day_minutes(&self, day: Date) -> f64 {
        self.of_day(day).iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date, tz::TimeZone};
    use proptest::prelude::*;

    use super::*;
    use crate::time::next_day;

    const EVER: EpochMs = EpochMs(i64::MAX);

    fn at(text: &str) -> EpochMs {
        EpochMs::from(text.parse::<Timestamp>().unwrap())
    }

    fn zoned(name: &str) -> OffsetTimeline {
        OffsetTimeline::of_zone(TimeZone::get(name).unwrap())
    }

    #[test]
    fn summer_time_skips_an_hour_and_shows_one_twice() {
        let paris = zoned("Europe/Paris");
        let days = DayRange { start: date(2026, 3, 28), end: date(2026, 11, 1) };
        let hours = ClockHours::new(&paris, days, EVER);
        let spring = hours.of_day(date(2026, 3, 29));
        assert_eq!((spring[1], spring[2], spring[3]), (60.0, 0.0, 60.0));
        assert_eq!(hours.day_minutes(date(2026, 3, 29)), 1380.0);
        assert_eq!(hours.of_day(date(2026, 10, 25))[2], 120.0);
        assert_eq!(hours.of_day(date(2026, 10, 26)), [60.0; 24]);
        // Half an hour of summer time.
        let days = DayRange::one(date(2026, 10, 4));
        assert_eq!(ClockHours::new(&zoned("Australia/Lord_Howe"), days, EVER).of_day(days.start)[2], 30.0);
    }

    #[test]
    fn what_is_still_to_come_does_not_count() {
        let day = date(2026, 11, 21);
        let hours =
            ClockHours::new(&zoned("UTC"), DayRange::one(day), at("2026-11-21T10:15:00Z")).of_day(day);
        assert_eq!((hours[9], hours[10], hours[11]), (60.0, 15.0, 0.0));
    }

    #[test]
    fn a_clock_put_back_over_midnight_shows_the_day_before_again() {
        let mut timeline = zoned("America/New_York");
        // Half past midnight in New York; in Los Angeles it is half past nine in the evening before.
        let landed = at("2026-06-10T04:30:00Z");
        timeline.learn(at("2026-06-01T00:00:00Z"), landed.plus(-1), -4 * 3600);
        timeline.learn(landed, at("2026-06-20T00:00:00Z"), -7 * 3600);
        let days = DayRange { start: date(2026, 6, 9), end: date(2026, 6, 11) };
        let hours = ClockHours::new(&timeline, days, EVER);
        let before = hours.of_day(date(2026, 6, 9));
        assert_eq!((before[20], before[21], before[22], before[23]), (60.0, 90.0, 120.0, 120.0));
        assert_eq!(hours.of_day(date(2026, 6, 10))[0], 90.0);
    }

    proptest! {
        #[test]
        fn hours_are_counted_as_a_walk_by_the_minute_counts_them(
            zone in prop::sample::select(&["Europe/Paris", "Asia/Kathmandu", "America/Havana", "Pacific/Chatham"][..]),
            first in 0i64..500,
            journey in (0i64..48, 1i64..40, -11i32..=13),
        ) {
            let mut timeline = zoned(zone);
            let start = crate::time::add_days(date(2026, 1, 1), first);
            let days = DayRange { start, end: crate::time::add_days(start, 3) };
            let noon = EpochMs(local_ms(start.at(12, 0, 0, 0)));
            let from = noon.plus(journey.0 * HOUR_MS);
            timeline.learn(from, from.plus(journey.1 * HOUR_MS), journey.2 * 3600);
            let hours = ClockHours::new(&timeline, days, EVER);
            let mut wanted = vec![[0.0; 24]; 3];
            let mut now = EpochMs(local_ms(start.at(0, 0, 0, 0)) - DAY_MS);
            // The instant after a span's last one lies a millisecond past a minute: walk by instants that do, too.
            while now.0 < local_ms(next_day(days.end).at(0, 0, 0, 0)) {
                let clock = now.plus(30_000).civil(timeline.offset_at(now.plus(30_000)));
                if days.contains(clock.date()) {
                    let day = usize::try_from(days_between(start, clock.date())).unwrap();
                    wanted[day][usize::try_from(clock.hour()).unwrap()] += 1.0;
                }
                now = now.plus(MINUTE_MS);
            }
            for (day, wanted) in days.days().zip(&wanted) {
                for (found, wanted) in hours.of_day(day).iter().zip(wanted) {
                    prop_assert!((found - wanted).abs() < 0.01, "{}: {} instead of {}", day, found, wanted);
                }
            }
        }
    }
}
