//! Section `clock`: a clock for simulations, which several processes share.

use pulsekeep_core::{Clock as _, EpochMs, ScaledClock, SystemClock};

use super::read::Reader;

/// The machine's time may lie this much before `clock.base`: processes are started a moment ahead of it.
const AHEAD_MS: i64 = 60_000;
/// The fastest rate: a day in ten seconds.
const FASTEST: u32 = 8_640;

const BASE: &str = "clock.base";
const ORIGIN: &str = "clock.origin";
const RATE: &str = "clock.rate";

/// The clock that the section asks for; `None` is the machine's. Half a section is a problem: two processes of one
/// simulation that differ in the time would corrupt what they share.
pub(super) fn read(reader: &mut Reader) -> Option<ScaledClock> {
    let texts = [BASE, ORIGIN].map(|key| (key, reader.text(key)));
    let rate = reader.number(RATE, 0..=FASTEST);
    let unset: Vec<&str> = texts
        .iter()
        .map(|(key, text)| (*key, text.is_empty()))
        .chain([(RATE, rate == 0)])
        .filter_map(|(key, is_unset)| is_unset.then_some(key))
        .collect();
    if unset.len() == 3 {
        return None;
    }
    if !unset.is_empty() {
        for key in unset {
            reader
                .problem(key, "is missing; a simulated clock needs base, origin and rate, all three of them");
        }
        return None;
    }
    let [base, origin] = texts.map(|(key, text)| {
        let instant = text.parse::<jiff::Timestamp>().ok().map(EpochMs::from);
        if instant.is_none() {
            reader.problem(key, "must be an instant such as 2026-11-21T08:00:00Z");
        }
        instant
    });
    let (base, origin) = (base?, origin?);
    if base > SystemClock.now().plus(AHEAD_MS) {
        reader.problem(BASE, "lies in the machine's future; the clock would run towards its origin");
    }
    Some(ScaledClock::new(base, origin, rate))
}
