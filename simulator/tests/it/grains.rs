//! All grains and both providers tell the same days: totals are sums of what is finer, and the truth is what is served.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{Client, World, at, int, items};

fn next(day: &str) -> String {
    (day.parse::<jiff::civil::Date>().unwrap() + jiff::Span::new().days(1)).to_string()
}

/// All points of a day, by reconcile.
async fn merged(client: &Client<'_>, data_type: &str, field: &str, day: &str) -> Vec<Value> {
    let snake = data_type.replace('-', "_");
    let filter = format!("{snake}.{field} >= \"{day}\" AND {snake}.{field} < \"{}\"", next(day));
    client.all_points(data_type, ":reconcile", &filter, "10000").await
}

const START: &str = "interval.civil_start_time";
const SAMPLE: &str = "sample_time.civil_time";

async fn rolled(client: &Client<'_>, data_type: &str, day: &str) -> Value {
    let answer = client.daily_roll_up(data_type, day, &next(day)).await.ok();
    items(&answer, "rollupDataPoints").first().cloned().unwrap_or_default()
}

fn seconds(point: &Value, member: &str) -> i64 {
    let interval = &point[member]["interval"];
    let instant = |name: &str| at(interval[name].as_str().unwrap()) / 1000;
    instant("endTime") - instant("startTime")
}

fn duration(value: &Value) -> i64 {
    value.as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap()
}

/// A plain day, one of 25 hours, a day of travel, one without the watch at times, and today.
const DAYS: [(&str, &str); 6] = [
    ("dana", "2026-11-19"),
    ("nora", "2026-10-25"),
    ("marcus", "2026-09-14"),
    ("beatriz", "2026-11-20"),
    ("dana", "2026-11-21"),
    ("walter", "2026-11-18"),
];

#[tokio::test]
async fn daily_totals_of_every_interval_are_the_sum_of_its_minutes() {
    let world = World::new();
    let mut seen = BTreeMap::new();
    for (person, day) in DAYS {
        let client = world.google(person).await;
        for (data_type, member, value, sum) in [
            ("floors", "floors", "count", "countSum"),
            ("altitude", "altitude", "gainMillimeters", "gainMillimetersSum"),
        ] {
            let points = merged(&client, data_type, START, day).await;
            let total: i64 = points.iter().map(|point| int(&point[member][value])).sum();
            let rolled = rolled(&client, data_type, day).await;
            assert_eq!(rolled[member].get(sum).map_or(0, int), total, "{person} {day} {data_type}");
            *seen.entry(data_type).or_insert(0) += total;
        }
        let points = merged(&client, "active-energy-burned", START, day).await;
        let total: f64 =
            points.iter().map(|point| point["activeEnergyBurned"]["kcal"].as_f64().unwrap()).sum();
        let rolled_kcal =
            rolled(&client, "active-energy-burned", day).await["activeEnergyBurned"]["kcalSum"].clone();
        assert!((rolled_kcal.as_f64().unwrap_or(0.0) - total).abs() < 1e-6, "{person} {day}");
        let mut zones = BTreeMap::new();
        for point in merged(&client, "active-zone-minutes", START, day).await {
            let point = &point["activeZoneMinutes"];
            *zones.entry(point["heartRateZone"].as_str().unwrap().to_owned()).or_insert(0) +=
                int(&point["activeZoneMinutes"]);
        }
        let told = rolled(&client, "active-zone-minutes", day).await["activeZoneMinutes"].clone();
        for (zone, sum) in [
            ("FAT_BURN", "sumInFatBurnHeartZone"),
            ("CARDIO", "sumInCardioHeartZone"),
            ("PEAK", "sumInPeakHeartZone"),
        ] {
            assert_eq!(
                told.get(sum).map_or(0, int),
                zones.get(zone).copied().unwrap_or(0),
                "{person} {day} {zone}"
            );
        }
        *seen.entry("zones").or_insert(0) += zones.values().sum::<i64>();
    }
    assert!(seen.values().all(|total| *total > 0), "{seen:?}");
}

