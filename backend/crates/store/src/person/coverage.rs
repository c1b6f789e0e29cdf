//! Coverage by metric and day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    coverage::CoverageState,
    id::{JobId, RawId},
    job::FailureCode,
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Person;
use crate::{
    StoreError,
    convert::{day_of, day_text},
    entity::coverage,
};

/// What is known of a metric on a day, the worst of its grains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageDay {
    /// The metric.
    pub metric: Metric,
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: CoverageState,
    /// Why it failed.
    pub code: Option<FailureCode>,
    /// When it was last asked for.
    pub checked_at: Option<EpochMs>,
    /// The raw document behind it.
    pub raw_id: Option<RawId>,
    /// The job behind it.
    pub job_id: Option<JobId>,
}

/// How much there is to say about a state: of several grains or streams the one with the most is shown.
fn weight(state: CoverageState) -> u8 {
    match state {
        CoverageState::Failed => 5,
        CoverageState::NotPermitted => 4,
        CoverageState::Pending => 3,
        CoverageState::Partial => 2,
        CoverageState::Complete => 1,
        CoverageState::EmptyConfirmed => 0,
    }
}

impl Person {
    /// Coverage of the days of `days` that were ever asked for, by metric, then day.
    ///
    /// # Errors
    /// The database's own.
    pub async fn coverage(&self, metrics: &[Metric], days: DayRange) -> Result<Vec<CoverageDay>, StoreError> {
        use coverage::Column as C;
        let rows = coverage::Entity::find()
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Metric.is_in(metrics.iter().map(|m| m.code())))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .order_by_asc(C::Metric)
            .order_by_asc(C::Day)
            .all(self.store.reader())
            .await?;
        let chosen = self.chosen_streams(metrics, days).await?;
        let mut by_day: BTreeMap<(Metric, Date), CoverageDay> = BTreeMap::new();
        for row in rows {
            let Some(metric) = Metric::from_code(row.metric) else { continue };
            // Where a stream is chosen, what others know of the day does not count.
            if chosen.get(&(row.metric, row.day.clone())).is_some_and(|stream| *stream != row.stream_id) {
                continue;
            }
            let day = day_of(&row.day)?;
            let found = CoverageDay {
                metric,
                day,
                state: CoverageState::parse(&row.state).unwrap_or(CoverageState::Failed),
                code: row.code.as_deref().and_then(FailureCode::parse),
                checked_at: row.checked_at.map(EpochMs),
                raw_id: row.raw_id.map(RawId),
                job_id: row.job_id.map(JobId),
            };
            let worse =
                by_day.get(&(metric, day)).is_none_or(|known| weight(found.state) > weight(known.state));
            if worse {
                by_day.insert((metric, day), found);
            }
        }
        Ok(by_day.into_values().collect())
    }
}
