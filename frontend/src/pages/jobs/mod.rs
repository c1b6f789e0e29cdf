//! `/jobs`: sync jobs as they run, and backfills.

pub mod backfill;
pub mod row;

use std::sync::Arc;

use leptos::prelude::*;
use serde::Deserialize;

use crate::api::enums::{RequestSyncStatus, SyncJobKind, SyncJobState};
use crate::api::live::{News, subscribe};
use crate::api::operations::sync_jobs::{self, ResponseData};
use crate::api::operations::{Job, SyncJobChanged, SyncJobs, sync_job_changed};
use crate::api::transport::send;
use crate::components::heading::PageTitle;
use crate::components::states::{EmptyState, loaded};
use crate::pages::accounts::provider_name;
use crate::state::load::Load;
use crate::state::session::use_session;
use crate::state::{clock, tr};
use crate::view_model::jobs::{is_open, merge};

pub use row::ProgressBar;

/// Jobs asked for at once.
const PAGE: i64 = 50;
/// Without the live connection, open jobs are asked for this often, in milliseconds.
const ASK_EVERY: u32 = 4_000;
/// While a job runs, what it brings in is drawn at most this often, in milliseconds.
const REDRAW_EVERY: i64 = 5_000;

/// An event of the subscription, in the type of the list.
#[derive(Debug, Deserialize)]
pub struct JobChanged {
    /// The job as it is now.
    #[serde(rename = "syncJobChanged")]
    pub job: Job,
}

/// What a job does, for whom.
#[must_use]
pub fn job_title(job: &Job) -> String {
    let kind = match &job.kind {
        SyncJobKind::Incremental => tr!(job_kind.incremental).to_owned(),
        SyncJobKind::Deep => tr!(job_kind.deep).to_owned(),
        SyncJobKind::Backfill => tr!(job_kind.backfill).to_owned(),
        SyncJobKind::Reparse => tr!(job_kind.reparse).to_owned(),
        SyncJobKind::Other(kind) => kind.clone(),
    };
    format!("{kind} · {}", provider_name(&job.linked_account.provider))
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

/// Why a sync or backfill was not taken.
#[must_use]
pub fn request_refusal(status: &RequestSyncStatus, message: Option<String>) -> String {
    let words = match status {
        RequestSyncStatus::NotFound => tr!(sync.not_found),
        RequestSyncStatus::NotLinked => tr!(sync.not_linked),
        RequestSyncStatus::NeedsConsent => tr!(sync.needs_consent),
        RequestSyncStatus::RangeReversed => tr!(sync.range_reversed),
        RequestSyncStatus::RangeInFuture => tr!(sync.range_in_future),
        RequestSyncStatus::RangeTooLong => tr!(sync.range_too_long),
        RequestSyncStatus::Accepted | RequestSyncStatus::Other(_) => tr!(error.internal),
    };
    message.unwrap_or_else(|| words.to_owned())
}

/// The page.
#[component]
pub fn JobsPage() -> impl IntoView {
    let session = use_session();
    // A member asks for the own jobs; an admin for all.
    let scope = Memo::new(move |_| if session.is_admin() { None } else { session.user_id() });
    let load = Load::new(move || {
        send::<SyncJobs>(sync_jobs::Variables { user_id: scope.get(), first: Some(PAGE), after: None })
    });
    let is_live = RwSignal::new(false);
    follow(load, scope.get_untracked(), is_live);
    ask_while_not_live(load, is_live);
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(jobs.title)/>
                <p class="page-caption">{move || if is_live.get() { tr!(jobs.live) } else { tr!(jobs.not_live) }}</p>
            </div>
        </header>
        <backfill::BackfillCard on_started=move |()| load.retry()/>
        {loaded(load, 4, move |data| view! { <JobList data load/> }.into_any())}
    }
    .into_any()
}

/// Calls `act` when a job of the person has ended, and now and then while one makes progress.
pub fn on_progress(user_id: String, act: impl Fn() + 'static) {
    let acted = StoredValue::new(clock::now());
    let variables = sync_job_changed::Variables { user_id: Some(user_id) };
    let subscription = subscribe::<SyncJobChanged, JobChanged>(variables, move |news| {
        let News::Event(JobChanged { job }) = news else { return };
        let due = clock::now() - acted.try_get_value().unwrap_or(i64::MAX) >= REDRAW_EVERY;
        if !is_open(&job.state) || due {
            acted.try_set_value(clock::now());
            act();
        }
    });
    let subscription = StoredValue::new_local(Some(subscription));
    on_cleanup(move || {
        subscription.try_update_value(Option::take);
    });
}

fn follow(load: Load<ResponseData>, user_id: Option<String>, is_live: RwSignal<bool>) {
    let variables = sync_job_changed::Variables { user_id };
    let subscription = subscribe::<SyncJobChanged, JobChanged>(variables, move |news| match news {
        News::Connected => {
            is_live.try_set(true);
            // What happened while nobody listened.
            load.retry();
        }
        News::Lost => {
            is_live.try_set(false);
        }
        News::Event(JobChanged { job }) => {
            load.signal().try_update(|data| {
                if let Some(data) = data {
                    merge(&mut Arc::make_mut(data).sync_jobs.nodes, job);
                }
            });
        }
    });
    let subscription = StoredValue::new_local(Some(subscription));
    on_cleanup(move || {
        subscription.try_update_value(Option::take);
    });
}

fn ask_while_not_live(load: Load<ResponseData>, is_live: RwSignal<bool>) {
    let has_open = move || {
        let data = load.signal().try_get_untracked().flatten();
        data.is_some_and(|data| data.sync_jobs.nodes.iter().any(|job| is_open(&job.state)))
    };
    let timer = gloo_timers::callback::Interval::new(ASK_EVERY, move || {
        if is_live.try_get_untracked() == Some(false) && has_open() {
            load.retry();
        }
    });
    let timer = StoredValue::new_local(Some(timer));
    on_cleanup(move || {
        timer.try_update_value(Option::take);
    });
}

#[component]
fn JobList(data: Signal<Arc<ResponseData>>, load: Load<ResponseData>) -> impl IntoView {
    let ids =
        Memo::new(move |_| data.read().sync_jobs.nodes.iter().map(|job| job.id.clone()).collect::<Vec<_>>());
    let job = move |id: &str| data.read().sync_jobs.nodes.iter().find(|job| job.id == id).cloned();
    let more = move || data.read().sync_jobs.page_info.has_next_page;
    view! {
        <Show
            when=move || !ids.read().is_empty()
            fallback=|| view! { <EmptyState title=tr!(jobs.empty) hint=tr!(jobs.empty_hint)/> }
        >
            <ul class="rows">
                <For each=move || ids.get() key=Clone::clone let:id>
                    {
                        let shown = Memo::new(move |_| job(&id));
                        view! { <row::JobRow job=shown on_change=move |()| load.retry()/> }
                    }
                </For>
            </ul>
            <Show when=more><p class="note">{tr!(jobs.more)}</p></Show>
        </Show>
    }
    .into_any()
}
