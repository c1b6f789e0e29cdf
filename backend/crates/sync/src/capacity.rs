//! What many accounts cost: requests, workers, rows. A simulation in the engine's own arithmetic (catalogue, planner,
//! rules of an incremental sync, budgets), without a database and without a provider. `examples/capacity.rs` prints it.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::{Endpoint, Grain, endpoint, endpoints_of},
    coverage::CoverageState,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days, next_day},
};
use pulsekeep_store::ingest::{CoverageFact, KnownDays};

use crate::{
    SyncPolicy,
    incremental::{HORIZON_DAYS, Look, due},
    plan::{Cut, PlanInput, plan},
    request::DEEP_DAYS,
};

const DAY_MINUTES: usize = 24 * 60;
/// The first simulated day; any day without a clock change does, since the person lives by UTC.
const FIRST_DAY: Date = Date::constant(2026, 6, 1);

/// How a person's device behaves.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Minutes between two syncs of the device while its owner is awake.
    pub sync_every_min: i64,
    /// First and last hour of the day in which it syncs.
    pub awake: (i64, i64),
}

impl Default for Habits {
    /// A phone at hand from 7 to 23 o'clock, and a device that syncs each quarter of an hour.
    fn default() -> Self {
        Self { sync_every_min: 15, awake: (7, 23) }
    }
}

impl Habits {
    /// The device's last sync at `now`.
    fn last_sync(self, now: EpochMs) -> EpochMs {
        let (from, to) = self.awake;
        let day_start = now.0 - now.0.rem_euclid(DAY_MS);
        let minute = (now.0 - day_start) / MINUTE_MS;
        let last = |minute: i64| {
            day_start
                + (from * 60 + (minute - from * 60) / self.sync_every_min * self.sync_every_min) * MINUTE_MS
        };
        EpochMs(match minute {
            m if m < from * 60 => day_start - DAY_MS + to * HOUR_MS,
            m if m >= to * 60 => day_start + to * HOUR_MS,
            m => last(m),
        })
    }
}

/// Requests and rows of one account that has been complete for long.
#[derive(Debug, Clone)]
pub struct AccountLoad {
    /// Whose.
    pub provider: ProviderKey,
    /// Requests of live sync in each minute of the day, as a mean over the simulated days, the question for devices
    /// included.
    pub by_minute: Vec<f64>,
    /// Requests a day that ask for data again each week.
    pub deep_a_day: f64,
    /// Sync jobs a day.
    pub jobs_a_day: f64,
    /// Windows a day.
    pub windows_a_day: f64,
    /// Requests of a backfill of 365 days.
    pub backfill_year: i64,
    /// Rows that stay of a day: sample blocks, daily values and coverage.
    pub blocks_a_day: usize,
    /// Daily values of a day.
    pub daily_a_day: usize,
    /// Coverage rows of a day.
    pub coverage_a_day: usize,
}

impl AccountLoad {
    /// Requests of live sync a day.
    #[must_use]
    pub fn live_a_day(&self) -> f64 {
        self.by_minute.iter().sum()
    }
}

