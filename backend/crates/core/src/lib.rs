#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod account;
pub mod analysis;
pub mod catalogue;
pub mod clock;
pub mod coverage;
pub mod id;
pub mod job;
pub mod metric;
pub mod observation;
pub mod time;
pub mod timeline;

pub use clock::{Clock, ManualClock, ScaledClock, SystemClock};
pub use metric::Metric;
pub use time::EpochMs;
