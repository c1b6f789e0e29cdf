//! Civil days and a person's offset timeline.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds in 24 hours.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A civil day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a local clock, given as seconds since 1970-01-01T00:00 on that clock.
    pub fn of_local(seconds: i64) -> Day {
        Day(i32::try_from(seconds.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX))
    }

    /// The day some days later (or earlier).
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// Seconds from 1970-01-01T00:00 to this day's midnight on the same clock.
    pub fn midnight(self) -> i64 {
        i64::from(self.0) * DAY_SECONDS
    }

    /// Year, month and day of month (proleptic Gregorian; H. Hinnant's `civil_from_days`).
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// The day with this date, if there is one.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let shifted_year = i64::from(year) - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = i64::from(if month > 2 { month - 3 } else { month + 9 });
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let found = Day((era * 146_097 + day_of_era - 719_468) as i32);
        (found.ymd() == (year, month, day)).then_some(found)
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let part = |range: std::ops::Range<usize>| {
            let digits = text.get(range)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
        };
        Day::from_ymd(i32::try_from(part(0..4)?).ok()?, part(5..7)?, part(8..10)?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        Day::parse(&text).ok_or_else(|| serde::de::Error::custom("a date is written YYYY-MM-DD"))
    }
}

/// A stretch of one civil day during which the offset stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First instant, epoch seconds.
    pub start: i64,
    /// Length.
    pub minutes: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// A journey: between two instants the person's clock follows another zone.
#[derive(Clone, Debug)]
struct Journey {
    /// Day inside the 84-day pattern and second of that day (UTC) when the clock changes.
    from: (i32, i64),
    to: (i32, i64),
    zone: TimeZone,
}

/// Which UTC offset a person's clocks show at each instant.
#[derive(Clone, Debug)]
pub struct Timeline {
    home: TimeZone,
    journeys: Vec<Journey>,
    /// Days by which the pattern of journeys is moved.
    phase: i32,
}

/// The journeys of the traveller repeat after this many days.
const TRAVEL_PATTERN_DAYS: i32 = 84;

impl Timeline {
    /// A timeline that stays at home.
    pub fn at_home(zone: &str) -> Result<Timeline, jiff::Error> {
        Ok(Timeline { home: TimeZone::get(zone)?, journeys: Vec::new(), phase: 0 })
    }

    /// Home, with a week in London and a week in Los Angeles in each 84 days.
    ///
    /// Out of New York the first shortens a civil day by five hours, and the way back makes one of 29 hours. The second leaves
    /// at 05:30 UTC, after midnight in New York: the clock falls back into the day before, which so becomes non-contiguous.
    pub fn travelling(zone: &str) -> Result<Timeline, jiff::Error> {
        let hour = 3600;
        let journeys = vec![
            Journey { from: (30, 23 * hour), to: (37, 12 * hour), zone: TimeZone::get("Europe/London")? },
            Journey {
                from: (60, 5 * hour + 1800),
                to: (66, 20 * hour),
                zone: TimeZone::get("America/Los_Angeles")?,
            },
        ];
        Ok(Timeline { home: TimeZone::get(zone)?, journeys, phase: 0 })
    }

    /// Home, with nine days in one zone and four in another in each 84 days, from some day on.
    pub(crate) fn wandering(
        zone: &str,
        (far, near): (&str, &str),
        phase: i32,
    ) -> Result<Timeline, jiff::Error> {
        let hour = 3600;
        let journeys = vec![
            Journey { from: (11, 13 * hour), to: (20, 17 * hour + 900), zone: TimeZone::get(far)? },
            Journey { from: (52, 22 * hour + 1800), to: (56, 6 * hour), zone: TimeZone::get(near)? },
        ];
        Ok(Timeline { home: TimeZone::get(zone)?, journeys, phase })
    }

