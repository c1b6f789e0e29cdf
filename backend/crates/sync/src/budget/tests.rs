use std::collections::BTreeMap;

use proptest::prelude::*;
use pulsekeep_core::time::{HOUR_MS, MINUTE_MS};

use super::*;

const HOURLY: Allowance = Allowance { limit: 30, period_ms: HOUR_MS };
/// Well inside the eleventh hour.
const NOON: EpochMs = EpochMs(10 * HOUR_MS + 20 * MINUTE_MS);

fn terms(is_live: bool) -> Terms {
    Terms { size: 3, reserve: 6, is_live }
}

/// Takes as many as there are, leasing whenever that is needed.
fn drain(
    pool: &mut Pool,
    state: &mut BudgetState,
    allowance: Allowance,
    is_live: bool,
    now: EpochMs,
) -> (i32, EpochMs) {
    let mut taken = 0;
    loop {
        while pool.take(is_live, now) {
            taken += 1;
        }
        let (next, leased) = pool.lease(*state, allowance, terms(is_live), now);
        *state = next;
        if let Err(until) = leased {
            return (taken, until);
        }
    }
}

#[test]
fn a_period_gives_its_limit_and_then_a_time() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    let (taken, until) = drain(&mut pool, &mut state, HOURLY, true, NOON);
    assert_eq!((taken, until), (30, EpochMs(11 * HOUR_MS + SKEW_MS)));
    assert_eq!(standing(state, HOURLY, NOON), (30, 30));
    assert_eq!(drain(&mut pool, &mut state, HOURLY, true, until).0, 30);
}

#[test]
fn few_leases_serve_a_whole_period() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    let mut leases = 0;
    let allowance = Allowance { limit: 300, period_ms: MINUTE_MS };
    let now = EpochMs(20_000);
    loop {
        let terms = Terms { size: 30, reserve: 60, is_live: true };
        let (next, leased) = pool.lease(state, allowance, terms, now);
        if leased.is_err() {
            break;
        }
        state = next;
        leases += 1;
        while pool.take(true, now) {}
    }
    assert!(leases <= 24, "{leases}");
}

#[test]
fn the_reserve_is_left_to_live_sync() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    let (taken, until) = drain(&mut pool, &mut state, HOURLY, false, NOON);
    assert_eq!((taken, until), (24, EpochMs(11 * HOUR_MS + SKEW_MS)));
    assert_eq!(drain(&mut pool, &mut state, HOURLY, true, NOON).0, 6);
}

#[test]
fn what_live_sync_leased_of_the_reserve_is_not_for_backfills() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    drain(&mut pool, &mut state, HOURLY, false, NOON);
    let (_, leased) = pool.lease(state, HOURLY, terms(true), NOON);
    assert!(leased.is_ok() && pool.in_hand(NOON) > 0);
    assert_eq!(pool.has(false, NOON), Has::No);
    assert_eq!(pool.has(true, NOON), Has::Yes);
}

#[test]
fn what_is_left_goes_back() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    (state, _) = pool.lease(state, HOURLY, terms(true), NOON);
    assert!(pool.take(true, NOON) && pool.holds(NOON));
    assert_eq!(state.used, 3);
    state = pool.give_back(state, HOURLY, NOON);
    assert_eq!((state.used, pool.holds(NOON)), (1, false));
}

#[test]
fn a_slice_ends_with_its_period() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    (state, _) = pool.lease(state, HOURLY, terms(true), NOON);
    let later = EpochMs(11 * HOUR_MS + 10_000);
    assert_eq!((pool.has(true, later), pool.in_hand(later)), (Has::No, 0));
    let (next, _) = pool.lease(state, HOURLY, terms(true), later);
    assert_eq!((next.period_start, next.used), (EpochMs(11 * HOUR_MS), 3));
}

#[test]
fn around_the_hour_a_request_counts_in_both_periods() {
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    let edge = EpochMs(11 * HOUR_MS - 1_000);
    let (taken, until) = drain(&mut pool, &mut state, HOURLY, true, edge);
    assert_eq!((taken, state.carried), (30, 30));
    assert_eq!(until, EpochMs(12 * HOUR_MS + SKEW_MS), "the next hour may be used up too");
    let next = EpochMs(11 * HOUR_MS + SKEW_MS);
    assert_eq!(standing(state, HOURLY, next), (30, 30));
    // What was not used of it is free in the next hour.
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    (state, _) = pool.lease(state, HOURLY, Terms { size: 12, ..terms(true) }, edge);
    assert_eq!(state.carried, 3);
    state = pool.give_back(state, HOURLY, next);
    assert_eq!(standing(state, HOURLY, next).0, 0);
}

