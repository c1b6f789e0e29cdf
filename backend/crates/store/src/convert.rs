//! Between stored text and domain values.

use jiff::civil::Date;
use pulsekeep_core::{account::Scope, time::DayRange};

use crate::StoreError;

/// A civil day as stored: `YYYY-MM-DD`.
pub(crate) fn day_text(day: Date) -> String {
    day.to_string()
}

/// A stored civil day.
pub(crate) fn day_of(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged { day: text.to_owned(), what: "not a civil day".to_owned() })
}

/// A stored half-open range of days.
pub(crate) fn range_of(from: &str, to: &str) -> Result<DayRange, StoreError> {
    Ok(DayRange { start: day_of(from)?, end: day_of(to)? })
}

/// Words separated by spaces.
pub(crate) fn join<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|w| w.as_ref().to_owned()).collect::<Vec<_>>().join(" ")
}

/// The words of [`join`].
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Stored scopes; those of a later version are left out, so that nothing is allowed by mistake.
pub(crate) fn scopes_of(text: &str) -> Vec<Scope> {
    text.split_whitespace().filter_map(|w| w.parse().ok()).collect()
}
