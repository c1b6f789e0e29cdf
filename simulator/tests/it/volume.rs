//! How many rows a person's days have: what plans expect.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulsekeep_simulator::people::{People, PersonDay, View};

use crate::world::at;

/// Rows of 100 days by type, of the mean person, and of the fullest day of anybody.
fn rows(people: &Arc<People>) -> BTreeMap<&'static str, (f64, usize)> {
    const DAYS: i32 = 336;
    let now = at("2026-11-21T10:00:00Z") / 1000;
    let mut counts: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for person in people.all() {
        let view = View::new(people.clone(), person.clone(), now, Vec::new());
        for back in 7..7 + DAYS {
            let day = view.day(view.today().plus(-back)).unwrap();
            let minutes = |test: &dyn Fn(&pulsekeep_simulator::people::Minute) -> bool| {
                day.minutes.iter().filter(|minute| test(minute)).count()
            };
            let beats = day.beats();
            let all = [
                ("steps", minutes(&|minute| minute.merged_steps() > 0)),
                ("floors", minutes(&|minute| minute.floors > 0)),
                ("active energy", minutes(&|minute| day.active_kcal(minute).is_some())),
                ("active zone minutes", minutes(&|minute| minute.zone.is_some())),
                ("heart rate by minute", beats.iter().filter(|beats| beats.count > 0).count()),
                ("heart rate", beats.iter().map(|beats| beats.count as usize).sum()),
                ("total calories", day.minutes.len()),
                ("heart rate variability", day.variability_samples().len()),
                ("oxygen saturation", day.oxygen_samples().len()),
                ("nights", usize::from(PersonDay::night(&day).is_some())),
                ("sleep", day.sleeps.len()),
                ("exercise", day.exercises().len()),
                ("weight", day.weights.len()),
                ("core temperature", usize::from(day.core_temperature().is_some())),
            ];
            for (name, count) in all {
                let (sum, most) = counts.entry(name).or_default();
                *sum += count;
                *most = (*most).max(count);
            }
        }
    }
    let share = 100.0 / f64::from(DAYS) / people.all().len() as f64;
    counts.into_iter().map(|(name, (sum, most))| (name, (sum as f64 * share, most))).collect()
}

#[test]
fn days_hold_as_much_as_plans_expect() {
    let people = Arc::new(People::load().unwrap());
    let rows = rows(&people);
    for (name, (mean, most)) in &rows {
        println!("{name}: {mean:.0} in 100 days, {most} on a day at the most");
    }
    let between = |name: &str, low: f64, high: f64| {
        let (mean, _) = rows[name];
        assert!((low..high).contains(&mean), "{name}: {mean}");
    };
    between("steps", 15_000.0, 40_000.0);
    between("heart rate by minute", 60_000.0, 144_000.0);
    between("heart rate", 700_000.0, 1_728_000.0);
    between("heart rate variability", 4_000.0, 10_000.0);
    between("oxygen saturation", 20_000.0, 50_000.0);
    between("exercise", 5.0, 150.0);
    assert!(rows["heart rate"].1 <= 90_000 && rows["oxygen saturation"].1 <= 1_500);
}
