//! Subscriptions over a real socket.

use std::{sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use pulsekeep_core::account::Role;
use pulsekeep_testkit::TestDatabase;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

use crate::harness::{ORIGIN, World, link};

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn open(address: std::net::SocketAddr, cookie: Option<&str>) -> Socket {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", ORIGIN.parse().unwrap());
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    if let Some(cookie) = cookie {
        headers.insert("cookie", cookie.parse().unwrap());
    }
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message that is no ping: text as JSON, or the close code.
async fn hear(socket: &mut Socket) -> Result<Value, u16> {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), next).await.expect("an answer in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_hears_of_their_own_jobs_until_the_token_is_revoked() {
    let world = World::new(Arc::new(TestDatabase::sqlite().await)).await;
    let (ann, bob) = (world.person("ann", Role::Member).await, world.person("bob", Role::Member).await);
    link(&world, &ann).await;
    link(&world, &bob).await;
    let (mut browser, mut other) = (world.signed_in(&ann).await, world.signed_in(&bob).await);
    let program = world.with_token(&mut browser, json!({ "name": "ws", "scopes": ["READ_METRICS"] })).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(pulsekeep::http::serve(world.app.clone(), listener, std::future::pending()));

    let mut socket = open(address, None).await;
    let token = format!("Bearer {}", program.bearer.as_deref().unwrap());
    say(&mut socket, json!({ "type": "connection_init", "payload": { "Authorization": token } })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    let query = "subscription { syncJobChanged { state user { code } linkedAccount { provider } } }";
    say(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await;
    // A query on the same socket is answered after the subscription was taken.
    say(
        &mut socket,
        json!({ "type": "subscribe", "id": "2", "payload": { "query": "{ viewer { email } }" } }),
    )
    .await;
    assert_eq!(hear(&mut socket).await.unwrap()["payload"]["data"]["viewer"]["email"], "ann@example.org");
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "complete");

    let sync =
        |id: String| format!("mutation {{ requestSync(input: {{ userIds: [\"{id}\"] }}) {{ status }} }}");
    for (client, user) in [(&mut other, &bob), (&mut browser, &ann)] {
        let answer = client.ask(&sync(user.id.to_string()), Value::Null).await;
        assert_eq!(answer["data"]["requestSync"]["status"], "ACCEPTED", "{answer}");
    }
    let heard = hear(&mut socket).await.unwrap();
    let expected = json!({ "state": "PLANNED", "user": { "code": "ann" }, "linkedAccount": { "provider": "GOOGLE_HEALTH" } });
    assert_eq!(heard["payload"]["data"]["syncJobChanged"], expected, "not the other person's: {heard}");

    let tokens = world.store.api_tokens(ann.id).await.unwrap();
    world.store.revoke_api_token(ann.id, tokens[0].id, world.now()).await.unwrap();
    let closed = loop {
        if let Err(code) = hear(&mut socket).await {
            break code;
        }
    };
    assert_eq!(closed, 4401);
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_lives_no_longer_than_its_web_session() {
    let world = World::new(Arc::new(TestDatabase::sqlite().await)).await;
    let ann = world.person("ann", Role::Member).await;
    let mut browser = world.signed_in(&ann).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(pulsekeep::http::serve(world.app.clone(), listener, std::future::pending()));

    let mut nobody = open(address, None).await;
    say(&mut nobody, json!({ "type": "connection_init" })).await;
    assert!(hear(&mut nobody).await.is_err(), "nobody known is not let in");

    let mut socket = open(address, browser.cookie.as_deref()).await;
    say(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    browser.ask("mutation { signOut }", Value::Null).await;
    assert_eq!(hear(&mut socket).await, Err(4401));
    server.abort();
}
