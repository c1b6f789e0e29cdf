//! `/people/{id}/coverage`: metric × day of one person.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

use super::cell::CellPanel;
use super::{One, PRESETS, address, metric_rows, range_of};
use crate::api::enums::MetricKey;
use crate::api::errors::ApiError;
use crate::api::operations::{Covered, PersonCoverage, person_coverage};
use crate::api::transport::send_as;
use crate::components::grid::CoverageGrid;
use crate::components::heading::PageTitle;
use crate::components::range_picker::RangePicker;
use crate::components::states::{EmptyState, loaded};
use crate::pages::jobs::on_progress;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::civil::Day;
use crate::view_model::grid::{At, Grid};
use crate::view_model::range::Range;

/// A page per person: another id is another page.
#[component]
pub fn PersonPage() -> impl IntoView {
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
        let query = query.read();
        range_of(query.get_str("from"), query.get_str("to"), today.get())
    });
    let cell = Memo::new(move |_| {
        let query = query.read();
        let metric = query.get_str("metric").map(MetricKey::from)?;
        Some((metric, query.get_str("day").and_then(Day::parse)?))
    });
    let variables = id.clone();
    let load = Load::new(move || {
        let range = range.get();
        let variables = person_coverage::Variables {
            id: variables.clone(),
            metrics: None,
            from: range.from.to_string(),
            to: range.to.to_string(),
        };
        async move {
            let user =
                send_as::<PersonCoverage, One>(variables).await?.user.ok_or_else(ApiError::not_found)?;
            person_zone.set(Some(user.time_zone.clone()));
            Ok((range, user))
        }
    });
    // What a job brings in is drawn.
    on_progress(id.clone(), move || load.retry());
    let back = format!("/people/{id}");
    let name = move || load.data().map(|data| data.1.display_name.clone());
    let title = Signal::derive(move || match name() {
        Some(name) => format!("{}: {name}", tr!(coverage.title)),
        None => tr!(coverage.title).to_owned(),
    });
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=title/>
                <p class="page-caption">{tr!(coverage.hint)}</p>
            </div>
            <div class="page-actions">
                {session.is_admin().then(|| view! { <A attr:class="button" href="/coverage">{tr!(coverage.everybody)}</A> })}
                <A attr:class="button" href=back>{tr!(nav.dashboard)}</A>
            </div>
        </header>
        <div class="range-bar"><RangePicker range today presets=PRESETS/></div>
        {loaded(load, 3, move |data| view! { <MetricGrid data cell load/> }.into_any())}
    }
    .into_any()
}

type Loaded = (Range, Covered);

#[component]
fn MetricGrid(
    data: Signal<Arc<Loaded>>,
    cell: Memo<Option<(MetricKey, Day)>>,
    load: Load<Loaded>,
) -> impl IntoView {
    let navigate = use_navigate();
    let grid = Memo::new(move |_| {
        let data = data.read();
        Arc::new(Grid::of_metrics(&metric_rows(&data.1), data.0, &format()))
    });
    let go = Callback::new(move |cell: Option<(MetricKey, Day)>| {
        let data = data.read_untracked();
        let cell = cell.as_ref().map(|(metric, day)| (metric, *day));
        let to = address(&data.1.id, data.0, cell);
        navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let open = move |at: At| {
        let cell = grid.with_untracked(|grid| {
            Some((MetricKey::from(grid.rows.get(at.row)?.key.as_str()), *grid.days.get(at.column)?))
        });
        go.run(cell);
    };
    let selected = Memo::new(move |_| {
        let (grid, cell) = (grid.read(), cell.get());
        let (metric, day) = cell?;
        let row = grid.rows.iter().position(|row| row.key == metric.as_str())?;
        Some(At { row, column: grid.days.iter().position(|known| *known == day)? })
    });
    let label = Signal::derive(move || {
        let data = data.read();
        format!("{}, {}, {}", tr!(coverage.title), data.1.display_name, format().days(data.0.from, data.0.to))
    });
    let never = move || {
        let data = data.read();
        let rows = metric_rows(&data.1);
        let never = rows.iter().filter(|(_, days)| !days.was_asked(data.0));
        let names: Vec<String> = never.map(|(metric, _)| format().metric(metric)).collect();
        (!names.is_empty()).then(|| tr!(coverage.never_asked, metrics = names.join(", ")))
    };
    let close = Callback::new(move |()| go.run(None));
    let panel = move || {
        let (metric, day) = cell.get()?;
        let data = data.read_untracked();
        let (id, zone) = (data.1.id.clone(), data.1.time_zone.clone());
        Some(view! { <CellPanel id zone metric day close/> })
    };
    let none = move || grid.read().rows.is_empty();
    let hint = move || {
        if data.read().1.linked_accounts.is_empty() {
            tr!(dashboard.no_account)
        } else {
            tr!(coverage.nothing_hint)
        }
    };
    view! {
        <Show when=move || !none() fallback=move || view! { <EmptyState title=tr!(coverage.nothing) hint=hint()/> }>
            <div class="with-panel" class:open=move || cell.read().is_some() aria-busy=move || load.is_busy().to_string()>
                <section class="card grid-card" aria-label=tr!(coverage.grid)>
                    <CoverageGrid grid label first=tr!(raw.metric) selected on_open=open/>
                    <p class="note">{move || never()}</p>
                </section>
                {move || panel()}
            </div>
        </Show>
    }
    .into_any()
}
