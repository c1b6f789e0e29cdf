//! Exports with pseudonyms.

use jiff::civil::Date;
use pulsekeep_core::{Metric, job::ExportState};
use pulsekeep_export::Target;
use pulsekeep_store::NewExport;
use pulsekeep_testkit::on_each_engine;

use crate::{
    memory::Memory,
    world::{World, ann, assert_finished, everything, files, listed, november, owner},
};

fn hidden() -> NewExport {
    NewExport { deidentified: true, ..everything() }
}

on_each_engine! {
    async fn nothing_tells_who_it_is_and_everything_else_is_there(db) {
        let store = db.store();
        ann(store).await;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("out");
        let world = World::new(store, Target::Directory(root.clone()));
        assert_eq!(world.export(&everything()).await.state, ExportState::Done);
        assert_eq!(world.export(&hidden()).await.state, ExportState::Done);
        let (open, hidden_files) = (files(&root), files(&folder.path().join("out-deidentified")));
        assert_finished(&open);
        assert_finished(&hidden_files);
        for (key, bytes) in &hidden_files {
            for word in ["ann", "example.org", "GOOGLE", "PROVIDER", "HYPERLINK", "2026-11-02T11:00"] {
                // Packed columns hide nothing from a reader: the CSV files have all that they have.
                assert!(!key.contains(word), "{key}");
                assert!(!String::from_utf8_lossy(bytes).contains(word), "{word} in {key}");
            }
        }
        let (of_open, of_hidden) = (listed(&open), listed(&hidden_files));
        let rows = |listed: &std::collections::BTreeMap<String, serde_json::Value>, name: &str| -> u64 {
            listed.values().filter(|o| o["dataset"] == name && o["format"] == "csv").map(|o| o["rows"].as_u64().unwrap()).sum()
        };
        for dataset in ["steps", "steps_daily", "heart_rate", "sleep", "sleep_stages", "exercise", "resting_heart_rate"] {
            assert!(rows(&of_open, dataset) > 0);
            assert_eq!(rows(&of_open, dataset), rows(&of_hidden, dataset), "{dataset}");
        }
        let days = |listed: &std::collections::BTreeMap<String, serde_json::Value>| -> Vec<Date> {
            let steps = listed.values().filter(|o| o["dataset"] == "steps" && o["format"] == "csv");
            steps.map(|o| o["from"].as_str().unwrap().parse().unwrap()).collect()
        };
        for (true_day, shown) in days(&of_open).into_iter().zip(days(&of_hidden)) {
            assert!(shown < true_day);
            assert_eq!(shown.weekday(), true_day.weekday());
        }
        // The same names and dates the next time: nothing has changed.
        let again = world.export(&hidden()).await;
        assert_eq!(again.progress.objects_total, 0);
        assert_eq!(files(&folder.path().join("out-deidentified")), hidden_files);
    }

    async fn a_range_of_an_export_with_pseudonyms_is_of_true_days(db) {
        let store = db.store();
        let bob = owner(store, "bob").await;
        for day in [november(1), november(29)] {
            bob.minutes(store, Metric::Steps, day, &[1.0]).await;
        }
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        let days = Some(pulsekeep_core::time::DayRange::one(november(29)));
        assert_eq!(world.export(&NewExport { days, metrics: vec![Metric::Steps], ..hidden() }).await.state, ExportState::Done);
        assert_finished(&sink.files());
        assert_eq!(sink.files().keys().filter(|key| key.contains("/steps/")).count(), 1);
    }

    async fn the_two_kinds_never_lie_in_one_place(db) {
        let store = db.store();
        ann(store).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        world.export_all().await;
        let before = sink.files();
        let job = world.export(&hidden()).await;
        assert_eq!(job.state, ExportState::Failed);
        assert!(job.problem.unwrap().contains("a place of its own"));
        assert_eq!(sink.files(), before, "nothing was written");
    }
}
