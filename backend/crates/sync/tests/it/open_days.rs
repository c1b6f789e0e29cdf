//! Days that are open: evenings that come under the date of waking, and old days that something has opened again.

use jiff::civil::Date;
use pulsekeep_core::{
    catalogue::{Grain, endpoint},
    coverage::CoverageState,
    job::JobKind,
    time::{DAY_MS, DayRange, HOUR_MS, add_days, next_day},
};
use pulsekeep_sync::{RequestOutcome, SyncEngine};
use pulsekeep_testkit::{on_each_engine, on_sqlite};

use crate::harness::{
    FITBIT, GOOGLE, Linked, World, assert_done,
    hooked::{Asked, Hooked},
};

const READINGS: &str = "fitbit.heart_rate_variability.minute";

/// What is known of a day of an endpoint.
async fn state(world: &World, linked: &Linked, key: &str, day: Date) -> Option<CoverageState> {
    let of = endpoint(key).unwrap();
    let stream = world.store().merged_stream(linked.user, linked.link).await.unwrap()?;
    let day = DayRange::one(day);
    let known = world.store().known_days(linked.user, stream, &of.metrics[..1], day).await.unwrap();
    known.facts.iter().find(|fact| fact.grain == of.grain).map(|fact| fact.state)
}

/// What the schedule asks for, and the reading of it.
async fn sync(world: &World, engine: &SyncEngine, linked: &Linked) {
    let request = world.request(linked, JobKind::Incremental, None);
    let RequestOutcome::Accepted(_) = engine.request(&request).await.unwrap() else { panic!("refused") };
    while engine.work_due("worker", 50).await.unwrap() > 0 {}
}

#[test]
fn no_date_is_asked_for_that_has_not_come_and_an_evening_waits_for_its_night() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        let asked = Asked::default();
        let engine = world.engine_with(Hooked::new(world.engine.provider(FITBIT).unwrap()).asked(&asked));
        let first = world.today(linked.user).await;
        let (mut with_waking, mut closed_on) = (false, None);
        for _ in 0..32 {
            let today = world.today(linked.user).await;
            sync(&world, &engine, &linked).await;
            for (of, days, last) in std::mem::take(&mut *asked.lock().unwrap()) {
                assert!(days.start <= last && last <= today, "{}: {last} asked for on {today}", of.key);
                with_waking |= of.key == READINGS && last == days.end;
            }
            if closed_on.is_none()
                && state(&world, &linked, READINGS, first).await == Some(CoverageState::Complete)
            {
                closed_on = Some(today);
            }
            world.clock.advance(3 * HOUR_MS);
        }
        assert!(with_waking, "the date of waking is asked for once it has come");
        assert_eq!(closed_on, Some(add_days(first, 2)), "told whole with the night that follows the day");
    });
}

on_each_engine! {
    async fn old_days_that_were_opened_again_are_read_by_the_deep_sync(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 100, 90).await;
        assert_done(&world.backfill(&linked, days).await);
        let (steps, sleep) = ("google.steps.minute", "google.sleep");
        let opened = add_days(days.start, 3);
        let stream = world.store().merged_stream(linked.user, linked.link).await.unwrap().unwrap();
        let tx = world.store().write().await.unwrap();
        assert!(tx.reopen_days(linked.user, stream, &[opened]).await.unwrap() > 20);
        tx.commit().await.unwrap();
        for key in [steps, sleep] {
            assert_eq!(state(&world, &linked, key, opened).await, Some(CoverageState::Partial));
        }
        // The schedule's syncs of the last days leave it alone.
        world.incremental(&linked).await;
        assert_eq!(state(&world, &linked, steps, opened).await, Some(CoverageState::Partial));

        world.clock.advance(DAY_MS);
        let deep = world.ask(&linked, JobKind::Deep, None).await;
        world.drain().await;
        let deep = world.job(deep).await;
        assert_done(&deep);
        let stream_of = |key| state(&world, &linked, key, opened);
        for key in [steps, sleep, "google.steps.day", "google.heart_rate.minute"] {
            assert_eq!(stream_of(key).await, Some(CoverageState::Complete), "{key}");
        }
        let detail = world.windows(&deep).await;
        let detail: Vec<DayRange> = detail.iter().filter(|w| w.endpoint == steps).map(|w| w.days).collect();
        assert_eq!(detail, [DayRange { start: opened, end: next_day(opened) }], "nothing but that day");
        assert_eq!(endpoint(steps).unwrap().grain, Grain::Minute);
    }
}
