//! `/google/v4/projects/{project}/subscribers`, and the published keys.

use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, Path, State as Shared};
use axum::http::{HeaderMap, Response, Uri};
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::deliver;
use super::subscribers::{Config, Subscriber, Subscription, TYPES};
use super::{Inner, account};
use crate::google::error::GoogleError;
use crate::google::respond::Wire;
use crate::state::State;

type Answer = Result<Value, GoogleError>;

/// Routes below `/google`.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/webhooks/webhooks_public_keyset.json", get(key_set))
        .route("/v4/projects/{project}/subscribers", get(list).post(create))
        .route("/v4/projects/{project}/subscribers/{id}", get(show).patch(patch).delete(remove))
        .route(
            "/v4/projects/{project}/subscribers/{id}/subscriptions",
            get(list_subscriptions).post(subscribe),
        )
        .route(
            "/v4/projects/{project}/subscribers/{id}/subscriptions/{subscription}",
            get(show_subscription).patch(patch_subscription).delete(unsubscribe),
        )
}

async fn key_set(Shared(state): Shared<State>) -> Response<Body> {
    Json(state.push().inner().keys.published()).into_response()
}

/// A request of the service account.
struct Call {
    state: State,
    wire: Wire,
    admitted: Result<(), GoogleError>,
}

impl Call {
    fn new(state: State, uri: &Uri, headers: &HeaderMap) -> Call {
        let wire = Wire::of_query(uri.query().unwrap_or_default());
        let admitted = match wire.token(headers) {
            None => Err(GoogleError::credentials_missing("DataSubscriptionService")),
            Some(token) if account::is_good(&state, token) => Ok(()),
            // a person's token is no token of the project
            Some(token)
                if state.signer().read(crate::faults::Provider::Google, token, state.people()).is_some() =>
            {
                Err(GoogleError::permission_denied())
            }
            Some(_) => Err(GoogleError::credentials_invalid()),
        };
        Call { state, wire, admitted }
    }

    fn finish(&self, answer: Answer) -> Response<Body> {
        answer.and_then(|value| self.wire.answer(&value)).unwrap_or_else(|error| self.wire.refuse(&error))
    }

    fn answer(&self, make: impl FnOnce(&mut Inner) -> Answer) -> Response<Body> {
        let answer = self.admitted.clone().and_then(|()| make(&mut self.state.push().inner()));
        self.finish(answer)
    }

    /// The answer to a change: bare as the guide shows it, or in an operation as the discovery document has it.
    fn changed(&self, subscriber: Value) -> Value {
        if self.state.switches().google_webhook_operation {
            return json!({ "name": "operations/subscriber", "done": true, "response": subscriber });
        }
        subscriber
    }

