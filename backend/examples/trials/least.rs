//! The fewest requests that a person-year can take under the providers' documented limits, worked out from the data
//! that are there and not by the planner.

use std::collections::BTreeMap;

use pulsekeep_core::{
    account::ProviderKey,
    catalogue::{Endpoint, Grain},
};
use pulsekeep_testkit::TestDatabase;

/// Rows of a page of Google Health at most; 25 for sleep and exercise.
const PAGE: i64 = 10_000;
const SESSIONS: i64 = 25;
/// Days of a roll-up at most, of heart rate and total calories.
const SHORT_ROLL_UP: i64 = 14;

/// What a stored year holds.
#[derive(Debug, Default)]
pub(crate) struct Year {
    days: i64,
    /// By metric: days with samples, and samples.
    blocks: BTreeMap<i16, (i64, i64)>,
    sleeps: i64,
    exercises: i64,
}

impl Year {
    /// Counts what a database of one person holds of `days` days.
    pub(crate) async fn of(db: &TestDatabase, days: i64) -> anyhow::Result<Self> {
        let count = async |sql: &str| -> anyhow::Result<i64> {
            Ok(db.texts(sql).await.first().map_or(Ok(0), |n| n.parse())?)
        };
        let mut year = Self {
            days,
            sleeps: count("SELECT CAST(count(*) AS TEXT) FROM sleep_session").await?,
            exercises: count("SELECT CAST(count(*) AS TEXT) FROM exercise_session").await?,
            ..Self::default()
        };
        let sql = "SELECT metric || '|' || count(*) || '|' || sum(samples) FROM sample_block GROUP BY metric";
        for row in db.texts(sql).await {
            let numbers: Vec<i64> = row.split('|').map(str::parse).collect::<Result<_, _>>()?;
            let [metric, days, samples] = numbers[..] else { anyhow::bail!("a row of another shape") };
            year.blocks.insert(i16::try_from(metric)?, (days, samples));
        }
        Ok(year)
    }

    /// The fewest requests of an endpoint.
    pub(crate) fn least(&self, endpoint: &Endpoint) -> i64 {
        match endpoint.provider {
            ProviderKey::GoogleHealth => self.least_of_google(endpoint),
            ProviderKey::Fitbit => self.least_of_fitbit(endpoint),
        }
    }

    fn of_metric(&self, endpoint: &Endpoint) -> (i64, i64) {
        self.blocks.get(&endpoint.metrics[0].code()).copied().unwrap_or_default()
    }

    fn least_of_google(&self, endpoint: &Endpoint) -> i64 {
        let (days, samples) = self.of_metric(endpoint);
        let name = endpoint.key.trim_start_matches("google.");
        match (name, endpoint.grain) {
            ("sleep", _) => over(self.sleeps, SESSIONS).max(1),
            ("exercise", _) => over(self.exercises, SESSIONS).max(1),
            ("heart_rate.day" | "calories.day", _) => over(self.days, SHORT_ROLL_UP),
            ("heart_rate.minute" | "calories.minute", _) => fewest_of_dense(days),
            (
                "steps.day"
                | "distance.day"
                | "floors.day"
                | "elevation.day"
                | "active_calories.day"
                | "active_zone_minutes.day"
                | "activity_level.day"
                | "heart_zones.day",
                _,
            ) => over(self.days, 90),
            // Reconcile has no limit of range; only rows take pages.
            (_, Grain::Minute) => over(samples, PAGE).max(1),
            _ => 1,
        }
    }

    fn least_of_fitbit(&self, endpoint: &Endpoint) -> i64 {
        let (days, _) = self.of_metric(endpoint);
        let name = endpoint.key.trim_start_matches("fitbit.");
        match name {
            "sleep" => over(self.days, 100),
            "exercise" => over(self.exercises, 100).max(1),
            "weight.reading" => over(self.days, 31),
            "active_calories.day"
            | "heart_rate_variability.day"
            | "breathing_rate.day"
            | "skin_temperature_relative.day"
            | "vo2_max.day"
            | "body_fat.reading"
            | "core_temperature.reading"
            | "heart_rate_variability.minute"
            | "oxygen_saturation.minute" => over(self.days, 30),
            // A day in each request, and days without anything need none.
            _ if endpoint.grain == Grain::Minute => days,
            _ => 1,
        }
    }
}

fn over(amount: i64, by: i64) -> i64 {
    (amount + by - 1) / by
}

/// Windows of whole days, each as long as is cheapest: so many minutes a day, pages of 10,000.
fn fewest_of_dense(days: i64) -> i64 {
    let mut fewest = vec![0; usize::try_from(days).unwrap_or(0) + 1];
    for n in 1..fewest.len() {
        let longest = n.min(14);
        fewest[n] = (1..=longest)
            .map(|length| fewest[n - length] + over(i64::try_from(length).unwrap_or(0) * 24 * 60, PAGE))
            .min()
            .unwrap_or(0);
    }
    fewest.last().copied().unwrap_or(0)
}
