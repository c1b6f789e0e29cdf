//! CSV by RFC 4180.

use std::io::Write;

use arrow_array::{
    Array, Date32Array, DictionaryArray, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray,
    UInt32Array,
    types::{ArrowDictionaryKeyType, Int8Type, Int32Type},
};
use pulsekeep_core::time::{DAY_MS, from_local_ms};

use crate::{
    ExportError, Shape, Sink, Table,
    table::{Values, column},
};

/// A CSV file: a header, then a line a row, ended by CR LF. Times are `local_time` with its offset and `utc_time`, both
/// ISO 8601; a value that is not there is an empty cell. The unit stands in the header where all values have the same
/// one, else in a column of its own.
#[derive(Debug)]
pub struct CsvSink<W> {
    out: W,
    shape: Shape,
    has_unit_column: bool,
    line: Vec<u8>,
    local: Clock,
    utc: Clock,
}

/// Writes instants; the date of one is most often that of the one before.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    day: i64,
    date: Vec<u8>,
}

impl Clock {
    /// `2026-11-21T08:00:00`, with milliseconds where there are any.
    pub(crate) fn write(&mut self, line: &mut Vec<u8>, ms: i64) {
        let day = ms.div_euclid(DAY_MS);
        if self.date.is_empty() || day != self.day {
            self.day = day;
            self.date = from_local_ms(day * DAY_MS).date().to_string().into_bytes();
        }
        line.extend_from_slice(&self.date);
        line.push(b'T');
        let in_day = ms.rem_euclid(DAY_MS);
        two_digits(line, in_day / 3_600_000);
        line.push(b':');
        two_digits(line, in_day / 60_000 % 60);
        line.push(b':');
        two_digits(line, in_day / 1000 % 60);
        if in_day % 1000 != 0 {
            line.extend_from_slice(format!(".{:03}", in_day % 1000).as_bytes());
        }
    }
}

fn two_digits(line: &mut Vec<u8>, number: i64) {
    let digit = |n: i64| b'0' + u8::try_from(n % 10).unwrap_or(0);
    line.extend_from_slice(&[digit(number / 10), digit(number)]);
}

/// `+01:00`; seconds where an offset has some.
pub(crate) fn write_offset(line: &mut Vec<u8>, offset: i32) {
    let seconds = i64::from(offset).abs();
    line.push(if offset < 0 { b'-' } else { b'+' });
    two_digits(line, seconds / 3600);
    line.push(b':');
    two_digits(line, seconds / 60 % 60);
    if seconds % 60 != 0 {
        line.push(b':');
        two_digits(line, seconds % 60);
    }
}

/// A text as a cell: quoted where it must be, and never a formula to a spreadsheet.
pub(crate) fn text_cell(line: &mut Vec<u8>, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.contains([',', '"', '\r', '\n']);
    if quoted {
        line.push(b'"');
    }
    if formula {
        line.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    if quoted {
        line.push(b'"');
    }
}

impl<W: Write> CsvSink<W> {
    /// Writes the header at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, table: &Table) -> Result<Self, ExportError> {
        let unit = table.single_unit();
        let mut header: Vec<String> = ["user", "metric"].map(str::to_owned).into();
        if unit.is_none() {
            header.push("unit".to_owned());
        }
        header.extend(["day", "local_time", "utc_time"].map(str::to_owned));
        if table.shape == Shape::Levels {
            header.push("count".to_owned());
        }
        let in_unit = |name: &str| match unit {
            Some(unit) if !unit.is_empty() => format!("{name} ({unit})"),
            _ => name.to_owned(),
        };
        header.extend(["value", "min", "max"].map(in_unit));
        header.push("problem".to_owned());
        out.write_all(header.join(",").as_bytes())?;
        out.write_all(b"\r\n")?;
        Ok(Self {
            out,
            shape: table.shape,
            has_unit_column: unit.is_none(),
            line: Vec::new(),
            local: Clock::default(),
            utc: Clock::default(),
        })
    }
}

impl<W> CsvSink<W> {
    /// Where the bytes went, after the last row.
    pub(crate) fn into_out(self) -> W {
        self.out
    }
}

