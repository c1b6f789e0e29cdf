//! Pages of a window that was broken off between two of them: it goes on where it was, at its next claim.

use pulsekeep_core::{EpochMs, id::UserId, job::WindowState};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Spent, Store, StoreError, WindowKey, WriteTx,
    database::plus,
    entity::{sync_page, sync_window},
    ingest::PackedBody,
};

/// A page that was read of a window that is not whole yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPage {
    /// The token of the page that follows.
    pub next_page: String,
    /// When it was fetched.
    pub fetched_at: EpochMs,
    /// The instants that the window asked for, half-open: page tokens are good for the same question only.
    pub bounds: (EpochMs, EpochMs),
    /// The body as received, packed.
    pub packed: Vec<u8>,
}

/// A page to be kept.
#[derive(Debug, Clone, Copy)]
pub struct PageToKeep<'a> {
    /// Which, from 0.
    pub page: i32,
    /// The token of the page that follows.
    pub next_page: &'a str,
    /// The instants that the window asked for, half-open.
    pub bounds: (EpochMs, EpochMs),
    /// The body.
    pub body: &'a PackedBody,
}

fn of(key: WindowKey) -> Condition {
    use sync_page::Column as C;
    Condition::all().add(C::UserId.eq(key.user.0)).add(C::JobId.eq(key.job.0)).add(C::Seq.eq(key.seq))
}

impl Store {
    /// The pages that are kept of a window, from the first on without a hole.
    ///
    /// # Errors
    /// The database's own.
    pub async fn kept_pages(&self, key: WindowKey) -> Result<Vec<KeptPage>, StoreError> {
        let query = sync_page::Entity::find().filter(of(key)).order_by_asc(sync_page::Column::Page);
        let rows = query.all(self.reader()).await?;
        let whole = (0..).zip(rows).take_while(|(page, row)| *page == row.page);
        let page = |row: sync_page::Model| KeptPage {
            next_page: row.next_page,
            fetched_at: EpochMs(row.fetched_at),
            bounds: (EpochMs(row.from_ms), EpochMs(row.to_ms)),
            packed: row.body,
        };
        Ok(whole.map(|(_, row)| page(row)).collect())
    }
}

impl WriteTx {
    /// Lets `owner` work on a window until `until`, and notes what it has cost so far. `false` when the lease is
    /// another's by now.
    ///
    /// # Errors
    /// The database's own.
    pub async fn prolong_lease(
        &self,
        key: WindowKey,
        owner: &str,
        until: EpochMs,
        spent: Spent,
    ) -> Result<bool, StoreError> {
        use sync_window::Column as C;
        let prolonged = sync_window::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(until.0))
            .col_expr(C::LostLeases, Expr::value(0))
            .col_expr(C::Requests, plus(C::Requests, i64::from(spent.requests)))
            .col_expr(C::Retries, plus(C::Retries, i64::from(spent.retries)))
            .filter(C::UserId.eq(key.user.0))
            .filter(C::JobId.eq(key.job.0))
            .filter(C::Seq.eq(key.seq))
            .filter(C::State.eq(WindowState::Running.key()))
            .filter(C::LeaseOwner.eq(owner))
            .exec(self.db())
            .await?;
        Ok(prolonged.rows_affected == 1)
    }

    /// Keeps a page of a window. The caller holds the window's lease.
    ///
    /// # Errors
    /// The database's own.
    pub async fn keep_page(
        &self,
        key: WindowKey,
        page: &PageToKeep<'_>,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_page::Column as C;
        let row = sync_page::ActiveModel {
            user_id: ActiveValue::Set(key.user.0),
            job_id: ActiveValue::Set(key.job.0),
            seq: ActiveValue::Set(key.seq),
            page: ActiveValue::Set(page.page),
            next_page: ActiveValue::Set(page.next_page.to_owned()),
            fetched_at: ActiveValue::Set(now.0),
            from_ms: ActiveValue::Set(page.bounds.0.0),
            to_ms: ActiveValue::Set(page.bounds.1.0),
            body: ActiveValue::Set(page.body.packed.clone()),
        };
        let again = OnConflict::columns([C::UserId, C::JobId, C::Seq, C::Page])
            .update_columns([C::NextPage, C::FetchedAt, C::FromMs, C::ToMs, C::Body])
            .to_owned();
        sync_page::Entity::insert(row).on_conflict(again).exec_without_returning(self.db()).await?;
        Ok(())
    }

    /// Drops what is kept of a window.
    ///
    /// # Errors
    /// The database's own.
    pub async fn drop_pages(&self, key: WindowKey) -> Result<(), StoreError> {
        sync_page::Entity::delete_many().filter(of(key)).exec(self.db()).await?;
        Ok(())
    }

    /// Drops what is kept of the windows of these jobs.
    pub(crate) async fn drop_pages_of_jobs(&self, user: UserId, jobs: &[i64]) -> Result<(), StoreError> {
        use sync_page::Column as C;
        if !jobs.is_empty() {
            sync_page::Entity::delete_many()
                .filter(C::UserId.eq(user.0))
                .filter(C::JobId.is_in(jobs.iter().copied()))
                .exec(self.db())
                .await?;
        }
        Ok(())
    }
}
