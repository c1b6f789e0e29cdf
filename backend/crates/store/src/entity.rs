//! Rows as SeaORM sees them. Private to the crate: everything outside gets domain types.
#![expect(unreachable_pub, reason = "SeaORM's derive needs public models; the module is private")]

macro_rules! entity {
    ($module:ident, $table:literal { $($(#[$meta:meta])* $field:ident: $type:ty,)* }) => {
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$meta])* pub $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(app_user, "app_user" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    email: String,
    display_name: String,
    code: String,
    role: String,
    time_zone: String,
    password_hash: Option<String>,
    session_epoch: i64,
    created_at: i64,
});

entity!(invitation, "invitation" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    user_id: i64,
    token_hash: Vec<u8>,
    created_by: Option<i64>,
    created_at: i64,
    expires_at: i64,
    redeemed_at: Option<i64>,
});

entity!(api_token, "api_token" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    user_id: i64,
    name: String,
    token_hash: Vec<u8>,
    scopes: String,
    people: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
});

entity!(web_session, "web_session" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: String,
    user_id: Option<i64>,
    record: String,
    expires_at: i64,
});

entity!(linked_account, "linked_account" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    provider: String,
    provider_user_id: String,
    legacy_user_id: Option<String>,
    scopes: String,
    state: String,
    reason: Option<String>,
    linked_at: i64,
    changed_at: i64,
    last_sync_at: Option<i64>,
    next_sync_at: i64,
    next_deep_at: i64,
    devices_checked_at: Option<i64>,
    token_checked_at: Option<i64>,
    subscription: String,
    subscription_at: Option<i64>,
});

entity!(link_token, "link_token" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    link_id: i64,
    access_sealed: Vec<u8>,
    access_expires_at: i64,
    refresh_sealed: Option<Vec<u8>>,
    refresh_expires_at: Option<i64>,
    previous_refresh_sealed: Option<Vec<u8>>,
    generation: i64,
    refresh_owner: Option<String>,
    refresh_until: Option<i64>,
});

entity!(stream, "stream" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    link_id: Option<i64>,
    label: String,
    precedence: i16,
});

entity!(day_choice, "day_choice" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    metric: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    stream_id: i64,
    precedence: i16,
});

entity!(sample_block, "sample_block" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    metric: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    stream_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    format: i16,
    interval_ms: i64,
    samples: i32,
    value_min: f64,
    value_max: f64,
    value_sum: f64,
    first_ms: i64,
    last_ms: i64,
    first_offset: i32,
    last_offset: i32,
    body: Vec<u8>,
    levels: Option<Vec<u8>>,
    digest: Option<i64>,
});

entity!(daily_value, "daily_value" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    metric: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    #[sea_orm(primary_key, auto_increment = false)]
    stream_id: i64,
    value: f64,
});

entity!(sleep_session, "sleep_session" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    stream_id: i64,
    external_id: String,
    day: String,
    start_ms: i64,
    end_ms: i64,
    start_offset: i32,
    end_offset: i32,
    kind: String,
    is_main: bool,
    is_processed: bool,
    asleep: Option<i64>,
    awake: Option<i64>,
    in_bed: Option<i64>,
    to_fall_asleep: Option<i64>,
    deep: Option<i64>,
    light: Option<i64>,
    rem: Option<i64>,
    wake_stage: Option<i64>,
    stages: Vec<u8>,
});

entity!(device, "device" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    link_id: i64,
    external_id: String,
    model: String,
    is_tracker: bool,
    last_sync_at: Option<i64>,
    battery_percent: Option<i32>,
});

entity!(offset_span, "offset_span" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    from_ms: i64,
    to_ms: i64,
    offset_seconds: i32,
    evidence: String,
});

entity!(raw_document, "raw_document" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    link_id: i64,
    endpoint: String,
    request_key: String,
    from_day: String,
    to_day: String,
    page: i32,
    fetched_at: i64,
    sha256: Vec<u8>,
    bytes: i64,
    body: Vec<u8>,
    superseded_at: Option<i64>,
    parser_version: i16,
    packing: i16,
});

entity!(coverage, "coverage" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    metric: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    stream_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    #[sea_orm(primary_key, auto_increment = false)]
    grain: i16,
    state: String,
    code: Option<String>,
    job_id: Option<i64>,
    window_seq: Option<i32>,
    raw_id: Option<i64>,
    checked_at: Option<i64>,
    wear_minutes: Option<i32>,
});

