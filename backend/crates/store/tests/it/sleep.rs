//! Sleep sessions: replaced by window, found by the provider's id.

use jiff::civil::{Date, date};
use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    observation::{SessionTimes, SleepKind, SleepLevel, SleepRecord, SleepStage, SleepSummary},
    time::{DayRange, HOUR_MS},
};
use pulsekeep_store::{ingest::ResolvedSleep, person::SleepSession};
use pulsekeep_testkit::{DATA_TABLES, TestDatabase, at, build, now, on_each_engine};

use crate::blocks::{Owner, owner};

fn night(id: &str, start: EpochMs, asleep: i64) -> ResolvedSleep {
    let end = start.plus(8 * HOUR_MS);
    let half = start.plus(4 * HOUR_MS);
    let stage = |start: EpochMs, end: EpochMs, level| SleepStage { start: start.0, end: end.0, level };
    let record = SleepRecord {
        external_id: id.to_owned(),
        times: SessionTimes::Instants { start, end, start_offset: 0, end_offset: 3600 },
        day: end.civil(3600).date(),
        kind: SleepKind::Stages,
        is_main: true,
        is_processed: true,
        stages: vec![stage(start, half, SleepLevel::Deep), stage(half, end, SleepLevel::Rem)],
        short_awakenings: vec![stage(half, half.plus(30_000), SleepLevel::Awake)],
        summary: SleepSummary {
            asleep: Some(asleep),
            deep: Some(240),
            rem: Some(240),
            ..SleepSummary::default()
        },
    };
    ResolvedSleep { record, start, end, start_offset: 0, end_offset: 3600 }
}

async fn put(db: &TestDatabase, owner: &Owner, days: DayRange, sessions: &[ResolvedSleep]) {
    let tx = db.store().write().await.unwrap();
    tx.replace_sleep(owner.user, owner.stream, days, sessions, now()).await.unwrap();
    let with_data: Vec<Date> = sessions.iter().map(|s| s.record.day).collect();
    let stream = (owner.stream, owner.precedence);
    tx.choose_stream(owner.user, Metric::Sleep, &with_data, stream).await.unwrap();
    tx.commit().await.unwrap();
}

async fn read(db: &TestDatabase, owner: &Owner) -> Vec<SleepSession> {
    let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
    person.sleep(week()).await.unwrap()
}

fn week() -> DayRange {
    DayRange { start: date(2026, 11, 1), end: date(2026, 11, 8) }
}

on_each_engine! {
    async fn a_session_comes_back_whole(db) {
        let owner = owner(&db).await;
        let sent = night("n1", at("2026-11-01T22:00:00Z"), 450);
        put(&db, &owner, week(), std::slice::from_ref(&sent)).await;
        let found = read(&db, &owner).await;
        assert_eq!(found.len(), 1);
        let session = &found[0];
        assert_eq!((session.start, session.end, session.day), (sent.start, sent.end, date(2026, 11, 2)));
        assert_eq!((session.start_offset, session.end_offset), (0, 3600));
        assert_eq!(session.stages, sent.record.stages);
        assert_eq!(session.short_awakenings, sent.record.short_awakenings);
        assert_eq!(session.summary, sent.record.summary);
        assert!(session.is_main && session.is_processed && session.kind == SleepKind::Stages);
    }

    async fn a_session_that_vanished_from_its_window_is_removed_and_a_changed_one_keeps_its_id(db) {
        let owner = owner(&db).await;
        let (first, second) = (at("2026-11-01T22:00:00Z"), at("2026-11-02T22:00:00Z"));
        put(&db, &owner, week(), &[night("n1", first, 450), night("n2", second, 400)]).await;
        let before = read(&db, &owner).await;
        put(&db, &owner, week(), &[night("n2", second, 410)]).await;
        let after = read(&db, &owner).await;
        assert_eq!(after.len(), 1);
        assert_eq!((after[0].id, after[0].summary.asleep), (before[1].id, Some(410)));
    }

    async fn sessions_outside_the_window_stay_and_the_same_again_writes_nothing(db) {
        let owner = owner(&db).await;
        let (first, second) = (at("2026-11-01T22:00:00Z"), at("2026-11-02T22:00:00Z"));
        let nights = [night("n1", first, 450), night("n2", second, 400)];
        put(&db, &owner, week(), &nights).await;
        db.watch_writes(&DATA_TABLES).await;
        put(&db, &owner, week(), &nights).await;
        assert!(db.writes().await.is_empty());
        put(&db, &owner, DayRange::one(date(2026, 11, 3)), &[]).await;
        let left = read(&db, &owner).await;
        assert_eq!(left.iter().map(|s| s.start).collect::<Vec<_>>(), [first]);
    }

    async fn a_session_whose_day_of_waking_moved_is_one_session(db) {
        let owner = owner(&db).await;
        put(&db, &owner, week(), &[night("n1", at("2026-11-01T14:30:00Z"), 450)]).await;
        assert_eq!(read(&db, &owner).await[0].day, date(2026, 11, 1));
        // The provider finished it later: it ended after midnight, in another window.
        let later = night("n1", at("2026-11-01T18:30:00Z"), 470);
        put(&db, &owner, DayRange::one(date(2026, 11, 2)), &[later]).await;
        put(&db, &owner, DayRange::one(date(2026, 11, 1)), &[]).await;
        let found = read(&db, &owner).await;
        assert_eq!(found.iter().map(|s| (s.day, s.summary.asleep)).collect::<Vec<_>>(), [(date(2026, 11, 2), Some(470))]);
    }

    async fn minutes_asleep_of_a_day_are_those_of_all_its_sessions(db) {
        let owner = owner(&db).await;
        let nap = night("nap", at("2026-11-02T12:00:00Z"), 40);
        put(&db, &owner, week(), &[night("n1", at("2026-11-01T22:00:00Z"), 450), nap]).await;
        let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let daily = person.daily(&[Metric::Sleep], week(), None).await.unwrap();
        assert_eq!(daily[0].values[..3], [None, Some(490.0), None]);
    }

    async fn other_people_may_have_sessions_of_the_same_id(db) {
        let first = owner(&db).await;
        let bob = build::member(db.store(), "bob").await.id;
        let provider = pulsekeep_core::account::ProviderKey::GoogleHealth;
        let link = build::link(db.store(), bob, provider, "g-2").await;
        let (stream, precedence) = build::stream(db.store(), bob, link.id, provider).await;
        let second = Owner { user: bob, stream, precedence };
        for owner in [&first, &second] {
            put(&db, owner, week(), &[night("same", at("2026-11-01T22:00:00Z"), 450)]).await;
        }
        assert_eq!((read(&db, &first).await.len(), read(&db, &second).await.len()), (1, 1));
    }
}
