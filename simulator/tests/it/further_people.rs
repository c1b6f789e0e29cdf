//! People beyond the twelve: any number, found by name, the same for everybody who asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pulsekeep_simulator::people::{Habit, People, Sync, View, last_sync};
use serde_json::json;

use crate::world::{World, at};

#[test]
fn a_thousand_people_are_there_at_once() {
    let begun = Instant::now();
    let people = Arc::new(People::with(988).unwrap());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(people.all().len(), 1000);
    let twelve = People::load().unwrap();
    for (one, other) in people.all().iter().zip(twelve.all()) {
        assert_eq!(one.profile.id, other.profile.id);
    }
    let now = at("2026-11-21T10:00:00Z") / 1000;
    let again = Arc::new(People::with(500).unwrap());
    let text = |people: &Arc<People>, number: usize| {
        let view = View::new(people.clone(), people.all()[number].clone(), now, Vec::new());
        format!("{:?}", view.day(view.today().plus(-2)).unwrap())
    };
    assert_eq!(text(&people, 400), text(&again, 400));
    assert_ne!(text(&people, 400), text(&people, 412), "the same recording, another life");
}

#[test]
fn they_live_in_many_ways() {
    let people = Arc::new(People::with(400).unwrap());
    let now = at("2026-11-21T10:00:00Z") / 1000;
    let all = &people.all()[12..];
    let zones: std::collections::BTreeSet<_> = all.iter().map(|person| person.profile.zone).collect();
    assert!(zones.len() >= 15);
    let count = |test: fn(&pulsekeep_simulator::people::Profile) -> bool| {
        all.iter().filter(|person| test(&person.profile)).count()
    };
    assert!(count(|profile| profile.sync == Sync::Irregular(Habit::Rarely)) > 30);
    assert!(count(|profile| profile.absence.is_some()) > 30 && count(|profile| profile.travels) > 30);
    assert!(count(|profile| profile.phone.is_some()) > 30 && count(|profile| profile.scale) > 30);
    let legacy = count(|profile| profile.provider() == pulsekeep_simulator::Provider::Fitbit);
    assert!((60..=140).contains(&legacy), "{legacy}");
    for person in all.iter().take(48) {
        let view = View::new(people.clone(), person.clone(), now, Vec::new());
        let mut lost = 0;
        for back in 1..=140 {
            let day = view.day(view.today().plus(-back)).unwrap();
            assert!(!day.minutes.is_empty());
            let absence = person.profile.absence.filter(|absence| absence.holds(day.day));
            if absence.is_some() {
                lost += 1;
                assert!(day.minutes.iter().all(|minute| minute.steps == 0 && minute.floors == 0));
                assert!(day.sleeps.is_empty() && day.weights.is_empty() && day.exercises().is_empty());
            }
        }
        assert_eq!(lost > 0, person.profile.absence.is_some(), "{}", person.profile.id);
    }
}

#[test]
fn a_lost_watch_hands_nothing_over_until_it_is_found() {
    let people = People::with(40).unwrap();
    let person = people.all().iter().find(|person| person.profile.absence.is_some()).unwrap();
    let absence = person.profile.absence.unwrap();
    let mut longest = 0;
    let mut before = None;
    for hour in 0..24 * 260 {
        let now = at("2026-03-01T00:00:00Z") / 1000 + hour * 3600;
        let sync = last_sync(person, now);
        assert!(sync <= now && before.is_none_or(|before| before <= sync));
        assert!(!absence.holds(person.timeline.day_at(sync)));
        longest = longest.max(now - sync);
        before = Some(sync);
    }
    assert!(longest > i64::from(absence.days - 1) * 86_400 && longest < i64::from(absence.days + 5) * 86_400);
}

#[tokio::test]
async fn they_sign_in_by_name_with_both_providers() {
    let world = World::with(|config| config.extra_people = 988);
    let people = world.get("/control/people", &[]).await.ok();
    let last = people["people"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["id"], last["provider"].is_string()), (&json!("p1000"), true));
    let name = last["name"].as_str().unwrap();
    let google = world.google(name).await;
    let identity = google.get("/google/v4/users/me/identity").await.ok();
    assert_eq!(identity["healthUserId"], last["google_id"]);
    let tokens = world.fitbit_tokens(&name.to_uppercase()).await;
    assert_eq!(tokens["user_id"], last["fitbit_id"]);
    let again = world.fitbit_refresh(tokens["refresh_token"].as_str().unwrap()).await.ok();
    assert_eq!(again["user_id"], last["fitbit_id"]);
    let page = world.get(&crate::world::google_authorize(&["sleep"]), &[]).await.text();
    assert!(page.contains("name=\"who\"") && page.matches("type=\"radio\"").count() == 12);
    let typed = format!(
        "person=nora&who={}&decision=allow&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fgooglehealth.sleep.readonly",
        name.replace(' ', "+")
    );
    let request = axum::http::Request::post(crate::world::google_authorize(&["sleep"]))
        .body(axum::body::Body::from(typed))
        .unwrap();
    let answer = world.send(request).await;
    let back = url::Url::parse(answer.header("location").unwrap()).unwrap();
    let code = back.query_pairs().find(|(field, _)| field == "code").unwrap().1.into_owned();
    let tokens = world.google_exchange(&code, crate::world::VERIFIER).await.ok();
    let client =
        crate::world::Client { world: &world, token: tokens["access_token"].as_str().unwrap().to_owned() };
    assert_eq!(client.get("/google/v4/users/me/identity").await.ok()["healthUserId"], last["google_id"]);
}
