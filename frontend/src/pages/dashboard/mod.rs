//! `/people/{id}`: one person's data.

pub mod body;
pub mod cards;
pub mod data;
pub mod details;
pub mod exercises;
pub mod heart;
pub mod live;
pub mod night;
pub mod raw;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::components::heading::PageTitle;
use crate::components::states::loaded;
use crate::state::load::Phase;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::range::Range;

/// A page per person: another id is another page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    crate::components::chart::preload();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    move || view! { <Dashboard id=id.get()/> }
}

#[component]
fn Dashboard(id: String) -> impl IntoView {
    let query = use_query_map();
    let session = use_session();
    // The person's zone is known with the first answer; until then the viewer's stands in for it.
    let person_zone = RwSignal::new(None::<String>);
    let today = Memo::new(move |_| zone::today(&person_zone.get().unwrap_or_else(|| session.time_zone())));
    let range = Memo::new(move |_| {
        let query = query.read();
        Range::of_query(query.get_str("from"), query.get_str("to"), today.get())
    });
    let load = data::load(id.clone(), range, person_zone);
    let phase = load.phase();
    let has_failed = move || matches!(*phase.read(), Phase::Failed(_));
    view! {
        <div class="dashboard">
            // With data the heading is the person's name.
            <Show when=has_failed><PageTitle text=tr!(nav.dashboard)/></Show>
            {loaded(load, 6, move |data| {
                view! { <body::Body data load range today/> }.into_any()
            })}
        </div>
    }
    .into_any()
}
