//! What can go wrong between the app and the server.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a request gave no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The web session has ended.
    Unauthenticated,
    /// The server cannot be reached.
    Offline,
    /// The server answered, and not with data.
    Refused(Refusal),
    /// The answer is not what this version of the app understands.
    Unreadable,
}

/// The server's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `extensions.code`, or the HTTP status.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// To be given to whoever runs the server.
    pub request_id: Option<String>,
}

/// An entry of `errors` in a GraphQL answer.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GraphQlError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    code: Option<String>,
    request_id: Option<String>,
}

/// A GraphQL answer whose data is still text, so that this is compiled once for all operations.
#[derive(Debug, Deserialize)]
pub struct Answer {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Vec<GraphQlError>,
}

impl ApiError {
    /// A person that there is not, or that is not for this viewer: the server does not say which.
    #[must_use]
    pub fn not_found() -> Self {
        Self::Refused(Refusal { code: "NOT_FOUND".to_owned(), message: String::new(), request_id: None })
    }
}

impl From<GraphQlError> for ApiError {
    fn from(error: GraphQlError) -> Self {
        let code = error.extensions.code.unwrap_or_default();
        if code == "UNAUTHENTICATED" {
            return Self::Unauthenticated;
        }
        Self::Refused(Refusal { code, message: error.message, request_id: error.extensions.request_id })
    }
}

impl Answer {
    /// The data, if it is whole.
    ///
    /// # Errors
    /// The first of the answer's errors: a page that is half there would show gaps that are none.
    pub fn into_result(self) -> Result<Box<RawValue>, ApiError> {
        match (self.errors.into_iter().next(), self.data) {
            (Some(error), _) => Err(error.into()),
            (None, Some(data)) => Ok(data),
            (None, None) => Err(ApiError::Unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, ApiError> {
        serde_json::from_str::<Answer>(text).unwrap().into_result().map(|data| data.get().to_owned())
    }

    #[test]
    fn an_ended_web_session_is_told_apart() {
        let text =
            r#"{"data":null,"errors":[{"message":"Sign in","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
        assert_eq!(read(text), Err(ApiError::Unauthenticated));
    }

    #[test]
    fn an_error_beside_data_is_an_error_with_its_request_id() {
        let text = r#"{"data":{"user":null},"errors":[{"message":"It broke","path":["user"],
            "extensions":{"code":"INTERNAL","requestId":"r-1"}}]}"#;
        let refusal = Refusal {
            code: "INTERNAL".to_owned(),
            message: "It broke".to_owned(),
            request_id: Some("r-1".to_owned()),
        };
        assert_eq!(read(text), Err(ApiError::Refused(refusal)));
    }

    #[test]
    fn data_alone_is_data() {
        assert_eq!(read(r#"{"data":{"user":null}}"#), Ok(r#"{"user":null}"#.to_owned()));
        assert_eq!(read("{}"), Err(ApiError::Unreadable));
    }
}
