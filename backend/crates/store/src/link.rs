//! Linked accounts.

use pulsekeep_core::{
    EpochMs,
    account::{LinkState, ProviderKey, PushState},
    id::{LinkId, UserId},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Store, StoreError, WriteTx,
    convert::{join, words},
    entity::linked_account,
};

/// A person's consented tie to a provider account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Id.
    pub id: LinkId,
    /// Whose.
    pub user_id: UserId,
    /// Provider.
    pub provider: ProviderKey,
    /// The provider's id of the person.
    pub provider_user_id: String,
    /// Granted scopes, without Google's prefix.
    pub scopes: Vec<String>,
    /// State.
    pub state: LinkState,
    /// When it was first linked.
    pub linked_at: EpochMs,
    /// When something was last read for it.
    pub last_sync_at: Option<EpochMs>,
    /// Since when it is in its state.
    pub changed_at: EpochMs,
    /// When the schedule looks at it next; 0 for at once.
    pub next_sync_at: EpochMs,
    /// When its devices were last asked for.
    pub devices_checked_at: Option<EpochMs>,
    /// Whether the provider tells when it has new data.
    pub push: PushState,
}

/// A consent to be stored.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// Whose.
    pub user_id: UserId,
    /// Provider.
    pub provider: ProviderKey,
    /// The provider's id of the person.
    pub provider_user_id: String,
    /// Google's identity call gives the legacy Fitbit id too.
    pub legacy_user_id: Option<String>,
    /// Granted scopes.
    pub scopes: Vec<String>,
}

/// What came of storing a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkOutcome {
    /// Linked, newly or again. The id is needed to seal the tokens.
    Linked(LinkedAccount),
    /// The person is linked to another account of this provider.
    OtherAccount {
        /// The account that was expected.
        expected: String,
    },
    /// The account belongs to another person here.
    TakenByAnotherPerson,
}

fn provider_of(word: &str) -> Result<ProviderKey, StoreError> {
    word.parse().map_err(|error: pulsekeep_core::account::UnknownWord| StoreError::Damaged {
        day: "a linked account".to_owned(),
        what: error.to_string(),
    })
}

impl TryFrom<linked_account::Model> for LinkedAccount {
    type Error = StoreError;

    fn try_from(row: linked_account::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: LinkId(row.id),
            user_id: UserId(row.user_id),
            provider: provider_of(&row.provider)?,
            provider_user_id: row.provider_user_id,
            scopes: words(&row.scopes),
            state: LinkState::parse(&row.state, row.reason.as_deref()),
            linked_at: EpochMs(row.linked_at),
            last_sync_at: row.last_sync_at.map(EpochMs),
            changed_at: EpochMs(row.changed_at),
            next_sync_at: EpochMs(row.next_sync_at),
            devices_checked_at: row.devices_checked_at.map(EpochMs),
            push: PushState::parse(&row.subscription),
        })
    }
}

fn reason_of(state: LinkState) -> Option<String> {
    match state {
        LinkState::NeedsConsent(reason) => Some(reason.key().to_owned()),
        _ => None,
    }
}

impl Store {
    /// The linked account with this id.
    ///
    /// # Errors
    /// The database's own.
    pub async fn link(&self, id: LinkId) -> Result<Option<LinkedAccount>, StoreError> {
        let query = linked_account::Entity::find().filter(linked_account::Column::Id.eq(id.0));
        query.one(self.reader()).await?.map(LinkedAccount::try_from).transpose()
    }

    /// A person's linked accounts, oldest first, disconnected ones included.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_of(&self, user: UserId) -> Result<Vec<LinkedAccount>, StoreError> {
        let query = linked_account::Entity::find()
            .filter(linked_account::Column::UserId.eq(user.0))
            .order_by_asc(linked_account::Column::Id);
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// All accounts for which requests may be made.
    ///
    /// # Errors
    /// The database's own.
    pub async fn active_links(&self) -> Result<Vec<LinkedAccount>, StoreError> {
        let query = linked_account::Entity::find()
            .filter(linked_account::Column::State.is_in(["active", "expiring"]))
            .order_by_asc(linked_account::Column::Id);
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// Working accounts whose tokens were not looked at since `before`, the longest first. Each has its own share of
    /// `spread_ms` on top, so that accounts which were connected together are not looked at together.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_to_check(
        &self,
        before: EpochMs,
        spread_ms: i64,
        limit: u64,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        use linked_account::Column as C;
        let own_time = Expr::col(C::TokenCheckedAt).add(Expr::col(C::Id).modulo(spread_ms));
        let old = Condition::any().add(C::TokenCheckedAt.is_null()).add(own_time.lte(before.0));
        let query = linked_account::Entity::find()
            .filter(C::State.is_in(["active", "expiring"]))
            .filter(old)
            .order_by_asc(C::TokenCheckedAt)
            .limit(limit);
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }
}

