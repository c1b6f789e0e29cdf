//! The sealed tokens of linked accounts, and the right to refresh them. The store sees sealed bytes only.

use pulsekeep_core::{
    EpochMs,
    id::{LinkId, UserId},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{Store, StoreError, WriteTx, entity::link_token};

/// The sealed tokens of a linked account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTokens {
    /// Sealed access token.
    pub access: Vec<u8>,
    /// When the access token ends.
    pub access_expires_at: EpochMs,
    /// Sealed refresh token.
    pub refresh: Option<Vec<u8>>,
    /// When the refresh token ends, where the provider says.
    pub refresh_expires_at: Option<EpochMs>,
    /// The refresh token before this one, kept until the new pair has worked.
    pub previous_refresh: Option<Vec<u8>>,
    /// Rises with every new pair.
    pub generation: i64,
}

/// The sealed tokens of some account, for those who go through all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedTokens {
    /// Whose.
    pub user_id: UserId,
    /// Of which account.
    pub link_id: LinkId,
    /// The tokens.
    pub tokens: LinkTokens,
}

/// What came of asking for the right to refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshClaim {
    /// Go ahead: nobody else will until the lease ends.
    Granted,
    /// Somebody else refreshes; look again later.
    Busy,
    /// Somebody else has refreshed: these are the tokens.
    Newer(LinkTokens),
}

impl From<link_token::Model> for LinkTokens {
    fn from(row: link_token::Model) -> Self {
        Self {
            access: row.access_sealed,
            access_expires_at: EpochMs(row.access_expires_at),
            refresh: row.refresh_sealed,
            refresh_expires_at: row.refresh_expires_at.map(EpochMs),
            previous_refresh: row.previous_refresh_sealed,
            generation: row.generation,
        }
    }
}

impl Store {
    /// The sealed tokens of a linked account.
    ///
    /// # Errors
    /// The database's own.
    pub async fn link_tokens(&self, user: UserId, link: LinkId) -> Result<Option<LinkTokens>, StoreError> {
        let row = link_token::Entity::find_by_id((user.0, link.0)).one(self.reader()).await?;
        Ok(row.map(LinkTokens::from))
    }

    /// Some sealed token, to try the vault key on at start.
    ///
    /// # Errors
    /// The database's own.
    pub async fn any_sealed_token(&self) -> Result<Option<(LinkId, Vec<u8>)>, StoreError> {
        let row = link_token::Entity::find().one(self.reader()).await?;
        Ok(row.map(|row| (LinkId(row.link_id), row.access_sealed)))
    }

    /// All sealed tokens in the order of their accounts, those after `after`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn sealed_tokens(&self, after: LinkId, limit: u64) -> Result<Vec<OwnedTokens>, StoreError> {
        let rows = link_token::Entity::find()
            .filter(link_token::Column::LinkId.gt(after.0))
            .order_by_asc(link_token::Column::LinkId)
            .limit(limit)
            .all(self.reader())
            .await?;
        let owned = |row: link_token::Model| OwnedTokens {
            user_id: UserId(row.user_id),
            link_id: LinkId(row.link_id),
            tokens: row.into(),
        };
        Ok(rows.into_iter().map(owned).collect())
    }

    /// Asks for the right to refresh the pair of `generation` until `until`, for one caller among all processes.
    ///
    /// # Errors
    /// The database's own.
    pub async fn claim_refresh(
        &self,
        (user, link): (UserId, LinkId),
        generation: i64,
        owner: &str,
        until: EpochMs,
        now: EpochMs,
    ) -> Result<RefreshClaim, StoreError> {
        let tx = self.write().await?;
        let free = Condition::any()
            .add(link_token::Column::RefreshUntil.is_null())
            .add(link_token::Column::RefreshUntil.lte(now.0));
        let claimed = link_token::Entity::update_many()
            .col_expr(link_token::Column::RefreshOwner, Expr::value(owner))
            .col_expr(link_token::Column::RefreshUntil, Expr::value(until.0))
            .filter(link_token::Column::UserId.eq(user.0))
            .filter(link_token::Column::LinkId.eq(link.0))
            .filter(link_token::Column::Generation.eq(generation))
            .filter(free)
            .exec(tx.db())
            .await?;
        let row = link_token::Entity::find_by_id((user.0, link.0)).one(tx.db()).await?;
        tx.commit().await?;
        Ok(match row {
            _ if claimed.rows_affected == 1 => RefreshClaim::Granted,
            Some(row) if row.generation != generation => RefreshClaim::Newer(row.into()),
            _ => RefreshClaim::Busy,
        })
    }
}

