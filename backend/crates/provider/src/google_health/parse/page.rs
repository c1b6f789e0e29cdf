//! The envelope: a list of rows and the token of the next page.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, SeqAccess},
};

use crate::{
    ParseError,
    json::{self, Array, Object, ReadArray, ReadObject, Warnings},
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

/// Reads `{"dataPoints": [{"<member>": V, …}], "nextPageToken": "…"}` and hands every value with its index to `add`. A
/// point without the member is warned of. Returns the token and the warnings.
pub(super) fn points<'de, V: Deserialize<'de>>(
    endpoint: &'static str,
    member: &'static str,
    body: &'de [u8],
    add: impl FnMut(&mut Warnings, usize, V),
) -> Result<(Option<String>, Warnings), ParseError> {
    let mut rows = Points { member, warnings: Warnings::default(), add, value: PhantomData };
    let next_page = read(endpoint, "dataPoints", body, &mut rows)?;
    Ok((next_page, rows.warnings))
}

struct Points<F, V> {
    member: &'static str,
    warnings: Warnings,
    add: F,
    value: PhantomData<V>,
}

impl<'de, V: Deserialize<'de>, F: FnMut(&mut Warnings, usize, V)> Array<'de> for Points<F, V> {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let mut point = Point { member: self.member, value: None };
        if seq.next_element_seed(ReadObject(&mut point))?.is_none() {
            return Ok(false);
        }
        match point.value {
            Some(value) => (self.add)(&mut self.warnings, index, value),
            None => {
                let member = self.member;
                self.warnings.add("missing_member", || format!("dataPoints[{index}].{member}"));
            }
        }
        Ok(true)
    }
}

/// The one member of a point that is ours.
struct Point<V> {
    member: &'static str,
    value: Option<V>,
}

impl<'de, V: Deserialize<'de>> Object<'de> for Point<V> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key != self.member {
            return Ok(false);
        }
        self.value = map.next_value()?;
        Ok(true)
    }
}
