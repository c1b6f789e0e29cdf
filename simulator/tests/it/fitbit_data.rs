//! Fitbit's data: shapes, units, ranges, unworn days, budget.

use crate::world::{World, items};
use serde_json::{Value, json};

fn number(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("series values are strings: {value}")).parse().unwrap()
}

#[tokio::test]
async fn series_are_strings_in_ascending_order_and_omit_no_day() {
    let world = World::new();
    let client = world.fitbit("pavel").await;
    let answer = client.fitbit("1/user/-/activities/steps/date/2026-10-24/2026-11-20.json").await;
    let days = items(&answer, "activities-steps");
    assert_eq!(days.len(), 28);
    assert!(days.windows(2).all(|pair| pair[0]["dateTime"].as_str() < pair[1]["dateTime"].as_str()));
    let unworn: Vec<&Value> = days.iter().filter(|day| day["value"] == "0").collect();
    assert!(!unworn.is_empty(), "half of the days are unworn");
    let date = unworn[0]["dateTime"].as_str().unwrap();
    let of_day = async |resource: &str| {
        let answer = client.fitbit(&format!("1/user/-/activities/{resource}/date/{date}/1d.json")).await;
        answer[format!("activities-{resource}")][0]["value"].clone()
    };
    assert_eq!(of_day("minutesSedentary").await, "1440");
    assert_eq!(of_day("calories").await, of_day("caloriesBMR").await);
    assert_eq!(of_day("distance").await, "0.0");
    let heart = client.fitbit(&format!("1/user/-/activities/heart/date/{date}/1d.json")).await;
    let value = &heart["activities-heart"][0]["value"];
    assert!(value.get("restingHeartRate").is_none());
    assert_eq!(
        (&value["heartRateZones"][0]["name"], &value["heartRateZones"][0]["minutes"]),
        (&json!("Out of Range"), &json!(1440))
    );
    let minutes = client.fitbit(&format!("1/user/-/activities/heart/date/{date}/1d/1min.json")).await;
    assert_eq!(minutes["activities-heart-intraday"]["dataset"], json!([]));
}

#[tokio::test]
async fn intraday_sums_are_the_day_and_the_day_is_the_truth() {
    let world = World::new();
    let client = world.fitbit("ilse").await;
    let truth = world.truth("ilse", "2026-11-19").await;
    for (resource, field, scale) in
        [("steps", "steps", 1.0), ("distance", "distance_m", 1000.0), ("calories", "calories_kcal", 1.0)]
    {
        let answer =
            client.fitbit(&format!("1/user/-/activities/{resource}/date/2026-11-19/1d/1min.json")).await;
        let day = number(&answer[format!("activities-{resource}")][0]["value"]);
        let dataset = items(&answer[format!("activities-{resource}-intraday")], "dataset");
        assert_eq!(dataset.len(), 1440);
        assert_eq!((&dataset[0]["time"], &dataset[1439]["time"]), (&json!("00:00:00"), &json!("23:59:00")));
        let sum: f64 = dataset.iter().map(|row| row["value"].as_f64().unwrap()).sum();
        assert!((sum - day).abs() <= 0.5, "{resource}: {sum} {day}");
        assert!((sum * scale - truth[field].as_f64().unwrap()).abs() < 0.01, "{resource}");
        let coarse =
            client.fitbit(&format!("1/user/-/activities/{resource}/date/2026-11-19/1d/15min.json")).await;
        let coarse = items(&coarse[format!("activities-{resource}-intraday")], "dataset");
        assert_eq!(coarse.len(), 96);
        assert!((coarse.iter().map(|row| row["value"].as_f64().unwrap()).sum::<f64>() - sum).abs() < 1e-6);
    }
    let calories = client.fitbit("1/user/-/activities/calories/date/2026-11-19/1d/1min.json").await;
    let row = &items(&calories["activities-calories-intraday"], "dataset")[600];
    assert!(row["level"].is_u64() && row["mets"].as_u64().unwrap() >= 10);
}

