//! Fitbit's other answers: nights, zones, readings at instants, exercises.

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::endpoint,
    observation::{ExerciseRecord, Parsed, SampleBatch, SampleTimes, SampleValues, SessionTimes},
    time::local_ms,
};
use pulsekeep_provider::{ParseError, fitbit::parse};

fn read(key: &str, body: &str) -> Parsed {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap()
}

fn codes(parsed: &Parsed) -> Vec<&str> {
    parsed.warnings.iter().map(|w| w.code).collect()
}

fn values(parsed: &Parsed) -> Vec<(Metric, Date, f64)> {
    assert_eq!(codes(parsed), [""; 0]);
    parsed.daily.iter().map(|v| (v.metric, v.day, v.value)).collect()
}

const FIRST: Date = date(2023, 1, 1);

#[test]
fn every_activity_series_is_read_under_its_own_name() {
    for (key, name, metric, text, expected) in [
        ("fitbit.floors.day", "floors", Metric::Floors, "26", 26.0),
        ("fitbit.elevation.day", "elevation", Metric::Elevation, "79.248", 79.248),
        ("fitbit.active_calories.day", "activityCalories", Metric::ActiveCalories, "1457", 1457.0),
        ("fitbit.basal_calories.day", "caloriesBMR", Metric::BasalCalories, "1623", 1623.0),
        ("fitbit.sedentary_minutes.day", "minutesSedentary", Metric::SedentaryMinutes, "1440", 1440.0),
        (
            "fitbit.lightly_active_minutes.day",
            "minutesLightlyActive",
            Metric::LightlyActiveMinutes,
            "59",
            59.0,
        ),
        ("fitbit.fairly_active_minutes.day", "minutesFairlyActive", Metric::FairlyActiveMinutes, "0", 0.0),
        ("fitbit.very_active_minutes.day", "minutesVeryActive", Metric::VeryActiveMinutes, "91", 91.0),
    ] {
        let body = format!(r#"{{"activities-{name}":[{{"dateTime":"2023-01-01","value":"{text}"}}]}}"#);
        assert_eq!(values(&read(key, &body)), [(metric, FIRST, expected)], "{key}");
    }
}

#[test]
fn zones_of_active_minutes_that_are_left_out_have_none() {
    let body = include_str!("../fixtures/fitbit/active_zone_minutes_by_day.json");
    let third = date(2023, 1, 3);
    let expected = [
        (Metric::ActiveZoneMinutes, FIRST, 9.0),
        (Metric::ActiveZoneMinutes, third, 272.0),
        (Metric::FatBurnZoneMinutes, FIRST, 9.0),
        (Metric::FatBurnZoneMinutes, third, 222.0),
        (Metric::CardioZoneMinutes, third, 50.0),
    ];
    assert_eq!(values(&read("fitbit.active_zone_minutes.day", body)), expected);
}

#[test]
fn heart_zones_are_those_that_the_heart_names() {
    let body = r#"{"activities-heart":[{"dateTime":"2023-01-01","value":{"customHeartRateZones":[{"name":"Peak","minutes":99}],"heartRateZones":[
        {"caloriesOut":1651.5,"max":115,"min":30,"minutes":1380,"name":"Out of Range"},{"max":140,"min":115,"minutes":41,"name":"Fat Burn"},
        {"minutes":"0","name":"Cardio"},{"name":"Peak","min":171,"max":220}],"restingHeartRate":59}}]}"#;
    let expected = [
        (Metric::RestingHeartRate, FIRST, 59.0),
        (Metric::ModerateHeartZoneMinutes, FIRST, 41.0),
        (Metric::VigorousHeartZoneMinutes, FIRST, 0.0),
    ];
    assert_eq!(values(&read("fitbit.resting_heart_rate.day", body)), expected);
}

#[test]
fn nights_have_variability_twice_and_breathing_without_its_mark_of_absence() {
    let body = include_str!("../fixtures/fitbit/heart_rate_variability_by_day.json");
    let day = date(2023, 6, 1);
    let expected =
        [(Metric::HeartRateVariability, day, 44.565), (Metric::HeartRateVariabilityDeep, day, 48.558)];
    assert_eq!(values(&read("fitbit.heart_rate_variability.day", body)), expected);
    let body = r#"{"br":[{"value":{"breathingRate":17.8},"dateTime":"2023-06-01"},{"value":{"breathingRate":-1},"dateTime":"2023-06-02"}]}"#;
    assert_eq!(values(&read("fitbit.breathing_rate.day", body)), [(Metric::BreathingRate, day, 17.8)]);
    let impossible = read("fitbit.breathing_rate.day", &body.replace("17.8", "-2"));
    assert_eq!(codes(&impossible), ["out_of_range"]);
}

