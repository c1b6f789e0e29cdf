//! The people themselves: physiology, wear, summer time, travel, lateness.

use std::sync::Arc;
use std::time::Instant;

use pulsekeep_simulator::people::{Day, People, Person, View};

use crate::world::{World, at, items};

fn view(people: &Arc<People>, id: &str, now: &str) -> View {
    View::new(people.clone(), people.find(id).unwrap().clone(), at(now) / 1000, Vec::new())
}

fn everybody(people: &Arc<People>) -> Vec<(Arc<Person>, View)> {
    let now = at("2026-11-21T10:00:00Z") / 1000;
    let with_view =
        |person: &Arc<Person>| (person.clone(), View::new(people.clone(), person.clone(), now, Vec::new()));
    people.all().iter().map(with_view).collect()
}

#[test]
fn at_least_400_days_are_there() {
    let people = Arc::new(People::load().unwrap());
    for (person, view) in everybody(&people) {
        assert!(view.today().0 - view.first_day().0 >= 400, "{}", person.profile.id);
        let first = view.day(view.first_day()).unwrap();
        assert!(view.minutes_of(&first).count() >= 1440);
        assert!(view.day(view.first_day().plus(-1)).is_none() && view.day(view.today().plus(1)).is_none());
    }
}

#[test]
fn hearts_beat_plausibly_and_only_on_the_wrist() {
    let people = Arc::new(People::load().unwrap());
    for (person, view) in everybody(&people) {
        let mut asleep = Vec::new();
        let mut moving = Vec::new();
        let mut sitting = Vec::new();
        for back in 1..=28 {
            let day = view.day(view.today().plus(-back)).unwrap();
            for minute in &day.minutes {
                let samples: Vec<_> = day.samples(minute).collect();
                assert!(minute.worn || samples.is_empty(), "{}: a heart without a watch", person.profile.id);
                assert!(samples.windows(2).all(|pair| pair[0].time < pair[1].time));
                for sample in samples {
                    assert!((35..=205).contains(&sample.bpm));
                    let sleeping = day.sleeps.iter().any(|sleep| sleep.stage_at(sample.time).is_some());
                    match (sleeping, minute.intensity) {
                        (true, _) => asleep.push(sample.bpm),
                        (false, 3) => moving.push(sample.bpm),
                        (false, 0) => sitting.push(sample.bpm),
                        _ => {}
                    }
                }
            }
        }
        let mean = |beats: &[u32]| f64::from(beats.iter().sum::<u32>()) / beats.len().max(1) as f64;
        let resting = person.profile.resting_bpm;
        assert!((mean(&sitting) - resting - 10.0).abs() < 9.0, "{}: {}", person.profile.id, mean(&sitting));
        if !asleep.is_empty() {
            assert!((mean(&asleep) - resting).abs() < 6.0, "{}: {}", person.profile.id, mean(&asleep));
        }
        if moving.len() > 1000 {
            assert!(mean(&moving) > mean(&sitting) + 30.0, "{}: {}", person.profile.id, mean(&moving));
        }
    }
}

#[test]
fn nights_last_as_long_as_they_were_recorded() {
    let people = Arc::new(People::load().unwrap());
    let mut nights = 0;
    let mut naps = 0;
    for (_, view) in everybody(&people) {
        for back in 2..=58 {
            let day = view.day(view.today().plus(-back)).unwrap();
            for sleep in &day.sleeps {
                assert_eq!(sleep.epochs.len() as i64 * 30, sleep.end - sleep.start);
                assert!(sleep.minutes_asleep() <= sleep.minutes_in_bed());
                nights += i32::from(sleep.main);
                naps += i32::from(!sleep.main);
                let by_label =
                    day.minutes.iter().filter(|minute| (sleep.start..sleep.end).contains(&minute.start));
                assert!(by_label.clone().all(|minute| minute.worn));
            }
            assert_eq!(day.variability.is_some(), day.sleeps.iter().any(|sleep| sleep.carries_night()));
            assert_eq!(day.variability.is_some(), day.wrist_celsius.is_some());
        }
    }
    assert!(nights > 250 && naps > 20, "{nights} nights, {naps} naps");
}

#[test]
fn recorded_rounds_show_the_recorded_numbers() {
    // Nora's recording of 2016-04-20 (a Wednesday): 381 minutes asleep of 409, and its steps are whole in every third round
    let people = Arc::new(People::load().unwrap());
    let view = view(&people, "nora", "2026-11-21T10:00:00Z");
    let recorded = (0..400)
        .map(|back| view.today().plus(-back))
        .filter(|day| day.0.rem_euclid(7) == Day::parse("2016-04-20").unwrap().0.rem_euclid(7))
        .filter_map(|day| view.day(day))
        .filter(|day| {
            day.sleeps.iter().any(|sleep| sleep.minutes_asleep() == 381 && sleep.minutes_in_bed() == 409)
        });
    assert!(recorded.count() >= 4);
}

