//! Blocks to bytes and back.

use pulsekeep_core::observation::SampleValues;

use super::{
    Block, BlockError,
    columns::{read_column, read_column_1, read_triple, write_column, write_triple},
    numbers::{read_whole, unpacked_file, write_whole},
    wire::{Reader, Writer},
};

/// The format that [`encode`] writes.
pub const FORMAT: i16 = 2;

/// A block is a civil day; at one sample a second it has 90,000. More is damage, not data.
const MAX_SAMPLES: usize = 4_000_000;

/// Encodes a block. The same block gives the same bytes.
#[must_use]
pub fn encode(block: &Block) -> Vec<u8> {
    let mut out = Writer::default();
    let step = step_of(&block.at);
    out.unsigned(FORMAT.unsigned_abs().into());
    out.unsigned(block.len() as u64);
    out.signed(block.interval_ms);
    out.signed(block.at.first().copied().unwrap_or(0));
    out.unsigned(step);
    out.unsigned(block.offsets.len() as u64);
    let mut last = 0;
    for &(index, offset) in &block.offsets {
        out.unsigned((index - last) as u64);
        out.signed(offset.into());
        last = index;
    }
    let gap = |w: &[i64]| (w[1].abs_diff(w[0]) / step.max(1)).cast_signed();
    let gaps: Vec<i64> = block.at.windows(2).map(gap).collect();
    if gaps.iter().all(|&gap| gap == 1) {
        out.unsigned(0);
    } else {
        out.unsigned(1);
        write_whole(&mut out, &gaps);
    }
    match &block.values {
        SampleValues::Single(values) => {
            out.unsigned(1);
            write_column(&mut out, values);
        }
        SampleValues::MinMeanMax { min, mean, max } => {
            out.unsigned(3);
            write_triple(&mut out, [min, mean, max]);
        }
    }
    out.0
}

/// Decodes a block of any format ever written.
///
/// # Errors
/// [`BlockError`] when the bytes are damaged or of a later version.
pub fn decode(bytes: &[u8]) -> Result<Block, BlockError> {
    let mut input = Reader(bytes);
    let format = input.unsigned()?;
    if !(1..=u64::from(FORMAT.unsigned_abs())).contains(&format) {
        return Err(BlockError::LaterFormat(format));
    }
    let samples = input.length()?;
    if samples > MAX_SAMPLES {
        return Err(BlockError::Damaged("too many samples"));
    }
    let interval_ms = input.signed()?;
    let first = input.signed()?;
    let step = i64::try_from(input.unsigned()?).map_err(|_| BlockError::Damaged("the step is too long"))?;
    let offsets = decode_offsets(&mut input)?;
    let gaps = samples.saturating_sub(1);
    let gaps = match (input.unsigned()?, format) {
        (0, _) => vec![1; gaps],
        (1, 1) => unpacked_file::<u64>(input.bytes()?, gaps)?.into_iter().map(u64::cast_signed).collect(),
        (1, _) => read_whole(&mut input, gaps)?,
        _ => return Err(BlockError::Damaged("unknown form of times")),
    };
    let at = if samples == 0 { Vec::new() } else { times(first, step, &gaps)? };
    let column = if format == 1 { read_column_1 } else { read_column };
    let values = match (input.unsigned()?, format) {
        (1, _) => SampleValues::Single(column(&mut input, samples)?),
        (3, 1) => {
            let [min, mean, max] = [(); 3].map(|()| column(&mut input, samples));
            SampleValues::MinMeanMax { min: min?, mean: mean?, max: max? }
        }
        (3, _) => {
            let [min, mean, max] = read_triple(&mut input, samples)?;
            SampleValues::MinMeanMax { min, mean, max }
        }
        _ => return Err(BlockError::Damaged("neither one column nor three")),
    };
    Ok(Block { interval_ms, at, offsets, values })
}

/// The longest step on which all times lie: the greatest common divisor of the gaps.
fn step_of(at: &[i64]) -> u64 {
    at.windows(2).map(|w| w[1].abs_diff(w[0])).fold(0, |mut a, mut b| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    })
}

fn decode_offsets(input: &mut Reader<'_>) -> Result<Vec<(usize, i32)>, BlockError> {
    let runs = input.length()?;
    let mut offsets = Vec::new();
    let mut index = 0usize;
    for _ in 0..runs {
        index = index.checked_add(input.length()?).ok_or(BlockError::Damaged("an offset run is too far"))?;
        let offset =
            i32::try_from(input.signed()?).map_err(|_| BlockError::Damaged("an offset is too large"))?;
        offsets.push((index, offset));
    }
    Ok(offsets)
}

