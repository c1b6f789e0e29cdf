//! The administration of Google's webhook: `projects/{number}/subscribers`.

use pulsekeep_core::{EpochMs, account::ProviderKey, catalogue::push_subjects};
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::account::ServiceAccount;
use crate::{
    HttpClient,
    failure::machine_word,
    http::{Answer, set_bearer},
};

/// The name of our subscriber in its project.
const NAME: &str = "pulsekeep";
/// What a change may replace.
const UPDATE_MASK: &str = "endpointUri,subscriberConfigs,endpointAuthorization";

/// Why the subscriber could not be looked at or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// No answer.
    #[error("Google could not be reached: {0}; try again later")]
    Unreachable(String),
    /// The service account got no token.
    #[error(
        "Google gives the service account no access token ({0}); check that the account and its key exist and that \
         this machine's clock is right"
    )]
    ServiceAccount(String),
    /// The service account may not administer subscribers.
    #[error(
        "the service account may not administer the subscribers of this project; give it a role with that right in the \
         Cloud console (IAM), and check that the project number is right and the Google Health API is enabled"
    )]
    Denied,
    /// Google's verification of the address failed.
    #[error(
        "Google tried the address and did not get the expected answers; it must be public HTTPS, lead to a running \
         `pulsekeep serve`, and that server must have the same WEBHOOK_SECRET"
    )]
    NotVerified,
    /// An answer that is not Google's.
    #[error("Google's answer could not be read; check PROVIDERS__GOOGLE_HEALTH__API_URL")]
    BadAnswer,
    /// Anything else that Google said.
    #[error("Google refused the request (status {status}, {word})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Google's word.
        word: String,
    },
}

/// A subscriber as Google has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Where notifications go.
    pub endpoint: String,
    /// Google's word: `UNVERIFIED`, `ACTIVE` or `INACTIVE`.
    pub state: String,
    /// The data types that everybody who consents is subscribed to.
    pub data_types: Vec<String>,
}

/// Administers the subscriber of a project.
#[derive(Debug)]
pub struct WebhookAdmin {
    http: HttpClient,
    collection: Url,
    account: ServiceAccount,
}

impl WebhookAdmin {
    /// For the project with this number, as `account`. `api_url` is that of the provider.
    #[must_use]
    pub fn new(http: HttpClient, api_url: &Url, project_number: &str, account: ServiceAccount) -> Self {
        let mut collection = api_url.clone();
        let base = collection.path().trim_end_matches('/').to_owned();
        collection.set_path(&format!("{base}/v4/projects/{project_number}/subscribers"));
        collection.set_query(None);
        Self { http, collection, account }
    }

    /// The account's address.
    #[must_use]
    pub fn account(&self) -> &str {
        self.account.email()
    }

