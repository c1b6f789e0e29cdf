//! The endpoints of Google Health.
//!
//! Its limits (discovery document, revision 20261030): pages of 10,000 rows at most, 25 for sleep and exercise; rollUp and
//! dailyRollUp reach 14 days for `heart-rate` and `total-calories`, 90 for the others; reconcile has no limit of range.
//! Six days of minutes (8,640 rows) fit one page and thirteen (18,720) two, which is a little less a day: 57 requests a
//! year and not 61. Interval types have no row for a minute of zero: their windows are long
//! and have several pages, since every window's last page is part empty. Rows are those of recorded days.

use super::{
    Cadence,
    Call::{self, GoogleDailyRollUp, GoogleReconcile, GoogleRollUpMinute},
    Endpoint,
    Grain::{self, Day, Minute, Session},
};
use crate::{Metric as M, account::ProviderKey};

const A: &str = "activity_and_fitness.readonly";
const H: &str = "health_metrics_and_measurements.readonly";
const S: &str = "sleep.readonly";

/// Minutes of a civil day at the most: one of a journey to the west.
const MINUTES: u32 = 29 * 60;

const fn google(
    key: &'static str,
    metrics: &'static [M],
    grain: Grain,
    call: Call,
    path: &'static str,
    scope: &'static str,
) -> Endpoint {
    let provider = ProviderKey::GoogleHealth;
    super::row(key, provider, metrics, grain, call, path, scope)
}

