//! The tables of sleep and exercises: times in UTC with the real offsets beside them.

use super::{Maker, month_of, offset, utc};
use crate::people::{Day, EPOCH, Exercise, ExerciseKind, Form, Sleep, Stage};

const SLEEPS: &str = "sleep_id,sleep_type,minutes_in_sleep_period,minutes_after_wake_up,minutes_to_fall_asleep,\
    minutes_asleep,minutes_awake,minutes_longest_awakening,minutes_to_persistent_sleep,start_utc_offset,sleep_start,\
    end_utc_offset,sleep_end,data_source,algorithm_version,sleep_created,sleep_last_updated";
const STAGES: &str = "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,end_utc_offset,\
    sleep_stage_end,data_source,sleep_stage_created,sleep_stage_last_updated";
const EXERCISES: &str = "exercise_id,exercise_start,exercise_end,utc_offset,exercise_created,exercise_last_updated,\
    activity_name,log_type,intervals,tracker_total_calories,tracker_total_steps,tracker_total_distance_mm,\
    tracker_total_altitude_mm,tracker_avg_heart_rate,events,deletion_reason";

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Awake => "AWAKE",
        Stage::Light => "LIGHT",
        Stage::Deep => "DEEP",
        Stage::Rem => "REM",
        Stage::Asleep => "ASLEEP",
        Stage::Restless => "RESTLESS",
    }
}

pub(super) fn exercise_name(kind: ExerciseKind) -> &'static str {
    match kind {
        ExerciseKind::Walk => "Walk",
        ExerciseKind::Run => "Run",
        ExerciseKind::Workout => "Workout",
    }
}

/// Beyond what a double holds exactly.
fn long_id(id: u64) -> u64 {
    9_100_000_000_000_000_000 + id % 100_000_000_000_000_000
}

impl Maker<'_> {
    fn health_table(&self, name: &str, day: Day) -> String {
        format!("{}/Health Fitness Data_GoogleData/{name}_{}.csv", self.root(), month_of(day))
    }

    pub(super) fn sessions(&mut self) {
        for day in self.days() {
            for sleep in self.view.sleeps(day) {
                self.sleep_rows(&sleep, day);
            }
            for exercise in self.view.exercises(day) {
                self.exercise_row(&exercise, day);
            }
        }
    }

    fn sleep_rows(&mut self, sleep: &Sleep, day: Day) {
        let id = long_id(sleep.id);
        let kind = if sleep.form == Form::Stages { "STAGES" } else { "CLASSIC" };
        let changed = utc(sleep.end + 1380);
        let row = format!(
            "{id},{kind},{},0,0,{},{},0,0,{},{},{},{},PASSIVELY_MEASURED,1,{changed},{changed}",
            sleep.minutes_in_bed(),
            sleep.minutes_asleep(),
            sleep.minutes_awake(),
            offset(sleep.start_offset),
            utc(sleep.start),
            offset(sleep.end_offset),
            utc(sleep.end),
        );
        self.csv(self.health_table("UserSleeps", day), SLEEPS, &row);
        for (number, run) in sleep.runs().iter().enumerate() {
            let start = sleep.start + run.first as i64 * EPOCH;
            let end = start + run.epochs as i64 * EPOCH;
            let offset_at = |at: i64| offset(self.view.person().timeline.offset_at(at));
            let row = format!(
                "{id},{},{},{},{},{},{},PASSIVELY_MEASURED,{changed},{changed}",
                long_id(sleep.id + number as u64 + 1),
                stage_word(run.stage),
                offset_at(start),
                utc(start),
                offset_at(end),
                utc(end),
            );
            self.csv(self.health_table("UserSleepStages", day), STAGES, &row);
        }
    }

    fn exercise_row(&mut self, exercise: &Exercise, day: Day) {
        let totals = &exercise.totals;
        let changed = utc(exercise.end + 97);
        let distance = if exercise.kind == ExerciseKind::Workout { 0 } else { totals.distance_watch_mm };
        let block = "\"interval {\n  kind: WORK, number: 1\n  note: \"\"a, b\"\"\n}\"";
        let row = format!(
            "{},{},{},{},{changed},{changed},{},AUTO,{block},{:.0},{},{distance},{},{:.0},\"\",",
            long_id(exercise.id),
            utc(exercise.start),
            utc(exercise.end),
            offset(exercise.offset),
            exercise_name(exercise.kind),
            totals.kcal,
            totals.steps_watch,
            exercise.gain_mm(),
            exercise.beats.mean().unwrap_or(0.0),
        );
        self.csv(self.health_table("UserExercises", day), EXERCISES, &row);
    }
}
