//! When each account is looked at, and which processes look.

use pulsekeep_core::{EpochMs, id::LinkId};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType, OnConflict},
};

use crate::{
    Engine, LinkedAccount, Store, StoreError,
    entity::{linked_account, worker_beat},
};

/// Which of an account's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The next incremental sync.
    Sync,
    /// The next deep re-read.
    Deep,
}

impl Look {
    fn column(self) -> linked_account::Column {
        match self {
            Self::Sync => linked_account::Column::NextSyncAt,
            Self::Deep => linked_account::Column::NextDeepAt,
        }
    }
}

/// A process that works on jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerBeat {
    /// Its name, as in leases.
    pub name: String,
    /// Windows that it works on at once.
    pub parallel: i32,
    /// When it started, by the machine's clock.
    pub started_at: EpochMs,
    /// When it was last seen, by the machine's clock.
    pub seen_at: EpochMs,
}

impl Store {
    /// Takes at most `limit` working accounts whose time has come, those that wait longest first, and puts them off to
    /// `until`: of several processes, each gets others. An account whose taker dies comes due again then. The second
    /// of each pair is the time that had come; 0 for an account that was never looked at.
    ///
    /// # Errors
    /// The database's own.
    pub async fn take_due_links(
        &self,
        look: Look,
        until: EpochMs,
        limit: u64,
        now: EpochMs,
    ) -> Result<Vec<(LinkedAccount, EpochMs)>, StoreError> {
        use linked_account::Column as C;
        let due = linked_account::Entity::find()
            .filter(C::State.is_in(["active", "expiring"]))
            .filter(look.column().lte(now.0))
            .order_by_asc(look.column())
            .limit(limit);
        // Most looks find nothing, and those need not wait for a writer.
        if due.clone().one(self.reader()).await?.is_none() {
            return Ok(Vec::new());
        }
        let tx = self.write().await?;
        let locked = match self.engine() {
            Engine::Postgres => due.lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked),
            Engine::Sqlite => due,
        };
        let rows = locked.all(tx.db()).await?;
        linked_account::Entity::update_many()
            .col_expr(look.column(), Expr::value(until.0))
            .filter(C::Id.is_in(rows.iter().map(|row| row.id)))
            .exec(tx.db())
            .await?;
        tx.commit().await?;
        let came = |row: &linked_account::Model| match look {
            Look::Sync => EpochMs(row.next_sync_at),
            Look::Deep => EpochMs(row.next_deep_at),
        };
        rows.into_iter()
            .map(|row| {
                let at = came(&row);
                Ok((LinkedAccount::try_from(row)?, at))
            })
            .collect()
    }

    /// Sets when accounts are looked at next, unless somebody has set another time than `taken` meanwhile.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_next_looks(
        &self,
        look: Look,
        taken: EpochMs,
        next: &[(LinkId, EpochMs)],
    ) -> Result<(), StoreError> {
        if next.is_empty() {
            return Ok(());
        }
        let tx = self.write().await?;
        for (link, at) in next {
            linked_account::Entity::update_many()
                .col_expr(look.column(), Expr::value(at.0))
                .filter(linked_account::Column::Id.eq(link.0))
                .filter(look.column().eq(taken.0))
                .exec(tx.db())
                .await?;
        }
        tx.commit().await
    }

    /// How long the account that waits longest for its sync is overdue, in milliseconds; 0 when none is.
    ///
    /// # Errors
    /// The database's own.
    pub async fn schedule_lag_ms(&self, now: EpochMs) -> Result<i64, StoreError> {
        use linked_account::Column as C;
        let first: Option<i64> = linked_account::Entity::find()
            .select_only()
            .column(C::NextSyncAt)
            .filter(C::State.is_in(["active", "expiring"]))
            // An account that was never looked at has no time to be late by.
            .filter(C::NextSyncAt.gt(0))
            .order_by_asc(C::NextSyncAt)
            .limit(1)
            .into_tuple()
            .one(self.reader())
            .await?;
        Ok(first.map_or(0, |at| (now.0 - at).max(0)))
    }

    /// Notes that a process works on jobs.
    ///
    /// # Errors
    /// The database's own.
    pub async fn beat(&self, beat: WorkerBeat) -> Result<(), StoreError> {
        use worker_beat::Column as C;
        let row = worker_beat::Model {
            name: beat.name,
            parallel: beat.parallel,
            started_at: beat.started_at.0,
            seen_at: beat.seen_at.0,
        };
        let tx = self.write().await?;
        worker_beat::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(C::Name).update_column(C::SeenAt).to_owned())
            .exec_without_returning(tx.db())
            .await?;
        tx.commit().await
    }

    /// Forgets a process that has ended in good order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn forget_worker(&self, name: &str) -> Result<(), StoreError> {
        let tx = self.write().await?;
        worker_beat::Entity::delete_by_id(name.to_owned()).exec(tx.db()).await?;
        tx.commit().await
    }

    /// The processes that were seen since `since`, the last seen first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn workers(&self, since: EpochMs) -> Result<Vec<WorkerBeat>, StoreError> {
        let rows = worker_beat::Entity::find()
            .filter(worker_beat::Column::SeenAt.gte(since.0))
            .order_by_desc(worker_beat::Column::SeenAt)
            .all(self.reader())
            .await?;
        let beat = |row: worker_beat::Model| WorkerBeat {
            name: row.name,
            parallel: row.parallel,
            started_at: EpochMs(row.started_at),
            seen_at: EpochMs(row.seen_at),
        };
        Ok(rows.into_iter().map(beat).collect())
    }
}
