//! Datasets, the files that they are cut into, and the keys of these.

use std::fmt;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    metric::MetricKind,
    time::{DayRange, add_days, next_day},
};

use crate::target::{ObjectKey, escaped};

/// Rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Dataset {
    /// The samples of a metric.
    Samples(Metric),
    /// A metric's value of each day.
    Days(Metric),
    /// Nights and naps.
    Sleep,
    /// Their stages.
    SleepStages,
    /// Exercises.
    Exercises,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Form {
    Csv,
    Parquet,
}

/// The days of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Period {
    Day(Date),
    /// By the first of the month.
    Month(Date),
}

impl Dataset {
    /// All that is exported of a metric. What has something finer than a day has its daily values beside.
    pub(crate) fn of(metric: Metric) -> Vec<Self> {
        match metric {
            Metric::Sleep => vec![Self::Sleep, Self::SleepStages, Self::Days(metric)],
            Metric::Exercise => vec![Self::Exercises, Self::Days(metric)],
            _ if metric.has_samples() => vec![Self::Samples(metric), Self::Days(metric)],
            _ => vec![Self::Days(metric)],
        }
    }

    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Samples(metric) | Self::Days(metric) => metric,
            Self::Sleep | Self::SleepStages => Metric::Sleep,
            Self::Exercises => Metric::Exercise,
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Samples(metric) => metric.key().to_owned(),
            Self::Days(metric) if metric.spec().kind == MetricKind::Daily => metric.key().to_owned(),
            Self::Days(metric) => format!("{}_daily", metric.key()),
            Self::Sleep => "sleep".to_owned(),
            Self::SleepStages => "sleep_stages".to_owned(),
            Self::Exercises => "exercise".to_owned(),
        }
    }

    /// The dataset of a name; `None` for one of a later version.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Metric::all().flat_map(Self::of).find(|dataset| dataset.name() == name)
    }

    /// The period of a file that has `day`.
    pub(crate) fn period(self, form: Form, day: Date) -> Period {
        match (self, form) {
            (Self::Samples(_), Form::Csv) => Period::Day(day),
            _ => Period::Month(day.first_of_month()),
        }
    }

    /// The key of a person's file.
    pub(crate) fn key(self, form: Form, person: &str, period: Period) -> ObjectKey {
        let (name, person) = (self.name(), escaped(person));
        ObjectKey::of(match (form, self) {
            (Form::Csv, _) => format!("users/{person}/{name}/{name}_{period}.csv"),
            (Form::Parquet, Self::Samples(_) | Self::Days(_)) => {
                format!("dataset/metric={name}/user={person}/month={period}/part-0.parquet")
            }
            // Other columns, so a table of their own.
            (Form::Parquet, _) => format!("{name}/user={person}/month={period}/part-0.parquet"),
        })
    }
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl Period {
    pub(crate) fn days(self) -> DayRange {
        match self {
            Self::Day(day) => DayRange::one(day),
            Self::Month(first) => DayRange { start: first, end: next_day(first.last_of_month()) },
        }
    }

    /// Whole periods of days that `days` touches.
    pub(crate) fn widened(days: DayRange) -> DayRange {
        if days.is_empty() {
            return days;
        }
        let last = add_days(days.end, -1);
        DayRange { start: days.start.first_of_month(), end: next_day(last.last_of_month()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Month(first) => write!(f, "{:04}-{:02}", first.year(), first.month()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_as_the_documents_have_them() {
        let day: Date = "2026-02-28".parse().unwrap();
        let key = |dataset: Dataset, form| dataset.key(form, "ann", dataset.period(form, day)).to_string();
        let steps = Dataset::Samples(Metric::Steps);
        assert_eq!(key(steps, Form::Csv), "users/ann/steps/steps_2026-02-28.csv");
        assert_eq!(key(steps, Form::Parquet), "dataset/metric=steps/user=ann/month=2026-02/part-0.parquet");
        let resting = Dataset::Days(Metric::RestingHeartRate);
        assert_eq!(key(resting, Form::Csv), "users/ann/resting_heart_rate/resting_heart_rate_2026-02.csv");
        assert_eq!(
            key(Dataset::Days(Metric::Steps), Form::Csv),
            "users/ann/steps_daily/steps_daily_2026-02.csv"
        );
        assert_eq!(key(Dataset::Sleep, Form::Csv), "users/ann/sleep/sleep_2026-02.csv");
        assert_eq!(
            key(Dataset::SleepStages, Form::Parquet),
            "sleep_stages/user=ann/month=2026-02/part-0.parquet"
        );
        assert_eq!(key(Dataset::Exercises, Form::Parquet), "exercise/user=ann/month=2026-02/part-0.parquet");
        let odd = steps.key(Form::Csv, "../a b", Period::Day(day));
        assert_eq!(odd.as_str(), "users/%2E%2E%2Fa%20b/steps/steps_2026-02-28.csv");
    }

    #[test]
    fn datasets_have_names_of_their_own() {
        let all: Vec<Dataset> = Metric::all().flat_map(Dataset::of).collect();
        let names: HashSet<String> = all.iter().map(|dataset| dataset.name()).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|dataset| Dataset::named(&dataset.name()) == Some(*dataset)));
        assert_eq!(Dataset::named("moods"), None);
    }

    #[test]
    fn periods_are_whole() {
        let days = |a: &str, b: &str| DayRange { start: a.parse().unwrap(), end: b.parse().unwrap() };
        assert_eq!(Period::widened(days("2026-02-28", "2026-03-02")), days("2026-02-01", "2026-04-01"));
        assert_eq!(Period::widened(days("2026-02-03", "2026-03-01")), days("2026-02-01", "2026-03-01"));
        let feb = Period::Month("2024-02-01".parse().unwrap());
        assert_eq!((feb.days(), feb.to_string()), (days("2024-02-01", "2024-03-01"), "2024-02".to_owned()));
    }
}
