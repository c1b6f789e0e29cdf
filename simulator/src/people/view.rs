//! What a provider knows of a person at an instant: only what the device has handed over.

use std::sync::Arc;

use super::civil::{DAY_SECONDS, Day};
use super::day::{Minute, PersonDay, Weight};
use super::roster::Sync;
use super::sleep::Sleep;
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

/// When the device last handed over its data, epoch seconds.
pub fn last_sync(person: &Person, now: i64) -> i64 {
    match person.profile.sync {
        Sync::Quarterly => {
            let phase = (person.seed % 900) as i64 / 60 * 60;
            (now - phase).div_euclid(900) * 900 + phase
        }
        Sync::ThreeDaysLate => {
            // the last local noon, three days back
            let offset = i64::from(person.timeline.offset_at(now));
            let noon = (now + offset - DAY_SECONDS / 2).div_euclid(DAY_SECONDS) * DAY_SECONDS
                + DAY_SECONDS / 2
                - offset;
            noon - 3 * DAY_SECONDS
        }
    }
}
