//! From what a parser read to instants and offsets: the person's offset timeline turns wall-clock readings into
//! instants and dates points without an offset. Pure.

use std::collections::BTreeMap;

use pulsekeep_core::{
    EpochMs,
    observation::{
        DeviceRecord, DeviceTime, ExerciseRecord, Parsed, SampleBatch, SampleTimes, SessionTimes,
        SleepRecord, SleepStage,
    },
    timeline::OffsetTimeline,
};

use crate::{
    block::{Block, runs_of},
    ingest::{ResolvedExercise, ResolvedSamples, ResolvedSleep},
};

/// Teaches the timeline the offsets that points carry.
pub fn learn(timeline: &mut OffsetTimeline, parsed: &Parsed) {
    for batch in &parsed.samples {
        let SampleTimes::Instants { at, offsets } = &batch.times else { continue };
        for (i, &(from, offset)) in offsets.iter().enumerate() {
            let end = offsets.get(i + 1).map_or(at.len(), |next| next.0);
            if let (Some(&first), Some(&last)) = (at.get(from), at.get(end.saturating_sub(1))) {
                timeline.learn(first, last, offset);
            }
        }
    }
    let sessions = parsed.sleep.iter().map(|s| s.times).chain(parsed.exercises.iter().map(|e| e.times));
    for times in sessions {
        if let SessionTimes::Instants { start, end, start_offset, end_offset } = times {
            if start_offset == end_offset {
                timeline.learn(start, end, start_offset);
            } else {
                timeline.learn(start, start, start_offset);
                timeline.learn(end, end, end_offset);
            }
        }
    }
}

/// A batch as a block: instants with offsets.
#[must_use]
pub fn samples(batch: SampleBatch, timeline: &OffsetTimeline) -> ResolvedSamples {
    let metric = batch.metric;
    let block = match batch.times {
        SampleTimes::Instants { at, offsets } => {
            let offsets = if offsets.is_empty() {
                runs_of(at.iter().map(|&at| timeline.offset_at(at)))
            } else {
                offsets
            };
            let at = at.into_iter().map(|at| at.0).collect();
            Block { interval_ms: batch.interval_ms, at, offsets, values: batch.values }
        }
        SampleTimes::Local(local) => {
            let whole = Block {
                interval_ms: batch.interval_ms,
                at: local.clone(),
                offsets: Vec::new(),
                values: batch.values,
            };
            of_local(&whole, &local, timeline)
        }
    };
    ResolvedSamples { metric, block }
}

/// Wall-clock readings as instants. The hour that a clock skips in spring falls on the hour after it: there the
/// reading that really was on the clock stays. The hour that it shows twice in autumn is one hour of readings.
fn of_local(whole: &Block, local: &[i64], timeline: &OffsetTimeline) -> Block {
    let mut by_instant: BTreeMap<i64, usize> = BTreeMap::new();
    for (index, &reading) in local.iter().enumerate() {
        by_instant.insert(timeline.instant_of_local(reading).0, index);
    }
    let indices: Vec<usize> = by_instant.values().copied().collect();
    let offsets = runs_of(by_instant.iter().map(|(&at, &i)| offset_between(at, local[i])));
    let mut block = whole.taken(&indices);
    block.at = by_instant.into_keys().collect();
    block.offsets = offsets;
    block
}

/// Seconds between an instant and the wall clock that was read at it.
fn offset_between(at: i64, local: i64) -> i32 {
    i32::try_from((local - at) / 1000).unwrap_or(0)
}

/// A sleep session with instants.
#[must_use]
pub fn sleep(record: SleepRecord, timeline: &OffsetTimeline) -> ResolvedSleep {
    match record.times {
        SessionTimes::Instants { start, end, start_offset, end_offset } => {
            ResolvedSleep { record, start, end, start_offset, end_offset }
        }
        SessionTimes::Local { start: local_start, end: local_end } => {
            let start = timeline.instant_of_local(local_start);
            let end = timeline.instant_of_local(local_end);
            let instants = |stages: &[SleepStage]| {
                let instant = |local: i64| timeline.instant_of_local(local).0;
                stages
                    .iter()
                    .map(|s| SleepStage { start: instant(s.start), end: instant(s.end), level: s.level })
                    .collect()
            };
            let record = SleepRecord {
                stages: instants(&record.stages),
                short_awakenings: instants(&record.short_awakenings),
                ..record
            };
            ResolvedSleep {
                start_offset: offset_between(start.0, local_start),
                end_offset: offset_between(end.0, local_end),
                record,
                start,
                end,
            }
        }
    }
}

