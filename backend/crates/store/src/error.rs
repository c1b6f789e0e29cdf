//! What can go wrong in storage, in sentences that say what to do.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// A storage failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is not one that Pulsekeep understands.
    #[error(
        "the database address is not usable: {0}. Write sqlite://path/to/file.sqlite or postgres://user@host/name"
    )]
    Address(String),
    /// No connection.
    #[error("the database cannot be reached: {0}. Check DATABASE__URL and that the server is running")]
    Unreachable(String),
    /// Another process holds the write lock.
    #[error(
        "the database is locked by another process; stop the other Pulsekeep or wait until it has finished"
    )]
    Locked,
    /// The file or folder cannot be written.
    #[error(
        "the database cannot be written: {0}. Check the folder's owner, its permissions and the free space"
    )]
    ReadOnly(String),
    /// The SQLite library has a fault that loses data.
    #[error("SQLite {0} can lose committed data in WAL mode; 3.51.3 or later is needed")]
    SqliteTooOld(String),
    /// A value that has to be unique stands there already.
    #[error("there is already a row with this key")]
    Conflict,
    /// Stored bytes do not decode.
    #[error("stored data of {day} cannot be read ({what}); run `pulsekeep reparse` for that day")]
    Damaged {
        /// The civil day.
        day: String,
        /// What is wrong with it.
        what: String,
    },
    /// Anything else that the database said.
    #[error("database error: {0}")]
    Database(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
            return Self::Conflict;
        }
        let text = error.to_string();
        let lower = text.to_lowercase();
        if lower.contains("database is locked") || lower.contains("database table is locked") {
            return Self::Locked;
        }
        if lower.contains("readonly database") || lower.contains("disk is full") || lower.contains("disk i/o")
        {
            return Self::ReadOnly(text);
        }
        if lower.contains("file is not a database") {
            return Self::Address("the file is there, but it is not an SQLite database".to_owned());
        }
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(_) | RuntimeErr::Internal(_)) | DbErr::ConnectionAcquire(_) => {
                Self::Unreachable(text)
            }
            _ => Self::Database(error),
        }
    }
}
