use axum::http::StatusCode;
use pulsekeep_core::{account::Role, time::DAY_MS};
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, World};

const INVITE: &str =
    "mutation($i: InviteUserInput!) { inviteUser(input: $i) { status message url user { code signedUp } } }";
const ACCEPT: &str = "mutation($p: String!) { acceptInvitation(displayName: \"New Name\", password: $p, timeZone: \"Europe/Oslo\") { status message viewer { email user { displayName timeZone } } } }";
const INVITATION: &str = "{ invitation { email displayName providers { key enabled connectUrl } } }";

async fn invited(admin: &mut Client, email: &str) -> String {
    let answer = admin.ask(INVITE, json!({ "i": { "email": email } })).await;
    assert_eq!(answer["data"]["inviteUser"]["status"], "INVITED", "{answer}");
    let url = answer["data"]["inviteUser"]["url"].as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
}

on_each_engine! {
    async fn a_link_leads_through_sign_up_once(db) {
        let world = World::new(db).await;
        let admin = world.person("admin", Role::Admin).await;
        let mut browser = world.signed_in(&admin).await;
        let link = invited(&mut browser, "new@example.org").await;

        let mut guest = world.client();
        let answer = guest.get(&link).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/welcome"));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let answer = guest.ask(INVITATION, Value::Null).await;
        assert_eq!(answer["data"]["invitation"]["email"], "new@example.org");
        assert_eq!(answer["data"]["invitation"]["providers"][0], json!({
            "key": "GOOGLE_HEALTH", "enabled": true, "connectUrl": "http://127.0.0.1:8080/connect/google_health",
        }));

        let mut late = world.client();
        late.get(&link).await;
        assert_eq!(late.ask(INVITATION, Value::Null).await["data"]["invitation"], Value::Null, "used");
        assert_eq!(late.ask(ACCEPT, json!({ "p": PASSWORD })).await["data"]["acceptInvitation"]["status"], "INVALID");

        let answer = guest.ask(ACCEPT, json!({ "p": "short" })).await;
        assert_eq!(answer["data"]["acceptInvitation"]["status"], "PASSWORD_TOO_SHORT");
        let answer = guest.ask(ACCEPT, json!({ "p": "a long password" })).await;
        assert_eq!(answer["data"]["acceptInvitation"]["viewer"], json!({
            "email": "new@example.org", "user": { "displayName": "New Name", "timeZone": "Europe/Oslo" },
        }), "{answer}");
        assert_eq!(guest.who().await.as_deref(), Some("new@example.org"));
        let answer = world.client().sign_in("new@example.org", "a long password").await;
        assert_eq!(answer["data"]["signIn"]["status"], "SIGNED_IN");

        let answer = browser.ask(INVITE, json!({ "i": { "email": "new@example.org" } })).await;
        assert_eq!(answer["data"]["inviteUser"]["status"], "ALREADY_SIGNED_UP");
    }

    async fn a_link_ends_after_seven_days_and_by_a_newer_one(db) {
        let world = World::new(db).await;
        let admin = world.person("admin", Role::Admin).await;
        let mut browser = world.signed_in(&admin).await;
        let first = invited(&mut browser, "new@example.org").await;
        let second = invited(&mut browser, "new@example.org").await;
        let mut guest = world.client();
        guest.get(&first).await;
        assert_eq!(guest.ask(INVITATION, Value::Null).await["data"]["invitation"], Value::Null);
        guest.get(&second).await;
        assert!(guest.ask(INVITATION, Value::Null).await["data"]["invitation"].is_object());
        world.clock.advance(7 * DAY_MS);
        assert_eq!(guest.ask(INVITATION, Value::Null).await["data"]["invitation"], Value::Null);
        assert_eq!(guest.ask(ACCEPT, json!({ "p": PASSWORD })).await["data"]["acceptInvitation"]["status"], "INVALID");
        let third = invited(&mut browser.clone(), "other@example.org").await;
        world.clock.advance(7 * DAY_MS);
        guest.get(&third).await;
        assert_eq!(guest.ask(INVITATION, Value::Null).await["data"]["invitation"], Value::Null);
    }

    async fn people_are_made_with_care(db) {
        let world = World::new(db).await;
        let admin = world.person("admin", Role::Admin).await;
        let mut browser = world.signed_in(&admin).await;
        let make = "mutation($i: CreateUserInput!) { createUser(input: $i) { status user { code displayName role } } }";
        for (input, expected) in [
            (json!({ "email": "nobody" }), "EMAIL_INVALID"),
            (json!({ "email": "ADMIN@example.org" }), "EMAIL_TAKEN"),
            (json!({ "email": "x@example.org", "code": "a b" }), "CODE_INVALID"),
            (json!({ "email": "x@example.org", "code": "admin" }), "CODE_TAKEN"),
            (json!({ "email": "x@example.org", "timeZone": "Nowhere" }), "TIME_ZONE_UNKNOWN"),
        ] {
            let answer = browser.ask(make, json!({ "i": input })).await;
            assert_eq!(answer["data"]["createUser"], json!({ "status": expected, "user": null }), "{answer}");
        }
        let answer = browser.ask(make, json!({ "i": { "email": "zoe@example.org", "code": "z1" } })).await;
        assert_eq!(answer["data"]["createUser"]["user"], json!({ "code": "z1", "displayName": "zoe", "role": "MEMBER" }));
        let acts = world.db.texts("SELECT action FROM audit_event").await;
        assert_eq!(acts, ["user.create"], "what an admin does is written down");
    }
}
