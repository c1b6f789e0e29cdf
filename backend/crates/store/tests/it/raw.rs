//! Raw documents: kept as received, superseded by newer answers to the same request.

use jiff::civil::date;
use pulsekeep_core::{Metric, account::Viewer, id::LinkId, time::DayRange};
use pulsekeep_store::{
    Person, Repacked,
    ingest::{NewRawDocument, PackedBody, StoredRaw},
};
use pulsekeep_testkit::{DATA_TABLES, TestDatabase, build, now, on_each_engine};

use crate::blocks::{Owner, owner};

fn week() -> DayRange {
    DayRange { start: date(2026, 11, 1), end: date(2026, 11, 8) }
}

async fn put(db: &TestDatabase, owner: &Owner, key: &str, pages: &[&[u8]], later: i64) -> Vec<StoredRaw> {
    let tx = db.store().write().await.unwrap();
    let mut stored = Vec::new();
    for (page, body) in (0..).zip(pages) {
        let new = NewRawDocument {
            link: LinkId(1),
            endpoint: "google.steps.minute",
            request_key: key,
            days: week(),
            page,
            parser_version: 1,
            body: &PackedBody::pack(body).unwrap(),
        };
        stored.push(tx.put_raw(owner.user, &new, now().plus(later)).await.unwrap());
    }
    let count = i32::try_from(pages.len()).unwrap();
    tx.supersede_pages_from(owner.user, LinkId(1), key, count, now().plus(later)).await.unwrap();
    tx.commit().await.unwrap();
    stored
}

async fn person(db: &TestDatabase, owner: &Owner) -> Person {
    db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap()
}

