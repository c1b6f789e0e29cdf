//! Replacing samples: windows of instants and of civil days.

use jiff::{civil::date, tz::TimeZone};
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Viewer},
    id::{StreamId, UserId},
    time::{DayRange, HOUR_MS, MINUTE_MS},
    timeline::OffsetTimeline,
};
use pulsekeep_store::ingest::{Replace, ResolvedSamples};
use pulsekeep_testkit::{DATA_TABLES, TestDatabase, at, build, on_each_engine};

/// A person with a stream.
pub(crate) struct Owner {
    pub(crate) user: UserId,
    pub(crate) stream: StreamId,
    pub(crate) precedence: i16,
}

pub(crate) async fn owner(db: &TestDatabase) -> Owner {
    let store = db.store();
    let user = build::member(store, "ada").await.id;
    let link = build::link(store, user, ProviderKey::GoogleHealth, "g-1").await;
    let (stream, precedence) = build::stream(store, user, link.id, ProviderKey::GoogleHealth).await;
    Owner { user, stream, precedence }
}

/// Replaces, chooses the stream for the days with samples, and returns them.
pub(crate) async fn replace(
    db: &TestDatabase,
    owner: &Owner,
    samples: &ResolvedSamples,
    window: Replace,
) -> Vec<String> {
    let tx = db.store().write().await.unwrap();
    let days = tx.replace_samples(owner.user, owner.stream, samples, window).await.unwrap();
    let stream = (owner.stream, owner.precedence);
    tx.choose_stream(owner.user, samples.metric, &days, stream).await.unwrap();
    tx.commit().await.unwrap();
    days.iter().map(ToString::to_string).collect()
}

/// Stored samples in order of time: instant and value, by minute.
async fn stored(db: &TestDatabase, owner: &Owner, from: EpochMs, to: EpochMs) -> Vec<(EpochMs, f64)> {
    let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
    let series = person.series(Metric::Steps, (from, to), 1_000_000, None).await.unwrap();
    assert_eq!(series.resolution_ms, MINUTE_MS);
    let sums = series.sum.unwrap();
    series.start.into_iter().zip(sums).filter_map(|(start, sum)| Some((start, sum?))).collect()
}

/// Day and count of each block.
async fn blocks(db: &TestDatabase) -> Vec<String> {
    db.texts("SELECT day || ' ' || samples FROM sample_block ORDER BY day").await
}

fn steps(from: &str, count: i64, offset: i32, value: f64) -> ResolvedSamples {
    build::minutes(Metric::Steps, at(from), count, offset, value)
}

fn no_steps() -> ResolvedSamples {
    build::samples(Metric::Steps, &[])
}

