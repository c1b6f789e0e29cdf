//! Hour × weekday: what an hour of the week is like.

use jiff::civil::Date;

use crate::{
    observation::SampleValues,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};

/// Days of a week; 0 is Monday.
pub const WEEKDAYS: usize = 7;
/// Hours of a clock.
pub const HOURS: usize = 24;

/// An hour of the week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Days that it rests on: of a metric that adds up those with data on which the clock showed the hour, of another
    /// those with a sample in it.
    pub days: u32,
    /// Samples.
    pub count: u64,
    /// Sum of the samples.
    pub sum: f64,
    /// Hours of the clock that passed on the days with data; 2 of the hour that the end of summer time shows twice.
    pub hours: f64,
    /// Smallest sample; infinite where there is none.
    min: f64,
    /// Largest sample; infinite where there is none.
    max: f64,
}

const EMPTY: Cell =
    Cell { days: 0, count: 0, sum: 0.0, hours: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

/// The 168 hours of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct HourProfile {
    adds_up: bool,
    /// Days with data.
    pub days: usize,
    /// Cells by weekday (0 is Monday) and hour of the person's clock.
    pub cells: [[Cell; HOURS]; WEEKDAYS],
}

/// Collects samples day by day.
#[derive(Debug, Clone)]
pub struct ProfileBuilder(HourProfile);

/// 0 for Monday to 6 for Sunday.
#[must_use]
pub fn weekday_index(day: Date) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0)
}

impl Cell {
    /// Smallest sample.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// Largest sample.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }
}

impl HourProfile {
    /// What an hour is like on average: of a metric that adds up its amount per hour of the clock, hours without a
    /// sample on days with data being zero; of another the mean of the samples. `None` where nothing is known.
    #[must_use]
    pub fn mean(&self, cell: &Cell) -> Option<f64> {
        if self.adds_up {
            return (cell.hours > 0.0).then(|| cell.sum / cell.hours);
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
        (cell.count > 0).then(|| cell.sum / cell.count as f64)
    }
}

impl ProfileBuilder {
    /// Of a metric whose values add up, or of one whose mean counts.
    #[must_use]
    pub fn new(adds_up: bool) -> Self {
        Self(HourProfile { adds_up, days: 0, cells: [[EMPTY; HOURS]; WEEKDAYS] })
    }

    /// Adds the samples of a civil day: `at` their starts in epoch milliseconds, `offsets` runs of seconds east of UTC
    /// from an index on (as in a block), `values` their values. `clock` has the minutes of each hour that the day's clock
    /// showed. Of a day that is still `open`, what follows the last sample is not known, and no hour of it counts.
    /// A day without samples is no day with data: nothing of it counts.
    pub fn add(
        &mut self,
        day: Date,
        mut clock: [f64; HOURS],
        (at, offsets): (&[i64], &[(usize, i32)]),
        values: &SampleValues,
        open: bool,
    ) {
        let Some(&last) = at.last() else { return };
        let (low, mean, high) = match values {
            SampleValues::Single(values) => (values, values, values),
            SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
        };
        let row = &mut self.0.cells[weekday_index(day)];
        self.0.days += 1;
        let before = row.map(|cell| cell.count);
        let mut shown = 0;
        for (run, &(from, offset)) in offsets.iter().enumerate() {
            let to = offsets.get(run + 1).map_or(at.len(), |next| next.0).min(at.len());
            let ahead = i64::from(offset) * 1000;
            shown = (last + ahead).rem_euclid(DAY_MS);
            for i in from..to {
                let hour = usize::try_from((at[i] + ahead).rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0);
                let cell = &mut row[hour];
                cell.count += 1;
                cell.sum += mean[i];
                cell.min = cell.min.min(low[i]);
                cell.max = cell.max.max(high[i]);
            }
        }
        if open {
            let (hour, minutes) = (shown / HOUR_MS, shown % HOUR_MS / MINUTE_MS + 1);
            for (slot, of) in clock.iter_mut().zip(0..) {
                #[expect(clippy::cast_precision_loss, reason = "minutes of an hour")]
                match of.cmp(&hour) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => *slot = slot.min(minutes as f64),
                    std::cmp::Ordering::Greater => *slot = 0.0,
                }
            }
        }
        for ((cell, before), minutes) in row.iter_mut().zip(before).zip(clock) {
            cell.hours += minutes / 60.0;
            let counts = if self.0.adds_up { minutes > 0.0 } else { cell.count > before };
            cell.days += u32::from(counts);
        }
    }

