//! Entry points of the fuzz targets in `fuzz/`: stored bytes to their decoders. Damaged ones are refused; a panic, or
//! other samples than were written, is a fault.

use crate::{
    block::{decode, encode},
    ingest::sleep::decode_stages,
};

/// A block: what decodes is written and read again alike.
pub fn block(data: &[u8]) {
    let Ok(block) = decode(data) else { return };
    if block.at.windows(2).any(|pair| pair[0] >= pair[1]) {
        return;
    }
    let again = decode(&encode(&block));
    let again = again.unwrap_or_else(|error| panic!("a block that was just written is refused: {error}"));
    assert_eq!(again.at, block.at, "times come back");
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(again.values.main()), bits(block.values.main()), "values come back bit for bit");
}

/// Stages of a night: as stored, and as they are before they are packed.
pub fn stages(data: &[u8]) {
    let _ = decode_stages(data);
    if let Ok(packed) = zstd::bulk::compress(data, 1) {
        let _ = decode_stages(&packed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulsekeep_core::observation::SampleValues;

    use crate::block::{Block, encode};

    fn written() -> Vec<u8> {
        encode(&Block {
            interval_ms: 0,
            at: (0..500).map(|i| 1_795_000_000_000 + i * 5_000 + i % 7 * 1_000).collect(),
            offsets: vec![(0, 3600), (250, 7200)],
            values: SampleValues::Single((0..500).map(|i| f64::from(60 + i % 40)).collect()),
        })
    }

    proptest! {
        #[test]
        fn damaged_blocks_and_stages_are_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            at in 0usize..10_000,
            byte in any::<u8>(),
        ) {
            super::block(&bytes);
            super::stages(&bytes);
            let mut block = written();
            let at = at % block.len();
            block[at] = byte;
            super::block(&block);
        }
    }
}
