//! Beside coverage, how many metrics of a day are in which state: what a page over a hundred people is made of. It can
//! always be made again from the coverage and the choice of streams.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261125_coverage_tally"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // One fact a person and day, found by both: the key is the table.
        let kept_by_key = match manager.get_database_backend() {
            DbBackend::Postgres => "",
            _ => " WITHOUT ROWID",
        };
        db.execute_unprepared(&format!("{TABLE}{kept_by_key}")).await?;
        db.execute_unprepared(FILL).await?;
        Ok(())
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS coverage_tally (
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        day TEXT NOT NULL,
        empty_confirmed SMALLINT NOT NULL,
        complete SMALLINT NOT NULL,
        partial SMALLINT NOT NULL,
        pending SMALLINT NOT NULL,
        not_permitted SMALLINT NOT NULL,
        failed SMALLINT NOT NULL,
        PRIMARY KEY (user_id, day)
    )";

const FILL: &str = "INSERT INTO coverage_tally
    SELECT user_id, day,
        SUM(CASE worst WHEN 0 THEN 1 ELSE 0 END), SUM(CASE worst WHEN 1 THEN 1 ELSE 0 END),
        SUM(CASE worst WHEN 2 THEN 1 ELSE 0 END), SUM(CASE worst WHEN 3 THEN 1 ELSE 0 END),
        SUM(CASE worst WHEN 4 THEN 1 ELSE 0 END), SUM(CASE worst WHEN 5 THEN 1 ELSE 0 END)
    FROM (
        SELECT x.user_id, x.day, MAX(CASE x.state
            WHEN 'empty_confirmed' THEN 0 WHEN 'complete' THEN 1 WHEN 'partial' THEN 2
            WHEN 'pending' THEN 3 WHEN 'not_permitted' THEN 4 ELSE 5 END) AS worst
        FROM coverage x
        LEFT JOIN day_choice c ON c.user_id = x.user_id AND c.metric = x.metric AND c.day = x.day
        WHERE c.stream_id IS NULL OR c.stream_id = x.stream_id
        GROUP BY x.user_id, x.day, x.metric
    ) w
    WHERE NOT EXISTS (SELECT 1 FROM coverage_tally)
    GROUP BY user_id, day";
