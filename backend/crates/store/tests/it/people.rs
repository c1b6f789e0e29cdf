//! Users, codes, invitations, API tokens.

use pulsekeep_core::account::{Role, Scope};
use pulsekeep_store::{CreateUser, NewApiToken, NewUser, UserFilter};
use pulsekeep_testkit::{build, now, on_each_engine};

const DAY: i64 = 86_400_000;

fn new_user(email: &str, code: Option<&str>) -> NewUser {
    NewUser {
        email: email.to_owned(),
        display_name: "Ada".to_owned(),
        code: code.map(str::to_owned),
        role: Role::Member,
        time_zone: "Europe/Paris".to_owned(),
    }
}

on_each_engine! {
    async fn a_user_is_found_by_address_in_any_case_and_by_code(db) {
        let store = db.store();
        assert!(!store.has_users().await.unwrap());
        let CreateUser::Created(ada) =
            store.create_user(new_user(" Ada@Example.ORG ", Some("ada_1")), now()).await.unwrap()
        else { panic!("not made") };
        assert_eq!(ada.email, "ada@example.org");
        for word in ["ADA@example.org", "ada_1"] {
            assert_eq!(store.user_by_email_or_code(word).await.unwrap().unwrap().id, ada.id, "{word}");
        }
        assert_eq!(store.user(ada.id).await.unwrap(), Some(ada.clone()));
        assert_eq!(store.user_by_email_or_code("nobody").await.unwrap(), None);
        assert!(store.has_users().await.unwrap());
    }

    async fn a_taken_address_or_code_is_an_outcome_and_writes_nothing(db) {
        let store = db.store();
        build::member(store, "ada").await;
        let taken = store.create_user(new_user("ADA@example.org", Some("other")), now()).await.unwrap();
        assert_eq!(taken, CreateUser::EmailTaken);
        let taken = store.create_user(new_user("other@example.org", Some("ada")), now()).await.unwrap();
        assert_eq!(taken, CreateUser::CodeTaken);
        assert_eq!(db.count("app_user").await, 1);
    }

    async fn of_many_who_take_one_address_at_once_one_wins(db) {
        let handles = [db.store().clone(), db.another().await];
        let tries: Vec<_> = (0..10)
            .map(|i| {
                let store = handles[i % 2].clone();
                tokio::spawn(async move { store.create_user(new_user("ada@example.org", None), now()).await })
            })
            .collect();
        let mut made = 0;
        for outcome in tries {
            match outcome.await.unwrap().unwrap() {
                CreateUser::Created(_) => made += 1,
                other => assert_eq!(other, CreateUser::EmailTaken),
            }
        }
        assert_eq!(made, 1);
    }

    async fn codes_that_are_made_are_unique_and_usable_in_paths(db) {
        let mut codes = std::collections::BTreeSet::new();
        for i in 0..50 {
            let CreateUser::Created(user) =
                db.store().create_user(new_user(&format!("p{i}@example.org"), None), now()).await.unwrap()
            else { panic!("not made") };
            assert!(user.code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
            assert!(codes.insert(user.code));
        }
    }

    async fn searching_takes_every_letter_as_it_is(db) {
        let store = db.store();
        for name in ["anna_b", "annab", "Berta"] {
            build::member(store, name).await;
        }
        let found = async |search: &str| {
            let filter = UserFilter { search: Some(search.to_owned()), after: None, limit: 10 };
            let users = store.users(&filter).await.unwrap();
            users.into_iter().map(|u| u.code).collect::<Vec<_>>()
        };
        assert_eq!(found("ANNA").await, ["anna_b", "annab"]);
        assert_eq!(found("a_b").await, ["anna_b"], "an underscore is no wildcard");
        assert_eq!(found("%").await, [""; 0], "nor is a percent sign");
        assert_eq!(found("\\").await, [""; 0]);
        assert_eq!(found("  ").await.len(), 3);
    }

    async fn users_come_in_pages(db) {
        let store = db.store();
        for i in 0..5 {
            build::member(store, &format!("p{i}")).await;
        }
        let first = store.users(&UserFilter { limit: 2, ..UserFilter::default() }).await.unwrap();
        let after = UserFilter { limit: 10, after: Some(first[1].id), search: None };
        let rest = store.users(&after).await.unwrap();
        assert_eq!(rest.iter().map(|u| u.code.as_str()).collect::<Vec<_>>(), ["p2", "p3", "p4"]);
    }

    async fn a_new_password_raises_the_session_epoch(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        assert_eq!(ada.password_hash, None);
        store.set_password(ada.id, "hash").await.unwrap();
        store.update_profile(ada.id, Some("Ada L."), Some("Asia/Tokyo")).await.unwrap();
        let now = store.user(ada.id).await.unwrap().unwrap();
        assert_eq!(now.password_hash.as_deref(), Some("hash"));
        assert_eq!(now.session_epoch, ada.session_epoch + 1);
        assert_eq!((now.display_name.as_str(), now.time_zone.as_str()), ("Ada L.", "Asia/Tokyo"));
    }

    async fn an_invitation_works_once_and_not_after_its_end(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let end = now().plus(7 * DAY);
        let id = store.create_invitation(ada.id, &[1; 32], end, None, now()).await.unwrap();
        assert_eq!(store.redeem_invitation(&[1; 32], end).await.unwrap(), None, "ended");
        assert_eq!(store.redeem_invitation(&[2; 32], now()).await.unwrap(), None, "unknown");
        let redeemed = store.redeem_invitation(&[1; 32], end.plus(-1)).await.unwrap().unwrap();
        assert_eq!((redeemed.id, redeemed.user_id), (id, ada.id));
        assert_eq!(store.redeem_invitation(&[1; 32], now()).await.unwrap(), None, "used");
        assert_eq!(store.invitation(id).await.unwrap(), Some(redeemed));
    }

    async fn a_new_invitation_ends_the_one_before(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        for token in [[1; 32], [2; 32]] {
            store.create_invitation(ada.id, &token, now().plus(DAY), Some(ada.id), now()).await.unwrap();
        }
        assert_eq!(store.redeem_invitation(&[1; 32], now()).await.unwrap(), None);
        assert!(store.redeem_invitation(&[2; 32], now()).await.unwrap().is_some());
    }

    async fn of_many_who_redeem_at_once_one_succeeds(db) {
        let ada = build::member(db.store(), "ada").await;
        db.store().create_invitation(ada.id, &[1; 32], now().plus(DAY), None, now()).await.unwrap();
        let handles = [db.store().clone(), db.another().await];
        let tries: Vec<_> = (0..20)
            .map(|i| {
                let store = handles[i % 2].clone();
                tokio::spawn(async move { store.redeem_invitation(&[1; 32], now()).await.unwrap() })
            })
            .collect();
        let mut won = 0;
        for outcome in tries {
            won += usize::from(outcome.await.unwrap().is_some());
        }
        assert_eq!(won, 1);
    }

    async fn a_token_keeps_what_it_may_and_for_whom(db) {
        let store = db.store();
        let (ada, bob) = (build::member(store, "ada").await, build::member(store, "bob").await);
        let new = NewApiToken {
            user_id: ada.id,
            name: "study".to_owned(),
            hash: [9; 32],
            scopes: vec![Scope::ReadMetrics, Scope::WriteSync],
            expires_at: Some(now().plus(DAY)),
            people: Some(vec![bob.id]),
        };
        let token = store.create_api_token(new, now()).await.unwrap();
        assert_eq!(store.api_token_by_hash(&[9; 32]).await.unwrap(), Some(token.clone()));
        assert_eq!(store.api_token_by_hash(&[8; 32]).await.unwrap(), None);
        assert_eq!(token.scopes, [Scope::ReadMetrics, Scope::WriteSync]);
        assert_eq!(token.people, Some(vec![bob.id]));
        assert_eq!(store.revoke_api_token(bob.id, token.id, now()).await.unwrap(), None, "not theirs");
        let revoked = store.revoke_api_token(ada.id, token.id, now()).await.unwrap().unwrap();
        assert_eq!(revoked.revoked_at, Some(now()));
        let again = store.revoke_api_token(ada.id, token.id, now().plus(1)).await.unwrap().unwrap();
        assert_eq!(again.revoked_at, Some(now()), "the first revocation counts");
        assert_eq!(store.api_tokens(ada.id).await.unwrap(), [again]);
        assert_eq!(store.api_tokens(bob.id).await.unwrap(), []);
    }

    async fn a_token_narrowed_to_nobody_is_not_one_for_everybody(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let new = NewApiToken {
            user_id: ada.id,
            name: "none".to_owned(),
            hash: [9; 32],
            scopes: vec![],
            expires_at: None,
            people: Some(vec![]),
        };
        store.create_api_token(new, now()).await.unwrap();
        let token = store.api_token_by_hash(&[9; 32]).await.unwrap().unwrap();
        assert_eq!((token.people, token.scopes), (Some(vec![]), vec![]));
    }

    async fn the_last_use_of_a_token_is_written_once_a_minute(db) {
        let store = db.store();
        let ada = build::member(store, "ada").await;
        let new = NewApiToken {
            user_id: ada.id,
            name: "t".to_owned(),
            hash: [9; 32],
            scopes: vec![Scope::ReadMetrics],
            expires_at: None,
            people: None,
        };
        store.create_api_token(new, now()).await.unwrap();
        let current = async || store.api_token_by_hash(&[9; 32]).await.unwrap().unwrap();
        for (later, seen) in [(0, 0), (59_999, 0), (60_000, 60_000)] {
            store.touch_api_token(&current().await, now().plus(later)).await.unwrap();
            assert_eq!(current().await.last_used_at, Some(now().plus(seen)));
        }
    }
}
