//! Why a fetch failed, in our codes and the provider's machine words.

use std::fmt;

use pulsekeep_core::job::FailureCode;

use crate::http::{Answer, HttpError};

/// What an answer's headers say about the rate budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateReading {
    /// Requests allowed in the period.
    pub limit: i64,
    /// Requests left in it.
    pub remaining: i64,
    /// Seconds until it begins anew.
    pub reset_s: i64,
}

/// A fetch that gave no data. It never says anything about the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFailure {
    /// Why, in our words.
    pub code: FailureCode,
    /// The provider did not accept the access token (401): refresh once and try again.
    pub token_rejected: bool,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The budget that is used up is that of all accounts together, not the account's own.
    pub whole_app: bool,
    /// Seconds that the provider asks to wait.
    pub retry_after_s: Option<i64>,
    /// Rate budget, if the headers tell it.
    pub rate: Option<RateReading>,
    /// The provider's machine-readable words (reasons, error types) or a sentence of ours; never a body, token or value.
    pub detail: String,
}

impl std::error::Error for FetchFailure {}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.key())?;
        if let Some(status) = self.status {
            write!(f, " (status {status})")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl FetchFailure {
    /// A failure without an answer.
    pub(crate) fn new(code: FailureCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            token_rejected: false,
            whole_app: false,
            status: None,
            retry_after_s: None,
            rate: None,
            detail: detail.into(),
        }
    }

    /// A failure that an answer told.
    pub(crate) fn of_answer(answer: &Answer, code: FailureCode, detail: String) -> Self {
        Self {
            code,
            token_rejected: answer.status == 401,
            whole_app: false,
            status: Some(answer.status),
            retry_after_s: retry_after(answer),
            rate: None,
            detail,
        }
    }

    /// Our own answer to an access token that cannot stand in a header.
    pub(crate) fn unusable_token() -> Self {
        let mut failure =
            Self::new(FailureCode::NeedsConsent, "the stored access token is not a valid token");
        failure.token_rejected = true;
        failure
    }

    /// An answer with status 200 that could not be read.
    pub(crate) fn unreadable(error: &crate::ParseError) -> Self {
        Self::new(FailureCode::BadAnswer, error.to_string())
    }
}

impl From<HttpError> for FetchFailure {
    fn from(error: HttpError) -> Self {
        let code = match error {
            HttpError::Unreachable(_) => FailureCode::ProviderUnreachable,
            HttpError::Broken | HttpError::TooLarge => FailureCode::BadAnswer,
        };
        Self::new(code, error.to_string())
    }
}

/// What the status alone says; `None` where the body decides.
pub(crate) fn code_of_status(answer: &Answer) -> Option<FailureCode> {
    match answer.status {
        401 => Some(FailureCode::NeedsConsent),
        404 => Some(FailureCode::RequestRefused),
        410 => Some(FailureCode::Gone),
        429 => Some(FailureCode::RateLimited),
        400..=499 if is_html(&answer.body) => Some(FailureCode::ProviderError),
        400..=499 => None,
        _ => Some(FailureCode::ProviderError),
    }
}

/// Whether the body is a web page.
pub(crate) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// `Retry-After` in seconds: a number, or a date measured against the answer's own `Date`, so that no clock is asked.
fn retry_after(answer: &Answer) -> Option<i64> {
    if let Some(seconds) = answer.number("retry-after") {
        return Some(seconds.max(0));
    }
    let date = |name| jiff::fmt::rfc2822::parse(answer.header(name)?).ok();
    let wait = date("retry-after")?.timestamp().as_second() - date("date")?.timestamp().as_second();
    Some(wait.max(0))
}

/// Keeps `word` only if it looks like a machine word (`ACCESS_TOKEN_SCOPE_INSUFFICIENT`, `expired_token`, `n/a`).
pub(crate) fn machine_word(word: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    (!word.is_empty() && word.len() <= 64 && word.bytes().all(fits)).then_some(word)
}
