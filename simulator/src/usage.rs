//! What a client spent of its quotas, and what became of its refreshes: so that a test can say that no quota was broken.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::faults::Provider;

/// Windows kept of one account.
const KEPT_WINDOWS: usize = 20_000;

/// Whose quota it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Account {
    /// A person's, at a client (its mark).
    Person { provider: Provider, client: u32, person: String },
    /// All people's of a client together (Google's project).
    Project { client: u32 },
}

impl Account {
    fn provider(&self) -> Provider {
        match self {
            Account::Person { provider, .. } => *provider,
            Account::Project { .. } => Provider::Google,
        }
    }

    /// Seconds of a quota's window.
    fn window_seconds(&self) -> i64 {
        if self.provider() == Provider::Google { 60 } else { 3600 }
    }
}

/// What became of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// New tokens were given.
    Given,
    /// The same request again got the same answer.
    Repeated,
    /// It was refused, as a rule with `invalid_grant`.
    Refused,
}

#[derive(Clone, Copy, Debug)]
struct Worst {
    window: i64,
    requests: u32,
    limit: u32,
}

impl Worst {
    fn share(self) -> f64 {
        f64::from(self.requests) / f64::from(self.limit.max(1))
    }
}

#[derive(Debug, Default)]
struct Spent {
    requests: u64,
    over_quota: u64,
    /// Number of a window to its requests.
    windows: BTreeMap<i64, u32>,
    worst: Option<Worst>,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    spent: BTreeMap<Account, Spent>,
    /// Given, repeated and refused refreshes. A token that nobody signed belongs to nobody.
    refreshes: BTreeMap<(Provider, Option<String>), [u64; 3]>,
}

impl Usage {
    /// Counts a request at an instant (epoch seconds). Returns the requests of its window, with this one.
    pub(crate) fn spend(&mut self, account: Account, now: i64, limit: u32) -> u32 {
        let window = now.div_euclid(account.window_seconds());
        let spent = self.spent.entry(account).or_default();
        let made = spent.windows.entry(window).or_default();
        *made += 1;
        let made = *made;
        spent.requests += 1;
        spent.over_quota += u64::from(made > limit);
        let here = Worst { window, requests: made, limit };
        if spent.worst.is_none_or(|worst| here.share() > worst.share()) {
            spent.worst = Some(here);
        }
        if spent.windows.len() > KEPT_WINDOWS {
            spent.windows.pop_first();
        }
        made
    }

    pub(crate) fn refreshed(&mut self, provider: Provider, person: Option<&str>, what: Refresh) {
        self.refreshes.entry((provider, person.map(str::to_owned))).or_default()[what as usize] += 1;
    }

    /// Forgets what was counted. The windows under way begin anew.
    pub(crate) fn clear(&mut self) {
        *self = Usage::default();
    }

    /// The counts in JSON; with `windows` also the requests of each window.
    pub(crate) fn told(&self, windows: bool) -> Value {
        let quotas: Vec<Value> =
            self.spent.iter().map(|(account, spent)| told_of_account(account, spent, windows)).collect();
        let refreshes: Vec<Value> = self
            .refreshes
            .iter()
            .map(|((provider, person), [given, repeated, refused])| {
                json!({ "provider": provider, "person": person, "given": given, "repeated": repeated, "refused": refused })
            })
            .collect();
        let over: u64 = self.spent.values().map(|spent| spent.over_quota).sum();
        json!({ "over_quota": over, "quotas": quotas, "refreshes": refreshes })
    }
}

fn told_of_account(account: &Account, spent: &Spent, windows: bool) -> Value {
    let seconds = account.window_seconds();
    let (quota, person) = match account {
        Account::Person { person, .. } => ("person", Some(person)),
        Account::Project { .. } => ("project", None),
    };
    let start = |window: i64| jiff::Timestamp::from_second(window * seconds).unwrap_or_default().to_string();
    let mut told = json!({
        "provider": account.provider(),
        "quota": quota,
        "person": person,
        "window_seconds": seconds,
        "requests": spent.requests,
        "over_quota": spent.over_quota,
        "worst": spent.worst.map(|worst| {
            json!({ "window": start(worst.window), "requests": worst.requests, "limit": worst.limit, "share": worst.share() })
        }),
    });
    if windows {
        let pair = |(window, requests): (&i64, &u32)| json!([window * seconds, requests]);
        told["windows"] = spent.windows.iter().map(pair).collect();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_window_and_what_went_over_are_remembered() {
        let mut usage = Usage::default();
        let account = || Account::Person { provider: Provider::Fitbit, client: 1, person: "nora".to_owned() };
        for (now, limit) in [(0, 2), (3599, 2), (3600, 4), (3601, 4), (3602, 4), (7200, 1), (7201, 1)] {
            usage.spend(account(), now, limit);
        }
        usage.refreshed(Provider::Fitbit, Some("nora"), Refresh::Repeated);
        let told = usage.told(true);
        let quota = &told["quotas"][0];
        assert_eq!((&told["over_quota"], &quota["requests"]), (&json!(1), &json!(7)));
        assert_eq!(
            quota["worst"],
            json!({ "window": "1970-01-01T02:00:00Z", "requests": 2, "limit": 1, "share": 2.0 })
        );
        assert_eq!(quota["windows"], json!([[0, 2], [3600, 3], [7200, 2]]));
        assert_eq!(told["refreshes"][0]["repeated"], 1);
    }
}
