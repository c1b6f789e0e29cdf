//! For reads: beside each sample block its coarser levels and a digest of its content, which can both be made from the
//! block (rows of earlier versions do without them until they are next written); and indexes for what is read of many
//! people at once.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_read_path"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let blob = match manager.get_database_backend() {
            DbBackend::Postgres => "BYTEA",
            _ => "BLOB",
        };
        for (column, kind) in [("levels", blob), ("digest", "BIGINT")] {
            // SQLite knows no ADD COLUMN IF NOT EXISTS, and a migration that broke off there is half applied.
            if !manager.has_column("sample_block", column).await? {
                db.execute_unprepared(&format!("ALTER TABLE sample_block ADD COLUMN {column} {kind}"))
                    .await?;
            }
        }
        for statement in INDEXES {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const INDEXES: &[&str] = &[
    // A raw document is asked for by its id alone.
    "CREATE INDEX IF NOT EXISTS raw_document_id ON raw_document (id)",
    // The last days of everybody; it has all that a share of coverage is made of.
    "CREATE INDEX IF NOT EXISTS coverage_day ON coverage (user_id, day, metric, stream_id, state)",
    "CREATE INDEX IF NOT EXISTS daily_value_day ON daily_value (user_id, day)",
    "CREATE INDEX IF NOT EXISTS sync_job_state ON sync_job (user_id, state)",
];
