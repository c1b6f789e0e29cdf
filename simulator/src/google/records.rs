//! Records of a person as Google stores them, newest first and lazily: a page never makes more days than it shows.

use crate::people::{
    DAY_SECONDS, Day, Minute, PersonDay, Sleep, Temperature, Variability, View, Weight, Zone,
};
use crate::switches::{Switches, TrueZero};

use super::catalogue::DataType;

/// Which sources are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    All,
    Wearables,
    /// Google's own: here the same as all.
    GoogleSources,
    /// What the client wrote itself: nothing.
    SelfSources,
}

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Watch,
    Phone,
    WatchDerived,
    Scale,
    Manual,
}

/// What a record holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Steps(u32),
    Distance(u32),
    Zone(Zone),
    Heart { bpm: u32, active: bool },
    Resting { bpm: u32, from_sleep: bool },
    Variability(Variability),
    Temperature(Temperature),
    Sleep(Box<Sleep>),
    Weight(Weight),
}

/// One record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Start, epoch seconds; midnight of the civil day (as if UTC) for daily records.
    pub(crate) start: i64,
    pub(crate) offset: i32,
    /// What a filter compares: the start, but the end for sleep.
    pub(crate) key: (i64, i32),
    pub(crate) origin: Origin,
    pub(crate) content: Content,
}

/// How records are read.
#[derive(Clone)]
pub(crate) struct Reading<'a> {
    pub(crate) view: &'a View,
    pub(crate) data_type: DataType,
    /// Merge the sources as the app shows them.
    pub(crate) merged: bool,
    pub(crate) family: Family,
    pub(crate) switches: &'a Switches,
}

impl<'a> Reading<'a> {
    /// Records that start in a stretch (epoch seconds, half-open), newest first, in lazily made chunks.
    pub(crate) fn descending(
        self,
        from: Option<i64>,
        to: Option<i64>,
    ) -> impl Iterator<Item = Vec<Record>> + 'a {
        let view = self.view;
        let from = from.unwrap_or(i64::MIN).max(view.first_instant());
        let to = to.unwrap_or(i64::MAX).min(view.until() + DAY_SECONDS);
        // by civil day with slack for offsets, or by stretches of time where a day would be too much
        let (by_day, step) = match self.data_type {
            DataType::HeartRate => (false, 2 * 3600),
            DataType::Steps | DataType::Distance | DataType::ActiveZoneMinutes => (false, DAY_SECONDS),
            _ => (true, DAY_SECONDS),
        };
        let mut end =
            if by_day { (to + 15 * 3600).div_euclid(DAY_SECONDS) * DAY_SECONDS + DAY_SECONDS } else { to };
        let stop = if by_day { from - 15 * 3600 - DAY_SECONDS } else { from };
        let empty = self.family == Family::SelfSources;
        std::iter::from_fn(move || {
            if empty || end <= stop {
                return None;
            }
            let start = if by_day { end - step } else { (end - step).max(stop) };
            let mut records =
                if by_day { self.of_day(Day::of_local(start)) } else { self.between(start, end) };
            end = start;
            records.reverse();
            Some(records)
        })
    }

    /// Records whose minute starts in a stretch, ascending.
    pub(crate) fn between(&self, from: i64, to: i64) -> Vec<Record> {
        if self.family == Family::SelfSources {
            return Vec::new();
        }
        // a sample lies up to a minute after its minute's start
        let slack = if self.data_type == DataType::HeartRate { 60 } else { 0 };
        let mut records = Vec::new();
        for (minute, day) in self.view.minutes_in(from - slack, to) {
            self.of_minute(&minute, &day, &mut records);
        }
        records.retain(|record| record.start >= from && record.start < to);
        records
    }

    fn of_minute(&self, minute: &Minute, day: &PersonDay, records: &mut Vec<Record>) {
        let mut add = |start: i64, origin: Origin, content: Content| {
            records.push(Record {
                start,
                offset: minute.offset,
                key: (start, minute.offset),
                origin,
                content,
            });
        };
        let phone = self.family != Family::Wearables && (!self.merged || !minute.worn);
        match self.data_type {
            DataType::Steps | DataType::Distance => {
                let steps = self.data_type == DataType::Steps;
                let content = |steps_made: u16, distance: u32| match steps {
                    true => Content::Steps(u32::from(steps_made)),
                    false => Content::Distance(distance),
                };
                let zero_shown = self.switches.google_true_zero != TrueZero::Absent;
                if minute.worn && (minute.steps > 0 || zero_shown) {
                    add(minute.start, Origin::Watch, content(minute.steps, minute.distance_mm));
                }
                if phone && minute.phone_steps > 0 {
                    add(minute.start, Origin::Phone, content(minute.phone_steps, minute.phone_distance_mm));
                }
            }
            DataType::ActiveZoneMinutes => {
                if let Some(zone) = minute.zone {
                    add(minute.start, Origin::WatchDerived, Content::Zone(zone));
                }
            }
            DataType::HeartRate => {
                for sample in day.samples(minute) {
                    let active = minute.intensity > 0;
                    add(sample.time, Origin::Watch, Content::Heart { bpm: sample.bpm, active });
                }
            }
            _ => {}
        }
    }

    /// Records of a civil day, ascending: daily values, sleep that ends on it, weights.
    pub(crate) fn of_day(&self, day: Day) -> Vec<Record> {
        let daily = |content: Content| Record {
            start: day.midnight(),
            offset: 0,
            key: (day.midnight(), 0),
            origin: Origin::WatchDerived,
            content,
        };
        let view = self.view;
        match self.data_type {
            DataType::DailyRestingHeartRate => view
                .resting(day)
                .map(|(bpm, from_sleep)| daily(Content::Resting { bpm, from_sleep }))
                .into_iter()
                .collect(),
            DataType::DailyHeartRateVariability if view.night_known(day) => {
                let known = view.day(day).and_then(|known| known.variability);
                known.map(|variability| daily(Content::Variability(variability))).into_iter().collect()
            }
            DataType::DailySleepTemperatureDerivations => view
                .temperature(day)
                .map(|temperature| daily(Content::Temperature(temperature)))
                .into_iter()
                .collect(),
            DataType::Sleep => self.sleeps(day),
            DataType::Weight => self.weights(day),
            _ => Vec::new(),
        }
    }

    fn sleeps(&self, day: Day) -> Vec<Record> {
        let record = |sleep: Sleep| Record {
            start: sleep.start,
            offset: sleep.start_offset,
            key: (sleep.end, sleep.end_offset),
            origin: Origin::WatchDerived,
            content: Content::Sleep(Box::new(sleep)),
        };
        let mut sleeps = self.view.sleeps(day);
        sleeps.sort_by_key(|sleep| sleep.start);
        sleeps.into_iter().map(record).collect()
    }

    fn weights(&self, day: Day) -> Vec<Record> {
        // neither a scale nor a typed-in number is a wearable
        if self.family == Family::Wearables {
            return Vec::new();
        }
        let record = |weight: &Weight| Record {
            start: weight.time,
            offset: weight.offset,
            key: (weight.time, weight.offset),
            origin: if weight.manual { Origin::Manual } else { Origin::Scale },
            content: Content::Weight(*weight),
        };
        self.view.weights(day).iter().map(record).collect()
    }
}
