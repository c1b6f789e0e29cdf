//! Counts of what was asked.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::faults::Provider;
use crate::people::Day;

/// What requests are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestKind {
    pub(crate) provider: Provider,
    pub(crate) person: Option<String>,
    pub(crate) family: String,
    pub(crate) status: u16,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RequestCount {
    provider: Provider,
    person: Option<String>,
    family: String,
    status: u16,
    count: u64,
}

/// Counts since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    counts: BTreeMap<RequestKind, u64>,
}

impl RequestLog {
    pub(crate) fn add(&mut self, kind: RequestKind) {
        *self.counts.entry(kind).or_default() += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.counts.clear();
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn lines(&self) -> Vec<RequestCount> {
        let line = |(kind, count): (&RequestKind, &u64)| RequestCount {
            provider: kind.provider,
            person: kind.person.clone(),
            family: kind.family.clone(),
            status: kind.status,
            count: *count,
        };
        self.counts.iter().map(line).collect()
    }
}

/// A path without what differs from request to request: dates, times, users and ids.
pub(crate) fn family(path: &str) -> String {
    let mut previous = "";
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let bare = part.strip_suffix(".json").unwrap_or(part);
            let shown = match bare {
                _ if previous == "users" => "{user}",
                _ if previous == "dataPoints" => "{id}",
                "today" => "{date}",
                _ if Day::parse(bare).is_some() => "{date}",
                _ if is_clock_time(bare) => "{time}",
                _ => bare,
            };
            previous = part;
            shown
        })
        .collect();
    parts.join("/")
}

fn is_clock_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 5 && bytes[2] == b':' && bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn families_name_what_was_asked_and_not_for_when() {
        assert_eq!(
            family("/google/v4/users/123/dataTypes/steps/dataPoints:rollUp"),
            "/google/v4/users/{user}/dataTypes/steps/dataPoints:rollUp"
        );
        assert_eq!(
            family("/fitbit/1/user/-/activities/steps/date/2026-01-02/1d/1min/time/08:00/09:00.json"),
            "/fitbit/1/user/-/activities/steps/date/{date}/1d/1min/time/{time}/{time}"
        );
    }
}