impl WriteTx {
    /// The generation of a link's tokens, which nobody else changes until this transaction ends.
    ///
    /// # Errors
    /// The database's own.
    pub async fn token_generation(&self, user: UserId, link: LinkId) -> Result<Option<i64>, StoreError> {
        self.lock_person(user.0).await?;
        let mut query = link_token::Entity::find_by_id((user.0, link.0));
        if self.engine() == crate::Engine::Postgres {
            query = query.lock_exclusive();
        }
        Ok(query.one(self.db()).await?.map(|row| row.generation))
    }

    /// Stores a sealed pair and frees the refresh lease. The generation rises by one from `tokens.generation`'s
    /// predecessor, which the caller sets.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_tokens(&self, user: UserId, link: LinkId, tokens: LinkTokens) -> Result<(), StoreError> {
        use link_token::Column as C;
        let row = link_token::Model {
            user_id: user.0,
            link_id: link.0,
            access_sealed: tokens.access,
            access_expires_at: tokens.access_expires_at.0,
            refresh_sealed: tokens.refresh,
            refresh_expires_at: tokens.refresh_expires_at.map(|e| e.0),
            previous_refresh_sealed: tokens.previous_refresh,
            generation: tokens.generation,
            refresh_owner: None,
            refresh_until: None,
        };
        let on_conflict = OnConflict::columns([C::UserId, C::LinkId])
            .update_columns([
                C::AccessSealed,
                C::AccessExpiresAt,
                C::RefreshSealed,
                C::RefreshExpiresAt,
                C::PreviousRefreshSealed,
                C::Generation,
                C::RefreshOwner,
                C::RefreshUntil,
            ])
            .to_owned();
        link_token::Entity::insert(link_token::ActiveModel::from(row))
            .on_conflict(on_conflict)
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }

    /// Gives the refresh lease back without a new pair.
    ///
    /// # Errors
    /// The database's own.
    pub async fn release_refresh(&self, link: LinkId, owner: &str) -> Result<(), StoreError> {
        link_token::Entity::update_many()
            .col_expr(link_token::Column::RefreshUntil, Expr::value(Option::<i64>::None))
            .filter(link_token::Column::LinkId.eq(link.0))
            .filter(link_token::Column::RefreshOwner.eq(owner))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Puts tokens that were sealed anew in the place of `old`, unless they have changed meanwhile.
    ///
    /// # Errors
    /// The database's own.
    pub async fn reseal_tokens(&self, old: &OwnedTokens, new: &LinkTokens) -> Result<bool, StoreError> {
        use link_token::Column as C;
        let done = link_token::Entity::update_many()
            .col_expr(C::AccessSealed, Expr::value(new.access.clone()))
            .col_expr(C::RefreshSealed, Expr::value(new.refresh.clone()))
            .col_expr(C::PreviousRefreshSealed, Expr::value(new.previous_refresh.clone()))
            .filter(C::UserId.eq(old.user_id.0))
            .filter(C::LinkId.eq(old.link_id.0))
            .filter(C::Generation.eq(old.tokens.generation))
            .filter(C::AccessSealed.eq(old.tokens.access.clone()))
            .exec(self.db())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Forgets the refresh token before this one: the access token of `generation` has worked.
    ///
    /// # Errors
    /// The database's own.
    pub async fn forget_previous_refresh(
        &self,
        user: UserId,
        link: LinkId,
        generation: i64,
    ) -> Result<(), StoreError> {
        link_token::Entity::update_many()
            .col_expr(link_token::Column::PreviousRefreshSealed, Expr::value(Option::<Vec<u8>>::None))
            .filter(link_token::Column::UserId.eq(user.0))
            .filter(link_token::Column::LinkId.eq(link.0))
            .filter(link_token::Column::Generation.eq(generation))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Removes the tokens of a linked account.
    ///
    /// # Errors
    /// The database's own.
    pub async fn delete_tokens(&self, user: UserId, link: LinkId) -> Result<(), StoreError> {
        link_token::Entity::delete_by_id((user.0, link.0)).exec(self.db()).await?;
        Ok(())
    }
}
