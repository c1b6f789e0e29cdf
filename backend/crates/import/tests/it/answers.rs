//! Recorded answers of the legacy API.

use pulsekeep_core::{Metric, time::DayRange};
use pulsekeep_import::import_answers;
use pulsekeep_testkit::{DATA_TABLES, build, clock, on_each_engine};

/// The recorded answers that the provider's own tests read.
fn recorded() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../provider/tests/fixtures/fitbit")
}

on_each_engine! {
    async fn endpoints_are_told_by_their_content(db) {
        let user = build::member(db.store(), "nora").await;
        let report = import_answers(db.store(), &user, &recorded(), false, &clock()).await.unwrap();
        // Of each endpoint that has a recorded answer one file; profile and devices are no data.
        let names: Vec<&str> = report.files.keys().map(String::as_str).collect();
        assert_eq!(report.files.values().sum::<u64>(), report.files.len() as u64, "{names:?}");
        let mut left: Vec<&str> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
        left.sort_unstable();
        assert_eq!(left, ["devices.json", "profile.json"], "{:?}", report.problems);
        assert_eq!(report.files.len(), 17, "{names:?}");
        assert!(report.rows["steps"] > 0 && report.rows["sleep"] > 0 && report.rows["weight"] > 0);
        db.watch_writes(&DATA_TABLES).await;
        let again = import_answers(db.store(), &user, &recorded(), false, &clock()).await.unwrap();
        assert!(again.is_imported && again.import.is_none());
        assert!(db.writes().await.is_empty());
        let reader = crate::setup::reader(db.store(), &user).await;
        let year = DayRange { start: jiff::civil::date(2010, 1, 1), end: jiff::civil::date(2027, 1, 1) };
        let steps = reader.daily(&[Metric::Steps], year, None).await.unwrap();
        assert!(steps[0].values.iter().any(Option::is_some));
    }
}
