//! A person in one row of the cohort table.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    coverage::CoverageState,
    job::JobState,
    time::{DayRange, add_days, next_day},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::Person;
use crate::{StoreError, entity::sync_job};

/// What the cohort table shows of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonSummary {
    /// The days looked at, the last of them today.
    pub days: DayRange,
    /// When something was last read.
    pub last_sync_at: Option<EpochMs>,
    /// The last day with a daily value.
    pub last_data_day: Option<Date>,
    /// Share of (metric, day) pairs asked for that were read, of the past days; `None` when none was asked for.
    pub coverage_share: Option<f64>,
    /// Steps of each day.
    pub steps: Vec<Option<f64>>,
    /// Jobs that move.
    pub active_jobs: u64,
}

impl Person {
    /// The person in one row: the last `days` days, today included.
    ///
    /// # Errors
    /// The database's own.
    pub async fn summary(&self, days: u16, now: EpochMs) -> Result<PersonSummary, StoreError> {
        let today = self.today(now);
        let range = DayRange { start: add_days(today, 1 - i64::from(days.max(1))), end: next_day(today) };
        let steps = self.daily(&[Metric::Steps], range, None).await?.remove(0).values;
        let metrics: Vec<Metric> = Metric::all().collect();
        let coverage = self.coverage(&metrics, range).await?;
        let read = coverage.iter().filter(|c| {
            matches!(
                c.state,
                CoverageState::Complete | CoverageState::EmptyConfirmed | CoverageState::Partial
            )
        });
        let moving = [JobState::Planned, JobState::Running, JobState::Waiting].map(JobState::key);
        let active_jobs = sync_job::Entity::find()
            .filter(sync_job::Column::UserId.eq(self.user.id.0))
            .filter(sync_job::Column::State.is_in(moving))
            .count(self.store.reader())
            .await?;
        #[expect(clippy::cast_precision_loss, reason = "counts of days")]
        let share = (!coverage.is_empty()).then(|| read.count() as f64 / coverage.len() as f64);
        Ok(PersonSummary {
            days: range,
            last_sync_at: self.links().await?.iter().filter_map(|l| l.last_sync_at).max(),
            last_data_day: self.last_day_with_data(range).await?,
            coverage_share: share,
            steps,
            active_jobs,
        })
    }
}
