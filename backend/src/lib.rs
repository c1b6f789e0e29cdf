//! Pulsekeep's server and command line: configuration, HTTP, GraphQL, web sessions, workers.

pub mod auth;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod graphql;
pub mod http;
pub mod people;
pub mod server;
pub mod services;
pub mod worker;
