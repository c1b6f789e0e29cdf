//! Heart rate: the day's chart.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::{Detail, PersonRange};
use crate::api::enums::MetricKey;
use crate::components::metric_card::{ChartOrTable, Total};
use crate::components::states::{ErrorState, Skeleton};
use crate::state::load::{Load, Phase};
use crate::state::locale::format;
use crate::state::theme::use_theme;
use crate::state::tr;
use crate::view_model::daily::Headline;
use crate::view_model::heart::Heart;
use crate::view_model::words::fill;

#[component]
pub fn HeartCard(data: Signal<Arc<PersonRange>>, detail: Load<Detail>) -> impl IntoView {
    let theme = use_theme();
    let f = StoredValue::new(format());
    // Detail of another range is on its way out.
    let heart = Memo::new(move |_| {
        let stretch = data.read().stretch;
        detail.data().filter(|detail| detail.stretch.from == stretch.from).map(|detail| detail.heart.clone())
    });
    let headline = Signal::derive(move || headline(&data.read(), heart.get().as_ref(), &f.read_value()));
    let chart = Memo::new(move |_| {
        let (data, f) = (data.read(), f.read_value());
        let title = format!("{}, {}", f.words.heart_rate, f.days(data.range.from, data.range.to));
        heart.get().map(|heart| Arc::new(heart.chart(&title, &data.zone, &f, &theme.palette())))
    });
    let phase = detail.phase();
    let has_gap = move || heart.read().as_ref().is_some_and(|heart| heart.summary().missing_minutes >= 15.0);
    view! {
        <section class="card metric full" aria-labelledby="heading-heart-rate" data-metric="heart-rate">
            <h2 id="heading-heart-rate">{f.read_value().words.heart_rate.clone().into_owned()}</h2>
            <Total slug="heart-rate" headline/>
            {move || match phase.get() {
                Phase::Loading => view! { <Skeleton blocks=1/> }.into_any(),
                Phase::Failed(error) => view! { <ErrorState error retry=move |()| detail.retry()/> }.into_any(),
                Phase::Ready => view! { <ChartOrTable chart chart_class="tall"/> }.into_any(),
            }}
            <Show when=has_gap>
                <p class="note"><span class="swatch gap" aria-hidden="true"></span>{tr!(chart.gap_note)}</p>
            </Show>
            <p class="note">{tr!(chart.zoom_note)}</p>
        </section>
    }
    .into_any()
}

fn headline(data: &PersonRange, heart: Option<&Heart>, f: &crate::view_model::format::Format) -> Headline {
    let summary = heart.map(Heart::summary).unwrap_or_default();
    let value = data.daily(&MetricKey::HeartRate).of_range(data.range).or(summary.mean);
    let mut notes = Vec::new();
    if let (Some(low), Some(high)) = (summary.lowest, summary.highest) {
        notes.push(format!("{} {} · {} {}", f.words.lowest, f.whole(low), f.words.highest, f.whole(high)));
        let (worn, missing) = (f.minutes(summary.worn_minutes), f.minutes(summary.missing_minutes));
        notes.push(fill(&f.words.worn_for, &[("worn", &worn), ("missing", &missing)]));
    } else if heart.is_some() {
        notes.push(data.coverage(&MetricKey::HeartRate).reason(data.range.to, f));
    }
    Headline { value, text: f.optional(value, 0), unit: f.words.unit_bpm.clone().into_owned(), notes }
}