#[test]
fn headers_count_other_clients_and_never_give_back() {
    let mut pool = Pool::default();
    let reading = |remaining| {
        let reset_s = (11 * HOUR_MS - NOON.0) / 1000;
        Told::of(RateReading { limit: 150, remaining, reset_s }, HOURLY, NOON)
    };
    let (state, _) = pool.lease(BudgetState::default(), HOURLY, terms(true), NOON);
    assert!(pool.take(true, NOON));
    assert!(!pool.hear(reading(149), NOON), "nobody else asked");
    assert!(pool.hear(reading(10), NOON), "somebody else did");
    let state = pool.settle(state, HOURLY, NOON);
    assert_eq!((state.used, state.limit), (142, 150), "and two more that we have in hand");
    assert!(!pool.hear(reading(11), NOON), "an answer that was overtaken");
    assert_eq!(pool.settle(state, HOURLY, NOON).used, 142);
    // Headers of the hour that has just ended say nothing about the new one.
    let late = EpochMs(11 * HOUR_MS + SKEW_MS);
    let old = Told::of(RateReading { limit: 150, remaining: 0, reset_s: 0 }, HOURLY, late);
    assert_eq!(fold(state, HOURLY, old, 0, late).used, 0);
}

#[test]
fn a_429_closes_with_or_without_a_time() {
    let minutely = Allowance { limit: 300, period_ms: MINUTE_MS };
    let now = EpochMs(90_000);
    let until = |state| lease(state, minutely, terms(true), now).unwrap_err();
    let blocked = close(BudgetState::default(), minutely, Some(7), now);
    assert_eq!(until(blocked), EpochMs(100_000));
    let blocked = close(BudgetState::default(), minutely, None, now);
    assert_eq!(until(blocked), EpochMs(123_000));
    assert_eq!(until(close(blocked, minutely, Some(1), now)), EpochMs(123_000), "never sooner");
    assert!(lease(blocked, minutely, terms(true), EpochMs(123_000)).is_ok());
    let mut pool = Pool::default();
    let _ = pool.lease(BudgetState::default(), minutely, terms(true), now);
    pool.close(blocked.blocked_until);
    assert_eq!((pool.in_hand(now), pool.has(true, now)), (0, Has::Blocked(EpochMs(123_000))));
}

#[test]
fn a_limit_in_the_settings_holds_until_headers_tell_another() {
    let small = Allowance { limit: 10, ..HOURLY };
    let (mut pool, mut state) = (Pool::default(), BudgetState::default());
    drain(&mut pool, &mut state, HOURLY, true, NOON);
    assert_eq!(standing(state, small, NOON), (30, 10), "no limit is kept that no header told");
}

/// What happens in a random run.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ask(usize, bool),
    GiveBack(usize),
    Kill(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..4usize, any::<bool>()).prop_map(|(worker, is_live)| Step::Ask(worker, is_live)),
        1 => (0..4usize).prop_map(Step::GiveBack),
        1 => (0..4usize).prop_map(Step::Kill),
        2 => prop_oneof![0..2_000i64, 0..70_000i64].prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever workers do, whenever they are killed, and however their clocks differ from the provider's within the
    /// margin: no period of the provider sees more than the limit, and backfills leave the reserve.
    #[test]
    fn no_period_gives_more_than_its_limit(
        steps in prop::collection::vec(step(), 1..600),
        skews in prop::collection::vec(-3_000..3_000i64, 4),
        (limit, size, reserve) in (1..40i32, 1..12i32, 0..12i32),
        start in 0..MINUTE_MS,
    ) {
        let allowance = Allowance { limit, period_ms: MINUTE_MS };
        let mut state = BudgetState::default();
        let mut pools = [Pool::default(); 4];
        let mut now = 10 * MINUTE_MS + start;
        let mut asked: BTreeMap<i64, (i32, i32)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Ask(worker, is_live) => {
                    let own = EpochMs(now + skews[worker]);
                    let pool = &mut pools[worker];
                    if pool.has(is_live, own) == Has::No {
                        state = pool.lease(state, allowance, Terms { size, reserve, is_live }, own).0;
                    }
                    if pool.take(is_live, own) {
                        let period = asked.entry(now.div_euclid(MINUTE_MS)).or_default();
                        period.0 += 1;
                        period.1 += i32::from(!is_live);
                    }
                }
                Step::GiveBack(worker) => {
                    state = pools[worker].give_back(state, allowance, EpochMs(now + skews[worker]));
                }
                Step::Kill(worker) => pools[worker] = Pool::default(),
                Step::Pass(ms) => now += ms,
            }
        }
        for (period, (all, backfills)) in asked {
            prop_assert!(all <= limit, "{all} in period {period}");
            prop_assert!(backfills <= limit - reserve.min(limit - 1), "{backfills} by backfills in period {period}");
        }
    }

    /// One that asks alone gets all of it.
    #[test]
    fn nothing_is_held_back_from_one_who_asks_alone(limit in 1..400i32, size in 1..40i32) {
        let allowance = Allowance { limit, period_ms: HOUR_MS };
        let (mut pool, mut state, mut taken) = (Pool::default(), BudgetState::default(), 0);
        let terms = Terms { size, reserve: limit / 5, is_live: true };
        while taken <= limit {
            let (next, leased) = pool.lease(state, allowance, terms, NOON);
            if leased.is_err() {
                break;
            }
            state = next;
            while pool.take(true, NOON) {
                taken += 1;
            }
        }
        prop_assert_eq!(taken, limit);
    }
}