#[test]
fn saturation_comes_bare_as_an_array_or_one_day() {
    let one = r#"{"dateTime":"2023-01-01","value":{"avg":96.2,"max":98.3,"min":94}}"#;
    let expected = [
        (Metric::OxygenSaturation, FIRST, 96.2),
        (Metric::OxygenSaturationMin, FIRST, 94.0),
        (Metric::OxygenSaturationMax, FIRST, 98.3),
    ];
    let key = "fitbit.oxygen_saturation.day";
    assert_eq!(values(&read(key, one)), expected);
    assert_eq!(values(&read(key, &format!("[{one}]"))), expected);
    assert_eq!(values(&read(key, r#"[{"dateTime":"2023-01-02"}]"#)), []);
}

#[test]
fn fitness_is_the_middle_of_a_range_until_a_run_narrows_it() {
    for (text, expected) in [(r#""47-51""#, 49.0), (r#""47.6""#, 47.6), ("47", 47.0), (r#""45 – 50""#, 47.5)]
    {
        let body = format!(r#"{{"cardioScore":[{{"dateTime":"2023-01-01","value":{{"vo2Max":{text}}}}}]}}"#);
        assert_eq!(values(&read("fitbit.vo2_max.day", &body)), [(Metric::Vo2Max, FIRST, expected)], "{text}");
    }
    let body = r#"{"cardioScore":[{"dateTime":"2023-01-01","value":{"vo2Max":"good-"}}]}"#;
    let parsed = read("fitbit.vo2_max.day", body);
    assert_eq!((codes(&parsed), parsed.daily.len()), (vec!["not_a_number"], 0));
}

/// Readings at wall-clock seconds of the fourth of October 2021.
fn batch(metric: Metric, times: &[(i8, i8, i8)], values: &[f64]) -> SampleBatch {
    let at = times.iter().map(|&(h, m, s)| local_ms(date(2021, 10, 4).at(h, m, s, 0))).collect();
    SampleBatch {
        metric,
        interval_ms: 0,
        times: SampleTimes::Local(at),
        values: SampleValues::Single(values.to_vec()),
    }
}

#[test]
fn readings_of_a_night_have_their_own_dates() {
    let night = r#"{"minutes":[{"minute":"2021-10-03T23:58:00.000","value":{"rmssd":30.5,"coverage":0.9,"hf":1,"lf":2}},
        {"minute":"2021-10-04T00:03:00.000","value":{"rmssd":26.617}}],"dateTime":"2021-10-04"}"#;
    let parsed = read("fitbit.heart_rate_variability.minute", &format!(r#"{{"hrv":[{night}]}}"#));
    let SampleTimes::Local(at) = &parsed.samples[0].times else { panic!("wall clocks") };
    assert_eq!(at[0], local_ms(date(2021, 10, 3).at(23, 58, 0, 0)));
    assert_eq!(parsed.samples[0].values, SampleValues::Single(vec![30.5, 26.617]));
    let saturation = r#"{"dateTime":"2021-10-04","minutes":[{"value":95.7,"minute":"2021-10-04T04:02:17"},{"value":95.9,"minute":"2021-10-04T04:03:17"}]}"#;
    let expected = batch(Metric::OxygenSaturation, &[(4, 2, 17), (4, 3, 17)], &[95.7, 95.9]);
    let key = "fitbit.oxygen_saturation.minute";
    assert_eq!(read(key, saturation).samples, std::slice::from_ref(&expected));
    assert_eq!(read(key, &format!("[{saturation}]")).samples, std::slice::from_ref(&expected));
    let clocks = saturation.replace("2021-10-04T", "").replace(r#""dateTime":"2021-10-04","#, "");
    assert_eq!(codes(&read(key, &clocks)), ["missing_time"], "clock times alone need the day");
    let behind = clocks.replace("]}", r#"],"dateTime":"2021-10-04"}"#);
    assert_eq!(read(key, &behind).samples, [expected]);
}

#[test]
fn heart_rate_by_the_second_is_readings() {
    let body = r#"{"activities-heart":[{"dateTime":"2021-10-04","value":{}}],"activities-heart-intraday":{"dataset":[
        {"time":"00:00:03","value":58},{"time":"00:00:08","value":59},{"time":"00:00:23","value":57}],"datasetInterval":1,"datasetType":"second"}}"#;
    let parsed = read("fitbit.heart_rate.native", body);
    let expected = batch(Metric::HeartRate, &[(0, 0, 3), (0, 0, 8), (0, 0, 23)], &[58.0, 59.0, 57.0]);
    assert_eq!(parsed.samples, [expected]);
}

#[test]
fn logs_are_readings_on_the_wall_clock() {
    let weight = r#"{"weight":[{"bmi":22.86,"date":"2021-10-04","fat":18,"logId":1685577599000,"source":"API","time":"23:59:59","weight":70},
        {"date":"2021-10-04","time":"07:00:00","weight":"NaN"},{"date":"2021-10-04","weight":70},{"date":"2021-10-04","time":"07:10:00"}]}"#;
    let parsed = read("fitbit.weight.reading", weight);
    assert_eq!(parsed.samples, [batch(Metric::Weight, &[(23, 59, 59)], &[70.0])]);
    assert_eq!(codes(&parsed), ["not_a_number", "missing_time", "missing_value"]);
    assert!(!format!("{:?}", parsed.warnings).contains("70"), "warnings never tell the value");
    let fat = r#"{"fat":[{"date":"2021-10-04","fat":14.5,"logId":1,"source":"Aria","time":"06:30:00"}]}"#;
    assert_eq!(
        read("fitbit.body_fat.reading", fat).samples,
        [batch(Metric::BodyFat, &[(6, 30, 0)], &[14.5])]
    );
    let core = r#"{"tempCore":[{"dateTime":"2021-10-04T10:00:00","value":37.5}]}"#;
    let expected = batch(Metric::CoreTemperature, &[(10, 0, 0)], &[37.5]);
    assert_eq!(read("fitbit.core_temperature.reading", core).samples, [expected]);
}

const LIST: &str = r#"{"activities":[{"activeDuration":973000,"activityName":"Walk","activityTypeId":90013,"averageHeartRate":95,"calories":105,"duration":975000,"elevationGain":3.048,
    "hasActiveZoneMinutes":true,"activeZoneMinutes":{"minutesInHeartRateZones":[{"minutes":0,"type":"FAT_BURN"}],"totalMinutes":4},
    "distance":1.2843,"distanceUnit":"Kilometer","lastModified":"2022-12-31T13:57:45.000Z","logId":52884850413,"logType":"auto_detected",
    "originalDuration":973000,"originalStartTime":"2022-12-31T22:29:13.000+09:00","startTime":"2022-12-31T22:29:13.000+09:00","steps":1463,
    "source":{"id":"1","name":"Charge 5","trackerFeatures":["GPS","STEPS"],"type":"tracker"},"tcxLink":"https://api.fitbit.com/1/user/-/activities/52884850413.tcx"}],
    "pagination":{"afterDate":"2022-12-30","limit":1,"next":"https://api.fitbit.com/1/user/-/activities/list.json?offset=1&limit=1&sort=asc&afterDate=2022-12-30","offset":0,"previous":"","sort":"asc"}}"#;

