use async_graphql::{Context, Object};
use pulsekeep_core::{
    account::Viewer,
    id::{BatchId, JobId},
};
use pulsekeep_store::{GapsOf, SyncJob};

use super::{
    advice,
    batch::{self, SyncBatchNode, SyncGap},
    context::RequestContext as _,
    enums::{FailureCode, MetricKey, Priority, SyncJobKind, SyncJobState},
    errors::{ApiError, Reply},
    ids::Id,
    link::LinkedAccountNode,
    scalars::{Date, DateTime},
    user::UserNode,
};

/// What somebody or the schedule asked for, and how far it is.
pub(super) struct SyncJobNode(pub SyncJob);

impl SyncJobNode {
    async fn seconds_left(&self, ctx: &Context<'_>) -> Reply<Option<i64>> {
        let loaders = ctx.loaders()?;
        let Some(link) = loaders.link(self.0.link_id).await? else { return Ok(None) };
        let state = loaders.budget(link.id).await?;
        Ok(ctx.services()?.engine.job_eta_with(&self.0, link.provider, state))
    }

    /// The batch, for people who may see batches.
    fn batch_seen(&self, ctx: &Context<'_>) -> Option<BatchId> {
        self.0.batch.filter(|_| ctx.viewer().is_ok_and(Viewer::is_admin))
    }
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

    /// Requests at the most, retries apart.
    async fn requests_at_most(&self) -> i32 {
        self.0.requests_at_most
    }

    /// Whether the daily series are read and the plan cannot grow any more.
    async fn plan_fixed(&self) -> bool {
        self.0.plan_fixed_at.is_some()
    }

    /// Which job goes first.
    async fn priority(&self) -> Priority {
        self.0.priority.into()
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

    /// When it will be done within the provider's limits; null when it does not move.
    #[graphql(complexity = 3)]
    async fn eta(&self, ctx: &Context<'_>) -> Reply<Option<DateTime>> {
        let seconds = self.seconds_left(ctx).await?;
        let now = ctx.now()?;
        Ok(seconds.map(|seconds| DateTime(now.plus(seconds * 1000))))
    }

    /// Seconds until it is done within the provider's limits; null when it does not move.
    #[graphql(complexity = 3)]
    async fn eta_seconds(&self, ctx: &Context<'_>) -> Reply<Option<i32>> {
        let seconds = self.seconds_left(ctx).await?;
        Ok(seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)))
    }

    /// The batch that it belongs to; null for none, and for people who may not see batches.
    #[graphql(complexity = "5 + child_complexity")]
    async fn batch(&self, ctx: &Context<'_>) -> Reply<Option<SyncBatchNode>> {
        let Some(id) = self.batch_seen(ctx) else { return Ok(None) };
        let batch = ctx.loaders()?.batch(id).await?;
        Ok(batch.map(|(batch, progress)| SyncBatchNode::with(batch, progress)))
    }

    /// The id of that batch: it costs nothing, where `batch` counts the batch's jobs.
    async fn batch_id(&self, ctx: &Context<'_>) -> Option<Id<BatchId>> {
        self.batch_seen(ctx).map(Id)
    }

    /// Which days of which metrics were given up, at most 200.
    #[graphql(complexity = "20 + child_complexity")]
    async fn gaps(&self, ctx: &Context<'_>) -> Reply<Vec<SyncGap>> {
        batch::gaps(ctx, GapsOf::Job(self.0.user_id, self.0.id)).await
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
