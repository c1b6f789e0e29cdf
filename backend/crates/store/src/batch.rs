//! Batches: jobs that were asked for together, over several people. What a batch has done is never stored: it is added
//! up from its jobs, in the database.

use std::collections::BTreeSet;

use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    id::{BatchId, JobId, LinkId, UserId},
    job::{FailureCode, JobKind, JobState, Priority, WindowState},
    time::DayRange,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement,
    Value, sea_query::Expr,
};

use crate::{
    Store, StoreError, WriteTx,
    convert::{day_text, join, range_of, words},
    entity::{sync_batch, sync_job},
};

/// Jobs that were asked for together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncBatch {
    /// Id.
    pub id: BatchId,
    /// What it is for.
    pub kind: JobKind,
    /// How urgent.
    pub priority: Priority,
    /// The metrics asked for.
    pub metrics: Vec<Metric>,
    /// The days asked for.
    pub days: DayRange,
    /// Who asked; `None` for the command line.
    pub created_by: Option<UserId>,
    /// When it was asked for.
    pub created_at: EpochMs,
    /// The people asked for.
    pub people: Vec<UserId>,
    /// How many of these, from the first, were seen to.
    pub people_seen: usize,
    /// Whether a person holds it: no further job of it is written then.
    pub paused: bool,
    /// When each of the people had been seen to; `None` while jobs are still to be written.
    pub written_at: Option<EpochMs>,
}

/// A batch to be written.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// What it is for.
    pub kind: JobKind,
    /// How urgent.
    pub priority: Priority,
    /// The metrics asked for.
    pub metrics: Vec<Metric>,
    /// The days asked for.
    pub days: DayRange,
    /// The people asked for, each once.
    pub people: Vec<UserId>,
    /// Who asked; `None` for the command line.
    pub created_by: Option<UserId>,
}

/// What the jobs of a batch add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchProgress {
    /// Jobs by state.
    pub states: Vec<(JobState, i64)>,
    /// People who have a job in it.
    pub people: i64,
    /// Requests that the plans expect.
    pub requests_expected: i64,
    /// Requests that the plans take at the most, retries apart.
    pub requests_at_most: i64,
    /// Requests made, retries included.
    pub requests_done: i64,
    /// Requests that had to be made again.
    pub retries: i64,
    /// Windows of all jobs.
    pub windows_total: i64,
    /// Windows read.
    pub windows_done: i64,
    /// Windows given up.
    pub windows_failed: i64,
    /// When the first of those that wait can go on.
    pub waiting_until: Option<EpochMs>,
    /// Why windows wait or were given up, without repeats.
    pub codes: Vec<FailureCode>,
    /// What is left, by provider; empty when nothing moves.
    pub left: Vec<WorkLeft>,
}

/// Requests that the moving jobs of a batch still expect at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLeft {
    /// The provider.
    pub provider: ProviderKey,
    /// Of the account that has the most left.
    pub longest: i64,
    /// Of all accounts.
    pub all: i64,
    /// The latest time before which one of them cannot go on.
    pub waiting_until: Option<EpochMs>,
}

impl BatchProgress {
    /// Jobs in any of these states.
    #[must_use]
    pub fn count(&self, states: &[JobState]) -> i64 {
        self.states.iter().filter(|(state, _)| states.contains(state)).map(|(_, jobs)| jobs).sum()
    }

    /// Jobs written so far.
    #[must_use]
    pub fn jobs(&self) -> i64 {
        self.count(JobState::ALL)
    }

    /// The state of `batch`: that of the jobs which still move, else what became of all.
    #[must_use]
    pub fn state(&self, batch: &SyncBatch) -> JobState {
        use JobState as S;
        let has = |states: &[S]| self.count(states) > 0;
        if batch.written_at.is_none() && batch.paused && !has(&[S::Planned, S::Running, S::Waiting]) {
            return S::Paused;
        }
        let ended = has(&[S::Done, S::DoneWithGaps, S::Failed]);
        match () {
            () if has(&[S::Running]) => S::Running,
            () if has(&[S::Planned]) && ended => S::Running,
            () if has(&[S::Planned]) => S::Planned,
            () if batch.written_at.is_none() => {
                if ended {
                    S::Running
                } else {
                    S::Planned
                }
            }
            () if has(&[S::Waiting]) => S::Waiting,
            () if has(&[S::Paused]) => S::Paused,
            () if has(&[S::DoneWithGaps]) || has(&[S::Done]) && has(&[S::Failed]) => S::DoneWithGaps,
            () if has(&[S::Failed]) => S::Failed,
            () if has(&[S::Done]) || self.jobs() == 0 => S::Done,
            () => S::Cancelled,
        }
    }
}

