use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use pulsekeep_core::{
    account::{self, Role, Viewer},
    id::{ApiTokenId, UserId},
    time::DAY_MS,
};
use pulsekeep_store::{ApiToken, AuditEvent, NewApiToken};
use secrecy::ExposeSecret as _;

use super::{
    context::RequestContext as _,
    enums::Scope,
    errors::{ApiError, Reply},
    ids::Id,
    scalars::DateTime,
};
use crate::{auth::NewSecret, http::Credential};

/// Longest life of a token that has an end.
const MOST_DAYS: i32 = 3_650;

/// An API token, without its secret.
pub(super) struct ApiTokenNode(pub ApiToken);

/// An API token, without its secret.
#[Object(name = "ApiToken")]
impl ApiTokenNode {
    async fn id(&self) -> Id<ApiTokenId> {
        Id(self.0.id)
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn scopes(&self) -> Vec<Scope> {
        self.0.scopes.iter().map(|&scope| scope.into()).collect()
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Null for a token without an end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// To the minute.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

/// An API token to be made.
#[derive(InputObject)]
pub(super) struct CreateApiTokenInput {
    name: String,
    scopes: Vec<Scope>,
    /// No end when left out.
    expires_in_days: Option<i32>,
    /// Narrows the token to these people.
    user_ids: Option<Vec<Id<UserId>>>,
}

/// What came of making a token.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CreateApiTokenStatus {
    /// Made.
    Created,
    /// A token needs a name.
    NameEmpty,
    /// A token needs a scope.
    NoScopes,
    /// A scope is not yours to give.
    ScopeNotAllowed,
    /// One of the people is not there, or not yours to see.
    UserNotFound,
}

/// What came of making a token.
#[derive(SimpleObject)]
pub(super) struct CreateApiTokenPayload {
    status: CreateApiTokenStatus,
    message: Option<String>,
    token: Option<ApiTokenNode>,
    /// The token itself; shown once.
    secret: Option<String>,
}

/// What came of revoking a token.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RevokeApiTokenStatus {
    /// The token is good for nothing any more.
    Revoked,
    /// There is no such token, or it is not yours.
    NotFound,
}

/// What came of revoking a token.
#[derive(SimpleObject)]
pub(super) struct RevokeApiTokenPayload {
    status: RevokeApiTokenStatus,
    token: Option<ApiTokenNode>,
}

/// Mutations on API tokens.
#[derive(Default)]
pub(super) struct TokenMutation;

#[Object]
impl TokenMutation {
    /// Makes an API token that acts for the viewer. In a web session only.
    async fn create_api_token(
        &self,
        ctx: &Context<'_>,
        input: CreateApiTokenInput,
    ) -> Reply<CreateApiTokenPayload> {
        let viewer = in_web_session(ctx)?;
        let owner = viewer.user.ok_or_else(ApiError::unauthenticated)?;
        if let Some((status, message)) = refused(ctx, viewer, &input).await? {
            return Ok(CreateApiTokenPayload {
                status,
                message: Some(message.to_owned()),
                token: None,
                secret: None,
            });
        }
        let (services, now) = (ctx.services()?, ctx.now()?);
        let secret = NewSecret::api_token().map_err(|error| ApiError::internal(&error))?;
        let new = NewApiToken {
            user_id: owner,
            name: input.name.trim().to_owned(),
            hash: secret.hash,
            scopes: scopes_of(&input),
            expires_at: input.expires_in_days.map(|days| now.plus(i64::from(days) * DAY_MS)),
            people: input.user_ids.map(|ids| ids.into_iter().map(|id| id.0).collect()),
        };
        let token = services.store.create_api_token(new, now).await?;
        let event = AuditEvent { actor: viewer.user, action: "token.create", subject: token.id.to_string() };
        services.store.audit(event, now).await?;
        Ok(CreateApiTokenPayload {
            status: CreateApiTokenStatus::Created,
            message: None,
            token: Some(ApiTokenNode(token)),
            secret: Some(secret.text.expose_secret().to_owned()),
        })
    }

    /// Revokes one of the viewer's API tokens. In a web session only.
    async fn revoke_api_token(&self, ctx: &Context<'_>, id: Id<ApiTokenId>) -> Reply<RevokeApiTokenPayload> {
        let viewer = in_web_session(ctx)?;
        let owner = viewer.user.ok_or_else(ApiError::unauthenticated)?;
        let (services, now) = (ctx.services()?, ctx.now()?);
        let Some(token) = services.store.revoke_api_token(owner, id.0, now).await? else {
            return Ok(RevokeApiTokenPayload { status: RevokeApiTokenStatus::NotFound, token: None });
        };
        let event = AuditEvent { actor: viewer.user, action: "token.revoke", subject: id.0.to_string() };
        services.store.audit(event, now).await?;
        let token = Some(ApiTokenNode(token));
        Ok(RevokeApiTokenPayload { status: RevokeApiTokenStatus::Revoked, token })
    }
}

/// A token must not beget tokens: one that leaked could outlive its revocation.
fn in_web_session<'a>(ctx: &'a Context<'_>) -> Reply<&'a Viewer> {
    let viewer = ctx.viewer()?;
    match ctx.caller()?.credential {
        Credential::Session(_) => Ok(viewer),
        _ => {
            Err(ApiError::forbidden("API tokens are made and revoked in a web session, not by an API token"))
        }
    }
}

fn scopes_of(input: &CreateApiTokenInput) -> Vec<account::Scope> {
    let mut scopes: Vec<account::Scope> = input.scopes.iter().map(|&scope| scope.into()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

async fn refused(
    ctx: &Context<'_>,
    viewer: &Viewer,
    input: &CreateApiTokenInput,
) -> Reply<Option<(CreateApiTokenStatus, &'static str)>> {
    use CreateApiTokenStatus::{NameEmpty, NoScopes, ScopeNotAllowed, UserNotFound};
    if input.expires_in_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return Err(ApiError::bad_input(format!("`expiresInDays` must be from 1 to {MOST_DAYS}")));
    }
    if !super::account::is_name(input.name.trim()) {
        return Ok(Some((NameEmpty, "Give the token a name that says what it is for.")));
    }
    if input.scopes.is_empty() {
        return Ok(Some((NoScopes, "Choose at least one scope.")));
    }
    if viewer.role != Role::Admin && scopes_of(input).contains(&account::Scope::Admin) {
        return Ok(Some((ScopeNotAllowed, "Only admins can make tokens with the scope admin.")));
    }
    for id in input.user_ids.iter().flatten() {
        if ctx.loaders()?.person(id.0).await?.is_none() {
            return Ok(Some((UserNotFound, "One of the people is not there; choose from the list.")));
        }
    }
    Ok(None)
}
