//! Google's public keys in Tink's form, and signatures made with them.
//!
//! A signature is base64 of `0x01`, the key's id in four bytes (big-endian) and an ECDSA signature in DER over the body
//! as it was sent (Tink wire format, output prefix type `TINK`; P-256 with SHA-256).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use pulsekeep_core::{
    EpochMs,
    time::{HOUR_MS, MINUTE_MS},
};
use reqwest::{Method, Request};
use serde::Deserialize;
use url::Url;

use crate::HttpClient;

/// An unknown key makes us ask again, not more often than this.
const ASK_AGAIN_MS: i64 = MINUTE_MS;
/// Keys this old are asked for once more, so that one that was withdrawn ends.
const STALE_MS: i64 = 24 * HOUR_MS;
/// The provider waits for our answer meanwhile.
const ASK_FOR_AT_MOST: Duration = Duration::from_secs(4);
/// First byte of a signature with a key id.
const TINK_PREFIX: u8 = 1;

/// What a signature is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checked {
    Genuine,
    Forged,
    /// The key that it names is not known, and the set could not be had.
    NoKeys(String),
}

/// The keys, fetched when needed.
pub(super) struct Keys {
    url: Url,
    http: HttpClient,
    known: Mutex<Known>,
    /// Held while the set is asked for. Calls whose key is known do not wait for it.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Arc<[PublicKey]>,
    asked_at: Option<EpochMs>,
    /// Why the last question was not answered.
    failed: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// A key that may sign: its id, and its point, uncompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PublicKey {
    id: u32,
    point: Vec<u8>,
}

impl Keys {
    pub(super) fn new(url: Url, http: HttpClient) -> Self {
        Self { url, http, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// Checks `signature` (the header's bytes) over `body`.
    pub(super) async fn check(&self, signature: &[u8], body: &[u8], now: EpochMs) -> Checked {
        let Some((id, der)) = parts(signature) else { return Checked::Forged };
        let (keys, failed) = self.keys(id, now).await;
        let mut named = keys.iter().filter(|key| key.id == id).peekable();
        if named.peek().is_none() {
            return failed.map_or(Checked::Forged, Checked::NoKeys);
        }
        let fits = |key: &PublicKey| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point).verify(body, &der).is_ok()
        };
        if named.any(fits) { Checked::Genuine } else { Checked::Forged }
    }

    /// Asks for the keys if nobody has yet.
    pub(super) async fn prepare(&self, now: EpochMs) {
        if self.known().asked_at.is_none() {
            self.keys(0, now).await;
        }
    }

    /// The keys, asked for again where `id` is not among them; who needs them too waits for that answer and asks no
    /// second time.
    async fn keys(&self, id: u32, now: EpochMs) -> (Arc<[PublicKey]>, Option<String>) {
        if self.known().is_enough(id, now) {
            return self.known().told();
        }
        let _asking = self.asking.lock().await;
        if self.known().is_enough(id, now) {
            return self.known().told();
        }
        let answer = self.ask().await;
        let mut known = self.known();
        known.asked_at = Some(now);
        match answer {
            Ok(keys) => {
                known.keys = keys.into();
                known.failed = None;
            }
            // The keys that we have stay good.
            Err(why) => known.failed = Some(why),
        }
        known.told()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self) -> Result<Vec<PublicKey>, String> {
        let mut request = Request::new(Method::GET, self.url.clone());
        *request.timeout_mut() = Some(ASK_FOR_AT_MOST);
        let answer = self.http.send(request).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("the key set was answered with status {}", answer.status));
        }
        read(&answer.body).ok_or_else(|| "the key set holds no key that can be used".to_owned())
    }
}

impl Known {
    /// Whether no question is due for the sake of `id`.
    fn is_enough(&self, id: u32, now: EpochMs) -> bool {
        let Some(asked_at) = self.asked_at else { return false };
        let is_known = self.keys.iter().any(|key| key.id == id);
        (now.0 - asked_at.0).abs() < if is_known { STALE_MS } else { ASK_AGAIN_MS }
    }

    fn told(&self) -> (Arc<[PublicKey]>, Option<String>) {
        (self.keys.clone(), self.failed.clone())
    }
}

/// Key id and DER signature of a header.
fn parts(header: &[u8]) -> Option<(u32, Vec<u8>)> {
    let mut bytes = BASE64_STANDARD.decode(header.trim_ascii()).ok()?;
    let id = bytes.get(1..5)?.try_into().ok().map(u32::from_be_bytes)?;
    (bytes[0] == TINK_PREFIX).then(|| (id, bytes.split_off(5)))
}

