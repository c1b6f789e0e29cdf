//! Linked accounts, their tokens and the claim to refresh them.

use pulsekeep_core::account::{ConsentReason, LinkState, ProviderKey};
use pulsekeep_store::{LinkOutcome, RefreshClaim};
use pulsekeep_testkit::{build, now, on_each_engine};

const GOOGLE: ProviderKey = ProviderKey::GoogleHealth;
const FITBIT: ProviderKey = ProviderKey::Fitbit;
const MINUTE: i64 = 60_000;

on_each_engine! {
    async fn another_account_of_the_same_provider_is_refused(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let link = build::link(store, ada.id, GOOGLE, "g-1").await;
        let tx = store.write().await.unwrap();
        let outcome = tx.put_link(build::consent(ada.id, GOOGLE, "g-2"), now()).await.unwrap();
        assert_eq!(outcome, LinkOutcome::OtherAccount { expected: "g-1".to_owned() });
        tx.commit().await.unwrap();
        assert_eq!(store.links_of(ada.id).await.unwrap(), [link]);
        build::link(store, ada.id, FITBIT, "f-1").await;
        assert_eq!(store.active_links().await.unwrap().len(), 2, "another provider is another link");
    }

    async fn an_account_belongs_to_one_person(db) {
        let store = db.store();
        let (ada, bob) = (build::member(store, "ada").await, build::member(store, "bob").await);
        let link = build::link(store, ada.id, GOOGLE, "g-1").await;
        let tx = store.write().await.unwrap();
        tx.set_link_state(ada.id, link.id, LinkState::Revoked, now()).await.unwrap();
        let outcome = tx.put_link(build::consent(bob.id, GOOGLE, "g-1"), now()).await.unwrap();
        assert_eq!(outcome, LinkOutcome::TakenByAnotherPerson, "even after a disconnect: the history is Ada's");
        let same_id_elsewhere = tx.put_link(build::consent(bob.id, FITBIT, "g-1"), now()).await.unwrap();
        assert!(matches!(same_id_elsewhere, LinkOutcome::Linked(_)));
        tx.commit().await.unwrap();
    }

    async fn reconnecting_keeps_the_id_and_the_beginning(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let link = build::link(store, ada.id, GOOGLE, "g-1").await;
        let tx = store.write().await.unwrap();
        tx.touch_link(ada.id, link.id, now()).await.unwrap();
        let lost = LinkState::NeedsConsent(ConsentReason::InvalidGrant);
        tx.set_link_state(ada.id, link.id, lost, now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.link(link.id).await.unwrap().unwrap().state, lost);
        assert_eq!(store.active_links().await.unwrap(), []);

        let later = now().plus(MINUTE);
        let tx = store.write().await.unwrap();
        let mut new = build::consent(ada.id, GOOGLE, "g-1");
        new.scopes.push("activity_and_fitness.readonly".to_owned());
        let LinkOutcome::Linked(again) = tx.put_link(new, later).await.unwrap() else { panic!("refused") };
        tx.commit().await.unwrap();
        assert_eq!((again.id, again.linked_at, again.state), (link.id, now(), LinkState::Active));
        assert_eq!(again.last_sync_at, Some(now()));
        assert_eq!(again.scopes.len(), 2);
        assert_eq!(store.link(link.id).await.unwrap(), Some(again));
    }

    async fn after_a_disconnect_another_account_may_be_linked(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let link = build::link(store, ada.id, GOOGLE, "g-1").await;
        let tx = store.write().await.unwrap();
        tx.set_link_state(ada.id, link.id, LinkState::Revoked, now()).await.unwrap();
        tx.delete_tokens(ada.id, link.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.link_tokens(ada.id, link.id).await.unwrap(), None);
        let other = build::link(store, ada.id, GOOGLE, "g-2").await;
        assert_ne!(other.id, link.id);
        assert_eq!(store.links_of(ada.id).await.unwrap().len(), 2);
    }

    async fn of_two_people_who_take_one_account_at_once_one_gets_it(db) {
        let handles = [db.store().clone(), db.another().await];
        let mut tries = Vec::new();
        for i in 0..8 {
            let store = handles[i % 2].clone();
            let user = build::member(&store, &format!("p{i}")).await;
            tries.push(tokio::spawn(async move {
                let tx = store.write().await?;
                let outcome = tx.put_link(build::consent(user.id, GOOGLE, "g-1"), now()).await?;
                tx.commit().await?;
                Ok::<_, pulsekeep_store::StoreError>(outcome)
            }));
        }
        let mut linked = 0;
        for outcome in tries {
            match outcome.await.unwrap().unwrap() {
                LinkOutcome::Linked(_) => linked += 1,
                other => assert_eq!(other, LinkOutcome::TakenByAnotherPerson),
            }
        }
        assert_eq!(linked, 1);
    }

    async fn of_a_hundred_who_would_refresh_one_may(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let link = build::link(store, ada.id, FITBIT, "f-1").await;
        let handles = [store.clone(), db.another().await];
        let tries: Vec<_> = (0..100)
            .map(|i| {
                let (store, owner) = (handles[i % 2].clone(), format!("w{i}"));
                tokio::spawn(async move {
                    let until = now().plus(MINUTE);
                    store.claim_refresh((ada.id, link.id), 1, &owner, until, now()).await.unwrap()
                })
            })
            .collect();
        let mut granted = 0;
        for outcome in tries {
            match outcome.await.unwrap() {
                RefreshClaim::Granted => granted += 1,
                other => assert_eq!(other, RefreshClaim::Busy),
            }
        }
        assert_eq!(granted, 1);
    }

    async fn whoever_comes_after_a_refresh_gets_the_new_pair(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let key = (ada.id, build::link(store, ada.id, FITBIT, "f-1").await.id);
        let claim = async |generation, owner: &str, at| {
            store.claim_refresh(key, generation, owner, now().plus(MINUTE), at).await.unwrap()
        };
        assert_eq!(claim(1, "a", now()).await, RefreshClaim::Granted);
        assert_eq!(claim(1, "b", now()).await, RefreshClaim::Busy);
        let tx = store.write().await.unwrap();
        tx.put_tokens(key.0, key.1, build::tokens(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(1, "b", now()).await, RefreshClaim::Newer(build::tokens(2)));
        assert_eq!(claim(2, "b", now()).await, RefreshClaim::Granted, "the lease went with the old pair");
    }

    async fn a_refresh_that_never_ends_is_taken_over_and_one_given_back_is_free(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let key = (ada.id, build::link(store, ada.id, FITBIT, "f-1").await.id);
        let claim = async |owner: &str, at| {
            store.claim_refresh(key, 1, owner, now().plus(MINUTE), at).await.unwrap()
        };
        assert_eq!(claim("a", now()).await, RefreshClaim::Granted);
        assert_eq!(claim("b", now().plus(MINUTE - 1)).await, RefreshClaim::Busy);
        assert_eq!(claim("b", now().plus(MINUTE)).await, RefreshClaim::Granted);
        let tx = store.write().await.unwrap();
        tx.release_refresh(key.1, "a").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim("c", now()).await, RefreshClaim::Busy, "only its holder gives it back");
        let tx = store.write().await.unwrap();
        tx.release_refresh(key.1, "b").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim("c", now()).await, RefreshClaim::Granted);
    }
}
