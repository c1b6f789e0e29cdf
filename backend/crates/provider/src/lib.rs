#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod fitbit;
#[doc(hidden)]
pub mod fuzzing;
pub mod google_health;

mod columns;
mod days;
mod failure;
mod http;
mod json;
mod oauth;
mod parse_error;
mod push;
mod request;
mod scan;
mod time_text;

use async_trait::async_trait;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::Endpoint,
    observation::{DeviceRecord, Parsed},
};
use secrecy::SecretString;
use url::Url;

pub use crate::{
    columns::merge_pages,
    failure::{FetchFailure, RateReading},
    fitbit::push::FitbitPush,
    google_health::push::{
        GooglePush,
        account::ServiceAccount,
        subscriber::{Subscriber, WebhookAdmin, WebhookError},
    },
    http::{HttpClient, HttpSetupError},
    oauth::{AccountIdentity, Grant, OAuthError, pkce, random_state},
    parse_error::ParseError,
    push::{Judgement, Notification, Push, PushOperation, PushRefusal},
    request::{FetchRequest, Fetched, has_passed},
};

/// Where a provider is and as whom we speak to it.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret; empty for a public client.
    pub client_secret: SecretString,
    /// The page at which a person consents.
    pub authorize_url: Url,
    /// The token endpoint.
    pub token_url: Url,
    /// The revocation endpoint.
    pub revoke_url: Url,
    /// Base of all data requests; may have a path, to which ours are appended.
    pub api_url: Url,
    /// Whether people are asked for the places of their exercises too, so that routes can be fetched on request.
    pub routes: bool,
}

impl ProviderConfig {
    /// Of all scopes, the last of which is that of places, those that people are asked for.
    pub(crate) fn asked(&self, all: &'static [&'static str]) -> &'static [&'static str] {
        match all {
            [others @ .., _places] if !self.routes => others,
            all => all,
        }
    }

    /// The API address of `path` (which starts with `/`), under the base address.
    pub(crate) fn api(&self, path: &str) -> Url {
        let mut url = self.api_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url.set_query(None);
        url.set_fragment(None);
        url
    }
}

/// An outside provider of health data.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Which provider it is.
    fn key(&self) -> ProviderKey;

    /// The scopes that we ask for, by their short names (as in [`Endpoint::scope`]).
    fn scopes(&self) -> &'static [&'static str];

    /// The address that a person is sent to for consent. `pkce_challenge` is that of [`pkce`].
    fn authorize_url(&self, redirect: &Url, state: &str, pkce_challenge: &str) -> Url;

    /// Exchanges the code of the callback for tokens.
    ///
    /// # Errors
    /// [`OAuthError`]; a code that is used, expired or of another verifier is [`OAuthError::NeedsConsent`].
    async fn exchange(
        &self,
        redirect: &Url,
        code: &SecretString,
        pkce_verifier: &SecretString,
    ) -> Result<Grant, OAuthError>;

    /// Gets new tokens. With Fitbit this uses `refresh_token` up; with Google the answer normally has none, and the
    /// old one stays good.
    ///
    /// # Errors
    /// [`OAuthError`]; a dead refresh token is [`OAuthError::NeedsConsent`].
    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthError>;

    /// Revokes the consent that `token` (access or refresh) stands for. A token that is dead already is no error.
    ///
    /// # Errors
    /// [`OAuthError`].
    async fn revoke(&self, token: &SecretString) -> Result<(), OAuthError>;

    /// Whose token it is. With Fitbit this needs the scope `profile`; the user id comes with the token as well.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure>;

    /// The person's devices. Needs the scope for settings.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn devices(&self, access: &SecretString) -> Result<Vec<DeviceRecord>, FetchFailure>;

    /// Asks one page of one window of one endpoint.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn fetch(&self, access: &SecretString, request: &FetchRequest) -> Result<Fetched, FetchFailure>;

    /// The scopes without which there are no routes of exercises: that of exercises and that of places, which is among
    /// [`Provider::scopes`] only with [`ProviderConfig::routes`]. A person may refuse it and lose nothing else.
    fn route_scopes(&self) -> &'static [&'static str];

    /// The route of the exercise with the provider's id `exercise`, as a TCX document. For people who ask for one.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure>;

    /// Parses an answer of `endpoint`. Pure.
    ///
    /// # Errors
    /// [`ParseError`] when the bytes are not a whole answer of that endpoint.
    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError>;

    /// Version of the parsers: raises when they make something else of the same bytes.
    fn parser_version(&self) -> i16;

    /// The provider's notifications, where they are set up.
    fn push(&self) -> Option<&dyn Push> {
        None
    }
}

/// Google Health API v4.
pub fn google_health(config: ProviderConfig, http: HttpClient) -> impl Provider {
    google_health::GoogleHealth::new(config, http)
}

/// Google Health API v4 with its webhook.
pub fn google_health_with_push(config: ProviderConfig, http: HttpClient, push: GooglePush) -> impl Provider {
    google_health::GoogleHealth::new(config, http).with_push(push)
}

/// The legacy Fitbit Web API with its subscriptions. Their signatures rest on the client secret, which must not be
/// empty.
pub fn fitbit_with_push(config: ProviderConfig, http: HttpClient, push: FitbitPush) -> impl Provider {
    fitbit::Fitbit::new(config, http).with_push(push)
}

/// The legacy Fitbit Web API.
pub fn fitbit(config: ProviderConfig, http: HttpClient) -> impl Provider {
    fitbit::Fitbit::new(config, http)
}
