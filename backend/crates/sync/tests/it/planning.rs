//! Jobs in two steps, incremental syncs that ask for what may be new, and days that open again.

use pulsekeep_core::{
    Clock, Metric,
    catalogue::{Grain, endpoint},
    coverage::CoverageState,
    job::{JobKind, JobState, Priority},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use pulsekeep_store::ingest::CoverageFact;
use pulsekeep_sync::RequestOutcome;
use pulsekeep_testkit::{on_each_engine, on_sqlite};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done};

/// What is known of an endpoint's days.
async fn facts(world: &World, linked: &Linked, key: &str, days: DayRange) -> Vec<CoverageFact> {
    let of = endpoint(key).unwrap();
    let stream = world.store().merged_stream(linked.user, linked.link).await.unwrap().unwrap();
    let known = world.store().known_days(linked.user, stream, &of.metrics[..1], days).await.unwrap();
    known.facts.into_iter().filter(|fact| fact.grain == of.grain).collect()
}

/// Writes an incremental job as the schedule does, and works it off; the number of its requests.
async fn scheduled(world: &World, linked: &Linked) -> i32 {
    let request = world.request(linked, JobKind::Incremental, None);
    let RequestOutcome::Accepted(jobs) = world.engine.request(&request).await.unwrap() else {
        panic!("refused")
    };
    world.drain().await;
    match jobs.first() {
        Some(&job) => {
            let job = world.job(job).await;
            assert_done(&job);
            job.requests_done
        }
        None => 0,
    }
}

on_each_engine! {
    async fn detail_waits_for_the_daily_series_and_leaves_out_what_they_prove_empty(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "jack").await;
        let days = world.ago(linked.user, 40, 1).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        let before = world.job(job).await;
        assert_eq!(before.plan_fixed_at, None);
        let held = world.windows(&before).await.iter().filter(|w| w.state.key() == "held").count();
        assert!(held >= 40 * 3, "steps, distance and zone minutes wait: {held}");
        world.drain().await;
        let after = world.job(job).await;
        assert_done(&after);
        assert!(after.plan_fixed_at.is_some());
        assert!(after.requests_at_most <= before.requests_at_most, "a plan only shrinks");
        assert!(after.requests_done - after.retries <= after.requests_at_most);
        let minutes = facts(&world, &linked, "fitbit.active_zone_minutes.minute", days).await;
        let proofs = facts(&world, &linked, "fitbit.active_zone_minutes.day", days).await;
        let empty: Vec<_> = minutes.iter().filter(|f| f.state == CoverageState::EmptyConfirmed).collect();
        assert!(!empty.is_empty(), "no day without zone minutes in {days:?}");
        for day in &empty {
            let proof = proofs.iter().find(|proof| proof.day == day.day).unwrap();
            assert_eq!((day.raw, day.window), (proof.raw, proof.window), "the request behind the cell");
        }
        let asked = world.windows(&after).await;
        let asked = asked.iter().filter(|w| w.endpoint == "fitbit.active_zone_minutes.minute").count();
        assert_eq!(asked + empty.len(), 40);
    }

    async fn a_daily_series_that_fails_proves_nothing(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.outside.faults(json!([{
            "provider": "google", "path_prefix": "/google/v4/users/me/dataTypes/floors/dataPoints:dailyRollUp",
            "kind": "missing_scope",
        }])).await;
        let days = world.ago(linked.user, 9, 5).await;
        let job = world.backfill(&linked, days).await;
        assert_eq!(job.state, JobState::DoneWithGaps);
        let windows = world.windows(&job).await;
        let detail = windows.iter().find(|w| w.endpoint == "google.floors.minute").unwrap();
        assert_eq!((detail.state.key(), detail.days), ("done", days));
    }

    async fn a_sync_without_news_asks_for_nothing_but_the_probe(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.incremental(&linked).await;
        // The watch falls silent, and the provider is done with what it told.
        let silent = world.clock.now().to_string();
        world.outside.switches(json!({ "devices_silent_after": silent })).await;
        world.clock.advance(3 * HOUR_MS);
        scheduled(&world, &linked).await;
        world.clock.advance(15 * MINUTE_MS);
        let requests = scheduled(&world, &linked).await;
        assert!(requests <= 1, "{requests} requests without news");
    }

    async fn a_daily_value_that_changes_opens_its_detail_again(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let day = add_days(world.today(linked.user).await, -5);
        let days = world.ago(linked.user, 5, 5).await;
        world.outside.faults(json!([{
            "provider": "google", "data_type": "steps", "kind": "late_data", "from": day.to_string(), "to": day.to_string(),
        }])).await;
        assert_done(&world.backfill(&linked, days).await);
        let minute = |facts: Vec<CoverageFact>| (facts[0].state, facts[0].checked_at.is_some());
        let found = facts(&world, &linked, "google.steps.minute", days).await;
        assert_eq!(minute(found), (CoverageState::EmptyConfirmed, true));
        world.outside.no_faults().await;
        world.clock.advance(DAY_MS);
        let deep = world.ask(&linked, JobKind::Deep, None).await;
        world.drain().await;
        assert_done(&world.job(deep).await);
        let found = facts(&world, &linked, "google.steps.minute", days).await;
        assert_eq!(minute(found), (CoverageState::Partial, false), "opened by the daily value that came late");
        scheduled(&world, &linked).await;
        let found = facts(&world, &linked, "google.steps.minute", days).await;
        assert_eq!(minute(found), (CoverageState::Complete, true));
        let sum = world.person(&linked).await.daily(&[Metric::Steps], days, None).await.unwrap();
        assert!(sum[0].values[0].unwrap() > 0.0);
    }

    async fn live_answers_give_way_to_the_next_and_do_not_pile_up(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        for _ in 0..30 {
            scheduled(&world, &linked).await;
            world.clock.advance(6 * HOUR_MS);
        }
        let current = "SELECT endpoint || ' ' || COUNT(*) FROM raw_document WHERE superseded_at IS NULL GROUP BY endpoint";
        for row in world.db.texts(current).await {
            let (key, count) = row.split_once(' ').unwrap();
            let of = endpoint(key).unwrap();
            let count: i64 = count.parse().unwrap();
            // Eight days: detail a document a day, the others one a step of a week.
            let most = if of.grain == Grain::Minute { 10 } else { 3 };
            assert!(count <= most, "{key}: {count} documents are current");
        }
    }
}

