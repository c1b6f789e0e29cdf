//! The outbox: sends what is due, again and again until the answer is 204.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::compose;
use crate::faults::Provider;
use crate::state::State;

/// The first repetition comes after this, milliseconds; the wait doubles each time.
const FIRST_WAIT_MS: i64 = 10_000;
const LONGEST_WAIT_MS: i64 = 3_600_000;
/// What is not taken within this is dropped.
const GIVE_UP_MS: i64 = 7 * 86_400_000;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Lines of the log of attempts.
const LOG: usize = 1_000;

/// A notification on its way.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) provider: Provider,
    pub(super) person: String,
    /// Data types or collections, for the log.
    pub(super) subjects: Vec<String>,
    pub(super) endpoint: String,
    /// Google's secret, or Fitbit's client secret.
    pub(super) secret: String,
    pub(super) body: Vec<u8>,
    /// Not before, epoch milliseconds.
    pub(super) due: i64,
    pub(super) made: i64,
    pub(super) attempt: u32,
}

/// An attempt.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Attempt {
    provider: Provider,
    person: String,
    subjects: Vec<String>,
    attempt: u32,
    /// None where nobody answered.
    status: Option<u16>,
}

#[derive(Default)]
pub(super) struct Outbox {
    waiting: Vec<Parcel>,
    pub(super) log: Vec<Attempt>,
    pub(super) lost: u64,
    pub(super) dropped: u64,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn put(&mut self, parcel: Parcel) {
        self.waiting.push(parcel);
    }

    /// Drops what waits.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.log.clear();
    }

    fn take_due(&mut self, now: i64) -> Vec<Parcel> {
        let (due, later) =
            std::mem::take(&mut self.waiting).into_iter().partition(|parcel| parcel.due <= now);
        self.waiting = later;
        due
    }

    fn note(&mut self, attempt: Attempt) {
        if self.log.len() == LOG {
            self.log.remove(0);
        }
        self.log.push(attempt);
    }
}

/// Sends what is due and returns the attempts.
pub(super) async fn due(state: &State) -> Vec<Attempt> {
    let push = state.push().clone();
    let _delivering = push.delivering.lock().await;
    let switches = state.switches();
    let now = state.now_ms();
    let mut parcels = push.inner().outbox.take_due(now);
    if switches.push_lost {
        push.inner().outbox.lost += parcels.len() as u64;
        return Vec::new();
    }
    if switches.push_out_of_order {
        parcels.reverse();
    }
    let mut attempts = Vec::new();
    for parcel in parcels {
        let times = if switches.push_duplicate && parcel.attempt == 0 { 2 } else { 1 };
        let mut status = None;
        for _ in 0..times {
            let headers = compose::headers(&mut push.inner().keys, &switches, &parcel);
            status = send("POST", &parcel.endpoint, &headers, parcel.body.clone()).await;
            let attempt = Attempt {
                provider: parcel.provider,
                person: parcel.person.clone(),
                subjects: parcel.subjects.clone(),
                attempt: parcel.attempt + 1,
                status,
            };
            push.inner().outbox.note(attempt.clone());
            attempts.push(attempt);
        }
        if status != Some(204) {
            again(&mut push.inner().outbox, parcel, now);
        }
    }
    attempts
}

fn again(outbox: &mut Outbox, parcel: Parcel, now: i64) {
    let wait = FIRST_WAIT_MS.saturating_mul(1 << parcel.attempt.min(20)).min(LONGEST_WAIT_MS);
    if now + wait - parcel.made > GIVE_UP_MS {
        outbox.dropped += 1;
        return;
    }
    outbox.put(Parcel { due: now + wait, attempt: parcel.attempt + 1, ..parcel });
}

/// Whether an address is of this machine: the simulator speaks to no other.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// The status of an answer; none if there was no answer.
pub(super) async fn send(
    method: &str,
    address: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Option<u16> {
    let url = Url::parse(address).ok().filter(is_loopback)?;
    tokio::time::timeout(TIMEOUT, exchange(method, &url, headers, body)).await.ok()?
}

async fn exchange(method: &str, url: &Url, headers: &[(String, String)], body: Vec<u8>) -> Option<u16> {
    let host: IpAddr = match url.host()? {
        Host::Domain(_) => IpAddr::from([127, 0, 0, 1]),
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
    };
    let stream = TcpStream::connect((host, url.port_or_known_default()?)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut request = hyper::Request::builder().method(method).uri(target).header("host", url.authority());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).ok()?).await;
    connection.abort();
    Some(answer.ok()?.status().as_u16())
}
