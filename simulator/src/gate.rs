//! What every provider request passes: the log, and faults that meet it on the wire.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::faults::{FaultKind, Provider, Target};
use crate::google::error::GoogleError;
use crate::google::respond::Wire;
use crate::oauth::{Fields, bearer};
use crate::request_log::{RequestKind, family};
use crate::state::State;

/// Logs a request, lets it meet its faults, and passes it on.
pub(crate) async fn pass(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(provider) = Provider::of_path(&path) else { return next.run(request).await };
    let person = person_of(&state, provider, &request);
    let target = Target { provider, person: person.as_deref(), path: &path };
    let faults = state.faults().take(target, on_the_wire);
    let query = request.uri().query().unwrap_or_default().to_owned();
    if !state.latency().is_zero() {
        tokio::time::sleep(state.latency()).await;
    }
    let response = meet(&state, provider, &query, faults, request, next).await;
    state.log().add(RequestKind {
        provider,
        family: family(&path),
        status: response.status().as_u16(),
        person,
    });
    response
}

fn on_the_wire(kind: &FaultKind) -> bool {
    use FaultKind::{
        ConnectionReset, Gone, Latency, ServerErrorHtml, ServerErrorJson, TooManyRequests, TruncatedJson,
    };
    matches!(
        kind,
        Latency { .. }
            | TooManyRequests { .. }
            | ServerErrorJson { .. }
            | ServerErrorHtml { .. }
            | TruncatedJson
            | ConnectionReset
            | Gone
    )
}

/// Whose token the request carries, valid or not.
fn person_of(state: &State, provider: Provider, request: &Request) -> Option<String> {
    let query = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
    let token = bearer(request.headers()).or_else(|| query.get("access_token"))?;
    state.signer().read(provider, token, state.people()).map(|claims| claims.person)
}

async fn meet(
    state: &State,
    provider: Provider,
    query: &str,
    faults: Vec<FaultKind>,
    request: Request,
    next: Next,
) -> Response {
    let google = provider == Provider::Google;
    let wire = Wire::of_query(query);
    let mut cut = None;
    if state.switches().gone {
        return gone(provider, &wire);
    }
    for fault in faults {
        match fault {
            FaultKind::Latency { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            FaultKind::TooManyRequests { retry_after } if google => {
                return wire.refuse(&GoogleError::quota(state.switches().google_person_limit(), retry_after));
            }
            FaultKind::TooManyRequests { retry_after } => return fitbit_429(state, retry_after),
            FaultKind::ServerErrorJson { status } if google => {
                return wire.refuse(&GoogleError::server(status));
            }
            FaultKind::ServerErrorJson { status } => {
                return crate::fitbit::error::server(status).into_response();
            }
            FaultKind::ServerErrorHtml { status } => return html_error(status),
            FaultKind::Gone => return gone(provider, &wire),
            FaultKind::TruncatedJson | FaultKind::ConnectionReset => cut = Some(fault),
            _ => {}
        }
    }
    let response = next.run(request).await;
    match cut {
        Some(FaultKind::TruncatedJson) => truncated(response).await,
        Some(_) => reset(response).await,
        None => response,
    }
}

fn gone(provider: Provider, wire: &Wire) -> Response {
    match provider {
        Provider::Google => wire.refuse(&GoogleError::gone()),
        Provider::Fitbit => crate::fitbit::error::gone().into_response(),
    }
}

fn fitbit_429(state: &State, retry_after: Option<u64>) -> Response {
    let mut response = crate::fitbit::error::too_many().into_response();
    let headers = response.headers_mut();
    headers.insert("fitbit-rate-limit-limit", HeaderValue::from(state.switches().fitbit_requests_per_hour));
    headers.insert("fitbit-rate-limit-remaining", HeaderValue::from(0));
    headers.insert("fitbit-rate-limit-reset", HeaderValue::from(3600 - state.now().rem_euclid(3600)));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn html_error(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
    (status, Html(page)).into_response()
}

async fn whole_body(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// Half of the answer, sent as if it were all.
async fn truncated(response: Response) -> Response {
    let (mut parts, bytes) = whole_body(response).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}

/// Half of the answer, then the connection ends before the promised length.
async fn reset(response: Response) -> Response {
    let (mut parts, bytes) = whole_body(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let half = bytes.slice(..bytes.len() / 2);
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was asked for");
    let pieces: Vec<Result<Bytes, std::io::Error>> = vec![Ok(half), Err(broken)];
    Response::from_parts(parts, Body::from_stream(futures::stream::iter(pieces)))
}