#[test]
fn the_plan_holds_for_a_person_who_exercises_more_than_once_a_day() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 215, 16).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        let before = world.job(job).await;
        assert_eq!(before.plan_fixed_at, None);
        let mut fixed = None;
        while world.engine.work_due("worker", 1).await.unwrap() > 0 {
            let now = world.job(job).await;
            if fixed.is_none() && now.plan_fixed_at.is_some() {
                fixed = Some(now);
            }
        }
        world.drain().await;
        let (fixed, job) = (fixed.unwrap(), world.job(job).await);
        assert_done(&job);
        let windows = world.windows(&job).await;
        let of =
            |key: &str| -> i32 { windows.iter().filter(|w| w.endpoint == key).map(|w| w.requests).sum() };
        let sessions = world.db.rows("exercise_session", &[]).await.len();
        assert!(sessions > 200, "{sessions}: not more than once a day");
        let expected = endpoint("google.exercise").unwrap().requests(200).0;
        assert!(i64::from(of("google.exercise")) > expected, "as many as everybody else");
        assert_eq!(
            (fixed.requests_expected, fixed.requests_at_most),
            (job.requests_expected, job.requests_at_most)
        );
        assert_eq!(job.retries, 0);
        let mut told = Vec::new();
        for key in windows.iter().map(|w| w.endpoint.as_str()).collect::<std::collections::BTreeSet<_>>() {
            let planned: i64 = windows
                .iter()
                .filter(|w| w.endpoint == key)
                .map(|w| endpoint(key).unwrap().requests(w.days.len()).0)
                .sum();
            if planned != i64::from(of(key)) {
                told.push(format!("{key}: planned {planned}, took {}", of(key)));
            }
        }
        assert!(
            job.requests_done <= job.requests_expected,
            "{} of {} ({} before): {told:?}",
            job.requests_done,
            job.requests_expected,
            before.requests_expected,
        );
    });
}

#[test]
fn a_request_by_hand_reads_the_recent_days_whatever_the_device_says() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        world.incremental(&linked).await;
        world.clock.advance(MINUTE_MS);
        let mut request = world.request(&linked, JobKind::Incremental, None);
        request.priority = Priority::High;
        let RequestOutcome::Accepted(jobs) = world.engine.request(&request).await.unwrap() else { panic!() };
        assert_eq!(jobs.len(), 1);
    });
}
