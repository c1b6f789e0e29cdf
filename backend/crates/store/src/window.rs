//! Windows of sync jobs: the unit of claim, lease, attempt and retry.

use pulsekeep_core::{
    EpochMs,
    id::{JobId, LinkId, UserId},
    job::{FailureCode, JobKind, JobState, WindowState},
    time::DayRange,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};

use crate::{
    Store, StoreError, WriteTx,
    convert::range_of,
    database::plus,
    due::{claimable, of_moving_job},
    entity::{linked_account, sync_job, sync_window},
};

/// States of a window that is still to be read.
pub(crate) const OPEN: [WindowState; 3] = [WindowState::Held, WindowState::Due, WindowState::Running];

/// Names a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowKey {
    /// Whose.
    pub user: UserId,
    /// Of which job.
    pub job: JobId,
    /// Which one.
    pub seq: i32,
}

/// A window as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncWindow {
    /// Which.
    pub key: WindowKey,
    /// The endpoint's key.
    pub endpoint: String,
    /// The days to be fetched.
    pub days: DayRange,
    /// State.
    pub state: WindowState,
    /// How often it was claimed.
    pub attempt: i32,
    /// Not before.
    pub next_run_at: EpochMs,
    /// Why it waits or was given up.
    pub code: Option<FailureCode>,
    /// Requests made for it so far.
    pub requests: i32,
    /// Those of them that had to be made again, since their answer did not serve.
    pub retries: i32,
    /// How often in a row its worker was lost at it: killed, or out of memory.
    pub lost: i32,
}

/// What work on a window has cost since it was last noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Requests.
    pub requests: i32,
    /// Those of them that have to be made again, since their answer did not serve: 429, a server's error, an answer
    /// that broke off, a page that is no good any more.
    pub retries: i32,
}

impl From<i32> for Spent {
    /// Requests that served.
    fn from(requests: i32) -> Self {
        Self { requests, retries: 0 }
    }
}

/// A window under this worker's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedWindow {
    /// The window.
    pub window: SyncWindow,
    /// The linked account.
    pub link: LinkId,
    /// What its job is for.
    pub kind: JobKind,
    /// Whether it was taken over from a worker that is lost.
    pub taken_over: bool,
}

impl TryFrom<sync_window::Model> for SyncWindow {
    type Error = StoreError;

    fn try_from(row: sync_window::Model) -> Result<Self, StoreError> {
        Ok(Self {
            key: WindowKey { user: UserId(row.user_id), job: JobId(row.job_id), seq: row.seq },
            days: range_of(&row.from_day, &row.to_day)?,
            endpoint: row.endpoint,
            state: WindowState::parse(&row.state).unwrap_or(WindowState::Failed),
            attempt: row.attempt,
            next_run_at: EpochMs(row.next_run_at),
            code: row.code.as_deref().and_then(FailureCode::parse),
            requests: row.requests,
            retries: row.retries,
            lost: row.lost_leases,
        })
    }
}

pub(crate) fn this(key: WindowKey) -> Condition {
    use sync_window::Column as C;
    Condition::all().add(C::UserId.eq(key.user.0)).add(C::JobId.eq(key.job.0)).add(C::Seq.eq(key.seq))
}

/// One number for a window that is at work, before this statement changes it, and another for the rest.
fn if_running(running: i32, other: i32) -> SimpleExpr {
    let is_running = Expr::col(sync_window::Column::State).eq(WindowState::Running.key());
    Expr::case(is_running, Expr::value(running)).finally(Expr::value(other)).into()
}

/// What a window waited for, unless it is taken over at its work: then nothing, by which that is seen.
fn code_unless_running() -> SimpleExpr {
    let is_running = Expr::col(sync_window::Column::State).eq(WindowState::Running.key());
    Expr::case(is_running, Expr::value(Option::<String>::None))
        .finally(Expr::col(sync_window::Column::Code))
        .into()
}

