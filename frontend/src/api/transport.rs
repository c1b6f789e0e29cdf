//! `POST /graphql`.

use std::cell::Cell;
use std::collections::HashMap;
use std::pin::Pin;

use gloo_net::http::Request;
use graphql_client::GraphQLQuery;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use web_sys::{AbortController, AbortSignal};

use super::errors::{Answer, ApiError, Refusal};

/// Aborts the request when its future is dropped, that is when the page that asked is gone.
struct Abort {
    controller: Option<AbortController>,
    done: Cell<bool>,
}

impl Abort {
    fn new() -> Self {
        Self { controller: AbortController::new().ok(), done: Cell::new(false) }
    }

    fn signal(&self) -> Option<AbortSignal> {
        self.controller.as_ref().map(AbortController::signal)
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let (Some(controller), false) = (&self.controller, self.done.get()) {
            controller.abort();
        }
    }
}

/// Sends an operation and reads its answer.
///
/// All that does not depend on the operation's types is in [`post`], which is compiled once: it is most of the code.
///
/// # Errors
/// See [`ApiError`]; an ended web session also takes the app to the sign-in page.
pub async fn send<Q: GraphQLQuery>(variables: Q::Variables) -> Result<Q::ResponseData, ApiError> {
    send_as::<Q, Q::ResponseData>(variables).await
}

/// The same, for an operation whose answer is read as `T`: several operations share a selection, and one type serves all.
///
/// # Errors
/// As [`send`].
pub async fn send_as<Q: GraphQLQuery, T: DeserializeOwned>(variables: Q::Variables) -> Result<T, ApiError> {
    let body = serde_json::to_string(&Q::build_query(variables)).map_err(|_| ApiError::Unreadable)?;
    let data = post(body).await?;
    serde_json::from_str(data.get()).map_err(|_| ApiError::Unreadable)
}

/// Sends an operation whose only variable is an id, and gives the one field of its answer.
///
/// # Errors
/// As [`send`].
pub async fn send_by_id<T: DeserializeOwned>(query: &str, name: &str, id: &str) -> Result<T, ApiError> {
    send_one(query, name, &serde_json::json!({ "id": id })).await
}

/// The same with further variables.
///
/// # Errors
/// As [`send`].
pub async fn send_one<T: DeserializeOwned>(
    query: &str,
    name: &str,
    variables: &serde_json::Value,
) -> Result<T, ApiError> {
    let body = serde_json::json!({ "query": query, "operationName": name, "variables": variables });
    let data = post(body.to_string()).await?;
    let fields = serde_json::from_str::<HashMap<String, T>>(data.get()).map_err(|_| ApiError::Unreadable)?;
    fields.into_values().next().ok_or(ApiError::Unreadable)
}

/// The `data` of the answer to a request.
fn post(body: String) -> Pin<Box<dyn Future<Output = Result<Box<RawValue>, ApiError>>>> {
    Box::pin(async move {
        let result = exchange(body).await;
        if matches!(result, Err(ApiError::Unauthenticated)) {
            crate::state::session::expire();
        }
        result
    })
}

async fn exchange(body: String) -> Result<Box<RawValue>, ApiError> {
    let abort = Abort::new();
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json, application/json")
        .abort_signal(abort.signal().as_ref())
        .body(body)
        .map_err(|_| ApiError::Unreadable)?;
    let response = request.send().await.map_err(|_| ApiError::Offline)?;
    let (status, request_id) = (response.status(), response.headers().get("x-request-id"));
    let text = response.text().await.map_err(|_| ApiError::Offline)?;
    abort.done.set(true);
    match serde_json::from_str::<Answer>(&text) {
        Ok(answer) => answer.into_result(),
        Err(_) if status == 401 => Err(ApiError::Unauthenticated),
        Err(_) if !(200..300).contains(&status) => {
            Err(ApiError::Refused(Refusal { code: status.to_string(), message: String::new(), request_id }))
        }
        Err(_) => Err(ApiError::Unreadable),
    }
}
