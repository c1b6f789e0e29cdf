//! Google's answers, as recorded and as the documents allow them.

use jiff::{Timestamp, civil::date};
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::endpoint,
    observation::{
        DailyValue, Parsed, SampleBatch, SampleTimes, SampleValues, SessionTimes, SleepKind, SleepLevel,
        SleepStage, SleepSummary,
    },
};
use pulsekeep_provider::{ParseError, google_health::parse};

fn at(text: &str) -> EpochMs {
    EpochMs::from(text.parse::<Timestamp>().unwrap())
}

fn read(key: &str, body: &str) -> Parsed {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap()
}

fn refused(key: &str, body: &str) -> ParseError {
    parse(endpoint(key).unwrap(), body.as_bytes()).unwrap_err()
}

fn codes(parsed: &Parsed) -> Vec<&str> {
    parsed.warnings.iter().map(|w| w.code).collect()
}

/// One sample batch of single values.
fn batch(metric: Metric, times: &[&str], offsets: &[(usize, i32)], values: &[f64]) -> SampleBatch {
    SampleBatch {
        metric,
        interval_ms: 60_000,
        times: SampleTimes::Instants { at: times.iter().map(|t| at(t)).collect(), offsets: offsets.to_vec() },
        values: SampleValues::Single(values.to_vec()),
    }
}

