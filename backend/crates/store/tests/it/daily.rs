//! Daily values, and which stream speaks for a day.

use jiff::civil::date;
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Viewer},
    id::{StreamId, UserId},
    observation::DailyValue,
    time::DayRange,
};
use pulsekeep_store::ingest::Replace;
use pulsekeep_testkit::{DATA_TABLES, TestDatabase, at, build, on_each_engine};

use crate::blocks::{Owner, owner, replace};

fn november(from: i8, to: i8) -> DayRange {
    DayRange { start: date(2026, 11, from), end: date(2026, 11, to) }
}

fn value(day: i8, value: f64) -> DailyValue {
    DailyValue { metric: Metric::Steps, day: date(2026, 11, day), value }
}

async fn put(db: &TestDatabase, owner: &Owner, days: DayRange, values: &[DailyValue]) {
    let tx = db.store().write().await.unwrap();
    tx.replace_daily(owner.user, owner.stream, Metric::Steps, days, values).await.unwrap();
    let with_data: Vec<_> = values.iter().map(|v| v.day).filter(|day| days.contains(*day)).collect();
    let stream = (owner.stream, owner.precedence);
    tx.choose_stream(owner.user, Metric::Steps, &with_data, stream).await.unwrap();
    tx.commit().await.unwrap();
}

async fn read(db: &TestDatabase, user: UserId, days: DayRange, stream: Option<StreamId>) -> Vec<Option<f64>> {
    let person = db.store().person(&Viewer::system(), user).await.unwrap().unwrap();
    let series = person.daily(&[Metric::Steps], days, stream).await.unwrap();
    assert_eq!(series[0].days.len(), series[0].values.len());
    series[0].values.clone()
}

async fn fitbit(db: &TestDatabase, user: UserId) -> Owner {
    let link = build::link(db.store(), user, ProviderKey::Fitbit, "f-1").await;
    let (stream, precedence) = build::stream(db.store(), user, link.id, ProviderKey::Fitbit).await;
    Owner { user, stream, precedence }
}

on_each_engine! {
    async fn a_value_that_vanished_is_gone_and_zero_is_not_missing(db) {
        let owner = owner(&db).await;
        put(&db, &owner, november(1, 5), &[value(1, 10.0), value(2, 20.0), value(3, 0.0)]).await;
        let all = november(1, 5);
        assert_eq!(read(&db, owner.user, all, None).await, [Some(10.0), Some(20.0), Some(0.0), None]);
        put(&db, &owner, november(2, 4), &[value(3, 30.0)]).await;
        assert_eq!(read(&db, owner.user, all, None).await, [Some(10.0), None, Some(30.0), None]);
    }

    async fn values_outside_the_window_or_of_another_metric_are_left_out(db) {
        let owner = owner(&db).await;
        let calories = DailyValue { metric: Metric::Calories, day: date(2026, 11, 2), value: 9.0 };
        put(&db, &owner, november(1, 3), &[value(1, 10.0), calories, value(3, 30.0)]).await;
        let rows = db.texts("SELECT metric || ' ' || day FROM daily_value").await;
        assert_eq!(rows, [format!("{} 2026-11-01", Metric::Steps.code())]);
    }

    async fn the_same_values_again_write_nothing(db) {
        let owner = owner(&db).await;
        let values = [value(1, 10.5), value(2, 0.1 + 0.2)];
        put(&db, &owner, november(1, 5), &values).await;
        db.watch_writes(&DATA_TABLES).await;
        put(&db, &owner, november(1, 5), &values).await;
        assert!(db.writes().await.is_empty());
        put(&db, &owner, november(1, 5), &[value(1, 10.5), value(2, 0.3)]).await;
        assert_eq!(db.writes().await.into_iter().collect::<Vec<_>>(), [("daily_value".to_owned(), 1)]);
    }

    async fn google_goes_before_fitbit_whoever_comes_first(db) {
        let google = owner(&db).await;
        let fitbit = fitbit(&db, google.user).await;
        put(&db, &fitbit, november(1, 2), &[value(1, 100.0)]).await;
        assert_eq!(read(&db, google.user, november(1, 2), None).await, [Some(100.0)]);
        put(&db, &google, november(1, 2), &[value(1, 1.0)]).await;
        put(&db, &google, november(2, 3), &[value(2, 2.0)]).await;
        put(&db, &fitbit, november(2, 4), &[value(2, 200.0), value(3, 300.0)]).await;
        let days = november(1, 4);
        assert_eq!(read(&db, google.user, days, None).await, [Some(1.0), Some(2.0), Some(300.0)]);
        let named = read(&db, google.user, days, Some(fitbit.stream)).await;
        assert_eq!(named, [Some(100.0), Some(200.0), Some(300.0)]);
    }

    async fn a_day_with_samples_alone_gives_their_sum_and_the_providers_own_value_counts_more(db) {
        let owner = owner(&db).await;
        let samples = build::minutes(Metric::Steps, at("2026-11-01T10:00:00Z"), 30, 0, 2.0);
        replace(&db, &owner, &samples, Replace::Days(november(1, 2))).await;
        assert_eq!(read(&db, owner.user, november(1, 3), None).await, [Some(60.0), None]);
        put(&db, &owner, november(1, 2), &[value(1, 61.0)]).await;
        assert_eq!(read(&db, owner.user, november(1, 3), None).await, [Some(61.0), None]);
    }
}
