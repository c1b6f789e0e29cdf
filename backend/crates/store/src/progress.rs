//! How far a job is: what its windows add up to.

use pulsekeep_core::{
    EpochMs,
    id::{JobId, UserId},
    job::{JobState, WindowState},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    StoreError, WriteTx,
    convert::join,
    entity::{sync_job, sync_window},
};

/// Windows of a job in one state with one code: state, code, how many, their requests and retries, the earliest next run.
type Group = (String, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>);

/// What the windows of a job add up to.
#[derive(Debug, Default)]
struct Tally {
    done: i32,
    failed: i32,
    running: i32,
    due: i32,
    held: i32,
    requests: i32,
    retries: i32,
    next_run_at: Option<i64>,
    codes: Vec<String>,
}

fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Tally {
    fn of(groups: &[Group]) -> Self {
        let mut tally = Self::default();
        for (state, code, count, requests, retries, next_run_at) in groups {
            let count = narrow(*count);
            tally.requests += narrow(requests.unwrap_or(0));
            tally.retries += narrow(retries.unwrap_or(0));
            let mut counts_code = false;
            match WindowState::parse(state) {
                Some(WindowState::Done) => tally.done += count,
                // Left out by a person: neither read nor given up.
                Some(WindowState::Cancelled) => {}
                Some(WindowState::Running) => tally.running += count,
                Some(WindowState::Held) => tally.held += count,
                Some(WindowState::Due) => {
                    tally.due += count;
                    tally.next_run_at = [tally.next_run_at, *next_run_at].into_iter().flatten().min();
                    counts_code = true;
                }
                Some(WindowState::Failed) | None => {
                    tally.failed += count;
                    counts_code = true;
                }
            }
            if let Some(code) = code.as_ref().filter(|c| counts_code && !tally.codes.contains(c)) {
                tally.codes.push(code.clone());
            }
        }
        tally.codes.sort_unstable();
        tally
    }

    fn state(&self, started: bool, now: EpochMs) -> JobState {
        match (self.due + self.running + self.held, self.failed, self.done) {
            (0, 0, _) => JobState::Done,
            (0, _, 0) => JobState::Failed,
            (0, _, _) => JobState::DoneWithGaps,
            _ if self.running > 0 => JobState::Running,
            _ if self.next_run_at.is_some_and(|at| at > now.0) => JobState::Waiting,
            _ if started => JobState::Running,
            _ => JobState::Planned,
        }
    }
}

impl WriteTx {
    /// Counts a job's windows again and moves its state; a job that a person holds or ended keeps its state.
    ///
    /// # Errors
    /// The database's own.
    pub(crate) async fn refresh_job(
        &mut self,
        user: UserId,
        job: JobId,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as W;
        let mut query = sync_job::Entity::find_by_id((user.0, job.0));
        if self.engine() == crate::Engine::Postgres {
            // Two workers that finish windows of one job at once must count one after the other.
            query = query.lock_exclusive();
        }
        let Some(row) = query.one(self.db()).await? else { return Ok(()) };
        let groups: Vec<Group> = sync_window::Entity::find()
            .select_only()
            .columns([W::State, W::Code])
            .expr(Expr::col(W::Seq).count())
            .expr(Expr::col(W::Requests).sum())
            .expr(Expr::col(W::Retries).sum())
            .expr(Expr::col(W::NextRunAt).min())
            .filter(W::UserId.eq(user.0))
            .filter(W::JobId.eq(job.0))
            .group_by(W::State)
            .group_by(W::Code)
            .into_tuple()
            .all(self.db())
            .await?;
        let tally = Tally::of(&groups);
        let held = matches!(JobState::parse(&row.state), Some(JobState::Paused | JobState::Cancelled));
        let started = row.started_at.is_some() || tally.running > 0;
        let computed = tally.state(started, now);
        let state = if held && !computed.is_final() { row.state.clone() } else { computed.key().to_owned() };
        let state = if row.state == JobState::Cancelled.key() { row.state.clone() } else { state };
        let is_final = JobState::parse(&state).is_some_and(JobState::is_final);
        let change_seq = self.next_change(user, job).await?;
        let codes = join(&tally.codes);
        let update = sync_job::ActiveModel {
            windows_done: Set(tally.done),
            windows_failed: Set(tally.failed),
            requests_done: Set(tally.requests),
            retries: Set(tally.retries),
            code: Set((!codes.is_empty()).then_some(codes)),
            waiting_until: Set(tally.next_run_at.filter(|_| state == JobState::Waiting.key())),
            started_at: Set(row.started_at.or(started.then_some(now.0))),
            finished_at: Set(if is_final { row.finished_at.or(Some(now.0)) } else { None }),
            state: Set(state),
            updated_at: Set(now.0),
            change_seq: Set(change_seq),
            ..row.into()
        };
        update.update(self.db()).await?;
        Ok(())
    }
}
