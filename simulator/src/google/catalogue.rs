//! The data types that are served, and what can be asked of each (data-types page, copy of 2026-05-14).

use crate::faults::Provider;
use crate::oauth::scopes::Scopes;

/// A data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    Steps,
    Distance,
    ActiveZoneMinutes,
    HeartRate,
    DailyRestingHeartRate,
    DailyHeartRateVariability,
    DailySleepTemperatureDerivations,
    Sleep,
    TotalCalories,
    Weight,
}

/// What its records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Interval,
    Sample,
    Daily,
    Sleep,
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
        }
    }
}

const ACTIVITY: &str = "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly";
const MEASUREMENTS: &str =
    "https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly";
const SLEEP: &str = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";

impl DataType {
    pub(crate) const ALL: [DataType; 10] = [
        DataType::Steps,
        DataType::Distance,
        DataType::ActiveZoneMinutes,
        DataType::HeartRate,
        DataType::DailyRestingHeartRate,
        DataType::DailyHeartRateVariability,
        DataType::DailySleepTemperatureDerivations,
        DataType::Sleep,
        DataType::TotalCalories,
        DataType::Weight,
    ];

    /// Finds a data type by its name in paths.
    pub(crate) fn named(kebab: &str) -> Option<DataType> {
        DataType::ALL.into_iter().find(|data_type| data_type.kebab() == kebab)
    }

    /// Its name in paths.
    pub(crate) fn kebab(self) -> &'static str {
        match self {
            DataType::Steps => "steps",
            DataType::Distance => "distance",
            DataType::ActiveZoneMinutes => "active-zone-minutes",
            DataType::HeartRate => "heart-rate",
            DataType::DailyRestingHeartRate => "daily-resting-heart-rate",
            DataType::DailyHeartRateVariability => "daily-heart-rate-variability",
            DataType::DailySleepTemperatureDerivations => "daily-sleep-temperature-derivations",
            DataType::Sleep => "sleep",
            DataType::TotalCalories => "total-calories",
            DataType::Weight => "weight",
        }
    }

    /// Its name in filters.
    pub(crate) fn snake(self) -> String {
        self.kebab().replace('-', "_")
    }

    pub(crate) fn record(self) -> Record {
        match self {
            DataType::Steps | DataType::Distance | DataType::ActiveZoneMinutes => Record::Interval,
            DataType::HeartRate | DataType::Weight => Record::Sample,
            DataType::DailyRestingHeartRate
            | DataType::DailyHeartRateVariability
            | DataType::DailySleepTemperatureDerivations => Record::Daily,
            DataType::Sleep => Record::Sleep,
            DataType::TotalCalories => Record::None,
        }
    }

    pub(crate) fn allows(self, operation: Operation) -> bool {
        use Operation::{DailyRollUp, Get, List, Reconcile, RollUp};
        match self.record() {
            Record::None => matches!(operation, RollUp | DailyRollUp),
            Record::Daily => matches!(operation, List | Reconcile),
            Record::Sleep => matches!(operation, List | Reconcile | Get),
            Record::Interval => operation != Get,
            Record::Sample => operation != Get || self == DataType::Weight,
        }
    }

    /// The scope that reads it.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            DataType::Steps | DataType::Distance | DataType::ActiveZoneMinutes | DataType::TotalCalories => {
                ACTIVITY
            }
            DataType::Sleep => SLEEP,
            _ => MEASUREMENTS,
        }
    }

    pub(crate) fn scope_set(self) -> Scopes {
        Scopes::one(Provider::Google, self.scope()).unwrap_or_default()
    }

    /// Longest range of a roll-up, days.
    pub(crate) fn roll_up_days(self) -> i64 {
        if matches!(self, DataType::HeartRate | DataType::TotalCalories) { 14 } else { 90 }
    }

    /// Default and largest page of list and reconcile.
    pub(crate) fn page_sizes(self) -> (usize, usize) {
        if self == DataType::Sleep { (25, 25) } else { (1440, 10_000) }
    }
}
