#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod csv;
mod dataset;
mod error;
mod exporter;
mod generation;
mod identity;
mod question;
mod reader;
mod rows;
mod sink;
mod spool;
mod table;
pub mod target;

pub use arrow_array::RecordBatch;
pub use csv::CsvSink;
pub use error::ExportError;
pub use exporter::{ExportAction, ExportPolicy, ExportRequest, Exporter, Target};
pub use generation::{ManifestHeader, ManifestObject, ManifestTotal};
pub use identity::PseudonymKey;
pub use question::{MOST_DAYS, Resolution, SeriesQuestion};
pub use reader::SeriesReader;
pub use sink::{ArrowSink, ParquetSink, Sink};
pub use spool::Limited;
pub use table::{Shape, Table};
