//! The raw documents behind the last day that is shown.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::PersonRange;
use crate::api::enums::MetricKey;
use crate::components::documents::{Documents, Of};
use crate::state::locale::format;
use crate::state::tr;

#[component]
pub fn RawCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let day = Memo::new(move |_| data.read().range.to);
    view! {
        <section class="card full quiet" aria-labelledby="heading-raw">
            <h2 id="heading-raw">{tr!(raw.title)}</h2>
            <p class="note">{tr!(raw.hint)} " " {move || format().day_medium(day.get())} "."</p>
            <button
                type="button"
                class="button"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|on| *on = !*on)
            >
                {move || if open.get() { tr!(raw.hide) } else { tr!(raw.show) }}
            </button>
            <Show when=move || open.get()><Chosen data/></Show>
        </section>
    }
    .into_any()
}

#[component]
fn Chosen(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let metric = RwSignal::new(None::<MetricKey>);
    let of = Memo::new(move |_| {
        let data = data.read();
        let (id, zone) = (data.user.id.clone(), data.user.time_zone.clone());
        Of { id, day: data.range.to, metric: metric.get(), zone }
    });
    let options = move || {
        let (data, f) = (data.read(), format());
        let option = |row: &crate::api::operations::dashboard::DashboardUserCoverage| {
            view! { <option value=row.metric.as_str().to_owned()>{f.metric(&row.metric)}</option> }
        };
        data.user.coverage.iter().map(option).collect_view()
    };
    let choose = move |event| {
        let value = event_target_value(&event);
        metric.set((!value.is_empty()).then(|| MetricKey::from(value.as_str())));
    };
    view! {
        <label class="field inline">
            <span>{tr!(raw.metric)}</span>
            <select on:change=choose><option value="">{tr!(raw.all)}</option>{move || options()}</select>
        </label>
        <Documents of/>
    }
    .into_any()
}
