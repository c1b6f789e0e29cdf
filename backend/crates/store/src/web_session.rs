//! Web sessions in the database, for `tower-sessions`.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use pulsekeep_core::{Clock, EpochMs, id::UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store,
};

use crate::{Store, StoreError, entity::web_session};

/// The session record's key that holds the signed-in user's id, so that all of a user's web sessions can be ended.
const USER_KEY: &str = "user_id";

/// Web sessions kept in a [`Store`].
#[derive(Clone)]
pub struct WebSessions {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for WebSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSessions").finish_non_exhaustive()
    }
}

impl WebSessions {
    /// Web sessions in `store`, ended by `clock`.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    async fn put(&self, record: &Record, replace: bool) -> session_store::Result<()> {
        let encode = |e: serde_json::Error| session_store::Error::Encode(e.to_string());
        let user_id = record.data.get(USER_KEY).and_then(serde_json::Value::as_i64);
        let row = web_session::Model {
            id: record.id.to_string(),
            user_id,
            record: serde_json::to_string(record).map_err(encode)?,
            expires_at: expiry_ms(record),
        };
        let mut insert = web_session::Entity::insert(web_session::ActiveModel::from(row));
        if replace {
            use web_session::Column::{ExpiresAt, Record, UserId};
            let on_conflict = OnConflict::column(web_session::Column::Id)
                .update_columns([UserId, Record, ExpiresAt])
                .to_owned();
            insert = insert.on_conflict(on_conflict);
        }
        let tx = self.store.write().await.map_err(backend)?;
        insert.exec_without_returning(tx.db()).await.map_err(|e| backend(e.into()))?;
        tx.commit().await.map_err(backend)
    }
}

fn backend(error: StoreError) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

fn expiry_ms(record: &Record) -> i64 {
    i64::try_from(record.expiry_date.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[async_trait]
impl SessionStore for WebSessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // An id that is taken must not overwrite somebody's session: insert only, and draw again.
        for _ in 0..3 {
            match self.put(record, false).await {
                Err(session_store::Error::Backend(text)) if text == StoreError::Conflict.to_string() => {
                    record.id = Id::default();
                }
                other => return other,
            }
        }
        Err(backend(StoreError::Conflict))
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.put(record, true).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let row = web_session::Entity::find_by_id(id.to_string())
            .filter(web_session::Column::ExpiresAt.gt(self.clock.now().0))
            .one(self.store.reader())
            .await
            .map_err(|e| backend(e.into()))?;
        row.map(|row| serde_json::from_str(&row.record))
            .transpose()
            .map_err(|e| session_store::Error::Decode(e.to_string()))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let tx = self.store.write().await.map_err(backend)?;
        web_session::Entity::delete_by_id(id.to_string())
            .exec(tx.db())
            .await
            .map_err(|e| backend(e.into()))?;
        tx.commit().await.map_err(backend)
    }
}

impl Store {
    /// Ends all web sessions of a user.
    ///
    /// # Errors
    /// The database's own.
    pub async fn delete_web_sessions_of(&self, user: UserId) -> Result<(), StoreError> {
        let tx = self.write().await?;
        web_session::Entity::delete_many()
            .filter(web_session::Column::UserId.eq(user.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Removes web sessions that have ended; returns how many.
    ///
    /// # Errors
    /// The database's own.
    pub async fn delete_expired_web_sessions(&self, now: EpochMs) -> Result<u64, StoreError> {
        let tx = self.write().await?;
        let gone = web_session::Entity::delete_many()
            .filter(web_session::Column::ExpiresAt.lte(now.0))
            .exec(tx.db())
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected)
    }
}
