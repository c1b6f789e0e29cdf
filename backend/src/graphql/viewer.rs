use async_graphql::{Context, Object};
use pulsekeep_core::account;
use pulsekeep_store::User;

use super::{
    context::RequestContext as _,
    enums::{ProviderKey, Role, Scope},
    errors::{ApiError, Reply},
    token::ApiTokenNode,
    user::UserNode,
};
use crate::services::Services;

/// Who asks.
pub(super) struct ViewerNode {
    user: User,
    scopes: Vec<account::Scope>,
}

impl ViewerNode {
    /// The viewer of the request.
    pub(super) fn of(ctx: &Context<'_>) -> Reply<Self> {
        let user = ctx.caller()?.user.clone().ok_or_else(ApiError::unauthenticated)?;
        Ok(Self { user, scopes: ctx.viewer()?.scopes.clone() })
    }

    /// Somebody who has just signed in.
    pub(super) fn signed_in(user: User) -> Self {
        let scopes = account::Viewer::session(user.id, user.role).scopes;
        Self { user, scopes }
    }
}

/// Who asks.
#[Object(name = "Viewer")]
impl ViewerNode {
    /// The signed-in user; null for an API token that is narrowed to other people.
    async fn user(&self, ctx: &Context<'_>) -> Reply<Option<UserNode>> {
        let visible = ctx.caller()?.viewer.as_ref().is_none_or(|viewer| viewer.may_see(self.user.id));
        Ok(visible.then(|| UserNode(self.user.clone())))
    }

    async fn role(&self) -> Role {
        self.user.role.into()
    }

    async fn email(&self) -> &str {
        &self.user.email
    }

    /// What the web session or token may be used for.
    async fn scopes(&self) -> Vec<Scope> {
        self.scopes.iter().map(|&scope| scope.into()).collect()
    }

    /// The providers that Pulsekeep knows.
    async fn providers(&self, ctx: &Context<'_>) -> Reply<Vec<ProviderInfo>> {
        Ok(providers(ctx.services()?))
    }

    /// The viewer's API tokens, newest first, ended and revoked ones included.
    #[graphql(complexity = "10 + child_complexity")]
    async fn api_tokens(&self, ctx: &Context<'_>) -> Reply<Vec<ApiTokenNode>> {
        let tokens = ctx.services()?.store.api_tokens(self.user.id).await?;
        Ok(tokens.into_iter().map(ApiTokenNode).collect())
    }
}

/// A provider that can be connected.
pub(super) struct ProviderInfo {
    key: account::ProviderKey,
    enabled: bool,
    asks_for_places: bool,
    connect_url: String,
}

/// All providers, enabled or not.
pub(super) fn providers(services: &Services) -> Vec<ProviderInfo> {
    account::ProviderKey::ALL
        .into_iter()
        .map(|key| ProviderInfo {
            key,
            enabled: services.is_enabled(key),
            asks_for_places: services.asks_for_places(key),
            connect_url: services.address(&format!("/connect/{key}")).into(),
        })
        .collect()
}

/// A provider that can be connected.
#[Object]
impl ProviderInfo {
    async fn key(&self) -> ProviderKey {
        self.key.into()
    }

    async fn name(&self) -> &str {
        self.key.name()
    }

    /// Whether it can be connected here.
    async fn enabled(&self) -> bool {
        self.enabled
    }

    /// Whether the consent asks for the places of exercises too, for their routes. A person may refuse that and lose nothing
    /// else.
    async fn asks_for_places(&self) -> bool {
        self.asks_for_places
    }

    /// Where a signed-in person begins their consent.
    async fn connect_url(&self) -> &str {
        &self.connect_url
    }
}
