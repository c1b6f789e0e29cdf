//! The request behind a cell: what came of it, when, and what to do next.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::api::enums::{MetricKey, RequestSyncStatus};
use crate::api::errors::ApiError;
use crate::api::operations::coverage_cell::{self, CoverageCellUserCoverageDays as Known};
use crate::api::operations::request_sync::{self, SyncInput};
use crate::api::operations::{CoverageCell, RequestSync};
use crate::api::transport::send;
use crate::components::documents::{Documents, Of};
use crate::components::heading::PanelTitle;
use crate::components::icons::Icon;
use crate::components::states::{loaded, sentence};
use crate::pages::jobs::{on_progress, request_refusal};
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::{clock, tr, zone};
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::coverage::{Next, State, class, next};
use crate::view_model::grid::glyph;

/// What to do about a state, in words.
fn advice(next: Next) -> &'static str {
    match next {
        Next::Nothing => tr!(next.nothing),
        Next::Wear => tr!(next.wear),
        Next::SyncDevice => tr!(next.sync_device),
        Next::Wait => tr!(next.wait),
        Next::Connect => tr!(next.connect),
        Next::SetUpDevice => tr!(next.set_up_device),
        Next::Again => tr!(next.again),
        Next::LookAtAnswer => tr!(next.look_at_answer),
        Next::OtherProvider => tr!(next.other_provider),
        Next::TellOperator => tr!(next.tell_operator),
        Next::Reload => tr!(next.reload),
    }
}

/// The panel beside the grid.
#[component]
pub fn CellPanel(
    id: String,
    zone: String,
    metric: MetricKey,
    day: Day,
    close: Callback<()>,
) -> impl IntoView {
    let f = format();
    let of = Of { id: id.clone(), day, metric: Some(metric.clone()), zone };
    let asked = of.clone();
    let load = Load::new(move || {
        let of = asked.clone();
        let metric = metric.clone();
        async move {
            let variables = coverage_cell::Variables { id: of.id, metric, date: of.day.to_string() };
            let user = send::<CoverageCell>(variables).await?.user.ok_or_else(ApiError::not_found)?;
            // A day that was never asked for has no entry.
            Ok(user.coverage.into_iter().flat_map(|row| row.days).next())
        }
    });
    on_progress(id, move || load.retry());
    let name = of.metric.as_ref().map(|metric| f.metric(metric)).unwrap_or_default();
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close.run(());
        }
    };
    view! {
        <section class="card panel" aria-labelledby="heading-panel" on:keydown=on_key>
            <div class="panel-head">
                <PanelTitle text=format!("{name}, {}", f.day_medium(day))/>
                <button type="button" class="button quiet icon-only" aria-label=tr!(common.close) on:click=move |_| close.run(())>
                    <Icon name="close"/>
                </button>
            </div>
            {loaded(load, 1, move |known| {
                let of = of.clone();
                (move || view! { <Request known=(*known.get()).clone() of=of.clone()/> }).into_any()
            })}
        </section>
    }
    .into_any()
}

#[component]
fn Request(known: Option<Known>, of: Of) -> impl IntoView {
    let f = format();
    let state: State = match &known {
        Some(known) => (known.state.clone(), known.code.clone()),
        None => (crate::api::enums::CoverageState::Pending, None),
    };
    let to_do = next(&state);
    let clock_zone = zone::recent(&of.zone);
    let when = |at: Option<&str>| {
        let at = at.and_then(parse_instant);
        at.map_or_else(
            || f.words.never.clone().into_owned(),
            |at| format!("{} ({})", f.date_time(at, &clock_zone), f.ago(at, clock::now())),
        )
    };
    let checked = when(known.as_ref().and_then(|known| known.checked_at.as_deref()));
    let date = |text: &Option<String>| text.as_deref().and_then(Day::parse);
    let request = known.as_ref().and_then(|known| date(&known.request_from).zip(date(&known.request_to)));
    let request = request.map(|(from, to)| f.days(from, to));
    let job = known.as_ref().and_then(|known| known.sync_job_id.as_ref()).map(|id| format!("/jobs?job={id}"));
    let worn = known.as_ref().and_then(|known| known.wear_minutes).map(|minutes| f.minutes(minutes as f64));
    let accounts = format!("/people/{}/accounts", of.id);
    let connect = matches!(to_do, Next::Connect | Next::OtherProvider | Next::SetUpDevice)
        .then(|| view! { <A attr:class="button primary" href=accounts>{tr!(accounts.open)}</A> });
    let can_fetch = !matches!(to_do, Next::Connect | Next::OtherProvider);
    let again = can_fetch.then(|| view! { <FetchAgain of=of.clone()/> });
    view! {
        <p class="panel-state">
            <span class=format!("cell {}", class(&state.0)) aria-hidden="true">{glyph(&state.0)}</span>
            <strong>{f.coverage(&state)}</strong>
        </p>
        <dl class="facts-list panel-facts">
            <div><dt>{tr!(cell.checked)}</dt><dd>{checked}</dd></div>
            {request.map(|days| view! { <div><dt>{tr!(cell.days)}</dt><dd>{days}</dd></div> })}
            {job.map(|href| view! { <div><dt>{tr!(cell.job)}</dt><dd><A href>{tr!(cell.see_job)}</A></dd></div> })}
            {worn.map(|worn| view! { <div><dt>{tr!(cell.worn)}</dt><dd>{worn}</dd></div> })}
        </dl>
        <h3>{tr!(cell.next)}</h3>
        <p class="panel-next">{advice(to_do)}</p>
        <div class="row-actions">{connect} {again}</div>
        <h3>{tr!(raw.title)}</h3>
        <Documents of/>
    }
    .into_any()
}

/// Asks for this metric of this day now.
#[component]
fn FetchAgain(of: Of) -> impl IntoView {
    let (flash, busy) = (use_flash(), RwSignal::new(false));
    let of = StoredValue::new(of);
    let ask = move |_| {
        busy.set(true);
        let (id, day, metric) = of.with_value(|of| (of.id.clone(), of.day.to_string(), of.metric.clone()));
        let input = SyncInput {
            user_ids: vec![id],
            metrics: metric.map(|metric| vec![metric]),
            from: Some(day.clone()),
            to: Some(day),
        };
        leptos::task::spawn_local(async move {
            let answer =
                send::<RequestSync>(request_sync::Variables { input }).await.map(|data| data.request_sync);
            busy.try_set(false);
            match answer {
                Ok(payload) if payload.status == RequestSyncStatus::Accepted => flash.say(tr!(cell.asked)),
                Ok(payload) => flash.warn(request_refusal(&payload.status, payload.message)),
                Err(error) => flash.warn(sentence(&error)),
            }
        });
    };
    view! {
        <button type="button" class="button" on:click=ask prop:disabled=move || busy.get()>{tr!(cell.fetch)}</button>
    }
    .into_any()
}
