//! Packing raw documents harder once nobody waits for it. On arrival they are packed fast; a day later they are as good
//! as final, and a third to a quarter of their bytes can be had for a second or two of work each.

use std::io::Write as _;

use pulsekeep_core::EpochMs;
use sea_orm::{ConnectionTrait, Statement, Value};
use zstd::zstd_safe::{CParameter, Strategy};

use crate::{Store, StoreError};

/// What `packing` says of a body that was packed hard.
const HARD: i16 = 1;
/// zstd's hardest strategy with small tables: answers repeat themselves within a few kilobytes, so that larger ones find
/// no more, and the work takes 8 MB of memory instead of 55. Measured on pages of heart rate: 27 % (native cadence) and
/// 36 % (minutes) smaller than on arrival; level 19 as it is 23 % and 36 %, level 9 16 % and 23 %.
const HARDEST: [CParameter; 7] = [
    CParameter::WindowLog(18),
    CParameter::ChainLog(18),
    CParameter::HashLog(17),
    CParameter::SearchLog(7),
    CParameter::MinMatch(3),
    CParameter::TargetLength(256),
    CParameter::Strategy(Strategy::ZSTD_btultra2),
];

/// What a look has packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repacked {
    /// Documents.
    pub documents: u64,
    /// Their stored bytes before.
    pub before: u64,
    /// And after.
    pub after: u64,
}

/// A document that is packed as it was on arrival.
struct Unpacked {
    user: i64,
    id: i64,
    bytes: usize,
    body: Vec<u8>,
}

impl Store {
    /// Packs raw documents harder that were fetched before `before` and not superseded, oldest first, one after another,
    /// until `most_bytes` (as received) are reached; at least one. What they hold stays the same, and one that does not
    /// unpack is left as it is.
    ///
    /// # Errors
    /// The database's own.
    pub async fn repack_raw(&self, before: EpochMs, most_bytes: usize) -> Result<Repacked, StoreError> {
        let mut done = Repacked::default();
        let mut seen = 0;
        while seen < most_bytes {
            let Some(document) = self.next_unpacked(before).await? else { break };
            seen += document.bytes.max(1);
            let (user, id, old) = (document.user, document.id, document.body.len());
            // Threads of their own: seconds of work must not hold up anything else.
            let packed = tokio::task::spawn_blocking(move || repacked(&document)).await;
            // Noted as done whatever came of it, so that it is not tried again and does not stand in the way of others.
            let packed = match packed {
                Ok(Ok(packed)) => (packed.len() < old).then_some(packed),
                Ok(Err(error)) => {
                    tracing::warn!(raw = id, %error, "a raw document does not unpack; it stays as it is");
                    None
                }
                // The runtime is ending, or the thread has panicked: nothing was done.
                Err(_) => break,
            };
            let new = packed.as_ref().map_or(old, Vec::len);
            let sql = "UPDATE raw_document SET packing = $1, body = COALESCE($2, body) \
                 WHERE user_id = $3 AND id = $4 AND packing = 0";
            let values: Vec<Value> = vec![HARD.into(), packed.into(), user.into(), id.into()];
            let tx = self.write().await?;
            let statement = Statement::from_sql_and_values(self.backend(), sql, values);
            let changed = tx.db().execute_raw(statement).await?.rows_affected();
            tx.commit().await?;
            done.documents += changed;
            done.before += changed * old as u64;
            done.after += changed * new as u64;
        }
        Ok(done)
    }

    async fn next_unpacked(&self, before: EpochMs) -> Result<Option<Unpacked>, StoreError> {
        let sql = "SELECT user_id, id, bytes, body FROM raw_document \
             WHERE packing = 0 AND superseded_at IS NULL AND fetched_at < $1 ORDER BY fetched_at LIMIT 1";
        let rows = self.rows(sql, vec![before.0.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let bytes: i64 = row.try_get_by_index(2)?;
        Ok(Some(Unpacked {
            user: row.try_get_by_index(0)?,
            id: row.try_get_by_index(1)?,
            bytes: usize::try_from(bytes).unwrap_or(0),
            body: row.try_get_by_index(3)?,
        }))
    }
}

fn repacked(document: &Unpacked) -> std::io::Result<Vec<u8>> {
    let body = zstd::bulk::decompress(&document.body, document.bytes)?;
    let mut encoder = zstd::Encoder::new(Vec::new(), 19)?;
    for parameter in HARDEST {
        encoder.set_parameter(parameter)?;
    }
    encoder.set_pledged_src_size(Some(body.len() as u64))?;
    encoder.include_contentsize(true)?;
    encoder.write_all(&body)?;
    encoder.finish()
}
