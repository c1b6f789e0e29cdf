//! `/control/push`: what tests and the demo ask of webhooks.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::compose::{self, News};
use super::deliver::{self, Parcel};
use super::{fitbit, syncs};
use crate::control::{read, refuse};
use crate::faults::Provider;
use crate::oauth::tokens::{Claims, Kind, client_mark};
use crate::people::{Day, Person};
use crate::refusal::Refusal;
use crate::state::State;

/// Routes below `/control/push`.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/", get(show).delete(clear))
        .route("/service-account", get(service_account))
        .route("/rotate-keys", post(rotate))
        .route("/fitbit", put(set_fitbit))
        .route("/notify", post(notify))
        .route("/revoke", post(revoke))
        .route("/run", post(run))
}

async fn show(Shared(state): Shared<State>) -> Json<Value> {
    let push = state.push().clone();
    let inner = push.inner();
    let subscribers: Vec<Value> =
        inner.subscribers.0.iter().map(|((project, id), s)| s.shown(project, id)).collect();
    Json(json!({
        "subscribers": subscribers,
        "fitbit": { "endpoint": inner.fitbit.endpoint(), "subscriptions": inner.fitbit.count() },
        "waiting": inner.outbox.len(),
        "lost": inner.outbox.lost,
        "dropped": inner.outbox.dropped,
        "attempts": inner.outbox.log,
    }))
}

/// Forgets what waits and the log of attempts.
async fn clear(Shared(state): Shared<State>) -> StatusCode {
    state.push().inner().outbox.clear();
    StatusCode::NO_CONTENT
}

/// The key file of the service account, whose token address is this simulator as the caller names it.
async fn service_account(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    match state.push().account().key_file(&format!("http://{host}")) {
        Some(file) => Json(file).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// Whether the old keys stay in the published set.
    keep: bool,
}

async fn rotate(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read::<Rotate>(&body) {
        Ok(Rotate { keep }) => {
            state.push().inner().keys.rotate(keep);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FitbitSubscriber {
    endpoint: String,
    verify_code: String,
}

/// Enters the subscriber's address at dev.fitbit.com, which verifies it at once.
async fn set_fitbit(Shared(state): Shared<State>, body: Bytes) -> Response {
    let asked: FitbitSubscriber = match read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let statuses = fitbit::verify(&asked.endpoint, &asked.verify_code).await;
    let verified = statuses == [Some(204), Some(404)];
    state.push().inner().fitbit.set_endpoint(verified.then_some(asked.endpoint));
    Json(json!({ "verified": verified, "statuses": statuses })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notify {
    provider: Provider,
    person: String,
    /// Google's data types or Fitbit's collections.
    subjects: Vec<String>,
    /// First and last civil day.
    from: String,
    to: String,
    /// Google: UPSERT unless it says otherwise.
    operation: Option<String>,
    /// Give the requests back instead of sending them.
    #[serde(default)]
    compose: bool,
}

async fn notify(Shared(state): Shared<State>, body: Bytes) -> Response {
    let prepared = read::<Notify>(&body).and_then(|asked| Ok((asked.compose, parcels(&state, &asked)?)));
    match prepared {
        Ok((true, parcels)) => Json(written(&state, &parcels)).into_response(),
        Ok((false, parcels)) => {
            put_out(&state, parcels);
            sent(&state).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn find(state: &State, person: &str) -> Result<std::sync::Arc<Person>, Refusal> {
    let unknown = || refuse(StatusCode::NOT_FOUND, format!("nobody here has the id {person}"));
    state.people().find(person).cloned().ok_or_else(unknown)
}

fn parcels(state: &State, asked: &Notify) -> Result<Vec<Parcel>, Refusal> {
    let person = find(state, &asked.person)?;
    let day = |text: &str| {
        Day::parse(text).ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "from and to are dates, YYYY-MM-DD"))
    };
    let (first, last) = (day(&asked.from)?, day(&asked.to)?);
    // noon is on that day by every clock of the person's
    let noon = |day: Day| {
        let around = day.midnight() + 43_200;
        around - i64::from(person.timeline.offset_at(around))
    };
    let news: Vec<News> = asked
        .subjects
        .iter()
        .map(|subject| News { subject: subject.clone(), from: noon(first), to: noon(last) + 60 })
        .collect();
    Ok(match asked.provider {
        Provider::Google => {
            syncs::google(state, &person, asked.operation.as_deref().unwrap_or("UPSERT"), &news)
        }
        Provider::Fitbit => syncs::fitbit(state, &person, &news).into_iter().collect(),
    })
}

fn put_out(state: &State, parcels: Vec<Parcel>) {
    let push = state.push().clone();
    let mut inner = push.inner();
    for parcel in parcels {
        inner.outbox.put(parcel);
    }
}

/// Requests as they would be sent.
fn written(state: &State, parcels: &[Parcel]) -> Value {
    let switches = state.switches();
    let push = state.push().clone();
    let mut inner = push.inner();
    let requests: Vec<Value> = parcels
        .iter()
        .map(|parcel| {
            json!({
                "url": parcel.endpoint,
                "headers": compose::headers(&mut inner.keys, &switches, parcel),
                "body": String::from_utf8_lossy(&parcel.body),
            })
        })
        .collect();
    json!({ "requests": requests })
}

async fn sent(state: &State) -> Response {
    let attempts = deliver::due(state).await;
    Json(json!({ "attempts": attempts })).into_response()
}

/// Looks which devices have handed over their data, and delivers all that is due.
async fn run(Shared(state): Shared<State>) -> Response {
    syncs::look(&state);
    sent(&state).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    provider: Provider,
    person: String,
    /// Whether the webhook tells of it.
    #[serde(default)]
    quietly: bool,
}

/// Takes a person's consent back at the provider, for all clients, and tells the webhook.
async fn revoke(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read::<Revoke>(&body).and_then(|asked| take_back(&state, &asked)) {
        Ok(parcels) => {
            put_out(&state, parcels);
            sent(&state).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn take_back(state: &State, asked: &Revoke) -> Result<Vec<Parcel>, Refusal> {
    let person = find(state, &asked.person)?;
    let mut parcels: Vec<Parcel> = Vec::new();
    if !asked.quietly {
        let now = state.now();
        match asked.provider {
            Provider::Google => {
                let push = state.push().clone();
                let types: Vec<String> =
                    push.inner().subscribers.0.values().flat_map(|s| s.types()).map(str::to_owned).collect();
                let news: Vec<News> =
                    types.into_iter().map(|subject| News { subject, from: now - 60, to: now }).collect();
                parcels.extend(syncs::google(state, &person, "DELETE", &news));
            }
            Provider::Fitbit => {
                let secret = state.clients().next().map(|client| client.client_secret.clone());
                let push = state.push().clone();
                let inner = push.inner();
                parcels.extend(compose::fitbit_revoked(
                    &inner,
                    &secret.unwrap_or_default(),
                    &person,
                    state.now_ms(),
                ));
            }
        }
    }
    for client in state.clients() {
        let claims = Claims {
            provider: asked.provider,
            kind: Kind::Access,
            client: client_mark(&client.client_id),
            person: person.profile.id.to_owned(),
            scopes: Default::default(),
            grant: 0,
            generation: 0,
            issued: 0,
            testing: false,
        };
        state.grants().revoke(&claims);
    }
    if asked.provider == Provider::Fitbit {
        state.push().inner().fitbit.forget(person.profile.id);
    }
    state.keep();
    Ok(parcels)
}
