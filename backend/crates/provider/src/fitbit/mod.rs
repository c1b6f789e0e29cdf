//! The legacy Fitbit Web API.

mod failure;
mod parse;
mod user;

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
use crate::{
    AccountIdentity, FetchFailure, FetchRequest, Fetched, Grant, HttpClient, OAuthError, ParseError,
    Provider, ProviderConfig,
    http::{Answer, set_bearer},
    oauth::{Dialect, OAuth},
};

/// Version of the parsers.
const PARSER_VERSION: i16 = 1;

/// The scopes that the catalogue's endpoints need, and those for the person's zone and devices.
const SCOPES: &[&str] = &["activity", "heartrate", "sleep", "temperature", "profile", "settings"];

/// The provider; made by [`fitbit`](fn@crate::fitbit).
#[derive(Debug)]
pub(crate) struct Fitbit {
    oauth: OAuth,
}

impl Fitbit {
    pub(crate) fn new(config: ProviderConfig, http: HttpClient) -> Self {
        let dialect = Dialect { auth: AuthType::BasicAuth, scope_prefix: "", scopes: SCOPES, authorize: &[] };
        Self { oauth: OAuth { config, http, dialect } }
    }

    /// Asks `path`; anything but 200 is a failure. There is no `Accept-Language`, which makes units metric.
    async fn get(&self, path: &str, access: &SecretString) -> Result<Answer, FetchFailure> {
        let mut request = Request::new(Method::GET, self.oauth.config.api(path));
        set_bearer(&mut request, access).ok_or_else(FetchFailure::unusable_token)?;
        let answer = self.oauth.http.send(request).await?;
        if answer.status == 200 { Ok(answer) } else { Err(failure::of(&answer)) }
    }
}

/// The path of a request: ranges include their last day, endpoints of one day have just that.
fn path(request: &FetchRequest) -> String {
    let start = request.days.start.to_string();
    let end = request.days.last().to_string();
    request.endpoint.path.replace("{start}", &start).replace("{end}", &end).replace("{date}", &start)
}

#[async_trait]
impl Provider for Fitbit {
    fn key(&self) -> ProviderKey {
        ProviderKey::Fitbit
    }

    fn scopes(&self) -> &'static [&'static str] {
        SCOPES
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
        let answer = self.get(&path(request), access).await?;
        Ok(Fetched { rate: failure::rate(&answer), body: answer.body, unfiltered: false })
    }

    fn parse(&self, endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
        parse(endpoint, body)
    }

    fn parser_version(&self) -> i16 {
        PARSER_VERSION
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::{EpochMs, catalogue::endpoint, time::DayRange};

    use super::*;

    #[test]
    fn paths_have_the_last_day_of_a_range_and_one_day_of_a_day() {
        let asked = |key, days| FetchRequest {
            endpoint: endpoint(key).unwrap(),
            days,
            bounds: (EpochMs(0), EpochMs(0)),
            page: None,
        };
        let week = DayRange { start: date(2026, 8, 1), end: date(2026, 8, 8) };
        let day = DayRange::one(date(2026, 8, 1));
        assert_eq!(
            path(&asked("fitbit.steps.day", week)),
            "/1/user/-/activities/steps/date/2026-08-01/2026-08-07.json"
        );
        assert_eq!(
            path(&asked("fitbit.heart_rate.minute", day)),
            "/1/user/-/activities/heart/date/2026-08-01/1d/1min.json"
        );
        assert_eq!(asked("fitbit.steps.day", week).key(), "fitbit.steps.day/2026-08-01/2026-08-08");
    }
}
