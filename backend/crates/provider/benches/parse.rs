//! From the bytes of an answer to columns: a page of heart rate at native cadence, and six days of its minutes.

use std::fmt::Write as _;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use pulsekeep_core::catalogue::endpoint;
use pulsekeep_provider::google_health::parse;

const START: i64 = 1_795_000_000;

fn instant(second: i64) -> String {
    Timestamp::from_second(second).expect("a second of these years").to_string()
}

/// A heart at rest that wanders, without a generator of random numbers.
fn beats(index: i64) -> i64 {
    62 + (index * index / 7 + index / 11) % 9 + (index / 60) % 5
}

/// A page of points as Google writes them with `prettyPrint=false`, newest first.
fn native_page(points: i64) -> String {
    let mut body = r#"{"dataPoints":["#.to_owned();
    for index in (0..points).rev() {
        let second = START + index * 5;
        let clock = second % 86_400;
        let comma = if index + 1 == points { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"heartRate":{{"sampleTime":{{"physicalTime":"{}","utcOffset":"3600s","civilTime":{{"date":{{"year":2026,"month":11,"day":18}},"time":{{"hours":{},"minutes":{},"seconds":{}}}}}}},"beatsPerMinute":"{}","metadata":{{"motionContext":"SEDENTARY","sensorLocation":"WRIST"}}}}}}"#,
            instant(second),
            clock / 3600,
            clock / 60 % 60,
            clock % 60,
            beats(index)
        )
        .expect("a text grows");
    }
    body + r#"],"nextPageToken":"CiUKIwoJaGVhcnRfcmF0ZRIWCgwI"}"#
}

fn minutes_page(minutes: i64) -> String {
    let mut body = r#"{"rollupDataPoints":["#.to_owned();
    for index in 0..minutes {
        let (second, bpm) = (START + index * 60, beats(index));
        let comma = if index == 0 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"startTime":"{}","endTime":"{}","heartRate":{{"beatsPerMinuteAvg":{bpm}.25,"beatsPerMinuteMax":{},"beatsPerMinuteMin":{}}}}}"#,
            instant(second),
            instant(second + 60),
            bpm + 3,
            bpm - 2
        )
        .expect("a text grows");
    }
    body + "]}"
}

fn answers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (key, body, points) in [
        ("google.heart_rate.native", native_page(10_000), 10_000),
        ("google.heart_rate.minute", minutes_page(8640), 8640),
    ] {
        let endpoint = endpoint(key).expect("an endpoint of the catalogue");
        group.throughput(Throughput::Elements(points));
        group.bench_function(key, |bencher| {
            bencher.iter(|| parse(endpoint, body.as_bytes()).expect("an answer"))
        });
    }
    group.finish();
}

criterion_group!(benches, answers);
criterion_main!(benches);
