//! The endpoints of the legacy Fitbit Web API.
//!
//! Its limits (endpoint pages): activity series 1,095 days (`activityCalories` 30), heart series 1 year, HRV, breathing
//! rate, temperature, VO2 max and the detail of `SpO2` 30 days, weight 31, sleep 100 days, exercise lists 100 a page,
//! detail within a day 24 hours. `SpO2` by the day has no documented limit; a year is asked for. Floors and elevation by
//! the minute would take a request a day each and are left out. The readings of a night are asked for with one day more,
//! since those of the last evening come under the next date, as soon as that date has come.

use super::{
    Cadence, Call, Endpoint,
    Grain::{Day, Minute, Session},
};
use crate::{Metric as M, account::ProviderKey};

const fn fitbit(
    key: &'static str,
    metrics: &'static [M],
    grain: super::Grain,
    path: &'static str,
    scope: &'static str,
) -> Endpoint {
    super::row(key, ProviderKey::Fitbit, metrics, grain, Call::FitbitRange, path, scope)
}

pub(super) const ENDPOINTS: &[Endpoint] = &[
    fitbit(
        "fitbit.steps.day",
        &[M::Steps],
        Day,
        "/1/user/-/activities/steps/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.distance.day",
        &[M::Distance],
        Day,
        "/1/user/-/activities/distance/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.floors.day",
        &[M::Floors],
        Day,
        "/1/user/-/activities/floors/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.elevation.day",
        &[M::Elevation],
        Day,
        "/1/user/-/activities/elevation/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.calories.day",
        &[M::Calories],
        Day,
        "/1/user/-/activities/calories/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.active_calories.day",
        &[M::ActiveCalories],
        Day,
        "/1/user/-/activities/activityCalories/date/{start}/{end}.json",
        "activity",
    )
    .window(30, 0),
    fitbit(
        "fitbit.basal_calories.day",
        &[M::BasalCalories],
        Day,
        "/1/user/-/activities/caloriesBMR/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.sedentary_minutes.day",
        &[M::SedentaryMinutes],
        Day,
        "/1/user/-/activities/minutesSedentary/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.lightly_active_minutes.day",
        &[M::LightlyActiveMinutes],
        Day,
        "/1/user/-/activities/minutesLightlyActive/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.fairly_active_minutes.day",
        &[M::FairlyActiveMinutes],
        Day,
        "/1/user/-/activities/minutesFairlyActive/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.very_active_minutes.day",
        &[M::VeryActiveMinutes],
        Day,
        "/1/user/-/activities/minutesVeryActive/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.active_zone_minutes.day",
        &[M::ActiveZoneMinutes, M::FatBurnZoneMinutes, M::CardioZoneMinutes, M::PeakZoneMinutes],
        Day,
        "/1/user/-/activities/active-zone-minutes/date/{start}/{end}.json",
        "activity",
    )
    .window(1095, 0),
    fitbit(
        "fitbit.resting_heart_rate.day",
        &[
            M::RestingHeartRate,
            M::ModerateHeartZoneMinutes,
            M::VigorousHeartZoneMinutes,
            M::PeakHeartZoneMinutes,
        ],
        Day,
        "/1/user/-/activities/heart/date/{start}/{end}.json",
        "heartrate",
    )
    .window(365, 0),
    fitbit(
        "fitbit.heart_rate_variability.day",
        &[M::HeartRateVariability, M::HeartRateVariabilityDeep],
        Day,
        "/1/user/-/hrv/date/{start}/{end}.json",
        "heartrate",
    )
    .window(30, 0),
    fitbit(
        "fitbit.oxygen_saturation.day",
        &[M::OxygenSaturation, M::OxygenSaturationMin, M::OxygenSaturationMax],
        Day,
        "/1/user/-/spo2/date/{start}/{end}.json",
        "oxygen_saturation",
    )
    .window(365, 0),
    fitbit(
        "fitbit.breathing_rate.day",
        &[M::BreathingRate],
        Day,
        "/1/user/-/br/date/{start}/{end}.json",
        "respiratory_rate",
    )
    .window(30, 0),
    fitbit(
        "fitbit.skin_temperature_relative.day",
        &[M::SkinTemperatureRelative],
        Day,
        "/1/user/-/temp/skin/date/{start}/{end}.json",
        "temperature",
    )
    .window(30, 0),
    fitbit(
        "fitbit.vo2_max.day",
        &[M::Vo2Max],
        Day,
        "/1/user/-/cardioscore/date/{start}/{end}.json",
        "cardio_fitness",
    )
    .window(30, 0),
    fitbit("fitbit.sleep", &[M::Sleep], Session, "/1.2/user/-/sleep/date/{start}/{end}.json", "sleep")
        .window(100, 0),
    super::row(
        "fitbit.exercise",
        ProviderKey::Fitbit,
        &[M::Exercise],
        Session,
        Call::FitbitList,
        "/1/user/-/activities/list.json",
        "activity",
    )
    .window(365, 100)
    .rows(120, 20),
    fitbit(
        "fitbit.weight.reading",
        &[M::Weight],
        Minute,
        "/1/user/-/body/log/weight/date/{start}/{end}.json",
        "weight",
    )
    .window(31, 0),
    fitbit(
        "fitbit.body_fat.reading",
        &[M::BodyFat],
        Minute,
        "/1/user/-/body/log/fat/date/{start}/{end}.json",
        "weight",
    )
    .window(30, 0),
    fitbit(
        "fitbit.core_temperature.reading",
        &[M::CoreTemperature],
        Minute,
        "/1/user/-/temp/core/date/{start}/{end}.json",
        "temperature",
    )
    .window(30, 0),
    fitbit(
        "fitbit.heart_rate_variability.minute",
        &[M::HeartRateVariability],
        Minute,
        "/1/user/-/hrv/date/{start}/{end}/all.json",
        "heartrate",
    )
    .window(29, 0)
    .by_waking()
    .proved_by("fitbit.heart_rate_variability.day"),
    fitbit(
        "fitbit.oxygen_saturation.minute",
        &[M::OxygenSaturation],
        Minute,
        "/1/user/-/spo2/date/{start}/{end}/all.json",
        "oxygen_saturation",
    )
    .window(29, 0)
    .by_waking()
    .proved_by("fitbit.oxygen_saturation.day"),
    fitbit(
        "fitbit.heart_rate.minute",
        &[M::HeartRate],
        Minute,
        "/1/user/-/activities/heart/date/{date}/1d/1min.json",
        "heartrate",
    )
    .window(1, 0)
    .by_day()
    .at(Cadence::Minute),
    fitbit(
        "fitbit.heart_rate.native",
        &[M::HeartRate],
        Minute,
        "/1/user/-/activities/heart/date/{date}/1d/1sec.json",
        "heartrate",
    )
    .window(1, 0)
    .by_day()
    .at(Cadence::Native),
    fitbit(
        "fitbit.steps.minute",
        &[M::Steps],
        Minute,
        "/1/user/-/activities/steps/date/{date}/1d/1min.json",
        "activity",
    )
    .window(1, 0)
    .by_day()
    .proved_by("fitbit.steps.day"),
    fitbit(
        "fitbit.distance.minute",
        &[M::Distance],
        Minute,
        "/1/user/-/activities/distance/date/{date}/1d/1min.json",
        "activity",
    )
    .window(1, 0)
    .by_day()
    .proved_by("fitbit.distance.day"),
    fitbit(
        "fitbit.active_zone_minutes.minute",
        &[M::ActiveZoneMinutes],
        Minute,
        "/1/user/-/activities/active-zone-minutes/date/{date}/1d/1min.json",
        "activity",
    )
    .window(1, 0)
    .by_day()
    .proved_by("fitbit.active_zone_minutes.day"),
    fitbit(
        "fitbit.calories.minute",
        &[M::Calories],
        Minute,
        "/1/user/-/activities/calories/date/{date}/1d/1min.json",
        "activity",
    )
    .window(1, 0)
    .by_day(),
];
