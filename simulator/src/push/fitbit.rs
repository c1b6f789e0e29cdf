//! Fitbit's subscriptions: `/fitbit/1/user/-/[{collection}/]apiSubscriptions[/{id}].json`, and the verification of the
//! subscriber's address, which a developer enters at dev.fitbit.com.

use axum::Json;
use axum::extract::{OriginalUri, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::deliver;
use crate::fitbit::error;
use crate::refusal::Refusal;
use crate::state::{Caller, State};

/// Collections and the scope of each.
const COLLECTIONS: [(&str, &str); 4] =
    [("activities", "activity"), ("body", "weight"), ("foods", "nutrition"), ("sleep", "sleep")];
const LONGEST_ID: usize = 50;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Subscription {
    person: String,
    /// None for all.
    collection: Option<String>,
    id: String,
    subscriber: String,
}

/// The subscriber's address and the subscriptions of accounts.
#[derive(Default)]
pub(crate) struct Fitbit {
    endpoint: Option<String>,
    subscriptions: Vec<Subscription>,
}

impl Fitbit {
    /// The verified address.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    pub(super) fn set_endpoint(&mut self, endpoint: Option<String>) {
        self.endpoint = endpoint;
    }

    /// The ids under which a person is told of a collection; of "all" and of the collection itself there are two.
    pub(super) fn subscribed(&self, person: &str, collection: &str) -> Vec<String> {
        let fits = |s: &&Subscription| {
            s.person == person && s.collection.as_deref().is_none_or(|own| own == collection)
        };
        self.subscriptions.iter().filter(fits).map(|s| s.id.clone()).collect()
    }

    pub(super) fn any_subscription(&self, person: &str) -> Option<String> {
        self.subscriptions.iter().find(|s| s.person == person).map(|s| s.id.clone())
    }

    /// Ends all subscriptions of a person, as the end of a consent does.
    pub(super) fn forget(&mut self, person: &str) {
        self.subscriptions.retain(|s| s.person != person);
    }

    pub(super) fn count(&self) -> usize {
        self.subscriptions.len()
    }
}

/// The two requests that verify an address: the right code must get 204, another one 404. Returns both statuses.
pub(super) async fn verify(endpoint: &str, code: &str) -> [Option<u16>; 2] {
    let ask = async |code: &str| {
        let query = url::form_urlencoded::byte_serialize(code.as_bytes()).collect::<String>();
        deliver::send("GET", &format!("{endpoint}?verify={query}"), &[], Vec::new()).await
    };
    [ask(code).await, ask("certainlyincorrectverificationcode").await]
}

/// Every request below `apiSubscriptions`.
pub(crate) async fn api(
    Shared(state): Shared<State>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let answer = crate::fitbit::authenticate(&state, &headers, uri.path())
        .and_then(|caller| act(&state, &caller, &method, uri.path(), &headers));
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// Collection and id of a path: `[{collection}/]apiSubscriptions[/{id}].json`.
fn parts(path: &str) -> Option<(Option<&str>, Option<&str>)> {
    let below = path.strip_prefix("/fitbit/1/user/-/")?.strip_suffix(".json")?;
    let (before, after) = below.split_once("apiSubscriptions")?;
    let collection = before.strip_suffix('/').filter(|name| !name.is_empty());
    (before.is_empty() || collection.is_some()).then_some(())?;
    let id = match after {
        "" => None,
        after => Some(after.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'))?),
    };
    Some((collection, id))
}

fn act(
    state: &State,
    caller: &Caller,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let (collection, id) = parts(path).ok_or_else(error::not_found)?;
    if let Some(name) = collection {
        let (_, scope) = COLLECTIONS.iter().find(|(known, _)| *known == name).ok_or_else(error::not_found)?;
        if !caller.scopes().names(crate::faults::Provider::Fitbit).iter().any(|name| name == scope) {
            return Err(error::scope_missing(name));
        }
    }
    let profile = &caller.person.profile;
    let shown = |s: &Subscription| -> Value {
        json!({
            "collectionType": s.collection.as_deref().unwrap_or("user"),
            "ownerId": profile.fitbit_id,
            "ownerType": "user",
            "subscriberId": s.subscriber,
            "subscriptionId": s.id,
        })
    };
    let push = state.push().clone();
    let mut inner = push.inner();
    let all = &mut inner.fitbit.subscriptions;
    let same_stream = |s: &Subscription| s.person == profile.id && s.collection.as_deref() == collection;
    match (method, id) {
        (&Method::GET, None) => {
            let list: Vec<Value> = all.iter().filter(|s| same_stream(s)).map(shown).collect();
            Ok(Json(json!({ "apiSubscriptions": list })).into_response())
        }
        (&Method::POST, Some(id)) => {
            if !headers.contains_key(header::CONTENT_LENGTH) {
                let message = "Content-Length header is required.";
                return Err(error::error(StatusCode::LENGTH_REQUIRED, "request", None, message));
            }
            if id.len() > LONGEST_ID {
                return Err(error::invalid("subscriptionId", "The subscription id is too long."));
            }
            if let Some(known) = all.iter().find(|s| same_stream(s) && s.id == id) {
                return Ok(Json(shown(known)).into_response());
            }
            // the same user under another id, or that id for another stream
            if all.iter().any(|s| same_stream(s) || s.id == id) {
                let message = "The user is already subscribed to this stream with a different subscription id, or the id is taken.";
                return Err(error::error(StatusCode::CONFLICT, "conflict", None, message));
            }
            let subscriber = headers.get("x-fitbit-subscriber-id").and_then(|id| id.to_str().ok());
            let new = Subscription {
                person: profile.id.to_owned(),
                collection: collection.map(str::to_owned),
                id: id.to_owned(),
                subscriber: subscriber.unwrap_or("1").to_owned(),
            };
            let answer = (StatusCode::CREATED, Json(shown(&new))).into_response();
            all.push(new);
            Ok(answer)
        }
        (&Method::DELETE, Some(id)) => {
            let before = all.len();
            all.retain(|s| !(same_stream(s) && s.id == id));
            if all.len() == before {
                return Err(error::not_found());
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(error::not_found()),
    }
}
