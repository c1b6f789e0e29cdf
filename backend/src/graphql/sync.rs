//! Asking for days and steering jobs.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use pulsekeep_core::{
    Metric,
    account::{Scope, Viewer},
    id::{BatchId, JobId, UserId},
    job::{self, JobKind},
    time::{DayRange, DayRangeError},
};
use pulsekeep_sync::{BatchRequest, JobAction, JobRequest, RequestOutcome};

use super::{
    batch::SyncBatchNode,
    context::RequestContext as _,
    enums::{MetricKey, Priority},
    errors::{ApiError, Reply},
    ids::Id,
    job::SyncJobNode,
    scalars::Date,
};

/// People of one request.
const MOST_PEOPLE: usize = 1_000;
/// People of a batch whose jobs are written before the request is answered.
const WRITTEN_AT_ONCE: usize = 20;
/// Jobs of a batch that the answer shows.
const JOBS_SHOWN: usize = 50;

/// Recent days to be fetched now.
#[derive(InputObject)]
pub(super) struct SyncInput {
    user_ids: Vec<Id<UserId>>,
    /// All when left out.
    metrics: Option<Vec<MetricKey>>,
    /// First day; with `to` left out, up to today. Today and the days that late data may change when both are left out.
    from: Option<Date>,
    /// Last day.
    to: Option<Date>,
}

/// Days of the past to be fetched.
#[derive(InputObject)]
pub(super) struct BackfillInput {
    pub(super) user_ids: Vec<Id<UserId>>,
    /// All when left out.
    pub(super) metrics: Option<Vec<MetricKey>>,
    /// First day.
    pub(super) from: Date,
    /// Last day.
    pub(super) to: Date,
    /// LOW when left out.
    pub(super) priority: Option<Priority>,
}

/// Days whose typed data is made again from the stored answers of the providers.
#[derive(InputObject)]
pub(super) struct ReparseInput {
    user_ids: Vec<Id<UserId>>,
    /// All when left out.
    metrics: Option<Vec<MetricKey>>,
    /// First day.
    from: Date,
    /// Last day.
    to: Date,
}

/// What came of a request for days.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestSyncStatus {
    /// Jobs were written, for all people or for those that the message does not name.
    Accepted,
    /// One of the people is not there, or not yours to see. Nothing was written.
    NotFound,
    /// Nobody has a linked account.
    NotLinked,
    /// All linked accounts need a new consent.
    NeedsConsent,
    /// No answer of a provider is stored for these days.
    NothingStored,
    /// The first day lies after the last.
    RangeReversed,
    /// The last day is yet to come.
    RangeInFuture,
    /// The first day lies before any provider had data.
    RangeTooEarly,
    /// Too many days at once.
    RangeTooLong,
}

/// What came of a request for days.
#[derive(SimpleObject)]
pub(super) struct RequestSyncPayload {
    status: RequestSyncStatus,
    message: Option<String>,
    /// The jobs; of a batch those that are written so far, at most 50.
    jobs: Vec<SyncJobNode>,
    /// What the jobs of several people belong to; null for one person, and for people who may not see batches.
    batch: Option<SyncBatchNode>,
}

/// What came of steering a job.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobActionStatus {
    /// Done.
    Accepted,
    /// There is no such job, or it is not yours.
    NotFound,
    /// The job's state does not allow it; the message says why.
    NotPossible,
}

/// What came of steering a job.
#[derive(SimpleObject)]
pub(super) struct JobActionPayload {
    status: JobActionStatus,
    message: Option<String>,
    job: Option<SyncJobNode>,
}

/// Mutations on sync jobs.
#[derive(Default)]
pub(super) struct SyncMutation;

#[Object]
impl SyncMutation {
    /// Fetches days now: today and the days that late data may change when none are named.
    #[graphql(complexity = "people_weight(&input.user_ids, child_complexity)")]
    async fn request_sync(&self, ctx: &Context<'_>, input: SyncInput) -> Reply<RequestSyncPayload> {
        let days = AskedDays { from: input.from, to: input.to };
        request(ctx, &input.user_ids, input.metrics, days, (JobKind::Incremental, job::Priority::High)).await
    }

    /// Fetches days of the past, behind everything that is more urgent.
    #[graphql(complexity = "people_weight(&input.user_ids, child_complexity)")]
    async fn request_backfill(&self, ctx: &Context<'_>, input: BackfillInput) -> Reply<RequestSyncPayload> {
        let days = AskedDays { from: Some(input.from), to: Some(input.to) };
        let priority = input.priority.map_or(job::Priority::Low, Into::into);
        request(ctx, &input.user_ids, input.metrics, days, (JobKind::Backfill, priority)).await
    }

    /// Makes typed data again from the stored answers of the providers, after a parser was mended; asks no provider.
    #[graphql(complexity = "people_weight(&input.user_ids, child_complexity)")]
    async fn request_reparse(&self, ctx: &Context<'_>, input: ReparseInput) -> Reply<RequestSyncPayload> {
        let days = AskedDays { from: Some(input.from), to: Some(input.to) };
        let what = (JobKind::Reparse, job::Priority::Low);
        request(ctx, &input.user_ids, input.metrics, days, what).await
    }

