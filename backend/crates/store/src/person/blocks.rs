//! Rows of sample blocks by the chosen stream, a query for all of a range and no more columns than are asked for.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    id::StreamId,
    time::{DayRange, add_days, next_day},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryResult, QuerySelect, Value};
use sha2::{Digest, Sha256};

use super::Person;
use crate::{
    StoreError,
    block::{Block, BlockError},
    convert::{day_of, day_text},
    entity::day_choice,
    scan::checked,
};

/// Which samples of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleRange {
    /// Those of whole civil days, by each sample's own offset.
    Days(DayRange),
    /// Those of a half-open range of instants.
    Instants(EpochMs, EpochMs),
}

impl SampleRange {
    /// The civil days in which its samples may lie: those of instants by any clock there is.
    #[must_use]
    pub fn days(self) -> DayRange {
        match self {
            Self::Days(days) => days,
            Self::Instants(from, to) => {
                DayRange { start: add_days(from.civil(0).date(), -2), end: add_days(to.civil(0).date(), 3) }
            }
        }
    }

    /// The same within `days`.
    #[must_use]
    pub(super) fn instants(self) -> (i64, i64) {
        match self {
            Self::Days(_) => (i64::MIN, i64::MAX),
            Self::Instants(from, to) => (from.0, to.0),
        }
    }
}

/// A day whose samples are stored and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableDay {
    /// The day.
    pub day: Date,
    /// Why.
    pub error: BlockError,
}

/// A day's samples, not yet decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDay {
    /// The civil day.
    pub day: Date,
    /// How many samples there should be.
    pub samples: i32,
    body: Vec<u8>,
}

impl StoredDay {
    /// Decodes it.
    ///
    /// # Errors
    /// [`UnreadableDay`] when the bytes are damaged, of a later version, or not what the row says.
    pub fn decode(&self) -> Result<Block, UnreadableDay> {
        checked(&self.body, self.samples).map_err(|error| UnreadableDay { day: self.day, error })
    }
}

/// What is known of a day's samples without decoding them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DaySummary {
    /// The civil day.
    pub day: Date,
    /// Samples.
    pub count: u32,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// One query on blocks.
pub(super) struct Pick<'a> {
    pub(super) metric: Metric,
    pub(super) days: DayRange,
    /// Blocks that overlap these instants, half-open.
    pub(super) instants: (i64, i64),
    /// A stream by name instead of the chosen ones.
    pub(super) stream: Option<StreamId>,
    /// These days alone, where they are few.
    pub(super) only: Option<&'a [String]>,
}

impl Person {
    /// `columns` of the blocks that are picked, in order of their days. `b` is the block.
    pub(super) async fn block_rows(
        &self,
        pick: &Pick<'_>,
        columns: &str,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut values: Vec<Value> = vec![
            self.user.id.0.into(),
            pick.metric.code().into(),
            day_text(pick.days.start).into(),
            day_text(pick.days.end).into(),
            pick.instants.0.into(),
            pick.instants.1.into(),
        ];
        let (tables, mut further) = match pick.stream {
            Some(stream) => {
                values.push(stream.0.into());
                ("sample_block b", format!("AND b.stream_id = ${}", values.len()))
            }
            // The choice first: it has the days in order, and names the block's key.
            None => (
                "day_choice c JOIN sample_block b ON b.user_id = c.user_id AND b.metric = c.metric
                    AND b.stream_id = c.stream_id AND b.day = c.day",
                String::new(),
            ),
        };
        let key = if pick.stream.is_some() { "b" } else { "c" };
        if let Some(only) = pick.only {
            let first = values.len() + 1;
            values.extend(only.iter().map(|day| Value::from(day.clone())));
            let places: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
            further.push_str(&format!(" AND b.day IN ({})", places.join(", ")));
        }
        let sql = format!(
            "SELECT b.day, {columns} FROM {tables}
             WHERE {key}.user_id = $1 AND {key}.metric = $2 AND {key}.day >= $3 AND {key}.day < $4
                AND b.last_ms >= $5 AND b.first_ms < $6 {further}
             ORDER BY {key}.day"
        );
        self.store.rows(&sql, values).await
    }

