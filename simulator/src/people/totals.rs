//! Sums over minutes of a civil day: what daily series, roll-ups and the truth are made of.

use super::day::{Minute, PersonDay};
use super::heart::{HeartZone, Zone};

/// Millimetres of height in a floor.
pub(crate) const FLOOR_MM: u32 = 3048;

/// Sums of some minutes of a day.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Minutes counted.
    pub minutes: u32,
    /// Those with the watch on the wrist.
    pub worn: u32,
    /// Steps of the merged stream.
    pub steps: u64,
    /// Steps of the watch.
    pub steps_watch: u64,
    /// Steps of the phone.
    pub steps_phone: u64,
    /// Distance of the merged stream, mm.
    pub distance_mm: u64,
    /// Distance of the watch, mm.
    pub distance_watch_mm: u64,
    /// Energy, basal included.
    pub kcal: f64,
    /// Energy above the basal rate in minutes of movement (Google's `active-energy-burned`).
    pub active_kcal: f64,
    /// All energy of minutes of movement (Fitbit's `activityCalories`).
    pub activity_kcal: f64,
    /// Floors climbed.
    pub floors: u32,
    /// Minutes by intensity, whether worn or not.
    pub intensity: [u32; 4],
    /// Worn minutes by intensity.
    pub levels: [u32; 4],
    /// Active zone minutes of fat burn, cardio and peak.
    pub zone_minutes: [u32; 3],
    /// Minutes in each heart zone.
    pub heart_zones: [u32; 4],
    /// Energy in each heart zone.
    pub heart_zone_kcal: [f64; 4],
}

impl Totals {
    /// Adds up minutes of a day.
    pub(crate) fn of(day: &PersonDay, minutes: impl Iterator<Item = Minute>) -> Totals {
        let mut totals = Totals::default();
        for minute in minutes {
            totals.add(day, &minute);
        }
        totals
    }

    pub(crate) fn add(&mut self, day: &PersonDay, minute: &Minute) {
        let kcal = f64::from(minute.kcal);
        let level = usize::from(minute.intensity.min(3));
        self.minutes += 1;
        self.steps += u64::from(minute.merged_steps());
        self.steps_watch += u64::from(minute.steps);
        self.steps_phone += u64::from(minute.phone_steps);
        self.distance_mm += u64::from(minute.merged_distance_mm());
        self.distance_watch_mm += u64::from(minute.distance_mm);
        self.kcal += kcal;
        self.active_kcal += day.active_kcal(minute).unwrap_or(0.0);
        if level > 0 {
            self.activity_kcal += kcal;
        }
        self.floors += u32::from(minute.floors);
        self.intensity[level] += 1;
        if minute.worn {
            self.worn += 1;
            self.levels[level] += 1;
        }
        if let Some(zone) = minute.zone {
            self.zone_minutes[zone as usize] += zone.minutes();
        }
        if let Some(zone) = day.heart_zone(minute) {
            self.heart_zones[zone as usize] += 1;
            self.heart_zone_kcal[zone as usize] += kcal;
        }
    }

    /// Adds the sums of other minutes.
    pub(crate) fn merge(&mut self, other: &Totals) {
        self.minutes += other.minutes;
        self.worn += other.worn;
        self.steps += other.steps;
        self.steps_watch += other.steps_watch;
        self.steps_phone += other.steps_phone;
        self.distance_mm += other.distance_mm;
        self.distance_watch_mm += other.distance_watch_mm;
        self.kcal += other.kcal;
        self.active_kcal += other.active_kcal;
        self.activity_kcal += other.activity_kcal;
        self.floors += other.floors;
        let pairs = |mine: &mut [u32], others: &[u32]| {
            for (mine, other) in mine.iter_mut().zip(others) {
                *mine += other;
            }
        };
        pairs(&mut self.intensity, &other.intensity);
        pairs(&mut self.levels, &other.levels);
        pairs(&mut self.zone_minutes, &other.zone_minutes);
        pairs(&mut self.heart_zones, &other.heart_zones);
        for (mine, other) in self.heart_zone_kcal.iter_mut().zip(other.heart_zone_kcal) {
            *mine += other;
        }
    }

    /// All active zone minutes.
    pub fn active_zone_minutes(&self) -> u32 {
        self.zone_minutes.iter().sum()
    }

    /// Active zone minutes of one zone.
    pub fn of_zone(&self, zone: Zone) -> u32 {
        self.zone_minutes[zone as usize]
    }

    /// Minutes in a heart zone.
    pub fn in_heart_zone(&self, zone: HeartZone) -> u32 {
        self.heart_zones[zone as usize]
    }
}

/// Lowest, highest and sum of some heart rate samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    /// Samples.
    pub count: u32,
    /// Sum of the rates.
    pub sum: u32,
    /// Lowest rate; 0 without samples.
    pub min: u32,
    /// Highest rate.
    pub max: u32,
}

impl Beats {
    pub(crate) fn of(rates: impl Iterator<Item = u32>) -> Beats {
        rates.fold(Beats::default(), |beats, bpm| beats.and(Beats::one(bpm)))
    }

    pub(crate) fn one(bpm: u32) -> Beats {
        Beats { count: 1, sum: bpm, min: bpm, max: bpm }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Beats) -> Beats {
        match (self.count, other.count) {
            (_, 0) => self,
            (0, _) => other,
            _ => Beats {
                count: self.count + other.count,
                sum: self.sum + other.sum,
                min: self.min.min(other.min),
                max: self.max.max(other.max),
            },
        }
    }

    /// The mean, if there is a sample.
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| f64::from(self.sum) / f64::from(self.count))
    }
}
