//! Page sizes and page tokens.

use super::error::GoogleError;
use crate::oauth::tokens::Signer;
use crate::people::hash;

/// The last record of a page: later pages begin after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) place: i64,
    pub(crate) number: u8,
}

impl Cursor {
    /// Nothing has been shown yet.
    pub(crate) const BEGINNING: Cursor = Cursor { place: i64::MAX, number: 0 };

    /// Whether a record comes after the cursor where the newest come first.
    pub(crate) fn is_before(self, place: i64, number: u8) -> bool {
        place < self.place || (place == self.place && number > self.number)
    }

    pub(crate) fn seal(self, signer: &Signer, shape: &str) -> String {
        let mut payload = mark(shape).to_be_bytes().to_vec();
        payload.extend_from_slice(&self.place.to_be_bytes());
        payload.push(self.number);
        signer.seal("page", &payload)
    }

    /// The cursor of a token that was made for the same request.
    pub(crate) fn open(signer: &Signer, shape: &str, token: &str) -> Result<Cursor, GoogleError> {
        let wrong = GoogleError::invalid_argument;
        let payload = signer.open("page", token).ok_or_else(wrong)?;
        let (request, rest) = payload.split_first_chunk::<8>().ok_or_else(wrong)?;
        let (place, rest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
        if u64::from_be_bytes(*request) != mark(shape) {
            return Err(wrong());
        }
        Ok(Cursor { place: i64::from_be_bytes(*place), number: *rest.first().ok_or_else(wrong)? })
    }
}

fn mark(shape: &str) -> u64 {
    shape.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| hash(sum, 1, i64::from(byte), 0))
}

/// A page size from the query: empty or 0 is the default, more than the largest is cut.
pub(crate) fn read_page_size(text: &str, (default, largest): (usize, usize)) -> Result<usize, GoogleError> {
    if text.is_empty() {
        return Ok(default);
    }
    clamp_page_size(text.parse().map_err(|_| GoogleError::invalid_argument())?, (default, largest))
}

/// A page size from a body.
pub(crate) fn clamp_page_size(size: i64, (default, largest): (usize, usize)) -> Result<usize, GoogleError> {
    match usize::try_from(size).map_err(|_| GoogleError::invalid_argument())? {
        0 => Ok(default),
        size => Ok(size.min(largest)),
    }
}
