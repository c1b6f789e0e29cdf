//! Subscriptions over `GET /graphql/ws`, protocol `graphql-transport-ws`, with reconnection.

use futures::future::{AbortHandle, abortable};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::TimeoutFuture;
use graphql_client::{GraphQLQuery, QueryBody};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::errors::Answer;

/// Ends the subscription when dropped.
#[derive(Debug)]
pub struct Subscription(AbortHandle);

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a subscription tells.
#[derive(Debug)]
pub enum News<T> {
    /// The server listens to us: what happened before must be asked for.
    Connected,
    /// The connection is gone; another try follows.
    Lost,
    /// An event.
    Event(T),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing<'a, V: Serialize> {
    ConnectionInit,
    Subscribe { id: &'a str, payload: &'a QueryBody<V> },
    Pong,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

const FIRST_WAIT: u32 = 1_000;
const LONGEST_WAIT: u32 = 30_000;

/// Subscribes to `Q`; `tell` hears of events as `T`, which must have the shape of `Q::ResponseData`.
///
/// The types are apart because several operations share a fragment, for which each has a type of its own.
pub fn subscribe<Q, T>(variables: Q::Variables, tell: impl Fn(News<T>) + 'static) -> Subscription
where
    Q: GraphQLQuery + 'static,
    Q::Variables: 'static,
    T: serde::de::DeserializeOwned + 'static,
{
    let query = Q::build_query(variables);
    let (task, handle) = abortable(async move {
        let mut wait = FIRST_WAIT;
        loop {
            if follow(&query, &tell).await.is_some() {
                wait = FIRST_WAIT;
            }
            tell(News::Lost);
            TimeoutFuture::new(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    });
    wasm_bindgen_futures::spawn_local(async move {
        // An end of this task is an abort: there is nothing else to do.
        let _ = task.await;
    });
    Subscription(handle)
}

/// One connection, until it ends; `None` if the server never took it.
async fn follow<V: Serialize, T: serde::de::DeserializeOwned>(
    query: &QueryBody<V>,
    tell: &impl Fn(News<T>),
) -> Option<()> {
    let mut socket = WebSocket::open_with_protocol(&address()?, "graphql-transport-ws").ok()?;
    send(&mut socket, &Outgoing::<V>::ConnectionInit).await?;
    let mut taken = None;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(incoming) = serde_json::from_str::<Incoming<'_>>(&text) else { continue };
        match incoming.kind.as_str() {
            "connection_ack" => {
                send(&mut socket, &Outgoing::Subscribe { id: "1", payload: query }).await?;
                taken = Some(());
                tell(News::Connected);
            }
            "ping" => send(&mut socket, &Outgoing::<V>::Pong).await?,
            "next" => {
                let answer = incoming.payload.and_then(|p| serde_json::from_str::<Answer>(p.get()).ok());
                let data = answer.and_then(|answer| answer.into_result().ok());
                if let Some(event) = data.and_then(|data| serde_json::from_str(data.get()).ok()) {
                    tell(News::Event(event));
                }
            }
            "error" | "complete" => break,
            _ => {}
        }
    }
    taken
}

async fn send<V: Serialize>(socket: &mut WebSocket, message: &Outgoing<'_, V>) -> Option<()> {
    let text = serde_json::to_string(message).ok()?;
    socket.send(Message::Text(text)).await.ok()
}

fn address() -> Option<String> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    Some(format!("{scheme}://{}/graphql/ws", location.host().ok()?))
}
