//! Records of a person as Google stores them, newest first and lazily: a page never makes more days than it shows.

use crate::people::{
    Breathing, DAY_SECONDS, Day, Exercise, FLOOR_MM, Fitness, HeartZone, Minute, OxygenNight, PersonDay,
    Sleep, Temperature, Variability, VariabilitySample, View, Weight, Zone,
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
    /// Steps, floors, millimetres of distance or height of a minute.
    Count(u32),
    /// Active energy of a minute.
    Energy(f64),
    Zone(Zone),
    /// A minute of light, moderate or vigorous activity (1–3).
    ActiveMinute(u8),
    /// A stretch in one activity level (0–3) and its end.
    Level {
        level: u8,
        end: i64,
    },
    /// A stretch in one heart zone and its end.
    HeartZone {
        zone: HeartZone,
        end: i64,
    },
    Heart {
        bpm: u32,
        active: bool,
    },
    Resting {
        bpm: u32,
        from_sleep: bool,
    },
    Zones([(u32, u32); 4]),
    Variability(Variability),
    VariabilitySample(VariabilitySample),
    Temperature(Temperature),
    Oxygen(f64),
    OxygenNight(OxygenNight),
    Breathing(Breathing),
    Fitness(Fitness),
    Weight(Weight),
    Fat {
        percent: f64,
    },
    Core(f64),
    Sleep(Box<Sleep>),
    Exercise(Box<Exercise>),
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

impl Record {
    fn at(start: i64, offset: i32, origin: Origin, content: Content) -> Record {
        Record { start, offset, key: (start, offset), origin, content }
    }
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
        // by civil day with slack for offsets and for nights that begin on the day before, or by stretches of time
        let by_day = !self.data_type.by_minute();
        let step = if self.data_type == DataType::HeartRate { 2 * 3600 } else { DAY_SECONDS };
        let mut end = if by_day {
            (to + 15 * 3600).div_euclid(DAY_SECONDS) * DAY_SECONDS + 2 * DAY_SECONDS
        } else {
            to
        };
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
    fn between(&self, from: i64, to: i64) -> Vec<Record> {
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
            records.push(Record::at(start, minute.offset, origin, content));
        };
        let phone = self.family != Family::Wearables && (!self.merged || !minute.worn);
        match self.data_type {
            DataType::Steps | DataType::Distance => {
                let steps = self.data_type == DataType::Steps;
                let content = |steps_made: u16, distance: u32| match steps {
                    true => Content::Count(u32::from(steps_made)),
                    false => Content::Count(distance),
                };
                let zero_shown = self.switches.google_true_zero != TrueZero::Absent;
                if minute.worn && (minute.steps > 0 || zero_shown) {
                    add(minute.start, Origin::Watch, content(minute.steps, minute.distance_mm));
                }
                if phone && minute.phone_steps > 0 {
                    add(minute.start, Origin::Phone, content(minute.phone_steps, minute.phone_distance_mm));
                }
            }
            DataType::Floors if minute.floors > 0 => {
                add(minute.start, Origin::Watch, Content::Count(minute.floors.into()));
            }
            DataType::Altitude if minute.floors > 0 => {
                add(minute.start, Origin::Watch, Content::Count(u32::from(minute.floors) * FLOOR_MM));
            }
            DataType::ActiveEnergyBurned => {
                if let Some(kcal) = day.active_kcal(minute) {
                    add(minute.start, Origin::WatchDerived, Content::Energy(kcal));
                }
            }
            DataType::ActiveZoneMinutes => {
                if let Some(zone) = minute.zone {
                    add(minute.start, Origin::WatchDerived, Content::Zone(zone));
                }
            }
            DataType::ActiveMinutes if minute.worn && minute.intensity > 0 => {
                add(minute.start, Origin::WatchDerived, Content::ActiveMinute(minute.intensity.min(3)));
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

    /// Records of a civil day, ascending: daily values, stretches that start on it, what belongs to the night that ends
    /// on it, readings.
    pub(crate) fn of_day(&self, day: Day) -> Vec<Record> {
        let daily = |content: Content| Record::at(day.midnight(), 0, Origin::WatchDerived, content);
        let one = |content: Option<Content>| content.map(daily).into_iter().collect();
        let view = self.view;
        match self.data_type {
            DataType::DailyRestingHeartRate => {
                one(view.resting(day).map(|(bpm, from_sleep)| Content::Resting { bpm, from_sleep }))
            }
            DataType::DailyHeartRateZones => one(view.zone_ranges(day).map(Content::Zones)),
            DataType::DailyHeartRateVariability => {
                one(view.nightly(day, |known| known.variability).flatten().map(Content::Variability))
            }
            DataType::DailySleepTemperatureDerivations => {
                one(view.temperature(day).map(Content::Temperature))
            }
            DataType::DailyOxygenSaturation => {
                one(view.nightly(day, PersonDay::oxygen_night).flatten().map(Content::OxygenNight))
            }
            DataType::DailyRespiratoryRate => {
                one(view.nightly(day, PersonDay::breathing).flatten().map(Content::Breathing))
            }
            DataType::DailyVo2Max => one(view.fitness(day).map(Content::Fitness)),
            DataType::HeartRateVariability
            | DataType::OxygenSaturation
            | DataType::RespiratoryRateSleepSummary => self.night_samples(day),
            DataType::ActivityLevel | DataType::SedentaryPeriod | DataType::TimeInHeartRateZone => {
                self.stretches(day)
            }
            DataType::Sleep => self.sleeps(day),
            DataType::Exercise => self.exercises(day),
            DataType::Weight | DataType::BodyFat => self.weights(day),
            DataType::CoreBodyTemperature if self.family != Family::Wearables => {
                let reading = view.core_temperature(day);
                let record = reading.map(|reading| {
                    Record::at(reading.time, reading.offset, Origin::Manual, Content::Core(reading.celsius))
                });
                record.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn night_samples(&self, day: Day) -> Vec<Record> {
        let timeline = &self.view.person().timeline;
        let at = |time: i64, content: Content| {
            Record::at(time, timeline.offset_at(time), Origin::WatchDerived, content)
        };
        let records = self.view.nightly(day, |known| match self.data_type {
            DataType::HeartRateVariability => {
                let samples = known.variability_samples().into_iter();
                samples.map(|sample| at(sample.time, Content::VariabilitySample(sample))).collect()
            }
            DataType::OxygenSaturation => {
                let samples = known.oxygen_samples().into_iter();
                samples.map(|sample| at(sample.time, Content::Oxygen(sample.percent))).collect()
            }
            _ => {
                let breathing = known.breathing();
                breathing
                    .map(|breathing| at(breathing.time, Content::Breathing(breathing)))
                    .into_iter()
                    .collect()
            }
        });
        records.unwrap_or_default()
    }

    /// Contiguous minutes in one activity level or heart zone. None reaches over midnight or a change of the clock.
    fn stretches(&self, day: Day) -> Vec<Record> {
        let Some(known) = self.view.day(day) else { return Vec::new() };
        let mut records: Vec<Record> = Vec::new();
        for minute in self.view.minutes_of(&known) {
            let Some(content) = self.stretch(&minute, &known) else { continue };
            if let Some(last) = records.last_mut()
                && last.offset == minute.offset
                && prolonged(&mut last.content, &content, minute.start)
            {
                continue;
            }
            records.push(Record::at(minute.start, minute.offset, Origin::WatchDerived, content));
        }
        records
    }

    fn stretch(&self, minute: &Minute, day: &PersonDay) -> Option<Content> {
        let (level, end) = (minute.intensity.min(3), minute.start + 60);
        match self.data_type {
            DataType::TimeInHeartRateZone => {
                day.heart_zone(minute).map(|zone| Content::HeartZone { zone, end })
            }
            DataType::SedentaryPeriod if level > 0 => None,
            _ => minute.worn.then_some(Content::Level { level, end }),
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

    fn exercises(&self, day: Day) -> Vec<Record> {
        let record = |exercise: Exercise| {
            let content = Content::Exercise(Box::new(exercise.clone()));
            Record::at(exercise.start, exercise.offset, Origin::Watch, content)
        };
        self.view.exercises(day).into_iter().map(record).collect()
    }

    fn weights(&self, day: Day) -> Vec<Record> {
        // neither a scale nor a typed-in number is a wearable
        if self.family == Family::Wearables {
            return Vec::new();
        }
        let record = |weight: &Weight| {
            let content = match self.data_type {
                DataType::BodyFat => Content::Fat { percent: weight.fat_percent? },
                _ => Content::Weight(*weight),
            };
            let origin = if weight.manual { Origin::Manual } else { Origin::Scale };
            Some(Record::at(weight.time, weight.offset, origin, content))
        };
        self.view.weights(day).iter().filter_map(record).collect()
    }
}

/// Lets a stretch go on by a minute that follows it in the same state.
fn prolonged(last: &mut Content, next: &Content, start: i64) -> bool {
    match (last, next) {
        (Content::Level { level, end }, Content::Level { level: other, end: new })
            if level == other && *end == start =>
        {
            *end = *new;
        }
        (Content::HeartZone { zone, end }, Content::HeartZone { zone: other, end: new })
            if zone == other && *end == start =>
        {
            *end = *new;
        }
        _ => return false,
    }
    true
}
