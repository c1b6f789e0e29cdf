//! Parquet files of a dataset that all tools that know Hive partitions read as one table: the person, the metric and the month stand in the path,
//! all other columns are the same in every file.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    file::{
        metadata::SortingColumn,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

use crate::{ExportError, Table, target::BodyWriter};

/// Rows of a row group: what is held in memory before it is written.
const GROUP_ROWS: usize = 262_144;
/// Rows of a page, by whose statistics a reader skips: about a day and a half of minutes.
const PAGE_ROWS: usize = 2_048;

/// The columns of samples and days.
const COLUMNS: [&str; 9] = ["day", "time", "offset_s", "count", "value", "min", "max", "unit", "problem"];

/// The schema of samples and days.
pub(super) fn schema_of(table: &Table) -> SchemaRef {
    let field = |name: &str| match table.schema.field_with_name(name) {
        Ok(field) => field.clone(),
        Err(_) => Field::new(name, DataType::UInt32, true),
    };
    Arc::new(Schema::new(COLUMNS.map(field).to_vec()))
}

/// A batch in that schema.
pub(super) fn in_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ExportError> {
    let absent = || -> ArrayRef { Arc::new(UInt32Array::from(vec![None; batch.num_rows()])) };
    let column = |name: &str| batch.column_by_name(name).cloned().unwrap_or_else(absent);
    Ok(RecordBatch::try_new(schema.clone(), COLUMNS.map(column).to_vec())?)
}

/// Begins a file whose rows are in the order of the column named.
pub(super) fn writer(schema: &SchemaRef, sorted_by: &str) -> Result<ArrowWriter<BodyWriter>, ExportError> {
    let place = schema.index_of(sorted_by).ok().and_then(|place| i32::try_from(place).ok());
    let sorting =
        place.map(|column_idx| vec![SortingColumn { column_idx, descending: false, nulls_first: false }]);
    let time = ColumnPath::from(sorted_by);
    let properties = WriterProperties::builder()
        .set_created_by(format!("pulsekeep {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(sorting)
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
        .build();
    Ok(ArrowWriter::try_new(BodyWriter::default(), schema.clone(), Some(properties))?)
}
