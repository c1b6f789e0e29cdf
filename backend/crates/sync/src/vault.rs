//! Sealing tokens: XChaCha20-Poly1305, bound to the linked account, the kind of token and the key.

use std::fmt;

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use pulsekeep_core::id::LinkId;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Access token.
    Access,
    /// Refresh token.
    Refresh,
}

/// A sealed token could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Sealed with a key that is not configured.
    #[error(
        "a stored token was sealed with another vault key; set VAULT__KEY to the key that it was sealed with, or list \
         that one in VAULT__PREVIOUS_KEYS"
    )]
    UnknownKey,
    /// Changed, or of another account.
    #[error("a stored token is damaged or belongs to another linked account; connect the account again")]
    Damaged,
}

/// First byte of a sealed token: the form of what follows (key mark, nonce, ciphertext).
const FORM: u8 = 1;
const MARK: usize = 4;
const NONCE: usize = 24;

/// Seals with the current key, opens with the current and the previous ones.
#[derive(Clone)]
pub struct Vault {
    keys: Vec<([u8; MARK], XChaCha20Poly1305)>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys.len()).finish()
    }
}

impl Vault {
    /// A vault that seals with `key`; `previous` ones open only.
    #[must_use]
    pub fn new(key: &[u8; 32], previous: &[[u8; 32]]) -> Self {
        let entry = |key: &[u8; 32]| {
            let mut mark = [0; MARK];
            mark.copy_from_slice(&Sha256::digest(key)[..MARK]);
            (mark, XChaCha20Poly1305::new(Key::from_slice(key)))
        };
        Self { keys: std::iter::once(key).chain(previous).map(entry).collect() }
    }

    /// Seals a token.
    #[must_use]
    pub fn seal(&self, link: LinkId, kind: TokenKind, token: &SecretString) -> Vec<u8> {
        let (mark, cipher) = &self.keys[0];
        let nonce: [u8; NONCE] = rand::random();
        let aad = aad(link, kind, mark);
        let payload = Payload { msg: token.expose_secret().as_bytes(), aad: &aad };
        // Encryption fails only for messages of 256 GiB.
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        [&[FORM][..], mark, &nonce, &sealed].concat()
    }

    /// Whether a token was sealed with the current key.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.strip_prefix(&[FORM]).is_some_and(|rest| rest.starts_with(&self.keys[0].0))
    }

    /// Opens a sealed token.
    ///
    /// # Errors
    /// [`VaultError`]: another key, or not the token that was sealed.
    pub fn open(&self, link: LinkId, kind: TokenKind, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let rest = sealed.strip_prefix(&[FORM]).ok_or(VaultError::Damaged)?;
        let (mark, rest) = rest.split_first_chunk::<MARK>().ok_or(VaultError::Damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(VaultError::Damaged)?;
        let (_, cipher) = self.keys.iter().find(|(known, _)| known == mark).ok_or(VaultError::UnknownKey)?;
        let payload = Payload { msg: sealed, aad: &aad(link, kind, mark) };
        let plain = cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| VaultError::Damaged)
    }
}

fn aad(link: LinkId, kind: TokenKind, mark: &[u8; MARK]) -> Vec<u8> {
    let kind = match kind {
        TokenKind::Access => b'a',
        TokenKind::Refresh => b'r',
    };
    [&link.0.to_be_bytes()[..], &[kind], mark].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed_for_this_link_kind_and_key() {
        let vault = Vault::new(&[7; 32], &[]);
        let token = SecretString::from("ya29.secret");
        let sealed = vault.seal(LinkId(1), TokenKind::Access, &token);
        assert_ne!(sealed, vault.seal(LinkId(1), TokenKind::Access, &token), "a nonce each time");
        assert_eq!(
            vault.open(LinkId(1), TokenKind::Access, &sealed).unwrap().expose_secret(),
            token.expose_secret()
        );
        assert_eq!(vault.open(LinkId(2), TokenKind::Access, &sealed).unwrap_err(), VaultError::Damaged);
        assert_eq!(vault.open(LinkId(1), TokenKind::Refresh, &sealed).unwrap_err(), VaultError::Damaged);
        let other = Vault::new(&[8; 32], &[]);
        assert_eq!(other.open(LinkId(1), TokenKind::Access, &sealed).unwrap_err(), VaultError::UnknownKey);
        let rotated = Vault::new(&[8; 32], &[[7; 32]]);
        assert!(rotated.open(LinkId(1), TokenKind::Access, &sealed).is_ok());
        assert!(vault.is_current(&sealed) && !rotated.is_current(&sealed) && !vault.is_current(b""));
        assert!(vault.open(LinkId(1), TokenKind::Access, &sealed[..20]).is_err());
    }
}
