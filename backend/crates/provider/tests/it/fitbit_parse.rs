//! Fitbit's answers, as recorded and as client authors have seen them.

use jiff::civil::{Date, date};
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{endpoint, endpoints_of},
    job::FailureCode,
    observation::{
        DailyValue, Parsed, SampleBatch, SampleTimes, SampleValues, SessionTimes, SleepKind, SleepLevel,
        SleepStage, SleepSummary,
    },
    time::local_ms,
};
use pulsekeep_provider::{ParseError, fitbit::parse};

fn read(key: &str, body: &str) -> Parsed {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap()
}

fn refused(key: &str, body: &str) -> ParseError {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap_err()
}

fn codes(parsed: &Parsed) -> Vec<&str> {
    parsed.warnings.iter().map(|w| w.code).collect()
}

fn days(parsed: &Parsed, metric: Metric) -> Vec<(Date, f64)> {
    assert_eq!(codes(parsed), [""; 0]);
    parsed.daily.iter().filter(|v| v.metric == metric).map(|v| (v.day, v.value)).collect()
}

/// Samples at wall-clock minutes `(hour, minute)` of `day`.
fn batch(metric: Metric, day: Date, times: &[(i8, i8)], values: &[f64]) -> SampleBatch {
    let at = times.iter().map(|&(hour, minute)| local_ms(day.at(hour, minute, 0, 0))).collect();
    SampleBatch {
        metric,
        interval_ms: 60_000,
        times: SampleTimes::Local(at),
        values: SampleValues::Single(values.to_vec()),
    }
}

#[test]
fn daily_strings_are_numbers_and_zero_is_zero() {
    let (first, second) = (date(2023, 1, 1), date(2023, 1, 2));
    let steps = read("fitbit.steps.day", include_str!("../fixtures/fitbit/steps_by_day.json"));
    assert_eq!(days(&steps, Metric::Steps), [(first, 9210.0), (second, 0.0)]);
    let distance = read("fitbit.distance.day", include_str!("../fixtures/fitbit/distance_by_day.json"));
    assert_eq!(days(&distance, Metric::Distance), [(first, 6_428.2), (second, 0.0)]);
    let calories = read("fitbit.calories.day", include_str!("../fixtures/fitbit/calories_by_day.json"));
    assert_eq!(days(&calories, Metric::Calories), [(first, 2732.0), (second, 1651.0)]);
}

#[test]
fn zone_minutes_leave_days_out() {
    let body = include_str!("../fixtures/fitbit/active_zone_minutes_by_day.json");
    let expected = [(date(2023, 1, 1), 9.0), (date(2023, 1, 3), 272.0)];
    let key = "fitbit.active_zone_minutes.day";
    assert_eq!(days(&read(key, body), Metric::ActiveZoneMinutes), expected);
    let without_total =
        body.replace(",\"activeZoneMinutes\":9", "").replace(",\"activeZoneMinutes\":272", "");
    assert_eq!(days(&read(key, &without_total), Metric::ActiveZoneMinutes), expected, "zones add up");
}

#[test]
fn a_day_without_resting_heart_rate_has_none() {
    let parsed = read("fitbit.resting_heart_rate.day", include_str!("../fixtures/fitbit/heart_by_day.json"));
    assert_eq!(days(&parsed, Metric::RestingHeartRate), [(date(2023, 1, 1), 59.0)]);
}

#[test]
fn nights_have_variability_and_relative_temperature() {
    let body = include_str!("../fixtures/fitbit/heart_rate_variability_by_day.json");
    let parsed = read("fitbit.heart_rate_variability.day", body);
    assert_eq!(days(&parsed, Metric::HeartRateVariability), [(date(2023, 6, 1), 44.565)]);
    let body = include_str!("../fixtures/fitbit/skin_temperature_by_day.json");
    let parsed = read("fitbit.skin_temperature_relative.day", body);
    let expected = [(date(2023, 6, 6), 0.1), (date(2023, 6, 7), -1.4)];
    assert_eq!(days(&parsed, Metric::SkinTemperatureRelative), expected);
}

