//! Coverage, devices and linked accounts of the person.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::PersonRange;
use crate::components::coverage_strip::CoverageStrips;
use crate::pages::accounts::{provider_name, state_words};
use crate::state::locale::format;
use crate::state::tr;
use crate::state::zone;
use crate::view_model::civil::parse_instant;
use crate::view_model::coverage::{offered, strips};
use crate::view_model::range::Range;

#[component]
pub fn CoverageCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let shown = Signal::derive(move || {
        let data = data.read();
        strips(&offered(data.all_coverage()), data.range, &format())
    });
    let range = Signal::<Range>::derive(move || data.read().range);
    view! {
        <section class="card full" aria-labelledby="heading-coverage">
            <h2 id="heading-coverage">{tr!(coverage.title)}</h2>
            <p class="note">{tr!(coverage.hint)}</p>
            <CoverageStrips strips=shown range/>
        </section>
    }
    .into_any()
}

#[component]
pub fn DevicesCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let body = move || {
        let (data, f) = (data.read(), format());
        let zone = zone::recent(&data.user.time_zone);
        let when = |at: &Option<String>| {
            let at = at.as_deref().and_then(parse_instant);
            at.map_or_else(
                || f.words.never.clone().into_owned(),
                |at| format!("{} ({})", f.ago(at, data.stretch.now), f.date_time(at, &zone)),
            )
        };
        let devices = data.user.devices.iter().map(|device| {
            let battery = device.battery_percent.map(|n| format!("{} {n}%", tr!(devices.battery)));
            let synced = format!("{} {}", tr!(devices.synced), when(&device.last_sync_at));
            view! { <li><strong>{device.model.clone()}</strong><span>{synced}</span><span>{battery}</span></li> }
        });
        let accounts = data.user.linked_accounts.iter().map(|account| {
            let fetched = format!("{} {}", tr!(devices.fetched), when(&account.last_sync_at));
            view! {
                <li>
                    <strong>{provider_name(&account.provider)}</strong>
                    <span>{state_words(&account.state)}</span>
                    <span>{fetched}</span>
                </li>
            }
        });
        let none = data.user.devices.is_empty().then(|| view! { <li>{tr!(devices.none)}</li> });
        view! { <ul class="facts">{devices.collect_view()} {none} {accounts.collect_view()}</ul> }
    };
    view! {
        <section class="card quiet" aria-labelledby="heading-devices">
            <h2 id="heading-devices">{tr!(devices.title)}</h2>
            {move || body()}
        </section>
    }
    .into_any()
}
