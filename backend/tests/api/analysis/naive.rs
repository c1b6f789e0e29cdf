//! The same answers by plain walks over the truth, minute by minute, on the simulator's own clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    observation::SleepLevel,
    time::{DayRange, add_days},
};
use pulsekeep_simulator::people::{Day, Timeline};
use pulsekeep_store::person::SleepSession;
use serde_json::Value;

/// A table of a week's hours.
pub(super) type Table = Vec<Vec<Option<f64>>>;

/// What a person did.
pub(super) struct Lived {
    truth: Value,
    clock: Timeline,
}

fn empty() -> Vec<Vec<Vec<f64>>> {
    vec![vec![Vec::new(); 24]; 7]
}

fn weekday(day: Date) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap()
}

impl Lived {
    pub(super) fn new(truth: Value, clock: Timeline) -> Self {
        Self { truth, clock }
    }

    /// Civil day and hour at an instant, by the simulator's clock.
    fn clock_at(&self, second: i64) -> (Date, usize) {
        let local = second + i64::from(self.clock.offset_at(second));
        let day = Day::of_local(local).to_string().parse().unwrap();
        (day, usize::try_from(local.rem_euclid(86_400) / 3600).unwrap())
    }

    fn rows(&self, metric: &str) -> impl Iterator<Item = (i64, &Value)> {
        let rows = self.truth["detail"][metric].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| (row[0].as_i64().unwrap(), row))
    }

    /// Every minute that belongs to the days, with its day and hour.
    fn minutes(&self, days: DayRange) -> Vec<(Date, usize)> {
        let mut minutes = Vec::new();
        for day in days.days() {
            for part in self.clock.segments(Day::parse(&day.to_string()).unwrap()) {
                for minute in 0..i64::from(part.minutes) {
                    minutes.push(self.clock_at(part.start + minute * 60));
                }
            }
        }
        minutes
    }

    pub(super) fn day_minutes(&self, day: Date) -> u64 {
        self.minutes(DayRange::one(day)).len() as u64
    }

    fn days_with(&self, metric: &str, days: DayRange) -> BTreeSet<Date> {
        self.rows(metric).map(|row| self.clock_at(row.0).0).filter(|day| days.contains(*day)).collect()
    }

    pub(super) fn steps_sums(&self, days: DayRange) -> Table {
        let mut sums = vec![vec![None; 24]; 7];
        for (at, row) in self.rows("steps") {
            let (day, hour) = self.clock_at(at);
            if days.contains(day) {
                *sums[weekday(day)][hour].get_or_insert(0.0) += row[1].as_f64().unwrap();
            }
        }
        sums
    }

    /// Steps per hour of the clock, over the days with steps.
    pub(super) fn steps_profile(&self, days: DayRange) -> Table {
        let (with, mut hours) = (self.days_with("steps", days), vec![vec![0.0; 24]; 7]);
        for (day, hour) in self.minutes(days) {
            if with.contains(&day) {
                hours[weekday(day)][hour] += 1.0 / 60.0;
            }
        }
        let sums = self.steps_sums(days);
        let mean = |d: usize, h: usize| (hours[d][h] > 0.0).then(|| sums[d][h].unwrap_or(0.0) / hours[d][h]);
        (0..7).map(|d| (0..24).map(|h| mean(d, h)).collect()).collect()
    }

    /// Days with steps on which the clock showed each hour.
    pub(super) fn steps_days(&self, days: DayRange) -> Table {
        let with = self.days_with("steps", days);
        let mut seen: BTreeMap<(usize, usize), BTreeSet<Date>> = BTreeMap::new();
        for (day, hour) in self.minutes(days) {
            if with.contains(&day) {
                seen.entry((weekday(day), hour)).or_default().insert(day);
            }
        }
        let count = |d, h| seen.get(&(d, h)).map_or(0.0, |days| days.len() as f64);
        (0..7).map(|d| (0..24).map(|h| Some(count(d, h))).collect()).collect()
    }

    /// Lowest, mean and highest heart rate of each hour.
    pub(super) fn heart_profile(&self, days: DayRange) -> [Table; 3] {
        let mut columns = [empty(), empty(), empty()];
        for (at, row) in self.rows("heart_rate") {
            let (day, hour) = self.clock_at(at);
            for (i, column) in columns.iter_mut().enumerate().filter(|_| days.contains(day)) {
                column[weekday(day)][hour].push(row[i + 1].as_f64().unwrap());
            }
        }
        let [low, mean, high] = columns;
        let each = |column: Vec<Vec<Vec<f64>>>, of: fn(&[f64]) -> f64| -> Table {
            let cell = |values: &Vec<f64>| (!values.is_empty()).then(|| of(values));
            column.iter().map(|row| row.iter().map(cell).collect()).collect()
        };
        [
            each(low, |values| values.iter().copied().fold(f64::INFINITY, f64::min)),
            each(mean, |values| values.iter().sum::<f64>() / values.len() as f64),
            each(high, |values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ]
    }

    pub(super) fn worn_minutes(&self, day: Date) -> u64 {
        self.rows("heart_rate").filter(|row| self.clock_at(row.0).0 == day).count() as u64
    }

    pub(super) fn daily(&self, metric: &str, day: Date) -> Option<f64> {
        self.truth["daily"][metric][day.to_string()].as_f64()
    }

    pub(super) fn mean(&self, metric: &str, days: DayRange) -> Option<f64> {
        let there: Vec<f64> = days.days().filter_map(|day| self.daily(metric, day)).collect();
        (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
    }

    /// Weeks from Monday on: first day, days with data, total.
    pub(super) fn weeks(&self, metric: &str, days: DayRange) -> Vec<(Date, usize, Option<f64>)> {
        let mut weeks: Vec<(Date, usize, Option<f64>)> = Vec::new();
        for day in days.days() {
            if weeks.is_empty() || weekday(day) == 0 {
                weeks.push((day, 0, None));
            }
            let week = weeks.last_mut().unwrap();
            if let Some(value) = self.daily(metric, day) {
                *week = (week.0, week.1 + 1, Some(week.2.unwrap_or(0.0) + value));
            }
        }
        weeks
    }

    /// Low, median and high of the days before one, if four of seven have data.
    pub(super) fn usual(
        &self,
        metric: &str,
        day: Date,
        window: i64,
    ) -> (Option<f64>, Option<f64>, Option<f64>) {
        let mut before: Vec<f64> =
            (1..=window).filter_map(|back| self.daily(metric, add_days(day, -back))).collect();
        before.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (before.len() as f64 - 1.0);
            let (low, high) = (before.get(place.floor() as usize)?, before.get(place.ceil() as usize)?);
            (before.len() >= 4).then_some(low + (high - low) * place.fract())
        };
        (at(0.1), at(0.5), at(0.9))
    }
}

