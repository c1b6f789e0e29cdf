//! The change feed: within a process and across processes.

use pulsekeep_core::job::Priority;
use pulsekeep_store::Change;
use pulsekeep_testkit::{now, on_each_engine};

use crate::jobs::{claim, job, job_for};

on_each_engine! {
    async fn a_change_is_told_after_its_commit_and_not_without_one(db) {
        let job = job(&db, 1).await;
        let mut changes = db.store().changes();
        let mut tx = db.store().write().await.unwrap();
        tx.finish_window(job.window(0), Ok(()), 1, now()).await.unwrap();
        drop(tx);
        assert!(changes.try_recv().is_err());
        assert!(claim(&db, job.window(0)).await);
        assert_eq!(changes.try_recv().unwrap(), Change { job: job.id, user: job.user });
        assert!(changes.try_recv().is_err(), "once");
    }

    async fn a_change_of_another_process_is_relayed(db) {
        let job = job(&db, 2).await;
        let here = db.another().await;
        let mut changes = here.changes();
        let relay = tokio::spawn(async move { here.relay_changes().await });
        // The relay may not listen yet: change until it tells.
        let mut news = None;
        for round in 0..600 {
            job_for(&db, job.user, job.link, 1, Priority::Low).await;
            tokio::task::yield_now().await;
            let wait = std::time::Duration::from_millis(100);
            if let Ok(change) = tokio::time::timeout(wait, changes.recv()).await {
                news = Some(change.unwrap());
                break;
            }
            assert!(round < 599, "no change was told");
        }
        let change = news.unwrap();
        assert_eq!(change.user, job.user);
        assert!(change.job > job.id, "a job of after the relay began");
        relay.abort();
    }
}
