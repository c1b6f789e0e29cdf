//! The simulator seen from outside: through its real router, with a clock that stands still until it is moved.
#![expect(clippy::unwrap_used, reason = "a helper that fails ends its test")]

mod consent_page;
mod control;
mod faults;
mod fitbit_data;
mod fitbit_oauth;
mod fitbit_paths;
mod further_people;
mod google_data;
mod google_errors;
mod google_oauth;
mod google_schema;
mod grains;
mod invariants;
mod people;
mod push;
mod quotas;
mod schema;
mod served;
mod speed;
mod switches_fitbit;
mod switches_google;
mod volume;
mod world;
