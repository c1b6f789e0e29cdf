//! Imports of archives: what was imported, and how far it has come. A window is written in one transaction with its data,
//! so that an import that broke off goes on where it was.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261124_imports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let blob = match manager.get_database_backend() {
            DbBackend::Postgres => "BYTEA",
            _ => "BLOB",
        };
        for statement in TABLES {
            manager.get_connection().execute_unprepared(&statement.replace("{blob}", blob)).await?;
        }
        Ok(())
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS import_job (
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        id BIGINT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        digest {blob} NOT NULL,
        stream_id BIGINT NOT NULL,
        state TEXT NOT NULL,
        exported_at BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        windows_total INTEGER NOT NULL,
        windows_done INTEGER NOT NULL,
        rows_written BIGINT NOT NULL,
        report TEXT,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        finished_at BIGINT,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, kind, digest)
    )",
    "CREATE TABLE IF NOT EXISTS import_window (
        user_id BIGINT NOT NULL,
        import_id BIGINT NOT NULL,
        seq INTEGER NOT NULL,
        metric SMALLINT NOT NULL,
        grain SMALLINT NOT NULL,
        from_day TEXT NOT NULL,
        to_day TEXT NOT NULL,
        state TEXT NOT NULL,
        rows_written BIGINT NOT NULL,
        PRIMARY KEY (user_id, import_id, seq)
    )",
];
