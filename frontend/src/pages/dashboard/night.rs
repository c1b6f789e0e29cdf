//! Last night's sleep, and the nights of a longer range.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::PersonRange;
use crate::api::enums::MetricKey;
use crate::components::hypnogram::Hypnogram;
use crate::components::metric_card::{ChartOrTable, TableToggle, Total};
use crate::components::table::DataTable;
use crate::state::locale::format;
use crate::state::theme::use_theme;
use crate::state::tr;
use crate::view_model::daily::Headline;
use crate::view_model::nights;
use crate::view_model::sleep::{Night, Share, last_night, minutes_asleep, nap, naps, night};

#[component]
pub fn SleepCard(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let theme = use_theme();
    let f = StoredValue::new(format());
    let shown = Memo::new(move |_| {
        let data = data.read();
        last_night(&data.user.sleep).and_then(|session| night(session, &f.read_value())).map(Arc::new)
    });
    let naps = move || {
        let data = data.read();
        let f = f.read_value();
        let of_day = last_night(&data.user.sleep)
            .map(|night| naps(&data.user.sleep, night).filter_map(|s| nap(s, &f)));
        of_day.map(|naps| naps.map(|nap| view! { <li>{tr!(sleep.nap)} ": " {nap}</li> }).collect_view())
    };
    let headline = Signal::derive(move || {
        let (data, f) = (data.read(), f.read_value());
        let value = minutes_asleep(&data.user.sleep, data.range);
        let unit = f.words.unit_min.clone().into_owned();
        if let Some(night) = shown.get().filter(|_| data.range.is_day()) {
            let text = value.map_or_else(|| night.asleep.clone(), |minutes| f.minutes(minutes));
            return Headline { value, text, unit: String::new(), notes: vec![night.summary.clone()] };
        }
        let nights = data.user.sleep.iter().filter(|s| s.is_main && s.minutes_asleep.is_some()).count();
        match value {
            Some(minutes) if nights > 0 => Headline {
                value,
                text: f.minutes(minutes / nights as f64),
                unit: tr!(sleep.a_night).to_owned(),
                notes: vec![],
            },
            _ => {
                let reason = data.coverage(&MetricKey::Sleep).reason(data.range.to, &f);
                Headline { value, text: f.optional(value, 0), unit, notes: vec![reason] }
            }
        }
    });
    let chart = Memo::new(move |_| {
        let data = data.read();
        (!data.range.is_day())
            .then(|| Arc::new(nights::chart(&data.user.sleep, data.range, &f.read_value(), &theme.palette())))
    });
    view! {
        <section class="card metric full sleep" aria-labelledby="heading-sleep" data-metric="sleep">
            <h2 id="heading-sleep">{f.read_value().words.sleep.clone().into_owned()}</h2>
            <Total slug="sleep" headline/>
            <ChartOrTable chart/>
            {move || shown.get().map(|night| view! { <NightView night/> })}
            <ul class="notes">{move || naps()}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn NightView(night: Arc<Night>) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let title = night.title.clone();
    let shares = night.shares.iter().cloned().map(|share| view! { <StageShare share/> }).collect_view();
    let picture = move || {
        if as_table.get() {
            view! { <DataTable table=night.table.clone()/> }.into_any()
        } else {
            view! { <Hypnogram night=Arc::clone(&night)/> }.into_any()
        }
    };
    view! {
        <h3>{tr!(sleep.night_to)} " " {title}</h3>
        {move || picture()}
        <TableToggle as_table/>
        <dl class="shares">{shares}</dl>
    }
    .into_any()
}

#[component]
fn StageShare(share: Share) -> impl IntoView {
    view! {
        <div class="share">
            <dt><span class=format!("swatch {}", share.class) aria-hidden="true"></span>{share.name}</dt>
            <dd>
                <span class="share-minutes">{share.text}</span>
                <span class="share-percent">{share.percent}</span>
                <span class="share-bar" aria-hidden="true">
                    <span class=share.class style=format!("width:{:.1}%", share.share * 100.0)></span>
                </span>
            </dd>
        </div>
    }
    .into_any()
}
