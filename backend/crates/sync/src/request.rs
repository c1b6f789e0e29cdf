//! Asking for days: jobs are written here, by people, the command line and the schedule.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{LinkState, Viewer},
    catalogue::{Endpoint, endpoint, endpoints_of},
    coverage::CoverageState,
    id::{JobId, LinkId, StreamId, UserId},
    job::{FailureCode, JobKind, Priority},
    time::{DayRange, DayRangeError, add_days, next_day},
};
use pulsekeep_store::{LinkedAccount, NewJob, NewWindow, WindowKey, WriteTx, ingest::CoverageMark};

use crate::{
    SyncEngine, SyncError,
    plan::{BackfillPlan, PlanInput, plan},
};

/// Stands for the window of days that a job does not ask for.
const NO_WINDOW: i32 = -1;

/// Days that may be asked for at once.
const MAX_DAYS: i64 = 10 * 366;

/// A request for days.
#[derive(Debug, Clone)]
pub struct JobRequest {
    /// Whose.
    pub user_id: UserId,
    /// For one linked account, or `None` for all that work.
    pub link: Option<LinkId>,
    /// What for.
    pub kind: JobKind,
    /// Which metrics.
    pub metrics: Vec<Metric>,
    /// Which days; `None` for today and the days before it that late data may still change.
    pub days: Option<DayRange>,
    /// How urgent.
    pub priority: Priority,
    /// Who asks; `None` for the schedule and the command line.
    pub created_by: Option<UserId>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Written.
    Accepted(Vec<JobId>),
    /// The person has no linked account.
    NotLinked,
    /// All linked accounts need a new consent.
    NeedsConsent,
    /// The days cannot be asked for.
    Range(DayRangeError),
}

impl SyncEngine {
    /// The person's civil day now.
    ///
    /// # Errors
    /// [`SyncError::UserNotFound`]; the store's own.
    pub async fn today(&self, user: UserId) -> Result<Date, SyncError> {
        let person = self.store.person(&Viewer::system(), user).await?.ok_or(SyncError::UserNotFound)?;
        Ok(person.today(self.now()))
    }

    /// What a backfill would ask, before anything runs.
    ///
    /// # Errors
    /// [`SyncError::UserNotFound`]; the store's own. Days that cannot be asked for are an outcome.
    pub async fn plan(
        &self,
        request: &JobRequest,
    ) -> Result<Result<BackfillPlan, RequestOutcome>, SyncError> {
        let (links, days) = match self.resolve(request).await? {
            Ok(resolved) => resolved,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let mut whole = BackfillPlan::default();
        for link in &links {
            let one = self.plan_link(link, request, days).await?;
            whole.windows.extend(one.windows);
            whole.metrics.extend(one.metrics);
            whole.eta_s = whole.eta_s.max(one.eta_s);
        }
        Ok(Ok(whole))
    }

    /// Writes the jobs of a request, one for each linked account, with the windows of their plan; their days are
    /// pending from then on.
    ///
    /// # Errors
    /// [`SyncError::UserNotFound`]; the store's own.
    pub async fn request(&self, request: &JobRequest) -> Result<RequestOutcome, SyncError> {
        let (links, days) = match self.resolve(request).await? {
            Ok(resolved) => resolved,
            Err(outcome) => return Ok(outcome),
        };
        let mut jobs = Vec::new();
        for link in &links {
            let plan = self.plan_link(link, request, days).await?;
            jobs.push(self.write_job(link, request, days, plan).await?);
        }
        Ok(RequestOutcome::Accepted(jobs))
    }

    /// Writes an incremental job for every account whose last one is old enough. The schedule calls this; ticks that
    /// were missed are made up by the next, since it looks at the jobs and not at the clock's strokes.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_due_syncs(&self) -> Result<usize, SyncError> {
        let mut written = 0;
        for link in self.store.active_links().await? {
            let last = self.store.latest_job(link.user_id, link.id, JobKind::Incremental).await?;
            let due = last.is_none_or(|job| {
                let age = self.now().0 - job.created_at.0;
                // A job that still moves does the work of the next one too.
                job.state.is_final() && age >= self.policy.incremental_every_ms
            });
            if !due || self.provider(link.provider).is_none() {
                continue;
            }
            let request = JobRequest {
                user_id: link.user_id,
                link: Some(link.id),
                kind: JobKind::Incremental,
                metrics: Metric::all().collect(),
                days: None,
                priority: Priority::Normal,
                created_by: None,
            };
            self.request(&request).await?;
            written += 1;
        }
        Ok(written)
    }

