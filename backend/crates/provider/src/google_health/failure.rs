//! What Google's error answers mean (`google.rpc.Status` as JSON).

use pulsekeep_core::job::FailureCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    FetchFailure,
    failure::{code_of_status, machine_word},
    http::Answer,
};

#[derive(Deserialize)]
struct Envelope {
    error: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    status: String,
    message: String,
    details: Vec<Value>,
}

/// The failure that `answer` tells.
pub(super) fn of(answer: &Answer) -> FetchFailure {
    let status = serde_json::from_slice::<Envelope>(&answer.body).map(|e| e.error).unwrap_or_default();
    let words = words(&status);
    let code = code(answer, &status, &words);
    let mut failure = FetchFailure::of_answer(answer, code, words.join(" "));
    failure.whole_app = code == FailureCode::RateLimited && is_of_project(&status);
    failure
}

/// Whether the quota that is used up is the project's: its limit is named, and not as one per user.
fn is_of_project(status: &Status) -> bool {
    let limits = || status.details.iter().filter_map(|d| d["metadata"]["quota_limit"].as_str());
    limits().any(|limit| limit.contains("PerProject")) && !limits().any(|limit| limit.contains("PerUser"))
}

/// Whether the provider refused the filter rather than the request as a whole.
pub(super) fn is_filter_refusal(failure: &FetchFailure) -> bool {
    failure.status == Some(400) && failure.detail.contains("FILTER")
}

