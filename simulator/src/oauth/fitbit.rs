//! Fitbit's token endpoints: single-use refresh tokens, and errors that are not RFC 6749.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::grants::{CODE_LIFETIME_MS, Turn};
use super::tokens::{Claims, Kind, client_mark, lifetime};
use super::{Fields, basic_credentials, verifier_fits};
use crate::faults::{FaultKind, Provider, Target};
use crate::fitbit::error::{VISIT, error};
use crate::refusal::Refusal;
use crate::state::State;
use crate::usage::Refresh;

const PATH: &str = "/fitbit/oauth2/token";

fn bad(kind: &str, message: &str) -> Refusal {
    error(StatusCode::BAD_REQUEST, kind, None, &format!("{message} {VISIT}"))
}

/// The client that a request proves to be: Basic with the secret, or for a public client its id in the body.
fn client_of(state: &State, headers: &HeaderMap, form: &Fields) -> Result<String, Refusal> {
    let unknown = |received: &str| {
        let message = format!(
            "Invalid authorization header format. The header was not recognized to be a valid header for any of known \
             implementations or a client_id was not specified in case of a public client Received header = {received}. {VISIT}"
        );
        error(StatusCode::UNAUTHORIZED, "invalid_client", None, &message)
    };
    if let Some((id, secret)) = basic_credentials(headers) {
        let client = state.client(&id).filter(|client| client.client_secret == secret);
        return client.map(|client| client.client_id.clone()).ok_or_else(|| {
            error(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                None,
                &format!("Invalid client credentials. {VISIT}"),
            )
        });
    }
    let public = form
        .get("client_id")
        .and_then(|id| state.client(id))
        .filter(|client| client.client_secret.is_empty());
    public.map(|client| client.client_id.clone()).ok_or_else(|| unknown("undefined"))
}

