//! Invitations: single use, stored as a hash, with an end.

use pulsekeep_core::{
    EpochMs,
    id::{InvitationId, UserId},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::{Store, StoreError, entity::invitation};

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Id.
    pub id: InvitationId,
    /// Whom it invites.
    pub user_id: UserId,
    /// When it ends.
    pub expires_at: EpochMs,
}

impl From<invitation::Model> for Invitation {
    fn from(row: invitation::Model) -> Self {
        Self { id: InvitationId(row.id), user_id: UserId(row.user_id), expires_at: EpochMs(row.expires_at) }
    }
}

impl Store {
    /// Stores an invitation by the SHA-256 of its token. Earlier ones of the same person that were not redeemed end.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_invitation(
        &self,
        user: UserId,
        token_hash: &[u8; 32],
        expires_at: EpochMs,
        created_by: Option<UserId>,
        now: EpochMs,
    ) -> Result<InvitationId, StoreError> {
        let tx = self.write().await?;
        invitation::Entity::delete_many()
            .filter(invitation::Column::UserId.eq(user.0))
            .filter(invitation::Column::RedeemedAt.is_null())
            .exec(tx.db())
            .await?;
        let row = invitation::Model {
            id: tx.next_id(now),
            user_id: user.0,
            token_hash: token_hash.to_vec(),
            created_by: created_by.map(|u| u.0),
            created_at: now.0,
            expires_at: expires_at.0,
            redeemed_at: None,
        };
        let id = InvitationId(row.id);
        invitation::Entity::insert(invitation::ActiveModel::from(row))
            .exec_without_returning(tx.db())
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Redeems an invitation: of two who try, one succeeds. `None` when it is unknown, redeemed or has ended.
    ///
    /// # Errors
    /// The database's own.
    pub async fn redeem_invitation(
        &self,
        token_hash: &[u8; 32],
        now: EpochMs,
    ) -> Result<Option<Invitation>, StoreError> {
        let tx = self.write().await?;
        let mut query = invitation::Entity::find()
            .filter(invitation::Column::TokenHash.eq(token_hash.to_vec()))
            .filter(invitation::Column::RedeemedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(now.0));
        if tx.engine() == crate::Engine::Postgres {
            // The second of two waits for the first here, and then finds it redeemed.
            query = query.lock_exclusive();
        }
        let found = query.one(tx.db()).await?;
        let Some(row) = found else { return Ok(None) };
        let redeem = invitation::ActiveModel { redeemed_at: Set(Some(now.0)), ..row.clone().into() };
        redeem.update(tx.db()).await?;
        tx.commit().await?;
        Ok(Some(row.into()))
    }

    /// The invitation with this id, redeemed or not.
    ///
    /// # Errors
    /// The database's own.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        Ok(invitation::Entity::find_by_id(id.0).one(self.reader()).await?.map(Invitation::from))
    }
}
