//! Raw documents: what a provider answered, kept so that a parser's fault can be mended without asking again.

use std::io::{Read as _, Write as _};

use pulsekeep_core::{
    EpochMs,
    id::{LinkId, RawId, UserId},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use sha2::{Digest, Sha256};

use crate::{StoreError, WriteTx, convert::day_text, entity::raw_document};

/// zstd level of bodies on arrival: the fastest, which on these answers is also a little smaller than the next ones. A
/// later pass packs them harder.
const LEVEL: i32 = 1;
/// Largest body that is unpacked again: more than the HTTP client takes.
const MAX_BODY: u64 = 128 << 20;

/// A body as received, packed as soon as it was read: many pages of a window fit into little memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBody {
    /// zstd.
    pub packed: Vec<u8>,
    /// Of the body as received.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: usize,
}

impl PackedBody {
    /// Packs a body.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be packed.
    pub fn pack(body: &[u8]) -> Result<Self, StoreError> {
        let packed = packed(body, LEVEL).map_err(|error| StoreError::Damaged {
            day: "an answer".to_owned(),
            what: format!("it could not be packed: {error}"),
        })?;
        Ok(Self { packed, sha256: Sha256::digest(body).into(), bytes: body.len() })
    }

    /// A packed body, and what is in it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is none, or larger than any answer may be.
    pub fn unpack(packed: Vec<u8>) -> Result<(Self, Vec<u8>), StoreError> {
        let mut body = Vec::new();
        let read = zstd::Decoder::new(packed.as_slice())
            .and_then(|decoder| decoder.take(MAX_BODY + 1).read_to_end(&mut body));
        let what = match read {
            Ok(length) if length as u64 > MAX_BODY => "it is larger than any answer".to_owned(),
            Ok(_) => {
                let sha256 = Sha256::digest(&body).into();
                return Ok((Self { packed, sha256, bytes: body.len() }, body));
            }
            Err(error) => format!("it cannot be unpacked: {error}"),
        };
        Err(StoreError::Damaged { day: "a kept page".to_owned(), what })
    }
}

/// zstd of a body, in no more memory than that takes: packing in one piece allocates room for a body that cannot be
/// packed, twenty times what these need, and the room would be held as long as the pages of a window are.
fn packed(body: &[u8], level: i32) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
    encoder.set_pledged_src_size(Some(body.len() as u64))?;
    encoder.include_contentsize(true)?;
    encoder.write_all(body)?;
    let mut packed = encoder.finish()?;
    packed.shrink_to_fit();
    Ok(packed)
}

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
    /// The body.
    pub body: &'a PackedBody,
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
        let current: Option<(i64, Vec<u8>)> = raw_document::Entity::find()
            .select_only()
            .columns([C::Id, C::Sha256])
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(new.link.0))
            .filter(C::RequestKey.eq(new.request_key))
            .filter(C::Page.eq(new.page))
            .filter(C::SupersededAt.is_null())
            .into_tuple()
            .one(self.db())
            .await?;
        if let Some((id, _)) = current.as_ref().filter(|(_, sha256)| *sha256 == new.body.sha256) {
            return Ok(StoredRaw { id: RawId(*id), unchanged: true });
        }
        if let Some((id, _)) = current {
            self.supersede(user, &[id], now).await?;
        }
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
            sha256: new.body.sha256.to_vec(),
            bytes: i64::try_from(new.body.bytes).unwrap_or(i64::MAX),
            body: new.body.packed.clone(),
            superseded_at: None,
            parser_version: new.parser_version,
            packing: 0,
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

    /// Marks the answers to other requests of an endpoint as superseded whose days all lie in `days`: what they told has
    /// been told again.
    ///
    /// # Errors
    /// The database's own.
    pub async fn supersede_within(
        &self,
        user: UserId,
        link: LinkId,
        (endpoint, request_key): (&str, &str),
        days: DayRange,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use raw_document::Column as C;
        raw_document::Entity::update_many()
            .col_expr(C::SupersededAt, Expr::value(now.0))
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(link.0))
            .filter(C::Endpoint.eq(endpoint))
            .filter(C::RequestKey.ne(request_key))
            .filter(C::FromDay.gte(day_text(days.start)))
            .filter(C::ToDay.lte(day_text(days.end)))
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
