//! What an export writes, and what it leaves alone.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::civil::date;
use parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
    file::reader::{FileReader, SerializedFileReader},
};
use pulsekeep_core::{
    Metric,
    account::Viewer,
    job::{ExportFormat, ExportState},
    time::DayRange,
};
use pulsekeep_export::{ExportPolicy, Exporter, Target};
use pulsekeep_store::NewExport;
use pulsekeep_testkit::{at, build, on_each_engine};
use tokio_util::sync::CancellationToken;

use crate::{
    memory::Memory,
    world::{World, ann, assert_finished, everything, files, listed, manifest, november, owner, policy},
};

fn text(files: &BTreeMap<String, Vec<u8>>, key: &str) -> String {
    let bytes = files.get(key).unwrap_or_else(|| panic!("no {key} among {:?}", files.keys()));
    String::from_utf8(bytes.clone()).unwrap()
}

/// The sum and the number of the values in a column of Parquet files.
fn column(files: &BTreeMap<String, Vec<u8>>, prefix: &str, name: &str) -> (f64, usize) {
    let (mut sum, mut rows) = (0.0, 0);
    for (_, bytes) in files.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let batches =
            ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes.clone())).unwrap().build().unwrap();
        for batch in batches {
            let batch = batch.unwrap();
            let column = batch.column_by_name(name).unwrap();
            let values = column.as_any().downcast_ref::<arrow_array::Float64Array>().unwrap();
            sum += values.iter().flatten().sum::<f64>();
            rows += batch.num_rows();
        }
    }
    (sum, rows)
}

