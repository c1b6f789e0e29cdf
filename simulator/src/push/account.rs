//! The service account of the simulated Cloud project: its key file, and tokens by a signed assertion (RFC 7523).

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::oauth::Fields;
use crate::state::State;

/// The grant type of the token endpoint.
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EMAIL: &str = "webhooks@pulsekeep-simulator.iam.gserviceaccount.example";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// What stands before a token of the service account.
const PREFIX: &str = "ya29.c.";
const LIFE: i64 = 3599;

/// A key pair that is made at the first use and never written by the simulator itself.
pub(crate) struct Account {
    pair: Option<KeyPair>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Account {
    pub(crate) fn new() -> Account {
        Account { pair: KeyPair::generate(KeySize::Rsa2048).ok() }
    }

    /// The key file, as the Cloud console gives it. `base` is the simulator's address.
    pub(crate) fn key_file(&self, base: &str) -> Option<Value> {
        let der: Pkcs8V1Der<'_> = self.pair.as_ref()?.as_der().ok()?;
        let lines: Vec<String> = STANDARD
            .encode(der.as_ref())
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        let label = "PRIVATE KEY";
        let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        Some(json!({
            "type": "service_account",
            "project_id": "pulsekeep-simulator",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567",
            "private_key": pem,
            "client_email": EMAIL,
            "client_id": "100000000000000000001",
            "token_uri": format!("{base}/google/token"),
        }))
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.pair.as_ref().is_some_and(|pair| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
                .verify(signed, signature)
                .is_ok()
        })
    }
}

fn refuse(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// `POST /google/token` with the grant of RFC 7523.
pub(crate) fn token(state: &State, form: &Fields) -> Response {
    let Some(claims) = form.get("assertion").and_then(|jwt| read(state, jwt)) else {
        return refuse("invalid_grant", "Invalid JWT Signature.");
    };
    let now = state.now();
    if claims.iss != EMAIL {
        return refuse("invalid_grant", "Invalid grant: account not found");
    }
    if !claims.aud.ends_with("/google/token") {
        return refuse("invalid_grant", "Invalid JWT: Failed audience check.");
    }
    let in_time = claims.iat <= now + 60 && claims.exp > now && claims.exp - claims.iat <= 3600;
    if !in_time {
        return refuse(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        );
    }
    if !claims.scope.split(' ').any(|scope| scope == SCOPE) {
        return refuse("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    let token = state.signer().seal("service-account", &(now + LIFE).to_be_bytes());
    Json(json!({ "access_token": format!("{PREFIX}{token}"), "expires_in": LIFE, "token_type": "Bearer" }))
        .into_response()
}

fn read(state: &State, jwt: &str) -> Option<Assertion> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let head: Head = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let genuine = head.alg == "RS256" && state.push().account().verifies(signed.as_bytes(), &signature);
    genuine.then(|| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()).flatten()
}

/// Whether a token is one of the service account and still good.
pub(crate) fn is_good(state: &State, token: &str) -> bool {
    let ends = token
        .strip_prefix(PREFIX)
        .and_then(|sealed| state.signer().open("service-account", sealed))
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
        .map(i64::from_be_bytes);
    ends.is_some_and(|ends| ends > state.now())
}
