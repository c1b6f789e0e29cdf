//! What stands in the way of work, in sentences, before it starts.

use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::{Endpoint, endpoints_of},
    time::{DayRange, HOUR_MS, MINUTE_MS},
};
use pulsekeep_store::LinkedAccount;

use crate::{
    JobRequest, SyncEngine, SyncError, SyncPolicy,
    incremental::every_ms,
    plan::{Cut, PlanInput, plan},
};

/// An interval that is long enough for any provider.
const LONGEST_MIN: i64 = 24 * 60;

/// Requests an hour that live sync of one account takes when its device tells something before each pass: an upper
/// bound of what the planner asks for.
#[must_use]
pub fn live_requests_an_hour(policy: &SyncPolicy, provider: ProviderKey) -> i64 {
    let scopes: Vec<String> = endpoints_of(provider).map(|e| e.scope.to_owned()).collect();
    let metrics: Vec<Metric> = Metric::all().collect();
    let input = PlanInput {
        provider,
        scopes: &scopes,
        metrics: &metrics,
        cadence: policy.cadence,
        cut: Cut::Live,
        allowance: policy.account_allowance(provider),
    };
    let today = DayRange::one(EpochMs(0).civil(0).date());
    let requests = |wanted: &dyn Fn(&Endpoint) -> bool| {
        let days = |e: &'static Endpoint| if wanted(e) { today.days().collect() } else { Vec::new() };
        plan(&input, days, |_, _| false).expected()
    };
    let passes = HOUR_MS / policy.incremental_every_ms.max(1);
    let each_pass = requests(&|e| every_ms(e) == 0);
    let each_hour = requests(&|e| every_ms(e) > 0);
    // The devices are asked for before a pass, not more often than every ten minutes.
    passes * each_pass + each_hour * passes.min(1) + passes.min(6)
}

/// Where the policy cannot be met within what the providers allow; empty when it can.
#[must_use]
pub fn policy_problems(policy: &SyncPolicy, enabled: impl Fn(ProviderKey) -> bool) -> Vec<String> {
    ProviderKey::ALL
        .into_iter()
        .filter(|&provider| enabled(provider))
        .filter_map(|p| too_often(policy, p))
        .collect()
}

fn an_hour(policy: &SyncPolicy, provider: ProviderKey) -> i64 {
    let allowance = policy.account_allowance(provider);
    i64::from(allowance.limit) * HOUR_MS / allowance.period_ms.max(1)
}

fn too_often(policy: &SyncPolicy, provider: ProviderKey) -> Option<String> {
    let (takes, allowed) = (live_requests_an_hour(policy, provider), an_hour(policy, provider));
    if takes <= allowed {
        return None;
    }
    let fits = |minutes: &i64| {
        let slower = SyncPolicy { incremental_every_ms: minutes * MINUTE_MS, ..*policy };
        live_requests_an_hour(&slower, provider) <= allowed
    };
    let advice = match (1..=LONGEST_MIN).find(fits) {
        Some(minutes) => format!("set sync.interval_minutes to {minutes} or more"),
        None => "no interval is long enough: keep heart rate by the minute".to_owned(),
    };
    Some(format!(
        "sync.interval_minutes = {} cannot be met: the live sync of one {} account takes up to {takes} requests an hour, \
         and {allowed} are allowed; {advice}",
        policy.incremental_every_ms / MINUTE_MS,
        provider.name(),
    ))
}

impl SyncEngine {
    /// Where the policy cannot be met within what the enabled providers allow.
    #[must_use]
    pub fn policy_problems(&self) -> Vec<String> {
        policy_problems(&self.policy, |provider| self.provider(provider).is_some())
    }

    /// What of a request cannot be done, though the rest can: metrics that the person did not grant or that their
    /// providers do not have, and accounts that are left out.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_problems(&self, request: &JobRequest) -> Result<Vec<String>, SyncError> {
        let mut problems = Vec::new();
        let mut working = Vec::new();
        for link in self.store.links_of(request.user_id).await? {
            let name = link.provider.name();
            if self.provider(link.provider).is_none() {
                problems.push(format!("{name} is not enabled: its account is left out"));
            } else if link.state.may_fetch() {
                working.push(link);
            } else {
                problems.push(format!("{name} has to be connected again: its account is left out"));
            }
        }
        for link in &working {
            let not_granted = withheld(request, link);
            if !not_granted.is_empty() {
                problems.push(format!(
                    "{} was not allowed to give {}: connect it again and leave every box ticked",
                    link.provider.name(),
                    not_granted.join(", ")
                ));
            }
        }
        let missing: Vec<&str> = request
            .metrics
            .iter()
            .filter(|metric| {
                !working.is_empty() && !working.iter().any(|link| offers(link.provider, **metric))
            })
            .map(|metric| metric.key())
            .collect();
        // Who asks for everything asks for what there is.
        if !missing.is_empty() && request.metrics.len() < Metric::all().count() {
            problems.push(format!("no connected provider offers {}", missing.join(", ")));
        }
        Ok(problems)
    }
}

fn offers(provider: ProviderKey, metric: Metric) -> bool {
    endpoints_of(provider).any(|e| e.metrics.contains(&metric))
}

/// Metrics asked for that the provider has and whose scope was not granted.
fn withheld(request: &JobRequest, link: &LinkedAccount) -> Vec<&'static str> {
    let granted = |e: &&Endpoint| link.scopes.iter().any(|scope| scope == e.scope);
    request
        .metrics
        .iter()
        .filter(|metric| offers(link.provider, **metric))
        .filter(|metric| {
            !endpoints_of(link.provider).filter(|e| e.metrics.contains(metric)).any(|e| granted(&e))
        })
        .map(|metric| metric.key())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(minutes: i64) -> SyncPolicy {
        SyncPolicy { incremental_every_ms: minutes * MINUTE_MS, ..SyncPolicy::default() }
    }

    #[test]
    fn the_usual_policy_can_be_met() {
        assert_eq!(policy_problems(&SyncPolicy::default(), |_| true), Vec::<String>::new());
    }

    #[test]
    fn an_interval_that_is_too_short_is_explained_with_one_that_is_not() {
        let problems = policy_problems(&policy(1), |provider| provider == ProviderKey::Fitbit);
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert!(problem.starts_with("sync.interval_minutes = 1 cannot be met"), "{problem}");
        assert!(problem.contains("150 are allowed"), "{problem}");
        let minutes: i64 = problem
            .split("sync.interval_minutes to ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .unwrap_or_default();
        assert!((2..=15).contains(&minutes), "{problem}");
        assert!(policy_problems(&policy(minutes), |_| true).is_empty());
        assert!(!policy_problems(&policy(minutes - 1), |_| true).is_empty());
        assert!(policy_problems(&policy(1), |_| false).is_empty(), "a provider that is off costs nothing");
    }

    #[test]
    fn live_sync_takes_less_the_rarer_it_is() {
        for provider in ProviderKey::ALL {
            let takes: Vec<i64> =
                [1, 5, 15, 60].iter().map(|m| live_requests_an_hour(&policy(*m), provider)).collect();
            assert!(takes.windows(2).all(|pair| pair[0] > pair[1]), "{provider}: {takes:?}");
        }
    }
}
