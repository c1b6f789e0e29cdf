//! Asking for days: jobs are written here, by people, the command line and the schedule.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{LinkState, Viewer},
    catalogue::{Endpoint, Grain, endpoint, endpoints_of},
    coverage::CoverageState,
    id::{BatchId, JobId, LinkId, StreamId, UserId},
    job::{FailureCode, JobKind, Priority},
    time::{DAY_MS, DayRange, DayRangeError, add_days, next_day},
};
use pulsekeep_store::{LinkedAccount, NewJob, NewWindow, WindowKey, WriteTx, ingest::CoverageMark};

use crate::{
    SyncEngine, SyncError,
    incremental::{Due, HORIZON_DAYS, Look, due},
    knowledge::Knowledge,
    plan::{BackfillPlan, Cut, PlanInput, endpoints_for, plan},
};

/// Stands for the window of days that a job does not ask for.
const NO_WINDOW: i32 = -1;

/// Days that a deep sync reads again.
pub(crate) const DEEP_DAYS: i64 = 30;

/// Open days older than those, of all metrics together, that a deep sync takes along.
const OPEN_DAYS_A_PASS: u64 = 500;

/// A day of a metric that is open.
type OpenDay = (Metric, Grain, Date);

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
    /// Which days; `None` for those that an incremental sync finds due, or the last 30 of a deep one.
    pub days: Option<DayRange>,
    /// How urgent.
    pub priority: Priority,
    /// Who asks; `None` for the schedule and the command line.
    pub created_by: Option<UserId>,
    /// The batch that the jobs belong to.
    pub batch: Option<BatchId>,
}

