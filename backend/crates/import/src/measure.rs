//! By which clock files without a zone go: measured against the files that hold the same with one.

use std::collections::HashMap;

use pulsekeep_core::{EpochMs, time::MINUTE_MS, timeline::OffsetTimeline};

use crate::{
    archive::Archive,
    clock::Clock,
    family::{Family, Naive, Zone},
    names::Class,
    report::ClockFact,
    rows,
    sessions::Sessions,
};

/// Files that are read for it, spread over the archive.
const FILES: usize = 4;
/// Rows of each.
const ROWS: usize = 60_000;
/// Fewer rows that tell the clocks apart prove nothing.
const LEAST: u64 = 20;

/// What was found out.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) zones: HashMap<Family, Zone>,
    pub(crate) exercises: Option<Zone>,
    pub(crate) weight_in_kilograms: bool,
    pub(crate) facts: Vec<ClockFact>,
}

/// The entries of a family, in the order of their names.
fn entries_of(archive: &Archive, family: Family) -> Vec<usize> {
    let is_own = |index: &usize| archive.entries[*index].class == Class::Values(family);
    (0..archive.entries.len()).filter(is_own).collect()
}

/// The months that the names of files speak of, a day around them too: files are cut by other clocks.
fn months_near(archive: &Archive, entries: &[usize]) -> Vec<String> {
    let dates = entries.iter().filter_map(|index| date_in(&archive.entries[*index].base));
    dates
        .flat_map(|date| [-1, 0, 1].map(|month| pulsekeep_core::time::add_days(date, month * 31)))
        .map(|date| date.to_string()[..7].to_owned())
        .collect()
}

fn date_in(name: &str) -> Option<jiff::civil::Date> {
    (0..name.len().saturating_sub(9)).find_map(|at| name.get(at..at + 10)?.parse().ok())
}

/// Up to [`FILES`] of them, spread evenly.
fn spread(entries: &[usize]) -> Vec<usize> {
    let step = entries.len().div_ceil(FILES).max(1);
    entries.iter().copied().step_by(step).collect()
}

/// Rows of some files: time and first value. Files that cannot be read tell nothing.
fn rows_of(archive: &mut Archive, entries: &[usize], family: Family, mut put: impl FnMut(Clock, f64)) {
    for index in entries {
        let mut left = ROWS;
        let read = archive.with(*index, |reader| {
            rows::read(family.spec(), reader, &mut |row| {
                if let Some(value) = row.values[0].filter(|_| left > 0) {
                    left -= 1;
                    put(row.clock, value);
                }
            })
        });
        if read.is_err() {
            tracing::debug!(file = archive.entries[*index].base, "a file told nothing of its clock");
        }
    }
}

/// Values as integers, so that the same measure is the same key in both files.
#[expect(clippy::cast_possible_truncation, reason = "thousandths of a minute's value")]
fn key(family: Family, value: f64) -> i64 {
    // Distances come in centimetres and in fractions of a metre.
    let scale = if family == Family::DistanceJson { 10.0 } else { 100.0 };
    (value * scale).round() as i64
}

impl Measured {
    /// Measures all families without a zone.
    pub(crate) fn of(archive: &mut Archive, sessions: &Sessions, timeline: &OffsetTimeline) -> Self {
        let mut measured = Self::default();
        for family in Family::all() {
            let Naive::Measured(assumed) = family.spec().naive else { continue };
            if !entries_of(archive, family).is_empty() {
                measured.measure(archive, family, assumed, timeline);
            }
        }
        measured.measure_exercises(sessions);
        measured.measure_weight(archive, timeline);
        measured
    }

    /// Counts the rows that agree with the twin, read by either clock.
    fn measure(&mut self, archive: &mut Archive, family: Family, assumed: Zone, timeline: &OffsetTimeline) {
        let own = spread(&entries_of(archive, family));
        let (mut as_utc, mut as_local) = (0, 0);
        if let Some(twin) = family.twin() {
            let near = months_near(archive, &own);
            let mut twins = entries_of(archive, twin);
            let is_near = |index: &usize| {
                let name = &archive.entries[*index].base;
                date_in(name).is_none() || near.iter().any(|month| name.contains(month.as_str()))
            };
            twins.retain(is_near);
            let mut known: HashMap<i64, Vec<i64>> = HashMap::new();
            rows_of(archive, &own, family, |clock, value| {
                if let Clock::Naive(at) = clock
                    && value > 0.0
                {
                    known.entry(at).or_default().push(key(family, value));
                }
            });
            rows_of(archive, &twins, twin, |clock, value| {
                let Clock::Instant(at) = clock else { return };
                let at =
                    if family == Family::HeartRateJson { at } else { at.div_euclid(MINUTE_MS) * MINUTE_MS };
                let offset = i64::from(timeline.offset_at(EpochMs(at))) * 1000;
                // Where the two clocks show the same, nothing is told.
                if offset == 0 {
                    return;
                }
                let agrees = |naive: i64| {
                    let wanted = key(family, value);
                    known.get(&naive).is_some_and(|values| values.iter().any(|own| (own - wanted).abs() <= 1))
                };
                as_utc += u64::from(agrees(at));
                as_local += u64::from(agrees(at + offset));
            });
        }
        let mut how = "measured";
        if as_utc.max(as_local) < LEAST || as_utc == as_local {
            (as_utc, as_local) = self.by_the_steps(archive, family, timeline);
            how = "by the steps";
        }
        let is_told = as_utc.max(as_local) >= LEAST && as_utc != as_local;
        let zone = match is_told {
            true if as_local > as_utc => Zone::Local,
            true => Zone::Utc,
            false => assumed,
        };
        self.put(family.spec().key, zone, if is_told { how } else { "assumed" }, (as_utc, as_local));
        self.zones.insert(family, zone);
    }

