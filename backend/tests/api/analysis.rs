//! What is computed of a person's data, against a plain computation over what the simulated person really did.

mod naive;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use jiff::{civil::Date, tz::TimeZone};
use pulsekeep_core::{
    Clock as _, SystemClock,
    account::{Role, Viewer},
    time::{DayRange, add_days, days_between},
};
use pulsekeep_simulator::{SimulatorConfig, people::Timeline, router};
use pulsekeep_store::User;
use pulsekeep_testkit::{on_each_engine, on_sqlite};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;
use url::Url;

use crate::harness::{Client, World, code};
use naive::Lived;

/// What the tests fetch: few metrics, of each kind one.
const METRICS: &str = "[STEPS, HEART_RATE, RESTING_HEART_RATE, SLEEP, FAT_BURN_ZONE_MINUTES, CARDIO_ZONE_MINUTES, \
     PEAK_ZONE_MINUTES, ACTIVE_ZONE_MINUTES, LIGHT_HEART_ZONE_MINUTES]";

/// What the simulator knows of a person's days.
async fn truth(person: &str, days: DayRange) -> Value {
    let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(|| SystemClock.now().0));
    let path = format!(
        "/control/people/{person}/truth/range?provider=google&from={}&to={}",
        days.start,
        days.last()
    );
    let answer =
        router(config).unwrap().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// Connects the simulated person and fetches some days of theirs.
