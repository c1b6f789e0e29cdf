use std::sync::Arc;

use axum::http::{Request, StatusCode, header};
use pulsekeep_core::account::Role;
use pulsekeep_testkit::{TestDatabase, on_each_engine};
use serde_json::{Value, json};

use crate::harness::{Client, ORIGIN, World, code};

async fn ann() -> (World, Client, String) {
    let world = World::new(Arc::new(TestDatabase::sqlite().await)).await;
    let ann = world.person("ann", Role::Member).await;
    let client = world.signed_in(&ann).await;
    (world, client, ann.id.to_string())
}

#[tokio::test]
async fn what_is_too_deep_too_much_or_too_often_is_refused() {
    let (_world, mut client, id) = ann().await;
    let nested = (0..20).fold("name".to_owned(), |inner, _| format!("ofType {{ {inner} }}"));
    let deep = format!("{{ __type(name: \"User\") {{ {nested} }} }}");
    assert_eq!(code(&client.ask(&deep, Value::Null).await), "QUERY_TOO_DEEP");

    let aliases: String = (0..61).map(|n| format!("a{n}: __typename ")).collect();
    let answer = client.ask(&format!("{{ {aliases} }}"), Value::Null).await;
    assert_eq!(code(&answer), "TOO_MANY_ALIASES");

    let years = |from: &str, to: &str| {
        format!(
            "{{ user(id: \"{id}\") {{ a: daily(metrics: [STEPS, DISTANCE, CALORIES, HEART_RATE, SLEEP], from: \"{from}\", to: \"{to}\") {{ values }} }} }}"
        )
    };
    let answer = client.ask(&years("2024-01-01", "2026-11-20"), Value::Null).await;
    assert!(answer["errors"].is_null(), "three years of five metrics are fine: {answer}");
    let answer = client.ask(&years("1990-01-01", "2190-01-01"), Value::Null).await;
    assert_eq!(code(&answer), "QUERY_TOO_COMPLEX");

    let series: String = (0..50)
        .map(|n| format!("s{n}: series(metric: STEPS, from: \"2026-01-01T00:00:00Z\", to: \"2026-11-01T00:00:00Z\", maxPoints: 2147483647) {{ sum }} "))
        .collect();
    assert_eq!(
        code(&client.ask(&format!("{{ user(id: \"{id}\") {{ {series} }} }}"), Value::Null).await),
        "QUERY_TOO_COMPLEX"
    );
    let twice = "{ users(first: 100) { nodes { summary(days: 366) { steps } coverage(from: \"2020-01-01\", to: \"2026-01-01\") { metric } } } }";
    assert_eq!(code(&client.ask(twice, Value::Null).await), "QUERY_TOO_COMPLEX");

    let directives = "@include(if: true) ".repeat(9);
    let answer = client.ask(&format!("{{ __typename {directives} }}"), Value::Null).await;
    assert!(!answer["errors"].is_null(), "{answer}");
}

#[tokio::test]
async fn a_body_has_an_end() {
    let (_world, mut client, _) = ann().await;
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, ORIGIN);
    let body = json!({ "query": format!("{{ __typename }} # {}", "x".repeat(70_000)) }).to_string();
    let answer = client.send(request, body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&answer.json()), "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn bad_input_is_told_in_words() {
    let (_world, mut client, id) = ann().await;
    let user = |field: &str| format!("{{ user(id: \"{id}\") {{ {field} }} }}");
    for (query, expected, words) in [
        ("{ user(id: \"link_0000000000001\") { code } }".to_owned(), "BAD_INPUT", "not a valid user id"),
        (
            user("sleep(from: \"2026-11-02\", to: \"2026-11-01\") { id }"),
            "BAD_INPUT",
            "the range is reversed",
        ),
        (user("sleep(from: \"2026-11-31\", to: \"2026-11-01\") { id }"), "BAD_INPUT", "YYYY-MM-DD"),
        (user("sleep(from: \"2020-01-01\", to: \"2025-01-01\") { id }"), "BAD_INPUT", "too many at once"),
        (
            user(
                "series(metric: SLEEP, from: \"2026-11-01T00:00:00Z\", to: \"2026-11-02T00:00:00Z\") { sum }",
            ),
            "BAD_INPUT",
            "nothing finer than a day",
        ),
        (
            user(
                "series(metric: STEPS, from: \"2026-11-02T00:00:00Z\", to: \"2026-11-01T00:00:00Z\") { sum }",
            ),
            "BAD_INPUT",
            "swap the two",
        ),
        (
            user(
                "daily(metrics: [STEPS], from: \"2026-11-01\", to: \"2026-11-02\", stream: \"stream_0000000000001\") { values }",
            ),
            "BAD_INPUT",
            "`stream` must be one of",
        ),
        (user("summary(days: 0) { days }"), "BAD_INPUT", "`days` must be"),
        (user("shoeSize"), "GRAPHQL_INVALID", "Unknown field"),
        ("{ broken".to_owned(), "GRAPHQL_INVALID", ""),
    ] {
        let answer = client.ask(&query, Value::Null).await;
        assert_eq!(code(&answer), expected, "{query}: {answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(words), "{query}: {answer}");
        assert!(answer["errors"][0]["extensions"]["requestId"].is_string());
    }
}

on_each_engine! {
    async fn a_broken_database_says_no_more_than_it_should(db) {
        let world = World::new(db).await;
        let ann = world.person("ann", Role::Member).await;
        let mut client = world.signed_in(&ann).await;
        world.db.execute("DROP TABLE coverage").await;
        let query = format!("{{ user(id: \"{}\") {{ coverage(from: \"2026-11-01\", to: \"2026-11-02\") {{ metric }} }} }}", ann.id);
        let answer = client.post(&query, Value::Null).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(error["message"], "Internal error");
        assert_eq!(error["extensions"], json!({ "code": "INTERNAL", "requestId": answer.header("x-request-id") }));
        assert!(!answer.text().to_lowercase().contains("table"), "{}", answer.text());
    }
}
