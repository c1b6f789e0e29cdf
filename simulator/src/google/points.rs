//! Records in the shape of data points.

use super::catalogue::DataType;
use super::json::Json;
use super::records::{Content, Origin, Record};
use super::wire::{
    ExerciseEvent, ExerciseMetadata, ExerciseWire, Instant, Int64, MetricsSummary, Seconds, SessionInterval,
    SleepMetadata, SleepStageWire, SleepSummary, SleepWire, StageSummary, ZoneDurations,
};
use crate::people::{
    Breathing, Day, EPOCH, Exercise, ExerciseKind, Form, HeartZone, Person, SLEEP_PROCESSING, Sleep, Stage,
    Zone,
};
use crate::switches::{Switches, TrueZero};

/// Writes records of one type of one person as points.
pub(crate) struct PointWriter<'a> {
    pub(crate) person: &'a Person,
    pub(crate) data_type: DataType,
    pub(crate) switches: &'a Switches,
    /// Points of reconcile: `dataPointName`, no source.
    pub(crate) merged: bool,
    /// The instant of the question, epoch seconds.
    pub(crate) now: i64,
}

impl PointWriter<'_> {
    /// Writes the point of a record, after a comma if it is not the first.
    pub(crate) fn write(&self, json: &mut Json, record: &Record) {
        if !json.text.is_empty() {
            json.raw(",");
        }
        json.raw("{");
        if let Some(id) = self.id(record) {
            json.raw(if self.merged { "\"dataPointName\":\"users/" } else { "\"name\":\"users/" });
            json.raw(self.person.profile.google_id).raw("/dataTypes/").raw(self.data_type.kebab());
            json.raw("/dataPoints/").int(id as i64).raw("\",");
        }
        if !self.merged {
            self.source(json, record);
        }
        self.content(json, record);
        json.raw("}");
    }

    /// Only sleep, exercises, weight and body fat are identifiable.
    pub(crate) fn id(&self, record: &Record) -> Option<u64> {
        match &record.content {
            Content::Sleep(sleep) => Some(sleep.id),
            Content::Exercise(exercise) => Some(exercise.id),
            Content::Weight(weight) => Some(weight_id(self.person, weight.time)),
            Content::Fat { .. } => Some(weight_id(self.person, record.start) ^ 1),
            _ => None,
        }
    }

    fn source(&self, json: &mut Json, record: &Record) {
        let profile = &self.person.profile;
        let form = if profile.watch.starts_with("Pixel") { "WATCH" } else { "FITNESS_BAND" };
        let watch = Some((profile.watch, form));
        let (method, device) = match record.origin {
            Origin::Watch if self.data_type == DataType::Exercise => ("ACTIVELY_MEASURED", watch),
            Origin::Watch => ("PASSIVELY_MEASURED", watch),
            Origin::WatchDerived => ("DERIVED", watch),
            Origin::Phone => ("PASSIVELY_MEASURED", Some((profile.phone.unwrap_or("Phone"), "PHONE"))),
            Origin::Scale => ("ACTIVELY_MEASURED", Some(("Aria Air", "SCALE"))),
            Origin::Manual => ("MANUAL", None),
        };
        json.raw("\"dataSource\":{\"recordingMethod\":\"").raw(method).raw("\",");
        if let Some((name, form)) = device {
            json.raw("\"device\":{\"displayName\":\"").raw(name);
            json.raw("\",\"formFactor\":\"").raw(form).raw("\"},");
        }
        json.raw("\"platform\":\"FITBIT\"},");
    }

    fn stretch(&self, json: &mut Json, record: &Record, end: i64) {
        json.interval((record.start, record.offset), (end, self.person.timeline.offset_at(end)));
    }

    fn minute(&self, json: &mut Json, record: &Record) {
        self.stretch(json, record, record.start + 60);
    }

    /// The union member.
    fn content(&self, json: &mut Json, record: &Record) {
        let day = Day::of_local(record.start);
        match &record.content {
            Content::Count(count) => {
                let (member, name) = match self.data_type {
                    DataType::Distance => ("\"distance\":{", ",\"millimeters\":"),
                    DataType::Floors => ("\"floors\":{", ",\"count\":"),
                    DataType::Altitude => ("\"altitude\":{", ",\"gainMillimeters\":"),
                    _ => ("\"steps\":{", ",\"count\":"),
                };
                json.raw(member);
                self.minute(json, record);
                if *count > 0 || self.switches.google_true_zero == TrueZero::WithCount {
                    json.raw(name).int64((*count).into());
                }
                json.raw("}");
            }
            Content::Energy(kcal) => {
                json.raw("\"activeEnergyBurned\":{");
                self.minute(json, record);
                json.raw(",\"kcal\":").double(*kcal).raw("}");
            }
            Content::Zone(zone) => {
                json.raw("\"activeZoneMinutes\":{");
                self.minute(json, record);
                json.raw(",\"heartRateZone\":\"").raw(zone_name(*zone));
                json.raw("\",\"activeZoneMinutes\":").int64(zone.minutes().into()).raw("}");
            }
            Content::ActiveMinute(level) => {
                json.raw("\"activeMinutes\":{");
                self.minute(json, record);
                json.raw(",\"activeMinutesByActivityLevel\":[{\"activityLevel\":\"").raw(active_name(*level));
                json.raw("\",\"activeMinutes\":\"1\"}]}");
            }
            Content::Level { end, .. } if self.data_type == DataType::SedentaryPeriod => {
                json.raw("\"sedentaryPeriod\":{");
                self.stretch(json, record, *end);
                json.raw("}");
            }
            Content::Level { level, end } => {
                json.raw("\"activityLevel\":{");
                self.stretch(json, record, *end);
                json.raw(",\"activityLevelType\":\"").raw(level_name(*level)).raw("\"}");
            }
            Content::HeartZone { zone, end } => {
                json.raw("\"timeInHeartRateZone\":{");
                self.stretch(json, record, *end);
                json.raw(",\"heartRateZoneType\":\"").raw(heart_zone_name(*zone)).raw("\"}");
            }
            Content::Heart { bpm, active } => {
                json.raw("\"heartRate\":{").sample_time(record.start, record.offset);
                json.raw(",\"beatsPerMinute\":")
                    .int64((*bpm).into())
                    .raw(",\"metadata\":{\"motionContext\":");
                json.raw(if *active { "\"ACTIVE\"" } else { "\"SEDENTARY\"" });
                json.raw(",\"sensorLocation\":\"WRIST\"}}");
            }
            Content::VariabilitySample(sample) => {
                json.raw("\"heartRateVariability\":{").sample_time(record.start, record.offset);
                json.raw(",\"rootMeanSquareOfSuccessiveDifferencesMilliseconds\":").double(sample.rmssd);
                json.raw(",\"standardDeviationMilliseconds\":").double(sample.deviation).raw("}");
            }
            Content::Oxygen(percent) => {
                json.raw("\"oxygenSaturation\":{").sample_time(record.start, record.offset);
                json.raw(",\"percentage\":").double(*percent).raw("}");
            }
            Content::Breathing(breathing) if self.data_type == DataType::RespiratoryRateSleepSummary => {
                json.raw("\"respiratoryRateSleepSummary\":{").sample_time(record.start, record.offset);
                breathing_stages(json, breathing);
                json.raw("}");
            }
            Content::Weight(weight) => {
                json.raw("\"weight\":{").sample_time(record.start, record.offset);
                json.raw(",\"weightGrams\":").double(weight.grams).raw("}");
            }
            Content::Fat { percent } => {
                json.raw("\"bodyFat\":{").sample_time(record.start, record.offset);
                json.raw(",\"percentage\":").double(*percent).raw("}");
            }
            Content::Core(celsius) => {
                json.raw("\"coreBodyTemperature\":{").sample_time(record.start, record.offset);
                json.raw(",\"measurementLocation\":\"EAR\",\"temperatureCelsius\":")
                    .double(*celsius)
                    .raw("}");
            }
            Content::Sleep(sleep) => {
                json.raw("\"sleep\":").value(&self.sleep(sleep));
            }
            Content::Exercise(exercise) => {
                json.raw("\"exercise\":").value(&exercise_wire(exercise));
            }
            daily => self.daily(json, day, daily),
        }
    }

    /// The values of a day.
    fn daily(&self, json: &mut Json, day: Day, content: &Content) {
        let head = |json: &mut Json, name: &str| {
            json.raw("\"").raw(name).raw("\":{\"date\":").date(day);
        };
        match content {
            Content::Resting { bpm, from_sleep } => {
                head(json, "dailyRestingHeartRate");
                json.raw(",\"beatsPerMinute\":").int64((*bpm).into());
                json.raw(",\"dailyRestingHeartRateMetadata\":{\"calculationMethod\":");
                json.raw(if *from_sleep { "\"WITH_SLEEP\"}}" } else { "\"ONLY_WITH_AWAKE_DATA\"}}" });
            }
            Content::Zones(ranges) => {
                head(json, "dailyHeartRateZones");
                json.raw(",\"heartRateZones\":[");
                for (place, (zone, (min, max))) in HeartZone::ALL.iter().zip(ranges).enumerate() {
                    json.raw(if place > 0 { "," } else { "" });
                    json.raw("{\"heartRateZoneType\":\"").raw(heart_zone_name(*zone));
                    json.raw("\",\"minBeatsPerMinute\":").int64((*min).into());
                    json.raw(",\"maxBeatsPerMinute\":").int64((*max).into()).raw("}");
                }
                json.raw("]}");
            }
            Content::Variability(variability) => {
                head(json, "dailyHeartRateVariability");
                json.raw(",\"averageHeartRateVariabilityMilliseconds\":").double(variability.rmssd);
                json.raw(",\"deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds\":");
                json.double(variability.deep_rmssd).raw(",\"entropy\":").double(variability.entropy);
                json.raw(",\"nonRemHeartRateBeatsPerMinute\":")
                    .int64(variability.non_rem_bpm.into())
                    .raw("}");
            }
            Content::Temperature(temperature) => {
                let missing = self.switches.google_nan_strings.then_some(f64::NAN);
                head(json, "dailySleepTemperatureDerivations");
                json.raw(",\"nightlyTemperatureCelsius\":").double(temperature.nightly);
                if let Some(baseline) = temperature.baseline.or(missing) {
                    json.raw(",\"baselineTemperatureCelsius\":").double(baseline);
                }
                if let Some(deviation) = temperature.deviation.or(missing) {
                    json.raw(",\"relativeNightlyStddev30dCelsius\":").double(deviation);
                }
                json.raw("}");
            }
            Content::OxygenNight(night) => {
                head(json, "dailyOxygenSaturation");
                json.raw(",\"averagePercentage\":").double(night.average);
                json.raw(",\"lowerBoundPercentage\":").double(night.lower);
                json.raw(",\"upperBoundPercentage\":").double(night.upper);
                json.raw(",\"standardDeviationPercentage\":").double(night.deviation).raw("}");
            }
            Content::Breathing(breathing) => {
                head(json, "dailyRespiratoryRate");
                json.raw(",\"breathsPerMinute\":").double(breathing.full).raw("}");
            }
            Content::Fitness(fitness) => {
                head(json, "dailyVo2Max");
                json.raw(",\"vo2Max\":").double(fitness.vo2_max);
                json.raw(",\"cardioFitnessLevel\":\"").raw(fitness_level(fitness.vo2_max)).raw("\"");
                json.raw(if fitness.from_run { "}" } else { ",\"estimated\":true}" });
            }
            _ => {}
        }
    }

    fn sleep(&self, sleep: &Sleep) -> SleepWire {
        let unprocessed =
            self.switches.google_sleep_unprocessed_first && sleep.main && self.now < sleep.end + 3600;
        let stage = |first: usize, epochs: usize, stage: Stage| {
            let start = sleep.start + first as i64 * EPOCH;
            let end = start + epochs as i64 * EPOCH;
            SleepStageWire {
                start_time: Instant::of_seconds(start),
                start_utc_offset: Seconds(self.person.timeline.offset_at(start).into()),
                end_time: Instant::of_seconds(end),
                end_utc_offset: Seconds(self.person.timeline.offset_at(end).into()),
                r#type: stage_name(stage),
            }
        };
        let stages = if unprocessed {
            vec![stage(0, sleep.epochs.len(), Stage::Asleep)]
        } else {
            sleep.runs().iter().map(|run| stage(run.first, run.epochs, run.stage)).collect()
        };
        let shorts = if unprocessed { &[][..] } else { &sleep.shorts[..] };
        // made while asleep, finished after waking; the odd microseconds are as good as any
        let micros = (sleep.id % 1_000_000) as i64;
        let created = (sleep.start + 6234).min(sleep.end);
        SleepWire {
            interval: SessionInterval {
                start_time: Instant::of_seconds(sleep.start),
                start_utc_offset: Seconds(sleep.start_offset.into()),
                end_time: Instant::of_seconds(sleep.end),
                end_utc_offset: Seconds(sleep.end_offset.into()),
            },
            r#type: if sleep.form == Form::Stages && !unprocessed { "STAGES" } else { "CLASSIC" },
            stages,
            metadata: SleepMetadata {
                stages_status: match sleep.form {
                    _ if unprocessed => "TIMEOUT",
                    Form::Stages => "SUCCEEDED",
                    Form::ClassicNap | Form::ClassicShort => "REJECTED_NAP",
                    Form::ClassicCoverage => "REJECTED_COVERAGE",
                },
                processed: !unprocessed,
                main_sleep: sleep.main,
                nap: !sleep.main,
            },
            summary: (!unprocessed).then(|| summary(sleep)),
            create_time: Instant(created * 1_000_000 + micros),
            update_time: Instant((sleep.end + SLEEP_PROCESSING) * 1_000_000 + micros / 2),
            short_awakenings: shorts
                .iter()
                .map(|(first, epochs)| stage(*first, *epochs, Stage::Awake))
                .collect(),
        }
    }
}