    fn page(&self, all: Vec<Value>, name: &str, (usual, most): (usize, usize)) -> Value {
        let number = |name: &str| self.wire.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let size = number("pageSize").filter(|size| *size > 0).unwrap_or(usual).min(most);
        let skip = number("pageToken").unwrap_or(0);
        let total = all.len();
        let shown: Vec<Value> = all.into_iter().skip(skip).take(size).collect();
        let end = skip + shown.len();
        let mut page = json!({ name: shown, "totalSize": total });
        if end < total {
            page["nextPageToken"] = end.to_string().into();
        }
        page
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorization {
    secret: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    #[expect(dead_code, reason = "a name in a patch is allowed and says nothing new")]
    name: Option<String>,
    endpoint_uri: Option<String>,
    #[serde(default)]
    subscriber_configs: Vec<Config>,
    endpoint_authorization: Option<Authorization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionPayload {
    user: Option<String>,
    #[serde(default)]
    data_types: Vec<String>,
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, GoogleError> {
    serde_json::from_slice(body).map_err(|error| GoogleError::invalid_payload(&error.to_string()))
}

/// 4–36 characters: a letter, then letters, digits and hyphens, no hyphen at the end.
fn is_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    (4..=36).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(inner)
        && bytes.last() != Some(&b'-')
}

/// Public HTTPS, or, here alone, HTTP on loopback.
fn is_endpoint(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" || deliver::is_loopback(&url))
}

fn known_types(types: &[String]) -> Result<(), GoogleError> {
    match types.iter().find(|name| !TYPES.contains(&name.as_str())) {
        Some(_) => Err(GoogleError::invalid_argument()),
        None => Ok(()),
    }
}

async fn create(
    Shared(state): Shared<State>,
    Path(project): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    let answer = make(&call, project, &body).await;
    call.finish(answer)
}

async fn make(call: &Call, project: String, body: &Bytes) -> Answer {
    call.admitted.clone()?;
    let id = call.wire.parameter("subscriberId").unwrap_or_default().to_owned();
    let payload: Payload = read(body)?;
    let (Some(endpoint), Some(authorization)) = (payload.endpoint_uri, payload.endpoint_authorization) else {
        return Err(GoogleError::invalid_argument());
    };
    if !is_id(&id) || !is_endpoint(&endpoint) || authorization.secret.is_empty() {
        return Err(GoogleError::invalid_argument());
    }
    for config in &payload.subscriber_configs {
        known_types(&config.data_types)?;
    }
    let key = (project, id);
    if call.state.push().inner().subscribers.0.contains_key(&key) {
        return Err(GoogleError::already_exists());
    }
    verified(&endpoint, &authorization.secret).await?;
    let now = call.state.now();
    let subscriber = Subscriber {
        endpoint,
        configs: payload.subscriber_configs,
        secret: authorization.secret,
        created: now,
        updated: now,
        subscriptions: Default::default(),
    };
    let shown = subscriber.shown(&key.0, &key.1);
    call.state.push().inner().subscribers.0.insert(key, subscriber);
    Ok(call.changed(shown))
}

/// The two posts: with the secret 200 or 201, without it 401 or 403.
async fn verified(endpoint: &str, secret: &str) -> Result<(), GoogleError> {
    let body = json!({ "type": "verification" }).to_string().into_bytes();
    let post = async |secret: Option<&str>| {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "Google-Health-API-Webhooks-Verifier".to_owned()),
        ];
        headers.extend(secret.map(|secret| ("authorization".to_owned(), secret.to_owned())));
        deliver::send("POST", endpoint, &headers, body.clone()).await
    };
    let (with, without) = (post(Some(secret)).await, post(None).await);
    if matches!(with, Some(200 | 201)) && matches!(without, Some(401 | 403)) {
        Ok(())
    } else {
        Err(GoogleError::endpoint_not_verified())
    }
}

async fn list(
    Shared(state): Shared<State>,
    Path(project): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    call.answer(|inner| {
        let own = inner.subscribers.0.iter().filter(|((of, _), _)| *of == project);
        let all = own.map(|((_, id), subscriber)| subscriber.shown(&project, id)).collect();
        Ok(call.page(all, "subscribers", (50, 1000)))
    })
}

async fn show(
    Shared(state): Shared<State>,
    Path(key): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    Call::new(state, &uri, &headers).answer(|inner| Ok(found(inner, &key)?.shown(&key.0, &key.1)))
}

fn found<'a>(inner: &'a mut Inner, key: &(String, String)) -> Result<&'a mut Subscriber, GoogleError> {
    inner.subscribers.0.get_mut(key).ok_or_else(GoogleError::not_found)
}

async fn patch(
    Shared(state): Shared<State>,
    Path(key): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    let answer = change(&call, &key, &body).await;
    call.finish(answer)
}

async fn change(call: &Call, key: &(String, String), body: &Bytes) -> Answer {
    call.admitted.clone()?;
    let payload: Payload = read(body)?;
    let mask: Vec<&str> = call.wire.parameter("updateMask").unwrap_or_default().split(',').collect();
    let mut changed = found(&mut call.state.push().inner(), key)?.clone();
    let mut verify = false;
    for field in mask {
        match field {
            "endpointUri" => {
                changed.endpoint = payload
                    .endpoint_uri
                    .clone()
                    .filter(|text| is_endpoint(text))
                    .ok_or_else(GoogleError::invalid_argument)?;
                verify = true;
            }
            "subscriberConfigs" => {
                for config in &payload.subscriber_configs {
                    known_types(&config.data_types)?;
                }
                // a full replacement
                changed.configs.clone_from(&payload.subscriber_configs);
            }
            "endpointAuthorization" => {
                let given = payload.endpoint_authorization.as_ref().filter(|a| !a.secret.is_empty());
                changed.secret.clone_from(&given.ok_or_else(GoogleError::invalid_argument)?.secret);
                verify = true;
            }
            _ => return Err(GoogleError::invalid_argument()),
        }
    }
    if verify {
        verified(&changed.endpoint, &changed.secret).await?;
    }
    changed.updated = call.state.now();
    let shown = changed.shown(&key.0, &key.1);
    *found(&mut call.state.push().inner(), key)? = changed;
    Ok(call.changed(shown))
}

