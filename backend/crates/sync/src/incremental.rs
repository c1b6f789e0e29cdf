//! Which days an incremental sync asks an endpoint for. Pure.
//!
//! A day is open until the device's last sync has passed its end, or some days after it. An open day is asked for again
//! only when the device may have told more since; days that no device can have told of yet are noted and not asked for.
//! A daily value that changes opens the detail of its day again (see `ingest`), so that closed detail is never re-read
//! blindly.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    catalogue::{Endpoint, Grain, endpoints_of},
    coverage::CoverageState,
    job::FailureCode,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days, next_day},
};

use crate::knowledge::Knowledge;

/// Days before today that are looked at: a deep re-read opens none that is older.
pub(crate) const HORIZON_DAYS: i64 = 31;

/// What is known when an incremental sync is planned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// The person's day now.
    pub(crate) today: Date,
    /// Now.
    pub(crate) now: EpochMs,
    /// The device's last sync; `None` when no device is known.
    pub(crate) last_sync: Option<EpochMs>,
    /// Days after which a day closes whatever the device does.
    pub(crate) close_after_days: i64,
    /// Somebody asked: recent days are read whatever the device has told.
    pub(crate) force: bool,
    /// What is known of the account's days.
    pub(crate) known: &'a Knowledge,
}

/// What becomes of an endpoint's days.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// To be asked for.
    pub(crate) ask: Vec<Date>,
    /// Closed by their age, without a request.
    pub(crate) close: Vec<Date>,
    /// Open, and the device has told nothing of them: known to be without data so far, without a request.
    pub(crate) note: Vec<Date>,
}

/// How long after a device's sync the provider may still be at work on what it told.
fn margin_ms(endpoint: &Endpoint) -> i64 {
    match endpoint.grain {
        Grain::Minute => 10 * MINUTE_MS,
        // Nights are finished up to half an hour after waking, and their metrics some time after that.
        Grain::Day | Grain::Session => 2 * HOUR_MS,
    }
}

/// At most so often is an endpoint asked for days that it was asked for before. Detail, and the daily values that prove
/// detail empty, go with every sync; the others change a few times a day.
pub(crate) fn every_ms(endpoint: &Endpoint) -> i64 {
    let proves = endpoints_of(endpoint.provider).any(|e| e.proved_by == Some(endpoint.key));
    if is_detail(endpoint) || proves { 0 } else { HOUR_MS }
}

/// How often an open day is read again where no device says whether there is something new, and a recent one whatever
/// the device says: providers have held data back for hours of which it had told long before.
const BLIND_EVERY_MS: i64 = 6 * HOUR_MS;

/// Whether nothing else shows that days of an endpoint have changed: daily values that do open their detail, and the
/// detail that they prove empty.
fn speaks_for_itself(endpoint: &Endpoint) -> bool {
    let has_daily = || {
        endpoints_of(endpoint.provider)
            .any(|e| e.grain == Grain::Day && endpoint.metrics.iter().any(|m| e.metrics.contains(m)))
    };
    endpoint.grain != Grain::Minute || endpoint.proved_by.is_none() && !has_daily()
}

/// A day that failed is asked for again after so long. Where this version breaks on what it is told, only another version
/// or another answer helps.
fn again_after_ms(code: Option<FailureCode>) -> i64 {
    if code == Some(FailureCode::ProcessingFailed) { DAY_MS } else { HOUR_MS }
}

fn is_detail(endpoint: &Endpoint) -> bool {
    endpoint.grain == Grain::Minute && (endpoint.rows_a_day >= 1_000 || endpoint.max_days == 1)
}

/// The endpoint that finds out whether anything came from elsewhere than the device that is looked at: a phone, say. It
/// is asked in every pass, for all days since the device's last sync at once.
pub(crate) fn is_probe(endpoint: &Endpoint) -> bool {
    endpoints_of(endpoint.provider).next().is_some_and(|first| first.key == endpoint.key)
}