#[test]
fn heart_rate_keeps_its_gaps() {
    let parsed =
        read("fitbit.heart_rate.minute", include_str!("../fixtures/fitbit/heart_rate_by_minute.json"));
    let times = [(0, 0), (0, 1), (8, 8), (8, 42)];
    let expected = batch(Metric::HeartRate, date(2017, 6, 29), &times, &[58.0, 58.0, 61.0, 88.0]);
    assert_eq!(parsed.samples, [expected]);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn zeros_of_minutes_are_zeros() {
    let parsed = read("fitbit.steps.minute", include_str!("../fixtures/fitbit/steps_by_minute.json"));
    let times = [(0, 0), (0, 1), (0, 2)];
    assert_eq!(parsed.samples, [batch(Metric::Steps, date(2016, 3, 8), &times, &[1.0, 0.0, 0.0])]);
}

#[test]
fn the_detail_may_stand_before_the_day() {
    let parsed = read("fitbit.calories.minute", include_str!("../fixtures/fitbit/calories_by_minute.json"));
    let expected = batch(Metric::Calories, date(2015, 3, 20), &[(0, 0)], &[1.185_700_058_937_072_8]);
    assert_eq!(parsed.samples, [expected]);
}

#[test]
fn distances_within_a_day_become_metres() {
    let body = include_str!("../fixtures/fitbit/steps_by_minute.json").replace("-steps", "-distance");
    let parsed = read("fitbit.distance.minute", &body.replace("\"value\":1}", "\"value\":0.0625}"));
    assert_eq!(parsed.samples[0].values, SampleValues::Single(vec![62.5, 0.0, 0.0]));
}

#[test]
fn zone_minutes_come_in_two_shapes() {
    let key = "fitbit.active_zone_minutes.minute";
    let expected = batch(Metric::ActiveZoneMinutes, date(2025, 3, 26), &[(17, 28), (17, 29)], &[2.0, 1.0]);
    let seen = read(key, include_str!("../fixtures/fitbit/active_zone_minutes_by_minute.json"));
    assert_eq!(seen.samples, std::slice::from_ref(&expected));
    let dataset = r#"{"activities-active-zone-minutes":[{"dateTime":"2025-03-26","value":{"activeZoneMinutes":3}}],
        "activities-active-zone-minutes-intraday":{"dataset":[{"time":"17:28:00","value":{"activeZoneMinutes":2}},{"time":"17:29:00","value":1}],
        "datasetInterval":1,"datasetType":"minute"}}"#;
    let modelled = read(key, dataset);
    assert_eq!(modelled.samples, [expected]);
    assert_eq!((codes(&seen), codes(&modelled)), (vec![], vec![]));
}

#[test]
fn two_rows_of_a_minute_add_up_for_sums_and_replace_for_rates() {
    let body = |name: &str| {
        format!(
            r#"{{"activities-{name}":[{{"dateTime":"2016-03-08"}}],"activities-{name}-intraday":{{"dataset":[{{"time":"00:01:00","value":50}},{{"time":"00:00:00","value":40}},{{"time":"00:01","value":60}}]}}}}"#
        )
    };
    let steps = read("fitbit.steps.minute", &body("steps"));
    assert_eq!(steps.samples[0].values.main(), [40.0, 110.0]);
    assert_eq!(codes(&steps), [""; 0]);
    let heart = read("fitbit.heart_rate.minute", &body("heart"));
    assert_eq!(heart.samples[0].values.main(), [40.0, 60.0]);
    assert_eq!(codes(&heart), ["repeated_instant"]);
}

