//! The shapes of sessions, written here from the discovery document.

use serde::{Serialize, Serializer};

use crate::people::Day;

/// An int64, which proto JSON writes as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int64(pub(crate) i64);

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A duration in whole seconds: `"-14400s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) i64);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0))
    }
}

/// An instant, epoch microseconds: RFC 3339 with `Z`, the fraction only if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) i64);

impl Instant {
    pub(crate) fn of_seconds(seconds: i64) -> Instant {
        Instant(seconds * 1_000_000)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.div_euclid(1_000_000);
        let micros = self.0.rem_euclid(1_000_000);
        let (day, second) = (Day::of_local(seconds), seconds.rem_euclid(86_400));
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        if micros == 0 {
            serializer.collect_str(&format_args!("{day}T{hour:02}:{minute:02}:{second:02}Z"))
        } else {
            serializer.collect_str(&format_args!("{day}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"))
        }
    }
}

/// A session's interval: without civil times.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionInterval {
    pub(crate) start_time: Instant,
    pub(crate) start_utc_offset: Seconds,
    pub(crate) end_time: Instant,
    pub(crate) end_utc_offset: Seconds,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SleepStageWire {
    pub(crate) start_time: Instant,
    pub(crate) start_utc_offset: Seconds,
    pub(crate) end_time: Instant,
    pub(crate) end_utc_offset: Seconds,
    pub(crate) r#type: &'static str,
}

fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SleepMetadata {
    pub(crate) stages_status: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) processed: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) main_sleep: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) nap: bool,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StageSummary {
    pub(crate) r#type: &'static str,
    pub(crate) minutes: Int64,
    pub(crate) count: Int64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SleepSummary {
    pub(crate) minutes_in_sleep_period: Int64,
    pub(crate) minutes_after_wake_up: Int64,
    pub(crate) minutes_to_fall_asleep: Int64,
    pub(crate) minutes_asleep: Int64,
    pub(crate) minutes_awake: Int64,
    pub(crate) stages_summary: Vec<StageSummary>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SleepWire {
    pub(crate) interval: SessionInterval,
    pub(crate) r#type: &'static str,
    pub(crate) stages: Vec<SleepStageWire>,
    pub(crate) metadata: SleepMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) summary: Option<SleepSummary>,
    pub(crate) create_time: Instant,
    pub(crate) update_time: Instant,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) short_awakenings: Vec<SleepStageWire>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExerciseEvent {
    pub(crate) event_time: Instant,
    pub(crate) event_utc_offset: Seconds,
    pub(crate) exercise_event_type: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExerciseMetadata {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) has_gps: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ZoneDurations {
    pub(crate) light_time: Seconds,
    pub(crate) moderate_time: Seconds,
    pub(crate) vigorous_time: Seconds,
    pub(crate) peak_time: Seconds,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsSummary {
    pub(crate) calories_kcal: f64,
    pub(crate) distance_millimeters: f64,
    pub(crate) steps: Int64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) average_pace_seconds_per_meter: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) average_heart_rate_beats_per_minute: Option<Int64>,
    pub(crate) elevation_gain_millimeters: f64,
    pub(crate) active_zone_minutes: Int64,
    pub(crate) heart_rate_zone_durations: ZoneDurations,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExerciseWire {
    pub(crate) interval: SessionInterval,
    pub(crate) exercise_type: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) active_duration: Seconds,
    pub(crate) exercise_metadata: ExerciseMetadata,
    pub(crate) exercise_events: Vec<ExerciseEvent>,
    pub(crate) metrics_summary: MetricsSummary,
    pub(crate) create_time: Instant,
    pub(crate) update_time: Instant,
}