/// `POST /fitbit/oauth2/token`.
pub(crate) async fn token(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Fields::read(&body);
    let client = match client_of(&state, &headers, &form) {
        Ok(client) => client,
        Err(refusal) => return refusal.into_response(),
    };
    let answer = match form.get("grant_type") {
        Some("authorization_code") => exchange(&state, &client, &form),
        Some("refresh_token") => {
            let answer = refresh(&state, &client, &form);
            let what = answer.as_ref().map_or(Refresh::Refused, |(_, what)| *what);
            state.refreshed(Provider::Fitbit, form.get("refresh_token"), what);
            answer.map(|(answer, _)| answer)
        }
        Some(_) => Err(bad("unsupported_grant_type", "The grant type is not supported.")),
        None => Err(bad("invalid_request", "Missing 'grant_type' parameter value.")),
    };
    match answer {
        Ok(answer) => {
            state.keep();
            Json(answer).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn exchange(state: &State, client_id: &str, form: &Fields) -> Result<Value, Refusal> {
    let given = form.get("code").ok_or_else(|| bad("invalid_request", "Missing parameters: code"))?;
    let now_ms = state.now_ms();
    let mut grants = state.grants();
    let invalid = || bad("invalid_grant", &format!("Authorization code invalid: {given}"));
    let code =
        grants.codes.get_mut(given).filter(|code| code.provider == Provider::Fitbit).ok_or_else(invalid)?;
    if code.client_id != client_id || code.used {
        return Err(invalid());
    }
    if now_ms - code.made >= CODE_LIFETIME_MS {
        return Err(bad("invalid_grant", &format!("Authorization code expired: {given}")));
    }
    if form.get("redirect_uri").is_some_and(|uri| uri != code.redirect_uri) {
        return Err(bad("invalid_grant", "Redirect_uri mismatch:"));
    }
    match (&code.challenge, form.get("code_verifier")) {
        (None, _) => {}
        (Some(_), None) => return Err(bad("invalid_request", "Missing parameters: code_verifier")),
        (Some(_), Some(verifier)) if !(43..=128).contains(&verifier.len()) => {
            return Err(bad(
                "invalid_request",
                "The code_verifier parameter length must be between 43 and 128",
            ));
        }
        (Some(challenge), Some(verifier)) if verifier_fits(challenge, verifier) => {}
        _ => return Err(bad("invalid_grant", "The code_verifier parameter is invalid")),
    }
    code.used = true;
    let code = code.clone();
    let claims = Claims {
        provider: Provider::Fitbit,
        kind: Kind::Access,
        client: client_mark(client_id),
        person: code.person,
        scopes: code.scopes,
        grant: grants.next_grant(now_ms),
        generation: 0,
        issued: now_ms.div_euclid(1000),
        testing: false,
    };
    grants.remember(&claims, true);
    drop(grants);
    Ok(answer(state, &claims, &Claims { kind: Kind::Refresh, ..claims.clone() }))
}

fn refresh(state: &State, client_id: &str, form: &Fields) -> Result<(Value, Refresh), Refusal> {
    let given = form
        .get("refresh_token")
        .ok_or_else(|| bad("invalid_request", "Missing parameters: refresh_token"))?;
    if form.get("expires_in").is_some_and(|seconds| seconds != "28800") {
        return Err(bad("invalid_request", "Invalid expires_in parameter value"));
    }
    let dead = || bad("invalid_grant", &format!("Refresh token invalid: {given}."));
    let claims = state
        .signer()
        .read(Provider::Fitbit, given, state.people())
        .filter(|claims| claims.kind == Kind::Refresh && claims.client == client_mark(client_id))
        .ok_or_else(dead)?;
    let target = Target { provider: Provider::Fitbit, person: Some(&claims.person), path: PATH };
    if state.fault(target, |kind| matches!(kind, FaultKind::ExpiredConsent | FaultKind::RevokedConsent)) {
        return Err(dead());
    }
    let now = state.now();
    let switches = state.switches();
    let mut grants = state.grants();
    if grants.is_revoked(&claims) || !grants.is_live(&claims, now) {
        return Err(dead());
    }
    if !switches.fitbit_refresh_rotation {
        grants.touched(&claims, now);
        drop(grants);
        let access = Claims { kind: Kind::Access, issued: now, ..claims.clone() };
        return Ok((answer(state, &access, &claims), Refresh::Given));
    }
    let (rotation, what) = match grants.turn(&claims, now, switches.fitbit_same_answer) {
        Turn::New(rotation) => (rotation, Refresh::Given),
        Turn::Same(rotation) => (rotation, Refresh::Repeated),
        Turn::Spent => return Err(dead()),
    };
    drop(grants);
    let refresh = Claims { generation: rotation.generation, ..claims };
    let access = Claims { kind: Kind::Access, issued: rotation.issued, ..refresh.clone() };
    Ok((answer(state, &access, &refresh), what))
}

fn answer(state: &State, access: &Claims, refresh: &Claims) -> Value {
    let user = state.people().find(&access.person).map_or("", |person| person.profile.fitbit_id);
    json!({
        "access_token": state.signer().token(access, state.people()),
        "expires_in": lifetime(Provider::Fitbit),
        "refresh_token": state.signer().token(refresh, state.people()),
        "scope": access.scopes.names(Provider::Fitbit).join(" "),
        "token_type": "Bearer",
        "user_id": user,
    })
}

/// `POST /fitbit/oauth2/revoke`: 200 without a body.
pub(crate) async fn revoke(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Fields::read(&body);
    if let Err(refusal) = client_of(&state, &headers, &form) {
        return refusal.into_response();
    }
    let Some(token) = form.get("token") else {
        return bad("invalid_request", "Missing parameters: token").into_response();
    };
    let claims = state.signer().read(Provider::Fitbit, token, state.people());
    let Some(claims) = claims.filter(|claims| !state.grants().is_revoked(claims)) else {
        let message = format!("Access token invalid: {token}. {VISIT}");
        return error(StatusCode::UNAUTHORIZED, "invalid_token", None, &message).into_response();
    };
    state.grants().revoke(&claims);
    state.keep();
    StatusCode::OK.into_response()
}

/// `POST /fitbit/1.1/oauth2/introspect`: RFC 7662.
pub(crate) async fn introspect(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response {
    let caller = match crate::fitbit::authenticate(&state, &headers, "/fitbit/1.1/oauth2/introspect") {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let form = Fields::read(&body);
    let Some(token) = form.get("token") else {
        return bad("invalid_request", "Missing parameters: token").into_response();
    };
    let found = state.signer().read(Provider::Fitbit, token, state.people());
    let alive = found.filter(|claims| {
        let fresh = claims.kind == Kind::Refresh || claims.expires() > state.now();
        fresh && claims.client == caller.claims.client && !state.grants().is_revoked(claims)
    });
    let Some(claims) = alive else { return Json(json!({ "active": false })).into_response() };
    let user = state.people().find(&claims.person).map_or("", |person| person.profile.fitbit_id);
    let scopes: Vec<String> = claims
        .scopes
        .names(Provider::Fitbit)
        .iter()
        .map(|name| format!("{}=READ", name.to_uppercase()))
        .collect();
    let mut answer = json!({
        "active": true,
        "scope": format!("{{{}}}", scopes.join(", ")),
        "client_id": state.client_id_of(claims.client),
        "user_id": user,
        "token_type": if claims.kind == Kind::Access { "access_token" } else { "refresh_token" },
    });
    if claims.kind == Kind::Access {
        answer["exp"] = (claims.expires() * 1000).into();
        answer["iat"] = (claims.issued * 1000).into();
    }
    Json(answer).into_response()
}
