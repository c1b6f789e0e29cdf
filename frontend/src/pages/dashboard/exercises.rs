//! The exercises of the range.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::PersonRange;
use crate::api::enums::ExerciseRouteStatus;
use crate::api::operations::{RequestExerciseRoute, request_exercise_route};
use crate::api::transport::send;
use crate::components::states::sentence;
use crate::state::flash::use_flash;
use crate::state::locale::format;
use crate::state::tr;
use crate::view_model::exercises::{Row, rows};

/// A table of them; nothing where there are none.
#[component]
pub fn ExercisesCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let shown = Memo::new(move |_| rows(&data.read().user.exercises.nodes, &format()));
    let has_more = move || data.read().user.exercises.page_info.has_next_page;
    let body = move || {
        let id = data.read().user.id.clone();
        let row = |row: Row| view! { <ExerciseRow row person=id.clone()/> };
        shown.get().into_iter().map(row).collect_view()
    };
    view! {
        <Show when=move || !shown.read().is_empty()>
            <section class="card full" aria-labelledby="heading-exercises" data-metric="exercise">
                <h2 id="heading-exercises">{tr!(exercises.title)}</h2>
                <div class="table-scroll exercises" tabindex="0" role="region" aria-label=tr!(exercises.list)>
                    <table>
                        <caption class="visually-hidden">{tr!(exercises.title)}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{tr!(exercises.what)}</th>
                                <th scope="col">{tr!(exercises.when)}</th>
                                <th scope="col">{tr!(exercises.duration)}</th>
                                <th scope="col">{tr!(exercises.distance)}</th>
                                <th scope="col">{tr!(exercises.heart_rate)}</th>
                                <th scope="col">{tr!(exercises.energy)}</th>
                                <th scope="col">{tr!(exercises.route)}</th>
                            </tr>
                        </thead>
                        <tbody>{move || body()}</tbody>
                    </table>
                </div>
                <Show when=has_more><p class="note">{tr!(exercises.more)}</p></Show>
            </section>
        </Show>
    }
    .into_any()
}

#[component]
fn ExerciseRow(row: Row, person: String) -> impl IntoView {
    let route = if row.has_route || row.route_document.is_some() {
        view! { <Route id=row.id document=row.route_document name=row.name.clone() person/> }.into_any()
    } else {
        tr!(exercises.no_route).into_any()
    };
    view! {
        <tr>
            <th scope="row">{row.name}<span class="under">{row.more}</span></th>
            <td>{row.when}</td>
            <td>{row.duration}</td>
            <td>{row.distance}</td>
            <td>{row.heart_rate}</td>
            <td>{row.energy}</td>
            <td>{route}</td>
        </tr>
    }
    .into_any()
}

/// The route is fetched when somebody asks for it: it is large, and says where one was.
#[component]
fn Route(id: String, document: Option<String>, name: String, person: String) -> impl IntoView {
    let (flash, busy, stored) = (use_flash(), RwSignal::new(false), RwSignal::new(document));
    let id = StoredValue::new(id);
    let ask = move |_| {
        busy.set(true);
        leptos::task::spawn_local(async move {
            let variables = request_exercise_route::Variables { id: id.get_value() };
            let answer = send::<RequestExerciseRoute>(variables).await;
            busy.try_set(false);
            match answer.map(|data| data.request_exercise_route) {
                Ok(payload) if payload.status == ExerciseRouteStatus::Ready => {
                    stored.try_set(payload.raw_document_id);
                }
                Ok(payload) => {
                    flash.warn(payload.message.unwrap_or_else(|| tr!(exercises.not_fetched).to_owned()))
                }
                Err(error) => flash.warn(sentence(&error)),
            }
        });
    };
    let (label, called) = (format!("{}: {name}", tr!(exercises.fetch_route)), name);
    move || {
        if let Some(id) = stored.get() {
            let label = format!("{}: {called}", tr!(exercises.open_route));
            let href = format!("/data/v1/raw/{id}?user={person}");
            return view! { <a rel="external" download="route.tcx" aria-label=label href=href>{tr!(exercises.open_route)}</a> }
                .into_any();
        }
        view! {
            <button
                type="button"
                class="button small"
                aria-label=label.clone()
                on:click=ask
                prop:disabled=move || busy.get()
            >
                {tr!(exercises.fetch_route)}
            </button>
        }
        .into_any()
    }
}
