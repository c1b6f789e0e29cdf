//! Archives of simulated people, imported and compared with what the people did.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod answers;
mod bad;
mod people;
mod runs;
mod setup;
