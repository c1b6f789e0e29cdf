//! Notifications: what they make the engine ask, and what they do not.

use pulsekeep_core::{
    Metric,
    account::{LinkState, PushState},
    job::{JobKind, JobState},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use pulsekeep_provider::{FitbitPush, HttpClient, Notification, PushOperation, fitbit_with_push};
use pulsekeep_store::SyncJob;
use pulsekeep_sync::{Noted, SyncEngine};
use pulsekeep_testkit::{DATA_TABLES, on_each_engine};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done};

/// Longer than a notice waits.
const MOMENT: i64 = 6_000;

async fn told(world: &World, linked: &Linked, subject: &str, days: Option<DayRange>) -> Notification {
    Notification {
        account: world.link(linked).await.provider_user_id,
        subject: subject.to_owned(),
        operation: PushOperation::Upsert,
        days,
    }
}

async fn today(world: &World, linked: &Linked) -> Option<DayRange> {
    Some(DayRange::one(world.today(linked.user).await))
}

/// The newest incremental job.
async fn newest(world: &World, linked: &Linked) -> SyncJob {
    world.store().latest_job(linked.user, linked.link, JobKind::Incremental).await.unwrap().unwrap()
}

fn with_fitbit_push(world: &World) -> SyncEngine {
    let push = FitbitPush { verify_code: "right".into(), subscriber_id: None };
    world.engine_with(fitbit_with_push(world.outside.config(FITBIT), HttpClient::new().unwrap(), push))
}

