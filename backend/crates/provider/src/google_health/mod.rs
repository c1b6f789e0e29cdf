//! Google Health API v4.

mod failure;
mod parse;
pub(crate) mod push;
mod request;
mod user;

use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use oauth2::AuthType;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::Endpoint,
    observation::{DeviceRecord, Parsed},
};
use reqwest::{Method, Request};
use secrecy::SecretString;
use url::Url;

pub use self::parse::parse;
use self::request::SleepFilter;
use crate::{
    AccountIdentity, FetchFailure, FetchRequest, Fetched, Grant, HttpClient, OAuthError, ParseError,
    Provider, ProviderConfig,
    http::{Answer, set_bearer},
    oauth::{Dialect, OAuth},
    push::Push,
    request::{path_id, tcx},
};

/// What stands before the short name of a scope.
const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/googlehealth.";

/// Version of the parsers.
const PARSER_VERSION: i16 = 2;

/// The scopes that the catalogue's endpoints need, that for devices and the time zone, and last that for places, which
/// is asked for where routes are wanted.
const SCOPES: &[&str] = &[
    "activity_and_fitness.readonly",
    "health_metrics_and_measurements.readonly",
    "sleep.readonly",
    "settings.readonly",
    "location.readonly",
];

/// The provider; made by [`google_health`](fn@crate::google_health).
#[derive(Debug)]
pub(crate) struct GoogleHealth {
    oauth: OAuth,
    push: Option<push::Webhook>,
    /// How sleep may be filtered, as far as refusals have taught us; a [`SleepFilter`] as a number.
    sleep_filter: AtomicU8,
}

impl GoogleHealth {
    pub(crate) fn new(config: ProviderConfig, http: HttpClient) -> Self {
        let dialect = Dialect {
            auth: AuthType::RequestBody,
            scope_prefix: SCOPE_PREFIX,
            scopes: config.asked(SCOPES),
            // `offline` and `consent` make Google give a refresh token every time.
            authorize: &[
                ("access_type", "offline"),
                ("prompt", "consent"),
                ("include_granted_scopes", "true"),
            ],
        };
        Self { oauth: OAuth { config, http, dialect }, push: None, sleep_filter: AtomicU8::new(0) }
    }

    pub(crate) fn with_push(mut self, set_up: push::GooglePush) -> Self {
        self.push = Some(push::Webhook::new(set_up, self.oauth.http.clone()));
        self
    }

    fn config(&self) -> &ProviderConfig {
        &self.oauth.config
    }

    /// Sends `request` as the person of `access`; anything but 200 is a failure.
    async fn send(&self, mut request: Request, access: &SecretString) -> Result<Answer, FetchFailure> {
        set_bearer(&mut request, access).ok_or_else(FetchFailure::unusable_token)?;
        let answer = self.oauth.http.send(request).await?;
        if answer.status == 200 { Ok(answer) } else { Err(failure::of(&answer)) }
    }

    /// Asks for sleep by the filter that is known to work, and learns from a refusal: the documents promise both civil
    /// and physical end time, clients have seen either refused.
    async fn fetch_sleep(
        &self,
        access: &SecretString,
        request: &FetchRequest,
    ) -> Result<Fetched, FetchFailure> {
        loop {
            let known = self.sleep_filter.load(Ordering::Relaxed);
            let filter = SleepFilter::of(known);
            let asked = self.send(request::points(self.config(), request, filter), access).await;
            match (asked, filter.next()) {
                (Err(refused), Some(next)) if failure::is_filter_refusal(&refused) => {
                    self.sleep_filter.fetch_max(next as u8, Ordering::Relaxed);
                }
                (Err(failed), _) => return Err(failed),
                (Ok(answer), _) => {
                    let unfiltered = filter == SleepFilter::None;
                    return Ok(Fetched { body: answer.body, rate: None, unfiltered });
                }
            }
        }
    }
}

#[async_trait]
impl Provider for GoogleHealth {
    fn key(&self) -> ProviderKey {
        ProviderKey::GoogleHealth
    }

    fn scopes(&self) -> &'static [&'static str] {
        self.oauth.dialect.scopes
    }

    fn authorize_url(&self, redirect: &Url, state: &str, pkce_challenge: &str) -> Url {
        self.oauth.authorize_url(redirect, state, pkce_challenge)
    }

    async fn exchange(
        &self,
        redirect: &Url,
        code: &SecretString,
        pkce_verifier: &SecretString,
    ) -> Result<Grant, OAuthError> {
        self.oauth.exchange(redirect, code, pkce_verifier).await
    }

    async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, OAuthError> {
        self.oauth.refresh(refresh_token).await
    }

    async fn revoke(&self, token: &SecretString) -> Result<(), OAuthError> {
        self.oauth.revoke(token).await
    }

    async fn account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure> {
        self.read_account(access).await
    }

    async fn devices(&self, access: &SecretString) -> Result<Vec<DeviceRecord>, FetchFailure> {
        self.read_devices(access).await
    }

    async fn fetch(&self, access: &SecretString, request: &FetchRequest) -> Result<Fetched, FetchFailure> {
        if request.endpoint.path == "sleep" {
            return self.fetch_sleep(access, request).await;
        }
        let answer = self.send(request::points(self.config(), request, SleepFilter::Civil), access).await?;
        Ok(Fetched { body: answer.body, rate: None, unfiltered: false })
    }

    fn route_scopes(&self) -> &'static [&'static str] {
        &["activity_and_fitness.readonly", "location.readonly"]
    }

    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure> {
        let id = path_id(exercise)?;
        let path = format!("/v4/users/me/dataTypes/exercise/dataPoints/{id}:exportExerciseTcx");
        let mut url = self.config().api(&path);
        url.set_query(Some("alt=media"));
        let answer = self.send(Request::new(Method::GET, url), access).await?;
        tcx(Fetched { body: answer.body, rate: None, unfiltered: false })
    }

    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
        parse(endpoint, body)
    }

    fn parser_version(&self) -> i16 {
        PARSER_VERSION
    }

    fn push(&self) -> Option<&dyn Push> {
        self.push.as_ref().map(|push| push as &dyn Push)
    }
}