/// A job of a batch, as far as steering needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchJob {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub job: JobId,
    /// For which account.
    pub link: LinkId,
}

impl TryFrom<sync_batch::Model> for SyncBatch {
    type Error = StoreError;

    fn try_from(row: sync_batch::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: BatchId(row.id),
            kind: JobKind::parse(&row.kind).unwrap_or(JobKind::Backfill),
            priority: Priority::of_rank(row.priority),
            metrics: row.metrics.split_whitespace().filter_map(|m| m.parse().ok()).collect(),
            days: range_of(&row.from_day, &row.to_day)?,
            created_by: row.created_by.map(UserId),
            created_at: EpochMs(row.created_at),
            people: words(&row.people).iter().filter_map(|word| word.parse().ok()).collect(),
            people_seen: usize::try_from(row.people_seen).unwrap_or(0),
            paused: row.paused,
            written_at: row.written_at.map(EpochMs),
        })
    }
}

/// Job states that move by themselves, as SQL.
const MOVING: &str = "'planned', 'running', 'waiting'";

impl Store {
    /// A batch.
    ///
    /// # Errors
    /// The database's own.
    pub async fn batch(&self, id: BatchId) -> Result<Option<SyncBatch>, StoreError> {
        let row = sync_batch::Entity::find_by_id(id.0).one(self.reader()).await?;
        row.map(SyncBatch::try_from).transpose()
    }

