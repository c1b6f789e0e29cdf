//! What a provider knows of a person at an instant: only what the device has handed over.

use std::sync::Arc;

use super::civil::{DAY_SECONDS, Day};
use super::day::{Minute, PersonDay, Weight};
use super::exercise::Exercise;
use super::habits::last_sync;
use super::heart::Heart;
use super::sleep::Sleep;
use super::totals::{Beats, Totals};
use super::vitals::{CoreTemperature, Fitness};
use super::{People, Person};

/// Days of the past that are there at least.
const HISTORY_DAYS: i32 = 400;
/// Seconds between waking and the finished sleep record.
pub const SLEEP_PROCESSING: i64 = 23 * 60;

/// Days whose data are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// Wrist temperature of a night against the nights before it.
#[derive(Clone, Copy, Debug)]
pub struct Temperature {
    /// Absolute, °C.
    pub nightly: f64,
    /// Mean of up to 30 nights before; needs seven.
    pub baseline: Option<f64>,
    /// Standard deviation of those nights around their mean; needs seven.
    pub deviation: Option<f64>,
}

/// A person's data as a provider has them.
#[derive(Clone)]
pub struct View {
    people: Arc<People>,
    person: Arc<Person>,
    now: i64,
    until: i64,
    withheld: Vec<Withheld>,
}

impl View {
    /// What is known at an instant (epoch seconds).
    pub fn new(people: Arc<People>, person: Arc<Person>, now: i64, withheld: Vec<Withheld>) -> View {
        let until = last_sync(&person, now);
        View { people, person, now, until, withheld }
    }

    /// The same, had no device handed over anything after an instant (epoch seconds).
    pub fn silent_after(mut self, instant: i64) -> View {
        self.until = self.until.min(last_sync(&self.person, instant));
        self
    }

    /// The person.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The instant of the question, epoch seconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Until when the device has handed over its data, epoch seconds.
    pub fn until(&self) -> i64 {
        self.until
    }

    /// Today by the person's clock.
    pub fn today(&self) -> Day {
        self.person.timeline.day_at(self.now)
    }

    /// The day on which the account began: the start of the first round of recorded days that begins 400 days ago or earlier.
    pub fn first_day(&self) -> Day {
        let earliest = self.now.div_euclid(DAY_SECONDS) as i32 - HISTORY_DAYS;
        Day((earliest + 1).div_euclid(28) * 28 - 1)
    }

    /// The first instant that any data can have, epoch seconds.
    pub fn first_instant(&self) -> i64 {
        self.first_day().midnight() - 15 * 3600
    }

    /// The person's whole day, if it lies in the account's time and has begun. What of it the provider has,
    /// say the other functions.
    pub fn day(&self, day: Day) -> Option<Arc<PersonDay>> {
        let inside = (self.first_day()..=self.today()).contains(&day);
        inside.then(|| self.people.day(&self.person, day))
    }

    fn is_withheld(&self, day: Day) -> bool {
        self.withheld.iter().any(|range| (range.from..=range.to).contains(&day))
    }

    /// Weight logs of a day that the provider has.
    pub fn weights(&self, day: Day) -> Vec<Weight> {
        let known = self.day(day).filter(|_| !self.is_withheld(day));
        let there = |weight: &&Weight| weight.time <= self.until;
        known.map(|known| known.weights.iter().filter(there).copied().collect()).unwrap_or_default()
    }

