//! Counts for those who run the server: no health value, no name, no id.

use pulsekeep_core::EpochMs;

use crate::{Store, StoreError};

/// A count by some words, for example provider and state.
pub(crate) type Count<const N: usize> = ([String; N], i64);

/// What the database says of the work, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Sync jobs that are kept, by kind and state.
    pub jobs: Vec<Count<2>>,
    /// Windows that were not read yet, by state.
    pub windows: Vec<Count<1>>,
    /// Windows that wait for a provider's budget.
    pub budget_waits: i64,
    /// Requests of the jobs that are kept, by provider: those that the plans counted, and those made again.
    pub requests: Vec<(String, i64, i64)>,
    /// Linked accounts by provider and state.
    pub accounts: Vec<Count<2>>,
    /// Batches whose jobs are not all written.
    pub unwritten_batches: i64,
    /// Notices that wait for a job.
    pub notices: i64,
}

impl Store {
    /// Counts the work.
    ///
    /// # Errors
    /// The database's own.
    pub async fn telemetry(&self, now: EpochMs) -> Result<Telemetry, StoreError> {
        let requests = "SELECT l.provider, CAST(SUM(j.requests_done - j.retries) AS BIGINT), \
             CAST(SUM(j.retries) AS BIGINT) FROM sync_job j JOIN linked_account l ON l.id = j.link_id \
             GROUP BY l.provider ORDER BY l.provider";
        let mut by_provider = Vec::new();
        for row in self.rows(requests, Vec::new()).await? {
            by_provider.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
        }
        let waits = "SELECT COUNT(*) FROM sync_window WHERE state = 'due' AND code = 'rate_limited' AND next_run_at > $1";
        Ok(Telemetry {
            jobs: self.counts("SELECT kind, state, COUNT(*) FROM sync_job GROUP BY kind, state").await?,
            windows: self
                .counts(
                    "SELECT state, COUNT(*) FROM sync_window WHERE state IN ('held', 'due', 'running') GROUP BY state",
                )
                .await?,
            budget_waits: self.number(waits, Some(now.0)).await?,
            requests: by_provider,
            accounts: self
                .counts("SELECT provider, state, COUNT(*) FROM linked_account GROUP BY provider, state")
                .await?,
            unwritten_batches: self
                .number("SELECT COUNT(*) FROM sync_batch WHERE written_at IS NULL", None)
                .await?,
            notices: self.number("SELECT COUNT(*) FROM push_notice", None).await?,
        })
    }

    async fn counts<const N: usize>(&self, sql: &str) -> Result<Vec<Count<N>>, StoreError> {
        let mut counts = Vec::new();
        for row in self.rows(sql, Vec::new()).await? {
            let mut words = [const { String::new() }; N];
            for (i, word) in words.iter_mut().enumerate() {
                *word = row.try_get_by_index(i)?;
            }
            counts.push((words, row.try_get_by_index(N)?));
        }
        counts.sort();
        Ok(counts)
    }

    async fn number(&self, sql: &str, value: Option<i64>) -> Result<i64, StoreError> {
        let rows = self.rows(sql, value.map(Into::into).into_iter().collect()).await?;
        Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }
}
