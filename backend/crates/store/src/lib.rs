#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod batch;
pub mod block;
mod budget;
mod change;
mod convert;
mod database;
mod due;
mod entity;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod gap;
mod held;
pub mod ingest;
mod invitation;
mod job;
mod link;
mod link_token;
mod lost;
mod page;
pub mod person;
mod progress;
mod push;
mod reparse;
mod retention;
mod schedule;
mod telemetry;
mod token;
mod tx;
mod user;
mod web_session;
mod window;

pub use batch::{BatchJob, BatchProgress, NewBatch, SyncBatch, WorkLeft};
pub use budget::{BudgetScope, BudgetState};
pub use change::Change;
pub use database::{Engine, Store, StoreOptions};
pub use due::DueWindow;
pub use error::StoreError;
pub use gap::{GapsOf, SyncGap};
pub use held::HeldWindows;
pub use invitation::Invitation;
pub use job::{JobFilter, NewJob, NewWindow, SyncJob};
pub use link::{LinkOutcome, LinkedAccount, NewLink};
pub use link_token::{LinkTokens, OwnedTokens, RefreshClaim};
pub use page::{KeptPage, PageToKeep};
pub use person::Person;
pub use push::{NewNotice, NoticeOutcome, PushCount, PushNotice};
pub use reparse::StoredAnswer;
pub use schedule::{Look, WorkerBeat};
pub use telemetry::Telemetry;
pub use token::{ApiToken, NewApiToken};
pub use tx::WriteTx;
pub use user::{AuditEvent, CreateUser, NewUser, User, UserFilter};
pub use web_session::WebSessions;
pub use window::{ClaimedWindow, Spent, SyncWindow, WindowKey};
