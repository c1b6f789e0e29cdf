//! Reads of a person: who may, and what comes.

use jiff::civil::date;
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Role, Scope, Viewer},
    job::{JobKind, JobState, Priority},
    observation::{DeviceRecord, SampleValues},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::{
    JobFilter, NewJob,
    block::{Block, runs_of},
    ingest::{Replace, ResolvedSamples},
};
use pulsekeep_testkit::{at, build, now, on_each_engine};

use crate::blocks::{owner, replace};

on_each_engine! {
    async fn another_member_sees_nobody(db) {
        let store = db.store();
        let (ada, bob) = (build::member(store, "ada").await, build::member(store, "bob").await);
        let admin = build::person(store, "root", "UTC", Role::Admin).await;
        let link = build::link(store, ada.id, ProviderKey::Fitbit, "f-1").await;
        let mut tx = store.write().await.unwrap();
        let job = NewJob {
            user_id: ada.id,
            link_id: link.id,
            kind: JobKind::Incremental,
            priority: Priority::Normal,
            metrics: vec![Metric::Steps],
            days: DayRange::one(date(2026, 11, 1)),
            requests_expected: 0,
            requests_at_most: 0,
            batch: None,
            created_by: None,
            windows: vec![],
        };
        let job = tx.create_job(job, now()).await.unwrap();
        tx.commit().await.unwrap();

        let narrowed = |user, role, people| Viewer { user: Some(user), role, scopes: Scope::ALL.to_vec(), people: Some(people) };
        let viewers = [
            (Viewer::session(ada.id, Role::Member), true),
            (Viewer::session(bob.id, Role::Member), false),
            (Viewer::session(admin.id, Role::Admin), true),
            (Viewer::system(), true),
            (narrowed(admin.id, Role::Admin, vec![bob.id]), false),
            (narrowed(admin.id, Role::Admin, vec![ada.id]), true),
            (narrowed(bob.id, Role::Member, vec![ada.id]), false),
            (narrowed(ada.id, Role::Member, vec![]), false),
        ];
        for (viewer, sees) in viewers {
            assert_eq!(store.person(&viewer, ada.id).await.unwrap().is_some(), sees, "{viewer:?}");
            assert_eq!(store.job(&viewer, job).await.unwrap().is_some(), sees, "{viewer:?}");
            let filters = [None, Some(ada.id)]
                .map(|user_id| JobFilter { user_id, states: vec![JobState::Done], after: None, limit: 10, batch: None });
            for filter in filters {
                assert_eq!(store.jobs(&viewer, &filter).await.unwrap().len(), usize::from(sees), "{viewer:?}");
            }
        }
        assert!(store.person(&Viewer::system(), pulsekeep_core::id::UserId(1)).await.unwrap().is_none());
    }

    async fn an_empty_bucket_is_null_and_a_zero_is_zero(db) {
        let owner = owner(&db).await;
        let start = at("2026-11-01T00:00:00Z");
        let points = [(start, 0, 0.0), (start.plus(MINUTE_MS), 0, 4.0), (start.plus(10 * MINUTE_MS), 0, 7.0)];
        let samples = build::samples(Metric::Steps, &points);
        replace(&db, &owner, &samples, Replace::Days(DayRange::one(date(2026, 11, 1)))).await;
        let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let minutes = person.series(Metric::Steps, (start, start.plus(3 * MINUTE_MS)), 3, None).await.unwrap();
        assert_eq!(minutes.sum, Some(vec![Some(0.0), Some(4.0), None]));
        assert_eq!((minutes.count, minutes.min), (vec![1, 1, 0], None));
        let coarse = person.series(Metric::Steps, (start, start.plus(15 * MINUTE_MS)), 3, None).await.unwrap();
        assert_eq!(coarse.resolution_ms, 5 * MINUTE_MS);
        assert_eq!(coarse.sum, Some(vec![Some(4.0), None, Some(7.0)]));
        let nothing = person.series(Metric::Steps, (start, start), 3, None).await.unwrap();
        assert_eq!(nothing.start, []);
    }

    async fn peaks_survive_the_coarsest_level(db) {
        let owner = owner(&db).await;
        let start = at("2026-11-01T00:00:00Z");
        let count = 2 * 1440;
        let column = |base: f64, peak: f64| -> Vec<f64> {
            (0..count).map(|i| if i == 1000 { peak } else { base }).collect()
        };
        let block = Block {
            interval_ms: MINUTE_MS,
            at: (0..count).map(|i| start.plus(i * MINUTE_MS).0).collect(),
            offsets: runs_of((0..count).map(|_| 0)),
            values: SampleValues::MinMeanMax { min: column(60.0, 41.0), mean: column(70.0, 70.0), max: column(80.0, 199.0) },
        };
        let samples = ResolvedSamples { metric: Metric::HeartRate, block };
        replace(&db, &owner, &samples, Replace::Instants(start, start.plus(2 * DAY_MS))).await;
        let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        for points in [2880, 100, 2, 1] {
            let series = person.series(Metric::HeartRate, (start, start.plus(2 * DAY_MS)), points, None).await.unwrap();
            assert!(series.start.len() <= points);
            let lowest = series.min.unwrap().into_iter().flatten().fold(f64::MAX, f64::min);
            let highest = series.max.unwrap().into_iter().flatten().fold(f64::MIN, f64::max);
            assert_eq!((lowest, highest), (41.0, 199.0), "{points}");
            assert!(series.mean.unwrap().into_iter().flatten().all(|mean| (mean - 70.0).abs() < 1e-9));
            assert_eq!(series.sum, None);
        }
        let day = DayRange::one(date(2026, 11, 1));
        let daily = person.daily(&[Metric::HeartRate], day, None).await.unwrap();
        assert_eq!(daily[0].values, [Some(70.0)]);
    }

    async fn a_series_begins_and_ends_where_it_was_asked_to(db) {
        let owner = owner(&db).await;
        let start = at("2026-11-01T23:00:00Z");
        let samples = build::minutes(Metric::Steps, start, 120, 0, 1.0);
        replace(&db, &owner, &samples, Replace::Instants(start, start.plus(2 * HOUR_MS))).await;
        let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let range = (start.plus(30 * MINUTE_MS), start.plus(90 * MINUTE_MS));
        let series = person.series(Metric::Steps, range, 1500, None).await.unwrap();
        assert_eq!((series.count.iter().sum::<u32>(), series.start[0]), (60, range.0));
    }

    async fn devices_are_replaced_and_the_latest_sync_of_a_tracker_counts(db) {
        let owner = owner(&db).await;
        let store = db.store();
        let link = store.links_of(owner.user).await.unwrap()[0].id;
        let device = |id: &str, is_tracker| DeviceRecord {
            external_id: id.to_owned(),
            model: "Charge 6".to_owned(),
            is_tracker,
            last_sync: None,
            battery_percent: Some(80),
        };
        let put = async |devices: &[(DeviceRecord, Option<pulsekeep_core::EpochMs>)]| {
            let tx = store.write().await.unwrap();
            tx.replace_devices(owner.user, link, devices, now()).await.unwrap();
            let last = tx.last_device_sync(owner.user, link).await.unwrap();
            tx.commit().await.unwrap();
            last
        };
        assert_eq!(put(&[(device("a", true), None)]).await, None);
        let synced = [(device("a", true), Some(now())), (device("scale", false), Some(now().plus(9)))];
        assert_eq!(put(&synced).await, Some(now()), "a scale is not worn");
        let person = store.person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let before = person.devices().await.unwrap();
        assert_eq!(before.len(), 2);
        db.watch_writes(&["device"]).await;
        put(&synced).await;
        assert!(db.writes().await.is_empty());
        put(&synced[..1]).await;
        let after = person.devices().await.unwrap();
        assert_eq!(after.len(), 1);
        assert!(before.contains(&after[0]));
    }

    async fn a_summary_counts_days_jobs_and_coverage(db) {
        let owner = owner(&db).await;
        let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
        let empty = person.summary(7, now()).await.unwrap();
        assert_eq!((empty.steps, empty.coverage_share, empty.last_data_day), (vec![None; 7], None, None));
        let samples = build::minutes(Metric::Steps, at("2026-11-20T10:00:00Z"), 10, 0, 3.0);
        replace(&db, &owner, &samples, Replace::Days(DayRange::one(date(2026, 11, 20)))).await;
        let summary = person.summary(2, now()).await.unwrap();
        assert_eq!(summary.steps, [Some(30.0), None]);
        assert_eq!(summary.days, DayRange { start: date(2026, 11, 20), end: date(2026, 11, 22) });
    }
}
