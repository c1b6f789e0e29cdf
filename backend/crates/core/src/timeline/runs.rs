//! Stretches of one offset.

use super::OffsetTimeline;
use crate::EpochMs;

/// A half-open stretch of time with one offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetRun {
    /// First instant.
    pub start: EpochMs,
    /// The instant after the last one.
    pub end: EpochMs,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl OffsetTimeline {
    /// The stretches of one offset that make up `from`–`to` (half-open), in order of time; none where that is empty.
    #[must_use]
    pub fn runs(&self, from: EpochMs, to: EpochMs) -> Vec<OffsetRun> {
        // The offset can change where evidence begins or ends, and where the zone's clocks change; nowhere else.
        let evidence = self.spans.iter().flat_map(|span| [span.from, span.to.plus(1)]);
        let clocks = self.zone.following(from.timestamp()).map(|change| EpochMs::from(change.timestamp()));
        let mut cuts: Vec<EpochMs> = evidence.chain(clocks.take_while(|&at| at < to)).collect();
        cuts.retain(|&at| from < at && at < to);
        cuts.push(from);
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().skip(1).copied().chain([to]);
        let mut runs: Vec<OffsetRun> = Vec::new();
        for (start, end) in cuts.iter().copied().zip(ends).filter(|(start, end)| start < end) {
            let offset = self.offset_at(start);
            match runs.last_mut() {
                Some(last) if last.offset == offset => last.end = end,
                _ => runs.push(OffsetRun { start, end, offset }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;

    use super::*;
    use crate::time::HOUR_MS;

    proptest! {
        #[test]
        fn every_instant_lies_in_the_run_of_its_offset(
            zone in prop::sample::select(&["Europe/Paris", "Australia/Lord_Howe", "America/Havana", "UTC"][..]),
            journeys in prop::collection::vec((0i64..9_000, 1i64..300, -11i32..=13), 0..5),
            probes in prop::collection::vec(0i64..10_000 * 60, 30),
        ) {
            let start = EpochMs::from("2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
            let mut timeline = OffsetTimeline::of_zone(TimeZone::get(zone).unwrap());
            for (hour, length, offset) in journeys {
                let from = start.plus(hour * HOUR_MS);
                timeline.learn(from, from.plus(length * HOUR_MS), offset * 3600);
            }
            let end = start.plus(10_000 * HOUR_MS);
            let runs = timeline.runs(start, end);
            prop_assert_eq!(runs[0].start, start);
            prop_assert_eq!(runs[runs.len() - 1].end, end);
            for pair in runs.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
                prop_assert_ne!(pair[0].offset, pair[1].offset);
            }
            for minute in probes {
                let at = start.plus(minute * 60_000);
                let run = runs.iter().find(|run| run.start <= at && at < run.end).unwrap();
                prop_assert_eq!(run.offset, timeline.offset_at(at));
            }
        }
    }

    #[test]
    fn an_empty_stretch_has_no_run() {
        let timeline = OffsetTimeline::of_zone(TimeZone::UTC);
        assert_eq!(timeline.runs(EpochMs(5), EpochMs(5)), []);
    }
}
