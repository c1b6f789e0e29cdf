//! What is exported of a person: which files there are, when one has changed, and its rows.

mod encode;
mod hive;
mod layout;
mod session;
mod version;

pub(crate) use encode::{Encoded, Encoder};
pub(crate) use layout::{Dataset, Form, Period};
pub(crate) use version::{DayState, versions};
