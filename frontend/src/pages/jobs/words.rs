//! What jobs and batches are called, and why they stand where they stand.

use crate::api::enums::{FailureCode, RequestSyncStatus, SyncJobKind, SyncJobState};
use crate::api::operations::{Batch, Job};
use crate::pages::accounts::provider_name;
use crate::state::tr;
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::format::Format;
use crate::view_model::jobs::{Work, is_open, progress, requests};
use crate::view_model::zone::Zone;

/// Metrics that are named one by one; more are a number.
const NAMED: usize = 4;

/// What a job is for.
#[must_use]
pub fn kind_words(kind: &SyncJobKind) -> String {
    match kind {
        SyncJobKind::Incremental => tr!(job_kind.incremental),
        SyncJobKind::Deep => tr!(job_kind.deep),
        SyncJobKind::Backfill => tr!(job_kind.backfill),
        SyncJobKind::Reparse => tr!(job_kind.reparse),
        SyncJobKind::Other(kind) => return kind.to_ascii_lowercase(),
    }
    .to_owned()
}

/// What a job does, for whom.
#[must_use]
pub fn job_title(job: &Job) -> String {
    format!("{} · {}", kind_words(&job.kind), provider_name(&job.linked_account.provider))
}

/// What a batch does, for how many.
#[must_use]
pub fn batch_title(batch: &Batch) -> String {
    tr!(batch.title, kind = kind_words(&batch.kind), n = batch.people_total.to_string())
}

/// A state in words.
#[must_use]
pub fn state_words(state: &SyncJobState) -> String {
    match state {
        SyncJobState::Planned => tr!(job_state.planned),
        SyncJobState::Running => tr!(job_state.running),
        SyncJobState::Waiting => tr!(job_state.waiting),
        SyncJobState::Paused => tr!(job_state.paused),
        SyncJobState::Done => tr!(job_state.done),
        SyncJobState::DoneWithGaps => tr!(job_state.done_with_gaps),
        SyncJobState::Failed => tr!(job_state.failed),
        SyncJobState::Cancelled => tr!(job_state.cancelled),
        SyncJobState::Other(state) => return state.to_ascii_lowercase(),
    }
    .to_owned()
}

/// The badge of a state.
#[must_use]
pub fn badge(state: &SyncJobState) -> &'static str {
    match state {
        SyncJobState::Done => "badge good",
        SyncJobState::Running => "badge accent",
        SyncJobState::Waiting | SyncJobState::Paused | SyncJobState::DoneWithGaps => "badge warn",
        SyncJobState::Failed => "badge bad",
        _ => "badge",
    }
}

/// Why a sync or backfill was not taken.
#[must_use]
pub fn request_refusal(status: &RequestSyncStatus, message: Option<String>) -> String {
    let words = match status {
        RequestSyncStatus::NotFound => tr!(sync.not_found),
        RequestSyncStatus::NotLinked => tr!(sync.not_linked),
        RequestSyncStatus::NeedsConsent => tr!(sync.needs_consent),
        RequestSyncStatus::RangeReversed => tr!(sync.range_reversed),
        RequestSyncStatus::RangeInFuture => tr!(sync.range_in_future),
        RequestSyncStatus::RangeTooEarly => tr!(sync.range_too_early),
        RequestSyncStatus::RangeTooLong => tr!(sync.range_too_long),
        RequestSyncStatus::NothingStored => tr!(sync.nothing_stored),
        RequestSyncStatus::Accepted | RequestSyncStatus::Other(_) => tr!(error.internal),
    };
    message.unwrap_or_else(|| words.to_owned())
}

/// Days and metrics.
pub fn caption(from: &str, to: &str, metrics: &[crate::api::enums::MetricKey], f: &Format) -> String {
    let metrics = if metrics.len() == crate::api::enums::MetricKey::KNOWN.len() {
        tr!(raw.all).to_owned()
    } else {
        f.metrics(metrics, NAMED)
    };
    match (Day::parse(from), Day::parse(to)) {
        (Some(from), Some(to)) => format!("{} · {metrics}", f.days(from, to)),
        _ => metrics,
    }
}

/// Figures of a job or batch, as a line is made of them.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    pub work: Work<'a>,
    pub made: i64,
    pub retries: i64,
    pub expected: i64,
    pub at_most: i64,
    /// Whether the plan cannot grow any more.
    pub is_fixed: bool,
}

/// Windows, requests against the plan, and time to go. Retries stand apart.
pub fn line(figures: &Figures<'_>, f: &Format) -> String {
    let whole = |n: i64| f.whole(n as f64);
    let asked = requests(figures.made, figures.retries, figures.at_most);
    let mut parts =
        vec![tr!(jobs.windows, done = whole(figures.work.done), total = whole(figures.work.total))];
    if figures.at_most > 0 || figures.made > 0 {
        let (done, total, most) = (whole(asked.planned), whole(figures.expected), whole(figures.at_most));
        parts.push(tr!(jobs.requests, done = done, total = total, most = most));
    }
    if asked.retries > 0 {
        parts.push(tr!(jobs.retries, n = whole(asked.retries)));
    }
    if !figures.is_fixed && is_open(figures.work.state) {
        parts.push(tr!(jobs.plan_open).to_owned());
    }
    if let Some(eta) = progress(figures.work, f).eta {
        parts.push(tr!(jobs.eta, eta = eta));
    }
    parts.join(" · ")
}

/// Why something waits, failed or has gaps, and when it goes on.
pub fn reasons(
    state: &SyncJobState,
    (reason, codes): (Option<&str>, &[FailureCode]),
    until: Option<&str>,
    zone: &Zone,
    f: &Format,
) -> Option<String> {
    let until = until.and_then(parse_instant).filter(|_| is_open(state));
    let until = until.map(|at| tr!(jobs.until, at = f.date_time(at, zone)));
    let codes = || codes.iter().map(|code| f.failure(code)).collect::<Vec<_>>().join("; ");
    let in_words =
        || Some(codes()).filter(|codes| !codes.is_empty()).map(|codes| tr!(jobs.because, codes = codes));
    let reason = reason.map(str::to_owned).or_else(in_words);
    match (reason, until) {
        (Some(reason), Some(until)) => Some(format!("{reason} {until}")),
        (reason, until) => reason.or(until),
    }
}
