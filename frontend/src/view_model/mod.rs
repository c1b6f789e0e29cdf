//! From the API's answers to what is drawn: pure functions of data, zone, now and words.
//!
//! Nothing here knows the browser; the clock, the zone's offsets and the texts are passed in.

pub mod accounts;
pub mod amounts;
pub mod chart;
pub mod civil;
pub mod coverage;
pub mod daily;
pub mod exercises;
pub mod format;
pub mod grid;
pub mod heart;
pub mod jobs;
pub mod json;
pub mod metric;
pub mod nights;
pub mod palette;
pub mod patterns;
pub mod range;
pub mod raster;
pub mod readings;
pub mod sleep;
pub mod sparkline;
pub mod stack;
pub mod statistics;
pub mod table;
pub mod trend;
pub mod words;
pub mod zone;

#[cfg(test)]
pub(crate) mod fixtures;
