//! Progress, steering and gaps: what jobs and batches have in common.

use leptos::prelude::*;
use leptos_router::components::A;
use serde::Deserialize;

use crate::api::enums::{JobActionStatus, Priority, SyncJobState};
use crate::api::operations::{
    Gap, batch_gaps, cancel_sync_batch, cancel_sync_job, job_gaps, pause_sync_batch, pause_sync_job,
    resume_sync_batch, resume_sync_job, retry_sync_batch, retry_sync_job, set_sync_batch_priority,
    set_sync_job_priority,
};
use crate::api::transport::{send_by_id, send_one};
use crate::components::states::{loaded, sentence};
use crate::pages::coverage::address;
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::tr;
use crate::view_model::civil::Day;
use crate::view_model::jobs::{actions, is_open};
use crate::view_model::range::Range;

/// A bar with the share of windows read.
#[component]
pub fn ProgressBar(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] state: Signal<SyncJobState>,
    /// 0 to 100.
    #[prop(into)]
    percent: Signal<f64>,
) -> impl IntoView {
    let class = move || {
        let state = match &*state.read() {
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
    let percent = move || percent.get().floor();
    view! {
        <div
            class=class
            role="progressbar"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent().to_string()
        >
            <span style=move || format!("width:{}%", percent())></span>
        </div>
    }
    .into_any()
}

/// What is steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Job,
    Batch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Pause,
    Resume,
    Cancel,
    Retry,
}

/// Text and name of the mutation: eight alike, so their answers are read by one type.
fn mutation(of: Of, action: Action) -> (&'static str, &'static str) {
    macro_rules! text {
        ($module:ident) => {
            ($module::QUERY, $module::OPERATION_NAME)
        };
    }
    match (of, action) {
        (Of::Job, Action::Pause) => text!(pause_sync_job),
        (Of::Job, Action::Resume) => text!(resume_sync_job),
        (Of::Job, Action::Cancel) => text!(cancel_sync_job),
        (Of::Job, Action::Retry) => text!(retry_sync_job),
        (Of::Batch, Action::Pause) => text!(pause_sync_batch),
        (Of::Batch, Action::Resume) => text!(resume_sync_batch),
        (Of::Batch, Action::Cancel) => text!(cancel_sync_batch),
        (Of::Batch, Action::Retry) => text!(retry_sync_batch),
    }
}

#[derive(Debug, Deserialize)]
struct Steered {
    status: JobActionStatus,
    message: Option<String>,
}

/// The buttons that the state allows.
#[component]
pub fn Actions(
    of: Of,
    id: String,
    #[prop(into)] state: Signal<SyncJobState>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (flash, busy, id) = (use_flash(), RwSignal::new(false), StoredValue::new(id));
    let state = Memo::new(move |_| state.get());
    let act = move |action: Action| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let (query, name) = mutation(of, action);
            let answer = send_by_id::<Steered>(query, name, &id.get_value()).await;
            busy.try_set(false);
            match answer {
                Ok(Steered { status: JobActionStatus::Accepted, .. }) => {}
                Ok(Steered { message, .. }) => {
                    flash.warn(message.unwrap_or_else(|| tr!(jobs.not_possible).to_owned()));
                }
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
        let can = actions(&state.read());
        view! {
            {can.pause.then(|| button(Action::Pause, tr!(jobs.pause)))}
            {can.resume.then(|| button(Action::Resume, tr!(jobs.resume)))}
            {can.retry.then(|| button(Action::Retry, tr!(jobs.retry)))}
            {can.cancel.then(|| button(Action::Cancel, tr!(jobs.cancel)))}
        }
        .into_any()
    }
}

/// How urgent work is, from what may wait to what may not.
pub fn priorities() -> [(Priority, &'static str); 3] {
    [
        (Priority::Low, tr!(backfill.low)),
        (Priority::Normal, tr!(backfill.normal)),
        (Priority::High, tr!(backfill.high)),
    ]
}

/// The choice of how urgent open work is; for admins.
#[component]
pub fn PriorityChoice(
    of: Of,
    id: String,
    #[prop(into)] state: Signal<SyncJobState>,
    #[prop(into)] priority: Signal<Priority>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (session, flash, busy, id) = (use_session(), use_flash(), RwSignal::new(false), StoredValue::new(id));
    let is_offered = Memo::new(move |_| session.is_admin() && is_open(&state.read()));
    let change = move |chosen: String| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let (query, name) = match of {
                Of::Job => (set_sync_job_priority::QUERY, set_sync_job_priority::OPERATION_NAME),
                Of::Batch => (set_sync_batch_priority::QUERY, set_sync_batch_priority::OPERATION_NAME),
            };
            let variables = serde_json::json!({ "id": id.get_value(), "priority": chosen });
            let answer = send_one::<Steered>(query, name, &variables).await;
            busy.try_set(false);
            match answer {
                Ok(Steered { status: JobActionStatus::Accepted, .. }) => {}
                Ok(Steered { message, .. }) => {
                    flash.warn(message.unwrap_or_else(|| tr!(jobs.not_possible).to_owned()));
                }
                Err(error) => flash.warn(sentence(&error)),
            }
            on_change.run(());
        });
    };
    let option = move |(own, word): (Priority, &'static str)| {
        let is_chosen = own.clone();
        view! {
            <option value=own.as_str().to_owned() prop:selected=move || *priority.read() == is_chosen>{word}</option>
        }
    };
    move || {
        is_offered.get().then(|| {
            view! {
                <label class="field inline">
                    <span class="visually-hidden">{tr!(backfill.priority)}</span>
                    <select
                        prop:disabled=move || busy.get()
                        on:change=move |event| change(event_target_value(&event))
                    >
                        {priorities().map(option).into_iter().collect_view()}
                    </select>
                </label>
            }
        })
    }
}

