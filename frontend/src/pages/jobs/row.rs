//! A sync job: progress, reason, what one can do.

use leptos::prelude::*;
use leptos_router::components::A;

use super::{job_title, state_words};
use crate::api::enums::{JobActionStatus, SyncJobState};
use crate::api::errors::ApiError;
use crate::api::operations::Job;
use crate::api::operations::{
    CancelSyncJob, PauseSyncJob, ResumeSyncJob, RetrySyncJob, cancel_sync_job, pause_sync_job,
    resume_sync_job, retry_sync_job,
};
use crate::api::transport::send;
use crate::components::states::sentence;
use crate::state::flash::use_flash;
use crate::state::locale::format;
use crate::state::{clock, tr, zone};
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::format::Format;
use crate::view_model::jobs::{actions, is_open, progress};

/// A bar with the share of windows read.
#[component]
pub fn ProgressBar(#[prop(into)] job: Signal<Job>) -> impl IntoView {
    let percent = move || progress(&job.read(), clock::now(), &format()).percent.floor();
    let class = move || {
        let state = match job.read().state {
            SyncJobState::Failed => "bad",
            SyncJobState::DoneWithGaps => "warn",
            SyncJobState::Waiting
            | SyncJobState::Paused
            | SyncJobState::Planned
            | SyncJobState::Cancelled => "still",
            _ => "going",
        };
        format!("progress {state}")
    };
    view! {
        <div
            class=class
            role="progressbar"
            aria-label=move || job_title(&job.read())
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent().to_string()
        >
            <span style=move || format!("width:{}%", percent())></span>
        </div>
    }
    .into_any()
}

/// What can be asked of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Pause,
    Resume,
    Cancel,
    Retry,
}

async fn ask(action: Action, id: String) -> Result<(JobActionStatus, Option<String>), ApiError> {
    Ok(match action {
        Action::Pause => {
            let answer = send::<PauseSyncJob>(pause_sync_job::Variables { id }).await?.pause_sync_job;
            (answer.status, answer.message)
        }
        Action::Resume => {
            let answer = send::<ResumeSyncJob>(resume_sync_job::Variables { id }).await?.resume_sync_job;
            (answer.status, answer.message)
        }
        Action::Cancel => {
            let answer = send::<CancelSyncJob>(cancel_sync_job::Variables { id }).await?.cancel_sync_job;
            (answer.status, answer.message)
        }
        Action::Retry => {
            let answer = send::<RetrySyncJob>(retry_sync_job::Variables { id }).await?.retry_sync_job;
            (answer.status, answer.message)
        }
    })
}

/// A row of the list. A job that has left the list draws nothing.
#[component]
pub fn JobRow(job: Memo<Option<Job>>, #[prop(into)] on_change: Callback<()>) -> impl IntoView {
    let Some(first) = job.get_untracked() else { return ().into_any() };
    let (id, key, person) = (first.id.clone(), first.id.clone(), first.user.clone());
    let job = Signal::derive(move || job.get().unwrap_or_else(|| first.clone()));
    let state = Memo::new(move |_| job.read().state.clone());
    let caption = move || {
        let (job, f) = (job.read(), format());
        let metrics: Vec<String> = job.metrics.iter().map(|metric| f.metric(metric)).collect();
        match (Day::parse(&job.from), Day::parse(&job.to)) {
            (Some(from), Some(to)) => format!("{} · {}", f.days(from, to), metrics.join(", ")),
            _ => metrics.join(", "),
        }
    };
    view! {
        <li class="card row job" data-job=key>
            <div class="row-head">
                <h2>
                    <A href=format!("/people/{}", person.id)>{person.display_name}</A>
                    <span class="job-kind">{move || job_title(&job.read())}</span>
                </h2>
                <span class=move || badge(&state.read())>{move || state_words(&state.read())}</span>
            </div>
            <p class="note">{move || caption()}</p>
            <ProgressBar job/>
            <p class="job-line" aria-live="polite">{move || line(&job.read(), &format())}</p>
            {move || reasons(&job.read(), &format()).map(|text| view! { <p class="advice">{text}</p> })}
            <JobActions id state on_change/>
        </li>
    }
    .into_any()
}

fn badge(state: &SyncJobState) -> &'static str {
    match state {
        SyncJobState::Done => "badge good",
        SyncJobState::Running => "badge accent",
        SyncJobState::Waiting | SyncJobState::Paused | SyncJobState::DoneWithGaps => "badge warn",
        SyncJobState::Failed => "badge bad",
        _ => "badge",
    }
}

/// Windows, requests, retries and time to go.
fn line(job: &Job, f: &Format) -> String {
    let whole = |n: i64| f.whole(n as f64);
    let mut parts = vec![
        tr!(jobs.windows, done = whole(job.windows_done), total = whole(job.windows_total)),
        tr!(jobs.requests, done = whole(job.requests_done), total = whole(job.requests_expected)),
    ];
    if job.retries > 0 {
        parts.push(tr!(jobs.retries, n = whole(job.retries)));
    }
    if let Some(eta) = progress(job, clock::now(), f).eta {
        parts.push(tr!(jobs.eta, eta = eta));
    }
    let clock_zone = zone::recent(&job.user.time_zone);
    let ended = job.finished_at.as_deref().and_then(parse_instant).filter(|_| !is_open(&job.state));
    parts.extend(ended.map(|at| tr!(jobs.finished, at = f.date_time(at, &clock_zone))));
    parts.join(" · ")
}

/// Why it waits, failed or has gaps.
fn reasons(job: &Job, f: &Format) -> Option<String> {
    let clock_zone = zone::recent(&job.user.time_zone);
    let until = job.waiting_until.as_deref().and_then(parse_instant).filter(|_| is_open(&job.state));
    let until = until.map(|at| tr!(jobs.until, at = f.date_time(at, &clock_zone)));
    let codes = || job.codes.iter().map(|code| f.failure(code)).collect::<Vec<_>>().join("; ");
    let reason = job.reason.clone().or_else(|| Some(codes()).filter(|codes| !codes.is_empty()));
    match (reason, until) {
        (Some(reason), Some(until)) => Some(format!("{reason} {until}")),
        (reason, until) => reason.or(until),
    }
}

#[component]
fn JobActions(id: String, state: Memo<SyncJobState>, on_change: Callback<()>) -> impl IntoView {
    let (flash, busy, id) = (use_flash(), RwSignal::new(false), StoredValue::new(id));
    let act = move |action: Action| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = ask(action, id.get_value()).await;
            busy.try_set(false);
            match answer {
                Ok((JobActionStatus::Accepted, _)) => {}
                Ok((_, message)) => flash.warn(message.unwrap_or_else(|| tr!(jobs.not_possible).to_owned())),
                Err(error) => flash.warn(sentence(&error)),
            }
            on_change.run(());
        });
    };
    let button = move |action: Action, word: &'static str| {
        view! {
            <button type="button" class="button small" prop:disabled=move || busy.get() on:click=move |_| act(action)>
                {word}
            </button>
        }
    };
    move || {
        {
            let can = actions(&state.read());
            view! {
                <div class="row-actions">
                    {can.pause.then(|| button(Action::Pause, tr!(jobs.pause)))}
                    {can.resume.then(|| button(Action::Resume, tr!(jobs.resume)))}
                    {can.retry.then(|| button(Action::Retry, tr!(jobs.retry)))}
                    {can.cancel.then(|| button(Action::Cancel, tr!(jobs.cancel)))}
                </div>
            }
        }
        .into_any()
    }
}
