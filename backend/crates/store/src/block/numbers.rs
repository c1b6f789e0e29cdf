//! Columns of numbers by pcodec.

use pco::{
    ChunkConfig, PagingSpec,
    data_types::Number,
    errors::PcoError,
    standalone::simple_decompress,
    wrapped::{FileCompressor, FileDecompressor},
};

use super::{
    BlockError,
    wire::{Reader, Writer},
};

const DAMAGED: BlockError = BlockError::Damaged("a column does not decode");
const OTHER_LENGTH: BlockError = BlockError::Damaged("a column has another length");

/// Whole numbers: the least of them, then how wide what they are above it must be (0: all are alike, else 1, 2 or 4
/// bytes; 8: the numbers as they are, nothing taken off) and, unless they are alike, byte length and pco. Narrow ones
/// are worth it: pco describes each of its bins by numbers of that width, and a day is short.
pub(super) fn write_whole(out: &mut Writer, numbers: &[i64]) {
    let least = numbers.iter().copied().min().unwrap_or(0);
    let most = numbers.iter().copied().max().unwrap_or(0);
    let Some(span) = most.checked_sub(least) else {
        out.signed(0);
        out.unsigned(8);
        return out.bytes(&packed(numbers));
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the width holds the span")]
    let (width, bytes) = match span {
        0 => (0, None),
        1..=0xff => (1, Some(packed(&above(numbers, least, |n| n as u8)))),
        0x100..=0xffff => (2, Some(packed(&above(numbers, least, |n| n as u16)))),
        0x1_0000..=0xffff_ffff => (4, Some(packed(&above(numbers, least, |n| n as u32)))),
        _ => (8, Some(packed(numbers))),
    };
    out.signed(if width == 8 { 0 } else { least });
    out.unsigned(width);
    if let Some(bytes) = bytes {
        out.bytes(&bytes);
    }
}

/// Reads `count` of them.
pub(super) fn read_whole(input: &mut Reader<'_>, count: usize) -> Result<Vec<i64>, BlockError> {
    let least = input.signed()?;
    Ok(match input.unsigned()? {
        0 => vec![least; count],
        1 => on(least, unpacked::<u8>(input.bytes()?, count)?),
        2 => on(least, unpacked::<u16>(input.bytes()?, count)?),
        4 => on(least, unpacked::<u32>(input.bytes()?, count)?),
        8 => unpacked(input.bytes()?, count)?,
        _ => return Err(BlockError::Damaged("unknown width of whole numbers")),
    })
}

fn above<T>(numbers: &[i64], least: i64, narrow: impl Fn(i64) -> T) -> Vec<T> {
    numbers.iter().map(|&number| narrow(number - least)).collect()
}

fn on<T: Into<i64>>(least: i64, numbers: Vec<T>) -> Vec<i64> {
    numbers.into_iter().map(|number| least.wrapping_add(number.into())).collect()
}

/// One chunk of one page; the number of numbers is written elsewhere.
pub(super) fn packed<T: Number>(numbers: &[T]) -> Vec<u8> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let write = || -> Result<Vec<u8>, PcoError> {
        let config = ChunkConfig::default()
            .with_enable_8_bit(true)
            .with_paging_spec(PagingSpec::Exact(vec![numbers.len()]));
        let file = FileCompressor::default();
        let mut chunk = file.chunk_compressor(numbers, &config)?;
        chunk.write_page(0, chunk.write_meta(file.write_header(Vec::new())?)?)
    };
    // It errs on a wrong configuration only, and on more numbers than any day has.
    write().unwrap_or_else(|error| panic!("pco does not take {} numbers: {error}", numbers.len()))
}

/// Reads `count` numbers.
pub(super) fn unpacked<T: Number + Default>(bytes: &[u8], count: usize) -> Result<Vec<T>, BlockError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut numbers = vec![T::default(); count];
    let mut read = || -> Result<bool, PcoError> {
        let (file, rest) = FileDecompressor::new(bytes)?;
        let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest)?;
        let progress = chunk.page_decompressor(rest, count)?.read(&mut numbers)?;
        Ok(progress.finished && progress.n_processed == count)
    };
    match read() {
        Ok(true) => Ok(numbers),
        Ok(false) => Err(OTHER_LENGTH),
        Err(_) => Err(DAMAGED),
    }
}

/// Reads `count` numbers as format 1 has them: pco's own file, which knows how many they are.
pub(super) fn unpacked_file<T: Number>(bytes: &[u8], count: usize) -> Result<Vec<T>, BlockError> {
    let numbers = simple_decompress(bytes).map_err(|_| DAMAGED)?;
    if numbers.len() == count { Ok(numbers) } else { Err(OTHER_LENGTH) }
}