on_each_engine! {
    async fn a_notification_narrows_the_next_fetch(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        assert_done(&world.incremental(&linked).await);
        world.clock.advance(20 * MINUTE_MS);
        world.outside.forget_requests().await;
        let steps = told(&world, &linked, "steps", today(&world, &linked).await).await;
        assert_eq!(world.engine.note(GOOGLE, std::slice::from_ref(&steps)).await.unwrap(), [Noted::Stored]);
        assert_eq!(world.engine.note(GOOGLE, &[steps]).await.unwrap(), [Noted::Repeated]);
        assert_eq!(world.engine.take_notices("worker").await.unwrap(), 0, "a burst may follow");
        assert_eq!(world.outside.requests("", &[]).await, 0, "nobody was asked yet");
        world.clock.advance(MOMENT);
        assert_eq!(world.engine.take_notices("worker").await.unwrap(), 1);
        assert_eq!(world.db.count("push_notice").await, 0);
        world.drain().await;
        let job = newest(&world, &linked).await;
        assert_done(&job);
        assert_eq!(job.days, DayRange::one(world.today(linked.user).await));
        assert!(job.metrics.contains(&Metric::Steps) && !job.metrics.contains(&Metric::Sleep));
        let about_steps = world.outside.requests("/dataTypes/steps/", &[200]).await
            + world.outside.requests("/dataTypes/activity-level/", &[200]).await;
        assert!(about_steps >= 2);
        assert_eq!(world.outside.requests("/dataTypes/", &[]).await, about_steps, "nothing else is asked for");
        assert_eq!(world.link(&linked).await.push, PushState::Active, "it was heard of");
    }

    async fn a_burst_in_any_order_is_one_job_in_one_process(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.clock.advance(HOUR_MS);
        let day = world.today(linked.user).await;
        let night = Some(DayRange { start: add_days(day, -1), end: add_days(day, 1) });
        let mut burst = Vec::new();
        for (subject, days) in [("sleep", night), ("steps", today(&world, &linked).await), ("distance", None)] {
            burst.push(told(&world, &linked, subject, days).await);
        }
        burst.push(told(&world, &linked, "blood-glucose", None).await);
        burst.push(Notification { account: "nobody".to_owned(), ..burst[0].clone() });
        burst.reverse();
        let outcomes = world.engine.note(GOOGLE, &burst).await.unwrap();
        let (unknown, idle) = (Noted::UnknownAccount, Noted::UnknownSubject);
        assert_eq!(outcomes, [unknown, idle, Noted::Stored, Noted::Stored, Noted::Stored]);
        world.clock.advance(MOMENT);
        let other = world.another_engine().await;
        let (a, b) = tokio::join!(world.engine.take_notices("a"), other.take_notices("b"));
        assert!(a.is_ok() && b.is_ok());
        let jobs = world.db.texts("SELECT metrics FROM sync_job WHERE state <> 'cancelled'").await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        world.drain().await;
        assert_done(&newest(&world, &linked).await);
    }

    async fn a_job_at_work_and_the_budget_make_notices_wait(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        let job = world.ask(&linked, JobKind::Incremental, None).await;
        let sleep = told(&world, &linked, "sleep", today(&world, &linked).await).await;
        world.engine.note(FITBIT, &[sleep]).await.unwrap();
        world.clock.advance(MOMENT);
        assert_eq!(world.engine.take_notices("worker").await.unwrap(), 0, "what it reads may be older");
        world.drain().await;
        assert!(world.job(job).await.state.is_final());
        assert_eq!(world.engine.take_notices("worker").await.unwrap(), 0, "too soon after the last one");
        world.clock.advance(HOUR_MS / 6);
        assert_eq!(world.engine.take_notices("worker").await.unwrap(), 1);
        world.drain().await;
        let narrow = newest(&world, &linked).await;
        assert!(narrow.metrics.contains(&Metric::SkinTemperatureRelative), "the nightly values come with sleep");
        assert!(!narrow.metrics.contains(&Metric::Steps));
    }

    async fn a_deletion_is_tried_on_the_token_and_deletes_nothing(db) {
        let world = World::start(db).await;
        for (provider, person, operation) in
            [(GOOGLE, "nora", PushOperation::Delete), (FITBIT, "ilse", PushOperation::Revoked)]
        {
            let linked = world.linked(provider, person).await;
            assert_done(&world.incremental(&linked).await);
            let mut notice = told(&world, &linked, "", None).await;
            notice.operation = operation;
            let mut before = Vec::new();
            for table in DATA_TABLES {
                before.push(world.db.rows(table, &[]).await);
            }
            world.clock.advance(HOUR_MS);
            world.engine.note(provider, std::slice::from_ref(&notice)).await.unwrap();
            world.clock.advance(MOMENT);
            world.engine.take_notices("worker").await.unwrap();
            assert_eq!(world.link(&linked).await.state, LinkState::Active, "the consent stands: {provider}");
            assert_eq!(world.db.count("push_notice").await, 0);
            world.outside.faults(json!([{ "kind": "revoked_consent", "person": person }])).await;
            world.clock.advance(HOUR_MS);
            world.engine.note(provider, std::slice::from_ref(&notice)).await.unwrap();
            world.clock.advance(MOMENT);
            world.engine.take_notices("worker").await.unwrap();
            let link = world.link(&linked).await;
            assert!(matches!(link.state, LinkState::NeedsConsent(_)), "{provider}: {:?}", link.state);
            for (table, rows) in DATA_TABLES.into_iter().zip(before) {
                assert_eq!(world.db.rows(table, &[]).await, rows, "{table}");
            }
            let outcomes = world.engine.note(provider, &[notice]).await.unwrap();
            assert_eq!(outcomes, [Noted::IdleAccount]);
            world.outside.no_faults().await;
        }
    }

    async fn a_token_endpoint_that_is_down_proves_nothing(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "ilse").await;
        let mut notice = told(&world, &linked, "", None).await;
        notice.operation = PushOperation::Revoked;
        world.engine.note(FITBIT, &[notice]).await.unwrap();
        let down = json!([{ "kind": "server_error_html", "status": 503, "path_prefix": "/fitbit/oauth2/token" }]);
        world.outside.faults(down).await;
        world.clock.advance(HOUR_MS);
        world.engine.take_notices("worker").await.unwrap();
        assert_eq!(world.link(&linked).await.state, LinkState::Active);
        assert_eq!(world.db.count("push_notice").await, 1, "it is looked at again");
        world.outside.no_faults().await;
        world.clock.advance(MINUTE_MS);
        world.engine.take_notices("worker").await.unwrap();
        assert_eq!(world.db.count("push_notice").await, 0);
    }

    async fn what_was_not_told_is_found_by_the_schedule(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let weight = told(&world, &linked, "weight", today(&world, &linked).await).await;
        world.engine.note(GOOGLE, &[weight]).await.unwrap();
        world.engine.request_due_syncs().await.unwrap();
        world.drain().await;
        let first = newest(&world, &linked).await.id;
        // The next notifications are lost. An account that tells is looked at less often, but it is looked at.
        world.clock.advance(30 * MINUTE_MS);
        world.engine.request_due_syncs().await.unwrap();
        assert_eq!(newest(&world, &linked).await.id, first);
        world.clock.advance(60 * MINUTE_MS);
        world.engine.request_due_syncs().await.unwrap();
        world.drain().await;
        let sweep = newest(&world, &linked).await;
        assert_ne!(sweep.id, first);
        assert_eq!(sweep.state, JobState::Done);
        assert!(sweep.metrics.contains(&Metric::Steps));
        // Silent for a day: nobody relies on it any more.
        world.clock.advance(25 * HOUR_MS);
        world.engine.renew_subscriptions("worker").await.unwrap();
        assert_eq!(world.link(&linked).await.push, PushState::None);
    }

    async fn accounts_are_subscribed_and_unsubscribed_one_by_one(db) {
        let world = World::start(db).await;
        let engine = with_fitbit_push(&world);
        let linked = world.linked(FITBIT, "ilse").await;
        world.outside.forget_requests().await;
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 1);
        assert_eq!(world.outside.requests("apiSubscriptions", &[201]).await, 3);
        assert_eq!(world.link(&linked).await.push, PushState::Active);
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 0, "a day's rest");
        world.clock.advance(DAY_MS + HOUR_MS);
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 1);
        assert_eq!(world.outside.requests("apiSubscriptions", &[200]).await, 3, "they stood all along");
        engine.disconnect(&pulsekeep_core::account::Viewer::system(), linked.link).await.unwrap().unwrap();
        assert_eq!(world.outside.requests("apiSubscriptions", &[204]).await, 3);
    }

    async fn a_refused_subscription_is_tried_again_a_day_later(db) {
        let world = World::start(db).await;
        let engine = with_fitbit_push(&world);
        let linked = world.linked(FITBIT, "ilse").await;
        let fault = json!([{ "kind": "server_error_json", "status": 500, "path_prefix": "/fitbit/1/user/-/sleep/apiSub" }]);
        world.outside.faults(fault).await;
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 0);
        let link = world.link(&linked).await;
        assert_eq!((link.push, link.state), (PushState::Failed, LinkState::Active));
        world.outside.no_faults().await;
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 0);
        world.clock.advance(DAY_MS + HOUR_MS);
        assert_eq!(engine.renew_subscriptions("worker").await.unwrap(), 1);
        assert_eq!(world.link(&linked).await.push, PushState::Active);
    }
}