async fn remove(
    Shared(state): Shared<State>,
    Path(key): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    let force = call.wire.parameter("force") == Some("true");
    call.answer(|inner| {
        if !found(inner, &key)?.subscriptions.is_empty() && !force {
            return Err(GoogleError::subscriptions_left());
        }
        inner.subscribers.0.remove(&key);
        Ok(json!({}))
    })
}

async fn subscribe(
    Shared(state): Shared<State>,
    Path(key): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    let id = call.wire.parameter("subscriptionId").unwrap_or_default().to_owned();
    call.answer(|inner| {
        let payload: SubscriptionPayload = read(&body)?;
        let user = payload.user.as_deref().and_then(|user| user.strip_prefix("users/"));
        let user = user.ok_or_else(GoogleError::invalid_argument)?.to_owned();
        known_types(&payload.data_types)?;
        let subscriber = found(inner, &key)?;
        if !is_id(&id) {
            return Err(GoogleError::invalid_argument());
        }
        if subscriber.subscriptions.contains_key(&id) {
            return Err(GoogleError::already_exists());
        }
        let subscription = Subscription { user, data_types: payload.data_types };
        let shown = subscription.shown(&parent(&key), &id);
        subscriber.subscriptions.insert(id, subscription);
        Ok(shown)
    })
}

fn parent(key: &(String, String)) -> String {
    format!("projects/{}/subscribers/{}", key.0, key.1)
}

/// `user = "users/x" AND data_type = "sleep"`, either of them alone, or nothing.
fn filter(text: &str) -> Result<(Option<String>, Option<String>), GoogleError> {
    let (mut user, mut data_type) = (None, None);
    for part in text.split(" AND ").map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(GoogleError::invalid_argument)?;
        let value = value.trim().trim_matches('"').to_owned();
        match name.trim() {
            "user" => user = value.strip_prefix("users/").map(str::to_owned),
            "data_type" => data_type = Some(value),
            _ => return Err(GoogleError::invalid_argument()),
        }
    }
    Ok((user, data_type))
}

async fn list_subscriptions(
    Shared(state): Shared<State>,
    Path(key): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, &headers);
    call.answer(|inner| {
        let (user, data_type) = filter(call.wire.parameter("filter").unwrap_or_default())?;
        let fits = |s: &Subscription| {
            user.as_ref().is_none_or(|user| s.user == *user)
                && data_type.as_ref().is_none_or(|wanted| s.data_types.contains(wanted))
        };
        let all = found(inner, &key)?.subscriptions.iter().filter(|(_, s)| fits(s));
        let all = all.map(|(id, s)| s.shown(&parent(&key), id)).collect();
        Ok(call.page(all, "subscriptions", (50, 1000)))
    })
}

type SubscriptionPath = Path<(String, String, String)>;

fn subscription<'a>(
    inner: &'a mut Inner,
    key: &(String, String),
    id: &str,
) -> Result<&'a mut Subscription, GoogleError> {
    found(inner, key)?.subscriptions.get_mut(id).ok_or_else(GoogleError::not_found)
}

async fn show_subscription(
    Shared(state): Shared<State>,
    Path((project, subscriber, id)): SubscriptionPath,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let key = (project, subscriber);
    Call::new(state, &uri, &headers)
        .answer(|inner| Ok(subscription(inner, &key, &id)?.shown(&parent(&key), &id)))
}

async fn patch_subscription(
    Shared(state): Shared<State>,
    Path((project, subscriber, id)): SubscriptionPath,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let key = (project, subscriber);
    Call::new(state, &uri, &headers).answer(|inner| {
        let payload: SubscriptionPayload = read(&body)?;
        known_types(&payload.data_types)?;
        let subscription = subscription(inner, &key, &id)?;
        subscription.data_types = payload.data_types;
        Ok(subscription.shown(&parent(&key), &id))
    })
}

async fn unsubscribe(
    Shared(state): Shared<State>,
    Path((project, subscriber, id)): SubscriptionPath,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let key = (project, subscriber);
    Call::new(state, &uri, &headers).answer(|inner| {
        found(inner, &key)?.subscriptions.remove(&id).ok_or_else(GoogleError::not_found)?;
        Ok(json!({}))
    })
}
