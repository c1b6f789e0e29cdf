//! Lists that are written and read entry by entry, so that none has to be held in memory: JSON with a line an entry.

use std::{
    io::{BufRead, BufReader, BufWriter, Write},
    marker::PhantomData,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::target::{Body, BodyReader, BodyWriter};

/// What stands between the header and the entries.
const BEGIN: &str = ",\"objects\":[";

/// A list was not one of ours, or is not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListingError {
    #[error("it is not a list of this program")]
    Strange,
    #[error("it could not be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes a list.
pub(crate) struct ListWriter {
    out: BufWriter<BodyWriter>,
    is_first: bool,
}

impl ListWriter {
    /// Begins with a header, which has to be a JSON object with a field at least.
    pub(crate) fn new(header: &impl Serialize) -> std::io::Result<Self> {
        let mut out = BufWriter::new(BodyWriter::default());
        let header = serde_json::to_string(header)?;
        out.write_all(header.strip_suffix('}').unwrap_or(&header).as_bytes())?;
        out.write_all(BEGIN.as_bytes())?;
        Ok(Self { out, is_first: true })
    }

    pub(crate) fn push(&mut self, entry: &impl Serialize) -> std::io::Result<()> {
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        Ok(serde_json::to_writer(&mut self.out, entry)?)
    }

    /// Ends the list with what is said of it as a whole.
    pub(crate) fn finish(mut self, total: &impl Serialize) -> std::io::Result<Body> {
        self.out.write_all(b"\n],\"total\":")?;
        serde_json::to_writer(&mut self.out, total)?;
        self.out.write_all(b"}\n")?;
        let out = self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(out.finish()?.0)
    }
}

/// Reads a list.
pub(crate) struct ListReader<T> {
    lines: std::io::Lines<BufReader<BodyReader>>,
    is_over: bool,
    entry: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ListReader<T> {
    /// The header, and the entries to come.
    pub(crate) fn new<H: DeserializeOwned>(body: Body) -> Result<(H, Self), ListingError> {
        let mut lines = BufReader::new(body.into_reader()?).lines();
        let first = lines.next().transpose()?.ok_or(ListingError::Strange)?;
        let header = first.strip_suffix(BEGIN).ok_or(ListingError::Strange)?;
        let header = serde_json::from_str(&format!("{header}}}")).map_err(|_| ListingError::Strange)?;
        Ok((header, Self { lines, is_over: false, entry: PhantomData }))
    }

    /// The next entry; `None` at the end of a whole list.
    pub(crate) fn next(&mut self) -> Result<Option<T>, ListingError> {
        if self.is_over {
            return Ok(None);
        }
        let line = self.lines.next().transpose()?.ok_or(ListingError::Strange)?;
        if line.starts_with(']') {
            self.is_over = true;
            return Ok(None);
        }
        let entry = line.strip_suffix(',').unwrap_or(&line);
        serde_json::from_str(entry).map(Some).map_err(|_| ListingError::Strange)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Header = BTreeMap<String, String>;

    fn header() -> Header {
        BTreeMap::from([("generation".to_owned(), "a}".to_owned()), ("x".to_owned(), "[".to_owned())])
    }

    #[test]
    fn a_list_comes_back_and_is_json() {
        for entries in [vec![], vec!["a,".to_owned()], vec!["]".to_owned(), "\n".to_owned(), "ä".to_owned()]]
        {
            let mut list = ListWriter::new(&header()).unwrap();
            entries.iter().for_each(|entry| list.push(entry).unwrap());
            let Body::Bytes(bytes) = list.finish(&3).unwrap() else { panic!("small") };
            let whole: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(whole["objects"].as_array().unwrap().len(), entries.len());
            let (read, mut list): (Header, _) = ListReader::<String>::new(Body::Bytes(bytes)).unwrap();
            assert_eq!(read, header());
            let mut found = Vec::new();
            while let Some(entry) = list.next().unwrap() {
                found.push(entry);
            }
            assert_eq!(found, entries);
        }
    }

    #[test]
    fn a_list_that_broke_off_is_not_taken_for_a_short_one() {
        let mut list = ListWriter::new(&header()).unwrap();
        list.push(&"one").unwrap();
        let Body::Bytes(mut bytes) = list.finish(&1).unwrap() else { panic!("small") };
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b']').unwrap() - 1);
        let (_, mut list): (Header, _) = ListReader::<String>::new(Body::Bytes(bytes)).unwrap();
        assert_eq!(list.next().unwrap(), Some("one".to_owned()));
        assert!(matches!(list.next(), Err(ListingError::Strange)));
        assert!(ListReader::<String>::new::<Header>(Body::Bytes(b"<html>".to_vec())).is_err());
    }
}
