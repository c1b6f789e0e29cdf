//! Writing what was fetched: raw documents, samples, daily values, sleep, devices, coverage. All methods are of
//! [`crate::WriteTx`], so that they move together.

pub(crate) mod coverage;
mod daily;
pub(crate) mod device;
mod raw;
pub(crate) mod samples;
pub(crate) mod sleep;
mod stream;

pub use coverage::CoverageMark;
pub use raw::{NewRawDocument, StoredRaw};
pub use samples::{Replace, ResolvedSamples};
pub use sleep::ResolvedSleep;
