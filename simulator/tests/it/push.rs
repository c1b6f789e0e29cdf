//! Webhooks: the administration of subscribers, and what is sent to a listener on loopback.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::{ALL_GOOGLE, World, items};

const SECRET: &str = "Bearer a secret of sixteen or more";
const ADMIN: &str = "/google/v4/projects/123456/subscribers";

/// What came to the listener.
#[derive(Clone, Debug)]
struct Call {
    headers: HeaderMap,
    body: Value,
}

/// A listener that answers verifications as it should and notifications as it is told.
#[derive(Clone)]
struct Listener {
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Arc<Mutex<StatusCode>>,
    url: String,
}

async fn hear(
    Shared(listener): Shared<Listener>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if method == Method::GET {
        return if uri.query() == Some("verify=right") {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::NOT_FOUND
        };
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    if body["type"] == "verification" {
        let right = headers.get("authorization").is_some_and(|sent| sent == SECRET);
        return if right { StatusCode::CREATED } else { StatusCode::UNAUTHORIZED };
    }
    listener.calls.lock().unwrap().push(Call { headers, body });
    *listener.answer.lock().unwrap()
}

impl Listener {
    async fn start() -> Listener {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(StatusCode::NO_CONTENT));
        let listener = Listener { calls: Arc::default(), answer, url };
        let routes = Router::new().route("/hook", any(hear)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, routes).await.unwrap() });
        listener
    }

    fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    fn heard(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// A token of the service account, by an assertion that this test signs itself.
async fn admin_token(world: &World) -> String {
    let answer = assert_with(world, json!({})).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    answer.1["access_token"].as_str().unwrap().to_owned()
}

async fn assert_with(world: &World, change: Value) -> (StatusCode, Value) {
    use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
    let file = world.get("/control/push/service-account", &[]).await.ok();
    let pem = file["private_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let now = crate::world::at("2026-11-21T10:00:00Z") / 1000;
    let mut claims = json!({
        "iss": file["client_email"], "aud": file["token_uri"], "iat": now, "exp": now + 3600,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    let jwt = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", jwt.as_str())];
    let answer = world.form("/google/token", None, &fields).await;
    (answer.status, answer.json())
}

fn subscriber(url: &str, types: &[&str]) -> Value {
    json!({
        "endpointUri": url,
        "subscriberConfigs": [{ "dataTypes": types, "subscriptionCreatePolicy": "AUTOMATIC" }],
        "endpointAuthorization": { "secret": SECRET },
    })
}

async fn subscribed(types: &[&str]) -> (World, Listener, String) {
    let world = World::new();
    world.switch(json!({ "push_by_hand": true })).await;
    let (listener, token) = (Listener::start().await, admin_token(&world).await);
    let path = format!("{ADMIN}?subscriberId=pulsekeep");
    let made = world.json("POST", &path, Some(&token), &subscriber(&listener.url, types)).await.ok();
    assert_eq!(made["state"], "ACTIVE");
    assert_eq!(made["endpointAuthorization"], json!({ "secretSet": true }));
    (world, listener, token)
}

async fn notify(world: &World, provider: &str, subjects: &[&str]) -> Value {
    let body = json!({ "provider": provider, "person": "nora", "subjects": subjects, "from": "2026-11-20", "to": "2026-11-21" });
    world.json("POST", "/control/push/notify", None, &body).await.ok()
}

async fn run(world: &World) -> Value {
    world.json("POST", "/control/push/run", None, &json!({})).await.ok()
}

#[tokio::test]
async fn only_a_fresh_assertion_of_the_account_gets_a_token() {
    let world = World::new();
    for (change, error) in [
        (json!({ "iss": "somebody@else.example" }), "invalid_grant"),
        (json!({ "aud": "https://elsewhere.example/" }), "invalid_grant"),
        (json!({ "exp": 0 }), "invalid_grant"),
        (json!({ "scope": "email" }), "invalid_scope"),
    ] {
        let (status, answer) = assert_with(&world, change).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!(error)));
    }
    let person = world.google_tokens("nora", &ALL_GOOGLE).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.json("GET", ADMIN, Some(&person), &Value::Null).await.status, 403);
    assert_eq!(world.json("GET", ADMIN, None, &Value::Null).await.status, 401);
    let admin = admin_token(&world).await;
    let path = "/google/v4/users/me/identity";
    assert_eq!(world.json("GET", path, Some(&admin), &Value::Null).await.status, 401, "no person's token");
}

#[tokio::test]
async fn a_subscriber_is_verified_made_changed_and_removed() {
    let (world, listener, token) = subscribed(&["steps"]).await;
    let token = Some(token.as_str());
    let path = format!("{ADMIN}/pulsekeep");
    let again = world
        .json(
            "POST",
            &format!("{ADMIN}?subscriberId=pulsekeep"),
            token,
            &subscriber(&listener.url, &["steps"]),
        )
        .await;
    assert_eq!(again.status, 409);
    let mut wrong = subscriber(&listener.url, &["steps"]);
    wrong["endpointAuthorization"]["secret"] = "another".into();
    let refused = world.json("POST", &format!("{ADMIN}?subscriberId=another"), token, &wrong).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["status"]),
        (StatusCode::BAD_REQUEST, &json!("FAILED_PRECONDITION"))
    );
    for (id, body) in [
        ("Bad", subscriber(&listener.url, &["steps"])),
        ("good", subscriber(&listener.url, &["shoe-size"])),
        ("good", subscriber("http://example.org/hook", &["steps"])),
    ] {
        assert_eq!(world.json("POST", &format!("{ADMIN}?subscriberId={id}"), token, &body).await.status, 400);
    }
    world.switch(json!({ "google_webhook_operation": true, "push_by_hand": true })).await;
    let mask = format!("{path}?updateMask=subscriberConfigs");
    let changed = world.json("PATCH", &mask, token, &subscriber(&listener.url, &["sleep"])).await.ok();
    assert_eq!(changed["response"]["subscriberConfigs"][0]["dataTypes"], json!(["sleep"]));
    assert_eq!(items(&world.json("GET", ADMIN, token, &Value::Null).await.ok(), "subscribers").len(), 1);
    let manual = json!({ "user": "users/4810273655918204417", "dataTypes": ["sleep"] });
    let subscriptions = format!("{path}/subscriptions");
    world.json("POST", &format!("{subscriptions}?subscriptionId=nora-sleep"), token, &manual).await.ok();
    let filtered =
        format!("{subscriptions}?filter=user%20%3D%20%22users/1%22%20AND%20data_type%20%3D%20%22sleep%22");
    assert!(items(&world.json("GET", &filtered, token, &Value::Null).await.ok(), "subscriptions").is_empty());
    assert_eq!(
        items(&world.json("GET", &subscriptions, token, &Value::Null).await.ok(), "subscriptions").len(),
        1
    );
    assert_eq!(world.json("DELETE", &path, token, &Value::Null).await.status, 400, "it has a subscription");
    world.json("DELETE", &format!("{path}?force=true"), token, &Value::Null).await.ok();
    assert_eq!(world.json("GET", &path, token, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn notifications_name_what_is_new_and_carry_no_value() {
    let (world, listener, _) = subscribed(&["steps", "sleep"]).await;
    world.google_tokens("nora", &ALL_GOOGLE).await;
    notify(&world, "google", &["steps", "weight"]).await;
    let calls = listener.heard();
    assert_eq!(calls.len(), 1, "nobody subscribes to weight");
    let data = &calls[0].body["data"];
    assert_eq!(
        (&data["dataType"], &data["operation"], &data["version"]),
        (&json!("steps"), &json!("UPSERT"), &json!("1"))
    );
    assert_eq!(data["healthUserId"], "4810273655918204417");
    let start = &data["intervals"][0]["civilDateTimeInterval"]["startDateTime"]["date"];
    assert_eq!(*start, json!({ "year": 2026, "month": 11, "day": 20 }));
    assert_eq!(calls[0].headers["authorization"], SECRET);
    let signature = STANDARD.decode(&calls[0].headers["google-health-api-signature"]).unwrap();
    let set = world.get("/google/webhooks/webhooks_public_keyset.json", &[]).await.ok();
    assert_eq!(signature[0], 1);
    assert_eq!(u32::from_be_bytes(signature[1..5].try_into().unwrap()), set["primaryKeyId"]);
    world.json("POST", "/control/push/rotate-keys", None, &json!({ "keep": true })).await;
    let rotated = world.get("/google/webhooks/webhooks_public_keyset.json", &[]).await.ok();
    assert_eq!(items(&rotated, "key").len(), 2);
    assert_ne!(rotated["primaryKeyId"], set["primaryKeyId"]);
    world
        .switch(json!({ "google_webhook_array": true, "google_webhook_v4": true, "push_unsigned": true,
            "google_webhook_without_authorization": true, "push_duplicate": true, "push_by_hand": true }))
        .await;
    notify(&world, "google", &["steps", "sleep"]).await;
    let calls = listener.heard();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].body.as_array().unwrap().len(), 2);
    assert_eq!(calls[0].body[0]["data"]["operation"], "UPDATE");
    assert!(!calls[0].headers.contains_key("authorization"));
    assert!(!calls[0].headers.contains_key("google-health-api-signature"));
}

