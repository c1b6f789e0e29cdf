//! A person whose archive is imported has what the same person has who was synced, as far as archives tell it.
//!
//! They do not tell: which sleep of a day is the main one (the longest is taken), short awakenings beside the stages, pauses
//! and zone minutes of an exercise, the times of recorders that were merged (here the archive is one without recorders),
//! minutes of each zone of a day, and energy finer than a ten-thousandth of a kilocalorie. The other way round, a sync of
//! Google Health does not tell how far a night's skin temperature lies from the baseline, and the archive does.

use std::sync::Arc;

use pulsekeep_core::{Metric, account::Role, catalogue::Cadence, observation::SampleValues, time::DayRange};
use pulsekeep_import::{Archive, Limits, Outcome, Takeout};
use pulsekeep_simulator::{
    archive::{Packing, Recipe, files, pack},
    people::{Day, People, View},
};
use pulsekeep_store::{
    Person,
    person::{Exercise, SampleRange, SleepSession},
};
use pulsekeep_sync::SyncPolicy;
use pulsekeep_testkit::{build, now, on_each_engine};

use crate::harness::{GOOGLE, World, assert_done};

/// Instant and value of all samples but zeros, which an archive leaves out and the live provider may give.
async fn samples(person: &Person, metric: Metric, days: DayRange) -> Vec<(i64, f64)> {
    let mut found = Vec::new();
    for day in person.stored_days(metric, SampleRange::Days(days), days).await.unwrap() {
        let block = day.decode().unwrap();
        let SampleValues::Single(values) = &block.values else { panic!("{metric} by the minute") };
        found.extend(block.at.iter().copied().zip(values.iter().copied()).filter(|(_, value)| *value != 0.0));
    }
    found
}

/// What differs, in words.
async fn differences(synced: &Person, imported: &Person, days: DayRange) -> Vec<String> {
    use Metric as M;
    let exact = [
        M::Steps,
        M::Distance,
        M::Floors,
        M::Elevation,
        M::ActiveZoneMinutes,
        M::HeartRate,
        M::HeartRateVariability,
        M::OxygenSaturation,
        M::Weight,
        M::BodyFat,
    ];
    let mut found = Vec::new();
    for metric in exact {
        let (live, archived) = (samples(synced, metric, days).await, samples(imported, metric, days).await);
        let is_same = |(live, archived): (&(i64, f64), &(i64, f64))| {
            live.0 == archived.0 && (live.1 - archived.1).abs() < 1e-6
        };
        if live.len() != archived.len() || !live.iter().zip(&archived).all(is_same) {
            found.push(format!("{metric}: {} samples, {} of the archive", live.len(), archived.len()));
        }
    }
    let daily = [
        M::RestingHeartRate,
        M::HeartRateVariability,
        M::HeartRateVariabilityDeep,
        M::SkinTemperature,
        M::OxygenSaturation,
        M::OxygenSaturationLowerBound,
        M::OxygenSaturationUpperBound,
        M::BreathingRate,
        M::Vo2Max,
        M::Sleep,
        M::Steps,
        M::Calories,
    ];
    for metric in daily {
        let live = synced.daily(&[metric], days, None).await.unwrap().remove(0);
        let archived = imported.daily(&[metric], days, None).await.unwrap().remove(0);
        // The live provider tells energy of a day in whole kilocalories.
        let slack = if metric == M::Calories { 1.0 } else { 1e-6 };
        for (day, (live, archived)) in live.days.iter().zip(live.values.iter().zip(&archived.values)) {
            let is_same = match (live, archived) {
                (Some(live), Some(archived)) => (live - archived).abs() <= slack,
                (live, archived) => live == archived,
            };
            if !is_same {
                found.push(format!("{metric} {day}: {live:?}, {archived:?} of the archive"));
            }
        }
    }
    let (live, archived) = (synced.sleep(days).await.unwrap(), imported.sleep(days).await.unwrap());
    let night = |sleep: &SleepSession| {
        let offsets = (sleep.start_offset, sleep.end_offset);
        (sleep.day, sleep.start, sleep.end, sleep.kind, offsets, sleep.summary.asleep, sleep.stages.clone())
    };
    if live.iter().map(night).ne(archived.iter().map(night)) {
        found.push(format!("sleep: {live:?}, {archived:?} of the archive"));
    }
    let mut live = synced.exercises(days, None, 100).await.unwrap();
    let mut archived = imported.exercises(days, None, 100).await.unwrap();
    live.sort_by_key(|exercise| exercise.start);
    archived.sort_by_key(|exercise| exercise.start);
    let bout = |exercise: &Exercise| {
        let when = (exercise.day, exercise.start, exercise.end, exercise.start_offset);
        // An archive writes a zero where there is nothing.
        (when, exercise.steps.filter(|steps| *steps > 0), exercise.name.clone())
    };
    if live.is_empty() || live.iter().map(bout).ne(archived.iter().map(bout)) {
        found.push(format!("exercises: {live:?}, {archived:?} of the archive"));
    }
    found
}

on_each_engine! {
    async fn a_person_of_an_archive_has_what_a_synced_one_has(db) {
        let policy = SyncPolicy { cadence: Cadence::Native, ..SyncPolicy::default() };
        let world = World::with_policy(db, policy).await;
        for name in ["nora", "jack"] {
            let linked = world.linked(GOOGLE, name).await;
            let days = world.ago(linked.user, 5, 2).await;
            assert_done(&world.backfill(&linked, days).await);
            let people = Arc::new(People::load().unwrap());
            let person = people.find(name).unwrap().clone();
            let zone = person.profile.zone;
            let view = View::new(people, person, now().0 / 1000, Vec::new());
            let day = |day: jiff::civil::Date| Day::parse(&day.to_string()).unwrap();
            // The evening of the last day is told with the night that ends on the day after.
            let recipe = Recipe { recorders: false, ..Recipe::default() };
            let files = files(&view, (day(days.start), day(days.end)), &recipe);
            let packed = pack(&files, Packing::Zip, 1, now().0 / 1000).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(&packed[0].0);
            std::fs::write(&path, &packed[0].1).unwrap();
            let other = build::person(world.store(), &format!("{name}-archived"), zone, Role::Member).await;
            let archive = Archive::open(&[path], Limits::default()).unwrap();
            let takeout = Takeout::survey(world.store(), other.clone(), archive, None, now()).await.unwrap();
            let outcome = takeout.write(world.store(), &world.clock, |_| ()).await.unwrap();
            assert!(matches!(outcome, Outcome::Written(_)));
            let viewer = pulsekeep_core::account::Viewer::system();
            let imported = world.store().person(&viewer, other.id).await.unwrap().unwrap();
            // The other one is a person without nights.
            let has_nights = !imported.sleep(days).await.unwrap().is_empty();
            assert_eq!(has_nights, name == "nora");
            let differences = differences(&world.person(&linked).await, &imported, days).await;
            assert!(differences.is_empty(), "{name}: {differences:#?}");
        }
    }
}
