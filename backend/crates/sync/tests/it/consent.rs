//! Consent: given, lost, given again, given with another account.

use pulsekeep_core::{
    Metric,
    account::{ConsentReason, LinkState, Viewer},
    coverage::CoverageState,
    job::{FailureCode, JobKind, JobState},
};
use pulsekeep_sync::{ConnectOutcome, JobAction, RequestOutcome};
use pulsekeep_testkit::{build, on_each_engine, on_sqlite};
use serde_json::json;

use crate::harness::{FITBIT, GOOGLE, World, assert_done};

const EVERYTHING: [&str; 6] =
    ["linked_account", "link_token", "sync_job", "sync_window", "coverage", "raw_document"];

async fn everything(world: &World) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in EVERYTHING {
        rows.push(world.db.rows(table, &[]).await);
    }
    rows
}

on_each_engine! {
    async fn connecting_writes_the_first_sync_and_takes_the_time_zone(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let user = build::member(world.store(), person).await.id;
            let linked = world.connected(user, provider, person).await;
            let link = world.link(&linked).await;
            assert_eq!((link.state, link.last_sync_at), (LinkState::Active, None));
            let job = world.store().latest_job(user, link.id, JobKind::Incremental).await.unwrap().unwrap();
            assert_eq!(job.state, JobState::Planned);
            world.drain().await;
            assert_done(&world.job(job.id).await);
            assert!(world.link(&linked).await.last_sync_at.is_some());
            let zone = world.store().user(user).await.unwrap().unwrap().time_zone;
            assert!(zone.starts_with("Europe/"), "{zone}");
        }
    }

    async fn no_token_is_stored_in_the_open(db) {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "nora").await;
        let tokens = world.store().link_tokens(linked.user, linked.link).await.unwrap().unwrap();
        for (kind, sealed) in [
            (pulsekeep_sync::TokenKind::Access, Some(tokens.access)),
            (pulsekeep_sync::TokenKind::Refresh, tokens.refresh),
        ] {
            use secrecy::ExposeSecret;
            let sealed = sealed.unwrap();
            let open = world.vault().open(linked.link, kind, &sealed).unwrap();
            let open = open.expose_secret().as_bytes();
            assert!(!sealed.windows(open.len().min(12)).any(|part| part == &open[..part.len()]));
        }
    }

    async fn a_revoked_consent_ends_the_jobs_and_the_same_account_brings_them_back(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            assert_done(&world.incremental(&linked).await);
            world.outside.faults(json!([{ "kind": "revoked_consent", "person": person }])).await;
            let job = world.incremental(&linked).await;
            assert_eq!((job.state, job.codes.as_slice()), (JobState::Failed, &[FailureCode::NeedsConsent][..]));
            let lost = LinkState::NeedsConsent(ConsentReason::InvalidGrant);
            assert_eq!(world.link(&linked).await.state, lost);
            let request = world.request(&linked, JobKind::Incremental, None);
            assert_eq!(world.engine.request(&request).await.unwrap(), RequestOutcome::NeedsConsent);
            assert!(matches!(
                world.engine.retry(&Viewer::system(), job.id).await.unwrap(),
                JobAction::NotPossible(why) if why.contains("connect the account again")
            ));
            assert_eq!(world.store().next_due_at().await.unwrap(), None, "nothing is tried in vain");

            world.outside.no_faults().await;
            let again = world.connected(linked.user, provider, person).await;
            assert_eq!(again.link, linked.link);
            assert_eq!(world.link(&linked).await.state, LinkState::Active);
            world.drain().await;
            let latest = world.store().latest_job(linked.user, linked.link, JobKind::Incremental).await.unwrap();
            assert_done(&latest.unwrap());
            assert_eq!(world.engine.retry(&Viewer::system(), job.id).await.unwrap(), JobAction::Accepted);
            world.drain().await;
            assert_done(&world.job(job.id).await);
        }
    }

    async fn days_that_waited_for_a_lost_account_have_failed_and_wait_no_longer(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let days = world.ago(linked.user, 20, 10).await;
        world.outside.faults(json!([{ "kind": "revoked_consent" }])).await;
        world.backfill(&linked, days).await;
        let metrics: Vec<Metric> = Metric::all().collect();
        let rows = world.person(&linked).await.coverage(&metrics, days).await.unwrap();
        assert!(rows.len() > 50);
        for row in rows {
            let why = (row.state, row.code);
            assert_eq!(why, (CoverageState::Failed, Some(FailureCode::NeedsConsent)), "{:?}", row.metric);
        }
    }

    async fn another_account_is_refused_revoked_and_leaves_no_trace(db) {
        let world = World::start(db).await;
        for (provider, person, other) in [(GOOGLE, "nora", "walter"), (FITBIT, "ilse", "arjun")] {
            let linked = world.linked(provider, person).await;
            assert_done(&world.incremental(&linked).await);
            let before = everything(&world).await;
            world.outside.forget_requests().await;
            let outcome = world.consent(linked.user, provider, other, None).await;
            let expected = world.link(&linked).await.provider_user_id;
            assert_eq!(outcome, ConnectOutcome::OtherAccount { expected });
            assert_eq!(everything(&world).await, before);
            assert_eq!(world.outside.requests("/revoke", &[200]).await, 1);
            assert_done(&world.incremental(&linked).await);
        }
    }

    async fn an_account_of_another_person_is_refused_and_theirs_goes_on(db) {
        let world = World::start(db).await;
        let nora = world.linked(GOOGLE, "nora").await;
        let thief = build::member(world.store(), "thief").await.id;
        let before = everything(&world).await;
        let outcome = world.consent(thief, GOOGLE, "nora", None).await;
        assert_eq!(outcome, ConnectOutcome::TakenByAnotherPerson);
        assert_eq!(everything(&world).await, before);
        assert_done(&world.incremental(&nora).await);
        world.clock.advance(2 * 3_600_000);
        assert_done(&world.incremental(&nora).await);
    }

    async fn an_account_that_is_not_linked_to_health_data_says_so(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        world.outside.faults(json!([{ "kind": "account_not_linked" }])).await;
        let job = world.incremental(&linked).await;
        assert_eq!((job.state, job.codes.as_slice()), (JobState::Failed, &[FailureCode::AccountNotLinked][..]));
        let state = LinkState::NeedsConsent(ConsentReason::AccountNotLinked);
        assert_eq!(world.link(&linked).await.state, state);
    }

    async fn disconnecting_revokes_forgets_the_tokens_and_keeps_the_history(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            assert_done(&world.incremental(&linked).await);
            let job = world.ask(&linked, JobKind::Incremental, None).await;
            let blocks = world.db.rows("sample_block", &[]).await;
            let stranger = Viewer::session(pulsekeep_core::id::UserId(1), pulsekeep_core::account::Role::Member);
            assert_eq!(world.engine.disconnect(&stranger, linked.link).await.unwrap(), None);
            world.outside.forget_requests().await;
            let gone = world.engine.disconnect(&Viewer::system(), linked.link).await.unwrap().unwrap();
            assert!(gone.revoked_at_provider && gone.link.state == LinkState::Revoked);
            assert_eq!(world.outside.requests("/revoke", &[200]).await, 1);
            assert_eq!(world.store().link_tokens(linked.user, linked.link).await.unwrap(), None);
            assert_eq!(world.db.rows("sample_block", &[]).await, blocks);
            assert_eq!(world.job(job).await.codes, [FailureCode::Disconnected]);
            let request = world.request(&linked, JobKind::Incremental, None);
            assert_eq!(world.engine.request(&request).await.unwrap(), RequestOutcome::NotLinked);
        }
    }
}

