use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, SimpleObject, connection::Connection};
use pulsekeep_core::{
    Metric,
    account::Scope,
    id::{DeviceId, ExerciseId, JobId, RawId, StreamId, UserId},
    time::{DayRange, days_between},
};
use pulsekeep_store::{
    Person, User,
    person::{self, Device, PersonSummary},
};

use super::{
    analysis::UserAnalysis,
    connection::{Cursor, Page, weight},
    context::RequestContext as _,
    enums::{CoverageState, FailureCode, MetricKey, Role},
    errors::{ApiError, Reply},
    exercise::ExerciseNode,
    ids::Id,
    link::LinkedAccountNode,
    raw::RawDocumentNode,
    scalars::{Date, DateTime, TimeZone},
    series::{DailySeriesNode, SeriesNode},
    sleep::SleepSessionNode,
    tally::CoverageTally,
};

/// Days that one field gives at most: three years.
const MOST_DAYS: i64 = 1_100;
/// Buckets that one series has at most.
const MOST_POINTS: i32 = 5_000;

/// A person or an operator whom the viewer may see.
pub(super) struct UserNode(pub User);

impl UserNode {
    /// The door to the person's data: needs the scope, and asks the store again whether the viewer may.
    async fn data(&self, ctx: &Context<'_>) -> Reply<Arc<Person>> {
        person_data(ctx, self.0.id).await
    }
}

/// A person's data, if the viewer has the scope and may see them.
pub(super) async fn person_data(ctx: &Context<'_>, id: UserId) -> Reply<Arc<Person>> {
    ctx.need(Scope::ReadMetrics)?;
    let person = ctx.loaders()?.person(id).await?;
    person.ok_or_else(|| ApiError::forbidden("This person's data is not yours to see"))
}

/// The days from `from` to `to`, both included.
pub(super) fn range(from: Date, to: Date) -> Reply<DayRange> {
    let days = DayRange::inclusive(from.0, to.0).map_err(|e| ApiError::bad_input(e.to_string()))?;
    if days.len() > MOST_DAYS {
        return Err(ApiError::bad_input(format!(
            "{} days are too many at once; ask for {MOST_DAYS}",
            days.len()
        )));
    }
    Ok(days)
}

/// What `metrics` metrics over these days weigh: one for every eight values.
pub(super) fn days_weight(metrics: usize, from: Date, to: Date, child: usize) -> usize {
    let days = usize::try_from(days_between(from.0, to.0).max(0) + 1).unwrap_or(usize::MAX);
    metrics.max(1).saturating_mul(days).saturating_div(8).saturating_add(5 + child)
}

fn points_weight(points: i32, child: usize) -> usize {
    usize::try_from(points).unwrap_or(0).saturating_div(20).saturating_add(20 + child)
}

/// A person or an operator whom the viewer may see.
#[Object(name = "User")]
impl UserNode {
    async fn id(&self) -> Id<UserId> {
        Id(self.0.id)
    }

    /// The code for the command line, searches and exports.
    async fn code(&self) -> &str {
        &self.0.code
    }

    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// Seen by the person and admins.
    async fn email(&self) -> &str {
        &self.0.email
    }

    async fn role(&self) -> Role {
        self.0.role.into()
    }

    async fn time_zone(&self) -> TimeZone {
        TimeZone(self.0.time_zone.clone())
    }

    /// Whether the person has signed up (has a password).
    async fn signed_up(&self) -> bool {
        self.0.password_hash.is_some()
    }

    /// The person's ties to provider accounts, oldest first.
    #[graphql(complexity = "5 + child_complexity")]
    async fn linked_accounts(&self, ctx: &Context<'_>) -> Reply<Vec<LinkedAccountNode>> {
        let person = self.data(ctx).await?;
        let links = ctx.loaders()?.links(person).await?;
        Ok(links.into_iter().map(LinkedAccountNode).collect())
    }

    /// The person in one row, for tables: the last days, today included.
    #[graphql(complexity = "10 + child_complexity")]
    async fn summary(&self, ctx: &Context<'_>, #[graphql(default = 28)] days: i32) -> Reply<UserSummary> {
        let days = u16::try_from(days).ok().filter(|days| (1..=366).contains(days));
        let days = days.ok_or_else(|| ApiError::bad_input("`days` must be from 1 to 366"))?;
        let now = ctx.now()?;
        let person = self.data(ctx).await?;
        Ok(UserSummary(ctx.loaders()?.summary(person, days, now).await?))
    }

    /// One value a civil day, for each metric. Both dates are included.
    #[graphql(complexity = "days_weight(metrics.len(), from, to, child_complexity)")]
    async fn daily(
        &self,
        ctx: &Context<'_>,
        metrics: Vec<MetricKey>,
        from: Date,
        to: Date,
        stream: Option<Id<StreamId>>,
    ) -> Reply<Vec<DailySeriesNode>> {
        let person = self.data(ctx).await?;
        let mut wanted: Vec<Metric> = Vec::new();
        for metric in metrics.into_iter().map(Metric::from) {
            if !wanted.contains(&metric) {
                wanted.push(metric);
            }
        }
        let stream = own_stream(&person, stream).await?;
        let series = person.daily(&wanted, range(from, to)?, stream).await?;
        Ok(series.into_iter().map(DailySeriesNode).collect())
    }

