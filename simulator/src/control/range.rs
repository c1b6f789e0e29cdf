//! Everything that a provider would tell of a person's days at an instant, in plain units: what a complete product holds.
//!
//! Metrics have the plain names of their quantities; metres, kilocalories, kilograms, minutes, degrees Celsius, percent.
//! What the provider would leave out is left out here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::faults::Provider;
use crate::people::{
    Day, Exercise, ExerciseKind, FLOOR_MM, HeartZone, Minute, PersonDay, Sleep, Totals, View, Zone,
};

/// What is asked for.
pub(crate) struct Asked {
    pub(crate) provider: Provider,
    pub(crate) from: Day,
    pub(crate) to: Day,
    /// Metrics of minutes and samples; all, if there is none.
    pub(crate) metrics: BTreeSet<String>,
    /// Heart rate by sample instead of by minute.
    pub(crate) native: bool,
}

impl Asked {
    fn wants(&self, metric: &str) -> bool {
        self.metrics.is_empty() || self.metrics.contains(metric)
    }

    fn legacy(&self) -> bool {
        self.provider == Provider::Fitbit
    }
}

/// Values by metric and day.
type Daily = BTreeMap<&'static str, BTreeMap<String, Value>>;
/// Rows by metric: epoch seconds and values.
type Detail = BTreeMap<&'static str, Vec<Value>>;

fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

/// The answer for some days, both ends included.
pub(crate) fn tell(view: &View, asked: &Asked) -> Value {
    let (mut daily, mut detail) = (Daily::new(), Detail::new());
    let (mut sleeps, mut exercises) = (Vec::new(), Vec::new());
    let first = asked.from.max(view.first_day());
    for day in (first.0..=asked.to.min(view.today()).0).map(Day) {
        daily_values(view, asked, day, &mut daily);
        detail_of(view, asked, day, &mut detail);
        sleeps.extend(view.sleeps(day).iter().map(|sleep| sleep_value(sleep, day)));
        exercises.extend(view.exercises(day).iter().map(|exercise| exercise_value(exercise, day)));
    }
    let instant = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
    json!({
        "person": view.person().profile.id,
        "provider": asked.provider,
        "time_zone": view.person().profile.zone,
        "from": asked.from,
        "to": asked.to,
        "at": instant(view.now()),
        "synced": instant(view.until()),
        "first_day": view.first_day(),
        "daily": daily,
        "detail": detail,
        "sleep": sleeps,
        "exercise": exercises,
    })
}

fn daily_values(view: &View, asked: &Asked, day: Day, daily: &mut Daily) {
    let mut add = |metric: &'static str, value: Value| {
        if asked.wants(metric) {
            daily.entry(metric).or_default().insert(day.to_string(), value);
        }
    };
    if let Some(totals) = view.totals(day) {
        for (metric, value) in
            if asked.legacy() { legacy_sums(view, day, &totals) } else { google_sums(&totals) }
        {
            add(metric, json!(value));
        }
    }
    if !asked.legacy() {
        let beats = view.beats(day);
        if let Some(mean) = beats.mean() {
            add("heart_rate", json!([beats.min, mean, beats.max]));
        }
    }
    if let Some((bpm, _)) = view.resting(day) {
        add("resting_heart_rate", json!(bpm));
    }
    if let Some(fitness) = view.fitness(day) {
        let told = if asked.legacy() { fitness.vo2_max.round() } else { fitness.vo2_max };
        add("vo2_max", json!(told));
    }
    if let Some(temperature) = view.temperature(day) {
        if !asked.legacy() {
            add("skin_temperature", json!(temperature.nightly));
        } else if let Some(baseline) = temperature.baseline {
            add("skin_temperature_relative", json!(rounded(temperature.nightly - baseline, 1) + 0.0));
        }
    }
    let night = view.nightly(day, |known| (known.variability, known.oxygen_night(), known.breathing()));
    let Some((variability, oxygen, breathing)) = night else { return };
    if let Some(variability) = variability {
        add("heart_rate_variability", json!(variability.rmssd));
        add("heart_rate_variability_deep", json!(variability.deep_rmssd));
    }
    if let Some(oxygen) = oxygen {
        add("oxygen_saturation", json!(oxygen.average));
        let ends = match asked.provider {
            Provider::Google => [
                ("oxygen_saturation_lower_bound", oxygen.lower),
                ("oxygen_saturation_upper_bound", oxygen.upper),
            ],
            Provider::Fitbit => {
                [("oxygen_saturation_min", oxygen.min), ("oxygen_saturation_max", oxygen.max)]
            }
        };
        for (metric, value) in ends {
            add(metric, json!(value));
        }
    }
    if let Some(breathing) = breathing {
        add("breathing_rate", json!(breathing.full));
    }
}

