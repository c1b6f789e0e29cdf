//! `GET /graphql/ws`: subscriptions by graphql-transport-ws.

use std::{sync::Arc, time::Duration};

use async_graphql::Data;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    extract::{
        FromRequestParts as _, Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures::{SinkExt as _, StreamExt as _, channel::mpsc};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde_json::Value;
use tokio::sync::watch;

use super::{App, BODY_LIMIT, Caller, Credential, Problem, RequestId, origin};
use crate::graphql::{Executor, Loaders, SharedCaller};

const PROTOCOL: &str = "graphql-transport-ws";
/// Close code of graphql-transport-ws for who may not (any more).
const UNAUTHORIZED: u16 = 4401;
/// Silence after which a client counts as gone; it is pinged before.
const SILENCE: Duration = Duration::from_secs(60);

pub(super) async fn upgrade(State(app): State<App>, request: Request) -> Response {
    let id = RequestId::of(request.extensions());
    let (mut parts, _) = request.into_parts();
    match begin(app, &mut parts, id.clone()).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&id),
    }
}

async fn begin(app: App, parts: &mut Parts, id: RequestId) -> Result<Response, Problem> {
    // Browsers send the cookie along whoever's page it is: the origin decides before anything is upgraded.
    origin::check(&parts.headers, &app.services.public_url)?;
    if !speaks_our_protocol(&parts.headers) {
        let text = "This is a web socket for GraphQL: open it with the protocol graphql-transport-ws";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "BAD_PROTOCOL", text));
    }
    let caller = Caller::of(&app, parts).await?;
    let refused =
        |_| Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "This is not a web socket's handshake");
    let protocol = GraphQLProtocol::from_request_parts(parts, &()).await.map_err(refused)?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "This is not a web socket's handshake")
    })?;
    Ok(upgrade
        .protocols([PROTOCOL])
        .max_message_size(BODY_LIMIT)
        .on_upgrade(move |socket| talk(app, socket, protocol, caller, id)))
}

fn speaks_our_protocol(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    offered.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(|p| p.trim() == PROTOCOL)
}

/// Serves one socket until the client goes or what it was known by ends.
async fn talk(app: App, socket: WebSocket, protocol: GraphQLProtocol, caller: Caller, id: RequestId) {
    let (mut out, input) = socket.split();
    let (to_client, mut messages) = mpsc::channel::<Message>(16);
    let (known, who) = watch::channel(None::<Arc<Caller>>);
    let services = app.services.clone();
    let executor = Executor::new(app.schema.clone(), id);
    let serve = GraphQLWebSocket::new_with_pair(to_client, input, executor, protocol)
        .keepalive_timeout(SILENCE)
        .on_connection_init(async move |payload: Value| {
            let caller = match bearer_of(&payload) {
                Some(secret) => caller.with_token(&services, &secret).await,
                None => Ok(caller),
            };
            let caller = caller.map_err(|problem| async_graphql::Error::new(problem.message))?;
            if caller.viewer.is_none() {
                return Err(async_graphql::Error::new("Sign in, or send an API token in connection_init"));
            }
            let caller = Arc::new(caller);
            let _ = known.send(Some(caller.clone()));
            let mut data = Data::default();
            data.insert(Loaders::new(&services, caller.viewer.as_ref()));
            data.insert(SharedCaller(caller));
            Ok(data)
        })
        .serve();
    let forward = async {
        while let Some(message) = messages.next().await {
            if out.send(message).await.is_err() {
                break;
            }
        }
    };
    let ended = tokio::select! {
        _ = async { tokio::join!(serve, forward) } => false,
        () = end_of_credential(&app, who) => true,
    };
    if ended {
        let reason = "the web session or token has ended".into();
        let _ = out.send(Message::Close(Some(CloseFrame { code: UNAUTHORIZED, reason }))).await;
    }
}

/// Where clients put the token: `authorization` in the payload, in any case.
fn bearer_of(payload: &Value) -> Option<String> {
    let (_, value) = payload.as_object()?.iter().find(|(k, _)| k.eq_ignore_ascii_case("authorization"))?;
    let text = value.as_str()?;
    Some(text.strip_prefix("Bearer ").unwrap_or(text).trim().to_owned())
}

async fn end_of_credential(app: &App, mut who: watch::Receiver<Option<Arc<Caller>>>) {
    let known = who.wait_for(Option::is_some).await.ok().and_then(|caller| caller.clone());
    let Some(caller) = known.filter(|caller| caller.credential != Credential::None) else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(app.options.recheck_every);
    loop {
        ticks.tick().await;
        if !caller.still_holds(&app.services).await {
            return;
        }
    }
}
