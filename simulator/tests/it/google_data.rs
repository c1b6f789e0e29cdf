//! Listing, reconciling, rolling up and filtering.

use crate::world::{Client, World, int, items};
use serde_json::{Value, json};

#[tokio::test]
async fn minute_points_have_offsets_civil_times_and_source() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = "steps.interval.civil_start_time >= \"2026-11-20\" AND steps.interval.civil_start_time < \"2026-11-21\"";
    let page = client.points("steps", "", &[("filter", filter), ("pageSize", "3")]).await.ok();
    let point = &page["dataPoints"][0];
    assert_eq!(point["dataSource"]["platform"], "FITBIT");
    assert_eq!(point["dataSource"]["recordingMethod"], "PASSIVELY_MEASURED");
    let interval = &point["steps"]["interval"];
    assert_eq!(interval["startUtcOffset"], "3600s");
    assert_eq!(interval["civilStartTime"]["date"], json!({ "year": 2026, "month": 11, "day": 20 }));
    assert!(point.get("name").is_none());
    assert!(int(&point["steps"]["count"]) > 0);
}

#[tokio::test]
async fn list_is_newest_first_and_pages_hold_everything_once() {
    let world = World::new();
    let client = world.google("colette").await;
    let filter = "steps.interval.start_time >= \"2026-11-18T00:00:00Z\" AND steps.interval.start_time < \"2026-11-20T00:00:00Z\"";
    let whole = client.all_points("steps", "", filter, "10000").await;
    let paged = client.all_points("steps", "", filter, "37").await;
    assert!(whole.len() > 300);
    assert_eq!(whole, paged);
    let start = |point: &Value| point["steps"]["interval"]["startTime"].as_str().unwrap().to_owned();
    assert!(whole.windows(2).all(|pair| start(&pair[0]) >= start(&pair[1])));
    let phones = whole.iter().filter(|point| point["dataSource"]["device"]["formFactor"] == "PHONE").count();
    assert!(phones > 50 && phones < whole.len());
}

#[tokio::test]
async fn page_sizes_have_a_default_and_are_cut() {
    let world = World::new();
    let client = world.google("nora").await;
    let count = async |data_type: &str, query: &[(&str, &str)]| {
        items(&client.points(data_type, "", query).await.ok(), "dataPoints").len()
    };
    assert_eq!(count("heart-rate", &[]).await, 1440);
    assert_eq!(count("heart-rate", &[("pageSize", "0")]).await, 1440);
    assert_eq!(count("heart-rate", &[("pageSize", "20000")]).await, 10_000);
    assert_eq!(count("sleep", &[("pageSize", "100")]).await, 25);
    assert_eq!(client.points("steps", "", &[("pageSize", "-1")]).await.status, 400);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_request() {
    let world = World::new();
    let client = world.google("nora").await;
    let first = client.points("steps", "", &[("pageSize", "5")]).await.ok();
    let token = first["nextPageToken"].as_str().unwrap();
    client.points("steps", "", &[("pageSize", "5"), ("pageToken", token)]).await.ok();
    for query in [[("pageSize", "6"), ("pageToken", token)], [("pageSize", "5"), ("pageToken", "abc")]] {
        assert_eq!(client.points("steps", "", &query).await.status, 400);
    }
    assert_eq!(client.points("distance", "", &[("pageSize", "5"), ("pageToken", token)]).await.status, 400);
}

#[tokio::test]
async fn nothing_is_an_empty_object() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = "steps.interval.start_time >= \"2031-01-01T00:00:00Z\"";
    assert_eq!(client.points("steps", "", &[("filter", filter)]).await.ok(), json!({}));
    assert_eq!(client.points("weight", "", &[]).await.ok(), json!({}));
    let rolled = client.roll_up("steps", "2031-01-01T00:00:00Z", "2031-01-02T00:00:00Z", "60s").await.ok();
    assert_eq!(rolled, json!({}));
}

#[tokio::test]
async fn heart_rate_comes_about_every_five_seconds_and_rolls_up_to_minutes() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter = "heart_rate.sample_time.physical_time >= \"2026-11-20T02:00:00Z\" AND \
                  heart_rate.sample_time.physical_time < \"2026-11-20T03:00:00Z\"";
    let samples = client.all_points("heart-rate", "", filter, "10000").await;
    assert!((600..=720).contains(&samples.len()), "{}", samples.len());
    let rolled =
        client.roll_up("heart-rate", "2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z", "60s").await.ok();
    let windows = items(&rolled, "rollupDataPoints");
    assert!((57..=60).contains(&windows.len()));
    for window in windows {
        let minute = &window["startTime"].as_str().unwrap()[..16];
        let beats: Vec<i64> = samples
            .iter()
            .filter(|point| {
                point["heartRate"]["sampleTime"]["physicalTime"].as_str().unwrap().starts_with(minute)
            })
            .map(|point| int(&point["heartRate"]["beatsPerMinute"]))
            .collect();
        let value = &window["heartRate"];
        assert_eq!(value["beatsPerMinuteMin"].as_f64().unwrap(), *beats.iter().min().unwrap() as f64);
        assert_eq!(value["beatsPerMinuteMax"].as_f64().unwrap(), *beats.iter().max().unwrap() as f64);
        let mean = beats.iter().sum::<i64>() as f64 / beats.len() as f64;
        assert!((value["beatsPerMinuteAvg"].as_f64().unwrap() - mean).abs() < 1e-9);
    }
}