    /// Batches, newest first: those after (older than) `after`, at most `limit`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn batches(&self, after: Option<BatchId>, limit: u64) -> Result<Vec<SyncBatch>, StoreError> {
        let mut query = sync_batch::Entity::find().order_by_desc(sync_batch::Column::Id).limit(limit);
        if let Some(after) = after {
            query = query.filter(sync_batch::Column::Id.lt(after.0));
        }
        query.all(self.reader()).await?.into_iter().map(SyncBatch::try_from).collect()
    }

    /// Batches whose jobs are still to be written and that nobody writes or holds at `now`, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn unwritten_batches(&self, now: EpochMs) -> Result<Vec<BatchId>, StoreError> {
        use sync_batch::Column as C;
        let rows: Vec<i64> = sync_batch::Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::WrittenAt.is_null())
            .filter(C::WriterUntil.lte(now.0))
            .filter(C::Paused.eq(false))
            .order_by_asc(C::Id)
            .into_tuple()
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(BatchId).collect())
    }

    /// Takes or keeps the writing of a batch's jobs until `until`; `held` is the end of the caller's own lease and how
    /// many people were seen to under it. Whether it was had: not when all is written, a person holds the batch, or
    /// another writes it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn claim_batch(
        &self,
        id: BatchId,
        held: Option<(EpochMs, usize)>,
        until: EpochMs,
        now: EpochMs,
    ) -> Result<bool, StoreError> {
        use sync_batch::Column as C;
        let tx = self.write().await?;
        let free = match held {
            Some((own, _)) => C::WriterUntil.eq(own.0),
            None => C::WriterUntil.lte(now.0),
        };
        let mut claim = sync_batch::Entity::update_many().col_expr(C::WriterUntil, Expr::value(until.0));
        if let Some((_, seen)) = held {
            claim = claim.col_expr(C::PeopleSeen, Expr::value(i32::try_from(seen).unwrap_or(i32::MAX)));
        }
        let claimed = claim
            .filter(C::Id.eq(id.0))
            .filter(C::WrittenAt.is_null())
            .filter(C::Paused.eq(false))
            .filter(free)
            .exec(tx.db())
            .await?;
        tx.commit().await?;
        Ok(claimed.rows_affected == 1)
    }

    /// Gives the writing of a batch back, of which `seen` people were seen to; others may go on with it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn release_batch(&self, id: BatchId, own: EpochMs, seen: usize) -> Result<(), StoreError> {
        use sync_batch::Column as C;
        let tx = self.write().await?;
        sync_batch::Entity::update_many()
            .col_expr(C::WriterUntil, Expr::value(0_i64))
            .col_expr(C::PeopleSeen, Expr::value(i32::try_from(seen).unwrap_or(i32::MAX)))
            .filter(C::Id.eq(id.0))
            .filter(C::WriterUntil.eq(own.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Ends the writing of a batch: no further job of it is written.
    ///
    /// # Errors
    /// The database's own.
    pub async fn end_batch(&self, id: BatchId, now: EpochMs) -> Result<(), StoreError> {
        use sync_batch::Column as C;
        let tx = self.write().await?;
        sync_batch::Entity::update_many()
            .col_expr(C::WriterUntil, Expr::value(0_i64))
            .col_expr(C::WrittenAt, Expr::value(now.0))
            .filter(C::Id.eq(id.0))
            .filter(C::WrittenAt.is_null())
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Holds the writing of further jobs of a batch, or lets it go on.
    ///
    /// # Errors
    /// The database's own.
    pub async fn hold_batch(&self, id: BatchId, paused: bool) -> Result<(), StoreError> {
        let tx = self.write().await?;
        sync_batch::Entity::update_many()
            .col_expr(sync_batch::Column::Paused, Expr::value(paused))
            .filter(sync_batch::Column::Id.eq(id.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Gives a batch another priority, for jobs that are still to be written.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_batch_priority(&self, id: BatchId, priority: Priority) -> Result<(), StoreError> {
        let tx = self.write().await?;
        sync_batch::Entity::update_many()
            .col_expr(sync_batch::Column::Priority, Expr::value(priority.rank()))
            .filter(sync_batch::Column::Id.eq(id.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// The accounts that have a job in a batch.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_of_batch(&self, id: BatchId) -> Result<BTreeSet<LinkId>, StoreError> {
        let rows: Vec<i64> = sync_job::Entity::find()
            .select_only()
            .column(sync_job::Column::LinkId)
            .filter(sync_job::Column::BatchId.eq(id.0))
            .into_tuple()
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(LinkId).collect())
    }

    /// The jobs of a batch that are in one of these states, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn batch_jobs(&self, id: BatchId, states: &[JobState]) -> Result<Vec<BatchJob>, StoreError> {
        use sync_job::Column as C;
        let rows: Vec<(i64, i64, i64)> = sync_job::Entity::find()
            .select_only()
            .columns([C::UserId, C::Id, C::LinkId])
            .filter(C::BatchId.eq(id.0))
            .filter(C::State.is_in(states.iter().map(|state| state.key())))
            .order_by_asc(C::Id)
            .into_tuple()
            .all(self.reader())
            .await?;
        let job = |(user, job, link)| BatchJob { user: UserId(user), job: JobId(job), link: LinkId(link) };
        Ok(rows.into_iter().map(job).collect())
    }

    /// What the jobs of a batch add up to.
    ///
    /// # Errors
    /// The database's own.
    pub async fn batch_progress(&self, id: BatchId) -> Result<BatchProgress, StoreError> {
        let mut progress = BatchProgress::default();
        let by_state = "SELECT state, COUNT(*), CAST(SUM(requests_expected) AS BIGINT), \
             CAST(SUM(requests_at_most) AS BIGINT), CAST(SUM(requests_done) AS BIGINT), \
             CAST(SUM(retries) AS BIGINT), CAST(SUM(windows_total) AS BIGINT), \
             CAST(SUM(windows_done) AS BIGINT), CAST(SUM(windows_failed) AS BIGINT), MIN(waiting_until) \
             FROM sync_job WHERE batch_id = $1 GROUP BY state";
        for row in self.rows(by_state, vec![id.0.into()]).await? {
            let n = |column: usize| row.try_get_by_index::<i64>(column);
            let state = JobState::parse(&row.try_get_by_index::<String>(0)?).unwrap_or(JobState::Failed);
            progress.states.push((state, n(1)?));
            progress.requests_expected += n(2)?;
            progress.requests_at_most += n(3)?;
            progress.requests_done += n(4)?;
            progress.retries += n(5)?;
            progress.windows_total += n(6)?;
            progress.windows_done += n(7)?;
            progress.windows_failed += n(8)?;
            let waiting = row.try_get_by_index::<Option<i64>>(9)?.map(EpochMs);
            progress.waiting_until = [progress.waiting_until, waiting].into_iter().flatten().min();
        }
        let people = "SELECT COUNT(DISTINCT user_id) FROM sync_job WHERE batch_id = $1";
        if let Some(row) = self.rows(people, vec![id.0.into()]).await?.first() {
            progress.people = row.try_get_by_index(0)?;
        }
        let codes = "SELECT DISTINCT code FROM sync_job WHERE batch_id = $1 AND code IS NOT NULL";
        for row in self.rows(codes, vec![id.0.into()]).await? {
            for code in
                words(&row.try_get_by_index::<String>(0)?).iter().filter_map(|w| FailureCode::parse(w))
            {
                if !progress.codes.contains(&code) {
                    progress.codes.push(code);
                }
            }
        }
        progress.left = self.work_left(id).await?;
        Ok(progress)
    }

    async fn work_left(&self, id: BatchId) -> Result<Vec<WorkLeft>, StoreError> {
        // What was asked again is not what the plan counted.
        let left = "j.requests_expected - j.requests_done + j.retries";
        let sql = format!(
            "SELECT l.provider, CAST(MAX({left}) AS BIGINT), CAST(SUM({left}) AS BIGINT), MAX(j.waiting_until) \
             FROM sync_job j JOIN linked_account l ON l.id = j.link_id \
             WHERE j.batch_id = $1 AND j.state IN ({MOVING}) GROUP BY l.provider"
        );
        let mut left = Vec::new();
        for row in self.rows(&sql, vec![id.0.into()]).await? {
            let Ok(provider) = row.try_get_by_index::<String>(0)?.parse() else { continue };
            left.push(WorkLeft {
                provider,
                longest: row.try_get_by_index::<i64>(1)?.max(0),
                all: row.try_get_by_index::<i64>(2)?.max(0),
                waiting_until: row.try_get_by_index::<Option<i64>>(3)?.map(EpochMs),
            });
        }
        Ok(left)
    }

    /// The rows of a query of our own; parameters are written `$1`, which both engines take.
    pub(crate) async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        Ok(self.reader().query_all_raw(statement).await?)
    }
}

impl WriteTx {
    /// Writes a batch; its jobs follow, person by person. Until `writer_until` the caller writes them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_batch(
        &self,
        new: &NewBatch,
        writer_until: EpochMs,
        now: EpochMs,
    ) -> Result<BatchId, StoreError> {
        let id = BatchId(self.next_id(now));
        let row = sync_batch::Model {
            id: id.0,
            kind: new.kind.key().to_owned(),
            priority: new.priority.rank(),
            metrics: join(new.metrics.iter().map(|m| m.key())),
            from_day: day_text(new.days.start),
            to_day: day_text(new.days.end),
            created_by: new.created_by.map(|u| u.0),
            created_at: now.0,
            people: join(new.people.iter().map(ToString::to_string)),
            people_seen: 0,
            paused: false,
            written_at: None,
            writer_until: writer_until.0,
        };
        sync_batch::Entity::insert(sync_batch::ActiveModel::from(row))
            .exec_without_returning(self.db())
            .await?;
        Ok(id)
    }

    /// Gives a job and its windows that were not read yet another priority.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_job_priority(
        &mut self,
        user: UserId,
        job: JobId,
        priority: Priority,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use crate::entity::sync_window::{self, Column as W};
        self.lock_person(user.0).await?;
        sync_window::Entity::update_many()
            .col_expr(W::Priority, Expr::value(priority.rank()))
            .filter(W::UserId.eq(user.0))
            .filter(W::JobId.eq(job.0))
            .filter(W::State.is_in(crate::window::OPEN.map(WindowState::key)))
            .exec(self.db())
            .await?;
        sync_job::Entity::update_many()
            .col_expr(sync_job::Column::Priority, Expr::value(priority.rank()))
            .filter(sync_job::Column::UserId.eq(user.0))
            .filter(sync_job::Column::Id.eq(job.0))
            .exec(self.db())
            .await?;
        self.recount_job(user, job, now);
        Ok(())
    }
}
