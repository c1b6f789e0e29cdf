//! The planner: which windows of which endpoints, and how many requests they take. Pure.

use std::collections::BTreeSet;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{Cadence, Call, Endpoint, Grain, endpoint, endpoints_of},
    time::{DayRange, add_days, days_between},
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

    fn add(&mut self, endpoint: &Endpoint, days: i64) {
        let metric = endpoint.metrics[0];
        let (expected, at_most) = endpoint.requests(days);
        match self.metrics.iter_mut().find(|m| m.metric == metric) {
            Some(known) => {
                known.expected += expected;
                known.at_most += at_most;
            }
            None => self.metrics.push(MetricPlan { metric, expected, at_most }),
        }
    }
}

/// How days become windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The fewest requests: windows as long as the provider and a page allow.
    Fewest,
    /// For days that are asked for again and again: an answer of one day gives way to the next answer of that day, and
    /// one of several to the next that reaches at least as far, so that raw documents do not pile up.
    Live,
}

/// What the planner has to know.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The account's provider.
    pub provider: ProviderKey,
    /// Granted scopes, by their short names.
    pub scopes: &'a [String],
    /// The metrics asked for.
    pub metrics: &'a [Metric],
    /// How densely heart rate is kept.
    pub cadence: Cadence,
    /// How days become windows.
    pub cut: Cut,
    /// The account's budget.
    pub allowance: Allowance,
}

/// The endpoints that a plan asks, in catalogue order: those of the metrics, in scope, at the cadence.
pub(crate) fn endpoints_for<'a>(
    provider: ProviderKey,
    scopes: &'a [String],
    metrics: &'a [Metric],
    cadence: Cadence,
) -> impl Iterator<Item = &'static Endpoint> + 'a {
    endpoints_of(provider)
        .filter(move |e| e.metrics.iter().any(|m| metrics.contains(m)))
        .filter(move |e| scopes.iter().any(|s| s == e.scope))
        .filter(move |e| e.cadence.is_none_or(|own| own == cadence))
}

