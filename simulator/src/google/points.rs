//! Records in the shape of data points.

use super::records::{Content, Origin, Record};
use super::wire::{
    DataPoint, DataSource, Device, Double, HeartRateMetadata, Instant, Int64, ObservationInterval,
    RestingMetadata, SampleTime, Seconds, SessionInterval, SleepMetadata, SleepStageWire, SleepSummary,
    SleepWire, StageSummary, Value,
};
use crate::people::{Day, EPOCH, Form, Person, SLEEP_PROCESSING, Sleep, Stage, Zone};
use crate::switches::{Switches, TrueZero};

/// Writes records of one person as points.
pub(crate) struct PointWriter<'a> {
    pub(crate) person: &'a Person,
    pub(crate) switches: &'a Switches,
    /// Points of reconcile: `dataPointName`, no source.
    pub(crate) merged: bool,
    /// The instant of the question, epoch seconds.
    pub(crate) now: i64,
}

impl PointWriter<'_> {
    pub(crate) fn write(&self, record: &Record) -> DataPoint {
        let name = self.name(record);
        let (name, data_point_name) = if self.merged { (None, name) } else { (name, None) };
        let data_source = (!self.merged).then(|| self.source(record));
        DataPoint { name, data_point_name, data_source, value: self.value(record) }
    }

    /// Only sleep and weight are identifiable.
    fn name(&self, record: &Record) -> Option<String> {
        let (data_type, id) = match &record.content {
            Content::Sleep(sleep) => ("sleep", sleep.id),
            Content::Weight(weight) => ("weight", weight_id(self.person, weight.time)),
            _ => return None,
        };
        Some(format!("users/{}/dataTypes/{data_type}/dataPoints/{id}", self.person.profile.google_id))
    }

    fn source(&self, record: &Record) -> DataSource {
        let profile = &self.person.profile;
        let watch = Device {
            display_name: profile.watch,
            form_factor: if profile.watch.starts_with("Pixel") { "WATCH" } else { "FITNESS_BAND" },
        };
        let (recording_method, device) = match record.origin {
            Origin::Watch => ("PASSIVELY_MEASURED", Some(watch)),
            Origin::WatchDerived => ("DERIVED", Some(watch)),
            Origin::Phone => (
                "PASSIVELY_MEASURED",
                Some(Device { display_name: profile.phone.unwrap_or("Phone"), form_factor: "PHONE" }),
            ),
            Origin::Scale => {
                ("ACTIVELY_MEASURED", Some(Device { display_name: "Aria Air", form_factor: "SCALE" }))
            }
            Origin::Manual => ("MANUAL", None),
        };
        DataSource { recording_method, device, platform: "FITBIT" }
    }

    fn value(&self, record: &Record) -> Value {
        let minute = || {
            let end = self.person.timeline.offset_at(record.start + 60);
            ObservationInterval::minute(record.start, record.offset, end)
        };
        let count = |number: u32| {
            (number > 0 || self.switches.google_true_zero == TrueZero::WithCount)
                .then_some(Int64(number.into()))
        };
        let date = || Day::of_local(record.start).into();
        match &record.content {
            Content::Steps(steps) => Value::Steps { interval: minute(), count: count(*steps) },
            Content::Distance(mm) => Value::Distance { interval: minute(), millimeters: count(*mm) },
            Content::Zone(zone) => Value::ActiveZoneMinutes {
                interval: minute(),
                heart_rate_zone: zone_name(*zone),
                active_zone_minutes: Int64(zone.minutes().into()),
            },
            Content::Heart { bpm, active } => Value::HeartRate {
                sample_time: SampleTime::at(record.start, record.offset),
                beats_per_minute: Int64((*bpm).into()),
                metadata: HeartRateMetadata {
                    motion_context: if *active { "ACTIVE" } else { "SEDENTARY" },
                    sensor_location: "WRIST",
                },
            },
            Content::Resting { bpm, from_sleep } => Value::DailyRestingHeartRate {
                date: date(),
                beats_per_minute: Int64((*bpm).into()),
                daily_resting_heart_rate_metadata: RestingMetadata {
                    calculation_method: if *from_sleep { "WITH_SLEEP" } else { "ONLY_WITH_AWAKE_DATA" },
                },
            },
            Content::Variability(variability) => Value::DailyHeartRateVariability {
                date: date(),
                average_heart_rate_variability_milliseconds: variability.rmssd,
                deep_sleep_root_mean_square_of_successive_differences_milliseconds: variability.deep_rmssd,
                entropy: variability.entropy,
                non_rem_heart_rate_beats_per_minute: Int64(variability.non_rem_bpm.into()),
            },
            Content::Temperature(temperature) => {
                let missing = self.switches.google_nan_strings.then_some(Double(f64::NAN));
                Value::DailySleepTemperatureDerivations {
                    date: date(),
                    nightly_temperature_celsius: temperature.nightly,
                    baseline_temperature_celsius: temperature.baseline.map(Double).or(missing),
                    relative_nightly_stddev: temperature.deviation.map(Double).or(missing),
                }
            }
            Content::Sleep(sleep) => Value::Sleep(Box::new(self.sleep(sleep))),
            Content::Weight(weight) => Value::Weight {
                sample_time: SampleTime::at(weight.time, weight.offset),
                weight_grams: weight.grams,
            },
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
