//! Coverage, devices and linked accounts of the person.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;

use super::data::{PersonRange, drawn_days};
use crate::components::coverage_strip::CoverageStrips;
use crate::pages::accounts::{provider_name, state_words};
use crate::pages::coverage::address;
use crate::state::locale::format;
use crate::state::tr;
use crate::state::zone;
use crate::view_model::civil::parse_instant;
use crate::view_model::coverage::{offered, strips};
use crate::view_model::range::Range;

/// Coverage of the metrics that are not wholly there; the page behind the link has all of them.
#[component]
pub fn CoverageCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let shown = Memo::new(move |_| {
        let data = data.read();
        let rows = offered(data.all_coverage()).into_iter().filter(|(_, days)| days.was_asked(data.range));
        let (whole, parts): (Vec<_>, Vec<_>) = rows.partition(|(_, days)| days.is_whole(data.range));
        (whole.len(), strips(&parts, data.range, &format()))
    });
    let strips = Signal::derive(move || shown.read().1.clone());
    let range = Signal::<Range>::derive(move || data.read().range);
    let some = move || !shown.read().1.strips.is_empty();
    let whole = move || {
        let n = shown.read().0;
        (n > 0).then(|| tr!(coverage.whole, n = n.to_string()))
    };
    let href = move || {
        let data = data.read();
        address(&data.user.id, drawn_days(data.range), None)
    };
    view! {
        <section class="card full" aria-labelledby="heading-coverage">
            <h2 id="heading-coverage">{tr!(coverage.title)}</h2>
            <p class="note">{tr!(coverage.hint)}</p>
            <Show when=some><CoverageStrips strips range/></Show>
            <p class="notes">{move || whole()} " " <A href=href>{tr!(coverage.open)}</A></p>
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
