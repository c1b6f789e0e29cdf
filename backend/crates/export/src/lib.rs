#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod csv;
mod error;
mod question;
mod reader;
mod rows;
mod sink;
mod spool;
mod table;

pub use arrow_array::RecordBatch;
pub use csv::CsvSink;
pub use error::ExportError;
pub use question::{MOST_DAYS, Resolution, SeriesQuestion};
pub use reader::SeriesReader;
pub use sink::{ArrowSink, ParquetSink, Sink};
pub use spool::Limited;
pub use table::{Shape, Table};
