//! A metric: heading, total, notes, chart, and the table behind the chart.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::chart::Chart;
use crate::components::table::DataTable;
use crate::state::tr;
use crate::view_model::chart::ChartModel;
use crate::view_model::daily::Headline;

/// A card of the dashboard.
#[component]
pub fn MetricCard(
    /// Part of element ids and test ids.
    slug: String,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] headline: Signal<Headline>,
    /// None where the headline says it all.
    #[prop(into)]
    chart: Signal<Option<Arc<ChartModel>>>,
    #[prop(default = None)] group: Option<&'static str>,
    #[prop(optional, into)] class: String,
    #[prop(optional, into)] chart_class: String,
) -> impl IntoView {
    let heading = format!("heading-{slug}");
    let (id, part) = (heading.clone(), slug.clone());
    view! {
        <section class=format!("card metric {class}") aria-labelledby=heading data-metric=part>
            <h2 id=id>{title}</h2>
            <Total slug headline/>
            <ChartOrTable chart group chart_class/>
        </section>
    }
    .into_any()
}

/// The big number of a card, with its notes.
#[component]
pub fn Total(#[prop(into)] slug: String, #[prop(into)] headline: Signal<Headline>) -> impl IntoView {
    let raw = move || headline.read().value.map(|value| value.to_string());
    let notes = move || {
        let notes = headline.read().notes.clone();
        notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view()
    };
    view! {
        <p class="total">
            <span class="number" data-testid=format!("total-{slug}") data-value=raw>
                {move || headline.read().text.clone()}
            </span>
            " "
            <span class="unit">{move || headline.read().value.map(|_| headline.read().unit.clone())}</span>
        </p>
        <ul class="notes">{move || notes()}</ul>
    }
    .into_any()
}

/// A chart with the button that turns it into its table.
#[component]
pub fn ChartOrTable(
    #[prop(into)] chart: Signal<Option<Arc<ChartModel>>>,
    #[prop(default = None)] group: Option<&'static str>,
    #[prop(optional, into)] chart_class: String,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let is_there = Memo::new(move |_| chart.read().is_some());
    let model = Signal::derive(move || chart.get().unwrap_or_default());
    let picture = move || {
        if as_table.get() {
            let table = Signal::derive(move || model.read().table.clone());
            return view! { <DataTable table/> }.into_any();
        }
        view! { <Chart model group class=chart_class.clone()/> }.into_any()
    };
    view! {
        <Show when=move || is_there.get()>
            {picture.clone()}
            <TableToggle as_table/>
        </Show>
    }
    .into_any()
}

/// The button between picture and table.
#[component]
pub fn TableToggle(as_table: RwSignal<bool>) -> impl IntoView {
    let word = move || if as_table.get() { tr!(chart.as_chart) } else { tr!(chart.as_table) };
    view! {
        <button type="button" class="button quiet small table-toggle" on:click=move |_| as_table.update(|on| *on = !*on)>
            {move || word()}
        </button>
    }
    .into_any()
}
