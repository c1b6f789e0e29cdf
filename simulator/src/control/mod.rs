//! The control API: what tests and the demo ask of the world itself.

mod range;
mod truth;

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::faults::{FaultRule, Provider};
use crate::oauth::Fields;
use crate::oauth::authorize::{AuthorizeRequest, Decision};
use crate::oauth::scopes::Scopes;
use crate::people::{Day, View};
use crate::refusal::Refusal;
use crate::state::State;
use crate::switches::Switches;

/// Routes below `/control`.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/people", get(people))
        .route("/people/{id}/truth", get(truth_of_day))
        .route("/people/{id}/truth/range", get(truth_of_range))
        .route("/usage", get(usage).delete(clear_usage))
        .route("/consent", post(consent))
        .route("/switches", get(switches).put(set_switches))
        .route("/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/clock", get(clock).post(advance_clock))
        .nest("/push", crate::push::routes())
}

pub(crate) fn refuse(status: StatusCode, message: impl Into<String>) -> Refusal {
    (status, Json(json!({ "error": message.into() }))).into_response().into()
}

pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| refuse(StatusCode::BAD_REQUEST, format!("the body does not fit: {error}")))
}

/// `GET /`: what this is.
pub(crate) async fn about() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pulsekeep simulator</title>\
         <h1>Pulsekeep simulator</h1><p>Google Health below <code>/google</code>, the Fitbit Web API below <code>/fitbit</code>, \
         control below <a href=\"/control/people\"><code>/control</code></a>.</p></html>",
    )
}

async fn people(Shared(state): Shared<State>) -> Json<Value> {
    let people: Vec<Value> = state
        .people()
        .all()
        .iter()
        .map(|person| {
            let profile = &person.profile;
            json!({
                "id": profile.id,
                "name": profile.name,
                "google_id": profile.google_id,
                "fitbit_id": profile.fitbit_id,
                "time_zone": profile.zone,
                "provider": profile.provider(),
                "special": profile.special,
            })
        })
        .collect();
    Json(json!({ "people": people }))
}

#[derive(Deserialize)]
struct TruthQuery {
    day: String,
}

