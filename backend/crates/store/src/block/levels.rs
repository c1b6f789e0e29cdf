//! Coarser levels of a block: count, sum, minimum and maximum of each hour by the samples' own clock, of each quarter of
//! an hour where the block is dense. They can always be made again from the block; a block without them is decoded.
//!
//! Layout of format 1, integers as in a block:
//!
//! ```text
//! format = 1 │ cell length ms │ cells │ extremes: 0 no, 1 yes │ decimals (0–6, 255: doubles)
//! first cell's start in seconds
//! per cell: flags │ start, unless one length after the one before │ samples, unless as many as before
//!           scaled integers: minimum as its rise, maximum above minimum, sum above samples × minimum (or the plain sum)
//!           doubles: 8 bytes each, little endian
//! ```

use pulsekeep_core::{
    observation::SampleValues,
    time::{HOUR_MS, MINUTE_MS},
};

use super::{
    Block, BlockError,
    columns::{MAX_DECIMALS, power_of_ten, scaled},
    wire::{Reader, Writer},
};

/// The format that [`levels_of`] writes.
const FORMAT: u64 = 1;
/// A block with more samples than this has cells of a quarter of an hour.
const DENSE: usize = 6_000;
const DOUBLES: u64 = 255;
/// Cells of the densest block that can be: a day of quarters, cut by many changes of the clock.
const MAX_CELLS: usize = 4_096;

const NOT_NEXT: u64 = 1;
const OTHER_COUNT: u64 = 2;

/// What is known of the samples of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// First instant of the cell, epoch milliseconds: a full hour (or quarter) by the samples' own clock.
    pub start: i64,
    /// Samples in it, at least one.
    pub count: u32,
    /// Sum of the values (of the means).
    pub sum: f64,
    /// Smallest value; NaN when the levels have no extremes.
    pub min: f64,
    /// Largest value; NaN likewise.
    pub max: f64,
}

/// The levels of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// Length of a cell in milliseconds.
    pub cell_ms: i64,
    /// Whether the cells know minimum and maximum.
    pub extremes: bool,
    /// The cells, in the order of their samples.
    pub cells: Vec<Cell>,
}

/// First instant of the stretch of `length_ms` in which `at` lies, by the clock `offset` seconds east of UTC.
#[must_use]
pub fn stretch_start(at: i64, offset: i32, length_ms: i64) -> i64 {
    let east = i64::from(offset) * 1000;
    (at + east).div_euclid(length_ms) * length_ms - east
}

/// Samples by cells of any length: per cell its start and the index of its first sample. A cell ends where the next one
/// begins; a change of the clock ends one too.
#[must_use]
pub fn cells_of(block: &Block, length_ms: i64) -> Vec<(i64, usize)> {
    let mut cells: Vec<(i64, usize)> = Vec::new();
    for (run, &(from, offset)) in block.offsets.iter().enumerate() {
        let to = block.offsets.get(run + 1).map_or(block.len(), |next| next.0).min(block.len());
        let mut index = from;
        while index < to {
            let start = stretch_start(block.at[index], offset, length_ms);
            if cells.last().is_none_or(|cell| cell.0 != start) {
                cells.push((start, index));
            }
            index += block.at[index..to].partition_point(|&at| at < start + length_ms).max(1);
        }
    }
    cells
}

