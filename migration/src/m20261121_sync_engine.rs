//! What the sync engine keeps besides jobs and windows: batches, pages of windows that were broken off, notices of the
//! providers, exercises, and when each account is looked at next.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_sync_engine"
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
        for statement in TABLES.iter().chain(INDEXES) {
            db.execute_unprepared(&statement.replace("{blob}", blob)).await?;
        }
        for (table, column) in COLUMNS {
            // SQLite knows no ADD COLUMN IF NOT EXISTS, and a migration that broke off there is half applied.
            let name = column.split_whitespace().next().unwrap_or_default();
            if !manager.has_column(table, name).await? {
                db.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column}")).await?;
            }
        }
        for statement in LATE_INDEXES {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const TABLES: &[&str] = &[
    // Jobs that were asked for together, over several people. The jobs are written person by person; `people` are those
    // asked for, and `written_at` is set when each of them was seen to.
    "CREATE TABLE IF NOT EXISTS sync_batch (
        id BIGINT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        priority SMALLINT NOT NULL,
        metrics TEXT NOT NULL,
        from_day TEXT NOT NULL,
        to_day TEXT NOT NULL,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        people TEXT NOT NULL,
        people_seen INTEGER NOT NULL,
        paused BOOLEAN NOT NULL,
        written_at BIGINT,
        writer_until BIGINT NOT NULL
    )",
    // Processes that work on jobs, and when each was last seen.
    "CREATE TABLE IF NOT EXISTS worker_beat (
        name TEXT NOT NULL PRIMARY KEY,
        parallel INTEGER NOT NULL,
        started_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL
    )",
    // Pages of a window that was broken off between two of them; gone when the window ends.
    "CREATE TABLE IF NOT EXISTS sync_page (
        user_id BIGINT NOT NULL,
        job_id BIGINT NOT NULL,
        seq INTEGER NOT NULL,
        page INTEGER NOT NULL,
        next_page TEXT NOT NULL,
        fetched_at BIGINT NOT NULL,
        from_ms BIGINT NOT NULL,
        to_ms BIGINT NOT NULL,
        body {blob} NOT NULL,
        PRIMARY KEY (user_id, job_id, seq, page)
    )",
    // What a provider has told by webhook and no job has taken up yet.
    "CREATE TABLE IF NOT EXISTS push_notice (
        user_id BIGINT NOT NULL,
        id BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        subject TEXT NOT NULL,
        operation TEXT NOT NULL,
        from_day TEXT,
        to_day TEXT,
        received_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, id)
    )",
    // Webhook calls by what came of them, a row a provider, outcome and UTC day.
    "CREATE TABLE IF NOT EXISTS push_count (
        provider TEXT NOT NULL,
        outcome TEXT NOT NULL,
        day TEXT NOT NULL,
        calls BIGINT NOT NULL,
        PRIMARY KEY (provider, outcome, day)
    )",
    "CREATE TABLE IF NOT EXISTS exercise_session (
        user_id BIGINT NOT NULL,
        id BIGINT NOT NULL,
        stream_id BIGINT NOT NULL,
        external_id TEXT NOT NULL,
        day TEXT NOT NULL,
        start_ms BIGINT NOT NULL,
        end_ms BIGINT NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        active_ms BIGINT,
        distance_m DOUBLE PRECISION,
        steps BIGINT,
        energy_kcal DOUBLE PRECISION,
        mean_heart_rate DOUBLE PRECISION,
        elevation_gain_m DOUBLE PRECISION,
        active_zone_minutes BIGINT,
        has_route BOOLEAN NOT NULL,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, stream_id, external_id)
    )",
];

const INDEXES: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS push_notice_due ON push_notice (due_at)",
    // A notice that comes again while it waits is the same one. No day is written as the empty text: NULLs would differ.
    "CREATE UNIQUE INDEX IF NOT EXISTS push_notice_once ON push_notice
        (user_id, link_id, subject, operation, COALESCE(from_day, ''), COALESCE(to_day, ''))",
    "CREATE INDEX IF NOT EXISTS exercise_session_day ON exercise_session (user_id, day)",
    "CREATE INDEX IF NOT EXISTS exercise_session_id ON exercise_session (id)",
];

const COLUMNS: &[(&str, &str)] = &[
    // Requests that had to be made again.
    ("sync_window", "retries INTEGER NOT NULL DEFAULT 0"),
    // Requests near the period's end, which the provider's clock may count in the next one.
    ("rate_budget", "carried INTEGER NOT NULL DEFAULT 0"),
    ("sync_job", "batch_id BIGINT"),
    ("sync_job", "requests_at_most INTEGER NOT NULL DEFAULT 0"),
    // When the daily series had been read and the plan could not grow any more.
    ("sync_job", "plan_fixed_at BIGINT"),
    // When the account is looked at next by the schedule; 0 for at once.
    ("linked_account", "next_sync_at BIGINT NOT NULL DEFAULT 0"),
    ("linked_account", "next_deep_at BIGINT NOT NULL DEFAULT 0"),
    ("linked_account", "devices_checked_at BIGINT"),
    ("linked_account", "token_checked_at BIGINT"),
    // What became of the provider's subscription: none, active, or the reason why not.
    ("linked_account", "subscription TEXT NOT NULL DEFAULT 'none'"),
    // When the subscription was last seen to work, or to fail.
    ("linked_account", "subscription_at BIGINT"),
    // The parsers' version that made the typed rows.
    ("raw_document", "parser_version SMALLINT NOT NULL DEFAULT 1"),
];

const LATE_INDEXES: &[&str] = &[
    // One job of a batch for each account, whoever writes it.
    "CREATE UNIQUE INDEX IF NOT EXISTS sync_job_batch ON sync_job (batch_id, link_id)",
    "CREATE INDEX IF NOT EXISTS sync_job_link ON sync_job (link_id, kind, id)",
    "CREATE INDEX IF NOT EXISTS sync_window_link ON sync_window (link_id, state)",
    "CREATE INDEX IF NOT EXISTS linked_account_next_sync ON linked_account (state, next_sync_at)",
    "CREATE INDEX IF NOT EXISTS linked_account_next_deep ON linked_account (state, next_deep_at)",
    "CREATE INDEX IF NOT EXISTS raw_document_superseded ON raw_document (superseded_at)",
    "CREATE INDEX IF NOT EXISTS sync_job_finished ON sync_job (finished_at)",
];
