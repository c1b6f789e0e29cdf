//! The families, a row each, and how their values become those of the catalogue.

use pulsekeep_core::{Metric, catalogue::Grain, time::MINUTE_MS};

use super::{Column, Family, Naive, Spec, Values, Zone};

fn as_is(value: f64) -> Option<f64> {
    Some(value)
}
/// A rate of zero stands for a day without one.
fn above_zero(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}
fn thousandth(value: f64) -> Option<f64> {
    Some(value / 1000.0)
}
fn hundredth(value: f64) -> Option<f64> {
    Some(value / 100.0)
}
/// 50 stands for a reading that was not good; everything below 70 was that.
fn oxygen(value: f64) -> Option<f64> {
    (value >= 70.0).then_some(value)
}
/// −1 stands for none; the header speaks of thousandths, measured values were whole breaths.
fn breaths(value: f64) -> Option<f64> {
    match value {
        value if value <= 0.0 => None,
        value if value > 100.0 => Some(value / 1000.0),
        value => Some(value),
    }
}
fn pounds(value: f64) -> Option<f64> {
    Some(value * 0.453_592_37)
}
fn nothing(_: &mut Values) {}
/// Nightly and baseline: the second becomes the difference to it.
fn against_baseline(values: &mut Values) {
    let difference = values[0].zip(values[1]).map(|(nightly, baseline)| nightly - baseline);
    // What was written with three decimals has no more of them.
    values[1] = difference.map(|value| (value * 1e6).round() / 1e6);
}
/// Nightly, sum of the samples' differences and their number: the second becomes the mean difference.
fn mean_of_samples(values: &mut Values) {
    values[1] = match (values[1], values[2]) {
        (Some(sum), Some(count)) if count > 0.0 => Some(sum / count),
        _ => None,
    };
    values[2] = None;
}

const fn column(names: &'static [&'static str], metric: Metric, convert: fn(f64) -> Option<f64>) -> Column {
    Column { names, metric, convert, required: true }
}

const fn optional(names: &'static [&'static str], metric: Metric, convert: fn(f64) -> Option<f64>) -> Column {
    Column { names, metric, convert, required: false }
}