#[derive(Deserialize)]
struct KeySet {
    #[serde(default)]
    key: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyEntry {
    key_data: KeyData,
    status: String,
    key_id: u32,
    output_prefix_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyData {
    type_url: String,
    value: String,
}

/// The keys of a set that may sign as documented; `None` if there is none.
fn read(body: &[u8]) -> Option<Vec<PublicKey>> {
    let set: KeySet = serde_json::from_slice(body).ok()?;
    let usable = |entry: &KeyEntry| {
        entry.status == "ENABLED"
            && entry.output_prefix_type == "TINK"
            && entry.key_data.type_url.ends_with("/google.crypto.tink.EcdsaPublicKey")
    };
    let keys: Vec<PublicKey> = set
        .key
        .iter()
        .filter(|entry| usable(entry))
        .filter_map(|entry| {
            let value = BASE64_STANDARD.decode(&entry.key_data.value).ok()?;
            Some(PublicKey { id: entry.key_id, point: point(&value)? })
        })
        .collect();
    (!keys.is_empty()).then_some(keys)
}

/// The point of an `EcdsaPublicKey` (protobuf: params = 2, x = 3, y = 4) on P-256 with SHA-256 and DER signatures.
fn point(message: &[u8]) -> Option<Vec<u8>> {
    let (mut params, mut x, mut y) = (None, None, None);
    for field in fields(message)? {
        match field {
            (2, Field::Bytes(bytes)) => params = Some(bytes),
            (3, Field::Bytes(bytes)) => x = Some(bytes),
            (4, Field::Bytes(bytes)) => y = Some(bytes),
            _ => {}
        }
    }
    // EcdsaParams: hash_type SHA256 = 3, curve NIST_P256 = 2, encoding DER = 2.
    let params = fields(params?)?;
    let fits = |number, wanted| {
        params.iter().any(|f| matches!(f, (n, Field::Number(v)) if (*n, *v) == (number, wanted)))
    };
    if !(fits(1, 3) && fits(2, 2) && fits(3, 2)) {
        return None;
    }
    Some([&[4][..], &coordinate(x?)?, &coordinate(y?)?].concat())
}

/// 32 bytes of a big-endian number, which Tink may write with leading zeros or without.
fn coordinate(bytes: &[u8]) -> Option<[u8; 32]> {
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let digits = &bytes[first..];
    let mut whole = [0; 32];
    let at = whole.len().checked_sub(digits.len())?;
    whole[at..].copy_from_slice(digits);
    Some(whole)
}

#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a protobuf message that are numbers or bytes; `None` if it breaks off.
fn fields(mut rest: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let tag = number(&mut rest)?;
        let field = match tag & 7 {
            0 => Field::Number(number(&mut rest)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?).ok()?;
                let (bytes, after) = rest.split_at_checked(length)?;
                rest = after;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        found.push((tag >> 3, field));
    }
    Some(found)
}

/// A base-128 number.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A P-256 key as Tink writes it, x with a leading zero byte.
    fn message() -> Vec<u8> {
        let mut message = vec![0x12, 6, 0x08, 3, 0x10, 2, 0x18, 2, 0x1a, 33, 0];
        message.extend([7; 32]);
        message.extend([0x22, 31]);
        message.extend([9; 31]);
        message
    }

    #[test]
    fn coordinates_are_brought_to_their_length() {
        let point = point(&message()).unwrap();
        assert_eq!((point.len(), point[0]), (65, 4));
        assert_eq!(point[1..33], [7; 32]);
        assert_eq!((point[33], &point[34..]), (0, &[9; 31][..]));
    }

    #[test]
    fn keys_of_another_curve_or_state_are_left_out() {
        let entry = |status: &str, prefix: &str, value: Vec<u8>| {
            let value = BASE64_STANDARD.encode(value);
            format!(
                r#"{{"keyData":{{"typeUrl":"type.googleapis.com/google.crypto.tink.EcdsaPublicKey","value":"{value}","keyMaterialType":"ASYMMETRIC_PUBLIC"}},"status":"{status}","keyId":7,"outputPrefixType":"{prefix}"}}"#
            )
        };
        let set = |entries: &[String]| {
            read(format!(r#"{{"primaryKeyId":7,"key":[{}]}}"#, entries.join(",")).as_bytes())
        };
        let mut other_curve = message();
        other_curve[5] = 3;
        assert_eq!(set(&[entry("ENABLED", "TINK", message())]).unwrap()[0].id, 7);
        assert_eq!(set(&[entry("DISABLED", "TINK", message())]), None);
        assert_eq!(set(&[entry("ENABLED", "RAW", message())]), None);
        assert_eq!(set(&[entry("ENABLED", "TINK", other_curve)]), None);
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn a_signature_names_its_key() {
        let header = BASE64_STANDARD.encode([1, 0, 0, 1, 2, 48, 0]);
        assert_eq!(parts(header.as_bytes()), Some((258, vec![48, 0])));
        assert_eq!(parts(BASE64_STANDARD.encode([0, 0, 0, 1, 2, 48]).as_bytes()), None);
        assert_eq!(parts(b"AQ=="), None);
        assert_eq!(parts(b"not base64"), None);
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (point(&bytes), read(&bytes), parts(&bytes));
        }
    }
}
