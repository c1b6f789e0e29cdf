//! Raw documents behind a day.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::{endpoints, route_endpoint},
    id::{LinkId, RawId, UserId},
    time::{DayRange, next_day},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::Person;
use crate::{
    Store, StoreError,
    convert::{day_text, range_of},
    entity::raw_document,
};

/// The body of a raw document, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody {
    /// Its length as received.
    pub bytes: u64,
    sha256: Vec<u8>,
    packed: Vec<u8>,
}

impl RawBody {
    /// SHA-256 of the body as received, in hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Unpacks it piece by piece.
    ///
    /// # Errors
    /// When it is not packed as it should be.
    pub fn reader(&self) -> std::io::Result<impl std::io::Read + '_> {
        Ok(std::io::Read::take(zstd::Decoder::new(&*self.packed)?, self.bytes))
    }
}

/// A raw document without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDocumentMeta {
    /// Id.
    pub id: RawId,
    /// The linked account it was fetched for.
    pub link_id: LinkId,
    /// The endpoint's key.
    pub endpoint: String,
    /// The days asked for.
    pub days: DayRange,
    /// Page, from 0.
    pub page: i32,
    /// When it was fetched.
    pub fetched_at: EpochMs,
    /// Length of the body as received.
    pub bytes: i64,
    /// Bytes that it takes in the database.
    pub stored_bytes: i64,
    /// Whether a newer answer to the same request is there.
    pub superseded: bool,
}

/// Largest body that is unpacked for a reader.
const MAX_BODY: usize = 256 << 20;

type Row = (i64, i64, String, String, String, i32, i64, i64, i64, Option<i64>);

impl Store {
    /// Whose raw document this is. It says nothing of who may see it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn raw_owner(&self, id: RawId) -> Result<Option<UserId>, StoreError> {
        let owner: Option<i64> = raw_document::Entity::find()
            .select_only()
            .column(raw_document::Column::UserId)
            .filter(raw_document::Column::Id.eq(id.0))
            .into_tuple()
            .one(self.reader())
            .await?;
        Ok(owner.map(UserId))
    }
}

impl Person {
    /// Raw documents that speak of `day`, newest first, of one metric or of all.
    ///
    /// # Errors
    /// The database's own.
    pub async fn raw_documents(
        &self,
        metric: Option<Metric>,
        day: Date,
        after: Option<RawId>,
        limit: u64,
    ) -> Result<Vec<RawDocumentMeta>, StoreError> {
        use raw_document::Column as C;
        let length = match self.store.engine() {
            crate::Engine::Sqlite => "LENGTH(body)",
            crate::Engine::Postgres => "OCTET_LENGTH(body)::BIGINT",
        };
        let mut query = raw_document::Entity::find()
            .select_only()
            .columns([C::Id, C::LinkId, C::Endpoint, C::FromDay, C::ToDay, C::Page, C::FetchedAt, C::Bytes])
            .column_as(Expr::cust(length), "stored_bytes")
            .column(C::SupersededAt)
            .filter(C::UserId.eq(self.user.id.0))
            .filter(Expr::col(C::FromDay).lt(day_text(next_day(day))))
            .filter(Expr::col(C::ToDay).gt(day_text(day)))
            .order_by_desc(C::Id)
            .limit(limit);
        if let Some(metric) = metric {
            let endpoints = endpoints().filter(|e| e.metrics.contains(&metric)).map(|e| e.key);
            let routes =
                ProviderKey::ALL.map(route_endpoint).into_iter().filter(|_| metric == Metric::Exercise);
            query = query.filter(C::Endpoint.is_in(endpoints.chain(routes)));
        }
        if let Some(after) = after {
            query = query.filter(Expr::col(C::Id).lt(after.0));
        }
        let rows: Vec<Row> = query.into_tuple().all(self.store.reader()).await?;
        rows.into_iter().map(meta_of).collect()
    }

    /// A raw document as it is kept; `None` when the person has none with this id.
    ///
    /// # Errors
    /// The database's own.
    pub async fn raw(&self, id: RawId) -> Result<Option<RawBody>, StoreError> {
        let row = raw_document::Entity::find_by_id((self.user.id.0, id.0)).one(self.store.reader()).await?;
        Ok(row.map(|row| RawBody {
            bytes: u64::try_from(row.bytes).unwrap_or(0),
            sha256: row.sha256,
            packed: row.body,
        }))
    }

    /// The body of a raw document as received; `None` when the person has none with this id.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it does not unpack; the database's own.
    pub async fn raw_body(&self, id: RawId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = raw_document::Entity::find_by_id((self.user.id.0, id.0)).one(self.store.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let capacity = usize::try_from(row.bytes).unwrap_or(0).min(MAX_BODY);
        let body = zstd::bulk::decompress(&row.body, capacity)
            .map_err(|error| StoreError::Damaged { day: row.from_day, what: error.to_string() })?;
        Ok(Some(body))
    }
}

fn meta_of(row: Row) -> Result<RawDocumentMeta, StoreError> {
    let (id, link, endpoint, from, to, page, fetched_at, bytes, stored_bytes, superseded_at) = row;
    Ok(RawDocumentMeta {
        id: RawId(id),
        link_id: LinkId(link),
        endpoint,
        days: range_of(&from, &to)?,
        page,
        fetched_at: EpochMs(fetched_at),
        bytes,
        stored_bytes,
        superseded: superseded_at.is_some(),
    })
}
