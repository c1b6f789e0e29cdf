//! Heart rate from movement.
//!
//! Each minute has a target: asleep, the night's resting level with its stage and a fall over the first hours; awake, 9 beats above it,
//! with a circadian wave (± 4, highest in the evening), slow postural noise and the load of the minute (cadence and recorded intensity).
//! The heart follows the target with time constants of 1.4 minutes up and 2.8 minutes down and never passes the age's maximum
//! (208 − 0.7 × age, Tanaka 2001). The day's resting level wanders around the person's own by about 1.6 beats.
//! Samples lie about 5 s apart on the line between the minutes' ends, with 1 beat of noise; now and then one is lost, or a minute.

use super::civil::Day;
use super::day::Minute;
use super::noise;
use super::roster::Profile;
use super::sleep::Stage;

const WANDER: u64 = 61;
const POSTURE: u64 = 62;
const BEAT: u64 = 63;
const LOSS: u64 = 64;

/// What the model must know of a person on a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heart {
    seed: u64,
    /// The day's resting level.
    pub(crate) resting: f64,
    pub(crate) maximum: f64,
}

/// Active zone of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// 40–59 % of the heart rate reserve: one active zone minute.
    FatBurn,
    /// 60–84 %: two.
    Cardio,
    /// 85 % and above: two.
    Peak,
}

impl Zone {
    /// Active zone minutes earned by a minute in the zone.
    pub fn minutes(self) -> u32 {
        if self == Zone::FatBurn { 1 } else { 2 }
    }
}

/// Heart zone of a minute by its mean rate, as both providers count the time in zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartZone {
    /// Below 40 % of the reserve (Fitbit's "Out of Range").
    Light,
    /// Fitbit's "Fat Burn".
    Moderate,
    /// Fitbit's "Cardio".
    Vigorous,
    /// 85 % and above.
    Peak,
}

impl HeartZone {
    /// All zones, lowest first.
    pub const ALL: [HeartZone; 4] =
        [HeartZone::Light, HeartZone::Moderate, HeartZone::Vigorous, HeartZone::Peak];
}

impl Heart {
    pub(crate) fn on(profile: &Profile, seed: u64, day: Day) -> Heart {
        let age = day.ymd().0 - profile.birth_year;
        Heart {
            seed,
            resting: profile.resting_bpm + 1.6 * noise::wander(seed, WANDER, day.0),
            maximum: 208.0 - 0.7 * f64::from(age),
        }
    }

    /// The level that the heart would settle at in this minute. `since_sleep` is the time since falling asleep, in seconds.
    pub(crate) fn target(&self, minute: &Minute, stage: Option<Stage>, since_sleep: i64) -> f64 {
        let posture = self.posture(minute.start);
        if let Some(stage) = stage {
            let depth = match stage {
                Stage::Deep => -3.5,
                Stage::Light | Stage::Asleep => -1.5,
                Stage::Rem => 2.5,
                Stage::Awake | Stage::Restless => 6.0,
            };
            let fall = 5.0 * (-(since_sleep as f64) / 7200.0).exp();
            return self.resting + depth + fall + 0.4 * posture;
        }
        let hour = f64::from(minute.label) / 60.0;
        let circadian = 4.0 * ((hour - 11.0) / 24.0 * std::f64::consts::TAU).sin();
        let steps = f64::from(minute.steps);
        let cadence = 0.25 * steps + 0.6 * (steps - 110.0).max(0.0);
        let intensity = [0.0, 7.0, 31.0, 64.0][usize::from(minute.intensity.min(3))];
        let load = cadence.max(intensity) + 0.35 * cadence.min(intensity);
        // efforts are fitted to a heart with 120 beats between rest and maximum
        let load = load * (self.maximum - self.resting) / 120.0;
        self.capped(self.resting + 9.0 + circadian + posture + load)
    }

    /// Bends the top: effort beyond 90 % of the maximum counts for a quarter.
    fn capped(&self, target: f64) -> f64 {
        let knee = 0.9 * self.maximum;
        if target <= knee { target } else { (knee + (target - knee) / 4.0).min(self.maximum - 1.0) }
    }

    /// Slow noise, linear between values seven minutes apart.
    fn posture(&self, instant: i64) -> f64 {
        let step = 420;
        let place = instant.div_euclid(step);
        let share = instant.rem_euclid(step) as f64 / step as f64;
        let value = |place| noise::normal(self.seed, POSTURE, place, 0);
        2.2 * (value(place) * (1.0 - share) + value(place + 1) * share)
    }

    /// One minute of the way to the target.
    pub(crate) fn follow(current: f64, target: f64) -> f64 {
        // 1 − e^(−1/τ) for τ = 1.4 and 2.8 minutes
        let share = if target > current { 0.510_5 } else { 0.300_3 };
        current + (target - current) * share
    }

    /// The zone of a mean heart rate.
    pub(crate) fn zone(&self, bpm: f64) -> Option<Zone> {
        let reserve = (bpm - self.resting) / (self.maximum - self.resting);
        match reserve {
            share if share >= 0.85 => Some(Zone::Peak),
            share if share >= 0.6 => Some(Zone::Cardio),
            share if share >= 0.4 => Some(Zone::FatBurn),
            _ => None,
        }
    }

    /// Lowest rate of fat burn, cardio and peak, and the maximum.
    pub(crate) fn zone_limits(&self) -> [u32; 4] {
        let at = |share: f64| (self.resting + share * (self.maximum - self.resting)).round() as u32;
        [at(0.4), at(0.6), at(0.85), at(1.0)]
    }
}

impl Heart {
    /// Lowest and highest rate of each heart zone.
    pub(crate) fn zone_ranges(&self) -> [(u32, u32); 4] {
        let [moderate, vigorous, peak, maximum] = self.zone_limits();
        [(30, moderate), (moderate, vigorous), (vigorous, peak), (peak, maximum.max(220))]
    }
}

/// One measured beat rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Epoch seconds.
    pub time: i64,
    /// Beats per minute.
    pub bpm: u32,
}

/// Whether the sensor sees nothing during a whole minute although the watch is worn.
pub(crate) fn minute_lost(seed: u64, start: i64) -> bool {
    noise::hash(seed, LOSS, start, 0).is_multiple_of(211)
}

/// The samples of a minute, ascending; none while the watch is off.
pub(crate) fn samples(seed: u64, minute: &Minute) -> impl DoubleEndedIterator<Item = Sample> + use<> {
    let Minute { start, heart_from, heart_to, .. } = *minute;
    let slots = if minute.has_heart() { 0..12 } else { 0..0 };
    slots.filter_map(move |slot: i64| {
        let bits = noise::hash(seed, BEAT, start, slot);
        if bits.is_multiple_of(23) {
            return None;
        }
        let second = slot * 5 + i64::from(bits >> 8 & 7 == 0);
        let share = second as f32 / 60.0;
        let line = f64::from(heart_from + (heart_to - heart_from) * share);
        let shake = noise::normal(seed, BEAT, start + second, 99);
        Some(Sample { time: start + second, bpm: (line + shake).round().clamp(30.0, 220.0) as u32 })
    })
}
