//! Reads behind what `pulsekeep_core::analysis` computes, each by a fixed number of statements, whatever is asked.

mod days;
mod profile;
mod sleep;

pub use days::DayValues;
pub use profile::Profile;
