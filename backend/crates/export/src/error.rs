use pulsekeep_store::StoreError;

/// What can go wrong on the way from blocks to bytes.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A person is not there any more, or no longer the viewer's to see.
    #[error("a person has gone while their samples were read")]
    Gone,
    /// The columns could not be built or written.
    #[error("columns: {0}")]
    Columns(#[from] arrow_schema::ArrowError),
    /// The Parquet file could not be written.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// More bytes than the file may have.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// The bytes could not be written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A thread that encodes has ended without an answer.
    #[error("the encoder has broken down")]
    Encoder,
}
