//! What stands for the content of a day's samples without decoding them.

use jiff::civil::Date;
use pulsekeep_core::{Metric, time::DayRange};

use super::{Person, SampleRange, blocks::Pick, digest_of};
use crate::{StoreError, convert::day_of};

/// The version of a day's samples: the same version means the same samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayVersion {
    /// The civil day.
    pub day: Date,
    /// Samples.
    pub samples: i32,
    /// The stream that is chosen for the day.
    pub stream: i64,
    /// A digest of what is stored.
    pub digest: i64,
}

impl Person {
    /// The versions of a metric's samples by the chosen stream, in order of the days that have any.
    ///
    /// # Errors
    /// The database's own.
    pub async fn day_versions(&self, metric: Metric, days: DayRange) -> Result<Vec<DayVersion>, StoreError> {
        let instants = SampleRange::Days(days).instants();
        let pick = Pick { metric, days, instants, stream: None, only: None };
        // Blocks of earlier versions have no digest: their bytes stand for them.
        let columns = "b.samples, b.stream_id, b.digest, CASE WHEN b.digest IS NULL THEN b.body END";
        let mut versions = Vec::new();
        for row in self.block_rows(&pick, columns).await? {
            let digest = match row.try_get_by_index::<Option<i64>>(3)? {
                Some(digest) => digest,
                None => digest_of(&row.try_get_by_index::<Option<Vec<u8>>>(4)?.unwrap_or_default()),
            };
            versions.push(DayVersion {
                day: day_of(&row.try_get_by_index::<String>(0)?)?,
                samples: row.try_get_by_index(1)?,
                stream: row.try_get_by_index(2)?,
                digest,
            });
        }
        Ok(versions)
    }
}
