//! How alike a person's days are in when they sleep.

use crate::{
    EpochMs,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};

/// A sleep session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SleepSpan {
    /// Start.
    pub start: EpochMs,
    /// End.
    pub end: EpochMs,
    /// Whether the provider calls it the day's main sleep.
    pub is_main: bool,
    /// Stretches of sleep in it, half-open, in epoch milliseconds. Where there is none, all of it is sleep.
    pub asleep: Vec<(i64, i64)>,
}

/// The Sleep Regularity Index of a stretch of time, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularity {
    /// The index: 100 for somebody who sleeps and wakes at the same times each day, 0 for chance, negative for the
    /// opposite. `None` when it would rest on less than [`FEWEST_DAYS`] days.
    pub index: Option<f64>,
    /// Pairs of minutes 24 hours apart of both of which the state is known, as days of 1,440.
    pub days: f64,
    /// Long sleeps that end in the stretch: main ones, and others of three hours and more.
    pub nights: usize,
}

/// Days of known pairs below which there is no index.
pub const FEWEST_DAYS: u32 = 5;

/// Longest time awake between two long sleeps. If more lies between them a night is missing, and nothing is known of
/// the time between, naps apart.
pub const LONGEST_WAKE_MS: i64 = 30 * HOUR_MS;

/// A sleep of this length is no nap, whatever it is called.
const LONG_SLEEP_MS: i64 = 3 * HOUR_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Awake,
    Asleep,
}

