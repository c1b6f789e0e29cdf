//! The outside world and its control API.

use std::sync::Arc;

use jiff::civil::Date;
use pulsekeep_core::{Clock, ManualClock, account::ProviderKey, time::DayRange};
use pulsekeep_provider::ProviderConfig;
use pulsekeep_simulator::{Simulator, SimulatorConfig};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

/// The simulator of both providers.
pub(crate) struct Outside {
    simulator: Simulator,
    http: reqwest::Client,
    /// Whether places are asked for too.
    pub(crate) routes: bool,
}

impl Outside {
    pub(crate) async fn start(clock: &ManualClock) -> Self {
        let clock = clock.clone();
        let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(move || clock.now().0));
        Self {
            simulator: Simulator::start(config).await.unwrap(),
            http: reqwest::Client::new(),
            routes: false,
        }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.simulator.base_url())).unwrap()
    }

    pub(crate) fn config(&self, key: ProviderKey) -> ProviderConfig {
        let (authorize, token, revoke, api) = match key {
            ProviderKey::GoogleHealth => {
                ("/google/o/oauth2/v2/auth", "/google/token", "/google/revoke", "/google")
            }
            ProviderKey::Fitbit => {
                ("/fitbit/oauth2/authorize", "/fitbit/oauth2/token", "/fitbit/oauth2/revoke", "/fitbit")
            }
        };
        ProviderConfig {
            client_id: "pulsekeep-demo".to_owned(),
            client_secret: SecretString::from("pulsekeep-demo-secret"),
            authorize_url: self.url(authorize),
            token_url: self.url(token),
            revoke_url: self.url(revoke),
            api_url: self.url(api),
            routes: self.routes,
        }
    }

    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, self.url(&format!("/control{path}")));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() }
    }

    /// The code of a consent.
    pub(crate) async fn consent(&self, consent: Value, state: &str) -> String {
        let answer = self.control(Method::POST, "/consent", Some(consent)).await;
        let back = Url::parse(answer["redirect_to"].as_str().unwrap()).unwrap();
        let parameter = |name: &str| {
            let found = back.query_pairs().find(|(n, _)| n == name);
            found.map(|(_, v)| v.into_owned()).unwrap()
        };
        assert_eq!(parameter("state"), state);
        parameter("code")
    }

    /// What a person did on a day.
    pub(crate) async fn truth(&self, person: &str, day: Date) -> Value {
        self.control(Method::GET, &format!("/people/{person}/truth?day={day}"), None).await
    }

    /// Everything that a provider would tell of some days, and of the night behind them.
    pub(crate) async fn truth_of_range(&self, provider: ProviderKey, person: &str, days: DayRange) -> Value {
        let name = match provider {
            ProviderKey::GoogleHealth => "google",
            ProviderKey::Fitbit => "fitbit",
        };
        let (from, to) = (days.start, days.end);
        let path = format!("/people/{person}/truth/range?provider={name}&from={from}&to={to}");
        self.control(Method::GET, &path, None).await
    }

    /// Sets the faults.
    pub(crate) async fn faults(&self, faults: Value) {
        self.control(Method::PUT, "/faults", Some(faults)).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.faults(json!([])).await;
    }

    /// Sets the switches; those left out are at rest.
    pub(crate) async fn switches(&self, switches: Value) {
        self.control(Method::PUT, "/switches", Some(switches)).await;
    }

    /// Forgets the requests so far.
    pub(crate) async fn forget_requests(&self) {
        self.control(Method::DELETE, "/requests", None).await;
    }

    /// How many requests there were whose family contains `part` and whose status is one of these (any, if none).
    pub(crate) async fn requests(&self, part: &str, statuses: &[u64]) -> i32 {
        let log = self.control(Method::GET, "/requests", None).await;
        let wanted = |line: &&Value| {
            line["family"].as_str().unwrap().contains(part)
                && (statuses.is_empty() || statuses.contains(&line["status"].as_u64().unwrap()))
        };
        let lines = log["requests"].as_array().unwrap();
        let count: u64 = lines.iter().filter(wanted).map(|line| line["count"].as_u64().unwrap()).sum();
        i32::try_from(count).unwrap()
    }
}
