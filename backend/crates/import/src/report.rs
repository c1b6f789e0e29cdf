//! What is told of an archive before and after it is written: counts, days and names, never a value.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A file that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its name without folders.
    pub file: String,
    /// A sentence.
    pub why: String,
}

/// What was read of a kind of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FamilyFacts {
    /// Files.
    pub files: u64,
    /// Of them those without a row.
    pub empty_files: u64,
    /// Rows.
    pub rows: u64,
    /// The first day with a value.
    pub first: Option<Date>,
    /// The last one.
    pub last: Option<Date>,
    /// Rows left out, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// One source of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFacts {
    /// The kind of files.
    pub files: String,
    /// The recorder that they name; empty where they name none.
    pub recorder: String,
    /// Why it was taken, in a word or two.
    pub why: String,
    /// Days for which it was taken.
    pub days: u64,
    /// Days for which another was taken.
    pub passed_over: u64,
}

/// A metric of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricFacts {
    /// Its key.
    pub metric: String,
    /// `day`, `minute` or `session`.
    pub grain: String,
    /// Days that are imported.
    pub days: u64,
    /// Samples, values or sessions.
    pub rows: u64,
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// Days between them without data.
    pub gaps: u64,
    /// Days that a sync has told already: what it told is shown, the import lies behind it.
    pub synced: u64,
    /// Days for which no source was good enough.
    pub refused: u64,
    /// The sources.
    pub sources: Vec<SourceFacts>,
}

/// By which clock files without a zone were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockFact {
    /// The kind of files.
    pub files: String,
    /// `utc` or `local`.
    pub clock: String,
    /// How that is known: `measured`, `by the steps`, or `assumed`.
    pub how: String,
    /// Rows that agree with their twin, read as UTC.
    pub as_utc: u64,
    /// Rows that agree with their twin, read as the person's wall clock.
    pub as_local: u64,
}

/// What an archive holds and what would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Parts.
    pub parts: usize,
    /// Bytes of the parts.
    pub bytes: u64,
    /// When the archive was made.
    pub exported_at: String,
    /// The zone behind clocks that carry none.
    pub time_zone: String,
    /// Whose word the zone is: `option`, `archive`, or `profile`.
    pub time_zone_from: String,
    /// Nights and exercises that carry offsets.
    pub offsets: u64,
    /// By which clock files without a zone were read.
    pub clocks: Vec<ClockFact>,
    /// What is imported.
    pub metrics: Vec<MetricFacts>,
    /// What was read, by kind of files.
    pub families: BTreeMap<String, FamilyFacts>,
    /// Files by what they are.
    pub files: BTreeMap<String, u64>,
    /// Bytes that were not inflated.
    pub skipped_bytes: u64,
    /// Files that were left out.
    pub problems: Vec<Problem>,
    /// Names that are not known.
    pub unknown: Vec<String>,
    /// Windows to be written.
    pub windows: usize,
    /// Whether this very archive was imported before.
    pub is_imported: bool,
}
