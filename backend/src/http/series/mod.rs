//! `GET /data/v1/series`: samples as columns, for programs that analyse them.
//!
//! Arrow and CSV are streamed, a batch at a time, as fast as the caller takes them; a failure on the way breaks the
//! connection off, so that half an answer is never taken for a whole one. Parquet has its index at the end and is asked
//! for in ranges: it is written to a temporary file first.

mod question;
mod range;
mod spool;
mod stream;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use pulsekeep_core::account::Scope;
use pulsekeep_export::{ExportError, SeriesQuestion};
use tokio::sync::Semaphore;

use super::{App, Problem, RequestId, graphql::known_caller};
use question::{Asked, Format};

/// Parquet files that are written at the same time; each may take as much space as is allowed to one.
const SPOOLS: usize = 2;

/// What the route keeps from one request to the next.
#[derive(Clone)]
pub(super) struct SeriesState {
    spools: Arc<Semaphore>,
}

impl Default for SeriesState {
    fn default() -> Self {
        Self { spools: Arc::new(Semaphore::new(SPOOLS)) }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::TooLarge(limit) => {
                let megabytes = limit >> 20;
                let text = format!(
                    "The Parquet file would be larger than {megabytes} MB, the limit of this server \
                     (http.parquet_limit_mb); ask for fewer days, people or metrics, or for format=arrow, which has no limit"
                );
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RESULT_TOO_LARGE", text)
            }
            ExportError::Gone => {
                let text = "A person has gone while their samples were read; ask again";
                Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", text)
            }
            other => Self::internal(&other),
        }
    }
}

pub(super) async fn answer(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match respond(&app, &parts).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&RequestId::of(&parts.extensions)),
    }
}

async fn respond(app: &App, parts: &Parts) -> Result<Response, Problem> {
    let caller = known_caller(app, parts).await?;
    let Some(viewer) = caller.viewer.filter(|viewer| viewer.has(Scope::ReadMetrics)) else {
        let text = "This needs the scope read:metrics; make an API token that has it";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", text));
    };
    let asked = question::read(app, viewer, parts.uri.query().unwrap_or_default()).await?;
    let version = asked.question.version(&app.services.store).await?;
    let tag = tag_of(&asked, &version);
    if unchanged(&parts.headers, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(with_headers(response, &asked, &tag));
    }
    let is_head = parts.method == http::Method::HEAD;
    match asked.format {
        Format::Parquet => spool::answer(app, &parts.headers, asked, version).await,
        _ if is_head => Ok(with_headers(Response::new(Body::empty()), &asked, &tag)),
        format => {
            let body = stream::body(app.services.store.clone(), asked.question.clone(), format);
            Ok(with_headers(Response::new(body), &asked, &tag))
        }
    }
}

/// The entity tag. A stream's is a weak one: what it is made of may change while it is sent.
fn tag_of(asked: &Asked, version: &str) -> String {
    match asked.format {
        Format::Parquet => format!("\"{version}-parquet\""),
        Format::Arrow => format!("W/\"{version}-arrow\""),
        Format::Csv => format!("W/\"{version}-csv\""),
    }
}

/// Whether the caller has this version: `If-None-Match`, compared weakly as RFC 9110 has it.
pub(super) fn unchanged(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|known| known.trim() == "*" || opaque(known) == opaque(tag)))
}

fn with_headers(mut response: Response, asked: &Asked, tag: &str) -> Response {
    let headers = response.headers_mut();
    let file = file_name(&asked.question, asked.format);
    let disposition = format!("attachment; filename=\"{file}\"");
    let texts = [
        (header::CONTENT_TYPE, asked.format.media_type()),
        (header::ETAG, tag),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        // Kept by the caller alone, and asked for again each time: what is unchanged is not sent.
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    response
}

/// A name for the file: who, what and when, as far as it is one.
fn file_name(question: &SeriesQuestion, format: Format) -> String {
    let days = question.range.days();
    let mut parts = vec!["pulsekeep".to_owned()];
    if let [user] = &question.people[..] {
        parts.push(user.code.clone());
    }
    if let [metric] = question.metrics[..] {
        parts.push(metric.key().to_owned());
    }
    if let pulsekeep_store::person::SampleRange::Days(_) = question.range {
        parts.push(days.start.to_string());
        parts.push(days.last().to_string());
    }
    format!("{}.{}", parts.join("_"), format.extension())
}
