//! What must hold between the answers: totals, sources, the two providers, the truth.

use serde_json::Value;

use crate::world::{World, date, int, items};

async fn steps_of_day(
    client: &crate::world::Client<'_>,
    method: &str,
    day: &str,
    next: &str,
    member: &str,
) -> i64 {
    let data_type = if member == "millimeters" { "distance" } else { "steps" };
    let filter = format!(
        "{data_type}.interval.civil_start_time >= \"{day}\" AND {data_type}.interval.civil_start_time < \"{next}\""
    );
    let points = client.all_points(data_type, method, &filter, "10000").await;
    points.iter().map(|point| int(&point[data_type][member])).sum()
}

fn next(day: &str) -> String {
    (day.parse::<jiff::civil::Date>().unwrap() + jiff::Span::new().days(1)).to_string()
}

#[tokio::test]
async fn daily_totals_are_the_sum_of_reconcile_and_list_has_no_less() {
    let world = World::new();
    let mut more = 0;
    // a plain day, a day of 25 hours (Europe), today, and days of travel
    let days = [
        ("nora", "2026-11-19"),
        ("nora", "2026-10-25"),
        ("nora", "2026-11-21"),
        ("colette", "2026-11-18"),
        ("colette", "2026-11-20"),
        ("marcus", "2026-11-01"),
        ("marcus", "2026-09-14"),
        ("beatriz", "2026-11-20"),
    ];
    for (person, day) in days {
        let client = world.google(person).await;
        for (data_type, member, sum) in
            [("steps", "count", "countSum"), ("distance", "millimeters", "millimetersSum")]
        {
            let merged = steps_of_day(&client, ":reconcile", day, &next(day), member).await;
            let listed = steps_of_day(&client, "", day, &next(day), member).await;
            let rolled = client.daily_roll_up(data_type, day, &next(day)).await.ok();
            let total =
                items(&rolled, "rollupDataPoints").first().map_or(0, |point| int(&point[data_type][sum]));
            assert_eq!(total, merged, "{person} {day} {data_type}");
            assert!(listed >= merged, "{person} {day} {data_type}");
            more += i32::from(listed > merged);
            let truth = world.truth(person, day).await;
            let real = if data_type == "steps" { &truth["steps"] } else { &truth["distance_m"] };
            let scale = if data_type == "steps" { 1.0 } else { 1000.0 };
            assert!((real.as_f64().unwrap_or(0.0) * scale - total as f64).abs() < 0.5, "{person} {day}");
        }
    }
    assert!(more > 0, "somebody has two sources");
}

#[tokio::test]
async fn two_devices_overlap_and_merge_to_more_than_the_watch_alone() {
    let world = World::new();
    let client = world.google("colette").await;
    let mut gained = 0;
    for day in ["2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13", "2026-11-14"] {
        let truth = world.truth("colette", day).await;
        let number = |name: &str| truth[name].as_f64().unwrap();
        assert!(number("steps_phone") > 0.0 && number("steps") >= number("steps_watch"));
        assert!(number("steps") < number("steps_watch") + number("steps_phone"));
        gained += i32::from(number("steps") > number("steps_watch"));
        let fitbit = world.fitbit("colette").await;
        let merged = fitbit.fitbit(&format!("1/user/-/activities/steps/date/{day}/1d.json")).await;
        let tracker = fitbit.fitbit(&format!("1/user/-/activities/tracker/steps/date/{day}/1d.json")).await;
        let value =
            |answer: &Value, key: &str| answer[key][0]["value"].as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!(value(&merged, "activities-steps"), number("steps"));
        assert_eq!(value(&tracker, "activities-tracker-steps"), number("steps_watch"));
    }
    assert!(gained > 0, "some steps are only the phone's");
    let wearable = "users/me/dataSourceFamilies/google-wearables";
    let body = serde_json::json!({
        "range": { "start": date("2026-11-10"), "end": date("2026-11-11") }, "dataSourceFamily": wearable,
    });
    let path = "/google/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp";
    let rolled = client.post(path, &body).await.ok();
    let truth = world.truth("colette", "2026-11-10").await;
    assert_eq!(
        int(&rolled["rollupDataPoints"][0]["steps"]["countSum"]) as f64,
        truth["steps_watch"].as_f64().unwrap()
    );
}

#[tokio::test]
async fn both_providers_tell_the_same_day() {
    let world = World::new();
    for person in ["nora", "marcus", "dana"] {
        let (google, fitbit) = (world.google(person).await, world.fitbit(person).await);
        let day = "2026-11-18";
        let truth = world.truth(person, day).await;
        let of = async |data_type: &str| {
            let answer = google.daily_roll_up(data_type, day, &next(day)).await.ok();
            answer["rollupDataPoints"][0].clone()
        };
        let calories = of("total-calories").await["totalCalories"]["kcalSum"].as_f64().unwrap();
        let legacy = fitbit.fitbit(&format!("1/user/-/activities/calories/date/{day}/1d.json")).await;
        let legacy: f64 = legacy["activities-calories"][0]["value"].as_str().unwrap().parse().unwrap();
        assert!(
            (calories - legacy).abs() <= 0.5
                && (calories - truth["calories_kcal"].as_f64().unwrap()).abs() < 1e-6
        );
        let zones = of("active-zone-minutes").await["activeZoneMinutes"].clone();
        let sum: i64 = zones.as_object().map_or(0, |zones| zones.values().map(int).sum());
        assert_eq!(sum as f64, truth["active_zone_minutes"].as_f64().unwrap());
        let heart = of("heart-rate").await["heartRate"].clone();
        assert_eq!(heart["beatsPerMinuteMax"].as_f64(), truth["heart_rate_max"].as_f64());
        assert_eq!(heart["beatsPerMinuteMin"].as_f64(), truth["heart_rate_min"].as_f64());
        assert!(
            (heart["beatsPerMinuteAvg"].as_f64().unwrap() - truth["heart_rate_mean"].as_f64().unwrap()).abs()
                < 1e-9
        );
    }
}

#[tokio::test]
async fn the_past_does_not_change_as_time_goes_on() {
    let world = World::new();
    let before = world.truth("nora", "2026-11-10").await;
    world.pass_seconds(9 * 86_400);
    assert_eq!(world.truth("nora", "2026-11-10").await, before);
    let another = World::at("2026-12-24T23:59:59Z");
    assert_eq!(another.truth("nora", "2026-11-10").await, before);
}
