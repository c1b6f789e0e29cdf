#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access;
mod batch;
pub mod budget;
mod connect;
mod control;
mod engine;
mod eta;
mod fix;
mod incremental;
mod ingest;
mod knowledge;
pub mod plan;
mod policy;
mod push;
mod reparse;
mod request;
mod resolve;
mod run;
mod schedule;
mod vault;

pub use batch::{BatchOutcome, BatchRequest};
pub use connect::{ConnectError, ConnectOutcome, Disconnected};
pub use control::JobAction;
pub use engine::{Providers, SyncEngine, SyncError};
pub use plan::BackfillPlan;
pub use policy::SyncPolicy;
pub use push::Noted;
pub use request::{JobRequest, RequestOutcome};
pub use run::WindowResult;
pub use vault::{TokenKind, Vault, VaultError};
