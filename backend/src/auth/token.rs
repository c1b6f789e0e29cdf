use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::TryRngCore as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// What every API token begins with, so that one is recognised where it does not belong.
pub const API_TOKEN_PREFIX: &str = "pk_";

/// A secret to hand over once, and the hash to keep.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// The text to hand over: 256 random bits in URL-safe base64.
    pub text: SecretString,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

impl NewSecret {
    /// A secret for an invitation link.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn invitation() -> Result<Self, rand::rand_core::OsError> {
        Self::with_prefix("")
    }

    /// A new API token.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn api_token() -> Result<Self, rand::rand_core::OsError> {
        Self::with_prefix(API_TOKEN_PREFIX)
    }

    /// A secret of 43 characters, fit for an OAuth state or a PKCE verifier too.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn with_prefix(prefix: &str) -> Result<Self, rand::rand_core::OsError> {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self { hash: hash_secret(&text), text: text.into() })
    }
}

/// The hash under which a token is kept. Tokens have 256 random bits: no salt and no slow hash is needed.
#[must_use]
pub fn hash_secret(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a text has the form of an API token.
#[must_use]
pub fn looks_like_api_token(text: &str) -> bool {
    text.strip_prefix(API_TOKEN_PREFIX).is_some_and(|rest| rest.len() == 43)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn secrets_differ_and_hash_to_what_is_kept() {
        let (a, b) = (NewSecret::api_token().unwrap(), NewSecret::api_token().unwrap());
        assert_ne!(a.hash, b.hash);
        assert!(looks_like_api_token(a.text.expose_secret()));
        assert_eq!(hash_secret(a.text.expose_secret()), a.hash);
        assert!(!looks_like_api_token(NewSecret::invitation().unwrap().text.expose_secret()));
        assert!(!format!("{a:?}").contains("pk_"), "a secret never shows in a debug text");
    }
}
