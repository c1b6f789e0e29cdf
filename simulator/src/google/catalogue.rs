//! The data types that are served, and what can be asked of each (data-types page, copy of 2026-05-14).

use crate::faults::Provider;
use crate::oauth::scopes::Scopes;

/// A data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    Steps,
    Distance,
    Floors,
    Altitude,
    ActiveEnergyBurned,
    BasalEnergyBurned,
    TotalCalories,
    ActiveZoneMinutes,
    ActiveMinutes,
    ActivityLevel,
    SedentaryPeriod,
    HeartRate,
    TimeInHeartRateZone,
    CaloriesInHeartRateZone,
    DailyHeartRateZones,
    DailyRestingHeartRate,
    HeartRateVariability,
    DailyHeartRateVariability,
    DailySleepTemperatureDerivations,
    OxygenSaturation,
    DailyOxygenSaturation,
    DailyRespiratoryRate,
    RespiratoryRateSleepSummary,
    DailyVo2Max,
    Weight,
    BodyFat,
    CoreBodyTemperature,
    Sleep,
    Exercise,
}

/// What its records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Interval,
    Sample,
    Daily,
    Sleep,
    Exercise,
    /// Only roll-ups exist.
    None,
}

/// What can be done with a data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    List,
    Reconcile,
    RollUp,
    DailyRollUp,
    Get,
    ExportTcx,
}

impl Operation {
    /// Name of the gRPC method, as error details spell it.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Operation::List => "DataPointsService.ListDataPoints",
            Operation::Reconcile => "DataPointsService.ReconcileDataPoints",
            Operation::RollUp => "DataPointsService.RollUpDataPoints",
            Operation::DailyRollUp => "DataPointsService.DailyRollUpDataPoints",
            Operation::Get => "DataPointsService.GetDataPoint",
            Operation::ExportTcx => "DataPointsService.ExportExerciseTcx",
        }
    }

    /// Its letter in [`TYPES`].
    fn letter(self) -> char {
        match self {
            Operation::List => 'L',
            Operation::Reconcile => 'R',
            Operation::RollUp => 'U',
            Operation::DailyRollUp => 'D',
            Operation::Get => 'G',
            Operation::ExportTcx => 'T',
        }
    }
}

const ACTIVITY: &str = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly";
const MEASUREMENTS: &str =
    "https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly";
const SLEEP: &str = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
/// What a route needs besides the scope of exercises.
pub(crate) const LOCATION: &str = "https://www.googleapis.com/auth/googlehealth.location.readonly";

/// A row of the catalogue.
struct Type {
    data_type: DataType,
    kebab: &'static str,
    record: Record,
    /// L list, R reconcile, U rollUp, D dailyRollUp, G get, T exportExerciseTcx.
    operations: &'static str,
    scope: &'static str,
}

const fn row(
    data_type: DataType,
    kebab: &'static str,
    record: Record,
    operations: &'static str,
    scope: &'static str,
) -> Type {
    Type { data_type, kebab, record, operations, scope }
}