impl Store {
    /// Claims a window under a lease. `None` when another has it, its time has not come, or its job no longer moves. One
    /// that its worker has abandoned costs no attempt, and the request which that worker may have made without noting
    /// it counts as one that is made again.
    ///
    /// # Errors
    /// The database's own.
    pub async fn claim_window(
        &self,
        key: WindowKey,
        owner: &str,
        until: EpochMs,
        now: EpochMs,
    ) -> Result<Option<ClaimedWindow>, StoreError> {
        use sync_window::Column as C;
        let mut tx = self.write().await?;
        let claimed = sync_window::Entity::update_many()
            .col_expr(C::State, Expr::value(WindowState::Running.key()))
            .col_expr(C::LeaseOwner, Expr::value(owner))
            .col_expr(C::LeaseUntil, Expr::value(until.0))
            .col_expr(C::Attempt, Expr::col(C::Attempt).add(if_running(0, 1)))
            .col_expr(C::Requests, Expr::col(C::Requests).add(if_running(1, 0)))
            .col_expr(C::Retries, Expr::col(C::Retries).add(if_running(1, 0)))
            .col_expr(C::LostLeases, Expr::col(C::LostLeases).add(if_running(1, 0)))
            .col_expr(C::Code, code_unless_running())
            .filter(this(key))
            .filter(claimable(now))
            .filter(of_moving_job())
            .exec(tx.db())
            .await?;
        if claimed.rows_affected != 1 {
            return Ok(None);
        }
        let row = sync_window::Entity::find().filter(this(key)).one(tx.db()).await?;
        let job = sync_job::Entity::find_by_id((key.user.0, key.job.0)).one(tx.db()).await?;
        let (Some(row), Some(job)) = (row, job) else { return Ok(None) };
        if job.state != JobState::Running.key() {
            tx.recount_job(key.user, key.job, now);
        }
        tx.commit().await?;
        Ok(Some(ClaimedWindow {
            link: LinkId(row.link_id),
            kind: JobKind::parse(&job.kind).unwrap_or(JobKind::Incremental),
            taken_over: row.lost_leases > 0 && row.code.is_none(),
            window: row.try_into()?,
        }))
    }

    /// The windows of a job, in order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn windows(&self, user: UserId, job: JobId) -> Result<Vec<SyncWindow>, StoreError> {
        let rows = sync_window::Entity::find()
            .filter(sync_window::Column::UserId.eq(user.0))
            .filter(sync_window::Column::JobId.eq(job.0))
            .order_by_asc(sync_window::Column::Seq)
            .all(self.reader())
            .await?;
        rows.into_iter().map(SyncWindow::try_from).collect()
    }
}

impl WriteTx {
    /// Whether `owner` still holds the lease of a window: what it read may be stored only then.
    ///
    /// # Errors
    /// The database's own.
    pub async fn holds_lease(&self, key: WindowKey, owner: &str) -> Result<bool, StoreError> {
        use sync_window::Column as C;
        self.lock_person(key.user.0).await?;
        let mut query = sync_window::Entity::find()
            .filter(this(key))
            .filter(C::State.eq(WindowState::Running.key()))
            .filter(C::LeaseOwner.eq(owner));
        if self.engine() == crate::Engine::Postgres {
            query = query.lock_exclusive();
        }
        Ok(query.one(self.db()).await?.is_some())
    }

    /// Ends a window, read or given up.
    ///
    /// # Errors
    /// The database's own.
    pub async fn finish_window(
        &mut self,
        key: WindowKey,
        outcome: Result<(), FailureCode>,
        spent: impl Into<Spent>,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        let spent = spent.into();
        let state = if outcome.is_ok() { WindowState::Done } else { WindowState::Failed };
        sync_window::Entity::update_many()
            .col_expr(C::State, Expr::value(state.key()))
            .col_expr(C::Code, Expr::value(outcome.err().map(FailureCode::key)))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .col_expr(C::Requests, plus(C::Requests, i64::from(spent.requests)))
            .col_expr(C::Retries, plus(C::Retries, i64::from(spent.retries)))
            .filter(this(key))
            .exec(self.db())
            .await?;
        self.recount_job(key.user, key.job, now);
        Ok(())
    }

