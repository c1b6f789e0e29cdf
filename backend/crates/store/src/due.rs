//! Which windows are due. Jobs are looked for first and then a few windows of each: a backfill of years must not hide
//! the accounts behind it, and many processes share the accounts among themselves.

use pulsekeep_core::{
    EpochMs,
    id::{JobId, LinkId, UserId},
    job::WindowState,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QueryResult, Value,
    sea_query::{Expr, Query, SimpleExpr},
};

use crate::{
    Store, StoreError, WindowKey,
    entity::{sync_job, sync_window},
};

/// A window whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueWindow {
    /// Which.
    pub key: WindowKey,
    /// For which linked account.
    pub link: LinkId,
    /// How urgent its job is: the smaller goes first.
    pub rank: i16,
    /// How often it was claimed before.
    pub attempt: i32,
    /// The time that has come.
    pub since: EpochMs,
}

/// A job that has a window which is due.
#[derive(Debug, Clone, Copy)]
struct DueJob {
    user: i64,
    id: i64,
    link: LinkId,
    rank: i16,
}

/// Jobs that windows are looked for in at once.
const MOST_JOBS: usize = 64;

/// Jobs whose windows may run, as the partial index on them says it.
const MOVING: &str = "state IN ('planned', 'running', 'waiting')";

/// Windows that may be claimed at `$1`, as the partial index on open ones says it.
const CLAIMABLE: &str = "w.state IN ('due', 'running') \
     AND CASE w.state WHEN 'due' THEN w.next_run_at ELSE w.lease_until END <= $1";

/// Due, or claimed by somebody whose lease has ended.
pub(crate) fn claimable(now: EpochMs) -> Condition {
    use sync_window::Column as C;
    let due = Condition::all().add(C::State.eq(WindowState::Due.key())).add(C::NextRunAt.lte(now.0));
    let abandoned =
        Condition::all().add(C::State.eq(WindowState::Running.key())).add(C::LeaseUntil.lte(now.0));
    Condition::any().add(due).add(abandoned)
}

/// Of a job whose windows may run.
pub(crate) fn of_moving_job() -> SimpleExpr {
    let own = |window: sync_window::Column, job: sync_job::Column| {
        Expr::col((sync_window::Entity, window)).equals((sync_job::Entity, job))
    };
    let job = Query::select()
        .expr(Expr::val(1))
        .from(sync_job::Entity)
        .and_where(own(sync_window::Column::UserId, sync_job::Column::UserId))
        .and_where(own(sync_window::Column::JobId, sync_job::Column::Id))
        .and_where(Expr::cust(format!("sync_job.{MOVING}")))
        .to_owned();
    Expr::exists(job)
}

impl Store {
    /// At most `limit` windows whose time has come, the most urgent first and the accounts of one urgency in turn.
    ///
    /// # Errors
    /// The database's own.
    pub async fn due_windows(&self, now: EpochMs, limit: usize) -> Result<Vec<DueWindow>, StoreError> {
        self.due_windows_by(now, limit, MOST_JOBS, |_| 0).await
    }

    /// As [`Store::due_windows`], of the first `jobs` jobs that have any; of jobs that are equally urgent first those of
    /// the accounts that `order` gives the smallest numbers.
    ///
    /// # Errors
    /// The database's own.
    pub async fn due_windows_by(
        &self,
        now: EpochMs,
        limit: usize,
        jobs: usize,
        order: impl Fn(LinkId) -> u64,
    ) -> Result<Vec<DueWindow>, StoreError> {
        let mut jobs = self.due_jobs(now, jobs).await?;
        jobs.sort_by_cached_key(|job| (job.rank, order(job.link)));
        jobs.truncate(limit.min(MOST_JOBS));
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let each = limit.div_ceil(jobs.len());
        let mut windows = self.due_of(&jobs, now, each).await?;
        windows.sort_by_key(|(turn, window)| (window.rank, *turn));
        windows.truncate(limit);
        Ok(windows.into_iter().map(|(_, window)| window).collect())
    }

    /// The most urgent jobs that have a window which is due, the oldest first.
    async fn due_jobs(&self, now: EpochMs, limit: usize) -> Result<Vec<DueJob>, StoreError> {
        // The first condition names the partial index; a job that waits for a budget is passed over without a look at
        // its windows.
        let sql = format!(
            "SELECT user_id, id, link_id, priority FROM sync_job j \
             WHERE j.{MOVING} AND (j.state <> 'waiting' OR j.waiting_until IS NULL OR j.waiting_until <= $1) \
             AND EXISTS (SELECT 1 FROM sync_window w WHERE w.user_id = j.user_id AND w.job_id = j.id AND {CLAIMABLE}) \
             ORDER BY priority, id LIMIT $2",
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.rows(&sql, vec![now.0.into(), limit.into()]).await?;
        let job = |row: &QueryResult| {
            Ok(DueJob {
                user: row.try_get_by_index(0)?,
                id: row.try_get_by_index(1)?,
                link: LinkId(row.try_get_by_index(2)?),
                rank: row.try_get_by_index(3)?,
            })
        };
        rows.iter().map(job).collect()
    }

    /// The first windows of each job that are due, at most `each`, with their turn: the first ones of all jobs come
    /// before the second ones.
    async fn due_of(
        &self,
        jobs: &[DueJob],
        now: EpochMs,
        each: usize,
    ) -> Result<Vec<(usize, DueWindow)>, StoreError> {
        let each = i64::try_from(each).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![now.0.into(), each.into()];
        let mut parts = Vec::new();
        for (i, job) in jobs.iter().enumerate() {
            let (user, id) = (values.len() + 1, values.len() + 2);
            parts.push(format!(
                "SELECT * FROM (SELECT {i} AS place, w.seq, w.attempt, w.next_run_at FROM sync_window w \
                 WHERE w.user_id = ${user} AND w.job_id = ${id} AND {CLAIMABLE} ORDER BY w.seq LIMIT $2) d{i}"
            ));
            values.extend([job.user.into(), job.id.into()]);
        }
        let rows = self.rows(&parts.join(" UNION ALL "), values).await?;
        let mut turns = vec![0; jobs.len()];
        let mut windows = Vec::with_capacity(rows.len());
        for row in rows {
            let place = usize::try_from(row.try_get_by_index::<i32>(0)?).unwrap_or_default();
            let Some(job) = jobs.get(place) else { continue };
            let key = WindowKey { user: UserId(job.user), job: JobId(job.id), seq: row.try_get_by_index(1)? };
            let (attempt, since) = (row.try_get_by_index(2)?, EpochMs(row.try_get_by_index(3)?));
            windows.push((turns[place], DueWindow { key, link: job.link, rank: job.rank, attempt, since }));
            turns[place] += 1;
        }
        Ok(windows)
    }

    /// When the next window comes due; `None` when none waits.
    ///
    /// # Errors
    /// The database's own.
    pub async fn next_due_at(&self) -> Result<Option<EpochMs>, StoreError> {
        use sync_window::Column as C;
        let mut earliest = None;
        // A window at work comes due when its lease ends.
        for (state, time) in [(WindowState::Due, C::NextRunAt), (WindowState::Running, C::LeaseUntil)] {
            let row = sync_window::Entity::find()
                .filter(C::State.eq(state.key()))
                .filter(of_moving_job())
                .order_by_asc(time)
                .one(self.reader())
                .await?;
            let at = row.map(|row| match state {
                WindowState::Due => row.next_run_at,
                _ => row.lease_until.unwrap_or(0),
            });
            earliest = [earliest, at].into_iter().flatten().min();
        }
        Ok(earliest.map(EpochMs))
    }
}
