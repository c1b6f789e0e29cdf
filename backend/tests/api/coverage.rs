//! Coverage in cells and in counts.

use pulsekeep_core::{
    Metric,
    account::Role,
    catalogue::Grain,
    coverage::CoverageState,
    id::{JobId, StreamId},
    time::add_days,
};
use pulsekeep_store::{User, WindowKey, ingest::CoverageMark};
use pulsekeep_testkit::{now, on_each_engine};
use serde_json::{Value, json};

use crate::harness::{Client, World};

const DAYS: i64 = 90;
const CELLS: &str = "query($f: Date!, $t: Date!) { users(first: 100) { nodes { id coverage(from: $f, to: $t) { metric days { date state code } } } } }";
const COUNTS: &str = "query($f: Date!, $t: Date!) { users(first: 100) { nodes { id coverageTally(from: $f, to: $t) { failed partial pending notPermitted complete emptyConfirmed } } } }";
const ALL: &str = "query($f: Date!, $t: Date!) { users(first: 100) { nodes { id coverageTally(from: $f, to: $t) { from to state share failed partial pending notPermitted complete emptyConfirmed } } } }";

fn day(n: i64) -> jiff::civil::Date {
    add_days(jiff::civil::date(2026, 1, 1), n)
}

fn state(n: i64, metric: i64) -> CoverageState {
    use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
    match (n * 37 + metric) % 23 {
        0 => Failed,
        1 => Pending,
        2 => NotPermitted,
        3 => Partial,
        4..8 => EmptyConfirmed,
        _ => Complete,
    }
}

/// Coverage of three metrics of four over the days, in the minute's grain; the days' grain of one of them failed once.
async fn fill(world: &World, user: &User) {
    let mark = |n, state| CoverageMark { day: day(n), state, code: None, raw: None, wear_minutes: None };
    let window = WindowKey { user: user.id, job: JobId(1), seq: 0 };
    let tx = world.db.store().write().await.unwrap();
    let put = async |what, marks: &[CoverageMark]| {
        tx.mark_coverage(user.id, what, StreamId(7), window, marks, now()).await.unwrap();
    };
    for metric in Metric::all().filter(|metric| metric.code() % 4 != 0) {
        let marks: Vec<CoverageMark> = (0..DAYS).map(|n| mark(n, state(n, metric.code().into()))).collect();
        put((metric, Grain::Minute), &marks).await;
    }
    put((Metric::Steps, Grain::Day), &[mark(0, CoverageState::Failed)]).await;
    tx.commit().await.unwrap();
}

fn variables() -> Value {
    json!({ "f": day(0).to_string(), "t": day(DAYS - 1).to_string() })
}

async fn asked(client: &mut Client, query: &str) -> (Value, usize) {
    let answer = client.post(query, variables()).await;
    let (json, bytes) = (answer.json(), answer.body.len());
    assert_eq!(json["errors"], Value::Null, "{json}");
    (json["data"]["users"]["nodes"][0].clone(), bytes)
}

on_each_engine! {
    async fn counts_are_those_of_the_cells_in_a_fraction_of_the_bytes(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Admin).await;
        fill(&world, &ann).await;
        let mut client = world.signed_in(&ann).await;
        let (cells, bytes_of_cells) = asked(&mut client, CELLS).await;
        let (counts, bytes_of_counts) = asked(&mut client, COUNTS).await;
        let (all, _) = asked(&mut client, ALL).await;
        let tally = &counts["coverageTally"];
        for (list, state) in [
            ("failed", "FAILED"), ("partial", "PARTIAL"), ("pending", "PENDING"),
            ("notPermitted", "NOT_PERMITTED"), ("complete", "COMPLETE"), ("emptyConfirmed", "EMPTY_CONFIRMED"),
        ] {
            for n in 0..DAYS {
                let date = day(n).to_string();
                let in_cells = cells["coverage"].as_array().unwrap().iter()
                    .flat_map(|row| row["days"].as_array().unwrap())
                    .filter(|day| day["date"] == date && day["state"] == state)
                    .count();
                assert_eq!(tally[list][usize::try_from(n).unwrap()], in_cells, "{list} of {date}");
            }
        }
        let all = &all["coverageTally"];
        assert_eq!((&all["from"], &all["to"]), (&json!(day(0).to_string()), &json!(day(DAYS - 1).to_string())));
        assert_eq!(all["state"][0], "FAILED", "of a metric's grains the worst counts");
        assert!(all["share"][0].as_f64().unwrap() < 1.0);
        assert!(bytes_of_counts * 50 < bytes_of_cells, "{bytes_of_counts} of {bytes_of_cells}");
    }

    async fn days_that_were_never_asked_for_have_no_state(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Admin).await;
        let mut client = world.signed_in(&ann).await;
        let (all, _) = asked(&mut client, ALL).await;
        let tally = &all["coverageTally"];
        assert_eq!(tally["state"], json!(vec![Value::Null; 90]));
        assert_eq!((&tally["share"], &tally["complete"]), (&json!(vec![Value::Null; 90]), &json!(vec![0; 90])));
    }
}
