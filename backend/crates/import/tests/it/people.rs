//! What is stored after an import is what the person did, in every layout of an archive.

use std::collections::BTreeMap;

use jiff::civil::Date;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use pulsekeep_core::Metric;
use pulsekeep_import::Outcome;
use pulsekeep_simulator::{
    archive::{Packing, Recipe, Root},
    people::{Day, View},
};
use pulsekeep_store::{Store, User};
use pulsekeep_testkit::{on_each_engine, on_sqlite};

use crate::setup::{ago, daily, files, import, parts_of, range, survey, user, view};

/// Steps, metres and kilocalories of a day's minutes.
struct Sums {
    merged: f64,
    watch: f64,
    phone: f64,
    metres: [f64; 3],
    kcal: f64,
    zone_minutes: f64,
    beats: (f64, f64),
}

fn sums(view: &View, day: Day) -> Sums {
    let known = view.day(day).unwrap();
    let minutes: Vec<_> = view.minutes_of(&known).collect();
    let sum =
        |value: &dyn Fn(&pulsekeep_simulator::people::Minute) -> f64| minutes.iter().map(value).sum::<f64>();
    let beats: Vec<f64> =
        minutes.iter().flat_map(|minute| known.samples(minute)).map(|sample| f64::from(sample.bpm)).collect();
    let worn = |minute: &pulsekeep_simulator::people::Minute| f64::from(u8::from(minute.worn));
    Sums {
        merged: sum(&|m| f64::from(m.merged_steps())),
        watch: sum(&|m| f64::from(m.steps) * worn(m)),
        phone: sum(&|m| f64::from(m.phone_steps)),
        metres: [
            sum(&|m| f64::from(m.merged_distance_mm()) / 1000.0),
            sum(&|m| f64::from(m.distance_mm) * worn(m) / 1000.0),
            sum(&|m| f64::from(m.phone_distance_mm) / 1000.0),
        ],
        kcal: sum(&|m| f64::from(m.kcal)),
        zone_minutes: sum(&|m| m.zone.map_or(0.0, |zone| f64::from(zone.minutes()))),
        beats: (beats.len() as f64, beats.iter().sum()),
    }
}

/// What a day should hold of each metric, by the recipe: its value and how far off it may be.
fn expected(view: &View, day: Day, recipe: &Recipe) -> BTreeMap<Metric, Option<f64>> {
    let sums = sums(view, day);
    let both = recipe.tables && recipe.recorders && sums.watch > 0.0 && sums.phone > 0.0;
    // Of watch and phone the one closest to the reconciled total, or else the watch; where one of them has nothing, the
    // other.
    let phone_is_closer = (sums.phone - sums.merged).abs() < (sums.watch - sums.merged).abs();
    let chosen = match () {
        () if !(recipe.tables && recipe.recorders) => 0,
        () if both && recipe.legacy && phone_is_closer => 2,
        () if sums.watch > 0.0 => 1,
        () => 2,
    };
    let steps = [sums.merged, sums.watch, sums.phone][chosen];
    let some = |value: f64| (value > 0.0).then_some(value);
    let night = view.nightly(day, |known| (known.variability, known.oxygen_night(), known.breathing()));
    let (variability, oxygen, breathing) = night.unwrap_or((None, None, None));
    let temperature = view.temperature(day);
    let nights = recipe.tables || recipe.friendly && recipe.root != Root::SiteExport;
    let sleeps = view.sleeps(day);
    let asleep: f64 = sleeps.iter().map(|sleep| f64::from(sleep.minutes_asleep())).sum();
    let exercises = view.exercises(day);
    let seconds = exercises.iter().map(|exercise| match recipe.tables {
        // The table does not tell how long somebody stood still.
        true => exercise.end - exercise.start,
        false => exercise.active_seconds,
    });
    let minutes = seconds.sum::<i64>() as f64 / 60.0;
    let sessions = recipe.tables || recipe.legacy;
    let weights = view.weights(day);
    let weight = weights.iter().map(|weight| weight.grams / 1000.0).sum::<f64>() / weights.len() as f64;
    BTreeMap::from([
        (Metric::Steps, some(steps).filter(|_| sessions)),
        (Metric::Distance, some(sums.metres[chosen]).filter(|_| sessions)),
        (Metric::Calories, some(sums.kcal).filter(|_| sessions)),
        (Metric::ActiveZoneMinutes, some(sums.zone_minutes).filter(|_| nights)),
        (Metric::HeartRate, (sums.beats.0 > 0.0 && sessions).then(|| sums.beats.1 / sums.beats.0)),
        (Metric::RestingHeartRate, view.resting(day).map(|(bpm, _)| f64::from(bpm)).filter(|_| sessions)),
        (Metric::HeartRateVariability, variability.map(|night| night.rmssd).filter(|_| nights)),
        (
            Metric::HeartRateVariabilityDeep,
            variability.map(|night| night.deep_rmssd).filter(|_| recipe.tables),
        ),
        (Metric::OxygenSaturation, oxygen.map(|night| night.average).filter(|_| nights)),
        (Metric::OxygenSaturationLowerBound, oxygen.map(|night| night.lower).filter(|_| nights)),
        (Metric::BreathingRate, breathing.map(|night| night.full).filter(|_| nights)),
        (Metric::SkinTemperature, temperature.map(|night| night.nightly).filter(|_| nights)),
        (
            Metric::SkinTemperatureRelative,
            temperature.and_then(|night| Some(night.nightly - night.baseline?)).filter(|_| nights),
        ),
        (Metric::Vo2Max, view.fitness(day).map(|fitness| fitness.vo2_max).filter(|_| sessions)),
        (Metric::Sleep, (!sleeps.is_empty() && sessions).then_some(asleep)),
        (Metric::Exercise, (!exercises.is_empty() && sessions).then_some(minutes)),
        (Metric::Weight, (!weights.is_empty() && sessions).then_some(weight)),
    ])
}

