//! One module per page.

pub mod accounts;
pub mod connect_failed;
pub mod connected;
pub mod coverage;
pub mod dashboard;
pub mod home;
pub mod jobs;
pub mod not_found;
pub mod patterns;
pub mod settings;
pub mod sign_in;
pub mod tokens;
pub mod welcome;
