#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot be set up has failed, and says why"
)]

pub mod build;
mod database;
mod run;
mod statements;
mod tables;

use pulsekeep_core::{EpochMs, ManualClock};

pub use database::TestDatabase;
pub use run::{on_postgres, on_sqlite};
pub use statements::Statements;
pub use tables::DATA_TABLES;

/// The fixed instant at which tests begin: a Saturday morning in Europe.
pub const NOW: &str = "2026-11-21T08:00:00Z";

/// [`NOW`] as an instant.
#[must_use]
pub fn now() -> EpochMs {
    at(NOW)
}

/// A clock that stands at [`NOW`] until it is moved.
#[must_use]
pub fn clock() -> ManualClock {
    ManualClock::new(now())
}

/// The instant of an RFC 3339 text.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn at(text: &str) -> EpochMs {
    EpochMs::from(text.parse::<jiff::Timestamp>().unwrap())
}

/// Makes two tests out of each body, one on SQLite and one on PostgreSQL.
///
/// ```ignore
/// on_each_engine! {
///     async fn nobody_is_there(db) {
///         assert!(!db.store().has_users().await.unwrap());
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_each_engine {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn body($db: ::std::sync::Arc<$crate::TestDatabase>) $body

            #[test]
            fn sqlite() {
                $crate::on_sqlite(body);
            }

            #[test]
            fn postgres() {
                $crate::on_postgres(::std::concat!(::std::module_path!(), "::postgres"), body);
            }
        }
    )*};
}