#[test]
fn scopes_that_were_unticked_are_not_asked_for() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let user = build::member(world.store(), "nora").await.id;
        let scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
        let ConnectOutcome::Linked(link) = world.consent(user, GOOGLE, "nora", Some(&[scope])).await else {
            panic!("one scope is enough")
        };
        assert_eq!(link.scopes, ["sleep.readonly"]);
        world.outside.forget_requests().await;
        world.drain().await;
        let job = world.store().latest_job(user, link.id, JobKind::Incremental).await.unwrap().unwrap();
        assert_done(&job);
        assert_eq!(world.outside.requests("", &[403]).await, world.outside.requests("evices", &[403]).await);
        let linked = crate::harness::Linked { user, link: link.id };
        let days = world.ago(user, 2, 0).await;
        let rows = world.person(&linked).await.coverage(&[Metric::Steps], days).await.unwrap();
        let states: Vec<_> = rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [CoverageState::NotPermitted; 3], "the grid says why there is nothing");
    });
}

#[test]
fn a_consent_to_nothing_of_use_is_refused() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let user = build::member(world.store(), "ilse").await.id;
        let outcome = world.consent(user, FITBIT, "ilse", Some(&["profile"])).await;
        assert_eq!(outcome, ConnectOutcome::NothingGranted);
        assert_eq!(world.store().links_of(user).await.unwrap(), []);
    });
}
