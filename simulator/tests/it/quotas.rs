//! Quotas: of a person, of the project, of an unverified client; and what the control API counts.

use serde_json::{Value, json};

use crate::world::{World, google_authorize};

const IDENTITY: &str = "/google/v4/users/me/identity";

#[tokio::test]
async fn a_project_has_a_quota_for_all_people_together() {
    let world = World::new();
    world.switch(json!({ "google_project_requests_per_minute": 3 })).await;
    let (nora, walter) = (world.google("nora").await, world.google("walter").await);
    for client in [&nora, &walter, &nora] {
        client.get(IDENTITY).await.ok();
    }
    let refused = walter.get(IDENTITY).await;
    assert_eq!(refused.status, 429);
    let detail = refused.json()["error"]["details"][0]["metadata"].clone();
    assert_eq!(
        (&detail["quota_limit"], &detail["quota_limit_value"]),
        (&json!("defaultPerMinutePerProject"), &json!("3"))
    );
    world.pass_seconds(60);
    walter.get(IDENTITY).await.ok();
}

#[tokio::test]
async fn an_unverified_client_has_150_requests_a_minute() {
    let world = World::new();
    world.switch(json!({ "google_unverified_app": true })).await;
    let client = world.google("nora").await;
    for _ in 0..150 {
        client.get(IDENTITY).await.ok();
    }
    assert_eq!(client.get(IDENTITY).await.status, 429);
}

#[tokio::test]
async fn an_unverified_client_has_100_people_for_ever() {
    let world = World::with(|config| config.extra_people = 100);
    world.switch(json!({ "google_unverified_app": true })).await;
    let people = world.get("/control/people", &[]).await.ok();
    let ids: Vec<String> = people["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 112);
    let mut first = None;
    for id in &ids[..100] {
        let tokens = world.google_tokens(id, &["sleep"]).await;
        first.get_or_insert(tokens);
    }
    let ask = async |person: &str| {
        let body = json!({ "authorize_url": google_authorize(&["sleep"]), "person": person });
        world.json("POST", "/control/consent", None, &body).await
    };
    let refused = ask(&ids[100]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"].as_str().unwrap().contains("temporarily disabled for this app"));
    let token = first.unwrap()["refresh_token"].as_str().unwrap().to_owned();
    world.form("/google/revoke", None, &[("token", &token)]).await;
    assert_eq!(ask(&ids[100]).await.status, 400, "a withdrawn consent gives no place back");
    ask(&ids[0]).await.ok();
}

#[tokio::test]
async fn the_consent_screen_is_an_error_page_when_there_is_no_place_left() {
    let world = World::new();
    world.switch(json!({ "google_app_users": 1 })).await;
    world.google("nora").await;
    let body = "person=walter&decision=allow&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fgooglehealth.sleep.readonly";
    let request =
        axum::http::Request::post(google_authorize(&["sleep"])).body(axum::body::Body::from(body)).unwrap();
    let page = world.send(request).await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("Sign in with Google temporarily disabled"), "{}", page.text());
}

#[tokio::test]
async fn what_was_spent_and_refreshed_is_counted() {
    let world = World::at("2026-11-21T10:00:05Z");
    world.switch(json!({ "google_requests_per_minute": 4, "fitbit_requests_per_hour": 2 })).await;
    let (google, fitbit) = (world.google("nora").await, world.fitbit("walter").await);
    for _ in 0..2 {
        google.get(IDENTITY).await.ok();
    }
    for _ in 0..3 {
        fitbit.get("/fitbit/1/user/-/devices.json").await;
    }
    let tokens = world.fitbit_tokens("dana").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for expected in [200, 200] {
        assert_eq!(world.fitbit_refresh(refresh).await.status, expected);
    }
    assert_eq!(world.google_refresh("1//0nobody").await.status, 400);
    let usage = world.get("/control/usage?windows=true", &[]).await.ok();
    assert_eq!(usage["over_quota"], 1);
    let of = |provider: &str, quota: &str| -> Value {
        let all = usage["quotas"].as_array().unwrap();
        all.iter().find(|line| line["provider"] == provider && line["quota"] == quota).unwrap().clone()
    };
    let (nora, walter) = (of("google", "person"), of("fitbit", "person"));
    assert_eq!(
        nora["worst"],
        json!({ "window": "2026-11-21T10:00:00Z", "requests": 2, "limit": 4, "share": 0.5 })
    );
    assert_eq!(
        (&walter["requests"], &walter["over_quota"], &walter["worst"]["share"]),
        (&json!(3), &json!(1), &json!(1.5))
    );
    assert_eq!(walter["windows"], json!([[1_795_255_200, 3]]));
    assert_eq!(of("google", "project")["requests"], 2);
    let refreshes = usage["refreshes"].as_array().unwrap();
    assert!(refreshes.contains(
        &json!({ "provider": "fitbit", "person": "dana", "given": 1, "repeated": 1, "refused": 0 })
    ));
    assert!(
        refreshes.contains(
            &json!({ "provider": "google", "person": null, "given": 0, "repeated": 0, "refused": 1 })
        )
    );
    world.json("DELETE", "/control/usage", None, &json!(null)).await;
    assert_eq!(world.get("/control/usage", &[]).await.ok()["quotas"], json!([]));
}