async fn truth_of_day(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    Query(query): Query<TruthQuery>,
) -> Response {
    let Some(person) = state.people().find(&id) else {
        return refuse(
            StatusCode::NOT_FOUND,
            format!("nobody here has the id {id}; GET /control/people lists all"),
        )
        .into_response();
    };
    let view = View::new(state.people().clone(), person.clone(), state.now(), Vec::new());
    let day = if query.day == "today" { Some(view.today()) } else { Day::parse(&query.day) };
    match day {
        Some(day) => Json(truth::of_day(&view, day)).into_response(),
        None => refuse(StatusCode::BAD_REQUEST, "day is a date, YYYY-MM-DD, or today").into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeQuery {
    provider: Provider,
    from: Day,
    to: Day,
    at: Option<jiff::Timestamp>,
    /// Comma-separated.
    metrics: Option<String>,
    #[serde(default)]
    native: bool,
}

/// Everything that a provider would tell of some days, both ends included, now or at an instant.
async fn truth_of_range(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    Query(query): Query<RangeQuery>,
) -> Response {
    let Some(person) = state.people().find(&id) else {
        return refuse(
            StatusCode::NOT_FOUND,
            format!("nobody here has the id {id}; GET /control/people lists all"),
        )
        .into_response();
    };
    let now = query.at.map_or(state.now_ms(), jiff::Timestamp::as_millisecond);
    let withheld = state.faults().held_back(query.provider, person.profile.id, now);
    let view = View::new(state.people().clone(), person.clone(), now.div_euclid(1000), withheld);
    let view = match state.switches().devices_silent_after {
        Some(instant) => view.silent_after(instant.as_second()),
        None => view,
    };
    let metrics = query.metrics.iter().flat_map(|words| words.split(',')).map(str::to_owned).collect();
    let asked = range::Asked {
        provider: query.provider,
        from: query.from,
        to: query.to,
        metrics,
        native: query.native,
    };
    Json(range::tell(&view, &asked)).into_response()
}

#[derive(Deserialize)]
struct UsageQuery {
    #[serde(default)]
    windows: bool,
}

/// What was spent of quotas, and the refreshes.
async fn usage(Shared(state): Shared<State>, Query(query): Query<UsageQuery>) -> Json<Value> {
    Json(state.usage().told(query.windows))
}

async fn clear_usage(Shared(state): Shared<State>) -> StatusCode {
    state.usage().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentRequest {
    authorize_url: String,
    person: String,
    #[serde(default)]
    deny: bool,
    scopes: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ConsentAnswer {
    redirect_to: String,
}

/// Clicks through the consent page of an authorize address.
async fn consent(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read(&body).and_then(|request| click(&state, &request)) {
        Ok(redirect_to) => Json(ConsentAnswer { redirect_to }).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Clicks "Allow" as `person`, with every scope that is asked for.
pub(crate) fn allow(state: &State, authorize_url: &str, person: &str) -> Result<String, String> {
    let request = ConsentRequest {
        authorize_url: authorize_url.to_owned(),
        person: person.to_owned(),
        deny: false,
        scopes: None,
    };
    decide(state, &request)
}

fn click(state: &State, asked: &ConsentRequest) -> Result<String, Refusal> {
    decide(state, asked).map_err(|message| refuse(StatusCode::BAD_REQUEST, message))
}

fn decide(state: &State, asked: &ConsentRequest) -> Result<String, String> {
    let url =
        Url::parse(&asked.authorize_url).map_err(|error| format!("authorize_url is no address: {error}"))?;
    let provider = match url.path() {
        "/google/o/oauth2/v2/auth" => Provider::Google,
        "/fitbit/oauth2/authorize" => Provider::Fitbit,
        other => return Err(format!("{other} is not an authorize address of this simulator")),
    };
    let query = Fields::read(url.query().unwrap_or_default().as_bytes());
    let page = |problem: crate::oauth::authorize::AuthorizeProblem| {
        format!("the consent page refuses this request: {} - {}", problem.code, problem.message)
    };
    let request = AuthorizeRequest::read(state, provider, &query).map_err(page)?;
    let scopes = match &asked.scopes {
        None => request.scopes,
        Some(names) => Scopes::read(provider, names.iter().map(String::as_str))
            .map_err(|name| format!("unknown scope: {name}"))?,
    };
    if !asked.deny && state.people().find(&asked.person).is_none() {
        return Err(format!("nobody here has the id {}; GET /control/people lists all", asked.person));
    }
    let decision =
        if asked.deny { Decision::Deny } else { Decision::Allow { person: asked.person.clone(), scopes } };
    request.decide(state, decision).map_err(page)
}

async fn switches(Shared(state): Shared<State>) -> Json<Switches> {
    Json(state.switches())
}

/// Sets all switches: what the body leaves out is at rest.
async fn set_switches(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read::<Switches>(&body) {
        Ok(switches) => {
            state.set_switches(switches);
            Json(state.switches()).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn shown_faults(state: &State) -> Json<Vec<FaultRule>> {
    Json(state.faults().rules.clone())
}

async fn faults(Shared(state): Shared<State>) -> Json<Vec<FaultRule>> {
    shown_faults(&state)
}

async fn set_faults(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read::<Vec<FaultRule>>(&body) {
        Ok(rules) => {
            state.faults().rules = rules;
            shown_faults(&state).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn clear_faults(Shared(state): Shared<State>) -> StatusCode {
    state.faults().rules.clear();
    StatusCode::NO_CONTENT
}

async fn requests(Shared(state): Shared<State>) -> Json<Value> {
    let log = state.log();
    Json(json!({ "total": log.total(), "requests": log.lines() }))
}

async fn clear_requests(Shared(state): Shared<State>) -> StatusCode {
    state.log().clear();
    StatusCode::NO_CONTENT
}

fn time(state: &State) -> Json<Value> {
    let now = jiff::Timestamp::from_millisecond(state.now_ms()).unwrap_or_default();
    Json(json!({ "now": now.to_string(), "now_ms": state.now_ms(), "offset_ms": state.clock_offset() }))
}

async fn clock(Shared(state): Shared<State>) -> Json<Value> {
    time(&state)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

async fn advance_clock(Shared(state): Shared<State>, body: Bytes) -> Response {
    match read::<Advance>(&body) {
        Ok(advance) => {
            state.advance(advance.advance_ms);
            time(&state).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}