/// The days of `endpoint` that an incremental sync has to see to. `bounds` gives the instants of a civil day.
pub(crate) fn due(endpoint: &Endpoint, look: &Look<'_>, bounds: impl Fn(Date) -> (EpochMs, EpochMs)) -> Due {
    let mut due = Due::default();
    let settles_from = add_days(look.today, -endpoint.settling_days);
    // Days that nobody asked for since the last ones that are known: the server was off.
    let missed_from = look.known.last_known_day(endpoint).map_or(settles_from, next_day).min(settles_from);
    let first = add_days(look.today, -HORIZON_DAYS.max(look.close_after_days + 1)).min(missed_from);
    for day in (DayRange { start: first, end: next_day(look.today) }).days() {
        let (begins, ends) = bounds(day);
        let may_be_told = |since: EpochMs| {
            look.last_sync.is_none_or(|seen| seen.plus(margin_ms(endpoint)) > since) || is_probe(endpoint)
        };
        let is_old = look.now.0 >= ends.0 + look.close_after_days * DAY_MS;
        let is_recent = day >= settles_from;
        let Some(fact) = look.known.fact(endpoint, day) else {
            if day < missed_from {
                continue;
            }
            let untold = look.last_sync.is_some_and(|seen| seen < begins) && !is_probe(endpoint);
            if untold && !look.force {
                due.note.push(day)
            } else {
                due.ask.push(day)
            }
            continue;
        };
        let age = |at: EpochMs| look.now.0 - at.0;
        match (fact.state, fact.checked_at) {
            (CoverageState::NotPermitted, _) if is_recent => due.ask.push(day),
            // Another job has it, perhaps one that is in no hurry.
            (CoverageState::Pending, _) if is_recent => due.ask.push(day),
            (CoverageState::Failed, at) if at.is_none_or(|at| age(at) >= again_after_ms(fact.code)) => {
                due.ask.push(day);
            }
            (CoverageState::Partial, None) => due.ask.push(day),
            (CoverageState::Partial, Some(at)) => {
                // Without a device to go by, days before today are looked at now and then.
                let blind = look.last_sync.is_none() && day < look.today;
                let soon = age(at) >= if blind { BLIND_EVERY_MS } else { every_ms(endpoint) };
                // Of a day that the device has told of: a watch that was lost tells of none since.
                let of_device = look.last_sync.is_some_and(|seen| seen > begins);
                let held_back =
                    of_device && is_recent && speaks_for_itself(endpoint) && age(at) >= BLIND_EVERY_MS;
                let told = may_be_told(at) && soon && !(is_old && is_probe(endpoint));
                if look.force && is_recent || told || held_back {
                    due.ask.push(day);
                } else if is_old {
                    due.close.push(day);
                }
            }
            (CoverageState::Complete | CoverageState::EmptyConfirmed, Some(at))
                if is_recent && speaks_for_itself(endpoint) =>
            {
                // Closed detail is not read again with every sync of the device.
                let told = endpoint.grain != Grain::Minute
                    && (look.force
                        || age(at) >= every_ms(endpoint)
                            && look.last_sync.is_none_or(|seen| seen.plus(margin_ms(endpoint)) > at));
                if told || age(at) >= BLIND_EVERY_MS {
                    due.ask.push(day);
                }
            }
            _ => {}
        }
    }
    due
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::catalogue::endpoint;
    use pulsekeep_store::ingest::{CoverageFact, KnownDays};

    use super::*;

    const TODAY: Date = date(2026, 11, 21);

    fn bounds(day: Date) -> (EpochMs, EpochMs) {
        let start = |day: Date| EpochMs(pulsekeep_core::time::local_ms(day.at(0, 0, 0, 0)));
        (start(day), start(next_day(day)))
    }

    /// Noon of today.
    fn noon() -> EpochMs {
        bounds(TODAY).0.plus(12 * HOUR_MS)
    }

    fn facts(key: &str, days: &[(i64, CoverageState, Option<EpochMs>)]) -> Knowledge {
        let e = endpoint(key).unwrap();
        let facts = days
            .iter()
            .map(|&(back, state, checked_at)| CoverageFact {
                metric: e.metrics[0],
                grain: e.grain,
                day: add_days(TODAY, -back),
                state,
                code: None,
                checked_at,
                window: None,
                raw: None,
            })
            .collect();
        KnownDays { facts, ..KnownDays::default() }.into()
    }

    fn look(known: &Knowledge, last_sync: Option<EpochMs>) -> Look<'_> {
        Look { today: TODAY, now: noon(), last_sync, close_after_days: 14, force: false, known }
    }

    fn back(days: &[Date]) -> Vec<i64> {
        days.iter().map(|&day| pulsekeep_core::time::days_between(day, TODAY)).collect()
    }

    const HEART: &str = "fitbit.heart_rate.minute";
    use CoverageState::{Complete, EmptyConfirmed, Failed, Partial, Pending};

    #[test]
    fn a_new_account_is_asked_for_its_settling_days() {
        let nothing = Knowledge::default();
        let due = due(endpoint(HEART).unwrap(), &look(&nothing, Some(noon())), bounds);
        assert_eq!(back(&due.ask), [2, 1, 0]);
    }

    #[test]
    fn an_open_day_is_asked_for_again_only_after_the_device_was_seen() {
        let an_hour_ago = noon().plus(-HOUR_MS);
        let closed = (1..3).map(|n| (n, Complete, Some(an_hour_ago)));
        let days: Vec<_> = closed.chain([(0, Partial, Some(an_hour_ago))]).collect();
        let known = facts(HEART, &days);
        let heart = endpoint(HEART).unwrap();
        let seen_since = due(heart, &look(&known, Some(noon().plus(-MINUTE_MS))), bounds);
        assert_eq!(back(&seen_since.ask), [0]);
        let not_seen = due(heart, &look(&known, Some(an_hour_ago.plus(-HOUR_MS))), bounds);
        assert_eq!(not_seen, Due::default());
        let no_device = due(heart, &look(&known, None), bounds);
        assert_eq!(back(&no_device.ask), [0]);
        let asked =
            due(heart, &Look { force: true, ..look(&known, Some(an_hour_ago.plus(-HOUR_MS))) }, bounds);
        assert_eq!(back(&asked.ask), [0], "closed detail is not read again");
    }

    #[test]
    fn a_lost_watch_costs_a_probe_and_nothing_else() {
        let heart = endpoint(HEART).unwrap();
        let lost = noon().plus(-20 * DAY_MS);
        let yesterday = noon().plus(-DAY_MS);
        let open: Vec<_> = (1..20).map(|n| (n, Partial, Some(yesterday))).collect();
        let known = facts(HEART, &open);
        let due_of_heart = due(heart, &look(&known, Some(lost)), bounds);
        assert_eq!(due_of_heart.ask, []);
        assert_eq!(back(&due_of_heart.note), [0], "today, of which no device has told");
        assert_eq!(back(&due_of_heart.close), [19, 18, 17, 16, 15], "older than fourteen days");
        let probe = endpoint("fitbit.steps.day").unwrap();
        assert!(is_probe(probe) && !is_probe(heart));
        let known = facts("fitbit.steps.day", &open);
        let due_of_probe = due(probe, &look(&known, Some(lost)), bounds);
        assert_eq!(back(&due_of_probe.ask), (0..15).rev().collect::<Vec<_>>());
    }

    #[test]
    fn days_missed_while_the_server_was_off_are_asked_for() {
        let known = facts(HEART, &[(60, Complete, Some(noon().plus(-59 * DAY_MS)))]);
        let due = due(endpoint(HEART).unwrap(), &look(&known, Some(noon())), bounds);
        assert_eq!(back(&due.ask), (0..60).rev().collect::<Vec<_>>());
    }

    #[test]
    fn failures_come_again_after_an_hour_and_reopened_days_at_once() {
        let known = facts(
            HEART,
            &[
                (5, Failed, Some(noon().plus(-HOUR_MS))),
                (4, Failed, Some(noon().plus(-HOUR_MS / 2))),
                (3, Partial, None),
                (2, Pending, Some(noon())),
                (1, EmptyConfirmed, Some(noon())),
                (0, Partial, Some(noon())),
            ],
        );
        let due = due(endpoint(HEART).unwrap(), &look(&known, Some(noon().plus(-HOUR_MS))), bounds);
        assert_eq!(back(&due.ask), [5, 3, 2]);
    }

    #[test]
    fn daily_values_of_the_week_are_read_again_when_the_device_told_more() {
        let key = "fitbit.resting_heart_rate.day";
        let at = noon().plus(-2 * HOUR_MS);
        let known = facts(key, &(0..10).map(|n| (n, Complete, Some(at))).collect::<Vec<_>>());
        let due_at = |seen| due(endpoint(key).unwrap(), &look(&known, Some(seen)), bounds);
        assert_eq!(back(&due_at(noon()).ask), (0..=7).rev().collect::<Vec<_>>());
        assert_eq!(due_at(at.plus(-3 * HOUR_MS)).ask, []);
    }

    #[test]
    fn data_that_the_provider_held_back_is_found_though_the_device_has_told_nothing_since() {
        let key = "fitbit.resting_heart_rate.day";
        let read = |hours: i64| {
            let at = noon().plus(-hours * HOUR_MS);
            let known = facts(key, &(0..10).map(|n| (n, EmptyConfirmed, Some(at))).collect::<Vec<_>>());
            due(endpoint(key).unwrap(), &look(&known, Some(noon().plus(-20 * HOUR_MS))), bounds).ask
        };
        assert_eq!(back(&read(7)), (0..=7).rev().collect::<Vec<_>>());
        assert_eq!(read(5), []);
        // The same of days that are still open, as far as the device has told of them: not of today.
        let at = noon().plus(-7 * HOUR_MS);
        let known = facts(key, &(0..10).map(|n| (n, Partial, Some(at))).collect::<Vec<_>>());
        let of_open = |seen| back(&due(endpoint(key).unwrap(), &look(&known, Some(seen)), bounds).ask);
        assert_eq!(of_open(noon().plus(-20 * HOUR_MS)), (1..=7).rev().collect::<Vec<_>>());
        assert!(speaks_for_itself(endpoint(HEART).unwrap()), "Fitbit has no daily value of it");
        assert!(
            !speaks_for_itself(endpoint("google.heart_rate.minute").unwrap()),
            "its daily value opens it"
        );
    }
}
