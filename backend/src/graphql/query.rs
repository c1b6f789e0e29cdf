use async_graphql::{Context, Object, connection::Connection};
use pulsekeep_core::{
    Metric,
    account::Scope as Needs,
    id::{BatchId, ExportId, JobId, UserId},
    metric::METRICS,
};
use pulsekeep_store::{JobFilter, UserFilter};

use super::{
    batch::{self, SyncBatchNode},
    connection::{Cursor, Page, weight},
    context::RequestContext as _,
    enums::{Aggregation, MetricKey, MetricKind, SyncJobState},
    errors::{ApiError, Reply},
    export::ExportJobNode,
    ids::Id,
    invitation::InvitationNode,
    job::SyncJobNode,
    plan::{self, BackfillPlanNode},
    sync::BackfillInput,
    user::UserNode,
    viewer::ViewerNode,
};

/// All queries.
pub struct Query;

/// All queries.
#[Object]
impl Query {
    /// Who asks.
    async fn viewer(&self, ctx: &Context<'_>) -> Reply<ViewerNode> {
        ctx.viewer()?;
        ViewerNode::of(ctx)
    }

    /// A person whom the viewer may see; null for anybody else.
    async fn user(&self, ctx: &Context<'_>, id: Id<UserId>) -> Reply<Option<UserNode>> {
        ctx.viewer()?;
        let person = ctx.loaders()?.person(id.0).await?;
        Ok(person.map(|person| UserNode(person.user().clone())))
    }

    /// People, for admins. `search` looks at name, e-mail address and code.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        search: Option<String>,
    ) -> Reply<Connection<Cursor, UserNode>> {
        let viewer = ctx.need(Needs::ReadMetrics)?;
        if viewer.role != pulsekeep_core::account::Role::Admin {
            return Err(ApiError::admins_only());
        }
        let page = Page::of(first, after.as_deref())?;
        let filter = UserFilter { search, after: page.after.map(UserId), limit: page.limit() };
        let mut users = ctx.services()?.store.users(&filter).await?;
        users.retain(|user| viewer.may_see(user.id));
        Ok(page.connection(users, |user| user.id.0, UserNode))
    }

    /// The metric catalogue.
    async fn metrics(&self) -> Vec<MetricInfo> {
        METRICS.iter().map(|spec| MetricInfo::of(spec.metric)).collect()
    }

    /// A sync job of a person whom the viewer may see; null for any other.
    async fn sync_job(&self, ctx: &Context<'_>, id: Id<JobId>) -> Reply<Option<SyncJobNode>> {
        let viewer = ctx.need(Needs::ReadMetrics)?;
        Ok(ctx.services()?.store.job(viewer, id.0).await?.map(SyncJobNode))
    }

    /// Sync jobs, newest first, of one person or of all whom the viewer may see.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn sync_jobs(
        &self,
        ctx: &Context<'_>,
        user_id: Option<Id<UserId>>,
        state: Option<Vec<SyncJobState>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, SyncJobNode>> {
        let viewer = ctx.need(Needs::ReadMetrics)?;
        let page = Page::of(first, after.as_deref())?;
        let filter = JobFilter {
            user_id: user_id.map(|id| id.0),
            states: state.unwrap_or_default().into_iter().map(Into::into).collect(),
            after: page.after.map(JobId),
            limit: page.limit(),
            batch: None,
        };
        let jobs = ctx.services()?.store.jobs(viewer, &filter).await?;
        Ok(page.connection(jobs, |job| job.id.0, SyncJobNode))
    }

    /// A batch of jobs over several people, for admins.
    #[graphql(complexity = "10 + child_complexity")]
    async fn sync_batch(&self, ctx: &Context<'_>, id: Id<BatchId>) -> Reply<Option<SyncBatchNode>> {
        batch::admin(ctx, Needs::ReadMetrics)?;
        SyncBatchNode::load(ctx, id.0).await
    }

    /// Batches of jobs, newest first, for admins.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn sync_batches(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, SyncBatchNode>> {
        SyncBatchNode::page(ctx, first, after).await
    }

    /// An export job that the viewer may see; null for any other.
    async fn export_job(&self, ctx: &Context<'_>, id: Id<ExportId>) -> Reply<Option<ExportJobNode>> {
        let viewer = ctx.need(Needs::ReadMetrics)?;
        Ok(ctx.services()?.store.export_job(viewer, id.0).await?.map(ExportJobNode))
    }

    /// Export jobs, newest first: all for admins, their own for others.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn export_jobs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, ExportJobNode>> {
        let viewer = ctx.need(Needs::ReadMetrics)?;
        let page = Page::of(first, after.as_deref())?;
        let jobs = ctx.services()?.store.export_jobs(viewer, page.after.map(ExportId), page.limit()).await?;
        Ok(page.connection(jobs, |job| job.id.0, ExportJobNode))
    }

    /// What a backfill would cost, before anything runs.
    #[graphql(complexity = "50 + child_complexity")]
    async fn backfill_plan(&self, ctx: &Context<'_>, input: BackfillInput) -> Reply<BackfillPlanNode> {
        plan::of(ctx, input).await
    }

    /// What an invitation link is for; null when it is unknown, used or expired. Needs no sign-in: the invitation is
    /// in the web session.
    async fn invitation(&self, ctx: &Context<'_>) -> Reply<Option<InvitationNode>> {
        super::invitation::in_hand(ctx).await
    }
}

/// A row of the metric catalogue.
pub(super) struct MetricInfo(Metric);

impl MetricInfo {
    fn of(metric: Metric) -> Self {
        Self(metric)
    }
}

/// A row of the metric catalogue.
#[Object]
impl MetricInfo {
    async fn key(&self) -> MetricKey {
        self.0.into()
    }

    /// English name.
    async fn name(&self) -> &str {
        self.0.spec().name
    }

    /// Unit of every value; empty for a count.
    async fn unit(&self) -> &str {
        self.0.spec().unit.symbol()
    }

    async fn kind(&self) -> MetricKind {
        self.0.spec().kind.into()
    }

    async fn aggregation(&self) -> Aggregation {
        self.0.spec().aggregation.into()
    }

    /// Whether `series` has something finer than a day.
    async fn has_samples(&self) -> bool {
        self.0.has_samples()
    }
}
