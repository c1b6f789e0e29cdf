//! Consent by OAuth 2.0: to the provider and back, in one web session; and the redeeming of invitations.

use std::str::FromStr as _;

use axum::{
    extract::{Path, Query, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderValue, header, request::Parts};
use pulsekeep_core::{account::ProviderKey, id::UserId, time::HOUR_MS};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use super::{App, Caller, Problem, RequestId, outcome::Failure, session::PendingConsent};
use crate::auth;

/// A consent that took longer than this is begun again.
const LONGEST_CONSENT_MS: i64 = HOUR_MS;

/// What may stand after `/connect/{provider}`.
#[derive(Debug, Deserialize)]
pub struct BeginQuery {
    invite: Option<String>,
}

/// What the provider sends back.
#[derive(Debug, Deserialize)]
pub struct CallbackQuery {
    code: Option<SecretString>,
    state: Option<String>,
    error: Option<String>,
}

/// Sends the person to the provider's page.
pub async fn begin(
    State(app): State<App>,
    Path(provider): Path<String>,
    Query(query): Query<BeginQuery>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let id = RequestId::of(&parts.extensions);
    if let Some(token) = query.invite {
        // The token leaves the address at once: this comes back without it.
        let Ok(key) = ProviderKey::from_str(&provider) else {
            return failed(&provider, &Failure::UnknownProvider);
        };
        return redeem_then(&app, &parts, &token, &format!("/connect/{key}"))
            .await
            .unwrap_or_else(|problem| problem.answer(&id));
    }
    match to_provider(&app, &parts, &provider).await {
        Ok(Ok(url)) => leave_to(url.as_str()),
        Ok(Err(failure)) => failed(&provider, &failure),
        Err(problem) => problem.answer(&id),
    }
}

async fn to_provider(app: &App, parts: &Parts, word: &str) -> Result<Result<Url, Failure>, Problem> {
    let Ok(key) = ProviderKey::from_str(word) else { return Ok(Err(Failure::UnknownProvider)) };
    let Some(provider) = app.services.engine.provider(key) else { return Ok(Err(Failure::Disabled)) };
    let caller = Caller::of(app, parts).await?;
    let Some(user_id) = consenting(app, &caller).await? else { return Ok(Err(Failure::SessionLost)) };
    let state = pulsekeep_provider::random_state();
    let (challenge, verifier) = pulsekeep_provider::pkce();
    let url = provider.authorize_url(&redirect_address(app, key), &state, &challenge);
    let begun_at = app.services.clock.now().0;
    let verifier = verifier.expose_secret().to_owned();
    let pending = PendingConsent { state, verifier, user_id: user_id.0, begun_at };
    caller.session.begin_consent(key, &pending).await.map_err(|e| Problem::internal(&e))?;
    Ok(Ok(url))
}

/// Who consents: who is signed in, else the person whose invitation the web session holds.
async fn consenting(app: &App, caller: &Caller) -> Result<Option<UserId>, Problem> {
    if let Some(user) = &caller.user {
        return Ok(Some(user.id));
    }
    let Some(id) = caller.session.invitation().await.map_err(|e| Problem::internal(&e))? else {
        return Ok(None);
    };
    let invitation = app.services.store.invitation(id).await.map_err(|e| Problem::internal(&e))?;
    Ok(invitation.filter(|i| i.expires_at > app.services.clock.now()).map(|i| i.user_id))
}

fn redirect_address(app: &App, provider: ProviderKey) -> Url {
    app.services.address(&format!("/connect/{provider}/callback"))
}

/// Takes the person back from the provider.
pub async fn callback(
    State(app): State<App>,
    Path(provider): Path<String>,
    Query(query): Query<CallbackQuery>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match complete(&app, &parts, &provider, query).await {
        Ok(Ok(())) => leave_to(&format!("/connected?provider={}", encoded(&provider))),
        Ok(Err(failure)) => failed(&provider, &failure),
        Err(problem) => problem.answer(&RequestId::of(&parts.extensions)),
    }
}

async fn complete(
    app: &App,
    parts: &Parts,
    word: &str,
    query: CallbackQuery,
) -> Result<Result<(), Failure>, Problem> {
    let Ok(key) = ProviderKey::from_str(word) else { return Ok(Err(Failure::UnknownProvider)) };
    if !app.services.is_enabled(key) {
        return Ok(Err(Failure::Disabled));
    }
    let caller = Caller::of(app, parts).await?;
    // Taken out of the session before anything else: a second callback with the same state finds nothing.
    let pending = caller.session.end_consent(key).await.map_err(|e| Problem::internal(&e))?;
    let Some(pending) = pending else { return Ok(Err(Failure::SessionLost)) };
    let user = consenting(app, &caller).await?;
    let in_time = app.services.clock.now().0 - pending.begun_at <= LONGEST_CONSENT_MS;
    if !in_time || user != Some(UserId(pending.user_id)) {
        return Ok(Err(Failure::SessionLost));
    }
    let state = query.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(pending.state.as_bytes())) {
        return Ok(Err(Failure::StateMismatch));
    }
    if let Some(error) = query.error {
        return Ok(Err(Failure::of_authorize_error(&error)));
    }
    let Some(code) = query.code else { return Ok(Err(Failure::ProviderError)) };
    let verifier = SecretString::from(pending.verifier);
    let redirect = redirect_address(app, key);
    let outcome =
        app.services.engine.connect(UserId(pending.user_id), key, &redirect, &code, &verifier).await;
    Failure::of_outcome(outcome)
}

/// `GET /invitation/{token}`: the token becomes a web session, and leaves the address.
pub async fn redeem(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let redeemed = redeem_then(&app, &parts, &token, "/welcome").await;
    redeemed.unwrap_or_else(|problem| problem.answer(&RequestId::of(&parts.extensions)))
}

/// An invitation that is unknown, used or over leads to `/welcome` all the same, where the page says so.
async fn redeem_then(app: &App, parts: &Parts, token: &str, next: &str) -> Result<Response, Problem> {
    let caller = Caller::of(app, parts).await?;
    let services = &app.services;
    let hash = auth::hash_secret(token);
    let redeemed = services.store.redeem_invitation(&hash, services.clock.now()).await;
    match redeemed.map_err(|e| Problem::internal(&e))? {
        Some(invitation) => {
            caller.session.take_invitation(invitation.id).await.map_err(|e| Problem::internal(&e))?;
            Ok(leave_to(next))
        }
        None => Ok(leave_to("/welcome")),
    }
}

fn failed(provider: &str, failure: &Failure) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("provider", provider).append_pair("reason", failure.reason());
    if let Failure::OtherAccount { expected } = failure {
        query.append_pair("expected", expected);
    }
    leave_to(&format!("/connect-failed?{}", query.finish()))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A redirect that no cache keeps and that tells the next page nothing about the address it came from.
fn leave_to(address: &str) -> Response {
    let mut response = Redirect::to(address).into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
