//! Rate budgets as arithmetic: a fixed number of requests a period, periods aligned to the clock as the providers' are
//! (Fitbit's hour, Google's minute). State in, state or a time out.
//!
//! No row is written for a request: a process leases a slice of a budget, counts its requests in memory, and gives back
//! what it does not need. A slice is good for the period that it was leased for; a process that is killed wastes what it
//! had until that period ends, and no more.
//!
//! The provider's clock and ours differ by up to a margin. Around the end of a period it may count a request in the old
//! period or in the new one, so there a request is charged to both.

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

/// How far the provider's clock may be from ours: clients saw it a little late at the top of the hour.
const SKEW_MS: i64 = 3_000;

/// Where an instant lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Start of the period, by the provider's clock.
    start: EpochMs,
    /// Whether the provider may be in the next period already.
    in_margin: bool,
    /// Until when all of this stays so.
    until: EpochMs,
}

impl Allowance {
    fn margin(self) -> i64 {
        SKEW_MS.min(self.period_ms / 20)
    }

    fn period_of(self, at: EpochMs) -> EpochMs {
        EpochMs(at.0 - at.0.rem_euclid(self.period_ms))
    }

    /// When the period of `now` has ended, whatever the provider's clock shows.
    #[must_use]
    pub fn next_period(self, now: EpochMs) -> EpochMs {
        let margin = self.margin();
        self.period_of(now.plus(-margin)).plus(self.period_ms + margin)
    }

    /// `known` is the period that the budget is in: another process, whose clock is ahead, may have begun it.
    fn place(self, known: EpochMs, now: EpochMs) -> Place {
        let margin = self.margin();
        let own = self.period_of(now.plus(-margin));
        let start = if known == own.plus(self.period_ms) { known } else { own };
        let margin_from = start.plus(self.period_ms - margin);
        let in_margin = now >= margin_from;
        let until = if in_margin { margin_from.plus(2 * margin) } else { margin_from };
        Place { start, in_margin, until }
    }
}

/// What somebody wants of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How many requests at once, at the most.
    pub size: i32,
    /// How many requests of the period backfills leave to live sync.
    pub reserve: i32,
    /// Whether it is live sync that asks.
    pub is_live: bool,
}

/// Requests that a process may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The period that they are of.
    period: EpochMs,
    /// Until when they may be made.
    until: EpochMs,
    /// Whether they were charged to the next period too.
    in_margin: bool,
    /// Whether backfills may use them: they are not of the reserve.
    for_all: bool,
    /// How many are left.
    left: i32,
}

/// What the provider's headers say, for the period that they speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    period: EpochMs,
    limit: i32,
    used: i32,
}

impl Told {
    /// Reads an answer's headers: they know of other clients' requests too.
    #[must_use]
    pub fn of(reading: RateReading, allowance: Allowance, now: EpochMs) -> Self {
        let narrow = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
        // The seconds to the end are rounded and late: the nearest end is meant.
        let half = allowance.period_ms / 2;
        let end = allowance.period_of(now.plus(reading.reset_s.saturating_mul(1000).saturating_add(half)));
        Self {
            period: end.plus(-allowance.period_ms),
            limit: narrow(reading.limit.max(1)),
            used: narrow(reading.limit.saturating_sub(reading.remaining).max(0)),
        }
    }
}

/// The state as it is in the period of `place`.
fn rolled(state: BudgetState, place: Place, period_ms: i64) -> BudgetState {
    if state.period_start == place.start {
        return state;
    }
    let follows = state.period_start.plus(period_ms) == place.start;
    let used = if follows { state.carried } else { 0 };
    BudgetState { period_start: place.start, used, carried: 0, ..state }
}

fn limit_of(state: BudgetState, allowance: Allowance) -> i32 {
    if state.limit > 0 { state.limit } else { allowance.limit }
}

