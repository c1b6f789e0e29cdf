//! Blocks of each format: their bytes are kept here and must be readable for ever.

use pulsekeep_core::observation::SampleValues;
use pulsekeep_store::block::{Block, decode, encode};

const START: i64 = 1_795_000_020_000;

fn block(interval_ms: i64, at: Vec<i64>, offsets: Vec<(usize, i32)>, values: SampleValues) -> Block {
    Block { interval_ms, at, offsets, values }
}

fn of(count: i64, value: impl Fn(i64) -> f64) -> Vec<f64> {
    (0..count).map(value).collect()
}

/// The bytes of a kept block, by formats.
macro_rules! kept {
    ($name:literal) => {
        [
            include_bytes!(concat!("../fixtures/blocks/1-", $name, ".bin")),
            include_bytes!(concat!("../fixtures/blocks/2-", $name, ".bin")),
        ]
    };
}

/// What the kept bytes hold: a day of 25 hours of minutes with a change of the offset, minutes with gaps and halves,
/// minima, means and maxima, readings at odd instants, values that are no decimals, and a single one.
fn blocks() -> [(Block, [&'static [u8]; 2]); 6] {
    let minutes = |count: i64| -> Vec<i64> { (0..count).map(|i| START + i * 60_000).collect() };
    let gaps = (0..300).filter(|i| i % 7 != 3 && !(100..160).contains(i)).map(|i| START + i * 60_000);
    let gaps: Vec<i64> = gaps.collect();
    let odd: Vec<i64> = (0..500).map(|i| START + i * 4000 + i % 3 * 1000 + i % 5).collect();
    let halves = of(gaps.len() as i64, |i| (i % 9) as f64 / 2.0);
    let triple = SampleValues::MinMeanMax {
        min: of(1440, |i| (60 + i % 5) as f64),
        mean: of(1440, |i| (66 + i % 5) as f64 + (i % 12) as f64 / 12.0),
        max: of(1440, |i| (75 + i % 7) as f64),
    };
    [
        (
            block(
                60_000,
                minutes(1500),
                vec![(0, 7200), (180, 3600)],
                SampleValues::Single(of(1500, |i| (i % 113) as f64)),
            ),
            kept!("minutes"),
        ),
        (block(60_000, gaps, vec![(0, -12_600)], SampleValues::Single(halves)), kept!("gaps")),
        (block(60_000, minutes(1440), vec![(0, 0)], triple), kept!("triple")),
        (
            block(0, odd, vec![(0, 3600)], SampleValues::Single(of(500, |i| (58 + i % 6) as f64))),
            kept!("odd"),
        ),
        (
            block(0, minutes(4), vec![(0, 3600)], SampleValues::Single(vec![-0.0, 1.0 / 3.0, 1e300, 36.6])),
            kept!("doubles"),
        ),
        (block(0, vec![START], vec![(0, 3600)], SampleValues::Single(vec![71.4])), kept!("single")),
    ]
}

#[test]
fn each_format_is_read_as_it_was_meant() {
    for (block, formats) in blocks() {
        for (format, bytes) in (1..).zip(formats) {
            assert_eq!(bytes[0], format, "the format stands first");
            assert_eq!(decode(bytes), Ok(block.clone()));
        }
        assert_eq!(encode(&block), formats[1], "the same block gives the same bytes as ever");
    }
}