#[tokio::test]
async fn durations_by_level_and_zone_are_the_sum_of_their_stretches() {
    let world = World::new();
    for (person, day) in DAYS {
        let client = world.google(person).await;
        for (data_type, member, kind, list, name, sum) in [
            (
                "activity-level",
                "activityLevel",
                "activityLevelType",
                "activityLevelRollupsByActivityLevelType",
                "activityLevelType",
                "totalDuration",
            ),
            (
                "time-in-heart-rate-zone",
                "timeInHeartRateZone",
                "heartRateZoneType",
                "timeInHeartRateZones",
                "heartRateZone",
                "duration",
            ),
        ] {
            let mut stretches: BTreeMap<String, i64> = BTreeMap::new();
            for point in merged(&client, data_type, START, day).await {
                let word = point[member][kind].as_str().unwrap().to_owned();
                *stretches.entry(word).or_default() += seconds(&point, member);
            }
            let rolled = rolled(&client, data_type, day).await;
            let told: BTreeMap<String, i64> = items(&rolled[member], list)
                .iter()
                .map(|part| (part[name].as_str().unwrap().to_owned(), duration(&part[sum])))
                .collect();
            assert_eq!(told, stretches, "{person} {day} {data_type}");
        }
        let still = merged(&client, "sedentary-period", START, day).await;
        let still: i64 = still.iter().map(|point| seconds(point, "sedentaryPeriod")).sum();
        let told = rolled(&client, "sedentary-period", day).await["sedentaryPeriod"].clone();
        assert_eq!(told.get("durationSum").map_or(0, duration), still, "{person} {day}");
        let active = merged(&client, "active-minutes", START, day).await.len() as i64;
        let told = rolled(&client, "active-minutes", day).await["activeMinutes"].clone();
        let told: i64 = items(&told, "activeMinutesRollupByActivityLevel")
            .iter()
            .map(|part| int(&part["activeMinutesSum"]))
            .sum();
        assert_eq!(told, active, "{person} {day}");
    }
}

#[tokio::test]
async fn a_day_of_heart_rate_is_its_samples() {
    let world = World::new();
    for (person, day) in DAYS {
        let client = world.google(person).await;
        let rates: Vec<i64> = merged(&client, "heart-rate", SAMPLE, day)
            .await
            .iter()
            .map(|point| int(&point["heartRate"]["beatsPerMinute"]))
            .collect();
        let heart = rolled(&client, "heart-rate", day).await["heartRate"].clone();
        assert_eq!(heart["beatsPerMinuteMin"].as_i64(), rates.iter().min().copied(), "{person} {day}");
        assert_eq!(heart["beatsPerMinuteMax"].as_i64(), rates.iter().max().copied(), "{person} {day}");
        if let Some(mean) = heart["beatsPerMinuteAvg"].as_f64() {
            assert!((mean - rates.iter().sum::<i64>() as f64 / rates.len() as f64).abs() < 1e-9);
        }
    }
}

