//! A person in one row of the cohort table.

use std::sync::Arc;

use jiff::civil::Date;
use pulsekeep_core::{EpochMs, time::DayRange};

use super::Person;
use crate::StoreError;

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
    /// The person in one row: the last `days` days, today included. For many people, [`crate::Store::summaries`].
    ///
    /// # Errors
    /// The database's own.
    pub async fn summary(&self, days: u16, now: EpochMs) -> Result<PersonSummary, StoreError> {
        let mut summaries = self.store.summaries(&[Arc::new(self.clone())], days, now).await?;
        summaries.remove(&self.user.id).ok_or(StoreError::Conflict)
    }
}
