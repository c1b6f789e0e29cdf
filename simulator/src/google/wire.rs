//! The shapes of answers, written here from the discovery document.

use serde::{Serialize, Serializer};

use crate::people::Day;

/// int64 and double values that proto JSON writes as strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int64(pub(crate) i64);

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A double; NaN is the string `"NaN"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Double(pub(crate) f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() { serializer.serialize_str("NaN") } else { serializer.serialize_f64(self.0) }
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

/// `google.type.Date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Date {
    year: i32,
    month: u32,
    day: u32,
}

impl From<Day> for Date {
    fn from(day: Day) -> Date {
        let (year, month, day) = day.ymd();
        Date { year, month, day }
    }
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// `google.type.TimeOfDay`; members that are zero are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TimeOfDay {
    #[serde(skip_serializing_if = "is_zero")]
    hours: u32,
    #[serde(skip_serializing_if = "is_zero")]
    minutes: u32,
    #[serde(skip_serializing_if = "is_zero")]
    seconds: u32,
}

/// A date and a time of day on a person's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CivilDateTime {
    date: Date,
    time: TimeOfDay,
}

impl CivilDateTime {
    /// The clock at an instant (epoch seconds) with an offset.
    pub(crate) fn at(instant: i64, offset: i32) -> CivilDateTime {
        let local = instant + i64::from(offset);
        let second = local.rem_euclid(86_400) as u32;
        CivilDateTime {
            date: Day::of_local(local).into(),
            time: TimeOfDay { hours: second / 3600, minutes: second / 60 % 60, seconds: second % 60 },
        }
    }

    pub(crate) fn midnight(day: Day) -> CivilDateTime {
        CivilDateTime { date: day.into(), time: TimeOfDay::default() }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObservationInterval {
    start_time: Instant,
    start_utc_offset: Seconds,
    end_time: Instant,
    end_utc_offset: Seconds,
    civil_start_time: CivilDateTime,
    civil_end_time: CivilDateTime,
}

impl ObservationInterval {
    /// One minute.
    pub(crate) fn minute(start: i64, offset: i32, end_offset: i32) -> ObservationInterval {
        ObservationInterval {
            start_time: Instant::of_seconds(start),
            start_utc_offset: Seconds(offset.into()),
            end_time: Instant::of_seconds(start + 60),
            end_utc_offset: Seconds(end_offset.into()),
            civil_start_time: CivilDateTime::at(start, offset),
            civil_end_time: CivilDateTime::at(start + 60, end_offset),
        }
    }
}

/// Sleep's interval: without civil times.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionInterval {
    pub(crate) start_time: Instant,
    pub(crate) start_utc_offset: Seconds,
    pub(crate) end_time: Instant,
    pub(crate) end_utc_offset: Seconds,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SampleTime {
    physical_time: Instant,
    utc_offset: Seconds,
    civil_time: CivilDateTime,
}

impl SampleTime {
    pub(crate) fn at(instant: i64, offset: i32) -> SampleTime {
        SampleTime {
            physical_time: Instant::of_seconds(instant),
            utc_offset: Seconds(offset.into()),
            civil_time: CivilDateTime::at(instant, offset),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataSource {
    pub(crate) recording_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<Device>,
    pub(crate) platform: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    pub(crate) display_name: &'static str,
    pub(crate) form_factor: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeartRateMetadata {
    pub(crate) motion_context: &'static str,
    pub(crate) sensor_location: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestingMetadata {
    pub(crate) calculation_method: &'static str,
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

/// The union member of a point.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Value {
    Steps {
        interval: ObservationInterval,
        #[serde(skip_serializing_if = "Option::is_none")]
        count: Option<Int64>,
    },
    Distance {
        interval: ObservationInterval,
        #[serde(skip_serializing_if = "Option::is_none")]
        millimeters: Option<Int64>,
    },
    ActiveZoneMinutes {
        interval: ObservationInterval,
        heart_rate_zone: &'static str,
        active_zone_minutes: Int64,
    },
    HeartRate {
        sample_time: SampleTime,
        beats_per_minute: Int64,
        metadata: HeartRateMetadata,
    },
    DailyRestingHeartRate {
        date: Date,
        beats_per_minute: Int64,
        daily_resting_heart_rate_metadata: RestingMetadata,
    },
    DailyHeartRateVariability {
        date: Date,
        average_heart_rate_variability_milliseconds: f64,
        deep_sleep_root_mean_square_of_successive_differences_milliseconds: f64,
        entropy: f64,
        non_rem_heart_rate_beats_per_minute: Int64,
    },
    DailySleepTemperatureDerivations {
        date: Date,
        nightly_temperature_celsius: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        baseline_temperature_celsius: Option<Double>,
        #[serde(skip_serializing_if = "Option::is_none", rename = "relativeNightlyStddev30dCelsius")]
        relative_nightly_stddev: Option<Double>,
    },
    Sleep(Box<SleepWire>),
    Weight {
        sample_time: SampleTime,
        weight_grams: f64,
    },
}

/// A point of list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataPoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_point_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_source: Option<DataSource>,
    #[serde(flatten)]
    pub(crate) value: Value,
}

/// The answer of list and reconcile.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataPoints {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) data_points: Vec<DataPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<String>,
}

/// The union member of a rolled-up window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Rolled {
    Steps {
        count_sum: Int64,
    },
    Distance {
        millimeters_sum: Int64,
    },
    ActiveZoneMinutes {
        sum_in_fat_burn_heart_zone: Int64,
        sum_in_cardio_heart_zone: Int64,
        sum_in_peak_heart_zone: Int64,
    },
    HeartRate {
        beats_per_minute_min: f64,
        beats_per_minute_avg: f64,
        beats_per_minute_max: f64,
    },
    TotalCalories {
        kcal_sum: f64,
    },
    Weight {
        weight_grams_avg: f64,
    },
}

/// A window by instants.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RollupWindow {
    pub(crate) start_time: Instant,
    pub(crate) end_time: Instant,
    #[serde(flatten)]
    pub(crate) value: Option<Rolled>,
}

/// A window by civil days.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DailyRollupWindow {
    pub(crate) civil_start_time: CivilDateTime,
    pub(crate) civil_end_time: CivilDateTime,
    #[serde(flatten)]
    pub(crate) value: Option<Rolled>,
}

/// The answer of both roll-ups.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rollups<W> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rollup_data_points: Vec<W>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<String>,
}
