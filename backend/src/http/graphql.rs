//! `POST /graphql`: JSON alone, from our own pages or with a bearer token.

use std::sync::Arc;

use async_graphql::Request as GraphQlRequest;
use axum::{
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

use super::{App, Caller, Problem, RequestId, caller::bearer, origin};
use crate::graphql::{Executor, Loaders, SharedCaller};

pub(super) async fn answer(State(app): State<App>, request: Request) -> Response {
    let id = RequestId::of(request.extensions());
    match execute(&app, request, &id).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&id),
    }
}

async fn execute(app: &App, request: Request, id: &RequestId) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if bearer(&parts.headers).is_none() {
        origin::check(&parts.headers, &app.services.public_url)?;
    }
    let query = read(&parts.headers, Request::from_parts(parts.clone(), body)).await?;
    let caller = Caller::of(app, &parts).await?;
    let loaders = Loaders::new(&app.services, caller.viewer.as_ref());
    let query = query.data(SharedCaller(Arc::new(caller))).data(loaders);
    let answer = Executor::new(app.schema.clone(), id.clone()).run(query).await;
    let mut response = axum::Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn read(headers: &HeaderMap, request: Request) -> Result<GraphQlRequest, Problem> {
    if !is_json(headers) {
        let text = "Send the query as JSON: Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", text));
    }
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let text = "The request is larger than 64 KiB; ask for less at once";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", text)
        }
        status => Problem::new(status, "BAD_REQUEST", "The request's body could not be read"),
    })?;
    serde_json::from_slice(&body).map_err(|_| {
        let text = "The body must be one JSON object: {\"query\": \"…\", \"variables\": {…}}";
        Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", text)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"))
}

/// The caller of a request that is no GraphQL; a person who is signed in or holds a token.
///
/// # Errors
/// 401 for nobody known or a refused token.
pub(super) async fn known_caller(app: &App, parts: &Parts) -> Result<Caller, Problem> {
    let caller = Caller::of(app, parts).await?;
    if caller.viewer.is_none() {
        let text = "Sign in, or send an API token: Authorization: Bearer pk_…";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", text));
    }
    Ok(caller)
}
