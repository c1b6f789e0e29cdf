//! Faults on demand: rules that a request meets before (or while) it is answered.

use serde::{Deserialize, Serialize};

use crate::people::{Day, Withheld};

/// One of the two simulated providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Google Health and Google OAuth.
    Google,
    /// The legacy Fitbit Web API and its OAuth.
    Fitbit,
}

impl Provider {
    /// The provider of a path under the base address.
    pub fn of_path(path: &str) -> Option<Provider> {
        match path.split('/').nth(1) {
            Some("google") => Some(Provider::Google),
            Some("fitbit") => Some(Provider::Fitbit),
            _ => None,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes late.
    Latency {
        /// By how much.
        ms: u64,
    },
    /// 429, with `Retry-After` in seconds if given.
    TooManyRequests {
        /// Seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A server error in the provider's JSON form.
    ServerErrorJson {
        /// 500, 503 or 504.
        status: u16,
    },
    /// A server error as an HTML page.
    ServerErrorHtml {
        /// 500, 502 or 503.
        status: u16,
    },
    /// The right answer, cut in the middle.
    TruncatedJson,
    /// The connection ends in the middle of the answer.
    ConnectionReset,
    /// 410 for everything.
    Gone,
    /// A refresh gives `invalid_grant`; access tokens live on.
    ExpiredConsent,
    /// A refresh gives `invalid_grant`, and access tokens are refused.
    RevokedConsent,
    /// 403: the scope of the request is missing.
    MissingScope,
    /// Google: 400, the account is not linked to Google Health.
    AccountNotLinked,
    /// Google: 412, there is no Health profile yet.
    PreconditionFailed,
    /// The data of some days stay away until an instant.
    LateData {
        /// First civil day.
        from: Day,
        /// Last civil day.
        to: Day,
        /// When they arrive (RFC 3339); never, if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<jiff::Timestamp>,
    },
}

/// A fault and the requests that it meets. What is left out matches everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The person whose token is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The beginning of the path, `/google/v4/users/me/dataTypes/steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// A segment of the path: Google's data type (`heart-rate`) or Fitbit's resource (`heart`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// How many requests it meets before it rests; all, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What a rule is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) provider: Provider,
    pub(crate) person: Option<&'a str>,
    pub(crate) path: &'a str,
}

impl FaultRule {
    fn meets(&self, target: Target<'_>) -> bool {
        self.count != Some(0)
            && self.provider.is_none_or(|provider| provider == target.provider)
            && self.person.as_deref().is_none_or(|person| Some(person) == target.person)
            && self.path_prefix.as_deref().is_none_or(|prefix| target.path.starts_with(prefix))
            && self
                .data_type
                .as_deref()
                .is_none_or(|wanted| target.path.split('/').any(|part| part == wanted))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) rules: Vec<FaultRule>,
}

impl Faults {
    /// The rules of some kinds that a request meets; each is counted down.
    pub(crate) fn take(&mut self, target: Target<'_>, kinds: impl Fn(&FaultKind) -> bool) -> Vec<FaultKind> {
        let mut taken = Vec::new();
        for rule in &mut self.rules {
            if kinds(&rule.kind) && rule.meets(target) {
                rule.count = rule.count.map(|count| count - 1);
                taken.push(rule.kind.clone());
            }
        }
        taken
    }

    /// The days that are held back from a person for good or until later than an instant, whatever is asked for.
    pub(crate) fn held_back(&self, provider: Provider, person: &str, now: i64) -> Vec<Withheld> {
        let all = |rule: &&FaultRule| {
            rule.provider.is_none_or(|wanted| wanted == provider)
                && rule.person.as_deref().is_none_or(|wanted| wanted == person)
                && rule.path_prefix.is_none()
                && rule.data_type.is_none()
                && rule.count.is_none()
        };
        let days = |rule: &FaultRule| match &rule.kind {
            FaultKind::LateData { from, to, until }
                if until.is_none_or(|until| until.as_millisecond() > now) =>
            {
                Some(Withheld { from: *from, to: *to })
            }
            _ => None,
        };
        self.rules.iter().filter(all).filter_map(days).collect()
    }

    /// The days that are held back from a request at an instant (epoch milliseconds).
    pub(crate) fn withheld(&mut self, target: Target<'_>, now: i64) -> Vec<Withheld> {
        self.take(target, |kind| {
            matches!(kind, FaultKind::LateData { until, .. } if until.is_none_or(|until| until.as_millisecond() > now))
        })
        .into_iter()
        .filter_map(|kind| match kind {
            FaultKind::LateData { from, to, .. } => Some(Withheld { from, to }),
            _ => None,
        })
        .collect()
    }
}
