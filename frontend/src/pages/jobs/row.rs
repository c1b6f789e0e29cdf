//! A sync job: progress, reason, what one can do.

use leptos::prelude::*;
use leptos_router::components::A;

use super::steer::{Actions, Gaps, Of, PriorityChoice, ProgressBar};
use super::words::{Figures, badge, caption, job_title, line, reasons, state_words};
use crate::api::enums::{Priority, SyncJobState};
use crate::api::operations::Job;
use crate::state::locale::format;
use crate::state::{tr, zone};
use crate::view_model::civil::parse_instant;
use crate::view_model::format::Format;
use crate::view_model::jobs::{is_open, progress};

/// A row of the list. A job that has left the list draws nothing.
#[component]
pub fn JobRow(#[prop(into)] job: Signal<Option<Job>>, on_change: Callback<()>) -> impl IntoView {
    let Some(first) = job.get_untracked() else { return ().into_any() };
    let (id, key, person) = (first.id.clone(), first.id.clone(), first.user.clone());
    let gaps_of = first.id.clone();
    let job = Signal::derive(move || job.get().unwrap_or_else(|| first.clone()));
    let state = Memo::new(move |_| job.read().state.clone());
    let priority = Memo::new(move |_| job.read().priority.clone());
    let has_gaps =
        Memo::new(move |_| matches!(*state.read(), SyncJobState::DoneWithGaps | SyncJobState::Failed));
    let days = move || {
        let job = job.read();
        caption(&job.from, &job.to, &job.metrics, &format())
    };
    let label =
        Signal::derive(move || format!("{}, {}", job_title(&job.read()), job.read().user.display_name));
    let percent = Signal::derive(move || progress(&*job.read(), &format()).percent);
    let why = move || {
        let job = job.read();
        let reason = (job.reason.as_deref(), job.codes.as_slice());
        let zone = zone::recent(&job.user.time_zone);
        reasons(&job.state, reason, job.waiting_until.as_deref(), &zone, &format())
    };
    view! {
        <li class="card row job" class:is-done=move || *state.read() == SyncJobState::Done data-job=key>
            <div class="row-head">
                <h3>
                    <A href=format!("/people/{}", person.id)>{person.display_name}</A>
                    <span class="job-kind">{move || job_title(&job.read())}</span>
                </h3>
                <span class=move || badge(&state.read())>{move || state_words(&state.read())}</span>
            </div>
            <p class="note">{move || days()}</p>
            <ProgressBar label state percent/>
            <p class="job-line" aria-live="polite">{move || figures(&job.read(), &format())}</p>
            {move || why().map(|text| view! { <p class="advice">{text}</p> })}
            <div class="row-actions">
                <Actions of=Of::Job id=id.clone() state on_change/>
                <PriorityChoice of=Of::Job id state priority on_change/>
                {move || has_gaps.get().then(|| view! { <Gaps of=Of::Job id=gaps_of.clone()/> })}
            </div>
        </li>
    }
    .into_any()
}

/// The line of a job, with its priority where it is not the usual one, and its end.
fn figures(job: &Job, f: &Format) -> String {
    let figures = Figures {
        work: job.into(),
        made: job.requests_done,
        retries: job.retries,
        expected: job.requests_expected,
        at_most: job.requests_at_most,
        is_fixed: job.plan_fixed,
    };
    let mut parts = vec![line(&figures, f)];
    if is_open(&job.state) && job.priority == Priority::High {
        parts.push(tr!(jobs.urgent).to_owned());
    }
    let ended = job.finished_at.as_deref().and_then(parse_instant).filter(|_| !is_open(&job.state));
    let zone = zone::recent(&job.user.time_zone);
    parts.extend(ended.map(|at| tr!(jobs.finished, at = f.date_time(at, &zone))));
    parts.join(" · ")
}