pub(super) const ENDPOINTS: &[Endpoint] = &[
    google("google.steps.day", &[M::Steps], Day, GoogleDailyRollUp, "steps", A).window(90, 90),
    google("google.distance.day", &[M::Distance], Day, GoogleDailyRollUp, "distance", A).window(90, 90),
    google("google.floors.day", &[M::Floors], Day, GoogleDailyRollUp, "floors", A).window(90, 90),
    google("google.elevation.day", &[M::Elevation], Day, GoogleDailyRollUp, "altitude", A).window(90, 90),
    google("google.calories.day", &[M::Calories], Day, GoogleDailyRollUp, "total-calories", A).window(14, 14),
    google(
        "google.active_calories.day",
        &[M::ActiveCalories],
        Day,
        GoogleDailyRollUp,
        "active-energy-burned",
        A,
    )
    .window(90, 90),
    google(
        "google.active_zone_minutes.day",
        &[M::ActiveZoneMinutes, M::FatBurnZoneMinutes, M::CardioZoneMinutes, M::PeakZoneMinutes],
        Day,
        GoogleDailyRollUp,
        "active-zone-minutes",
        A,
    )
    .window(90, 90),
    google(
        "google.activity_level.day",
        &[M::SedentaryMinutes, M::LightlyActiveMinutes, M::FairlyActiveMinutes, M::VeryActiveMinutes],
        Day,
        GoogleDailyRollUp,
        "activity-level",
        A,
    )
    .window(90, 90),
    google(
        "google.heart_zones.day",
        &[
            M::LightHeartZoneMinutes,
            M::ModerateHeartZoneMinutes,
            M::VigorousHeartZoneMinutes,
            M::PeakHeartZoneMinutes,
        ],
        Day,
        GoogleDailyRollUp,
        "time-in-heart-rate-zone",
        A,
    )
    .window(90, 90),
    google("google.heart_rate.day", &[M::HeartRate], Day, GoogleDailyRollUp, "heart-rate", H).window(14, 14),
    google(
        "google.resting_heart_rate.day",
        &[M::RestingHeartRate],
        Day,
        GoogleReconcile { field: "daily_resting_heart_rate.date" },
        "daily-resting-heart-rate",
        H,
    )
    .window(365, 10_000),
    google(
        "google.heart_rate_variability.day",
        &[M::HeartRateVariability, M::HeartRateVariabilityDeep],
        Day,
        GoogleReconcile { field: "daily_heart_rate_variability.date" },
        "daily-heart-rate-variability",
        H,
    )
    .window(365, 10_000),
    google(
        "google.skin_temperature.day",
        &[M::SkinTemperature],
        Day,
        GoogleReconcile { field: "daily_sleep_temperature_derivations.date" },
        "daily-sleep-temperature-derivations",
        H,
    )
    .window(365, 10_000),
    google(
        "google.oxygen_saturation.day",
        &[M::OxygenSaturation, M::OxygenSaturationLowerBound, M::OxygenSaturationUpperBound],
        Day,
        GoogleReconcile { field: "daily_oxygen_saturation.date" },
        "daily-oxygen-saturation",
        H,
    )
    .window(365, 10_000),
    google(
        "google.breathing_rate.day",
        &[M::BreathingRate],
        Day,
        GoogleReconcile { field: "daily_respiratory_rate.date" },
        "daily-respiratory-rate",
        H,
    )
    .window(365, 10_000),
    google(
        "google.vo2_max.day",
        &[M::Vo2Max],
        Day,
        GoogleReconcile { field: "daily_vo2_max.date" },
        "daily-vo2-max",
        A,
    )
    .window(365, 10_000),
    google(
        "google.sleep",
        &[M::Sleep],
        Session,
        GoogleReconcile { field: "sleep.interval.civil_end_time" },
        "sleep",
        S,
    )
    .window(365, 25)
    .rows(95, 10),
    google(
        "google.exercise",
        &[M::Exercise],
        Session,
        GoogleReconcile { field: "exercise.interval.civil_start_time" },
        "exercise",
        A,
    )
    .window(365, 25)
    .rows(120, 20),
    google(
        "google.weight.reading",
        &[M::Weight],
        Minute,
        GoogleReconcile { field: "weight.sample_time.civil_time" },
        "weight",
        H,
    )
    .window(365, 10_000)
    .rows(100, 24),
    google(
        "google.body_fat.reading",
        &[M::BodyFat],
        Minute,
        GoogleReconcile { field: "body_fat.sample_time.civil_time" },
        "body-fat",
        H,
    )
    .window(365, 10_000)
    .rows(100, 24),
    google(
        "google.core_temperature.reading",
        &[M::CoreTemperature],
        Minute,
        GoogleReconcile { field: "core_body_temperature.sample_time.civil_time" },
        "core-body-temperature",
        H,
    )
    .window(365, 10_000)
    .rows(100, 24),
    google(
        "google.steps.minute",
        &[M::Steps],
        Minute,
        GoogleReconcile { field: "steps.interval.civil_start_time" },
        "steps",
        A,
    )
    .window(365, 10_000)
    .rows(25_000, MINUTES)
    .proved_by("google.steps.day"),
    google(
        "google.distance.minute",
        &[M::Distance],
        Minute,
        GoogleReconcile { field: "distance.interval.civil_start_time" },
        "distance",
        A,
    )
    .window(365, 10_000)
    .rows(25_000, MINUTES)
    .proved_by("google.distance.day"),
    google(
        "google.floors.minute",
        &[M::Floors],
        Minute,
        GoogleReconcile { field: "floors.interval.civil_start_time" },
        "floors",
        A,
    )
    .window(365, 10_000)
    .rows(250, MINUTES)
    .proved_by("google.floors.day"),
    google(
        "google.elevation.minute",
        &[M::Elevation],
        Minute,
        GoogleReconcile { field: "altitude.interval.civil_start_time" },
        "altitude",
        A,
    )
    .window(365, 10_000)
    .rows(250, MINUTES)
    .proved_by("google.elevation.day"),
    google(
        "google.active_calories.minute",
        &[M::ActiveCalories],
        Minute,
        GoogleReconcile { field: "active_energy_burned.interval.civil_start_time" },
        "active-energy-burned",
        A,
    )
    .window(365, 10_000)
    .rows(27_000, MINUTES)
    .proved_by("google.active_calories.day"),
    google(
        "google.basal_calories.minute",
        &[M::BasalCalories],
        Minute,
        GoogleReconcile { field: "basal_energy_burned.interval.civil_start_time" },
        "basal-energy-burned",
        A,
    )
    .window(365, 10_000)
    .rows(0, MINUTES),
    google(
        "google.active_zone_minutes.minute",
        &[M::ActiveZoneMinutes],
        Minute,
        GoogleReconcile { field: "active_zone_minutes.interval.civil_start_time" },
        "active-zone-minutes",
        A,
    )
    .window(365, 10_000)
    .rows(4_000, MINUTES)
    .proved_by("google.active_zone_minutes.day"),
    google(
        "google.heart_rate_variability.minute",
        &[M::HeartRateVariability],
        Minute,
        GoogleReconcile { field: "heart_rate_variability.sample_time.civil_time" },
        "heart-rate-variability",
        H,
    )
    .window(365, 10_000)
    .rows(7_500, 300)
    .proved_by("google.heart_rate_variability.day")
    .of_nights(),
    google(
        "google.oxygen_saturation.minute",
        &[M::OxygenSaturation],
        Minute,
        GoogleReconcile { field: "oxygen_saturation.sample_time.civil_time" },
        "oxygen-saturation",
        H,
    )
    .window(365, 10_000)
    .rows(36_000, MINUTES)
    .proved_by("google.oxygen_saturation.day")
    .of_nights(),
    google("google.heart_rate.minute", &[M::HeartRate], Minute, GoogleRollUpMinute, "heart-rate", H)
        .window(14, 10_000)
        .rows(144_000, MINUTES)
        .proved_by("google.heart_rate.day")
        .at(Cadence::Minute),
    google(
        "google.heart_rate.native",
        &[M::HeartRate],
        Minute,
        GoogleReconcile { field: "heart_rate.sample_time.civil_time" },
        "heart-rate",
        H,
    )
    .window(13, 10_000)
    .rows(1_500_000, 90_000)
    .proved_by("google.heart_rate.day")
    .at(Cadence::Native),
    google("google.calories.minute", &[M::Calories], Minute, GoogleRollUpMinute, "total-calories", A)
        .window(14, 10_000)
        .rows(144_000, MINUTES)
        .proved_by("google.calories.day"),
];
