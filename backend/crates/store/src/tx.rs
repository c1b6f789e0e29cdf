//! The unit of work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    id::{ExportId, JobId, UserId},
    time::{DayRange, add_days},
};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QuerySelect, Statement, sea_query::LockType,
};

use crate::{
    Change, Engine, Store, StoreError,
    change::{CHANNEL, EXPORT_CHANNEL},
    database::plus,
    entity::{app_user, change_counter},
    person::count_again,
};

/// Days that lie no further apart are counted in one statement.
const NEIGHBOURS: i64 = 7;

/// A transaction that writes. Dropped without [`WriteTx::commit`], it leaves nothing behind.
///
/// Rows are locked in one order, so that no two transactions wait for each other: person, link, windows, then, at the
/// commit, jobs by their ids.
#[derive(Debug)]
pub struct WriteTx {
    store: Store,
    tx: DatabaseTransaction,
    changed_jobs: BTreeSet<(i64, i64)>,
    changed_exports: BTreeSet<i64>,
    /// Jobs whose windows have changed, to be counted again at the commit.
    stale_jobs: BTreeMap<(i64, i64), EpochMs>,
    /// Days whose coverage has changed, by person, to be counted again at the commit.
    stale_days: Mutex<BTreeMap<i64, Vec<DayRange>>>,
}

impl WriteTx {
    pub(crate) fn new(store: Store, tx: DatabaseTransaction) -> Self {
        Self {
            store,
            tx,
            changed_jobs: BTreeSet::new(),
            changed_exports: BTreeSet::new(),
            stale_jobs: BTreeMap::new(),
            stale_days: Mutex::default(),
        }
    }

    pub(crate) fn db(&self) -> &DatabaseTransaction {
        &self.tx
    }

    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    pub(crate) fn next_id(&self, now: EpochMs) -> i64 {
        self.store.next_id(now)
    }

    /// Lets one transaction at a time change a person's accounts, windows and data. SQLite has one writer anyway; on
    /// PostgreSQL the user row is locked, in a way that rows which refer to it can still be inserted.
    pub(crate) async fn lock_person(&self, user: i64) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            app_user::Entity::find_by_id(user).lock(LockType::NoKeyUpdate).one(&self.tx).await?;
        }
        Ok(())
    }

    /// Has a job's windows counted again at the commit.
    pub(crate) fn recount_job(&mut self, user: UserId, job: JobId, now: EpochMs) {
        self.stale_jobs.insert((user.0, job.0), now);
    }

    /// Has the coverage of a person's days counted again at the commit.
    pub(crate) fn recount_days(&self, user: UserId, days: impl IntoIterator<Item = DayRange>) {
        let mut stale = self.stale_days.lock().unwrap_or_else(PoisonError::into_inner);
        stale.entry(user.0).or_default().extend(days);
    }

    /// The next number of the change counter, by which other processes on SQLite find changed jobs. PostgreSQL
    /// notifies instead, and a counter row would make its writers queue.
    pub(crate) async fn next_change(&mut self, user: UserId, job: JobId) -> Result<i64, StoreError> {
        self.changed_jobs.insert((user.0, job.0));
        self.count_change().await
    }

    /// The same for an export job.
    pub(crate) async fn next_export_change(&mut self, export: ExportId) -> Result<i64, StoreError> {
        self.changed_exports.insert(export.0);
        self.count_change().await
    }

    async fn count_change(&self) -> Result<i64, StoreError> {
        if self.engine() == Engine::Postgres {
            return Ok(0);
        }
        change_counter::Entity::update_many()
            .col_expr(change_counter::Column::Value, plus(change_counter::Column::Value, 1))
            .exec(&self.tx)
            .await?;
        let row = change_counter::Entity::find_by_id(1_i16).one(&self.tx).await?;
        Ok(row.map_or(0, |row| row.value))
    }

    /// Makes it durable, then tells those who watch jobs.
    ///
    /// # Errors
    /// The database's own; nothing was written then.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        for ((user, job), now) in std::mem::take(&mut self.stale_jobs) {
            self.refresh_job(UserId(user), JobId(job), now).await?;
        }
        let stale_days = std::mem::take(&mut *self.stale_days.lock().unwrap_or_else(PoisonError::into_inner));
        for (user, days) in stale_days {
            // Who counts has seen what was counted before, and is seen by who counts next.
            self.lock_person(user).await?;
            for days in joined(days) {
                count_again(&self.tx, user, days).await?;
            }
        }
        if self.engine() == Engine::Postgres {
            for (user, job) in &self.changed_jobs {
                let notify = Statement::from_sql_and_values(
                    DbBackend::Postgres,
                    "SELECT pg_notify($1, $2)",
                    [CHANNEL.into(), format!("{user} {job}").into()],
                );
                self.tx.execute_raw(notify).await?;
            }
            for export in &self.changed_exports {
                let values = [EXPORT_CHANNEL.into(), export.to_string().into()];
                let notify =
                    Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_notify($1, $2)", values);
                self.tx.execute_raw(notify).await?;
            }
        }
        self.tx.commit().await?;
        for (user, job) in self.changed_jobs {
            self.store.announce(Change { job: JobId(job), user: UserId(user) });
        }
        for export in self.changed_exports {
            self.store.announce_export(ExportId(export));
        }
        Ok(())
    }
}

/// Day by day, as ranges.
pub(crate) fn each_day(days: impl IntoIterator<Item = Date>) -> impl Iterator<Item = DayRange> {
    days.into_iter().map(DayRange::one)
}

/// The same days in few ranges, perhaps with some days between them.
fn joined(mut days: Vec<DayRange>) -> Vec<DayRange> {
    days.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<DayRange> = Vec::new();
    for range in days {
        match joined.last_mut() {
            Some(last) if range.start <= add_days(last.end, NEIGHBOURS) => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_near_each_other_are_counted_together() {
        let days = [date(2026, 3, 30), date(2026, 4, 2), date(2026, 1, 5), date(2026, 4, 1)];
        let far =
            [DayRange::one(date(2026, 1, 5)), DayRange { start: date(2026, 3, 30), end: date(2026, 4, 3) }];
        assert_eq!(joined(each_day(days).collect()), far);
        assert_eq!(joined(Vec::new()), []);
    }
}