    /// Puts a window off until `at`. Unless `is_attempt`, the claim counts for nothing: waiting for a budget or for
    /// somebody else is no failed attempt.
    ///
    /// # Errors
    /// The database's own.
    pub async fn defer_window(
        &mut self,
        key: WindowKey,
        at: EpochMs,
        code: FailureCode,
        (spent, is_attempt): (impl Into<Spent>, bool),
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        let spent = spent.into();
        let mut update = sync_window::Entity::update_many()
            .col_expr(C::State, Expr::value(WindowState::Due.key()))
            .col_expr(C::Code, Expr::value(code.key()))
            .col_expr(C::NextRunAt, Expr::value(at.0))
            .col_expr(C::LostLeases, Expr::value(0))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .col_expr(C::Requests, plus(C::Requests, i64::from(spent.requests)))
            .col_expr(C::Retries, plus(C::Retries, i64::from(spent.retries)));
        if !is_attempt {
            update = update.col_expr(C::Attempt, Expr::col(C::Attempt).sub(1));
        }
        update.filter(this(key)).exec(self.db()).await?;
        self.recount_job(key.user, key.job, now);
        Ok(())
    }

    /// Puts off every due window of an account, or of one of its jobs, until `at`: the budget is used up. They need not
    /// be claimed one by one to find that out.
    ///
    /// # Errors
    /// The database's own.
    pub async fn defer_link(
        &mut self,
        link: LinkId,
        only: Option<JobId>,
        at: EpochMs,
        code: FailureCode,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        let owner = linked_account::Entity::find().filter(linked_account::Column::Id.eq(link.0));
        if let Some(owner) = owner.one(self.db()).await? {
            self.lock_person(owner.user_id).await?;
        }
        let due = Condition::all()
            .add(C::LinkId.eq(link.0))
            .add_option(only.map(|job| C::JobId.eq(job.0)))
            .add(C::State.eq(WindowState::Due.key()))
            .add(C::NextRunAt.lt(at.0));
        for (user, job) in self.jobs_of(due.clone()).await? {
            self.recount_job(user, job, now);
        }
        sync_window::Entity::update_many()
            .col_expr(C::NextRunAt, Expr::value(at.0))
            .col_expr(C::Code, Expr::value(code.key()))
            .filter(due)
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Brings the windows of an account back that wait for its token: it is there.
    ///
    /// # Errors
    /// The database's own.
    pub async fn wake_for_token(
        &mut self,
        user: UserId,
        link: LinkId,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        let asleep = Condition::all()
            .add(C::UserId.eq(user.0))
            .add(C::LinkId.eq(link.0))
            .add(C::State.eq(WindowState::Due.key()))
            .add(C::Code.eq(FailureCode::TokenBusy.key()))
            .add(C::NextRunAt.gt(now.0));
        for (user, job) in self.jobs_of(asleep.clone()).await? {
            self.recount_job(user, job, now);
        }
        sync_window::Entity::update_many()
            .col_expr(C::NextRunAt, Expr::value(now.0))
            .filter(asleep)
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// The jobs of some windows.
    async fn jobs_of(&self, windows: Condition) -> Result<Vec<(UserId, JobId)>, StoreError> {
        use sync_window::Column as C;
        let jobs: Vec<(i64, i64)> = sync_window::Entity::find()
            .select_only()
            .columns([C::UserId, C::JobId])
            .filter(windows)
            .distinct()
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(jobs.into_iter().map(|(user, job)| (UserId(user), JobId(job))).collect())
    }

    /// Gives up every window of an account that has not been read, and the days that wait for them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn fail_link(
        &mut self,
        user: UserId,
        link: LinkId,
        code: FailureCode,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        self.lock_person(user.0).await?;
        let open = Condition::all()
            .add(C::UserId.eq(user.0))
            .add(C::LinkId.eq(link.0))
            .add(C::State.is_in(OPEN.map(WindowState::key)));
        let jobs: Vec<i64> = self.jobs_of(open.clone()).await?.into_iter().map(|(_, job)| job.0).collect();
        sync_window::Entity::update_many()
            .col_expr(C::State, Expr::value(WindowState::Failed.key()))
            .col_expr(C::Code, Expr::value(code.key()))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .filter(open)
            .exec(self.db())
            .await?;
        self.fail_pending(user, &jobs, code).await?;
        self.drop_pages_of_jobs(user, &jobs).await?;
        for job in jobs {
            self.recount_job(user, JobId(job), now);
        }
        Ok(())
    }
}
