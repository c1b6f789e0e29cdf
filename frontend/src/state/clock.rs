//! The browser's clock: the only place that reads it.

/// Epoch milliseconds.
#[must_use]
pub fn now() -> i64 {
    js_sys::Date::now() as i64
}
