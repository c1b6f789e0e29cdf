//! Passwords, throttling of sign-ins, and random tokens.

mod password;
mod throttle;
mod token;

pub use password::{MIN_PASSWORD_CHARS, PasswordError, Passwords};
pub use throttle::SignInThrottle;
pub use token::{API_TOKEN_PREFIX, NewSecret, hash_secret, looks_like_api_token};
