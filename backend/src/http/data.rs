//! `GET /data/v1/raw/{id}`: what a provider answered, byte for byte.

use std::io::{self, Read};

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    response::Response,
};
use futures::stream;
use http::{HeaderValue, StatusCode, header, request::Parts};
use pulsekeep_core::{
    account::Scope,
    id::{RawId, UserId},
};
use pulsekeep_store::person::RawBody;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{App, Problem, RequestId, graphql::known_caller, series::unchanged};

/// Bytes of a piece of a body, and pieces that wait for the caller.
const PIECE: usize = 64 * 1024;
const PIECES_AHEAD: usize = 2;

#[derive(Debug, Deserialize)]
pub(super) struct RawQuery {
    /// Whose document; found by the document's id when left out.
    user: Option<String>,
}

pub(super) async fn raw(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<RawQuery>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match respond(&app, &parts, &id, query).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&RequestId::of(&parts.extensions)),
    }
}

async fn respond(app: &App, parts: &Parts, id: &str, query: RawQuery) -> Result<Response, Problem> {
    let raw = find(app, parts, id, query).await?;
    let tag = format!("\"{}\"", raw.sha256_hex());
    let mut response = Response::new(Body::empty());
    if unchanged(&parts.headers, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let length = raw.bytes;
        *response.body_mut() = unpacked(raw);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

async fn find(app: &App, parts: &Parts, id: &str, query: RawQuery) -> Result<RawBody, Problem> {
    let caller = known_caller(app, parts).await?;
    let Some(viewer) = caller.viewer.filter(|viewer| viewer.has(Scope::ReadMetrics)) else {
        let text = "This needs the scope read:metrics; make an API token that has it";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", text));
    };
    let bad = |text: String| Problem::new(StatusCode::BAD_REQUEST, "BAD_INPUT", text);
    let id: RawId = id.parse().map_err(|e: pulsekeep_core::id::InvalidId| bad(e.to_string()))?;
    let named = query.user.map(|user| user.parse::<UserId>()).transpose().map_err(|e| bad(e.to_string()))?;
    let not_found = || Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such raw document");
    let store = &app.services.store;
    let owner = match named {
        Some(user) => Some(user),
        None => store.raw_owner(id).await.map_err(|e| Problem::internal(&e))?,
    };
    let owner = owner.ok_or_else(not_found)?;
    let person = store.person(&viewer, owner).await.map_err(|e| Problem::internal(&e))?;
    let body = person.ok_or_else(not_found)?.raw(id).await.map_err(|e| Problem::internal(&e))?;
    body.ok_or_else(not_found)
}

/// A body that is unpacked while it is sent. What does not unpack to the length that was told breaks the connection off.
fn unpacked(raw: RawBody) -> Body {
    let (send, receive) = mpsc::channel::<Result<Bytes, io::Error>>(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = unpack(&raw, &send) {
            tracing::error!(%error, "a raw document was broken off");
            let _ = send.blocking_send(Err(error));
        }
    });
    let pieces =
        stream::unfold(
            receive,
            |mut receive| async move { receive.recv().await.map(|piece| (piece, receive)) },
        );
    Body::from_stream(pieces)
}

fn unpack(raw: &RawBody, send: &mpsc::Sender<Result<Bytes, io::Error>>) -> io::Result<()> {
    let mut reader = raw.reader()?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if (&mut reader).take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        if send.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
}
