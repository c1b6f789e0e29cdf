//! A provider that answers from memory what the real one has answered before: what is measured is ours alone.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::Endpoint,
    job::FailureCode,
    observation::{DeviceRecord, Parsed},
};
use pulsekeep_provider::{
    AccountIdentity, FetchFailure, FetchRequest, Fetched, Grant, OAuthError, ParseError, Provider,
};
use secrecy::SecretString;
use url::Url;

/// Bodies by request key and page token.
pub(crate) type Answers = HashMap<(String, Option<String>), Vec<u8>>;

pub(crate) struct Replay {
    pub(crate) inner: Arc<dyn Provider>,
    pub(crate) answers: Arc<Answers>,
}

#[async_trait]
impl Provider for Replay {
    fn key(&self) -> ProviderKey {
        self.inner.key()
    }

    fn scopes(&self) -> &'static [&'static str] {
        self.inner.scopes()
    }

    fn authorize_url(&self, redirect: &Url, state: &str, pkce_challenge: &str) -> Url {
        self.inner.authorize_url(redirect, state, pkce_challenge)
    }

    async fn exchange(
        &self,
        redirect: &Url,
        code: &SecretString,
        pkce_verifier: &SecretString,
    ) -> Result<Grant, OAuthError> {
        self.inner.exchange(redirect, code, pkce_verifier).await
    }

    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthError> {
        self.inner.refresh(refresh_token).await
    }

    async fn revoke(&self, token: &SecretString) -> Result<(), OAuthError> {
        self.inner.revoke(token).await
    }

    async fn account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure> {
        self.inner.account(access).await
    }

    async fn devices(&self, access: &SecretString) -> Result<Vec<DeviceRecord>, FetchFailure> {
        self.inner.devices(access).await
    }

    async fn fetch(&self, _access: &SecretString, request: &FetchRequest) -> Result<Fetched, FetchFailure> {
        match self.answers.get(&(request.key(), request.page.clone())) {
            Some(body) => Ok(Fetched { body: body.clone(), rate: None, unfiltered: false }),
            None => Err(FetchFailure {
                code: FailureCode::RequestRefused,
                token_rejected: false,
                whole_app: false,
                status: None,
                retry_after_s: None,
                rate: None,
                detail: format!("nobody has asked {} before", request.key()),
            }),
        }
    }

    fn route_scopes(&self) -> &'static [&'static str] {
        self.inner.route_scopes()
    }

    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure> {
        self.inner.route(access, exercise).await
    }

    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
        self.inner.parse(endpoint, body)
    }

    fn parser_version(&self) -> i16 {
        self.inner.parser_version()
    }
}
