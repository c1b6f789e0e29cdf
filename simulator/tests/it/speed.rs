//! How fast the simulator answers: loads and benchmarks ask thousands of requests a minute of one process.

use std::time::{Duration, Instant};

use crate::world::{World, items};

/// A year of minutes of heart rate, as a backfill asks for it: 61 ranges of six days in one page each.
#[tokio::test]
async fn a_year_of_minutes_of_heart_rate_is_told_in_seconds() {
    let world = World::new();
    let client = world.google("nora").await;
    let end: jiff::Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    let (begun, mut rows, mut bytes) = (Instant::now(), 0, 0);
    for range in 0..61 {
        let at = |ranges: i64| (end - Duration::from_secs(ranges as u64 * 6 * 86_400)).to_string();
        let body = serde_json::json!({
            "range": { "startTime": at(range + 1), "endTime": at(range) }, "windowSize": "60s", "pageSize": 10_000,
        });
        let path = "/google/v4/users/me/dataTypes/heart-rate/dataPoints:rollUp?prettyPrint=false";
        let answer = client.post(path, &body).await;
        bytes += answer.bytes.len();
        if range == 0 {
            rows += items(&answer.ok(), "rollupDataPoints").len() * 61;
        }
    }
    let taken = begun.elapsed();
    println!("about {rows} rows, {bytes} bytes in {taken:?}");
    assert!(taken < Duration::from_secs(30), "{taken:?}");
}

/// Making days is what most answers wait for.
#[test]
fn days_are_made_in_a_fraction_of_a_millisecond() {
    use pulsekeep_simulator::people::{People, View};
    let people = std::sync::Arc::new(People::load().unwrap());
    let person = people.find("nora").unwrap().clone();
    let view = View::new(people.clone(), person, crate::world::at("2026-11-21T10:00:00Z") / 1000, Vec::new());
    let begun = Instant::now();
    for back in 1..=400 {
        assert!(view.day(view.today().plus(-back)).is_some());
    }
    println!("{:?} a day", begun.elapsed() / 400);
    let begun = Instant::now();
    let day = view.day(view.today().plus(-1)).unwrap();
    let samples: usize =
        (0..50).map(|_| day.minutes.iter().map(|minute| day.samples(minute).count()).sum::<usize>()).sum();
    println!("{:?} for the samples of a day ({})", begun.elapsed() / 50, samples / 50);
}
