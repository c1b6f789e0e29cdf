//! Indexes for the look at what is due: jobs that move, and windows that are open, however many have ended.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_due_windows"
    }
}

// The states are written out, as in the queries that use these indexes: neither engine takes a partial index for a
// state that comes as a parameter.
const INDEXES: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS sync_job_moving ON sync_job (priority, id) \
     WHERE state IN ('planned', 'running', 'waiting')",
    "CREATE INDEX IF NOT EXISTS sync_window_open ON sync_window (user_id, job_id, seq) \
     WHERE state IN ('due', 'running')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