/// Encodes the levels of a block; `extremes` for metrics whose minimum and maximum anybody asks for. Empty where
/// levels would not be smaller than what they stand for.
#[must_use]
pub fn levels_of(block: &Block, extremes: bool) -> Vec<u8> {
    let cell_ms = if block.len() > DENSE { 15 * MINUTE_MS } else { HOUR_MS };
    let starts = cells_of(block, cell_ms);
    if starts.len() * 4 > block.len() || starts.len() > MAX_CELLS {
        return Vec::new();
    }
    let (low, mean, high) = match &block.values {
        SampleValues::Single(values) => (values, values, values),
        SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
    };
    let columns: Vec<&Vec<f64>> =
        if extremes && !std::ptr::eq(low, mean) { vec![mean, low, high] } else { vec![mean] };
    let decimals = (0..=MAX_DECIMALS).find(|&d| columns.iter().all(|column| scaled(column, d).is_some()));
    let mut out = Writer::default();
    for number in [FORMAT, cell_ms.unsigned_abs(), starts.len() as u64, u64::from(extremes)] {
        out.unsigned(number);
    }
    out.unsigned(decimals.map_or(DOUBLES, u64::from));
    out.signed(starts.first().map_or(0, |cell| cell.0.div_euclid(1000)));
    let factor = decimals.map_or(1.0, power_of_ten);
    #[expect(clippy::cast_possible_truncation, reason = "`scaled` has bounded the columns")]
    let whole = |value: f64| (value * factor).round() as i64;
    let (mut before, mut count_before, mut min_before) = (None::<i64>, 0, 0i64);
    for (i, &(start, from)) in starts.iter().enumerate() {
        let to = starts.get(i + 1).map_or(block.len(), |next| next.1);
        let count = (to - from) as u64;
        let is_next = before.is_none_or(|b| b + cell_ms == start);
        let flags = if is_next { 0 } else { NOT_NEXT } | if count == count_before { 0 } else { OTHER_COUNT };
        out.unsigned(flags);
        if let (false, Some(before)) = (is_next, before) {
            out.signed((start - before) / 1000);
        }
        if count != count_before {
            out.unsigned(count);
        }
        let min = low[from..to].iter().copied().fold(f64::INFINITY, f64::min);
        let max = high[from..to].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if decimals.is_some() {
            let sum: i64 = mean[from..to].iter().map(|&v| whole(v)).sum();
            if extremes {
                let (min, max) = (whole(min), whole(max));
                out.signed(min - min_before);
                out.signed(max - min);
                out.signed(sum - min * count.cast_signed());
                min_before = min;
            } else {
                out.signed(sum);
            }
        } else {
            let sum: f64 = mean[from..to].iter().sum();
            let numbers = if extremes { vec![min, max, sum] } else { vec![sum] };
            for number in numbers {
                out.0.extend_from_slice(&number.to_le_bytes());
            }
        }
        (before, count_before) = (Some(start), count);
    }
    out.0
}

/// Decodes what [`levels_of`] has written.
///
/// # Errors
/// [`BlockError`] when the bytes are damaged or of a later version: the block itself has it all.
pub fn decode_levels(bytes: &[u8]) -> Result<Levels, BlockError> {
    let mut input = Reader(bytes);
    let format = input.unsigned()?;
    if format != FORMAT {
        return Err(BlockError::LaterFormat(format));
    }
    let cell_ms = i64::try_from(input.unsigned()?)
        .ok()
        .filter(|ms| (1..=HOUR_MS).contains(ms))
        .ok_or(BlockError::Damaged("cells of no length"))?;
    let length = input.length()?;
    if length > MAX_CELLS {
        return Err(BlockError::Damaged("too many cells"));
    }
    let extremes = input.unsigned()? == 1;
    let decimals = input.unsigned()?;
    let factor = u8::try_from(decimals).ok().filter(|d| *d <= MAX_DECIMALS).map(power_of_ten);
    if factor.is_none() && decimals != DOUBLES {
        return Err(BlockError::Damaged("unknown number of decimals"));
    }
    const FAR: BlockError = BlockError::Damaged("a cell is too far");
    let mut start = input.signed()?.checked_mul(1000).ok_or(FAR)?;
    let (mut count, mut min) = (0u64, 0i64);
    let mut cells = Vec::with_capacity(length);
    for index in 0..length {
        let flags = input.unsigned()?;
        if flags & NOT_NEXT != 0 {
            start = input.signed()?.checked_mul(1000).and_then(|rise| start.checked_add(rise)).ok_or(FAR)?;
        } else if index > 0 {
            start = start.checked_add(cell_ms).ok_or(FAR)?;
        }
        if flags & OTHER_COUNT != 0 {
            count = input.unsigned()?;
        }
        let samples = u32::try_from(count).map_err(|_| BlockError::Damaged("a cell has too many samples"))?;
        cells.push(match factor {
            Some(factor) => scaled_cell(&mut input, (start, samples), extremes, factor, &mut min)?,
            None => double_cell(&mut input, (start, samples), extremes)?,
        });
    }
    Ok(Levels { cell_ms, extremes, cells })
}

#[expect(clippy::cast_precision_loss, reason = "written from doubles")]
fn scaled_cell(
    input: &mut Reader<'_>,
    (start, count): (i64, u32),
    extremes: bool,
    factor: f64,
    min: &mut i64,
) -> Result<Cell, BlockError> {
    const FAR: BlockError = BlockError::Damaged("a value is too far");
    if !extremes {
        let sum = input.signed()? as f64 / factor;
        return Ok(Cell { start, count, sum, min: f64::NAN, max: f64::NAN });
    }
    *min = min.checked_add(input.signed()?).ok_or(FAR)?;
    let max = min.checked_add(input.signed()?).ok_or(FAR)?;
    let above = input.signed()?;
    let sum = min.checked_mul(count.into()).and_then(|base| base.checked_add(above)).ok_or(FAR)?;
    let value = |scaled: i64| scaled as f64 / factor;
    Ok(Cell { start, count, sum: value(sum), min: value(*min), max: value(max) })
}

