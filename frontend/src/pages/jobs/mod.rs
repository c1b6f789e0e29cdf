//! `/jobs`: the sync centre. Accounts and their budgets, backfills, batches, and jobs as they run.

pub mod accounts;
pub mod backfill;
pub mod batch;
pub mod row;
pub mod steer;
pub mod words;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use crate::api::errors::ApiError;
use crate::api::live::{News, Subscription, subscribe};
use crate::api::operations::sync_jobs::{self, ResponseData};
use crate::api::operations::{
    Job, OneSyncJob, SyncBatches, SyncJobChanged, SyncJobs, one_sync_job, sync_batches, sync_job_changed,
};
use crate::api::transport::{send, send_as};
use crate::components::heading::PageTitle;
use crate::components::states::{EmptyState, loaded};
use crate::state::load::Load;
use crate::state::session::use_session;
use crate::state::{clock, tr};
use crate::view_model::jobs::{Show as Shown, is_open, merge};

pub use steer::ProgressBar;
pub use words::{job_title, request_refusal};

/// Jobs asked for at once.
const PAGE: i64 = 50;
/// Batches asked for at once.
const BATCHES: i64 = 10;
/// Without the live connection, open jobs are asked for this often, in milliseconds.
const ASK_EVERY: u32 = 4_000;
/// While a job runs, what it brings in is drawn at most this often, in milliseconds.
const REDRAW_EVERY: i64 = 5_000;
/// What jobs add up to, batches and budgets, is asked for this long after one has changed, in milliseconds.
const ADD_UP_AFTER: u32 = 1_500;

/// An event of the subscription, in the type of the list.
#[derive(Debug, Deserialize)]
pub struct JobChanged {
    /// The job as it is now.
    #[serde(rename = "syncJobChanged")]
    pub job: Job,
}

/// Listens for changes of jobs as long as the page is there.
fn listen(user_id: Option<String>, tell: impl Fn(News<JobChanged>) + 'static) {
    let variables = sync_job_changed::Variables { user_id };
    let subscription = subscribe::<SyncJobChanged, JobChanged>(variables, tell);
    let subscription = StoredValue::new_local(Some(subscription));
    on_cleanup(move || {
        subscription.try_update_value(Option::<Subscription>::take);
    });
}

/// Calls `act` when a job of the person has ended, and now and then while one makes progress.
pub fn on_progress(user_id: String, act: impl Fn() + 'static) {
    let acted = Cell::new(clock::now());
    listen(Some(user_id), move |news| {
        let News::Event(JobChanged { job }) = news else { return };
        if !is_open(&job.state) || clock::now() - acted.get() >= REDRAW_EVERY {
            acted.set(clock::now());
            act();
        }
    });
}

/// The page.
#[component]
pub fn JobsPage() -> impl IntoView {
    let (session, query) = (use_session(), use_query_map());
    // A member asks for the own jobs; an admin for all.
    let scope = Memo::new(move |_| if session.is_admin() { None } else { session.user_id() });
    let shown = Memo::new(move |_| Shown::of_query(query.read().get_str("show")));
    let after = Memo::new(move |_| query.read().get_str("after").map(str::to_owned));
    let load = Load::new(move || {
        send::<SyncJobs>(sync_jobs::Variables {
            user_id: scope.get(),
            state: shown.get().states(),
            first: Some(PAGE),
            after: after.get(),
        })
    });
    let batches = Load::new(move || {
        let is_admin = session.is_admin();
        async move {
            if is_admin {
                return send::<SyncBatches>(sync_batches::Variables { first: Some(BATCHES) }).await;
            }
            let page_info = sync_batches::SyncBatchesSyncBatchesPageInfo { has_next_page: false };
            let none = sync_batches::SyncBatchesSyncBatches { nodes: Vec::new(), page_info };
            Ok(sync_batches::ResponseData { sync_batches: none })
        }
    });
    let accounts = accounts::load(session);
    let (is_live, news) = (RwSignal::new(false), RwSignal::new(0));
    let add_up = later(move || {
        batches.retry();
        accounts.retry();
        news.try_update(|n| *n += 1);
    });
    follow(load, scope.get_untracked(), shown, is_live, add_up);
    ask_while_not_live(load, is_live);
    let on_change = Callback::new(move |()| {
        load.retry();
        batches.retry();
        news.update(|n| *n += 1);
    });
    let focus = Memo::new(move |_| query.read().get_str("job").map(str::to_owned));
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(jobs.title)/>
                <p class="page-caption">{move || if is_live.get() { tr!(jobs.live) } else { tr!(jobs.not_live) }}</p>
            </div>
        </header>
        {move || focus.get().map(|id| view! { <Focus id on_change/> })}
        <accounts::AccountsSection load=accounts/>
        <backfill::BackfillCard accounts on_started=on_change/>
        <batch::BatchList load=batches news on_change/>
        <section aria-labelledby="heading-jobs">
            <div class="section-head">
                <h2 id="heading-jobs" class="section-title">{tr!(jobs.heading)}</h2>
                <Filter shown/>
            </div>
            {loaded(load, 4, move |data| view! { <JobList data shown on_change/> }.into_any())}
        </section>
    }
    .into_any()
}

