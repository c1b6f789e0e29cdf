//! Sync jobs: progress, what is expected, what one may do.

use super::format::Format;
use crate::api::enums::SyncJobState;
use crate::api::operations::{Batch, Job};

/// Progress of a job as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// 0 to 100; a job that has not ended never shows 100.
    pub percent: f64,
    /// Time to go, if that is known.
    pub eta: Option<String>,
}

/// Whether a job still has work before it.
#[must_use]
pub fn is_open(state: &SyncJobState) -> bool {
    !matches!(
        state,
        SyncJobState::Done | SyncJobState::DoneWithGaps | SyncJobState::Failed | SyncJobState::Cancelled
    )
}

/// What can be done to a job in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    pub pause: bool,
    pub resume: bool,
    pub cancel: bool,
    pub retry: bool,
}

/// What can be done to a job in a state.
#[must_use]
pub fn actions(state: &SyncJobState) -> Actions {
    use SyncJobState::{DoneWithGaps, Failed, Paused, Planned, Running, Waiting};
    Actions {
        pause: matches!(state, Planned | Running | Waiting),
        resume: matches!(state, Paused),
        cancel: matches!(state, Planned | Running | Waiting | Paused),
        retry: matches!(state, Failed | DoneWithGaps),
    }
}

/// What progress is computed from: a job's, or a batch's.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    pub state: &'a SyncJobState,
    /// Windows read or given up.
    pub done: i64,
    pub total: i64,
    pub eta_seconds: Option<i64>,
}

impl<'a> From<&'a Job> for Work<'a> {
    fn from(job: &'a Job) -> Self {
        Self {
            state: &job.state,
            done: job.windows_done,
            total: job.windows_total,
            eta_seconds: job.eta_seconds,
        }
    }
}

impl<'a> From<&'a Batch> for Work<'a> {
    fn from(batch: &'a Batch) -> Self {
        let done = batch.windows_done + batch.windows_failed;
        Self { state: &batch.state, done, total: batch.windows_total, eta_seconds: batch.eta_seconds }
    }
}

/// Progress of a job or a batch.
#[must_use]
pub fn progress<'a>(work: impl Into<Work<'a>>, f: &Format) -> Progress {
    let work = work.into();
    let is_open = is_open(work.state);
    let percent = match (work.done, work.total) {
        (_, 0) if is_open => 0.0,
        (_, 0) => 100.0,
        (done, total) => (done as f64 * 100.0 / total as f64).clamp(0.0, if is_open { 99.0 } else { 100.0 }),
    };
    let eta = work.eta_seconds.filter(|_| is_open);
    Progress { percent, eta: eta.map(|seconds| f.estimate(seconds.max(0) as f64)) }
}

/// Requests so far against the plan, retries apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// Made, without those that had to be made again.
    pub planned: i64,
    pub retries: i64,
    /// Whether more were made than the plan has at the most.
    pub beyond_plan: bool,
}

/// Tells the requests of the plan from retries. `made` counts both.
#[must_use]
pub fn requests(made: i64, retries: i64, at_most: i64) -> Requests {
    let planned = (made - retries).max(0);
    Requests { planned, retries, beyond_plan: planned > at_most }
}

/// Puts a changed job into a list that is sorted by creation, newest first. Older news than the list's are left out,
/// and so is a job that is not listed yet, unless it `may_join`.
pub fn merge(jobs: &mut Vec<Job>, changed: Job, may_join: bool) {
    match jobs.iter_mut().find(|job| job.id == changed.id) {
        Some(job) if job.updated_at <= changed.updated_at => *job = changed,
        None if may_join => {
            let at = jobs.partition_point(|job| job.created_at > changed.created_at);
            jobs.insert(at, changed);
        }
        _ => {}
    }
}

/// Which jobs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    All,
    /// Those with work before them.
    Open,
    /// Those that ended with something missing.
    Trouble,
}

impl Show {
    /// The choice of the address.
    #[must_use]
    pub fn of_query(show: Option<&str>) -> Self {
        match show {
            Some("open") => Self::Open,
            Some("trouble") => Self::Trouble,
            _ => Self::All,
        }
    }

