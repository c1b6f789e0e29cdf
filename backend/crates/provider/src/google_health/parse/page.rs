//! The envelope: a list of rows and the token of the next page.

use serde::de::{IgnoredAny, MapAccess};

use crate::{
    ParseError,
    json::{self, Array, Object, ReadArray, ReadObject},
};

/// Reads `{"<list>": [rows], "nextPageToken": "…"}`; either may be missing. Returns the token, an empty one being none.
///
/// # Errors
/// [`ParseError`]; an object that has members, but none of the two, is an answer of something else.
pub(super) fn read<'de>(
    endpoint: &'static str,
    list: &'static str,
    body: &'de [u8],
    rows: &mut impl Array<'de>,
) -> Result<Option<String>, ParseError> {
    let mut page = Page { list, rows, next: None, known: false, unknown: false };
    json::read(endpoint, body, |d| serde::de::DeserializeSeed::deserialize(ReadObject(&mut page), d))?;
    if page.unknown && !page.known {
        return Err(ParseError::NotThisEndpoint { endpoint, line: 0, column: 0 });
    }
    Ok(page.next)
}

struct Page<'r, R> {
    list: &'static str,
    rows: &'r mut R,
    next: Option<String>,
    known: bool,
    unknown: bool,
}

impl<'de, R: Array<'de>> Object<'de> for Page<'_, R> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == self.list {
            map.next_value_seed(ReadArray(self.rows))?;
            self.known = true;
        } else if key == "nextPageToken" {
            self.next = map.next_value::<Option<String>>()?.filter(|token| !token.is_empty());
            self.known = true;
        } else {
            map.next_value::<IgnoredAny>()?;
            self.unknown = true;
        }
        Ok(true)
    }
}