const LEVELS: [&str; 4] =
    ["sedentary_minutes", "lightly_active_minutes", "fairly_active_minutes", "very_active_minutes"];
const HEART_ZONES: [&str; 4] = [
    "light_heart_zone_minutes",
    "moderate_heart_zone_minutes",
    "vigorous_heart_zone_minutes",
    "peak_heart_zone_minutes",
];

fn zone_minutes(totals: &Totals) -> Vec<(&'static str, f64)> {
    if totals.active_zone_minutes() == 0 {
        return Vec::new();
    }
    vec![
        ("active_zone_minutes", totals.active_zone_minutes().into()),
        ("fat_burn_zone_minutes", totals.of_zone(Zone::FatBurn).into()),
        ("cardio_zone_minutes", totals.of_zone(Zone::Cardio).into()),
        ("peak_zone_minutes", totals.of_zone(Zone::Peak).into()),
    ]
}

/// Roll-ups have no window without data, and no member of zero in the lists by level and zone.
fn google_sums(totals: &Totals) -> Vec<(&'static str, f64)> {
    let sums = [
        ("steps", totals.steps as f64),
        ("distance", totals.distance_mm as f64 / 1000.0),
        ("floors", totals.floors.into()),
        ("elevation", f64::from(totals.floors * FLOOR_MM) / 1000.0),
        ("calories", totals.kcal),
        ("active_calories", totals.active_kcal),
    ];
    let levels = LEVELS.into_iter().zip(totals.levels.map(f64::from));
    let zones = HeartZone::ALL.map(|zone| f64::from(totals.in_heart_zone(zone)));
    let zones = HEART_ZONES.into_iter().zip(zones);
    let mut all: Vec<_> =
        sums.into_iter().chain(levels).chain(zones).filter(|(_, value)| *value > 0.0).collect();
    all.extend(zone_minutes(totals));
    all
}

/// Series leave no day out: minutes that have passed without the device count as rest.
fn legacy_sums(view: &View, day: Day, totals: &Totals) -> Vec<(&'static str, f64)> {
    let basal = view.person().basal_kcal();
    let unknown = match view.is_whole(day) {
        true => 0,
        false => view.day(day).map_or(0, |known| {
            known.minutes.partition_point(|minute| minute.start + 60 <= view.now()) - totals.minutes as usize
        }),
    };
    let rest = unknown as f64;
    let mut all = vec![
        ("steps", totals.steps as f64),
        ("distance", totals.distance_mm as f64 / 1000.0),
        ("floors", totals.floors.into()),
        ("elevation", f64::from(totals.floors * FLOOR_MM) / 1000.0),
        ("calories", (totals.kcal + rest * basal).round()),
        ("active_calories", totals.activity_kcal.round()),
        ("basal_calories", (basal * (f64::from(totals.minutes) + rest)).round()),
    ];
    for (level, metric) in LEVELS.into_iter().enumerate() {
        let passed = if level == 0 { rest } else { 0.0 };
        all.push((metric, f64::from(totals.intensity[level]) + passed));
    }
    for zone in &HeartZone::ALL[1..] {
        all.push((HEART_ZONES[*zone as usize], totals.in_heart_zone(*zone).into()));
    }
    all.extend(zone_minutes(totals));
    all
}