const TYPES: [Type; 29] = {
    use DataType as T;
    use Record::{Daily, Interval, Sample};
    const A: &str = ACTIVITY;
    const H: &str = MEASUREMENTS;
    [
        row(T::Steps, "steps", Interval, "LRUD", A),
        row(T::Distance, "distance", Interval, "LRUD", A),
        row(T::Floors, "floors", Interval, "RUD", A),
        row(T::Altitude, "altitude", Interval, "LRUD", A),
        row(T::ActiveEnergyBurned, "active-energy-burned", Interval, "LRUD", A),
        row(T::BasalEnergyBurned, "basal-energy-burned", Interval, "LR", A),
        row(T::TotalCalories, "total-calories", Record::None, "UD", A),
        row(T::ActiveZoneMinutes, "active-zone-minutes", Interval, "LRUD", A),
        row(T::ActiveMinutes, "active-minutes", Interval, "RUD", A),
        row(T::ActivityLevel, "activity-level", Interval, "LRUD", A),
        row(T::SedentaryPeriod, "sedentary-period", Interval, "LRUD", A),
        row(T::HeartRate, "heart-rate", Sample, "LRUD", H),
        row(T::TimeInHeartRateZone, "time-in-heart-rate-zone", Interval, "RUD", A),
        row(T::CaloriesInHeartRateZone, "calories-in-heart-rate-zone", Record::None, "UD", A),
        row(T::DailyHeartRateZones, "daily-heart-rate-zones", Daily, "R", H),
        row(T::DailyRestingHeartRate, "daily-resting-heart-rate", Daily, "LR", H),
        row(T::HeartRateVariability, "heart-rate-variability", Sample, "LR", H),
        row(T::DailyHeartRateVariability, "daily-heart-rate-variability", Daily, "LR", H),
        row(T::DailySleepTemperatureDerivations, "daily-sleep-temperature-derivations", Daily, "LR", H),
        row(T::OxygenSaturation, "oxygen-saturation", Sample, "LR", H),
        row(T::DailyOxygenSaturation, "daily-oxygen-saturation", Daily, "LR", H),
        row(T::DailyRespiratoryRate, "daily-respiratory-rate", Daily, "LR", H),
        row(T::RespiratoryRateSleepSummary, "respiratory-rate-sleep-summary", Sample, "LR", H),
        row(T::DailyVo2Max, "daily-vo2-max", Daily, "LR", A),
        row(T::Weight, "weight", Sample, "LRUDG", H),
        row(T::BodyFat, "body-fat", Sample, "LRUDG", H),
        row(T::CoreBodyTemperature, "core-body-temperature", Sample, "LRUD", H),
        row(T::Sleep, "sleep", Record::Sleep, "LRG", SLEEP),
        row(T::Exercise, "exercise", Record::Exercise, "LRGT", A),
    ]
};

impl DataType {
    fn row(self) -> &'static Type {
        // the catalogue lies in the order of the enumeration, as a test says
        &TYPES[self as usize]
    }

    /// Finds a data type by its name in paths.
    pub(crate) fn named(kebab: &str) -> Option<DataType> {
        TYPES.iter().find(|row| row.kebab == kebab).map(|row| row.data_type)
    }

    /// Its name in paths.
    pub(crate) fn kebab(self) -> &'static str {
        self.row().kebab
    }

    /// Its name in filters.
    pub(crate) fn snake(self) -> String {
        self.kebab().replace('-', "_")
    }

    pub(crate) fn record(self) -> Record {
        self.row().record
    }

    pub(crate) fn allows(self, operation: Operation) -> bool {
        self.row().operations.contains(operation.letter())
    }

    /// The scope that reads it.
    pub(crate) fn scope(self) -> &'static str {
        self.row().scope
    }

    pub(crate) fn scope_set(self) -> Scopes {
        Scopes::one(Provider::Google, self.scope()).unwrap_or_default()
    }

    /// Longest range of a roll-up, days.
    pub(crate) fn roll_up_days(self) -> i64 {
        use DataType::{ActiveMinutes, CaloriesInHeartRateZone, HeartRate, TotalCalories};
        if matches!(self, HeartRate | TotalCalories | ActiveMinutes | CaloriesInHeartRateZone) {
            14
        } else {
            90
        }
    }

    /// Default and largest page of list and reconcile.
    pub(crate) fn page_sizes(self) -> (usize, usize) {
        if matches!(self, DataType::Sleep | DataType::Exercise) { (25, 25) } else { (1440, 10_000) }
    }

    /// Whether its records are made minute by minute.
    pub(crate) fn by_minute(self) -> bool {
        use DataType as T;
        matches!(
            self,
            T::Steps
                | T::Distance
                | T::Floors
                | T::Altitude
                | T::ActiveEnergyBurned
                | T::ActiveZoneMinutes
                | T::ActiveMinutes
                | T::HeartRate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_lies_in_the_order_of_the_types() {
        for row in &TYPES {
            assert_eq!(row.data_type.kebab(), row.kebab);
            assert_eq!(DataType::named(row.kebab), Some(row.data_type));
        }
    }
}
