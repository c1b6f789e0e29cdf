//! Exercises: replaced by window, found by the provider's id, read page by page.

use jiff::civil::{Date, date};
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Viewer},
    catalogue::{route_endpoint, route_request_key},
    id::LinkId,
    observation::{ExerciseRecord, SampleValues, SessionTimes},
    time::{DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::{
    Person,
    block::Block,
    ingest::{NewRawDocument, PackedBody, Replace, ResolvedExercise, ResolvedSamples},
};
use pulsekeep_testkit::{DATA_TABLES, TestDatabase, at, build, now, on_each_engine};

use crate::blocks::{Owner, owner, replace};

fn run(id: &str, start: EpochMs, metres: f64) -> ResolvedExercise {
    let end = start.plus(HOUR_MS);
    let record = ExerciseRecord {
        external_id: id.to_owned(),
        times: SessionTimes::Instants { start, end, start_offset: 3600, end_offset: 3600 },
        day: start.civil(3600).date(),
        kind: "running".to_owned(),
        name: "Run".to_owned(),
        active_ms: Some(50 * MINUTE_MS),
        distance_m: Some(metres),
        steps: Some(9_000),
        energy_kcal: None,
        mean_heart_rate: Some(141.5),
        elevation_gain_m: Some(12.25),
        active_zone_minutes: Some(0),
        has_route: true,
    };
    ResolvedExercise { record, start, end, start_offset: 3600, end_offset: 3600 }
}

async fn put(db: &TestDatabase, owner: &Owner, days: DayRange, exercises: &[ResolvedExercise]) {
    let tx = db.store().write().await.unwrap();
    tx.replace_exercises(owner.user, owner.stream, days, exercises, now()).await.unwrap();
    let with_data: Vec<Date> = exercises.iter().map(|e| e.record.day).collect();
    let stream = (owner.stream, owner.precedence);
    tx.choose_stream(owner.user, Metric::Exercise, &with_data, stream).await.unwrap();
    tx.commit().await.unwrap();
}

async fn person(db: &TestDatabase, owner: &Owner) -> Person {
    db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap()
}

fn week() -> DayRange {
    DayRange { start: date(2026, 11, 1), end: date(2026, 11, 8) }
}

fn hour(day: i8, hour: i8) -> EpochMs {
    at(&format!("2026-11-{day:02}T{hour:02}:00:00Z"))
}

on_each_engine! {
    async fn an_exercise_comes_back_whole_and_what_is_unknown_stays_unknown(db) {
        let owner = owner(&db).await;
        let sent = run("e1", hour(2, 17), 10_012.5);
        put(&db, &owner, week(), std::slice::from_ref(&sent)).await;
        let person = person(&db, &owner).await;
        let found = person.exercises(week(), None, 10).await.unwrap();
        let [exercise] = &found[..] else { panic!("one exercise") };
        assert_eq!((exercise.start, exercise.end, exercise.day), (sent.start, sent.end, date(2026, 11, 2)));
        assert_eq!((exercise.start_offset, exercise.end_offset), (3600, 3600));
        assert_eq!((exercise.kind.as_str(), exercise.name.as_str()), ("running", "Run"));
        assert_eq!((exercise.distance_m, exercise.steps), (Some(10_012.5), Some(9_000)));
        assert_eq!((exercise.energy_kcal, exercise.active_zone_minutes), (None, Some(0)));
        assert_eq!((exercise.mean_heart_rate, exercise.elevation_gain_m), (Some(141.5), Some(12.25)));
        assert!(exercise.has_route && exercise.route.is_none() && exercise.link_id.is_some());
        assert_eq!(person.exercise(exercise.id).await.unwrap().as_ref(), Some(exercise));
    }

    async fn pages_are_newest_first_and_join_without_a_gap(db) {
        let owner = owner(&db).await;
        // Two begin at the same instant, on two devices.
        let mut all: Vec<_> = (1..=5).map(|day| run(&format!("e{day}"), hour(day, 17), 1.0)).collect();
        all.push(run("twin", hour(3, 17), 2.0));
        put(&db, &owner, week(), &all).await;
        let person = person(&db, &owner).await;
        let whole = person.exercises(week(), None, 100).await.unwrap();
        assert_eq!(whole.len(), 6);
        assert!(whole.windows(2).all(|pair| pair[0].start >= pair[1].start));
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = person.exercises(week(), after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            paged.extend(page);
        }
        assert_eq!(paged, whole);
    }

    async fn vanished_ones_are_removed_changed_ones_keep_their_id_and_the_same_again_writes_nothing(db) {
        let owner = owner(&db).await;
        put(&db, &owner, week(), &[run("e1", hour(1, 17), 1.0), run("e2", hour(2, 17), 2.0)]).await;
        let person = person(&db, &owner).await;
        let before = person.exercises(week(), None, 10).await.unwrap();
        put(&db, &owner, week(), &[run("e2", hour(2, 17), 2.5)]).await;
        let after = person.exercises(week(), None, 10).await.unwrap();
        assert_eq!(after.iter().map(|e| (e.id, e.distance_m)).collect::<Vec<_>>(), [(before[0].id, Some(2.5))]);
        db.watch_writes(&DATA_TABLES).await;
        put(&db, &owner, week(), &[run("e2", hour(2, 17), 2.5)]).await;
        assert!(db.writes().await.is_empty());
        put(&db, &owner, DayRange::one(date(2026, 11, 5)), &[]).await;
        assert_eq!(person.exercises(week(), None, 10).await.unwrap().len(), 1, "outside the window");
    }

    async fn minutes_of_a_day_are_those_of_all_its_exercises(db) {
        let owner = owner(&db).await;
        let mut whole = run("e2", hour(2, 19), 2.0);
        whole.record.active_ms = None;
        put(&db, &owner, week(), &[run("e1", hour(2, 17), 1.0), whole]).await;
        let daily = person(&db, &owner).await.daily(&[Metric::Exercise], week(), None).await.unwrap();
        assert_eq!(daily[0].values[..3], [None, Some(110.0), None]);
    }

    async fn a_route_is_found_with_its_own_exercise_only(db) {
        let owner = owner(&db).await;
        put(&db, &owner, week(), &[run("1", hour(1, 17), 1.0), run("11", hour(2, 17), 2.0)]).await;
        let person = person(&db, &owner).await;
        let link = person.exercises(week(), None, 1).await.unwrap()[0].link_id.unwrap();
        let provider = ProviderKey::GoogleHealth;
        let key = route_request_key(provider, "1");
        let mut ids = Vec::new();
        for (link, body) in [(link, "<a/>"), (LinkId(link.0 + 1), "<b/>"), (link, "<c/>")] {
            let document = NewRawDocument {
                link,
                endpoint: route_endpoint(provider),
                request_key: &key,
                days: DayRange::one(date(2026, 11, 1)),
                page: 0,
                parser_version: 2,
                body: &PackedBody::pack(body.as_bytes()).unwrap(),
            };
            let tx = db.store().write().await.unwrap();
            ids.push(tx.put_raw(owner.user, &document, now()).await.unwrap().id);
            tx.commit().await.unwrap();
        }
        let routes: Vec<_> = person.exercises(week(), None, 10).await.unwrap().iter().map(|e| e.route).collect();
        assert_eq!(routes, [None, Some(ids[2])], "the newest of the own account");
        assert_eq!(person.raw_body(ids[2]).await.unwrap().unwrap(), b"<c/>");
        let documents = person.raw_documents(Some(Metric::Exercise), date(2026, 11, 1), None, 10).await.unwrap();
        assert_eq!(documents.len(), 3);
    }

    async fn other_people_may_have_exercises_of_the_same_id(db) {
        let first = owner(&db).await;
        let bob = build::member(db.store(), "bob").await.id;
        let link = build::link(db.store(), bob, ProviderKey::GoogleHealth, "g-2").await;
        let (stream, precedence) = build::stream(db.store(), bob, link.id, ProviderKey::GoogleHealth).await;
        let second = Owner { user: bob, stream, precedence };
        for owner in [&first, &second] {
            put(&db, owner, week(), &[run("same", hour(1, 17), 1.0)]).await;
        }
        let own = person(&db, &first).await.exercises(week(), None, 10).await.unwrap();
        assert_eq!(own.len(), 1);
        assert_eq!(person(&db, &second).await.exercise(own[0].id).await.unwrap(), None, "not yours is not there");
    }

    async fn the_newer_windows_kind_of_samples_holds_for_a_day(db) {
        let owner = owner(&db).await;
        let start = hour(2, 8);
        let beats = |interval_ms: i64, step: i64, count: i64, values: fn(Vec<f64>) -> SampleValues| {
            let block = Block {
                interval_ms,
                at: (0..count).map(|i| start.0 + i * step).collect(),
                offsets: vec![(0, 3600)],
                values: values((0..count).map(|_| 60.0).collect()),
            };
            ResolvedSamples { metric: Metric::HeartRate, block }
        };
        let triple = |v: Vec<f64>| SampleValues::MinMeanMax { min: v.clone(), mean: v.clone(), max: v };
        let minutes = beats(MINUTE_MS, MINUTE_MS, 600, triple);
        let native = beats(0, 5_000, 900, SampleValues::Single);
        let kinds = || db.texts("SELECT interval_ms || ' ' || samples FROM sample_block");
        let first_hours = Replace::Instants(start, start.plus(2 * HOUR_MS));
        for (samples, expected) in [(&minutes, "60000 600"), (&native, "0 900"), (&minutes, "60000 120")] {
            let window = if expected == "60000 600" { Replace::Days(week()) } else { first_hours };
            replace(&db, &owner, samples, window).await;
            assert_eq!(kinds().await, [expected]);
        }
    }
}
