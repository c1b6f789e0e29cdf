//! Batches: many people's jobs under one progress.

use std::sync::Arc;

use leptos::prelude::*;
use serde::Deserialize;

use super::row::JobRow;
use super::steer::{Actions, Gaps, Of, PriorityChoice, ProgressBar};
use super::words::{Figures, badge, batch_title, caption, line, reasons, state_words};
use crate::api::enums::SyncJobState;
use crate::api::errors::ApiError;
use crate::api::operations::batch_jobs;
use crate::api::operations::sync_batches::ResponseData;
use crate::api::operations::{Batch, BatchJobs, Job};
use crate::api::transport::send_as;
use crate::components::states::loaded;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::format::Format;
use crate::view_model::jobs::progress;

/// Jobs of a batch that are shown at once.
const JOBS: i64 = 50;

/// The batches, newest first; nothing while there are none.
#[component]
pub fn BatchList(
    load: Load<ResponseData>,
    /// Counts what the jobs tell, so that open lists of jobs are read again.
    news: RwSignal<u32>,
    on_change: Callback<()>,
) -> impl IntoView {
    loaded(load, 1, move |data: Signal<Arc<ResponseData>>| {
        let ids = Memo::new(move |_| {
            data.read().sync_batches.nodes.iter().map(|batch| batch.id.clone()).collect::<Vec<_>>()
        });
        let batch = move |id: &str| data.read().sync_batches.nodes.iter().find(|b| b.id == id).cloned();
        view! {
            <Show when=move || !ids.read().is_empty()>
                <section aria-labelledby="heading-batches">
                    <h2 id="heading-batches" class="section-title">{tr!(batch.heading)}</h2>
                    <ul class="rows">
                        <For each=move || ids.get() key=Clone::clone let:id>
                            {
                                let shown = Memo::new(move |_| batch(&id));
                                view! { <BatchRow batch=shown news on_change/> }
                            }
                        </For>
                    </ul>
                </section>
            </Show>
        }
        .into_any()
    })
}

#[component]
fn BatchRow(batch: Memo<Option<Batch>>, news: RwSignal<u32>, on_change: Callback<()>) -> impl IntoView {
    let Some(first) = batch.get_untracked() else { return ().into_any() };
    let id = StoredValue::new(first.id.clone());
    let session = use_session();
    let batch = Signal::derive(move || batch.get().unwrap_or_else(|| first.clone()));
    let state = Memo::new(move |_| batch.read().state.clone());
    let priority = Memo::new(move |_| batch.read().priority.clone());
    let days = move || {
        let batch = batch.read();
        caption(&batch.from, &batch.to, &batch.metrics, &format())
    };
    let label = Signal::derive(move || batch_title(&batch.read()));
    let percent = Signal::derive(move || progress(&*batch.read(), &format()).percent);
    let why = move || {
        let batch = batch.read();
        let zone = zone::recent(&session.time_zone());
        let needs_words =
            !matches!(batch.state, SyncJobState::Running | SyncJobState::Planned | SyncJobState::Done);
        let codes = if needs_words { batch.codes.as_slice() } else { &[] };
        reasons(&batch.state, (None, codes), batch.waiting_until.as_deref(), &zone, &format())
    };
    let has_gaps = Memo::new(move |_| {
        let batch = batch.read();
        batch.windows_failed > 0 || batch.jobs_with_gaps > 0 || batch.jobs_failed > 0
    });
    let open = RwSignal::new(false);
    view! {
        <li class="card row batch" data-batch=id.get_value()>
            <div class="row-head">
                <h3>{move || label.get()}</h3>
                <span class=move || badge(&state.read())>{move || state_words(&state.read())}</span>
            </div>
            <p class="note">{move || days()}</p>
            <ProgressBar label state percent/>
            <p class="job-line" aria-live="polite">{move || figures(&batch.read(), &format())}</p>
            {move || why().map(|text| view! { <p class="advice">{text}</p> })}
            <div class="row-actions">
                <Actions of=Of::Batch id=id.get_value() state on_change/>
                <PriorityChoice of=Of::Batch id=id.get_value() state priority on_change/>
                {move || has_gaps.get().then(|| view! { <Gaps of=Of::Batch id=id.get_value()/> })}
                <button
                    type="button"
                    class="button small"
                    aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|on| *on = !*on)
                >
                    {move || if open.get() { tr!(batch.hide_jobs) } else { tr!(batch.show_jobs) }}
                </button>
            </div>
            <Show when=move || open.get()><Jobs id=id.get_value() news on_change/></Show>
        </li>
    }
    .into_any()
}

fn figures(batch: &Batch, f: &Format) -> String {
    let whole = |n: i64| f.whole(n as f64);
    let (done, total) = (whole(batch.jobs_done + batch.jobs_failed), whole(batch.jobs_total));
    let mut parts = vec![tr!(batch.jobs, done = done, total = total)];
    if batch.jobs_failed > 0 {
        parts.push(tr!(batch.failed, n = whole(batch.jobs_failed)));
    }
    if batch.jobs_with_gaps > 0 {
        parts.push(tr!(batch.with_gaps, n = whole(batch.jobs_with_gaps)));
    }
    if !batch.written {
        parts.push(tr!(batch.being_written).to_owned());
    } else if batch.people_with_jobs < batch.people_total {
        parts.push(tr!(batch.without_job, n = whole(batch.people_total - batch.people_with_jobs)));
    }
    let figures = Figures {
        work: batch.into(),
        made: batch.requests_done,
        retries: batch.retries,
        expected: batch.requests_expected,
        at_most: batch.requests_at_most,
        is_fixed: true,
    };
    parts.push(line(&figures, f));
    parts.join(" · ")
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "syncBatch")]
    batch: Option<WithJobs>,
}

#[derive(Debug, Deserialize)]
struct WithJobs {
    jobs: Page,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    nodes: Vec<Job>,
    page_info: batch_jobs::BatchJobsSyncBatchJobsPageInfo,
}

/// The jobs of a batch, as long as they are looked at.
#[component]
fn Jobs(id: String, news: RwSignal<u32>, on_change: Callback<()>) -> impl IntoView {
    let load = Load::new(move || {
        news.track();
        let variables = batch_jobs::Variables { id: id.clone(), first: Some(JOBS), after: None };
        async move {
            let answer = send_as::<BatchJobs, Answer>(variables).await?;
            answer.batch.map(|batch| batch.jobs).ok_or_else(ApiError::not_found)
        }
    });
    loaded(load, 2, move |page| {
        let ids = Memo::new(move |_| page.read().nodes.iter().map(|job| job.id.clone()).collect::<Vec<_>>());
        let job = move |id: &str| page.read().nodes.iter().find(|job| job.id == id).cloned();
        view! {
            <ul class="rows inner">
                <For each=move || ids.get() key=Clone::clone let:id>
                    {
                        let shown = Memo::new(move |_| job(&id));
                        view! { <JobRow job=shown on_change/> }
                    }
                </For>
            </ul>
            <Show when=move || page.read().page_info.has_next_page><p class="note">{tr!(batch.more)}</p></Show>
        }
        .into_any()
    })
}
