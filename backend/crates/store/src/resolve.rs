//! From what a parser read to instants and offsets: the person's offset timeline turns wall-clock readings into
//! instants and dates points without an offset. Pure.

use std::collections::BTreeMap;

use pulsekeep_core::{
    EpochMs,
    metric::Aggregation,
    observation::{
        DeviceRecord, DeviceTime, ExerciseRecord, Parsed, SampleBatch, SampleTimes, SessionTimes,
        SleepRecord, SleepStage,
    },
    time::DAY_MS,
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
            of_local(&whole, &local, timeline, metric.spec().aggregation == Aggregation::Sum)
        }
    };
    ResolvedSamples { metric, block }
}

/// Wall-clock readings as instants. The hour that a clock skips in spring falls on the hour after it: there the
/// reading that really was on the clock stays. The hour that it shows twice in autumn is one hour of readings.
///
/// On a journey nobody has told when the clock was set forward. Readings that tell something in the stretch that the
/// timeline takes for skipped show that it was another one; then the nearest stretch of that length in which nothing, or
/// the least, is told is the one that was skipped.
fn of_local(whole: &Block, local: &[i64], timeline: &OffsetTimeline, is_sum: bool) -> Block {
    let skips = skips_of(whole, local, timeline, is_sum);
    let mut by_instant: BTreeMap<i64, usize> = BTreeMap::new();
    for (index, &reading) in local.iter().enumerate() {
        let moved = skips.iter().find(|skip| skip.reaches(reading)).map(|skip| skip.instant_of(reading));
        by_instant.insert(moved.unwrap_or_else(|| timeline.instant_of_local(reading).0), index);
    }
    let indices: Vec<usize> = by_instant.values().copied().collect();
    let offsets = runs_of(by_instant.iter().map(|(&at, &i)| offset_between(at, local[i])));
    let mut block = whole.taken(&indices);
    block.at = by_instant.into_keys().collect();
    block.offsets = offsets;
    block
}

/// A stretch of the wall clock that never was on it.
#[derive(Debug, Clone, Copy)]
struct Skip {
    /// Where the timeline has it.
    expected: i64,
    /// Where the readings have it.
    start: i64,
    length: i64,
    /// Milliseconds east of UTC before it.
    before: i64,
}

impl Skip {
    fn reaches(&self, reading: i64) -> bool {
        let (first, last) = (self.start.min(self.expected), self.start.max(self.expected));
        (first..last + self.length).contains(&reading)
    }

    fn instant_of(&self, reading: i64) -> i64 {
        if reading < self.start + self.length {
            reading - self.before
        } else {
            reading - self.before - self.length
        }
    }
}

/// The stretches within the days of the readings that the clock has skipped.
fn skips_of(whole: &Block, local: &[i64], timeline: &OffsetTimeline, is_sum: bool) -> Vec<Skip> {
    let mut skips: Vec<Skip> = Vec::new();
    for &reading in local {
        let at = timeline.instant_of_local(reading);
        let (before, after) = (reading - at.0, i64::from(timeline.offset_at(at)) * 1000);
        // On the clock that is valid at its instant, the reading would be another one.
        if before >= after || skips.iter().any(|skip| skip.reaches(reading)) {
            continue;
        }
        let length = after - before;
        // When the clock was set, by the timeline: between so long before and the reading's own instant.
        let (mut not_yet, mut since) = (at.0 - length, at.0);
        while since - not_yet > 1 {
            let middle = not_yet + (since - not_yet) / 2;
            let is_set = i64::from(timeline.offset_at(EpochMs(middle))) * 1000 == after;
            *if is_set { &mut since } else { &mut not_yet } = middle;
        }
        let expected = since + before;
        // When summer time begins is known to the second.
        let is_certain = [since - 1, since].into_iter().all(|at| timeline.is_at_home(EpochMs(at)));
        let start = if is_certain { expected } else { least_told(whole, local, (expected, length), is_sum) };
        skips.push(Skip { expected, start, length, before });
    }
    skips
}

