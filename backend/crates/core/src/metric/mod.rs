//! The metrics: health quantities, with unit, kind, aggregation and valid range. One row each in [`METRICS`].

mod table;

use std::{fmt, str::FromStr};

use crate::account::UnknownWord;

pub use table::METRICS;

/// A health quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Steps taken.
    Steps,
    /// Distance covered on foot.
    Distance,
    /// Energy spent, the basal part included.
    Calories,
    /// Active zone minutes: minutes in the fat-burn zone count once, in the cardio and peak zones twice.
    ActiveZoneMinutes,
    /// Heart rate.
    HeartRate,
    /// Resting heart rate of a day.
    RestingHeartRate,
    /// Heart rate variability (RMSSD) of a night.
    HeartRateVariability,
    /// Skin temperature of a night, absolute.
    SkinTemperature,
    /// Skin temperature of a night as the difference to the person's own baseline.
    SkinTemperatureRelative,
    /// Sleep.
    Sleep,
    /// Floors climbed, each about three metres of height.
    Floors,
    /// Height gained on foot.
    Elevation,
    /// Energy spent beyond the basal part, as the provider counts it: Google's `active-energy-burned`, Fitbit's
    /// `activityCalories`. The two are not defined alike.
    ActiveCalories,
    /// Energy spent by the body at rest (Fitbit's `caloriesBMR`, Google's `basal-energy-burned`, which Fitbit devices
    /// leave empty).
    BasalCalories,
    /// Active zone minutes earned in the fat-burn zone of a day, one a minute.
    FatBurnZoneMinutes,
    /// Active zone minutes earned in the cardio zone of a day, two a minute.
    CardioZoneMinutes,
    /// Active zone minutes earned in the peak zone of a day, two a minute.
    PeakZoneMinutes,
    /// Minutes of a day without movement. Fitbit counts the unworn ones too.
    SedentaryMinutes,
    /// Minutes of light activity of a day.
    LightlyActiveMinutes,
    /// Minutes of moderate activity of a day (Google's `MODERATELY_ACTIVE`, Fitbit's `minutesFairlyActive`).
    FairlyActiveMinutes,
    /// Minutes of vigorous activity of a day.
    VeryActiveMinutes,
    /// Minutes of a day in the light heart-rate zone. Google's only: Fitbit's "Out of Range" counts unworn minutes
    /// too and is left in the raw document.
    LightHeartZoneMinutes,
    /// Minutes of a day in the moderate heart-rate zone (Fitbit's "Fat Burn").
    ModerateHeartZoneMinutes,
    /// Minutes of a day in the vigorous heart-rate zone (Fitbit's "Cardio").
    VigorousHeartZoneMinutes,
    /// Minutes of a day in the peak heart-rate zone.
    PeakHeartZoneMinutes,
    /// Heart rate variability (RMSSD) of a night's deep sleep.
    HeartRateVariabilityDeep,
    /// Breaths a minute of a night.
    BreathingRate,
    /// Oxygen saturation (`SpO2`): the night's mean, and readings in sleep.
    OxygenSaturation,
    /// Lowest oxygen saturation of a night (Fitbit's `min`).
    OxygenSaturationMin,
    /// Highest oxygen saturation of a night (Fitbit's `max`).
    OxygenSaturationMax,
    /// Lower bound of a night's oxygen saturation: of a confidence interval, not the lowest reading (Google).
    OxygenSaturationLowerBound,
    /// Upper bound of a night's oxygen saturation, likewise (Google).
    OxygenSaturationUpperBound,
    /// Maximal oxygen uptake. Fitbit gives a range, for example `47-51`, until a run with GPS has narrowed it: its
    /// middle is stored, the range stands in the raw document.
    Vo2Max,
    /// Temperature of the body's core, measured by hand.
    CoreTemperature,
    /// Weight.
    Weight,
    /// Body fat.
    BodyFat,
    /// Exercises.
    Exercise,
}

