//! People with data, and exports of them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::civil::{Date, date};
use pulsekeep_core::{
    Clock, EpochMs, ManualClock, Metric,
    account::{ProviderKey, Viewer},
    id::ExportId,
    job::{ExportFormat, ExportState},
    observation::{
        DailyValue, ExerciseRecord, SampleValues, SessionTimes, SleepKind, SleepLevel, SleepRecord,
        SleepStage, SleepSummary,
    },
    time::{DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_export::{ExportPolicy, ExportRequest, Exporter, PseudonymKey, Target};
use pulsekeep_store::{
    ExportJob, NewExport, Store, User,
    block::{Block, runs_of},
    ingest::{Replace, ResolvedExercise, ResolvedSamples, ResolvedSleep},
};
use pulsekeep_testkit::{at, build, now};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Ann lives an hour east of UTC.
pub(crate) const OFFSET: i32 = 3600;

pub(crate) struct Owner {
    pub(crate) user: User,
    stream: (pulsekeep_core::id::StreamId, i16),
}

pub(crate) async fn owner(store: &Store, name: &str) -> Owner {
    let user = build::member(store, name).await;
    let account = format!("GOOGLE-{name}");
    let link = build::link(store, user.id, ProviderKey::GoogleHealth, &account).await;
    let stream = build::stream(store, user.id, link.id, ProviderKey::GoogleHealth).await;
    Owner { user, stream }
}

pub(crate) fn november(day: i8) -> Date {
    date(2026, 11, day)
}

impl Owner {
    /// Minutes of a day, from noon by the person's clock.
    pub(crate) async fn minutes(&self, store: &Store, metric: Metric, day: Date, values: &[f64]) {
        let noon = at(&format!("{day}T11:00:00Z"));
        let points: Vec<(EpochMs, i32, f64)> =
            (0..).zip(values).map(|(i, &value)| (noon.plus(i * MINUTE_MS), OFFSET, value)).collect();
        self.put(store, &build::samples(metric, &points), DayRange::one(day)).await;
    }

    pub(crate) async fn put(&self, store: &Store, samples: &ResolvedSamples, days: DayRange) {
        let tx = store.write().await.unwrap();
        let with_data =
            tx.replace_samples(self.user.id, self.stream.0, samples, Replace::Days(days)).await.unwrap();
        tx.choose_stream(self.user.id, samples.metric, &with_data, self.stream).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn heart_rate(&self, store: &Store, day: Date) {
        let noon = at(&format!("{day}T11:00:00Z")).0;
        let block = Block {
            interval_ms: MINUTE_MS,
            at: vec![noon, noon + MINUTE_MS],
            offsets: runs_of([OFFSET, OFFSET].into_iter()),
            values: SampleValues::MinMeanMax {
                min: vec![58.0, 60.0],
                mean: vec![60.5, 61.0],
                max: vec![64.0, 63.0],
            },
        };
        self.put(store, &ResolvedSamples { metric: Metric::HeartRate, block }, DayRange::one(day)).await;
    }

    pub(crate) async fn daily(&self, store: &Store, metric: Metric, days: &[(Date, f64)]) {
        let tx = store.write().await.unwrap();
        for &(day, value) in days {
            let value = DailyValue { metric, day, value };
            tx.replace_daily(self.user.id, self.stream.0, metric, DayRange::one(day), &[value])
                .await
                .unwrap();
            tx.choose_stream(self.user.id, metric, &[day], self.stream).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// A night that ends on `day`, over a change of the clock.
    pub(crate) async fn night(&self, store: &Store, day: Date) {
        let end = at(&format!("{day}T06:00:00Z"));
        let start = end.plus(-8 * HOUR_MS);
        let half = start.plus(4 * HOUR_MS);
        let stage = |start: EpochMs, end: EpochMs, level| SleepStage { start: start.0, end: end.0, level };
        let (start_offset, end_offset) = (OFFSET, OFFSET);
        let record = SleepRecord {
            external_id: "PROVIDER-NIGHT".to_owned(),
            times: SessionTimes::Instants { start, end, start_offset, end_offset },
            day,
            kind: SleepKind::Stages,
            is_main: true,
            is_processed: true,
            stages: vec![stage(start, half, SleepLevel::Deep), stage(half, end, SleepLevel::Rem)],
            short_awakenings: vec![stage(half, half.plus(30_000), SleepLevel::Awake)],
            summary: SleepSummary {
                asleep: Some(450),
                deep: Some(240),
                awake: Some(0),
                ..SleepSummary::default()
            },
        };
        let night = ResolvedSleep { record, start, end, start_offset, end_offset };
        let tx = store.write().await.unwrap();
        tx.replace_sleep(self.user.id, self.stream.0, DayRange::one(day), &[night], now()).await.unwrap();
        tx.choose_stream(self.user.id, Metric::Sleep, &[day], self.stream).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn exercise(&self, store: &Store, day: Date, name: &str) {
        let start = at(&format!("{day}T17:00:00Z"));
        let end = start.plus(HOUR_MS);
        let record = ExerciseRecord {
            external_id: "PROVIDER-RUN".to_owned(),
            times: SessionTimes::Instants { start, end, start_offset: OFFSET, end_offset: OFFSET },
            day,
            kind: "running".to_owned(),
            name: name.to_owned(),
            active_ms: Some(50 * MINUTE_MS),
            distance_m: Some(10_012.5),
            steps: Some(0),
            energy_kcal: None,
            mean_heart_rate: Some(141.5),
            elevation_gain_m: None,
            active_zone_minutes: Some(20),
            has_route: true,
        };
        let run = ResolvedExercise { record, start, end, start_offset: OFFSET, end_offset: OFFSET };
        let tx = store.write().await.unwrap();
        tx.replace_exercises(self.user.id, self.stream.0, DayRange::one(day), &[run], now()).await.unwrap();
        tx.choose_stream(self.user.id, Metric::Exercise, &[day], self.stream).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Ann, with something of each kind.
pub(crate) async fn ann(store: &Store) -> Owner {
    let ann = owner(store, "ann").await;
    for (day, values) in [
        (date(2026, 10, 31), [5.0, 0.0, 7.0]),
        (november(1), [1.0, 2.0, 3.0]),
        (november(2), [4.0, 5.0, 6.5]),
    ] {
        ann.minutes(store, Metric::Steps, day, &values).await;
    }
    // The provider's own total is more than its minutes.
    ann.daily(store, Metric::Steps, &[(november(1), 9.0)]).await;
    ann.heart_rate(store, november(2)).await;
    ann.daily(store, Metric::RestingHeartRate, &[(november(1), 61.5), (november(3), 0.0)]).await;
    ann.night(store, november(2)).await;
    ann.exercise(store, november(3), "=HYPERLINK(\"x\"), run").await;
    ann
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) exporter: Exporter,
}

pub(crate) fn policy(target: Target) -> ExportPolicy {
    ExportPolicy {
        target: Some(target),
        pseudonyms: Some(PseudonymKey::new([7; 32])),
        parallel: 3,
        nightly_at: None,
        lease_ms: 120_000,
    }
}

/// What `pulsekeep export --all` asks for.
pub(crate) fn everything() -> NewExport {
    NewExport {
        format: ExportFormat::Both,
        deidentified: false,
        people: None,
        metrics: Metric::all().collect(),
        days: None,
        created_by: None,
    }
}

impl World {
    pub(crate) fn new(store: &Store, target: Target) -> Self {
        let clock = ManualClock::new(now());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        Self { store: store.clone(), clock, exporter: Exporter::new(store.clone(), shared, policy(target)) }
    }

    pub(crate) async fn request(&self, new: &NewExport) -> ExportId {
        match self.exporter.request(new).await.unwrap() {
            ExportRequest::Accepted(id) => id,
            refused => panic!("{refused:?}"),
        }
    }

    pub(crate) async fn job(&self, id: ExportId) -> ExportJob {
        self.store.export_job(&Viewer::system(), id).await.unwrap().unwrap()
    }

    /// Asks for an export and works on it.
    pub(crate) async fn export(&self, new: &NewExport) -> ExportJob {
        // No two generations begin at the same instant.
        self.clock.advance(1_000);
        let id = self.request(new).await;
        self.exporter.run(id, "worker", &CancellationToken::new()).await.unwrap();
        self.job(id).await
    }

    pub(crate) async fn export_all(&self) -> ExportJob {
        let job = self.export(&everything()).await;
        assert_eq!((job.state, &job.problem), (ExportState::Done, &None));
        job
    }
}

/// All files below a folder, by their keys.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let key = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(key, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub(crate) fn manifest(files: &BTreeMap<String, Vec<u8>>) -> serde_json::Value {
    serde_json::from_slice(&files["manifest.json"]).unwrap()
}

/// What the manifest lists, by key.
pub(crate) fn listed(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, serde_json::Value> {
    let manifest = manifest(files);
    let objects = manifest["objects"].as_array().unwrap();
    objects.iter().map(|object| (object["key"].as_str().unwrap().to_owned(), object.clone())).collect()
}

/// The sink holds what its manifest says, and nothing else.
pub(crate) fn assert_finished(files: &BTreeMap<String, Vec<u8>>) {
    let listed = listed(files);
    for (key, object) in &listed {
        let bytes = files.get(key).unwrap_or_else(|| panic!("{key} is missing"));
        assert_eq!(object["sha256"], sha256(bytes), "{key}");
        assert_eq!(object["bytes"], bytes.len(), "{key}");
    }
    let others: Vec<&String> = files.keys().filter(|key| !listed.contains_key(*key)).collect();
    assert_eq!(others, ["manifest.json"]);
}