/// How much of the period of `now` is used, and of how much.
#[must_use]
pub fn standing(state: BudgetState, allowance: Allowance, now: EpochMs) -> (i32, i32) {
    let place = allowance.place(state.period_start, now);
    (rolled(state, place, allowance.period_ms).used, limit_of(state, allowance))
}

/// Leases a slice: what was asked for, or half of what is left, so that the last requests of a period are shared.
///
/// # Errors
/// The instant from which it may be tried again.
pub fn lease(
    state: BudgetState,
    allowance: Allowance,
    terms: Terms,
    now: EpochMs,
) -> Result<(BudgetState, Slice), EpochMs> {
    if let Some(until) = state.blocked_until.filter(|until| *until > now) {
        return Err(until);
    }
    let place = allowance.place(state.period_start, now);
    let mut state = rolled(state, place, allowance.period_ms);
    let limit = limit_of(state, allowance);
    let for_backfills = limit - terms.reserve.clamp(0, limit - 1);
    let next_full = |bound: i32| place.in_margin && state.carried >= bound;
    let free = |bound: i32| {
        let of_next = if place.in_margin { bound - state.carried } else { i32::MAX };
        (bound - state.used).min(of_next)
    };
    let bound = if terms.is_live && free(for_backfills) <= 0 { limit } else { for_backfills };
    if free(bound) <= 0 {
        let end = allowance.margin() + allowance.period_ms;
        let periods = if next_full(bound) { allowance.period_ms } else { 0 };
        return Err(place.start.plus(end + periods));
    }
    // A slice is charged to the next period whole, so in the margin it is a small one.
    let size = if place.in_margin { terms.size / 4 } else { terms.size };
    let left = size.min((free(bound) + 1) / 2).max(1);
    state.used += left;
    state.carried += if place.in_margin { left } else { 0 };
    state.blocked_until = None;
    let (period, in_margin, for_all) = (place.start, place.in_margin, bound == for_backfills);
    Ok((state, Slice { period, until: place.until, in_margin, for_all, left }))
}

/// Takes back what is left of a slice.
#[must_use]
pub fn give_back(mut state: BudgetState, allowance: Allowance, slice: Slice) -> BudgetState {
    let of_next = slice.period.plus(allowance.period_ms) == state.period_start;
    if state.period_start == slice.period {
        state.used = (state.used - slice.left).max(0);
        state.carried -= if slice.in_margin { slice.left.min(state.carried) } else { 0 };
    } else if of_next && slice.in_margin {
        state.used = (state.used - slice.left).max(0);
    }
    state
}

/// Takes over what the headers say. `in_hand` are requests that the asking process has leased and not made: the provider
/// does not know of them yet. Answers overtake each other, so a header never gives requests back.
#[must_use]
pub fn fold(state: BudgetState, allowance: Allowance, told: Told, in_hand: i32, now: EpochMs) -> BudgetState {
    let place = allowance.place(state.period_start, now);
    let mut state = rolled(state, place, allowance.period_ms);
    let used = told.used.saturating_add(in_hand);
    if told.period == place.start {
        state.used = state.used.max(used);
        state.limit = told.limit;
    } else if place.in_margin && told.period == place.start.plus(allowance.period_ms) {
        state.carried = state.carried.max(used);
        state.limit = told.limit;
    }
    state
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
        Some(seconds) => now.plus(seconds.clamp(1, 24 * 3600) * 1000 + allowance.margin()),
        None => allowance.next_period(now),
    };
    let known = state.blocked_until.unwrap_or(until);
    BudgetState { blocked_until: Some(until.max(known)), ..state }
}

/// What a process has of one budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pool {
    /// For anybody, and of the reserve.
    slices: [Option<Slice>; 2],
    told: Option<Told>,
    /// What the row said when it was last read: its period, and how much of it was used.
    seen: (EpochMs, i32),
    blocked_until: Option<EpochMs>,
}

/// Whether a pool has a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It has.
    Yes,
    /// A slice has to be leased.
    No,
    /// The provider asked to wait.
    Blocked(EpochMs),
}

