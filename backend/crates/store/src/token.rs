//! API tokens: stored as a hash, scoped, narrowable to named people, with an end.

use pulsekeep_core::{
    EpochMs,
    account::Scope,
    id::{ApiTokenId, UserId},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};

use crate::{
    Store, StoreError,
    convert::{join, scopes_of, words},
    entity::api_token,
};

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Id.
    pub id: ApiTokenId,
    /// Whose rights it carries.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// The people that it is narrowed to.
    pub people: Option<Vec<UserId>>,
    /// When it was made.
    pub created_at: EpochMs,
    /// When it ends.
    pub expires_at: Option<EpochMs>,
    /// When it was last used.
    pub last_used_at: Option<EpochMs>,
    /// When it was revoked.
    pub revoked_at: Option<EpochMs>,
}

/// An API token to be made.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// Whose rights it carries.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it ends.
    pub expires_at: Option<EpochMs>,
    /// The people that it is narrowed to.
    pub people: Option<Vec<UserId>>,
}

impl From<api_token::Model> for ApiToken {
    fn from(row: api_token::Model) -> Self {
        Self {
            id: ApiTokenId(row.id),
            user_id: UserId(row.user_id),
            name: row.name,
            scopes: scopes_of(&row.scopes),
            // An unreadable id narrows to nobody rather than to everybody.
            people: row.people.map(|p| words(&p).iter().filter_map(|id| id.parse().ok()).collect()),
            created_at: EpochMs(row.created_at),
            expires_at: row.expires_at.map(EpochMs),
            last_used_at: row.last_used_at.map(EpochMs),
            revoked_at: row.revoked_at.map(EpochMs),
        }
    }
}

/// A token's last use is written at most so often.
const TOUCH_EVERY_MS: i64 = 60_000;

impl Store {
    /// Stores a token.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_api_token(&self, new: NewApiToken, now: EpochMs) -> Result<ApiToken, StoreError> {
        let tx = self.write().await?;
        let row = api_token::Model {
            id: tx.next_id(now),
            user_id: new.user_id.0,
            name: new.name,
            token_hash: new.hash.to_vec(),
            scopes: join(new.scopes.iter().map(|s| s.key())),
            people: new.people.map(|people| join(people.iter().map(ToString::to_string))),
            created_at: now.0,
            expires_at: new.expires_at.map(|e| e.0),
            last_used_at: None,
            revoked_at: None,
        };
        api_token::Entity::insert(api_token::ActiveModel::from(row.clone()))
            .exec_without_returning(tx.db())
            .await?;
        tx.commit().await?;
        Ok(row.into())
    }

    /// The token with this hash, ended and revoked ones included.
    ///
    /// # Errors
    /// The database's own.
    pub async fn api_token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let query = api_token::Entity::find().filter(api_token::Column::TokenHash.eq(hash.to_vec()));
        Ok(query.one(self.reader()).await?.map(ApiToken::from))
    }

    /// Notes that a token was used; writes at most once a minute.
    ///
    /// # Errors
    /// The database's own.
    pub async fn touch_api_token(&self, token: &ApiToken, now: EpochMs) -> Result<(), StoreError> {
        if token.last_used_at.is_some_and(|last| now.0 - last.0 < TOUCH_EVERY_MS) {
            return Ok(());
        }
        let tx = self.write().await?;
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAt, Expr::value(now.0))
            .filter(api_token::Column::Id.eq(token.id.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Revokes a token of `owner`; `None` when it is not there or not theirs.
    ///
    /// # Errors
    /// The database's own.
    pub async fn revoke_api_token(
        &self,
        owner: UserId,
        id: ApiTokenId,
        now: EpochMs,
    ) -> Result<Option<ApiToken>, StoreError> {
        let tx = self.write().await?;
        let found = api_token::Entity::find_by_id(id.0)
            .filter(api_token::Column::UserId.eq(owner.0))
            .one(tx.db())
            .await?;
        let Some(row) = found else { return Ok(None) };
        let revoked_at = row.revoked_at.or(Some(now.0));
        let row =
            api_token::ActiveModel { revoked_at: Set(revoked_at), ..row.into() }.update(tx.db()).await?;
        tx.commit().await?;
        Ok(Some(row.into()))
    }

    /// The tokens of a user, newest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn api_tokens(&self, owner: UserId) -> Result<Vec<ApiToken>, StoreError> {
        let query = api_token::Entity::find()
            .filter(api_token::Column::UserId.eq(owner.0))
            .order_by_desc(api_token::Column::Id);
        Ok(query.all(self.reader()).await?.into_iter().map(ApiToken::from).collect())
    }
}
