//! `GET /data/v1/raw/{id}`: what a provider answered, byte for byte.

use axum::{
    extract::{Path, Query, Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use pulsekeep_core::{
    account::Scope,
    id::{RawId, UserId},
};
use serde::Deserialize;

use super::{App, Problem, RequestId, graphql::known_caller};

#[derive(Debug, Deserialize)]
pub(super) struct RawQuery {
    /// Whose document; the caller's own when left out.
    user: Option<String>,
}

pub(super) async fn raw(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<RawQuery>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match body(&app, &parts, &id, query).await {
        Ok(body) => {
            let mut response = body.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            response
        }
        Err(problem) => problem.answer(&RequestId::of(&parts.extensions)),
    }
}

async fn body(app: &App, parts: &Parts, id: &str, query: RawQuery) -> Result<Vec<u8>, Problem> {
    let caller = known_caller(app, parts).await?;
    let Some(viewer) = caller.viewer.filter(|viewer| viewer.has(Scope::ReadMetrics)) else {
        let text = "This needs the scope read:metrics; make an API token that has it";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", text));
    };
    let bad = |text: String| Problem::new(StatusCode::BAD_REQUEST, "BAD_INPUT", text);
    let id: RawId = id.parse().map_err(|e: pulsekeep_core::id::InvalidId| bad(e.to_string()))?;
    let named = query.user.map(|user| user.parse::<UserId>()).transpose().map_err(|e| bad(e.to_string()))?;
    let not_found = || {
        let text = "There is no such raw document; for another person's, add ?user= with their id";
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", text)
    };
    let user = named.or(viewer.user).ok_or_else(not_found)?;
    let person = app.services.store.person(&viewer, user).await.map_err(|e| Problem::internal(&e))?;
    let body = person.ok_or_else(not_found)?.raw_body(id).await.map_err(|e| Problem::internal(&e))?;
    body.ok_or_else(not_found)
}