/// An exercise with instants.
#[must_use]
pub fn exercise(record: ExerciseRecord, timeline: &OffsetTimeline) -> ResolvedExercise {
    match record.times {
        SessionTimes::Instants { start, end, start_offset, end_offset } => {
            ResolvedExercise { record, start, end, start_offset, end_offset }
        }
        SessionTimes::Local { start: local_start, end: local_end } => {
            let start = timeline.instant_of_local(local_start);
            let end = timeline.instant_of_local(local_end);
            ResolvedExercise {
                start_offset: offset_between(start.0, local_start),
                end_offset: offset_between(end.0, local_end),
                record,
                start,
                end,
            }
        }
    }
}

/// A device with the instant of its last sync.
#[must_use]
pub fn device(record: DeviceRecord, timeline: &OffsetTimeline) -> (DeviceRecord, Option<EpochMs>) {
    let last_sync = record.last_sync.map(|time| match time {
        DeviceTime::Instant(at) => at,
        DeviceTime::Local(local) => timeline.instant_of_local(local),
    });
    (record, last_sync)
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};
    use pulsekeep_core::{
        Metric,
        observation::SampleValues,
        time::{HOUR_MS, MINUTE_MS, local_ms},
    };

    use super::*;

    fn paris() -> OffsetTimeline {
        OffsetTimeline::of_zone(TimeZone::get("Europe/Paris").unwrap())
    }

    fn day_of_minutes(day: jiff::civil::Date) -> SampleBatch {
        let midnight = local_ms(day.at(0, 0, 0, 0));
        SampleBatch {
            metric: Metric::Steps,
            interval_ms: MINUTE_MS,
            times: SampleTimes::Local((0..1440).map(|m| midnight + m * MINUTE_MS).collect()),
            values: SampleValues::Single((0..1440).map(f64::from).collect()),
        }
    }

    #[test]
    fn an_ordinary_local_day_keeps_its_1440_minutes_and_its_clock() {
        let resolved = samples(day_of_minutes(date(2026, 6, 1)), &paris());
        assert_eq!(resolved.block.len(), 1440);
        assert_eq!(resolved.block.offsets, [(0, 7200)]);
        assert_eq!(EpochMs(resolved.block.at[0]).to_string(), "2026-05-31T22:00:00Z");
    }

    #[test]
    fn the_skipped_hour_of_spring_gives_way_to_the_hour_on_the_clock() {
        let resolved = samples(day_of_minutes(date(2026, 3, 29)), &paris());
        assert_eq!(resolved.block.len(), 23 * 60);
        assert!(resolved.block.at.windows(2).all(|w| w[1] - w[0] == MINUTE_MS));
        // 03:00 on the clock is minute 180 of the day and the 121st that happened.
        assert_eq!(resolved.block.values.main()[120], 180.0);
        assert_eq!(resolved.block.offsets, [(0, 3600), (120, 7200)]);
    }

    #[test]
    fn the_doubled_hour_of_autumn_is_read_once() {
        let resolved = samples(day_of_minutes(date(2026, 10, 25)), &paris());
        assert_eq!(resolved.block.len(), 1440);
        let gaps: Vec<i64> =
            resolved.block.at.windows(2).map(|w| w[1] - w[0]).filter(|g| *g != MINUTE_MS).collect();
        assert_eq!(gaps, [HOUR_MS + MINUTE_MS]);
    }

    #[test]
    fn offsets_of_points_are_learnt() {
        let mut timeline = paris();
        let at: Vec<EpochMs> = (0..3).map(|i| EpochMs(1_780_000_000_000 + i * MINUTE_MS)).collect();
        let batch = SampleBatch {
            metric: Metric::Steps,
            interval_ms: MINUTE_MS,
            times: SampleTimes::Instants { at: at.clone(), offsets: vec![(0, 32_400), (2, 36_000)] },
            values: SampleValues::Single(vec![1.0; 3]),
        };
        learn(&mut timeline, &Parsed { samples: vec![batch], ..Parsed::default() });
        let offsets: Vec<i32> = at.iter().map(|&at| timeline.offset_at(at)).collect();
        assert_eq!(offsets, [32_400, 32_400, 36_000]);
    }
}
