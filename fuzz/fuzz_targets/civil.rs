//! Civil time: evidence of offsets in any order, then days and wall-clock readings on the timeline that it makes.
#![no_main]

use jiff::{civil::Date, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use pulsekeep_core::{EpochMs, timeline::OffsetTimeline};

const ZONES: [&str; 6] =
    ["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"];

/// A span of evidence is 12 bytes: start and length in seconds, and an offset in seconds.
fn spans(data: &[u8]) -> impl Iterator<Item = (EpochMs, EpochMs, i32)> {
    data.chunks_exact(12).map(|chunk| {
        let number = |n: usize| i64::from(i32::from_le_bytes([chunk[n], chunk[n + 1], chunk[n + 2], chunk[n + 3]]));
        let from = EpochMs(number(0) * 1000);
        let offset = i32::try_from(number(8) % 50_400).unwrap_or(0);
        (from, from.plus(number(4).rem_euclid(40_000_000) * 1000), offset)
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((&zone, rest)) = data.split_first() else { return };
    let zone = TimeZone::get(ZONES[usize::from(zone) % ZONES.len()]).unwrap();
    let mut timeline = OffsetTimeline::of_zone(zone);
    for (from, to, offset) in spans(rest) {
        let before = timeline.clone();
        timeline.learn(from, to, offset);
        assert_eq!(timeline.offset_at(from), offset);
        assert_eq!(timeline.offset_at(to), offset);
        let _ = timeline.changed_since(&before);
        let spans = timeline.spans();
        assert!(spans.windows(2).all(|pair| pair[0].to < pair[1].from), "evidence does not overlap");
    }
    for (from, to, _) in spans(rest) {
        for at in [from, to] {
            let day: Date = timeline.day_at(at);
            let (start, end) = timeline.day_bounds(day);
            let hours = (end.0 - start.0) / 3_600_000;
            assert!((-28..=76).contains(&hours), "{day} has {hours} hours");
            let _ = timeline.instant_of_local(at.0);
        }
    }
});