#[tokio::test]
async fn what_is_not_taken_comes_again_later_and_later() {
    let (world, listener, _) = subscribed(&["steps"]).await;
    listener.answers(StatusCode::INTERNAL_SERVER_ERROR);
    notify(&world, "google", &["steps"]).await;
    assert!(items(&run(&world).await, "attempts").is_empty(), "not at once");
    for wait in [10, 20] {
        world.pass_seconds(wait);
        assert_eq!(items(&run(&world).await, "attempts").len(), 1);
    }
    listener.answers(StatusCode::NO_CONTENT);
    world.pass_seconds(40);
    let last = run(&world).await;
    assert_eq!((&last["attempts"][0]["attempt"], &last["attempts"][0]["status"]), (&json!(4), &json!(204)));
    world.pass_seconds(9_000);
    assert!(items(&run(&world).await, "attempts").is_empty());
    listener.answers(StatusCode::NOT_FOUND);
    notify(&world, "google", &["steps"]).await;
    for _ in 0..400 {
        world.pass_seconds(3_600);
        run(&world).await;
    }
    let state = world.get("/control/push", &[]).await.ok();
    assert_eq!((&state["waiting"], &state["dropped"]), (&json!(0), &json!(1)), "given up after seven days");
}

#[tokio::test]
async fn a_devices_hand_over_is_told_to_those_who_consented() {
    let (world, listener, _) =
        subscribed(&["steps", "heart-rate", "sleep", "daily-resting-heart-rate"]).await;
    let scopes = ["activity_and_fitness", "profile"];
    world.google_tokens("nora", &scopes).await;
    run(&world).await;
    assert!(listener.heard().is_empty(), "the first look learns where the devices stand");
    world.pass_seconds(900);
    run(&world).await;
    let told: Vec<Value> =
        listener.heard().iter().map(|call| call.body["data"]["dataType"].clone()).collect();
    assert_eq!(told, [json!("steps")], "one person, and only what the consent covers");
    run(&world).await;
    assert!(listener.heard().is_empty());
    world.switch(json!({ "push_lost": true, "push_by_hand": true })).await;
    world.pass_seconds(900);
    run(&world).await;
    world.switch(json!({ "push_by_hand": true })).await;
    run(&world).await;
    assert!(listener.heard().is_empty(), "lost for good");
}

