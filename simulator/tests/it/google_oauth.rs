//! Google's OAuth: consent, exchange, refresh, revocation.

use crate::world::{
    ALL_GOOGLE, Client, GOOGLE, REDIRECT, VERIFIER, World, google_authorize, google_query, with_query,
};
use serde_json::{Value, json};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[tokio::test]
async fn a_consent_gives_tokens_and_the_granted_scopes() {
    let world = World::new();
    let redirect = world.click(&google_authorize(&ALL_GOOGLE), "nora", json!({})).await;
    assert!(redirect.0.as_str().starts_with(REDIRECT));
    assert_eq!(redirect.field("state").as_deref(), Some("some state"));
    assert_eq!(redirect.field("scope").unwrap().split(' ').count(), 6);
    let code = redirect.field("code").unwrap();
    assert!(code.starts_with("4/0A"));
    let tokens = world.google_exchange(&code, VERIFIER).await.ok();
    assert!(text(&tokens, "access_token").starts_with("ya29."));
    assert!(text(&tokens, "access_token").len() <= 2048);
    assert!(text(&tokens, "refresh_token").starts_with("1//0"));
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3599), &json!("Bearer")));
    assert!(tokens.get("refresh_token_expires_in").is_none());
}

#[tokio::test]
async fn a_code_works_once_for_ten_minutes_with_its_verifier_and_redirect() {
    let world = World::new();
    let code =
        async || world.click(&google_authorize(&ALL_GOOGLE), "nora", json!({})).await.field("code").unwrap();
    let spent = code().await;
    world.google_exchange(&spent, VERIFIER).await.ok();
    let replayed = world.google_exchange(&spent, VERIFIER).await;
    assert_eq!((replayed.status.as_u16(), text(&replayed.json(), "error")), (400, "invalid_grant"));
    let other_verifier = "another-verifier-of-at-least-forty-three-characters";
    let wrong = world.google_exchange(&code().await, other_verifier).await;
    assert_eq!(text(&wrong.json(), "error_description"), "Invalid code verifier.");
    let missing = world.google_exchange(&code().await, "").await;
    assert_eq!(text(&missing.json(), "error_description"), "Missing code verifier.");
    let late = code().await;
    world.pass_seconds(600);
    assert_eq!(text(&world.google_exchange(&late, VERIFIER).await.json(), "error"), "invalid_grant");
    let fields = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", "http://127.0.0.1:8080/other"),
        ("code", &code().await),
        ("code_verifier", VERIFIER),
    ];
    let elsewhere =
        world.form("/google/token", Some(("pulsekeep-demo", "pulsekeep-demo-secret")), &fields).await;
    assert_eq!(text(&elsewhere.json(), "error"), "redirect_uri_mismatch");
}

#[tokio::test]
async fn clients_prove_themselves() {
    let world = World::new();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    for client in [Some(("pulsekeep-demo", "wrong")), Some(("nobody", "x")), None] {
        let answer = world.form("/google/token", client, &fields).await;
        assert_eq!((answer.status.as_u16(), text(&answer.json(), "error")), (401, "invalid_client"));
    }
    let answer = world.form("/google/token", Some(("pulsekeep-demo", "pulsekeep-demo-secret")), &[]).await;
    assert_eq!(text(&answer.json(), "error"), "invalid_request");
}