/// A job before it is written.
#[derive(Debug)]
struct Planned {
    plan: BackfillPlan,
    days: DayRange,
    known: Knowledge,
    /// What becomes of the days of an incremental sync, by endpoint.
    dues: HashMap<&'static str, Due>,
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
    /// No answer of a provider is stored for these days, so that there is nothing to read again.
    NothingStored,
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
            let one = self.plan_link(link, request, days).await?.plan;
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
        self.request_for_notices(request, &[]).await
    }

    /// [`SyncEngine::request`] of one account, in whose transaction the notices that led to it are taken away. Where
    /// somebody else has taken them, nothing is written.
    pub(crate) async fn request_for_notices(
        &self,
        request: &JobRequest,
        notices: &[i64],
    ) -> Result<RequestOutcome, SyncError> {
        if request.kind == JobKind::Reparse {
            return self.request_reparse(request).await;
        }
        let (links, days) = match self.resolve(request).await? {
            Ok(resolved) => resolved,
            Err(outcome) => return Ok(outcome),
        };
        let mut jobs = Vec::new();
        for link in &links {
            let planned = self.plan_link(link, request, days).await?;
            jobs.extend(self.write_job(link, request, planned, notices).await?);
        }
        Ok(RequestOutcome::Accepted(jobs))
    }

    /// The accounts and days that a request is for.
    pub(crate) async fn resolve(
        &self,
        request: &JobRequest,
    ) -> Result<Result<(Vec<LinkedAccount>, Option<DayRange>), RequestOutcome>, SyncError> {
        let today = self.today(request.user_id).await?;
        if let Some(Err(error)) = request.days.map(|days| check_range(days, today)) {
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
        Ok(Ok((working, request.days)))
    }

    async fn plan_link(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        days: Option<DayRange>,
    ) -> Result<Planned, SyncError> {
        let today = self.today(link.user_id).await?;
        let known = self.known(link, &request.metrics, self.days_to_know(link, days, today)).await?;
        let input = PlanInput {
            provider: link.provider,
            scopes: &link.scopes,
            metrics: &request.metrics,
            cadence: self.policy.cadence,
            cut: if request.kind == JobKind::Incremental { Cut::Live } else { Cut::Fewest },
            allowance: self.policy.account_allowance(link.provider),
        };
        let is_empty = |e: &'static Endpoint, day| known.is_empty(e, day, None);
        let mut dues = HashMap::new();
        let plan = match (request.kind, days) {
            (JobKind::Incremental | JobKind::Reparse, None) => {
                dues = self.due_days(link, request, (today, &known)).await?;
                plan(&input, |e| dues.get(e.key).map_or_else(Vec::new, |d: &Due| d.ask.clone()), is_empty)
            }
            (JobKind::Deep, None) => {
                let days = DayRange { start: add_days(today, 1 - DEEP_DAYS), end: next_day(today) };
                // A daily value that changed opens its detail again: only what has no daily value is asked for itself.
                let is_deep = |e: &'static Endpoint| {
                    e.grain != Grain::Minute
                        || !endpoints_of(e.provider)
                            .any(|d| d.grain == Grain::Day && d.metrics.contains(&e.metrics[0]))
                };
                let open = self.open_days(link, days.start).await?;
                let asked = |e: &'static Endpoint| {
                    let own = |(metric, grain, _): &&OpenDay| e.metrics.contains(metric) && e.grain == *grain;
                    let mut asked: BTreeSet<Date> = open.iter().filter(own).map(|(.., day)| *day).collect();
                    if is_deep(e) {
                        asked.extend(days.days());
                    }
                    asked.into_iter().collect()
                };
                plan(&input, asked, |_, _| false)
            }
            (kind, Some(days)) => {
                let is_left_out = |e, day| kind == JobKind::Backfill && known.is_closed(e, day);
                plan(&input, |e| days.days().filter(|&day| !is_left_out(e, day)).collect(), is_empty)
            }
            (JobKind::Backfill, None) => BackfillPlan::default(),
        };
        let starts = plan.windows.iter().map(|w| w.days.start).min();
        let ends = plan.windows.iter().map(|w| w.days.end).max();
        let days = days
            .or(starts.zip(ends).map(|(start, end)| DayRange { start, end }))
            .unwrap_or_else(|| DayRange::one(today));
        Ok(Planned { plan, days, known, dues })
    }

    /// Days before `before` that are open, of whatever age: opened again by what came late, or never closed since the
    /// server was off. A deep re-read takes the newest of them along.
    async fn open_days(&self, link: &LinkedAccount, before: Date) -> Result<Vec<OpenDay>, SyncError> {
        match self.store.merged_stream(link.user_id, link.id).await? {
            Some(stream) => {
                Ok(self.store.open_days_before(link.user_id, stream, before, OPEN_DAYS_A_PASS).await?)
            }
            None => Ok(Vec::new()),
        }
    }

    /// The days whose past matters to a plan: those asked for and some beside them, or all since something was last
    /// read, since days that were missed are made up.
    fn days_to_know(&self, link: &LinkedAccount, days: Option<DayRange>, today: Date) -> DayRange {
        match days {
            Some(days) => DayRange { start: add_days(days.start, -7), end: add_days(days.end, 7) },
            None => {
                let idle_ms = link.last_sync_at.map_or(0, |at| self.now().0 - at.0);
                let back = (idle_ms / DAY_MS + 3).clamp(HORIZON_DAYS + 1, MAX_DAYS);
                DayRange { start: add_days(today, -back), end: add_days(today, 2) }
            }
        }
    }

    async fn known(
        &self,
        link: &LinkedAccount,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<Knowledge, SyncError> {
        let Some(stream) = self.store.merged_stream(link.user_id, link.id).await? else {
            return Ok(Knowledge::default());
        };
        Ok(self.store.known_days(link.user_id, stream, metrics, days).await?.into())
    }

    /// Endpoint → what becomes of its days in an incremental sync.
    async fn due_days(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        (today, known): (Date, &Knowledge),
    ) -> Result<HashMap<&'static str, Due>, SyncError> {
        // Whoever waits for a sync by hand gets the recent days at once, whatever the device has told.
        let force = request.priority == Priority::High;
        if !force {
            self.ask_devices(link, &format!("plan-{:x}", rand::random::<u64>())).await?;
        }
        let timeline = self.store.timeline(link.user_id).await?;
        let look = Look {
            today,
            now: self.now(),
            last_sync: self.store.last_device_sync(link.user_id, link.id).await?,
            close_after_days: self.policy.close_after_days,
            force,
            known,
        };
        Ok(endpoints_for(link.provider, &link.scopes, &request.metrics, self.policy.cadence)
            .map(|e| (e.key, due(e, &look, |day| timeline.day_bounds(day))))
            .collect())
    }

    async fn write_job(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        planned: Planned,
        notices: &[i64],
    ) -> Result<Option<JobId>, SyncError> {
        let now = self.now();
        let Planned { plan, days, known, dues } = planned;
        let mut tx = self.store.write().await?;
        if !tx.take_notices(link.user_id, notices).await? {
            return Ok(None);
        }
        let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, now).await?;
        self.see_to_unasked(&tx, link, stream, (&dues, &known)).await?;
        if plan.windows.is_empty() && request.kind != JobKind::Backfill {
            // Nothing new can have come: no job says so, the account's last look at its devices does.
            tx.commit().await?;
            return Ok(None);
        }
        let new = NewJob {
            user_id: link.user_id,
            link_id: link.id,
            kind: request.kind,
            priority: request.priority,
            metrics: request.metrics.clone(),
            days,
            requests_expected: i32::try_from(plan.expected()).unwrap_or(i32::MAX),
            requests_at_most: i32::try_from(plan.at_most()).unwrap_or(i32::MAX),
            batch: request.batch,
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
        Ok(Some(job))
    }

    /// Closes days by their age, and notes those of which no device has told yet.
    async fn see_to_unasked(
        &self,
        tx: &WriteTx,
        link: &LinkedAccount,
        stream: StreamId,
        (dues, known): (&HashMap<&'static str, Due>, &Knowledge),
    ) -> Result<(), SyncError> {
        let user = link.user_id;
        let key = WindowKey { user, job: JobId(0), seq: NO_WINDOW };
        for of in dues.keys().filter_map(|key| endpoint(key)) {
            let Some(due) = dues.get(of.key) else { continue };
            let mark = |&day: &Date| CoverageMark {
                day,
                state: CoverageState::Partial,
                code: None,
                raw: None,
                wear_minutes: None,
            };
            let notes: Vec<CoverageMark> = due.note.iter().map(mark).collect();
            for &metric in of.metrics {
                tx.mark_coverage(user, (metric, of.grain), stream, key, &notes, self.now()).await?;
                let what = (metric, of.grain);
                let close: Vec<(Date, bool)> =
                    due.close.iter().map(|&day| (day, known.has_data(what, day))).collect();
                tx.close_days(user, what, stream, &close).await?;
            }
        }
        Ok(())
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

/// The first Fitbit tracker was sold in September 2009: no provider has anything older.
const FIRST_DAY: Date = Date::constant(2009, 9, 1);

pub(crate) fn check_range(days: DayRange, today: Date) -> Result<(), DayRangeError> {
    if days.is_empty() {
        return Err(DayRangeError::Reversed { from: days.start, to: days.last() });
    }
    if days.last() > today {
        return Err(DayRangeError::Future { to: days.last(), today });
    }
    if days.start < FIRST_DAY {
        return Err(DayRangeError::TooEarly { from: days.start, first: FIRST_DAY });
    }
    if days.len() > MAX_DAYS {
        return Err(DayRangeError::TooLong { days: days.len(), max: MAX_DAYS });
    }
    Ok(())
}