    /// The samples of a metric by the chosen stream, day by day, not yet decoded. `range` bounds what comes by whole
    /// blocks; who asked for instants cuts the samples himself.
    ///
    /// # Errors
    /// The database's own.
    pub async fn stored_days(
        &self,
        metric: Metric,
        range: SampleRange,
        days: DayRange,
    ) -> Result<Vec<StoredDay>, StoreError> {
        let pick = Pick { metric, days, instants: range.instants(), stream: None, only: None };
        let rows = self.block_rows(&pick, "b.samples, b.body").await?;
        rows.iter().map(stored_day).collect()
    }

    /// Count, minimum and maximum of each day's samples by the chosen stream.
    ///
    /// # Errors
    /// The database's own.
    pub async fn day_summaries(&self, metric: Metric, days: DayRange) -> Result<Vec<DaySummary>, StoreError> {
        let instants = SampleRange::Days(days).instants();
        let pick = Pick { metric, days, instants, stream: None, only: None };
        let rows = self.block_rows(&pick, "b.samples, b.value_min, b.value_max").await?;
        let summary = |row: &QueryResult| {
            Ok(DaySummary {
                day: day_of(&row.try_get_by_index::<String>(0)?)?,
                count: u32::try_from(row.try_get_by_index::<i32>(1)?).unwrap_or(0),
                min: row.try_get_by_index(2)?,
                max: row.try_get_by_index(3)?,
            })
        };
        rows.iter().map(summary).collect()
    }

    /// The first and the last day for which a stream is chosen, of each metric that has any.
    ///
    /// # Errors
    /// The database's own.
    pub async fn reach(&self) -> Result<HashMap<Metric, DayRange>, StoreError> {
        use day_choice::Column as C;
        let rows: Vec<(i16, String, String)> = day_choice::Entity::find()
            .select_only()
            .column(C::Metric)
            .column_as(C::Day.min(), "first")
            .column_as(C::Day.max(), "last")
            .filter(C::UserId.eq(self.user.id.0))
            .group_by(C::Metric)
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let reach = |(metric, first, last): (i16, String, String)| {
            let days = DayRange { start: day_of(&first)?, end: next_day(day_of(&last)?) };
            Ok(Metric::from_code(metric).map(|metric| (metric, days)))
        };
        rows.into_iter().filter_map(|row| reach(row).transpose()).collect()
    }

    /// Feeds `hash` with the versions of the blocks that a read of `range` would decode, in order: the same versions
    /// mean the same samples.
    ///
    /// # Errors
    /// The database's own.
    pub async fn hash_versions(
        &self,
        metric: Metric,
        range: SampleRange,
        days: DayRange,
        hash: &mut Sha256,
    ) -> Result<(), StoreError> {
        let pick = Pick { metric, days, instants: range.instants(), stream: None, only: None };
        // Blocks of earlier versions have no digest: their bytes stand for them.
        let columns = "b.stream_id, b.digest, CASE WHEN b.digest IS NULL THEN b.body END";
        for row in self.block_rows(&pick, columns).await? {
            let day: String = row.try_get_by_index(0)?;
            let stream: i64 = row.try_get_by_index(1)?;
            let digest = match row.try_get_by_index::<Option<i64>>(2)? {
                Some(digest) => digest,
                None => digest_of(&row.try_get_by_index::<Option<Vec<u8>>>(3)?.unwrap_or_default()),
            };
            hash.update(metric.code().to_le_bytes());
            hash.update(day.as_bytes());
            hash.update(stream.to_le_bytes());
            hash.update(digest.to_le_bytes());
        }
        Ok(())
    }
}

pub(super) fn stored_day(row: &QueryResult) -> Result<StoredDay, StoreError> {
    Ok(StoredDay {
        day: day_of(&row.try_get_by_index::<String>(0)?)?,
        samples: row.try_get_by_index(1)?,
        body: row.try_get_by_index(2)?,
    })
}

/// What stands beside a block for its content: the first 64 bits of its SHA-256.
pub(crate) fn digest_of(body: &[u8]) -> i64 {
    let digest = Sha256::digest(body);
    i64::from_le_bytes(digest.first_chunk().copied().unwrap_or_default())
}
