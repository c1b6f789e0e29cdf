//! Telling those who watch that a job has changed, within this process and across processes. Only ids travel; the
//! watcher reads again through [`crate::Person`] or [`crate::Store::job`].

use std::time::Duration;

use pulsekeep_core::id::{JobId, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sqlx::postgres::PgListener};
use tokio::sync::broadcast;

use crate::{
    Engine, Store, StoreError,
    entity::{change_counter, sync_job},
};

/// A job has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The job.
    pub job: JobId,
    /// The person it is for.
    pub user: UserId,
}

pub(crate) const CHANNEL: &str = "pulsekeep_jobs";

/// How often an SQLite database is looked at for changes of other processes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Store {
    /// Changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.change_sender().subscribe()
    }

    /// Passes on the changes of other processes, until it is dropped: NOTIFY on PostgreSQL, a look at the change
    /// counter every second on SQLite.
    ///
    /// # Errors
    /// The database's own; the caller starts it again.
    pub async fn relay_changes(&self) -> Result<(), StoreError> {
        match self.engine() {
            Engine::Postgres => self.relay_notifications().await,
            Engine::Sqlite => self.relay_counter().await,
        }
    }

    async fn relay_notifications(&self) -> Result<(), StoreError> {
        let unreachable = |error: sea_orm::sqlx::Error| StoreError::Unreachable(error.to_string());
        let mut listener = PgListener::connect_with(self.reader().get_postgres_connection_pool())
            .await
            .map_err(unreachable)?;
        listener.listen(CHANNEL).await.map_err(unreachable)?;
        loop {
            let notification = listener.recv().await.map_err(unreachable)?;
            let mut parts = notification.payload().split(' ').map(str::parse::<i64>);
            if let (Some(Ok(user)), Some(Ok(job))) = (parts.next(), parts.next()) {
                self.announce(Change { job: JobId(job), user: UserId(user) });
            }
        }
    }

    async fn relay_counter(&self) -> Result<(), StoreError> {
        let mut seen = self.change_counter().await?;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            if self.change_counter().await? == seen {
                continue;
            }
            let rows: Vec<(i64, i64, i64)> = sync_job::Entity::find()
                .select_only()
                .columns([sync_job::Column::ChangeSeq, sync_job::Column::Id, sync_job::Column::UserId])
                .filter(sync_job::Column::ChangeSeq.gt(seen))
                .order_by_asc(sync_job::Column::ChangeSeq)
                .into_tuple()
                .all(self.reader())
                .await?;
            for (seq, job, user) in rows {
                seen = seen.max(seq);
                self.announce(Change { job: JobId(job), user: UserId(user) });
            }
        }
    }

    async fn change_counter(&self) -> Result<i64, StoreError> {
        Ok(change_counter::Entity::find_by_id(1_i16).one(self.reader()).await?.map_or(0, |row| row.value))
    }

    pub(crate) fn announce(&self, change: Change) {
        // Nobody listening is not an error.
        let _ = self.change_sender().send(change);
    }
}
