//! A request's id, its line in the log, and what becomes of a panic.

use std::{fmt, panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use futures::FutureExt as _;
use http::{Extensions, HeaderName, HeaderValue};
use tracing::Instrument as _;

use super::problem::Problem;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: in the log, in errors and in the header `x-request-id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    fn fresh() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }

    /// The id that [`observe`] gave the request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(Self::fresh)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives each request an id and a line in the log. The line has the route, never the path: a path may hold an
/// invitation token or a person's id.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let id = RequestId::fresh();
    request.extensions_mut().insert(id.clone());
    let route = request.extensions().get::<MatchedPath>().map_or("(web app)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", method = %request.method(), route, id = %id);
    let handle = async {
        let begun = Instant::now();
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|_| Problem::internal(&"a handler panicked").answer(&id));
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(X_REQUEST_ID.clone(), value);
        }
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), ms, "answered");
        response
    };
    handle.instrument(span).await
}