/// What is known of the account's days, as the database would have it.
type Facts = HashMap<(&'static str, Date), CoverageFact>;

/// Simulates one account of `provider` for `days` days, each sync planned by the rules that the engine plans by. Days
/// whose detail a daily value would prove empty are asked for too: an upper bound.
#[must_use]
pub fn account(provider: ProviderKey, policy: &SyncPolicy, habits: Habits, days: usize) -> AccountLoad {
    let metrics: Vec<Metric> = Metric::all().collect();
    let scopes: Vec<String> = endpoints_of(provider).map(|e| e.scope.to_owned()).collect();
    let input = |cut| PlanInput {
        provider,
        scopes: &scopes,
        metrics: &metrics,
        cadence: policy.cadence,
        cut,
        allowance: policy.account_allowance(provider),
    };
    let mut facts = past(provider);
    let mut load = AccountLoad {
        provider,
        by_minute: vec![0.0; DAY_MINUTES],
        deep_a_day: 0.0,
        jobs_a_day: 0.0,
        windows_a_day: 0.0,
        backfill_year: 0,
        blocks_a_day: 0,
        daily_a_day: 0,
        coverage_a_day: 0,
    };
    let share = 1.0 / days as f64;
    let every = policy.incremental_every_ms.max(MINUTE_MS);
    let start = midnight(FIRST_DAY);
    for tick in 0..i64::try_from(days).unwrap_or(i64::MAX) * DAY_MS / every {
        // The middle of the interval: accounts begin theirs at any time.
        let now = start.plus(tick * every + every / 2);
        let (requests, windows) = sync(&input(Cut::Live), policy, &mut facts, habits.last_sync(now), now);
        // The devices are asked for first, whatever comes of it.
        let minute = usize::try_from(now.0.rem_euclid(DAY_MS) / MINUTE_MS).unwrap_or(0);
        load.by_minute[minute] += share * (requests + 1) as f64;
        load.jobs_a_day += share * f64::from(u8::from(windows > 0));
        load.windows_a_day += share * windows as f64;
    }
    let year = DayRange { start: add_days(FIRST_DAY, -365), end: FIRST_DAY };
    load.backfill_year = plan(&input(Cut::Fewest), |_| year.days().collect(), |_, _| false).expected();
    let deep = DayRange { start: add_days(FIRST_DAY, 1 - DEEP_DAYS), end: next_day(FIRST_DAY) };
    let has_daily = |e: &Endpoint| {
        endpoints_of(provider).any(|d| d.grain == Grain::Day && d.metrics.contains(&e.metrics[0]))
    };
    let deep_days = |e: &'static Endpoint| {
        if e.grain != Grain::Minute || !has_daily(e) { deep.days().collect() } else { Vec::new() }
    };
    load.deep_a_day = plan(&input(Cut::Fewest), deep_days, |_, _| false).expected() as f64 / 7.0;
    for e in crate::plan::endpoints_for(provider, &scopes, &metrics, policy.cadence) {
        load.coverage_a_day += e.metrics.len();
        match e.grain {
            // What nobody has every day is not counted as if it were: readings by hand, and what devices leave empty.
            Grain::Minute if !e.key.ends_with(".reading") && e.rows_per_100_days > 0 => {
                load.blocks_a_day += e.metrics.len()
            }
            Grain::Day => load.daily_a_day += e.metrics.len(),
            _ => {}
        }
    }
    load
}

fn midnight(day: Date) -> EpochMs {
    EpochMs(pulsekeep_core::time::local_ms(day.at(0, 0, 0, 0)))
}

/// Everything before the first day has been read.
fn past(provider: ProviderKey) -> Facts {
    let days = DayRange { start: add_days(FIRST_DAY, -HORIZON_DAYS - 2), end: FIRST_DAY };
    let mut facts = Facts::new();
    for e in endpoints_of(provider) {
        for day in days.days() {
            facts.insert((e.key, day), fact(e, day, CoverageState::Complete, midnight(FIRST_DAY)));
        }
    }
    facts
}

fn fact(endpoint: &Endpoint, day: Date, state: CoverageState, checked: EpochMs) -> CoverageFact {
    CoverageFact {
        metric: endpoint.metrics[0],
        grain: endpoint.grain,
        day,
        state,
        code: None,
        checked_at: Some(checked),
        window: None,
        raw: None,
    }
}

/// One incremental sync: how many requests and windows it takes; its days are known afterwards.
fn sync(
    input: &PlanInput<'_>,
    policy: &SyncPolicy,
    facts: &mut Facts,
    last_sync: EpochMs,
    now: EpochMs,
) -> (i64, usize) {
    let today = now.civil(0).date();
    facts.retain(|(_, day), _| *day >= add_days(today, -HORIZON_DAYS - 2));
    let known = KnownDays { facts: facts.values().copied().collect(), ..KnownDays::default() }.into();
    let look = Look {
        today,
        now,
        last_sync: Some(last_sync),
        close_after_days: policy.close_after_days,
        force: false,
        known: &known,
    };
    let dues: BTreeMap<&'static str, _> =
        crate::plan::endpoints_for(input.provider, input.scopes, input.metrics, input.cadence)
            .map(|e| (e.key, due(e, &look, |day| (midnight(day), midnight(next_day(day))))))
            .collect();
    let planned = plan(input, |e| dues.get(e.key).map_or_else(Vec::new, |due| due.ask.clone()), |_, _| false);
    for (key, due) in &dues {
        let Some(e) = endpoint(key) else { continue };
        let state = |day: Date| {
            let end = midnight(next_day(day));
            let closed = last_sync >= end || now.0 >= end.0 + policy.close_after_days * DAY_MS;
            if closed { CoverageState::Complete } else { CoverageState::Partial }
        };
        for &day in due.ask.iter().chain(&due.note) {
            facts.insert((e.key, day), fact(e, day, state(day), now));
        }
        for &day in &due.close {
            facts.insert((e.key, day), fact(e, day, CoverageState::Complete, now));
        }
    }
    (planned.expected(), planned.windows.len())
}

