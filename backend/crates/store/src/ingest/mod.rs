//! Writing what was fetched: raw documents, samples, daily values, sleep, devices, coverage. All methods are of
//! [`crate::WriteTx`], so that they move together.

pub(crate) mod coverage;
mod daily;
pub(crate) mod device;
pub(crate) mod exercise;
mod known;
mod raw;
pub(crate) mod samples;
pub(crate) mod sleep;
mod stream;

pub use coverage::CoverageMark;
pub use exercise::ResolvedExercise;
pub(crate) use known::grain_of;
pub use known::{CoverageFact, KnownDays};
pub use raw::{NewRawDocument, PackedBody, StoredRaw};
pub use samples::{Replace, ResolvedSamples};
pub use sleep::ResolvedSleep;