impl WriteTx {
    /// Stores a consent: a new link, or the same one again. An account is tied to one person, and a person to one
    /// account of a provider until they disconnect it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_link(&self, new: NewLink, now: EpochMs) -> Result<LinkOutcome, StoreError> {
        self.lock_person(new.user_id.0).await?;
        let same_provider =
            linked_account::Entity::find().filter(linked_account::Column::Provider.eq(new.provider.key()));
        let holder = same_provider
            .clone()
            .filter(linked_account::Column::ProviderUserId.eq(&*new.provider_user_id))
            .one(self.db())
            .await?;
        if holder.as_ref().is_some_and(|row| row.user_id != new.user_id.0) {
            return Ok(LinkOutcome::TakenByAnotherPerson);
        }
        let other = same_provider
            .filter(linked_account::Column::UserId.eq(new.user_id.0))
            .filter(linked_account::Column::ProviderUserId.ne(&*new.provider_user_id))
            .filter(linked_account::Column::State.ne(LinkState::Revoked.key()))
            .one(self.db())
            .await?;
        if let Some(other) = other {
            return Ok(LinkOutcome::OtherAccount { expected: other.provider_user_id });
        }
        let row = linked_account::Model {
            user_id: new.user_id.0,
            id: holder.as_ref().map_or_else(|| self.next_id(now), |row| row.id),
            provider: new.provider.key().to_owned(),
            provider_user_id: new.provider_user_id,
            legacy_user_id: new.legacy_user_id,
            scopes: join(&new.scopes),
            state: LinkState::Active.key().to_owned(),
            reason: None,
            linked_at: holder.as_ref().map_or(now.0, |row| row.linked_at),
            changed_at: now.0,
            last_sync_at: holder.as_ref().and_then(|row| row.last_sync_at),
            next_sync_at: 0,
            next_deep_at: 0,
            devices_checked_at: holder.as_ref().and_then(|row| row.devices_checked_at),
            token_checked_at: Some(now.0),
            subscription: PushState::None.key().to_owned(),
            subscription_at: None,
        };
        if holder.is_some() {
            linked_account::ActiveModel::from(row.clone()).reset_all().update(self.db()).await?;
        } else {
            use linked_account::Column::{Provider, ProviderUserId};
            let once = OnConflict::columns([Provider, ProviderUserId]).do_nothing().to_owned();
            let insert = linked_account::Entity::insert(linked_account::ActiveModel::from(row.clone()))
                .on_conflict(once)
                .exec_without_returning(self.db());
            if insert.await? == 0 {
                // Somebody else was faster, on PostgreSQL.
                return Ok(LinkOutcome::TakenByAnotherPerson);
            }
        }
        Ok(LinkOutcome::Linked(row.try_into()?))
    }

    /// Notes that an account's tokens were looked at.
    ///
    /// # Errors
    /// The database's own.
    pub async fn token_checked(&self, user: UserId, link: LinkId, now: EpochMs) -> Result<(), StoreError> {
        self.note(user, link, linked_account::Column::TokenCheckedAt, now).await
    }

    /// Notes that an account's devices were asked for.
    ///
    /// # Errors
    /// The database's own.
    pub async fn devices_checked(&self, user: UserId, link: LinkId, now: EpochMs) -> Result<(), StoreError> {
        self.note(user, link, linked_account::Column::DevicesCheckedAt, now).await
    }

    async fn note(
        &self,
        user: UserId,
        link: LinkId,
        column: linked_account::Column,
        at: EpochMs,
    ) -> Result<(), StoreError> {
        linked_account::Entity::update_many()
            .col_expr(column, Expr::value(at.0))
            .filter(linked_account::Column::UserId.eq(user.0))
            .filter(linked_account::Column::Id.eq(link.0))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Sets the state of a linked account. One that is in this state already keeps the time since when, and one that was
    /// disconnected stays so: only a new consent ([`WriteTx::put_link`]) brings it back.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_link_state(
        &self,
        user: UserId,
        link: LinkId,
        state: LinkState,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use linked_account::Column as C;
        self.lock_person(user.0).await?;
        let reason = reason_of(state);
        let same_reason = match &reason {
            Some(reason) => C::Reason.eq(&**reason),
            None => C::Reason.is_null(),
        };
        let same = Condition::all().add(C::State.eq(state.key())).add(same_reason);
        linked_account::Entity::update_many()
            .col_expr(C::State, Expr::value(state.key()))
            .col_expr(C::Reason, Expr::value(reason))
            .col_expr(C::ChangedAt, Expr::value(now.0))
            .filter(C::UserId.eq(user.0))
            .filter(C::Id.eq(link.0))
            .filter(C::State.ne(LinkState::Revoked.key()))
            .filter(same.not())
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Notes that something was read for a linked account.
    ///
    /// # Errors
    /// The database's own.
    pub async fn touch_link(&self, user: UserId, link: LinkId, now: EpochMs) -> Result<(), StoreError> {
        self.note(user, link, linked_account::Column::LastSyncAt, now).await?;
        Ok(())
    }
}