#[tokio::test]
async fn refusing_and_unticking() {
    let world = World::new();
    let denied = world.click(&google_authorize(&ALL_GOOGLE), "nora", json!({ "deny": true })).await;
    assert_eq!(denied.field("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.field("state").as_deref(), Some("some state"));
    assert_eq!(denied.field("code"), None);
    let only = json!({ "scopes": [format!("{GOOGLE}sleep.readonly")] });
    let some = world.click(&google_authorize(&ALL_GOOGLE), "nora", only).await;
    assert_eq!(some.field("scope"), Some(format!("{GOOGLE}sleep.readonly")));
    let tokens = world.google_exchange(&some.field("code").unwrap(), VERIFIER).await.ok();
    assert_eq!(text(&tokens, "scope"), format!("{GOOGLE}sleep.readonly"));
    let none = world.click(&google_authorize(&ALL_GOOGLE), "nora", json!({ "scopes": [] })).await;
    assert_eq!(none.field("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_refresh_token_is_used_again_and_again_without_a_new_one() {
    let world = World::new();
    let tokens = world.google_tokens("nora", &ALL_GOOGLE).await;
    for _ in 0..3 {
        world.pass_seconds(4000);
        let fresh = world.google_refresh(text(&tokens, "refresh_token")).await.ok();
        assert!(fresh.get("refresh_token").is_none());
        let client = Client { world: &world, token: text(&fresh, "access_token").to_owned() };
        client.get("/google/v4/users/me/identity").await.ok();
    }
    world.pass_seconds(184 * 86_400);
    let forgotten = world.google_refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(text(&forgotten.json(), "error_description"), "Token has been expired or revoked.");
}

#[tokio::test]
async fn a_second_consent_has_no_refresh_token_unless_it_is_asked_for() {
    let world = World::new();
    let without_prompt: Vec<(String, String)> =
        google_query(&ALL_GOOGLE).into_iter().filter(|(name, _)| name != "prompt").collect();
    let address = with_query("http://127.0.0.1:9400/google/o/oauth2/v2/auth", &without_prompt);
    let consent = async |address: &str| {
        let code = world.click(address, "nora", json!({})).await.field("code").unwrap();
        world.google_exchange(&code, VERIFIER).await.ok()
    };
    assert!(consent(&address).await.get("refresh_token").is_some());
    assert!(consent(&address).await.get("refresh_token").is_none());
    assert!(consent(&google_authorize(&ALL_GOOGLE)).await.get("refresh_token").is_some());
    let online: Vec<(String, String)> =
        google_query(&ALL_GOOGLE).into_iter().filter(|(name, _)| name != "access_type").collect();
    let address = with_query("http://127.0.0.1:9400/google/o/oauth2/v2/auth", &online);
    assert!(consent(&address).await.get("refresh_token").is_none());
}

#[tokio::test]
async fn granted_scopes_are_included_when_asked() {
    let world = World::new();
    world.google_tokens("nora", &["sleep"]).await;
    let mut query = google_query(&["profile"]);
    query.push(("include_granted_scopes".to_owned(), "true".to_owned()));
    let address = with_query("http://127.0.0.1:9400/google/o/oauth2/v2/auth", &query);
    let code = world.click(&address, "nora", json!({})).await.field("code").unwrap();
    let tokens = world.google_exchange(&code, VERIFIER).await.ok();
    assert_eq!(text(&tokens, "scope"), format!("{GOOGLE}profile.readonly {GOOGLE}sleep.readonly"));
}

#[tokio::test]
async fn the_hundred_and_first_refresh_token_ends_the_first() {
    let world = World::new();
    let first = world.google_tokens("nora", &["sleep"]).await;
    let second = world.google_tokens("nora", &["sleep"]).await;
    for _ in 0..99 {
        world.google_tokens("nora", &["sleep"]).await;
    }
    assert_eq!(world.google_refresh(text(&first, "refresh_token")).await.status, 400);
    world.google_refresh(text(&second, "refresh_token")).await.ok();
}

#[tokio::test]
async fn revoking_ends_everything_of_the_consent() {
    let world = World::new();
    let tokens = world.google_tokens("nora", &ALL_GOOGLE).await;
    let client = Client { world: &world, token: text(&tokens, "access_token").to_owned() };
    let revoked = world.form("/google/revoke", None, &[("token", text(&tokens, "access_token"))]).await;
    assert_eq!((revoked.status.as_u16(), revoked.json()), (200, json!({})));
    assert_eq!(client.get("/google/v4/users/me/identity").await.status, 401);
    assert_eq!(
        text(&world.google_refresh(text(&tokens, "refresh_token")).await.json(), "error"),
        "invalid_grant"
    );
    let again = world.form("/google/revoke", None, &[("token", text(&tokens, "access_token"))]).await;
    assert_eq!((again.status.as_u16(), text(&again.json(), "error")), (400, "invalid_token"));
    let anew = world.google("nora").await;
    anew.get("/google/v4/users/me/identity").await.ok();
}

#[tokio::test]
async fn tokens_outlive_a_restart_and_so_do_revocations_with_a_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let start = || World::with(|config| config.state_file = Some(file.clone()));
    let (kept, withdrawn) = {
        let world = start();
        let kept = world.google_tokens("nora", &ALL_GOOGLE).await;
        let withdrawn = world.google_tokens("walter", &ALL_GOOGLE).await;
        world.form("/google/revoke", None, &[("token", text(&withdrawn, "access_token"))]).await.ok();
        (kept, withdrawn)
    };
    let world = start();
    let client = Client { world: &world, token: text(&kept, "access_token").to_owned() };
    client.get("/google/v4/users/me/identity").await.ok();
    world.google_refresh(text(&kept, "refresh_token")).await.ok();
    assert_eq!(world.google_refresh(text(&withdrawn, "refresh_token")).await.status, 400);
    let stranger = World::with(|config| config.signing_key = b"another key".to_vec());
    assert_eq!(stranger.google_refresh(text(&kept, "refresh_token")).await.status, 400);
}