fn double_cell(
    input: &mut Reader<'_>,
    (start, count): (i64, u32),
    extremes: bool,
) -> Result<Cell, BlockError> {
    let (min, max) = if extremes { (input.double()?, input.double()?) } else { (f64::NAN, f64::NAN) };
    Ok(Cell { start, count, sum: input.double()?, min, max })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::runs_of;

    /// The cells of a block, counted sample by sample.
    fn naive(block: &Block, cell_ms: i64) -> Vec<Cell> {
        let (low, mean, high) = match &block.values {
            SampleValues::Single(values) => (values, values, values),
            SampleValues::MinMeanMax { min, mean, max } => (min, mean, max),
        };
        let mut cells: Vec<Cell> = Vec::new();
        for i in 0..block.len() {
            let start = stretch_start(block.at[i], block.offset_at(i), cell_ms);
            if cells.last().is_none_or(|cell| cell.start != start) {
                cells.push(Cell { start, count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY });
            }
            let cell = cells.last_mut().unwrap();
            cell.count += 1;
            cell.sum += mean[i];
            cell.min = cell.min.min(low[i]);
            cell.max = cell.max.max(high[i]);
        }
        cells
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            (0..250i32).prop_map(f64::from),
            (0..1_000_000i32).prop_map(|mm| f64::from(mm) / 1000.0),
            -1.0e9..1.0e9f64,
        ]
    }

    proptest! {
        #[test]
        fn levels_are_what_the_samples_add_up_to(
            steps in prop::collection::vec((1i64..400, 0usize..4), 1..900),
            values in prop::collection::vec(value(), 900),
            whole in any::<bool>(),
            extremes in any::<bool>(),
        ) {
            let zones = [0, 3_600, 19_800, -12_600];
            let mut now = 1_795_000_000_000;
            let at: Vec<i64> = steps.iter().map(|(step, _)| { now += step * 7_000; now }).collect();
            let offsets = runs_of(steps.iter().map(|(_, zone)| zones[*zone / 3]));
            let values: Vec<f64> = values[..at.len()].iter().map(|v| if whole { v.round() } else { *v }).collect();
            let block = Block { interval_ms: 0, at, offsets, values: SampleValues::Single(values) };
            let bytes = levels_of(&block, extremes);
            if bytes.is_empty() {
                prop_assert!(cells_of(&block, HOUR_MS).len() * 4 > block.len());
                return Ok(());
            }
            let levels = decode_levels(&bytes).unwrap();
            let expected = naive(&block, levels.cell_ms);
            prop_assert_eq!(levels.cells.len(), expected.len());
            for (cell, naive) in levels.cells.iter().zip(&expected) {
                prop_assert_eq!((cell.start, cell.count), (naive.start, naive.count));
                prop_assert!(near(cell.sum, naive.sum), "{} {}", cell.sum, naive.sum);
                prop_assert!(!extremes || (cell.min == naive.min && cell.max == naive.max));
                prop_assert_eq!(cell.min.is_nan(), !extremes);
            }
        }

        #[test]
        fn damaged_levels_are_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_levels(&bytes);
        }
    }

    #[test]
    fn a_day_of_minutes_takes_few_bytes_and_a_dense_one_has_quarters() {
        let values = (0..1440).map(|i| f64::from(60 + (i * 7) % 50)).collect();
        let at = (0..1440).map(|i| i * MINUTE_MS).collect();
        let block =
            Block { interval_ms: MINUTE_MS, at, offsets: vec![(0, 0)], values: SampleValues::Single(values) };
        let bytes = levels_of(&block, true);
        assert!(bytes.len() < 160, "{}", bytes.len());
        assert_eq!(decode_levels(&bytes).unwrap().cells.len(), 24);
        let at: Vec<i64> = (0..17_280).map(|i| i * 5_000).collect();
        let values = SampleValues::Single(vec![70.0; at.len()]);
        let dense = Block { interval_ms: 0, at, offsets: vec![(0, 19_800)], values };
        let levels = decode_levels(&levels_of(&dense, true)).unwrap();
        assert_eq!((levels.cell_ms, levels.cells.len()), (15 * MINUTE_MS, 96));
    }

    #[test]
    fn an_hour_that_the_clock_shows_twice_is_two_cells() {
        let at: Vec<i64> = (0..1500).map(|i| i * MINUTE_MS).collect();
        let offsets = runs_of((0..1500).map(|i| if i < 180 { 7200 } else { 3600 }));
        let values = SampleValues::Single(vec![1.0; 1500]);
        let block = Block { interval_ms: MINUTE_MS, at, offsets, values };
        let levels = decode_levels(&levels_of(&block, false)).unwrap();
        assert!(levels.cells.iter().all(|cell| cell.count == 60), "{levels:?}");
        assert_eq!(levels.cells.len(), 25);
    }
}