#[test]
fn summer_time_begins_and_ends() {
    let people = Arc::new(People::load().unwrap());
    let view = view(&people, "nora", "2026-11-21T10:00:00Z");
    let minutes = |date: &str| view.day(Day::parse(date).unwrap()).unwrap().minutes.len();
    assert_eq!((minutes("2026-03-29"), minutes("2026-03-30"), minutes("2026-10-25")), (1380, 1440, 1500));
    let crossing =
        view.sleeps(Day::parse("2026-10-25").unwrap()).into_iter().find(|sleep| sleep.main).unwrap();
    assert_eq!((crossing.start_offset, crossing.end_offset), (7200, 3600));
    assert_eq!(crossing.epochs.len() as i64 * 30, crossing.end - crossing.start);
}

#[tokio::test]
async fn the_traveller_has_other_offsets_and_torn_days() {
    let people = Arc::new(People::load().unwrap());
    let view = view(&people, "marcus", "2026-11-21T10:00:00Z");
    let lengths: Vec<usize> =
        (1..=168).map(|back| view.day(view.today().plus(-back)).unwrap().minutes.len()).collect();
    for expected in [19 * 60, 29 * 60] {
        assert!(lengths.contains(&expected), "{expected}");
    }
    let torn = (1..=168).filter(|back| {
        let day = view.day(view.today().plus(-back)).unwrap();
        day.minutes.windows(2).any(|pair| pair[1].start - pair[0].start > 60)
    });
    assert_eq!(torn.count(), 4, "two days for each of two journeys west");
    let world = World::new();
    let client = world.google("marcus").await;
    let settings = client.get("/google/v4/users/me/settings").await.ok();
    assert_eq!(settings["timeZone"], "America/New_York", "the profile does not travel");
    let mut offsets = std::collections::BTreeSet::new();
    for day in ["2026-08-29", "2026-09-03", "2026-10-01", "2026-11-10"] {
        let filter = format!(
            "steps.interval.civil_start_time >= \"{day}\" AND steps.interval.civil_start_time < \"{day}T23:00:00\""
        );
        for point in client.all_points("steps", "", &filter, "10000").await {
            offsets.insert(point["steps"]["interval"]["startUtcOffset"].as_str().unwrap().to_owned());
        }
    }
    assert!(offsets.len() >= 3, "{offsets:?}");
}

#[tokio::test]
async fn one_device_syncs_three_days_late() {
    let world = World::new();
    let client = world.google("harriet").await;
    let devices = client.get("/google/v4/users/me/pairedDevices").await.ok();
    assert_eq!(devices["pairedDevices"][0]["lastSyncTime"], "2026-11-17T12:00:00Z");
    let newest = client.points("heart-rate", "", &[("pageSize", "1")]).await.ok();
    let time = newest["dataPoints"][0]["heartRate"]["sampleTime"]["physicalTime"].as_str().unwrap();
    assert!(time < "2026-11-17T12:00:00Z" && time > "2026-11-16T00:00:00Z");
    world.pass_seconds(2 * 3600 + 60);
    let client = world.google("harriet").await;
    let devices = client.get("/google/v4/users/me/pairedDevices").await.ok();
    assert_eq!(devices["pairedDevices"][0]["lastSyncTime"], "2026-11-18T12:00:00Z");
}

#[tokio::test]
async fn today_ends_at_the_last_sync() {
    let world = World::new();
    let client = world.google("nora").await;
    let devices = client.get("/google/v4/users/me/pairedDevices").await.ok();
    let sync = devices["pairedDevices"][0]["lastSyncTime"].as_str().unwrap().to_owned();
    assert!((at("2026-11-21T10:00:00Z") - at(&sync)) < 900_000);
    let newest = client.points("heart-rate", "", &[("pageSize", "1")]).await.ok();
    let time = newest["dataPoints"][0]["heartRate"]["sampleTime"]["physicalTime"].as_str().unwrap();
    assert!(at(time) < at(&sync) && at(&sync) - at(time) < 300_000);
    let calories =
        client.roll_up("total-calories", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "60s").await.ok();
    let last = items(&calories, "rollupDataPoints").last().unwrap().clone();
    assert_eq!(last["endTime"], sync.as_str());
}

#[test]
fn days_are_made_fast_and_always_the_same() {
    let (one, other) = (Arc::new(People::load().unwrap()), Arc::new(People::load().unwrap()));
    let begun = Instant::now();
    let mut days = 0;
    for (person, view) in everybody(&one) {
        let again =
            View::new(other.clone(), other.find(person.profile.id).unwrap().clone(), view.now(), Vec::new());
        for back in 0..20 {
            let day = view.today().plus(-back);
            let text = |view: &View| format!("{:?}", view.day(day).unwrap());
            assert_eq!(text(&view), text(&again));
            days += 2;
        }
    }
    let each = begun.elapsed().as_secs_f64() * 1000.0 / f64::from(days);
    assert!(each < 50.0, "{each} ms a day, printing included");
}
