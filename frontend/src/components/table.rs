//! A table of texts.

use leptos::prelude::*;

use crate::view_model::table::Table;

/// Shows a table; the region scrolls by itself where it is too wide or too long.
#[component]
pub fn DataTable(#[prop(into)] table: Signal<Table>) -> impl IntoView {
    let body = move || {
        let table = table.get();
        let head = table.head.into_iter().map(|cell| view! { <th scope="col">{cell}</th> }).collect_view();
        let row = |row: Vec<String>| {
            let cell = |(i, cell): (usize, String)| {
                if i == 0 {
                    view! { <th scope="row">{cell}</th> }.into_any()
                } else {
                    view! { <td>{cell}</td> }.into_any()
                }
            };
            view! { <tr>{row.into_iter().enumerate().map(cell).collect_view()}</tr> }
        };
        let rows = table.rows.into_iter().map(row).collect_view();
        view! {
            <table>
                <caption>{table.caption}</caption>
                <thead><tr>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=move || table.read().caption.clone()>{move || body()}</div>
    }
    .into_any()
}