/// Runs `act` once, a while after the first of many calls.
fn later(act: impl Fn() + 'static) -> impl Fn() {
    let (act, is_due) = (Rc::new(act), Rc::new(Cell::new(false)));
    move || {
        if is_due.replace(true) {
            return;
        }
        let (act, is_due) = (Rc::clone(&act), Rc::clone(&is_due));
        Timeout::new(ADD_UP_AFTER, move || {
            is_due.set(false);
            act();
        })
        .forget();
    }
}

fn follow(
    load: Load<ResponseData>,
    user_id: Option<String>,
    shown: Memo<Shown>,
    is_live: RwSignal<bool>,
    add_up: impl Fn() + 'static,
) {
    listen(user_id, move |news| match news {
        News::Connected => {
            is_live.try_set(true);
            // What happened while nobody listened.
            load.retry();
        }
        News::Lost => {
            is_live.try_set(false);
        }
        News::Event(JobChanged { job }) => {
            let may_join = shown.try_get_untracked().is_some_and(|shown| shown.has(&job.state));
            load.signal().try_update(|data| {
                if let Some(data) = data {
                    merge(&mut Arc::make_mut(data).sync_jobs.nodes, job, may_join);
                }
            });
            add_up();
        }
    });
}

fn ask_while_not_live(load: Load<ResponseData>, is_live: RwSignal<bool>) {
    let has_open = move || {
        let data = load.signal().try_get_untracked().flatten();
        data.is_some_and(|data| data.sync_jobs.nodes.iter().any(|job| is_open(&job.state)))
    };
    let timer = Interval::new(ASK_EVERY, move || {
        if is_live.try_get_untracked() == Some(false) && has_open() {
            load.retry();
        }
    });
    let timer = StoredValue::new_local(Some(timer));
    on_cleanup(move || {
        timer.try_update_value(Option::take);
    });
}

/// The job that another page has led to.
#[component]
fn Focus(id: String, on_change: Callback<()>) -> impl IntoView {
    #[derive(Debug, Deserialize)]
    struct One {
        #[serde(rename = "syncJob")]
        job: Option<Job>,
    }
    let load = Load::new(move || {
        let variables = one_sync_job::Variables { id: id.clone() };
        async move { send_as::<OneSyncJob, One>(variables).await?.job.ok_or_else(ApiError::not_found) }
    });
    view! {
        <section aria-labelledby="heading-focus">
            <div class="section-head">
                <h2 id="heading-focus" class="section-title">{tr!(jobs.focus)}</h2>
                <A href="/jobs">{tr!(jobs.all_jobs)}</A>
            </div>
            {loaded(load, 1, move |job| {
                let changed = Callback::new(move |()| {
                    load.retry();
                    on_change.run(());
                });
                let job = Signal::derive(move || Some((*job.get()).clone()));
                view! { <ul class="rows"><row::JobRow job on_change=changed/></ul> }.into_any()
            })}
        </section>
    }
    .into_any()
}

#[component]
fn Filter(shown: Memo<Shown>) -> impl IntoView {
    let choice = |(choice, word): (Shown, &'static str)| {
        let current = move || (shown.get() == choice).then_some("true");
        view! { <A href=choice.address() attr:class="segment" attr:aria-current=current>{word}</A> }
    };
    let choices = [
        (Shown::All, tr!(jobs.show_all)),
        (Shown::Open, tr!(jobs.show_open)),
        (Shown::Trouble, tr!(jobs.show_trouble)),
    ];
    view! { <div class="segments" role="group" aria-label=tr!(jobs.show)>{choices.map(choice).into_iter().collect_view()}</div> }
        .into_any()
}

#[component]
fn JobList(data: Signal<Arc<ResponseData>>, shown: Memo<Shown>, on_change: Callback<()>) -> impl IntoView {
    // Jobs of a batch stand with their batch.
    let ids = Memo::new(move |_| {
        let data = data.read();
        let alone = data.sync_jobs.nodes.iter().filter(|job| job.batch_id.is_none());
        alone.map(|job| job.id.clone()).collect::<Vec<_>>()
    });
    let in_batches = move || {
        let n = data.read().sync_jobs.nodes.iter().filter(|job| job.batch_id.is_some()).count();
        (n > 0).then(|| tr!(jobs.in_batches, n = n.to_string()))
    };
    let job = move |id: &str| data.read().sync_jobs.nodes.iter().find(|job| job.id == id).cloned();
    let next = move || {
        let info = &data.read().sync_jobs.page_info;
        let cursor = info.end_cursor.clone().filter(|_| info.has_next_page)?;
        Some(shown.get().page_address(&cursor))
    };
    let hint =
        move || if shown.get() == Shown::All { tr!(jobs.empty_hint) } else { tr!(jobs.none_such_hint) };
    let title = move || if shown.get() == Shown::All { tr!(jobs.empty) } else { tr!(jobs.none_such) };
    view! {
        <Show
            when=move || !ids.read().is_empty()
            fallback=move || view! { <EmptyState title=title() hint=hint()/> }
        >
            <ul class="rows">
                <For each=move || ids.get() key=Clone::clone let:id>
                    {
                        let shown = Memo::new(move |_| job(&id));
                        view! { <row::JobRow job=shown on_change/> }
                    }
                </For>
            </ul>
        </Show>
        <p class="note">{move || in_batches()}</p>
        <nav class="pager" aria-label=tr!(people.pages)>
            {move || next().map(|href| view! { <A attr:class="button" href>{tr!(jobs.older)}</A> })}
        </nav>
    }
    .into_any()
}
