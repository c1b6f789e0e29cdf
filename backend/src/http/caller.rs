//! Who asks: a web session, an API token, or nobody known.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, StatusCode, header, request::Parts};
use pulsekeep_core::{
    EpochMs,
    account::{Role, Scope, Viewer},
};
use pulsekeep_store::{ApiToken, User};
use tower_sessions::Session;

use super::{
    App,
    problem::Problem,
    session::{SignedIn, WebSession},
};
use crate::{auth, services::Services};

/// By what a caller is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// By nothing.
    None,
    /// By a web session.
    Session(SignedIn),
    /// By an API token.
    Token(Box<ApiToken>),
}

/// Why a bearer token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefused {
    /// It is not one of ours.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl TokenRefused {
    /// The word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "TOKEN_UNKNOWN",
            Self::Expired => "TOKEN_EXPIRED",
            Self::Revoked => "TOKEN_REVOKED",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Unknown => "The API token is not known here; check that it was copied whole",
            Self::Expired => "The API token has expired; make a new one",
            Self::Revoked => "The API token was revoked; make a new one",
        }
    }
}

impl From<TokenRefused> for Problem {
    fn from(refused: TokenRefused) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, refused.code(), refused.message())
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What they may do; `None` for nobody known.
    pub viewer: Option<Viewer>,
    /// The user behind them.
    pub user: Option<User>,
    /// By what they are known.
    pub credential: Credential,
    /// The web session, which may be empty.
    pub session: WebSession,
    /// Their network address.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Who sends a request with these headers. A bearer token counts before a cookie.
    ///
    /// # Errors
    /// A refused token, or a store that fails.
    pub async fn of(app: &App, parts: &Parts) -> Result<Self, Problem> {
        let session = WebSession(
            parts
                .extensions
                .get::<Session>()
                .cloned()
                .ok_or_else(|| Problem::internal(&"the route has no session layer"))?,
        );
        let address = address(parts, app.options.trust_forwarded_for);
        let nobody = Self { viewer: None, user: None, credential: Credential::None, session, address };
        match bearer(&parts.headers) {
            Some(secret) => nobody.with_token(&app.services, secret).await,
            None => nobody.with_session(&app.services).await,
        }
    }

    /// The same caller by an API token.
    ///
    /// # Errors
    /// A refused token, or a store that fails.
    pub async fn with_token(mut self, services: &Services, secret: &str) -> Result<Self, Problem> {
        let now = services.clock.now();
        let found = match auth::looks_like_api_token(secret) {
            true => services.store.api_token_by_hash(&auth::hash_secret(secret)).await,
            false => Ok(None),
        };
        let token = found.map_err(|e| Problem::internal(&e))?.ok_or(TokenRefused::Unknown)?;
        still_good(&token, now)?;
        services.store.touch_api_token(&token, now).await.map_err(|e| Problem::internal(&e))?;
        let user = services.store.user(token.user_id).await.map_err(|e| Problem::internal(&e))?;
        let user = user.ok_or(TokenRefused::Unknown)?;
        self.viewer = Some(viewer_of_token(&user, &token));
        self.user = Some(user);
        self.credential = Credential::Token(Box::new(token));
        Ok(self)
    }

    async fn with_session(mut self, services: &Services) -> Result<Self, Problem> {
        let Some(signed_in) = self.session.signed_in().await.map_err(|e| Problem::internal(&e))? else {
            return Ok(self);
        };
        let user = services.store.user(signed_in.user).await.map_err(|e| Problem::internal(&e))?;
        if let Some(user) = user.filter(|user| user.session_epoch == signed_in.epoch) {
            self.session.renew(services.clock.now()).await.map_err(|e| Problem::internal(&e))?;
            self.viewer = Some(Viewer::session(user.id, user.role));
            self.user = Some(user);
            self.credential = Credential::Session(signed_in);
        }
        Ok(self)
    }

    /// Whether what the caller was known by still holds, as the store has it now.
    pub async fn still_holds(&self, services: &Services) -> bool {
        match &self.credential {
            Credential::None => true,
            Credential::Session(signed_in) => {
                let session = self.session.reload().await.is_ok()
                    && self.session.signed_in().await.is_ok_and(|now| now == Some(*signed_in));
                let user = services.store.user(signed_in.user).await.ok().flatten();
                session && user.is_some_and(|user| user.session_epoch == signed_in.epoch)
            }
            // Asked for again by its owner: the hash is not kept in memory.
            Credential::Token(token) => services.store.api_tokens(token.user_id).await.is_ok_and(|tokens| {
                tokens.iter().any(|t| t.id == token.id && still_good(t, services.clock.now()).is_ok())
            }),
        }
    }
}

fn still_good(token: &ApiToken, now: EpochMs) -> Result<(), TokenRefused> {
    if token.revoked_at.is_some() {
        return Err(TokenRefused::Revoked);
    }
    if token.expires_at.is_some_and(|end| end <= now) {
        return Err(TokenRefused::Expired);
    }
    Ok(())
}

/// A token acts for its user within its scopes. The admin scope is worth nothing to who is no admin (any more).
fn viewer_of_token(user: &User, token: &ApiToken) -> Viewer {
    let scopes = token.scopes.iter().copied().filter(|&s| s != Scope::Admin || user.role == Role::Admin);
    Viewer { user: Some(user.id), role: user.role, scopes: scopes.collect(), people: token.people.clone() }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn address(parts: &Parts, trust_forwarded_for: bool) -> Option<IpAddr> {
    let forwarded = || {
        let last = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if trust_forwarded_for { forwarded().or(direct) } else { direct }
}
