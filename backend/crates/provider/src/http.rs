//! Our HTTP client: bounded in time and size, following no redirect.

use std::{error::Error, time::Duration};

use reqwest::{
    Client, Request,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};

/// An answer larger than this (unpacked) is refused.
const MAX_BODY: usize = 64 << 20;

/// The client that all provider requests go through. Clones share connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
    max_body: usize,
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot set up HTTPS: {0}; check that the system's CA certificates (package ca-certificates) are installed"
)]
pub struct HttpSetupError(String);

/// What went wrong below HTTP.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// No connection, or no answer in time.
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
    /// The answer broke off.
    #[error("the provider's answer broke off")]
    Broken,
    /// The answer is over the bound.
    #[error("the provider's answer is larger than allowed (64 MiB)")]
    TooLarge,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The text of header `name`, if it is there and ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The whole number in header `name`.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.header(name)?.trim().parse().ok()
    }
}

impl HttpClient {
    /// A client with a bound of 10 s to connect, 60 s in all, no redirects, gzip.
    ///
    /// # Errors
    /// [`HttpSetupError`] when TLS cannot be set up on this machine.
    pub fn new() -> Result<Self, HttpSetupError> {
        let client = Client::builder()
            .user_agent(concat!("pulsekeep/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .gzip(true)
            .build()
            .map_err(|e| HttpSetupError(innermost(&e)))?;
        Ok(Self { client, max_body: MAX_BODY })
    }

    /// Sends `request` and reads the answer whole.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, HttpError> {
        let mut response = self.client.execute(request).await.map_err(|e| unreachable_text(&e))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let expected = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let mut body = Vec::with_capacity(expected.min(self.max_body));
        while let Some(chunk) = response.chunk().await.map_err(|e| body_error(&e))? {
            if body.len() + chunk.len() > self.max_body {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn unreachable_text(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Unreachable("no answer in time".to_owned());
    }
    HttpError::Unreachable(innermost(error))
}

fn body_error(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Unreachable("the answer did not end in time".to_owned());
    }
    HttpError::Broken
}

/// The innermost cause, which is the system's own text; the outer layers would repeat the address.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().chars().take(120).collect()
}

/// `Authorization: Bearer`, marked as sensitive so that no debug output shows it; `None` when the token has bytes that
/// no header may have.
pub(crate) fn set_bearer(request: &mut Request, access: &SecretString) -> Option<()> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", access.expose_secret())).ok()?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Some(())
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// What a client with a bound of 100 bytes makes of the bytes `answer`, after which the connection ends.
    async fn told(answer: &'static [u8]) -> Result<Answer, HttpError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        let client = HttpClient { max_body: 100, ..HttpClient::new().unwrap() };
        let told = client.send(Request::new(Method::GET, url)).await;
        server.await.unwrap();
        told
    }

    #[tokio::test]
    async fn gzip_is_unpacked() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n\
            \x1f\x8b\x08\0\0\0\0\0\x02\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
        assert_eq!(told(answer).await.unwrap().body, b"{}");
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_answer() {
        let cut = told(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"dataPoints\":").await;
        assert!(matches!(cut, Err(HttpError::Broken)), "{cut:?}");
        let chunked = told(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n").await;
        assert!(matches!(chunked, Err(HttpError::Broken)), "{chunked:?}");
    }

    #[tokio::test]
    async fn an_answer_over_the_bound_is_refused() {
        let long = told(
            b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n\
            01234567890123456789012345678901234567890123456789\
            012345678901234567890123456789012345678901234567890",
        )
        .await;
        assert!(matches!(long, Err(HttpError::TooLarge)), "{long:?}");
    }

    #[tokio::test]
    async fn no_answer_at_all_is_unreachable() {
        let none = told(b"").await;
        assert!(matches!(none, Err(HttpError::Unreachable(_))), "{none:?}");
    }
}