/// A job or a batch with what it has given up.
#[derive(Debug, Deserialize)]
struct WithGaps {
    gaps: Vec<Gap>,
}

/// A button that lists which days of which metrics were given up, and why.
#[component]
pub fn Gaps(of: Of, id: String) -> impl IntoView {
    let open = RwSignal::new(false);
    let id = StoredValue::new(id);
    view! {
        <button
            type="button"
            class="button small"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|on| *on = !*on)
        >
            {move || if open.get() { tr!(gaps.hide) } else { tr!(gaps.show) }}
        </button>
        <Show when=move || open.get()>
            {
                let load = Load::new(move || async move {
                    let (query, name) = match of {
                        Of::Job => (job_gaps::QUERY, job_gaps::OPERATION_NAME),
                        Of::Batch => (batch_gaps::QUERY, batch_gaps::OPERATION_NAME),
                    };
                    let found = send_by_id::<Option<WithGaps>>(query, name, &id.get_value()).await?;
                    Ok(found.map(|found| found.gaps).unwrap_or_default())
                });
                loaded(load, 1, |gaps| view! { <GapTable gaps=gaps.get().to_vec()/> }.into_any())
            }
        </Show>
    }
    .into_any()
}

/// Most gaps that the server lists.
const MOST: usize = 200;

#[component]
fn GapTable(gaps: Vec<Gap>) -> impl IntoView {
    if gaps.is_empty() {
        return view! { <p class="note gap-list">{tr!(gaps.none)}</p> }.into_any();
    }
    let f = format();
    let row = |gap: &Gap| {
        let days = Day::parse(&gap.from).zip(Day::parse(&gap.to));
        let metric = f.metric(&gap.metric);
        // The first day stands for all: its panel names the request.
        let cell = days.map(|(from, to)| {
            let range = Range { from: from.plus(-7).min(to.plus(-27)), to };
            let to_cell = address(&gap.user_id, range, Some((&gap.metric, from)));
            let words = f.days(from, to);
            view! { <A href=to_cell>{words}</A> }
        });
        view! {
            <tr>
                <th scope="row">{gap.user_name.clone()}</th>
                <td>{metric}</td>
                <td>{cell}</td>
                <td>{f.failure(&gap.code)}</td>
            </tr>
        }
    };
    let rows = gaps.iter().map(row).collect_view();
    let more = (gaps.len() >= MOST).then(|| view! { <p class="note">{tr!(gaps.more)}</p> });
    view! {
        <div class="table-scroll gap-list" tabindex="0" role="region" aria-label=tr!(gaps.caption)>
            <table>
                <caption>{tr!(gaps.caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!(gaps.person)}</th>
                        <th scope="col">{tr!(raw.metric)}</th>
                        <th scope="col">{tr!(gaps.days)}</th>
                        <th scope="col">{tr!(gaps.why)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {more}
    }
    .into_any()
}
