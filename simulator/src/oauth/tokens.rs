//! Tokens that carry their own meaning: a signed payload, so that they outlive a restart.
//!
//! Shapes are the providers' own: Google `ya29.…` and `1//0…`; Fitbit a JWT (HS256) and 64 hexadecimal characters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::scopes::Scopes;
use crate::faults::Provider;
use crate::people::People;

/// Lifetime of an access token, seconds.
pub(crate) fn lifetime(provider: Provider) -> i64 {
    match provider {
        Provider::Google => 3599,
        Provider::Fitbit => 28_800,
    }
}

/// Lifetime of a refresh token in Google's testing mode, seconds.
pub(crate) const TESTING_LIFETIME: i64 = 604_799;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Refresh,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) provider: Provider,
    pub(crate) kind: Kind,
    /// Identifies the client (see [`client_mark`]).
    pub(crate) client: u32,
    /// Id of the person.
    pub(crate) person: String,
    pub(crate) scopes: Scopes,
    /// Number of the grant: grows with each consent.
    pub(crate) grant: u64,
    /// How often the refresh token was replaced before this one.
    pub(crate) generation: u32,
    /// Epoch seconds; 0 where the token does not say.
    pub(crate) issued: i64,
    /// Google only: the grant was made in testing mode.
    pub(crate) testing: bool,
}

impl Claims {
    pub(crate) fn expires(&self) -> i64 {
        self.issued + lifetime(self.provider)
    }
}

