//! The metrics: health quantities, with unit, kind, aggregation and valid range. One row each in [`METRICS`].

use std::{fmt, str::FromStr};

use crate::account::UnknownWord;

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

const fn row(
    metric: Metric,
    key: &'static str,
    name: &'static str,
    unit: Unit,
    kind: MetricKind,
    aggregation: Aggregation,
    (min, max): (f64, f64),
) -> MetricSpec {
    MetricSpec { metric, key, name, unit, kind, aggregation, min, max }
}

/// The catalogue, in the order of [`Metric`].
///
/// Ranges are those of values a day (for sums) or a sample (for rates) beyond which a reading is a fault: they are
/// wide on purpose, since the raw document is kept and a dropped value is reported as a warning.
pub const METRICS: [MetricSpec; 37] = {
    use Aggregation::{Mean, Sum};
    use MetricKind::{Daily, Interval, Sampled, Session};
    [
        row(Metric::Steps, "steps", "Steps", Unit::Count, Interval, Sum, (0.0, 250_000.0)),
        row(Metric::Distance, "distance", "Distance", Unit::Metre, Interval, Sum, (0.0, 500_000.0)),
        row(Metric::Calories, "calories", "Calories", Unit::Kilocalorie, Interval, Sum, (0.0, 30_000.0)),
        row(
            Metric::ActiveZoneMinutes,
            "active_zone_minutes",
            "Active zone minutes",
            Unit::Minute,
            Interval,
            Sum,
            (0.0, 2_880.0),
        ),
        row(
            Metric::HeartRate,
            "heart_rate",
            "Heart rate",
            Unit::BeatsPerMinute,
            Sampled,
            Mean,
            (20.0, 260.0),
        ),
        row(
            Metric::RestingHeartRate,
            "resting_heart_rate",
            "Resting heart rate",
            Unit::BeatsPerMinute,
            Daily,
            Mean,
            (20.0, 150.0),
        ),
        row(
            Metric::HeartRateVariability,
            "heart_rate_variability",
            "Heart rate variability",
            Unit::Millisecond,
            Sampled,
            Mean,
            (0.0, 500.0),
        ),
        row(
            Metric::SkinTemperature,
            "skin_temperature",
            "Skin temperature",
            Unit::Celsius,
            Daily,
            Mean,
            (15.0, 45.0),
        ),
        row(
            Metric::SkinTemperatureRelative,
            "skin_temperature_relative",
            "Skin temperature, relative",
            Unit::Celsius,
            Daily,
            Mean,
            (-15.0, 15.0),
        ),
        row(Metric::Sleep, "sleep", "Sleep", Unit::Minute, Session, Sum, (0.0, 2_880.0)),
        row(Metric::Floors, "floors", "Floors", Unit::Count, Interval, Sum, (0.0, 2_000.0)),
        row(Metric::Elevation, "elevation", "Elevation gain", Unit::Metre, Interval, Sum, (0.0, 15_000.0)),
        row(
            Metric::ActiveCalories,
            "active_calories",
            "Active calories",
            Unit::Kilocalorie,
            Interval,
            Sum,
            (0.0, 30_000.0),
        ),
        row(
            Metric::BasalCalories,
            "basal_calories",
            "Basal calories",
            Unit::Kilocalorie,
            Interval,
            Sum,
            (0.0, 10_000.0),
        ),
        row(
            Metric::FatBurnZoneMinutes,
            "fat_burn_zone_minutes",
            "Active zone minutes, fat burn",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::CardioZoneMinutes,
            "cardio_zone_minutes",
            "Active zone minutes, cardio",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 3_000.0),
        ),
        row(
            Metric::PeakZoneMinutes,
            "peak_zone_minutes",
            "Active zone minutes, peak",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 3_000.0),
        ),
        row(
            Metric::SedentaryMinutes,
            "sedentary_minutes",
            "Sedentary minutes",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::LightlyActiveMinutes,
            "lightly_active_minutes",
            "Lightly active minutes",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::FairlyActiveMinutes,
            "fairly_active_minutes",
            "Fairly active minutes",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::VeryActiveMinutes,
            "very_active_minutes",
            "Very active minutes",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::LightHeartZoneMinutes,
            "light_heart_zone_minutes",
            "Heart zone, light",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::ModerateHeartZoneMinutes,
            "moderate_heart_zone_minutes",
            "Heart zone, moderate",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::VigorousHeartZoneMinutes,
            "vigorous_heart_zone_minutes",
            "Heart zone, vigorous",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::PeakHeartZoneMinutes,
            "peak_heart_zone_minutes",
            "Heart zone, peak",
            Unit::Minute,
            Daily,
            Sum,
            (0.0, 1_500.0),
        ),
        row(
            Metric::HeartRateVariabilityDeep,
            "heart_rate_variability_deep",
            "Heart rate variability, deep sleep",
            Unit::Millisecond,
            Daily,
            Mean,
            (0.0, 500.0),
        ),
        row(
            Metric::BreathingRate,
            "breathing_rate",
            "Breathing rate",
            Unit::BreathsPerMinute,
            Daily,
            Mean,
            (2.0, 60.0),
        ),
        row(
            Metric::OxygenSaturation,
            "oxygen_saturation",
            "Oxygen saturation",
            Unit::Percent,
            Sampled,
            Mean,
            (50.0, 100.0),
        ),
        row(
            Metric::OxygenSaturationMin,
            "oxygen_saturation_min",
            "Oxygen saturation, lowest",
            Unit::Percent,
            Daily,
            Mean,
            (40.0, 100.0),
        ),
        row(
            Metric::OxygenSaturationMax,
            "oxygen_saturation_max",
            "Oxygen saturation, highest",
            Unit::Percent,
            Daily,
            Mean,
            (40.0, 100.0),
        ),
        row(
            Metric::OxygenSaturationLowerBound,
            "oxygen_saturation_lower_bound",
            "Oxygen saturation, lower bound",
            Unit::Percent,
            Daily,
            Mean,
            (40.0, 100.0),
        ),
        row(
            Metric::OxygenSaturationUpperBound,
            "oxygen_saturation_upper_bound",
            "Oxygen saturation, upper bound",
            Unit::Percent,
            Daily,
            Mean,
            (40.0, 100.0),
        ),
        row(
            Metric::Vo2Max,
            "vo2_max",
            "VO2 max",
            Unit::MillilitrePerKilogramMinute,
            Daily,
            Mean,
            (5.0, 100.0),
        ),
        row(
            Metric::CoreTemperature,
            "core_temperature",
            "Core temperature",
            Unit::Celsius,
            Sampled,
            Mean,
            (25.0, 45.0),
        ),
        row(Metric::Weight, "weight", "Weight", Unit::Kilogram, Sampled, Mean, (1.0, 650.0)),
        row(Metric::BodyFat, "body_fat", "Body fat", Unit::Percent, Sampled, Mean, (1.0, 80.0)),
        row(Metric::Exercise, "exercise", "Exercise", Unit::Minute, Session, Sum, (0.0, 2_880.0)),
    ]
};

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