    fn put(&mut self, files: &str, zone: Zone, how: &str, (as_utc, as_local): (u64, u64)) {
        self.facts.push(ClockFact {
            files: files.to_owned(),
            clock: if zone == Zone::Utc { "utc" } else { "local" }.to_owned(),
            how: how.to_owned(),
            as_utc,
            as_local,
        });
    }

    /// Without a twin, energy tells its clock by the steps: a minute with steps takes more than one at rest.
    fn by_the_steps(&self, archive: &mut Archive, family: Family, timeline: &OffsetTimeline) -> (u64, u64) {
        let steps_clock = self.zones.get(&Family::StepsJson).copied().unwrap_or(Zone::Utc);
        if family != Family::CaloriesJson {
            return (0, 0);
        }
        let own = spread(&entries_of(archive, family));
        let mut energy: HashMap<i64, f64> = HashMap::new();
        rows_of(archive, &own, family, |clock, value| {
            if let Clock::Naive(at) = clock {
                energy.insert(at, value);
            }
        });
        let rest = energy.values().copied().fold(f64::INFINITY, f64::min);
        let near = months_near(archive, &own);
        let mut steps = entries_of(archive, Family::StepsJson);
        steps.retain(|index| near.iter().any(|month| archive.entries[*index].base.contains(month.as_str())));
        let (mut as_utc, mut as_local) = (0, 0);
        rows_of(archive, &steps, Family::StepsJson, |clock, value| {
            let Clock::Naive(naive) = clock else { return };
            let at = match steps_clock {
                Zone::Utc => EpochMs(naive),
                Zone::Local => timeline.instant_of_local(naive),
            };
            let offset = i64::from(timeline.offset_at(at)) * 1000;
            if value < 20.0 || offset == 0 {
                return;
            }
            let is_moving = |naive: i64| energy.get(&naive).is_some_and(|value| *value > rest * 1.5);
            as_utc += u64::from(is_moving(at.0));
            as_local += u64::from(is_moving(at.0 + offset));
        });
        (as_utc, as_local)
    }

    /// Older exercises against those that carry offsets.
    fn measure_exercises(&mut self, sessions: &Sessions) {
        if sessions.exercise_logs.is_empty() {
            return;
        }
        let (mut as_utc, mut as_local) = (0, 0);
        for exercise in sessions.user_exercises.values() {
            let pulsekeep_core::observation::SessionTimes::Instants { start, start_offset, .. } =
                exercise.record.times
            else {
                continue;
            };
            let logs = || sessions.exercise_logs.values();
            let begins = |naive: i64| logs().any(|log| (log.start - naive).abs() <= MINUTE_MS);
            if start_offset != 0 {
                as_utc += u64::from(begins(start.0));
                as_local += u64::from(begins(start.0 + i64::from(start_offset) * 1000));
            }
        }
        let is_told = as_utc != as_local;
        let zone = if as_local > as_utc { Zone::Local } else { Zone::Utc };
        self.put("exercise.json", zone, if is_told { "measured" } else { "assumed" }, (as_utc, as_local));
        self.exercises = Some(zone);
    }

    /// Weights are pounds, it is said, but kilograms were seen: the other file has grams.
    fn measure_weight(&mut self, archive: &mut Archive, timeline: &OffsetTimeline) {
        let logs = spread(&entries_of(archive, Family::WeightJson));
        let grams = entries_of(archive, Family::WeightCsv);
        if logs.is_empty() || grams.is_empty() {
            return;
        }
        let mut by_day: HashMap<jiff::civil::Date, f64> = HashMap::new();
        rows_of(archive, &grams, Family::WeightCsv, |clock, value| {
            if let Clock::Instant(at) = clock {
                by_day.insert(timeline.day_at(EpochMs(at)), value);
            }
        });
        let (mut pounds, mut kilograms) = (0, 0);
        rows_of(archive, &logs, Family::WeightJson, |clock, value| {
            let Clock::Naive(at) = clock else { return };
            let Some(known) = by_day.get(&pulsekeep_core::time::from_local_ms(at).date()) else { return };
            let is_near = |value: f64| (value / known - 1.0).abs() < 0.02;
            pounds += u64::from(is_near(value));
            kilograms += u64::from(is_near(value / 0.453_592_37));
        });
        self.weight_in_kilograms = kilograms > pounds;
    }
}
