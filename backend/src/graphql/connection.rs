//! Relay connections with opaque cursors.

use async_graphql::{
    OutputType,
    connection::{Connection, CursorType, Edge},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::errors::{ApiError, Reply};

/// Entries of a page when the client names no number.
const USUAL: usize = 50;
/// Most entries of a page.
const MOST: usize = 100;

/// The place of an entry in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor(pub i64);

impl CursorType for Cursor {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "not a cursor")?;
        let id = <[u8; 8]>::try_from(bytes).map_err(|_| "not a cursor")?;
        Ok(Self(i64::from_be_bytes(id)))
    }

    fn encode_cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_be_bytes())
    }
}

/// Which page a client asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) first: usize,
    pub(super) after: Option<i64>,
}

impl Page {
    pub(super) fn of(first: Option<i32>, after: Option<&str>) -> Reply<Self> {
        let first = first.map_or(Some(USUAL), |n| usize::try_from(n).ok().filter(|n| (1..=MOST).contains(n)));
        let first = first.ok_or_else(|| ApiError::bad_input(format!("`first` must be from 1 to {MOST}")))?;
        let after = after.filter(|text| !text.is_empty()).map(Cursor::decode_cursor).transpose();
        let after = after.map_err(|_| ApiError::bad_input("`after` must be a cursor that a page gave"))?;
        Ok(Self { first, after: after.map(|cursor| cursor.0) })
    }

    /// How many entries to read: one more than asked for tells whether there is another page.
    pub(super) fn limit(self) -> u64 {
        self.first as u64 + 1
    }

    pub(super) fn connection<T, N: OutputType>(
        self,
        mut rows: Vec<T>,
        cursor: impl Fn(&T) -> i64,
        node: impl Fn(T) -> N,
    ) -> Connection<Cursor, N> {
        let has_next = rows.len() > self.first;
        rows.truncate(self.first);
        let mut connection = Connection::new(self.after.is_some(), has_next);
        connection.edges.extend(rows.into_iter().map(|row| Edge::new(Cursor(cursor(&row)), node(row))));
        connection
    }
}

/// What a list of `first` entries weighs.
pub(super) fn weight(first: Option<i32>, child: usize) -> usize {
    let first = first.and_then(|n| usize::try_from(n).ok()).unwrap_or(USUAL);
    first.saturating_mul(child.max(1)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded_and_cursors_opaque() {
        assert!(Page::of(Some(0), None).is_err());
        assert!(Page::of(Some(101), None).is_err());
        assert!(Page::of(None, Some("17")).is_err());
        let cursor = Cursor(1_795_000_000_123).encode_cursor();
        assert_eq!(Page::of(Some(3), Some(&cursor)).unwrap().after, Some(1_795_000_000_123));
    }

    #[test]
    fn one_row_too_many_means_another_page() {
        let page = Page::of(Some(2), None).unwrap();
        let connection = page.connection(vec![1, 2, 3], |&n| n, |n| n);
        assert!(connection.has_next_page);
        assert_eq!(connection.edges.len(), 2);
    }
}