/// A steps point of the minute `time`, with `rest` behind its interval.
fn step(time: &str, rest: &str) -> String {
    let end = EpochMs(at(time).0 + 60_000);
    format!(r#"{{"steps":{{"interval":{{"startTime":"{time}","endTime":"{end}"}}{rest}}}}}"#)
}

fn steps(points: &[String]) -> Parsed {
    read("google.steps.minute", &format!(r#"{{"dataPoints":[{}]}}"#, points.join(",")))
}

#[test]
fn minutes_have_instants_and_offsets() {
    let parsed = read("google.steps.minute", include_str!("../fixtures/google/steps.json"));
    let times = ["2026-08-06T12:01:00Z", "2026-08-06T12:02:00Z"];
    assert_eq!(parsed.samples, [batch(Metric::Steps, &times, &[(0, -14_400)], &[1.0, 94.0])]);
    assert_eq!(parsed.next_page, None, "an empty token is none");
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn distances_become_metres() {
    let parsed = read("google.distance.minute", include_str!("../fixtures/google/distance.json"));
    let times = ["2026-08-06T12:01:00Z"];
    assert_eq!(parsed.samples, [batch(Metric::Distance, &times, &[(0, -14_400)], &[0.7])]);
    for spelling in ["millimiters", "distanceMillimiters"] {
        let body = include_str!("../fixtures/google/distance.json").replace("millimeters", spelling);
        assert_eq!(read("google.distance.minute", &body), parsed, "{spelling}");
    }
    let day = r#"{"rollupDataPoints":[{"civilStartTime":{"date":{"year":2026,"month":8,"day":6}},"distance":{"millimetersSum":"1284300"}}]}"#;
    let value = DailyValue { metric: Metric::Distance, day: date(2026, 8, 6), value: 1284.3 };
    assert_eq!(read("google.distance.day", day).daily, [value]);
    assert_eq!(read("google.distance.day", &day.replace("meters", "miters")).daily, [value]);
}

#[test]
fn zones_of_one_minute_add_up_and_points_are_sorted() {
    let parsed = read(
        "google.active_zone_minutes.minute",
        include_str!("../fixtures/google/active_zone_minutes.json"),
    );
    let times = ["2026-08-06T12:04:00Z", "2026-08-06T12:05:00Z"];
    assert_eq!(parsed.samples, [batch(Metric::ActiveZoneMinutes, &times, &[(0, -14_400)], &[3.0, 2.0])]);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn an_interval_without_a_count_is_a_true_zero() {
    let parsed = steps(&[step("2026-08-06T12:01:00Z", "")]);
    assert_eq!(parsed.samples, [batch(Metric::Steps, &["2026-08-06T12:01:00Z"], &[], &[0.0])]);
}

#[test]
fn numbers_may_be_numbers_or_strings_and_nan_is_none() {
    let first = step("2026-08-06T12:01:00Z", r#","count":7"#);
    let second = step("2026-08-06T12:02:00Z", r#","count":"8","later":{"a":[1]}"#);
    let third = step("2026-08-06T12:03:00Z", r#","count":"NaN""#);
    let parsed = steps(&[first, second, third]);
    assert_eq!(parsed.samples[0].values, SampleValues::Single(vec![7.0, 8.0]));
    assert_eq!(parsed.warnings.len(), 1);
    assert_eq!(parsed.warnings[0].code, "not_a_number");
    assert_eq!(parsed.warnings[0].place, "dataPoints[2].steps");
}

#[test]
fn values_that_nobody_can_have_are_left_out() {
    let parsed = steps(&[step("2026-08-06T12:01:00Z", r#","count":"-4""#)]);
    assert_eq!((parsed.samples.len(), codes(&parsed)), (0, vec!["out_of_range"]));
    let day = r#"{"dataPoints":[{"dailyRestingHeartRate":{"date":{"year":2026,"month":8,"day":6},"beatsPerMinute":"5300"}}]}"#;
    let parsed = read("google.resting_heart_rate.day", day);
    assert_eq!((parsed.daily.len(), codes(&parsed)), (0, vec!["out_of_range"]));
    assert!(!format!("{:?}", parsed.warnings).contains("5300"), "warnings never tell the value");
}

#[test]
fn points_without_time_or_of_another_type_are_left_out() {
    let other = r#"{"floors":{"interval":{},"count":"1"}}"#.to_owned();
    let parsed = steps(&[other, r#"{"steps":{"count":"3"}}"#.to_owned(), r#"{"steps":null}"#.to_owned()]);
    assert_eq!(parsed.samples, []);
    assert_eq!(codes(&parsed), ["missing_member", "missing_time", "missing_member"]);
}

#[test]
fn a_longer_interval_stands_at_its_start() {
    let long = r#"{"steps":{"interval":{"startTime":"2026-08-06T12:00:00Z","endTime":"2026-08-06T13:00:00Z"},"count":"900"}}"#;
    let parsed = steps(&[long.to_owned()]);
    assert_eq!(parsed.samples[0].values, SampleValues::Single(vec![900.0]));
    assert_eq!(codes(&parsed), ["interval_length"]);
}

#[test]
fn a_flood_of_warnings_is_counted() {
    let points: Vec<String> = (0..80).map(|_| r#"{"steps":{}}"#.to_owned()).collect();
    let parsed = steps(&points);
    assert_eq!(parsed.warnings.len(), 51);
    assert_eq!(parsed.warnings[50].place, "30 more");
}

#[test]
fn daily_records_have_their_date() {
    let metric = Metric::RestingHeartRate;
    let parsed =
        read("google.resting_heart_rate.day", include_str!("../fixtures/google/resting_heart_rate.json"));
    let expected = [
        DailyValue { metric, day: date(2026, 8, 5), value: 54.0 },
        DailyValue { metric, day: date(2026, 8, 6), value: 53.0 },
    ];
    assert_eq!(parsed.daily, expected);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn variability_is_the_average_and_may_be_missing() {
    let parsed = read(
        "google.heart_rate_variability.day",
        include_str!("../fixtures/google/heart_rate_variability.json"),
    );
    let metric = Metric::HeartRateVariability;
    let averages: Vec<_> = parsed.daily.iter().filter(|v| v.metric == metric).copied().collect();
    assert_eq!(averages, [DailyValue { metric, day: date(2026, 8, 6), value: 44.565 }]);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn temperature_is_the_absolute_one_whatever_the_baseline() {
    let parsed =
        read("google.skin_temperature.day", include_str!("../fixtures/google/skin_temperature.json"));
    let metric = Metric::SkinTemperature;
    let expected = [
        DailyValue { metric, day: date(2026, 8, 5), value: 34.1 },
        DailyValue { metric, day: date(2026, 8, 6), value: 34.0 },
    ];
    assert_eq!(parsed.daily, expected);
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn daily_rollups_have_sums_and_means() {
    let day = |metric, value| DailyValue { metric, day: date(2026, 9, 28), value };
    let parsed = read("google.steps.day", include_str!("../fixtures/google/steps_by_day.json"));
    assert_eq!(parsed.daily, [day(Metric::Steps, 9120.0)]);
    let window = |value: &str| {
        format!(
            r#"{{"rollupDataPoints":[{{"civilStartTime":{{"date":{{"year":2026,"month":9,"day":28}},"time":{{}}}},{value}}}]}}"#
        )
    };
    let heart =
        window(r#""heartRate":{"beatsPerMinuteMin":48,"beatsPerMinuteAvg":71.25,"beatsPerMinuteMax":150}"#);
    assert_eq!(read("google.heart_rate.day", &heart).daily, [day(Metric::HeartRate, 71.25)]);
    let calories = window(r#""totalCalories":{"kcalSum":2601.07}"#);
    assert_eq!(read("google.calories.day", &calories).daily, [day(Metric::Calories, 2601.07)]);
    let zones = window(r#""activeZoneMinutes":{"sumInFatBurnHeartZone":"12","sumInPeakHeartZone":"4"}"#);
    let key = "google.active_zone_minutes.day";
    let expected = [
        day(Metric::ActiveZoneMinutes, 16.0),
        day(Metric::FatBurnZoneMinutes, 12.0),
        day(Metric::PeakZoneMinutes, 4.0),
    ];
    assert_eq!(read(key, &zones).daily, expected, "a zone that is left out has no value");
    assert_eq!(read(key, &window(r#""activeZoneMinutes":{}"#)).daily, [], "no value is not zero");
    let zero = window(r#""steps":{"countSum":"0"}"#);
    assert_eq!(read("google.steps.day", &zero).daily, [day(Metric::Steps, 0.0)], "zero is zero");
}

#[test]
fn of_a_day_given_twice_the_last_stays() {
    let row = |sum| {
        format!(
            r#"{{"civilStartTime":{{"date":{{"year":2026,"month":9,"day":28}}}},"steps":{{"countSum":"{sum}"}}}}"#
        )
    };
    let body = format!(r#"{{"rollupDataPoints":[{},{}]}}"#, row(1), row(2));
    let parsed = read("google.steps.day", &body);
    assert_eq!(parsed.daily.iter().map(|v| v.value).collect::<Vec<_>>(), [2.0]);
    assert_eq!(codes(&parsed), ["repeated_day"]);
}

#[test]
fn heart_rate_minutes_are_triples_and_empty_windows_are_gaps() {
    let parsed =
        read("google.heart_rate.minute", include_str!("../fixtures/google/heart_rate_by_minute.json"));
    let times = ["2026-09-30T12:00:00Z", "2026-09-30T12:03:00Z"].map(at).to_vec();
    let expected = SampleBatch {
        metric: Metric::HeartRate,
        interval_ms: 60_000,
        times: SampleTimes::Instants { at: times, offsets: vec![] },
        values: SampleValues::MinMeanMax {
            min: vec![68.0, 70.0],
            mean: vec![71.4, 72.5],
            max: vec![76.0, 80.0],
        },
    };
    assert_eq!(parsed.samples, [expected]);
    assert_eq!(parsed.next_page.as_deref(), Some("CAUQAA"));
    assert_eq!(codes(&parsed), [""; 0]);
}

#[test]
fn of_a_rate_given_twice_for_an_instant_the_last_stays() {
    let row = |mean| {
        format!(
            r#"{{"startTime":"2026-09-30T12:00:00Z","heartRate":{{"beatsPerMinuteMin":{mean},"beatsPerMinuteAvg":{mean},"beatsPerMinuteMax":{mean}}}}}"#
        )
    };
    let parsed =
        read("google.heart_rate.minute", &format!(r#"{{"rollupDataPoints":[{},{}]}}"#, row(70), row(75)));
    assert_eq!(parsed.samples[0].values.main(), [75.0]);
    assert_eq!(codes(&parsed), ["repeated_instant"]);
}

#[test]
fn calorie_minutes_are_sums() {
    let body = r#"{"rollupDataPoints":[{"startTime":"2026-09-30T12:00:00Z","endTime":"2026-09-30T12:01:00Z","totalCalories":{"kcalSum":1.18}}]}"#;
    let parsed = read("google.calories.minute", body);
    assert_eq!(parsed.samples, [batch(Metric::Calories, &["2026-09-30T12:00:00Z"], &[], &[1.18])]);
}

#[test]
fn sleep_has_stages_short_awakenings_and_the_summary_as_given() {
    let parsed = read("google.sleep", include_str!("../fixtures/google/sleep.json"));
    assert_eq!(codes(&parsed), [""; 0]);
    let [sleep] = &parsed.sleep[..] else { panic!("one session") };
    assert_eq!(sleep.external_id, "7821966286120953736");
    assert_eq!(sleep.day, date(2026, 8, 6));
    assert_eq!((sleep.kind, sleep.is_main, sleep.is_processed), (SleepKind::Stages, true, true));
    let (start, end) = (at("2026-08-06T01:30:00Z"), at("2026-08-06T11:07:00Z"));
    assert_eq!(
        sleep.times,
        SessionTimes::Instants { start, end, start_offset: -14_400, end_offset: -14_400 }
    );
    let stage = |start, end, level| SleepStage { start: at(start).0, end: at(end).0, level };
    assert_eq!(
        sleep.stages,
        [
            stage("2026-08-06T01:30:00Z", "2026-08-06T01:32:30Z", SleepLevel::Awake),
            stage("2026-08-06T01:32:30Z", "2026-08-06T02:10:00Z", SleepLevel::Light),
        ]
    );
    assert_eq!(
        sleep.short_awakenings,
        [stage("2026-08-06T01:40:00Z", "2026-08-06T01:41:00Z", SleepLevel::Awake)]
    );
    let summary = SleepSummary {
        asleep: Some(569),
        awake: Some(8),
        in_bed: Some(577),
        to_fall_asleep: Some(0),
        deep: Some(53),
        light: Some(382),
        rem: Some(134),
        wake_stage: Some(7),
    };
    assert_eq!(sleep.summary, summary);
}

#[test]
fn sleep_is_dated_by_waking_at_the_offset_of_the_end() {
    let body = r#"{"dataPoints":[{"dataPointName":"users/1/dataTypes/sleep/dataPoints/9","sleep":{"interval":{
        "startTime":"2026-10-24T20:30:00Z","startUtcOffset":"7200s","endTime":"2026-10-25T23:30:00Z","endUtcOffset":"3600s"},
        "type":"A_LATER_TYPE","stages":[{"startTime":"2026-10-25T03:00:00Z","endTime":"2026-10-25T04:00:00Z","type":"DOZING"},
        {"startTime":"2026-10-25T01:00:00Z","endTime":"2026-10-25T02:00:00Z","type":"RESTLESS"}],"metadata":{"nap":true}}}]}"#;
    let parsed = read("google.sleep", body);
    let sleep = &parsed.sleep[0];
    assert_eq!(sleep.day, date(2026, 10, 26));
    assert_eq!(sleep.external_id, "9");
    assert_eq!((sleep.kind, sleep.is_main, sleep.is_processed), (SleepKind::Classic, false, false));
    assert_eq!(sleep.stages.len(), 1);
    assert_eq!(codes(&parsed), ["unknown_enum", "unknown_enum"]);
    assert_eq!(parsed.warnings[0].place, "dataPoints[0].sleep.stages[0].type");
}

#[test]
fn empty_answers_are_empty_for_every_endpoint() {
    use pulsekeep_core::{account::ProviderKey, catalogue::endpoints_of};
    for endpoint in endpoints_of(ProviderKey::GoogleHealth) {
        for body in ["{}", r#"{"dataPoints":null,"nextPageToken":""}"#, r#"{"nextPageToken":null}"#] {
            let body = if endpoint.key.ends_with("day") || endpoint.key.ends_with("minute") {
                body.replace("dataPoints", "nextPageToken").replacen("\"nextPageToken\":null,", "", 1)
            } else {
                body.to_owned()
            };
            assert_eq!(parse(endpoint, body.as_bytes()), Ok(Parsed::default()), "{}: {body}", endpoint.key);
        }
        let token = br#"{"nextPageToken":"more"}"#;
        let parsed = parse(endpoint, token).unwrap();
        assert_eq!(parsed.next_page.as_deref(), Some("more"), "an empty page may have another behind it");
    }
}

#[test]
fn what_is_no_answer_of_the_endpoint_is_an_error() {
    let whole = include_str!("../fixtures/google/steps.json");
    let key = "google.steps.minute";
    assert_eq!(refused(key, &whole[..whole.len() / 2]), ParseError::Truncated { bytes: whole.len() / 2 });
    assert_eq!(refused(key, ""), ParseError::Truncated { bytes: 0 });
    assert_eq!(refused(key, "<!DOCTYPE html><html></html>"), ParseError::WebPage);
    assert!(matches!(refused(key, r#"{"dataPoints":[}"#), ParseError::NotJson { line: 1, .. }));
    assert!(matches!(refused(key, "{} {}"), ParseError::NotJson { .. }));
    for other in [
        r#"{"error":{"code":401}}"#,
        r#"{"rollupDataPoints":[]}"#,
        "[]",
        "7",
        r#"{"dataPoints":[7]}"#,
        r#"{"dataPoints":{}}"#,
    ] {
        assert!(matches!(refused(key, other), ParseError::NotThisEndpoint { .. }), "{other}");
    }
    let foreign = endpoint("fitbit.steps.day").unwrap();
    assert!(matches!(parse(foreign, b"{}"), Err(ParseError::UnknownEndpoint { .. })));
}

#[test]
fn a_body_that_breaks_off_in_a_character_is_truncated() {
    let body = r#"{"dataPoints":[{"dataPointName":"é"#.as_bytes();
    let cut = &body[..body.len() - 1];
    let error = parse(endpoint("google.steps.minute").unwrap(), cut).unwrap_err();
    assert_eq!(error, ParseError::Truncated { bytes: cut.len() });
}

#[test]
fn errors_never_quote_the_body() {
    let text = refused("google.steps.minute", r#"{"dataPoints":"72 steps"}"#).to_string();
    assert!(!text.contains("72"), "{text}");
}
