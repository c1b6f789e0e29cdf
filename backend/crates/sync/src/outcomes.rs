//! What came of the requests to providers, counted since the process began.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use pulsekeep_core::{account::ProviderKey, job::FailureCode};
use pulsekeep_provider::{FetchFailure, OAuthError};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A page of health data.
    Data,
    /// A person's devices.
    Devices,
    /// The route of an exercise.
    Route,
    /// A fresh access token.
    Token,
    /// A subscription to notifications, made or ended: one count for all calls of an account.
    Subscription,
}

impl Asked {
    /// The word in telemetry.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Devices => "devices",
            Self::Route => "route",
            Self::Token => "token",
            Self::Subscription => "subscription",
        }
    }
}

/// A line of the count: whom, what for, what came of it, and how often.
pub type OutcomeCount = (ProviderKey, Asked, &'static str, u64);

type Line = (&'static str, Asked, &'static str);

/// The count. There is a handful of lines, and a request takes longer than any wait for the lock.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Mutex<BTreeMap<Line, (ProviderKey, u64)>>);

/// What a request without an answer that serves is counted as.
trait Outcome {
    fn word(&self) -> &'static str;
}

impl Outcome for FetchFailure {
    fn word(&self) -> &'static str {
        if self.token_rejected {
            return "token_rejected";
        }
        match self.code {
            FailureCode::RateLimited => "rate_limited",
            FailureCode::ProviderUnreachable => "unreachable",
            FailureCode::ProviderError => "server_error",
            FailureCode::BadAnswer => UNREADABLE,
            _ => "refused",
        }
    }
}

impl Outcome for OAuthError {
    fn word(&self) -> &'static str {
        match self {
            Self::NeedsConsent { .. } => "refused",
            _ => "unreachable",
        }
    }
}

/// The word for an answer that is no answer.
const UNREADABLE: &str = "unreadable";

impl Outcomes {
    fn add(&self, provider: ProviderKey, asked: Asked, word: &'static str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry((provider.key(), asked, word)).or_insert((provider, 0)).1 += 1;
    }

    /// Counts a request; without a failure its answer serves.
    pub(crate) fn count(&self, provider: ProviderKey, asked: Asked, failure: Option<&FetchFailure>) {
        self.add(provider, asked, failure.map_or("ok", Outcome::word));
    }

    /// Counts a request for a token.
    pub(crate) fn count_token(&self, provider: ProviderKey, failure: Option<&OAuthError>) {
        self.add(provider, Asked::Token, failure.map_or("ok", Outcome::word));
    }

    /// Counts an answer that came whole and cannot be read.
    pub(crate) fn count_unreadable(&self, provider: ProviderKey) {
        self.add(provider, Asked::Data, UNREADABLE);
    }

    /// All lines, in order.
    pub(crate) fn all(&self) -> Vec<OutcomeCount> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(&(_, asked, word), &(provider, n))| (provider, asked, word, n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_what_came_of_them() {
        let outcomes = Outcomes::default();
        let google = ProviderKey::GoogleHealth;
        for _ in 0..3 {
            outcomes.count(google, Asked::Data, None);
        }
        outcomes.count_unreadable(google);
        outcomes.count_token(google, Some(&OAuthError::NeedsConsent { error: "invalid_grant".to_owned() }));
        let expected = [
            (google, Asked::Data, "ok", 3),
            (google, Asked::Data, "unreadable", 1),
            (google, Asked::Token, "refused", 1),
        ];
        assert_eq!(outcomes.all(), expected);
    }
}
