use std::sync::Arc;

use axum::http::{Request, StatusCode, header};
use pulsekeep_core::account::Role;
use pulsekeep_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::harness::{Client, ORIGIN, World};

async fn signed_in() -> (World, Client) {
    let world = World::new(Arc::new(TestDatabase::sqlite().await)).await;
    let ann = world.person("ann", Role::Member).await;
    let client = world.signed_in(&ann).await;
    (world, client)
}

const SIGN_OUT: &str = r#"{"query":"mutation { signOut }"}"#;

#[tokio::test]
async fn queries_come_by_post_and_json_alone() {
    let (_world, mut client) = signed_in().await;
    let answer = client.get("/graphql?query=mutation%7BsignOut%7D").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "METHOD_NOT_ALLOWED");
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""] {
        let request =
            Request::post("/graphql").header(header::CONTENT_TYPE, kind).header(header::ORIGIN, ORIGIN);
        let answer = client.send(request, SIGN_OUT).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    assert!(client.who().await.is_some(), "none of them signed anybody out");
}

#[tokio::test]
async fn other_sites_cannot_act_with_our_cookie() {
    let (_world, mut client) = signed_in().await;
    let json = || Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    for request in [
        json().header(header::ORIGIN, "https://evil.example"),
        json().header(header::ORIGIN, "null"),
        json().header("sec-fetch-site", "cross-site"),
        json().header("sec-fetch-site", "same-site"),
    ] {
        let answer = client.send(request, SIGN_OUT).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "CROSS_ORIGIN");
    }
    assert!(client.who().await.is_some());
}

#[tokio::test]
async fn a_socket_is_refused_before_it_opens() {
    let (_world, mut client) = signed_in().await;
    let socket = |origin: &str| {
        Request::get("/graphql/ws")
            .header(header::ORIGIN, origin)
            .header(header::UPGRADE, "websocket")
            .header(header::CONNECTION, "upgrade")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .header(header::SEC_WEBSOCKET_PROTOCOL, "graphql-transport-ws")
    };
    assert_eq!(client.send(socket("https://evil.example"), "").await.status, StatusCode::FORBIDDEN);
    let other = Request::get("/graphql/ws")
        .header(header::ORIGIN, ORIGIN)
        .header("sec-websocket-protocol", "graphql-ws");
    assert_eq!(client.send(other, "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_token_may_come_from_anywhere() {
    let (world, mut client) = signed_in().await;
    let mut program = world.with_token(&mut client, json!({ "name": "t", "scopes": ["READ_METRICS"] })).await;
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, "https://dashboard.example");
    let answer = program.send(request, r#"{"query":"{ viewer { email } }"}"#).await;
    assert_eq!(answer.json()["data"]["viewer"]["email"], "ann@example.org");
}

#[tokio::test]
async fn answers_are_not_kept_and_may_not_be_framed() {
    let (_world, mut client) = signed_in().await;
    let answer = client.post("{ viewer { email } }", Value::Null).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