fn slack(metric: Metric) -> f64 {
    match metric {
        // Written with three or four decimals a minute.
        Metric::Distance | Metric::Calories => 0.6,
        _ => 1e-3,
    }
}

async fn compare(store: &Store, user: &User, view: &View, days: (Day, Day), recipe: &Recipe) {
    let all: Vec<Day> = (days.0.0..=days.1.0).map(Day).collect();
    let expected: Vec<_> = all.iter().map(|day| expected(view, *day, recipe)).collect();
    for metric in expected[0].keys().copied() {
        let found = daily(store, user, metric, range(days)).await;
        for ((day, wanted), found) in all.iter().zip(&expected).zip(found) {
            let wanted = wanted[&metric];
            let place = format!("{} {metric} {day} {recipe:?}", view.person().profile.id);
            // An archive may give a zero where there is nothing, as the live API does.
            let (found, wanted) = (found.filter(|value| *value != 0.0 || wanted.is_some()), wanted);
            assert_eq!(found.is_some(), wanted.is_some(), "{place}: {found:?}, not {wanted:?}");
            let (found, wanted) = (found.unwrap_or(0.0), wanted.unwrap_or(0.0));
            assert!((found - wanted).abs() <= slack(metric), "{place}: {found}, not {wanted}");
        }
    }
}

async fn check(
    store: &Store,
    name: &str,
    (from, to): (i32, i32),
    recipe: Recipe,
    packing: Packing,
    parts: usize,
) {
    let view = view(name);
    let days = ago(&view, from, to);
    let parts = parts_of(&files(&view, days, &recipe), packing, parts);
    let user = user(store, &view).await;
    let takeout = survey(store, &user, &parts).await.unwrap();
    assert_eq!(takeout.plan().problems, [], "{recipe:?}");
    let outcome = import(store, &user, &parts).await;
    assert!(matches!(outcome, Outcome::Written(_)));
    compare(store, &user, &view, days, &recipe).await;
}

fn tables_only() -> Recipe {
    Recipe { recorders: false, legacy: false, friendly: false, noise: false, ..Recipe::default() }
}

on_each_engine! {
    /// All kinds of files at once, watch and phone in the same minutes, in three parts.
    async fn an_archive_of_today_holds_what_the_person_did(db) {
        check(db.store(), "nora", (4, 1), Recipe::default(), Packing::Zip, 3).await;
    }

    async fn an_archive_of_2024_holds_what_the_person_did(db) {
        let recipe = Recipe { root: Root::Fitbit, ..tables_only() };
        check(db.store(), "ilse", (4, 1), recipe, Packing::TarGz, 2).await;
    }
}

/// The end of summer time lies in these days: in the tables no minute is lost or doubled.
#[test]
fn the_day_with_25_hours_is_whole_in_the_tables() {
    on_sqlite(|db| async move {
        check(db.store(), "nora", (28, 26), tables_only(), Packing::Zip, 1).await;
    });
}

#[test]
fn an_archive_of_fitbit_com_holds_what_the_person_did() {
    on_sqlite(|db| async move {
        let recipe = Recipe { root: Root::SiteExport, tables: false, noise: false, ..Recipe::default() };
        check(db.store(), "arjun", (4, 1), recipe, Packing::Zip, 1).await;
    });
}

#[test]
fn energy_by_utc_is_told_from_energy_by_the_wall_clock() {
    for in_utc in [false, true] {
        on_sqlite(move |db| async move {
            let view = view("arjun");
            let days = ago(&view, 6, 1);
            let recipe = Recipe { calories_in_utc: in_utc, ..Recipe::default() };
            let parts = parts_of(&files(&view, days, &recipe), Packing::Zip, 1);
            let user = user(db.store(), &view).await;
            let takeout = survey(db.store(), &user, &parts).await.unwrap();
            let clocks = &takeout.plan().clocks;
            let clock = |files: &str| {
                let found = clocks.iter().find(|clock| clock.files == files).unwrap();
                (found.clock.as_str(), found.how.as_str())
            };
            assert_eq!(clock("calories.json"), (if in_utc { "utc" } else { "local" }, "measured"));
            assert_eq!(clock("steps.json"), ("utc", "measured"));
            assert_eq!(clock("distance.json"), ("utc", "measured"));
            assert_eq!(clock("heart_rate.json"), ("utc", "measured"));
        });
    }
}

