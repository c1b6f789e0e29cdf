#![deny(missing_docs)]
#![doc = include_str!("../README.md")]

pub mod archive;
mod config;
mod control;
mod faults;
mod fitbit;
mod gate;
mod google;
mod oauth;
pub mod people;
mod push;
mod refusal;
mod request_log;
mod server;
mod state;
mod switches;
mod tcx;
mod usage;

pub use config::{Client, Clock, SimulatorConfig, SimulatorError, scaled_clock};
pub use faults::{FaultKind, FaultRule, Provider};
pub use fitbit::served_paths;
pub use server::{Simulator, router};
pub use switches::{Switches, TrueZero};
