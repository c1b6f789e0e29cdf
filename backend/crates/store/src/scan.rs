//! Looks for blocks that cannot be read, all of them, in the order of their keys.

use jiff::civil::Date;
use pulsekeep_core::{Metric, id::UserId};
use sea_orm::Value;

use crate::{
    Store, StoreError,
    block::{self, BlockError},
    convert::day_of,
};

/// Blocks that are held in memory at the same time.
const AT_ONCE: usize = 500;

/// A block that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableBlock {
    /// Whose.
    pub user: UserId,
    /// Their code.
    pub code: String,
    /// Of which metric.
    pub metric: Metric,
    /// Of which civil day.
    pub day: Date,
    /// Why.
    pub error: BlockError,
}

impl Store {
    /// How many sample blocks there are, and those that cannot be read. Every block is read and decoded for it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn unreadable_blocks(&self) -> Result<(u64, Vec<UnreadableBlock>), StoreError> {
        let sql = format!(
            "SELECT b.user_id, b.metric, b.stream_id, b.day, b.samples, b.body, u.code
             FROM sample_block b JOIN app_user u ON u.id = b.user_id
             WHERE (b.user_id, b.metric, b.stream_id, b.day) > ($1, $2, $3, $4)
             ORDER BY b.user_id, b.metric, b.stream_id, b.day LIMIT {AT_ONCE}"
        );
        let mut after: [Value; 4] = [i64::MIN.into(), i16::MIN.into(), i64::MIN.into(), "".into()];
        let (mut looked_at, mut found) = (0, Vec::new());
        loop {
            let rows = self.rows(&sql, after.to_vec()).await?;
            for row in &rows {
                let day: String = row.try_get_by_index(3)?;
                let (user, metric): (i64, i16) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let stream: i64 = row.try_get_by_index(2)?;
                let samples: i32 = row.try_get_by_index(4)?;
                looked_at += 1;
                if let Err(error) = checked(&row.try_get_by_index::<Vec<u8>>(5)?, samples)
                    && let Some(metric) = Metric::from_code(metric)
                {
                    let code = row.try_get_by_index(6)?;
                    found.push(UnreadableBlock {
                        user: UserId(user),
                        code,
                        metric,
                        day: day_of(&day)?,
                        error,
                    });
                }
                after = [user.into(), metric.into(), stream.into(), day.into()];
            }
            if rows.len() < AT_ONCE {
                return Ok((looked_at, found));
            }
        }
    }
}

/// Whether a body decodes to as many samples as its row says.
pub(crate) fn checked(body: &[u8], samples: i32) -> Result<block::Block, BlockError> {
    let block = block::decode(body)?;
    if i32::try_from(block.len()) == Ok(samples) {
        return Ok(block);
    }
    Err(BlockError::Damaged("another number of samples than its row says"))
}