/// Without tables there is no twin: steps tell the clock of energy.
#[test]
fn without_a_twin_the_steps_tell_the_clock_of_energy() {
    for in_utc in [false, true] {
        on_sqlite(move |db| async move {
            let view = view("arjun");
            let recipe = Recipe { calories_in_utc: in_utc, tables: false, ..Recipe::default() };
            let parts = parts_of(&files(&view, ago(&view, 6, 1), &recipe), Packing::Zip, 1);
            let user = user(db.store(), &view).await;
            let takeout = survey(db.store(), &user, &parts).await.unwrap();
            let energy = takeout.plan().clocks.iter().find(|clock| clock.files == "calories.json").unwrap();
            let wanted = if in_utc { "utc" } else { "local" };
            assert_eq!((energy.clock.as_str(), energy.how.as_str()), (wanted, "by the steps"));
        });
    }
}

#[test]
fn a_plan_tells_sources_padding_and_what_is_not_read_and_no_secret() {
    on_sqlite(|db| async move {
        let view = view("nora");
        let days = ago(&view, 4, 1);
        let parts = parts_of(&files(&view, days, &Recipe::default()), Packing::Zip, 1);
        let user = user(db.store(), &view).await;
        let takeout = survey(db.store(), &user, &parts).await.unwrap();
        let plan = takeout.plan();
        assert_eq!((plan.time_zone.as_str(), plan.time_zone_from.as_str()), ("Europe/Stockholm", "archive"));
        assert!(plan.families["sedentary_minutes.json"].dropped["after the export"] > 50);
        assert!(plan.families["steps.json"].dropped["after the export"] > 50);
        assert!(plan.families["oxygen_saturation.csv"].dropped["no value"] > 50);
        assert_eq!(plan.files["bulk"], 1);
        assert!(plan.files["private"] >= 4);
        assert_eq!(plan.unknown.len(), 1, "{:?}", plan.unknown);
        let steps = plan.metrics.iter().find(|metric| metric.metric == "steps").unwrap();
        assert_eq!((steps.days, steps.gaps, steps.synced), (4, 0, 0));
        assert!(steps.sources.iter().any(|source| source.files == "steps.json" && source.days == 0));
        let last: Date = days.1.to_string().parse().unwrap();
        assert!(plan.metrics.iter().all(|metric| metric.last <= last), "{:?}", plan.metrics);
        let text = serde_json::to_string(plan).unwrap();
        assert!(!text.contains("Secret"), "{text}");
    });
}

fn recipes() -> impl Strategy<Value = (Recipe, bool, usize, usize)> {
    let root = prop::sample::select(vec![Root::Fitbit, Root::GoogleHealth]);
    let kinds = prop::sample::select(vec![(true, true), (true, false), (false, true)]);
    (root, kinds, any::<[bool; 7]>(), 1usize..4, 0usize..3).prop_map(
        |(root, (tables, legacy), flags, parts, who)| {
            let [friendly, recorders, family_folders, dashes, calories_in_utc, byte_order_mark, tarred] =
                flags;
            let recipe = Recipe {
                root,
                tables,
                legacy,
                friendly,
                recorders,
                family_folders,
                dashes,
                calories_in_utc,
                byte_order_mark,
                noise: true,
            };
            (recipe, tarred, parts, who)
        },
    )
}

/// Any layout, any of some people.
#[test]
fn whatever_the_layout_an_archive_holds_what_the_person_did() {
    on_sqlite(|db| async move {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for _ in 0..10 {
            let (recipe, tarred, parts, who) = recipes().new_tree(&mut runner).unwrap().current();
            let packing = if tarred { Packing::TarGz } else { Packing::Zip };
            let one = db.beside().await;
            let name = ["nora", "ilse", "arjun"][who];
            check(one.store(), name, (3, 1), recipe, packing, parts).await;
        }
    });
}

/// Sessions have their stages, their clock and their day.
#[test]
fn nights_have_their_stages() {
    on_sqlite(|db| async move {
        let view = view("nora");
        let days = ago(&view, 3, 1);
        let parts = parts_of(&files(&view, days, &Recipe::default()), Packing::Zip, 1);
        let user = user(db.store(), &view).await;
        import(db.store(), &user, &parts).await;
        let reader = crate::setup::reader(db.store(), &user).await;
        let stored = reader.sleep(range(days)).await.unwrap();
        let told: Vec<_> = (days.0.0..=days.1.0).flat_map(|day| view.sleeps(Day(day))).collect();
        assert_eq!(stored.len(), told.len());
        for sleep in &told {
            let own = stored.iter().find(|own| own.start.0 == sleep.start * 1000).unwrap();
            assert_eq!(own.end.0, sleep.end * 1000);
            assert_eq!(own.start_offset, sleep.start_offset);
            assert_eq!(own.is_main, sleep.main);
            assert_eq!(own.stages.len(), sleep.runs().len());
        }
    });
}