#[test]
fn a_day_without_any_data_has_zeros_and_no_day() {
    let zeros = r#"{"activities-calories":[],"activities-calories-intraday":{"dataset":[{"level":0,"mets":0,"time":"00:00:00","value":0}]}}"#;
    assert_eq!(read("fitbit.calories.minute", zeros), Parsed::default());
    let lost = zeros.replace("\"value\":0", "\"value\":1.2");
    assert_eq!(refused("fitbit.calories.minute", &lost), ParseError::NoDay, "data is never passed over");
    let zones = r#"{"activities-active-zone-minutes-intraday":{"dataset":[{"time":"17:28:00","value":1}]}}"#;
    assert_eq!(refused("fitbit.active_zone_minutes.minute", zones), ParseError::NoDay);
}

#[test]
fn an_answer_without_detail_says_that_intraday_access_is_missing() {
    for (key, name) in
        [("fitbit.steps.minute", "steps"), ("fitbit.active_zone_minutes.minute", "active-zone-minutes")]
    {
        let error =
            refused(key, &format!(r#"{{"activities-{name}":[{{"dateTime":"2016-03-08","value":"7390"}}]}}"#));
        assert_eq!(error, ParseError::NoDetail);
        assert_eq!(error.failure_code(), FailureCode::MissingScope);
    }
}

#[test]
fn values_that_nobody_can_have_are_left_out() {
    let body =
        include_str!("../fixtures/fitbit/heart_rate_by_minute.json").replace("\"value\":88", "\"value\":0");
    let parsed = read("fitbit.heart_rate.minute", &body);
    assert_eq!(parsed.samples[0].times.len(), 3);
    assert_eq!(parsed.warnings[0].code, "out_of_range");
    assert_eq!(parsed.warnings[0].place, "activities-heart-intraday.dataset[3].value");
}

#[test]
fn sleep_has_local_times_stages_and_short_wakes() {
    let parsed = read("fitbit.sleep", include_str!("../fixtures/fitbit/sleep_stages.json"));
    assert_eq!(codes(&parsed), [""; 0]);
    let [sleep] = &parsed.sleep[..] else { panic!("one log") };
    let clock = |hour, minute, second| local_ms(date(2023, 1, 1).at(hour, minute, second, 0));
    assert_eq!(sleep.external_id, "39633217639");
    assert_eq!(sleep.day, date(2023, 1, 1));
    assert_eq!(sleep.times, SessionTimes::Local { start: clock(3, 1, 30), end: clock(12, 21, 30) });
    assert_eq!((sleep.kind, sleep.is_main, sleep.is_processed), (SleepKind::Stages, true, true));
    let stage = |start, seconds: i64, level| SleepStage { start, end: start + seconds * 1000, level };
    assert_eq!(
        sleep.stages,
        [stage(clock(3, 1, 30), 390, SleepLevel::Awake), stage(clock(3, 8, 0), 270, SleepLevel::Light)]
    );
    assert_eq!(sleep.short_awakenings, [stage(clock(3, 10, 0), 60, SleepLevel::Awake)]);
    let summary = SleepSummary {
        asleep: Some(493),
        awake: Some(67),
        in_bed: Some(560),
        to_fall_asleep: Some(0),
        deep: Some(122),
        light: Some(233),
        rem: Some(138),
        wake_stage: Some(67),
    };
    assert_eq!(sleep.summary, summary);
}

#[test]
fn classic_sleep_has_no_stages_of_depth() {
    let body = r#"{"sleep":[{"dateOfSleep":"2023-01-02","endTime":"2023-01-02T15:00:00.000","isMainSleep":false,"infoCode":2,
        "levels":{"data":[{"dateTime":"2023-01-02T14:00:00.000","level":"asleep","seconds":3000},{"dateTime":"2023-01-02T14:50:00.000","level":"restless","seconds":600},
        {"dateTime":"2023-01-02T14:55:00.000","level":"later","seconds":60}],
        "summary":{"asleep":{"count":0,"minutes":50},"awake":{"count":0,"minutes":0},"restless":{"count":1,"minutes":10}}},
        "logId":"39633217640","startTime":"2023-01-02T14:00:00.000","minutesAsleep":50,"type":"classic"}]}"#;
    let parsed = read("fitbit.sleep", body);
    let sleep = &parsed.sleep[0];
    assert_eq!((sleep.kind, sleep.is_main), (SleepKind::Classic, false));
    assert_eq!(sleep.external_id, "39633217640", "an id may be a string");
    let levels: Vec<_> = sleep.stages.iter().map(|s| s.level).collect();
    assert_eq!(levels, [SleepLevel::Asleep, SleepLevel::Restless]);
    assert_eq!(
        (sleep.summary.deep, sleep.summary.wake_stage, sleep.summary.asleep),
        (None, Some(0), Some(50))
    );
    assert_eq!(codes(&parsed), ["unknown_enum"]);
}