#[tokio::test]
async fn time_windows_cut_a_day() {
    let world = World::new();
    let client = world.fitbit("ilse").await;
    let path = "1/user/-/activities/steps/date/2026-11-19/1d/1min/time/08:00/08:59.json";
    let answer = client.fitbit(path).await;
    let dataset = items(&answer["activities-steps-intraday"], "dataset");
    assert_eq!((dataset.len(), &dataset[0]["time"]), (60, &json!("08:00:00")));
    let heart =
        client.fitbit("1/user/-/activities/heart/date/2026-11-19/1d/1sec/time/08:00/08:59.json").await;
    let head = &heart["activities-heart"][0];
    assert!(head["value"].is_string() && head["heartRateZones"].is_array(), "the older form: {head}");
    let bad =
        client.get("/fitbit/1/user/-/activities/steps/date/2026-11-19/1d/1min/time/8:00/08:59.json").await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn heart_rate_by_second_minute_and_quarter() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let dataset = async |detail: &str| {
        let answer =
            client.fitbit(&format!("1/user/-/activities/heart/date/2026-11-20/1d/{detail}.json")).await;
        items(&answer["activities-heart-intraday"], "dataset").to_vec()
    };
    let (seconds, minutes, quarters) = (dataset("1sec").await, dataset("1min").await, dataset("15min").await);
    let truth = world.truth("nora", "2026-11-20").await;
    assert_eq!(seconds.len() as i64, truth["heart_rate_samples"].as_i64().unwrap());
    assert_eq!(minutes.len() as i64, truth["heart_rate_minutes"].as_i64().unwrap());
    assert_eq!(quarters.len(), 96);
    assert!(minutes.iter().all(|row| row["value"].is_u64()));
    assert_eq!(
        client.get("/fitbit/1/user/-/activities/heart/date/2026-11-20/1d/2min.json").await.status,
        400
    );
}

#[tokio::test]
async fn zone_minutes_leave_out_what_is_zero() {
    let world = World::new();
    let client = world.fitbit("dana").await;
    let answer =
        client.fitbit("1/user/-/activities/active-zone-minutes/date/2026-10-20/2026-11-20.json").await;
    let days = items(&answer, "activities-active-zone-minutes");
    assert!(!days.is_empty() && days.len() < 32);
    for day in days {
        let truth = world.truth("dana", day["dateTime"].as_str().unwrap()).await;
        assert_eq!(day["value"]["activeZoneMinutes"].as_f64(), truth["active_zone_minutes"].as_f64());
        assert!(day["value"].as_object().unwrap().values().all(|minutes| minutes.as_u64() != Some(0)));
    }
    let date = days.last().unwrap()["dateTime"].as_str().unwrap();
    let path = format!("1/user/-/activities/active-zone-minutes/date/{date}/1d/1min.json");
    let answer = client.fitbit(&path).await;
    let minutes = items(&answer["activities-active-zone-minutes-intraday"][0], "minutes");
    let sum: u64 = minutes.iter().map(|row| row["value"]["activeZoneMinutes"].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), days.last().unwrap()["value"]["activeZoneMinutes"].as_u64());
    assert!(minutes.iter().all(|row| row["value"].as_object().unwrap().len() == 2), "one zone a minute");
}

#[tokio::test]
async fn nights_exist_only_where_somebody_slept() {
    let world = World::new();
    let (nora, jack) = (world.fitbit("nora").await, world.fitbit("jack").await);
    for (path, name) in [
        ("1/user/-/hrv/date/2026-11-01/2026-11-20.json", "hrv"),
        ("1/user/-/temp/skin/date/2026-11-01/2026-11-20.json", "tempSkin"),
    ] {
        assert!(items(&nora.fitbit(path).await, name).len() > 10);
        assert_eq!(jack.fitbit(path).await, json!({ name: [] }));
    }
    let truth = world.truth("nora", "2026-11-20").await;
    let hrv = nora.fitbit("1/user/-/hrv/date/2026-11-20.json").await;
    assert_eq!(hrv["hrv"][0]["value"]["dailyRmssd"], truth["hrv_rmssd_ms"]);
    let skin = nora.fitbit("1/user/-/temp/skin/date/2026-11-20.json").await;
    let relative = skin["tempSkin"][0]["value"]["nightlyRelative"].as_f64().unwrap();
    assert!((relative - truth["skin_temperature_relative_c"].as_f64().unwrap()).abs() <= 0.0501);
    let detail = nora.fitbit("1/user/-/hrv/date/2026-11-20/all.json").await;
    assert!(items(&detail["hrv"][0], "minutes").len() > 50);
    let empty = jack.fitbit("1.2/user/-/sleep/date/2026-11-20.json").await;
    assert_eq!(
        empty,
        json!({ "sleep": [], "summary": { "totalMinutesAsleep": 0, "totalSleepRecords": 0, "totalTimeInBed": 0 } })
    );
    assert_eq!(jack.fitbit("1.2/user/-/sleep/date/2026-11-01/2026-11-20.json").await, json!({ "sleep": [] }));
}