#[tokio::test]
async fn roll_ups_page_and_end_with_a_shorter_window() {
    let world = World::new();
    let client = world.google("nora").await;
    let path = "/google/v4/users/me/dataTypes/heart-rate/dataPoints:rollUp";
    let mut body = json!({
        "range": { "startTime": "2026-11-19T00:00:00Z", "endTime": "2026-11-20T00:00:00Z" },
        "windowSize": "60s", "pageSize": 500,
    });
    let mut windows: Vec<Value> = Vec::new();
    let mut pages = 0;
    loop {
        let page = client.post(path, &body).await.ok();
        windows.extend(items(&page, "rollupDataPoints").iter().cloned());
        pages += 1;
        match page["nextPageToken"].as_str() {
            Some(token) => body["pageToken"] = token.into(),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    let whole =
        client.roll_up("heart-rate", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "60s").await.ok();
    assert_eq!(items(&whole, "rollupDataPoints"), windows);
    let odd = client.roll_up("steps", "2026-11-19T07:00:00Z", "2026-11-19T12:30:00Z", "7200s").await.ok();
    let last = items(&odd, "rollupDataPoints").last().unwrap().clone();
    assert_eq!(
        (last["startTime"].as_str(), last["endTime"].as_str()),
        (Some("2026-11-19T11:00:00Z"), Some("2026-11-19T12:30:00Z"))
    );
}

#[tokio::test]
async fn daily_roll_ups_take_windows_of_several_days_and_midnight_is_an_empty_time() {
    let world = World::new();
    let client = world.google("nora").await;
    let path = "/google/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp";
    let days = client.daily_roll_up("steps", "2026-11-02", "2026-11-12").await.ok();
    let days = items(&days, "rollupDataPoints");
    assert_eq!(days.len(), 10);
    assert_eq!(
        days[0]["civilStartTime"],
        json!({ "date": { "year": 2026, "month": 11, "day": 2 }, "time": {} })
    );
    let body = json!({
        "range": { "start": crate::world::date("2026-11-02"), "end": crate::world::date("2026-11-12") },
        "windowSizeDays": 7,
    });
    let weeks = client.post(path, &body).await.ok();
    let weeks = items(&weeks, "rollupDataPoints");
    assert_eq!(weeks.len(), 2);
    let sum = |days: &[Value]| days.iter().map(|day| int(&day["steps"]["countSum"])).sum::<i64>();
    assert_eq!(int(&weeks[0]["steps"]["countSum"]), sum(&days[..7]));
    assert_eq!(int(&weeks[1]["steps"]["countSum"]), sum(&days[7..]));
}

#[tokio::test]
async fn source_families_choose_the_sources() {
    let world = World::new();
    let client = world.google("colette").await;
    let filter = "steps.interval.start_time >= \"2026-11-19T00:00:00Z\" AND steps.interval.start_time < \"2026-11-20T00:00:00Z\"";
    let count = async |family: &str| {
        let name = format!("users/me/dataSourceFamilies/{family}");
        let query = [("filter", filter), ("pageSize", "10000"), ("dataSourceFamily", &name)];
        let page = client.points("steps", "", &query).await.ok();
        items(&page, "dataPoints").len()
    };
    let (all, wearables) = (count("all-sources").await, count("google-wearables").await);
    assert!(wearables > 0 && wearables < all);
    assert_eq!(count("google-sources").await, all);
    assert_eq!(count("self-sources").await, 0);
    let name = "users/me/dataSourceFamilies/all-sources";
    assert_eq!(client.points("sleep", "", &[("dataSourceFamily", name)]).await.status, 400);
    client.points("sleep", ":reconcile", &[("dataSourceFamily", name)]).await.ok();
    let refused = client.points("steps", "", &[("dataSourceFamily", "all-sources")]).await;
    assert_eq!(refused.json()["error"]["details"][0]["reason"], "INVALID_DATA_POINT_DATA_SOURCE_FAMILY");
}

#[tokio::test]
async fn sleep_has_contiguous_stages_and_no_civil_times() {
    let world = World::new();
    let client = world.google("nora").await;
    let page = client.points("sleep", "", &[]).await.ok();
    let night = items(&page, "dataPoints").iter().find(|point| point["sleep"]["type"] == "STAGES").unwrap();
    let sleep = &night["sleep"];
    assert!(sleep["interval"].get("civilStartTime").is_none());
    let stages = items(sleep, "stages");
    assert_eq!(stages[0]["startTime"], sleep["interval"]["startTime"]);
    assert_eq!(stages.last().unwrap()["endTime"], sleep["interval"]["endTime"]);
    assert!(stages.windows(2).all(|pair| pair[0]["endTime"] == pair[1]["startTime"]));
    assert!(stages.windows(2).all(|pair| pair[0]["type"] != pair[1]["type"]));
    assert!(items(sleep, "shortAwakenings").iter().all(|short| short["type"] == "AWAKE"));
    assert!(sleep["metadata"].get("nap").is_none(), "a false value is left out");
    let truth = world.truth("nora", "2026-11-20").await;
    let of_day = client
        .points("sleep", "", &[("filter", "sleep.interval.civil_end_time >= \"2026-11-20\" AND sleep.interval.civil_end_time < \"2026-11-21\"")])
        .await
        .ok();
    let points = items(&of_day, "dataPoints");
    assert_eq!(points.len() as i64, truth["sleep_records"].as_i64().unwrap());
    assert_eq!(
        int(&points[0]["sleep"]["summary"]["minutesAsleep"]),
        truth["sleep_minutes_asleep"].as_i64().unwrap()
    );
}

#[tokio::test]
async fn sleep_filters_may_have_alternatives() {
    let world = World::new();
    let client = world.google("nora").await;
    let day = |date: &str, next: &str| {
        format!("sleep.interval.civil_end_time >= \"{date}\" AND sleep.interval.civil_end_time < \"{next}\"")
    };
    let either = format!("({}) OR ({})", day("2026-11-10", "2026-11-11"), day("2026-11-14", "2026-11-15"));
    let points = client.all_points("sleep", "", &either, "25").await;
    let ends: Vec<&str> =
        points.iter().map(|point| &point["sleep"]["interval"]["endTime"].as_str().unwrap()[..10]).collect();
    assert!(ends.contains(&"2026-11-10") && ends.contains(&"2026-11-14"), "{ends:?}");
    assert!(ends.iter().all(|end| ["2026-11-10", "2026-11-14"].contains(end)));
}

async fn dates(client: &Client<'_>, data_type: &str, member: &str, filter: &str) -> Vec<Value> {
    let points = client.all_points(data_type, "", filter, "10000").await;
    points.iter().map(|point| point[member]["date"].clone()).collect()
}

#[tokio::test]
async fn daily_values_carry_a_date_and_agree_with_the_truth() {
    let world = World::new();
    let client = world.google("nora").await;
    let filter =
        "daily_resting_heart_rate.date >= \"2026-11-18\" AND daily_resting_heart_rate.date < \"2026-11-20\"";
    let found = dates(&client, "daily-resting-heart-rate", "dailyRestingHeartRate", filter).await;
    assert_eq!(
        found,
        [json!({ "year": 2026, "month": 11, "day": 19 }), json!({ "year": 2026, "month": 11, "day": 18 })]
    );
    let truth = world.truth("nora", "2026-11-19").await;
    let one = async |data_type: &str, field: &str| {
        let filter = format!("{field}.date >= \"2026-11-19\" AND {field}.date < \"2026-11-20\"");
        client.all_points(data_type, ":reconcile", &filter, "10").await.remove(0)
    };
    let resting = one("daily-resting-heart-rate", "daily_resting_heart_rate").await;
    assert_eq!(
        int(&resting["dailyRestingHeartRate"]["beatsPerMinute"]),
        truth["resting_heart_rate"].as_i64().unwrap()
    );
    let hrv = one("daily-heart-rate-variability", "daily_heart_rate_variability").await;
    assert_eq!(
        hrv["dailyHeartRateVariability"]["averageHeartRateVariabilityMilliseconds"],
        truth["hrv_rmssd_ms"]
    );
    let temperature = one("daily-sleep-temperature-derivations", "daily_sleep_temperature_derivations").await;
    assert_eq!(
        temperature["dailySleepTemperatureDerivations"]["nightlyTemperatureCelsius"],
        truth["skin_temperature_c"]
    );
    assert!(resting.get("dataSource").is_none());
}

#[tokio::test]
async fn weight_and_sleep_can_be_got_by_name() {
    let world = World::new();
    let client = world.google("walter").await;
    let page = client.points("weight", "", &[("pageSize", "1")]).await.ok();
    let point = &page["dataPoints"][0];
    let path = format!("/google/v4/{}", point["name"].as_str().unwrap());
    assert_eq!(&client.get(&path).await.ok(), point);
    assert_eq!(point["dataSource"]["recordingMethod"], "MANUAL");
    assert_eq!(client.get("/google/v4/users/me/dataTypes/weight/dataPoints/1").await.status, 404);
    let merged = client.points("weight", ":reconcile", &[("pageSize", "1")]).await.ok();
    assert_eq!(merged["dataPoints"][0]["dataPointName"], point["name"]);
}