/// Google's id of a weight point.
pub(crate) fn weight_id(person: &Person, time: i64) -> u64 {
    crate::people::hash(person.seed, 90, time, 0) >> 1
}

fn breathing_stages(json: &mut Json, breathing: &Breathing) {
    for (name, rate) in [
        ("deepSleepStats", breathing.deep),
        ("fullSleepStats", Some(breathing.full)),
        ("lightSleepStats", breathing.light),
        ("remSleepStats", breathing.rem),
    ] {
        if let Some(rate) = rate {
            json.raw(",\"").raw(name).raw("\":{\"breathsPerMinute\":").double(rate).raw("}");
        }
    }
}

/// A level by the rate alone, near the middle of the tables that are in use.
fn fitness_level(vo2_max: f64) -> &'static str {
    match vo2_max {
        rate if rate < 28.0 => "POOR",
        rate if rate < 34.0 => "FAIR",
        rate if rate < 40.0 => "AVERAGE",
        rate if rate < 46.0 => "GOOD",
        rate if rate < 52.0 => "VERY_GOOD",
        _ => "EXCELLENT",
    }
}

fn level_name(level: u8) -> &'static str {
    ["SEDENTARY", "LIGHTLY_ACTIVE", "MODERATELY_ACTIVE", "VERY_ACTIVE"][usize::from(level.min(3))]
}

