//! Exports over real HTTP to an S3 server of another make.

use std::{io::Write as _, sync::Arc};

use http::Method;
use pulsekeep_core::job::ExportState;
use pulsekeep_export::{
    Target,
    target::{Body, BodyWriter, Checksums, ObjectKey, ObjectSink as _, S3Settings, S3Sink},
};
use pulsekeep_store::NewExport;
use pulsekeep_testkit::{TestDatabase, on_each_engine, on_sqlite};
use tokio_util::sync::CancellationToken;

use crate::{
    memory::bytes_of,
    server::{BUCKET, Instead, Server, credentials, target},
    world::{World, ann, assert_finished, everything, files},
};

fn key(text: &str) -> ObjectKey {
    ObjectKey::try_from(text.to_owned()).unwrap()
}

fn body(length: usize) -> Body {
    let mut writer = BodyWriter::default();
    let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
    writer.write_all(&bytes).unwrap();
    writer.finish().unwrap().0
}

/// Parts as small as the protocol has them.
async fn sink(server: &Server, checksums: Checksums) -> S3Sink {
    let settings = S3Settings { part_bytes: 5 << 20, ..server.settings(checksums) };
    S3Sink::open(settings, Some(credentials())).await.unwrap()
}

/// Parts and notes of uploads that the server keeps beside the buckets.
fn left_behind(server: &Server) -> Vec<String> {
    let names =
        std::fs::read_dir(server.root.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("upload")).collect()
}

on_each_engine! {
    async fn the_bucket_has_what_a_directory_has_in_both_modes_of_checksums(db) {
        let store = db.store();
        ann(store).await;
        let folder = tempfile::tempdir().unwrap();
        World::new(store, Target::Directory(folder.path().to_owned())).export_all().await;
        let expected = files(folder.path());
        for checksums in [Checksums::Always, Checksums::WhenRequired] {
            let server = Server::start().await;
            let world = World::new(store, server.target(checksums));
            world.export_all().await;
            let found = files(&server.root.path().join(BUCKET).join("pulsekeep"));
            assert_finished(&found);
            let without = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
                files.iter().filter(|(key, _)| *key != "manifest.json").map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>()
            };
            assert!(without(&found) == without(&expected), "the same objects");
            let puts = server.take_seen();
            let puts = puts.iter().filter(|seen| seen.method == Method::PUT);
            let carries = |headers: &http::HeaderMap| {
                headers.contains_key("x-amz-checksum-crc32") || headers.contains_key("x-amz-trailer") || headers.contains_key("x-amz-sdk-checksum-algorithm")
            };
            for put in puts {
                assert_eq!(carries(&put.headers), checksums == Checksums::Always, "{}", put.target);
                assert!(put.target.starts_with("/health/pulsekeep/"), "the bucket stands in the path");
            }
            let again = world.export_all().await;
            assert_eq!(again.progress.objects_total, 0);
            assert!(server.take_seen().iter().all(|seen| seen.method != Method::PUT), "nothing has changed");

            let hidden = world.export(&NewExport { deidentified: true, ..everything() }).await;
            assert_eq!((hidden.state, hidden.problem), (ExportState::Done, None));
            assert_finished(&files(&server.root.path().join(BUCKET).join("pulsekeep-deidentified")));
            assert_finished(&files(&server.root.path().join(BUCKET).join("pulsekeep")));
        }
    }
}

#[test]
fn a_large_object_goes_in_parts_and_comes_back() {
    on_sqlite(|_: Arc<TestDatabase>| async {
        for checksums in [Checksums::Always, Checksums::WhenRequired] {
            let server = Server::start().await;
            let sink = sink(&server, checksums).await;
            let large = (11 << 20) + 3;
            sink.put(&key("large.csv"), &body(large), &CancellationToken::new()).await.unwrap();
            let seen = server.take_seen();
            assert_eq!(seen.iter().filter(|seen| seen.target.contains("partNumber=")).count(), 3);
            let back = sink.get(&key("large.csv")).await.unwrap().unwrap();
            assert!(matches!(back, Body::File(..)), "not in memory");
            assert!(bytes_of(back) == bytes_of(body(large)));
            // A file of less than two parts is sent as one.
            sink.put(&key("middle.csv"), &body(6 << 20), &CancellationToken::new()).await.unwrap();
            assert!(server.take_seen().iter().all(|seen| !seen.target.contains("partNumber=")));
            assert!(
                bytes_of(sink.get(&key("middle.csv")).await.unwrap().unwrap()) == bytes_of(body(6 << 20))
            );
            assert_eq!(left_behind(&server), Vec::<String>::new());
        }
    });
}

