//! `GET /data/v1/series` and `/data/v1/raw`: forms, people, ranges, versions, and what breaks off.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use jiff::civil::date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Role},
    observation::{DailyValue, SampleValues},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::{
    User,
    block::{Block, runs_of},
    ingest::{NewRawDocument, PackedBody, Replace, ResolvedSamples},
};
use pulsekeep_testkit::{TestDatabase, at, build, on_each_engine};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Answer, Client, World};

/// Writes samples and daily values of a person.
async fn put(world: &World, user: &User, samples: &[ResolvedSamples], daily: &[DailyValue]) {
    let links = world.store.links_of(user.id).await.unwrap();
    let link = match links.first() {
        Some(link) => link.id,
        None => build::link(&world.store, user.id, ProviderKey::GoogleHealth, &user.code).await.id,
    };
    let (stream, precedence) = build::stream(&world.store, user.id, link, ProviderKey::GoogleHealth).await;
    let tx = world.store.write().await.unwrap();
    for samples in samples {
        let (first, last) = (samples.block.at[0], samples.block.at[samples.block.len() - 1]);
        let window = Replace::Instants(EpochMs(first), EpochMs(last + 1));
        let days = tx.replace_samples(user.id, stream, samples, window).await.unwrap();
        tx.choose_stream(user.id, samples.metric, &days, (stream, precedence)).await.unwrap();
    }
    for value in daily {
        let days = DayRange::one(value.day);
        tx.replace_daily(user.id, stream, value.metric, days, std::slice::from_ref(value)).await.unwrap();
        tx.choose_stream(user.id, value.metric, &[value.day], (stream, precedence)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn heart(start: EpochMs, minutes: i64) -> ResolvedSamples {
    let at: Vec<i64> = (0..minutes).map(|i| start.plus(i * MINUTE_MS).0).collect();
    let column = |up: i64| -> Vec<f64> {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        (0..minutes).map(|i| (60 + up + (i * 7) % 50) as f64).collect()
    };
    let values = SampleValues::MinMeanMax { min: column(-5), mean: column(0), max: column(9) };
    let offsets = runs_of(at.iter().map(|_| 3_600));
    ResolvedSamples {
        metric: Metric::HeartRate,
        block: Block { interval_ms: MINUTE_MS, at, offsets, values },
    }
}

async fn get(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request, Body::empty()).await
}

/// Ann has two days of minutes, bob one; root is an admin.
async fn world(db: Arc<TestDatabase>) -> (World, [User; 3]) {
    let world = World::new(db).await;
    let ann = world.person("ann", Role::Member).await;
    let bob = world.person("bob", Role::Member).await;
    let root = world.person("root", Role::Admin).await;
    let start = at("2026-10-31T23:00:00Z");
    let steps = build::minutes(Metric::Steps, start, 2 * 1440, 3_600, 2.0);
    let resting = DailyValue { metric: Metric::RestingHeartRate, day: date(2026, 11, 1), value: 55.0 };
    put(&world, &ann, &[steps, heart(start, 1440)], &[resting]).await;
    put(&world, &bob, &[build::minutes(Metric::Steps, start, 1440, 3_600, 1.0)], &[]).await;
    (world, [ann, bob, root])
}

const DAYS: &str = "from=2026-11-01&to=2026-11-02";

/// The rows of a Parquet or Arrow answer, as (user, metric, value) added up.
fn total(batches: impl Iterator<Item = pulsekeep_export::RecordBatch>) -> (usize, f64) {
    batches.fold((0, 0.0), |(rows, sum), batch| {
        let values = batch.column_by_name("value").unwrap();
        let values = values.as_any().downcast_ref::<arrow_array::Float64Array>().unwrap();
        (rows + batch.num_rows(), sum + values.iter().flatten().sum::<f64>())
    })
}

fn arrow(answer: &Answer) -> (usize, f64) {
    let reader = arrow_ipc::reader::StreamReader::try_new(&answer.body[..], None).unwrap();
    total(reader.map(Result::unwrap))
}

fn parquet(body: &[u8]) -> (usize, f64) {
    let bytes = axum::body::Bytes::copy_from_slice(body);
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    total(reader.build().unwrap().map(Result::unwrap))
}

on_each_engine! {
    async fn the_three_forms_hold_the_same_samples(db) {
        let (world, [ann, _, root]) = world(db).await;
        let mut owner = world.signed_in(&ann).await;
        let path = |format: &str| format!("/data/v1/series?metric=steps&{DAYS}&format={format}");
        let csv = owner.get(&path("csv")).await;
        assert_eq!(csv.status, StatusCode::OK, "{}", csv.text());
        let text = csv.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "user,metric,day,local_time,utc_time,value,min,max,problem");
        assert_eq!(lines[1], "ann,steps,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,2,,,");
        assert_eq!((lines.len(), lines[2881]), (2882, ""));
        assert!(csv.header("content-disposition").contains("pulsekeep_ann_steps_2026-11-01_2026-11-02.csv"));
        let streamed = owner.get(&path("arrow")).await;
        assert_eq!(streamed.header("content-type"), "application/vnd.apache.arrow.stream");
        assert_eq!((streamed.header("accept-ranges"), arrow(&streamed)), ("", (2880, 5760.0)));
        let file = owner.get(&path("parquet")).await;
        assert_eq!(file.header("content-length"), file.body.len().to_string());
        assert_eq!((file.header("accept-ranges"), parquet(&file.body)), ("bytes", (2880, 5760.0)));

        let mut admin = world.signed_in(&root).await;
        let all = admin.get(&format!("/data/v1/series?user=all&metric=steps&metric=heart_rate&{DAYS}&format=arrow")).await;
        assert_eq!(arrow(&all).0, 2880 + 1440 + 1440);
        let several = admin.get(&format!("/data/v1/series?user=bob&user={}&metric=heart_rate&metric=steps&{DAYS}", ann.id)).await.text();
        assert!(several.starts_with("user,metric,unit,day,local_time,utc_time,value,min,max,problem\r\nbob,steps,,"), "{}", &several[..200]);
        assert!(several.contains("\r\nann,heart_rate,bpm,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,60,55,69,\r\n"));
    }

    async fn levels_and_days_add_up(db) {
        let (world, [ann, ..]) = world(db).await;
        let mut client = world.signed_in(&ann).await;
        for (resolution, rows) in [("1m", 2880), ("5m", 576), ("15m", 192), ("1h", 48), ("6h", 8), ("1d", 2)] {
            let answer = client.get(&format!("/data/v1/series?metric=steps&{DAYS}&format=arrow&resolution={resolution}")).await;
            assert_eq!(arrow(&answer), (rows, 5760.0), "{resolution}");
        }
        let hours = client.get(&format!("/data/v1/series?metric=heart_rate&{DAYS}&resolution=1h")).await.text();
        let mut lines = hours.split("\r\n");
        assert_eq!(lines.next(), Some("user,metric,day,local_time,utc_time,count,value (bpm),min (bpm),max (bpm),problem"));
        let first = lines.next().unwrap();
        assert!(first.starts_with("ann,heart_rate,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,60,"), "{first}");
        assert!(first.ends_with(",55,118,"), "{first}");
        let daily = client.get(&format!("/data/v1/series?metric=resting_heart_rate&metric=heart_rate&{DAYS}&resolution=1d")).await.text();
        assert!(daily.contains("\r\nann,resting_heart_rate,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,,55,,,\r\n"), "{daily}");
        assert!(daily.contains("\r\nann,heart_rate,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,1440,"), "{daily}");
        // The same as GraphQL has it.
        let query = "query($id: ID!) { user(id: $id) { daily(metrics: [STEPS], from: \"2026-11-01\", to: \"2026-11-02\") { values } } }";
        let answer = client.ask(query, json!({ "id": ann.id.to_string() })).await;
        assert_eq!(answer["data"]["user"]["daily"][0]["values"], json!([2880.0, 2880.0]));
        let part = client.get("/data/v1/series?metric=steps&from=2026-11-01T08:30:00Z&to=2026-11-01T10:00:00Z&format=arrow&resolution=1h").await;
        assert_eq!(arrow(&part), (2, 180.0));
    }

    async fn nobody_reads_what_is_not_theirs(db) {
        let (world, [ann, bob, root]) = world(db).await;
        let path = |user: &str| format!("/data/v1/series?metric=steps&{DAYS}&user={user}");
        let mut stranger = world.client();
        assert_eq!(stranger.get(&path("ann")).await.status, StatusCode::UNAUTHORIZED);
        let mut member = world.signed_in(&ann).await;
        let (theirs, nobody) = (member.get(&path("bob")).await, member.get(&path("zoe")).await);
        assert_eq!((theirs.status, nobody.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(theirs.text().replace("bob", "zoe").split("requestId").next(), nobody.text().split("requestId").next());
        assert_eq!(member.get(&path(&bob.id.to_string())).await.status, StatusCode::NOT_FOUND);
        assert_eq!(member.get(&path("all")).await.status, StatusCode::FORBIDDEN);
        let mut admin = world.signed_in(&root).await;
        assert_eq!(admin.get(&path("bob")).await.status, StatusCode::OK);

        let mut reader = world.with_token(&mut admin, json!({ "name": "r", "scopes": ["READ_METRICS"], "userIds": [bob.id.to_string()] })).await;
        assert_eq!(reader.get(&path("bob")).await.status, StatusCode::OK);
        assert_eq!(reader.get(&path("ann")).await.status, StatusCode::NOT_FOUND);
        let all = reader.get(&format!("{}&format=arrow", path("all"))).await;
        assert_eq!(arrow(&all).0, 1440, "narrowed to bob");
        let mut writer = world.with_token(&mut admin, json!({ "name": "w", "scopes": ["WRITE_SYNC"] })).await;
        assert_eq!(writer.get(&path("bob")).await.status, StatusCode::FORBIDDEN);
    }

    async fn bad_questions_are_told_what_to_change(db) {
        let (world, [ann, ..]) = world(db).await;
        let mut client = world.signed_in(&ann).await;
        let cases = [
            ("from=2026-11-01&to=2026-11-02", "`metric` is missing"),
            ("metric=hart_rate&from=2026-11-01&to=2026-11-02", "heart_rate"),
            ("metric=steps&from=2026-11-01", "`to` is missing"),
            ("metric=steps&from=2026-11-02&to=2026-11-01", "swap"),
            ("metric=steps&from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "swap"),
            ("metric=steps&from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z", "empty"),
            ("metric=steps&from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00.5Z", "shorter than a second"),
            ("metric=steps&from=0001-01-01&to=9999-12-31", "ask for less"),
            ("metric=steps&from=2026-11-02T00:00:00&to=2026-11-03", "with its offset"),
            ("metric=steps&from=2026-11-01&to=2026-11-03T00:00:00Z", "alike"),
            ("metric=steps&from=2026-02-30&to=2026-11-03", "neither a date"),
            ("metric=steps&from=2026-11-01&to=2026-11-02&resolution=7m", "15m"),
            ("metric=steps&from=2026-11-01&to=2026-11-02&format=xlsx", "parquet"),
            ("metric=steps&from=2026-11-01&to=2026-11-02&frm=1", "from"),
            ("metric=steps&from=2026-11-01&from=2026-11-01&to=2026-11-02", "twice"),
            ("metric=resting_heart_rate&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z", "as dates"),
            ("metric=steps&resolution=1d&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z", "as dates"),
            ("metric=steps&from=2026-11-01&to=2026-11-02&user=all&user=bob", "everybody"),
        ];
        for (query, says) in cases {
            let answer = client.get(&format!("/data/v1/series?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text());
            let error = &answer.json()["errors"][0];
            assert!(error["message"].as_str().unwrap().contains(says), "{query}: {error}");
            assert_eq!(error["extensions"]["code"], "BAD_INPUT");
        }
        let nothing = client.get("/data/v1/series?metric=steps&from=1999-01-01&to=1999-12-31&format=arrow").await;
        assert_eq!(arrow(&nothing), (0, 0.0), "no samples is no error");
    }

    async fn versions_ranges_and_what_is_unchanged(db) {
        let (world, [ann, ..]) = world(db).await;
        let mut client = world.signed_in(&ann).await;
        let path = |format: &str| format!("/data/v1/series?metric=steps&{DAYS}&format={format}");
        let file = client.get(&path("parquet")).await;
        let tag = file.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        let length = file.body.len();
        let part = get(&mut client, &path("parquet"), &[("range", "bytes=0-99"), ("if-range", &tag)]).await;
        let rest = get(&mut client, &path("parquet"), &[("range", "bytes=100-"), ("if-range", &tag)]).await;
        assert_eq!((part.status, part.header("content-range")), (StatusCode::PARTIAL_CONTENT, &*format!("bytes 0-99/{length}")));
        assert_eq!([part.body, rest.body].concat(), file.body);
        let beyond = get(&mut client, &path("parquet"), &[("range", "bytes=99999999-")]).await;
        assert_eq!((beyond.status, beyond.header("content-range")), (StatusCode::RANGE_NOT_SATISFIABLE, &*format!("bytes */{length}")));
        for format in ["parquet", "arrow", "csv"] {
            let tag = client.get(&path(format)).await.header("etag").to_owned();
            assert_eq!(tag.starts_with("W/"), format != "parquet", "{tag}");
            let again = get(&mut client, &path(format), &[("if-none-match", &format!("\"x\", {tag}"))]).await;
            assert_eq!((again.status, again.body.len(), again.header("etag")), (StatusCode::NOT_MODIFIED, 0, &*tag));
        }
        put(&world, &ann, &[build::minutes(Metric::Steps, at("2026-11-01T08:00:00Z"), 1, 3_600, 900.0)], &[]).await;
        let changed = get(&mut client, &path("parquet"), &[("range", "bytes=0-99"), ("if-range", &tag), ("if-none-match", &tag)]).await;
        assert_eq!((changed.status, parquet(&changed.body)), (StatusCode::OK, (2880, 6658.0)), "whole, since it is another file");
    }

    async fn a_day_that_cannot_be_read_has_a_row_that_says_so(db) {
        let (world, [ann, ..]) = world(db.clone()).await;
        let bytes = match db.engine() {
            pulsekeep_store::Engine::Sqlite => "x'0102'",
            pulsekeep_store::Engine::Postgres => "'\\x0102'",
        };
        db.execute(&format!("UPDATE sample_block SET body = {bytes} WHERE day = '2026-11-01'")).await;
        let mut client = world.signed_in(&ann).await;
        for resolution in ["raw", "1h"] {
            let text = client.get(&format!("/data/v1/series?metric=steps&{DAYS}&resolution={resolution}")).await.text();
            let named: Vec<&str> = text.split("\r\n").filter(|line| line.ends_with("damaged")).collect();
            assert_eq!(named.len(), 1, "{text}");
            assert!(named[0].starts_with("ann,steps,2026-11-01,2026-11-01T00:00:00+01:00,2026-10-31T23:00:00Z,"), "{}", named[0]);
            assert!(text.contains("ann,steps,2026-11-02,"), "the rest is served");
        }
        let query = "query($id: ID!) { user(id: $id) { series(metric: STEPS, from: \"2026-10-31T23:00:00Z\", to: \"2026-11-02T23:00:00Z\") { sum problems { date reason message } } } }";
        let answer = client.ask(query, json!({ "id": ann.id.to_string() })).await;
        let problem = &answer["data"]["user"]["series"]["problems"][0];
        assert_eq!((&problem["date"], &problem["reason"]), (&json!("2026-11-01"), &json!("DAMAGED")), "{answer}");
        assert!(problem["message"].as_str().unwrap().contains("reparse"));
    }

    async fn a_parquet_file_has_its_limit(db) {
        let (mut world, [ann, ..]) = world(db).await;
        world.app.options = Arc::new(pulsekeep::http::HttpOptions { parquet_limit: 500, ..(*world.app.options).clone() });
        let mut client = world.signed_in(&ann).await;
        let answer = client.get(&format!("/data/v1/series?metric=steps&{DAYS}&format=parquet")).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.text());
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "RESULT_TOO_LARGE");
        assert_eq!(client.get(&format!("/data/v1/series?metric=steps&{DAYS}&format=arrow")).await.status, StatusCode::OK);
    }

    /// Over a real socket: what breaks in the middle has no end that looks like one.
    async fn a_failure_in_the_middle_breaks_the_connection(db) {
        let (mut world, [ann, ..]) = world(db.clone()).await;
        let noise = |day: i64| {
            let at: Vec<i64> = (0..17_280).map(|i| EpochMs(day * DAY_MS + i * 5_000 + HOUR_MS).0).collect();
            let offsets = runs_of(at.iter().map(|_| 0));
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let values = at.iter().map(|at| ((at / 5_000) * 7_919 % 100_003) as f64).collect();
            let block = Block { interval_ms: 0, at, offsets, values: SampleValues::Single(values) };
            ResolvedSamples { metric: Metric::OxygenSaturation, block }
        };
        let first = 20_000;
        let days: Vec<ResolvedSamples> = (first..first + 40).map(noise).collect();
        put(&world, &ann, &days, &[]).await;
        let mut owner = world.signed_in(&ann).await;
        let token = world.with_token(&mut owner, json!({ "name": "t", "scopes": ["READ_METRICS"] })).await.bearer.unwrap();

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The service has a handle of its own on the database.
        world.store = db.another().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(pulsekeep::http::serve(world.app.clone(), listener, async { drop(stopped.await) }));
        let ask = async || {
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!(
                "GET /data/v1/series?metric=oxygen_saturation&from=2024-01-01&to=2026-01-01&format=csv HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
            );
            socket.write_all(request.as_bytes()).await.unwrap();
            socket
        };
        let mut socket = ask().await;
        let mut whole = Vec::new();
        socket.read_to_end(&mut whole).await.unwrap();
        assert!(whole.ends_with(b"\r\n0\r\n\r\n"), "a whole answer has its end");

        let mut socket = ask().await;
        let mut begun = vec![0; 100_000];
        socket.read_exact(&mut begun).await.unwrap();
        assert!(begun.starts_with(b"HTTP/1.1 200"));
        db.execute("ALTER TABLE sample_block RENAME TO sample_block_gone").await;
        let mut rest = Vec::new();
        // The end of the connection, or its reset: both are no end of an answer in chunks.
        let _ = socket.read_to_end(&mut rest).await;
        assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "broken off, and not ended");
        assert!(begun.len() + rest.len() < whole.len(), "something is missing");
        drop(stop);
        server.await.unwrap().unwrap();
    }

    async fn a_raw_document_is_sent_as_it_came(db) {
        let (world, [ann, bob, root]) = world(db).await;
        let body = format!("{{\"dataPoints\": [{}]}}", "1, ".repeat(100_000));
        let packed = PackedBody::pack(body.as_bytes()).unwrap();
        let link = world.store.links_of(ann.id).await.unwrap()[0].id;
        let new = NewRawDocument {
            link,
            endpoint: "google.steps.minute",
            request_key: "k",
            days: DayRange::one(date(2026, 11, 1)),
            page: 0,
            parser_version: 1,
            body: &packed,
        };
        let tx = world.store.write().await.unwrap();
        let id = tx.put_raw(ann.id, &new, world.now()).await.unwrap().id;
        tx.commit().await.unwrap();
        let path = format!("/data/v1/raw/{id}");
        let mut owner = world.signed_in(&ann).await;
        let answer = owner.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
        assert_eq!((answer.text(), answer.header("content-length")), (body.clone(), &*body.len().to_string()));
        let hex: String = packed.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(answer.header("etag"), format!("\"{hex}\""));
        let known = answer.header("etag").to_owned();
        let again = get(&mut owner, &path, &[("if-none-match", &known)]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
        let mut other = world.signed_in(&bob).await;
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(world.client().get(&path).await.status, StatusCode::UNAUTHORIZED);
        let mut admin = world.signed_in(&root).await;
        assert_eq!(admin.get(&path).await.status, StatusCode::OK);
        assert_eq!(admin.get(&format!("{path}?user={}", bob.id)).await.status, StatusCode::NOT_FOUND);
    }
}
