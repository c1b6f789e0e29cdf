//! How a linked account stands with its provider: requests left, consent, what needs somebody.

use super::civil::{DAY, HOUR, parse_instant};
use super::format::Format;
use super::words::fill;
use super::zone::Zone;
use crate::api::enums::{LinkedAccountState, PushState};
use crate::api::operations::SyncAccount;
use crate::api::operations::sync_accounts::PersonAccountsLinkedAccountsBudget as Budget;

/// The requests that a provider allows, as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Percent of the requests that are used.
    pub used: f64,
    /// Percent that backfills leave to the sync of today, at the end of the bar.
    pub reserve: f64,
    /// Whether nothing may be asked now.
    pub is_blocked: bool,
    pub words: String,
}

/// The gauge of a budget.
#[must_use]
pub fn gauge(budget: &Budget, now: i64, zone: &Zone, f: &Format) -> Gauge {
    let share = |n: i64| {
        if budget.limit > 0 { (n as f64 * 100.0 / budget.limit as f64).clamp(0.0, 100.0) } else { 0.0 }
    };
    let whole = |n: i64| f.whole(n as f64);
    let blocked = budget.blocked_until.as_deref().and_then(parse_instant).filter(|until| *until > now);
    let at = |ms: i64| f.time(ms, zone);
    let words = match (blocked, parse_instant(&budget.resets_at)) {
        (Some(until), _) => fill(&f.words.budget_blocked, &[("at", &at(until))]),
        (None, Some(resets)) if budget.used > 0 => fill(
            &f.words.budget_left,
            &[
                ("used", &whole(budget.used)),
                ("limit", &whole(budget.limit)),
                ("left", &whole(budget.remaining)),
                ("at", &at(resets)),
            ],
        ),
        _ => fill(&f.words.budget_all_left, &[("limit", &whole(budget.limit))]),
    };
    let is_blocked = blocked.is_some() || (budget.limit > 0 && budget.remaining <= 0);
    Gauge { used: share(budget.used), reserve: share(budget.reserve), is_blocked, words }
}

/// How far off an instant ahead is: in whole days, below two days in hours.
#[must_use]
pub fn time_left(at: i64, now: i64, f: &Format) -> String {
    let left = at - now;
    let (text, n) = if left <= 0 {
        (&f.words.ended, 0)
    } else if left < 2 * DAY {
        (&f.words.ends_in_hours, left / HOUR)
    } else {
        (&f.words.ends_in_days, left / DAY)
    };
    fill(text, &[("n", &n.to_string())])
}

/// How soon an account needs somebody: smaller is sooner.
#[must_use]
pub fn urgency(account: &SyncAccount) -> u8 {
    match (&account.state, &account.push) {
        (LinkedAccountState::NeedsConsent, _) => 0,
        (LinkedAccountState::Expiring, _) => 1,
        (LinkedAccountState::Active, _) if account.advice.is_some() => 2,
        (LinkedAccountState::Active, PushState::Failed) => 3,
        (LinkedAccountState::Other(_), _) => 3,
        (LinkedAccountState::Active, _) => 4,
        (LinkedAccountState::Revoked, _) => 5,
    }
}

/// Whether an account needs somebody.
#[must_use]
pub fn needs_somebody(account: &SyncAccount) -> bool {
    urgency(account) < 4
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;

    fn budget(used: i64, blocked_until: Option<&str>) -> Budget {
        Budget {
            limit: 150,
            used,
            remaining: 150 - used,
            reserve: 15,
            resets_at: "2026-11-21T13:00:00Z".to_owned(),
            blocked_until: blocked_until.map(str::to_owned),
        }
    }

    #[test]
    fn a_gauge_says_what_is_used_left_and_kept() {
        let now = parse_instant("2026-11-21T12:10:00Z").unwrap();
        let zone = Zone::fixed(3_600);
        let shown = |budget| gauge(&budget, now, &zone, &format());
        let some = shown(budget(30, None));
        assert_eq!((some.used, some.reserve, some.is_blocked), (20.0, 10.0, false));
        assert_eq!(some.words, "30 of 150 requests used, 120 left until 14:00");
        assert_eq!(shown(budget(0, None)).words, "None of 150 requests used");
        assert!(shown(budget(150, None)).is_blocked);
        let blocked = shown(budget(30, Some("2026-11-21T12:30:00Z")));
        assert_eq!(
            (blocked.is_blocked, blocked.words.as_str()),
            (true, "The provider wants a pause until 13:30")
        );
        assert!(!shown(budget(30, Some("2026-11-21T12:00:00Z"))).is_blocked, "that time is over");
    }

    #[test]
    fn a_budget_without_a_limit_draws_nothing() {
        let none = Budget { limit: 0, remaining: 0, reserve: 0, ..budget(0, None) };
        let gauge = gauge(&none, 0, &Zone::fixed(0), &format());
        assert_eq!((gauge.used, gauge.is_blocked), (0.0, false));
    }

    #[test]
    fn the_end_of_a_consent_comes_nearer() {
        let f = format();
        assert_eq!(time_left(5 * DAY + HOUR, 0, &f), "in 5 days");
        assert_eq!(time_left(2 * DAY - 1, 0, &f), "in 47 h");
        assert_eq!(time_left(0, 1, &f), "already");
    }
}
