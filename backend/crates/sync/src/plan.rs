//! The planner: which windows of which endpoints, and how many requests they take. Pure.

use std::collections::BTreeSet;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{Call, Endpoint, Grain, endpoint, endpoints_of},
    job::JobKind,
    time::{DayRange, add_days},
};
use pulsekeep_store::NewWindow;

use crate::budget::Allowance;

/// What a job will ask, before it asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackfillPlan {
    /// The windows: what tells most for least first, then newest first.
    pub windows: Vec<NewWindow>,
    /// Requests by metric.
    pub metrics: Vec<MetricPlan>,
    /// Time in seconds that the requests take under the account's budget.
    pub eta_s: i64,
}

/// Requests of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricPlan {
    /// The metric.
    pub metric: Metric,
    /// Requests that are likely.
    pub expected: i64,
    /// Requests at the most, retries apart.
    pub at_most: i64,
}

impl BackfillPlan {
    /// Requests that are likely.
    #[must_use]
    pub fn expected(&self) -> i64 {
        self.metrics.iter().map(|m| m.expected).sum()
    }

    /// Requests at the most, retries apart.
    #[must_use]
    pub fn at_most(&self) -> i64 {
        self.metrics.iter().map(|m| m.at_most).sum()
    }
}

/// Up to so many days an incremental sync asks for the detail of each day by itself: these are asked for again and
/// again, and a raw document gives way to the next answer only if both speak of the same days.
const LIVE_DAYS: i64 = 7;

/// What the planner has to know.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The account's provider.
    pub provider: ProviderKey,
    /// Granted scopes, by their short names.
    pub scopes: &'a [String],
    /// The metrics asked for.
    pub metrics: &'a [Metric],
    /// The days asked for.
    pub days: DayRange,
    /// What the job is for: an incremental sync asks for closed days too.
    pub kind: JobKind,
    /// The account's budget.
    pub allowance: Allowance,
}

/// Plans a job. `is_closed` tells the days of an endpoint that were read whole and cannot change any more: a backfill
/// leaves them out.
#[must_use]
pub fn plan(input: &PlanInput<'_>, is_closed: impl Fn(&'static Endpoint, Date) -> bool) -> BackfillPlan {
    let mut plan = BackfillPlan::default();
    let asked: BTreeSet<Metric> = input.metrics.iter().copied().collect();
    let endpoints: Vec<&'static Endpoint> = endpoints_of(input.provider)
        .filter(|e| e.metrics.iter().any(|m| asked.contains(m)))
        .filter(|e| input.scopes.iter().any(|s| s == e.scope))
        .collect();
    for endpoint in endpoints {
        let days =
            input.days.days().filter(|&day| input.kind != JobKind::Backfill || !is_closed(endpoint, day));
        let length = match (input.kind, endpoint.grain) {
            (JobKind::Incremental, Grain::Minute) if input.days.len() <= LIVE_DAYS => 1,
            _ => endpoint.max_days,
        };
        for window in cut(days.collect(), length) {
            let (expected, at_most) = endpoint.requests(window.len());
            plan.windows.push(NewWindow { endpoint: endpoint.key, days: window });
            add(&mut plan.metrics, endpoint.metrics[0], expected, at_most);
        }
    }
    order(&mut plan.windows);
    plan.eta_s = eta_s(plan.expected(), input.allowance);
    plan
}

fn add(metrics: &mut Vec<MetricPlan>, metric: Metric, expected: i64, at_most: i64) {
    match metrics.iter_mut().find(|m| m.metric == metric) {
        Some(known) => {
            known.expected += expected;
            known.at_most += at_most;
        }
        None => metrics.push(MetricPlan { metric, expected, at_most }),
    }
}

/// Cuts days into windows of at most `length`, from the newest day back. Days that are left out inside a window cost
/// nothing, so a window may span them.
fn cut(mut days: Vec<Date>, length: i64) -> Vec<DayRange> {
    let mut windows = Vec::new();
    while let Some(&newest) = days.last() {
        let end = add_days(newest, 1);
        let first = days.partition_point(|&day| day < add_days(end, -length));
        windows.push(DayRange { start: days[first], end });
        days.truncate(first);
    }
    windows
}

