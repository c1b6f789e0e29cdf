use axum::http::StatusCode;
use pulsekeep_core::{account::Role, time::DAY_MS};
use pulsekeep_testkit::on_each_engine;
use serde_json::{Value, json};

use crate::harness::{World, code};

const DAILY: &str = "query($u: ID!) { user(id: $u) { daily(metrics: [STEPS], from: \"2026-11-01\", to: \"2026-11-02\") { values } } }";

on_each_engine! {
    async fn a_token_reads_within_its_scopes(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let variables = json!({ "u": ann.id.to_string() });
        let mut reader = world.with_token(&mut browser, json!({ "name": "r", "scopes": ["READ_METRICS"] })).await;
        let answer = reader.ask(DAILY, variables.clone()).await;
        assert_eq!(answer["data"]["user"]["daily"][0]["values"], json!([null, null]), "{answer}");

        let mut writer = world.with_token(&mut browser, json!({ "name": "w", "scopes": ["WRITE_SYNC"] })).await;
        let answer = writer.ask(DAILY, variables.clone()).await;
        assert_eq!(code(&answer), "FORBIDDEN");
        assert_eq!(answer["errors"][0]["message"], "This needs the scope read:metrics; make an API token that has it");
        let sync = "mutation($u: ID!) { requestSync(input: { userIds: [$u] }) { status } }";
        let answer = reader.ask(sync, variables.clone()).await;
        assert_eq!(code(&answer), "FORBIDDEN");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("write:sync"));
        assert_eq!(writer.ask(sync, variables).await["data"]["requestSync"]["status"], "NOT_LINKED");
    }

    async fn an_ended_or_unknown_token_is_refused_by_name(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let mut short = world.with_token(&mut browser, json!({ "name": "s", "scopes": ["READ_METRICS"], "expiresInDays": 1 })).await;
        let mut revoked = world.with_token(&mut browser, json!({ "name": "r", "scopes": ["READ_METRICS"] })).await;
        assert!(short.who().await.is_some() && revoked.who().await.is_some());

        let list = browser.ask("{ viewer { apiTokens { id name lastUsedAt } } }", Value::Null).await;
        let tokens = list["data"]["viewer"]["apiTokens"].as_array().unwrap();
        assert!(tokens.iter().all(|t| t["lastUsedAt"].is_string()), "{list}");
        let id = tokens.iter().find(|t| t["name"] == "r").unwrap()["id"].clone();
        let answer = browser.ask("mutation($id: ID!) { revokeApiToken(id: $id) { status token { revokedAt } } }", json!({ "id": id })).await;
        assert_eq!(answer["data"]["revokeApiToken"]["status"], "REVOKED");
        world.clock.advance(DAY_MS);

        let mut unknown = world.client();
        unknown.bearer = Some(format!("pk_{}", "A".repeat(43)));
        for (client, expected) in [(&mut short, "TOKEN_EXPIRED"), (&mut revoked, "TOKEN_REVOKED"), (&mut unknown, "TOKEN_UNKNOWN")] {
            let answer = client.post("{ viewer { email } }", Value::Null).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            assert_eq!(code(&answer.json()), expected);
            assert_eq!(answer.json()["errors"][0]["extensions"]["requestId"], answer.header("x-request-id"));
        }
    }

    async fn a_token_may_be_narrowed_to_named_people(db) {
        let world = World::new(db).await;
        let admin = world.person("admin", Role::Admin).await;
        let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
        let mut browser = world.signed_in(&admin).await;
        let input = json!({ "name": "n", "scopes": ["READ_METRICS", "ADMIN"], "userIds": [ann.id.to_string()] });
        let mut program = world.with_token(&mut browser, input).await;
        let seen = program.ask("query($a: ID!, $b: ID!) { a: user(id: $a) { code } b: user(id: $b) { code } users { nodes { code } } }", json!({ "a": ann.id.to_string(), "b": bob.id.to_string() })).await;
        assert_eq!(seen["data"], json!({ "a": { "code": "ann" }, "b": null, "users": { "nodes": [{ "code": "ann" }] } }));
        let answer = program.ask("mutation { createUser(input: { email: \"x@example.org\" }) { status } }", Value::Null).await;
        assert_eq!(code(&answer), "FORBIDDEN");
    }

    async fn tokens_are_made_with_care(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let bob = world.person("bob", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let make = "mutation($i: CreateApiTokenInput!) { createApiToken(input: $i) { status secret } }";
        for (input, expected) in [
            (json!({ "name": " ", "scopes": ["READ_METRICS"] }), "NAME_EMPTY"),
            (json!({ "name": "x", "scopes": [] }), "NO_SCOPES"),
            (json!({ "name": "x", "scopes": ["ADMIN"] }), "SCOPE_NOT_ALLOWED"),
            (json!({ "name": "x", "scopes": ["READ_METRICS"], "userIds": [bob.id.to_string()] }), "USER_NOT_FOUND"),
        ] {
            let answer = browser.ask(make, json!({ "i": input })).await;
            assert_eq!(answer["data"]["createApiToken"], json!({ "status": expected, "secret": null }));
        }
        let mut program = world.with_token(&mut browser, json!({ "name": "x", "scopes": ["READ_METRICS"] })).await;
        let answer = program.ask(make, json!({ "i": { "name": "child", "scopes": ["READ_METRICS"] } })).await;
        assert_eq!(code(&answer), "FORBIDDEN", "a token begets no tokens");
    }
}
