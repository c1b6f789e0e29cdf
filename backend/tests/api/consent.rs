//! The OAuth road, with the simulator at the other end.

use axum::http::StatusCode;
use pulsekeep_core::account::{LinkState, Role};
use pulsekeep_simulator::Simulator;
use pulsekeep_testkit::on_each_engine;
use url::Url;

use crate::harness::{Client, World};

/// Begins at our address; the address at the provider that the browser is sent to.
pub(crate) async fn begin(client: &mut Client, provider: &str) -> String {
    let answer = client.get(&format!("/connect/{provider}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.location().to_owned()
}

/// Allows everything as `person`; the callback's path and query.
pub(crate) fn allow(simulator: &Simulator, authorize: &str, person: &str) -> String {
    let back = Url::parse(&simulator.consent(authorize, person).unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

fn with_query(authorize: &str, change: impl Fn(&str, &str) -> String) -> String {
    let mut url = Url::parse(authorize).unwrap();
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(k, v)| (k.to_string(), change(&k, &v))).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.to_string()
}

pub(crate) async fn reason(client: &mut Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    answer.location().to_owned()
}

on_each_engine! {
    async fn both_providers_connect_and_start_fetching(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        for (provider, name) in [("google_health", "GOOGLE_HEALTH"), ("fitbit", "FITBIT")] {
            let authorize = begin(&mut browser, provider).await;
            assert!(authorize.starts_with(&simulator.base_url()));
            assert!(authorize.contains("code_challenge_method=S256"));
            let callback = allow(&simulator, &authorize, "nora");
            let landed = reason(&mut browser, &callback).await;
            assert_eq!(landed, format!("/connected?provider={provider}"));
            let query = format!("{{ user(id: \"{}\") {{ linkedAccounts {{ provider state advice missingScopes }} }} syncJobs {{ nodes {{ kind state linkedAccount {{ provider }} user {{ code }} }} }} }}", ann.id);
            let answer = browser.ask(&query, serde_json::Value::Null).await;
            let links = answer["data"]["user"]["linkedAccounts"].as_array().unwrap();
            let link = links.iter().find(|l| l["provider"] == name).unwrap();
            assert_eq!((&link["state"], &link["advice"]), (&"ACTIVE".into(), &serde_json::Value::Null), "{answer}");
            let jobs = answer["data"]["syncJobs"]["nodes"].as_array().unwrap();
            assert!(jobs.iter().any(|j| j["kind"] == "BACKFILL" && j["linkedAccount"]["provider"] == name), "{answer}");
        }
        simulator.shutdown().await;
    }

    async fn a_callback_counts_once_and_in_its_own_session(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
        let (mut browser, mut other) = (world.signed_in(&ann).await, world.signed_in(&bob).await);
        let failed = |word: &str| format!("/connect-failed?provider=google_health&reason={word}");

        let authorize = begin(&mut browser, "google_health").await;
        let callback = allow(&simulator, &authorize, "nora");
        assert_eq!(reason(&mut other, &callback).await, failed("session_lost"), "somebody else's browser");
        assert_eq!(reason(&mut world.client(), &callback).await, failed("session_lost"), "nobody's browser");
        assert_eq!(reason(&mut browser, &callback).await, "/connected?provider=google_health");
        assert_eq!(reason(&mut browser, &callback).await, failed("session_lost"), "replayed");

        let authorize = begin(&mut browser, "google_health").await;
        let forged = with_query(&authorize, |k, v| if k == "state" { "forged".to_owned() } else { v.to_owned() });
        let callback = allow(&simulator, &forged, "nora");
        assert_eq!(reason(&mut browser, &callback).await, failed("state_mismatch"));
        let honest = allow(&simulator, &authorize, "nora");
        assert_eq!(reason(&mut browser, &honest).await, failed("session_lost"), "a wrong state ends the attempt");
        assert_eq!(world.store.links_of(bob.id).await.unwrap(), []);
        simulator.shutdown().await;
    }

    async fn the_wrong_account_is_refused_by_name(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
        let (mut browser, mut other) = (world.signed_in(&ann).await, world.signed_in(&bob).await);
        let authorize = begin(&mut browser, "fitbit").await;
        reason(&mut browser, &allow(&simulator, &authorize, "nora")).await;
        let links = world.store.links_of(ann.id).await.unwrap();

        let authorize = begin(&mut browser, "fitbit").await;
        let landed = reason(&mut browser, &allow(&simulator, &authorize, "walter")).await;
        assert_eq!(landed, format!("/connect-failed?provider=fitbit&reason=other_account&expected={}", links[0].provider_user_id));
        let authorize = begin(&mut other, "fitbit").await;
        let landed = reason(&mut other, &allow(&simulator, &authorize, "nora")).await;
        assert_eq!(landed, "/connect-failed?provider=fitbit&reason=taken");
        assert_eq!(world.store.links_of(bob.id).await.unwrap(), []);
        assert_eq!(world.store.links_of(ann.id).await.unwrap()[0].provider_user_id, links[0].provider_user_id);
        simulator.shutdown().await;
    }

    async fn an_account_is_disconnected_and_connected_again(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let authorize = begin(&mut browser, "google_health").await;
        reason(&mut browser, &allow(&simulator, &authorize, "nora")).await;
        let link = world.store.links_of(ann.id).await.unwrap().remove(0);
        let query = format!("mutation {{ disconnect(linkedAccountId: \"{}\") {{ status revokedAtProvider linkedAccount {{ state advice }} }} }}", link.id);
        let answer = browser.ask(&query, serde_json::Value::Null).await;
        assert_eq!(answer["data"]["disconnect"]["status"], "DISCONNECTED", "{answer}");
        assert_eq!(answer["data"]["disconnect"]["revokedAtProvider"], true);
        assert_eq!(answer["data"]["disconnect"]["linkedAccount"]["state"], "REVOKED");
        let authorize = begin(&mut browser, "google_health").await;
        assert_eq!(reason(&mut browser, &allow(&simulator, &authorize, "nora")).await, "/connected?provider=google_health");
        assert_eq!(world.store.link(link.id).await.unwrap().unwrap().state, LinkState::Active);
        simulator.shutdown().await;
    }

    async fn what_the_provider_says_reaches_the_page(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let failed = |word: &str| format!("/connect-failed?provider=google_health&reason={word}");
        for (word, expected) in [("access_denied", "denied"), ("redirect_uri_mismatch", "redirect_mismatch"), ("server_error", "provider_error")] {
            let authorize = begin(&mut browser, "google_health").await;
            let state = Url::parse(&authorize).unwrap().query_pairs().find(|(k, _)| k == "state").unwrap().1.into_owned();
            let path = format!("/connect/google_health/callback?error={word}&state={state}");
            assert_eq!(reason(&mut browser, &path).await, failed(expected));
        }
        let authorize = begin(&mut browser, "google_health").await;
        let callback = allow(&simulator, &authorize, "nora");
        let spoilt = callback.replace("code=", "code=x");
        assert_eq!(reason(&mut browser, &spoilt).await, failed("invalid_grant"));

        let authorize = begin(&mut browser, "google_health").await;
        let callback = allow(&simulator, &authorize, "nora");
        simulator.shutdown().await;
        assert_eq!(reason(&mut browser, &callback).await, failed("provider_unreachable"));
        assert_eq!(world.store.links_of(ann.id).await.unwrap(), [], "nothing half done");
    }

    async fn an_invited_person_may_consent_before_they_sign_up(db) {
        let (world, simulator) = World::with_simulator(db).await;
        let user = pulsekeep_testkit::build::member(&world.store, "guest").await;
        let hash = pulsekeep::auth::hash_secret("the-link");
        world.store.create_invitation(user.id, &hash, world.now().plus(60_000), None, world.now()).await.unwrap();
        let mut guest = world.client();
        assert_eq!(reason(&mut guest, "/connect/fitbit?invite=the-link").await, "/connect/fitbit", "the token leaves the address");
        let authorize = begin(&mut guest, "fitbit").await;
        assert_eq!(reason(&mut guest, &allow(&simulator, &authorize, "ilse")).await, "/connected?provider=fitbit");
        assert_eq!(world.store.links_of(user.id).await.unwrap().len(), 1);
        assert_eq!(guest.who().await, None, "consent is no sign-in");
        simulator.shutdown().await;
    }

    async fn strangers_and_strange_providers_are_sent_away(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        assert_eq!(reason(&mut browser, "/connect/garmin").await, "/connect-failed?provider=garmin&reason=unknown_provider");
        assert_eq!(reason(&mut world.client(), "/connect/fitbit").await, "/connect-failed?provider=fitbit&reason=session_lost");
        assert_eq!(reason(&mut browser, "/connect/fitbit/callback?code=x&state=y").await, "/connect-failed?provider=fitbit&reason=session_lost");
    }
}
