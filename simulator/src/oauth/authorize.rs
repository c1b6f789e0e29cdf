//! The authorize request of both providers, and what a person answers to it.

use axum::extract::{OriginalUri, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::Url;

use super::Fields;
use super::consent_page;
use super::grants::Code;
use super::scopes::Scopes;
use super::tokens::client_mark;
use crate::faults::Provider;
use crate::people::hash;
use crate::state::State;

/// A checked authorize request.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizeRequest {
    pub(crate) provider: Provider,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    state: Option<String>,
    challenge: Option<String>,
    offline: bool,
    asks_consent: bool,
    include_granted: bool,
}

/// An authorize request that gets a page instead of a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizeProblem {
    pub(crate) status: u16,
    /// The provider's error code.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// What the person does on the page.
pub(crate) enum Decision {
    Allow { person: String, scopes: Scopes },
    Deny,
}

fn problem(status: u16, code: &'static str, message: impl Into<String>) -> AuthorizeProblem {
    AuthorizeProblem { status, code, message: message.into() }
}

impl AuthorizeRequest {
    /// Checks the query of an authorize address.
    pub(crate) fn read(
        state: &State,
        provider: Provider,
        query: &Fields,
    ) -> Result<AuthorizeRequest, AuthorizeProblem> {
        match provider {
            Provider::Google => AuthorizeRequest::read_google(state, query),
            Provider::Fitbit => AuthorizeRequest::read_fitbit(state, query),
        }
    }

    fn read_google(state: &State, query: &Fields) -> Result<AuthorizeRequest, AuthorizeProblem> {
        let required = |name: &str| {
            query
                .get(name)
                .ok_or_else(|| problem(400, "invalid_request", format!("Missing required parameter: {name}")))
        };
        let client_id = required("client_id")?;
        let client = state
            .client(client_id)
            .ok_or_else(|| problem(401, "invalid_client", "The OAuth client was not found."))?;
        let redirect_uri = required("redirect_uri")?;
        if !redirect_allowed(state, &client.redirect_uris, redirect_uri) {
            return Err(problem(
                400,
                "redirect_uri_mismatch",
                "The redirect URI in the request does not match the ones authorized for the OAuth client.",
            ));
        }
        if required("response_type")? != "code" {
            return Err(problem(400, "unsupported_response_type", "Invalid response_type"));
        }
        let names = required("scope")?.split_whitespace();
        let scopes = Scopes::read(
            Provider::Google,
            names.filter(|name| !matches!(*name, "openid" | "email" | "profile")),
        )
        .map_err(|name| {
            problem(400, "invalid_scope", format!("Some requested scopes were invalid. {{invalid=[{name}]}}"))
        })?;
        Ok(AuthorizeRequest {
            provider: Provider::Google,
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: query.get("state").map(str::to_owned),
            challenge: challenge(query, "invalid_request")?,
            offline: query.get("access_type") == Some("offline"),
            asks_consent: query
                .get("prompt")
                .is_some_and(|prompt| prompt.split(' ').any(|word| word == "consent")),
            include_granted: query.get("include_granted_scopes") == Some("true"),
        })
    }

    fn read_fitbit(state: &State, query: &Fields) -> Result<AuthorizeRequest, AuthorizeProblem> {
        let client_id = query
            .get("client_id")
            .ok_or_else(|| problem(400, "invalid_request", "Missing parameters: client_id"))?;
        let client = state
            .client(client_id)
            .ok_or_else(|| problem(400, "unauthorized_client", "Invalid client_id"))?;
        if query.get("response_type") != Some("code") {
            return Err(problem(400, "unsupported_response_type", "Invalid response_type parameter value"));
        }
        let redirect_uri = match (query.get("redirect_uri"), client.redirect_uris.as_slice()) {
            (Some(uri), known) if redirect_allowed(state, known, uri) => uri.to_owned(),
            (None, [only]) => only.clone(),
            _ => return Err(problem(400, "invalid_request", "Invalid redirect_uri parameter value")),
        };
        let names =
            query.get("scope").ok_or_else(|| problem(400, "invalid_request", "Missing parameters: scope"))?;
        let scopes = Scopes::read(Provider::Fitbit, names.split_whitespace())
            .map_err(|name| problem(400, "invalid_scope", format!("Invalid scope: {name}")))?;
        Ok(AuthorizeRequest {
            provider: Provider::Fitbit,
            client_id: client_id.to_owned(),
            redirect_uri,
            scopes,
            state: query.get("state").map(str::to_owned),
            challenge: challenge(query, "invalid_request")?,
            offline: true,
            asks_consent: true,
            include_granted: false,
        })
    }

