//! Values by day of many metrics at once, and profiles from blocks.

use jiff::civil::date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Viewer},
    catalogue::Grain,
    coverage::CoverageState,
    id::{JobId, StreamId},
    observation::DailyValue,
    time::{DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use pulsekeep_store::{
    Person, WindowKey,
    ingest::{CoverageMark, Replace},
};
use pulsekeep_testkit::{TestDatabase, at, build, now, on_each_engine};

use crate::blocks::{Owner, owner, replace};

async fn person(db: &TestDatabase, owner: &Owner) -> Person {
    db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap()
}

async fn put(db: &TestDatabase, owner: &Owner, values: &[DailyValue]) {
    let tx = db.store().write().await.unwrap();
    for value in values {
        let day = DayRange::one(value.day);
        tx.replace_daily(owner.user, owner.stream, value.metric, day, &[*value]).await.unwrap();
        let stream = (owner.stream, owner.precedence);
        tx.choose_stream(owner.user, value.metric, &[value.day], stream).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn november(from: i8, to: i8) -> DayRange {
    DayRange { start: date(2026, 11, from), end: date(2026, 11, to) }
}

/// Heart rate and steps of some minutes of days, and a daily total that goes before the steps of one of them.
async fn filled(db: &TestDatabase, owner: &Owner) {
    for (metric, value) in [(Metric::Steps, 10.0), (Metric::HeartRate, 60.0), (Metric::HeartRate, 70.0)] {
        for day in ["2026-11-02", "2026-11-04"] {
            let start = at(&format!("{day}T12:00:00Z")).plus(if value > 65.0 { HOUR_MS } else { 0 });
            let samples = build::minutes(metric, start, 10, 0, value);
            replace(db, owner, &samples, Replace::Instants(start, start.plus(10 * MINUTE_MS))).await;
        }
    }
    let value = |metric, day, value| DailyValue { metric, day: date(2026, 11, day), value };
    put(
        db,
        owner,
        &[value(Metric::Steps, 4, 123.0), value(Metric::Weight, 3, 71.5), value(Metric::Floors, 2, 0.0)],
    )
    .await;
}

on_each_engine! {
    async fn many_metrics_at_once_are_what_each_is_by_itself(db) {
        let owner = owner(&db).await;
        filled(&db, &owner).await;
        let link = build::link(db.store(), owner.user, ProviderKey::Fitbit, "f-1").await;
        let (stream, precedence) = build::stream(db.store(), owner.user, link.id, ProviderKey::Fitbit).await;
        // What the stream that is not chosen says counts nowhere.
        let fitbit = Owner { user: owner.user, stream, precedence };
        let other = [DailyValue { metric: Metric::Weight, day: date(2026, 11, 3), value: 90.0 }];
        put(&db, &fitbit, &other).await;
        let (person, days) = (person(&db, &owner).await, november(1, 6));
        let metrics: Vec<Metric> = Metric::all().collect();
        let all = person.day_values(&metrics, days).await.unwrap();
        for metric in metrics {
            let alone = person.daily(&[metric], days, None).await.unwrap();
            assert_eq!(all.of(metric), alone[0].values, "{metric}");
        }
        assert_eq!(all.of(Metric::Steps), [None, Some(100.0), None, Some(123.0), None]);
        assert_eq!(all.of(Metric::HeartRate)[1], Some(65.0));
        assert_eq!(all.of(Metric::Floors)[1], Some(0.0), "zero is not missing");
        assert_eq!(all.of_days(Metric::Steps, november(4, 8)), [Some(123.0), None, None, None]);
        let whole = all.whole_before(date(2026, 11, 4));
        assert_eq!(whole.of(Metric::Steps)[3], None, "a day that is not over is no whole day");
        assert!(whole.of(Metric::HeartRate)[3].is_some(), "a rate is a rate");
    }

    async fn another_persons_days_are_not_among_them(db) {
        let owner = owner(&db).await;
        filled(&db, &owner).await;
        let bob = build::member(db.store(), "bob").await;
        let bob = db.store().person(&Viewer::system(), bob.id).await.unwrap().unwrap();
        let values = bob.day_values(&[Metric::Steps], november(1, 6)).await.unwrap();
        assert_eq!(values.of(Metric::Steps), [None; 5]);
        assert_eq!(bob.profile(Metric::Steps, november(1, 6), now()).await.unwrap().hours.days, 0);
        assert_eq!(bob.sleep_regularity(november(1, 6)).await.unwrap().nights, 0);
    }

    async fn a_day_that_may_still_change_counts_up_to_its_last_sample(db) {
        let owner = owner(&db).await;
        filled(&db, &owner).await;
        let (person, days) = (person(&db, &owner).await, november(1, 6));
        let hours = |profile: &pulsekeep_store::person::Profile, weekday: usize| profile.hours.cells[weekday].map(|cell| cell.hours);
        let closed = person.profile(Metric::Steps, days, now()).await.unwrap();
        assert_eq!(closed.hours.days, 2);
        assert_eq!((hours(&closed, 0), hours(&closed, 1)), ([1.0; 24], [0.0; 24]), "Monday has data, Tuesday none");

        let tx = db.store().write().await.unwrap();
        let mark = CoverageMark { day: date(2026, 11, 2), state: CoverageState::Partial, code: None, raw: None, wear_minutes: None };
        let key = WindowKey { user: owner.user, job: JobId(1), seq: 0 };
        tx.mark_coverage(owner.user, (Metric::Steps, Grain::Minute), owner.stream, key, &[mark], now()).await.unwrap();
        // What another stream still waits for says nothing of this one.
        let other = CoverageMark { day: date(2026, 11, 4), ..mark };
        tx.mark_coverage(owner.user, (Metric::Steps, Grain::Minute), StreamId(7), key, &[other], now()).await.unwrap();
        tx.commit().await.unwrap();
        let open = person.profile(Metric::Steps, days, now()).await.unwrap();
        let monday = hours(&open, 0);
        assert_eq!((monday[11], monday[13], monday[23]), (1.0, 0.0, 0.0));
        assert!((monday[12] - 10.0 / 60.0).abs() < 1e-9, "{monday:?}");
        assert_eq!(hours(&open, 2), [1.0; 24]);
        // Today is open by its nature, whatever is known of it.
        let then = at("2026-11-04T12:30:00Z");
        assert_eq!(hours(&person.profile(Metric::Steps, days, then).await.unwrap(), 2)[13], 0.0);
    }

    async fn a_damaged_block_is_named_and_the_rest_is_served(db) {
        let owner = owner(&db).await;
        filled(&db, &owner).await;
        let empty = match db.engine() { pulsekeep_store::Engine::Sqlite => "x''", pulsekeep_store::Engine::Postgres => "''::BYTEA" };
        db.execute(&format!("UPDATE sample_block SET body = {empty} WHERE day = '2026-11-02' AND metric = {}", Metric::Steps.code())).await;
        let found = person(&db, &owner).await.profile(Metric::Steps, november(1, 6), now()).await.unwrap();
        assert_eq!((found.damaged, found.hours.days), (vec![date(2026, 11, 2)], 1));
    }

    async fn a_year_of_minutes_is_one_profile(db) {
        let owner = owner(&db).await;
        let first = at("2025-11-20T00:00:00Z");
        for week in 0..52 {
            let start = EpochMs(first.0 + week * 7 * 24 * HOUR_MS);
            let samples = build::minutes(Metric::HeartRate, start, 7 * 1440, 0, 60.0 + f64::from(i32::try_from(week % 9).unwrap()));
            replace(&db, &owner, &samples, Replace::Instants(start, start.plus(7 * 24 * HOUR_MS))).await;
        }
        let days = DayRange { start: date(2025, 11, 20), end: add_days(date(2025, 11, 20), 364) };
        let found = person(&db, &owner).await.profile(Metric::HeartRate, days, now()).await.unwrap();
        assert_eq!(found.hours.days, 364);
        assert!(found.hours.cells.iter().flatten().all(|cell| cell.count == 52 * 60 && cell.days == 52));
        assert_eq!(found.hours.cells[0][0].max(), Some(68.0));
    }
}
