//! What goes wrong at a provider: retried with growing waits, given up with a code, never stored as empty.

use pulsekeep_core::{
    Metric,
    coverage::CoverageState,
    job::{FailureCode, JobKind, JobState, WindowState},
};
use pulsekeep_sync::WindowResult;
use pulsekeep_testkit::{on_each_engine, on_sqlite};
use serde_json::{Value, json};

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done};

/// States of a metric's days that a sync asks for.
async fn coverage(
    world: &World,
    linked: &Linked,
    metric: Metric,
) -> Vec<(CoverageState, Option<FailureCode>)> {
    let days = world.ago(linked.user, 2, 0).await;
    let rows = world.person(linked).await.coverage(&[metric], days).await.unwrap();
    assert_eq!(rows.len(), 3);
    rows.into_iter().map(|row| (row.state, row.code)).collect()
}

fn passing(kind: Value) {
    on_sqlite(|db| async move {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            let mut fault = kind.clone();
            fault["data_type"] = json!("steps");
            fault["count"] = json!(3);
            world.outside.faults(json!([fault])).await;
            let job = world.incremental(&linked).await;
            assert_done(&job);
            assert_eq!(job.retries, 3, "{provider}");
            assert!(world.job(job.id).await.finished_at.unwrap() > job.created_at);
        }
    });
}

#[test]
fn server_errors_pass() {
    passing(json!({ "kind": "server_error_json", "status": 503 }));
}

#[test]
fn error_pages_pass() {
    passing(json!({ "kind": "server_error_html", "status": 502 }));
}

#[test]
fn answers_that_break_off_pass() {
    passing(json!({ "kind": "truncated_json" }));
}

#[test]
fn connections_that_break_pass() {
    passing(json!({ "kind": "connection_reset" }));
}

on_each_engine! {
    async fn a_lasting_fault_is_tried_six_times_with_growing_waits_and_leaves_a_gap_with_a_reason(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.outside.faults(json!([
            { "kind": "server_error_json", "status": 500, "data_type": "daily-resting-heart-rate" },
        ])).await;
        let id = world.ask(&linked, JobKind::Incremental, None).await;
        let windows = world.windows(&world.job(id).await).await;
        let window = windows.iter().find(|w| w.endpoint == "google.resting_heart_rate.day").unwrap().key;
        let mut waits = Vec::new();
        loop {
            use pulsekeep_core::Clock;
            match world.engine.run_window(window, "worker").await.unwrap() {
                WindowResult::Deferred(until) => {
                    waits.push(until.0 - world.clock.now().0);
                    world.clock.set(until);
                }
                WindowResult::Failed(code) => break assert_eq!(code, FailureCode::ProviderError),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(waits.len(), 5);
        assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "{waits:?}");
        world.drain().await;
        let job = world.job(id).await;
        assert_eq!((job.state, job.windows_failed, job.retries), (JobState::DoneWithGaps, 1, 5));
        assert_eq!(job.codes, [FailureCode::ProviderError]);
        let failed = (CoverageState::Failed, Some(FailureCode::ProviderError));
        assert_eq!(coverage(&world, &linked, Metric::RestingHeartRate).await, [failed; 3]);
        let read = coverage(&world, &linked, Metric::Steps).await;
        assert!(read.iter().all(|(state, code)| *state != CoverageState::Failed && code.is_none()));

        world.outside.no_faults().await;
        world.engine.retry(&pulsekeep_core::account::Viewer::system(), id).await.unwrap();
        world.drain().await;
        assert_done(&world.job(id).await);
        let read = coverage(&world, &linked, Metric::RestingHeartRate).await;
        assert!(read.iter().all(|(state, code)| *state != CoverageState::Failed && code.is_none()));
    }

    async fn a_failure_leaves_what_was_read_before(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        assert_done(&world.incremental(&linked).await);
        let before = world.db.rows("daily_value", &[]).await;
        let known = coverage(&world, &linked, Metric::Steps).await;
        world.outside.faults(json!([{ "kind": "server_error_html", "status": 503 }])).await;
        let job = world.incremental(&linked).await;
        assert_eq!((job.state, job.windows_done), (JobState::Failed, 0));
        assert_eq!(world.db.rows("daily_value", &[]).await, before);
        assert_eq!(coverage(&world, &linked, Metric::Steps).await, known);
    }

    async fn a_missing_scope_is_not_permitted_and_the_rest_is_read(db) {
        let world = World::start(db).await;
        for (provider, person, data_type) in [(GOOGLE, "nora", "sleep"), (FITBIT, "ilse", "sleep")] {
            let linked = world.linked(provider, person).await;
            world.outside.faults(json!([{ "kind": "missing_scope", "data_type": data_type }])).await;
            let job = world.incremental(&linked).await;
            assert_eq!((job.state, job.codes.as_slice()), (JobState::DoneWithGaps, &[FailureCode::MissingScope][..]));
            let refused = (CoverageState::NotPermitted, Some(FailureCode::MissingScope));
            assert_eq!(coverage(&world, &linked, Metric::Sleep).await, [refused; 3]);
            let windows = world.windows(&job).await;
            let failed: Vec<_> = windows.iter().filter(|w| w.state == WindowState::Failed).collect();
            assert_eq!((failed.len(), failed[0].attempt, job.retries), (1, 1, 0));
        }
    }

    async fn an_endpoint_that_is_gone_fails_at_once_with_its_code_and_keeps_the_account(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            world.outside.switches(json!({ "gone": true })).await;
            let job = world.incremental(&linked).await;
            assert_eq!((job.state, job.codes.as_slice()), (JobState::Failed, &[FailureCode::Gone][..]));
            assert_eq!(job.retries, 0);
            assert!(world.link(&linked).await.state.may_fetch());
            assert_eq!(coverage(&world, &linked, Metric::Steps).await, [(CoverageState::Failed, Some(FailureCode::Gone)); 3]);
            world.outside.switches(json!({})).await;
        }
    }
}

#[test]
fn googles_open_questions_make_no_difference_to_what_is_stored() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "ilse").await;
        assert_done(&world.incremental(&linked).await);
        let tables = ["sample_block", "daily_value", "sleep_session"];
        let mut at_rest = Vec::new();
        for table in tables {
            at_rest.push(world.db.rows(table, &["id"]).await);
        }
        world
            .outside
            .switches(json!({
                "google_nan_strings": true,
                "google_empty_page_with_token": true,
                "google_empty_next_page_token": true,
                "google_unsorted_pages": true,
                "google_daily_roll_up_end_inclusive": true,
                "google_sleep_filter_refused": true,
                "google_empty_windows_present": true,
                "google_roll_up_descending": true,
            }))
            .await;
        assert_done(&world.incremental(&linked).await);
        for (table, before) in tables.into_iter().zip(at_rest) {
            assert_eq!(world.db.rows(table, &["id"]).await, before, "{table}");
        }
    });
}
