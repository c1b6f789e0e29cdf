//! The older JSON files. Steps, distance and heart rate go by UTC, energy by the wall clock or by UTC, sleep and weight by
//! the wall clock; numbers of minutes are texts; days that are not lived yet are padded.

use serde_json::json;

use super::{Maker, american, clock, month_of, sessions::exercise_name, time};
use crate::people::{DAY_SECONDS, Day, EPOCH, Exercise, ExerciseKind, Form, HeartZone, Sleep, Stage};

const POUND_IN_GRAMS: f64 = 453.592_37;

fn level(sleep: &Sleep, stage: Stage) -> &'static str {
    match stage {
        Stage::Awake if sleep.form != Form::Stages => "awake",
        Stage::Awake => "wake",
        Stage::Light => "light",
        Stage::Deep => "deep",
        Stage::Rem => "rem",
        Stage::Asleep => "asleep",
        Stage::Restless => "restless",
    }
}

impl Maker<'_> {
    fn value(&mut self, file: &str, cut: Day, second: i64, value: &str) {
        let path = self.global(&format!("{file}-{cut}.json"));
        self.json(path, format!(r#"{{"dateTime" : "{}","value" : "{value}"}}"#, american(second)));
    }

    pub(super) fn legacy(&mut self) {
        let mut exercises = 0;
        for day in self.days() {
            self.legacy_minutes(day);
            self.legacy_day(day);
            for sleep in self.view.sleeps(day) {
                let log = self.sleep_log(&sleep, day);
                self.json(self.global(&format!("sleep-{}.json", month_of(day))), log);
            }
            for exercise in self.view.exercises(day) {
                let log = exercise_log(&exercise);
                self.json(self.global(&format!("exercise-{}.json", exercises / 100 * 100)), log);
                exercises += 1;
            }
            for weight in self.view.weights(day) {
                let local = weight.time + i64::from(weight.offset);
                let text = american(local);
                let mut log = json!({
                    "logId": local * 1000, "weight": weight.grams / POUND_IN_GRAMS, "bmi": 22.0,
                    "date": &text[..8], "time": time(local), "source": "Aria",
                });
                if let Some(fat) = weight.fat_percent {
                    log["fat"] = fat.into();
                }
                self.json(self.global(&format!("weight-{}.json", month_of(day))), log.to_string());
            }
        }
        if self.recipe.noise {
            self.padding();
        }
    }

    fn legacy_minutes(&mut self, day: Day) {
        let Some(known) = self.view.day(day) else { return };
        for minute in self.view.minutes_of(&known) {
            let (at, local) = (minute.start, minute.start + i64::from(minute.offset));
            let month = month_of(day);
            self.value("steps", month, at, &minute.merged_steps().to_string());
            if minute.merged_distance_mm() > 0 {
                let centimetres = format!("{:.1}", f64::from(minute.merged_distance_mm()) / 10.0);
                self.value("distance", month, at, &centimetres);
            }
            let clock = if self.recipe.calories_in_utc { at } else { local };
            self.value("calories", month, clock, &format!("{:.4}", minute.kcal));
            for sample in known.samples(&minute) {
                let row = format!(
                    r#"{{"dateTime" : "{}","value" : {{"bpm" : {},"confidence" : 2}}}}"#,
                    american(sample.time),
                    sample.bpm
                );
                self.json(self.global(&format!("heart_rate-{day}.json")), row);
            }
        }
    }

    fn legacy_day(&mut self, day: Day) {
        let label = american(day.midnight());
        let (year, _, _) = day.ymd();
        let first = Day::from_ymd(year, 1, 1).unwrap_or(day);
        if let Some((bpm, _)) = self.view.resting(day) {
            let value = json!({ "date": &label[..8], "value": f64::from(bpm), "error": 6.8 });
            let row = json!({ "dateTime": label, "value": value }).to_string();
            self.json(self.global(&format!("resting_heart_rate-{first}.json")), row);
        }
        if let Some(fitness) = self.view.fitness(day) {
            let value = json!({ "demographicVO2Max": 1.0, "filteredDemographicVO2Max": fitness.vo2_max });
            let row = json!({ "dateTime": label, "value": value }).to_string();
            self.json(self.global(&format!("demographic_vo2_max-{first}.json")), row);
        }
        let Some(totals) = self.view.totals(day) else { return };
        let names = [
            "sedentary_minutes",
            "lightly_active_minutes",
            "moderately_active_minutes",
            "very_active_minutes",
        ];
        for (name, minutes) in names.iter().zip(totals.intensity) {
            self.value(name, month_of(day), day.midnight(), &minutes.to_string());
        }
        let zones = json!({
            "BELOW_DEFAULT_ZONE_1": totals.in_heart_zone(HeartZone::Light),
            "IN_DEFAULT_ZONE_1": totals.in_heart_zone(HeartZone::Moderate),
            "IN_DEFAULT_ZONE_2": totals.in_heart_zone(HeartZone::Vigorous),
            "IN_DEFAULT_ZONE_3": totals.in_heart_zone(HeartZone::Peak),
        });
        let row = json!({ "dateTime": label, "value": { "valuesInZones": zones } }).to_string();
        self.json(self.global(&format!("time_in_heart_rate_zones-{day}.json")), row);
    }

    /// Days after the export, as real archives have them.
    fn padding(&mut self) {
        for day in (1..60).map(|n| self.view.today().plus(n)) {
            let cut = month_of(day);
            self.value("sedentary_minutes", cut, day.midnight(), "1440");
            for name in ["lightly_active_minutes", "moderately_active_minutes", "very_active_minutes"] {
                self.value(name, cut, day.midnight(), "0");
            }
            let value = json!({ "date": null, "value": 0.0, "error": 0.0 });
            let row = json!({ "dateTime": american(day.midnight()), "value": value }).to_string();
            let (year, _, _) = day.ymd();
            let first = Day::from_ymd(year, 1, 1).unwrap_or(day);
            self.json(self.global(&format!("resting_heart_rate-{first}.json")), row);
            self.value("steps", cut, day.midnight() + DAY_SECONDS / 2, "0");
        }
    }

    fn sleep_log(&self, sleep: &Sleep, day: Day) -> String {
        let local = |at: i64| at + i64::from(self.view.person().timeline.offset_at(at));
        let text = |at: i64| format!("{}.000", clock(local(at)));
        let part = |first: usize, epochs: usize, stage: Stage| {
            json!({ "dateTime": text(sleep.start + first as i64 * EPOCH), "level": level(sleep, stage),
                    "seconds": epochs as i64 * EPOCH })
        };
        let data: Vec<_> = sleep.runs().iter().map(|run| part(run.first, run.epochs, run.stage)).collect();
        let shorts: Vec<_> =
            sleep.shorts.iter().map(|(first, epochs)| part(*first, *epochs, Stage::Awake)).collect();
        let mut levels = json!({ "data": data, "shortData": shorts });
        if sleep.form == Form::Stages {
            let minutes = |stage: Stage| json!({ "minutes": sleep.minutes_in(stage), "count": 1 });
            levels["summary"] = json!({
                "deep": minutes(Stage::Deep), "light": minutes(Stage::Light), "rem": minutes(Stage::Rem),
                "wake": minutes(Stage::Awake),
            });
        }
        json!({
            "logId": 10_000_000_000 + sleep.id % 89_999_999_999, "dateOfSleep": day.to_string(),
            "startTime": text(sleep.start), "endTime": text(sleep.end),
            "duration": (sleep.end - sleep.start) * 1000, "minutesToFallAsleep": 0,
            "minutesAsleep": sleep.minutes_asleep(), "minutesAwake": sleep.minutes_awake(),
            "timeInBed": sleep.minutes_in_bed(), "type": if sleep.form == Form::Stages { "stages" } else { "classic" },
            "logType": "auto_detected", "mainSleep": sleep.main, "levels": levels,
        })
        .to_string()
    }
}

fn exercise_log(exercise: &Exercise) -> String {
    let totals = &exercise.totals;
    let mut log = json!({
        "logId": 10_000_000_000 + exercise.id % 89_999_999_999, "activityName": exercise_name(exercise.kind),
        "calories": totals.kcal.round(), "duration": (exercise.end - exercise.start) * 1000,
        "activeDuration": exercise.active_seconds * 1000, "steps": totals.steps_watch,
        "startTime": american(exercise.start), "logType": "auto_detected", "hasGps": exercise.has_route,
        "activeZoneMinutes": { "totalMinutes": totals.active_zone_minutes() },
        "elevationGain": f64::from(exercise.gain_mm()) / 1000.0,
    });
    if exercise.kind != ExerciseKind::Workout {
        log["distance"] = (totals.distance_watch_mm as f64 / 1e6).into();
        log["distanceUnit"] = "Kilometer".into();
    }
    if let Some(mean) = exercise.beats.mean() {
        log["averageHeartRate"] = mean.round().into();
    }
    log.to_string()
}