    /// The address of the choice.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::All => "/jobs",
            Self::Open => "/jobs?show=open",
            Self::Trouble => "/jobs?show=trouble",
        }
    }

    /// The address of the jobs after a cursor.
    #[must_use]
    pub fn page_address(self, after: &str) -> String {
        let join = if self == Self::All { '?' } else { '&' };
        format!("{}{join}after={after}", self.address())
    }

    /// The states to ask for; all where there are none.
    #[must_use]
    pub fn states(self) -> Option<Vec<SyncJobState>> {
        let all = || SyncJobState::KNOWN.iter().map(|state| SyncJobState::from(*state));
        (self != Self::All).then(|| all().filter(|state| self.has(state)).collect())
    }

    /// Whether jobs in a state are listed.
    #[must_use]
    pub fn has(self, state: &SyncJobState) -> bool {
        match self {
            Self::All => true,
            Self::Open => is_open(state),
            Self::Trouble => matches!(state, SyncJobState::DoneWithGaps | SyncJobState::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;
    use crate::api::enums::{Priority, ProviderKey, SyncJobKind};
    use crate::api::operations::sync_jobs::{JobFieldsLinkedAccount as JobAccount, JobFieldsUser as JobUser};

    fn job(id: &str, state: SyncJobState, (done, total): (i64, i64)) -> Job {
        Job {
            id: id.to_owned(),
            user: JobUser { id: "u".into(), display_name: "Ann".into(), time_zone: "UTC".into() },
            linked_account: JobAccount { provider: ProviderKey::Fitbit },
            batch_id: None,
            kind: SyncJobKind::Backfill,
            state,
            priority: Priority::Low,
            metrics: vec![],
            from: "2026-11-01".into(),
            to: "2026-11-21".into(),
            windows_done: done,
            windows_total: total,
            requests_expected: 10,
            requests_at_most: 12,
            requests_done: 4,
            plan_fixed: true,
            retries: 0,
            reason: None,
            codes: vec![],
            waiting_until: None,
            eta_seconds: Some(120),
            created_at: format!("2026-11-21T12:00:0{id}Z"),
            updated_at: "2026-11-21T12:00:00Z".into(),
            finished_at: None,
        }
    }

    #[test]
    fn a_running_job_is_never_shown_as_finished() {
        let shown = |state, windows| progress(&job("1", state, windows), &format());
        let running = shown(SyncJobState::Running, (61, 61));
        assert_eq!(running, Progress { percent: 99.0, eta: Some("about 2 min".to_owned()) });
        assert_eq!(shown(SyncJobState::Done, (61, 61)), Progress { percent: 100.0, eta: None });
        assert_eq!(shown(SyncJobState::Planned, (0, 0)).percent, 0.0);
    }

    #[test]
    fn a_retry_is_no_request_of_the_plan() {
        assert_eq!(requests(64, 3, 61), Requests { planned: 61, retries: 3, beyond_plan: false });
        assert!(requests(64, 0, 61).beyond_plan);
    }

    #[test]
    fn news_replace_and_old_news_do_not() {
        let mut jobs = vec![job("2", SyncJobState::Running, (1, 2)), job("1", SyncJobState::Done, (2, 2))];
        merge(&mut jobs, job("3", SyncJobState::Planned, (0, 2)), true);
        merge(&mut jobs, job("4", SyncJobState::Planned, (0, 2)), false);
        let mut old = job("2", SyncJobState::Planned, (0, 2));
        old.updated_at = "2026-11-21T11:00:00Z".into();
        merge(&mut jobs, old, true);
        let shown: Vec<(&str, i64)> = jobs.iter().map(|job| (job.id.as_str(), job.windows_done)).collect();
        assert_eq!(shown, [("3", 0), ("2", 1), ("1", 2)]);
    }

    #[test]
    fn the_address_chooses_states() {
        assert_eq!(Show::of_query(Some("everything")), Show::All);
        assert_eq!(Show::All.states(), None);
        let trouble = Show::of_query(Some("trouble"));
        assert_eq!(trouble.states(), Some(vec![SyncJobState::DoneWithGaps, SyncJobState::Failed]));
        assert_eq!(trouble.page_address("abc"), "/jobs?show=trouble&after=abc");
        assert_eq!(Show::All.page_address("abc"), "/jobs?after=abc");
        assert!(Show::Open.has(&SyncJobState::from("POSTPONED")), "of an unknown state nothing is hidden");
    }
}
