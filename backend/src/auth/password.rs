use std::sync::Arc;

use argon2::{
    Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{SaltString, rand_core::OsRng},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 10;
/// Longest password that is hashed, in bytes.
const MAX_PASSWORD_BYTES: usize = 1024;
/// Each hash takes 19 MiB (argon2's default): so many at once bound the memory.
const AT_ONCE: usize = 2;

/// A password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters.
    #[error("The password is too short: use at least {MIN_PASSWORD_CHARS} characters.")]
    TooShort,
    /// Too many bytes.
    #[error("The password is too long: use at most {MAX_PASSWORD_BYTES} bytes.")]
    TooLong,
    /// The hash could not be made.
    #[error("The password could not be hashed; try again.")]
    Hashing,
}

/// Hashes and checks passwords by argon2id, a few at a time and off the async threads.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The PHC string of a new password.
    ///
    /// # Errors
    /// [`PasswordError`] when the password is too short or too long.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        let text = password.expose_secret();
        if text.chars().count() < MIN_PASSWORD_CHARS {
            return Err(PasswordError::TooShort);
        }
        if text.len() > MAX_PASSWORD_BYTES {
            return Err(PasswordError::TooLong);
        }
        self.run(move || hash_now(password.expose_secret())).await.flatten().ok_or(PasswordError::Hashing)
    }

    /// Whether `password` belongs to `stored`. Without a stored hash it takes as long and says no, so that the time
    /// taken does not tell who has an account.
    pub async fn matches(&self, password: SecretString, stored: Option<String>) -> bool {
        if password.expose_secret().len() > MAX_PASSWORD_BYTES {
            return false;
        }
        self.run(move || match stored {
            Some(stored) => verify_now(password.expose_secret(), &stored),
            None => {
                hash_now(password.expose_secret());
                false
            }
        })
        .await
        .unwrap_or(false)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _turn = self.turns.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }
}

fn hash_now(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

fn verify_now(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(passwords.matches("correct horse".into(), Some(stored.clone())).await);
        assert!(!passwords.matches("correct horsf".into(), Some(stored)).await);
        assert!(!passwords.matches("correct horse".into(), None).await);
    }

    #[tokio::test]
    async fn characters_count_not_bytes() {
        let passwords = Passwords::default();
        assert_eq!(passwords.hash("ééééééééé".into()).await, Err(PasswordError::TooShort));
        assert!(passwords.hash("éééééééééé".into()).await.is_ok());
        assert_eq!(passwords.hash("x".repeat(1025).into()).await, Err(PasswordError::TooLong));
    }
}
