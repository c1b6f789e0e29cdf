//! The Google Health API v4.

pub(crate) mod catalogue;
pub(crate) mod error;
mod filter;
mod json;
mod list;
mod paging;
mod points;
mod records;
pub(crate) mod respond;
mod rollup;
mod user;
mod window;
mod wire;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, Path, State as Shared};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;

use crate::faults::{FaultKind, Provider, Target};
use crate::oauth::scopes::Scopes;
use crate::people::View;
use crate::state::{Caller, State};
use catalogue::{DataType, LOCATION, Operation};
use error::GoogleError;
use respond::Wire;

/// A request on its way to its answer.
pub(crate) struct Call {
    pub(crate) state: State,
    pub(crate) wire: Wire,
    pub(crate) path: String,
    headers: HeaderMap,
}

type Answer = Result<Response<Body>, GoogleError>;

impl Call {
    fn new(state: State, uri: &axum::http::Uri, headers: HeaderMap) -> Call {
        let wire = Wire::of_query(uri.query().unwrap_or_default());
        Call { state, wire, path: uri.path().to_owned(), headers }
    }

    fn finish(&self, answer: Answer) -> Response<Body> {
        answer.unwrap_or_else(|error| self.wire.refuse(&error))
    }

    /// Whose request it is: token, quota, the user in the path.
    fn caller(&self, method: &str, user: &str) -> Result<Caller, GoogleError> {
        let Some(token) = self.wire.token(&self.headers) else {
            return Err(match self.wire.parameter("key") {
                Some(_) => GoogleError::api_key(),
                None => GoogleError::credentials_missing(method),
            });
        };
        let found = self.state.caller(Provider::Google, token, &self.path);
        let caller = found.map_err(|_| GoogleError::credentials_invalid())?;
        self.count(&caller)?;
        if user != "me" && user != caller.person.profile.google_id {
            return Err(GoogleError::permission_denied());
        }
        Ok(caller)
    }

    fn count(&self, caller: &Caller) -> Result<(), GoogleError> {
        let switches = self.state.switches();
        let (limit, project) = (switches.google_person_limit(), switches.google_project_limit());
        let left = (60 - self.state.now().rem_euclid(60)) as u64;
        let retry_after = switches.google_retry_after.then_some(left);
        if self.state.spend(caller, limit) > limit {
            return Err(GoogleError::quota(limit, retry_after));
        }
        if self.state.spend_of_project(caller, project) > project {
            return Err(GoogleError::project_quota(project, retry_after));
        }
        Ok(())
    }

    fn target<'a>(&'a self, caller: &'a Caller) -> Target<'a> {
        Target { provider: Provider::Google, person: Some(caller.person.profile.id), path: &self.path }
    }

    /// Scope, then account; the arguments come after.
    fn admit(&self, caller: &Caller, scope: Option<&str>) -> Result<(), GoogleError> {
        let target = self.target(caller);
        if let Some(scope) = scope {
            let wanted = Scopes::one(Provider::Google, scope).unwrap_or_default();
            let missing = self.state.fault(target, |kind| matches!(kind, FaultKind::MissingScope));
            if missing || !caller.scopes().contains(wanted) {
                return Err(GoogleError::scope_insufficient(scope));
            }
        }
        if self.state.fault(target, |kind| matches!(kind, FaultKind::AccountNotLinked)) {
            return Err(GoogleError::account_not_linked());
        }
        if self.state.fault(target, |kind| matches!(kind, FaultKind::PreconditionFailed)) {
            return Err(GoogleError::precondition_failed());
        }
        Ok(())
    }

    fn view(&self, caller: &Caller) -> View {
        self.state.view(caller, self.target(caller))
    }

    /// Everything before the arguments of a method on data points.
    fn open(
        &self,
        user: &str,
        data_type: &str,
        operation: Operation,
    ) -> Result<(DataType, View), GoogleError> {
        let caller = self.caller(operation.method(), user)?;
        let known = DataType::named(data_type).ok_or_else(|| unknown_type(data_type))?;
        self.admit(&caller, Some(known.scope()))?;
        if !known.allows(operation) {
            return Err(GoogleError::invalid(
                "INVALID_PARENT_DATA_TYPE_COLLECTION",
                &format!("The data type {data_type} does not support this method."),
            ));
        }
        Ok((known, self.view(&caller)))
    }
}

fn unknown_type(data_type: &str) -> GoogleError {
    let kebab =
        data_type.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let reason = if kebab {
        "INVALID_PARENT_DATA_TYPE_COLLECTION"
    } else {
        "INVALID_PARENT_DATA_TYPE_COLLECTION_FORMAT"
    };
    GoogleError::invalid(reason, "The data type in the parent is not supported.")
}

fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, GoogleError> {
    serde_json::from_slice(bytes).map_err(|error| GoogleError::invalid_payload(&error.to_string()))
}

