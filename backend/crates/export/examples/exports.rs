//! What exports cost: a person-year of heart rate by the minute (minimum, mean, maximum) and of steps, as CSV and as Parquet,
//! to a directory and over HTTP to an S3 server of another make in this process, then once more without a change.
//!
//! `cargo run --release -p pulsekeep-export --example exports`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use jiff::civil::date;
use pulsekeep_core::{
    Metric, SystemClock,
    account::{ProviderKey, Viewer},
    job::{ExportFormat, ExportState},
    observation::SampleValues,
    time::{DayRange, MINUTE_MS},
};
use pulsekeep_export::{
    ExportPolicy, ExportRequest, Exporter, Target,
    target::{S3Credentials, S3Settings},
};
use pulsekeep_store::{
    NewExport, Store,
    block::{Block, runs_of},
    ingest::{Replace, ResolvedSamples},
};
use pulsekeep_testkit::{TestDatabase, at, build};
use tokio_util::sync::CancellationToken;

fn year(metric: Metric) -> ResolvedSamples {
    let start = at("2025-01-01T00:00:00Z").0;
    let at: Vec<i64> = (0..365 * 1440).map(|i| start + i * MINUTE_MS).collect();
    let mut state = 7_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(u32::MAX >> 1)
    };
    let mut level = 70.0;
    let mut walk = || {
        level = (level + (noise() - 0.5) * 6.0 + (70.0 - level) * 0.02).clamp(45.0, 180.0);
        level
    };
    let values = if metric == Metric::HeartRate {
        let mean: Vec<f64> = at.iter().map(|_| (walk() * 10.0).round() / 10.0).collect();
        let (min, max) =
            (mean.iter().map(|v| v.floor() - 2.0).collect(), mean.iter().map(|v| v.ceil() + 3.0).collect());
        SampleValues::MinMeanMax { min, mean, max }
    } else {
        SampleValues::Single(at.iter().map(|_| (walk() - 70.0).max(0.0).round()).collect())
    };
    let offsets = runs_of(at.iter().map(|_| 3600));
    ResolvedSamples { metric, block: Block { interval_ms: MINUTE_MS, at, offsets, values } }
}

async fn fill(store: &Store) {
    let user = build::member(store, "ann").await;
    let link = build::link(store, user.id, ProviderKey::GoogleHealth, "ann").await;
    let (stream, precedence) = build::stream(store, user.id, link.id, ProviderKey::GoogleHealth).await;
    for metric in [Metric::HeartRate, Metric::Steps] {
        let tx = store.write().await.unwrap();
        let days = DayRange { start: date(2024, 12, 1), end: date(2026, 2, 1) };
        let days = tx.replace_samples(user.id, stream, &year(metric), Replace::Days(days)).await.unwrap();
        tx.choose_stream(user.id, metric, &days, (stream, precedence)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// The largest resident set so far, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn measure(store: &Store, name: &str, target: Target, format: ExportFormat) {
    let policy = ExportPolicy {
        target: Some(target),
        pseudonyms: None,
        parallel: 4,
        nightly_at: None,
        lease_ms: 600_000,
    };
    let exporter = Exporter::new(store.clone(), Arc::new(SystemClock), policy);
    let metrics = Metric::all().collect();
    let new = NewExport { format, deidentified: false, people: None, metrics, days: None, created_by: None };
    for what in ["first", "again"] {
        let ExportRequest::Accepted(id) = exporter.request(&new).await.unwrap() else { panic!("not set up") };
        let start = Instant::now();
        let state = exporter.run(id, "bench", &CancellationToken::new()).await.unwrap();
        let took = start.elapsed().as_secs_f64();
        assert_eq!(state, Some(ExportState::Done));
        let done = store.export_job(&Viewer::system(), id).await.unwrap().unwrap().progress;
        let per_second = |n: i64| n as f64 / took;
        println!(
            "{name:9} {:7} {what}: {took:6.2} s, {} objects, {} rows ({:.0}/s), {} bytes ({:.1} MB/s), peak {} MB",
            format.key(),
            done.objects_written,
            done.rows_written,
            per_second(done.rows_written),
            done.bytes_written,
            per_second(done.bytes_written) / 1e6,
            peak()
        );
    }
}

#[tokio::main]
async fn main() {
    let db = TestDatabase::sqlite().await;
    fill(db.store()).await;
    println!("filled, peak {} MB", peak());
    for format in [ExportFormat::Csv, ExportFormat::Parquet] {
        let folder = tempfile::tempdir().unwrap();
        measure(db.store(), "directory", Target::Directory(folder.path().to_owned()), format).await;

        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("health")).unwrap();
        let mut service = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        service.set_auth(s3s::auth::SimpleAuth::from_single("key", "secret"));
        let service = service.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        let settings = S3Settings {
            endpoint: Some(url.parse().unwrap()),
            answer_within: Duration::from_secs(60),
            ..S3Settings::new("health")
        };
        let target = Target::S3 {
            settings: Box::new(settings),
            deidentified_prefix: String::new(),
            credentials: Some(S3Credentials::new("key", "secret", None, None, "bench")),
        };
        measure(db.store(), "s3", target, format).await;
        server.abort();
    }
}
