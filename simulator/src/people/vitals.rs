//! Values of a night beyond sleep itself, and what is measured by hand: all from the person's day.

use super::day::PersonDay;
use super::noise;
use super::sleep::{Sleep, Stage};

const OXYGEN: u64 = 101;
const BREATH: u64 = 102;
const FITNESS: u64 = 103;
const FEVER: u64 = 104;
const SPREAD: u64 = 105;

fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

/// Five minutes of a night's heart rate variability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VariabilitySample {
    /// Start, epoch seconds.
    pub time: i64,
    /// RMSSD, ms.
    pub rmssd: f64,
    /// Standard deviation of the intervals, ms.
    pub deviation: f64,
    /// Share of the time with good readings.
    pub coverage: f64,
    /// Power in the high frequencies, ms².
    pub high: f64,
    /// Power in the low frequencies, ms².
    pub low: f64,
}

/// A reading of oxygen saturation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OxygenSample {
    /// Epoch seconds.
    pub time: i64,
    /// Percent, to a tenth.
    pub percent: f64,
}

/// Oxygen saturation of a night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OxygenNight {
    /// Mean of the readings, percent.
    pub average: f64,
    /// Lowest reading.
    pub min: f64,
    /// Highest reading.
    pub max: f64,
    /// Standard deviation of the readings.
    pub deviation: f64,
    /// Lower end of the interval of ± 1.96 deviations.
    pub lower: f64,
    /// Its upper end, 100 at the most.
    pub upper: f64,
}

/// Breaths per minute of a night, and of its stages where it has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breathing {
    /// When the night was over, epoch seconds.
    pub time: i64,
    /// The whole night.
    pub full: f64,
    /// Deep sleep.
    pub deep: Option<f64>,
    /// Light sleep.
    pub light: Option<f64>,
    /// REM sleep.
    pub rem: Option<f64>,
}

/// Maximal oxygen uptake of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitness {
    /// ml/kg/min.
    pub vo2_max: f64,
    /// Measured in a run with GPS in the last seven days, not estimated.
    pub from_run: bool,
}

/// A temperature taken by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoreTemperature {
    /// Epoch seconds.
    pub time: i64,
    /// Seconds east of UTC.
    pub offset: i32,
    /// °C, to a tenth.
    pub celsius: f64,
}

impl PersonDay {
    /// The night that ends on this day, if it is long enough for nightly values.
    pub fn night(&self) -> Option<&Sleep> {
        self.sleeps.iter().find(|sleep| sleep.carries_night())
    }

    /// Heart rate variability of the night in steps of five minutes, around the night's value.
    pub fn variability_samples(&self) -> Vec<VariabilitySample> {
        let (Some(night), Some(variability)) = (self.night(), self.variability) else { return Vec::new() };
        let first = night.start.div_euclid(300) * 300 + 300;
        (first..night.end - 300)
            .step_by(300)
            .map(|time| {
                let chance = noise::hash(night.id, 92, time, 0) as f64 / u64::MAX as f64;
                let value = variability.rmssd * (0.75 + 0.5 * chance);
                let spread = noise::unit(night.id, SPREAD, time, 0);
                VariabilitySample {
                    time,
                    rmssd: rounded(value, 3),
                    deviation: rounded(value * (1.1 + 0.5 * spread), 3),
                    coverage: rounded(0.9 + 0.1 * chance, 3),
                    high: rounded(value * 12.0, 3),
                    low: rounded(value * 20.0, 3),
                }
            })
            .collect()
    }

    /// Oxygen saturation of the night: about one reading a minute, one in 29 lost.
    pub fn oxygen_samples(&self) -> Vec<OxygenSample> {
        let Some(night) = self.night() else { return Vec::new() };
        let usual = 96.4 + 0.9 * (noise::unit(self.seed, OXYGEN, 0, 0) - 0.5);
        let usual = usual + 0.4 * noise::wander(self.seed, OXYGEN, self.day.0);
        (0..(night.end - night.start) / 60)
            .filter_map(|minute| {
                let start = night.start + minute * 60;
                let bits = noise::hash(self.seed, OXYGEN, start, 1);
                if bits.is_multiple_of(29) {
                    return None;
                }
                let slow = noise::normal(self.seed, OXYGEN, start.div_euclid(600), 2);
                let quick = noise::normal(self.seed, OXYGEN, start, 3);
                let percent = rounded((usual + 0.7 * slow + 0.5 * quick).clamp(86.0, 100.0), 1);
                Some(OxygenSample { time: start + (bits >> 8) as i64 % 50, percent })
            })
            .collect()
    }

    /// Oxygen saturation of the night in four numbers.
    pub fn oxygen_night(&self) -> Option<OxygenNight> {
        let samples = self.oxygen_samples();
        if samples.is_empty() {
            return None;
        }
        let count = samples.len() as f64;
        let mean = samples.iter().map(|sample| sample.percent).sum::<f64>() / count;
        let variance = samples.iter().map(|sample| (sample.percent - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        let all = || samples.iter().map(|sample| sample.percent);
        Some(OxygenNight {
            average: rounded(mean, 1),
            min: all().fold(f64::INFINITY, f64::min),
            max: all().fold(0.0, f64::max),
            deviation: rounded(deviation, 3),
            lower: rounded(mean - 1.96 * deviation, 1),
            upper: rounded(mean + 1.96 * deviation, 1).min(100.0),
        })
    }

    /// Breathing of the night.
    pub fn breathing(&self) -> Option<Breathing> {
        let night = self.night()?;
        let usual = 13.0 + 5.0 * noise::unit(self.seed, BREATH, 0, 0);
        let full = usual + 0.6 * noise::wander(self.seed, BREATH, self.day.0);
        let stage = |stage: Stage, shift: f64| {
            let there = night.epochs.contains(&stage);
            let shake = 0.3 * noise::normal(self.seed, BREATH, i64::from(self.day.0), stage as i64 + 1);
            there.then(|| rounded(full + shift + shake, 1))
        };
        Some(Breathing {
            time: night.end,
            full: rounded(full, 1),
            deep: stage(Stage::Deep, -0.6),
            light: stage(Stage::Light, 0.1),
            rem: stage(Stage::Rem, 0.7),
        })
    }

    /// Maximal oxygen uptake: from the heart's range (Uth 2004: 15.3 × maximum / resting), moving slowly.
    pub fn fitness(&self) -> Fitness {
        let base = 15.3 * self.heart.maximum / self.usual_resting;
        let slow = noise::wander(self.seed, FITNESS, self.day.0.div_euclid(7));
        Fitness {
            vo2_max: rounded((0.92 * base + 0.8 * slow).clamp(15.0, 75.0), 2),
            from_run: self.ran_lately,
        }
    }

    /// The temperature taken by hand on this day: by those who do, on about two days of seven, soon after half past seven.
    pub fn core_temperature(&self) -> Option<CoreTemperature> {
        let chance = noise::hash(self.seed, FEVER, i64::from(self.day.0), 0);
        if !self.thermometer || chance % 7 > 1 {
            return None;
        }
        let label = 450 + (chance >> 8) as u16 % 40;
        let minute = self.minutes.iter().find(|minute| minute.label >= label)?;
        let celsius = 36.6 + 0.25 * noise::wander(self.seed, FEVER, self.day.0);
        Some(CoreTemperature { time: minute.start, offset: minute.offset, celsius: rounded(celsius, 1) })
    }
}
