//! Headers that keep browsers from doing more than they should.

use axum::{extract::Request, middleware::Next, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a page without scripts of its own may do: nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Sets the headers that all answers have, unless the handler has set its own.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(headers, header::X_FRAME_OPTIONS, "DENY");
    default(headers, header::REFERRER_POLICY, "same-origin");
    default(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(
        headers,
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=()",
    );
    default(headers, header::CONTENT_SECURITY_POLICY, NOTHING);
    response
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// A page with scripts: its own files, and the inline loader that carries this response's nonce.
#[derive(Debug)]
pub(super) struct Page {
    nonce: String,
    /// Workers from blobs, as code editors make them.
    pub(super) blob_workers: bool,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { nonce: STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>()), blob_workers: false }
    }

    /// `'unsafe-inline'` stands for styles alone: charts set them on their elements.
    pub(super) fn policy(&self) -> HeaderValue {
        let worker = if self.blob_workers { "worker-src 'self' blob:; " } else { "" };
        let text = format!(
            "default-src 'self'; script-src 'self' 'nonce-{}' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; font-src 'self' data:; connect-src 'self'; {worker}object-src 'none'; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
            self.nonce
        );
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(NOTHING))
    }

    /// Puts the nonce on every script of the page.
    pub(super) fn with_nonces(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len() + 128);
        let mut rest = html;
        while let Some(at) = rest.find("<script") {
            let (before, tag) = rest.split_at(at + "<script".len());
            out.push_str(before);
            let is_tag = tag.starts_with(|c: char| c == '>' || c.is_ascii_whitespace());
            let head = tag.split('>').next().unwrap_or_default();
            if is_tag && !head.contains("nonce=") {
                out.push_str(&format!(" nonce=\"{}\"", self.nonce));
            }
            rest = tag;
        }
        out.push_str(rest);
        out.replace("{{__TRUNK_NONCE__}}", &self.nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_gets_the_nonce_of_its_own_response() {
        let (a, b) = (Page::new(), Page::new());
        let html = "<script type=\"module\">go()</script><scripture><script src=x></script>";
        let out = a.with_nonces(html);
        assert_eq!(out.matches(&format!("nonce=\"{}\"", a.nonce)).count(), 2, "{out}");
        assert!(out.contains("<scripture>"));
        assert!(a.policy().to_str().unwrap().contains(&a.nonce));
        assert_ne!(a.nonce, b.nonce);
    }
}
