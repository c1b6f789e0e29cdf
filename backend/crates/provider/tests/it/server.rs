//! A server on loopback that gives scripted answers and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode},
};
use pulsekeep_provider::ProviderConfig;
use secrecy::SecretString;
use url::Url;

/// A scripted answer.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Scripted {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, body).header("content-type", "application/json; charset=utf-8")
    }

    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of `name` in a form body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.body.as_bytes());
        pairs.into_iter().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Scripted>,
    seen: Vec<Seen>,
}

/// The server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) base: Url,
    script: Arc<Mutex<Script>>,
}

impl Server {
    /// Gives `answers` in their order, then 500.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let script =
            Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), seen: Vec::new() }));
        let router = Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, script }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    /// A configuration whose every address is on this server.
    pub(crate) fn config(&self) -> ProviderConfig {
        let url = |path: &str| self.base.join(path).unwrap();
        ProviderConfig {
            client_id: "client id".to_owned(),
            client_secret: SecretString::from("s3cr&t"),
            authorize_url: url("/authorize"),
            token_url: url("/token"),
            revoke_url: url("/revoke"),
            api_url: url("/base/"),
            routes: false,
        }
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<axum::body::Body> {
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
    let mut script = script.lock().unwrap();
    script.seen.push(Seen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let scripted = script.answers.pop_front().unwrap_or_else(|| Scripted::new(500, ""));
    let mut response = Response::new(axum::body::Body::from(scripted.body));
    *response.status_mut() = StatusCode::from_u16(scripted.status).unwrap();
    for (name, value) in scripted.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
