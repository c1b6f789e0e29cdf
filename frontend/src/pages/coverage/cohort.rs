//! `/coverage`: person × day, for admins; a cell tells the metrics of the day.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{A, Redirect};
use leptos_router::hooks::{use_navigate, use_query_map};

use super::{One, PRESETS, address, metric_rows, range_of};
use crate::api::enums::{LinkedAccountState, MetricKey};
use crate::api::errors::ApiError;
use crate::api::operations::cohort_coverage::{self, ResponseData};
use crate::api::operations::{CohortCoverage, Counted, PersonCoverage, person_coverage};
use crate::api::transport::{send, send_as};
use crate::components::grid::CoverageGrid;
use crate::components::heading::{PageTitle, PanelTitle};
use crate::components::icons::Icon;
use crate::components::range_picker::RangePicker;
use crate::components::states::{EmptyState, loaded};
use crate::pages::accounts::state_words;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::civil::Day;
use crate::view_model::grid::{At, Grid, Member, MetricRow, Tally, by_state};
use crate::view_model::range::Range;

/// People of a page.
const PEOPLE: i64 = 100;

/// For an admin the cohort, for a member the own coverage.
#[component]
pub fn CohortPage() -> impl IntoView {
    let session = use_session();
    move || match session.user_id() {
        _ if session.is_admin() => view! { <Cohort/> }.into_any(),
        Some(id) => view! { <Redirect path=format!("/people/{id}/coverage")/> }.into_any(),
        None => view! { <EmptyState title=tr!(people.nobody) hint=tr!(people.nobody_hint)/> }.into_any(),
    }
}

/// What the address says.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    range: Range,
    metric: Option<MetricKey>,
    search: Option<String>,
    after: Option<String>,
    /// The open cell.
    cell: Option<(String, Day)>,
}

impl Place {
    /// What stays in the address when the range changes.
    fn kept(&self) -> String {
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        let metric = self.metric.as_ref().map(|metric| format!("&metric={}", metric.as_str()));
        let search = self.search.as_ref().map(|text| format!("&search={}", encode(text)));
        [metric, search].into_iter().flatten().collect()
    }

    fn query(&self) -> String {
        let after = self.after.as_ref().map(|after| format!("&after={after}"));
        let cell = self.cell.as_ref().map(|(person, day)| format!("&person={person}&day={day}"));
        let rest: String = [after, cell].into_iter().flatten().collect();
        format!("{}{}{rest}", self.range.query(), self.kept())
    }
}

