//! The legacy Fitbit Web API.

mod activity;
mod body;
mod dates;
pub(crate) mod error;
mod exercise;
mod heart;
mod log_list;
mod night;
pub(crate) mod paths;
mod shuffle;
mod sleep;
mod user;
mod zone_minutes;

use axum::Json;
use axum::Router;
use axum::extract::{OriginalUri, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::Value;

use crate::faults::{FaultKind, Provider, Target};
use crate::oauth::scopes::Scopes;
use crate::oauth::{Fields, bearer};
use crate::people::View;
use crate::refusal::Refusal;
use crate::state::{Caller, State, TokenProblem};
use crate::switches::Switches;
use dates::Units;
use error::{VISIT, error};
pub(crate) use exercise::log_id as exercise_log_id;
use shuffle::Shuffled;
pub(crate) use sleep::log_id as sleep_log_id;

/// What an endpoint gets.
pub(crate) struct Call {
    pub(crate) view: View,
    pub(crate) units: Units,
    pub(crate) switches: Switches,
    pub(crate) query: Fields,
    /// What the person has granted.
    pub(crate) scopes: Scopes,
    /// The base address of this simulator's Fitbit API, for links.
    pub(crate) base: String,
}

/// JSON or an error.
pub(crate) type Answer = Result<Value, Refusal>;

/// Whose access token a request carries.
pub(crate) fn authenticate(state: &State, headers: &HeaderMap, path: &str) -> Result<Caller, Refusal> {
    let Some(token) = bearer(headers) else {
        return Err(error(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            None,
            &format!("Authorization header required. {VISIT}"),
        ));
    };
    state.caller(Provider::Fitbit, token, path).map_err(|problem| {
        let (kind, words) = match problem {
            TokenProblem::Expired => ("expired_token", "Access token expired"),
            TokenProblem::Invalid => ("invalid_token", "Access token invalid"),
        };
        error(StatusCode::UNAUTHORIZED, kind, None, &format!("{words}: {token}. {VISIT}"))
    })
}

async fn data(Shared(state): Shared<State>, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let caller = match authenticate(&state, &headers, path) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let rate = Rate::count(&state, &caller);
    let answer = if rate.exceeded() {
        error::too_many().into_response()
    } else if path.ends_with(".tcx") {
        match route(&state, &caller, path, uri.query().unwrap_or_default(), &headers) {
            Ok(tcx) => ([(header::CONTENT_TYPE, "application/vnd.garmin.tcx+xml")], tcx).into_response(),
            Err(refusal) => refusal.into_response(),
        }
    } else {
        let query = uri.query().unwrap_or_default();
        match answer(&state, &caller, path, query, &headers) {
            Ok(value) if state.switches().fitbit_shuffled_keys => {
                Json(Shuffled(&value, rate.made.into())).into_response()
            }
            Ok(value) => Json(value).into_response(),
            Err(refusal) => refusal.into_response(),
        }
    };
    rate.told(answer)
}

/// What an endpoint gets, and the version and the rest of its path after the user.
type Opened<'a> = (Call, &'a str, Vec<&'a str>);

/// Everything before the arguments: the path is served, its scope granted, the user the token's.
fn open<'a>(
    state: &State,
    caller: &Caller,
    path: &'a str,
    query: &str,
    headers: &HeaderMap,
) -> Result<Opened<'a>, Refusal> {
    let below = path.strip_prefix("/fitbit/").unwrap_or_default();
    let mut parts = below.split('/');
    let (Some(version), Some("user"), Some(user)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(error::not_found());
    };
    let rest: Vec<&str> = parts.collect();
    let served =
        paths::find(&format!("/{version}/user/-/{}", rest.join("/"))).ok_or_else(error::not_found)?;
    let profile = &caller.person.profile;
    let target = Target { provider: Provider::Fitbit, person: Some(profile.id), path };
    let wanted = Scopes::one(Provider::Fitbit, served.scope).unwrap_or_default();
    let missing = state.fault(target, |kind| matches!(kind, FaultKind::MissingScope));
    if missing || !caller.scopes().contains(wanted) {
        return Err(error::scope_missing(served.subject));
    }
    if user != "-" && user != profile.fitbit_id {
        return Err(error(
            StatusCode::FORBIDDEN,
            "insufficient_permissions",
            None,
            "API client is not authorized to view the data of the requested user.",
        ));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let call = Call {
        view: state.view(caller, target),
        units: Units::asked(headers),
        switches: state.switches(),
        query: Fields::read(query.as_bytes()),
        scopes: caller.scopes(),
        base: format!("http://{host}/fitbit"),
    };
    Ok((call, version, rest))
}