fn detail_of(view: &View, asked: &Asked, day: Day, detail: &mut Detail) {
    let Some(known) = view.day(day) else { return };
    let mut add = |metric: &'static str, row: Value| {
        if asked.wants(metric) {
            detail.entry(metric).or_default().push(row);
        }
    };
    for (number, minute) in view.minutes_of(&known).enumerate() {
        for (metric, value) in minute_values(asked, &known, &minute) {
            add(metric, json!([minute.start, value]));
        }
        if !asked.wants("heart_rate") {
            continue;
        }
        if asked.native {
            for sample in known.samples(&minute) {
                add("heart_rate", json!([sample.time, sample.bpm]));
            }
        } else if let Some(mean) = known.beats()[number].mean() {
            let beats = known.beats()[number];
            let row = match asked.legacy() {
                true => json!([minute.start, mean.round()]),
                false => json!([minute.start, beats.min, mean, beats.max]),
            };
            add("heart_rate", row);
        }
    }
    for sample in view.nightly(day, PersonDay::variability_samples).unwrap_or_default() {
        add("heart_rate_variability", json!([sample.time, sample.rmssd]));
    }
    for sample in view.nightly(day, PersonDay::oxygen_samples).unwrap_or_default() {
        add("oxygen_saturation", json!([sample.time, sample.percent]));
    }
    for weight in view.weights(day) {
        add("weight", json!([weight.time, weight.grams / 1000.0]));
        if let Some(fat) = weight.fat_percent {
            add("body_fat", json!([weight.time, fat]));
        }
    }
    if let Some(reading) = view.core_temperature(day) {
        add("core_temperature", json!([reading.time, reading.celsius]));
    }
}

/// Quantities of a minute that are not zero. Some are told within the day by Google alone.
fn minute_values(asked: &Asked, day: &PersonDay, minute: &Minute) -> Vec<(&'static str, f64)> {
    let google = !asked.legacy();
    let mut values = vec![
        ("steps", f64::from(minute.merged_steps())),
        ("distance", f64::from(minute.merged_distance_mm()) / 1000.0),
        ("calories", minute.kcal.into()),
        ("active_zone_minutes", minute.zone.map_or(0.0, |zone| zone.minutes().into())),
    ];
    if google {
        values.push(("floors", minute.floors.into()));
        values.push(("elevation", f64::from(u32::from(minute.floors) * FLOOR_MM) / 1000.0));
        values.push(("active_calories", day.active_kcal(minute).unwrap_or(0.0)));
    }
    values.retain(|(metric, value)| *value > 0.0 && asked.wants(metric));
    values
}

fn sleep_value(sleep: &Sleep, day: Day) -> Value {
    json!({
        "day": day,
        "google_id": sleep.id.to_string(),
        "fitbit_id": crate::fitbit::sleep_log_id(sleep),
        "start": sleep.start,
        "end": sleep.end,
        "start_offset": sleep.start_offset,
        "end_offset": sleep.end_offset,
        "main": sleep.main,
        "minutes_asleep": sleep.minutes_asleep(),
        "minutes_in_bed": sleep.minutes_in_bed(),
        "stretches": sleep.runs().len(),
        "short_awakenings": sleep.shorts.len(),
    })
}

fn exercise_value(exercise: &Exercise, day: Day) -> Value {
    let totals = &exercise.totals;
    json!({
        "day": day,
        "google_id": exercise.id.to_string(),
        "fitbit_id": crate::fitbit::exercise_log_id(exercise),
        "start": exercise.start,
        "end": exercise.end,
        "offset": exercise.offset,
        "kind": match exercise.kind {
            ExerciseKind::Walk => "walk",
            ExerciseKind::Run => "run",
            ExerciseKind::Workout => "workout",
        },
        "has_route": exercise.has_route,
        "active_seconds": exercise.active_seconds,
        "steps": totals.steps_watch,
        "distance_m": totals.distance_watch_mm as f64 / 1000.0,
        "calories_kcal": totals.kcal,
        "elevation_m": f64::from(exercise.gain_mm()) / 1000.0,
        "active_zone_minutes": totals.active_zone_minutes(),
        "mean_heart_rate": exercise.beats.mean().map(f64::round),
    })
}
