//! When work will be done: requests left, what the budget gives, and waits. Pure.

use pulsekeep_core::EpochMs;
use pulsekeep_store::BudgetState;

use crate::budget::Allowance;

/// Requests a second that one account gets through: its windows run side by side, and an answer takes about a third of
/// a second.
const PER_SECOND: i64 = 3;

/// What an estimate is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    /// Requests left.
    pub(crate) requests: i64,
    /// Nothing of it can run before.
    pub(crate) not_before: Option<EpochMs>,
    /// Requests of each period that are left to others.
    pub(crate) reserve: i32,
}

/// Seconds from `now` until `work` is done under a budget: what does not fit the present period waits for the next
/// ones.
pub(crate) fn eta_s(work: Work, allowance: Allowance, state: BudgetState, now: EpochMs) -> i64 {
    let limit = if state.limit > 0 { state.limit } else { allowance.limit };
    let each = i64::from((limit - work.reserve.min(limit - 1)).max(1));
    let start = [work.not_before, state.blocked_until].into_iter().flatten().fold(now, EpochMs::max);
    let period = |at: EpochMs| at.0.div_euclid(allowance.period_ms);
    let used = if period(state.period_start) == period(start) { i64::from(state.used) } else { 0 };
    let first = (each - used).clamp(0, work.requests);
    let rest = work.requests - first;
    if rest == 0 {
        return seconds(start, now) + work.requests.div_euclid(PER_SECOND);
    }
    let full = (rest - 1).div_euclid(each);
    let last = allowance.next_period(start).plus(full * allowance.period_ms);
    seconds(last, now) + (rest - full * each).div_euclid(PER_SECOND)
}

fn seconds(at: EpochMs, now: EpochMs) -> i64 {
    (at.0 - now.0).max(0).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulsekeep_core::time::HOUR_MS;

    use super::*;

    const HOURLY: Allowance = Allowance { limit: 150, period_ms: HOUR_MS };
    /// Ten minutes past an hour.
    const NOW: EpochMs = EpochMs(1_000 * HOUR_MS + 600_000);

    fn work(requests: i64) -> Work {
        Work { requests, not_before: None, reserve: 0 }
    }

    #[test]
    fn what_fits_the_period_takes_its_own_time() {
        assert_eq!(eta_s(work(90), HOURLY, BudgetState::default(), NOW), 30);
        assert_eq!(eta_s(work(0), HOURLY, BudgetState::default(), NOW), 0);
    }

    #[test]
    fn what_does_not_fit_waits_for_the_hours_that_it_takes() {
        let used = BudgetState {
            period_start: EpochMs(1_000 * HOUR_MS),
            used: 150,
            limit: 150,
            ..BudgetState::default()
        };
        let eta = eta_s(work(301), HOURLY, used, NOW);
        // 150 in the next hour, 150 in the one after it, one in the third: 50 minutes and two hours from now.
        assert_eq!(eta / 60, 50 + 120);
        let reserved = Work { reserve: 30, ..work(240) };
        assert_eq!(eta_s(reserved, HOURLY, BudgetState::default(), NOW) / 60, 50);
    }

    #[test]
    fn a_wait_comes_first() {
        let blocked = BudgetState { blocked_until: Some(NOW.plus(120_000)), ..BudgetState::default() };
        assert_eq!(eta_s(work(3), HOURLY, blocked, NOW), 121);
        let waiting = Work { not_before: Some(NOW.plus(60_000)), ..work(3) };
        assert_eq!(eta_s(waiting, HOURLY, BudgetState::default(), NOW), 61);
    }

    proptest! {
        #[test]
        fn more_work_never_ends_sooner(
            (few, more) in (0i64..5_000, 0i64..5_000),
            (used, reserve) in (0i32..150, 0i32..149),
        ) {
            let state = BudgetState { period_start: NOW, used, limit: 150, ..BudgetState::default() };
            let eta = |requests| eta_s(Work { reserve, ..work(requests) }, HOURLY, state, NOW);
            prop_assert!(eta(few) <= eta(few + more) + 60);
            prop_assert!(eta(few) >= 0);
        }
    }
}