#[tokio::test]
async fn fitbit_verifies_subscribes_and_signs() {
    let world = World::new();
    world.switch(json!({ "push_by_hand": true })).await;
    let listener = Listener::start().await;
    let enter = async |code: &str| {
        let body = json!({ "endpoint": listener.url, "verify_code": code });
        world.json("PUT", "/control/push/fitbit", None, &body).await.ok()
    };
    assert_eq!(enter("wrong").await["verified"], false);
    assert_eq!(enter("right").await, json!({ "verified": true, "statuses": [204, 404] }));
    let client = world.fitbit("nora").await;
    let path = |collection: &str, id: &str| format!("/fitbit/1/user/-/{collection}apiSubscriptions{id}.json");
    let ask = async |method: &str, path: &str| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", client.token))
            .header("content-length", "0");
        world.send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    assert_eq!(ask("POST", &path("sleep/", "/mine-sleep")).await.status, 201);
    assert_eq!(ask("POST", &path("sleep/", "/mine-sleep")).await.status, 200);
    assert_eq!(ask("POST", &path("sleep/", "/other")).await.status, 409, "the same stream");
    assert_eq!(ask("POST", &path("body/", "/mine-sleep")).await.status, 409, "the same name");
    assert_eq!(ask("POST", &path("foods/", "/mine-foods")).await.status, 403, "no consent to that");
    assert_eq!(items(&ask("GET", &path("sleep/", "")).await.ok(), "apiSubscriptions").len(), 1);
    notify(&world, "fitbit", &["sleep", "activities"]).await;
    let calls = listener.heard();
    assert_eq!(calls.len(), 1);
    let dates: Vec<&str> =
        calls[0].body.as_array().unwrap().iter().map(|n| n["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2026-11-20", "2026-11-21"], "nobody subscribes to activities");
    assert!(calls[0].headers.contains_key("x-fitbit-signature"));
    let revoke = json!({ "provider": "fitbit", "person": "nora" });
    world.json("POST", "/control/push/revoke", None, &revoke).await.ok();
    assert_eq!(listener.heard()[0].body[0]["collectionType"], "userRevokedAccess");
    assert_eq!(ask("GET", &path("sleep/", "")).await.status, 401);
    assert_eq!(ask("DELETE", &path("sleep/", "/mine-sleep")).await.status, 401);
}

/// That a forged call is refused is shown where calls are judged.
#[tokio::test]
async fn calls_come_out_of_order_and_forged_on_demand() {
    let (world, listener, _) = subscribed(&["steps", "sleep"]).await;
    world.google_tokens("nora", &ALL_GOOGLE).await;
    let calls = async |switches: Value| {
        world.switch(switches).await;
        notify(&world, "google", &["steps", "sleep"]).await;
        listener.heard()
    };
    let types = |calls: &[Call]| -> Vec<Value> {
        calls.iter().map(|call| call.body["data"]["dataType"].clone()).collect()
    };
    let plain = types(&calls(json!({ "push_by_hand": true })).await);
    let mut turned = types(&calls(json!({ "push_out_of_order": true, "push_by_hand": true })).await);
    turned.reverse();
    assert_eq!((plain.len(), &plain), (2, &turned));
    let forged = calls(json!({ "push_forged": true, "push_by_hand": true })).await;
    assert!(forged.iter().all(|call| call.headers.contains_key("google-health-api-signature")));
}
