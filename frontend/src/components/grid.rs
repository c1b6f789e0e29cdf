//! The coverage grid: one table, one tab stop, arrow keys from cell to cell.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html::{Div, Table};
use leptos::prelude::*;
use leptos_router::components::A;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::components::metric_card::TableToggle;
use crate::components::table::DataTable;
use crate::state::locale::format;
use crate::state::tr;
use crate::view_model::civil::Day;
use crate::view_model::coverage;
use crate::view_model::grid::{At, Cell, Grid, Row, glyph};

/// The grid with its legend, or its table.
#[component]
pub fn CoverageGrid(
    #[prop(into)] grid: Signal<Arc<Grid>>,
    /// Name of the grid.
    #[prop(into)]
    label: Signal<String>,
    /// Heading of the rows' names.
    first: &'static str,
    /// The cell whose request is shown.
    #[prop(into)]
    selected: Signal<Option<At>>,
    #[prop(into)] on_open: Callback<At>,
    /// Where a row's name leads, by its key.
    #[prop(default = None)]
    link: Option<Callback<String, String>>,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let body = move || {
        if as_table.get() {
            let table = Signal::derive(move || grid.read().table(first, &format()));
            return view! { <DataTable table/> }.into_any();
        }
        view! { <Cells grid label first selected on_open link/> <Legend/> }.into_any()
    };
    view! { {move || body()} <TableToggle as_table/> }.into_any()
}

/// The place of the cell that an event happened in.
fn place(event: &leptos::ev::Event) -> Option<At> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let cell = target.closest("td[data-c]").ok()??;
    let number = |name: &str| cell.get_attribute(name)?.parse().ok();
    Some(At { row: number("data-r")?, column: number("data-c")? })
}

fn cell_at(table: &Element, at: At) -> Option<HtmlElement> {
    let selector = format!("td[data-r='{}'][data-c='{}']", at.row, at.column);
    table.query_selector(&selector).ok()??.dyn_into().ok()
}

/// Makes a cell the grid's one tab stop.
fn make_current(table: &Element, at: At) -> Option<HtmlElement> {
    let cell = cell_at(table, at)?;
    if let Ok(Some(before)) = table.query_selector("td[tabindex='0']") {
        // An element takes any attribute of these names.
        let _ = before.set_attribute("tabindex", "-1");
    }
    let _ = cell.set_attribute("tabindex", "0");
    Some(cell)
}

