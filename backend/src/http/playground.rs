//! The GraphQL playground, for signed-in people, from files of our own.

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, StatusCode, request::Parts};

use super::{App, Caller, RequestId, assets, security::Page};

const MISSING: &str = "The playground was left out of this build: it needs npm at build time. Everything else works; \
                       any GraphQL client can use /graphql with an API token.";

pub(super) async fn index(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(response) = signed_in(&app, &parts).await {
        return response;
    }
    let mut page = Page::new();
    page.blob_workers = true;
    let found = assets::page(&app.options.playground_root.join("index.html"), page).await;
    found.unwrap_or_else(|| assets::sentence(StatusCode::NOT_FOUND, MISSING))
}

/// The scripts and styles are the same for everybody and say nothing about anybody.
pub(super) async fn file(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let found = assets::file(&app.options.playground_root, &path, &headers).await;
    found.unwrap_or_else(|| assets::sentence(StatusCode::NOT_FOUND, MISSING))
}

async fn signed_in(app: &App, parts: &Parts) -> Result<(), Response> {
    match Caller::of(app, parts).await {
        Ok(caller) if caller.viewer.is_some() => Ok(()),
        Ok(_) => Err(Redirect::to("/sign-in?next=%2Fplayground").into_response()),
        Err(problem) => Err(problem.answer(&RequestId::of(&parts.extensions))),
    }
}
