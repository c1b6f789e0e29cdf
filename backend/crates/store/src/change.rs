//! Telling those who watch that a job has changed, within this process and across processes. Only ids travel; the
//! watcher reads again through [`crate::Person`] or [`crate::Store::job`].

use std::time::Duration;

use pulsekeep_core::id::{ExportId, JobId, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sqlx::postgres::PgListener};
use tokio::sync::broadcast;

use crate::{
    Engine, Store, StoreError,
    entity::{change_counter, export_job, sync_job},
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
pub(crate) const EXPORT_CHANNEL: &str = "pulsekeep_exports";

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
        listener.listen_all([CHANNEL, EXPORT_CHANNEL]).await.map_err(unreachable)?;
        loop {
            let notification = listener.recv().await.map_err(unreachable)?;
            if notification.channel() == EXPORT_CHANNEL {
                notification.payload().parse().map(|id| self.announce_export(ExportId(id))).ok();
                continue;
            }
            let mut parts = notification.payload().split(' ').map(str::parse::<i64>);
            if let (Some(Ok(user)), Some(Ok(job))) = (parts.next(), parts.next()) {
                self.announce(Change { job: JobId(job), user: UserId(user) });
            }
        }
    }

    async fn relay_counter(&self) -> Result<(), StoreError> {
        let mut seen = self.change_counter().await?;
        let mut exports_seen = seen;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            // Sync jobs and export jobs share the counter, each kind with the place up to which it was read.
            if self.change_counter().await? == seen.max(exports_seen) {
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
            let rows: Vec<(i64, i64)> = export_job::Entity::find()
                .select_only()
                .columns([export_job::Column::ChangeSeq, export_job::Column::Id])
                .filter(export_job::Column::ChangeSeq.gt(exports_seen))
                .into_tuple()
                .all(self.reader())
                .await?;
            for (seq, id) in rows {
                exports_seen = exports_seen.max(seq);
                self.announce_export(ExportId(id));
            }
        }
    }

    async fn change_counter(&self) -> Result<i64, StoreError> {
        Ok(change_counter::Entity::find_by_id(1_i16).one(self.reader()).await?.map_or(0, |row| row.value))
    }

    /// Export jobs that change, from now on.
    #[must_use]
    pub fn export_changes(&self) -> broadcast::Receiver<ExportId> {
        self.export_sender().subscribe()
    }

    pub(crate) fn announce_export(&self, id: ExportId) {
        // Nobody listening is not an error.
        let _ = self.export_sender().send(id);
    }

    pub(crate) fn announce(&self, change: Change) {
        // Nobody listening is not an error.
        let _ = self.change_sender().send(change);
    }
}
