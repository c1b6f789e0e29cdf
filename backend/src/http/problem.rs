use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::observe::RequestId;

/// An error answer in the shape of GraphQL's: `errors[].message` and `errors[].extensions.{code, requestId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// Something of ours failed: the log has the cause, the answer the request id.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error")
    }

    /// The answer, naming the request.
    #[must_use]
    pub fn answer(self, id: &RequestId) -> Response {
        let extensions = json!({ "code": self.code, "requestId": id.as_str() });
        let body = json!({ "errors": [{ "message": self.message, "extensions": extensions }] });
        let mut response = (self.status, axum::Json(body)).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"pulsekeep\", error=\"invalid_token\""),
            );
        }
        response
    }
}

/// The answer where a route has other methods.
pub(super) async fn method_not_allowed(request: Request) -> Response {
    let id = RequestId::of(request.extensions());
    let text = match request.uri().path() {
        "/graphql" => "GraphQL is asked by POST with a JSON body: {\"query\": \"…\", \"variables\": {…}}",
        _ => "This address does not take that method",
    };
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", text).answer(&id)
}