    /// Samples from `from` to `to` (half-open) in at most `maxPoints` buckets of equal length.
    #[graphql(complexity = "points_weight(max_points, child_complexity)")]
    async fn series(
        &self,
        ctx: &Context<'_>,
        metric: MetricKey,
        from: DateTime,
        to: DateTime,
        #[graphql(default = 1500)] max_points: i32,
        stream: Option<Id<StreamId>>,
    ) -> Reply<SeriesNode> {
        let person = self.data(ctx).await?;
        let metric = Metric::from(metric);
        let points = super::series::checked_points(metric, from, to, max_points, MOST_POINTS)?;
        let stream = own_stream(&person, stream).await?;
        Ok(SeriesNode { metric, buckets: person.series(metric, (from.0, to.0), points, stream).await? })
    }

    /// First instant of the civil day and of the one after it, by the person's own offsets.
    async fn day_bounds(&self, ctx: &Context<'_>, date: Date) -> Reply<DayBounds> {
        let person = self.data(ctx).await?;
        let (start, end) = person.day_bounds(date.0);
        let today = person.today(ctx.now()?) == date.0;
        Ok(DayBounds { start: DateTime(start), end: DateTime(end), today })
    }

    /// Sleep sessions whose civil day of waking lies in the range, in order of time.
    #[graphql(complexity = "days_weight(8, from, to, child_complexity)")]
    async fn sleep(&self, ctx: &Context<'_>, from: Date, to: Date) -> Reply<Vec<SleepSessionNode>> {
        let sessions = self.data(ctx).await?.sleep(range(from, to)?).await?;
        Ok(sessions.into_iter().map(SleepSessionNode).collect())
    }

    /// Exercises whose civil day lies in the range, newest first.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn exercises(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, ExerciseNode>> {
        let person = self.data(ctx).await?;
        let page = Page::of(first, after.as_deref())?;
        let exercises = person.exercises(range(from, to)?, page.after.map(ExerciseId), page.limit()).await?;
        Ok(page.connection(exercises, |exercise| exercise.id.0, ExerciseNode))
    }

    /// What is known of each metric on each day that was ever asked for.
    #[graphql(complexity = "days_weight(metrics.as_ref().map_or(10, Vec::len), from, to, child_complexity)")]
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        metrics: Option<Vec<MetricKey>>,
        from: Date,
        to: Date,
    ) -> Reply<Vec<CoverageRow>> {
        let metrics: Vec<Metric> = match metrics {
            Some(keys) => keys.into_iter().map(Metric::from).collect(),
            None => Metric::all().collect(),
        };
        let person = self.data(ctx).await?;
        let days = ctx.loaders()?.coverage(person.clone(), &metrics, range(from, to)?).await?;
        let wanted = |field| ctx.look_ahead().field("days").field(field).exists();
        let asked = if wanted("requestFrom") || wanted("requestTo") {
            person.days_asked(&days).await?
        } else {
            HashMap::new()
        };
        Ok(CoverageRow::by_metric(&metrics, &days, &asked))
    }

    /// How many metrics of each day are in which state of coverage; all metrics where none are named.
    #[graphql(complexity = "days_weight(1, from, to, child_complexity)")]
    async fn coverage_tally(
        &self,
        ctx: &Context<'_>,
        metrics: Option<Vec<MetricKey>>,
        from: Date,
        to: Date,
    ) -> Reply<CoverageTally> {
        let metrics: Vec<Metric> = match metrics {
            Some(keys) => keys.into_iter().map(Metric::from).collect(),
            None => Metric::all().collect(),
        };
        let days = range(from, to)?;
        let person = self.data(ctx).await?;
        Ok(CoverageTally::of(days, ctx.loaders()?.tally(person.clone(), &metrics, days).await?))
    }

    /// What providers answered about a day, newest first.
    #[graphql(complexity = "weight(first, child_complexity)")]
    async fn raw_documents(
        &self,
        ctx: &Context<'_>,
        metric: Option<MetricKey>,
        date: Date,
        first: Option<i32>,
        after: Option<String>,
    ) -> Reply<Connection<Cursor, RawDocumentNode>> {
        let person = self.data(ctx).await?;
        let page = Page::of(first, after.as_deref())?;
        let metric = metric.map(Metric::from);
        let documents = person.raw_documents(metric, date.0, page.after.map(RawId), page.limit()).await?;
        let node = |meta| RawDocumentNode { person: person.clone(), meta };
        Ok(page.connection(documents, |meta| meta.id.0, node))
    }

    /// What is computed of the person's data.
    #[graphql(flatten)]
    async fn analysis(&self, _ctx: &Context<'_>) -> UserAnalysis {
        UserAnalysis(self.0.id)
    }

    /// The person's devices, the last seen first.
    #[graphql(complexity = "5 + child_complexity")]
    async fn devices(&self, ctx: &Context<'_>) -> Reply<Vec<DeviceNode>> {
        let devices = self.data(ctx).await?.devices().await?;
        Ok(devices.into_iter().map(DeviceNode).collect())
    }
}