    /// Where the browser goes after the decision.
    pub(crate) fn decide(&self, state: &State, decision: Decision) -> Result<String, AuthorizeProblem> {
        let (person, scopes) = match decision {
            Decision::Allow { person, scopes } if !scopes.and(self.scopes).is_empty() => {
                (person, scopes.and(self.scopes))
            }
            _ => return Ok(self.redirect(state, &self.refusal())),
        };
        let person = state
            .people()
            .find(&person)
            .ok_or_else(|| problem(400, "invalid_request", "Choose one of the people on the page."))?;
        let mark = client_mark(&self.client_id);
        let now = state.now_ms();
        let mut grants = state.grants();
        grants.forget_old_codes(now);
        let limit = state.switches().google_user_limit();
        if self.provider == Provider::Google && !grants.admit(self.provider, mark, person.profile.id, limit) {
            return Err(problem(
                403,
                "rate_limit_exceeded",
                "Sign in with Google temporarily disabled for this app. This app has not been verified yet by Google in order \
                 to use Google Sign In.",
            ));
        }
        let before = grants.granted(self.provider, mark, person.profile.id);
        let scopes = match before {
            Some(before) if self.include_granted => scopes.or(before),
            _ => scopes,
        };
        let number = hash(0xC0DE, grants.codes.len() as u64, now, i64::from(mark));
        let code = self.code(number);
        grants.codes.insert(
            code.clone(),
            Code {
                provider: self.provider,
                client_id: self.client_id.clone(),
                redirect_uri: self.redirect_uri.clone(),
                challenge: self.challenge.clone(),
                person: person.profile.id.to_owned(),
                scopes,
                made: now,
                // a second consent gives a refresh token only if it was asked for again
                offline: self.offline && (self.asks_consent || before.is_none()),
                used: false,
            },
        );
        drop(grants);
        let granted = scopes.names(self.provider).join(" ");
        let fields = match self.provider {
            Provider::Google => vec![("code", code), ("scope", granted)],
            Provider::Fitbit => vec![("code", code)],
        };
        Ok(self.redirect(state, &fields))
    }

    fn code(&self, number: u64) -> String {
        let more = |stream| hash(number, stream, 0, 0);
        match self.provider {
            Provider::Google => format!("4/0A{:016x}{:016x}{:016x}", number, more(1), more(2)),
            Provider::Fitbit => format!("{number:016x}{:016x}{:08x}", more(1), more(2) as u32),
        }
    }

    fn refusal(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("error", "access_denied".to_owned())];
        if self.provider == Provider::Fitbit {
            fields.push(("error_description", "The user denied the request.".to_owned()));
        }
        fields
    }

    fn redirect(&self, state: &State, fields: &[(&'static str, String)]) -> String {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else { return self.redirect_uri.clone() };
        {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in fields {
                pairs.append_pair(name, value);
            }
            if let Some(state) = &self.state {
                pairs.append_pair("state", state);
            }
        }
        if self.provider == Provider::Fitbit && state.switches().fitbit_redirect_fragment {
            url.set_fragment(Some("_=_"));
        }
        url.into()
    }
}

/// The S256 challenge of a request. Plain challenges are refused, as is a method without a challenge.
fn challenge(query: &Fields, code: &'static str) -> Result<Option<String>, AuthorizeProblem> {
    let Some(challenge) = query.get("code_challenge") else { return Ok(None) };
    if !(43..=128).contains(&challenge.len()) {
        return Err(problem(400, code, "The code_challenge parameter length must be between 43 and 128"));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !challenge.bytes().all(allowed) {
        return Err(problem(400, code, "The code_challenge parameter is invalid"));
    }
    if query.get("code_challenge_method") != Some("S256") {
        return Err(problem(400, code, "Unsupported code_challenge_method"));
    }
    Ok(Some(challenge.to_owned()))
}

fn redirect_allowed(state: &State, registered: &[String], uri: &str) -> bool {
    let loopback = || {
        Url::parse(uri).is_ok_and(|url| {
            url.scheme() == "http"
                && url.fragment().is_none()
                && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
        })
    };
    registered.iter().any(|known| known == uri) || (state.any_loopback() && loopback())
}

/// `GET` of both authorize addresses: the consent page.
pub(crate) async fn page(Shared(state): Shared<State>, OriginalUri(uri): OriginalUri) -> Response {
    let Some(provider) = Provider::of_path(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let query = Fields::read(uri.query().unwrap_or_default().as_bytes());
    match AuthorizeRequest::read(&state, provider, &query) {
        Ok(request) => Html(consent_page::ask(&request, state.people())).into_response(),
        Err(problem) => problem_page(provider, &problem),
    }
}

/// `POST` of the page's form, to the same address.
pub(crate) async fn answer(
    Shared(state): Shared<State>,
    OriginalUri(uri): OriginalUri,
    body: axum::body::Bytes,
) -> Response {
    let Some(provider) = Provider::of_path(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let query = Fields::read(uri.query().unwrap_or_default().as_bytes());
    let form = Fields::read(&body);
    let decided = AuthorizeRequest::read(&state, provider, &query).and_then(|request| {
        let scopes = Scopes::read(provider, form.all("scope"))
            .map_err(|name| problem(400, "invalid_scope", format!("Unknown scope: {name}")))?;
        let decision = match form.get("decision") {
            Some("allow") => {
                // what is typed in goes before the list
                let person = form.get("who").or(form.get("person")).unwrap_or_default().to_owned();
                Decision::Allow { person, scopes }
            }
            _ => Decision::Deny,
        };
        request.decide(&state, decision)
    });
    match decided {
        Ok(target) => (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response(),
        Err(problem) => problem_page(provider, &problem),
    }
}

fn problem_page(provider: Provider, problem: &AuthorizeProblem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Html(consent_page::refuse(provider, problem))).into_response()
}
