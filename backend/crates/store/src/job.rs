//! Sync jobs: what somebody or the schedule asked for, and how far it is.

use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    catalogue::{Endpoint, endpoint},
    id::{BatchId, JobId, LinkId, UserId},
    job::{FailureCode, JobKind, JobState, Priority, WindowState},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use crate::{
    Store, StoreError, WriteTx,
    convert::{day_text, join, range_of},
    entity::{sync_job, sync_window},
    window::OPEN,
};

/// A sync job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncJob {
    /// Id.
    pub id: JobId,
    /// Whose data.
    pub user_id: UserId,
    /// For which linked account.
    pub link_id: LinkId,
    /// What it is for.
    pub kind: JobKind,
    /// How urgent.
    pub priority: Priority,
    /// State.
    pub state: JobState,
    /// The metrics asked for.
    pub metrics: Vec<Metric>,
    /// The days asked for.
    pub days: DayRange,
    /// Why windows wait or were given up, without repeats.
    pub codes: Vec<FailureCode>,
    /// When the next window can run, while the job waits.
    pub waiting_until: Option<EpochMs>,
    /// Windows of the job.
    pub windows_total: i32,
    /// Windows read.
    pub windows_done: i32,
    /// Windows given up.
    pub windows_failed: i32,
    /// Requests that the plan expects.
    pub requests_expected: i32,
    /// Requests that the plan takes at the most, retries apart.
    pub requests_at_most: i32,
    /// When the daily series had been read and the plan could not grow any more.
    pub plan_fixed_at: Option<EpochMs>,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
    /// Requests made, retries included.
    pub requests_done: i32,
    /// Requests that had to be made again.
    pub retries: i32,
    /// When it was asked for.
    pub created_at: EpochMs,
    /// When the first window was claimed.
    pub started_at: Option<EpochMs>,
    /// When it last changed.
    pub updated_at: EpochMs,
    /// When it ended.
    pub finished_at: Option<EpochMs>,
}

/// A job to be written.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Whose data.
    pub user_id: UserId,
    /// For which linked account.
    pub link_id: LinkId,
    /// What it is for.
    pub kind: JobKind,
    /// How urgent.
    pub priority: Priority,
    /// The metrics asked for.
    pub metrics: Vec<Metric>,
    /// The days asked for.
    pub days: DayRange,
    /// Requests that the plan expects.
    pub requests_expected: i32,
    /// Requests that the plan takes at the most, retries apart.
    pub requests_at_most: i32,
    /// The batch that it belongs to.
    pub batch: Option<BatchId>,
    /// Who asked; `None` for the schedule and the command line.
    pub created_by: Option<UserId>,
    /// Its windows, the first to run first.
    pub windows: Vec<NewWindow>,
}

/// A window to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewWindow {
    /// The endpoint's key.
    pub endpoint: &'static str,
    /// The days to be fetched.
    pub days: DayRange,
    /// Whether it waits for the daily series of its job, which may prove its days empty.
    pub held: bool,
}

/// Which jobs, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of one person.
    pub user_id: Option<UserId>,
    /// Of one batch.
    pub batch: Option<BatchId>,
    /// In one of these states; empty for any.
    pub states: Vec<JobState>,
    /// Those after (older than) this one.
    pub after: Option<JobId>,
    /// At most so many.
    pub limit: u64,
}

impl TryFrom<sync_job::Model> for SyncJob {
    type Error = StoreError;

    fn try_from(row: sync_job::Model) -> Result<Self, StoreError> {
        let codes = row.code.as_deref().unwrap_or("");
        Ok(Self {
            id: JobId(row.id),
            user_id: UserId(row.user_id),
            link_id: LinkId(row.link_id),
            kind: JobKind::parse(&row.kind).unwrap_or(JobKind::Incremental),
            priority: Priority::of_rank(row.priority),
            state: JobState::parse(&row.state).unwrap_or(JobState::Failed),
            metrics: row.metrics.split_whitespace().filter_map(|m| m.parse().ok()).collect(),
            days: range_of(&row.from_day, &row.to_day)?,
            codes: codes.split_whitespace().filter_map(FailureCode::parse).collect(),
            waiting_until: row.waiting_until.map(EpochMs),
            windows_total: row.windows_total,
            windows_done: row.windows_done,
            windows_failed: row.windows_failed,
            requests_expected: row.requests_expected,
            requests_at_most: row.requests_at_most,
            plan_fixed_at: row.plan_fixed_at.map(EpochMs),
            batch: row.batch_id.map(BatchId),
            requests_done: row.requests_done,
            retries: row.retries,
            created_at: EpochMs(row.created_at),
            started_at: row.started_at.map(EpochMs),
            updated_at: EpochMs(row.updated_at),
            finished_at: row.finished_at.map(EpochMs),
        })
    }
}

