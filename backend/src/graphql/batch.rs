//! Batches: jobs that were asked for together, over several people. For admins.

use async_graphql::{Context, Object, SimpleObject, connection::Connection};
use pulsekeep_core::{
    EpochMs,
    account::{Scope, Viewer},
    id::{BatchId, JobId, UserId},
    job::JobState,
};
use pulsekeep_store::{BatchProgress, GapsOf, JobFilter, SyncBatch};
use pulsekeep_sync::JobAction;

use super::{
    connection::{Cursor, Page, weight},
    context::RequestContext as _,
    enums::{FailureCode, MetricKey, Priority, SyncJobKind, SyncJobState},
    errors::{ApiError, Reply},
    ids::Id,
    job::SyncJobNode,
    scalars::{Date, DateTime},
    sync::JobActionStatus,
};

/// Gaps that one field gives at most.
const MOST_GAPS: usize = 200;

/// Jobs that were asked for together, over several people.
pub(super) struct SyncBatchNode {
    batch: SyncBatch,
    progress: BatchProgress,
}

/// Who may see and steer batches: an admin whose token is not narrowed to named people.
pub(super) fn admin<'a>(ctx: &'a Context<'_>, scope: Scope) -> Reply<&'a Viewer> {
    let viewer = ctx.need(scope)?;
    if viewer.is_admin() { Ok(viewer) } else { Err(ApiError::admins_only()) }
}

fn bounded(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// What was given up.
pub(super) async fn gaps(ctx: &Context<'_>, of: GapsOf) -> Reply<Vec<SyncGap>> {
    let gaps = ctx.services()?.store.gaps(of, MOST_GAPS).await?;
    Ok(gaps.into_iter().map(Into::into).collect())
}

impl SyncBatchNode {
    async fn of(ctx: &Context<'_>, batch: SyncBatch) -> Reply<Self> {
        let progress = ctx.services()?.store.batch_progress(batch.id).await?;
        Ok(Self { batch, progress })
    }

    /// A batch and what its jobs add up to.
    pub(super) fn with(batch: SyncBatch, progress: BatchProgress) -> Self {
        Self { batch, progress }
    }

    /// The batch with what its jobs add up to.
    pub(super) async fn load(ctx: &Context<'_>, id: BatchId) -> Reply<Option<Self>> {
        match ctx.services()?.store.batch(id).await? {
            Some(batch) => Ok(Some(Self::of(ctx, batch).await?)),
            None => Ok(None),
        }
    }

    /// A page of batches, newest first.
    pub(super) async fn page(
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, Self>> {
        admin(ctx, Scope::ReadMetrics)?;
        let page = Page::of(first, after.as_deref())?;
        let batches = ctx.services()?.store.batches(page.after.map(BatchId), page.limit()).await?;
        let mut nodes = Vec::new();
        for batch in batches {
            nodes.push(Self::of(ctx, batch).await?);
        }
        Ok(page.connection(nodes, |node| node.batch.id.0, |node| node))
    }

    fn count(&self, states: &[JobState]) -> i32 {
        bounded(self.progress.count(states))
    }
}

/// Jobs that were asked for together, over several people.
#[Object(name = "SyncBatch")]
impl SyncBatchNode {
    async fn id(&self) -> Id<BatchId> {
        Id(self.batch.id)
    }

    async fn kind(&self) -> SyncJobKind {
        self.batch.kind.into()
    }

    /// That of the jobs which still move, else what became of all.
    async fn state(&self) -> SyncJobState {
        self.progress.state(&self.batch).into()
    }

    async fn priority(&self) -> Priority {
        self.batch.priority.into()
    }

    async fn metrics(&self) -> Vec<MetricKey> {
        self.batch.metrics.iter().map(|&metric| metric.into()).collect()
    }

    /// First day asked for.
    async fn from(&self) -> Date {
        Date(self.batch.days.start)
    }

    /// Last day asked for.
    async fn to(&self) -> Date {
        Date(self.batch.days.last())
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.batch.created_at)
    }

    /// People asked for.
    async fn people_total(&self) -> i32 {
        i32::try_from(self.batch.people.len()).unwrap_or(i32::MAX)
    }

    /// Of these, those who have a job.
    async fn people_with_jobs(&self) -> i32 {
        bounded(self.progress.people)
    }

    /// Whether all jobs are written; those of large batches are written bit by bit.
    async fn written(&self) -> bool {
        self.batch.written_at.is_some()
    }

    /// Jobs written so far, one for each linked account.
    async fn jobs_total(&self) -> i32 {
        bounded(self.progress.jobs())
    }

    /// Jobs that are done, with or without gaps.
    async fn jobs_done(&self) -> i32 {
        self.count(&[JobState::Done, JobState::DoneWithGaps])
    }

    async fn jobs_failed(&self) -> i32 {
        self.count(&[JobState::Failed])
    }

    /// Jobs that ended with gaps.
    async fn jobs_with_gaps(&self) -> i32 {
        self.count(&[JobState::DoneWithGaps])
    }

    async fn requests_expected(&self) -> i32 {
        bounded(self.progress.requests_expected)
    }

    /// Requests at the most, retries apart.
    async fn requests_at_most(&self) -> i32 {
        bounded(self.progress.requests_at_most)
    }

    /// Requests made, retries included.
    async fn requests_done(&self) -> i32 {
        bounded(self.progress.requests_done)
    }

    /// Requests that had to be made again.
    async fn retries(&self) -> i32 {
        bounded(self.progress.retries)
    }

    async fn windows_total(&self) -> i32 {
        bounded(self.progress.windows_total)
    }

    /// Windows read.
    async fn windows_done(&self) -> i32 {
        bounded(self.progress.windows_done)
    }

    /// Windows given up.
    async fn windows_failed(&self) -> i32 {
        bounded(self.progress.windows_failed)
    }

    /// Seconds until all of it is done within the providers' limits; null when nothing moves.
    async fn eta_seconds(&self, ctx: &Context<'_>) -> Reply<Option<i32>> {
        Ok(ctx.services()?.engine.batch_eta_s(&self.batch, &self.progress).map(bounded))
    }

    /// When the first of its waiting jobs can go on.
    async fn waiting_until(&self, ctx: &Context<'_>) -> Reply<Option<DateTime>> {
        let now: EpochMs = ctx.now()?;
        Ok(self.progress.waiting_until.filter(|until| *until > now).map(DateTime))
    }

    /// Why requests wait or were given up.
    async fn codes(&self) -> Vec<FailureCode> {
        self.progress.codes.iter().map(|&code| code.into()).collect()
    }

    /// Its jobs, newest first.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, SyncJobNode>> {
        let viewer = admin(ctx, Scope::ReadMetrics)?;
        let page = Page::of(first, after.as_deref())?;
        let filter = JobFilter {
            batch: Some(self.batch.id),
            after: page.after.map(JobId),
            limit: page.limit(),
            ..JobFilter::default()
        };
        let jobs = ctx.services()?.store.jobs(viewer, &filter).await?;
        Ok(page.connection(jobs, |job| job.id.0, SyncJobNode))
    }

    /// Which days of which metrics of whom were given up, at most 200.
    #[graphql(complexity = "20 + child_complexity")]
    async fn gaps(&self, ctx: &Context<'_>) -> Reply<Vec<SyncGap>> {
        gaps(ctx, GapsOf::Batch(self.batch.id)).await
    }
}

