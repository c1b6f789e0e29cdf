//! Format 1.

use pco::{
    ChunkConfig,
    standalone::{simple_compress, simple_decompress},
};
use pulsekeep_core::observation::SampleValues;

use super::{
    Block, BlockError,
    wire::{Reader, Writer},
};

/// The format that [`encode`] writes.
pub const FORMAT: i16 = 1;

/// Decimals tried for a column, and the mark of one that has none.
pub(super) const MAX_DECIMALS: u8 = 6;
const DOUBLES: u64 = 255;
/// Integers beyond this do not survive the way through a double.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;
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
    let gaps: Vec<u64> = block.at.windows(2).map(|w| w[1].abs_diff(w[0]) / step.max(1)).collect();
    if gaps.iter().all(|&gap| gap == 1) {
        out.unsigned(0);
    } else {
        out.unsigned(1);
        out.bytes(&compress(&gaps));
    }
    let columns: Vec<&[f64]> = match &block.values {
        SampleValues::Single(values) => vec![values],
        SampleValues::MinMeanMax { min, mean, max } => vec![min, mean, max],
    };
    out.unsigned(columns.len() as u64);
    for column in columns {
        encode_column(&mut out, column);
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
    if format != u64::from(FORMAT.unsigned_abs()) {
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
    let at = decode_times(&mut input, samples, first, step)?;
    let mut columns = Vec::new();
    for _ in 0..input.length()?.min(4) {
        columns.push(decode_column(&mut input, samples)?);
    }
    let values = match <[Vec<f64>; 3]>::try_from(columns) {
        Ok([min, mean, max]) => SampleValues::MinMeanMax { min, mean, max },
        Err(mut columns) if columns.len() == 1 => SampleValues::Single(columns.remove(0)),
        Err(_) => return Err(BlockError::Damaged("neither one column nor three")),
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

fn compress<T: pco::data_types::Number>(numbers: &[T]) -> Vec<u8> {
    // The only error of pco's writer is a wrong configuration or too many numbers; the default one is right.
    simple_compress(numbers, &ChunkConfig::default()).unwrap_or_default()
}

fn decompress<T: pco::data_types::Number>(bytes: &[u8], expected: usize) -> Result<Vec<T>, BlockError> {
    let numbers = simple_decompress(bytes).map_err(|_| BlockError::Damaged("a column does not decode"))?;
    if numbers.len() == expected {
        Ok(numbers)
    } else {
        Err(BlockError::Damaged("a column has another length"))
    }
}

fn encode_column(out: &mut Writer, column: &[f64]) {
    for decimals in 0..=MAX_DECIMALS {
        if let Some(scaled) = scaled(column, decimals) {
            out.unsigned(decimals.into());
            out.bytes(&compress(&scaled));
            return;
        }
    }
    out.unsigned(DOUBLES);
    out.bytes(&compress(column));
}

fn decode_column(input: &mut Reader<'_>, samples: usize) -> Result<Vec<f64>, BlockError> {
    let decimals = input.unsigned()?;
    let bytes = input.bytes()?;
    if decimals == DOUBLES {
        return decompress(bytes, samples);
    }
    let factor = u8::try_from(decimals)
        .ok()
        .filter(|d| *d <= MAX_DECIMALS)
        .map(power_of_ten)
        .ok_or(BlockError::Damaged("unknown number of decimals"))?;
    #[expect(clippy::cast_precision_loss, reason = "written only for integers that a double holds")]
    Ok(decompress::<i64>(bytes, samples)?.into_iter().map(|v| v as f64 / factor).collect())
}

pub(super) fn power_of_ten(decimals: u8) -> f64 {
    10f64.powi(decimals.into())
}

/// The column as integers after × 10^decimals, if each value comes back bit for bit.
pub(super) fn scaled(column: &[f64], decimals: u8) -> Option<Vec<i64>> {
    let factor = power_of_ten(decimals);
    column
        .iter()
        .map(|&value| {
            let rounded = (value * factor).round();
            let back = rounded / factor;
            // -0.0 differs from 0 in its bits, so it stays a double.
            let survives = rounded.abs() < EXACT_INTEGERS && (rounded + 0.0) / factor == value;
            #[expect(clippy::cast_possible_truncation, reason = "bounded by EXACT_INTEGERS")]
            (survives && back.to_bits() == value.to_bits() && !(rounded == 0.0 && value.is_sign_negative()))
                .then_some(rounded as i64)
        })
        .collect()
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

fn decode_times(
    input: &mut Reader<'_>,
    samples: usize,
    first: i64,
    step: i64,
) -> Result<Vec<i64>, BlockError> {
    let gaps: Vec<u64> = match input.unsigned()? {
        0 => vec![1; samples.saturating_sub(1)],
        1 => decompress(input.bytes()?, samples.saturating_sub(1))?,
        _ => return Err(BlockError::Damaged("unknown form of times")),
    };
    if samples == 0 {
        return Ok(Vec::new());
    }
    let mut at = Vec::with_capacity(samples);
    let mut now = first;
    at.push(now);
    for gap in gaps {
        now = i64::try_from(gap)
            .ok()
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

    proptest! {
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
