//! How many rows a person's days have: what plans expect.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulsekeep_simulator::people::{Minute, People, Person, PersonDay, View};

use crate::world::at;

const DAYS: i32 = 336;

/// Rows of 100 days of a person by type, and of the fullest day.
fn rows(people: &Arc<People>, person: &Arc<Person>) -> BTreeMap<&'static str, (f64, usize)> {
    let now = at("2026-11-21T10:00:00Z") / 1000;
    let mut counts: BTreeMap<&'static str, (f64, usize)> = BTreeMap::new();
    let view = View::new(people.clone(), person.clone(), now, Vec::new());
    for back in 7..7 + DAYS {
        let day = view.day(view.today().plus(-back)).unwrap();
        let minutes =
            |test: &dyn Fn(&Minute) -> bool| day.minutes.iter().filter(|minute| test(minute)).count();
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
            *sum += count as f64 * 100.0 / f64::from(DAYS);
            *most = (*most).max(count);
        }
    }
    counts
}

#[test]
fn days_hold_as_much_as_plans_expect() {
    let people = Arc::new(People::load().unwrap());
    let all: Vec<_> = people.all().iter().map(|person| rows(&people, person)).collect();
    let mut means = BTreeMap::new();
    for name in all[0].keys().copied() {
        let mut of: Vec<f64> = all.iter().map(|rows| rows[name].0).collect();
        of.sort_by(f64::total_cmp);
        let mean = of.iter().sum::<f64>() / of.len() as f64;
        let most = all.iter().map(|rows| rows[name].1).max().unwrap();
        let (least, middle, fullest) = (of[0], of[of.len() / 2], of[of.len() - 1]);
        println!(
            "{name}: {least:.0} … {middle:.0} … {fullest:.0} in 100 days, mean {mean:.0}, {most} on a day"
        );
        means.insert(name, (mean, most));
    }
    let between = |name: &str, low: f64, high: f64| {
        let (mean, _) = means[name];
        assert!((low..high).contains(&mean), "{name}: {mean}");
    };
    between("steps", 15_000.0, 40_000.0);
    between("heart rate by minute", 60_000.0, 144_000.0);
    between("heart rate", 700_000.0, 1_728_000.0);
    between("heart rate variability", 4_000.0, 10_000.0);
    between("oxygen saturation", 20_000.0, 50_000.0);
    between("exercise", 5.0, 150.0);
    assert!(means["heart rate"].1 <= 90_000 && means["oxygen saturation"].1 <= 1_500);
}
