use async_graphql::{Context, Object};
use pulsekeep_core::{EpochMs, id::JobId, job::JobState};
use pulsekeep_store::SyncJob;

use super::{
    advice,
    context::RequestContext as _,
    enums::{FailureCode, MetricKey, SyncJobKind, SyncJobState},
    errors::{ApiError, Reply},
    ids::Id,
    link::LinkedAccountNode,
    scalars::{Date, DateTime},
    user::UserNode,
};

/// What somebody or the schedule asked for, and how far it is.
pub(super) struct SyncJobNode(pub SyncJob);

/// When the job will be done at its pace so far.
fn eta(job: &SyncJob, now: EpochMs) -> Option<EpochMs> {
    let ended = job.windows_done + job.windows_failed;
    let left = job.windows_total - ended;
    let worked = job.updated_at.0 - job.started_at?.0;
    if ended <= 0 || left <= 0 || job.state.is_final() || job.state == JobState::Paused {
        return None;
    }
    let rest = worked.max(0) / i64::from(ended) * i64::from(left);
    let from = job.waiting_until.filter(|_| job.state == JobState::Waiting).unwrap_or(now).max(now);
    Some(from.plus(rest))
}

/// What somebody or the schedule asked for, and how far it is.
#[Object(name = "SyncJob")]
impl SyncJobNode {
    async fn id(&self) -> Id<JobId> {
        Id(self.0.id)
    }

    #[graphql(complexity = "1 + child_complexity")]
    async fn user(&self, ctx: &Context<'_>) -> Reply<UserNode> {
        let person = ctx.loaders()?.person(self.0.user_id).await?;
        let person = person.ok_or_else(|| ApiError::internal(&"a job belongs to nobody"))?;
        Ok(UserNode(person.user().clone()))
    }

    #[graphql(complexity = "1 + child_complexity")]
    async fn linked_account(&self, ctx: &Context<'_>) -> Reply<LinkedAccountNode> {
        let link = ctx.loaders()?.link(self.0.link_id).await?;
        link.map(LinkedAccountNode).ok_or_else(|| ApiError::internal(&"a job has no linked account"))
    }

    async fn kind(&self) -> SyncJobKind {
        self.0.kind.into()
    }

    async fn state(&self) -> SyncJobState {
        self.0.state.into()
    }

    async fn metrics(&self) -> Vec<MetricKey> {
        self.0.metrics.iter().map(|&metric| metric.into()).collect()
    }

    /// First day asked for.
    async fn from(&self) -> Date {
        Date(self.0.days.start)
    }

    /// Last day asked for.
    async fn to(&self) -> Date {
        Date(self.0.days.last())
    }

    /// Windows read or given up, of all windows.
    async fn windows_done(&self) -> i32 {
        self.0.windows_done + self.0.windows_failed
    }

    async fn windows_total(&self) -> i32 {
        self.0.windows_total
    }

    /// Requests that the plan expects.
    async fn requests_expected(&self) -> i32 {
        self.0.requests_expected
    }

    /// Requests made, retries included.
    async fn requests_done(&self) -> i32 {
        self.0.requests_done
    }

    /// Requests that had to be made again.
    async fn retries(&self) -> i32 {
        self.0.retries
    }

    /// Reason of waiting or failure, in words.
    async fn reason(&self) -> Option<String> {
        advice::on_job(&self.0)
    }

    async fn codes(&self) -> Vec<FailureCode> {
        self.0.codes.iter().map(|&code| code.into()).collect()
    }

    async fn waiting_until(&self) -> Option<DateTime> {
        self.0.waiting_until.map(DateTime)
    }

    /// When it will be done at the present pace; null when that is unknown.
    async fn eta(&self, ctx: &Context<'_>) -> Reply<Option<DateTime>> {
        Ok(eta(&self.0, ctx.now()?).map(DateTime))
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }
}
