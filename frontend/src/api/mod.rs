//! The server, seen from the app.

pub mod enums;
pub mod errors;
pub mod operations;

#[cfg(target_arch = "wasm32")]
pub mod live;
#[cfg(target_arch = "wasm32")]
pub mod transport;
