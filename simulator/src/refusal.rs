//! An answer that refuses, small enough to be the `Err` of a result.

use axum::response::{IntoResponse, Response};

/// A refusing answer.
pub(crate) struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(response: Response) -> Refusal {
        Refusal(Box::new(response))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}