    /// The profile of the days so far.
    #[must_use]
    pub fn finish(self) -> HourProfile {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date};
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn an_hour_that_comes_twice_counts_twice() {
        // Paris, 25 October 2026: from 02:00 to 03:00 twice, at +02:00 and at +01:00.
        let mut clock = [60.0; HOURS];
        clock[2] = 120.0;
        let at = [ms("2026-10-25T00:10:00Z"), ms("2026-10-25T01:10:00Z")];
        let mut builder = ProfileBuilder::new(true);
        let values = SampleValues::Single(vec![30.0, 50.0]);
        builder.add(date(2026, 10, 25), clock, (&at, &[(0, 7200), (1, 3600)]), &values, false);
        let profile = builder.finish();
        let sunday = &profile.cells[6];
        assert_eq!((sunday[2].count, sunday[2].hours, sunday[2].days), (2, 2.0, 1));
        assert_eq!(profile.mean(&sunday[2]), Some(40.0));
        assert_eq!(profile.mean(&sunday[3]), Some(0.0), "worn, and nothing walked");
        assert_eq!(profile.mean(&profile.cells[0][2]), None, "no Monday");
    }

    #[test]
    fn of_an_open_day_nothing_after_the_last_sample_counts() {
        let at = [ms("2026-11-21T08:00:00Z"), ms("2026-11-21T10:29:00Z")];
        let mut builder = ProfileBuilder::new(true);
        let values = SampleValues::Single(vec![10.0, 20.0]);
        builder.add(date(2026, 11, 21), [60.0; HOURS], (&at, &[(0, 0)]), &values, true);
        let saturday = builder.finish().cells[5];
        assert_eq!((saturday[9].hours, saturday[10].hours, saturday[11].hours), (1.0, 0.5, 0.0));
        assert_eq!((saturday[9].days, saturday[11].days), (1, 0));
    }

    #[test]
    fn the_mean_of_a_rate_is_that_of_its_samples_and_no_peak_is_lost() {
        let at = [0, 60_000];
        let mut builder = ProfileBuilder::new(false);
        let values = SampleValues::MinMeanMax {
            min: vec![50.0, 60.0],
            mean: vec![55.0, 65.0],
            max: vec![70.0, 180.0],
        };
        builder.add(date(1970, 1, 1), [60.0; HOURS], (&at, &[(0, 0)]), &values, false);
        builder.add(date(1970, 1, 8), [60.0; HOURS], (&[], &[]), &SampleValues::Single(vec![]), false);
        let profile = builder.finish();
        let cell = &profile.cells[3][0];
        assert_eq!((profile.mean(cell), cell.min(), cell.max()), (Some(60.0), Some(50.0), Some(180.0)));
        assert_eq!((profile.days, cell.days), (1, 1));
        assert_eq!((profile.mean(&profile.cells[3][1]), profile.cells[3][1].min()), (None, None));
    }

    proptest! {
        #[test]
        fn every_sample_lies_in_the_hour_that_its_clock_showed(
            minutes in prop::collection::btree_set(0i64..1440, 1..200),
            offset in -11i32..=13,
        ) {
            let day = date(2026, 3, 4);
            let start = ms("2026-03-04T00:00:00Z") - i64::from(offset) * HOUR_MS;
            let at: Vec<i64> = minutes.iter().map(|minute| start + minute * MINUTE_MS).collect();
            let values: Vec<f64> = (1u32..).zip(&at).map(|(i, _)| f64::from(i)).collect();
            let mut builder = ProfileBuilder::new(true);
            let run = [(0, offset * 3600)];
            builder.add(day, [60.0; HOURS], (&at, &run), &SampleValues::Single(values.clone()), false);
            let profile = builder.finish();
            let mut wanted = [0.0; HOURS];
            for (minute, value) in minutes.iter().zip(&values) {
                wanted[usize::try_from(minute / 60).unwrap()] += value;
            }
            let found = profile.cells[2].map(|cell| cell.sum);
            prop_assert_eq!(found, wanted);
            let others: u64 = profile.cells.iter().flatten().map(|cell| cell.count).sum();
            prop_assert_eq!(others, at.len() as u64);
        }
    }
}
