//! Hour × weekday profiles from sample blocks.

use std::collections::HashSet;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    analysis::{ClockHours, HourProfile, ProfileBuilder},
    coverage::CoverageState,
    metric::Aggregation,
    time::DayRange,
};

use super::days::Source;
use crate::{
    StoreError,
    block::{self, Block},
    convert::{day_of, day_text},
    person::Person,
};

/// A profile, and the days that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The 168 hours of a week.
    pub hours: HourProfile,
    /// Days whose block is damaged or of a later version; nothing of them is in the profile.
    pub damaged: Vec<Date>,
}

const BLOCKS: Source = Source { table: "sample_block", names_metric: true, values: "v.body" };

impl Person {
    /// What each hour of the week is like, over the samples of `days` in the chosen streams. Each sample counts for the
    /// hour that the person's clock showed. A day that is still open (today, or one that the device has not handed over
    /// whole) counts up to its last sample.
    ///
    /// Two statements, of which one reads the blocks. Metrics without samples have an empty profile.
    ///
    /// # Errors
    /// The database's own.
    pub async fn profile(&self, metric: Metric, days: DayRange, now: EpochMs) -> Result<Profile, StoreError> {
        let clock = ClockHours::new(&self.timeline, days, now);
        let today = self.today(now);
        let open = self.partial_days(metric, days).await?;
        let mut builder = ProfileBuilder::new(metric.spec().aggregation == Aggregation::Sum);
        let mut damaged = Vec::new();
        for row in self.day_rows(&BLOCKS, &[metric], days).await? {
            let text: String = row.try_get_by_index(1)?;
            let day = day_of(&text)?;
            let body: Vec<u8> = row.try_get_by_index(2)?;
            let Ok(Block { at, offsets, values, .. }) = block::decode(&body) else {
                damaged.push(day);
                continue;
            };
            let is_open = day >= today || open.contains(&text);
            builder.add(day, clock.of_day(day), (&at, &offsets), &values, is_open);
        }
        Ok(Profile { hours: builder.finish(), damaged })
    }

    /// Days of a metric that were read and may still change.
    async fn partial_days(&self, metric: Metric, days: DayRange) -> Result<HashSet<String>, StoreError> {
        let sql = "SELECT DISTINCT v.day FROM coverage v \
             JOIN day_choice c ON c.user_id = v.user_id AND c.metric = v.metric AND c.day = v.day \
             AND c.stream_id = v.stream_id \
             WHERE v.user_id = $1 AND v.metric = $2 AND v.day >= $3 AND v.day < $4 AND v.state = $5";
        let values = vec![
            self.user.id.0.into(),
            metric.code().into(),
            day_text(days.start).into(),
            day_text(days.end).into(),
            CoverageState::Partial.key().into(),
        ];
        let rows = self.store.rows(sql, values).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }
}
