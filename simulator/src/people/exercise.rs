//! Exercises: bouts of a recorded day that are long and lively enough to be recognised.

use super::civil::Day;
use super::day::{Minute, PersonDay};
use super::noise;
use super::totals::{Beats, FLOOR_MM, Totals};

/// Minutes that a bout has at least.
const SHORTEST: usize = 15;
/// Still minutes that a bout may hold in a row.
const PAUSE: usize = 2;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExerciseKind {
    /// A walk.
    Walk,
    /// A run.
    Run,
    /// Hard work with few steps.
    Workout,
}

/// A bout of a recorded day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bout {
    /// First minute of the clock.
    pub(crate) label: u16,
    pub(crate) minutes: u16,
    pub(crate) kind: ExerciseKind,
}

/// An exercise.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Start, epoch seconds.
    pub start: i64,
    /// End, epoch seconds.
    pub end: i64,
    /// Seconds east of UTC, from start to end.
    pub offset: i32,
    /// What was done.
    pub kind: ExerciseKind,
    /// Recorded with a route.
    pub has_route: bool,
    /// An id that stays the same.
    pub id: u64,
    /// Seconds without the still minutes.
    pub active_seconds: i64,
    /// Sums over its minutes.
    pub totals: Totals,
    /// Its heart rate.
    pub beats: Beats,
}

impl Exercise {
    /// Height gained, mm.
    pub fn gain_mm(&self) -> u32 {
        self.totals.floors * FLOOR_MM
    }
}

fn lively(steps: u8, intensity: u8) -> bool {
    steps >= 60 || intensity >= 2
}

/// The bouts of a recorded day.
pub(crate) fn bouts(steps: &[u8], intensity: &[u8]) -> Vec<Bout> {
    let mut bouts = Vec::new();
    let mut start = None;
    let mut last = 0;
    for minute in 0..=steps.len() {
        let moves = minute < steps.len() && lively(steps[minute], intensity[minute]);
        match (moves, start) {
            (true, None) => (start, last) = (Some(minute), minute),
            (true, Some(_)) => last = minute,
            (false, Some(first)) if minute == steps.len() || minute - last > PAUSE => {
                bouts.extend(bout(first, &steps[first..=last]));
                start = None;
            }
            _ => {}
        }
    }
    bouts
}

fn bout(first: usize, steps: &[u8]) -> Option<Bout> {
    if steps.len() < SHORTEST {
        return None;
    }
    let cadence = steps.iter().map(|steps| f64::from(*steps)).sum::<f64>() / steps.len() as f64;
    let kind = match cadence {
        cadence if cadence >= 125.0 => ExerciseKind::Run,
        cadence if cadence >= 45.0 => ExerciseKind::Walk,
        _ => ExerciseKind::Workout,
    };
    Some(Bout { label: first as u16, minutes: steps.len() as u16, kind })
}

impl PersonDay {
    /// The exercises of this day, in the order of time. A bout through which the clock changes is none.
    pub fn exercises(&self) -> Vec<Exercise> {
        self.bouts.iter().filter_map(|bout| self.exercise(bout)).collect()
    }

    fn exercise(&self, bout: &Bout) -> Option<Exercise> {
        let first = self.minutes.iter().position(|minute| minute.label == bout.label)?;
        let minutes = self.minutes.get(first..first + usize::from(bout.minutes))?;
        let (start, end) = (minutes.first()?, minutes.last()?);
        let whole =
            end.start - start.start == (i64::from(bout.minutes) - 1) * 60 && start.offset == end.offset;
        if !whole || !minutes.iter().all(|minute| minute.worn) {
            return None;
        }
        let still = minutes.iter().filter(|minute| minute.intensity == 0 && minute.steps == 0).count();
        let rates = minutes.iter().flat_map(|minute| self.samples(minute)).map(|sample| sample.bpm);
        Some(Exercise {
            start: start.start,
            end: end.start + 60,
            offset: start.offset,
            kind: bout.kind,
            has_route: self.routes && bout.kind != ExerciseKind::Workout,
            id: noise::hash(self.seed, 111, start.start, 0) >> 2,
            active_seconds: (minutes.len() - still) as i64 * 60,
            totals: Totals::of(self, minutes.iter().copied()),
            beats: Beats::of(rates),
        })
    }
}

/// A point of a route.
#[derive(Clone, Copy, Debug)]
pub struct RoutePoint {
    /// Epoch seconds.
    pub time: i64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the sea.
    pub altitude: f64,
    /// Metres from the start.
    pub distance: f64,
    /// Beats per minute.
    pub bpm: Option<u32>,
}

/// The route of an exercise, a point for each sample of heart rate: an invented way in the middle of the Atlantic.
pub fn route(day: &PersonDay, exercise: &Exercise) -> Vec<RoutePoint> {
    const METRES_OF_A_DEGREE: f64 = 111_320.0;
    let turn = |place: i64| noise::unit(exercise.id, 112, place, 0) * std::f64::consts::TAU;
    let (mut north, mut east, mut distance, mut altitude) = (0.0, 0.0, 0.0, 12.0);
    let mut points = Vec::new();
    let inside = |minute: &&Minute| (exercise.start..exercise.end).contains(&minute.start);
    for minute in day.minutes.iter().filter(inside) {
        let heading = turn(minute.start.div_euclid(240));
        let metres = f64::from(minute.distance_mm) / 1000.0;
        for sample in day.samples(minute) {
            let part = metres * (sample.time - minute.start) as f64 / 60.0;
            points.push(RoutePoint {
                time: sample.time,
                latitude: 30.0 + (north + part * heading.cos()) / METRES_OF_A_DEGREE,
                longitude: -40.0 + (east + part * heading.sin()) / METRES_OF_A_DEGREE / 0.866,
                altitude,
                distance: distance + part,
                bpm: Some(sample.bpm),
            });
        }
        north += metres * heading.cos();
        east += metres * heading.sin();
        distance += metres;
        altitude += f64::from(minute.floors) * f64::from(FLOOR_MM) / 1000.0;
    }
    points
}

/// Whether a run was recorded on one of the seven days up to `day`, by a plan of each day's bouts.
pub(crate) fn ran_lately<'a>(day: Day, bouts_of: impl Fn(Day) -> Option<&'a [Bout]>) -> bool {
    (0..7).any(|back| {
        let bouts = bouts_of(day.plus(-back));
        bouts.is_some_and(|bouts| bouts.iter().any(|bout| bout.kind == ExerciseKind::Run))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bout_is_long_and_survives_short_pauses() {
        let mut steps = vec![0u8; 200];
        let intensity = vec![0u8; 200];
        steps[10..24].fill(110);
        assert_eq!(bouts(&steps, &intensity), [], "fourteen minutes are too few");
        steps[26..30].fill(110);
        let walk = Bout { label: 10, minutes: 20, kind: ExerciseKind::Walk };
        assert_eq!(bouts(&steps, &intensity), [walk]);
        steps[100..130].fill(160);
        steps[180..200].fill(80);
        let kinds: Vec<_> = bouts(&steps, &intensity).iter().map(|bout| (bout.label, bout.kind)).collect();
        assert_eq!(kinds, [(10, ExerciseKind::Walk), (100, ExerciseKind::Run), (180, ExerciseKind::Walk)]);
    }
}
