//! The consent page as a browser sees it.

use axum::body::Body;
use axum::http::Request;
use url::form_urlencoded::Serializer;

use crate::world::{ALL_GOOGLE, Answer, FITBIT_SCOPES, World, fitbit_query, google_query, with_query};

const GOOGLE_PAGE: &str = "/google/o/oauth2/v2/auth";
const FITBIT_PAGE: &str = "/fitbit/oauth2/authorize";

async fn submit(world: &World, address: &str, fields: &[(&str, &str)]) -> Answer {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(address).header("content-type", "application/x-www-form-urlencoded");
    world.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn the_page_is_a_form_without_script() {
    let world = World::new();
    for (path, query, scope) in [
        (GOOGLE_PAGE, google_query(&ALL_GOOGLE), "googlehealth.sleep.readonly"),
        (FITBIT_PAGE, fitbit_query(FITBIT_SCOPES), "value=\"sleep\""),
    ] {
        let page = world.get(&with_query(path, &query), &[]).await;
        assert_eq!(page.status, 200);
        let html = page.text();
        for part in [
            "<form method=\"post\">",
            "name=\"person\" value=\"marcus\"",
            ">Allow</button>",
            ">Deny</button>",
            scope,
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("<script"));
        assert!(html.contains("prefers-color-scheme") || html.contains("color-scheme: light dark"));
        assert_eq!(html.matches("type=\"radio\"").count(), 12);
    }
}

#[tokio::test]
async fn allowing_and_denying_redirect() {
    let world = World::new();
    let address = with_query(FITBIT_PAGE, &fitbit_query(FITBIT_SCOPES));
    let allowed =
        submit(&world, &address, &[("person", "ilse"), ("scope", "sleep"), ("decision", "allow")]).await;
    assert_eq!(allowed.status, 303);
    assert!(allowed.header("location").unwrap().contains("?code="));
    let denied =
        submit(&world, &address, &[("person", "ilse"), ("scope", "sleep"), ("decision", "deny")]).await;
    assert!(denied.header("location").unwrap().contains("error=access_denied"));
    let nobody =
        submit(&world, &address, &[("person", "x"), ("scope", "sleep"), ("decision", "allow")]).await;
    assert_eq!(nobody.status, 400);
}

#[tokio::test]
async fn a_wrong_request_is_a_page_and_never_a_redirect() {
    let world = World::new();
    let changed = |query: Vec<(String, String)>, name: &str, value: &str| {
        let others = query.into_iter().filter(|(known, _)| known != name);
        let added = (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()));
        others.chain(added).collect::<Vec<_>>()
    };
    let google = [
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_id", "", 400, "Missing required parameter: client_id"),
        ("redirect_uri", "https://evil.example/callback", 400, "redirect_uri_mismatch"),
        ("redirect_uri", "http://127.0.0.1:8080/callback#part", 400, "redirect_uri_mismatch"),
        ("response_type", "token", 400, "unsupported_response_type"),
        ("scope", "https://www.googleapis.com/auth/googlehealth.nothing", 400, "invalid_scope"),
        ("code_challenge_method", "plain", 400, "Unsupported code_challenge_method"),
        ("code_challenge", "short", 400, "length must be between 43 and 128"),
    ];
    for (name, value, status, words) in google {
        let query = changed(google_query(&ALL_GOOGLE), name, value);
        let page = world.get(&with_query(GOOGLE_PAGE, &query), &[]).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (status, None), "{name}={value}");
        assert!(page.text().contains(words), "{name}={value}: {}", page.text());
    }
    let fitbit = [
        ("client_id", "nobody", "unauthorized_client - Invalid client_id"),
        ("client_id", "", "invalid_request - Missing parameters: client_id"),
        (
            "redirect_uri",
            "https://evil.example/callback",
            "invalid_request - Invalid redirect_uri parameter value",
        ),
        ("response_type", "x", "unsupported_response_type - Invalid response_type parameter value"),
        ("code_challenge_method", "", "Unsupported code_challenge_method"),
        ("scope", "everything", "invalid_scope - Invalid scope: everything"),
    ];
    for (name, value, words) in fitbit {
        let query = changed(fitbit_query(FITBIT_SCOPES), name, value);
        let page = world.get(&with_query(FITBIT_PAGE, &query), &[]).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, None), "{name}={value}");
        assert!(page.text().contains(words), "{name}={value}: {}", page.text());
    }
}

#[tokio::test]
async fn what_a_request_says_is_escaped() {
    let world = World::new();
    let mut query = google_query(&ALL_GOOGLE);
    query[3].1 = "<script>alert(1)</script>".to_owned();
    let page = world.get(&with_query(GOOGLE_PAGE, &query), &[]).await;
    assert!(!page.text().contains("<script"));
    assert!(page.text().contains("&lt;script&gt;"));
}

#[tokio::test]
async fn only_registered_or_loopback_redirects() {
    let strict = World::with(|config| {
        config.allow_any_loopback_redirect = false;
        config.clients[0].redirect_uris =
            vec!["https://health.example/connect/google_health/callback".to_owned()];
    });
    let query = google_query(&ALL_GOOGLE);
    assert_eq!(strict.get(&with_query(GOOGLE_PAGE, &query), &[]).await.status, 400);
    let mut registered = query;
    registered[1].1 = "https://health.example/connect/google_health/callback".to_owned();
    assert_eq!(strict.get(&with_query(GOOGLE_PAGE, &registered), &[]).await.status, 200);
    registered[1].1.push('/');
    assert_eq!(strict.get(&with_query(GOOGLE_PAGE, &registered), &[]).await.status, 400);
}