entity!(sync_job, "sync_job" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    link_id: i64,
    kind: String,
    priority: i16,
    metrics: String,
    from_day: String,
    to_day: String,
    state: String,
    code: Option<String>,
    waiting_until: Option<i64>,
    windows_total: i32,
    windows_done: i32,
    windows_failed: i32,
    requests_expected: i32,
    requests_done: i32,
    retries: i32,
    created_by: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    updated_at: i64,
    finished_at: Option<i64>,
    change_seq: i64,
    batch_id: Option<i64>,
    requests_at_most: i32,
    plan_fixed_at: Option<i64>,
});

entity!(export_job, "export_job" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    state: String,
    format: String,
    deidentified: bool,
    people: Option<String>,
    metrics: String,
    from_day: Option<String>,
    to_day: Option<String>,
    created_by: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    updated_at: i64,
    finished_at: Option<i64>,
    attempt: i32,
    next_run_at: i64,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    problem: Option<String>,
    people_total: i32,
    people_done: i32,
    objects_total: i64,
    objects_done: i64,
    objects_written: i64,
    rows_written: i64,
    bytes_written: i64,
    change_seq: i64,
});

entity!(sync_window, "sync_window" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    job_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i32,
    link_id: i64,
    endpoint: String,
    from_day: String,
    to_day: String,
    state: String,
    priority: i16,
    attempt: i32,
    next_run_at: i64,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    code: Option<String>,
    requests: i32,
    retries: i32,
    lost_leases: i32,
});

entity!(sync_batch, "sync_batch" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    kind: String,
    priority: i16,
    metrics: String,
    from_day: String,
    to_day: String,
    created_by: Option<i64>,
    created_at: i64,
    people: String,
    people_seen: i32,
    paused: bool,
    written_at: Option<i64>,
    writer_until: i64,
});

entity!(worker_beat, "worker_beat" {
    #[sea_orm(primary_key, auto_increment = false)]
    name: String,
    parallel: i32,
    started_at: i64,
    seen_at: i64,
});

entity!(sync_page, "sync_page" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    job_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    page: i32,
    next_page: String,
    fetched_at: i64,
    from_ms: i64,
    to_ms: i64,
    body: Vec<u8>,
});

entity!(push_notice, "push_notice" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    link_id: i64,
    subject: String,
    operation: String,
    from_day: Option<String>,
    to_day: Option<String>,
    received_at: i64,
    due_at: i64,
});

entity!(push_count, "push_count" {
    #[sea_orm(primary_key, auto_increment = false)]
    provider: String,
    #[sea_orm(primary_key, auto_increment = false)]
    outcome: String,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    calls: i64,
});

entity!(exercise_session, "exercise_session" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    stream_id: i64,
    external_id: String,
    day: String,
    start_ms: i64,
    end_ms: i64,
    start_offset: i32,
    end_offset: i32,
    kind: String,
    name: String,
    active_ms: Option<i64>,
    distance_m: Option<f64>,
    steps: Option<i64>,
    energy_kcal: Option<f64>,
    mean_heart_rate: Option<f64>,
    elevation_gain_m: Option<f64>,
    active_zone_minutes: Option<i64>,
    has_route: bool,
});

entity!(rate_budget, "rate_budget" {
    #[sea_orm(primary_key, auto_increment = false)]
    scope: String,
    period_start: i64,
    used: i32,
    request_limit: i32,
    blocked_until: Option<i64>,
    carried: i32,
});

entity!(change_counter, "change_counter" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i16,
    value: i64,
});

entity!(audit_event, "audit_event" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    at_ms: i64,
    actor: Option<i64>,
    action: String,
    subject: String,
});

entity!(import_job, "import_job" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    kind: String,
    digest: Vec<u8>,
    stream_id: i64,
    state: String,
    exported_at: i64,
    bytes: i64,
    windows_total: i32,
    windows_done: i32,
    rows_written: i64,
    report: Option<String>,
    created_at: i64,
    updated_at: i64,
    finished_at: Option<i64>,
});

entity!(import_window, "import_window" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    import_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i32,
    metric: i16,
    grain: i16,
    from_day: String,
    to_day: String,
    state: String,
    rows_written: i64,
});
