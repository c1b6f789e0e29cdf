//! Files of the web app and of the playground, and the page for every address that is no file.

use std::{
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{App, observe::RequestId, problem::Problem, security::Page};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Everything that is no other route: a file of the web app, else its page.
pub(super) async fn web_app(State(app): State<App>, request: Request) -> Response {
    let id = RequestId::of(request.extensions());
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_found(&id);
    }
    let root = &app.options.web_root;
    let path = request.uri().path();
    if path != "/" && path != "/index.html" {
        if let Some(response) = file(root, path.trim_start_matches('/'), request.headers()).await {
            return response;
        }
        // A missing script must not be answered by a page.
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if is_file || path.starts_with("/data/") || path.starts_with("/health/") {
            return not_found(&id);
        }
    }
    page(&root.join("index.html"), Page::new()).await.unwrap_or_else(|| {
        let text = "The web app is not here: build it with `cargo xtask demo`, or name the folder of the built \
                    web app by --web-root or PULSEKEEP_HTTP__WEB_ROOT.";
        sentence(StatusCode::SERVICE_UNAVAILABLE, text)
    })
}

fn not_found(id: &RequestId) -> Response {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing at this address").answer(id)
}

/// A page that consists of one sentence.
pub(super) fn sentence(status: StatusCode, text: &str) -> Response {
    let mut response = (status, format!("{text}\n")).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// An HTML page with nonces and the policy that names them.
pub(super) async fn page(path: &Path, page: Page) -> Option<Response> {
    let html = tokio::fs::read_to_string(path).await.ok()?;
    let mut response = page.with_nonces(&html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy());
    Some(response)
}

/// A file below `root`, in the smallest encoding that the browser takes; `None` when there is none.
pub(super) async fn file(root: &Path, path: &str, request: &HeaderMap) -> Option<Response> {
    let path = root.join(safe(path)?);
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(accepted, encoding)
            && let Some(body) = read(&with_suffix(&path, suffix)).await
        {
            return Some(answer(&path, body, Some(encoding)));
        }
    }
    Some(answer(&path, read(&path).await?, None))
}

fn answer(path: &Path, body: Vec<u8>, encoding: Option<&'static str>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    if let Ok(value) = HeaderValue::from_str(mime.as_ref()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(header::CACHE_CONTROL, if is_hashed(path) { FOR_EVER } else { REVALIDATE });
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

async fn read(path: &Path) -> Option<Vec<u8>> {
    match tokio::fs::read(path).await {
        Ok(body) => Some(body),
        Err(error) => {
            if !matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory
            ) {
                tracing::warn!(%error, "a file of the web app cannot be read");
            }
            None
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The path in plain letters, if it stays below the root and hides nothing.
fn safe(path: &str) -> Option<PathBuf> {
    let decoded = percent_decoded(path)?;
    let path = PathBuf::from(&decoded);
    let plain = |part: Component<'_>| match part {
        Component::Normal(name) => name.to_str().is_some_and(|n| !n.starts_with('.')),
        _ => false,
    };
    (!decoded.contains(['\\', '\0']) && path.components().all(plain) && !decoded.is_empty()).then_some(path)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether the browser names `encoding` without a weight of zero.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>() == Ok(0.0)));
        named && !refused
    })
}

/// Whether the name carries a hash of the content, as the web app's build writes it (`app-0123456789abcdef.js`,
/// `app-0123456789abcdef_bg.wasm`).
fn is_hashed(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    stem.split(['-', '_', '.'])
        .any(|part| part.len() >= 12 && part.bytes().all(|b| b.is_ascii_hexdigit()) && part.len() <= 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        for bad in
            ["../x", "a/../../x", "%2e%2e/x", "/etc/passwd", ".env", "a/.git/x", "a\\..\\b", "", "%zz", "%00"]
        {
            assert_eq!(safe(bad), None, "{bad}");
        }
        assert_eq!(safe("a/b%20c.js"), Some(PathBuf::from("a/b c.js")));
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(is_hashed(Path::new("pulsekeep-web-8f1ec3a09b2d4c55_bg.wasm")));
        assert!(is_hashed(Path::new("app-8f1ec3a09b2d4c55.js")));
        assert!(!is_hashed(Path::new("echarts.min.js")));
        assert!(!is_hashed(Path::new("favicon-32.png")));
    }

    #[test]
    fn an_encoding_with_weight_zero_is_refused() {
        assert!(accepts("gzip, deflate, br;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("identity", "gzip"));
    }
}
