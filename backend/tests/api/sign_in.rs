use pulsekeep_core::{account::Role, time::MINUTE_MS};
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, World, code};

on_each_engine! {
    async fn signing_in_and_out(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.client();
        let answer = client.sign_in("ann@example.org", "wrong password").await;
        assert_eq!(answer["data"]["signIn"]["status"], "WRONG");
        assert_eq!(client.cookie, None);
        let answer = client.sign_in("nobody@example.org", PASSWORD).await;
        assert_eq!(answer["data"]["signIn"]["status"], "WRONG");

        let answer = client.sign_in(" ANN@example.org", PASSWORD).await;
        assert_eq!(answer["data"]["signIn"], json!({ "status": "SIGNED_IN", "message": null, "viewer": { "email": ann.email } }));
        assert_eq!(client.who().await.as_deref(), Some("ann@example.org"));

        let mut left_behind = client.clone();
        let answer = client.ask("mutation { signOut }", Value::Null).await;
        assert_eq!(answer["data"]["signOut"], true);
        assert_eq!(left_behind.who().await, None, "the session is gone, not just the cookie");
        let answer = left_behind.ask("{ viewer { email } }", Value::Null).await;
        assert_eq!(code(&answer), "UNAUTHENTICATED");
    }

    async fn a_session_planted_before_sign_in_is_worth_nothing_after(db) {
        let world = World::new(db).await;
        world.person("ann", Role::Member).await;
        // A session that somebody else knows: of an invitation that they redeemed.
        let bob = pulsekeep_testkit::build::member(&world.store, "bob").await;
        let secret = pulsekeep::auth::hash_secret("planted");
        world.store.create_invitation(bob.id, &secret, world.now().plus(MINUTE_MS), None, world.now()).await.unwrap();
        let mut victim = world.client();
        victim.get("/invitation/planted").await;
        let mut attacker = victim.clone();
        assert!(attacker.cookie.is_some());
        victim.sign_in("ann@example.org", PASSWORD).await;
        assert_ne!(victim.cookie, attacker.cookie);
        assert_eq!(victim.who().await.as_deref(), Some("ann@example.org"));
        assert_eq!(attacker.who().await, None);
    }

    async fn guessing_is_slowed_down(db) {
        let world = World::new(db).await;
        world.person("ann", Role::Member).await;
        let mut client = world.client();
        for _ in 0..5 {
            assert_eq!(client.sign_in("ann@example.org", "guess again").await["data"]["signIn"]["status"], "WRONG");
        }
        let answer = client.sign_in("ann@example.org", PASSWORD).await;
        assert_eq!(answer["data"]["signIn"]["status"], "THROTTLED");
        assert_eq!(answer["data"]["signIn"]["message"], "Too many tries. Wait 16 minutes, then try again.");
        assert_eq!(client.who().await, None);
        world.clock.advance(16 * MINUTE_MS);
        assert_eq!(client.sign_in("ann@example.org", PASSWORD).await["data"]["signIn"]["status"], "SIGNED_IN");
    }

    async fn a_new_password_ends_all_web_sessions(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&ann).await;
        world.store.set_password(ann.id, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA").await.unwrap();
        assert_eq!(client.who().await, None);
    }

    async fn a_profile_is_changed_by_its_owner(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&ann).await;
        let change = "mutation($n: String, $z: TimeZone) { updateProfile(displayName: $n, timeZone: $z) { status user { displayName timeZone } } }";
        let answer = client.ask(change, json!({ "n": " Ann B. ", "z": "Asia/Tokyo" })).await;
        assert_eq!(answer["data"]["updateProfile"]["user"], json!({ "displayName": "Ann B.", "timeZone": "Asia/Tokyo" }));
        let answer = client.ask(change, json!({ "z": "Mars/Olympus" })).await;
        assert_eq!(answer["data"]["updateProfile"]["status"], "TIME_ZONE_UNKNOWN");
        let answer = client.ask(change, json!({ "n": "  " })).await;
        assert_eq!(answer["data"]["updateProfile"]["status"], "NAME_EMPTY");
    }
}

#[tokio::test]
async fn the_session_cookie_is_for_our_server_alone() {
    let world = World::new(std::sync::Arc::new(pulsekeep_testkit::TestDatabase::sqlite().await)).await;
    world.person("ann", Role::Member).await;
    let query =
        "mutation { signIn(email: \"ann@example.org\", password: \"correct horse battery\") { status } }";
    let answer = world.client().post(query, Value::Null).await;
    let cookie = answer.header("set-cookie");
    for part in ["pulsekeep_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "the public address is http");
}
