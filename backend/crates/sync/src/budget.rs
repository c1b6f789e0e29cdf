//! Rate budgets as arithmetic: a fixed number of requests a period, periods aligned to the clock as the providers'
//! are (Fitbit's hour, Google's minute). State in, state or a time out.

use pulsekeep_core::EpochMs;
use pulsekeep_provider::RateReading;
use pulsekeep_store::BudgetState;

/// A limit: so many requests a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a period.
    pub limit: i32,
    /// Length of a period in milliseconds.
    pub period_ms: i64,
}

/// Added to the end of a period before the next request: clients saw the providers' clocks a little late at the top of
/// the hour.
const SKEW_MS: i64 = 3_000;

impl Allowance {
    fn period_of(self, now: EpochMs) -> EpochMs {
        EpochMs(now.0 - now.0.rem_euclid(self.period_ms))
    }

    /// When the period of `now` ends, with some allowance for the provider's clock.
    #[must_use]
    pub fn next_period(self, now: EpochMs) -> EpochMs {
        self.period_of(now).plus(self.period_ms + SKEW_MS.min(self.period_ms / 20))
    }
}

/// Takes one request from a budget, leaving `reserve` requests of the period untouched.
///
/// # Errors
/// The instant from which it may be tried again.
pub fn take(
    state: BudgetState,
    allowance: Allowance,
    reserve: i32,
    now: EpochMs,
) -> Result<BudgetState, EpochMs> {
    if let Some(until) = state.blocked_until.filter(|until| *until > now) {
        return Err(until);
    }
    let period_start = allowance.period_of(now);
    let limit = if state.limit > 0 { state.limit } else { allowance.limit };
    let used = if state.period_start == period_start { state.used } else { 0 };
    if used >= limit - reserve.min(limit - 1) {
        return Err(allowance.next_period(now));
    }
    Ok(BudgetState { period_start, used: used + 1, limit, blocked_until: None })
}

/// Takes over what an answer's headers say: they know of other clients' requests too.
#[must_use]
pub fn feed(state: BudgetState, allowance: Allowance, reading: RateReading, now: EpochMs) -> BudgetState {
    let narrow = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    let limit = narrow(reading.limit);
    let used = narrow(reading.limit.saturating_sub(reading.remaining).max(0));
    let period_start = allowance.period_of(now);
    let known = if state.period_start == period_start { state.used } else { 0 };
    // Answers overtake each other, so a header never gives requests back within a period.
    BudgetState { period_start, used: used.max(known), limit, blocked_until: state.blocked_until }
}

/// Closes a budget after a 429, until the provider's own time or the end of the period.
#[must_use]
pub fn close(
    state: BudgetState,
    allowance: Allowance,
    retry_after_s: Option<i64>,
    now: EpochMs,
) -> BudgetState {
    let until = match retry_after_s {
        Some(seconds) => now.plus(seconds.clamp(1, 24 * 3600) * 1000 + SKEW_MS.min(allowance.period_ms / 20)),
        None => allowance.next_period(now),
    };
    BudgetState { blocked_until: Some(until), ..state }
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::time::{HOUR_MS, MINUTE_MS};

    use super::*;

    const HOURLY: Allowance = Allowance { limit: 3, period_ms: HOUR_MS };

    #[test]
    fn a_period_gives_its_limit_and_then_a_time() {
        let now = EpochMs(10 * HOUR_MS + 5);
        let mut state = BudgetState::default();
        for _ in 0..3 {
            state = take(state, HOURLY, 0, now).unwrap();
        }
        let until = take(state, HOURLY, 0, now).unwrap_err();
        assert_eq!(until, EpochMs(11 * HOUR_MS + SKEW_MS));
        assert_eq!(take(state, HOURLY, 0, until).unwrap().used, 1);
    }

    #[test]
    fn the_reserve_is_left_to_others() {
        let now = EpochMs(HOUR_MS);
        let state = take(BudgetState::default(), HOURLY, 2, now).unwrap();
        assert!(take(state, HOURLY, 2, now).is_err());
        assert!(take(state, HOURLY, 0, now).is_ok());
    }

    #[test]
    fn headers_count_other_clients_and_never_give_back() {
        let now = EpochMs(HOUR_MS);
        let reading = |remaining| RateReading { limit: 150, remaining, reset_s: 60 };
        let state = feed(BudgetState::default(), HOURLY, reading(10), now);
        assert_eq!((state.used, state.limit), (140, 150));
        assert_eq!(feed(state, HOURLY, reading(11), now).used, 140);
    }

    #[test]
    fn a_429_closes_with_or_without_a_time() {
        let minutely = Allowance { limit: 300, period_ms: MINUTE_MS };
        let now = EpochMs(90_000);
        let blocked = close(BudgetState::default(), minutely, Some(7), now);
        assert_eq!(take(blocked, minutely, 0, now).unwrap_err(), EpochMs(100_000));
        let blocked = close(BudgetState::default(), minutely, None, now);
        assert_eq!(take(blocked, minutely, 0, now).unwrap_err(), EpochMs(123_000));
        assert!(take(blocked, minutely, 0, EpochMs(123_000)).is_ok());
    }
}
