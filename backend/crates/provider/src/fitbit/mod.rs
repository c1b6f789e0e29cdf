//! The legacy Fitbit Web API.

mod failure;
mod parse;
pub(crate) mod push;
mod user;

use async_trait::async_trait;
use oauth2::AuthType;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::{Call, Endpoint},
    observation::{DeviceRecord, Parsed},
    time::add_days,
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
    push::Push,
    request::{path_id, tcx},
};

/// Version of the parsers.
const PARSER_VERSION: i16 = 2;

/// The scopes that the catalogue's endpoints need, those for the person's zone and devices, and last that for places,
/// which is asked for where routes are wanted.
const SCOPES: &[&str] = &[
    "activity",
    "cardio_fitness",
    "heartrate",
    "oxygen_saturation",
    "respiratory_rate",
    "sleep",
    "temperature",
    "weight",
    "profile",
    "settings",
    "location",
];

/// The provider; made by [`fitbit`](fn@crate::fitbit).
#[derive(Debug)]
pub(crate) struct Fitbit {
    oauth: OAuth,
    push: Option<push::Subscriptions>,
}

impl Fitbit {
    pub(crate) fn new(config: ProviderConfig, http: HttpClient) -> Self {
        let scopes = config.asked(SCOPES);
        let dialect = Dialect { auth: AuthType::BasicAuth, scope_prefix: "", scopes, authorize: &[] };
        Self { oauth: OAuth { config, http, dialect }, push: None }
    }

    pub(crate) fn with_push(mut self, set_up: push::FitbitPush) -> Self {
        let OAuth { config, http, .. } = &self.oauth;
        self.push = Some(push::Subscriptions::new(set_up, config.clone(), http.clone()));
        self
    }

    /// Asks `path`; anything but 200 is a failure. There is no `Accept-Language`, which makes units metric.
    async fn get(&self, path: &str, access: &SecretString) -> Result<Answer, FetchFailure> {
        self.ask(self.oauth.config.api(path), access).await
    }

    async fn ask(&self, url: Url, access: &SecretString) -> Result<Answer, FetchFailure> {
        let mut request = Request::new(Method::GET, url);
        set_bearer(&mut request, access).ok_or_else(FetchFailure::unusable_token)?;
        let answer = self.oauth.http.send(request).await?;
        if answer.status == 200 { Ok(answer) } else { Err(failure::of(&answer)) }
    }
}

/// The address of a request. Of a list that is its first page, or the query of the link to the next one, which has all
/// that the page before was asked by; the address itself is ours, wherever the link led.
fn url(config: &ProviderConfig, request: &FetchRequest) -> Url {
    let mut url = config.api(&path(request));
    if request.endpoint.call == Call::FitbitList {
        // Whether a log of the day itself lies after the day is not documented: the day before is safe, and what lies
        // outside the window is dropped.
        let after = add_days(request.days.start, -1);
        let size = request.endpoint.page_size;
        let first = || format!("afterDate={after}&sort=asc&offset=0&limit={size}");
        url.set_query(Some(&request.page.clone().unwrap_or_else(first)));
    }
    url
}

/// The path of a request: ranges include their last day, endpoints of one day have just that.
fn path(request: &FetchRequest) -> String {
    let start = request.days.start.to_string();
    let last = request.last.to_string();
    request.endpoint.path.replace("{start}", &start).replace("{end}", &last).replace("{date}", &start)
}

#[async_trait]
impl Provider for Fitbit {
    fn key(&self) -> ProviderKey {
        ProviderKey::Fitbit
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
        let answer = self.ask(url(&self.oauth.config, request), access).await?;
        // A list goes on to today.
        let unfiltered = request.endpoint.call == Call::FitbitList;
        Ok(Fetched { rate: failure::rate(&answer), body: answer.body, unfiltered })
    }

    fn route_scopes(&self) -> &'static [&'static str] {
        &["activity", "location"]
    }

    async fn route(&self, access: &SecretString, exercise: &str) -> Result<Fetched, FetchFailure> {
        let id = path_id(exercise)?;
        let mut url = self.oauth.config.api(&format!("/1/user/-/activities/{id}.tcx"));
        url.set_query(Some("includePartialTCX=true"));
        let answer = self.ask(url, access).await?;
        tcx(Fetched { rate: failure::rate(&answer), body: answer.body, unfiltered: false })
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::{EpochMs, catalogue::endpoint, time::DayRange};

    use super::*;

    #[test]
    fn paths_have_the_last_day_of_a_range_and_one_day_of_a_day() {
        let asked = |key, days: DayRange| FetchRequest {
            endpoint: endpoint(key).unwrap(),
            days,
            last: days.last(),
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
        let nights = FetchRequest { last: week.end, ..asked("fitbit.heart_rate_variability.minute", week) };
        assert_eq!(
            path(&nights),
            "/1/user/-/hrv/date/2026-08-01/2026-08-08/all.json",
            "the last evening lies in the night after it"
        );
        assert_eq!(asked("fitbit.steps.day", week).key(), "fitbit.steps.day/2026-08-01/2026-08-08");
    }

    #[test]
    fn lists_begin_the_day_before_and_follow_the_query_of_the_link_on_our_own_host() {
        let of = |text: &str| Url::parse(text).unwrap();
        let config = ProviderConfig {
            client_id: "id".to_owned(),
            client_secret: SecretString::from("secret"),
            authorize_url: of("https://www.example/authorize"),
            token_url: of("https://api.example/token"),
            revoke_url: of("https://api.example/revoke"),
            api_url: of("http://127.0.0.1:9400/fitbit/"),
            routes: false,
        };
        let list = |page: Option<&str>| {
            let request = FetchRequest {
                endpoint: endpoint("fitbit.exercise").unwrap(),
                days: DayRange { start: date(2026, 8, 1), end: date(2026, 8, 8) },
                last: date(2026, 8, 7),
                bounds: (EpochMs(0), EpochMs(0)),
                page: page.map(str::to_owned),
            };
            url(&config, &request).to_string()
        };
        let address = "http://127.0.0.1:9400/fitbit/1/user/-/activities/list.json";
        let first = format!("{address}?afterDate=2026-07-31&sort=asc&offset=0&limit=100");
        assert_eq!(list(None), first);
        assert_eq!(list(Some("offset=100&limit=100")), format!("{address}?offset=100&limit=100"));
    }
}
