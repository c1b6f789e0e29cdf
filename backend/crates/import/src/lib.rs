#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answers;
mod archive;
mod choose;
mod clock;
mod error;
mod family;
mod guard;
mod lens;
mod measure;
mod names;
mod report;
mod rows;
mod sessions;
mod survey;
mod takeout;
mod write;

pub use answers::{AnswersReport, import_answers};
pub use archive::{Archive, Limits};
pub use error::ImportError;
pub use report::{ClockFact, FamilyFacts, MetricFacts, Plan, Problem, SourceFacts};
pub use takeout::{Outcome, Progress, Takeout, Written};

/// Raises when the importer makes something else of the same archive, so that it can be imported again.
pub const IMPORTER_VERSION: u8 = 1;
