//! The examples of the documents, run as a reader would run them.

use std::process::Stdio;

use pulsekeep::http::serve;
use pulsekeep_core::account::Role;
use pulsekeep_testkit::on_sqlite;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

use crate::harness::World;

/// The first `sh` block of a document.
fn example(document: &str) -> &str {
    document.split_once("```sh\n").unwrap().1.split_once("\n```").unwrap().0
}

/// The first `graphql` block of a document.
fn query(document: &str) -> &str {
    document.split_once("```graphql\n").unwrap().1.split_once("\n```").unwrap().0
}

#[test]
fn the_query_for_what_is_computed_works() {
    on_sqlite(|db| async move {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&ann).await;
        let asked = query(include_str!("../../../docs/graphql.md"));
        let answer = client.ask(asked, json!({ "id": ann.id.to_string() })).await;
        assert!(answer["errors"].is_null(), "{answer}");
        assert_eq!(answer["data"]["user"]["profile"]["mean"].as_array().unwrap().len(), 7);
    });
}

#[test]
fn the_curl_example_of_the_graphql_document_works() {
    on_sqlite(|db| async move {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut browser = world.signed_in(&ann).await;
        let reader = world.with_token(&mut browser, json!({ "name": "r", "scopes": ["READ_METRICS"] })).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(world.app.clone(), listener, std::future::pending()));

        let run = async |token: &str| {
            let ended = Command::new("sh")
                .args(["-c", example(include_str!("../../../docs/graphql.md"))])
                .env("PULSEKEEP_URL", &url)
                .env("PULSEKEEP_TOKEN", token)
                .stdin(Stdio::null())
                .output()
                .await
                .unwrap();
            let error = String::from_utf8_lossy(&ended.stderr);
            serde_json::from_slice::<Value>(&ended.stdout)
                .unwrap_or_else(|_| panic!("no JSON; curl said: {error}"))
        };
        let answer = run(reader.bearer.as_deref().unwrap()).await;
        let steps = &answer["data"]["viewer"]["user"]["daily"][0];
        assert_eq!(steps["metric"], "STEPS", "{answer}");
        assert_eq!(steps["dates"].as_array().unwrap().len(), 7);
        assert_eq!(run("pk_nobody").await["errors"][0]["extensions"]["code"], "TOKEN_UNKNOWN");
        server.abort();
    });
}
