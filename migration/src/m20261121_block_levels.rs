//! Beside each sample block its coarser levels and a digest of its content. Both can be made from the block: rows of
//! earlier versions do without them until they are next written.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_block_levels"
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
                db.execute_unprepared(&format!("ALTER TABLE sample_block ADD COLUMN {column} {kind}")).await?;
            }
        }
        // A raw document is asked for by its id alone.
        db.execute_unprepared("CREATE INDEX IF NOT EXISTS raw_document_id ON raw_document (id)").await?;
        Ok(())
    }
}
