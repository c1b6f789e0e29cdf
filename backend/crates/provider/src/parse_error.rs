//! Why bytes are not an answer of an endpoint.

use pulsekeep_core::job::FailureCode;

use crate::failure::is_html;

/// An answer could not be parsed. The text says where, never what stood there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The JSON ends in the middle.
    #[error("the answer breaks off after {bytes} bytes; fetch it again")]
    Truncated {
        /// How much there is.
        bytes: usize,
    },
    /// It is not JSON.
    #[error("the answer is not JSON (line {line}, column {column}); fetch it again")]
    NotJson {
        /// Line of the first fault.
        line: usize,
        /// Column of the first fault.
        column: usize,
    },
    /// It is a web page.
    #[error("the answer is a web page, not JSON; check the provider's API address, or fetch it again later")]
    WebPage,
    /// It is JSON, but not the endpoint's.
    #[error(
        "the answer is not one of {endpoint} (line {line}, column {column}); the provider may have changed its format"
    )]
    NotThisEndpoint {
        /// The endpoint's key.
        endpoint: &'static str,
        /// Line of what does not fit; 0 when it is the whole.
        line: usize,
        /// Column of what does not fit.
        column: usize,
    },
    /// It has the day's total without the detail: Fitbit gives detail within a day to personal applications, and to
    /// others on request.
    #[error(
        "the answer has no detail within the day; ask Fitbit for intraday access or register a personal application"
    )]
    NoDetail,
    /// It has minutes and does not say of which day.
    #[error("the answer has minutes without their day; the provider may have changed its format")]
    NoDay,
    /// It names a next page that is not one of the same list: what follows cannot be read.
    #[error("the answer's next page is not one of the same list; the provider may have changed its format")]
    ForeignPage,
    /// There is no parser for the endpoint.
    #[error("there is no parser for {endpoint}; this version of the program does not know it")]
    UnknownEndpoint {
        /// The endpoint's key.
        endpoint: &'static str,
    },
}

impl ParseError {
    /// The code under which a window with this answer fails.
    #[must_use]
    pub fn failure_code(&self) -> FailureCode {
        match self {
            Self::NoDetail => FailureCode::MissingScope,
            Self::UnknownEndpoint { .. } => FailureCode::Internal,
            _ => FailureCode::BadAnswer,
        }
    }

    /// What `error` says about `body`.
    pub(crate) fn of_json(endpoint: &'static str, body: &[u8], error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if is_html(body) {
            Self::WebPage
        } else if error.is_eof() {
            Self::Truncated { bytes: body.len() }
        } else if error.is_data() {
            Self::NotThisEndpoint { endpoint, line, column }
        } else {
            Self::NotJson { line, column }
        }
    }
}
