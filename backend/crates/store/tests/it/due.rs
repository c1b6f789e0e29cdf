//! What is due: accounts in turn, and nothing of jobs that wait.

use std::collections::BTreeSet;

use pulsekeep_core::{
    account::ProviderKey,
    job::{FailureCode, JobState, Priority},
};
use pulsekeep_testkit::{TestDatabase, build, now, on_each_engine};

use crate::jobs::{Job, MINUTE, claim, commit, job, job_for};

/// A job of another person.
async fn job_of(db: &TestDatabase, name: &str, windows: usize) -> Job {
    let user = build::member(db.store(), name).await.id;
    let link = build::link(db.store(), user, ProviderKey::GoogleHealth, &format!("g-{name}")).await.id;
    job_for(db, user, link, windows, Priority::Low).await
}

on_each_engine! {
    async fn a_long_backfill_does_not_hide_the_accounts_behind_it(db) {
        let long = job(&db, 90).await;
        let (short, other) = (job_of(&db, "bob", 1).await, job_of(&db, "cleo", 3).await);
        let due = db.store().due_windows(now(), 6).await.unwrap();
        let order: Vec<_> = due.iter().map(|window| (window.key.job, window.key.seq)).collect();
        let turns = [(long.id, 0), (short.id, 0), (other.id, 0), (long.id, 1), (other.id, 1)];
        assert_eq!(order, turns, "six are room for two of each");
        let alone = db.store().due_windows_by(now(), 40, 1, |_| 0).await.unwrap();
        assert_eq!(alone.len(), 40, "one job may take all the room there is");
    }

    async fn each_process_takes_up_the_accounts_that_it_puts_first(db) {
        let jobs = [job(&db, 2).await, job_of(&db, "bob", 2).await, job_of(&db, "cleo", 2).await];
        let urgent = job_for(&db, jobs[0].user, jobs[0].link, 1, Priority::High).await;
        let last = jobs[2].link;
        let due = db.store().due_windows_by(now(), 2, 64, |link| u64::from(link != last)).await.unwrap();
        let taken: Vec<_> = due.iter().map(|window| window.key.job).collect();
        assert_eq!(taken, [urgent.id, jobs[2].id], "what is urgent comes first whoever asks");
    }

    async fn a_job_that_waits_is_passed_over_until_its_time_and_an_abandoned_window_is_not(db) {
        let (waits, works) = (job(&db, 2).await, job_of(&db, "bob", 2).await);
        let until = now().plus(5 * MINUTE);
        commit(&db, async |tx| {
            tx.defer_link(waits.link, None, until, FailureCode::RateLimited, now()).await.unwrap();
        }).await;
        assert_eq!(waits.read(&db).await.state, JobState::Waiting);
        assert!(claim(&db, works.window(0)).await);
        assert!(claim(&db, works.window(1)).await);
        assert_eq!(db.store().due_windows(now(), 9).await.unwrap(), []);
        let lease_ended = db.store().due_windows(now().plus(MINUTE), 9).await.unwrap();
        assert!(lease_ended.iter().all(|window| window.key.job == works.id));
        assert_eq!(lease_ended.len(), 2);
        let all: BTreeSet<_> =
            db.store().due_windows(until, 9).await.unwrap().iter().map(|window| window.key.job).collect();
        assert_eq!(all, BTreeSet::from([waits.id, works.id]));
    }

    async fn windows_that_waited_for_a_token_are_due_with_it(db) {
        let job = job(&db, 1).await;
        assert!(claim(&db, job.window(0)).await);
        let busy = now().plus(MINUTE);
        commit(&db, async |tx| {
            tx.defer_window(job.window(0), busy, FailureCode::TokenBusy, (0, false), now()).await.unwrap();
        }).await;
        assert_eq!(db.store().due_windows(now(), 9).await.unwrap(), []);
        commit(&db, async |tx| tx.wake_for_token(job.user, job.link, now()).await.unwrap()).await;
        assert_eq!(db.store().due_windows(now(), 9).await.unwrap().len(), 1);
    }
}
