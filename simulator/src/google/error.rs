//! Google's errors: `google.rpc.Status` in JSON.

use axum::http::{HeaderName, StatusCode, header};
use serde_json::{Map, Value, json};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct GoogleError {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

const HEALTH: &str = "health.googleapis.com";

impl GoogleError {
    fn new(http: u16, status: &str, message: &str, details: Vec<Value>) -> GoogleError {
        let mut error = Map::new();
        error.insert("code".to_owned(), http.into());
        error.insert("message".to_owned(), message.into());
        error.insert("status".to_owned(), status.into());
        if !details.is_empty() {
            error.insert("details".to_owned(), Value::Array(details));
        }
        GoogleError {
            status: StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body: json!({ "error": error }),
            headers: Vec::new(),
        }
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> GoogleError {
        self.headers.push((name, value.into()));
        self
    }

    /// No credentials at all.
    pub(crate) fn credentials_missing(method: &str) -> GoogleError {
        let details = info(
            "CREDENTIALS_MISSING",
            "googleapis.com",
            json!({ "method": format!("google.devicesandservices.health.v4.{method}"), "service": HEALTH }),
        );
        GoogleError::new(
            401,
            "UNAUTHENTICATED",
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            vec![details],
        )
        .with(header::WWW_AUTHENTICATE, "Bearer realm=\"https://accounts.google.com/\"")
    }

    /// A token that is not ours, expired or withdrawn.
    pub(crate) fn credentials_invalid() -> GoogleError {
        GoogleError::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            Vec::new(),
        )
        .with(header::WWW_AUTHENTICATE, "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"")
    }

    /// An API key instead of a token.
    pub(crate) fn api_key() -> GoogleError {
        GoogleError::new(
            401,
            "UNAUTHENTICATED",
            "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that \
             assert a principal. See https://cloud.google.com/docs/authentication",
            Vec::new(),
        )
    }

    /// The token lacks the scope.
    pub(crate) fn scope_insufficient(scope: &str) -> GoogleError {
        let details = info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", json!({ "service": HEALTH }));
        GoogleError::new(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", vec![details]).with(
            header::WWW_AUTHENTICATE,
            format!("Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"{scope}\""),
        )
    }

    /// Somebody else's data.
    pub(crate) fn permission_denied() -> GoogleError {
        GoogleError::new(403, "PERMISSION_DENIED", "The caller does not have permission", Vec::new())
    }

    /// The Google account has no Google Health account.
    pub(crate) fn account_not_linked() -> GoogleError {
        let details = info(
            "ACCOUNT_NOT_LINKED",
            HEALTH,
            json!({ "redirect_uri": "https://fitbit.google.com/auth/signup" }),
        );
        GoogleError::new(
            400,
            "FAILED_PRECONDITION",
            "The account is not linked to Google Health.",
            vec![details],
        )
    }

    /// No Health profile yet.
    pub(crate) fn precondition_failed() -> GoogleError {
        GoogleError::new(412, "FAILED_PRECONDITION", "Precondition check failed.", Vec::new())
    }

    /// An argument that is wrong, with the reason of the catalogue.
    pub(crate) fn invalid(reason: &str, message: &str) -> GoogleError {
        let kind = if reason.starts_with("INVALID_DATA_POINT_FILTER") {
            "INVALID_DATA_POINT_FILTER"
        } else {
            reason
        };
        let details = info(kind, HEALTH, json!({ "detailedReasons": reason }));
        GoogleError::new(400, "INVALID_ARGUMENT", message, vec![details])
    }

    /// An argument that is wrong, without more.
    pub(crate) fn invalid_argument() -> GoogleError {
        GoogleError::new(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", Vec::new())
    }

    /// A body that is not what the method takes.
    pub(crate) fn invalid_payload(what: &str) -> GoogleError {
        GoogleError::new(
            400,
            "INVALID_ARGUMENT",
            &format!("Invalid JSON payload received. {what}"),
            Vec::new(),
        )
    }

    /// An identifiable thing that is not there.
    pub(crate) fn not_found() -> GoogleError {
        GoogleError::new(404, "NOT_FOUND", "Requested entity was not found.", Vec::new())
    }

    /// A thing of that name is there.
    pub(crate) fn already_exists() -> GoogleError {
        GoogleError::new(409, "ALREADY_EXISTS", "Requested entity already exists", Vec::new())
    }

    /// The two verification posts were not answered as they must be.
    pub(crate) fn endpoint_not_verified() -> GoogleError {
        GoogleError::new(400, "FAILED_PRECONDITION", "The endpoint could not be verified.", Vec::new())
    }

    /// A subscriber with subscriptions is removed by force only.
    pub(crate) fn subscriptions_left() -> GoogleError {
        GoogleError::new(400, "FAILED_PRECONDITION", "The subscriber has subscriptions.", Vec::new())
    }

    /// Too many requests in this minute.
    pub(crate) fn quota(limit: u32, retry_after: Option<u64>) -> GoogleError {
        GoogleError::exhausted("defaultPerMinutePerUser", "Requests per minute per user", limit, retry_after)
    }

    /// Too many requests of all people together in this minute.
    pub(crate) fn project_quota(limit: u32, retry_after: Option<u64>) -> GoogleError {
        GoogleError::exhausted("defaultPerMinutePerProject", "Requests per minute", limit, retry_after)
    }

    fn exhausted(name: &str, words: &str, limit: u32, retry_after: Option<u64>) -> GoogleError {
        let metadata = json!({
            "service": HEALTH,
            "quota_metric": "health.googleapis.com/default_requests",
            "quota_limit": name,
            "quota_limit_value": limit.to_string(),
        });
        let message = format!(
            "Quota exceeded for quota metric 'Requests' and limit '{words}' of service 'health.googleapis.com'."
        );
        let details = vec![info("RATE_LIMIT_EXCEEDED", "googleapis.com", metadata)];
        let error = GoogleError::new(429, "RESOURCE_EXHAUSTED", &message, details);
        match retry_after {
            Some(seconds) => error.with(header::RETRY_AFTER, seconds.to_string()),
            None => error,
        }
    }

    /// A fault of the server.
    pub(crate) fn server(http: u16) -> GoogleError {
        let (status, message) = match http {
            503 => ("UNAVAILABLE", "The service is currently unavailable."),
            504 => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            _ => ("INTERNAL", "Internal error encountered."),
        };
        GoogleError::new(http, status, message, Vec::new())
    }

    /// The API is gone.
    pub(crate) fn gone() -> GoogleError {
        GoogleError::new(410, "FAILED_PRECONDITION", "This API is no longer available.", Vec::new())
    }
}

fn info(reason: &str, domain: &str, metadata: Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": metadata,
    })
}