/// Four bytes that stand for a client id.
pub(crate) fn client_mark(client_id: &str) -> u32 {
    let digest = Sha256::digest(client_id.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Makes and reads tokens.
pub(crate) struct Signer {
    key: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct GooglePayload {
    r: bool,
    c: u32,
    p: String,
    s: u32,
    g: u64,
    n: u32,
    i: i64,
    t: bool,
}

#[derive(Serialize, Deserialize)]
struct JwtPayload {
    aud: String,
    sub: String,
    iss: String,
    typ: String,
    scopes: String,
    exp: i64,
    iat: i64,
    jti: String,
}

impl Signer {
    pub(crate) fn new(key: &[u8]) -> Signer {
        Signer { key: key.to_vec() }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        // HMAC takes a key of any length
        match Hmac::<Sha256>::new_from_slice(&self.key) {
            Ok(mut mac) => {
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            }
            Err(_) => Vec::new(),
        }
    }

    /// An opaque text over a payload; `open` gives the payload back.
    pub(crate) fn seal(&self, purpose: &str, payload: &[u8]) -> String {
        let mut signed = purpose.as_bytes().to_vec();
        signed.extend_from_slice(payload);
        let mac = self.sign(&signed);
        let mut bytes = payload.to_vec();
        bytes.extend_from_slice(&mac[..12]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a sealed text, if it is ours and for this purpose.
    pub(crate) fn open(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let mut payload = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mac = payload.split_off(payload.len().checked_sub(12)?);
        let mut signed = purpose.as_bytes().to_vec();
        signed.extend_from_slice(&payload);
        (self.sign(&signed)[..12] == mac[..]).then_some(payload)
    }

    /// The token of some claims.
    pub(crate) fn token(&self, claims: &Claims, people: &People) -> String {
        match (claims.provider, claims.kind) {
            (Provider::Google, kind) => {
                let payload = GooglePayload {
                    r: kind == Kind::Refresh,
                    c: claims.client,
                    p: claims.person.clone(),
                    s: claims.scopes.0,
                    g: claims.grant,
                    n: claims.generation,
                    i: claims.issued,
                    t: claims.testing,
                };
                let bytes = serde_json::to_vec(&payload).unwrap_or_default();
                let prefix = if kind == Kind::Refresh { "1//0" } else { "ya29." };
                format!("{prefix}{}", self.seal("google", &bytes))
            }
            (Provider::Fitbit, Kind::Access) => self.jwt(claims, people),
            (Provider::Fitbit, Kind::Refresh) => self.fitbit_refresh(claims, people),
        }
    }

    /// What a token says, if we signed it.
    pub(crate) fn read(&self, provider: Provider, token: &str, people: &People) -> Option<Claims> {
        match provider {
            Provider::Google => self.read_google(token),
            Provider::Fitbit if token.contains('.') => self.read_jwt(token, people),
            Provider::Fitbit => self.read_fitbit_refresh(token, people),
        }
    }

    fn read_google(&self, token: &str) -> Option<Claims> {
        let sealed = token.strip_prefix("ya29.").or_else(|| token.strip_prefix("1//0"))?;
        let payload: GooglePayload = serde_json::from_slice(&self.open("google", sealed)?).ok()?;
        (payload.r == token.starts_with("1//")).then_some(())?;
        Some(Claims {
            provider: Provider::Google,
            kind: if payload.r { Kind::Refresh } else { Kind::Access },
            client: payload.c,
            person: payload.p,
            scopes: Scopes(payload.s),
            grant: payload.g,
            generation: payload.n,
            issued: payload.i,
            testing: payload.t,
        })
    }

    fn jwt(&self, claims: &Claims, people: &People) -> String {
        let subject = people.find(&claims.person).map_or("", |person| person.profile.fitbit_id);
        let payload = JwtPayload {
            aud: format!("{:08X}", claims.client),
            sub: subject.to_owned(),
            iss: "Fitbit".to_owned(),
            typ: "access_token".to_owned(),
            scopes: claims.scopes.fitbit_short(),
            exp: claims.expires(),
            iat: claims.issued,
            jti: format!("{:x}.{:x}.{:x}", claims.grant, claims.generation, claims.scopes.0),
        };
        let part = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
        let head = part(json!({ "alg": "HS256" }).to_string().as_bytes());
        let body = format!("{head}.{}", part(&serde_json::to_vec(&payload).unwrap_or_default()));
        let signature = part(&self.sign(body.as_bytes()));
        format!("{body}.{signature}")
    }

    fn read_jwt(&self, token: &str, people: &People) -> Option<Claims> {
        let (body, signature) = token.rsplit_once('.')?;
        (URL_SAFE_NO_PAD.encode(self.sign(body.as_bytes())) == signature).then_some(())?;
        let payload = URL_SAFE_NO_PAD.decode(body.split_once('.')?.1).ok()?;
        let payload: JwtPayload = serde_json::from_slice(&payload).ok()?;
        let mut parts = payload.jti.split('.');
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let (grant, generation, scopes) = (number()?, number()?, number()?);
        Some(Claims {
            provider: Provider::Fitbit,
            kind: Kind::Access,
            client: u32::from_str_radix(&payload.aud, 16).ok()?,
            person: people.find(&payload.sub)?.profile.id.to_owned(),
            scopes: Scopes(u32::try_from(scopes).ok()?),
            grant,
            generation: u32::try_from(generation).ok()?,
            issued: payload.iat,
            testing: false,
        })
    }

    /// 20 bytes (version, low part of the person's number, scopes, client, grant, its high part, generation in three bytes)
    /// and 12 of signature.
    fn fitbit_refresh(&self, claims: &Claims, people: &People) -> String {
        let person = people.find(&claims.person).map_or(u16::MAX, |person| person.number() as u16);
        let [high, low] = person.to_be_bytes();
        let mut bytes = vec![1, low];
        bytes.extend_from_slice(&(claims.scopes.0 as u16).to_be_bytes());
        bytes.extend_from_slice(&claims.client.to_be_bytes());
        bytes.extend_from_slice(&claims.grant.to_be_bytes());
        bytes.push(high);
        bytes.extend_from_slice(&claims.generation.to_be_bytes()[1..]);
        let mac = self.sign(&bytes);
        bytes.extend_from_slice(&mac[..12]);
        hex::encode(bytes)
    }

    fn read_fitbit_refresh(&self, token: &str, people: &People) -> Option<Claims> {
        let bytes = hex::decode(token).ok()?;
        let (payload, mac) = bytes.split_at_checked(20)?;
        (bytes.len() == 32 && payload[0] == 1 && self.sign(payload)[..12] == *mac).then_some(())?;
        let number = |from: usize, to: usize| {
            payload[from..to].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        Some(Claims {
            provider: Provider::Fitbit,
            kind: Kind::Refresh,
            client: number(4, 8) as u32,
            person: people
                .all()
                .get(usize::from(payload[16]) << 8 | usize::from(payload[1]))?
                .profile
                .id
                .to_owned(),
            scopes: Scopes(number(2, 4) as u32),
            grant: number(8, 16),
            generation: number(17, 20) as u32,
            issued: 0,
            testing: false,
        })
    }
}
