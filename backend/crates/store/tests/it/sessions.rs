//! Web sessions.

use std::sync::Arc;

use pulsekeep_core::{EpochMs, id::UserId};
use pulsekeep_store::WebSessions;
use pulsekeep_testkit::{TestDatabase, clock, now, on_each_engine};
use time::OffsetDateTime;
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
};

const HOUR: i64 = 3_600_000;

fn record(user: Option<UserId>, expires: EpochMs) -> Record {
    let data = user.map(|user| ("user_id".to_owned(), user.0.into())).into_iter().collect();
    let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires.0) * 1_000_000).unwrap();
    Record { id: Id::default(), data, expiry_date }
}

fn sessions(db: &TestDatabase) -> WebSessions {
    WebSessions::new(db.store().clone(), Arc::new(clock()))
}

on_each_engine! {
    async fn a_session_is_created_saved_loaded_and_deleted(db) {
        let sessions = sessions(&db);
        let mut made = record(Some(UserId(7)), now().plus(HOUR));
        sessions.create(&mut made).await.unwrap();
        assert_eq!(sessions.load(&made.id).await.unwrap(), Some(made.clone()));
        made.data.insert("state".to_owned(), "abc".into());
        sessions.save(&made).await.unwrap();
        assert_eq!(sessions.load(&made.id).await.unwrap(), Some(made.clone()));
        sessions.delete(&made.id).await.unwrap();
        assert_eq!(sessions.load(&made.id).await.unwrap(), None);
        assert_eq!(db.count("web_session").await, 0);
    }

    async fn creating_with_a_taken_id_leaves_the_other_session_alone(db) {
        let sessions = sessions(&db);
        let mut first = record(Some(UserId(1)), now().plus(HOUR));
        sessions.create(&mut first).await.unwrap();
        let mut second = Record { id: first.id, ..record(Some(UserId(2)), now().plus(HOUR)) };
        sessions.create(&mut second).await.unwrap();
        assert_ne!(first.id, second.id);
        assert_eq!(sessions.load(&first.id).await.unwrap(), Some(first));
        assert_eq!(sessions.load(&second.id).await.unwrap(), Some(second));
    }

    async fn an_ended_session_is_not_loaded_and_is_cleaned_up(db) {
        let sessions = sessions(&db);
        let (mut live, mut ended) = (record(None, now().plus(1)), record(None, now()));
        sessions.create(&mut live).await.unwrap();
        sessions.create(&mut ended).await.unwrap();
        assert_eq!(sessions.load(&ended.id).await.unwrap(), None);
        assert_eq!(db.store().delete_expired_web_sessions(now()).await.unwrap(), 1);
        assert_eq!(sessions.load(&live.id).await.unwrap(), Some(live));
    }

    async fn all_sessions_of_a_user_end_and_no_others(db) {
        let sessions = sessions(&db);
        let mut records = [Some(UserId(1)), Some(UserId(1)), Some(UserId(2)), None]
            .map(|user| record(user, now().plus(HOUR)));
        for record in &mut records {
            sessions.create(record).await.unwrap();
        }
        db.store().delete_web_sessions_of(UserId(1)).await.unwrap();
        let mut there = Vec::new();
        for record in &records {
            there.push(sessions.load(&record.id).await.unwrap().is_some());
        }
        assert_eq!(there, [false, false, true, true]);
    }

    async fn a_session_that_signs_in_later_belongs_to_its_user(db) {
        let sessions = sessions(&db);
        let mut anonymous = record(None, now().plus(HOUR));
        sessions.create(&mut anonymous).await.unwrap();
        anonymous.data.insert("user_id".to_owned(), 5.into());
        sessions.save(&anonymous).await.unwrap();
        db.store().delete_web_sessions_of(UserId(5)).await.unwrap();
        assert_eq!(sessions.load(&anonymous.id).await.unwrap(), None);
    }
}