impl Pool {
    fn usable(&self, is_live: bool, now: EpochMs) -> Option<usize> {
        // Live sync uses the reserve first, and leaves to backfills what they may use.
        [1, 0]
            .into_iter()
            .find(|&i| self.slices[i].is_some_and(|s| s.left > 0 && now < s.until && (is_live || s.for_all)))
    }

    /// Whether there is a request for live sync, or for a backfill.
    #[must_use]
    pub fn has(&self, is_live: bool, now: EpochMs) -> Has {
        match self.blocked_until.filter(|until| *until > now) {
            Some(until) => Has::Blocked(until),
            None if self.usable(is_live, now).is_some() => Has::Yes,
            None => Has::No,
        }
    }

    /// Takes one request, if there is one.
    pub fn take(&mut self, is_live: bool, now: EpochMs) -> bool {
        let slice = self.usable(is_live, now).and_then(|i| self.slices[i].as_mut());
        if let Some(slice) = slice {
            slice.left -= 1;
            return true;
        }
        false
    }

    /// Requests that are leased and not made.
    #[must_use]
    pub fn in_hand(&self, now: EpochMs) -> i32 {
        self.slices.iter().flatten().filter(|s| now < s.until).map(|s| s.left).sum()
    }

    /// Notes what an answer's headers say; `true` if it is more than the row knows.
    pub fn hear(&mut self, told: Told, now: EpochMs) -> bool {
        let known = self.told.filter(|known| known.period == told.period && known.used >= told.used);
        self.told = Some(known.map_or(told, |known| Told { limit: told.limit, ..known }));
        let (period, used) = self.seen;
        told.period >= period && (told.period > period || told.used + self.in_hand(now) > used)
    }

    /// Brings the row up to date: gives back what has expired, and tells it what the provider told.
    #[must_use]
    pub fn settle(&mut self, mut state: BudgetState, allowance: Allowance, now: EpochMs) -> BudgetState {
        for slice in &mut self.slices {
            if let Some(expired) = slice.take_if(|s| s.left == 0 || now >= s.until) {
                state = give_back(state, allowance, expired);
            }
        }
        if let Some(told) = self.told {
            state = fold(state, allowance, told, self.in_hand(now), now);
        }
        self.see(state);
        state
    }

    /// Leases for one more request.
    ///
    /// # Errors
    /// The instant from which it may be tried again; the state is to be stored all the same.
    pub fn lease(
        &mut self,
        state: BudgetState,
        allowance: Allowance,
        terms: Terms,
        now: EpochMs,
    ) -> (BudgetState, Result<(), EpochMs>) {
        let state = self.settle(state, allowance, now);
        self.blocked_until = state.blocked_until;
        match lease(state, allowance, terms, now) {
            Ok((state, slice)) => {
                self.slices[usize::from(!slice.for_all)] = Some(slice);
                self.see(state);
                (state, Ok(()))
            }
            Err(until) => (state, Err(until)),
        }
    }

    /// Gives everything back.
    #[must_use]
    pub fn give_back(&mut self, mut state: BudgetState, allowance: Allowance, now: EpochMs) -> BudgetState {
        for slice in std::mem::take(&mut self.slices).into_iter().flatten() {
            state = give_back(state, allowance, slice);
        }
        self.settle(state, allowance, now)
    }

    /// Drops everything: the provider says that it is not good.
    pub fn close(&mut self, until: Option<EpochMs>) {
        *self = Self { blocked_until: until, told: self.told, ..Self::default() };
    }

    /// Whether there is anything to give back.
    #[must_use]
    pub fn holds(&self, now: EpochMs) -> bool {
        self.in_hand(now) > 0 || self.slices.iter().flatten().any(|s| s.in_margin && s.left > 0)
    }

    fn see(&mut self, state: BudgetState) {
        self.seen = (state.period_start, state.used);
    }
}

#[cfg(test)]
mod tests;