/// Plans a job. `days_of` gives the days that are asked of an endpoint, in order of time; `is_empty` tells those that
/// are proved to have nothing. Detail that the job's own daily series may prove empty is held until they were read.
#[must_use]
pub fn plan(
    input: &PlanInput<'_>,
    days_of: impl Fn(&'static Endpoint) -> Vec<Date>,
    is_empty: impl Fn(&'static Endpoint, Date) -> bool,
) -> BackfillPlan {
    let mut plan = BackfillPlan::default();
    let asked: Vec<(&'static Endpoint, Vec<Date>)> =
        endpoints_for(input.provider, input.scopes, input.metrics, input.cadence)
            .map(|e| (e, days_of(e).into_iter().filter(|&day| !is_empty(e, day)).collect()))
            .collect();
    let is_read: BTreeSet<&str> =
        asked.iter().filter(|(_, days)| !days.is_empty()).map(|(e, _)| e.key).collect();
    for (endpoint, days) in asked {
        let held = endpoint.proved_by.is_some_and(|proof| is_read.contains(proof));
        for window in windows(endpoint, &days, input.cut, &|day| is_empty(endpoint, day)) {
            plan.add(endpoint, full_days(window, &|day| is_empty(endpoint, day)));
            plan.windows.push(NewWindow { endpoint: endpoint.key, days: window, held });
        }
    }
    order(&mut plan.windows);
    plan.eta_s = eta_s(plan.expected(), input.allowance);
    plan
}

/// Days of a window that are not proved empty.
pub(crate) fn full_days(window: DayRange, is_empty: &dyn Fn(Date) -> bool) -> i64 {
    i64::try_from(window.days().filter(|&day| !is_empty(day)).count()).unwrap_or(i64::MAX)
}

/// The windows that `days` of an endpoint take, newest first.
pub(crate) fn windows(
    endpoint: &Endpoint,
    days: &[Date],
    cut: Cut,
    is_empty: &dyn Fn(Date) -> bool,
) -> Vec<DayRange> {
    match (cut, days.first(), days.last()) {
        (Cut::Live, Some(_), _) if is_dense(endpoint) => {
            days.iter().rev().map(|&day| DayRange::one(day)).collect()
        }
        (Cut::Live, Some(&first), Some(&last)) => live_range(endpoint, first, last),
        _ => fewest(endpoint, days, is_empty),
    }
}

/// Whether an endpoint gives so much for a day that a day is asked for by itself.
fn is_dense(endpoint: &Endpoint) -> bool {
    endpoint.grain == Grain::Minute && (endpoint.rows_a_day >= 1_000 || endpoint.call == Call::FitbitDay)
}

/// Longest distance of a live range's start behind the first day that is wanted.
const LIVE_STEP_DAYS: i64 = 7;
/// Days that a live range usually wants: the settling days and today.
const LIVE_SPAN_DAYS: i64 = 9;

/// One window from a start that moves in steps, so that the windows of a step contain one another.
fn live_range(endpoint: &Endpoint, first: Date, last: Date) -> Vec<DayRange> {
    let step = (endpoint.max_days - LIVE_SPAN_DAYS).clamp(1, LIVE_STEP_DAYS);
    let since_epoch = days_between(Date::constant(1970, 1, 1), first);
    let range = DayRange { start: add_days(first, -since_epoch.rem_euclid(step)), end: add_days(last, 1) };
    if range.len() <= endpoint.max_days {
        return vec![range];
    }
    let days: Vec<Date> = DayRange { start: first, end: range.end }.days().collect();
    fewest(endpoint, &days, &|_| false)
}

/// The windows with the fewest requests, newest first. Days that are left out inside a window cost nothing where they
/// are empty, so a window may span them.
fn fewest(endpoint: &Endpoint, days: &[Date], is_empty: &dyn Fn(Date) -> bool) -> Vec<DayRange> {
    match endpoint.dense_days() {
        Some(most) => fewest_by_rows(endpoint, most, days, is_empty),
        None => longest(endpoint, days, is_empty),
    }
}

/// The longest windows, from the newest day back. Where what lies between two days that are asked for would take a page of
/// its own, it is left out.
fn longest(endpoint: &Endpoint, days: &[Date], is_empty: &dyn Fn(Date) -> bool) -> Vec<DayRange> {
    let mut windows: Vec<DayRange> = Vec::new();
    for &day in days.iter().rev() {
        let next = windows.last_mut().filter(|window| {
            days_between(day, window.end) <= endpoint.max_days && {
                let between = DayRange { start: add_days(day, 1), end: window.start };
                between.is_empty() || !endpoint.fills_a_page(full_days(between, is_empty))
            }
        });
        match next {
            Some(window) => window.start = day,
            None => windows.push(DayRange::one(day)),
        }
    }
    windows
}

/// The windows with the fewest pages, of at most `most` days with rows: days that are asked for, and those between them
/// that are not proved empty.
fn fewest_by_rows(
    endpoint: &Endpoint,
    most: i64,
    days: &[Date],
    is_empty: &dyn Fn(Date) -> bool,
) -> Vec<DayRange> {
    // For the first n days: their fewest requests, and where the newest of their windows begins.
    let mut best: Vec<(i64, usize)> = vec![(0, 0)];
    for (newest, &last) in days.iter().enumerate() {
        let end = add_days(last, 1);
        let (mut found, mut full, mut start) = ((i64::MAX, newest), 0, end);
        for first in (0..=newest).rev() {
            let day = days[first];
            full += full_days(DayRange { start: day, end: start }, is_empty);
            start = day;
            if first < newest && (days_between(day, end) > endpoint.max_days || full > most) {
                break;
            }
            let requests = best[first].0 + endpoint.requests(full).0;
            // Of equals the longer window: fewer rows of work.
            if requests <= found.0 {
                found = (requests, first);
            }
        }
        best.push(found);
    }
    let (mut windows, mut end) = (Vec::new(), days.len());
    while end > 0 {
        let start = best[end].1;
        windows.push(DayRange { start: days[start], end: add_days(days[end - 1], 1) });
        end = start;
    }
    windows
}

/// Day-grain and session windows first (they tell most for least), then the detail, newest first. Roll-ups come last:
/// they carry no offset, and the windows before them teach where the person's days begin.
pub(crate) fn order(windows: &mut [NewWindow]) {
    let rank = |w: &NewWindow| match endpoint(w.endpoint).map(|e| (e.grain, e.call)) {
        Some((Grain::Minute, Call::GoogleRollUpMinute)) => 2,
        Some((Grain::Minute, _)) => 1,
        _ => 0,
    };
    windows.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.days.end.cmp(&a.days.end)));
}

/// Seconds that `requests` take: what does not fit one period waits for the next.
#[must_use]
pub fn eta_s(requests: i64, allowance: Allowance) -> i64 {
    let periods = (requests - 1).max(0) / i64::from(allowance.limit.max(1));
    // Within a period a request takes about a third of a second.
    periods * allowance.period_ms / 1000 + (requests - periods * i64::from(allowance.limit)).max(0) / 3
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use pulsekeep_core::{catalogue::endpoints, time::MINUTE_MS};

    use super::*;

    const GOOGLE: Allowance = Allowance { limit: 300, period_ms: MINUTE_MS };
    const YEAR: DayRange = DayRange { start: date(2025, 1, 1), end: date(2026, 1, 1) };

    fn scopes() -> Vec<String> {
        let mut scopes: Vec<String> = endpoints().map(|e| e.scope.to_owned()).collect();
        scopes.dedup();
        scopes
    }

    fn year_with(metrics: &[Metric], cadence: Cadence, is_empty: impl Fn(Date) -> bool) -> BackfillPlan {
        let scopes = scopes();
        let input = PlanInput {
            provider: ProviderKey::GoogleHealth,
            scopes: &scopes,
            metrics,
            cadence,
            cut: Cut::Fewest,
            allowance: GOOGLE,
        };
        plan(&input, |_| YEAR.days().collect(), |e, day| e.proved_by.is_some() && is_empty(day))
    }

    fn year(metrics: &[Metric]) -> BackfillPlan {
        year_with(metrics, Cadence::Minute, |_| false)
    }

    #[test]
    fn a_year_of_heart_rate_takes_57_requests_of_minutes_and_27_of_days() {
        let plan = year(&[Metric::HeartRate]);
        assert_eq!(plan.expected(), 57 + 27);
        let newest = plan.windows.iter().find(|w| w.endpoint == "google.heart_rate.minute").unwrap();
        assert_eq!(newest.days, DayRange { start: date(2025, 12, 19), end: date(2026, 1, 1) });
        assert!(newest.held, "the daily series may prove days empty");
        assert!(plan.windows.iter().filter(|w| w.endpoint == "google.heart_rate.day").all(|w| !w.held));
    }

    #[test]
    fn heart_rate_is_asked_for_at_one_cadence() {
        let native = year_with(&[Metric::HeartRate], Cadence::Native, |_| false);
        let keys: BTreeSet<&str> = native.windows.iter().map(|w| w.endpoint).collect();
        assert_eq!(keys, ["google.heart_rate.day", "google.heart_rate.native"].into());
        // 15,000 readings a day: twenty pages for thirteen days.
        assert_eq!(native.expected(), 27 + 28 * 20 + 2);
    }

    #[test]
    fn days_without_rows_let_a_window_reach_further() {
        // Every second day is proved empty: fourteen days hold seven with rows, which take two pages as thirteen would; six
        // fit one page.
        let is_empty = |day: Date| days_between(YEAR.start, day) % 2 == 0;
        let plan = year_with(&[Metric::HeartRate], Cadence::Minute, is_empty);
        let minutes: Vec<_> =
            plan.windows.iter().filter(|w| w.endpoint == "google.heart_rate.minute").collect();
        assert_eq!(minutes.len(), 31, "182 days with rows, six a page");
        assert!(minutes.iter().all(|w| full_days(w.days, &is_empty) <= 6));
        assert_eq!(plan.expected(), 27 + 31);
    }

    #[test]
    fn a_scope_that_was_not_granted_is_not_asked_for() {
        let scopes = vec!["sleep.readonly".to_owned()];
        let metrics: Vec<Metric> = Metric::all().collect();
        let input = PlanInput {
            provider: ProviderKey::GoogleHealth,
            scopes: &scopes,
            metrics: &metrics,
            cadence: Cadence::Minute,
            cut: Cut::Fewest,
            allowance: GOOGLE,
        };
        let plan = plan(&input, |_| vec![date(2026, 1, 1)], |_, _| false);
        assert_eq!(plan.windows.iter().map(|w| w.endpoint).collect::<Vec<_>>(), ["google.sleep"]);
    }

    #[test]
    fn live_ranges_of_a_step_contain_one_another() {
        for e in endpoints().filter(|e| !is_dense(e)) {
            let ranges: Vec<DayRange> = (0..60)
                .map(|n| {
                    let today = add_days(date(2026, 1, 1), n);
                    let days: Vec<Date> =
                        DayRange { start: add_days(today, -7), end: add_days(today, 1) }.days().collect();
                    let cut = windows(e, &days, Cut::Live, &|_| false);
                    assert_eq!(cut.len(), 1, "{}: one request", e.key);
                    assert!(cut[0].len() <= e.max_days, "{}", e.key);
                    assert!(days.iter().all(|day| cut[0].contains(*day)));
                    cut[0]
                })
                .collect();
            let starts: BTreeSet<Date> = ranges.iter().map(|r| r.start).collect();
            assert!(
                starts.len() <= 13 || e.max_days < 16,
                "{}: starts move in steps, not daily: {}",
                e.key,
                starts.len()
            );
        }
    }

    #[test]
    fn what_does_not_fit_the_budget_of_an_hour_waits() {
        let hourly = Allowance { limit: 150, period_ms: 3_600_000 };
        assert!(eta_s(150, hourly) < 60);
        assert_eq!(eta_s(1514, hourly) / 3600, 10);
    }

    #[test]
    fn days_far_apart_are_not_joined_by_pages_that_nobody_asked_for() {
        let cut = |key: &str, back: &[i64]| {
            let days: Vec<Date> = back.iter().map(|&n| add_days(YEAR.end, -n)).collect();
            windows(endpoint(key).unwrap(), &days, Cut::Fewest, &|_| false).len()
        };
        assert_eq!(
            cut("google.steps.minute", &[300, 299, 2]),
            2,
            "250 rows a day fill seven pages between them"
        );
        assert_eq!(cut("google.steps.minute", &[30, 29, 2]), 1);
        assert_eq!(cut("google.resting_heart_rate.day", &[300, 2]), 1, "a row a day");
        assert_eq!(cut("fitbit.steps.day", &[900, 2]), 1, "no pages");
    }

    #[test]
    fn dense_days_take_as_few_requests_as_can_be() {
        let e = endpoint("google.heart_rate.minute").unwrap();
        for n in 0..200 {
            let days: Vec<Date> = (0..n).map(|n| add_days(YEAR.start, n)).collect();
            let windows = windows(e, &days, Cut::Fewest, &|_| false);
            let requests: i64 = windows.iter().map(|w| e.requests(w.len()).0).sum();
            assert_eq!(requests, n / 13 * 2 + (n % 13 + 5) / 6, "{n} days");
        }
    }

    #[test]
    fn days_that_are_asked_for_again_and_again_stay_windows_of_one_day() {
        let e = endpoint("google.heart_rate.minute").unwrap();
        let days: Vec<Date> = (0..9).map(|n| add_days(YEAR.start, n)).collect();
        assert!(windows(e, &days, Cut::Live, &|_| false).iter().all(|w| w.len() == 1));
    }

    proptest! {
        #[test]
        fn windows_cover_each_wanted_day_once_within_the_limits(
            open in prop::collection::btree_set(0i64..400, 0..300),
            empty in prop::collection::btree_set(0i64..400, 0..200),
            which in 0usize..60,
        ) {
            let all: Vec<_> = endpoints().collect();
            let e = all[which % all.len()];
            let first = date(2025, 1, 1);
            let is_empty = |day: Date| empty.contains(&days_between(first, day));
            let days: Vec<Date> =
                open.iter().map(|n| add_days(first, *n)).filter(|&day| !is_empty(day)).collect();
            let windows = windows(e, &days, Cut::Fewest, &is_empty);
            prop_assert!(windows.iter().all(|w| w.len() <= e.max_days && !w.is_empty()));
            if let Some(most) = e.dense_days() {
                prop_assert!(windows.iter().all(|w| full_days(*w, &is_empty) <= most));
            }
            prop_assert!(windows.windows(2).all(|w| w[1].end <= w[0].start), "newest first, no overlap");
            for day in days {
                prop_assert_eq!(windows.iter().filter(|w| w.contains(day)).count(), 1);
            }
        }
    }
}
