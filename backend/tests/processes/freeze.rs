//! A worker that is stopped for longer than its lease and then goes on, as a suspended machine does.

use std::time::Duration;

use pulsekeep_core::job::JobKind;
use pulsekeep_store::Engine;
use pulsekeep_testkit::on_each_engine;

use crate::harness::{
    LEASE_SECONDS, Worker, ask, assert_undisturbed, engine, job, person_with_backfill, simulator,
    undisturbed, until,
};

on_each_engine! {
    async fn a_frozen_worker_costs_time_and_its_late_commits_are_refused(db) {
        let simulator = simulator().await;
        let calm = undisturbed(&db, &simulator).await;
        let (user, id, days) = person_with_backfill(db.store(), &simulator).await;

        let mut frozen = Worker::start(db.url(), &simulator);
        let before = until(db.store(), id, |job| job.windows_done >= 6).await;
        assert!(!before.state.is_final(), "the backfill was over before anybody could be frozen");
        frozen.signal("STOP");
        let done = match db.engine() {
            // Another worker takes over what the frozen one holds, and does the rest.
            Engine::Postgres => {
                let other = Worker::start(db.url(), &simulator);
                let done = until(db.store(), id, |_| false).await;
                frozen.signal("CONT");
                other.kill();
                done
            }
            // One process, as on a machine that was suspended: it comes back after its own leases have ended.
            Engine::Sqlite => {
                tokio::time::sleep(Duration::from_secs(2 * LEASE_SECONDS)).await;
                frozen.signal("CONT");
                until(db.store(), id, |_| false).await
            }
        };
        // It works on: what it had in its hands is behind it once it has done something else.
        let engine = engine(db.store(), &simulator);
        let later = ask(&engine, user, JobKind::Incremental, None).await;
        let later = until(db.store(), later, |_| false).await;
        assert!(later.windows_done > 0 && later.windows_done == later.windows_total, "{later:?}");
        assert!(frozen.lives());
        frozen.kill();

        let same = job(db.store(), id).await;
        assert_eq!(
            (same.windows_done, same.requests_done, same.retries),
            (done.windows_done, done.requests_done, done.retries),
            "a late commit was counted"
        );
        assert_undisturbed(&db, &same, days, &calm).await;
    }
}