#[tokio::test]
async fn a_sleep_log_holds_together() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let answer = client.fitbit("1.2/user/-/sleep/date/2026-11-01/2026-11-20.json").await;
    for log in items(&answer, "sleep") {
        assert!(log["endTime"].as_str().unwrap().starts_with(log["dateOfSleep"].as_str().unwrap()));
        let levels = &log["levels"];
        let seconds: i64 = items(levels, "data").iter().map(|part| part["seconds"].as_i64().unwrap()).sum();
        assert_eq!(seconds * 1000, log["duration"].as_i64().unwrap());
        let minutes = |level: &str| levels["summary"][level]["minutes"].as_i64().unwrap();
        if log["type"] == "stages" {
            let asleep = minutes("deep") + minutes("light") + minutes("rem");
            assert!((asleep - log["minutesAsleep"].as_i64().unwrap()).abs() <= 3);
            assert!(items(levels, "shortData").iter().all(|part| part["seconds"].as_i64().unwrap() <= 180));
            assert_eq!(levels["summary"]["deep"]["thirtyDayAvgMinutes"], 0);
        } else {
            assert!(levels.get("shortData").is_none());
            assert_eq!(minutes("asleep"), log["minutesAsleep"].as_i64().unwrap());
        }
    }
    let by_date = client.fitbit("1.2/user/-/sleep/date/2026-11-20.json").await;
    assert!(by_date["sleep"][0]["levels"]["summary"]["deep"]["thirtyDayAvgMinutes"].as_i64().unwrap() > 20);
    assert!(by_date["summary"]["stages"]["deep"].is_i64());
}

#[tokio::test]
async fn the_sleep_list_is_followed_by_its_links() {
    let world = World::new();
    let client = world.fitbit("arjun").await;
    let range = client.fitbit("1.2/user/-/sleep/date/2026-11-01/2026-11-20.json").await;
    let mut ids = Vec::new();
    let mut path = "1.2/user/-/sleep/list.json?afterDate=2026-10-31&sort=asc&limit=7&offset=0".to_owned();
    loop {
        let page = client.get(&format!("/fitbit/{path}")).await.ok();
        ids.extend(items(&page, "sleep").iter().map(|log| log["logId"].clone()));
        match page["pagination"]["next"].as_str().unwrap() {
            "" => break,
            next => path = next.split("/fitbit/").nth(1).unwrap().to_owned(),
        }
    }
    let expected: Vec<Value> = items(&range, "sleep").iter().map(|log| log["logId"].clone()).collect();
    assert_eq!(ids[..expected.len()], expected);
    for wrong in [
        "sort=asc&limit=7&offset=0",
        "afterDate=2026-10-31&sort=up&limit=7&offset=0",
        "afterDate=2026-10-31&sort=asc&limit=101&offset=0",
    ] {
        assert_eq!(client.get(&format!("/fitbit/1.2/user/-/sleep/list.json?{wrong}")).await.status, 400);
    }
}

#[tokio::test]
async fn units_follow_accept_language() {
    let world = World::new();
    let client = world.fitbit("walter").await;
    let bearer = format!("Bearer {}", client.token);
    let value = async |language: &str, path: &str| {
        let headers = [("authorization", bearer.as_str()), ("accept-language", language)];
        world.get(&format!("/fitbit/{path}"), &headers).await.ok()
    };
    let distance = "1/user/-/activities/distance/date/2026-11-19/1d.json";
    let km = number(&value("de_DE", distance).await["activities-distance"][0]["value"]);
    let miles = number(&value("en_US", distance).await["activities-distance"][0]["value"]);
    assert!((km / miles - 1.609_344).abs() < 1e-6);
    let weight = "1/user/-/body/log/weight/date/2026-10-25/2026-11-20.json";
    let of = async |language: &str| value(language, weight).await["weight"][0]["weight"].as_f64().unwrap();
    let (kg, lb, stone) = (of("").await, of("en_US").await, of("en_GB").await);
    assert!((lb / kg - 2.2046).abs() < 0.001 && (kg / stone - 6.35).abs() < 0.01);
}