async fn get_collection(
    Shared(state): Shared<State>,
    Path((user, data_type, collection)): Path<(String, String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, headers);
    let operation = match collection.as_str() {
        "dataPoints" => Operation::List,
        "dataPoints:reconcile" => Operation::Reconcile,
        _ => return not_found().await,
    };
    let answer = call.open(&user, &data_type, operation).and_then(|(data_type, view)| {
        call.wire.answer_text(list::points(&call, &view, data_type, operation == Operation::Reconcile)?)
    });
    call.finish(answer)
}

async fn post_collection(
    Shared(state): Shared<State>,
    Path((user, data_type, collection)): Path<(String, String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response<Body> {
    let call = Call::new(state, &uri, headers);
    let answer = match collection.as_str() {
        "dataPoints:rollUp" => {
            call.open(&user, &data_type, Operation::RollUp).and_then(|(data_type, view)| {
                call.wire.answer_text(rollup::roll_up(&call, &view, data_type, &body(&bytes)?)?)
            })
        }
        "dataPoints:dailyRollUp" => {
            call.open(&user, &data_type, Operation::DailyRollUp).and_then(|(data_type, view)| {
                call.wire.answer_text(rollup::daily_roll_up(&call, &view, data_type, &body(&bytes)?)?)
            })
        }
        _ => return not_found().await,
    };
    call.finish(answer)
}

async fn get_point(
    Shared(state): Shared<State>,
    Path((user, data_type, collection, id)): Path<(String, String, String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    if collection != "dataPoints" {
        return not_found().await;
    }
    let call = Call::new(state, &uri, headers);
    let answer = match id.strip_suffix(":exportExerciseTcx") {
        Some(id) => export(&call, &user, &data_type, id),
        None => call
            .open(&user, &data_type, Operation::Get)
            .and_then(|(data_type, view)| call.wire.answer_text(list::get(&call, &view, data_type, &id)?)),
    };
    call.finish(answer)
}

/// A route needs the location scope besides that of exercises.
fn export(call: &Call, user: &str, data_type: &str, id: &str) -> Answer {
    let caller = call.caller(Operation::ExportTcx.method(), user)?;
    call.admit(&caller, Some(LOCATION))?;
    let known = DataType::named(data_type).filter(|known| known.allows(Operation::ExportTcx));
    let known = known.ok_or_else(|| unknown_type(data_type))?;
    call.admit(&caller, Some(known.scope()))?;
    call.wire.answer_tcx(list::export(call, &call.view(&caller), id)?)
}

const PROFILE: &str = "https://www.googleapis.com/auth/googlehealth.profile.readonly";
const SETTINGS: &str = "https://www.googleapis.com/auth/googlehealth.settings.readonly";

async fn get_single(
    Shared(state): Shared<State>,
    Path((user, what)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, headers);
    let (method, scope) = match what.as_str() {
        "identity" => ("HealthProfileService.GetIdentity", None),
        "profile" => ("HealthProfileService.GetProfile", Some(PROFILE)),
        "settings" => ("HealthProfileService.GetSettings", Some(SETTINGS)),
        "pairedDevices" => ("HealthProfileService.ListPairedDevices", Some(SETTINGS)),
        _ => return not_found().await,
    };
    let answer = call.caller(method, &user).and_then(|caller| {
        call.admit(&caller, scope)?;
        let view = call.view(&caller);
        let value = match what.as_str() {
            "identity" => user::identity(&caller),
            "profile" => user::profile(&caller, &view),
            "settings" => user::settings(&caller, &view),
            _ => user::paired_devices(&call, &view)?,
        };
        call.wire.answer(&value)
    });
    call.finish(answer)
}

async fn get_device(
    Shared(state): Shared<State>,
    Path((user, id)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let call = Call::new(state, &uri, headers);
    let answer = call.caller("HealthProfileService.GetPairedDevice", &user).and_then(|caller| {
        call.admit(&caller, Some(SETTINGS))?;
        call.wire.answer(&user::paired_device(&call.view(&caller), &id)?)
    });
    call.finish(answer)
}

/// Unknown paths are an HTML page.
pub(crate) async fn not_found() -> Response<Body> {
    let page = "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error 404 (Not Found)!!1</title>\n\
                <p><b>404.</b> <ins>That’s an error.</ins>\n<p>The requested URL was not found on this server. \
                <ins>That’s all we know.</ins>\n";
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, axum::http::HeaderValue::from_static("text/html; charset=UTF-8"));
    response
}

/// Routes below `/google`, OAuth included.
pub(crate) fn routes() -> Router<State> {
    use crate::oauth::{authorize, google};
    Router::new()
        .route("/o/oauth2/v2/auth", get(authorize::page).post(authorize::answer))
        .route("/token", post(google::token))
        .route("/revoke", post(google::revoke))
        .route("/v4/users/{user}/dataTypes/{type}/{collection}", get(get_collection).post(post_collection))
        .route("/v4/users/{user}/dataTypes/{type}/{collection}/{id}", get(get_point))
        .route("/v4/users/{user}/pairedDevices/{id}", get(get_device))
        .route("/v4/users/{user}/{what}", get(get_single))
        .merge(crate::push::google::routes())
        .method_not_allowed_fallback(not_found)
        .fallback(not_found)
}