#[test]
fn lists_may_be_empty() {
    for (key, body) in [
        ("fitbit.sleep", r#"{"sleep":[]}"#),
        (
            "fitbit.sleep",
            r#"{"sleep":[],"summary":{"totalMinutesAsleep":0,"totalSleepRecords":0,"totalTimeInBed":0}}"#,
        ),
        ("fitbit.skin_temperature_relative.day", r#"{"tempSkin":[]}"#),
        ("fitbit.heart_rate_variability.day", r#"{"hrv":[]}"#),
        ("fitbit.steps.day", r#"{"activities-steps":[]}"#),
        ("fitbit.heart_rate.minute", r#"{"activities-heart":[],"activities-heart-intraday":{"dataset":[]}}"#),
        ("fitbit.active_zone_minutes.minute", r#"{"activities-active-zone-minutes-intraday":[]}"#),
        (
            "fitbit.active_zone_minutes.minute",
            r#"{"activities-active-zone-minutes-intraday":[{"dateTime":"2025-03-26","minutes":[]}]}"#,
        ),
    ] {
        assert_eq!(read(key, body), Parsed::default(), "{key}: {body}");
    }
}

#[test]
fn what_is_no_answer_of_the_endpoint_is_an_error() {
    for endpoint in endpoints_of(ProviderKey::Fitbit) {
        let failed = |body: &str| parse(endpoint, body.as_bytes()).unwrap_err();
        let bare = endpoint.key.starts_with("fitbit.oxygen_saturation");
        for body in ["{}", "[]", r#"{"errors":[{"errorType":"system"}],"success":false}"#] {
            if bare && body.len() == 2 {
                assert_eq!(
                    parse(endpoint, body.as_bytes()),
                    Ok(Parsed::default()),
                    "no nights, in either form"
                );
                continue;
            }
            assert!(matches!(failed(body), ParseError::NotThisEndpoint { .. }), "{}: {body}", endpoint.key);
        }
        assert_eq!(failed(r#"{"activities-steps":["#), ParseError::Truncated { bytes: 21 });
        assert_eq!(failed("<html>Bad gateway</html>"), ParseError::WebPage);
    }
}

#[test]
fn a_day_given_twice_is_told() {
    let body = r#"{"activities-steps":[{"dateTime":"2023-01-01","value":"1"},{"dateTime":"2023-01-01","value":2},{"value":"3"}]}"#;
    let parsed = read("fitbit.steps.day", body);
    assert_eq!(parsed.daily, [DailyValue { metric: Metric::Steps, day: date(2023, 1, 1), value: 2.0 }]);
    assert_eq!(codes(&parsed), ["missing_time", "repeated_day"]);
}

#[test]
fn ids_of_64_bits_stay_exact() {
    let body =
        include_str!("../fixtures/fitbit/sleep_stages.json").replace("39633217639", "18446744073709551615");
    assert_eq!(read("fitbit.sleep", &body).sleep[0].external_id, "18446744073709551615");
}

#[test]
fn a_negative_zero_is_zero() {
    let parsed = read("fitbit.steps.day", r#"{"activities-steps":[{"dateTime":"2023-01-01","value":"-0"}]}"#);
    assert!(parsed.daily[0].value.is_sign_positive());
}