#[tokio::test]
async fn both_providers_tell_the_same_nights() {
    let world = World::new();
    let (google, fitbit) = (world.google("nora").await, world.fitbit("nora").await);
    let day = "2026-11-19";
    let daily = async |data_type: &str, member: &str| {
        merged(&google, data_type, "date", day).await.first().unwrap()[member].clone()
    };
    let oxygen = daily("daily-oxygen-saturation", "dailyOxygenSaturation").await;
    let legacy = fitbit.fitbit(&format!("1/user/-/spo2/date/{day}.json")).await;
    assert_eq!(oxygen["averagePercentage"].as_f64(), legacy["value"]["avg"].as_f64());
    let range = fitbit.fitbit(&format!("1/user/-/spo2/date/{day}/{day}.json")).await;
    assert_eq!(range, json!([legacy]));
    let detail = fitbit.fitbit(&format!("1/user/-/spo2/date/{day}/all.json")).await;
    let legacy_values: Vec<f64> =
        items(&detail, "minutes").iter().map(|row| row["value"].as_f64().unwrap()).collect();
    let filter = format!(
        "oxygen_saturation.sample_time.civil_time >= \"{day}T00:00:00\" AND oxygen_saturation.sample_time.civil_time < \"{day}T12:00:00\""
    );
    let mut values: Vec<f64> = google
        .all_points("oxygen-saturation", ":reconcile", &filter, "10000")
        .await
        .iter()
        .map(|point| point["oxygenSaturation"]["percentage"].as_f64().unwrap())
        .collect();
    values.reverse();
    assert!(
        values.len() > 200 && legacy_values.ends_with(&values),
        "what lies before midnight is not asked for"
    );
    let extreme = |pick: fn(f64, f64) -> f64| legacy_values.iter().copied().reduce(pick);
    assert_eq!(extreme(f64::min), legacy["value"]["min"].as_f64());
    assert_eq!(extreme(f64::max), legacy["value"]["max"].as_f64());
    let breathing = daily("daily-respiratory-rate", "dailyRespiratoryRate").await;
    let legacy = fitbit.fitbit(&format!("1/user/-/br/date/{day}.json")).await;
    assert_eq!(breathing["breathsPerMinute"].as_f64(), legacy["br"][0]["value"]["breathingRate"].as_f64());
    let stages = fitbit.fitbit(&format!("1/user/-/br/date/{day}/all.json")).await["br"][0]["value"].clone();
    assert!(
        stages["deepSleepSummary"]["breathingRate"].is_number() && stages.as_object().unwrap().len() == 4
    );
    let fitness = daily("daily-vo2-max", "dailyVo2Max").await["vo2Max"].as_f64().unwrap();
    let legacy = fitbit.fitbit(&format!("1/user/-/cardioscore/date/{day}.json")).await;
    let text = legacy["cardioScore"][0]["value"]["vo2Max"].as_str().unwrap().to_owned();
    let middle = match text.split_once('-') {
        Some((low, high)) => (low.parse::<f64>().unwrap() + high.parse::<f64>().unwrap()) / 2.0,
        None => text.parse().unwrap(),
    };
    assert!((middle - fitness).abs() <= 0.5, "{text} {fitness}");
    let ranges = daily("daily-heart-rate-zones", "dailyHeartRateZones").await;
    let legacy = fitbit.fitbit(&format!("1/user/-/activities/heart/date/{day}/1d.json")).await;
    let zones = items(&legacy["activities-heart"][0]["value"], "heartRateZones").to_vec();
    for (zone, legacy) in items(&ranges, "heartRateZones").iter().zip(&zones) {
        assert_eq!(int(&zone["minBeatsPerMinute"]), legacy["min"].as_i64().unwrap());
    }
    let time = rolled(&google, "time-in-heart-rate-zone", day).await["timeInHeartRateZone"].clone();
    for part in &items(&time, "timeInHeartRateZones")[1..] {
        let name = match part["heartRateZone"].as_str().unwrap() {
            "MODERATE" => "Fat Burn",
            "VIGOROUS" => "Cardio",
            _ => "Peak",
        };
        let legacy = zones.iter().find(|zone| zone["name"] == name).unwrap();
        assert_eq!(duration(&part["duration"]), legacy["minutes"].as_i64().unwrap() * 60);
    }
}

#[tokio::test]
async fn readings_by_hand_and_scale_are_the_same_everywhere() {
    let world = World::new();
    let (google, fitbit) = (world.google("jack").await, world.fitbit("jack").await);
    let fat = fitbit.fitbit("1/user/-/body/log/fat/date/2026-10-23/2026-11-20.json").await;
    let legacy: Vec<f64> = items(&fat, "fat").iter().map(|log| log["fat"].as_f64().unwrap()).collect();
    let filter = "body_fat.sample_time.civil_time >= \"2026-10-23\" AND body_fat.sample_time.civil_time < \"2026-11-21\"";
    let points = google.all_points("body-fat", ":reconcile", filter, "1000").await;
    let mut values: Vec<f64> =
        points.iter().map(|point| point["bodyFat"]["percentage"].as_f64().unwrap()).collect();
    values.reverse();
    assert!(values.len() > 10 && values == legacy);
    assert!(
        points.iter().all(|point| point["dataPointName"].as_str().unwrap().contains("/body-fat/dataPoints/"))
    );
    let too_long = fitbit.get("/fitbit/1/user/-/body/log/fat/date/2026-10-01/2026-10-31.json").await;
    assert_eq!(too_long.status, 400);
    let (google, fitbit) = (world.google("ilse").await, world.fitbit("ilse").await);
    let core = fitbit.fitbit("1/user/-/temp/core/date/2026-10-23/2026-11-20.json").await;
    let filter = "core_body_temperature.sample_time.civil_time >= \"2026-10-23\" AND \
                  core_body_temperature.sample_time.civil_time < \"2026-11-21\"";
    let points = google.all_points("core-body-temperature", ":reconcile", filter, "1000").await;
    assert!(points.len() > 3 && points.len() == items(&core, "tempCore").len());
    let newest = &points[0]["coreBodyTemperature"];
    assert_eq!(
        newest["temperatureCelsius"].as_f64(),
        items(&core, "tempCore").last().unwrap()["value"].as_f64()
    );
}

