//! Google's webhook: one for the whole project, with signed notifications.

pub(crate) mod account;
mod keyset;
mod notification;
pub(crate) mod subscriber;

use async_trait::async_trait;
use pulsekeep_core::{EpochMs, job::FailureCode};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;
use url::Url;

use self::keyset::{Checked, Keys};
use crate::{
    FetchFailure, HttpClient,
    push::{Judgement, Push, PushRefusal},
};

/// The signature's header, and its name until August 2026.
const SIGNATURE: [&str; 2] = ["google-health-api-signature", "x-healthapi-signature"];

/// How Google's webhook is set up here.
#[derive(Debug, Clone)]
pub struct GooglePush {
    /// What Google sends in `Authorization`, word for word.
    pub secret: SecretString,
    /// Where Google publishes the keys that it signs with.
    pub keyset_url: Url,
}

/// Judges the calls.
#[derive(Debug)]
pub(crate) struct Webhook {
    secret: SecretString,
    keys: Keys,
}

impl Webhook {
    pub(crate) fn new(set_up: GooglePush, http: HttpClient) -> Self {
        Self { secret: set_up.secret, keys: Keys::new(set_up.keyset_url, http) }
    }

    /// Whether `Authorization` holds our secret; `None` where there is no such header.
    fn secret_fits(&self, headers: &HeaderMap) -> Option<bool> {
        let sent = headers.get(AUTHORIZATION)?;
        Some(sent.as_bytes().ct_eq(self.secret.expose_secret().as_bytes()).into())
    }
}

#[async_trait]
impl Push for Webhook {
    fn is_verify_code(&self, _code: &str) -> bool {
        // Google verifies by POST.
        false
    }

    async fn judge(&self, headers: &HeaderMap, body: &[u8], now: EpochMs) -> Judgement {
        let secret = self.secret_fits(headers);
        if notification::is_verification(body) {
            return Judgement::Verification { accepted: secret == Some(true) };
        }
        // Clients have seen notifications without the secret; a wrong one is somebody else's.
        if secret == Some(false) {
            return Judgement::Refused(PushRefusal::WrongSecret);
        }
        let Some(signature) = SIGNATURE.iter().find_map(|name| headers.get(*name)) else {
            return Judgement::Refused(PushRefusal::Unsigned);
        };
        match self.keys.check(signature.as_bytes(), body, now).await {
            Checked::Genuine => match notification::read(body) {
                Ok(told) => Judgement::Genuine(told),
                Err(what) => Judgement::Unreadable(what.to_owned()),
            },
            Checked::Forged => Judgement::Refused(PushRefusal::BadSignature),
            Checked::NoKeys(why) => Judgement::Unavailable(why),
        }
    }

    async fn prepare(&self, now: EpochMs) {
        self.keys.prepare(now).await;
    }

    fn is_by_account(&self) -> bool {
        // The subscriber's policy is automatic: who consents is subscribed.
        false
    }

    fn calls(&self, _: &[String]) -> u32 {
        0
    }

    async fn subscribe(
        &self,
        _: &SecretString,
        _: &str,
        _: &[String],
        _: &mut u32,
    ) -> Result<(), FetchFailure> {
        Err(FetchFailure::new(FailureCode::RequestRefused, "Google subscribes the whole project"))
    }

    async fn unsubscribe(&self, _: &SecretString, _: &str, _: &[String]) -> Result<(), FetchFailure> {
        Ok(())
    }
}
