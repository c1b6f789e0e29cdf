//! The keys that Google signs notifications with, and the set in which it publishes them (Tink's JSON).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// `version` is left out (0); `params` is hash SHA256, curve NIST_P256, encoding DER.
const PARAMS: [u8; 8] = [0x12, 6, 0x08, 3, 0x10, 2, 0x18, 2];

struct Key {
    id: u32,
    pair: EcdsaKeyPair,
}

/// The published keys, the newest last, and one that is never published.
#[derive(Default)]
pub(super) struct Keys {
    published: Vec<Key>,
    stranger: Option<Key>,
    made: u32,
}

impl Keys {
    fn make(&mut self) -> Option<Key> {
        self.made += 1;
        // ids are random in the real set; these only have to differ and to need all four bytes
        let id = 0x9e37_79b9_u32.wrapping_mul(self.made);
        Some(Key { id, pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok()? })
    }

    /// Signs with a new key from now on; the old ones stay in the set, or go.
    pub(super) fn rotate(&mut self, keep: bool) {
        if !keep {
            self.published.clear();
        }
        let key = self.make();
        self.published.extend(key);
    }

    fn ready(&mut self) {
        if self.published.is_empty() {
            self.rotate(true);
        }
    }

    /// The header over a body: base64 of `0x01`, the key's id and the DER signature.
    pub(super) fn sign(&mut self, body: &[u8]) -> Option<String> {
        self.ready();
        header(self.published.last()?, body)
    }

    /// A header with the id of the right key over a signature of another one.
    pub(super) fn forge(&mut self, body: &[u8]) -> Option<String> {
        self.ready();
        if self.stranger.is_none() {
            self.stranger = self.make();
        }
        let id = self.published.last()?.id;
        let mut stranger = self.stranger.take()?;
        stranger.id = id;
        let forged = header(&stranger, body);
        self.stranger = Some(stranger);
        forged
    }

    /// The published set.
    pub(super) fn published(&mut self) -> Value {
        self.ready();
        let entry = |key: &Key| {
            // 0x04, then x and y of 32 bytes each; Tink puts a zero byte before each
            let point = key.pair.public_key().as_ref();
            let mut message = PARAMS.to_vec();
            for (tag, coordinate) in [(0x1a, &point[1..33]), (0x22, &point[33..65])] {
                message.extend([tag, 33, 0]);
                message.extend(coordinate);
            }
            json!({
                "keyData": {
                    "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
                    "value": STANDARD.encode(message),
                    "keyMaterialType": "ASYMMETRIC_PUBLIC",
                },
                "status": "ENABLED",
                "keyId": key.id,
                "outputPrefixType": "TINK",
            })
        };
        let keys: Vec<Value> = self.published.iter().map(entry).collect();
        json!({ "primaryKeyId": self.published.last().map(|key| key.id), "key": keys })
    }
}

fn header(key: &Key, body: &[u8]) -> Option<String> {
    let signature = key.pair.sign(&SystemRandom::new(), body).ok()?;
    let mut bytes = vec![1];
    bytes.extend(key.id.to_be_bytes());
    bytes.extend(signature.as_ref());
    Some(STANDARD.encode(bytes))
}