async fn fetched(
    world: &World,
    simulator: &pulsekeep_simulator::Simulator,
    user: &User,
    name: &str,
    days: DayRange,
) -> Client {
    let mut client = world.signed_in(user).await;
    let authorize = client.get("/connect/google_health").await.location().to_owned();
    let back = Url::parse(&simulator.consent(&authorize, name).unwrap()).unwrap();
    client.get(&format!("{}?{}", back.path(), back.query().unwrap())).await;
    let engine = &world.app.services.engine;
    // The first jobs that connecting writes are not wanted here.
    let jobs = client.ask("{ syncJobs { nodes { id } } }", Value::Null).await;
    for job in jobs["data"]["syncJobs"]["nodes"].as_array().unwrap() {
        engine.cancel(&Viewer::system(), job["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    }
    let query = format!(
        "mutation($id: ID!) {{ requestBackfill(input: {{ userIds: [$id], metrics: {METRICS}, from: \"{}\", to: \"{}\" }}) {{ status message }} }}",
        days.start,
        days.last()
    );
    let answer = client.ask(&query, json!({ "id": user.id.to_string() })).await;
    assert_eq!(answer["data"]["requestBackfill"]["status"], "ACCEPTED", "{answer}");
    for _ in 0..2_000 {
        if engine.work_due("worker", 50).await.unwrap() > 0 {
            continue;
        }
        let Some(next) = world.store.next_due_at().await.unwrap() else { break };
        world.clock.set(next);
    }
    let jobs = client.ask("{ syncJobs(state: [DONE]) { nodes { id } } }", Value::Null).await;
    assert_eq!(jobs["data"]["syncJobs"]["nodes"].as_array().unwrap().len(), 1, "{jobs}");
    client
}

/// Somebody in a zone, with the usual password.
async fn person_in(world: &World, name: &str, zone: &str) -> User {
    let known = world.person("known", Role::Member).await;
    let user = pulsekeep_testkit::build::person(&world.store, name, zone, Role::Member).await;
    world.store.set_password(user.id, &known.password_hash.unwrap()).await.unwrap();
    world.store.user(user.id).await.unwrap().unwrap()
}

/// One field of the person.
async fn field(client: &mut Client, user: &User, field: &str) -> Value {
    let query = format!("query($id: ID!) {{ user(id: $id) {{ answer: {field} }} }}");
    let answer = client.ask(&query, json!({ "id": user.id.to_string() })).await;
    assert!(answer["errors"].is_null(), "{field}: {answer}");
    answer["data"]["user"]["answer"].clone()
}

/// The last day before now on which clocks of a zone changed, as they do twice a year.
fn last_change(zone: &str) -> Date {
    let zone = TimeZone::get(zone).unwrap();
    let change = zone.preceding(SystemClock.now().timestamp()).next().unwrap();
    change.timestamp().to_zoned(zone).date()
}

fn around(day: Date, before: i64, after: i64) -> DayRange {
    DayRange { start: add_days(day, -before), end: add_days(day, after + 1) }
}

/// All that is asked of a person over these days, against the naive answers.
async fn compare_all(client: &mut Client, user: &User, lived: &Lived, days: DayRange) {
    let range = format!("from: \"{}\", to: \"{}\"", days.start, days.last());
    let columns = "days daysAsked mean sum count min max cellDays damagedDays reason";
    let steps = field(client, user, &format!("profile(metric: STEPS, {range}) {{ {columns} }}")).await;
    naive::same_table("steps", &steps["mean"], &lived.steps_profile(days));
    naive::same_table("days of steps", &steps["cellDays"], &lived.steps_days(days));
    assert_eq!(steps["max"], Value::Null);
    let heart = field(client, user, &format!("profile(metric: HEART_RATE, {range}) {{ {columns} }}")).await;
    let [low, mean, high] = lived.heart_profile(days);
    naive::same_table("lowest", &heart["min"], &low);
    naive::same_table("mean", &heart["mean"], &mean);
    naive::same_table("highest", &heart["max"], &high);
    assert_eq!((&heart["sum"], &heart["damagedDays"]), (&Value::Null, &json!([])));

    let totals = field(
        client,
        user,
        &format!("totals(metric: STEPS, {range}, by: WEEK) {{ from to days total mean }}"),
    )
    .await;
    let weeks = lived.weeks("steps", days);
    assert_eq!(totals["from"].as_array().unwrap().len(), weeks.len());
    for (i, (first, there, total)) in weeks.iter().enumerate() {
        assert_eq!(totals["from"][i], first.to_string());
        assert_eq!(totals["days"][i], json!(there), "{first}");
        naive::same("total of a week", &totals["total"][i], *total);
    }

    let wear = field(client, user, &format!("wear({range}) {{ dates minutes dayMinutes validDays }}")).await;
    for (i, day) in days.days().enumerate() {
        assert_eq!(wear["minutes"][i].as_u64().unwrap(), lived.worn_minutes(day), "worn on {day}");
        assert_eq!(wear["dayMinutes"][i].as_u64().unwrap(), lived.day_minutes(day), "minutes of {day}");
    }
    let valid = days.days().filter(|day| lived.worn_minutes(*day) >= 600).count();
    assert_eq!(wear["validDays"], json!(valid));
}

on_each_engine! {
    /// Five days on both sides of the day on which clocks changed: 23 or 25 hours, by the season.
    async fn a_change_of_clocks_moves_no_minute_to_another_hour(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let user = person_in(&world, "nora", "Europe/Stockholm").await;
        let change = last_change("Europe/Stockholm");
        let days = around(change, 11, 4);
        let mut client = fetched(&world, &simulator, &user, "nora", days).await;
        let lived = Lived::new(truth("nora", days).await, Timeline::at_home("Europe/Stockholm").unwrap());
        assert!([1380, 1500].contains(&lived.day_minutes(change)), "{change} is a common day");
        compare_all(&mut client, &user, &lived, days).await;

        let last = DayRange { start: add_days(days.end, -6), end: days.end };
        let range = format!("from: \"{}\", to: \"{}\"", last.start, last.last());
        let query = format!("baseline(metrics: [STEPS, RESTING_HEART_RATE], {range}, days: 7) {{ metric values low median high days minimumDays }}");
        let usual = field(&mut client, &user, &query).await;
        for (i, metric) in ["steps", "resting_heart_rate"].into_iter().enumerate() {
            for (j, day) in last.days().enumerate() {
                let place = format!("{metric} before {day}");
                let (low, median, high) = lived.usual(metric, day, 7);
                naive::same(&place, &usual[i]["low"][j], low);
                naive::same(&place, &usual[i]["median"][j], median);
                naive::same(&place, &usual[i]["high"][j], high);
                naive::same(&place, &usual[i]["values"][j], lived.daily(metric, day));
            }
        }

        let range = format!("from: \"{}\", to: \"{}\"", days.start, days.last());
        let zones = field(&mut client, &user, &format!("zones({range}) {{ dates activeZone {{ days zones {{ metric minutes total mean }} }} heartRate {{ days zones {{ metric total }} }} }}")).await;
        for (i, zone) in ["fat_burn_zone_minutes", "cardio_zone_minutes", "peak_zone_minutes"].into_iter().enumerate() {
            let found = &zones["activeZone"]["zones"][i];
            assert_eq!(found["metric"], zone.to_uppercase());
            let total: f64 = days.days().filter_map(|day| lived.daily(zone, day)).sum();
            assert_eq!(found["total"].as_f64().unwrap_or(0.0), total, "{zone}");
        }

        let regularity = field(&mut client, &user, &format!("sleepRegularity({range}) {{ index days nights reason }}")).await;
        let person = world.store.person(&Viewer::system(), user.id).await.unwrap().unwrap();
        let sessions = person.sleep(around(change, 13, 6)).await.unwrap();
        let bounds = (person.day_bounds(days.start).0, person.day_bounds(days.end).0);
        naive::same("regularity", &regularity["index"], naive::regularity(&sessions, bounds));
        assert_eq!((&regularity["reason"], regularity["nights"].as_u64() > Some(10)), (&Value::Null, true));

        let (a, b) = (around(change, 0, 4), around(change, 11, -1));
        let sides = format!("a: {{ from: \"{}\", to: \"{}\" }}, b: {{ from: \"{}\", to: \"{}\" }}", a.start, a.last(), b.start, b.last());
        let both = field(&mut client, &user, &format!("compare(metrics: [STEPS, RESTING_HEART_RATE], {sides}) {{ a {{ days daysAsked total mean median }} b {{ days mean }} difference change }}")).await;
        let mean = |metric: &str, days: DayRange| lived.mean(metric, days).unwrap();
        let by = mean("steps", a) - mean("steps", b);
        naive::same("steps by", &both[0]["difference"], Some(by));
        naive::same("steps change", &both[0]["change"], Some(by / mean("steps", b)));
        naive::same("steps of a", &both[0]["a"]["total"], Some(days_sum(&lived, "steps", a)));
        assert_eq!(both[1]["a"]["total"], Value::Null, "rates do not add up");
        naive::same("rate by", &both[1]["difference"], Some(mean("resting_heart_rate", a) - mean("resting_heart_rate", b)));
        simulator.shutdown().await;
    }
}

fn days_sum(lived: &Lived, metric: &str, days: DayRange) -> f64 {
    days.days().filter_map(|day| lived.daily(metric, day)).sum()
}

/// The week in London, or in Los Angeles: days of 19 and 29 hours, or one torn in two.
#[test]
fn a_traveller_has_the_hours_of_the_clock_that_they_looked_at() {
    for (from, to) in [(27, 39), (57, 69)] {
        on_sqlite(move |db| async move {
            let (world, simulator) = World::with_simulator(db).await;
            let user = person_in(&world, "marcus", "America/New_York").await;
            let epoch: Date = "1970-01-01".parse().unwrap();
            let today = days_between(epoch, SystemClock.now().civil(0).date());
            let pattern = (today - 72).div_euclid(84) * 84;
            let days =
                DayRange { start: add_days(epoch, pattern + from), end: add_days(epoch, pattern + to) };
            let mut client = fetched(&world, &simulator, &user, "marcus", days).await;
            let lived =
                Lived::new(truth("marcus", days).await, Timeline::travelling("America/New_York").unwrap());
            assert!(days.days().any(|day| lived.day_minutes(day) != 1440), "no day is special");
            let range = format!("from: \"{}\", to: \"{}\"", days.start, days.last());
            let found =
                field(&mut client, &user, &format!("profile(metric: STEPS, {range}) {{ sum }}")).await;
            naive::same_sums("steps", &found["sum"], &lived.steps_sums(days));
            let totals =
                field(&mut client, &user, &format!("totals(metric: STEPS, {range}, by: DAY) {{ total }}"))
                    .await;
            for (i, day) in days.days().enumerate() {
                let wanted = lived.daily("steps", day).unwrap_or(0.0);
                assert_eq!(totals["total"][i].as_f64().unwrap_or(0.0), wanted, "steps of {day}");
            }
            simulator.shutdown().await;
        });
    }
}

on_each_engine! {
    async fn without_data_every_answer_is_null_and_says_why(db) {
        let world = World::new(db).await;
        let user = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&user).await;
        let range = "from: \"2026-02-27\", to: \"2026-03-02\"";
        let profile = field(&mut client, &user, &format!("profile(metric: STEPS, {range}) {{ days daysAsked reason mean cellDays }}")).await;
        assert_eq!((&profile["days"], &profile["daysAsked"], &profile["reason"]), (&json!(0), &json!(4), &json!("NO_DATA")));
        assert_eq!(profile["mean"], json!(vec![vec![Value::Null; 24]; 7]));
        let usual = field(&mut client, &user, &format!("baseline(metrics: [STEPS, STEPS], {range}) {{ dates median days minimumDays window }}")).await;
        assert_eq!(usual, json!([{ "dates": ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"], "median": [null, null, null, null], "days": [0, 0, 0, 0], "minimumDays": 14, "window": 60 }]));
        let totals = field(&mut client, &user, &format!("totals(metric: STEPS, {range}, by: MONTH) {{ from to length days whole total mean }}")).await;
        assert_eq!(totals["total"], json!([null, null]));
        assert_eq!((&totals["length"], &totals["to"]), (&json!([28, 31]), &json!(["2026-02-28", "2026-03-02"])));
        let wear = field(&mut client, &user, &format!("wear({range}) {{ minutes mean days validDays }}")).await;
        assert_eq!(wear, json!({ "minutes": [null, null, null, null], "mean": null, "days": 0, "validDays": 0 }));
        let zones = field(&mut client, &user, &format!("zones({range}) {{ heartRate {{ days zones {{ total mean }} }} }}")).await;
        assert_eq!(zones["heartRate"], json!({ "days": 0, "zones": vec![json!({ "total": null, "mean": null }); 4] }));
        let sleep = field(&mut client, &user, &format!("sleepRegularity({range}) {{ index reason days nights minimumDays daysAsked }}")).await;
        assert_eq!(sleep, json!({ "index": null, "reason": "NO_DATA", "days": 0.0, "nights": 0, "minimumDays": 5, "daysAsked": 4 }));
        let both = field(&mut client, &user, "compare(metrics: [WEIGHT], a: { from: \"2026-02-27\", to: \"2026-02-28\" }, b: { from: \"2020-02-28\", to: \"2020-03-01\" }) { a { days reason } b { daysAsked reason } difference change }").await;
        assert_eq!(both, json!([{ "a": { "days": 0, "reason": "NO_DATA" }, "b": { "daysAsked": 3, "reason": "NO_DATA" }, "difference": null, "change": null }]));
    }
}

#[test]
fn what_cannot_be_meant_is_told_in_words() {
    on_sqlite(|db| async move {
        let world = World::new(db).await;
        let user = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&user).await;
        for (asked, words) in [
            (
                "profile(metric: SLEEP, from: \"2026-01-01\", to: \"2026-01-02\") { days }",
                "no profile by the hour",
            ),
            (
                "profile(metric: STEPS, from: \"2026-01-02\", to: \"2026-01-01\") { days }",
                "the range is reversed",
            ),
            ("profile(metric: STEPS, from: \"2001-01-02\", to: \"2026-01-01\") { days }", "too many at once"),
            ("profile(metric: SHOE_SIZE, from: \"2026-01-02\", to: \"2026-01-01\") { days }", "SHOE_SIZE"),
            ("baseline(metrics: [], from: \"2026-01-01\", to: \"2026-01-02\") { days }", "name at least one"),
            (
                "baseline(metrics: [STEPS], from: \"2026-01-01\", to: \"2026-01-02\", days: 14) { days }",
                "7, 30 or 60",
            ),
            (
                "totals(metric: STEPS, from: \"2001-01-01\", to: \"2026-01-02\", by: DAY) { days }",
                "too many at once",
            ),
            (
                "totals(metric: STEPS, from: \"1990-01-01\", to: \"2190-01-02\", by: YEAR) { days }",
                "too many at once",
            ),
            ("wear(from: \"2026-01-01\", to: \"2026-01-02\", validFrom: 0) { days }", "`validFrom` must be"),
            ("zones(from: \"2026-01-03\", to: \"2026-01-02\") { dates }", "swap the two"),
            ("sleepRegularity(from: \"2026-01-03\", to: \"2026-01-02\") { index }", "swap the two"),
            (
                "compare(metrics: [STEPS], a: { from: \"2026-01-03\", to: \"2026-01-02\" }, b: { from: \"2026-01-01\", to: \"2026-01-02\" }) { change }",
                "swap the two",
            ),
            (
                "compare(metrics: [STEPS], a: { from: \"2026-01-02\", to: \"2026-01-02\" }, b: { from: \"2001-01-01\", to: \"2026-01-02\" }) { change }",
                "too many at once",
            ),
        ] {
            let query = format!("{{ user(id: \"{}\") {{ {asked} }} }}", user.id);
            let answer = client.ask(&query, Value::Null).await;
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(message.contains(words), "{asked}: {answer}");
            let wanted =
                if words == "SHOE_SIZE" { ["BAD_INPUT", "GRAPHQL_INVALID"] } else { ["BAD_INPUT"; 2] };
            assert!(wanted.contains(&code(&answer)), "{asked}: {answer}");
        }
        let many = "totals(metric: STEPS, from: \"1990-01-01\", to: \"2026-01-02\", by: YEAR) { from days }";
        assert_eq!(field(&mut client, &user, many).await["from"].as_array().unwrap().len(), 37);
    });
}
