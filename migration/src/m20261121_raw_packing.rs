//! How hard the bodies of raw documents are packed, so that the background finds those that it has not packed yet.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_raw_packing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // SQLite knows no ADD COLUMN IF NOT EXISTS, and a migration that broke off there is half applied.
        if !manager.has_column("raw_document", "packing").await? {
            // 0 as on arrival, 1 hard.
            let sql = "ALTER TABLE raw_document ADD COLUMN packing SMALLINT NOT NULL DEFAULT 0";
            db.execute_unprepared(sql).await?;
        }
        let index = "CREATE INDEX IF NOT EXISTS raw_document_unpacked ON raw_document (fetched_at) \
             WHERE packing = 0 AND superseded_at IS NULL";
        db.execute_unprepared(index).await?;
        Ok(())
    }
}