    async fn resolve(
        &self,
        request: &JobRequest,
    ) -> Result<Result<(Vec<LinkedAccount>, DayRange), RequestOutcome>, SyncError> {
        let today = self.today(request.user_id).await?;
        let days = request.days.unwrap_or(DayRange { start: add_days(today, -2), end: next_day(today) });
        if let Err(error) = check_range(days, today) {
            return Ok(Err(RequestOutcome::Range(error)));
        }
        let links: Vec<LinkedAccount> = self
            .store
            .links_of(request.user_id)
            .await?
            .into_iter()
            .filter(|link| {
                request.link.is_none_or(|id| id == link.id) && self.provider(link.provider).is_some()
            })
            .collect();
        if links.iter().all(|link| link.state == LinkState::Revoked) {
            return Ok(Err(RequestOutcome::NotLinked));
        }
        let working: Vec<LinkedAccount> = links.into_iter().filter(|link| link.state.may_fetch()).collect();
        if working.is_empty() {
            return Ok(Err(RequestOutcome::NeedsConsent));
        }
        Ok(Ok((working, days)))
    }

    async fn plan_link(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        days: DayRange,
    ) -> Result<BackfillPlan, SyncError> {
        // Only a backfill leaves closed days out; the schedule's syncs need not look for them.
        let closed = match request.kind {
            JobKind::Backfill => self.closed_days(link).await?,
            JobKind::Incremental | JobKind::Deep | JobKind::Reparse => HashMap::new(),
        };
        let input = PlanInput {
            provider: link.provider,
            scopes: &link.scopes,
            metrics: &request.metrics,
            days,
            kind: request.kind,
            allowance: self.policy.account_allowance(link.provider),
        };
        Ok(plan(&input, |endpoint, day| closed.get(endpoint.key).is_some_and(|days| days.contains(&day))))
    }

    /// Endpoint → the days of it that need not be read again.
    async fn closed_days(
        &self,
        link: &LinkedAccount,
    ) -> Result<HashMap<&'static str, BTreeSet<Date>>, SyncError> {
        let tx = self.store.write().await?;
        let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, self.now()).await?;
        let mut closed = HashMap::new();
        for endpoint in endpoints_of(link.provider) {
            let days = tx.closed_days(link.user_id, (endpoint.metrics[0], endpoint.grain), stream).await?;
            closed.insert(endpoint.key, days.into_iter().collect());
        }
        tx.commit().await?;
        Ok(closed)
    }

    async fn write_job(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        days: DayRange,
        plan: BackfillPlan,
    ) -> Result<JobId, SyncError> {
        let now = self.now();
        let mut tx = self.store.write().await?;
        let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, now).await?;
        let new = NewJob {
            user_id: link.user_id,
            link_id: link.id,
            kind: request.kind,
            priority: request.priority,
            metrics: request.metrics.clone(),
            days,
            requests_expected: i32::try_from(plan.expected()).unwrap_or(i32::MAX),
            requests_at_most: i32::try_from(plan.at_most()).unwrap_or(i32::MAX),
            batch: None,
            created_by: request.created_by,
            windows: plan.windows.clone(),
        };
        let job = tx.create_job(new, now).await?;
        for (seq, window) in (0..).zip(&plan.windows) {
            let key = WindowKey { user: link.user_id, job, seq };
            mark_pending(&tx, key, window, stream, now).await?;
        }
        // What the person did not grant is not asked for; the days say why they have nothing.
        let withheld = endpoints_of(link.provider)
            .filter(|e| e.metrics.iter().any(|m| request.metrics.contains(m)))
            .filter(|e| !link.scopes.iter().any(|s| s == e.scope));
        for endpoint in withheld {
            let key = WindowKey { user: link.user_id, job, seq: NO_WINDOW };
            let (state, code) = (CoverageState::NotPermitted, Some(FailureCode::MissingScope));
            mark_days(&tx, key, endpoint, days, (state, code), stream, now).await?;
        }
        tx.commit().await?;
        Ok(job)
    }
}

async fn mark_pending(
    tx: &WriteTx,
    key: WindowKey,
    window: &NewWindow,
    stream: StreamId,
    now: EpochMs,
) -> Result<(), SyncError> {
    let Some(endpoint) = endpoint(window.endpoint) else { return Ok(()) };
    mark_days(tx, key, endpoint, window.days, (CoverageState::Pending, None), stream, now).await
}

/// Marks days that were not read.
async fn mark_days(
    tx: &WriteTx,
    key: WindowKey,
    endpoint: &Endpoint,
    days: DayRange,
    (state, code): (CoverageState, Option<FailureCode>),
    stream: StreamId,
    now: EpochMs,
) -> Result<(), SyncError> {
    let mark = |day| CoverageMark { day, state, code, raw: None, wear_minutes: None };
    let marks: Vec<CoverageMark> = days.days().map(mark).collect();
    for &metric in endpoint.metrics {
        tx.mark_coverage(key.user, (metric, endpoint.grain), stream, key, &marks, now).await?;
    }
    Ok(())
}

fn check_range(days: DayRange, today: Date) -> Result<(), DayRangeError> {
    if days.is_empty() {
        return Err(DayRangeError::Reversed { from: days.start, to: days.last() });
    }
    if days.last() > today {
        return Err(DayRangeError::Future { to: days.last(), today });
    }
    if days.len() > MAX_DAYS {
        return Err(DayRangeError::TooLong { days: days.len(), max: MAX_DAYS });
    }
    Ok(())
}
