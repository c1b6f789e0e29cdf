//! Which account is looked at by whom, and who is there to look.

use std::collections::BTreeSet;

use pulsekeep_core::{account::ProviderKey, id::LinkId};
use pulsekeep_store::{Look, Store, WorkerBeat};
use pulsekeep_testkit::{build, now, on_each_engine};

async fn take(store: &Store, limit: u64) -> Vec<LinkId> {
    let taken = store.take_due_links(Look::Sync, now().plus(120_000), limit, now()).await.unwrap();
    taken.into_iter().map(|(link, _)| link.id).collect()
}

on_each_engine! {
    async fn of_two_processes_each_takes_other_accounts(db) {
        let mut all = BTreeSet::new();
        for n in 0..12 {
            let user = build::member(db.store(), &format!("person{n}")).await;
            all.insert(build::link(db.store(), user.id, ProviderKey::Fitbit, &format!("account{n}")).await.id);
        }
        let other = db.another().await;
        let mut taken = Vec::new();
        for _ in 0..3 {
            let (one, two) = tokio::join!(take(db.store(), 3), take(&other, 3));
            taken.extend(one);
            taken.extend(two);
        }
        assert_eq!(taken.len(), all.len(), "none twice");
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), all);
    }

    async fn an_account_whose_taker_died_comes_due_again(db) {
        let user = build::member(db.store(), "ann").await;
        let link = build::link(db.store(), user.id, ProviderKey::Fitbit, "account").await.id;
        let until = now().plus(1_000);
        let look = async |at| db.store().take_due_links(Look::Sync, until, 5, at).await.unwrap().len();
        assert_eq!((look(now()).await, look(now()).await, look(until).await), (1, 0, 1));
        // Somebody else has set another time meanwhile: that one stays.
        db.store().set_next_looks(Look::Sync, now(), &[(link, now().plus(9))]).await.unwrap();
        assert_eq!(db.store().link(link).await.unwrap().unwrap().next_sync_at, until);
        db.store().set_next_looks(Look::Sync, until, &[(link, now().plus(9_000))]).await.unwrap();
        assert_eq!(db.store().schedule_lag_ms(now().plus(10_000)).await.unwrap(), 1_000);
        assert_eq!(db.store().schedule_lag_ms(now()).await.unwrap(), 0);
    }

    async fn workers_are_seen_until_they_end(db) {
        let beat = |name: &str, later: i64| WorkerBeat {
            name: name.to_owned(), parallel: 4, started_at: now(), seen_at: now().plus(later),
        };
        for (name, later) in [("one", 0), ("two", 5), ("one", 10)] {
            db.store().beat(beat(name, later)).await.unwrap();
        }
        let seen = db.store().workers(now()).await.unwrap();
        assert_eq!(seen.iter().map(|w| w.name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(db.store().workers(now().plus(6)).await.unwrap(), [beat("one", 10)]);
        db.store().forget_worker("one").await.unwrap();
        assert_eq!(db.store().drop_old_workers(now().plus(6), 10).await.unwrap(), 1);
        assert_eq!(db.store().workers(now()).await.unwrap(), []);
    }
}