#[test]
fn a_large_object_that_fails_leaves_the_old_one_and_no_part() {
    on_sqlite(|_: Arc<TestDatabase>| async {
        let server = Server::start().await;
        let sink = sink(&server, Checksums::Auto).await;
        let go = CancellationToken::new();
        sink.put(&key("large.csv"), &body(10), &go).await.unwrap();
        server.fault(Method::PUT, "partNumber=2", 100, Instead::Refuse(500, "InternalError"));
        let failure = sink.put(&key("large.csv"), &body(11 << 20), &go).await.unwrap_err();
        assert!(failure.is_passing, "{failure}");
        assert_eq!(bytes_of(sink.get(&key("large.csv")).await.unwrap().unwrap()), bytes_of(body(10)));
        assert_eq!(left_behind(&server), Vec::<String>::new(), "the parts are gone");
        assert!(
            server
                .take_seen()
                .iter()
                .any(|seen| seen.method == Method::DELETE && seen.target.contains("uploadId="))
        );
    });
}

#[test]
fn a_large_object_that_is_stopped_leaves_no_part() {
    on_sqlite(|_: Arc<TestDatabase>| async {
        let server = Server::start().await;
        let sink = sink(&server, Checksums::Auto).await;
        let stop = CancellationToken::new();
        server.fault(Method::PUT, "partNumber=2", 100, Instead::Silence);
        let (name, large) = (key("large.csv"), body(11 << 20));
        let putting = sink.put(&name, &large, &stop);
        let stopping = async {
            // As soon as the server has the second part's request.
            loop {
                if server.take_seen().iter().any(|seen| seen.target.contains("partNumber=2")) {
                    break stop.cancel();
                }
                tokio::task::yield_now().await;
            }
        };
        let (put, ()) = tokio::join!(putting, stopping);
        assert!(put.is_err());
        assert!(sink.get(&name).await.unwrap().is_none());
        assert_eq!(left_behind(&server), Vec::<String>::new());
    });
}

#[test]
fn parts_that_a_killed_export_left_are_removed_before_the_next_and_nobody_elses() {
    on_sqlite(|_: Arc<TestDatabase>| async {
        let server = Server::start().await;
        let sink = sink(&server, Checksums::Auto).await;
        server.fault(Method::GET, "?uploads", 1, Instead::Uploads("pulsekeep/dataset/x.parquet".to_owned()));
        sink.prepare().await.unwrap();
        server.fault(Method::GET, "?uploads", 1, Instead::Uploads("others/x.parquet".to_owned()));
        sink.prepare().await.unwrap();
        let seen = server.take_seen();
        let aborted: Vec<_> =
            seen.iter().filter(|seen| seen.method == Method::DELETE).map(|seen| &seen.target).collect();
        assert_eq!(aborted.len(), 1, "{aborted:?}");
        assert!(
            aborted[0].starts_with("/health/pulsekeep/dataset/x.parquet?")
                && aborted[0].contains("uploadId=left-behind")
        );
    });
}

#[test]
fn what_passes_is_tried_again_at_once_and_then_later() {
    on_sqlite(|db: Arc<TestDatabase>| async move {
        ann(db.store()).await;
        let server = Server::start().await;
        let world = World::new(db.store(), server.target(Checksums::Auto));
        server.fault(Method::PUT, ".csv", 2, Instead::Refuse(503, "SlowDown"));
        server.fault(Method::PUT, ".parquet", 2, Instead::Refuse(500, "InternalError"));
        world.export_all().await;
        assert_finished(&files(&server.root.path().join(BUCKET).join("pulsekeep")));

        let other = Server::start().await;
        let world = World::new(db.store(), other.target(Checksums::Auto));
        other.fault(Method::PUT, ".parquet", 1_000, Instead::Refuse(503, "SlowDown"));
        let job = world.export(&everything()).await;
        assert_eq!(job.state, ExportState::Waiting);
        assert!(job.problem.as_ref().unwrap().contains("asks to slow down (HTTP 503)"), "{:?}", job.problem);
        assert!(!files(&other.root.path().join(BUCKET)).contains_key("pulsekeep/manifest.json"));
        assert_eq!(world.exporter.due().await.unwrap(), []);
        world.clock.set(job.next_run_at);
        assert_eq!(world.exporter.due().await.unwrap(), [job.id]);
        // The service has recovered.
        let recovered = Server::start().await;
        let world = World::new(db.store(), recovered.target(Checksums::Auto));
        world.clock.set(job.next_run_at);
        let ended = world.exporter.run(job.id, "worker", &CancellationToken::new()).await.unwrap();
        assert_eq!(ended, Some(ExportState::Done));
        assert_finished(&files(&recovered.root.path().join(BUCKET).join("pulsekeep")));
    });
}

#[test]
fn prefixes_that_contain_one_another_are_refused_for_pseudonyms() {
    on_sqlite(|db: Arc<TestDatabase>| async move {
        ann(db.store()).await;
        let server = Server::start().await;
        let settings = S3Settings { prefix: String::new(), ..server.settings(Checksums::Auto) };
        let world = World::new(db.store(), target(settings));
        let job = world.export(&NewExport { deidentified: true, ..everything() }).await;
        assert_eq!(job.state, ExportState::Failed);
        assert!(job.problem.unwrap().contains("EXPORT__S3__DEIDENTIFIED_PREFIX"));
        assert!(files(&server.root.path().join(BUCKET)).is_empty());
    });
}