#[tokio::test]
async fn a_weight_log_has_the_local_clock_as_its_id() {
    let world = World::new();
    let client = world.fitbit("walter").await;
    let answer = client.fitbit("1/user/-/body/log/weight/date/2026-10-25/2026-11-20.json").await;
    let log = items(&answer, "weight").last().unwrap();
    let local = format!("{}T{}Z", log["date"].as_str().unwrap(), log["time"].as_str().unwrap());
    assert_eq!(log["logId"].as_i64().unwrap(), crate::world::at(&local));
    let series = client.fitbit("1/user/-/body/weight/date/2026-11-01/2026-11-20.json").await;
    assert_eq!(items(&series, "body-weight").len(), 20);
    assert!(items(&series, "body-weight").iter().all(|day| number(&day["value"]) > 55.0));
}

#[tokio::test]
async fn ranges_are_limited() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let refused = async |path: &str| {
        let answer = client.get(&format!("/fitbit/1/user/-/{path}")).await;
        (answer.status.as_u16(), answer.json()["errors"][0]["errorType"].as_str().map(str::to_owned))
    };
    let validation = (400, Some("validation".to_owned()));
    for path in [
        "hrv/date/2026-10-01/2026-10-31.json",
        "temp/skin/date/2026-10-01/2026-10-31.json",
        "activities/activityCalories/date/2026-10-01/2026-10-31.json",
        "activities/steps/date/2023-01-01/2026-10-31.json",
        "activities/heart/date/2025-10-01/2026-11-01.json",
        "activities/steps/date/2026-11-20/2026-11-19.json",
        "activities/steps/date/2026-11-31/1d.json",
        "activities/steps/date/2026-11-19/2026-11-20/1min.json",
        "body/log/weight/date/2026-10-01/2026-11-01.json",
    ] {
        assert_eq!(refused(path).await, validation, "{path}");
    }
    let answer = client.get("/fitbit/1.2/user/-/sleep/date/2026-07-01/2026-10-09.json").await;
    assert_eq!(answer.status, 400);
    client.fitbit("1/user/-/hrv/date/2026-10-01/2026-10-30.json").await;
}

#[tokio::test]
async fn a_hundred_and_fifty_requests_an_hour() {
    let world = World::at("2026-11-21T10:20:00Z");
    let (nora, walter) = (world.fitbit("nora").await, world.fitbit("walter").await);
    for made in 1..=150 {
        let answer = nora.get("/fitbit/1/user/-/devices.json").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("fitbit-rate-limit-limit"), Some("150"));
        assert_eq!(answer.header("fitbit-rate-limit-remaining"), Some((150 - made).to_string().as_str()));
        assert_eq!(answer.header("fitbit-rate-limit-reset"), Some("2400"));
    }
    let refused = nora.get("/fitbit/1/user/-/devices.json").await;
    assert_eq!(refused.status, 429);
    let expected = json!({ "errors": [{ "errorType": "system", "fieldName": "n/a", "message": "Too Many Requests" }], "success": false });
    assert_eq!(refused.json(), expected);
    assert_eq!(
        (refused.header("fitbit-rate-limit-remaining"), refused.header("retry-after")),
        (Some("0"), None)
    );
    walter.fitbit("1/user/-/devices.json").await;
    world.pass_seconds(2400);
    nora.fitbit("1/user/-/devices.json").await;
}

#[tokio::test]
async fn profile_and_devices() {
    let world = World::new();
    let client = world.fitbit("arjun").await;
    let user = client.fitbit("1/user/-/profile.json").await["user"].clone();
    assert_eq!((&user["encodedId"], &user["timezone"]), (&json!("6RRT4M"), &json!("Asia/Kolkata")));
    assert_eq!(user["offsetFromUTCMillis"], 19_800_000);
    let devices = client.fitbit("1/user/-/devices.json").await;
    assert_eq!(devices[0]["type"], "TRACKER");
    assert!(devices[0]["lastSyncTime"].as_str().unwrap().starts_with("2026-11-21T15:"));
    client.fitbit("1/user/6RRT4M/profile.json").await;
    assert_eq!(client.get("/fitbit/1/user/8KD2QN/profile.json").await.status, 403);
}

#[tokio::test]
async fn the_daily_summary_has_numbers() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    let answer = client.fitbit("1/user/-/activities/date/2026-11-20.json").await;
    let truth = world.truth("nora", "2026-11-20").await;
    assert_eq!(answer["summary"]["steps"].as_f64(), truth["steps"].as_f64());
    assert_eq!(answer["summary"]["restingHeartRate"], truth["resting_heart_rate"]);
    assert!(answer.get("goals").is_none());
    assert!(client.fitbit("1/user/-/activities/date/today.json").await["goals"].is_object());
}
