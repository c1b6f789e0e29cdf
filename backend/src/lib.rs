//! Pulsekeep's server and command line: configuration, HTTP, GraphQL, web sessions, workers.

pub mod auth;
pub mod config;
