use async_graphql::{Context, Object};
use pulsekeep_core::EpochMs;
use pulsekeep_store::User;

use super::{
    context::RequestContext as _,
    errors::Reply,
    scalars::DateTime,
    viewer::{ProviderInfo, providers},
};

/// An invitation in hand: the web session holds it.
pub(super) struct InvitationNode {
    user: User,
    expires_at: EpochMs,
}

/// The person whose invitation the web session holds, while it holds good: not over, and not signed up yet.
pub(super) async fn invited(ctx: &Context<'_>) -> Reply<Option<(User, EpochMs)>> {
    let services = ctx.services()?;
    let Some(id) = ctx.caller()?.session.invitation().await? else { return Ok(None) };
    let Some(invitation) = services.store.invitation(id).await? else { return Ok(None) };
    if invitation.expires_at <= services.clock.now() {
        return Ok(None);
    }
    let user = services.store.user(invitation.user_id).await?;
    Ok(user.filter(|user| user.password_hash.is_none()).map(|user| (user, invitation.expires_at)))
}

/// The invitation in the web session.
pub(super) async fn in_hand(ctx: &Context<'_>) -> Reply<Option<InvitationNode>> {
    Ok(invited(ctx).await?.map(|(user, expires_at)| InvitationNode { user, expires_at }))
}

/// An invitation in hand: the web session holds it.
#[Object(name = "Invitation")]
impl InvitationNode {
    async fn email(&self) -> &str {
        &self.user.email
    }

    async fn display_name(&self) -> &str {
        &self.user.display_name
    }

    async fn expires_at(&self) -> DateTime {
        DateTime(self.expires_at)
    }

    /// The providers that Pulsekeep knows.
    async fn providers(&self, ctx: &Context<'_>) -> Reply<Vec<ProviderInfo>> {
        Ok(providers(ctx.services()?))
    }
}
