//! Google's token and revocation endpoints: RFC 6749 answers, reusable refresh tokens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::grants::{CODE_LIFETIME_MS, Turn};
use super::tokens::{Claims, Kind, TESTING_LIFETIME, client_mark, lifetime};
use super::{Fields, basic_credentials, verifier_fits};
use crate::faults::{FaultKind, Provider, Target};
use crate::refusal::Refusal;
use crate::state::State;
use crate::usage::Refresh;

const PATH: &str = "/google/token";

fn refuse(status: StatusCode, error: &str, description: &str) -> Refusal {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response().into()
}

fn bad(error: &str, description: &str) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, error, description)
}

/// `POST /google/token`.
pub(crate) async fn token(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Fields::read(&body);
    if form.get("grant_type") == Some(crate::push::account::GRANT) {
        return crate::push::account::token(&state, &form);
    }
    let (id, secret) = basic_credentials(&headers).unwrap_or_else(|| {
        (
            form.get("client_id").unwrap_or_default().to_owned(),
            form.get("client_secret").unwrap_or_default().to_owned(),
        )
    });
    let Some(client) = state.client(&id) else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "The OAuth client was not found.")
            .into_response();
    };
    if client.client_secret != secret {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "The provided client secret is invalid.")
            .into_response();
    }
    let answer = match form.get("grant_type") {
        Some("authorization_code") => exchange(&state, &client.client_id, &form),
        Some("refresh_token") => {
            let answer = refresh(&state, &client.client_id, &form);
            let what = if answer.is_ok() { Refresh::Given } else { Refresh::Refused };
            state.refreshed(Provider::Google, form.get("refresh_token"), what);
            answer
        }
        Some(other) => Err(bad("unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
        None => Err(bad("invalid_request", "Required parameter is missing: grant_type")),
    };
    match answer {
        Ok(answer) => {
            state.keep();
            let headers = [(header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate")];
            (headers, Json(Value::Object(answer))).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn exchange(state: &State, client_id: &str, form: &Fields) -> Result<Map<String, Value>, Refusal> {
    let given = form.get("code").ok_or_else(|| bad("invalid_request", "Missing required parameter: code"))?;
    let redirect = form
        .get("redirect_uri")
        .ok_or_else(|| bad("invalid_request", "Missing required parameter: redirect_uri"))?;
    let now_ms = state.now_ms();
    let testing = state.switches().google_testing_mode;
    let mut grants = state.grants();
    let malformed = || bad("invalid_grant", "Malformed auth code.");
    let code =
        grants.codes.get_mut(given).filter(|code| code.provider == Provider::Google).ok_or_else(malformed)?;
    if code.client_id != client_id || code.used || now_ms - code.made >= CODE_LIFETIME_MS {
        return Err(bad("invalid_grant", "Bad Request"));
    }
    if code.redirect_uri != redirect {
        return Err(bad("redirect_uri_mismatch", "Bad Request"));
    }
    match (&code.challenge, form.get("code_verifier")) {
        (None, None) => {}
        (Some(_), None) => return Err(bad("invalid_grant", "Missing code verifier.")),
        (Some(challenge), Some(verifier)) if verifier_fits(challenge, verifier) => {}
        _ => return Err(bad("invalid_grant", "Invalid code verifier.")),
    }
    code.used = true;
    let code = code.clone();
    let claims = Claims {
        provider: Provider::Google,
        kind: Kind::Access,
        client: client_mark(client_id),
        person: code.person,
        scopes: code.scopes,
        grant: grants.next_grant(now_ms),
        generation: 0,
        issued: now_ms.div_euclid(1000),
        testing,
    };
    grants.remember(&claims, code.offline);
    drop(grants);
    let refresh = code.offline.then(|| Claims { kind: Kind::Refresh, ..claims.clone() });
    Ok(answer(state, &claims, refresh.as_ref(), testing.then_some(TESTING_LIFETIME)))
}

fn refresh(state: &State, client_id: &str, form: &Fields) -> Result<Map<String, Value>, Refusal> {
    let given = form
        .get("refresh_token")
        .ok_or_else(|| bad("invalid_request", "Missing required parameter: refresh_token"))?;
    let dead = || bad("invalid_grant", "Token has been expired or revoked.");
    let claims = state
        .signer()
        .read(Provider::Google, given, state.people())
        .filter(|claims| claims.kind == Kind::Refresh)
        .ok_or_else(|| bad("invalid_grant", "Bad Request"))?;
    if claims.client != client_mark(client_id) {
        return Err(refuse(StatusCode::UNAUTHORIZED, "unauthorized_client", "Unauthorized"));
    }
    let now = state.now();
    let target = Target { provider: Provider::Google, person: Some(&claims.person), path: PATH };
    let cut = |kind: &FaultKind| matches!(kind, FaultKind::ExpiredConsent | FaultKind::RevokedConsent);
    let left = claims.testing.then_some(claims.issued + TESTING_LIFETIME - now);
    if state.fault(target, cut) || left.is_some_and(|left| left <= 0) {
        return Err(dead());
    }
    let rotate = state.switches().google_refresh_rotation;
    let mut grants = state.grants();
    if grants.is_revoked(&claims) || !grants.is_live(&claims, now) {
        return Err(dead());
    }
    let fresh = Claims { kind: Kind::Access, issued: now, ..claims.clone() };
    if !rotate {
        grants.touched(&claims, now);
        drop(grants);
        return Ok(answer(state, &fresh, None, left));
    }
    let Turn::New(rotation) = grants.turn(&claims, now, false) else { return Err(dead()) };
    drop(grants);
    let next = Claims { generation: rotation.generation, ..claims };
    Ok(answer(state, &Claims { generation: rotation.generation, ..fresh }, Some(&next), left))
}

fn answer(state: &State, access: &Claims, refresh: Option<&Claims>, left: Option<i64>) -> Map<String, Value> {
    let token = |claims: &Claims| Value::String(state.signer().token(claims, state.people()));
    let mut answer = Map::new();
    answer.insert("access_token".to_owned(), token(access));
    answer.insert("expires_in".to_owned(), lifetime(Provider::Google).into());
    if let Some(refresh) = refresh {
        answer.insert("refresh_token".to_owned(), token(refresh));
    }
    answer.insert("scope".to_owned(), access.scopes.names(Provider::Google).join(" ").into());
    answer.insert("token_type".to_owned(), "Bearer".into());
    if let Some(left) = left {
        answer.insert("refresh_token_expires_in".to_owned(), left.into());
    }
    answer
}

/// `POST /google/revoke`.
pub(crate) async fn revoke(
    Shared(state): Shared<State>,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
    body: Bytes,
) -> Response {
    let (form, query) = (Fields::read(&body), Fields::read(query.unwrap_or_default().as_bytes()));
    let token = form.get("token").or(query.get("token")).unwrap_or_default();
    let claims = state.signer().read(Provider::Google, token, state.people());
    let known = claims.filter(|claims| !state.grants().is_revoked(claims));
    let Some(claims) = known else {
        return bad("invalid_token", "Token expired or revoked").into_response();
    };
    state.grants().revoke(&claims);
    state.keep();
    Json(json!({})).into_response()
}