#[tokio::test]
async fn exercises_page_and_have_routes_for_those_who_may_see_them() {
    let world = World::new();
    let (google, fitbit) = (world.google("dana").await, world.fitbit("dana").await);
    let filter = "exercise.interval.civil_start_time >= \"2026-09-01\" AND exercise.interval.civil_start_time < \"2026-11-21\"";
    let paged = google.all_points("exercise", ":reconcile", filter, "7").await;
    let whole = google.all_points("exercise", "", filter, "25").await;
    assert!(paged.len() > 20 && paged.len() == whole.len(), "{}", paged.len());
    let page = google.points("exercise", "", &[("pageSize", "100")]).await.ok();
    assert_eq!(items(&page, "dataPoints").len(), 25);
    let mut logs = Vec::new();
    let mut path = "1/user/-/activities/list.json?afterDate=2026-08-31&sort=asc&limit=9&offset=0".to_owned();
    loop {
        let page = fitbit.fitbit(&path).await;
        logs.extend(items(&page, "activities").to_vec());
        match page["pagination"]["next"].as_str().unwrap() {
            "" => break,
            next => path = next.split("/fitbit/").nth(1).unwrap().to_owned(),
        }
    }
    let logs: Vec<Value> =
        logs.into_iter().filter(|log| log["startTime"].as_str().unwrap() < "2026-11-21").collect();
    assert_eq!(logs.len(), whole.len());
    for (log, point) in logs.iter().zip(whole.iter().rev()) {
        let exercise = &point["exercise"];
        let summary = &exercise["metricsSummary"];
        assert_eq!(
            at(log["startTime"].as_str().unwrap()),
            at(exercise["interval"]["startTime"].as_str().unwrap())
        );
        assert_eq!(log["steps"].as_i64().unwrap(), int(&summary["steps"]));
        assert_eq!(
            log["averageHeartRate"].as_i64().unwrap(),
            int(&summary["averageHeartRateBeatsPerMinute"])
        );
        assert_eq!(
            log["activeZoneMinutes"]["totalMinutes"].as_i64().unwrap(),
            int(&summary["activeZoneMinutes"])
        );
        assert!((log["calories"].as_f64().unwrap() - summary["caloriesKcal"].as_f64().unwrap()).abs() <= 0.5);
    }
    let with_route =
        whole.iter().find(|point| point["exercise"]["exerciseMetadata"]["hasGps"] == true).unwrap();
    let name = with_route["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let path = format!("/google/v4/users/me/dataTypes/exercise/dataPoints/{name}:exportExerciseTcx");
    let file = google.get(&format!("{path}?alt=media")).await;
    assert_eq!(file.status, 200);
    let points = file.text().matches("<Trackpoint>").count();
    assert!(points > 100 && file.text().matches("<LatitudeDegrees>").count() == points);
    assert_eq!(google.get(&path).await.ok()["tcxData"].as_str().unwrap(), file.text());
    let id = logs.iter().find(|log| log["hasGps"] == true).unwrap()["logId"].as_u64().unwrap();
    let route = fitbit.get(&format!("/fitbit/1/user/-/activities/{id}.tcx")).await;
    assert_eq!(
        (route.status.as_u16(), route.header("content-type")),
        (200, Some("application/vnd.garmin.tcx+xml"))
    );
    let tokens = world.google_tokens("dana", &["activity_and_fitness"]).await;
    let narrow = Client { world: &world, token: tokens["access_token"].as_str().unwrap().to_owned() };
    assert_eq!(narrow.get(&path).await.status, 403);
    narrow.points("exercise", "", &[]).await.ok();
    assert_eq!(google.get(&path.replace(&name, "1")).await.status, 404);
}

#[tokio::test]
async fn the_truth_of_a_range_is_what_is_served() {
    let world = World::with(|config| config.extra_people = 30);
    for person in ["dana", "harriet", "p0016", "p0019"] {
        let (google, fitbit) = (world.google(person).await, world.fitbit(person).await);
        let of = async |provider: &str, more: &str| {
            let path = format!(
                "/control/people/{person}/truth/range?provider={provider}&from=2026-11-08&to=2026-11-20{more}"
            );
            world.get(&path, &[]).await.ok()
        };
        let truth = of("google", "").await;
        let rolled = google.daily_roll_up("steps", "2026-11-08", "2026-11-21").await.ok();
        let told: BTreeMap<String, f64> = items(&rolled, "rollupDataPoints")
            .iter()
            .map(|window| {
                let date = &window["civilStartTime"]["date"];
                let part = |name: &str| date[name].as_i64().unwrap();
                let day = format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day"));
                (day, int(&window["steps"]["countSum"]) as f64)
            })
            .collect();
        let expected: BTreeMap<String, f64> =
            serde_json::from_value(truth["daily"].get("steps").cloned().unwrap_or(json!({}))).unwrap();
        assert_eq!(told, expected, "{person}");
        for (data_type, metric, field, member, value) in [
            ("steps", "steps", START, "steps", "count"),
            ("oxygen-saturation", "oxygen_saturation", SAMPLE, "oxygenSaturation", "percentage"),
            (
                "heart-rate-variability",
                "heart_rate_variability",
                SAMPLE,
                "heartRateVariability",
                "rootMeanSquareOfSuccessiveDifferencesMilliseconds",
            ),
        ] {
            let snake = data_type.replace('-', "_");
            // nights of the days in question begin on the evening before
            let filter =
                format!("{snake}.{field} >= \"2026-11-07T12:00:00\" AND {snake}.{field} < \"2026-11-21\"");
            let mut served: Vec<(i64, f64)> = google
                .all_points(data_type, ":reconcile", &filter, "10000")
                .await
                .iter()
                .map(|point| {
                    let point = &point[member];
                    let time = point["interval"]["startTime"]
                        .as_str()
                        .or(point["sampleTime"]["physicalTime"].as_str());
                    let number = point[value].as_f64().or_else(|| point[value].as_str()?.parse().ok());
                    (at(time.unwrap()) / 1000, number.unwrap())
                })
                .collect();
            served.reverse();
            let rows: Vec<(i64, f64)> =
                serde_json::from_value(truth["detail"].get(metric).cloned().unwrap_or(json!([]))).unwrap();
            served.retain(|row| {
                rows.first().is_some_and(|first| row.0 >= first.0) && row.0 <= rows.last().unwrap().0
            });
            assert_eq!(served, rows, "{person} {metric}");
        }
        let legacy = of("fitbit", "&metrics=steps,heart_rate&native=true").await;
        let series = fitbit.fitbit("1/user/-/activities/steps/date/2026-11-08/2026-11-20.json").await;
        for day in items(&series, "activities-steps") {
            let told: f64 = day["value"].as_str().unwrap().parse().unwrap();
            assert_eq!(
                Some(told),
                legacy["daily"]["steps"][day["dateTime"].as_str().unwrap()].as_f64(),
                "{person}"
            );
        }
        let seconds = fitbit.fitbit("1/user/-/activities/heart/date/2026-11-10/1d/1sec.json").await;
        let rows = items(&legacy["detail"], "heart_rate");
        assert!(rows.len() >= items(&seconds["activities-heart-intraday"], "dataset").len());
        let early = of("google", "&at=2026-11-10T00:00:00Z").await;
        assert!(early["synced"].as_str().unwrap() <= "2026-11-10T00:00:00Z");
        assert!(items(&early["detail"], "steps").len() <= items(&truth["detail"], "steps").len());
    }
    world
        .fault(json!([{ "kind": "late_data", "person": "dana", "from": "2026-11-10", "to": "2026-11-12" }]))
        .await;
    let path = "/control/people/dana/truth/range?provider=google&from=2026-11-09&to=2026-11-13&metrics=steps";
    let days = world.get(path, &[]).await.ok()["daily"]["steps"].clone();
    assert_eq!(days.as_object().unwrap().keys().collect::<Vec<_>>(), ["2026-11-09", "2026-11-13"]);
}
