//! A recorded day made ready: when the watch was worn, how the hourly energy falls on the minutes, where the night lies.

use super::exercise::{self, Bout};
use super::noise;
use super::pack::{DAY_MINUTES, RECORDED_DAYS, Recorded, RecordedDay};
use super::sleep::{self, Plan};

/// A weight measurement of a recorded day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordedWeight {
    pub(crate) kg: f64,
    pub(crate) fat_percent: Option<f64>,
    pub(crate) manual: bool,
}

/// One of the 28 days.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) steps: Vec<u8>,
    pub(crate) intensity: Vec<u8>,
    pub(crate) worn: Vec<bool>,
    /// Energy above the basal rate, kcal by minute.
    pub(crate) extra_kcal: Vec<f32>,
    pub(crate) stride_mm: f64,
    /// Main sleep first, then a nap.
    pub(crate) sleeps: Vec<Plan>,
    pub(crate) weight: Option<RecordedWeight>,
    pub(crate) bouts: Vec<Bout>,
}

impl Template {
    /// A day on which the watch lies somewhere.
    pub(crate) fn unworn() -> Template {
        Template {
            steps: vec![0; DAY_MINUTES],
            intensity: vec![0; DAY_MINUTES],
            worn: vec![false; DAY_MINUTES],
            extra_kcal: vec![0.0; DAY_MINUTES],
            stride_mm: 700.0,
            sleeps: Vec::new(),
            weight: None,
            bouts: Vec::new(),
        }
    }
}

/// The 28 days of a person.
pub(crate) fn templates(recorded: &Recorded, seed: u64) -> Vec<Template> {
    let basal = recorded.basal_kcal_per_minute();
    let days = &recorded.days;
    let at = |index: i32| &days[index.rem_euclid(RECORDED_DAYS) as usize];
    let mut templates: Vec<Template> = (0..RECORDED_DAYS)
        .map(|index| {
            let day = at(index);
            let worn_at_all = worn_at_all(day);
            let sleeps = if worn_at_all { plans(day, at(index - 1)) } else { Vec::new() };
            let worn = if worn_at_all {
                let next_night = worn_at_all_and_slept(at(index + 1));
                wear(day, !sleeps.is_empty(), next_night, &sleeps, seed, index)
            } else {
                vec![false; DAY_MINUTES]
            };
            let (steps, intensity) = (or_zeros(&day.step_minutes), or_zeros(&day.intensity_minutes));
            Template {
                bouts: exercise::bouts(&steps, &intensity),
                steps,
                intensity,
                worn,
                extra_kcal: extra_energy(day, basal),
                stride_mm: day.stride_mm(),
                sleeps,
                weight: weight(day),
            }
        })
        .collect();
    keep_worn_in_the_evening_before(&mut templates);
    templates
}

fn or_zeros(minutes: &[u8]) -> Vec<u8> {
    if minutes.is_empty() { vec![0; DAY_MINUTES] } else { minutes.to_vec() }
}

fn worn_at_all(day: &RecordedDay) -> bool {
    day.step_minutes.iter().any(|steps| *steps > 0)
}

fn worn_at_all_and_slept(day: &RecordedDay) -> bool {
    worn_at_all(day) && day.sleep.is_some()
}

fn movement(day: &RecordedDay) -> Vec<u32> {
    let steps = or_zeros(&day.step_minutes);
    let intensity = or_zeros(&day.intensity_minutes);
    steps
        .iter()
        .zip(&intensity)
        .map(|(steps, intensity)| u32::from(*steps) + 20 * u32::from(*intensity))
        .collect()
}

fn plans(day: &RecordedDay, before: &RecordedDay) -> Vec<Plan> {
    let Some([Some(records), Some(asleep), Some(in_bed)]) = day.sleep else {
        return Vec::new();
    };
    let today = movement(day);
    let mut night = movement(before).split_off(18 * 60);
    night.extend_from_slice(&today[..14 * 60]);
    sleep::plan(records as i32, asleep as i32, in_bed as i32, &night, &today)
}

/// Stretches in which nothing moves: first minute and length.
fn still(day: &RecordedDay) -> Vec<(usize, usize)> {
    let movement = movement(day);
    let mut runs = Vec::new();
    let mut start = None;
    for (minute, moved) in movement.iter().map(|value| *value > 0).chain([true]).enumerate() {
        match (moved, start) {
            (false, None) => start = Some(minute),
            (true, Some(first)) => {
                runs.push((first, minute - first));
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// When the watch was on the wrist. Off: still stretches of two hours or more in daytime, nights without a
/// sleep record, and a charge of 35 to 50 minutes on one evening in four.
fn wear(
    day: &RecordedDay,
    slept: bool,
    next_night: bool,
    sleeps: &[Plan],
    seed: u64,
    index: i32,
) -> Vec<bool> {
    let mut worn = vec![true; DAY_MINUTES];
    let charge = noise::hash(seed, 51, i64::from(index), 0);
    let mut charged = !charge.is_multiple_of(4);
    for (first, length) in still(day) {
        let end = first + length;
        if first == 0 && !slept && length >= 60 || end == DAY_MINUTES && !next_night && length >= 30 {
            worn[first..end].fill(false);
        } else if length >= 120 && first >= 8 * 60 && end <= 21 * 60 + 30 {
            worn[first + 8..end - 8].fill(false);
        } else if !charged && length >= 60 && (18 * 60..22 * 60).contains(&first) {
            worn[first + 5..first + 40 + (charge >> 8) as usize % 15].fill(false);
            charged = true;
        }
    }
    for plan in sleeps {
        let start = (plan.wake - plan.in_bed).max(0) as usize;
        worn[start..(plan.wake.max(0) as usize).min(DAY_MINUTES)].fill(true);
    }
    worn
}

/// A night begins in the evening of the day before: there the watch is on.
fn keep_worn_in_the_evening_before(templates: &mut [Template]) {
    for index in 0..templates.len() {
        let Some(night) = templates[index].sleeps.first().copied() else { continue };
        let before = (index + templates.len() - 1) % templates.len();
        let evening = (night.wake - night.in_bed).min(0);
        let start = (DAY_MINUTES as i32 + evening).max(0) as usize;
        templates[before].worn[start..].fill(true);
    }
}

/// Spreads each hour's energy above the basal rate over its minutes by their movement.
fn extra_energy(day: &RecordedDay, basal: f64) -> Vec<f32> {
    let mut extra = vec![0f32; DAY_MINUTES];
    let Some(hours) = &day.kcal else { return extra };
    let movement = movement(day);
    for (hour, kcal) in hours.iter().enumerate().take(24) {
        let above = (kcal - 60.0 * basal).max(0.0);
        let minutes = hour * 60..hour * 60 + 60;
        let total: u32 = movement[minutes.clone()].iter().sum();
        for minute in minutes {
            let share = if total == 0 { 1.0 / 60.0 } else { f64::from(movement[minute]) / f64::from(total) };
            extra[minute] = (above * share) as f32;
        }
    }
    extra
}

fn weight(day: &RecordedDay) -> Option<RecordedWeight> {
    Some(RecordedWeight {
        kg: day.weight_kg?,
        fat_percent: day.fat_percent,
        manual: day.manual.unwrap_or(true),
    })
}