/// Day-grain and sleep windows first (they tell most for least), then the detail, newest first. Roll-ups come last:
/// they carry no offset, and the windows before them teach where the person's days begin.
fn order(windows: &mut [NewWindow]) {
    let rank = |w: &NewWindow| match endpoint(w.endpoint).map(|e| (e.grain, e.call)) {
        Some((Grain::Minute, Call::GoogleRollUpMinute)) => 2,
        Some((Grain::Minute, _)) => 1,
        _ => 0,
    };
    windows.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.days.end.cmp(&a.days.end)));
}

/// Seconds that `requests` take: what does not fit one period waits for the next.
fn eta_s(requests: i64, allowance: Allowance) -> i64 {
    let periods = (requests - 1).max(0) / i64::from(allowance.limit.max(1));
    // Within a period a request takes about a third of a second.
    periods * allowance.period_ms / 1000 + (requests - periods * i64::from(allowance.limit)).max(0) / 3
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use pulsekeep_core::time::MINUTE_MS;

    use super::*;

    const GOOGLE: Allowance = Allowance { limit: 300, period_ms: MINUTE_MS };

    fn scopes() -> Vec<String> {
        ["activity_and_fitness.readonly", "health_metrics_and_measurements.readonly", "sleep.readonly"]
            .map(str::to_owned)
            .to_vec()
    }

    fn year(metrics: &[Metric], kind: JobKind) -> BackfillPlan {
        let days = DayRange { start: date(2025, 1, 1), end: date(2026, 1, 1) };
        let scopes = scopes();
        let input = PlanInput {
            provider: ProviderKey::GoogleHealth,
            scopes: &scopes,
            metrics,
            days,
            kind,
            allowance: GOOGLE,
        };
        plan(&input, |_, _| false)
    }

    #[test]
    fn a_year_of_heart_rate_takes_61_requests_of_minutes_and_27_of_days() {
        let plan = year(&[Metric::HeartRate], JobKind::Backfill);
        assert_eq!(plan.expected(), 61 + 27);
        let newest = plan.windows.iter().find(|w| w.endpoint == "google.heart_rate.minute").unwrap();
        assert_eq!(newest.days, DayRange { start: date(2025, 12, 26), end: date(2026, 1, 1) });
    }

    #[test]
    fn a_scope_that_was_not_granted_is_not_asked_for() {
        let scopes = vec!["sleep.readonly".to_owned()];
        let metrics: Vec<Metric> = Metric::all().collect();
        let input = PlanInput {
            provider: ProviderKey::GoogleHealth,
            scopes: &scopes,
            metrics: &metrics,
            days: DayRange::one(date(2026, 1, 1)),
            kind: JobKind::Backfill,
            allowance: GOOGLE,
        };
        let plan = plan(&input, |_, _| false);
        assert_eq!(plan.windows.iter().map(|w| w.endpoint).collect::<Vec<_>>(), ["google.sleep"]);
    }

    #[test]
    fn closed_days_are_left_out_of_a_backfill_only() {
        let days = DayRange { start: date(2026, 1, 1), end: date(2026, 1, 31) };
        let scopes = scopes();
        let input = |kind| PlanInput {
            provider: ProviderKey::GoogleHealth,
            scopes: &scopes,
            metrics: &[Metric::RestingHeartRate],
            days,
            kind,
            allowance: GOOGLE,
        };
        let closed = |_: &'static Endpoint, day: Date| day < date(2026, 1, 21);
        let backfill = plan(&input(JobKind::Backfill), closed);
        assert_eq!(backfill.windows[0].days.start, date(2026, 1, 21));
        let incremental = plan(&input(JobKind::Incremental), closed);
        assert_eq!(incremental.windows[0].days.start, date(2026, 1, 1));
    }

    #[test]
    fn what_does_not_fit_the_budget_of_an_hour_waits() {
        let hourly = Allowance { limit: 150, period_ms: 3_600_000 };
        assert!(eta_s(150, hourly) < 60);
        assert_eq!(eta_s(1514, hourly) / 3600, 10);
    }

    proptest! {
        #[test]
        fn windows_cover_each_open_day_once_within_the_limit(
            open in prop::collection::btree_set(0i64..400, 0..300),
            length in 1i64..40,
        ) {
            let days: Vec<Date> = open.iter().map(|n| add_days(date(2025, 1, 1), *n)).collect();
            let windows = cut(days.clone(), length);
            prop_assert!(windows.iter().all(|w| w.len() <= length && !w.is_empty()));
            prop_assert!(windows.windows(2).all(|w| w[1].end <= w[0].start), "newest first, no overlap");
            for day in days {
                prop_assert_eq!(windows.iter().filter(|w| w.contains(day)).count(), 1);
            }
        }
    }
}