/// A unit of measurement, as written beside values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A plain count.
    Count,
    /// Metres.
    Metre,
    /// Kilocalories.
    Kilocalorie,
    /// Minutes.
    Minute,
    /// Beats per minute.
    BeatsPerMinute,
    /// Milliseconds.
    Millisecond,
    /// Degrees Celsius.
    Celsius,
    /// Breaths per minute.
    BreathsPerMinute,
    /// Percent.
    Percent,
    /// Millilitres of oxygen per kilogram and minute.
    MillilitrePerKilogramMinute,
    /// Kilograms.
    Kilogram,
}

impl Unit {
    /// The unit's symbol; empty for a count.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Metre => "m",
            Self::Kilocalorie => "kcal",
            Self::Minute => "min",
            Self::BeatsPerMinute => "bpm",
            Self::Millisecond => "ms",
            Self::Celsius => "°C",
            Self::BreathsPerMinute => "breaths/min",
            Self::Percent => "%",
            Self::MillilitrePerKilogramMinute => "ml/kg/min",
            Self::Kilogram => "kg",
        }
    }
}

/// The form in which a metric's detail comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// One value a day and nothing finer.
    Daily,
    /// A value at instants, for example heart rate.
    Sampled,
    /// A quantity over intervals, for example steps in a minute.
    Interval,
    /// Sessions with a start and an end.
    Session,
}

/// How finer values become a coarser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// They add up.
    Sum,
    /// Minimum, mean and maximum.
    Mean,
    /// The last one holds.
    Last,
}

/// A row of the metric catalogue.
#[derive(Debug, Clone, Copy)]
pub struct MetricSpec {
    /// The metric.
    pub metric: Metric,
    /// Its key in files, URLs, the command line and the database. GraphQL writes it in capitals.
    pub key: &'static str,
    /// Its English name.
    pub name: &'static str,
    /// Unit of every stored value; parsers convert to it.
    pub unit: Unit,
    /// Form of the detail.
    pub kind: MetricKind,
    /// How values combine.
    pub aggregation: Aggregation,
    /// Lowest value of one sample or day that a person can have; others are dropped with a warning.
    pub min: f64,
    /// Highest such value.
    pub max: f64,
}

impl Metric {
    /// All metrics, in catalogue order.
    pub fn all() -> impl Iterator<Item = Self> {
        METRICS.iter().map(|spec| spec.metric)
    }

    /// The metric's row in the catalogue.
    #[must_use]
    pub fn spec(self) -> &'static MetricSpec {
        &METRICS[self as usize]
    }

    /// The metric's key.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.spec().key
    }

    /// The number that stands for the metric in the database. Never reuse one.
    #[must_use]
    pub fn code(self) -> i16 {
        self as i16 + 1
    }

    /// The metric of a stored number; `None` for one of a later version.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        METRICS.get(usize::try_from(code.checked_sub(1)?).ok()?).map(|spec| spec.metric)
    }

    /// Whether sample blocks are stored for it.
    #[must_use]
    pub fn has_samples(self) -> bool {
        matches!(self.spec().kind, MetricKind::Sampled | MetricKind::Interval)
    }

    /// Whether `value` lies in the valid range.
    #[must_use]
    pub fn is_valid(self, value: f64) -> bool {
        let spec = self.spec();
        value >= spec.min && value <= spec.max
    }
}

impl FromStr for Metric {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::all()
            .find(|m| m.key() == word)
            .ok_or_else(|| UnknownWord::new("metric", word, METRICS.iter().map(|spec| spec.key)))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for spec in &METRICS {
            assert_eq!(spec.metric.spec().key, spec.key);
            assert_eq!(Metric::from_code(spec.metric.code()), Some(spec.metric));
            assert_eq!(spec.key.parse::<Metric>(), Ok(spec.metric));
        }
        assert_eq!(Metric::from_code(0), None);
        assert_eq!(Metric::from_code(99), None);
    }
}