/// A route: the location scope besides that of activities.
fn route(
    state: &State,
    caller: &Caller,
    path: &str,
    query: &str,
    headers: &HeaderMap,
) -> Result<String, Refusal> {
    let (call, _, rest) = open(state, caller, path, query, headers)?;
    if !call.scopes.contains(Scopes::one(Provider::Fitbit, "location").unwrap_or_default()) {
        return Err(error::scope_missing("location"));
    }
    let id = rest.last().and_then(|last| last.strip_suffix(".tcx")).ok_or_else(error::not_found)?;
    exercise::route(&call, id)
}

fn answer(state: &State, caller: &Caller, path: &str, query: &str, headers: &HeaderMap) -> Answer {
    let (call, version, mut rest) = open(state, caller, path, query, headers)?;
    let bare = rest.pop().and_then(|last| last.strip_suffix(".json")).ok_or_else(error::not_found)?;
    rest.push(bare);
    match (version, rest.as_slice()) {
        ("1", ["activities", "list"]) => exercise::list(&call),
        ("1", ["activities", "heart", "date", rest @ ..]) => heart::answer(&call, rest),
        ("1", ["activities", "active-zone-minutes", "date", rest @ ..]) => zone_minutes::answer(&call, rest),
        ("1", ["activities", "date", day]) => activity::summary(&call, day),
        ("1", ["activities", "tracker", resource, "date", rest @ ..]) => {
            activity::series(&call, resource, true, rest)
        }
        ("1", ["activities", resource, "date", rest @ ..]) => activity::answer(&call, resource, rest),
        ("1", ["hrv", "date", rest @ ..]) => night::variability(&call, rest),
        ("1", ["spo2", "date", rest @ ..]) => night::oxygen(&call, rest),
        ("1", ["br", "date", rest @ ..]) => night::breathing(&call, rest),
        ("1", ["cardioscore", "date", rest @ ..]) => night::fitness(&call, rest),
        ("1", ["temp", "core", "date", rest @ ..]) => night::core_temperature(&call, rest),
        ("1", ["temp", "skin", "date", rest @ ..]) => night::skin_temperature(&call, rest),
        ("1.2", ["sleep", "date", rest @ ..]) => sleep::answer(&call, rest),
        ("1.2", ["sleep", "list"]) => sleep::list(&call),
        ("1", ["body", "log", "weight", "date", rest @ ..]) => body::weight_log(&call, rest),
        ("1", ["body", "log", "fat", "date", rest @ ..]) => body::fat_log(&call, rest),
        ("1", ["body", resource, "date", rest @ ..]) => body::series(&call, resource, rest),
        ("1", ["devices"]) => Ok(user::devices(&call)),
        ("1", ["profile"]) => Ok(user::profile(&call)),
        _ => Err(error::not_found()),
    }
}

/// The hourly budget of a person and application, and the headers that tell it.
struct Rate {
    limit: u32,
    made: u32,
    reset: i64,
    retry_after: bool,
}

impl Rate {
    fn count(state: &State, caller: &Caller) -> Rate {
        let switches = state.switches();
        let now = state.now();
        let limit = switches.fitbit_requests_per_hour;
        Rate {
            limit,
            made: state.spend(caller, limit),
            reset: 3600 - now.rem_euclid(3600),
            retry_after: switches.fitbit_retry_after,
        }
    }

    fn exceeded(&self) -> bool {
        self.made > self.limit
    }

    fn told(&self, mut response: Response) -> Response {
        let exceeded = self.exceeded();
        let headers = response.headers_mut();
        let left = self.limit.saturating_sub(self.made);
        headers.insert("fitbit-rate-limit-limit", HeaderValue::from(self.limit));
        headers.insert("fitbit-rate-limit-remaining", HeaderValue::from(left));
        headers.insert("fitbit-rate-limit-reset", HeaderValue::from(self.reset));
        if exceeded && self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.reset));
        }
        response
    }
}

/// Routes below `/fitbit`, OAuth included.
pub(crate) fn routes() -> Router<State> {
    use crate::oauth::{authorize, fitbit};
    Router::new()
        .route("/oauth2/authorize", get(authorize::page).post(authorize::answer))
        .route("/oauth2/token", post(fitbit::token))
        .route("/oauth2/revoke", post(fitbit::revoke))
        .route("/1.1/oauth2/introspect", post(fitbit::introspect))
        .route("/1/user/-/apiSubscriptions.json", any(crate::push::fitbit::api))
        .route("/1/user/-/apiSubscriptions/{id}", any(crate::push::fitbit::api))
        .route("/1/user/-/{collection}/apiSubscriptions.json", any(crate::push::fitbit::api))
        .route("/1/user/-/{collection}/apiSubscriptions/{id}", any(crate::push::fitbit::api))
        .fallback(get(data))
}

/// The templates of the Fitbit data paths that are served, as Fitbit's own API description spells them.
pub fn served_paths() -> impl Iterator<Item = &'static str> {
    paths::SERVED.iter().map(|served| served.template)
}