on_each_engine! {
    async fn a_body_comes_back_byte_for_byte(db) {
        let owner = owner(&db).await;
        let bodies: [&[u8]; 3] = [b"", b"{\"steps\": 1}", &[0, 159, 146, 150, 255]];
        for (i, body) in bodies.into_iter().enumerate() {
            let stored = put(&db, &owner, &format!("k{i}"), &[body], 0).await;
            let person = person(&db, &owner).await;
            assert_eq!(person.raw_body(stored[0].id).await.unwrap().as_deref(), Some(body));
        }
    }

    async fn documents_are_packed_harder_when_they_are_old_and_hold_the_same(db) {
        let owner = owner(&db).await;
        let points = |bpm: i64| -> String {
            let point = |i: i64| format!(r#"{{"time":"2026-11-02T{:02}:{:02}:00Z","bpm":"{}"}},"#, i / 60, i % 60, bpm + i * i % 7);
            (0..1440).map(point).collect()
        };
        let (old, new) = (points(50), points(70));
        let kept = put(&db, &owner, "k", &[old.as_bytes(), b""], 0).await;
        put(&db, &owner, "superseded", &[old.as_bytes()], 0).await;
        put(&db, &owner, "superseded", &[new.as_bytes()], 1000).await;
        let until = |ms| now().plus(ms);
        let store = db.store();
        let first = store.repack_raw(until(1), 1).await.unwrap();
        assert_eq!(first.documents, 1, "one at least, however little is allowed");
        let rest = store.repack_raw(until(1), 1 << 20).await.unwrap();
        assert_eq!(rest.documents, 1, "neither a superseded nor a young one");
        assert!(first.after + rest.after < first.before + rest.before);
        assert_eq!(store.repack_raw(until(1), 1 << 20).await.unwrap(), Repacked::default());
        assert_eq!(store.repack_raw(until(2000), 1 << 20).await.unwrap().documents, 1);
        let person = person(&db, &owner).await;
        assert_eq!(person.raw_body(kept[0].id).await.unwrap().as_deref(), Some(old.as_bytes()));
        assert_eq!(person.raw_body(kept[1].id).await.unwrap().as_deref(), Some(&b""[..]));
        // What has come to harm is passed over.
        put(&db, &owner, "damaged", &[new.as_bytes()], 0).await;
        put(&db, &owner, "whole", &[new.as_bytes()], 10).await;
        db.execute("UPDATE raw_document SET body = sha256 WHERE request_key = 'damaged'").await;
        assert_eq!(store.repack_raw(until(2000), 1 << 20).await.unwrap().documents, 2);
    }

    async fn the_same_body_again_writes_nothing(db) {
        let owner = owner(&db).await;
        let first = put(&db, &owner, "k", &[b"one", b"two"], 0).await;
        assert!(first.iter().all(|raw| !raw.unchanged));
        db.watch_writes(&DATA_TABLES).await;
        let again = put(&db, &owner, "k", &[b"one", b"two"], 5).await;
        assert!(again.iter().all(|raw| raw.unchanged));
        assert_eq!(again.iter().map(|r| r.id).collect::<Vec<_>>(), first.iter().map(|r| r.id).collect::<Vec<_>>());
        assert!(db.writes().await.is_empty());
    }

    async fn a_newer_answer_supersedes_the_older_and_pages_that_it_no_longer_has(db) {
        let owner = owner(&db).await;
        put(&db, &owner, "k", &[b"one", b"two"], 0).await;
        put(&db, &owner, "other", &[b"three"], 0).await;
        put(&db, &owner, "k", &[b"ONE"], 5).await;
        let all = person(&db, &owner).await.raw_documents(None, date(2026, 11, 3), None, 10).await.unwrap();
        let newest_first: Vec<(i64, i32, bool)> = all.iter().map(|r| (r.bytes, r.page, r.superseded)).collect();
        assert_eq!(newest_first, [(3, 0, false), (5, 0, false), (3, 1, true), (3, 0, true)]);
        assert!(all.iter().all(|raw| raw.stored_bytes > 0 && raw.days == week()));
        // The first answer once more is a new document: what was superseded stays so.
        let back = put(&db, &owner, "k", &[b"one"], 9).await;
        assert!(!back[0].unchanged);
    }

    async fn what_has_been_outgrown_goes_early_and_what_was_longer_stays(db) {
        let owner = owner(&db).await;
        for (body, later) in [(&b"a"[..], 0), (b"ab", 10), (b"abc", 20)] {
            put(&db, &owner, "grown", &[body], later).await;
        }
        put(&db, &owner, "shrunk", &[b"abc", b"second page"], 0).await;
        put(&db, &owner, "shrunk", &[b"a"], 10).await;
        let drop = async |before, live| {
            db.store().drop_superseded(now().plus(before), now().plus(live), 10).await.unwrap()
        };
        assert_eq!(drop(0, 10).await, 0, "the first was superseded at ten");
        assert_eq!(drop(0, 11).await, 1);
        assert_eq!(drop(0, 1000).await, 1);
        assert_eq!(db.count("raw_document").await, 4, "the newest of each, and what was longer");
        assert_eq!(drop(1000, 1000).await, 2);
    }

    async fn documents_are_found_by_day_and_metric_in_pages(db) {
        let owner = owner(&db).await;
        for i in 0..5 {
            put(&db, &owner, &format!("k{i}"), &[b"x"], i).await;
        }
        let person = person(&db, &owner).await;
        let found = async |metric, day, after, limit| person.raw_documents(metric, day, after, limit).await.unwrap();
        let (first, last, after) = (date(2026, 11, 1), date(2026, 11, 7), date(2026, 11, 8));
        assert_eq!(found(Some(Metric::Steps), first, None, 10).await.len(), 5);
        assert_eq!(found(Some(Metric::Steps), last, None, 10).await.len(), 5);
        assert_eq!(found(Some(Metric::Steps), after, None, 10).await, []);
        assert_eq!(found(Some(Metric::Sleep), first, None, 10).await, []);
        let page = found(None, first, None, 2).await;
        let rest = found(None, first, Some(page[1].id), 10).await;
        assert_eq!(rest.len(), 3);
        assert!(rest[0].id < page[1].id);
    }

    async fn another_persons_body_is_not_there(db) {
        let owner = owner(&db).await;
        let stored = put(&db, &owner, "k", &[b"secret"], 0).await;
        let bob = build::member(db.store(), "bob").await;
        let person = db.store().person(&Viewer::system(), bob.id).await.unwrap().unwrap();
        assert_eq!(person.raw_body(stored[0].id).await.unwrap(), None);
        assert_eq!(person.raw_documents(None, date(2026, 11, 3), None, 10).await.unwrap(), []);
    }
}