    fn zone_at(&self, instant: i64) -> &TimeZone {
        if self.journeys.is_empty() {
            return &self.home;
        }
        let day = instant.div_euclid(DAY_SECONDS) as i32 + self.phase;
        let inside =
            i64::from(day.rem_euclid(TRAVEL_PATTERN_DAYS)) * DAY_SECONDS + instant.rem_euclid(DAY_SECONDS);
        let at = |(day, second): (i32, i64)| i64::from(day) * DAY_SECONDS + second;
        self.journeys
            .iter()
            .find(|journey| (at(journey.from)..at(journey.to)).contains(&inside))
            .map_or(&self.home, |journey| &journey.zone)
    }

    /// Seconds east of UTC at an instant (epoch seconds).
    pub fn offset_at(&self, instant: i64) -> i32 {
        let timestamp = Timestamp::from_second(instant).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone_at(instant).to_offset(timestamp).seconds()
    }

    /// The civil day that the person's clock shows at an instant (epoch seconds).
    pub fn day_at(&self, instant: i64) -> Day {
        Day::of_local(instant + i64::from(self.offset_at(instant)))
    }

    /// The stretches that make up a civil day, in the order of time. Usually one of 1,440 minutes.
    pub fn segments(&self, day: Day) -> Vec<Segment> {
        const QUARTER: i64 = 900;
        let mut segments: Vec<Segment> = Vec::new();
        let mut instant = day.midnight() - 15 * 3600;
        let end = day.midnight() + DAY_SECONDS + 15 * 3600;
        while instant < end {
            let offset = self.offset_at(instant);
            if Day::of_local(instant + i64::from(offset)) == day {
                match segments.last_mut() {
                    Some(last)
                        if last.offset == offset && last.start + i64::from(last.minutes) * 60 == instant =>
                    {
                        last.minutes += 15;
                    }
                    _ => segments.push(Segment { start: instant, minutes: 15, offset }),
                }
            }
            instant += QUARTER;
        }
        segments
    }

    /// The name of the zone at home, which profiles and settings give.
    pub fn home_zone(&self) -> &str {
        self.home.iana_name().unwrap_or("UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(timeline: &Timeline, date: &str) -> u32 {
        timeline.segments(Day::parse(date).unwrap()).iter().map(|segment| segment.minutes).sum()
    }

    #[test]
    fn dates_survive_the_round_trip() {
        for number in [-800_000, -1, 0, 59, 16_904, 20_778, 2_000_000] {
            let (year, month, day) = Day(number).ymd();
            if year >= 1 {
                assert_eq!(Day::from_ymd(year, month, day), Some(Day(number)));
            }
        }
        assert_eq!(Day::parse("2016-04-13"), Some(Day(16_904)));
        for bad in ["2016-02-30", "2016-4-13", "2016-04-1x", "", "2015-02-29"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_civil_day_has_23_24_or_25_hours_where_summer_time_changes() {
        let berlin = Timeline::at_home("Europe/Berlin").unwrap();
        assert_eq!(length(&berlin, "2026-03-29"), 23 * 60);
        assert_eq!(length(&berlin, "2026-06-01"), 24 * 60);
        assert_eq!(length(&berlin, "2026-10-25"), 25 * 60);
        assert_eq!(berlin.segments(Day::parse("2026-10-25").unwrap()).len(), 2);
    }

    #[test]
    fn the_traveller_has_short_long_and_torn_days() {
        let timeline = Timeline::travelling("America/New_York").unwrap();
        let first = Day(84 * 247);
        assert_eq!(timeline.segments(first.plus(30)).iter().map(|s| s.minutes).sum::<u32>(), 19 * 60);
        assert_eq!(timeline.segments(first.plus(37)).iter().map(|s| s.minutes).sum::<u32>(), 29 * 60);
        let torn = timeline.segments(first.plus(59));
        assert_eq!(torn.len(), 2);
        assert!(torn[0].start + i64::from(torn[0].minutes) * 60 < torn[1].start);
    }
}
