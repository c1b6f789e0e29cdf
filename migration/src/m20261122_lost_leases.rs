//! How often in a row a window's worker was lost at it: a window that kills its worker each time has to end.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_lost_leases"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("sync_window", "lost_leases").await? {
            let statement = "ALTER TABLE sync_window ADD COLUMN lost_leases INTEGER NOT NULL DEFAULT 0";
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
