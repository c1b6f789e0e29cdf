//! Reparse: what a faulty parser has made is mended from stored answers, without one request.

use pulsekeep_core::{
    Metric,
    job::{FailureCode, JobKind, JobState},
    observation::Parsed,
    time::DayRange,
};
use pulsekeep_store::GapsOf;
use pulsekeep_sync::{RequestOutcome, SyncEngine};
use pulsekeep_testkit::on_each_engine;

use crate::harness::{GOOGLE, Linked, World, assert_done, hooked::Hooked};

/// Daily values ten times what they are.
fn tenfold(mut parsed: Parsed) -> Parsed {
    for value in &mut parsed.daily {
        value.value *= 10.0;
    }
    parsed
}

/// An engine whose parsers are an earlier version, with a fault.
fn faulty(world: &World) -> SyncEngine {
    let provider = world.engine.provider(GOOGLE).unwrap();
    world.engine_with(Hooked::new(provider).parser(0, tenfold))
}

/// Reads days with the faulty parsers.
async fn read_wrongly(world: &World, linked: &Linked, days: DayRange) {
    let engine = faulty(world);
    engine.request(&world.request(linked, JobKind::Backfill, Some(days))).await.unwrap();
    for _ in 0..200 {
        if engine.work_due("faulty", 50).await.unwrap() == 0 {
            return;
        }
    }
    panic!("the engine never came to rest");
}

async fn steps(world: &World, linked: &Linked, days: DayRange) -> Vec<Option<f64>> {
    let series = world.person(linked).await.daily(&[Metric::Steps], days, None).await.unwrap();
    series[0].values.clone()
}

async fn truth(world: &World, days: DayRange) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    for day in days.days() {
        values.push(world.outside.truth("nora", day).await["steps"].as_f64());
    }
    values
}

async fn versions(world: &World) -> Vec<String> {
    world
        .db
        .texts("SELECT DISTINCT CAST(parser_version AS TEXT) FROM raw_document WHERE superseded_at IS NULL")
        .await
}

on_each_engine! {
    async fn a_mended_parser_mends_its_data_without_a_request(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        read_wrongly(&world, &linked, days).await;
        let right = truth(&world, days).await;
        let wrong: Vec<_> = right.iter().map(|value| value.map(|value| value * 10.0)).collect();
        assert_eq!(steps(&world, &linked, days).await, wrong);
        assert_eq!(versions(&world).await, ["0"]);
        let coverage = world.person(&linked).await.coverage(&[Metric::Steps], days).await.unwrap();

        world.outside.forget_requests().await;
        let job = world.ask(&linked, JobKind::Reparse, Some(days)).await;
        world.drain().await;
        let job = world.job(job).await;
        assert_done(&job);
        assert_eq!((job.requests_done, world.outside.requests("", &[]).await), (0, 0));
        assert_eq!(steps(&world, &linked, days).await, right);
        let current = world.engine.provider(GOOGLE).unwrap().parser_version().to_string();
        assert_eq!(versions(&world).await, [current]);
        let after = world.person(&linked).await.coverage(&[Metric::Steps], days).await.unwrap();
        assert_eq!(after, coverage, "nobody was asked, so what is known of the asking stays");
    }

    async fn days_whose_answers_are_not_whole_are_left_alone_and_reported(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let (old, new) = (world.ago(linked.user, 40, 36).await, world.ago(linked.user, 35, 31).await);
        for days in [old, new] {
            read_wrongly(&world, &linked, days).await;
        }
        // The first page of the older answer was lost.
        world.db.execute(&format!(
            "UPDATE raw_document SET page = 1 WHERE endpoint = 'google.steps.day' AND from_day = '{}'", old.start
        )).await;
        let both = DayRange { start: old.start, end: new.end };
        let mut request = world.request(&linked, JobKind::Reparse, Some(both));
        request.metrics = vec![Metric::Steps];
        let RequestOutcome::Accepted(jobs) = world.engine.request(&request).await.unwrap() else { panic!() };
        world.drain().await;
        let job = world.job(jobs[0]).await;
        assert_eq!((job.state, &job.codes[..]), (JobState::DoneWithGaps, &[FailureCode::RawIncomplete][..]));
        let gaps = world.store().gaps(GapsOf::Job(job.user_id, job.id), 200).await.unwrap();
        assert_eq!(gaps.iter().map(|gap| (gap.metric, gap.days)).collect::<Vec<_>>(), [(Metric::Steps, old)]);
        assert_eq!(steps(&world, &linked, new).await, truth(&world, new).await);
        let wrong: Vec<_> = truth(&world, old).await.iter().map(|v| v.map(|v| v * 10.0)).collect();
        assert_eq!(steps(&world, &linked, old).await, wrong, "left alone");
    }

    async fn a_block_that_cannot_be_read_is_made_anew(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        world.ask(&linked, JobKind::Backfill, Some(days)).await;
        world.drain().await;
        let (blocks, none) = world.store().unreadable_blocks().await.unwrap();
        assert!(blocks > 5 && none.is_empty());
        let whole = world.db.rows("sample_block", &[]).await;
        let (bytes, day) = (match world.db.engine() {
            pulsekeep_store::Engine::Sqlite => "x'01ff'",
            pulsekeep_store::Engine::Postgres => "'\\x01ff'",
        }, days.start);
        world.db.execute(&format!("UPDATE sample_block SET body = {bytes}, digest = NULL WHERE day = '{day}'")).await;
        assert!(world.store().unreadable_blocks().await.unwrap().1.iter().all(|found| found.code == "nora" && found.day == day));
        world.ask(&linked, JobKind::Reparse, Some(days)).await;
        world.drain().await;
        assert_eq!(world.store().unreadable_blocks().await.unwrap(), (blocks, vec![]));
        assert_eq!(world.db.rows("sample_block", &[]).await, whole);
    }

    async fn days_of_which_nothing_is_stored_are_said_so(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 16).await;
        let request = world.request(&linked, JobKind::Reparse, Some(days));
        assert_eq!(world.engine.request(&request).await.unwrap(), RequestOutcome::NothingStored);
    }
}
