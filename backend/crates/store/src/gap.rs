//! What was given up: the gaps of jobs and batches.

use pulsekeep_core::{
    Metric,
    catalogue::endpoint,
    id::{BatchId, JobId, UserId},
    job::{FailureCode, WindowState},
    time::DayRange,
};
use sea_orm::{QueryResult, Value};

use crate::{Store, StoreError, convert::range_of};

/// Days of a metric of somebody that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncGap {
    /// Whose.
    pub user: UserId,
    /// Their name.
    pub user_name: String,
    /// The metric.
    pub metric: Metric,
    /// The days.
    pub days: DayRange,
    /// Why.
    pub code: FailureCode,
}

/// Whose gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapsOf {
    /// Of one job.
    Job(UserId, JobId),
    /// Of all jobs of a batch.
    Batch(BatchId),
}

impl Store {
    /// Which days of which metrics were given up, by person and day, at most `limit`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn gaps(&self, of: GapsOf, limit: usize) -> Result<Vec<SyncGap>, StoreError> {
        let (condition, id, user): (_, i64, Option<i64>) = match of {
            GapsOf::Job(user, job) => ("j.user_id = $3 AND j.id = $1", job.0, Some(user.0)),
            GapsOf::Batch(batch) => ("j.batch_id = $1", batch.0, None),
        };
        let sql = format!(
            "SELECT w.user_id, u.display_name, j.metrics, w.endpoint, w.from_day, w.to_day, w.code \
             FROM sync_job j JOIN sync_window w ON w.user_id = j.user_id AND w.job_id = j.id \
             JOIN app_user u ON u.id = w.user_id \
             WHERE {condition} AND w.state = '{}' ORDER BY w.user_id, w.from_day, w.job_id, w.seq LIMIT $2",
            WindowState::Failed.key()
        );
        let mut values: Vec<Value> = vec![id.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
        values.extend(user.map(Value::from));
        let mut gaps = Vec::new();
        for row in self.rows(&sql, values).await? {
            gaps.extend(gaps_of(&row)?);
        }
        gaps.truncate(limit);
        Ok(gaps)
    }
}

/// A window that was given up is a gap of each metric that was asked for and that its endpoint gives.
fn gaps_of(row: &QueryResult) -> Result<Vec<SyncGap>, StoreError> {
    let text = |column: usize| row.try_get_by_index::<String>(column);
    let asked: Vec<Metric> = text(2)?.split_whitespace().filter_map(|m| m.parse().ok()).collect();
    let Some(endpoint) = endpoint(&text(3)?) else { return Ok(Vec::new()) };
    let days = range_of(&text(4)?, &text(5)?)?;
    let code = row.try_get_by_index::<Option<String>>(6)?;
    let gap = |metric| {
        Ok(SyncGap {
            user: UserId(row.try_get_by_index(0)?),
            user_name: text(1)?,
            metric,
            days,
            code: code.as_deref().and_then(FailureCode::parse).unwrap_or(FailureCode::Internal),
        })
    };
    endpoint.metrics.iter().copied().filter(|metric| asked.contains(metric)).map(gap).collect()
}
