//! Export jobs: what is to be written to the sink, and how far it is.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261123_exports"
    }
}

const STATEMENTS: &[&str] = &[
    // `people` are ids separated by spaces, NULL for everybody; `from_day` and `to_day` are half-open, NULL for all there
    // is. The lease names the process at work.
    "CREATE TABLE IF NOT EXISTS export_job (
        id BIGINT NOT NULL PRIMARY KEY,
        state TEXT NOT NULL,
        format TEXT NOT NULL,
        deidentified BOOLEAN NOT NULL,
        people TEXT,
        metrics TEXT NOT NULL,
        from_day TEXT,
        to_day TEXT,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        updated_at BIGINT NOT NULL,
        finished_at BIGINT,
        attempt INTEGER NOT NULL,
        next_run_at BIGINT NOT NULL,
        lease_owner TEXT,
        lease_until BIGINT,
        problem TEXT,
        people_total INTEGER NOT NULL,
        people_done INTEGER NOT NULL,
        objects_total BIGINT NOT NULL,
        objects_done BIGINT NOT NULL,
        objects_written BIGINT NOT NULL,
        rows_written BIGINT NOT NULL,
        bytes_written BIGINT NOT NULL,
        change_seq BIGINT NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS export_job_open ON export_job (id) \
     WHERE state IN ('planned', 'running', 'waiting')",
    "CREATE INDEX IF NOT EXISTS export_job_change ON export_job (change_seq)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
