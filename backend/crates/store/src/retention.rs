//! Removing what is of no more use, some rows at a time, so that nobody waits long for it.

use pulsekeep_core::EpochMs;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::{Engine, Store, StoreError};

impl Store {
    /// Removes at most `limit` raw documents that were superseded before `before`; and those superseded before
    /// `live_before` out of which the newest answer to the same request has grown, as the answers about a day do while it
    /// lasts. An answer that was longer than the newest one may be all that is left of something. Returns how many.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_superseded(
        &self,
        before: EpochMs,
        live_before: EpochMs,
        limit: i64,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM raw_document WHERE (user_id, id) IN (SELECT r.user_id, r.id FROM raw_document r \
             WHERE r.superseded_at < $2 AND (r.superseded_at < $1 OR EXISTS (SELECT 1 FROM raw_document n \
                 WHERE n.user_id = r.user_id AND n.link_id = r.link_id AND n.request_key = r.request_key \
                 AND n.page = r.page AND n.superseded_at IS NULL AND n.bytes >= r.bytes)) \
             ORDER BY r.superseded_at LIMIT $3)";
        self.delete_rows(sql, vec![before.0.into(), live_before.0.into(), limit.into()]).await
    }

    /// Removes at most `limit` jobs that ended before `before`, with their windows; incremental ones that read all that
    /// they were for, which come several times an hour, when they ended before `live_before`. The newest of each account and kind
    /// stays, and so does every job of a batch of which another job stays. Returns how many jobs were removed; what
    /// coverage says of them then leads nowhere.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_ended_jobs(
        &self,
        before: EpochMs,
        live_before: EpochMs,
        limit: i64,
    ) -> Result<u64, StoreError> {
        let jobs = "SELECT j.user_id, j.id FROM sync_job j WHERE (j.finished_at < $1 \
                 OR j.finished_at < $3 AND j.kind = 'incremental' AND j.state = 'done') \
             AND EXISTS (SELECT 1 FROM sync_job n WHERE n.link_id = j.link_id AND n.kind = j.kind AND n.id > j.id) \
             AND NOT EXISTS (SELECT 1 FROM sync_job b WHERE b.batch_id = j.batch_id \
                 AND (b.finished_at IS NULL OR b.finished_at >= $1)) \
             ORDER BY j.finished_at LIMIT $2";
        let rows = self.rows(jobs, vec![before.0.into(), limit.into(), live_before.0.into()]).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let tx = self.write().await?;
        for row in &rows {
            let (user, job): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            for (table, column) in [("sync_page", "job_id"), ("sync_window", "job_id"), ("sync_job", "id")] {
                let sql = format!("DELETE FROM {table} WHERE user_id = $1 AND {column} = $2");
                let values: Vec<Value> = vec![user.into(), job.into()];
                tx.db().execute_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
            }
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    /// Removes at most `limit` batches that were written before `before` and have no job left; returns how many.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_empty_batches(&self, before: EpochMs, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sync_batch WHERE id IN (SELECT b.id FROM sync_batch b WHERE b.written_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM sync_job j WHERE j.batch_id = b.id) LIMIT $2)";
        self.delete(sql, before, limit).await
    }

    /// Removes at most `limit` notices that were received before `before`: nobody has taken them up, and the schedule
    /// has looked at their accounts since.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_old_notices(&self, before: EpochMs, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM push_notice WHERE (user_id, id) IN (SELECT user_id, id FROM push_notice \
             WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
        self.delete(sql, before, limit).await
    }

    /// Forgets processes that were last seen before `before`, by the machine's clock.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_old_workers(&self, before: EpochMs, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM worker_beat WHERE name IN (SELECT name FROM worker_beat WHERE seen_at < $1 LIMIT $2)";
        self.delete(sql, before, limit).await
    }

    async fn delete(&self, sql: &str, before: EpochMs, limit: i64) -> Result<u64, StoreError> {
        self.delete_rows(sql, vec![before.0.into(), limit.into()]).await
    }

    async fn delete_rows(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let tx = self.write().await?;
        let done = tx.db().execute_raw(Statement::from_sql_and_values(self.backend(), sql, values)).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }

    pub(crate) fn backend(&self) -> DbBackend {
        match self.engine() {
            Engine::Sqlite => DbBackend::Sqlite,
            Engine::Postgres => DbBackend::Postgres,
        }
    }
}