/// The status word and every reason of the details, without repeats.
fn words(status: &Status) -> Vec<&str> {
    let mut words = vec![status.status.as_str()];
    for detail in &status.details {
        words.extend(detail["reason"].as_str());
        // A string (map<string, string> in the envelope), maybe of several words; clients have seen a list, too.
        match &detail["metadata"]["detailedReasons"] {
            Value::String(text) => words.extend(text.split([',', ' ', '[', ']', '"'])),
            Value::Array(list) => words.extend(list.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    let mut kept: Vec<&str> = Vec::new();
    for word in words.into_iter().filter_map(machine_word) {
        if !kept.contains(&word) && kept.len() < 8 {
            kept.push(word);
        }
    }
    kept
}

fn code(answer: &Answer, status: &Status, words: &[&str]) -> FailureCode {
    let has = |word: &str| words.contains(&word);
    let challenge = answer.header("www-authenticate").unwrap_or("");
    match answer.status {
        400 | 403 | 412 if has("ACCOUNT_NOT_LINKED") => FailureCode::AccountNotLinked,
        // "Precondition check failed.": the account has no health profile yet.
        412 => FailureCode::AccountNotLinked,
        403 if has("ACCESS_TOKEN_SCOPE_INSUFFICIENT") || challenge.contains("insufficient_scope") => {
            FailureCode::MissingScope
        }
        // "Could not mint UberMint from GaiaMint": the person is still on a legacy Fitbit account.
        403 if status.message.contains("GaiaMint") => FailureCode::AccountNotLinked,
        403 | 400 if has("RATE_LIMIT_EXCEEDED") || has("RESOURCE_EXHAUSTED") => FailureCode::RateLimited,
        _ => code_of_status(answer).unwrap_or(FailureCode::RequestRefused),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: body.into() }
    }

    fn error(status: u16, word: &str, message: &str, reason: &str) -> Answer {
        let details = if reason.is_empty() { json!([]) } else { json!([{ "reason": reason }]) };
        let body =
            json!({ "error": { "code": status, "message": message, "status": word, "details": details } });
        answer(status, body.to_string())
    }

    #[test]
    fn error_answers_become_codes() {
        use FailureCode as C;
        let page = "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>";
        let uber = "The caller does not have permission. Could not mint UberMint from GaiaMint";
        let table: [(Answer, FailureCode, &str); 16] = [
            (
                error(401, "UNAUTHENTICATED", "…", "CREDENTIALS_MISSING"),
                C::NeedsConsent,
                "UNAUTHENTICATED CREDENTIALS_MISSING",
            ),
            (error(401, "UNAUTHENTICATED", "…", ""), C::NeedsConsent, "UNAUTHENTICATED"),
            (
                error(403, "PERMISSION_DENIED", "…", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
                C::MissingScope,
                "PERMISSION_DENIED ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            ),
            (error(403, "PERMISSION_DENIED", uber, ""), C::AccountNotLinked, "PERMISSION_DENIED"),
            (
                error(403, "PERMISSION_DENIED", "…", "SERVICE_DISABLED"),
                C::RequestRefused,
                "PERMISSION_DENIED SERVICE_DISABLED",
            ),
            (
                error(400, "FAILED_PRECONDITION", "…", "ACCOUNT_NOT_LINKED"),
                C::AccountNotLinked,
                "FAILED_PRECONDITION ACCOUNT_NOT_LINKED",
            ),
            (error(412, "FAILED_PRECONDITION", "…", ""), C::AccountNotLinked, "FAILED_PRECONDITION"),
            (error(400, "INVALID_ARGUMENT", "…", ""), C::RequestRefused, "INVALID_ARGUMENT"),
            (
                error(429, "RESOURCE_EXHAUSTED", "…", "RATE_LIMIT_EXCEEDED"),
                C::RateLimited,
                "RESOURCE_EXHAUSTED RATE_LIMIT_EXCEEDED",
            ),
            (error(500, "INTERNAL", "Internal error encountered.", ""), C::ProviderError, "INTERNAL"),
            (error(503, "UNAVAILABLE", "…", ""), C::ProviderError, "UNAVAILABLE"),
            (answer(502, page), C::ProviderError, ""),
            (answer(403, page), C::ProviderError, ""),
            (answer(404, page), C::RequestRefused, ""),
            (answer(410, ""), C::Gone, ""),
            (answer(302, ""), C::ProviderError, ""),
        ];
        for (answer, code, detail) in table {
            let failure = of(&answer);
            assert_eq!((failure.code, failure.detail.as_str()), (code, detail), "{}", answer.status);
            assert_eq!(failure.token_rejected, answer.status == 401);
            assert_eq!(failure.status, Some(answer.status));
        }
    }

    #[test]
    fn a_quota_is_the_accounts_or_the_projects() {
        let of_limit = |limit: &str| {
            let detail = json!({ "reason": "RATE_LIMIT_EXCEEDED", "metadata": { "quota_limit": limit } });
            let body = json!({ "error": { "status": "RESOURCE_EXHAUSTED", "details": [detail] } });
            of(&answer(429, body.to_string())).whole_app
        };
        assert!(!of_limit("defaultPerMinutePerUser"));
        assert!(!of_limit("defaultPerMinutePerProjectPerUser"));
        assert!(of_limit("defaultPerMinutePerProject"));
        assert!(!of(&error(429, "RESOURCE_EXHAUSTED", "…", "RATE_LIMIT_EXCEEDED")).whole_app);
    }

    #[test]
    fn scope_is_told_by_the_challenge_too() {
        let mut answer = error(403, "PERMISSION_DENIED", "…", "");
        let value = HeaderValue::from_static(r#"Bearer error="insufficient_scope", scope="x""#);
        answer.headers.insert("www-authenticate", value);
        assert_eq!(of(&answer).code, FailureCode::MissingScope);
    }

    #[test]
    fn waits_are_seconds_or_dates() {
        let mut answer = error(429, "RESOURCE_EXHAUSTED", "…", "");
        assert_eq!(of(&answer).retry_after_s, None);
        answer.headers.insert("retry-after", HeaderValue::from_static("17"));
        assert_eq!(of(&answer).retry_after_s, Some(17));
        answer.headers.insert("retry-after", HeaderValue::from_static("Sat, 21 Nov 2026 08:00:30 GMT"));
        answer.headers.insert("date", HeaderValue::from_static("Sat, 21 Nov 2026 08:00:00 GMT"));
        assert_eq!(of(&answer).retry_after_s, Some(30));
    }

    #[test]
    fn filter_refusals_are_found_in_reason_and_detailed_reasons() {
        let plain = error(400, "INVALID_ARGUMENT", "…", "INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER");
        assert!(is_filter_refusal(&of(&plain)));
        for reasons in [json!("INVALID_DATA_POINT_FILTER"), json!(["INVALID_DATA_POINT_FILTER"])] {
            let detail = json!({ "reason": "BAD_REQUEST", "metadata": { "detailedReasons": reasons } });
            let body = json!({ "error": { "status": "INVALID_ARGUMENT", "details": [detail] } });
            assert!(is_filter_refusal(&of(&answer(400, body.to_string()))));
        }
        assert!(!is_filter_refusal(&of(&error(400, "INVALID_ARGUMENT", "…", "INVALID_TIME_RANGE"))));
    }

    #[test]
    fn details_never_quote_what_is_no_machine_word() {
        let odd = error(400, "INVALID_ARGUMENT", "secret", "token ya29.abc is bad");
        assert_eq!(of(&odd).to_string(), "request_refused (status 400): INVALID_ARGUMENT");
    }
}
