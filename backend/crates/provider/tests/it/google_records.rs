//! Google's other records: levels and zones of a day, nights, samples at instants, exercises.

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::endpoint,
    observation::{ExerciseRecord, Parsed, SampleBatch, SampleTimes, SampleValues, SessionTimes},
};
use pulsekeep_provider::google_health::parse;

fn at(text: &str) -> EpochMs {
    EpochMs::from(text.parse::<Timestamp>().unwrap())
}

fn read(key: &str, body: &str) -> Parsed {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap()
}

fn codes(parsed: &Parsed) -> Vec<&str> {
    parsed.warnings.iter().map(|w| w.code).collect()
}

fn values(parsed: &Parsed) -> Vec<(Metric, Date, f64)> {
    parsed.daily.iter().map(|v| (v.metric, v.day, v.value)).collect()
}

/// A daily rollup of the 28th of September 2026.
fn rolled(key: &str, value: &str) -> Parsed {
    let day = r#""civilStartTime":{"date":{"year":2026,"month":9,"day":28},"time":{}}"#;
    read(key, &format!(r#"{{"rollupDataPoints":[{{{day},{value}}}]}}"#))
}

fn points(key: &str, points: &[String]) -> Parsed {
    read(key, &format!(r#"{{"dataPoints":[{}]}}"#, points.join(",")))
}

const DAY: Date = date(2026, 9, 28);

#[test]
fn levels_of_activity_are_minutes_and_those_left_out_have_none() {
    let parsed = rolled(
        "google.activity_level.day",
        r#""activityLevel":{"activityLevelRollupsByActivityLevelType":[
            {"activityLevelType":"LIGHTLY_ACTIVE","totalDuration":"7230s"},{"activityLevelType":"SEDENTARY","totalDuration":"43200s"},
            {"totalDuration":"60s","activityLevelType":"VERY_ACTIVE"}]}"#,
    );
    let expected = [
        (Metric::SedentaryMinutes, DAY, 720.0),
        (Metric::LightlyActiveMinutes, DAY, 120.5),
        (Metric::VeryActiveMinutes, DAY, 1.0),
    ];
    assert_eq!(values(&parsed), expected);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn zones_of_heart_rate_are_minutes_and_zero_is_zero() {
    let parsed = rolled(
        "google.heart_zones.day",
        r#""timeInHeartRateZone":{"timeInHeartRateZones":[{"heartRateZone":"LIGHT","duration":"3600s"},
            {"heartRateZone":"MODERATE","duration":"0s"},{"heartRateZone":"PEAK","duration":"NaN"},{"heartRateZone":"BEYOND","duration":"1s"},
            {"heartRateZone":"VIGOROUS"}]}"#,
    );
    let expected = [(Metric::LightHeartZoneMinutes, DAY, 60.0), (Metric::ModerateHeartZoneMinutes, DAY, 0.0)];
    assert_eq!(values(&parsed), expected);
    assert_eq!(codes(&parsed), ["unknown_enum", "not_a_number"]);
    assert_eq!(parsed.warnings[0].place, "rollupDataPoints[0].timeInHeartRateZone");
    assert_eq!(values(&rolled("google.heart_zones.day", r#""timeInHeartRateZone":{}"#)), []);
}

#[test]
fn climbing_and_energy_have_sums() {
    let floors = rolled("google.floors.day", r#""floors":{"countSum":"12"}"#);
    assert_eq!(values(&floors), [(Metric::Floors, DAY, 12.0)]);
    let height = rolled("google.elevation.day", r#""altitude":{"gainMillimetersSum":"36576"}"#);
    assert_eq!(values(&height), [(Metric::Elevation, DAY, 36.576)]);
    let misspelt = rolled("google.elevation.day", r#""altitude":{"gainMillimitersSum":"36576"}"#);
    assert_eq!(values(&misspelt), values(&height));
    let energy = rolled("google.active_calories.day", r#""activeEnergyBurned":{"kcalSum":812.25}"#);
    assert_eq!(values(&energy), [(Metric::ActiveCalories, DAY, 812.25)]);
}

#[test]
fn nights_have_bounds_of_a_confidence_interval_beside_the_mean() {
    let body = r#"{"dataPoints":[{"dailyOxygenSaturation":{"date":{"year":2026,"month":8,"day":6},"averagePercentage":99.3,"lowerBoundPercentage":97.9,"upperBoundPercentage":100}},
        {"dailyOxygenSaturation":{"date":{"year":2026,"month":8,"day":7},"averagePercentage":"NaN","lowerBoundPercentage":96}}]}"#;
    let parsed = read("google.oxygen_saturation.day", body);
    let expected = [
        (Metric::OxygenSaturation, date(2026, 8, 6), 99.3),
        (Metric::OxygenSaturationLowerBound, date(2026, 8, 6), 97.9),
        (Metric::OxygenSaturationLowerBound, date(2026, 8, 7), 96.0),
        (Metric::OxygenSaturationUpperBound, date(2026, 8, 6), 100.0),
    ];
    assert_eq!(values(&parsed), expected);
    assert_eq!(codes(&parsed), ["not_a_number"]);
}

#[test]
fn nights_have_variability_of_deep_sleep_breathing_and_fitness() {
    let body = include_str!("../fixtures/google/heart_rate_variability.json");
    let expected = [
        (Metric::HeartRateVariability, date(2026, 8, 6), 44.565),
        (Metric::HeartRateVariabilityDeep, date(2026, 8, 6), 48.558),
    ];
    assert_eq!(values(&read("google.heart_rate_variability.day", body)), expected);
    let day = r#""date":{"year":2026,"month":8,"day":6}"#;
    let record = |rest: &str| format!(r#"{{"{rest}}}"#);
    let breaths = record(&format!(r#"dailyRespiratoryRate":{{{day},"breathsPerMinute":15.4}}"#));
    let parsed = points("google.breathing_rate.day", &[breaths]);
    assert_eq!(values(&parsed), [(Metric::BreathingRate, date(2026, 8, 6), 15.4)]);
    let fitness =
        format!(r#"dailyVo2Max":{{{day},"vo2Max":44.8,"estimated":true,"cardioFitnessLevel":"GOOD"}}"#);
    let parsed = points("google.vo2_max.day", &[record(&fitness)]);
    assert_eq!(values(&parsed), [(Metric::Vo2Max, date(2026, 8, 6), 44.8)]);
}

fn sample(member: &str, time: &str, offset: &str, value: &str) -> String {
    format!(
        r#"{{"dataPointName":"","{member}":{{"sampleTime":{{"physicalTime":"{time}","utcOffset":"{offset}","civilTime":{{"date":{{"year":2026}},"time":{{"hours":8}}}}}},{value}}}}}"#
    )
}

fn batch(metric: Metric, times: &[&str], offsets: &[(usize, i32)], values: &[f64]) -> SampleBatch {
    SampleBatch {
        metric,
        interval_ms: 0,
        times: SampleTimes::Instants { at: times.iter().map(|t| at(t)).collect(), offsets: offsets.to_vec() },
        values: SampleValues::Single(values.to_vec()),
    }
}

#[test]
fn heart_rate_at_its_own_cadence_has_irregular_instants_and_offsets() {
    let beat = |time: &str, offset: &str, bpm: u8| {
        let value = format!(r#""beatsPerMinute":"{bpm}","metadata":{{"motionContext":"SEDENTARY"}}"#);
        sample("heartRate", time, offset, &value)
    };
    let parsed = points(
        "google.heart_rate.native",
        &[
            beat("2026-08-06T12:01:41.250Z", "-10800s", 75),
            beat("2026-08-06T12:01:34Z", "-14400s", 73),
            beat("2026-08-06T12:01:29Z", "-14400s", 72),
        ],
    );
    let times = ["2026-08-06T12:01:29Z", "2026-08-06T12:01:34Z", "2026-08-06T12:01:41.250Z"];
    let expected = batch(Metric::HeartRate, &times, &[(0, -14_400), (2, -10_800)], &[72.0, 73.0, 75.0]);
    assert_eq!(parsed.samples, [expected]);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn weights_become_kilograms_and_other_samples_stay_what_they_are() {
    let time = "2026-08-07T14:46:22.749348Z";
    for (key, member, value, metric, expected) in [
        ("google.weight.reading", "weight", r#""weightGrams":87090"#, Metric::Weight, 87.09),
        ("google.body_fat.reading", "bodyFat", r#""percentage":22.5"#, Metric::BodyFat, 22.5),
        (
            "google.core_temperature.reading",
            "coreBodyTemperature",
            r#""temperatureCelsius":36.9,"measurementLocation":"EAR""#,
            Metric::CoreTemperature,
            36.9,
        ),
        (
            "google.oxygen_saturation.minute",
            "oxygenSaturation",
            r#""percentage":96.4"#,
            Metric::OxygenSaturation,
            96.4,
        ),
        (
            "google.heart_rate_variability.minute",
            "heartRateVariability",
            r#""rootMeanSquareOfSuccessiveDifferencesMilliseconds":38.25,"standardDeviationMilliseconds":41.5"#,
            Metric::HeartRateVariability,
            38.25,
        ),
    ] {
        let parsed = points(key, &[sample(member, time, "-14400s", value)]);
        let time = "2026-08-07T14:46:22.749Z";
        assert_eq!(parsed.samples, [batch(metric, &[time], &[(0, -14_400)], &[expected])], "{key}");
        assert_eq!(codes(&parsed), [""; 0], "{key}");
    }
    let deviation = sample("heartRateVariability", time, "0s", r#""standardDeviationMilliseconds":41.5"#);
    let parsed = points("google.heart_rate_variability.minute", &[deviation]);
    assert_eq!(parsed, Parsed::default(), "a deviation alone is no variability of ours, and no fault");
}

#[test]
fn samples_without_time_or_value_are_left_out() {
    let parsed = points(
        "google.heart_rate.native",
        &[
            r#"{"heartRate":{"beatsPerMinute":"72"}}"#.to_owned(),
            sample("heartRate", "yesterday", "0s", r#""beatsPerMinute":"72""#),
            sample("heartRate", "2026-08-06T12:01:29Z", "0s", r#""metadata":{}"#),
            sample("heartRate", "2026-08-06T12:01:30Z", "0s", r#""beatsPerMinute":"720""#),
        ],
    );
    assert_eq!(parsed.samples, []);
    assert_eq!(codes(&parsed), ["missing_time", "missing_time", "missing_value", "out_of_range"]);
    assert_eq!(parsed.warnings[3].place, "dataPoints[3].heartRate");
}

#[test]
fn minutes_of_climbing_and_energy() {
    let minute = |member: &str, value: &str| {
        format!(
            r#"{{"{member}":{{"interval":{{"startTime":"2026-08-06T12:01:00Z","startUtcOffset":"7200s","endTime":"2026-08-06T12:02:00Z"}},{value}}}}}"#
        )
    };
    for (key, member, value, expected) in [
        ("google.floors.minute", "floors", r#""count":"2""#, 2.0),
        ("google.elevation.minute", "altitude", r#""gainMillimeters":"3048""#, 3.048),
        (
            "google.active_calories.minute",
            "activeEnergyBurned",
            r#""kcal":0.7933980000000002"#,
            0.793_398_000_000_000_2,
        ),
        ("google.basal_calories.minute", "basalEnergyBurned", r#""kcal":1.25"#, 1.25),
    ] {
        let parsed = points(key, &[minute(member, value)]);
        let [batch] = &parsed.samples[..] else { panic!("{key}: one batch") };
        assert_eq!((batch.interval_ms, batch.values.main()), (60_000, &[expected][..]), "{key}");
        assert_eq!(codes(&parsed), [""; 0], "{key}");
    }
}

const WALK: &str = r#"{"dataPointName":"users/0/dataTypes/exercise/dataPoints/77","exercise":{
    "interval":{"startTime":"2026-08-05T23:30:00Z","startUtcOffset":"7200s","endTime":"2026-08-06T00:00:00Z","endUtcOffset":"7200s"},
    "exerciseType":"WALKING","displayName":"Walk","activeDuration":"1025.500s","exerciseMetadata":{"hasGps":true},
    "exerciseEvents":[{"eventTime":"2026-08-05T23:30:00Z","exerciseEventType":"START"}],
    "metricsSummary":{"caloriesKcal":130,"distanceMillimeters":1284300,"steps":"1606","averagePaceSecondsPerMeter":0.8,
      "averageHeartRateBeatsPerMinute":"80","elevationGainMillimeters":3048,"activeZoneMinutes":"7","heartRateZoneDurations":{"lightTime":"1020s"}}}}"#;

#[test]
fn exercises_have_their_sums_and_the_day_of_their_start() {
    let parsed = points("google.exercise", &[WALK.to_owned()]);
    let expected = ExerciseRecord {
        external_id: "77".to_owned(),
        times: SessionTimes::Instants {
            start: at("2026-08-05T23:30:00Z"),
            end: at("2026-08-06T00:00:00Z"),
            start_offset: 7200,
            end_offset: 7200,
        },
        day: date(2026, 8, 6),
        kind: "walking".to_owned(),
        name: "Walk".to_owned(),
        active_ms: Some(1_025_500),
        distance_m: Some(1284.3),
        steps: Some(1606),
        energy_kcal: Some(130.0),
        mean_heart_rate: Some(80.0),
        elevation_gain_m: Some(3.048),
        active_zone_minutes: Some(7),
        has_route: true,
    };
    assert_eq!(parsed.exercises, [expected]);
    assert_eq!(codes(&parsed), [""; 0]);
    let misspelt = points("google.exercise", &[WALK.replace("Millimeters", "Millimiters")]);
    assert_eq!(misspelt, parsed);
}

#[test]
fn what_an_exercise_does_not_say_is_unknown() {
    let bare = r#"{"exercise":{"interval":{"startTime":"2026-08-06T08:00:00Z","endTime":"2026-08-06T08:30:00Z"},"exerciseMetadata":{},
        "exerciseType":"A_LATER_SPORT","metricsSummary":{"steps":"NaN","caloriesKcal":-1}}}"#;
    let reversed = WALK.replace("2026-08-06T00:00:00Z", "2026-08-05T00:00:00Z");
    let parsed = points("google.exercise", &[bare.to_owned(), reversed, "{}".to_owned()]);
    let [exercise] = &parsed.exercises[..] else { panic!("one exercise") };
    assert_eq!((exercise.kind.as_str(), exercise.name.as_str()), ("a_later_sport", "A_LATER_SPORT"));
    assert_eq!(exercise.external_id, format!("at-{}", at("2026-08-06T08:00:00Z").0));
    assert_eq!((exercise.steps, exercise.energy_kcal, exercise.active_ms), (None, None, None));
    assert!(!exercise.has_route);
    let expected = ["no_offset", "no_name", "not_a_number", "out_of_range", "missing_time", "missing_member"];
    assert_eq!(codes(&parsed), expected);
}