/// Many accounts at once, and those who work for them.
#[derive(Debug, Clone, Copy)]
pub struct Cohort {
    /// Accounts of Google Health.
    pub google: u32,
    /// Accounts of the Fitbit Web API.
    pub fitbit: u32,
    /// Worker processes.
    pub workers: u32,
    /// Requests that a worker makes at the same time.
    pub parallel: u32,
    /// Milliseconds of a request, the provider's time and ours.
    pub request_ms: u32,
    /// Days that are simulated.
    pub days: u32,
}

/// What became of a cohort.
#[derive(Debug, Clone, Copy, Default)]
pub struct CohortLoad {
    /// Requests of live and deep sync a day, all accounts together.
    pub live_a_day: f64,
    /// Requests of the busiest minute of live sync.
    pub peak_a_minute: f64,
    /// Share of Google's app quota that the busiest minute takes, backfills included.
    pub app_share: f64,
    /// Workers that the busiest minute of live sync keeps busy.
    pub workers_for_live: f64,
    /// Requests of everybody's first year.
    pub backfill: f64,
    /// Hours until everybody's first year is there; `None` when it took longer than the simulated days.
    pub backfill_hours: Option<f64>,
    /// Requests of live sync that found no free worker in their minute and waited.
    pub late: f64,
}

/// Simulates a cohort minute by minute: live sync first, then the backfills within what accounts, app and workers have
/// left. Accounts live all over the world, a twenty-fourth in each hour's zone, and their intervals begin evenly.
#[must_use]
pub fn cohort(cohort: &Cohort, policy: &SyncPolicy, loads: &[AccountLoad]) -> CohortLoad {
    let mut result = CohortLoad::default();
    let supply = f64::from(cohort.workers) * f64::from(cohort.parallel) * 60_000.0
        / f64::from(cohort.request_ms.max(1));
    let mut sides: Vec<Side> = loads.iter().map(|load| Side::new(load, cohort, policy)).collect();
    result.backfill = sides.iter().map(|side| side.backlog).sum();
    let mut waiting = 0.0;
    for minute in 0..cohort.days as usize * DAY_MINUTES {
        let live: f64 = sides.iter().map(|side| side.live[minute % DAY_MINUTES]).sum();
        result.peak_a_minute = result.peak_a_minute.max(live);
        result.live_a_day += live / f64::from(cohort.days);
        let served = (live + waiting).min(supply);
        waiting = live + waiting - served;
        result.late += waiting.min(live);
        let mut left = supply - served;
        for side in &mut sides {
            let asked = side.step(left, minute);
            left -= asked;
            if let Some(app) = policy.app_allowance(side.provider) {
                let share = (side.live[minute % DAY_MINUTES] + asked) / f64::from(app.limit);
                result.app_share = result.app_share.max(share);
            }
        }
        if result.backfill_hours.is_none() && sides.iter().all(|side| side.backlog <= 0.0) {
            result.backfill_hours = Some((minute + 1) as f64 / 60.0);
        }
    }
    result.workers_for_live = result.peak_a_minute * f64::from(cohort.workers) / supply;
    result
}

/// All accounts of one provider.
struct Side {
    provider: ProviderKey,
    /// Live requests in each minute of the day.
    live: Vec<f64>,
    /// Requests of backfills that are to be made.
    backlog: f64,
    /// Requests of backfills that all accounts together may make in a period.
    a_period: f64,
    period_min: usize,
    used: f64,
    /// Requests that the app has left for backfills in a minute.
    app_a_minute: f64,
}

