//! Writers of batches.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};

use crate::{ExportError, Table};

/// Takes the batches of one answer, in order.
pub trait Sink {
    /// Where the bytes go.
    type Out;

    /// Writes a batch.
    ///
    /// # Errors
    /// When it cannot be encoded or written.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError>;

    /// Writes what closes the form.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finish(&mut self) -> Result<(), ExportError>;

    /// Where the bytes go, for taking those that are there.
    fn out(&mut self) -> &mut Self::Out;
}

/// An Arrow IPC stream.
pub struct ArrowSink<W: Write>(StreamWriter<W>);

impl<W: Write> ArrowSink<W> {
    /// Writes the schema at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, table: &Table) -> Result<Self, ExportError> {
        Ok(Self(StreamWriter::try_new(out, &table.schema)?))
    }
}

impl<W: Write> Sink for ArrowSink<W> {
    type Out = W;

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError> {
        Ok(self.0.write(batch)?)
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        Ok(self.0.finish()?)
    }

    fn out(&mut self) -> &mut W {
        self.0.get_mut()
    }
}

/// Rows of a row group: what is held in memory, encoded, before it is written.
const GROUP_ROWS: usize = 262_144;

/// A Parquet file, columns packed with zstd.
pub struct ParquetSink<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> ParquetSink<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, table: &Table) -> Result<Self, ExportError> {
        let time = ColumnPath::from("time");
        let properties = WriterProperties::builder()
            .set_created_by(format!("pulsekeep {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_dictionary_enabled(time.clone(), false)
            .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
            .build();
        Ok(Self(ArrowWriter::try_new(out, table.schema.clone(), Some(properties))?))
    }
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    type Out = W;

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError> {
        Ok(self.0.write(batch)?)
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.0.finish()?;
        Ok(self.0.inner_mut().flush()?)
    }

    fn out(&mut self) -> &mut W {
        self.0.inner_mut()
    }
}
