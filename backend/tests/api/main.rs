//! The API through the real router, on real databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod analysis;
mod assets;
#[cfg(test)]
mod batch;
mod consent;
mod coverage;
mod csrf;
mod docs;
mod exports;
mod harness;
mod invitations;
mod limits;
mod privacy;
mod routes;
mod schema;
mod series;
mod sign_in;
mod socket;
mod statements;
mod sync;
mod tokens;
mod webhooks;
