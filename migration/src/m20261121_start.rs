//! The first tables.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_start"
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
        Ok(())
    }
}

const TABLES: &[&str] = &[
    // People and how they get in.
    "CREATE TABLE IF NOT EXISTS app_user (
        id BIGINT NOT NULL PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        display_name TEXT NOT NULL,
        code TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        password_hash TEXT,
        session_epoch BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS invitation (
        id BIGINT NOT NULL PRIMARY KEY,
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        token_hash {blob} NOT NULL UNIQUE,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        redeemed_at BIGINT
    )",
    "CREATE TABLE IF NOT EXISTS api_token (
        id BIGINT NOT NULL PRIMARY KEY,
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        token_hash {blob} NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        people TEXT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT,
        revoked_at BIGINT
    )",
    "CREATE TABLE IF NOT EXISTS web_session (
        id TEXT NOT NULL PRIMARY KEY,
        user_id BIGINT,
        record TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    )",
    // Linked accounts and their sealed tokens.
    "CREATE TABLE IF NOT EXISTS linked_account (
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        id BIGINT NOT NULL UNIQUE,
        provider TEXT NOT NULL,
        provider_user_id TEXT NOT NULL,
        legacy_user_id TEXT,
        scopes TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        linked_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        last_sync_at BIGINT,
        PRIMARY KEY (user_id, id),
        UNIQUE (provider, provider_user_id)
    )",
    "CREATE TABLE IF NOT EXISTS link_token (
        user_id BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        access_sealed {blob} NOT NULL,
        access_expires_at BIGINT NOT NULL,
        refresh_sealed {blob},
        refresh_expires_at BIGINT,
        previous_refresh_sealed {blob},
        generation BIGINT NOT NULL,
        refresh_owner TEXT,
        refresh_until BIGINT,
        PRIMARY KEY (user_id, link_id)
    )",
    // Health data.
    "CREATE TABLE IF NOT EXISTS stream (
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        id BIGINT NOT NULL UNIQUE,
        link_id BIGINT,
        label TEXT NOT NULL,
        precedence SMALLINT NOT NULL,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, link_id, label)
    )",
    "CREATE TABLE IF NOT EXISTS day_choice (
        user_id BIGINT NOT NULL,
        metric SMALLINT NOT NULL,
        day TEXT NOT NULL,
        stream_id BIGINT NOT NULL,
        precedence SMALLINT NOT NULL,
        PRIMARY KEY (user_id, metric, day)
    )",
    "CREATE TABLE IF NOT EXISTS sample_block (
        user_id BIGINT NOT NULL,
        metric SMALLINT NOT NULL,
        stream_id BIGINT NOT NULL,
        day TEXT NOT NULL,
        format SMALLINT NOT NULL,
        interval_ms BIGINT NOT NULL,
        samples INTEGER NOT NULL,
        value_min DOUBLE PRECISION NOT NULL,
        value_max DOUBLE PRECISION NOT NULL,
        value_sum DOUBLE PRECISION NOT NULL,
        first_ms BIGINT NOT NULL,
        last_ms BIGINT NOT NULL,
        first_offset INTEGER NOT NULL,
        last_offset INTEGER NOT NULL,
        body {blob} NOT NULL,
        PRIMARY KEY (user_id, metric, stream_id, day)
    )",
    "CREATE TABLE IF NOT EXISTS daily_value (
        user_id BIGINT NOT NULL,
        metric SMALLINT NOT NULL,
        day TEXT NOT NULL,
        stream_id BIGINT NOT NULL,
        value DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (user_id, metric, day, stream_id)
    )",
    "CREATE TABLE IF NOT EXISTS sleep_session (
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
        is_main BOOLEAN NOT NULL,
        is_processed BOOLEAN NOT NULL,
        asleep BIGINT,
        awake BIGINT,
        in_bed BIGINT,
        to_fall_asleep BIGINT,
        deep BIGINT,
        light BIGINT,
        rem BIGINT,
        wake_stage BIGINT,
        stages {blob} NOT NULL,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, stream_id, external_id)
    )",
    "CREATE TABLE IF NOT EXISTS device (
        user_id BIGINT NOT NULL,
        id BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        external_id TEXT NOT NULL,
        model TEXT NOT NULL,
        is_tracker BOOLEAN NOT NULL,
        last_sync_at BIGINT,
        battery_percent INTEGER,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, link_id, external_id)
    )",
    "CREATE TABLE IF NOT EXISTS offset_span (
        user_id BIGINT NOT NULL,
        from_ms BIGINT NOT NULL,
        to_ms BIGINT NOT NULL,
        offset_seconds INTEGER NOT NULL,
        evidence TEXT NOT NULL,
        PRIMARY KEY (user_id, from_ms)
    )",
    "CREATE TABLE IF NOT EXISTS raw_document (
        user_id BIGINT NOT NULL,
        id BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        endpoint TEXT NOT NULL,
        request_key TEXT NOT NULL,
        from_day TEXT NOT NULL,
        to_day TEXT NOT NULL,
        page INTEGER NOT NULL,
        fetched_at BIGINT NOT NULL,
        sha256 {blob} NOT NULL,
        bytes BIGINT NOT NULL,
        body {blob} NOT NULL,
        superseded_at BIGINT,
        PRIMARY KEY (user_id, id)
    )",
    "CREATE TABLE IF NOT EXISTS coverage (
        user_id BIGINT NOT NULL,
        metric SMALLINT NOT NULL,
        stream_id BIGINT NOT NULL,
        day TEXT NOT NULL,
        grain SMALLINT NOT NULL,
        state TEXT NOT NULL,
        code TEXT,
        job_id BIGINT,
        window_seq INTEGER,
        raw_id BIGINT,
        checked_at BIGINT,
        wear_minutes INTEGER,
        PRIMARY KEY (user_id, metric, stream_id, day, grain)
    )",
    // Work.
    "CREATE TABLE IF NOT EXISTS sync_job (
        user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
        id BIGINT NOT NULL UNIQUE,
        link_id BIGINT NOT NULL,
        kind TEXT NOT NULL,
        priority SMALLINT NOT NULL,
        metrics TEXT NOT NULL,
        from_day TEXT NOT NULL,
        to_day TEXT NOT NULL,
        state TEXT NOT NULL,
        code TEXT,
        waiting_until BIGINT,
        windows_total INTEGER NOT NULL,
        windows_done INTEGER NOT NULL,
        windows_failed INTEGER NOT NULL,
        requests_expected INTEGER NOT NULL,
        requests_done INTEGER NOT NULL,
        retries INTEGER NOT NULL,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        updated_at BIGINT NOT NULL,
        finished_at BIGINT,
        change_seq BIGINT NOT NULL,
        PRIMARY KEY (user_id, id)
    )",
    "CREATE TABLE IF NOT EXISTS sync_window (
        user_id BIGINT NOT NULL,
        job_id BIGINT NOT NULL,
        seq INTEGER NOT NULL,
        link_id BIGINT NOT NULL,
        endpoint TEXT NOT NULL,
        from_day TEXT NOT NULL,
        to_day TEXT NOT NULL,
        state TEXT NOT NULL,
        priority SMALLINT NOT NULL,
        attempt INTEGER NOT NULL,
        next_run_at BIGINT NOT NULL,
        lease_owner TEXT,
        lease_until BIGINT,
        code TEXT,
        requests INTEGER NOT NULL,
        PRIMARY KEY (user_id, job_id, seq)
    )",
    "CREATE TABLE IF NOT EXISTS rate_budget (
        scope TEXT NOT NULL PRIMARY KEY,
        period_start BIGINT NOT NULL,
        used INTEGER NOT NULL,
        request_limit INTEGER NOT NULL,
        blocked_until BIGINT
    )",
    "CREATE TABLE IF NOT EXISTS change_counter (
        id SMALLINT NOT NULL PRIMARY KEY,
        value BIGINT NOT NULL
    )",
    "INSERT INTO change_counter (id, value) SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM change_counter)",
    "CREATE TABLE IF NOT EXISTS audit_event (
        id BIGINT NOT NULL PRIMARY KEY,
        at_ms BIGINT NOT NULL,
        actor BIGINT,
        action TEXT NOT NULL,
        subject TEXT NOT NULL
    )",
];

const INDEXES: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS invitation_user ON invitation (user_id)",
    "CREATE INDEX IF NOT EXISTS api_token_user ON api_token (user_id)",
    "CREATE INDEX IF NOT EXISTS web_session_user ON web_session (user_id)",
    "CREATE INDEX IF NOT EXISTS web_session_expiry ON web_session (expires_at)",
    "CREATE INDEX IF NOT EXISTS sleep_session_day ON sleep_session (user_id, day)",
    "CREATE INDEX IF NOT EXISTS raw_document_request ON raw_document (user_id, link_id, request_key, page)",
    "CREATE INDEX IF NOT EXISTS raw_document_days ON raw_document (user_id, to_day, from_day)",
    "CREATE INDEX IF NOT EXISTS sync_job_change ON sync_job (change_seq)",
    "CREATE INDEX IF NOT EXISTS sync_window_due ON sync_window (state, next_run_at)",
    "CREATE INDEX IF NOT EXISTS audit_event_time ON audit_event (at_ms)",
];