    /// Our subscriber, if there is one.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn find(&self, now: EpochMs) -> Result<Option<Subscriber>, WebhookError> {
        let token = self.account.token(&self.http, now).await?;
        self.get(&token).await
    }

    /// Makes the subscriber, or brings it to this address, this secret and the catalogue's data types. Google tries
    /// the address twice before it answers.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn register(
        &self,
        endpoint: &Url,
        secret: &SecretString,
        now: EpochMs,
    ) -> Result<Subscriber, WebhookError> {
        let token = self.account.token(&self.http, now).await?;
        let body = json!({
            "endpointUri": endpoint.as_str(),
            "subscriberConfigs": [{ "dataTypes": data_types(), "subscriptionCreatePolicy": "AUTOMATIC" }],
            "endpointAuthorization": { "secret": secret.expose_secret() },
        });
        let answer = if self.get(&token).await?.is_some() {
            let mut url = self.named();
            url.query_pairs_mut().append_pair("updateMask", UPDATE_MASK);
            self.send(Method::PATCH, url, Some(&body), &token).await?
        } else {
            let mut url = self.collection.clone();
            url.query_pairs_mut().append_pair("subscriberId", NAME);
            self.send(Method::POST, url, Some(&body), &token).await?
        };
        subscriber(&answer).ok_or(WebhookError::BadAnswer)
    }

    /// Removes the subscriber with all its subscriptions; whether there was one.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn remove(&self, now: EpochMs) -> Result<bool, WebhookError> {
        let token = self.account.token(&self.http, now).await?;
        let mut url = self.named();
        url.query_pairs_mut().append_pair("force", "true");
        match self.send(Method::DELETE, url, None, &token).await {
            Ok(_) => Ok(true),
            Err(WebhookError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, token: &SecretString) -> Result<Option<Subscriber>, WebhookError> {
        match self.send(Method::GET, self.named(), None, token).await {
            Ok(answer) => subscriber(&answer).map(Some).ok_or(WebhookError::BadAnswer),
            Err(WebhookError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn named(&self) -> Url {
        let mut url = self.collection.clone();
        url.set_path(&format!("{}/{NAME}", self.collection.path()));
        url
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        token: &SecretString,
    ) -> Result<Answer, WebhookError> {
        let mut request = Request::new(method, url);
        set_bearer(&mut request, token).ok_or(WebhookError::BadAnswer)?;
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        let answer = self.http.send(request).await.map_err(|e| WebhookError::Unreachable(e.to_string()))?;
        if answer.status == 200 { Ok(answer) } else { Err(refusal(&answer)) }
    }
}

/// The data types that we want to be told of.
fn data_types() -> Vec<&'static str> {
    push_subjects(ProviderKey::GoogleHealth).map(|subject| subject.name).collect()
}

fn refusal(answer: &Answer) -> WebhookError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let word = body["error"]["status"].as_str().and_then(machine_word).unwrap_or("no reason given");
    match (answer.status, word) {
        (401 | 403, _) => WebhookError::Denied,
        (_, "FAILED_PRECONDITION") => WebhookError::NotVerified,
        (status, word) => WebhookError::Refused { status, word: word.to_owned() },
    }
}

/// The subscriber of an answer: the documents show it bare, the discovery document inside an operation.
fn subscriber(answer: &Answer) -> Option<Subscriber> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let found = body.get("response").unwrap_or(&body);
    let configs = found["subscriberConfigs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let automatic = configs.iter().filter(|c| c["subscriptionCreatePolicy"] == "AUTOMATIC");
    let types = automatic.flat_map(|c| c["dataTypes"].as_array().into_iter().flatten());
    Some(Subscriber {
        endpoint: found["endpointUri"].as_str()?.to_owned(),
        state: found["state"].as_str().and_then(machine_word).unwrap_or("UNKNOWN").to_owned(),
        data_types: types.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_subscriber_may_stand_in_an_operation() {
        let bare = r#"{"name":"projects/1/subscribers/pulsekeep","endpointUri":"https://x.example/w","state":"ACTIVE",
            "subscriberConfigs":[{"dataTypes":["steps"],"subscriptionCreatePolicy":"AUTOMATIC"},
            {"dataTypes":["sleep"],"subscriptionCreatePolicy":"MANUAL"}]}"#;
        let wrapped = format!(r#"{{"name":"operations/1","done":true,"response":{bare}}}"#);
        let expected = Subscriber {
            endpoint: "https://x.example/w".to_owned(),
            state: "ACTIVE".to_owned(),
            data_types: vec!["steps".to_owned()],
        };
        assert_eq!(subscriber(&answer(200, bare)), Some(expected.clone()));
        assert_eq!(subscriber(&answer(200, &wrapped)), Some(expected));
        assert_eq!(subscriber(&answer(200, "{}")), None);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let error =
            |status, word: &str| refusal(&answer(status, &format!(r#"{{"error":{{"status":"{word}"}}}}"#)));
        assert_eq!(error(400, "FAILED_PRECONDITION"), WebhookError::NotVerified);
        assert_eq!(error(403, "PERMISSION_DENIED"), WebhookError::Denied);
        assert_eq!(
            error(404, "NOT_FOUND"),
            WebhookError::Refused { status: 404, word: "NOT_FOUND".to_owned() }
        );
        assert!(error(500, "a token <x>").to_string().contains("no reason given"));
    }
}
