//! Windows: claimed once, under a lease, by one of many.

use pulsekeep_core::{
    account::ProviderKey,
    job::{FailureCode, Priority, WindowState},
};
use pulsekeep_testkit::{build, now, on_each_engine};

use crate::jobs::{MINUTE, claim, commit, job, job_for};

on_each_engine! {
    async fn of_fifty_who_claim_a_window_one_gets_it(db) {
        let job = job(&db, 1).await;
        let handles = [db.store().clone(), db.another().await];
        let tries: Vec<_> = (0..50)
            .map(|i| {
                let (store, key, owner) = (handles[i % 2].clone(), job.window(0), format!("w{i}"));
                tokio::spawn(async move {
                    store.claim_window(key, &owner, now().plus(MINUTE), now()).await.unwrap()
                })
            })
            .collect();
        let mut claimed = 0;
        for outcome in tries {
            claimed += usize::from(outcome.await.unwrap().is_some());
        }
        assert_eq!(claimed, 1);
        assert_eq!(db.store().windows(job.user, job.id).await.unwrap()[0].attempt, 1);
    }

    async fn many_workers_share_the_windows_of_a_job_and_lose_none(db) {
        let job = job(&db, 30).await;
        let handles = [db.store().clone(), db.another().await];
        let workers: Vec<_> = (0..8)
            .map(|i| {
                let (store, owner) = (handles[i % 2].clone(), format!("w{i}"));
                tokio::spawn(async move {
                    let mut done = 0;
                    loop {
                        let due = store.due_windows(now(), 30).await.unwrap();
                        let Some(first) = due.get(i % due.len().max(1)) else { return done };
                        let until = now().plus(MINUTE);
                        let claimed = store.claim_window(first.key, &owner, until, now()).await.unwrap();
                        if claimed.is_some() {
                            let mut tx = store.write().await.unwrap();
                            tx.finish_window(first.key, Ok(()), 1, now()).await.unwrap();
                            tx.commit().await.unwrap();
                            done += 1;
                        }
                    }
                })
            })
            .collect();
        let mut done = 0;
        for worker in workers {
            done += worker.await.unwrap();
        }
        assert_eq!(done, 30);
        let job = job.read(&db).await;
        assert_eq!((job.windows_done, job.requests_done, job.state.key()), (30, 30, "done"));
    }

    async fn workers_who_defer_and_claim_at_once_do_not_block_each_other(db) {
        let first = job(&db, 20).await;
        let second = job_for(&db, first.user, first.link, 20, Priority::High).await;
        let handles = [db.store().clone(), db.another().await];
        let mut tries = Vec::new();
        for i in 0..40_i32 {
            let job = if i % 2 == 0 { &first } else { &second };
            let (store, key, link) = (handles[i as usize % 2].clone(), job.window(i / 2), job.link);
            tries.push(tokio::spawn(async move {
                let owner = format!("w{i}");
                if store.claim_window(key, &owner, now().plus(MINUTE), now()).await?.is_none() {
                    return Ok(());
                }
                let mut tx = store.write().await?;
                let until = now().plus(i64::from(i) + 1);
                tx.defer_window(key, until, FailureCode::RateLimited, (1, false), now()).await?;
                tx.defer_link(link, None, until, FailureCode::RateLimited, now()).await?;
                tx.commit().await
            }));
        }
        for outcome in tries {
            outcome.await.unwrap().unwrap();
        }
    }

    async fn a_window_whose_lease_has_ended_is_taken_over(db) {
        let job = job(&db, 1).await;
        let store = db.store();
        assert!(claim(&db, job.window(0)).await);
        assert_eq!(store.next_due_at().await.unwrap(), Some(now().plus(MINUTE)), "when the lease ends");
        let claim_at = async |at, owner: &str| {
            store.claim_window(job.window(0), owner, now().plus(9 * MINUTE), at).await.unwrap()
        };
        assert_eq!(claim_at(now().plus(MINUTE - 1), "thief").await, None);
        assert_eq!(store.due_windows(now().plus(MINUTE), 5).await.unwrap().len(), 1);
        let taken = claim_at(now().plus(MINUTE), "thief").await.unwrap();
        assert_eq!((taken.window.attempt, taken.window.state), (1, WindowState::Running), "no attempt is lost");
        assert_eq!((taken.window.requests, taken.window.retries), (1, 1), "what it may have asked is made again");
        let tx = store.write().await.unwrap();
        assert!(!tx.holds_lease(job.window(0), "w").await.unwrap());
        assert!(tx.holds_lease(job.window(0), "thief").await.unwrap());
    }

    async fn a_window_is_not_claimed_before_its_time(db) {
        let job = job(&db, 1).await;
        assert!(claim(&db, job.window(0)).await);
        let later = now().plus(5 * MINUTE);
        commit(&db, async |tx| {
            tx.defer_window(job.window(0), later, FailureCode::RateLimited, (0, false), now()).await.unwrap();
        }).await;
        let store = db.store();
        assert_eq!(store.next_due_at().await.unwrap(), Some(later));
        assert!(!claim(&db, job.window(0)).await);
        assert!(store.claim_window(job.window(0), "w", later.plus(1), later).await.unwrap().is_some());
    }

    async fn the_next_due_time_is_the_earliest_of_all(db) {
        let job = job(&db, 2).await;
        assert!(claim(&db, job.window(0)).await);
        assert_eq!(db.store().next_due_at().await.unwrap(), Some(now()), "the second window is due now");
    }

    async fn urgent_windows_go_first(db) {
        let low = job(&db, 1).await;
        let high = job_for(&db, low.user, low.link, 1, Priority::High).await;
        let normal = job_for(&db, low.user, low.link, 1, Priority::Normal).await;
        let due = db.store().due_windows(now(), 10).await.unwrap();
        let order: Vec<_> = due.iter().map(|window| window.key.job).collect();
        assert_eq!(order, [high.id, normal.id, low.id]);
        assert_eq!(db.store().due_windows(now(), 1).await.unwrap().len(), 1);
    }

    async fn putting_off_an_account_leaves_other_accounts_and_later_windows_alone(db) {
        let first = job(&db, 2).await;
        let bob = build::member(db.store(), "bob").await.id;
        let link = build::link(db.store(), bob, ProviderKey::GoogleHealth, "g-2").await.id;
        let other = job_for(&db, bob, link, 1, Priority::Low).await;
        let only = job_for(&db, first.user, first.link, 1, Priority::High).await;
        let until = now().plus(MINUTE);
        commit(&db, async |tx| {
            let job = Some(first.id);
            tx.defer_link(first.link, job, until, FailureCode::RateLimited, now()).await.unwrap();
        }).await;
        let due: Vec<_> = db.store().due_windows(now(), 10).await.unwrap().iter().map(|w| w.key.job).collect();
        assert_eq!(due, [only.id, other.id]);
        commit(&db, async |tx| {
            let later = now().plus(10);
            tx.defer_link(first.link, None, later, FailureCode::RateLimited, now()).await.unwrap();
        }).await;
        let windows = db.store().windows(first.user, first.id).await.unwrap();
        assert!(windows.iter().all(|window| window.next_run_at == until && window.attempt == 0));
        assert_eq!(db.store().windows(only.user, only.id).await.unwrap()[0].next_run_at, now().plus(10));
    }
}
