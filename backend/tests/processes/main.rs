//! Whole processes that are killed, frozen and cut from their database: nothing is lost and nothing is doubled. The real
//! program, the simulator over HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cut;
mod freeze;
mod harness;
mod kill;
mod refresh;