/// The Sleep Regularity Index of `from`–`to` (half-open): the probability of being in the same state, asleep or awake,
/// at any two points 24 hours apart, scaled so that it lies between −100 and 100 (A. J. K. Phillips et al., "Irregular
/// sleep/wake patterns are associated with poorer academic performance and delayed circadian and sleep/wake timing",
/// Scientific Reports 7 (2017) 3216):
///
/// `index = −100 + 200 × pairs in the same state ÷ pairs`
///
/// Points are minutes. 24 hours are 24 hours that pass, not a day of the clock: who keeps to the clock when summer time
/// begins has slept an hour earlier, as their body knows. Naps are sleep; restless and awake stages and short
/// awakenings are not. Time between two long sleeps is time awake, if it is no more than [`LONGEST_WAKE_MS`]: else a
/// night is missing, and its pairs do not count; nor do those before the first long sleep and after the last. Sessions
/// from outside the stretch, where given, tell of the time at its ends.
#[must_use]
pub fn regularity(sessions: &[SleepSpan], from: EpochMs, to: EpochMs) -> Regularity {
    let length = usize::try_from((to.0 - from.0) / MINUTE_MS).unwrap_or(0);
    let mut states = vec![State::Unknown; length];
    let mut mark = |start: i64, end: i64, state: State| {
        let index =
            |at: i64| usize::try_from((at - from.0 + MINUTE_MS - 1).div_euclid(MINUTE_MS)).unwrap_or(0);
        let (first, last) = (index(start).min(length), index(end).min(length));
        if first < last {
            states[first..last].fill(state);
        }
    };
    let mut sessions: Vec<&SleepSpan> = sessions.iter().collect();
    sessions.sort_by_key(|session| session.start);
    let is_long = |s: &&&SleepSpan| s.is_main || s.end.0 - s.start.0 >= LONG_SLEEP_MS;
    let long: Vec<&SleepSpan> = sessions.iter().filter(is_long).copied().collect();
    for pair in long.windows(2) {
        if pair[1].start.0 - pair[0].end.0 <= LONGEST_WAKE_MS {
            mark(pair[0].end.0, pair[1].start.0, State::Awake);
        }
    }
    for session in &sessions {
        mark(session.start.0, session.end.0, State::Awake);
    }
    for session in &sessions {
        if session.asleep.is_empty() {
            mark(session.start.0, session.end.0, State::Asleep);
        }
        for &(start, end) in &session.asleep {
            mark(start, end, State::Asleep);
        }
    }
    let lag = usize::try_from(DAY_MS / MINUTE_MS).unwrap_or(usize::MAX);
    let (mut pairs, mut same) = (0u32, 0u32);
    for (one, other) in states.iter().zip(states.iter().skip(lag)) {
        if *one != State::Unknown && *other != State::Unknown {
            pairs += 1;
            same += u32::from(one == other);
        }
    }
    Regularity {
        index: (pairs >= FEWEST_DAYS * 1440).then(|| -100.0 + 200.0 * f64::from(same) / f64::from(pairs)),
        days: f64::from(pairs) / 1440.0,
        nights: long.iter().filter(|session| from < session.end && session.end <= to).count(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_795_000_020_000;

    fn sleep(start: i64, minutes: i64) -> SleepSpan {
        let (start, end) =
            (EpochMs(START + start * MINUTE_MS), EpochMs(START + (start + minutes) * MINUTE_MS));
        SleepSpan { start, end, is_main: minutes > 120, asleep: vec![] }
    }

    fn of(sessions: &[SleepSpan], days: i64) -> Regularity {
        regularity(sessions, EpochMs(START), EpochMs(START + days * DAY_MS))
    }

    /// A night of eight hours beginning so many minutes after the start of each day.
    fn nights(starts: impl IntoIterator<Item = i64>) -> Vec<SleepSpan> {
        (0..).zip(starts).map(|(day, start)| sleep(day * 1440 + start, 480)).collect()
    }

    #[test]
    fn the_same_times_each_day_are_a_hundred() {
        let found = of(&nights([60; 11]), 10);
        assert_eq!(found.index, Some(100.0));
        // An hour before the first night is not known.
        assert!((found.days - (9.0 - 1.0 / 24.0)).abs() < 1e-9, "{}", found.days);
        assert_eq!(found.nights, 10);
    }

    #[test]
    fn a_shift_of_two_hours_costs_what_it_is_worth() {
        // Each day differs from the next in two hours at both ends: 4 of 24 hours are not the same.
        let found = of(&nights((0..12).map(|day| if day % 2 == 0 { 60 } else { 180 })), 10);
        let wanted = -100.0 + 200.0 * 20.0 / 24.0;
        assert!((found.index.unwrap() - wanted).abs() < 1.0, "{found:?}");
    }

    #[test]
    fn a_missing_night_is_not_a_night_awake() {
        let mut with_hole = nights([60; 16]);
        with_hole.remove(7);
        let found = of(&with_hole, 15);
        assert_eq!(found.index, Some(100.0));
        assert!(found.days < 13.0, "{}", found.days);
        // A nap in the hole is sleep, and closes no hole.
        with_hole.push(sleep(7 * 1440 + 900, 60));
        assert!((of(&with_hole, 15).days - found.days).abs() < 0.1);
    }

    #[test]
    fn a_nap_counts_as_sleep() {
        let mut sessions = nights([60; 12]);
        sessions.push(sleep(3 * 1440 + 900, 60));
        let with_nap = of(&sessions, 10);
        // Two pairs of an hour differ: the nap with the day before and with the day after.
        let pairs = with_nap.days * 1440.0;
        assert!((with_nap.index.unwrap() - (100.0 - 200.0 * 120.0 / pairs)).abs() < 1e-9, "{with_nap:?}");
    }

    #[test]
    fn waking_in_the_night_is_being_awake() {
        let mut sessions = nights([60; 12]);
        let night = sessions[4].clone();
        sessions[4].asleep = vec![
            (night.start.0, night.start.0 + 100 * MINUTE_MS),
            (night.start.0 + 130 * MINUTE_MS, night.end.0),
        ];
        let pairs = of(&sessions, 10).days * 1440.0;
        assert!((of(&sessions, 10).index.unwrap() - (100.0 - 200.0 * 60.0 / pairs)).abs() < 1e-9);
    }

    #[test]
    fn too_few_days_give_no_index() {
        assert_eq!(of(&nights([60; 5]), 5).index, None);
        assert_eq!(of(&[], 30), Regularity { index: None, days: 0.0, nights: 0 });
    }

    proptest! {
        #[test]
        fn the_index_is_what_a_plain_count_gives(
            starts in prop::collection::vec(0i64..400, 7..14),
            lengths in prop::collection::vec(200i64..600, 14),
            nap in prop::option::of(0i64..10),
        ) {
            let mut sessions: Vec<SleepSpan> =
                (0..).zip(starts.iter().zip(&lengths)).map(|(d, (s, l))| sleep(d * 1440 + s, *l)).collect();
            sessions.extend(nap.map(|day| sleep(day * 1440 + 1100, 45)));
            let days = i64::try_from(starts.len()).unwrap();
            let found = of(&sessions, days);
            let long: Vec<&SleepSpan> = sessions.iter().filter(|s| s.is_main).collect();
            let state = |minute: i64| {
                let at = EpochMs(START + minute * MINUTE_MS);
                if sessions.iter().any(|s| s.start <= at && at < s.end) {
                    return Some(true);
                }
                let known = long[0].start <= at && at < long[long.len() - 1].end;
                known.then_some(false)
            };
            let pair = |m: i64| state(m).zip(state(m + 1440));
            let pairs: Vec<(bool, bool)> = (0..(days - 1) * 1440).filter_map(pair).collect();
            let same = pairs.iter().filter(|(a, b)| a == b).count() as f64;
            prop_assert!((found.days - pairs.len() as f64 / 1440.0).abs() < 1e-9);
            if let Some(index) = found.index {
                prop_assert!((index - (-100.0 + 200.0 * same / pairs.len() as f64)).abs() < 1e-9);
                prop_assert!((-100.0..=100.0).contains(&index));
            } else {
                prop_assert!(pairs.len() < 5 * 1440);
            }
        }
    }
}
