//! Totals of calendar periods, in civil time.

use jiff::civil::{Date, Weekday, date};

use super::statistics::{mean, sum};
use crate::time::{DayRange, add_days, days_between};

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A civil day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// On which day weeks begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeekStart {
    /// ISO 8601.
    Monday,
    /// For example in North America.
    Sunday,
    /// For example in the Arab world.
    Saturday,
}

/// One metric over one calendar period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeriodTotal {
    /// The days of the period that were asked for: the first and the last period of a range may be cut.
    pub asked: DayRange,
    /// Days of the whole period: 28 to 31 of a month, 365 or 366 of a year.
    pub length: i64,
    /// Days asked for that have data. The others count nowhere.
    pub days: usize,
    /// Sum of the values; `None` where no day has data, and of metrics that do not add up.
    pub total: Option<f64>,
    /// Mean of the days with data.
    pub mean: Option<f64>,
    /// Lowest day.
    pub min: Option<f64>,
    /// Highest day.
    pub max: Option<f64>,
}

impl Period {
    /// The whole period that `day` lies in.
    #[must_use]
    pub fn around(self, day: Date, week_start: WeekStart) -> DayRange {
        let first = match week_start {
            WeekStart::Monday => Weekday::Monday,
            WeekStart::Sunday => Weekday::Sunday,
            WeekStart::Saturday => Weekday::Saturday,
        };
        let (start, end) = match self {
            Self::Day => (day, add_days(day, 1)),
            Self::Week => {
                let start = add_days(day, -i64::from(day.weekday().since(first)));
                (start, add_days(start, 7))
            }
            Self::Month => {
                let start = day.first_of_month();
                (start, add_days(start, i64::from(start.days_in_month())))
            }
            Self::Year => (day.first_of_year(), date(day.year().saturating_add(1), 1, 1)),
        };
        DayRange { start, end }
    }

    /// The periods that `days` touch, each cut to `days`, with the length of the whole period.
    pub fn of(self, days: DayRange, week_start: WeekStart) -> impl Iterator<Item = (DayRange, i64)> {
        let mut next = days.start;
        std::iter::from_fn(move || {
            if next >= days.end {
                return None;
            }
            let whole = self.around(next, week_start);
            let cut = DayRange { start: next, end: whole.end.min(days.end) };
            next = whole.end;
            Some((cut, whole.len()))
        })
    }
}

/// Totals of the periods that `days` touch. `values` holds a value per day of `days`, in the metric's unit; `None` is no
/// data. `adds_up` says whether a sum has a meaning.
#[must_use]
pub fn totals(
    days: DayRange,
    values: &[Option<f64>],
    period: Period,
    week_start: WeekStart,
    adds_up: bool,
) -> Vec<PeriodTotal> {
    let index = |day: Date| usize::try_from(days_between(days.start, day)).unwrap_or(0).min(values.len());
    let total = |(asked, length): (DayRange, i64)| {
        let there: Vec<f64> =
            values[index(asked.start)..index(asked.end)].iter().copied().flatten().collect();
        PeriodTotal {
            asked,
            length,
            days: there.len(),
            total: if adds_up { sum(&there) } else { None },
            mean: mean(&there),
            min: there.iter().copied().reduce(f64::min),
            max: there.iter().copied().reduce(f64::max),
        }
    };
    period.of(days, week_start).map(total).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIODS: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::Year];
    const STARTS: [WeekStart; 3] = [WeekStart::Monday, WeekStart::Sunday, WeekStart::Saturday];

    #[test]
    fn a_leap_february_has_29_days_and_a_year_with_it_366() {
        let around = |period: Period, day| period.around(day, WeekStart::Monday);
        assert_eq!(around(Period::Month, date(2028, 2, 29)).len(), 29);
        assert_eq!(around(Period::Month, date(2100, 2, 1)).len(), 28);
        assert_eq!(around(Period::Year, date(2028, 2, 29)).len(), 366);
        // ISO week 1 of 2026 begins in the year before.
        assert_eq!(around(Period::Week, date(2026, 1, 1)).start, date(2025, 12, 29));
        assert_eq!(Period::Week.around(date(2026, 1, 1), WeekStart::Sunday).start, date(2025, 12, 28));
        assert_eq!(Period::Week.around(date(2026, 1, 3), WeekStart::Saturday).start, date(2026, 1, 3));
    }

    #[test]
    fn a_day_without_data_is_neither_added_nor_averaged() {
        let days = DayRange::inclusive(date(2026, 1, 30), date(2026, 2, 2)).unwrap();
        let values = [Some(10.0), None, None, Some(0.0)];
        let found = totals(days, &values, Period::Month, WeekStart::Monday, true);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].days, found[0].total, found[0].length), (1, Some(10.0), 31));
        assert_eq!((found[1].days, found[1].total, found[1].mean), (1, Some(0.0), Some(0.0)));
        let rate = totals(days, &values, Period::Year, WeekStart::Monday, false);
        assert_eq!((rate[0].total, rate[0].mean, rate[0].max), (None, Some(5.0), Some(10.0)));
        let none = totals(DayRange::one(date(2026, 1, 1)), &[None], Period::Day, WeekStart::Monday, true);
        assert_eq!((none[0].days, none[0].total, none[0].mean), (0, None, None));
    }

    proptest! {
        #[test]
        fn every_day_lies_in_one_period_and_sums_add_up(
            start in 0i64..60_000,
            values in prop::collection::vec(prop::option::of(0i32..100), 1..900),
            which in 0usize..4,
            week in 0usize..3,
        ) {
            let start = add_days(date(1970, 1, 1), start);
            let length = i64::try_from(values.len()).unwrap();
            let days = DayRange { start, end: add_days(start, length) };
            let values: Vec<Option<f64>> = values.into_iter().map(|v| v.map(f64::from)).collect();
            let (period, week) = (PERIODS[which], STARTS[week]);
            let found = totals(days, &values, period, week, true);
            let all: Vec<Date> = found.iter().flat_map(|total| total.asked.days()).collect();
            prop_assert_eq!(all, days.days().collect::<Vec<_>>());
            for total in &found {
                let whole = period.around(total.asked.start, week);
                prop_assert!(total.asked.days().all(|day| period.around(day, week) == whole));
                prop_assert!(total.asked.len() <= total.length);
            }
            let counted: usize = found.iter().map(|total| total.days).sum();
            prop_assert_eq!(counted, values.iter().flatten().count());
            let summed: f64 = found.iter().filter_map(|total| total.total).sum();
            prop_assert!((summed - values.iter().flatten().sum::<f64>()).abs() < 1e-9);
        }
    }
}
