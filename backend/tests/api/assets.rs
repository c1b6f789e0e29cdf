use std::{fs, sync::Arc};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use pulsekeep_core::account::Role;
use pulsekeep_testkit::TestDatabase;

use crate::harness::World;

async fn world() -> World {
    World::new(Arc::new(TestDatabase::sqlite().await)).await
}

#[tokio::test]
async fn the_page_has_a_fresh_nonce_and_is_not_kept() {
    let world = world().await;
    fs::write(world.web.path().join("index.html"), "<html><script type=\"module\">go()</script></html>")
        .unwrap();
    let mut client = world.client();
    let mut seen = Vec::new();
    for path in ["/", "/index.html", "/people/user_1/day", "/sign-in?next=%2F"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let text = answer.text();
        let nonce = text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(answer.header("content-security-policy").contains(&format!("'nonce-{nonce}'")));
        assert!(!answer.header("content-security-policy").contains("script-src 'self' 'unsafe-inline'"));
        assert!(!seen.contains(&nonce));
        seen.push(nonce);
    }
}

#[tokio::test]
async fn hashed_files_are_kept_and_sent_small() {
    let world = world().await;
    let name = "web-0123456789abcdef_bg.wasm";
    fs::write(world.web.path().join(name), b"plain").unwrap();
    fs::write(world.web.path().join(format!("{name}.br")), b"brotli").unwrap();
    fs::write(world.web.path().join(format!("{name}.gz")), b"gzip").unwrap();
    fs::write(world.web.path().join("robots.txt"), b"none").unwrap();
    let mut client = world.client();
    for (accepted, body, encoding) in
        [("gzip, br", "brotli", "br"), ("gzip", "gzip", "gzip"), ("identity", "plain", "")]
    {
        let request = Request::get(format!("/{name}")).header(header::ACCEPT_ENCODING, accepted);
        let answer = client.send(request, Body::empty()).await;
        assert_eq!((answer.text().as_str(), answer.header("content-encoding")), (body, encoding));
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert!(answer.header("cache-control").contains("immutable"));
        assert_eq!(answer.header("vary"), "Accept-Encoding");
    }
    assert_eq!(client.get("/robots.txt").await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let world = world().await;
    fs::write(world.web.path().join("index.html"), "page").unwrap();
    fs::write(world.web.path().join(".secret"), "secret").unwrap();
    fs::write(world.web.path().parent().unwrap().join("outside.txt"), "outside").unwrap();
    let mut client = world.client();
    for path in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/.secret",
        "/missing.js",
        "/data/v2/x",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text());
    }
    fs::remove_file(world.web.path().parent().unwrap().join("outside.txt")).unwrap();
}

#[tokio::test]
async fn a_missing_web_app_is_told_and_the_rest_works() {
    let world = world().await;
    let mut client = world.client();
    let answer = client.get("/").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("PULSEKEEP_HTTP__WEB_ROOT"));
    assert_eq!(client.get("/health/live").await.status, StatusCode::OK);
    assert_eq!(client.get("/health/ready").await.json()["database"], "ok");
}

#[tokio::test]
async fn the_playground_is_for_people_who_are_signed_in() {
    let world = world().await;
    let ann = world.person("ann", Role::Member).await;
    assert_eq!(world.client().get("/playground").await.location(), "/sign-in?next=%2Fplayground");
    let mut client = world.signed_in(&ann).await;
    let answer = client.get("/playground").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("left out of this build"));
    fs::create_dir(world.web.path().join("playground")).unwrap();
    fs::write(world.web.path().join("playground/index.html"), "<script src=\"/playground/a.js\"></script>")
        .unwrap();
    fs::write(world.web.path().join("playground/a.js"), "1").unwrap();
    let answer = client.get("/playground").await;
    assert!(answer.text().contains("nonce="), "{}", answer.text());
    assert!(answer.header("content-security-policy").contains("worker-src 'self' blob:"));
    assert_eq!(client.get("/playground/a.js").await.text(), "1");
}