impl Store {
    /// Jobs that the viewer may see, newest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn jobs(&self, viewer: &Viewer, filter: &JobFilter) -> Result<Vec<SyncJob>, StoreError> {
        use sync_job::Column as C;
        let mut query = sync_job::Entity::find().order_by_desc(C::Id).limit(filter.limit);
        if let Some(user) = filter.user_id {
            if !viewer.may_see(user) {
                return Ok(Vec::new());
            }
            query = query.filter(C::UserId.eq(user.0));
        }
        if let Some(people) = &viewer.people {
            query = query.filter(C::UserId.is_in(people.iter().map(|u| u.0)));
        }
        if viewer.role != pulsekeep_core::account::Role::Admin {
            query = query.filter(C::UserId.eq(viewer.user.map_or(0, |u| u.0)));
        }
        if !filter.states.is_empty() {
            query = query.filter(C::State.is_in(filter.states.iter().map(|s| s.key())));
        }
        if let Some(batch) = filter.batch {
            query = query.filter(C::BatchId.eq(batch.0));
        }
        if let Some(after) = filter.after {
            query = query.filter(C::Id.lt(after.0));
        }
        query.all(self.reader()).await?.into_iter().map(SyncJob::try_from).collect()
    }

    /// The latest job of a kind for a linked account.
    ///
    /// # Errors
    /// The database's own.
    pub async fn latest_job(
        &self,
        user: UserId,
        link: LinkId,
        kind: JobKind,
    ) -> Result<Option<SyncJob>, StoreError> {
        use sync_job::Column as C;
        let query = sync_job::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(link.0))
            .filter(C::Kind.eq(kind.key()))
            .order_by_desc(C::Id);
        query.one(self.reader()).await?.map(SyncJob::try_from).transpose()
    }

    /// A job that the viewer may see.
    ///
    /// # Errors
    /// The database's own.
    pub async fn job(&self, viewer: &Viewer, id: JobId) -> Result<Option<SyncJob>, StoreError> {
        let row = sync_job::Entity::find().filter(sync_job::Column::Id.eq(id.0)).one(self.reader()).await?;
        let job = row.map(SyncJob::try_from).transpose()?;
        Ok(job.filter(|job| viewer.may_see(job.user_id)))
    }
}

impl NewJob {
    /// Whether its plan is what it will ask: nothing waits for what the daily series tell, nor has to be read to be
    /// counted. A reparse asks for nothing.
    fn is_counted(&self) -> bool {
        let is_uncounted = |window: &NewWindow| endpoint(window.endpoint).is_some_and(Endpoint::is_uncounted);
        self.kind == JobKind::Reparse
            || !self.windows.iter().any(|window| window.held || is_uncounted(window))
    }
}

