//! Sample blocks and packed answers: a day each, of the kinds that there are.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pulsekeep_core::observation::SampleValues;
use pulsekeep_store::{
    block::{Block, decode, encode},
    ingest::PackedBody,
};

const START: i64 = 1_795_000_020_000;

fn beats(index: i64) -> f64 {
    let index = index as f64;
    (64.0 + 9.0 * (index / 700.0).sin() + 4.0 * (index / 37.0).sin() + 2.0 * (index * 1.7).sin()).round()
}

fn block(interval_ms: i64, at: Vec<i64>, values: SampleValues) -> Block {
    Block { interval_ms, at, offsets: vec![(0, 3600)], values }
}

/// The kinds, by name: a sample every five seconds or so, minutes of beats, minutes of minimum, mean and maximum, and
/// minutes of steps, most of which are zero.
fn days() -> [(&'static str, Block); 4] {
    let native: Vec<i64> = (0..19_000).map(|i| START + i * 4500 / 1000 * 1000 + i % 2 * 1000).collect();
    let minutes: Vec<i64> = (0..1440).map(|i| START + i * 60_000).collect();
    let of = |n: usize, value: fn(i64) -> f64| (0..n as i64).map(value).collect::<Vec<f64>>();
    let triple = SampleValues::MinMeanMax {
        min: of(1440, |i| beats(i) - 2.0 - (i % 3) as f64),
        mean: of(1440, |i| beats(i) + (i % 12) as f64 / 12.0),
        max: of(1440, |i| beats(i) + 2.0 + (i % 4) as f64),
    };
    let steps = |i: i64| if i / 60 % 5 == 3 { ((i * i) % 117) as f64 } else { 0.0 };
    let native_values = of(native.len(), beats);
    [
        ("heart rate, native", block(0, native, SampleValues::Single(native_values))),
        ("heart rate, minutes", block(60_000, minutes.clone(), SampleValues::Single(of(1440, beats)))),
        ("heart rate, min mean max", block(60_000, minutes.clone(), triple)),
        ("steps", block(60_000, minutes, SampleValues::Single(of(1440, steps)))),
    ]
}

fn codec(criterion: &mut Criterion) {
    for (name, day) in days() {
        let bytes = encode(&day);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(day.len() as u64));
        group.bench_function("encode", |bencher| bencher.iter(|| encode(&day)));
        group.bench_function("decode", |bencher| bencher.iter(|| decode(&bytes).expect("a block")));
        group.finish();
    }
}

fn packing(criterion: &mut Criterion) {
    let mut body = r#"{"dataPoints":["#.to_owned();
    for i in 0..10_000 {
        let (clock, bpm) = (i * 5, beats(i));
        body.push_str(&format!(
            r#"{{"heartRate":{{"sampleTime":{{"physicalTime":"2026-11-18T{:02}:{:02}:{:02}Z","utcOffset":"3600s","civilTime":{{"date":{{"year":2026,"month":11,"day":18}},"time":{{"hours":{0},"minutes":{1},"seconds":{2}}}}}}},"beatsPerMinute":"{bpm}","metadata":{{"motionContext":"SEDENTARY","sensorLocation":"WRIST"}}}}}},"#,
            clock / 3600,
            clock / 60 % 60,
            clock % 60
        ));
    }
    let mut group = criterion.benchmark_group("raw");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("pack", |bencher| {
        bencher.iter(|| PackedBody::pack(body.as_bytes()).expect("packed"))
    });
    group.finish();
}

criterion_group!(benches, codec, packing);
criterion_main!(benches);
