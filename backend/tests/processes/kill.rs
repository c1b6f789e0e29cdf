//! `kill -9` of a worker in the middle of a backfill, again and again.

use pulsekeep_testkit::on_each_engine;

use crate::harness::{Worker, assert_undisturbed, person_with_backfill, simulator, undisturbed, until};

on_each_engine! {
    async fn a_backfill_killed_again_and_again_equals_an_undisturbed_one(db) {
        let simulator = simulator().await;
        let calm = undisturbed(&db, &simulator).await;
        let (_, id, days) = person_with_backfill(db.store(), &simulator).await;

        let mut kills = 0;
        for windows in [4, 14, 28] {
            let worker = Worker::start(db.url(), &simulator);
            let job = until(db.store(), id, |job| job.windows_done >= windows).await;
            worker.kill();
            kills += usize::from(!job.state.is_final());
        }
        assert!(kills >= 2, "the backfill was over before it could be killed in its middle");
        let last = Worker::start(db.url(), &simulator);
        let done = until(db.store(), id, |_| false).await;
        last.kill();
        assert_undisturbed(&db, &done, days, &calm).await;
    }
}
