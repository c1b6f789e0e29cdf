//! Fitbit's OAuth: rotation, its own errors, introspection.

use crate::world::{Answer, Client, FITBIT_SCOPES, REDIRECT, VERIFIER, World, fitbit_authorize};
use pulsekeep_simulator::Client as Registered;
use serde_json::{Value, json};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn refused(answer: &Answer, status: u16, kind: &str, message: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["success"], false);
    assert_eq!(body["errors"][0]["errorType"], kind);
    let found = text(&body["errors"][0], "message");
    assert!(found.starts_with(message), "{found}");
}

#[tokio::test]
async fn a_consent_gives_tokens_and_the_user_id() {
    let world = World::new();
    let redirect = world.click(&fitbit_authorize(FITBIT_SCOPES), "nora", json!({})).await;
    assert_eq!(redirect.0.fragment(), Some("_=_"));
    assert_eq!(redirect.field("state").as_deref(), Some("some state"));
    let code = redirect.field("code").unwrap();
    assert!(code.len() == 40 && code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let tokens = world.fitbit_exchange(&code, VERIFIER).await.ok();
    assert_eq!((&tokens["expires_in"], &tokens["user_id"]), (&json!(28800), &json!("8KD2QN")));
    assert_eq!(text(&tokens, "scope"), FITBIT_SCOPES);
    assert_eq!(text(&tokens, "access_token").split('.').count(), 3);
    assert!(text(&tokens, "access_token").len() <= 1024);
    let refresh = text(&tokens, "refresh_token");
    assert!(refresh.len() == 64 && refresh.bytes().all(|byte| byte.is_ascii_hexdigit()));
    refused(
        &world.fitbit_exchange(&code, VERIFIER).await,
        400,
        "invalid_grant",
        &format!("Authorization code invalid: {code} Visit"),
    );
}

#[tokio::test]
async fn codes_expire_and_need_their_verifier() {
    let world = World::new();
    let code = async || {
        world.click(&fitbit_authorize(FITBIT_SCOPES), "nora", json!({})).await.field("code").unwrap()
    };
    let wrong = "another-verifier-of-at-least-forty-three-characters";
    refused(
        &world.fitbit_exchange(&code().await, wrong).await,
        400,
        "invalid_grant",
        "The code_verifier parameter is invalid",
    );
    refused(
        &world.fitbit_exchange(&code().await, "short").await,
        400,
        "invalid_request",
        "The code_verifier parameter length",
    );
    refused(
        &world.fitbit_exchange(&code().await, "").await,
        400,
        "invalid_request",
        "Missing parameters: code_verifier",
    );
    let late = code().await;
    world.pass_seconds(601);
    refused(
        &world.fitbit_exchange(&late, VERIFIER).await,
        400,
        "invalid_grant",
        "Authorization code expired:",
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_and_the_same_request_gets_the_same_answer_until_the_new_pair_is_used() {
    let world = World::new();
    let first = world.fitbit_tokens("nora").await;
    let second = world.fitbit_refresh(text(&first, "refresh_token")).await.ok();
    assert_ne!(text(&second, "refresh_token"), text(&first, "refresh_token"));
    world.pass_seconds(30);
    assert_eq!(world.fitbit_refresh(text(&first, "refresh_token")).await.ok(), second);
    let client = Client { world: &world, token: text(&second, "access_token").to_owned() };
    client.fitbit("1/user/-/profile.json").await;
    let spent = world.fitbit_refresh(text(&first, "refresh_token")).await;
    let token = text(&first, "refresh_token");
    refused(
        &spent,
        400,
        "invalid_grant",
        &format!("Refresh token invalid: {token}. Visit https://dev.fitbit.com/docs/oauth2"),
    );
    // using the new refresh token ends the safety net as well
    let third = world.fitbit_refresh(text(&second, "refresh_token")).await.ok();
    world.fitbit_refresh(text(&third, "refresh_token")).await.ok();
    refused(
        &world.fitbit_refresh(text(&second, "refresh_token")).await,
        400,
        "invalid_grant",
        "Refresh token invalid",
    );
}

#[tokio::test]
async fn a_new_consent_ends_the_refresh_token_of_the_old_one() {
    let world = World::new();
    let old = world.fitbit_tokens("nora").await;
    let new = world.fitbit_tokens("nora").await;
    refused(
        &world.fitbit_refresh(text(&old, "refresh_token")).await,
        400,
        "invalid_grant",
        "Refresh token invalid",
    );
    world.fitbit_refresh(text(&new, "refresh_token")).await.ok();
}

#[tokio::test]
async fn rotation_outlives_a_restart_with_a_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let start = || World::with(|config| config.state_file = Some(file.clone()));
    let (first, third) = {
        let world = start();
        let first = world.fitbit_tokens("nora").await;
        let second = world.fitbit_refresh(text(&first, "refresh_token")).await.ok();
        let third = world.fitbit_refresh(text(&second, "refresh_token")).await.ok();
        (first, third)
    };
    let world = start();
    assert_eq!(world.fitbit_refresh(text(&first, "refresh_token")).await.status, 400);
    world.fitbit_refresh(text(&third, "refresh_token")).await.ok();
}

#[tokio::test]
async fn access_tokens_expire_after_eight_hours() {
    let world = World::new();
    let client = world.fitbit("nora").await;
    world.pass_seconds(28_799);
    client.fitbit("1/user/-/profile.json").await;
    world.pass_seconds(1);
    let expired = client.get("/fitbit/1/user/-/profile.json").await;
    refused(&expired, 401, "expired_token", &format!("Access token expired: {}. Visit", client.token));
    let bogus = world.get("/fitbit/1/user/-/profile.json", &[("authorization", "Bearer a.b.c")]).await;
    refused(&bogus, 401, "invalid_token", "Access token invalid: a.b.c. Visit");
    refused(
        &world.get("/fitbit/1/user/-/profile.json", &[]).await,
        401,
        "invalid_request",
        "Authorization header required.",
    );
}

#[tokio::test]
async fn the_token_endpoint_speaks_fitbits_errors() {
    let world = World::new();
    let client = Some(("pulsekeep-demo", "pulsekeep-demo-secret"));
    let path = "/fitbit/oauth2/token";
    refused(
        &world.form(path, client, &[]).await,
        400,
        "invalid_request",
        "Missing 'grant_type' parameter value. Visit",
    );
    let refresh = [("grant_type", "refresh_token")];
    refused(
        &world.form(path, client, &refresh).await,
        400,
        "invalid_request",
        "Missing parameters: refresh_token Visit",
    );
    refused(
        &world.form(path, None, &refresh).await,
        401,
        "invalid_client",
        "Invalid authorization header format.",
    );
    refused(
        &world.form(path, Some(("pulsekeep-demo", "no")), &refresh).await,
        401,
        "invalid_client",
        "Invalid client",
    );
    let in_body = [("grant_type", "refresh_token"), ("client_id", "pulsekeep-demo")];
    refused(
        &world.form(path, None, &in_body).await,
        401,
        "invalid_client",
        "Invalid authorization header format.",
    );
    refused(
        &world.fitbit_refresh("ab".repeat(32).as_str()).await,
        400,
        "invalid_grant",
        "Refresh token invalid: abab",
    );
}

#[tokio::test]
async fn public_clients_send_their_id_in_the_body() {
    let world = World::with(|config| {
        config.clients.push(Registered {
            client_id: "phone".to_owned(),
            client_secret: String::new(),
            redirect_uris: vec!["app://callback".to_owned()],
        });
    });
    let authorize = fitbit_authorize("sleep").replace("client_id=pulsekeep-demo", "client_id=phone").replace(
        &url::form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect::<String>(),
        "app%3A%2F%2Fcallback",
    );
    let code = world.click(&authorize, "nora", json!({})).await.field("code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "phone"),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let tokens = world.form("/fitbit/oauth2/token", None, &fields).await.ok();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "phone"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    world.form("/fitbit/oauth2/token", None, &fields).await.ok();
}

#[tokio::test]
async fn denied_and_unticked() {
    let world = World::new();
    let denied = world.click(&fitbit_authorize(FITBIT_SCOPES), "nora", json!({ "deny": true })).await;
    assert_eq!(denied.field("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.field("error_description").as_deref(), Some("The user denied the request."));
    let some = world
        .click(&fitbit_authorize(FITBIT_SCOPES), "nora", json!({ "scopes": ["sleep", "profile"] }))
        .await;
    let tokens = world.fitbit_exchange(&some.field("code").unwrap(), VERIFIER).await.ok();
    assert_eq!(text(&tokens, "scope"), "profile sleep");
    let client = Client { world: &world, token: text(&tokens, "access_token").to_owned() };
    client.fitbit("1.2/user/-/sleep/date/2026-11-20.json").await;
    let answer = client.get("/fitbit/1/user/-/activities/steps/date/2026-11-20/1d.json").await;
    refused(
        &answer,
        403,
        "insufficient_scope",
        "This application does not have permission to access activity data.",
    );
}

#[tokio::test]
async fn revoking_has_no_body_and_ends_the_consent() {
    let world = World::new();
    let tokens = world.fitbit_tokens("nora").await;
    let client = Client { world: &world, token: text(&tokens, "access_token").to_owned() };
    let basic = Some(("pulsekeep-demo", "pulsekeep-demo-secret"));
    let revoked =
        world.form("/fitbit/oauth2/revoke", basic, &[("token", text(&tokens, "refresh_token"))]).await;
    assert_eq!((revoked.status.as_u16(), revoked.bytes.len()), (200, 0));
    refused(&client.get("/fitbit/1/user/-/profile.json").await, 401, "invalid_token", "Access token invalid");
    refused(
        &world.fitbit_refresh(text(&tokens, "refresh_token")).await,
        400,
        "invalid_grant",
        "Refresh token invalid",
    );
}

#[tokio::test]
async fn introspection_tells_what_a_token_is() {
    let world = World::new();
    let tokens = world.fitbit_tokens("nora").await;
    let ask = async |token: &str| {
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        let request = axum::http::Request::post("/fitbit/1.1/oauth2/introspect")
            .header("authorization", format!("Bearer {}", text(&tokens, "access_token")))
            .body(axum::body::Body::from(body));
        world.send(request.unwrap()).await.ok()
    };
    let alive = ask(text(&tokens, "access_token")).await;
    assert_eq!(
        (&alive["active"], &alive["user_id"], &alive["client_id"]),
        (&json!(true), &json!("8KD2QN"), &json!("pulsekeep-demo"))
    );
    assert_eq!(ask("nothing").await, json!({ "active": false }));
}
