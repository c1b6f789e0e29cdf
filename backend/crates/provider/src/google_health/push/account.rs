//! A Google service account: its key file, and access tokens by a signed assertion (RFC 7523).

use std::fmt;

use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use pulsekeep_core::EpochMs;
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::subscriber::WebhookError;
use crate::{HttpClient, failure::machine_word};

/// The grant of RFC 7523.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What the administration of subscribers needs.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Longest life of an assertion that Google accepts, seconds.
const LIFE_S: i64 = 3600;

/// The key file of a Google service account, as the Cloud console gives it.
pub struct ServiceAccount {
    email: String,
    key_id: String,
    token_url: Url,
    key: KeyPair,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    private_key: SecretString,
    token_uri: Url,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
}

#[derive(Deserialize)]
struct TokenError {
    #[serde(default)]
    error: String,
}

impl ServiceAccount {
    /// Reads a key file.
    ///
    /// # Errors
    /// A sentence that says what the file lacks; nothing of its content.
    pub fn read(file: &[u8]) -> Result<Self, &'static str> {
        let file: KeyFile = serde_json::from_slice(file)
            .map_err(|_| "it is not the JSON key file of a service account; make one in the Cloud console")?;
        if file.kind != "service_account" {
            return Err("it is a key file, but not of a service account");
        }
        let key = pem(file.private_key.expose_secret())
            .and_then(|der| KeyPair::from_pkcs8(&der).ok())
            .ok_or("its private key is not an RSA key in PKCS #8; make a new key file")?;
        Ok(Self { email: file.client_email, key_id: file.private_key_id, token_url: file.token_uri, key })
    }

    /// The account's address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// A signed statement of who asks, good for an hour.
    fn assertion(&self, now: EpochMs) -> Option<String> {
        let issued = now.0.div_euclid(1000);
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_url.as_str(),
            "iat": issued,
            "exp": issued + LIFE_S,
        });
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    /// An access token for the administration of subscribers.
    pub(super) async fn token(&self, http: &HttpClient, now: EpochMs) -> Result<SecretString, WebhookError> {
        let assertion = self
            .assertion(now)
            .ok_or_else(|| WebhookError::ServiceAccount("its key cannot sign".to_owned()))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let mut request = Request::new(Method::POST, self.token_url.clone());
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        *request.body_mut() = Some(form.into());
        let answer = http.send(request).await.map_err(|e| WebhookError::Unreachable(e.to_string()))?;
        if answer.status == 200 {
            return serde_json::from_slice::<TokenAnswer>(&answer.body)
                .map(|token| token.access_token)
                .map_err(|_| WebhookError::BadAnswer);
        }
        let word = serde_json::from_slice::<TokenError>(&answer.body).map(|e| e.error).unwrap_or_default();
        Err(WebhookError::ServiceAccount(machine_word(&word).unwrap_or("no reason given").to_owned()))
    }
}

/// The bytes between the lines of a PEM block.
fn pem(text: &str) -> Option<Vec<u8>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("-----"));
    BASE64_STANDARD.decode(lines.collect::<String>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_key_file_says_what_it_lacks() {
        for (file, word) in [
            ("{}", "key file"),
            (
                r#"{"type":"authorized_user","client_email":"a@b.c","private_key":"x","token_uri":"https://x.example/t"}"#,
                "service account",
            ),
            (
                r#"{"type":"service_account","client_email":"a@b.c","private_key":"eA==","token_uri":"https://x.example/t"}"#,
                "PKCS",
            ),
        ] {
            assert!(ServiceAccount::read(file.as_bytes()).unwrap_err().contains(word), "{file}");
        }
    }
}
