//! Work that breaks: a panic costs attempts and nothing else, and a window that kills its workers comes to an end.

use pulsekeep_core::{
    Clock, Metric,
    account::Viewer,
    coverage::CoverageState,
    job::{FailureCode, JobKind, JobState},
    observation::{Parsed, SampleValues},
    time::DayRange,
};
use pulsekeep_store::{SyncJob, SyncWindow};
use pulsekeep_sync::{RequestOutcome, SyncEngine, WindowResult};
use pulsekeep_testkit::on_each_engine;

use crate::harness::{GOOGLE, Linked, World, assert_done, hooked::Hooked};

/// A parser that panics on daily steps.
fn panics(parsed: Parsed) -> Parsed {
    assert!(!parsed.daily.iter().any(|value| value.metric == Metric::Steps), "a fault of this parser");
    parsed
}

/// A parser whose samples have times without values, on which their storing panics.
fn loses_values(mut parsed: Parsed) -> Parsed {
    for batch in parsed.samples.iter_mut().filter(|batch| batch.metric == Metric::Steps) {
        batch.values = SampleValues::Single(Vec::new());
    }
    parsed
}

fn with_parser(world: &World, reads: fn(Parsed) -> Parsed) -> SyncEngine {
    world.engine_with(Hooked::new(world.engine.provider(GOOGLE).unwrap()).parser(0, reads))
}

/// Backfills the steps of some days with `engine`, until nothing is left.
async fn read(world: &World, engine: &SyncEngine, linked: &Linked, days: DayRange) -> SyncJob {
    let mut request = world.request(linked, JobKind::Backfill, Some(days));
    request.metrics = vec![Metric::Steps];
    let RequestOutcome::Accepted(jobs) = engine.request(&request).await.unwrap() else { panic!() };
    for _ in 0..200 {
        if engine.work_due("faulty", 50).await.unwrap() > 0 {
            continue;
        }
        let Some(next) = world.store().next_due_at().await.unwrap() else { break };
        world.clock.set(next);
    }
    world.job(jobs[0]).await
}

async fn window_of(world: &World, job: &SyncJob, endpoint: &str) -> SyncWindow {
    world.windows(job).await.into_iter().find(|window| window.endpoint == endpoint).unwrap()
}

async fn steps(world: &World, linked: &Linked, days: DayRange) -> Vec<Option<f64>> {
    world.person(linked).await.daily(&[Metric::Steps], days, None).await.unwrap()[0].values.clone()
}

