//! Varints and slices of a block.

use super::BlockError;

/// Writes the parts of a block.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn unsigned(&mut self, mut value: u64) {
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    pub(super) fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.unsigned(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Reads them again.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn unsigned(&mut self) -> Result<u64, BlockError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(BlockError::Damaged("it ends too early"))?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BlockError::Damaged("a number is too long"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, BlockError> {
        let raw = self.unsigned()?;
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    pub(super) fn double(&mut self) -> Result<f64, BlockError> {
        let (bytes, rest) =
            self.0.split_first_chunk::<8>().ok_or(BlockError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    pub(super) fn length(&mut self) -> Result<usize, BlockError> {
        usize::try_from(self.unsigned()?).map_err(|_| BlockError::Damaged("a length is too large"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], BlockError> {
        let length = self.length()?;
        let (bytes, rest) =
            self.0.split_at_checked(length).ok_or(BlockError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(bytes)
    }
}
