//! Columns of values, bit for bit.

use super::{
    BlockError,
    numbers::{packed, read_whole, unpacked, unpacked_file, write_whole},
    wire::{Reader, Writer},
};

/// Decimals tried for a column.
pub(super) const MAX_DECIMALS: u8 = 6;
/// Kinds of a column other than its decimals.
const SINGLES: u64 = 32;
const RISE: u64 = 64;
const MEANS: u64 = 65;
const DOUBLES: u64 = 255;
/// Integers beyond this do not survive the way through a double.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;
/// A mean of more values than this in a minute is stored as it is.
const MOST_PARTS: i64 = 64;
/// By how many units in the last place a mean may miss the quotient: providers sum in several ways.
const MOST_ULPS: u64 = 16;

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

fn unscaled(whole: &[i64], decimals: u8) -> Vec<f64> {
    let factor = power_of_ten(decimals);
    #[expect(clippy::cast_precision_loss, reason = "written only for integers that a double holds")]
    whole.iter().map(|&number| number as f64 / factor).collect()
}

/// A column that was written or read as whole numbers: decimals, and the numbers.
type Whole = Option<(u8, Vec<i64>)>;

/// Writes a column by itself.
pub(super) fn write_column(out: &mut Writer, column: &[f64]) -> Whole {
    let whole = (0..=MAX_DECIMALS).find_map(|decimals| Some((decimals, scaled(column, decimals)?)));
    if let Some((decimals, numbers)) = &whole {
        out.unsigned((*decimals).into());
        write_whole(out, numbers);
    } else if let Some(singles) = singles(column) {
        out.unsigned(SINGLES);
        out.bytes(&packed(&singles));
    } else {
        out.unsigned(DOUBLES);
        out.bytes(&packed(column));
    }
    whole
}

/// The column in single precision, if each value comes back bit for bit: some sources compute in it.
fn singles(column: &[f64]) -> Option<Vec<f32>> {
    column
        .iter()
        .map(|&value| {
            #[expect(clippy::cast_possible_truncation, reason = "compared with what it was")]
            let single = value as f32;
            (f64::from(single).to_bits() == value.to_bits()).then_some(single)
        })
        .collect()
}

fn read_plain(input: &mut Reader<'_>, kind: u64, count: usize) -> Result<(Vec<f64>, Whole), BlockError> {
    match kind {
        SINGLES => {
            let singles = unpacked::<f32>(input.bytes()?, count)?;
            Ok((singles.into_iter().map(f64::from).collect(), None))
        }
        DOUBLES => Ok((unpacked(input.bytes()?, count)?, None)),
        decimals => {
            let decimals = known_decimals(decimals)?;
            let numbers = read_whole(input, count)?;
            Ok((unscaled(&numbers, decimals), Some((decimals, numbers))))
        }
    }
}

fn known_decimals(kind: u64) -> Result<u8, BlockError> {
    let decimals = u8::try_from(kind).ok().filter(|decimals| *decimals <= MAX_DECIMALS);
    decimals.ok_or(BlockError::Damaged("unknown kind of column"))
}

/// Reads a column by itself.
pub(super) fn read_column(input: &mut Reader<'_>, count: usize) -> Result<Vec<f64>, BlockError> {
    let kind = input.unsigned()?;
    Ok(read_plain(input, kind, count)?.0)
}

/// Reads a column as format 1 has it.
pub(super) fn read_column_1(input: &mut Reader<'_>, count: usize) -> Result<Vec<f64>, BlockError> {
    let kind = input.unsigned()?;
    let bytes = input.bytes()?;
    if kind == DOUBLES {
        return unpacked_file(bytes, count);
    }
    Ok(unscaled(&unpacked_file(bytes, count)?, known_decimals(kind)?))
}

/// Writes minima, maxima and means: the maxima as their rise above the minima, the means as quotients, where they are.
pub(super) fn write_triple(out: &mut Writer, [min, mean, max]: [&[f64]; 3]) {
    let low = write_column(out, min);
    let high = low.as_ref().and_then(|(decimals, low)| {
        let high = scaled(max, *decimals)?;
        high.iter().zip(low).map(|(high, low)| high.checked_sub(*low)).collect::<Option<Vec<i64>>>()
    });
    if let Some(rise) = high {
        out.unsigned(RISE);
        write_whole(out, &rise);
    } else {
        write_column(out, max);
    }
    let means = low.filter(|low| low.0 == 0).and_then(|(_, low)| Means::of(mean, &low));
    if let Some(means) = means {
        out.unsigned(MEANS);
        for numbers in [&means.parts, &means.above, &means.ulps] {
            write_whole(out, numbers);
        }
    } else {
        write_column(out, mean);
    }
}