#[component]
fn Cells(
    grid: Signal<Arc<Grid>>,
    label: Signal<String>,
    first: &'static str,
    selected: Signal<Option<At>>,
    on_open: Callback<At>,
    link: Option<Callback<String, String>>,
) -> impl IntoView {
    let (table, scroll) = (NodeRef::<Table>::new(), NodeRef::<Div>::new());
    let said = RwSignal::new(None::<At>);
    let on_key = move |event: KeyboardEvent| {
        let (Some(at), Some(element)) = (place(&event), table.get_untracked()) else { return };
        let key = event.key();
        if key == "Enter" || key == " " {
            event.prevent_default();
            return on_open.run(at);
        }
        let (rows, columns) = grid.with_untracked(|grid| (grid.rows.len(), grid.days.len()));
        let Some(to) = at.moved(&key, event.ctrl_key() || event.meta_key(), rows, columns) else { return };
        event.prevent_default();
        if let Some(cell) = make_current(&element, to) {
            // A cell that cannot be focused is left alone.
            let _ = cell.focus();
        }
    };
    let on_click = move |event: leptos::ev::MouseEvent| {
        if let (Some(at), Some(element)) = (place(&event), table.get_untracked()) {
            make_current(&element, at);
            on_open.run(at);
        }
    };
    // The newest days are at the end.
    Effect::new(move |_| {
        grid.track();
        if let Some(scroll) = scroll.get() {
            scroll.set_scroll_left(scroll.scroll_width());
        }
    });
    Effect::new(move |was: Option<Option<At>>| {
        grid.track();
        let at = selected.get();
        let Some(table) = table.get() else { return at };
        if let Ok(Some(before)) = table.query_selector("td[aria-selected]") {
            let _ = before.remove_attribute("aria-selected");
        }
        if let Some(cell) = at.and_then(|at| make_current(&table, at)) {
            let _ = cell.set_attribute("aria-selected", "true");
        }
        // Where the panel was closed, the cursor goes back to its cell.
        let left = was.flatten().filter(|_| at.is_none());
        if let Some(cell) = left.and_then(|left| make_current(&table, left)) {
            let _ = cell.focus();
        }
        at
    });
    let body = move || {
        let grid = grid.get();
        let width = format!("--days:{}", grid.days.len());
        let columns = grid.days.len();
        let months = grid.months.iter().map(|(_, columns, name)| {
            view! { <th scope="colgroup" colspan=columns.to_string() class="grid-month"><span>{name.clone()}</span></th> }
        });
        let rows =
            grid.rows.iter().enumerate().map(|(i, row)| grid_row(i, row, columns, link)).collect_view();
        view! {
            <table
                role="grid"
                aria-label=move || label.get()
                class="grid"
                style=width
                node_ref=table
                on:keydown=on_key
                on:click=on_click
                on:focusin=move |event| said.set(place(&event))
                on:mouseover=move |event| said.set(place(&event))
            >
                <thead>
                    <tr><th scope="col" rowspan="2" class="grid-name">{first}</th>{months.collect_view()}</tr>
                    <tr>{grid.days.iter().map(|day| day_head(*day)).collect_view()}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    };
    let line = move || {
        let at = said.get()?;
        grid.read().sentence(at, &format())
    };
    view! {
        <div class="grid-scroll" node_ref=scroll>{move || body()}</div>
        // The cells carry this as their names; here it is for eyes.
        <p class="grid-line" aria-hidden="true">{move || line().unwrap_or_else(|| tr!(coverage.keys).to_owned())}</p>
    }
    .into_any()
}

fn day_head(day: Day) -> AnyView {
    let f = format();
    let class = if day.weekday() > 4 { "grid-day weekend" } else { "grid-day" };
    view! {
        <th scope="col" class=class>
            <span class="visually-hidden">{f.day_medium(day)}</span>
            <span aria-hidden="true">{f.weekday_narrow(day)}</span>
            <b aria-hidden="true">{day.ymd().2}</b>
        </th>
    }
    .into_any()
}

fn grid_row(i: usize, row: &Row, columns: usize, link: Option<Callback<String, String>>) -> AnyView {
    let group = row.group.clone().map(|group| {
        view! { <tr><th scope="colgroup" colspan=(columns + 1).to_string() class="grid-group"><span>{group}</span></th></tr> }
    });
    let (name, key) = (row.name.clone(), row.key.clone());
    let name = match link.map(|link| link.run(key)) {
        Some(href) => view! { <A href>{name}</A> }.into_any(),
        None => name.into_any(),
    };
    let note = row.note.clone().map(|note| view! { <span class="under">{note}</span> });
    // The tab stop is the newest day of the first row, until the cursor moves.
    let cell = |(j, cell): (usize, &Cell)| {
        let stop = if i == 0 && j + 1 == columns { "0" } else { "-1" };
        let words = cell.words.clone();
        view! {
            <td
                class=format!("cell {}", cell.class)
                data-r=i.to_string()
                data-c=j.to_string()
                tabindex=stop
                aria-label=words
            >
                {cell.glyph}
            </td>
        }
    };
    let cells = row.cells.iter().enumerate().map(cell).collect_view();
    view! {
        {group}
        <tr>
            <th scope="row" class="grid-name">{name} {note}</th>
            {cells}
        </tr>
    }
    .into_any()
}

#[component]
fn Legend() -> impl IntoView {
    let item = |(state, words): (crate::api::enums::CoverageState, &'static str)| {
        view! {
            <li>
                <span class=format!("cell {}", coverage::class(&state)) aria-hidden="true">{glyph(&state)}</span>
                {words}
            </li>
        }
    };
    use crate::api::enums::CoverageState as S;
    let items = [
        (S::Complete, tr!(coverage.complete)),
        (S::EmptyConfirmed, tr!(coverage.empty)),
        (S::Partial, tr!(coverage.partial)),
        (S::Pending, tr!(coverage.pending)),
        (S::Failed, tr!(coverage.failed)),
        (S::NotPermitted, tr!(coverage.not_permitted)),
    ];
    view! { <ul class="legend grid-legend">{items.into_iter().map(item).collect_view()}</ul> }.into_any()
}
