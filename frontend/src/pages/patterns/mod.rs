//! `/people/{id}/patterns`: hours of the week, usual ranges, calendar totals, zones, sleep regularity, comparison.

pub mod body;
pub mod choose;

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::Deserialize;

use crate::api::errors::ApiError;
use crate::api::operations::{self, patterns};
use crate::api::transport::send_as;
use crate::components::heading::PageTitle;
use crate::components::range_picker::RangePicker;
use crate::components::states::loaded;
use crate::pages::jobs::on_progress;
use crate::state::load::Load;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::civil::Day;
use crate::view_model::patterns::Patterns;
use crate::view_model::patterns::asked::{Asked, USUAL_DAYS};
use crate::view_model::range::Range;

/// Lengths of the presets in days.
const PRESETS: &[i32] = &[30, 90, 365];

/// What was asked, and the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub asked: Asked,
    pub range: Range,
    pub sides: (Range, Range),
    pub found: Patterns,
}

/// The answer, in types that the charts are made of.
#[derive(Debug, Deserialize)]
struct One {
    user: Option<Patterns>,
}

/// A page per person: another id is another page.
#[component]
pub fn PatternsPage() -> impl IntoView {
    crate::components::chart::preload();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    move || view! { <Person id=id.get()/> }
}

#[component]
fn Person(id: String) -> impl IntoView {
    let (query, session) = (use_query_map(), use_session());
    // The person's zone is known with the first answer; until then the viewer's stands in for it.
    let person_zone = RwSignal::new(None::<String>);
    let today = Memo::new(move |_| zone::today(&person_zone.get().unwrap_or_else(|| session.time_zone())));
    let range = Memo::new(move |_| {
        let (query, today) = (query.read(), today.get());
        match (query.get_str("from"), query.get_str("to")) {
            (None, None) => Range::last(USUAL_DAYS, today),
            (from, to) => Range::of_query(from, to, today),
        }
    });
    let asked = Memo::new(move |_| {
        let query = query.read();
        Asked::of_query(|name| query.get_str(name), today.get())
    });
    let load = load(id.clone(), range, asked, today, person_zone);
    // What a job brings in is drawn.
    on_progress(id.clone(), move || load.retry());
    let name = move || load.data().map(|data| data.found.display_name.clone());
    let title = Signal::derive(move || match name() {
        Some(name) => format!("{}: {name}", tr!(patterns.title)),
        None => tr!(patterns.title).to_owned(),
    });
    let keep = Signal::derive(move || asked.read().query());
    view! {
        <header class="page-head">
            <div><PageTitle text=title/></div>
            <div class="page-actions">
                <A attr:class="button" href=format!("/people/{id}")>{tr!(nav.dashboard)}</A>
            </div>
        </header>
        <div class="range-bar how">
            <RangePicker range today presets=PRESETS keep/>
            <choose::MetricField range asked/>
        </div>
        {loaded(load, 4, move |data| view! { <body::Body data load today/> }.into_any())}
    }
    .into_any()
}

fn load(
    id: String,
    range: Memo<Range>,
    asked: Memo<Asked>,
    today: Memo<Day>,
    person_zone: RwSignal<Option<String>>,
) -> Load<Loaded> {
    Load::new(move || {
        let (id, range, asked) = (id.clone(), range.get(), asked.get());
        let sides = asked.against.sides(range, today.get());
        let (from, to) = (range.from.to_string(), range.to.to_string());
        async move {
            let days =
                |side: Range| patterns::DateRange { from: side.from.to_string(), to: side.to.to_string() };
            let variables = patterns::Variables {
                id,
                from,
                to,
                hourly: asked.hourly(),
                metric: asked.metric.clone(),
                by: asked.by.into(),
                compared: asked.compared(),
                a: days(sides.0),
                b: days(sides.1),
            };
            let answer: One = send_as::<operations::Patterns, One>(variables).await?;
            let found = answer.user.ok_or_else(ApiError::not_found)?;
            person_zone.set(Some(found.time_zone.clone()));
            Ok(Loaded { asked, range, sides, found })
        }
    })
}
