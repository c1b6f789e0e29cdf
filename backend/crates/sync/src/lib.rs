#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access;
mod batch;
mod broken;
pub mod budget;
mod cache;
pub mod capacity;
mod connect;
mod control;
mod devices;
mod engine;
mod eta;
mod fetch;
mod fix;
mod health;
mod incremental;
mod ingest;
mod knowledge;
pub mod plan;
mod policy;
mod problems;
mod push;
mod reparse;
mod request;
mod resolve;
mod route;
mod run;
mod schedule;
mod slices;
mod vault;

pub use batch::{BatchOutcome, BatchRequest};
pub use connect::{ConnectError, ConnectOutcome, Disconnected};
pub use control::JobAction;
pub use engine::{Providers, SyncEngine, SyncError};
pub use health::{Resealed, TokenHealth};
pub use plan::BackfillPlan;
pub use policy::SyncPolicy;
pub use problems::{live_requests_an_hour, policy_problems};
pub use push::Noted;
pub use request::{JobRequest, RequestOutcome};
pub use route::RouteOutcome;
pub use run::WindowResult;
pub use schedule::Removed;
pub use slices::BudgetView;
pub use vault::{TokenKind, Vault, VaultError};
