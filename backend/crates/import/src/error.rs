//! What ends an import as a whole. What concerns one file is a [`crate::Problem`] instead.

use pulsekeep_store::StoreError;

/// An import could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A part could not be opened or read.
    #[error("{file} cannot be read: {source}")]
    Io {
        /// Its file name.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// No part is an archive that can be read.
    #[error("there is nothing to import: {0}")]
    NoArchive(String),
    /// The archive is of another product.
    #[error(
        "this archive holds data of {0}, not of Fitbit; at takeout.google.com choose \"Fitbit\" or \"Google Health\""
    )]
    WrongProduct(&'static str),
    /// Nothing in it is known.
    #[error(
        "none of the {0} files is one that Fitbit or Google Health makes; at takeout.google.com choose \"Fitbit\" or \
         \"Google Health\""
    )]
    NothingKnown(usize),
    /// The parts hold the data of several people.
    #[error("these files hold the data of {0} different people; import each person's by itself")]
    MixedPeople(usize),
    /// The parts are of exports of different times.
    #[error(
        "these files are parts of {0} different exports; import them one after another, the oldest first"
    )]
    SeveralExports(usize),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A reading thread ended before its work.
    #[error("reading the archive was broken off")]
    BrokenOff,
}
