//! Jobs in two steps: the daily series first, then the detail of days that they do not prove empty. Their plans are fixed
//! when nothing is held any more, and what has to be read to be counted was read.

use pulsekeep_core::{
    EpochMs,
    id::{JobId, UserId},
    job::WindowState,
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};

use crate::{
    NewWindow, StoreError, SyncJob, SyncWindow, WriteTx,
    entity::{sync_job, sync_window},
};

/// A job whose daily series were read and whose detail waits to be released.
#[derive(Debug, Clone)]
pub struct HeldWindows {
    /// The job.
    pub job: SyncJob,
    /// Windows that are held.
    pub held: Vec<SyncWindow>,
    /// The others.
    pub released: Vec<SyncWindow>,
}

impl WriteTx {
    /// The held windows of a job whose other windows of `daily` endpoints have all ended: its plan can be fixed. `None`
    /// while there is something to wait for, or nothing held. The caller holds the person's lock.
    ///
    /// # Errors
    /// The database's own.
    pub async fn held_windows(
        &self,
        user: UserId,
        job: JobId,
        daily: &[&str],
    ) -> Result<Option<HeldWindows>, StoreError> {
        use sync_window::Column as W;
        let of_job = || sync_window::Entity::find().filter(W::UserId.eq(user.0)).filter(W::JobId.eq(job.0));
        let held = of_job().filter(W::State.eq(WindowState::Held.key())).all(self.db()).await?;
        if held.is_empty() {
            return Ok(None);
        }
        let open = of_job()
            .filter(W::State.is_in([WindowState::Due, WindowState::Running].map(WindowState::key)))
            .filter(W::Endpoint.is_in(daily.iter().copied()))
            .one(self.db())
            .await?;
        let row = sync_job::Entity::find_by_id((user.0, job.0)).one(self.db()).await?;
        let (None, Some(row)) = (open, row) else { return Ok(None) };
        let released = of_job().filter(W::State.ne(WindowState::Held.key())).all(self.db()).await?;
        let plain = |rows: Vec<sync_window::Model>| {
            rows.into_iter().map(SyncWindow::try_from).collect::<Result<Vec<_>, _>>()
        };
        Ok(Some(HeldWindows { job: row.try_into()?, held: plain(held)?, released: plain(released)? }))
    }

    /// A job whose plan is not fixed yet.
    ///
    /// # Errors
    /// The database's own.
    pub async fn unfixed_job(&self, user: UserId, job: JobId) -> Result<Option<SyncJob>, StoreError> {
        let row = sync_job::Entity::find_by_id((user.0, job.0)).one(self.db()).await?;
        row.filter(|row| row.plan_fixed_at.is_none()).map(SyncJob::try_from).transpose()
    }

    /// The windows of `uncounted` endpoints of a job of which all have ended and nothing else is held: from now on it is
    /// known what it asks. `None` before.
    ///
    /// # Errors
    /// The database's own.
    pub async fn counted_windows(
        &self,
        user: UserId,
        job: JobId,
        uncounted: &[&str],
    ) -> Result<Option<Vec<SyncWindow>>, StoreError> {
        use sync_window::Column as W;
        let of_job = || sync_window::Entity::find().filter(W::UserId.eq(user.0)).filter(W::JobId.eq(job.0));
        let is_open = W::State
            .is_in([WindowState::Due, WindowState::Running].map(WindowState::key))
            .and(W::Endpoint.is_in(uncounted.iter().copied()));
        let waits = of_job().filter(W::State.eq(WindowState::Held.key()).or(is_open));
        if waits.one(self.db()).await?.is_some() {
            return Ok(None);
        }
        let rows = of_job().filter(W::Endpoint.is_in(uncounted.iter().copied())).all(self.db()).await?;
        rows.into_iter().map(SyncWindow::try_from).collect::<Result<_, _>>().map(Some)
    }

    /// Fixes a job's plan.
    ///
    /// # Errors
    /// The database's own.
    pub async fn fix_requests(
        &mut self,
        user: UserId,
        job: JobId,
        (expected, at_most): (i32, i32),
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_job::Column as J;
        sync_job::Entity::update_many()
            .col_expr(J::RequestsExpected, Expr::value(expected))
            .col_expr(J::RequestsAtMost, Expr::value(at_most))
            .col_expr(J::PlanFixedAt, Expr::value(now.0))
            .filter(J::UserId.eq(user.0))
            .filter(J::Id.eq(job.0))
            .exec(self.db())
            .await?;
        self.recount_job(user, job, now);
        Ok(())
    }

    /// Puts `windows` in the place of a job's held ones, and says what it asks by now.
    ///
    /// # Errors
    /// The database's own.
    pub async fn release_held(
        &mut self,
        held: &HeldWindows,
        windows: &[NewWindow],
        (expected, at_most): (i32, i32),
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use {sync_job::Column as J, sync_window::Column as W};
        let (user, job) = (held.job.user_id, held.job.id);
        sync_window::Entity::delete_many()
            .filter(W::UserId.eq(user.0))
            .filter(W::JobId.eq(job.0))
            .filter(W::State.eq(WindowState::Held.key()))
            .exec(self.db())
            .await?;
        let seqs = held.held.iter().chain(&held.released).map(|window| window.key.seq);
        let first_seq = seqs.max().unwrap_or(0) + 1;
        self.insert_windows((user, job, held.job.link_id), held.job.priority.rank(), first_seq, windows, now)
            .await?;
        let total = i32::try_from(held.released.len() + windows.len()).unwrap_or(i32::MAX);
        sync_job::Entity::update_many()
            .col_expr(J::WindowsTotal, Expr::value(total))
            .col_expr(J::RequestsExpected, Expr::value(expected))
            .col_expr(J::RequestsAtMost, Expr::value(at_most))
            .filter(J::UserId.eq(user.0))
            .filter(J::Id.eq(job.0))
            .exec(self.db())
            .await?;
        self.recount_job(user, job, now);
        Ok(())
    }
}