impl Side {
    fn new(load: &AccountLoad, cohort: &Cohort, policy: &SyncPolicy) -> Self {
        let accounts = f64::from(match load.provider {
            ProviderKey::GoogleHealth => cohort.google,
            ProviderKey::Fitbit => cohort.fitbit,
        });
        let interval = usize::try_from(policy.incremental_every_ms / MINUTE_MS).unwrap_or(1).max(1);
        let mut live = vec![0.0; DAY_MINUTES];
        for (local, requests) in load.by_minute.iter().enumerate().filter(|(_, requests)| **requests > 0.0) {
            for zone in 0..24 {
                for phase in 0..interval {
                    let minute = (local + zone * 60 + phase) % DAY_MINUTES;
                    live[minute] += requests * accounts / (24 * interval) as f64;
                }
            }
        }
        for minute in &mut live {
            *minute += load.deep_a_day * accounts / DAY_MINUTES as f64;
        }
        let allowance = policy.account_allowance(load.provider);
        let keep = f64::from(100 - policy.reserve_percent) / 100.0;
        let busiest = live.iter().copied().fold(0.0, f64::max);
        let app = policy.app_allowance(load.provider);
        Self {
            provider: load.provider,
            backlog: load.backfill_year as f64 * accounts,
            a_period: f64::from(allowance.limit) * keep * accounts,
            period_min: usize::try_from(allowance.period_ms / MINUTE_MS).unwrap_or(1).max(1),
            used: 0.0,
            app_a_minute: app.map_or(f64::INFINITY, |app| (f64::from(app.limit) * keep - busiest).max(0.0)),
            live,
        }
    }

    /// Requests of backfills in a minute in which workers have room for `room`.
    fn step(&mut self, room: f64, minute: usize) -> f64 {
        if minute.is_multiple_of(self.period_min) {
            self.used = 0.0;
        }
        let asked = room.min(self.app_a_minute).min(self.a_period - self.used).min(self.backlog).max(0.0);
        self.used += asked;
        self.backlog -= asked;
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(provider: ProviderKey) -> AccountLoad {
        account(provider, &SyncPolicy::default(), Habits::default(), 3)
    }

    #[test]
    fn an_account_at_rest_asks_little_by_night() {
        for provider in ProviderKey::ALL {
            let load = load(provider);
            let by_hours = |from: usize, to: usize| load.by_minute[from * 60..to * 60].iter().sum::<f64>();
            assert!(by_hours(2, 6) < by_hours(14, 18) / 2.0, "{provider}: {}", by_hours(2, 6));
            assert!(load.live_a_day() > 96.0, "{provider}: {}", load.live_a_day());
            let quota = policy_a_day(provider);
            assert!(load.live_a_day() < quota, "{provider}: {} of {quota}", load.live_a_day());
        }
    }

    fn policy_a_day(provider: ProviderKey) -> f64 {
        let allowance = SyncPolicy::default().account_allowance(provider);
        f64::from(allowance.limit) * (DAY_MS / allowance.period_ms) as f64
    }

    #[test]
    fn a_backfill_is_bound_by_accounts_app_or_workers() {
        let policy = SyncPolicy::default();
        let loads: Vec<AccountLoad> = ProviderKey::ALL.into_iter().map(load).collect();
        let one = Cohort { google: 0, fitbit: 1, workers: 1, parallel: 4, request_ms: 200, days: 5 };
        let hours = cohort(&one, &policy, &loads).backfill_hours;
        let fitbit = loads.iter().find(|load| load.provider == ProviderKey::Fitbit);
        let periods = fitbit.map(|load| (load.backfill_year + 119) / 120).unwrap_or_default() as f64;
        assert!(
            hours.is_some_and(|hours| hours > periods - 1.0 && hours <= periods),
            "{hours:?} of {periods}"
        );
        let many = Cohort { google: 2_000, fitbit: 0, ..one };
        let slow = cohort(&many, &policy, &loads).backfill_hours;
        let fast = cohort(&Cohort { workers: 4, ..many }, &policy, &loads).backfill_hours;
        assert!(slow > fast || slow.is_none(), "{slow:?} {fast:?}");
    }
}