on_each_engine! {
    async fn a_window_of_instants_replaces_what_is_inside_and_leaves_the_rest(db) {
        let owner = owner(&db).await;
        let whole = Replace::Instants(at("2026-11-01T00:00:00Z"), at("2026-11-03T00:00:00Z"));
        let days = replace(&db, &owner, &steps("2026-11-01T00:00:00Z", 2 * 1440, 0, 1.0), whole).await;
        assert_eq!(days, ["2026-11-01", "2026-11-02"]);
        // One hour over midnight, of which only the second half is filled again.
        let (from, to) = (at("2026-11-01T23:30:00Z"), at("2026-11-02T00:30:00Z"));
        replace(&db, &owner, &steps("2026-11-02T00:00:00Z", 30, 0, 5.0), Replace::Instants(from, to)).await;
        let found = stored(&db, &owner, at("2026-11-01T23:28:00Z"), at("2026-11-02T00:32:00Z")).await;
        let values: Vec<f64> = found.iter().map(|s| s.1).collect();
        assert_eq!(values, [vec![1.0; 2], vec![5.0; 30], vec![1.0; 2]].concat());
        assert_eq!(blocks(&db).await, ["2026-11-01 1410", "2026-11-02 1440"]);
    }

    async fn a_window_of_days_replaces_whole_days_and_drops_what_another_window_owns(db) {
        let owner = owner(&db).await;
        let days = |from, to| Replace::Days(DayRange { start: from, end: to });
        let both = days(date(2026, 11, 1), date(2026, 11, 3));
        replace(&db, &owner, &steps("2026-11-01T00:00:00Z", 2880, 0, 1.0), both).await;
        // The answer for the second day holds a little of the third.
        let second = days(date(2026, 11, 2), date(2026, 11, 3));
        let touched = replace(&db, &owner, &steps("2026-11-02T20:00:00Z", 300, 0, 2.0), second).await;
        assert_eq!(touched, ["2026-11-02"]);
        assert_eq!(blocks(&db).await, ["2026-11-01 1440", "2026-11-02 240"]);
        let emptied = replace(&db, &owner, &no_steps(), days(date(2026, 11, 2), date(2026, 11, 3))).await;
        assert_eq!(emptied, [""; 0]);
        assert_eq!(blocks(&db).await, ["2026-11-01 1440"]);
    }

    async fn the_same_content_again_writes_nothing(db) {
        let owner = owner(&db).await;
        let samples = steps("2026-11-01T00:00:00Z", 1440, 3600, 3.5);
        let windows = [
            Replace::Days(DayRange { start: date(2026, 11, 1), end: date(2026, 11, 3) }),
            Replace::Instants(at("2026-10-31T23:00:00Z"), at("2026-11-03T00:00:00Z")),
        ];
        replace(&db, &owner, &samples, windows[0]).await;
        db.watch_writes(&DATA_TABLES).await;
        for window in windows {
            replace(&db, &owner, &samples, window).await;
            assert!(db.writes().await.is_empty(), "{window:?}");
        }
        replace(&db, &owner, &steps("2026-11-01T00:00:00Z", 1440, 3600, 3.6), windows[0]).await;
        assert_eq!(db.writes().await["sample_block"], 2, "both days changed");
    }

    async fn days_of_23_and_25_hours_are_one_block_each(db) {
        let owner = owner(&db).await;
        let paris = OffsetTimeline::of_zone(TimeZone::get("Europe/Paris").unwrap());
        for (day, minutes) in [(date(2026, 3, 29), 23 * 60), (date(2026, 10, 25), 25 * 60)] {
            let (start, end) = paris.day_bounds(day);
            let count = (end.0 - start.0) / MINUTE_MS;
            assert_eq!(count, minutes);
            let points: Vec<_> = (0..count)
                .map(|i| start.plus(i * MINUTE_MS))
                .map(|at| (at, paris.offset_at(at), 1.0))
                .collect();
            let samples = build::samples(Metric::Steps, &points);
            let days = replace(&db, &owner, &samples, Replace::Days(DayRange::one(day))).await;
            assert_eq!(days, [day.to_string()]);
            assert_eq!(stored(&db, &owner, start, end).await.len() as i64, count);
            let row = format!("SELECT (last_offset - first_offset) || '' FROM sample_block WHERE day = '{day}'");
            let change = if minutes == 23 * 60 { "3600" } else { "-3600" };
            assert_eq!(db.texts(&row).await, [change]);
        }
        assert_eq!(blocks(&db).await, ["2026-03-29 1380", "2026-10-25 1500"]);
    }

    async fn a_day_torn_in_two_by_travel_keeps_both_pieces(db) {
        let owner = owner(&db).await;
        // New York until 00:30 of the 12th, then the clock falls back three hours into the 11th.
        let (east, west) = (-5 * 3600, -8 * 3600);
        let midnight = at("2026-11-12T05:00:00Z");
        let first = (0..60).map(|i| (midnight.plus((i - 60) * MINUTE_MS), east, 1.0));
        let after_midnight = (0..30).map(|i| (midnight.plus(i * MINUTE_MS), east, 2.0));
        let again = (30..180).map(|i| (midnight.plus(i * MINUTE_MS), west, 3.0));
        let points: Vec<_> = first.chain(after_midnight).chain(again).collect();
        let samples = build::samples(Metric::Steps, &points);
        let window = Replace::Days(DayRange { start: date(2026, 11, 11), end: date(2026, 11, 13) });
        assert_eq!(replace(&db, &owner, &samples, window).await, ["2026-11-11", "2026-11-12"]);
        assert_eq!(blocks(&db).await, ["2026-11-11 210", "2026-11-12 30"]);
        let found = stored(&db, &owner, midnight.plus(-HOUR_MS), midnight.plus(3 * HOUR_MS)).await;
        assert_eq!(found.iter().map(|s| s.1).collect::<Vec<_>>(), [vec![1.0; 60], vec![2.0; 30], vec![3.0; 150]].concat());
        // Reading only the second piece again leaves the first and the day between them.
        let window = Replace::Instants(midnight.plus(30 * MINUTE_MS), midnight.plus(3 * HOUR_MS));
        replace(&db, &owner, &no_steps(), window).await;
        assert_eq!(blocks(&db).await, ["2026-11-11 60", "2026-11-12 30"]);
    }

    async fn samples_that_come_back_under_another_offset_move_to_their_day(db) {
        let owner = owner(&db).await;
        let window = Replace::Instants(at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"));
        replace(&db, &owner, &steps("2026-11-01T20:00:00Z", 60, 0, 1.0), window).await;
        assert_eq!(blocks(&db).await, ["2026-11-01 60"]);
        // The same instants, now known to have been in Tokyo.
        replace(&db, &owner, &steps("2026-11-01T20:00:00Z", 60, 9 * 3600, 1.0), window).await;
        assert_eq!(blocks(&db).await, ["2026-11-02 60"]);
    }

    async fn a_changed_timeline_speaks_of_its_own_stretch_alone(db) {
        let owner = owner(&db).await;
        let mut tx = db.store().write().await.unwrap();
        let mut timeline = tx.timeline(owner.user).await.unwrap();
        timeline.learn(at("2026-11-10T00:00:00Z"), at("2026-11-12T00:00:00Z"), 9 * 3600);
        tx.put_timeline(owner.user, &timeline, "steps").await.unwrap();
        tx.commit().await.unwrap();
        let offset = async |when: &str| db.store().timeline(owner.user).await.unwrap().offset_at(at(when));
        assert_eq!(offset("2026-11-09T23:59:59Z").await, 0);
        assert_eq!(offset("2026-11-11T00:00:00Z").await, 9 * 3600);
        tx = db.store().write().await.unwrap();
        timeline.learn(at("2026-11-10T00:00:00Z"), at("2026-11-11T00:00:00Z"), 3600);
        tx.put_timeline(owner.user, &timeline, "sleep").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(offset("2026-11-10T12:00:00Z").await, 3600);
        assert_eq!(offset("2026-11-11T12:00:00Z").await, 9 * 3600);
        db.watch_writes(&["offset_span"]).await;
        tx = db.store().write().await.unwrap();
        tx.put_timeline(owner.user, &timeline, "sleep").await.unwrap();
        tx.commit().await.unwrap();
        assert!(db.writes().await.is_empty());
    }

    async fn samples_without_an_offset_of_their_own_follow_a_changed_timeline(db) {
        let owner = owner(&db).await;
        let start = at("2026-11-01T00:00:00Z");
        let days = (start, at("2026-11-04T00:00:00Z"));
        replace(&db, &owner, &steps("2026-11-01T00:00:00Z", 3 * 1440, 0, 1.0), Replace::Instants(days.0, days.1)).await;
        assert_eq!(blocks(&db).await, ["2026-11-01 1440", "2026-11-02 1440", "2026-11-03 1440"]);
        // In Tokyo from noon of the first day to noon of the second.
        let trip = (at("2026-11-01T12:00:00Z"), at("2026-11-02T12:00:00Z"));
        let tx = db.store().write().await.unwrap();
        let before = tx.timeline(owner.user).await.unwrap();
        let mut timeline = before.clone();
        timeline.learn(start, days.1, 0);
        timeline.learn(trip.0, trip.1.plus(-1), 9 * 3600);
        let changed = timeline.changed_since(&before).unwrap();
        assert_eq!(changed, trip);
        let what = (owner.stream, Metric::Steps);
        let touched = tx.rekey_samples(owner.user, what, changed, &timeline).await.unwrap();
        assert!(!touched.is_empty());
        tx.commit().await.unwrap();
        // From 15:00 on the first is the second day there, and the second day there ends at 15:00 UTC of the third.
        assert_eq!(blocks(&db).await, ["2026-11-01 900", "2026-11-02 1980", "2026-11-03 1440"]);
        let sums = db.texts("SELECT sum(value_sum) || '' FROM sample_block").await;
        assert!(sums[0].starts_with("4320"), "no sample is lost or doubled: {sums:?}");
        db.watch_writes(&DATA_TABLES).await;
        let tx = db.store().write().await.unwrap();
        tx.rekey_samples(owner.user, what, changed, &timeline).await.unwrap();
        tx.commit().await.unwrap();
        assert!(db.writes().await.is_empty(), "once");
    }

    async fn two_streams_are_kept_apart(db) {
        let owner = owner(&db).await;
        let store = db.store();
        let fitbit = build::link(store, owner.user, ProviderKey::Fitbit, "f-1").await;
        let (stream, precedence) = build::stream(store, owner.user, fitbit.id, ProviderKey::Fitbit).await;
        let other = Owner { user: owner.user, stream, precedence };
        let window = Replace::Days(DayRange::one(date(2026, 11, 1)));
        replace(&db, &owner, &steps("2026-11-01T00:00:00Z", 10, 0, 1.0), window).await;
        replace(&db, &other, &steps("2026-11-01T00:00:00Z", 20, 0, 7.0), window).await;
        let (from, to) = (at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"));
        assert_eq!(stored(&db, &owner, from, to).await.len(), 10, "the chosen stream alone");
        let person = store.person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let named = person.series(Metric::Steps, (from, to), 1500, Some(stream)).await.unwrap();
        assert_eq!(named.count.iter().sum::<u32>(), 20);
        replace(&db, &owner, &no_steps(), window).await;
        assert_eq!(blocks(&db).await, ["2026-11-01 20"], "the other stream keeps its own");
    }
}
