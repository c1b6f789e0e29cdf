//! Sync jobs: progress, what is expected, what one may do.

use super::civil::parse_instant;
use super::format::Format;
use crate::api::enums::SyncJobState;
use crate::api::operations::Job;

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

/// Progress of a job.
#[must_use]
pub fn progress(job: &Job, now: i64, f: &Format) -> Progress {
    let is_open = is_open(&job.state);
    let percent = match (job.windows_done, job.windows_total) {
        (_, 0) if is_open => 0.0,
        (_, 0) => 100.0,
        (done, total) => (done as f64 * 100.0 / total as f64).clamp(0.0, if is_open { 99.0 } else { 100.0 }),
    };
    let eta = job.eta.as_deref().and_then(parse_instant).filter(|_| is_open);
    Progress { percent, eta: eta.map(|at| f.estimate((at - now).max(0) as f64 / 1_000.0)) }
}

/// Puts a changed job into a list that is sorted by creation, newest first. Older news than the list's are left out.
pub fn merge(jobs: &mut Vec<Job>, changed: Job) {
    match jobs.iter_mut().find(|job| job.id == changed.id) {
        Some(job) if job.updated_at <= changed.updated_at => *job = changed,
        Some(_) => {}
        None => {
            let at = jobs.partition_point(|job| job.created_at > changed.created_at);
            jobs.insert(at, changed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;
    use crate::api::enums::{ProviderKey, SyncJobKind};
    use crate::api::operations::sync_jobs::{
        SyncJobsSyncJobsNodesLinkedAccount as JobAccount, SyncJobsSyncJobsNodesUser as JobUser,
    };

    fn job(id: &str, state: SyncJobState, (done, total): (i64, i64)) -> Job {
        Job {
            id: id.to_owned(),
            user: JobUser { id: "u".into(), display_name: "Ann".into(), time_zone: "UTC".into() },
            linked_account: JobAccount { provider: ProviderKey::Fitbit },
            kind: SyncJobKind::Backfill,
            state,
            metrics: vec![],
            from: "2026-11-01".into(),
            to: "2026-11-21".into(),
            windows_done: done,
            windows_total: total,
            requests_expected: 10,
            requests_done: 4,
            retries: 0,
            reason: None,
            codes: vec![],
            waiting_until: None,
            eta: Some("2026-11-21T12:02:00Z".into()),
            created_at: format!("2026-11-21T12:00:0{id}Z"),
            updated_at: "2026-11-21T12:00:00Z".into(),
            finished_at: None,
        }
    }

    #[test]
    fn a_running_job_is_never_shown_as_finished() {
        let now = parse_instant("2026-11-21T12:00:00Z").unwrap();
        let running = progress(&job("1", SyncJobState::Running, (61, 61)), now, &format());
        assert_eq!(running, Progress { percent: 99.0, eta: Some("about 2 min".to_owned()) });
        let done = progress(&job("1", SyncJobState::Done, (61, 61)), now, &format());
        assert_eq!(done, Progress { percent: 100.0, eta: None });
        assert_eq!(progress(&job("1", SyncJobState::Planned, (0, 0)), now, &format()).percent, 0.0);
    }

    #[test]
    fn news_replace_and_old_news_do_not() {
        let mut jobs = vec![job("2", SyncJobState::Running, (1, 2)), job("1", SyncJobState::Done, (2, 2))];
        merge(&mut jobs, job("3", SyncJobState::Planned, (0, 2)));
        let mut old = job("2", SyncJobState::Planned, (0, 2));
        old.updated_at = "2026-11-21T11:00:00Z".into();
        merge(&mut jobs, old);
        let shown: Vec<(&str, i64)> = jobs.iter().map(|job| (job.id.as_str(), job.windows_done)).collect();
        assert_eq!(shown, [("3", 0), ("2", 1), ("1", 2)]);
    }
}