    /// Minutes of a civil day that the provider has.
    pub fn minutes_of<'a>(&self, day: &'a PersonDay) -> impl DoubleEndedIterator<Item = Minute> + use<'a> {
        let until = self.until;
        let until = if self.is_withheld(day.day) { i64::MIN } else { until };
        let count = day.minutes.partition_point(|minute| minute.start + 60 <= until);
        day.minutes[..count].iter().copied()
    }

    /// Sums over the minutes of a day that the provider has.
    pub fn totals(&self, day: Day) -> Option<Totals> {
        if !(self.first_day()..=self.today()).contains(&day) {
            return None;
        }
        let summary = self.people.summary(&self.person, day);
        if summary.end <= self.until && !self.is_withheld(day) {
            return Some(summary.totals.clone());
        }
        let known = self.day(day)?;
        Some(Totals::of(&known, self.minutes_of(&known)))
    }

    /// Whether the device has handed over all of a day.
    pub fn is_whole(&self, day: Day) -> bool {
        let inside = (self.first_day()..=self.today()).contains(&day);
        inside && !self.is_withheld(day) && self.people.summary(&self.person, day).end <= self.until
    }

    /// Lowest and highest rate of each heart zone on a day, whether it is lived or not.
    pub(crate) fn zone_limits(&self, day: Day) -> [(u32, u32); 4] {
        Heart::on(&self.person.profile, self.person.seed, day).zone_ranges()
    }

    /// Heart rate of a day, as far as the provider has it.
    pub fn beats(&self, day: Day) -> Beats {
        if !(self.first_day()..=self.today()).contains(&day) {
            return Beats::default();
        }
        let summary = self.people.summary(&self.person, day);
        let whole = summary.end <= self.until && !self.is_withheld(day);
        if let Some(beats) = summary.beats.get().filter(|_| whole) {
            return *beats;
        }
        let Some(known) = self.day(day) else { return Beats::default() };
        let count = self.minutes_of(&known).count();
        let beats = known.beats()[..count].iter().fold(Beats::default(), |sum, beats| sum.and(*beats));
        if whole { *summary.beats.get_or_init(|| beats) } else { beats }
    }

    /// Exercises of a day that the provider has, in the order of time.
    pub fn exercises(&self, day: Day) -> Vec<Exercise> {
        let known = self.day(day).filter(|_| !self.is_withheld(day));
        let there = |exercise: &Exercise| exercise.end <= self.until;
        known.map(|known| known.exercises().into_iter().filter(there).collect()).unwrap_or_default()
    }

    /// The temperature of a day that was taken by hand.
    pub fn core_temperature(&self, day: Day) -> Option<CoreTemperature> {
        let known = self.day(day).filter(|_| !self.is_withheld(day))?;
        known.core_temperature().filter(|reading| reading.time <= self.until)
    }

    /// Maximal oxygen uptake of a day: known with the day's resting heart rate.
    pub fn fitness(&self, day: Day) -> Option<Fitness> {
        self.resting(day)?;
        Some(self.day(day)?.fitness())
    }

    /// Lowest and highest rate of each heart zone of a day: known with the day's resting heart rate.
    pub fn zone_ranges(&self, day: Day) -> Option<[(u32, u32); 4]> {
        self.resting(day)?;
        Some(self.day(day)?.zone_ranges())
    }

    /// A value of the night that ends on a day, once the night has been processed.
    pub fn nightly<T>(&self, day: Day, value: impl FnOnce(&PersonDay) -> T) -> Option<T> {
        let known = self.day(day).filter(|_| self.night_known(day))?;
        Some(value(&known))
    }

    /// Minutes that start in a stretch of instants (epoch seconds, half-open), ascending, each with its day.
    pub fn minutes_in(&self, from: i64, to: i64) -> Vec<(Minute, Arc<PersonDay>)> {
        let to = to.min(self.until - 59);
        let mut found = Vec::new();
        let mut day = Day::of_local(from - 15 * 3600);
        while day.midnight() <= to + 15 * 3600 {
            if let Some(known) = self.day(day).filter(|_| !self.is_withheld(day)) {
                let first = known.minutes.partition_point(|minute| minute.start < from);
                let last = known.minutes.partition_point(|minute| minute.start < to).max(first);
                found.extend(known.minutes[first..last].iter().map(|minute| (*minute, known.clone())));
            }
            day = day.plus(1);
        }
        found.sort_by_key(|(minute, _)| minute.start);
        found
    }

    /// Finished sleep records that end on a day, in the order of time.
    pub fn sleeps(&self, day: Day) -> Vec<Sleep> {
        let finished = |sleep: &Sleep| sleep.end <= self.until && sleep.end + SLEEP_PROCESSING <= self.now;
        self.day(day)
            .filter(|_| !self.is_withheld(day))
            .map(|day| day.sleeps.iter().filter(|sleep| finished(sleep)).cloned().collect())
            .unwrap_or_default()
    }

    /// Whether the night that ends on a day has been processed and has nightly values.
    pub fn night_known(&self, day: Day) -> bool {
        self.sleeps(day).iter().any(Sleep::carries_night)
    }

    /// Resting heart rate of a day and whether it comes from sleep. Without a night it is known when the day is over.
    pub fn resting(&self, day: Day) -> Option<(u32, bool)> {
        let known = self.day(day)?;
        let (bpm, from_sleep) = known.resting?;
        let over = || self.minutes_of(&known).count() == known.minutes.len();
        let available = if from_sleep { self.night_known(day) } else { over() };
        available.then_some((bpm, from_sleep))
    }

    /// Wrist temperature of the night that ends on a day.
    pub fn temperature(&self, day: Day) -> Option<Temperature> {
        if !self.night_known(day) {
            return None;
        }
        let nightly = self.day(day)?.wrist_celsius?;
        let source = self.people.source(&self.person);
        let first = self.first_day();
        let before: Vec<f64> = (1..=30)
            .map(|back| day.plus(-back))
            .filter(|night| *night >= first && source.has_night(*night))
            .map(|night| source.wrist_celsius(night))
            .collect();
        if before.len() < 7 {
            return Some(Temperature { nightly, baseline: None, deviation: None });
        }
        let count = before.len() as f64;
        let mean = before.iter().sum::<f64>() / count;
        let variance = before.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        Some(Temperature { nightly, baseline: Some(round(mean)), deviation: Some(round(variance.sqrt())) })
    }
}
