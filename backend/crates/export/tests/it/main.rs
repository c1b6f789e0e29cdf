//! Exports from a real database to directories, to memory, and over HTTP to an S3 server of another make.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broken_off;
mod generation;
mod hidden;
mod memory;
mod s3;
mod s3_refusals;
mod server;
mod world;