/// The name of an active minute's level, 1–3.
fn active_name(level: u8) -> &'static str {
    ["LIGHT", "MODERATE", "VIGOROUS"][usize::from(level.clamp(1, 3) - 1)]
}

/// A heart zone in Google's words.
pub(crate) fn heart_zone_name(zone: HeartZone) -> &'static str {
    match zone {
        HeartZone::Light => "LIGHT",
        HeartZone::Moderate => "MODERATE",
        HeartZone::Vigorous => "VIGOROUS",
        HeartZone::Peak => "PEAK",
    }
}

fn exercise_wire(exercise: &Exercise) -> ExerciseWire {
    let totals = &exercise.totals;
    let offset = Seconds(exercise.offset.into());
    let (start, end) = (Instant::of_seconds(exercise.start), Instant::of_seconds(exercise.end));
    let event = |event_time: Instant, exercise_event_type: &'static str| ExerciseEvent {
        event_time,
        event_utc_offset: offset,
        exercise_event_type,
    };
    let (exercise_type, display_name) = match exercise.kind {
        ExerciseKind::Walk => ("WALKING", "Walk"),
        ExerciseKind::Run => ("RUNNING", "Run"),
        ExerciseKind::Workout => ("WORKOUT", "Workout"),
    };
    let metres = totals.distance_watch_mm as f64 / 1000.0;
    let active = exercise.active_seconds as f64;
    let zone = |zone: HeartZone| Seconds(i64::from(totals.in_heart_zone(zone)) * 60);
    let micros = (exercise.id % 1_000_000) as i64;
    ExerciseWire {
        interval: SessionInterval {
            start_time: start,
            start_utc_offset: offset,
            end_time: end,
            end_utc_offset: offset,
        },
        exercise_type,
        display_name,
        active_duration: Seconds(exercise.active_seconds),
        exercise_metadata: ExerciseMetadata { has_gps: exercise.has_route },
        exercise_events: vec![event(start, "START"), event(end, "STOP")],
        metrics_summary: MetricsSummary {
            calories_kcal: totals.kcal,
            distance_millimeters: totals.distance_watch_mm as f64,
            steps: Int64(totals.steps_watch as i64),
            average_pace_seconds_per_meter: (metres > 0.0).then_some(active / metres),
            average_heart_rate_beats_per_minute: exercise.beats.mean().map(|mean| Int64(mean.round() as i64)),
            elevation_gain_millimeters: f64::from(exercise.gain_mm()),
            active_zone_minutes: Int64(totals.active_zone_minutes().into()),
            heart_rate_zone_durations: ZoneDurations {
                light_time: zone(HeartZone::Light),
                moderate_time: zone(HeartZone::Moderate),
                vigorous_time: zone(HeartZone::Vigorous),
                peak_time: zone(HeartZone::Peak),
            },
        },
        create_time: Instant((exercise.end + 41) * 1_000_000 + micros),
        update_time: Instant((exercise.end + 97) * 1_000_000 + micros / 2),
    }
}

