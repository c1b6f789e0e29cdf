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
pub const METRICS: [MetricSpec; 10] = {
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
            Daily,
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