/// Days of a metric of somebody that were given up.
#[derive(SimpleObject)]
pub(super) struct SyncGap {
    user_id: Id<UserId>,
    user_name: String,
    metric: MetricKey,
    /// First day.
    from: Date,
    /// Last day.
    to: Date,
    code: FailureCode,
}

impl From<pulsekeep_store::SyncGap> for SyncGap {
    fn from(gap: pulsekeep_store::SyncGap) -> Self {
        Self {
            user_id: Id(gap.user),
            user_name: gap.user_name,
            metric: gap.metric.into(),
            from: Date(gap.days.start),
            to: Date(gap.days.last()),
            code: gap.code.into(),
        }
    }
}

/// What came of steering a batch.
#[derive(SimpleObject)]
pub(super) struct BatchActionPayload {
    status: JobActionStatus,
    message: Option<String>,
    batch: Option<SyncBatchNode>,
}

/// Mutations on batches.
#[derive(Default)]
pub(super) struct BatchMutation;

#[Object]
impl BatchMutation {
    /// Holds all jobs of a batch: requests under way finish, no other starts.
    async fn pause_sync_batch(&self, ctx: &Context<'_>, id: Id<BatchId>) -> Reply<BatchActionPayload> {
        let viewer = admin(ctx, Scope::WriteSync)?;
        let action = ctx.services()?.engine.pause_batch(viewer, id.0).await?;
        steered(ctx, id.0, action).await
    }

    /// Lets the paused jobs of a batch go on.
    async fn resume_sync_batch(&self, ctx: &Context<'_>, id: Id<BatchId>) -> Reply<BatchActionPayload> {
        let viewer = admin(ctx, Scope::WriteSync)?;
        let action = ctx.services()?.engine.resume_batch(viewer, id.0).await?;
        steered(ctx, id.0, action).await
    }

    /// Ends all jobs of a batch; what they have read stays.
    async fn cancel_sync_batch(&self, ctx: &Context<'_>, id: Id<BatchId>) -> Reply<BatchActionPayload> {
        let viewer = admin(ctx, Scope::WriteSync)?;
        let action = ctx.services()?.engine.cancel_batch(viewer, id.0).await?;
        steered(ctx, id.0, action).await
    }

    /// Tries again what the jobs of a batch have given up.
    async fn retry_sync_batch(&self, ctx: &Context<'_>, id: Id<BatchId>) -> Reply<BatchActionPayload> {
        let viewer = admin(ctx, Scope::WriteSync)?;
        let action = ctx.services()?.engine.retry_batch(viewer, id.0).await?;
        steered(ctx, id.0, action).await
    }

    /// Lets the jobs of a batch go before others or behind them.
    async fn set_sync_batch_priority(
        &self,
        ctx: &Context<'_>,
        id: Id<BatchId>,
        priority: Priority,
    ) -> Reply<BatchActionPayload> {
        let viewer = admin(ctx, Scope::WriteSync)?;
        let action = ctx.services()?.engine.set_batch_priority(viewer, id.0, priority.into()).await?;
        steered(ctx, id.0, action).await
    }
}

async fn steered(ctx: &Context<'_>, id: BatchId, action: JobAction) -> Reply<BatchActionPayload> {
    let batch = SyncBatchNode::load(ctx, id).await?;
    let (status, message) = match action {
        JobAction::Accepted => (JobActionStatus::Accepted, None),
        JobAction::NotFound => (JobActionStatus::NotFound, Some("There is no such batch.".to_owned())),
        JobAction::NotPossible(why) => (JobActionStatus::NotPossible, Some(format!("Not possible: {why}."))),
    };
    Ok(BatchActionPayload { status, message, batch })
}
