//! Fitbit's errors: `{"errors":[…],"success":false}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use crate::refusal::Refusal;

/// The sentence that ends most OAuth messages.
pub(crate) const VISIT: &str = "Visit https://dev.fitbit.com/docs/oauth2 for more information on the Fitbit Web API \
                                authorization process.";

/// An error answer.
pub(crate) fn error(status: StatusCode, kind: &str, field: Option<&str>, message: &str) -> Refusal {
    let mut inner = json!({ "errorType": kind, "message": message });
    if let Some(field) = field {
        inner["fieldName"] = field.into();
    }
    (status, Json(json!({ "errors": [inner], "success": false }))).into_response().into()
}

/// A parameter that is wrong.
pub(crate) fn invalid(field: &str, message: &str) -> Refusal {
    error(StatusCode::BAD_REQUEST, "validation", Some(field), message)
}

/// An unknown path.
pub(crate) fn not_found() -> Refusal {
    error(StatusCode::NOT_FOUND, "not_found", Some("n/a"), "The API you are requesting could not be found.")
}

/// Too many requests in this hour.
pub(crate) fn too_many() -> Refusal {
    error(StatusCode::TOO_MANY_REQUESTS, "system", Some("n/a"), "Too Many Requests")
}

/// The token lacks a scope.
pub(crate) fn scope_missing(subject: &str) -> Refusal {
    let message = format!("This application does not have permission to access {subject} data. {VISIT}");
    error(StatusCode::FORBIDDEN, "insufficient_scope", None, &message)
}

/// A fault of the server.
pub(crate) fn server(status: u16) -> Refusal {
    let message = "An error occurred with the Fitbit Web API while processing the request. Error id: 00000000-0000-0000-0000-000000000000";
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    error(status, "request", Some(&status.as_u16().to_string()), message)
}

/// The API is gone.
pub(crate) fn gone() -> Refusal {
    error(StatusCode::GONE, "request", Some("n/a"), "The Fitbit Web API is no longer available.")
}
