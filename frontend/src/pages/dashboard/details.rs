//! Coverage, devices and linked accounts of the person.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;

use super::data::{PersonRange, drawn_days};
use crate::api::enums::MetricKey;
use crate::components::coverage_strip::CoverageStrips;
use crate::pages::accounts::{provider_name, state_words};
use crate::pages::coverage::address;
use crate::state::locale::format;
use crate::state::tr;
use crate::state::zone;
use crate::view_model::civil::parse_instant;
use crate::view_model::coverage::{State, class, offered, strips};
use crate::view_model::grid::{by_state, glyph};
use crate::view_model::range::Range;

/// Coverage of the metrics that are not wholly there, of a single day in words; the page behind the link has all of it.
#[component]
pub fn CoverageCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let shown = Memo::new(move |_| {
        let data = data.read();
        // Today is open by its nature: it makes no metric worth a strip.
        let is_open = data.user.last_day.today && !data.range.is_day();
        let closed = Range { to: data.range.to.plus(-i32::from(is_open)), ..data.range };
        let rows = offered(data.all_coverage()).into_iter().filter(|(_, days)| days.was_asked(data.range));
        let (whole, parts): (Vec<_>, Vec<_>) = rows.partition(|(_, days)| days.is_whole(closed));
        (whole.len(), is_open, parts)
    });
    let strips = Signal::derive(move || strips(&shown.read().2, data.read().range, &format()));
    let range = Signal::<Range>::derive(move || data.read().range);
    let parts = move || {
        let day = range.get();
        if shown.read().2.is_empty() {
            return ().into_any();
        }
        if !day.is_day() {
            return view! { <CoverageStrips strips range/> }.into_any();
        }
        let f = format();
        let line = |(state, metrics): (State, Vec<MetricKey>)| {
            let names: Vec<String> = metrics.iter().map(|metric| f.metric(metric)).collect();
            view! {
                <li>
                    <span class=format!("cell {}", class(&state.0)) aria-hidden="true">{glyph(&state.0)}</span>
                    <span><strong>{f.coverage(&state)}</strong> ": " {names.join(", ")}</span>
                </li>
            }
        };
        let lines = by_state(&shown.read().2, day.to).into_iter().map(line).collect_view();
        view! { <ul class="day-states">{lines}</ul> }.into_any()
    };
    let whole = move || {
        let (n, is_open) = (shown.read().0, shown.read().1);
        let text = if is_open {
            tr!(coverage.whole_but_today, n = n.to_string())
        } else {
            tr!(coverage.whole, n = n.to_string())
        };
        (n > 0).then_some(text)
    };
    let href = move || {
        let data = data.read();
        address(&data.user.id, drawn_days(data.range), None)
    };
    view! {
        <section class="card full" aria-labelledby="heading-coverage">
            <h2 id="heading-coverage">{tr!(coverage.title)}</h2>
            <p class="note">{tr!(coverage.hint)}</p>
            {move || parts()}
            <div class="coverage-more">
                <p class="notes">{move || whole()}</p>
                <A attr:class="button small" href=href>{tr!(coverage.open)}</A>
            </div>
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