impl WriteTx {
    /// Writes a job and its windows.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_job(&mut self, new: NewJob, now: EpochMs) -> Result<JobId, StoreError> {
        self.lock_person(new.user_id.0).await?;
        let id = JobId(self.next_id(now));
        let change_seq = self.next_change(new.user_id, id).await?;
        let state = if new.windows.is_empty() { JobState::Done } else { JobState::Planned };
        let row = sync_job::Model {
            user_id: new.user_id.0,
            id: id.0,
            link_id: new.link_id.0,
            kind: new.kind.key().to_owned(),
            priority: new.priority.rank(),
            metrics: join(new.metrics.iter().map(|m| m.key())),
            from_day: day_text(new.days.start),
            to_day: day_text(new.days.end),
            state: state.key().to_owned(),
            code: None,
            waiting_until: None,
            windows_total: i32::try_from(new.windows.len()).unwrap_or(i32::MAX),
            windows_done: 0,
            windows_failed: 0,
            requests_expected: new.requests_expected,
            requests_done: 0,
            retries: 0,
            created_by: new.created_by.map(|u| u.0),
            created_at: now.0,
            started_at: None,
            updated_at: now.0,
            finished_at: state.is_final().then_some(now.0),
            change_seq,
            batch_id: new.batch.map(|batch| batch.0),
            requests_at_most: new.requests_at_most,
            plan_fixed_at: new.is_counted().then_some(now.0),
        };
        sync_job::Entity::insert(sync_job::ActiveModel::from(row)).exec_without_returning(self.db()).await?;
        self.insert_windows((new.user_id, id, new.link_id), new.priority.rank(), 0, &new.windows, now)
            .await?;
        Ok(id)
    }

    /// Writes windows of a job, numbered from `first_seq`.
    pub(crate) async fn insert_windows(
        &self,
        (user, job, link): (UserId, JobId, LinkId),
        priority: i16,
        first_seq: i32,
        windows: &[NewWindow],
        now: EpochMs,
    ) -> Result<(), StoreError> {
        let rows: Vec<sync_window::ActiveModel> = (first_seq..)
            .zip(windows)
            .map(|(seq, window)| {
                let state = if window.held { WindowState::Held } else { WindowState::Due };
                sync_window::ActiveModel::from(sync_window::Model {
                    user_id: user.0,
                    job_id: job.0,
                    seq,
                    link_id: link.0,
                    endpoint: window.endpoint.to_owned(),
                    from_day: day_text(window.days.start),
                    to_day: day_text(window.days.end),
                    state: state.key().to_owned(),
                    priority,
                    attempt: 0,
                    next_run_at: now.0,
                    lease_owner: None,
                    lease_until: None,
                    code: None,
                    requests: 0,
                    retries: 0,
                    lost_leases: 0,
                })
            })
            .collect();
        for chunk in rows.chunks(200) {
            sync_window::Entity::insert_many(chunk.to_vec()).exec_without_returning(self.db()).await?;
        }
        Ok(())
    }

    /// Sets a job's state by a person's wish: pause, resume (planned), cancel. Cancelling ends its open windows.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_job_state(
        &mut self,
        user: UserId,
        job: JobId,
        state: JobState,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as W;
        self.lock_person(user.0).await?;
        if state == JobState::Cancelled {
            sync_window::Entity::update_many()
                .col_expr(W::State, Expr::value(WindowState::Cancelled.key()))
                .col_expr(W::LeaseOwner, Expr::value(Option::<String>::None))
                .col_expr(W::LeaseUntil, Expr::value(Option::<i64>::None))
                .filter(W::UserId.eq(user.0))
                .filter(W::JobId.eq(job.0))
                .filter(W::State.is_in(OPEN.map(WindowState::key)))
                .exec(self.db())
                .await?;
            self.forget_pending(user, job).await?;
            self.drop_pages_of_jobs(user, &[job.0]).await?;
        }
        sync_job::Entity::update_many()
            .col_expr(sync_job::Column::State, Expr::value(state.key()))
            .filter(sync_job::Column::UserId.eq(user.0))
            .filter(sync_job::Column::Id.eq(job.0))
            .exec(self.db())
            .await?;
        self.recount_job(user, job, now);
        Ok(())
    }

    /// Makes the failed windows of a job due again; returns how many.
    ///
    /// # Errors
    /// The database's own.
    pub async fn retry_failed_windows(
        &mut self,
        user: UserId,
        job: JobId,
        now: EpochMs,
    ) -> Result<u64, StoreError> {
        use sync_window::Column as W;
        self.lock_person(user.0).await?;
        let again = sync_window::Entity::update_many()
            .col_expr(W::State, Expr::value(WindowState::Due.key()))
            .col_expr(W::NextRunAt, Expr::value(now.0))
            .col_expr(W::Attempt, Expr::value(0))
            .col_expr(W::LostLeases, Expr::value(0))
            .col_expr(W::Code, Expr::value(Option::<String>::None))
            .col_expr(W::LeaseUntil, Expr::value(Option::<i64>::None))
            .filter(W::UserId.eq(user.0))
            .filter(W::JobId.eq(job.0))
            .filter(W::State.eq(WindowState::Failed.key()))
            .exec(self.db())
            .await?;
        self.recount_job(user, job, now);
        Ok(again.rows_affected)
    }
}