/// Reads minima, means and maxima.
pub(super) fn read_triple(input: &mut Reader<'_>, count: usize) -> Result<[Vec<f64>; 3], BlockError> {
    const NO_BASE: BlockError = BlockError::Damaged("a column stands upon another that is not whole");
    let kind = input.unsigned()?;
    let (min, low) = read_plain(input, kind, count)?;
    let max = match input.unsigned()? {
        RISE => {
            let (decimals, low) = low.as_ref().ok_or(NO_BASE)?;
            let rise = read_whole(input, count)?;
            let high: Vec<i64> = low.iter().zip(rise).map(|(low, rise)| low.wrapping_add(rise)).collect();
            unscaled(&high, *decimals)
        }
        kind => read_plain(input, kind, count)?.0,
    };
    let mean = match input.unsigned()? {
        MEANS => {
            let (_, low) = low.filter(|low| low.0 == 0).ok_or(NO_BASE)?;
            let mut numbers = || read_whole(input, count);
            Means { parts: numbers()?, above: numbers()?, ulps: numbers()? }.values(&low)?
        }
        kind => read_plain(input, kind, count)?.0,
    };
    Ok([min, mean, max])
}

/// Means of some whole numbers each: how many these were (or a multiple that gives the same mean), by how much their sum
/// is above as many minima, and how far the double is from the quotient, in units of its last place.
struct Means {
    parts: Vec<i64>,
    above: Vec<i64>,
    ulps: Vec<i64>,
}

impl Means {
    /// `None` if a value is no such mean.
    fn of(mean: &[f64], low: &[i64]) -> Option<Self> {
        let mut means = Self { parts: Vec::new(), above: Vec::new(), ulps: Vec::new() };
        // As many as in the minute before, mostly; else as many as a watch reads in a minute, and fewer.
        let mut parts = 12;
        for (&value, &low) in mean.iter().zip(low) {
            let (sum, ulps);
            (parts, sum, ulps) = std::iter::once(parts)
                .chain((1..=12).rev())
                .chain(13..=MOST_PARTS)
                .find_map(|parts| quotient(value, parts).map(|(sum, ulps)| (parts, sum, ulps)))?;
            means.parts.push(parts);
            means.above.push(sum.checked_sub(parts.checked_mul(low)?)?);
            means.ulps.push(ulps);
        }
        Some(means)
    }

    fn values(&self, low: &[i64]) -> Result<Vec<f64>, BlockError> {
        if self.parts.iter().any(|parts| !(1..=MOST_PARTS).contains(parts)) {
            return Err(BlockError::Damaged("a mean of too many parts"));
        }
        let rows = self.parts.iter().zip(&self.above).zip(&self.ulps).zip(low);
        #[expect(clippy::cast_precision_loss, reason = "written only for integers that a double holds")]
        let value = |(((parts, above), ulps), low): (((&i64, &i64), &i64), &i64)| {
            let sum = above.wrapping_add(parts.wrapping_mul(*low));
            let bits = (sum as f64 / *parts as f64).to_bits();
            f64::from_bits(bits.wrapping_add_signed(*ulps))
        };
        Ok(rows.map(value).collect())
    }
}

/// The sum of `parts` whole numbers whose mean is `value`, and by how many units in the last place it misses.
fn quotient(value: f64, parts: i64) -> Option<(i64, i64)> {
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let divisor = parts as f64;
    let sum = (value * divisor).round();
    if sum.is_nan() || sum.abs() >= EXACT_INTEGERS {
        return None;
    }
    // `+ 0.0`: a negative zero is none as a whole number.
    let ulps = value.to_bits().wrapping_sub(((sum + 0.0) / divisor).to_bits()).cast_signed();
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    (ulps.unsigned_abs() <= MOST_ULPS).then_some((sum as i64, ulps))
}