#[component]
fn Cohort() -> impl IntoView {
    let (query, navigate, session) = (use_query_map(), use_navigate(), use_session());
    let today = Memo::new(move |_| zone::today(&session.time_zone()));
    let place = Memo::new(move |_| {
        let query = query.read();
        let given = |name: &str| query.get_str(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let day = given("day").and_then(|day| Day::parse(&day));
        Place {
            range: range_of(query.get_str("from"), query.get_str("to"), today.get()),
            metric: given("metric").map(|key| MetricKey::from(key.as_str())),
            search: given("search"),
            after: given("after"),
            cell: given("person").zip(day),
        }
    });
    let go = Callback::new(move |place: Place| {
        navigate(&place.query(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    // What the request depends on: opening a cell asks for nothing.
    let asked = Memo::new(move |_| Place { cell: None, ..place.get() });
    let load = Load::new(move || {
        let place = asked.get();
        send::<CohortCoverage>(cohort_coverage::Variables {
            first: Some(PEOPLE),
            after: place.after.clone(),
            search: place.search.clone(),
            metrics: place.metric.clone().map(|metric| vec![metric]),
            from: place.range.from.to_string(),
            to: place.range.to.to_string(),
        })
    });
    let range = Signal::derive(move || place.read().range);
    let keep = Signal::derive(move || place.read().kept());
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(coverage.title)/>
                <p class="page-caption">{tr!(coverage.cohort_hint)}</p>
            </div>
            <div class="page-actions"><Filters place go/></div>
        </header>
        <div class="range-bar"><RangePicker range today presets=PRESETS keep/></div>
        {loaded(load, 3, move |data| view! { <CohortGrid data place go load/> }.into_any())}
    }
    .into_any()
}

#[component]
fn Filters(place: Memo<Place>, go: Callback<Place>) -> impl IntoView {
    let f = format();
    let with = move |change: &dyn Fn(&mut Place)| {
        let mut next = Place { after: None, cell: None, ..place.get_untracked() };
        change(&mut next);
        go.run(next);
    };
    let option =
        |key: &&str| view! { <option value=(*key).to_owned()>{f.metric(&MetricKey::from(*key))}</option> };
    let chosen = move || place.read().metric.as_ref().map(|m| m.as_str().to_owned()).unwrap_or_default();
    view! {
        <label class="field search">
            <span class="visually-hidden">{tr!(people.search)}</span>
            <input
                type="search"
                placeholder=tr!(people.search)
                prop:value=move || place.read().search.clone().unwrap_or_default()
                on:change=move |event| {
                    let text = event_target_value(&event).trim().to_owned();
                    with(&|next| next.search = (!text.is_empty()).then(|| text.clone()));
                }
            />
        </label>
        <label class="field">
            <span class="visually-hidden">{tr!(raw.metric)}</span>
            <select
                prop:value=chosen
                on:change=move |event| {
                    let key = event_target_value(&event);
                    with(&|next| next.metric = (!key.is_empty()).then(|| MetricKey::from(key.as_str())));
                }
            >
                <option value="">{tr!(raw.all)}</option>
                {MetricKey::KNOWN.iter().map(option).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Below a person's name: what stands in the way of the account.
fn note(person: &Counted) -> Option<String> {
    let trouble = person.linked_accounts.iter().filter(|account| account.state != LinkedAccountState::Active);
    let words: Vec<&str> = trouble.map(|account| state_words(&account.state)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The counts of a person's days.
fn tallies(person: &Counted) -> Vec<Tally> {
    let days = &person.coverage_tally;
    Tally::of_lists([
        &days.failed,
        &days.partial,
        &days.pending,
        &days.not_permitted,
        &days.complete,
        &days.empty_confirmed,
    ])
}

#[component]
fn CohortGrid(
    data: Signal<Arc<ResponseData>>,
    place: Memo<Place>,
    go: Callback<Place>,
    load: Load<ResponseData>,
) -> impl IntoView {
    let grid = Memo::new(move |_| {
        let (data, range) = (data.read(), place.read().range);
        // People without an account have nothing to be fetched; operators are such.
        let shown = data.users.nodes.iter().filter(|person| !person.linked_accounts.is_empty());
        let members = shown.map(|person| Member {
            id: &person.id,
            name: &person.display_name,
            note: note(person),
            days: tallies(person),
        });
        Arc::new(Grid::of_people(members, range, &format()))
    });
    let selected = Memo::new(move |_| {
        let (place, grid) = (place.read(), grid.read());
        let (person, day) = place.cell.as_ref()?;
        let row = grid.rows.iter().position(|row| row.key == *person)?;
        Some(At { row, column: grid.days.iter().position(|known| known == day)? })
    });
    let open = move |at: At| {
        let cell = grid
            .with_untracked(|grid| Some((grid.rows.get(at.row)?.key.clone(), *grid.days.get(at.column)?)));
        go.run(Place { cell, ..place.get_untracked() });
    };
    let link = Callback::new(move |id: String| address(&id, place.read_untracked().range, None));
    let label = Signal::derive(move || {
        let range = place.read().range;
        format!("{}, {}", tr!(coverage.title), format().days(range.from, range.to))
    });
    let close = Callback::new(move |()| go.run(Place { cell: None, ..place.get_untracked() }));
    let panel = move || {
        let at = selected.get()?;
        let grid = grid.read_untracked();
        let row = grid.rows.get(at.row)?;
        let day = *grid.days.get(at.column)?;
        let (id, name) = (row.key.clone(), row.name.clone());
        let (range, metric) = (place.read_untracked().range, place.read_untracked().metric.clone());
        Some(view! { <DayPanel id name metric day range close/> })
    };
    let none = move || grid.read().rows.is_empty();
    let shown_count = move || grid.read().rows.len();
    let left_out = move || {
        let n = data.read().users.nodes.len() - shown_count();
        (n > 0).then(|| tr!(coverage.left_out, n = n.to_string()))
    };
    view! {
        <Show
            when=move || !none()
            fallback=|| view! { <EmptyState title=tr!(coverage.nobody) hint=tr!(coverage.nobody_hint)/> }
        >
            <div class="with-panel" class:open=move || selected.read().is_some() aria-busy=move || load.is_busy().to_string()>
                <section class="card grid-card" aria-label=tr!(coverage.grid)>
                    <CoverageGrid grid label first=tr!(people.name) selected on_open=open link=Some(link)/>
                </section>
                {move || panel()}
            </div>
        </Show>
        <p class="note">{move || left_out()}</p>
        <Pager data place go/>
    }
    .into_any()
}

#[component]
fn Pager(data: Signal<Arc<ResponseData>>, place: Memo<Place>, go: Callback<Place>) -> impl IntoView {
    move || {
        let info = &data.read().users.page_info;
        let next = info.end_cursor.clone().filter(|_| info.has_next_page);
        let to = move |after: Option<String>| go.run(Place { after, cell: None, ..place.get_untracked() });
        view! {
            <nav class="pager" aria-label=tr!(people.pages)>
                {place.read().after.is_some().then(|| view! {
                    <button type="button" class="button" on:click=move |_| to(None)>{tr!(people.first_page)}</button>
                })}
                {next.map(|cursor| view! {
                    <button type="button" class="button" on:click=move |_| to(Some(cursor.clone()))>
                        {tr!(people.next_page)}
                    </button>
                })}
            </nav>
        }
        .into_any()
    }
}

/// The metrics of a person's day by state, read when the cell is opened; each leads to the request behind it.
#[component]
fn DayPanel(
    id: String,
    name: String,
    /// The one metric that is looked at; all where there is none.
    metric: Option<MetricKey>,
    day: Day,
    range: Range,
    close: Callback<()>,
) -> impl IntoView {
    let f = format();
    let person = id.clone();
    let load = Load::new(move || {
        let variables = person_coverage::Variables {
            id: person.clone(),
            metrics: metric.clone().map(|metric| vec![metric]),
            from: day.to_string(),
            to: day.to_string(),
        };
        async move { send_as::<PersonCoverage, One>(variables).await?.user.ok_or_else(ApiError::not_found) }
    });
    let states = loaded(load, 1, move |covered| {
        let id = id.clone();
        (move || view! { <States id=id.clone() metrics=metric_rows(&covered.read()) day range/> }).into_any()
    });
    view! {
        <section class="card panel" aria-labelledby="heading-panel">
            <div class="panel-head">
                <PanelTitle text=format!("{name}, {}", f.day_medium(day))/>
                <button type="button" class="button quiet icon-only" aria-label=tr!(common.close) on:click=move |_| close.run(())>
                    <Icon name="close"/>
                </button>
            </div>
            {states}
        </section>
    }
    .into_any()
}

#[component]
fn States(id: String, metrics: Vec<MetricRow>, day: Day, range: Range) -> impl IntoView {
    let f = format();
    let known = by_state(&metrics, day);
    if known.is_empty() {
        return view! { <p class="note">{f.words.coverage_pending.clone().into_owned()}</p> }.into_any();
    }
    let states = known.into_iter().map(|(state, metrics)| {
        let link = |metric: &MetricKey| {
            let (to, name) = (address(&id, range, Some((metric, day))), f.metric(metric));
            view! { <li><A href=to>{name}</A></li> }
        };
        let links = metrics.iter().map(link).collect_view();
        let words = f.coverage(&state);
        view! { <h3>{words}</h3><ul class="panel-metrics">{links}</ul> }
    });
    states.collect_view().into_any()
}
