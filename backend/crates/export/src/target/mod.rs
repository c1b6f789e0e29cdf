//! Where exported objects go: a directory or a bucket, by the same keys.

mod body;
mod directory;
mod key;
mod s3;
mod s3_failure;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

pub use body::{Body, BodyReader, BodyWriter};
pub use directory::DirectorySink;
pub(crate) use key::escaped;
pub use key::{InvalidKey, ObjectKey};
pub use s3::{Checksums, S3Credentials, S3Settings, S3Sink};

/// Something that a sink could not do, as a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct SinkFailure {
    /// Whether it may work later without anybody doing anything.
    pub is_passing: bool,
    /// What went wrong, and what to do.
    pub sentence: String,
}

impl SinkFailure {
    /// It may work later.
    #[must_use]
    pub fn passing(sentence: impl Into<String>) -> Self {
        Self { is_passing: true, sentence: sentence.into() }
    }

    /// Somebody has to do something first.
    #[must_use]
    pub fn lasting(sentence: impl Into<String>) -> Self {
        Self { is_passing: false, sentence: sentence.into() }
    }

    /// The work was told to stop.
    #[must_use]
    pub fn stopped() -> Self {
        Self::passing("the export was stopped")
    }
}

/// Holds objects under a root of its own. Each object is whole at every moment: as it was, or as it was put.
#[async_trait]
pub trait ObjectSink: std::fmt::Debug + Send + Sync {
    /// Looks whether the sink can be used, and removes what writers left that were broken off. Nobody else writes.
    ///
    /// # Errors
    /// A sentence.
    async fn prepare(&self) -> Result<(), SinkFailure>;

    /// Puts an object in the place of an earlier one, if there is one. On `stop` it ends early, and nothing has changed.
    ///
    /// # Errors
    /// A sentence.
    async fn put(&self, key: &ObjectKey, body: &Body, stop: &CancellationToken) -> Result<(), SinkFailure>;

    /// An object; `None` when there is none.
    ///
    /// # Errors
    /// A sentence.
    async fn get(&self, key: &ObjectKey) -> Result<Option<Body>, SinkFailure>;

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// A sentence.
    async fn delete(&self, key: &ObjectKey) -> Result<(), SinkFailure>;
}

/// The media type of an object, by its name.
fn media_type(key: &ObjectKey) -> &'static str {
    match key.as_str().rsplit('.').next() {
        Some("csv") => "text/csv; charset=utf-8; header=present",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/json",
    }
}