    /// Holds a job: requests under way finish, no other starts.
    async fn pause_sync_job(&self, ctx: &Context<'_>, id: Id<JobId>) -> Reply<JobActionPayload> {
        let viewer = ctx.need(Scope::WriteSync)?;
        let action = ctx.services()?.engine.pause(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }

    /// Lets a paused job go on.
    async fn resume_sync_job(&self, ctx: &Context<'_>, id: Id<JobId>) -> Reply<JobActionPayload> {
        let viewer = ctx.need(Scope::WriteSync)?;
        let action = ctx.services()?.engine.resume(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }

    /// Ends a job; what it has read stays.
    async fn cancel_sync_job(&self, ctx: &Context<'_>, id: Id<JobId>) -> Reply<JobActionPayload> {
        let viewer = ctx.need(Scope::WriteSync)?;
        let action = ctx.services()?.engine.cancel(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }

    /// Lets a job go before others or behind them.
    async fn set_sync_job_priority(
        &self,
        ctx: &Context<'_>,
        id: Id<JobId>,
        priority: Priority,
    ) -> Reply<JobActionPayload> {
        let viewer = ctx.need(Scope::WriteSync)?;
        let action = ctx.services()?.engine.set_priority(viewer, id.0, priority.into()).await?;
        steered(ctx, viewer, id.0, action).await
    }

    /// Tries again what a job has given up.
    async fn retry_sync_job(&self, ctx: &Context<'_>, id: Id<JobId>) -> Reply<JobActionPayload> {
        let viewer = ctx.need(Scope::WriteSync)?;
        let action = ctx.services()?.engine.retry(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }
}

fn people_weight(people: &[Id<UserId>], child: usize) -> usize {
    people.len().saturating_mul(10).saturating_add(10 + child)
}

/// The days as a client names them.
#[derive(Clone, Copy)]
pub(super) struct AskedDays {
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

/// What came of one person's request, where it is not jobs.
pub(super) enum Refused {
    NotLinked,
    NeedsConsent,
    NothingStored,
    Range(DayRangeError),
}

impl Refused {
    pub(super) fn of(outcome: RequestOutcome) -> Result<Vec<JobId>, Self> {
        match outcome {
            RequestOutcome::Accepted(jobs) => Ok(jobs),
            RequestOutcome::NotLinked => Err(Self::NotLinked),
            RequestOutcome::NeedsConsent => Err(Self::NeedsConsent),
            RequestOutcome::NothingStored => Err(Self::NothingStored),
            RequestOutcome::Range(error) => Err(Self::Range(error)),
        }
    }

    fn status(&self) -> RequestSyncStatus {
        match self {
            Self::NotLinked => RequestSyncStatus::NotLinked,
            Self::NeedsConsent => RequestSyncStatus::NeedsConsent,
            Self::NothingStored => RequestSyncStatus::NothingStored,
            Self::Range(DayRangeError::Reversed { .. }) => RequestSyncStatus::RangeReversed,
            Self::Range(DayRangeError::Future { .. }) => RequestSyncStatus::RangeInFuture,
            Self::Range(DayRangeError::TooEarly { .. }) => RequestSyncStatus::RangeTooEarly,
            Self::Range(DayRangeError::TooLong { .. }) => RequestSyncStatus::RangeTooLong,
        }
    }

    pub(super) fn in_words(&self, who: &str) -> String {
        match self {
            Self::NotLinked => format!("{who} has no linked account: connect one first."),
            Self::NeedsConsent => format!("{who} has to connect the account again first."),
            Self::NothingStored => {
                format!(
                    "Nothing that a provider answered about these days is stored for {who}: backfill them."
                )
            }
            Self::Range(error) => format!("{who}: {error}."),
        }
    }
}

pub(super) fn metrics_of(keys: Option<Vec<MetricKey>>) -> Vec<Metric> {
    match keys {
        Some(keys) if !keys.is_empty() => keys.into_iter().map(Metric::from).collect(),
        _ => Metric::all().collect(),
    }
}

/// The people, each once, if all of them are the viewer's to see.
pub(super) async fn people(ctx: &Context<'_>, ids: &[Id<UserId>]) -> Reply<Option<Vec<(UserId, String)>>> {
    if ids.is_empty() || ids.len() > MOST_PEOPLE {
        return Err(ApiError::bad_input(format!("`userIds` must name 1 to {MOST_PEOPLE} people")));
    }
    let mut found: Vec<(UserId, String)> = Vec::new();
    for id in ids {
        let Some(person) = ctx.loaders()?.person(id.0).await? else { return Ok(None) };
        if !found.iter().any(|(known, _)| *known == id.0) {
            found.push((id.0, person.user().display_name.clone()));
        }
    }
    Ok(Some(found))
}

/// The days of one person; a range without an end goes up to their today.
pub(super) async fn days_of(
    ctx: &Context<'_>,
    user: UserId,
    days: AskedDays,
) -> Reply<Result<Option<DayRange>, DayRangeError>> {
    let range = match (days.from, days.to) {
        (None, None) => return Ok(Ok(None)),
        (None, Some(_)) => return Err(ApiError::bad_input("`to` needs `from`")),
        (Some(from), Some(to)) => DayRange::inclusive(from.0, to.0),
        (Some(from), None) => DayRange::inclusive(from.0, ctx.services()?.engine.today(user).await?),
    };
    Ok(range.map(Some))
}

async fn request(
    ctx: &Context<'_>,
    ids: &[Id<UserId>],
    metrics: Option<Vec<MetricKey>>,
    asked: AskedDays,
    (kind, priority): (JobKind, job::Priority),
) -> Reply<RequestSyncPayload> {
    let viewer = ctx.need(Scope::WriteSync)?;
    let Some(people) = people(ctx, ids).await? else {
        let message = Some("One of the people is not there. Nothing was asked for.".to_owned());
        let status = RequestSyncStatus::NotFound;
        return Ok(RequestSyncPayload { status, message, jobs: Vec::new(), batch: None });
    };
    let metrics = metrics_of(metrics);
    let whole = match (asked.from, asked.to) {
        (Some(from), Some(to)) => DayRange::inclusive(from.0, to.0).ok(),
        _ => None,
    };
    if let (JobKind::Backfill | JobKind::Reparse, Some(days), true) = (kind, whole, people.len() > 1) {
        let ids = people.iter().map(|(id, _)| *id).collect();
        let request = BatchRequest { people: ids, kind, metrics, days, priority, created_by: viewer.user };
        return in_a_batch(ctx, viewer, &people, &request).await;
    }
    let (mut jobs, mut refused) = (Vec::new(), Vec::new());
    for (user_id, name) in people {
        let outcome = match days_of(ctx, user_id, asked).await? {
            Err(error) => Err(Refused::Range(error)),
            Ok(days) => {
                let (metrics, created_by) = (metrics.clone(), viewer.user);
                let request = JobRequest {
                    user_id,
                    link: None,
                    kind,
                    metrics,
                    days,
                    priority,
                    created_by,
                    batch: None,
                };
                Refused::of(ctx.services()?.engine.request(&request).await?)
            }
        };
        match outcome {
            Ok(written) => jobs.extend(written),
            Err(why) => refused.push((name, why)),
        }
    }
    answer(ctx, viewer, &jobs, &refused, None).await
}

/// The jobs of several people: those of the first are written now, the others by the workers' schedule.
async fn in_a_batch(
    ctx: &Context<'_>,
    viewer: &Viewer,
    people: &[(UserId, String)],
    request: &BatchRequest,
) -> Reply<RequestSyncPayload> {
    let outcome = ctx.services()?.engine.request_batch(request, WRITTEN_AT_ONCE).await?;
    let name =
        |user| people.iter().find(|(id, _)| *id == user).map_or("", |(_, name)| name.as_str()).to_owned();
    let refused: Vec<(String, Refused)> = outcome
        .refused
        .into_iter()
        .filter_map(|(user, why)| Some((name(user), Refused::of(why).err()?)))
        .collect();
    let first: Vec<JobId> = outcome.jobs.into_iter().take(JOBS_SHOWN).collect();
    answer(ctx, viewer, &first, &refused, outcome.batch).await
}

async fn answer(
    ctx: &Context<'_>,
    viewer: &Viewer,
    ids: &[JobId],
    refused: &[(String, Refused)],
    batch: Option<BatchId>,
) -> Reply<RequestSyncPayload> {
    let mut jobs = Vec::new();
    for &id in ids {
        jobs.extend(ctx.services()?.store.job(viewer, id).await?.map(SyncJobNode));
    }
    let status = match refused.first() {
        Some((_, why)) if jobs.is_empty() && batch.is_none() => why.status(),
        _ => RequestSyncStatus::Accepted,
    };
    let sentences: Vec<String> = refused.iter().map(|(name, why)| why.in_words(name)).collect();
    let message = (!sentences.is_empty()).then(|| sentences.join(" "));
    let batch = match batch.filter(|_| viewer.is_admin()) {
        Some(id) => SyncBatchNode::load(ctx, id).await?,
        None => None,
    };
    Ok(RequestSyncPayload { status, message, jobs, batch })
}

async fn steered(
    ctx: &Context<'_>,
    viewer: &Viewer,
    id: JobId,
    action: JobAction,
) -> Reply<JobActionPayload> {
    let job = ctx.services()?.store.job(viewer, id).await?.map(SyncJobNode);
    let (status, message) = match action {
        JobAction::Accepted => (JobActionStatus::Accepted, None),
        JobAction::NotFound => (JobActionStatus::NotFound, Some("There is no such job.".to_owned())),
        JobAction::NotPossible(why) => (JobActionStatus::NotPossible, Some(format!("Not possible: {why}."))),
    };
    Ok(JobActionPayload { status, message, job })
}
