#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access;
pub mod budget;
mod connect;
mod control;
mod engine;
mod ingest;
pub mod plan;
mod policy;
mod request;
mod resolve;
mod run;
mod vault;

pub use connect::{ConnectError, ConnectOutcome, Disconnected};
pub use control::JobAction;
pub use engine::{Providers, SyncEngine, SyncError};
pub use plan::BackfillPlan;
pub use policy::SyncPolicy;
pub use request::{JobRequest, RequestOutcome};
pub use run::WindowResult;
pub use vault::{TokenKind, Vault, VaultError};