/// The regularity index by looking at each pair of minutes.
pub(super) fn regularity(sessions: &[SleepSession], (from, to): (EpochMs, EpochMs)) -> Option<f64> {
    let long = |s: &&SleepSession| s.is_main || s.end.0 - s.start.0 >= 3 * 3_600_000;
    let nights: Vec<&SleepSession> = sessions.iter().filter(long).collect();
    let state = |at: i64| -> Option<bool> {
        let inside = |start: i64, end: i64| start <= at && at < end;
        if let Some(session) = sessions.iter().find(|s| inside(s.start.0, s.end.0)) {
            let asleep = session.stages.iter().any(|stage| {
                !matches!(stage.level, SleepLevel::Awake | SleepLevel::Restless)
                    && inside(stage.start, stage.end)
            });
            return Some(asleep && !session.short_awakenings.iter().any(|a| inside(a.start, a.end)));
        }
        let known = |pair: &[&SleepSession]| {
            inside(pair[0].end.0, pair[1].start.0) && pair[1].start.0 - pair[0].end.0 <= 30 * 3_600_000
        };
        nights.windows(2).any(known).then_some(false)
    };
    let (mut pairs, mut same) = (0.0, 0.0);
    let mut at = from.0;
    while at + 86_400_000 < to.0 {
        if let Some((one, other)) = state(at).zip(state(at + 86_400_000)) {
            pairs += 1.0;
            same += f64::from(u8::from(one == other));
        }
        at += 60_000;
    }
    (pairs >= 5.0 * 1440.0).then(|| -100.0 + 200.0 * same / pairs)
}

/// The number that was found is the one wanted, but for rounding.
#[track_caller]
pub(super) fn same(place: &str, found: &Value, wanted: Option<f64>) {
    let close = match (found.as_f64(), wanted) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
        (None, None) => found.is_null(),
        _ => false,
    };
    assert!(close, "{place}: {found}, not {wanted:?}");
}

#[track_caller]
pub(super) fn same_table(place: &str, found: &Value, wanted: &Table) {
    for (d, row) in wanted.iter().enumerate() {
        for (h, wanted) in row.iter().enumerate() {
            same(&format!("{place}, weekday {d}, hour {h}"), &found[d][h], *wanted);
        }
    }
}

/// The same, where no amount and an amount of zero are one.
#[track_caller]
pub(super) fn same_sums(place: &str, found: &Value, wanted: &Table) {
    for (d, row) in wanted.iter().enumerate() {
        for (h, wanted) in row.iter().enumerate() {
            let place = format!("{place}, weekday {d}, hour {h}");
            assert_eq!(found[d][h].as_f64().unwrap_or(0.0), wanted.unwrap_or(0.0), "{place}");
        }
    }
}
