//! What Fitbit's error answers and rate headers mean.

use pulsekeep_core::job::FailureCode;
use serde::Deserialize;

use crate::{
    FetchFailure, RateReading,
    failure::{code_of_status, machine_word},
    http::Answer,
};

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    field_name: String,
}

/// The rate budget that the headers tell: 150 an hour for each person, anew at about the top of the hour.
pub(super) fn rate(answer: &Answer) -> Option<RateReading> {
    Some(RateReading {
        limit: answer.number("fitbit-rate-limit-limit")?,
        remaining: answer.number("fitbit-rate-limit-remaining")?,
        reset_s: answer.number("fitbit-rate-limit-reset")?.max(0),
    })
}

/// The failure that `answer` tells.
pub(super) fn of(answer: &Answer) -> FetchFailure {
    let errors = serde_json::from_slice::<Envelope>(&answer.body).map(|e| e.errors).unwrap_or_default();
    let mut words: Vec<&str> = Vec::new();
    for entry in &errors {
        words.extend(
            [entry.error_type.as_str(), entry.field_name.as_str()].into_iter().filter_map(machine_word),
        );
    }
    words.truncate(8);
    let mut failure = FetchFailure::of_answer(answer, code(answer, &errors), words.join(" "));
    failure.rate = rate(answer);
    if failure.code == FailureCode::RateLimited {
        // Clients have found `Retry-After` less exact than the seconds to the reset.
        failure.retry_after_s = failure.rate.map(|r| r.reset_s).or(failure.retry_after_s);
    }
    failure
}

fn code(answer: &Answer, errors: &[Entry]) -> FailureCode {
    let has = |word: &str| errors.iter().any(|e| e.error_type == word);
    match answer.status {
        403 if has("insufficient_scope") || has("insufficient_permissions") => FailureCode::MissingScope,
        _ => code_of_status(answer).unwrap_or(FailureCode::RequestRefused),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect::<HeaderMap>();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    fn error(status: u16, kind: &str) -> Answer {
        let message = "Access token expired: eyJhbGciOiJIUzI1NiJ9.e30.x. Visit …";
        let body =
            format!(r#"{{"errors":[{{"errorType":"{kind}","message":"{message}"}}],"success":false}}"#);
        answer(status, &body, &[])
    }

    #[test]
    fn error_answers_become_codes() {
        use FailureCode as C;
        let table: [(Answer, FailureCode, &str); 13] = [
            (error(401, "expired_token"), C::NeedsConsent, "expired_token"),
            (error(401, "invalid_token"), C::NeedsConsent, "invalid_token"),
            (error(403, "insufficient_scope"), C::MissingScope, "insufficient_scope"),
            (error(403, "insufficient_permissions"), C::MissingScope, "insufficient_permissions"),
            (error(403, "request"), C::RequestRefused, "request"),
            (error(400, "validation"), C::RequestRefused, "validation"),
            (error(404, "not_found"), C::RequestRefused, "not_found"),
            (error(422, "validation"), C::RequestRefused, "validation"),
            (error(429, "system"), C::RateLimited, "system"),
            (error(500, "request"), C::ProviderError, "request"),
            (answer(502, "<html>Bad gateway</html>", &[]), C::ProviderError, ""),
            (answer(410, "", &[]), C::Gone, ""),
            (answer(400, "<html></html>", &[]), C::ProviderError, ""),
        ];
        for (answer, code, detail) in table {
            let failure = of(&answer);
            assert_eq!((failure.code, failure.detail.as_str()), (code, detail), "{}", answer.status);
            assert_eq!(failure.token_rejected, answer.status == 401);
            assert!(!failure.to_string().contains("eyJ"));
        }
    }

    #[test]
    fn a_used_up_budget_says_how_long_to_wait() {
        let headers = [
            ("fitbit-rate-limit-limit", "150"),
            ("fitbit-rate-limit-remaining", "0"),
            ("fitbit-rate-limit-reset", "1203"),
            ("retry-after", "3600"),
        ];
        let failure = of(&answer(429, "", &headers));
        assert_eq!(failure.retry_after_s, Some(1203));
        assert_eq!(failure.rate, Some(RateReading { limit: 150, remaining: 0, reset_s: 1203 }));
        assert_eq!(of(&answer(429, "", &headers[3..])).retry_after_s, Some(3600));
    }
}