fn times(first: i64, step: i64, gaps: &[i64]) -> Result<Vec<i64>, BlockError> {
    let mut at = Vec::with_capacity(gaps.len() + 1);
    let mut now = first;
    at.push(now);
    for &gap in gaps {
        now = Some(gap)
            .filter(|gap| *gap >= 0)
            .and_then(|gap| gap.checked_mul(step))
            .and_then(|gap| now.checked_add(gap))
            .ok_or(BlockError::Damaged("a time is too far"))?;
        at.push(now);
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    fn times() -> impl Strategy<Value = Vec<i64>> {
        prop_oneof![
            (0..2_000usize).prop_map(|n| (0..n as i64).map(|i| 1_795_000_020_000 + i * 60_000).collect()),
            prop::collection::btree_set(0..100_000i64, 0..300)
                .prop_map(|set| set.into_iter().map(|s| 1_795_000_000_000 + s * 1000).collect()),
        ]
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            (0..250i32).prop_map(f64::from),
            (0..1_000_000i32).prop_map(|mm| f64::from(mm) / 1000.0),
            any::<f64>(),
            Just(-0.0),
            Just(f64::NAN),
        ]
    }

    /// Minima, means and maxima as providers give them, or as they do not.
    fn triple(n: usize) -> impl Strategy<Value = [Vec<f64>; 3]> {
        let mean = |(low, rise, parts, sum, ulps): (i32, i32, i32, i32, i64)| {
            let mean = f64::from(low) + f64::from(sum % (rise * parts + 1)) / f64::from(parts);
            let mean = f64::from_bits(mean.to_bits().saturating_add_signed(ulps));
            (f64::from(low), mean, f64::from(low + rise))
        };
        let minute = (30..220, 0..40, 1..15, 0..10_000, prop_oneof![5 => Just(0i64), 1 => -20..20i64]);
        let odd = (value(), value(), value());
        let minute = minute.prop_map(mean);
        prop_oneof![
            prop::collection::vec(minute.clone(), n),
            prop::collection::vec(prop_oneof![9 => minute, 1 => odd], n),
        ]
        .prop_map(|rows| {
            [0, 1, 2].map(|column| rows.iter().map(|row| [row.0, row.1, row.2][column]).collect())
        })
    }

    proptest! {
        #[test]
        fn triples_come_back_bit_for_bit([min, mean, max] in (0..500usize).prop_flat_map(triple)) {
            let at = (0..min.len() as i64).map(|i| i * 60_000).collect();
            let values = SampleValues::MinMeanMax { min: min.clone(), mean: mean.clone(), max: max.clone() };
            let block = Block { interval_ms: 60_000, at, offsets: vec![(0, 0)], values };
            let SampleValues::MinMeanMax { min: a, mean: b, max: c } = decode(&encode(&block)).unwrap().values else {
                panic!("three columns stay three");
            };
            prop_assert_eq!([bits(&a), bits(&b), bits(&c)], [bits(&min), bits(&mean), bits(&max)]);
        }

        #[test]
        fn every_block_comes_back_bit_for_bit(
            (at, single, offsets) in times().prop_flat_map(|at| {
                let n = at.len();
                (Just(at), prop::collection::vec(value(), n), prop::collection::vec((0..=n, -50_000..50_000i32), 0..3))
            })
        ) {
            let mut offsets = offsets;
            offsets.sort_unstable();
            let block = Block { interval_ms: 60_000, at, offsets, values: SampleValues::Single(single) };
            let back = decode(&encode(&block)).unwrap();
            prop_assert_eq!(&back.at, &block.at);
            prop_assert_eq!(&back.offsets, &block.offsets);
            prop_assert_eq!(bits(back.values.main()), bits(block.values.main()));
        }

        #[test]
        fn damaged_bytes_are_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_cut_block_is_refused(cut in 0usize..40) {
            let block = Block {
                interval_ms: 60_000,
                at: vec![0, 60_000, 180_000],
                offsets: vec![(0, 3600)],
                values: SampleValues::Single(vec![1.0, 2.5, 3.0]),
            };
            let bytes = encode(&block);
            if cut < bytes.len() {
                prop_assert!(decode(&bytes[..cut]).is_err());
            }
        }
    }

    #[test]
    fn triples_round_trip_and_a_later_format_says_so() {
        let column = |base: f64| (0..1440).map(|i| base + f64::from(i % 7)).collect::<Vec<_>>();
        let values = SampleValues::MinMeanMax { min: column(60.0), mean: column(70.25), max: column(80.0) };
        let at = (0..1440).map(|i| i * 60_000).collect();
        let block = Block { interval_ms: 60_000, at, offsets: vec![(0, -14_400)], values };
        let mut bytes = encode(&block);
        assert_eq!(decode(&bytes).unwrap(), block);
        bytes[0] = 9;
        assert_eq!(decode(&bytes), Err(BlockError::LaterFormat(9)));
    }

    #[test]
    fn means_of_a_minute_take_less_than_doubles() {
        let whole = |i: i32| f64::from(60 + i * i % 9);
        let min: Vec<f64> = (0..1440).map(whole).collect();
        let mean = (0..1440).map(|i| whole(i) + f64::from(i * 7 % 50) / f64::from(11 + i % 2)).collect();
        let max = (0..1440).map(|i| whole(i) + f64::from(5 + i % 4)).collect();
        let at = (0..1440).map(|i| i * 60_000).collect();
        let values = SampleValues::MinMeanMax { min, mean, max };
        let bytes = encode(&Block { interval_ms: 60_000, at, offsets: vec![(0, 0)], values });
        assert!(bytes.len() < 1440 * 2, "{} bytes", bytes.len());
    }

    #[test]
    fn merging_prefers_the_second_and_keeps_order() {
        let block = |at: &[i64], values: &[f64], offset| Block {
            interval_ms: 60_000,
            at: at.to_vec(),
            offsets: vec![(0, offset)],
            values: SampleValues::Single(values.to_vec()),
        };
        let merged =
            block(&[1, 3, 5], &[1.0, 3.0, 5.0], 0).merged(&block(&[3, 4], &[30.0, 40.0], 60)).unwrap();
        assert_eq!(merged.at, [1, 3, 4, 5]);
        assert_eq!(merged.values, SampleValues::Single(vec![1.0, 30.0, 40.0, 5.0]));
        assert_eq!(merged.offsets, [(0, 0), (1, 60), (3, 0)]);
    }
}