fn zone_name(zone: Zone) -> &'static str {
    match zone {
        Zone::FatBurn => "FAT_BURN",
        Zone::Cardio => "CARDIO",
        Zone::Peak => "PEAK",
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Awake => "AWAKE",
        Stage::Light => "LIGHT",
        Stage::Deep => "DEEP",
        Stage::Rem => "REM",
        Stage::Asleep => "ASLEEP",
        Stage::Restless => "RESTLESS",
    }
}

/// The summary: short awakenings count as awake in the totals but not in the stages' minutes.
fn summary(sleep: &Sleep) -> SleepSummary {
    let runs = sleep.runs();
    let order = [Stage::Awake, Stage::Light, Stage::Deep, Stage::Rem, Stage::Asleep, Stage::Restless];
    let stages_summary = order
        .into_iter()
        .filter_map(|stage| {
            let of_stage = || runs.iter().filter(|run| run.stage == stage);
            let epochs: usize = of_stage().map(|run| run.epochs).sum();
            (epochs > 0).then(|| StageSummary {
                r#type: stage_name(stage),
                minutes: Int64((epochs / 2) as i64),
                count: Int64(of_stage().count() as i64),
            })
        })
        .collect();
    SleepSummary {
        minutes_in_sleep_period: Int64(sleep.minutes_in_bed().into()),
        minutes_after_wake_up: Int64(0),
        minutes_to_fall_asleep: Int64(0),
        minutes_asleep: Int64(sleep.minutes_asleep().into()),
        minutes_awake: Int64(sleep.minutes_awake().into()),
        stages_summary,
    }
}
