#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod block;
mod budget;
mod change;
mod convert;
mod database;
mod entity;
mod error;
pub mod ingest;
mod invitation;
mod job;
mod link;
pub mod person;
mod token;
mod tx;
mod user;
mod web_session;
mod window;

pub use budget::{BudgetScope, BudgetState};
pub use change::Change;
pub use database::{Engine, Store, StoreOptions};
pub use error::StoreError;
pub use invitation::Invitation;
pub use job::{JobFilter, NewJob, NewWindow, SyncJob};
pub use link::{LinkOutcome, LinkTokens, LinkedAccount, NewLink, RefreshClaim};
pub use person::Person;
pub use token::{ApiToken, NewApiToken};
pub use tx::WriteTx;
pub use user::{AuditEvent, CreateUser, NewUser, User, UserFilter};
pub use web_session::WebSessions;
pub use window::{ClaimedWindow, DueWindow, SyncWindow, WindowKey};