on_each_engine! {
    async fn an_export_has_the_files_of_the_layout_with_what_the_store_has(db) {
        let store = db.store();
        let ann = ann(store).await;
        build::member(store, "nobody").await;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("export");
        let job = World::new(store, Target::Directory(root.clone())).export_all().await;
        let files = files(&root);
        assert_finished(&files);
        let csv: Vec<&String> = files.keys().filter(|key| key.ends_with(".csv")).collect();
        assert_eq!(csv, [
            "users/ann/exercise/exercise_2026-11.csv",
            "users/ann/exercise_daily/exercise_daily_2026-11.csv",
            "users/ann/heart_rate/heart_rate_2026-11-02.csv",
            "users/ann/heart_rate_daily/heart_rate_daily_2026-11.csv",
            "users/ann/resting_heart_rate/resting_heart_rate_2026-11.csv",
            "users/ann/sleep/sleep_2026-11.csv",
            "users/ann/sleep_daily/sleep_daily_2026-11.csv",
            "users/ann/sleep_stages/sleep_stages_2026-11.csv",
            "users/ann/steps/steps_2026-10-31.csv",
            "users/ann/steps/steps_2026-11-01.csv",
            "users/ann/steps/steps_2026-11-02.csv",
            "users/ann/steps_daily/steps_daily_2026-10.csv",
            "users/ann/steps_daily/steps_daily_2026-11.csv",
        ]);
        assert_eq!(text(&files, "users/ann/steps/steps_2026-10-31.csv"),
            "user,metric,day,local_time,utc_time,value,min,max,problem\r\n\
             ann,steps,2026-10-31,2026-10-31T12:00:00+01:00,2026-10-31T11:00:00Z,5,,,\r\n\
             ann,steps,2026-10-31,2026-10-31T12:01:00+01:00,2026-10-31T11:01:00Z,0,,,\r\n\
             ann,steps,2026-10-31,2026-10-31T12:02:00+01:00,2026-10-31T11:02:00Z,7,,,\r\n");
        let heart = text(&files, "users/ann/heart_rate/heart_rate_2026-11-02.csv");
        assert!(heart.starts_with("user,metric,day,local_time,utc_time,value (bpm),min (bpm),max (bpm),problem\r\n"), "{heart}");
        assert!(heart.contains("T11:00:00Z,60.5,58,64,\r\n"), "{heart}");
        let exercise = text(&files, "users/ann/exercise/exercise_2026-11.csv");
        assert!(exercise.contains(",\"'=HYPERLINK(\"\"x\"\"), run\",3000000,10012.5,0,,141.5,,20,true\r\n"), "{exercise}");
        let stages = text(&files, "users/ann/sleep_stages/sleep_stages_2026-11.csv");
        assert_eq!(stages.lines().count(), 4, "{stages}");
        assert!(!files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("PROVIDER")), "no id of a provider");

        // The same totals as the store's, which are GraphQL's.
        let person = store.person(&Viewer::system(), ann.user.id).await.unwrap().unwrap();
        let days = DayRange { start: date(2026, 10, 1), end: date(2026, 12, 1) };
        let total = |metric| {
            let person = person.clone();
            async move { person.daily(&[metric], days, None).await.unwrap()[0].values.iter().flatten().sum::<f64>() }
        };
        assert_eq!(column(&files, "dataset/metric=steps_daily/", "value"), (total(Metric::Steps).await, 3));
        assert_eq!(column(&files, "dataset/metric=steps/", "value"), (33.5, 9));
        assert_eq!(column(&files, "dataset/metric=resting_heart_rate/", "value"), (total(Metric::RestingHeartRate).await, 2));
        assert_eq!(column(&files, "dataset/metric=sleep_daily/", "value"), (total(Metric::Sleep).await, 1));
        assert_eq!(column(&files, "dataset/metric=heart_rate/", "max"), (127.0, 2));
        assert_eq!(column(&files, "exercise/user=ann/", "distance_m"), (10_012.5, 1));

        let manifest = manifest(&files);
        assert_eq!((&manifest["format"], &manifest["deidentified"]), (&1.into(), &false.into()));
        let (objects, rows) = (job.progress.objects_written, job.progress.rows_written);
        assert_eq!((manifest["total"]["objects"].as_i64(), manifest["total"]["rows"].as_i64()), (Some(objects), Some(rows)));
        assert_eq!((job.progress.people_total, job.progress.people_done), (2, 2));
        assert_eq!(job.progress.objects_total, job.progress.objects_done);
    }

    async fn parquet_files_are_one_table_with_pages_to_skip(db) {
        ann(db.store()).await;
        let sink = Memory::new();
        let world = World::new(db.store(), Target::Made(sink.clone()));
        let only = NewExport { format: ExportFormat::Parquet, ..everything() };
        assert_eq!(world.export(&only).await.state, ExportState::Done);
        let files = sink.files();
        assert!(!files.keys().any(|key| key.ends_with(".csv")));
        let mut schemas = Vec::new();
        for (key, bytes) in files.iter().filter(|(key, _)| key.starts_with("dataset/")) {
            let reader = SerializedFileReader::new(Bytes::from(bytes.clone())).unwrap();
            let group = reader.metadata().row_group(0);
            assert!(group.column(1).column_index_offset().is_some(), "{key}: statistics of pages");
            assert_eq!(group.sorting_columns().unwrap()[0].column_idx, 1, "{key}: sorted by time");
            schemas.push(ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes.clone())).unwrap().schema().fields().clone());
        }
        assert!(schemas.len() > 5 && schemas.windows(2).all(|pair| pair[0] == pair[1]));
        let names: Vec<&str> = schemas[0].iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["day", "time", "offset_s", "count", "value", "min", "max", "unit", "problem"]);
    }

    async fn only_what_has_changed_is_written_and_what_has_gone_goes(db) {
        let store = db.store();
        let ann = ann(store).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        world.export_all().await;
        let before = sink.files();
        sink.take_puts();

        let job = world.export_all().await;
        assert_eq!((job.progress.objects_total, sink.take_puts()), (0, vec![]), "nothing has changed, nothing is written");
        assert_eq!(sink.files(), before);

        ann.minutes(store, Metric::Steps, november(2), &[4.0, 5.0, 7.0]).await;
        world.export_all().await;
        let puts = sink.take_puts();
        assert_eq!(puts, [
            "dataset/metric=steps/user=ann/month=2026-11/part-0.parquet",
            "dataset/metric=steps_daily/user=ann/month=2026-11/part-0.parquet",
            "in-progress.json",
            &format!("in-progress/{}/000001.json", manifest(&sink.files())["generation"].as_str().unwrap()),
            "manifest.json",
            "users/ann/steps/steps_2026-11-02.csv",
            "users/ann/steps_daily/steps_daily_2026-11.csv",
        ]);
        assert_finished(&sink.files());

        // A day without samples any more.
        let nothing = build::samples(Metric::Steps, &[]);
        ann.put(store, &nothing, DayRange::one(date(2026, 10, 31))).await;
        world.export_all().await;
        assert_finished(&sink.files());
        assert!(!sink.files().contains_key("users/ann/steps/steps_2026-10-31.csv"));
        assert!(!sink.files().contains_key("dataset/metric=steps/user=ann/month=2026-10/part-0.parquet"));
        assert_eq!(sink.take_puts().iter().filter(|key| key.ends_with(".parquet")).count(), 0);
    }

    async fn a_range_a_metric_or_a_person_leaves_the_rest_as_it_is(db) {
        let store = db.store();
        let (ann, bob) = (ann(store).await, owner(store, "bob").await);
        bob.minutes(store, Metric::Steps, november(1), &[8.0]).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        world.export_all().await;
        sink.take_puts();
        for owner in [&ann, &bob] {
            owner.minutes(store, Metric::Steps, november(1), &[3.0, 3.0]).await;
        }
        ann.minutes(store, Metric::Steps, date(2026, 10, 31), &[1.0]).await;
        ann.daily(store, Metric::RestingHeartRate, &[(november(2), 62.0)]).await;
        let some = NewExport {
            people: Some(vec![ann.user.id]),
            metrics: vec![Metric::Steps],
            days: Some(DayRange::one(november(1))),
            format: ExportFormat::Csv,
            ..everything()
        };
        world.export(&some).await;
        assert_finished(&sink.files());
        let written: Vec<String> = sink.take_puts().into_iter().filter(|key| key.starts_with("users/")).collect();
        assert_eq!(written, ["users/ann/steps/steps_2026-11-01.csv", "users/ann/steps_daily/steps_daily_2026-11.csv"]);
        assert!(sink.files().contains_key("users/bob/steps/steps_2026-11-01.csv"), "who was not asked for stays");
        world.export_all().await;
        assert_finished(&sink.files());
        assert_eq!(sink.take_puts().iter().filter(|key| key.ends_with(".csv")).count(), 5);
    }

    async fn the_manifest_tells_the_coverage_and_follows_it_without_writing_an_object(db) {
        let store = db.store();
        let ann = ann(store).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        world.export_all().await;
        let key = "users/ann/steps/steps_2026-11-01.csv";
        assert_eq!(listed(&sink.files())[key]["coverage"], serde_json::json!({}));
        let streams = db.texts("SELECT CAST(stream_id AS TEXT) FROM day_choice WHERE day = '2026-11-01' AND metric = 1").await;
        db.execute(&format!(
            "INSERT INTO coverage (user_id, metric, stream_id, day, grain, state) VALUES ({}, {}, {}, '2026-11-01', 0, 'partial')",
            ann.user.id.0, Metric::Steps.code(), streams[0],
        )).await;
        sink.take_puts();
        world.export_all().await;
        assert_eq!(listed(&sink.files())[key]["coverage"], serde_json::json!({ "partial": 1 }));
        assert!(sink.take_puts().iter().all(|key| key.ends_with(".json")), "no object was written");
        assert_finished(&sink.files());
    }

    async fn one_job_at_a_time_and_a_cancelled_one_can_be_tried_again(db) {
        let store = db.store();
        ann(store).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        let (first, second) = (world.request(&everything()).await, world.request(&everything()).await);
        assert_eq!(world.exporter.due().await.unwrap(), [first], "one after the other");
        let until = pulsekeep_testkit::now().plus(120_000);
        let held = store.claim_export(first, "elsewhere", until, pulsekeep_testkit::now()).await.unwrap();
        assert_eq!(held.unwrap().attempt, 1);
        let go = CancellationToken::new();
        for id in [first, second] {
            assert_eq!(world.exporter.run(id, "worker", &go).await.unwrap(), None, "somebody else is at it");
        }
        assert!(store.cancel_export(first, pulsekeep_testkit::now()).await.unwrap());
        let progress = Default::default();
        let now = pulsekeep_testkit::now();
        assert!(!store.advance_export((first, "elsewhere"), &progress, until, now).await.unwrap(), "cancelled");
        assert!(!store.end_export((first, "elsewhere"), &progress, Ok(()), now).await.unwrap());
        assert_eq!(world.job(first).await.state, ExportState::Cancelled);
        assert_eq!(world.exporter.due().await.unwrap(), [second]);
        assert_eq!(world.exporter.run(second, "worker", &go).await.unwrap(), Some(ExportState::Done));
        assert!(!store.cancel_export(second, now).await.unwrap(), "it has ended");
        assert!(store.retry_export(first, now).await.unwrap());
        assert_eq!(world.exporter.run(first, "worker", &go).await.unwrap(), Some(ExportState::Done));
        assert_finished(&sink.files());
    }

    async fn the_night_is_exported_once_by_however_many_processes(db) {
        let store = db.store();
        ann(store).await;
        let mut world = World::new(store, Target::Made(Memory::new()));
        let shared: Arc<dyn pulsekeep_core::Clock> = Arc::new(world.clock.clone());
        let nightly = |store: &pulsekeep_store::Store| {
            // Two hours after the time at which tests begin.
            let policy = ExportPolicy { nightly_at: Some(10 * 60), ..policy(Target::Made(Memory::new())) };
            Exporter::new(store.clone(), shared.clone(), policy)
        };
        let other = nightly(&db.another().await);
        world.exporter = nightly(store);
        world.clock.set(at("2026-11-21T09:59:00Z"));
        assert!(world.exporter.request_nightly().await.unwrap().is_some(), "last night's is made up");
        assert_eq!(other.request_nightly().await.unwrap(), None);
        world.clock.set(at("2026-11-21T10:00:00Z"));
        let (one, two) = tokio::join!(world.exporter.request_nightly(), other.request_nightly());
        assert_eq!(usize::from(one.unwrap().is_some()) + usize::from(two.unwrap().is_some()), 1);
        world.clock.set(at("2026-11-22T09:59:59Z"));
        assert_eq!(other.request_nightly().await.unwrap(), None);
    }

    async fn a_job_whose_worker_is_gone_is_taken_over(db) {
        let store = db.store();
        ann(store).await;
        let world = World::new(store, Target::Made(Memory::new()));
        let id = world.request(&everything()).await;
        let now = pulsekeep_testkit::now();
        store.claim_export(id, "gone", now.plus(1_000), now).await.unwrap().unwrap();
        assert_eq!(world.exporter.due().await.unwrap(), []);
        world.clock.advance(1_000);
        assert_eq!(world.exporter.due().await.unwrap(), [id]);
        let ended = world.exporter.run(id, "worker", &CancellationToken::new()).await.unwrap();
        assert_eq!(ended, Some(ExportState::Done));
        assert_eq!(world.job(id).await.attempt, 2);
    }

    async fn changes_are_heard_here_and_in_other_processes(db) {
        let store = db.store();
        ann(store).await;
        let other = db.another().await;
        let mut heard = (store.export_changes(), other.export_changes());
        let relay = { let other = other.clone(); tokio::spawn(async move { other.relay_changes().await }) };
        let world = World::new(store, Target::Made(Memory::new()));
        // The listener takes a moment to be there: a change is made until one is heard.
        let id = world.request(&everything()).await;
        assert_eq!(heard.0.recv().await.unwrap(), id);
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            tokio::select! {
                found = heard.1.recv() => { assert_eq!(found.unwrap(), id); break; }
                _ = ticks.tick() => { store.retry_export(id, pulsekeep_testkit::now()).await.unwrap(); store.cancel_export(id, pulsekeep_testkit::now()).await.unwrap(); }
            }
        }
        relay.abort();
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_a_sentence() {
    pulsekeep_testkit::on_sqlite(|db: Arc<pulsekeep_testkit::TestDatabase>| async move {
        ann(db.store()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let job = World::new(db.store(), Target::Directory(file)).export(&everything()).await;
        assert_eq!(job.state, ExportState::Failed);
        assert!(job.problem.unwrap().contains("is a file; move it away"));
    });
}
