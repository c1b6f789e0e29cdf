//! "Sync now", and the progress of this person's sync jobs while the dashboard is open.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;

use super::data::PersonRange;
use crate::api::live::{News, subscribe};
use crate::api::operations::Job;
use crate::api::operations::request_sync::{self, SyncInput};
use crate::api::operations::{RequestSync, RequestSyncStatus, SyncJobChanged, sync_job_changed};
use crate::api::transport::send;
use crate::components::states::sentence;
use crate::pages::jobs::{JobChanged, ProgressBar, job_title, request_refusal};
use crate::state::clock;
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::tr;
use crate::view_model::jobs::is_open;
use crate::view_model::jobs::progress;

/// While a job runs, the charts are drawn anew at most this often.
const REDRAW_EVERY: i64 = 5_000;

#[component]
pub fn SyncBar(data: Signal<Arc<PersonRange>>, load: Load<PersonRange>) -> impl IntoView {
    let current = RwSignal::new(None::<Job>);
    follow(data, load, current);
    let busy = RwSignal::new(false);
    let flash = use_flash();
    let sync = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let id = data.read_untracked().user.id.clone();
        let input = SyncInput { user_ids: vec![id], metrics: None, from: None, to: None };
        leptos::task::spawn_local(async move {
            let answer =
                send::<RequestSync>(request_sync::Variables { input }).await.map(|data| data.request_sync);
            busy.set(false);
            match answer {
                Ok(payload) if payload.status == RequestSyncStatus::Accepted => flash.say(tr!(sync.accepted)),
                Ok(payload) => flash.warn(request_refusal(&payload.status, payload.message)),
                Err(error) => flash.warn(sentence(&error)),
            }
        });
    };
    let running = move || {
        current.get().filter(|job| is_open(&job.state)).map(|job| {
            let title = job_title(&job);
            let (label, state) = (title.clone(), job.state.clone());
            let percent = progress(&job, &format()).percent;
            view! {
                <div class="sync-now-progress" role="status">
                    <A href="/jobs">{title}</A>
                    <ProgressBar label state percent/>
                </div>
            }
        })
    };
    view! {
        <button type="button" class="button primary" on:click=sync prop:disabled=move || busy.get()>
            {tr!(sync.now)}
        </button>
        {move || running()}
    }
    .into_any()
}

/// Follows the person's jobs; what they bring in is drawn.
fn follow(data: Signal<Arc<PersonRange>>, load: Load<PersonRange>, current: RwSignal<Option<Job>>) {
    let redrawn = StoredValue::new(clock::now());
    let variables = sync_job_changed::Variables { user_id: Some(data.read_untracked().user.id.clone()) };
    let subscription = subscribe::<SyncJobChanged, JobChanged>(variables, move |news| {
        let News::Event(JobChanged { job }) = news else { return };
        let has_ended = !is_open(&job.state);
        let known = current.try_with_untracked(|known| {
            known.as_ref().is_some_and(|known| known.id == job.id && known.windows_done == job.windows_done)
        });
        let due = clock::now() - redrawn.try_get_value().unwrap_or(i64::MAX) >= REDRAW_EVERY;
        if has_ended || (known == Some(false) && due) {
            redrawn.try_set_value(clock::now());
            load.retry();
        }
        current.try_set(Some(job));
    });
    let subscription = StoredValue::new_local(Some(subscription));
    on_cleanup(move || {
        subscription.try_update_value(Option::take);
    });
}
