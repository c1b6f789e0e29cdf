//! An S3 server of another make on loopback, with faults on demand.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use pulsekeep_export::{
    Target,
    target::{Checksums, S3Credentials, S3Settings},
};
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const BUCKET: &str = "health";

/// What the server does instead of its work.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    /// Answers with a status and an S3 error code.
    Refuse(u16, &'static str),
    /// The same, naming the bucket's region.
    Elsewhere(&'static str),
    /// Answers with a page.
    Page,
    /// Answers a list of uploads with one.
    Uploads(String),
    /// Says nothing.
    Silence,
}

/// A fault: for which requests, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: Method,
    /// Part of the path and query.
    pub(crate) part: &'static str,
    pub(crate) times: usize,
    pub(crate) instead: Instead,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    seen: Vec<Seen>,
}

pub(crate) struct Server {
    pub(crate) root: TempDir,
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("key", "secret"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (service, state) = (service.clone(), shared.clone());
                let answer = hyper::service::service_fn(move |request| {
                    answer(service.clone(), state.clone(), request)
                });
                tokio::spawn(async move {
                    let http = auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        Self { root, url, state, task }
    }

    pub(crate) fn fault(&self, method: Method, part: &'static str, times: usize, instead: Instead) {
        self.state.lock().unwrap().faults.push(Fault { method, part, times, instead });
    }

    pub(crate) fn forget_faults(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }

    /// How the server is spoken to; retries without pauses.
    pub(crate) fn settings(&self, checksums: Checksums) -> S3Settings {
        S3Settings {
            prefix: "pulsekeep/".to_owned(),
            endpoint: Some(self.url.parse().unwrap()),
            checksums,
            retries: (2, Duration::from_millis(1)),
            ..S3Settings::new(BUCKET)
        }
    }

    pub(crate) fn target(&self, checksums: Checksums) -> Target {
        target(self.settings(checksums))
    }
}

pub(crate) fn target(settings: S3Settings) -> Target {
    Target::S3 {
        settings: Box::new(settings),
        deidentified_prefix: "pulsekeep-deidentified/".to_owned(),
        credentials: Some(credentials()),
    }
}

pub(crate) fn credentials() -> S3Credentials {
    S3Credentials::new("key", "secret", None, None, "test")
}

async fn answer(
    service: S3Service,
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let instead = {
        let mut state = state.lock().unwrap();
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let fault =
            state.faults.iter_mut().find(|f| f.times > 0 && f.method == method && target.contains(f.part));
        let instead = fault.map(|fault| {
            fault.times -= 1;
            fault.instead.clone()
        });
        state.seen.push(Seen { method, target, headers });
        instead
    };
    let (status, region, text) = match instead {
        None => return Ok(service.call(request.map(Body::from)).await.unwrap()),
        Some(Instead::Silence) => return std::future::pending().await,
        Some(Instead::Refuse(status, code)) => {
            (status, None, format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
        }
        Some(Instead::Elsewhere(region)) => (
            301,
            Some(region),
            "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>".to_owned(),
        ),
        Some(Instead::Page) => (200, None, "<!doctype html><title>Console</title>".to_owned()),
        Some(Instead::Uploads(key)) => (
            200,
            None,
            format!(
                "<ListMultipartUploadsResult><Bucket>{BUCKET}</Bucket><IsTruncated>false</IsTruncated><Upload><Key>{key}</Key>\
                 <UploadId>left-behind</UploadId></Upload></ListMultipartUploadsResult>"
            ),
        ),
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some(region) = region {
        response = response.header("x-amz-bucket-region", region);
    }
    Ok(response.body(Body::from(text)).unwrap())
}
