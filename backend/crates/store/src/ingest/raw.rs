//! Raw documents: what a provider answered, kept so that a parser's fault can be mended without asking again.

use pulsekeep_core::{
    EpochMs,
    id::{LinkId, RawId, UserId},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use sha2::{Digest, Sha256};

use crate::{StoreError, WriteTx, convert::day_text, entity::raw_document};

/// zstd level of bodies on arrival: fast; a later pass may pack them harder.
const LEVEL: i32 = 3;

/// An answer to be stored.
#[derive(Debug, Clone)]
pub struct NewRawDocument<'a> {
    /// The linked account that it was fetched for.
    pub link: LinkId,
    /// The endpoint's key.
    pub endpoint: &'a str,
    /// Stable text of the request, the page left out.
    pub request_key: &'a str,
    /// The days asked for.
    pub days: DayRange,
    /// Page, from 0.
    pub page: i32,
    /// Version of the parsers that made the typed rows.
    pub parser_version: i16,
    /// The body as received.
    pub body: &'a [u8],
}

/// A stored raw document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredRaw {
    /// Its id.
    pub id: RawId,
    /// Whether the same body was there already.
    pub unchanged: bool,
}

impl WriteTx {
    /// Stores an answer. The same body again writes nothing; a new one supersedes the earlier answer to the same
    /// request.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_raw(
        &self,
        user: UserId,
        new: &NewRawDocument<'_>,
        now: EpochMs,
    ) -> Result<StoredRaw, StoreError> {
        use raw_document::Column as C;
        let sha256 = Sha256::digest(new.body).to_vec();
        let current = raw_document::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(new.link.0))
            .filter(C::RequestKey.eq(new.request_key))
            .filter(C::Page.eq(new.page))
            .filter(C::SupersededAt.is_null())
            .one(self.db())
            .await?;
        if let Some(row) = current.as_ref().filter(|row| row.sha256 == sha256) {
            return Ok(StoredRaw { id: RawId(row.id), unchanged: true });
        }
        if let Some(row) = current {
            self.supersede(user, &[row.id], now).await?;
        }
        let packed = zstd::bulk::compress(new.body, LEVEL).map_err(|error| StoreError::Damaged {
            day: new.days.start.to_string(),
            what: format!("the answer could not be packed: {error}"),
        })?;
        let row = raw_document::Model {
            user_id: user.0,
            id: self.next_id(now),
            link_id: new.link.0,
            endpoint: new.endpoint.to_owned(),
            request_key: new.request_key.to_owned(),
            from_day: day_text(new.days.start),
            to_day: day_text(new.days.end),
            page: new.page,
            fetched_at: now.0,
            sha256,
            bytes: i64::try_from(new.body.len()).unwrap_or(i64::MAX),
            body: packed,
            superseded_at: None,
            parser_version: new.parser_version,
        };
        let id = RawId(row.id);
        raw_document::Entity::insert(raw_document::ActiveModel::from(row))
            .exec_without_returning(self.db())
            .await?;
        Ok(StoredRaw { id, unchanged: false })
    }

    /// Marks the pages from `pages` on as superseded: an earlier answer to this request had more of them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn supersede_pages_from(
        &self,
        user: UserId,
        link: LinkId,
        request_key: &str,
        pages: i32,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use raw_document::Column as C;
        raw_document::Entity::update_many()
            .col_expr(C::SupersededAt, Expr::value(now.0))
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(link.0))
            .filter(C::RequestKey.eq(request_key))
            .filter(C::Page.gte(pages))
            .filter(C::SupersededAt.is_null())
            .exec(self.db())
            .await?;
        Ok(())
    }

    async fn supersede(&self, user: UserId, ids: &[i64], now: EpochMs) -> Result<(), StoreError> {
        use raw_document::Column as C;
        raw_document::Entity::update_many()
            .col_expr(C::SupersededAt, Expr::value(now.0))
            .filter(C::UserId.eq(user.0))
            .filter(C::Id.is_in(ids.iter().copied()))
            .exec(self.db())
            .await?;
        Ok(())
    }
}
