//! Rows of bars over one axis, drawn as SVG so that colours follow the theme.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::metric_card::TableToggle;
use crate::components::table::DataTable;
use crate::view_model::raster::{Bar, Raster, Row};

/// A raster, or its table.
#[component]
pub fn RasterOrTable(
    #[prop(into)] raster: Signal<Arc<Raster>>,
    /// Height of a row in pixels.
    row_height: f64,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let picture = move || {
        if as_table.get() {
            let table = Signal::derive(move || raster.read().table.clone());
            return view! { <DataTable table/> }.into_any();
        }
        draw(&raster.read(), row_height)
    };
    let notes =
        move || raster.read().notes.iter().map(|note| view! { <li>{note.clone()}</li> }).collect_view();
    view! {
        {move || picture()}
        <ul class="notes">{move || notes()}</ul>
        <TableToggle as_table/>
    }
    .into_any()
}

fn draw(raster: &Raster, height: f64) -> AnyView {
    let bar = |row: usize, bar: &Bar| {
        view! {
            <rect class=bar.class x=bar.left y=row as f64 * height + 0.5 width=bar.width height=height - 1.0 fill-opacity=bar.opacity>
                <title>{bar.title.clone()}</title>
            </rect>
        }
    };
    let bars = raster.rows.iter().enumerate().flat_map(|(i, row)| row.bars.iter().map(move |b| bar(i, b)));
    let name = |row: &Row| view! { <li style:height=format!("{height}px")>{row.name.clone()}</li> };
    let whole = height * raster.rows.len() as f64;
    let rules = raster.ticks.iter().skip(1).map(|(left, _)| {
        view! { <line class="rule" x1=*left x2=*left y1="0" y2=whole vector-effect="non-scaling-stroke"></line> }
    });
    let ticks = raster
        .ticks
        .iter()
        .map(|(left, text)| view! { <span style:left=format!("{left}%")>{text.clone()}</span> });
    view! {
        <div class="raster" role="img" aria-label=raster.label.clone()>
            <ul aria-hidden="true">{raster.rows.iter().map(name).collect_view()}</ul>
            <div>
                <svg viewBox=format!("0 0 100 {whole}") preserveAspectRatio="none" style:height=format!("{whole}px") aria-hidden="true">
                    {rules.collect_view()}
                    {bars.collect_view()}
                </svg>
                <div class="ticks" aria-hidden="true">{ticks.collect_view()}</div>
            </div>
        </div>
    }
    .into_any()
}