/// The stream, if it is the person's.
async fn own_stream(person: &Person, stream: Option<Id<StreamId>>) -> Reply<Option<StreamId>> {
    let Some(Id(stream)) = stream else { return Ok(None) };
    if person.has_stream(stream).await? {
        return Ok(Some(stream));
    }
    Err(ApiError::bad_input("`stream` must be one of this person's streams; leave it out for the chosen one"))
}

/// The bounds of a civil day.
#[derive(SimpleObject)]
pub(super) struct DayBounds {
    start: DateTime,
    end: DateTime,
    /// Whether the day is the person's today.
    today: bool,
}

/// A person in one row.
pub(super) struct UserSummary(PersonSummary);

/// A person in one row.
#[Object]
impl UserSummary {
    async fn days(&self) -> i32 {
        i32::try_from(self.0.days.len()).unwrap_or(i32::MAX)
    }

    async fn last_sync_at(&self) -> Option<DateTime> {
        self.0.last_sync_at.map(DateTime)
    }

    /// The last day with a daily value.
    async fn last_data_day(&self) -> Option<Date> {
        self.0.last_data_day.map(Date)
    }

    /// Share of the days and metrics asked for that were read, from 0 to 1; null when none was.
    async fn coverage_share(&self) -> Option<f64> {
        self.0.coverage_share
    }

    /// Steps of each day, the last of them today; null is no data.
    async fn steps(&self) -> &[Option<f64>] {
        &self.0.steps
    }

    /// Jobs that have not ended.
    async fn active_jobs(&self) -> i32 {
        i32::try_from(self.0.active_jobs).unwrap_or(i32::MAX)
    }
}

/// A device of the person.
pub(super) struct DeviceNode(Device);

/// A device of the person.
#[Object(name = "Device")]
impl DeviceNode {
    async fn id(&self) -> Id<DeviceId> {
        Id(self.0.id)
    }

    async fn model(&self) -> &str {
        &self.0.model
    }

    async fn last_sync_at(&self) -> Option<DateTime> {
        self.0.last_sync_at.map(DateTime)
    }

    async fn battery_percent(&self) -> Option<i32> {
        self.0.battery_percent
    }

    /// Whether it is worn: a tracker, not a scale.
    async fn is_tracker(&self) -> bool {
        self.0.is_tracker
    }
}

/// Coverage of one metric.
#[derive(SimpleObject)]
pub(super) struct CoverageRow {
    metric: MetricKey,
    days: Vec<CoverageDay>,
}

impl CoverageRow {
    fn by_metric(metrics: &[Metric], days: &[person::CoverageDay], asked: &DaysAsked) -> Vec<Self> {
        metrics
            .iter()
            .map(|&metric| Self {
                metric: metric.into(),
                days: days
                    .iter()
                    .filter(|day| day.metric == metric)
                    .map(|day| CoverageDay::of(day, asked))
                    .collect(),
            })
            .collect()
    }
}

/// The days that a window asked for.
type DaysAsked = HashMap<(JobId, i32), DayRange>;

/// What is known of a metric on a day.
#[derive(SimpleObject)]
pub(super) struct CoverageDay {
    date: Date,
    state: CoverageState,
    /// Why it failed.
    code: Option<FailureCode>,
    /// When it was last asked for.
    checked_at: Option<DateTime>,
    /// The raw document behind it.
    raw_document_id: Option<Id<RawId>>,
    /// The job behind it; it may be gone, since finished jobs are not kept for ever.
    sync_job_id: Option<Id<JobId>>,
    /// First day of the request behind it, while its job is there.
    request_from: Option<Date>,
    /// Last day of the request behind it.
    request_to: Option<Date>,
    /// Minutes with a heart rate, where that is known.
    wear_minutes: Option<i32>,
}

impl CoverageDay {
    fn of(day: &person::CoverageDay, asked: &DaysAsked) -> Self {
        let window = day.job_id.zip(day.window_seq);
        let request = window.and_then(|window| asked.get(&window));
        Self {
            date: Date(day.day),
            state: day.state.into(),
            code: day.code.map(Into::into),
            checked_at: day.checked_at.map(DateTime),
            raw_document_id: day.raw_id.map(Id),
            sync_job_id: day.job_id.map(Id),
            request_from: request.map(|days| Date(days.start)),
            request_to: request.map(|days| Date(days.last())),
            wear_minutes: day.wear_minutes,
        }
    }
}