on_each_engine! {
    async fn a_panic_of_a_parser_is_given_up_and_its_answer_kept_for_a_mended_one(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let job = read(&world, &with_parser(&world, panics), &linked, days).await;
        assert_eq!(job.state, JobState::DoneWithGaps, "{job:?}");
        let attempts = world.engine.policy().max_attempts;
        let broken = window_of(&world, &job, "google.steps.day").await;
        assert_eq!((broken.code, broken.attempt), (Some(FailureCode::ProcessingFailed), attempts));
        assert_eq!((broken.requests, broken.retries), (attempts, attempts - 1));
        let coverage = world.person(&linked).await.coverage(&[Metric::Steps], days).await.unwrap();
        assert!(coverage.iter().all(|day| day.state == CoverageState::Failed && day.raw_id.is_some()));
        assert_eq!(world.db.rows("daily_value", &[]).await.len(), 0, "the totals shown are the detail's");

        world.outside.forget_requests().await;
        let job = world.ask(&linked, JobKind::Reparse, Some(days)).await;
        world.drain().await;
        assert_done(&world.job(job).await);
        assert_eq!(world.outside.requests("", &[]).await, 0);
        assert_eq!(world.db.rows("daily_value", &[]).await.len(), 5);
        let coverage = world.person(&linked).await.coverage(&[Metric::Steps], days).await.unwrap();
        assert!(coverage.iter().all(|day| day.state == CoverageState::Complete && day.code.is_none()));
    }

    async fn a_panic_while_storing_leaves_nothing_half_written(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let job = read(&world, &with_parser(&world, loses_values), &linked, days).await;
        assert_eq!(job.state, JobState::DoneWithGaps, "{job:?}");
        let broken = window_of(&world, &job, "google.steps.minute").await;
        assert_eq!(broken.code, Some(FailureCode::ProcessingFailed));
        assert_eq!(world.db.rows("sample_block", &[]).await.len(), 0);
        assert_eq!(world.db.rows("sync_page", &[]).await.len(), 0);
        assert!(steps(&world, &linked, days).await.iter().all(Option::is_some), "the other windows are read");

        let job = world.ask(&linked, JobKind::Reparse, Some(days)).await;
        world.drain().await;
        assert_done(&world.job(job).await);
        assert_eq!(world.db.rows("sample_block", &[]).await.len(), 5);
    }

    async fn a_parser_that_panics_on_stored_answers_leaves_their_days_alone(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        assert_done(&world.backfill(&linked, days).await);
        let before = steps(&world, &linked, days).await;
        let blocks = world.db.rows("sample_block", &[]).await;
        for reads in [panics as fn(Parsed) -> Parsed, loses_values] {
            let engine = with_parser(&world, reads);
            let mut request = world.request(&linked, JobKind::Reparse, Some(days));
            request.metrics = vec![Metric::Steps];
            let RequestOutcome::Accepted(jobs) = engine.request(&request).await.unwrap() else { panic!() };
            engine.work_due("faulty", 50).await.unwrap();
            let job = world.job(jobs[0]).await;
            assert_eq!(job.codes, [FailureCode::ProcessingFailed]);
            assert_eq!((job.state, job.windows_failed), (JobState::DoneWithGaps, 1), "{job:?}");
        }
        assert_eq!(steps(&world, &linked, days).await, before);
        assert_eq!(world.db.rows("sample_block", &[]).await, blocks);
    }

    async fn a_window_that_kills_its_worker_each_time_comes_to_an_end(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let mut request = world.request(&linked, JobKind::Backfill, Some(days));
        request.metrics = vec![Metric::Weight];
        let RequestOutcome::Accepted(jobs) = world.engine.request(&request).await.unwrap() else { panic!() };
        let key = world.engine.due(9).await.unwrap()[0].key;
        let lease = world.engine.policy().lease_ms;
        let claim = async |owner: &str| {
            let now = world.clock.now();
            world.store().claim_window(key, owner, now.plus(lease), now).await.unwrap()
        };
        // The first worker dies, the one that takes the window over at once dies too.
        assert!(!claim("first").await.unwrap().taken_over);
        world.clock.advance(lease);
        let second = claim("second").await.unwrap();
        assert!(second.taken_over);
        assert_eq!((second.window.lost, second.window.attempt), (1, 1));
        for lost in 2..world.engine.policy().max_lost_workers {
            world.clock.advance(lease);
            let WindowResult::Deferred(until) = world.engine.run_window(key, "careful").await.unwrap() else {
                panic!("after {lost} losses")
            };
            assert_eq!(claim("early").await, None);
            world.clock.set(until);
            let next = claim("dies").await.unwrap();
            assert_eq!((next.window.lost, next.window.attempt, next.taken_over), (lost, 1, false));
        }
        world.clock.advance(lease);
        let code = FailureCode::ProcessingFailed;
        assert_eq!(world.engine.run_window(key, "last").await.unwrap(), WindowResult::Failed(code));
        let job = world.job(jobs[0]).await;
        assert_eq!((job.state, &job.codes[..]), (JobState::Failed, &[code][..]));
        let coverage = world.person(&linked).await.coverage(&[Metric::Weight], days).await.unwrap();
        assert!(coverage.iter().all(|day| (day.state, day.code) == (CoverageState::Failed, Some(code))));

        // Asked for again by hand, it begins anew.
        world.engine.retry(&Viewer::system(), job.id).await.unwrap();
        world.drain().await;
        assert_done(&world.job(job.id).await);
    }

    async fn a_wait_between_two_losses_forgets_the_first(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
        let key = world.engine.due(9).await.unwrap()[0].key;
        let (now, lease) = (world.clock.now(), world.engine.policy().lease_ms);
        world.store().claim_window(key, "dies", now.plus(lease), now).await.unwrap().unwrap();
        world.clock.advance(lease);
        world.outside.faults(serde_json::json!([{ "kind": "server_error_json", "status": 503, "count": 2 }])).await;
        let result = world.engine.run_window(key, "lives").await.unwrap();
        assert!(matches!(result, WindowResult::Deferred(_)), "{result:?}");
        let job = world.job(job).await;
        let window = world.windows(&job).await.into_iter().find(|window| window.key == key).unwrap();
        assert_eq!((window.lost, window.code), (0, Some(FailureCode::ProviderError)));
    }
}
