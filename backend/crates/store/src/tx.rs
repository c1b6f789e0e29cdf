//! The unit of work.

use std::collections::BTreeSet;

use pulsekeep_core::{
    EpochMs,
    id::{JobId, UserId},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, Statement};

use crate::{Change, Engine, Store, StoreError, change::CHANNEL, database::plus, entity::change_counter};

/// A transaction that writes. Dropped without [`WriteTx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct WriteTx {
    store: Store,
    tx: DatabaseTransaction,
    changed_jobs: BTreeSet<(i64, i64)>,
}

impl WriteTx {
    pub(crate) fn new(store: Store, tx: DatabaseTransaction) -> Self {
        Self { store, tx, changed_jobs: BTreeSet::new() }
    }

    pub(crate) fn db(&self) -> &DatabaseTransaction {
        &self.tx
    }

    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    pub(crate) fn next_id(&self, now: EpochMs) -> i64 {
        self.store.next_id(now)
    }

    /// The next number of the change counter, by which other processes on SQLite find changed jobs. PostgreSQL
    /// notifies instead, and a counter row would make its writers queue.
    pub(crate) async fn next_change(&mut self, user: UserId, job: JobId) -> Result<i64, StoreError> {
        self.changed_jobs.insert((user.0, job.0));
        if self.engine() == Engine::Postgres {
            return Ok(0);
        }
        change_counter::Entity::update_many()
            .col_expr(change_counter::Column::Value, plus(change_counter::Column::Value, 1))
            .exec(&self.tx)
            .await?;
        let row = change_counter::Entity::find_by_id(1_i16).one(&self.tx).await?;
        Ok(row.map_or(0, |row| row.value))
    }

    /// Makes it durable, then tells those who watch jobs.
    ///
    /// # Errors
    /// The database's own; nothing was written then.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            for (user, job) in &self.changed_jobs {
                let notify = Statement::from_sql_and_values(
                    DbBackend::Postgres,
                    "SELECT pg_notify($1, $2)",
                    [CHANNEL.into(), format!("{user} {job}").into()],
                );
                self.tx.execute_raw(notify).await?;
            }
        }
        self.tx.commit().await?;
        for (user, job) in self.changed_jobs {
            self.store.announce(Change { job: JobId(job), user: UserId(user) });
        }
        Ok(())
    }
}