const fn spec(
    family: Family,
    (key, names, extension): (&'static str, &'static [&'static str], &'static str),
    (grain, naive, rank): (Grain, Naive, u8),
    columns: &'static [Column],
) -> Spec {
    let interval_ms = match grain {
        Grain::Minute => MINUTE_MS,
        Grain::Day | Grain::Session => 0,
    };
    Spec { family, key, names, extension, grain, naive, interval_ms, columns, rank, finish: nothing }
}

impl Spec {
    const fn readings(self) -> Self {
        Self { interval_ms: 0, ..self }
    }

    const fn finished(self, finish: fn(&mut Values)) -> Self {
        Self { finish, ..self }
    }
}

use Family as F;
use Grain::{Day, Minute};
use Metric as M;
use Naive::{Local, Measured, Utc};

/// The families, in the order of [`Family`].
pub(crate) const FAMILIES: [Spec; 41] = [
    spec(
        F::StepsCsv,
        ("steps.csv", &["steps"], "csv"),
        (Minute, Utc, 1),
        &[column(&["steps"], M::Steps, as_is)],
    ),
    spec(
        F::DistanceCsv,
        ("distance.csv", &["distance"], "csv"),
        (Minute, Utc, 1),
        &[column(&["distance"], M::Distance, as_is)],
    ),
    spec(
        F::CaloriesCsv,
        ("calories.csv", &["calories"], "csv"),
        (Minute, Utc, 1),
        &[column(&["calories"], M::Calories, as_is)],
    ),
    spec(
        F::HeartRateCsv,
        ("heart_rate.csv", &["heart_rate"], "csv"),
        (Minute, Utc, 1),
        &[column(&["beats_per_minute"], M::HeartRate, above_zero)],
    )
    .readings(),
    spec(
        F::FloorsCsv,
        ("floors.csv", &["floors"], "csv"),
        (Minute, Utc, 1),
        &[column(&["floors"], M::Floors, as_is)],
    ),
    spec(
        F::AltitudeCsv,
        ("altitude.csv", &["altitude"], "csv"),
        (Minute, Utc, 1),
        &[column(&["gain"], M::Elevation, thousandth)],
    ),
    spec(
        F::ActiveEnergyCsv,
        ("active_energy_burned.csv", &["active_energy_burned"], "csv"),
        (Minute, Utc, 1),
        &[column(&["kilocalories"], M::ActiveCalories, as_is)],
    ),
    spec(
        F::ZoneMinutesCsv,
        ("active_zone_minutes.csv", &["active_zone_minutes"], "csv"),
        (Minute, Utc, 1),
        &[column(&["total_minutes"], M::ActiveZoneMinutes, as_is)],
    ),
    spec(
        F::VariabilityCsv,
        ("heart_rate_variability.csv", &["heart_rate_variability"], "csv"),
        (Minute, Utc, 1),
        &[column(
            &["root_mean_square_of_successive_differences_milliseconds"],
            M::HeartRateVariability,
            above_zero,
        )],
    )
    .readings(),
    spec(
        F::OxygenCsv,
        ("oxygen_saturation.csv", &["oxygen_saturation"], "csv"),
        (Minute, Utc, 1),
        &[column(&["oxygen_saturation_percentage"], M::OxygenSaturation, oxygen)],
    )
    .readings(),
    spec(
        F::WeightCsv,
        ("weight.csv", &["weight"], "csv"),
        (Minute, Utc, 1),
        &[column(&["weight_grams"], M::Weight, thousandth)],
    )
    .readings(),
    spec(
        F::BodyFatCsv,
        ("body_fat.csv", &["body_fat"], "csv"),
        (Minute, Utc, 1),
        &[column(&["body_fat_percentage"], M::BodyFat, above_zero)],
    )
    .readings(),
    spec(
        F::DailyRestingCsv,
        ("daily_resting_heart_rate.csv", &["daily_resting_heart_rate", "resting_heart_rate"], "csv"),
        (Day, Local, 1),
        &[column(&["beats_per_minute"], M::RestingHeartRate, above_zero)],
    ),
    spec(
        F::DailyVariabilityCsv,
        ("daily_heart_rate_variability.csv", &["daily_heart_rate_variability"], "csv"),
        (Day, Local, 1),
        &[
            column(&["average_heart_rate_variability_milliseconds"], M::HeartRateVariability, above_zero),
            optional(
                &["deep_sleep_root_mean_square_of_successive_differences_milliseconds"],
                M::HeartRateVariabilityDeep,
                above_zero,
            ),
        ],
    ),
    spec(
        F::DailyOxygenCsv,
        ("daily_oxygen_saturation.csv", &["daily_oxygen_saturation"], "csv"),
        (Day, Local, 1),
        &[
            column(&["average_percentage"], M::OxygenSaturation, oxygen),
            optional(&["lower_bound_percentage"], M::OxygenSaturationLowerBound, above_zero),
            optional(&["upper_bound_percentage"], M::OxygenSaturationUpperBound, above_zero),
        ],
    ),
    spec(
        F::DailyBreathingCsv,
        ("daily_respiratory_rate.csv", &["daily_respiratory_rate"], "csv"),
        (Day, Local, 1),
        &[column(&["breaths_per_minute"], M::BreathingRate, breaths)],
    ),
    spec(
        F::BreathingSummaryCsv,
        ("respiratory_rate_sleep_summary.csv", &["respiratory_rate_sleep_summary"], "csv"),
        (Day, Local, 2),
        &[column(&["full_sleep_stats_milli_breaths_per_minute"], M::BreathingRate, breaths)],
    ),
    spec(
        F::DailyTemperatureCsv,
        ("daily_sleep_temperature_derivations.csv", &["daily_sleep_temperature_derivations"], "csv"),
        (Day, Local, 1),
        &[
            column(&["nightly_temperature_celsius"], M::SkinTemperature, as_is),
            column(&["baseline_temperature_celsius"], M::SkinTemperatureRelative, as_is),
        ],
    )
    .finished(against_baseline),
    spec(
        F::RunVo2Csv,
        ("run_vo2_max.csv", &["run_vo2_max", "run_vo2max"], "csv"),
        (Day, Local, 1),
        &[column(&["run_vo2_max"], M::Vo2Max, above_zero)],
    ),
    spec(
        F::DemographicVo2Csv,
        ("demographic_vo2max.csv", &["demographic_vo2max", "demographic_vo2_max"], "csv"),
        (Day, Local, 3),
        &[column(&["demographic_vo2max", "demographic_vo2_max"], M::Vo2Max, above_zero)],
    ),
    spec(
        F::StepsJson,
        ("steps.json", &["steps"], "json"),
        (Minute, Measured(Zone::Utc), 2),
        &[column(&["value"], M::Steps, as_is)],
    ),
    spec(
        F::DistanceJson,
        ("distance.json", &["distance"], "json"),
        (Minute, Measured(Zone::Utc), 2),
        &[column(&["value"], M::Distance, hundredth)],
    ),
    spec(
        F::CaloriesJson,
        ("calories.json", &["calories"], "json"),
        (Minute, Measured(Zone::Local), 2),
        &[column(&["value"], M::Calories, as_is)],
    ),
    spec(
        F::HeartRateJson,
        ("heart_rate.json", &["heart_rate"], "json"),
        (Minute, Measured(Zone::Utc), 2),
        &[column(&["bpm"], M::HeartRate, above_zero)],
    )
    .readings(),
    spec(
        F::RestingJson,
        ("resting_heart_rate.json", &["resting_heart_rate"], "json"),
        (Day, Local, 2),
        &[column(&["value"], M::RestingHeartRate, above_zero)],
    ),
    spec(
        F::SedentaryJson,
        ("sedentary_minutes.json", &["sedentary_minutes"], "json"),
        (Day, Local, 1),
        &[column(&["value"], M::SedentaryMinutes, as_is)],
    ),
    spec(
        F::LightlyJson,
        ("lightly_active_minutes.json", &["lightly_active_minutes"], "json"),
        (Day, Local, 1),
        &[column(&["value"], M::LightlyActiveMinutes, as_is)],
    ),
    spec(
        F::FairlyJson,
        ("moderately_active_minutes.json", &["moderately_active_minutes"], "json"),
        (Day, Local, 1),
        &[column(&["value"], M::FairlyActiveMinutes, as_is)],
    ),
    spec(
        F::VeryJson,
        ("very_active_minutes.json", &["very_active_minutes"], "json"),
        (Day, Local, 1),
        &[column(&["value"], M::VeryActiveMinutes, as_is)],
    ),
    // The zone below all others counts the minutes without the device too.
    spec(
        F::HeartZonesJson,
        ("time_in_heart_rate_zones.json", &["time_in_heart_rate_zones"], "json"),
        (Day, Local, 1),
        &[
            optional(&["in_default_zone_1"], M::ModerateHeartZoneMinutes, as_is),
            optional(&["in_default_zone_2"], M::VigorousHeartZoneMinutes, as_is),
            optional(&["in_default_zone_3"], M::PeakHeartZoneMinutes, as_is),
        ],
    ),
    spec(
        F::RunVo2Json,
        ("run_vo2_max.json", &["run_vo2_max"], "json"),
        (Day, Utc, 2),
        &[column(&["filteredrunvo2max"], M::Vo2Max, above_zero)],
    ),
    spec(
        F::DemographicVo2Json,
        ("demographic_vo2_max.json", &["demographic_vo2_max"], "json"),
        (Day, Local, 4),
        &[column(&["filtereddemographicvo2max"], M::Vo2Max, above_zero)],
    ),
    spec(
        F::WeightJson,
        ("weight.json", &["weight"], "json"),
        (Minute, Local, 2),
        &[column(&["weight"], M::Weight, pounds), optional(&["fat"], M::BodyFat, above_zero)],
    )
    .readings(),
    spec(
        F::ZoneMinutesFolder,
        ("Active Zone Minutes", &["active_zone_minutes"], "friendly.csv"),
        (Minute, Local, 2),
        &[column(&["total_minutes"], M::ActiveZoneMinutes, as_is)],
    ),
    spec(
        F::VariabilityDaily,
        ("Daily Heart Rate Variability Summary", &["daily_heart_rate_variability_summary"], "csv"),
        (Day, Local, 2),
        &[column(&["rmssd"], M::HeartRateVariability, above_zero)],
    ),
    spec(
        F::VariabilityDetails,
        ("Heart Rate Variability Details", &["heart_rate_variability_details"], "csv"),
        (Minute, Local, 2),
        &[column(&["rmssd"], M::HeartRateVariability, above_zero)],
    )
    .readings(),
    spec(
        F::BreathingDaily,
        ("Daily Respiratory Rate Summary", &["daily_respiratory_rate_summary"], "csv"),
        (Day, Local, 3),
        &[column(&["daily_respiratory_rate"], M::BreathingRate, breaths)],
    ),
    spec(
        F::OxygenMinutes,
        ("Minute SpO2", &["minute_spo"], "csv"),
        (Minute, Utc, 2),
        &[column(&["value"], M::OxygenSaturation, oxygen)],
    )
    .readings(),
    spec(
        F::OxygenDaily,
        ("Daily SpO2", &["daily_spo"], "csv"),
        (Day, Local, 2),
        &[
            column(&["average_value"], M::OxygenSaturation, oxygen),
            optional(&["lower_bound"], M::OxygenSaturationLowerBound, above_zero),
            optional(&["upper_bound"], M::OxygenSaturationUpperBound, above_zero),
        ],
    ),
    spec(
        F::ComputedTemperature,
        ("Computed Temperature", &["computed_temperature"], "csv"),
        (Day, Local, 2),
        &[
            column(&["nightly_temperature"], M::SkinTemperature, as_is),
            optional(&["baseline_relative_sample_sum"], M::SkinTemperatureRelative, as_is),
            optional(&["temperature_samples"], M::SkinTemperatureRelative, as_is),
        ],
    )
    .finished(mean_of_samples),
    spec(
        F::SleepScore,
        ("sleep_score.csv", &["sleep_score"], "csv"),
        (Day, Utc, 3),
        &[column(&["resting_heart_rate"], M::RestingHeartRate, above_zero)],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_nothing_is_no_value() {
        assert_eq!(oxygen(50.0), None);
        assert_eq!(breaths(-1.0), None);
        assert_eq!(breaths(15_800.0), Some(15.8));
        assert_eq!(breaths(15.8), Some(15.8));
        assert_eq!(above_zero(0.0), None);
        let mut night = [Some(34.5), Some(-2.4), Some(12.0)];
        mean_of_samples(&mut night);
        assert_eq!(night, [Some(34.5), Some(-2.4 / 12.0), None]);
        let mut first = [Some(34.5), None, None];
        against_baseline(&mut first);
        assert_eq!(first, [Some(34.5), None, None]);
    }
}
