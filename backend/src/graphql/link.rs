use async_graphql::{Context, Enum, Object, SimpleObject};
use pulsekeep_core::{
    account::{self, LinkState},
    catalogue::endpoints_of,
    id::LinkId,
};
use pulsekeep_store::LinkedAccount;
use pulsekeep_sync::BudgetView;

use super::{
    advice,
    context::RequestContext as _,
    enums::{ConsentReason, LinkedAccountState, ProviderKey, PushState},
    errors::Reply,
    ids::Id,
    scalars::DateTime,
};

/// A person's consented tie to a provider account.
pub(super) struct LinkedAccountNode(pub LinkedAccount);

impl LinkedAccountNode {
    fn missing(&self, ctx: &Context<'_>) -> Reply<Vec<String>> {
        let Some(provider) = ctx.services()?.engine.provider(self.0.provider) else { return Ok(Vec::new()) };
        let granted = |scope: &str| self.0.scopes.iter().any(|s| s == scope);
        // The places of exercises are the person's to refuse: no endpoint needs them.
        let places = |scope: &str| {
            provider.route_scopes().contains(&scope)
                && !endpoints_of(self.0.provider).any(|endpoint| endpoint.scope == scope)
        };
        let missing = provider.scopes().iter().filter(|s| !granted(s) && !places(s));
        Ok(missing.map(|&s| s.to_owned()).collect())
    }
}

/// A person's consented tie to a provider account.
#[Object(name = "LinkedAccount")]
impl LinkedAccountNode {
    async fn id(&self) -> Id<LinkId> {
        Id(self.0.id)
    }

    async fn provider(&self) -> ProviderKey {
        self.0.provider.into()
    }

    /// The provider's id of the person.
    async fn provider_user_id(&self) -> &str {
        &self.0.provider_user_id
    }

    async fn state(&self) -> LinkedAccountState {
        self.0.state.into()
    }

    /// Why the person has to consent again.
    async fn reason(&self) -> Option<ConsentReason> {
        match self.0.state {
            LinkState::NeedsConsent(reason) => Some(reason.into()),
            _ => None,
        }
    }

    /// What the person can do about the state, in words; null when nothing is to be done.
    async fn advice(&self, ctx: &Context<'_>) -> Reply<Option<String>> {
        Ok(advice::on_link(&self.0, &self.missing(ctx)?))
    }

    /// What the person granted.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// What was asked for and not granted.
    async fn missing_scopes(&self, ctx: &Context<'_>) -> Reply<Vec<String>> {
        self.missing(ctx)
    }

    async fn linked_at(&self) -> DateTime {
        DateTime(self.0.linked_at)
    }

    async fn last_sync_at(&self) -> Option<DateTime> {
        self.0.last_sync_at.map(DateTime)
    }

    /// Since when it is in this state.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.0.changed_at)
    }

    /// When the schedule looks for new data next; null while nothing is fetched.
    async fn next_sync_at(&self, ctx: &Context<'_>) -> Reply<Option<DateTime>> {
        let now = ctx.now()?;
        Ok(self.0.state.may_fetch().then(|| DateTime(self.0.next_sync_at.max(now))))
    }

    /// When its devices were last asked for.
    async fn devices_checked_at(&self) -> Option<DateTime> {
        self.0.devices_checked_at.map(DateTime)
    }

    /// When the consent ends, where the provider says so.
    #[graphql(complexity = 3)]
    async fn consent_ends_at(&self, ctx: &Context<'_>) -> Reply<Option<DateTime>> {
        Ok(ctx.loaders()?.consent_end(&self.0).await?.map(DateTime))
    }

    /// Whether the provider tells us of new data.
    async fn push(&self) -> PushState {
        self.0.push.into()
    }

    /// The requests that the provider allows for this account.
    #[graphql(complexity = "3 + child_complexity")]
    async fn budget(&self, ctx: &Context<'_>) -> Reply<RateBudget> {
        let state = ctx.loaders()?.budget(self.0.id).await?;
        Ok(ctx.services()?.engine.budget_view(self.0.provider, state).into())
    }
}

/// The requests that a provider allows in a period, and how many of them are used.
#[derive(SimpleObject, Debug, PartialEq, Eq)]
pub(super) struct RateBudget {
    /// Requests of a period.
    limit: i32,
    /// Requests made in the present period, or set aside for workers.
    used: i32,
    /// Requests that are left.
    remaining: i32,
    /// Of these, what backfills leave to the sync of today.
    reserve: i32,
    /// When the next period begins.
    resets_at: DateTime,
    /// Nothing is asked before: the provider has said so.
    blocked_until: Option<DateTime>,
}

impl From<BudgetView> for RateBudget {
    fn from(view: BudgetView) -> Self {
        Self {
            limit: view.limit,
            used: view.used,
            remaining: view.limit - view.used,
            reserve: view.reserve,
            resets_at: DateTime(view.resets_at),
            blocked_until: view.blocked_until.map(DateTime),
        }
    }
}

/// What came of disconnecting.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DisconnectStatus {
    /// Nothing more is fetched; what was stored stays.
    Disconnected,
    /// There is no such linked account, or it is not yours.
    NotFound,
}

/// What came of disconnecting.
#[derive(SimpleObject)]
pub(super) struct DisconnectPayload {
    status: DisconnectStatus,
    /// Whether the provider confirmed the revocation.
    revoked_at_provider: bool,
    linked_account: Option<LinkedAccountNode>,
}

/// Mutations on linked accounts.
#[derive(Default)]
pub(super) struct LinkMutation;

#[Object]
impl LinkMutation {
    /// Revokes the consent at the provider and ends all fetching. Stored data stays.
    async fn disconnect(&self, ctx: &Context<'_>, linked_account_id: Id<LinkId>) -> Reply<DisconnectPayload> {
        let viewer = ctx.need(account::Scope::WriteSync)?;
        let services = ctx.services()?;
        let not_found = DisconnectPayload {
            status: DisconnectStatus::NotFound,
            revoked_at_provider: false,
            linked_account: None,
        };
        let Some(done) = services.engine.disconnect(viewer, linked_account_id.0).await? else {
            return Ok(not_found);
        };
        let link = services.store.link(linked_account_id.0).await?;
        Ok(DisconnectPayload {
            status: DisconnectStatus::Disconnected,
            revoked_at_provider: done.revoked_at_provider,
            linked_account: link.map(LinkedAccountNode),
        })
    }
}