#[test]
fn exercises_have_offsets_here_and_lead_to_the_next_page() {
    let parsed = read("fitbit.exercise", LIST);
    let start = EpochMs::from("2022-12-31T13:29:13Z".parse::<Timestamp>().unwrap());
    let expected = ExerciseRecord {
        external_id: "52884850413".to_owned(),
        times: SessionTimes::Instants {
            start,
            end: start.plus(975_000),
            start_offset: 32_400,
            end_offset: 32_400,
        },
        day: date(2022, 12, 31),
        kind: "walk".to_owned(),
        name: "Walk".to_owned(),
        active_ms: Some(973_000),
        distance_m: Some(1284.3),
        steps: Some(1463),
        energy_kcal: Some(105.0),
        mean_heart_rate: Some(95.0),
        elevation_gain_m: Some(3.048),
        active_zone_minutes: Some(4),
        has_route: true,
    };
    assert_eq!(parsed.exercises, [expected]);
    assert_eq!(codes(&parsed), [""; 0]);
    assert_eq!(parsed.next_page.as_deref(), Some("offset=1&limit=1&sort=asc&afterDate=2022-12-30"));
    let bare = LIST.replace(
        r#","source":{"id":"1","name":"Charge 5","trackerFeatures":["GPS","STEPS"],"type":"tracker"}"#,
        "",
    );
    assert!(!read("fitbit.exercise", &bare.replace("\n    \"source\"", "\"x\"")).exercises[0].has_route);
}

#[test]
fn the_next_page_is_of_the_same_list_or_an_error() {
    let body = |next: &str| format!(r#"{{"activities":[],"pagination":{{"next":"{next}"}}}}"#);
    assert_eq!(read("fitbit.exercise", &body("")), Parsed::default());
    assert_eq!(read("fitbit.exercise", r#"{"activities":[]}"#), Parsed::default());
    let list = endpoint("fitbit.exercise").unwrap();
    for foreign in [
        "https://api.fitbit.com/1/user/-/devices.json?offset=1",
        "https://api.fitbit.com/1/user/-/activities/list.json",
        "/1/user/-/activities/list.json?offset=1",
        "nowhere",
    ] {
        assert_eq!(parse(list, body(foreign).as_bytes()), Err(ParseError::ForeignPage), "{foreign}");
    }
}

#[test]
fn miles_are_miles_and_an_exercise_without_its_length_is_left_out() {
    let parsed = read("fitbit.exercise", &LIST.replace("Kilometer", "Mile"));
    assert!((parsed.exercises[0].distance_m.unwrap() - 2066.88).abs() < 0.01);
    let parsed = read("fitbit.exercise", &LIST.replace("Kilometer", "Furlong"));
    assert_eq!((parsed.exercises[0].distance_m, codes(&parsed)), (None, vec!["unknown_enum"]));
    let parsed = read("fitbit.exercise", &LIST.replace("uration\":97", "uration\":-97"));
    assert_eq!((parsed.exercises.len(), codes(&parsed)), (0, vec!["missing_time"]));
    let local = read("fitbit.exercise", &LIST.replace("22:29:13.000+09:00", "22:29:13.000"));
    let start = local_ms(date(2022, 12, 31).at(22, 29, 13, 0));
    assert_eq!(local.exercises[0].times, SessionTimes::Local { start, end: start + 975_000 });
}
