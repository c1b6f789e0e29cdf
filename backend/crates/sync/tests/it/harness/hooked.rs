//! A provider at which something happens between question and answer.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::civil::Date;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::Endpoint,
    observation::{DeviceRecord, Parsed},
    time::DayRange,
};
use pulsekeep_provider::{
    AccountIdentity, FetchFailure, FetchRequest, Fetched, Grant, OAuthError, ParseError, Provider,
};
use secrecy::SecretString;
use url::Url;

/// What a parser of another version makes of an answer.
type Misreading = fn(Parsed) -> Parsed;

type Hook = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The provider of the simulator, and what happens when it has answered and the engine does not know it yet.
pub(crate) struct Hooked {
    inner: Arc<dyn Provider>,
    after_fetch: Option<Hook>,
    after_refresh: Option<Hook>,
    parser: Option<(i16, Misreading)>,
    asked: Asked,
}

/// What was asked: the endpoint, the window, and the last date that was named.
pub(crate) type Asked = Arc<Mutex<Vec<(&'static Endpoint, DayRange, Date)>>>;

impl Hooked {
    pub(crate) fn new(inner: &Arc<dyn Provider>) -> Self {
        Self {
            inner: inner.clone(),
            after_fetch: None,
            after_refresh: None,
            parser: None,
            asked: Asked::default(),
        }
    }

    pub(crate) fn after_fetch<F: Future<Output = ()> + Send + 'static>(
        mut self,
        hook: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        self.after_fetch = Some(Arc::new(move || Box::pin(hook())));
        self
    }

    /// Writes down what is asked.
    pub(crate) fn asked(mut self, asked: &Asked) -> Self {
        self.asked = asked.clone();
        self
    }

    /// Another version of the parsers, which reads something else.
    pub(crate) fn parser(mut self, version: i16, reads: Misreading) -> Self {
        self.parser = Some((version, reads));
        self
    }

    pub(crate) fn after_refresh<F: Future<Output = ()> + Send + 'static>(
        mut self,
        hook: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        self.after_refresh = Some(Arc::new(move || Box::pin(hook())));
        self
    }
}

#[async_trait]
impl Provider for Hooked {
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
        let grant = self.inner.refresh(refresh_token).await;
        if let Some(hook) = &self.after_refresh {
            hook().await;
        }
        grant
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

    async fn fetch(&self, access: &SecretString, request: &FetchRequest) -> Result<Fetched, FetchFailure> {
        self.asked.lock().unwrap().push((request.endpoint, request.days, request.last));
        let fetched = self.inner.fetch(access, request).await;
        if let Some(hook) = &self.after_fetch {
            hook().await;
        }
        fetched
    }

    fn route_scopes(&self) -> &'static [&'static str] {
        self.inner.route_scopes()
    }

    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure> {
        self.inner.route(access, exercise).await
    }

    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
        let parsed = self.inner.parse(endpoint, body)?;
        Ok(match self.parser {
            Some((_, reads)) => reads(parsed),
            None => parsed,
        })
    }

    fn parser_version(&self) -> i16 {
        self.parser.map_or_else(|| self.inner.parser_version(), |(version, _)| version)
    }
}