/// The cells of a dictionary's words, made once a batch.
fn word_cells<K: ArrowDictionaryKeyType>(column: &DictionaryArray<K>) -> Vec<Vec<u8>> {
    let words = column.values().as_any().downcast_ref::<StringArray>();
    let cell = |word: Option<&str>| {
        let mut cell = Vec::new();
        text_cell(&mut cell, word.unwrap_or_default());
        cell
    };
    words.map(|words| words.iter().map(cell).collect()).unwrap_or_default()
}

fn write_word<K: ArrowDictionaryKeyType>(
    line: &mut Vec<u8>,
    column: &DictionaryArray<K>,
    cells: &[Vec<u8>],
    row: usize,
) {
    if let Some(cell) = column.key(row).and_then(|key| cells.get(key)) {
        line.extend_from_slice(cell);
    }
}

impl<W: Write> Sink for CsvSink<W> {
    type Out = W;

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError> {
        let user: &DictionaryArray<Int32Type> = column(batch, "user")?;
        let metric: &DictionaryArray<Int8Type> = column(batch, "metric")?;
        let unit: &DictionaryArray<Int8Type> = column(batch, "unit")?;
        let problem: &DictionaryArray<Int8Type> = column(batch, "problem")?;
        let cells = (word_cells(user), word_cells(metric), word_cells(unit), word_cells(problem));
        let day: &Date32Array = column(batch, "day")?;
        let time: &TimestampMillisecondArray = column(batch, "time")?;
        let offset: &Int32Array = column(batch, "offset_s")?;
        let count: Option<&UInt32Array> = match self.shape {
            Shape::Levels => Some(column(batch, "count")?),
            Shape::Samples => None,
        };
        let values: [&Values; 3] = [column(batch, "value")?, column(batch, "min")?, column(batch, "max")?];
        let line = &mut self.line;
        line.clear();
        for row in 0..batch.num_rows() {
            write_word(line, user, &cells.0, row);
            line.push(b',');
            write_word(line, metric, &cells.1, row);
            if self.has_unit_column {
                line.push(b',');
                write_word(line, unit, &cells.2, row);
            }
            line.push(b',');
            let date = from_local_ms(i64::from(day.value(row)) * DAY_MS).date();
            let local = time.value(row) + i64::from(offset.value(row)) * 1000;
            // Most often the local time has just written this date.
            if self.local.day == i64::from(day.value(row)) && !self.local.date.is_empty() {
                line.extend_from_slice(&self.local.date);
            } else {
                write!(line, "{date}")?;
            }
            line.push(b',');
            self.local.write(line, local);
            write_offset(line, offset.value(row));
            line.push(b',');
            self.utc.write(line, time.value(row));
            line.push(b'Z');
            if let Some(count) = count {
                line.push(b',');
                if count.is_valid(row) {
                    write!(line, "{}", count.value(row))?;
                }
            }
            for column in values {
                line.push(b',');
                if column.is_valid(row) {
                    write!(line, "{}", column.value(row))?;
                }
            }
            line.push(b',');
            write_word(line, problem, &cells.3, row);
            line.extend_from_slice(b"\r\n");
        }
        Ok(self.out.write_all(line)?)
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        Ok(self.out.flush()?)
    }

    fn out(&mut self) -> &mut W {
        &mut self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut line = Vec::new();
        text_cell(&mut line, text);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn texts_are_quoted_and_no_formula() {
        assert_eq!(cell("ada"), "ada");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!([cell("+a"), cell("-a"), cell("@a")], ["'+a", "'-a", "'@a"]);
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("-a\nb"), "\"'-a\nb\"");
    }

    #[test]
    fn clocks_write_dates_before_and_after_the_epoch() {
        let mut clock = Clock::default();
        let mut shown = |ms| {
            let mut line = Vec::new();
            clock.write(&mut line, ms);
            String::from_utf8(line).unwrap()
        };
        assert_eq!(shown(1_795_000_000_000), "2026-11-18T11:06:40");
        assert_eq!(shown(-1), "1969-12-31T23:59:59.999");
        assert_eq!(shown(0), "1970-01-01T00:00:00");
        let offset = |seconds| {
            let mut line = Vec::new();
            write_offset(&mut line, seconds);
            String::from_utf8(line).unwrap()
        };
        assert_eq!(
            [offset(3600), offset(-12_600), offset(0), offset(561)],
            ["+01:00", "-03:30", "+00:00", "+00:09:21"]
        );
    }
}
