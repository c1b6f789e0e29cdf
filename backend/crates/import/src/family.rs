//! The kinds of files that are imported, a row each: what their columns mean, in which unit, by which clock.

mod table;

use pulsekeep_core::{Metric, catalogue::Grain};

pub(crate) use table::FAMILIES;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Family {
    StepsCsv,
    DistanceCsv,
    CaloriesCsv,
    HeartRateCsv,
    FloorsCsv,
    AltitudeCsv,
    ActiveEnergyCsv,
    ZoneMinutesCsv,
    VariabilityCsv,
    OxygenCsv,
    WeightCsv,
    BodyFatCsv,
    DailyRestingCsv,
    DailyVariabilityCsv,
    DailyOxygenCsv,
    DailyBreathingCsv,
    BreathingSummaryCsv,
    DailyTemperatureCsv,
    RunVo2Csv,
    DemographicVo2Csv,
    StepsJson,
    DistanceJson,
    CaloriesJson,
    HeartRateJson,
    RestingJson,
    SedentaryJson,
    LightlyJson,
    FairlyJson,
    VeryJson,
    HeartZonesJson,
    RunVo2Json,
    DemographicVo2Json,
    WeightJson,
    ZoneMinutesFolder,
    VariabilityDaily,
    VariabilityDetails,
    BreathingDaily,
    OxygenMinutes,
    OxygenDaily,
    ComputedTemperature,
    SleepScore,
}

/// By which clock a family's times go, where they carry no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naive {
    /// UTC.
    Utc,
    /// The person's wall clock.
    Local,
    /// Not known for sure: measured against the twin with zones, or else taken as this.
    Measured(Zone),
}

/// What a clock without a zone turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// UTC.
    Utc,
    /// The person's wall clock.
    Local,
}

/// The values of a row, one for each column of the family.
pub(crate) type Values = [Option<f64>; 3];

/// A column.
pub(crate) struct Column {
    /// Its names, as [`crate::names::normal`] writes them.
    pub(crate) names: &'static [&'static str],
    /// What it is.
    pub(crate) metric: Metric,
    /// Into the catalogue's unit; `None` for a value that stands for none.
    pub(crate) convert: fn(f64) -> Option<f64>,
    /// Whether a file without it is none of this family.
    pub(crate) required: bool,
}

/// A row of the table of families.
pub(crate) struct Spec {
    pub(crate) family: Family,
    /// Its name in plans and reports.
    pub(crate) key: &'static str,
    /// How its base names begin (without date, lower case, blanks as `_`), and how they end.
    pub(crate) names: &'static [&'static str],
    pub(crate) extension: &'static str,
    pub(crate) grain: Grain,
    pub(crate) naive: Naive,
    /// What samples stand for; 0 for readings at an instant.
    pub(crate) interval_ms: i64,
    pub(crate) columns: &'static [Column],
    /// Where several families tell of a metric: the lower goes first.
    pub(crate) rank: u8,
    /// Works on all values of a row at once.
    pub(crate) finish: fn(&mut Values),
}

impl Family {
    pub(crate) fn spec(self) -> &'static Spec {
        &FAMILIES[self as usize]
    }

    /// The family that holds the same with zones in its times.
    pub(crate) fn twin(self) -> Option<Self> {
        Some(match self {
            Self::StepsJson => Self::StepsCsv,
            Self::DistanceJson => Self::DistanceCsv,
            Self::CaloriesJson => Self::CaloriesCsv,
            Self::HeartRateJson => Self::HeartRateCsv,
            _ => return None,
        })
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().map(|spec| spec.family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum_and_names_are_told_apart() {
        for spec in &FAMILIES {
            assert_eq!(spec.family.spec().key, spec.key);
            for name in spec.names {
                let same =
                    FAMILIES.iter().filter(|s| s.extension == spec.extension && s.names.contains(name));
                assert_eq!(same.count(), 1, "{name}.{}", spec.extension);
            }
        }
    }
}