/// The start of the stretch of `length` in which the readings tell the least, within their days and a day from `expected`;
/// of several the nearest.
fn least_told(whole: &Block, local: &[i64], (expected, length): (i64, i64), is_sum: bool) -> i64 {
    let mut told: Vec<(i64, f64)> = local
        .iter()
        .zip(whole.values.main())
        .map(|(&reading, &value)| (reading, if is_sum { value.abs() } else { 1.0 }))
        .collect();
    told.sort_by_key(|(reading, _)| *reading);
    let (Some(first), Some(last)) = (told.first(), told.last()) else { return expected };
    let days = first.0.div_euclid(DAY_MS) * DAY_MS..=(last.0.div_euclid(DAY_MS) + 1) * DAY_MS - length;
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(told.iter().scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum)
        }))
        .collect();
    let up_to = |end: i64| sums[told.partition_point(|(reading, _)| *reading < end)];
    let cost = |start: i64| up_to(start + length) - up_to(start);
    let starts = told.iter().flat_map(|(reading, _)| [*reading, reading - length]).chain([expected]);
    let mut starts: Vec<i64> =
        starts.filter(|s| days.contains(s) && (s - expected).abs() <= DAY_MS).collect();
    starts.sort_by_key(|start| (start - expected).abs());
    let least = starts.iter().map(|&start| cost(start)).fold(f64::INFINITY, f64::min);
    // What a body at rest takes differs a little from minute to minute.
    let found = starts.into_iter().find(|&start| cost(start) <= least * 1.05 + 1e-9);
    found.unwrap_or(expected)
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
    fn what_was_told_before_the_clock_was_set_forward_on_a_journey_is_not_lost() {
        // From Tokyo eastwards by three and a half hours: by the timeline at noon, really at 17:00 on the old clock.
        let noon = EpochMs(local_ms(date(2026, 10, 19).at(12, 0, 0, 0))).plus(-9 * HOUR_MS);
        let mut timeline = OffsetTimeline::of_zone(TimeZone::get("Asia/Tokyo").unwrap());
        timeline.learn(noon, noon.plus(60 * HOUR_MS), 45_000);
        let skipped = 17 * 60..20 * 60 + 30;
        let is_told = |minute: i64| !skipped.contains(&minute);
        for metric in [Metric::Steps, Metric::HeartRate] {
            let mut day = day_of_minutes(date(2026, 10, 19));
            day.metric = metric;
            if metric == Metric::Steps {
                let steps = |minute: i64| if is_told(minute) { 1.0 + (minute % 90) as f64 } else { 0.0 };
                day.values = SampleValues::Single((0..1440).map(steps).collect());
            } else {
                // Nobody has a heart rate in minutes that never were.
                let SampleTimes::Local(local) = day.times else { unreachable!() };
                let worn: Vec<i64> = (0..1440).filter(|minute| is_told(*minute)).collect();
                day.times = SampleTimes::Local(worn.iter().map(|&minute| local[minute as usize]).collect());
                day.values = SampleValues::Single(worn.iter().map(|&minute| 60.0 + minute as f64).collect());
            }
            let told: f64 = day.values.main().iter().sum();
            let block = samples(day, &timeline).block;
            assert_eq!(block.values.main().iter().sum::<f64>(), told, "{metric}");
            assert_eq!((block.len(), block.offsets.len()), (1440 - 210, 2), "{metric}");
            assert!(block.at.windows(2).all(|w| w[1] - w[0] == MINUTE_MS), "{metric}");
            assert_eq!(block.days().count(), 2, "the day in two stretches");
            assert!(block.days().all(|(day, _)| day == date(2026, 10, 19)));
        }
    }

    #[test]
    fn a_person_who_never_rested_loses_the_least() {
        let noon = EpochMs(local_ms(date(2026, 10, 19).at(12, 0, 0, 0))).plus(-9 * HOUR_MS);
        let mut timeline = OffsetTimeline::of_zone(TimeZone::get("Asia/Tokyo").unwrap());
        timeline.learn(noon, noon.plus(60 * HOUR_MS), 45_000);
        let mut day = day_of_minutes(date(2026, 10, 19));
        let steps = |minute: i64| if (300..510).contains(&minute) { 1.0 } else { 50.0 };
        day.values = SampleValues::Single((0..1440).map(steps).collect());
        let block = samples(day, &timeline).block;
        assert_eq!(block.values.main().iter().sum::<f64>(), 1230.0 * 50.0);
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
