//! The cards of metrics with a value a day.

use std::sync::Arc;

use leptos::prelude::*;

use super::data::{Detail, PersonRange, drawn_days};
use crate::api::enums::MetricKey;
use crate::components::metric_card::{ChartOrTable, MetricCard, Total};
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::theme::use_theme;
use crate::state::tr;
use crate::view_model::amounts;
use crate::view_model::chart::ChartModel;
use crate::view_model::civil::Day;
use crate::view_model::daily::{Daily, add_spread};
use crate::view_model::format::Format;
use crate::view_model::metric::{Group, is_by_hand, slug};
use crate::view_model::palette::Palette;
use crate::view_model::range::Range;
use crate::view_model::stack::Stack;
use crate::view_model::trend;

/// Charts of days share a cursor.
const GROUP: &str = "days";

/// A metric with a value a day; within a single day its detail, where there is one.
#[component]
pub fn DailyCard(
    data: Signal<Arc<PersonRange>>,
    detail: Load<Detail>,
    today: Signal<Day>,
    metric: MetricKey,
    #[prop(optional)] class: &'static str,
    /// Heading, where it is not the metric's name.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    let theme = use_theme();
    let f = StoredValue::new(format());
    let title = title.unwrap_or_else(|| f.read_value().metric(&metric));
    let slug = slug(&metric);
    let by_hand = is_by_hand(&metric);
    let metric = StoredValue::new(metric);
    let headline = Signal::derive(move || {
        let data = data.read();
        let daily = data.daily(&metric.read_value());
        if by_hand {
            return trend::headline(&daily, drawn_days(data.range), &f.read_value());
        }
        daily.headline(data.range, today.get(), &f.read_value())
    });
    // What is drawn within the day, if it is of the days that are shown now.
    let current = move |data: &PersonRange| {
        detail.data().filter(|detail| data.range.is_day() && detail.stretch.from == data.stretch.from)
    };
    // A memo: what a sync did not change is not drawn anew.
    let chart = Memo::new(move |_| {
        let (metric, f, palette) = (metric.read_value(), f.read_value(), theme.palette());
        let data = data.read();
        let within = matches!(*metric, MetricKey::Steps | MetricKey::Distance | MetricKey::Calories);
        if data.range.is_day() && within {
            return day_chart(&data, &*current(&data)?, &metric, &f, &palette).map(Arc::new);
        }
        // What has one value a day is shown among the days before it.
        let range = drawn_days(data.range);
        let daily = data.daily(&metric);
        if by_hand {
            return Some(Arc::new(trend::chart(&daily, range, &f, &palette)));
        }
        let mut chart = daily.chart(range, &data.coverage(&metric), &f, &palette);
        if let Some((low, high)) = spread(&data, &metric, range) {
            add_spread(&mut chart, (&low, &high), range, &f, &palette);
        }
        Some(Arc::new(chart))
    });
    let readings = Memo::new(move |_| {
        let (metric, data) = (metric.read_value(), data.read());
        let detail = current(&data)?;
        let chart = detail.readings(&metric)?.chart(&metric, &data.zone, &f.read_value(), &theme.palette());
        chart.map(Arc::new)
    });
    let id = format!("heading-{slug}");
    let (heading, part) = (id.clone(), slug.clone());
    view! {
        <section class=format!("card metric {class}") aria-labelledby=heading data-metric=part>
            <h2 id=id>{title}</h2>
            <Total slug headline/>
            <ChartOrTable chart group=Some(GROUP)/>
            <Show when=move || readings.read().is_some()>
                <h3>{tr!(dashboard.readings)}</h3>
                <ChartOrTable chart=readings/>
            </Show>
        </section>
    }
    .into_any()
}

/// Lowest and highest, or the bounds, of a metric that has them.
fn spread(data: &PersonRange, metric: &MetricKey, range: Range) -> Option<(Daily, Daily)> {
    if *metric != MetricKey::OxygenSaturation {
        return None;
    }
    let pairs = [
        (MetricKey::OxygenSaturationMin, MetricKey::OxygenSaturationMax),
        (MetricKey::OxygenSaturationLowerBound, MetricKey::OxygenSaturationUpperBound),
    ];
    let pairs = pairs.map(|(low, high)| (data.daily(&low), data.daily(&high)));
    pairs.into_iter().find(|(low, high)| low.has_data(range) && high.has_data(range))
}

/// Metrics that have a card only where they have data: not everybody's device measures them.
pub const MORE_ACTIVITY: &[MetricKey] = &[
    MetricKey::Floors,
    MetricKey::Elevation,
    MetricKey::ActiveCalories,
    MetricKey::BasalCalories,
    MetricKey::SedentaryMinutes,
];
pub const MORE_HEART: &[MetricKey] = &[MetricKey::Vo2Max, MetricKey::LightHeartZoneMinutes];
pub const MORE_NIGHT: &[MetricKey] =
    &[MetricKey::OxygenSaturation, MetricKey::BreathingRate, MetricKey::HeartRateVariabilityDeep];
pub const BODY: &[MetricKey] = &[MetricKey::Weight, MetricKey::BodyFat, MetricKey::CoreTemperature];

/// Metrics that are shown as one, the lightest first.
pub const ACTIVE_MINUTES: &[MetricKey] =
    &[MetricKey::LightlyActiveMinutes, MetricKey::FairlyActiveMinutes, MetricKey::VeryActiveMinutes];
pub const ZONE_MINUTES: &[MetricKey] =
    &[MetricKey::FatBurnZoneMinutes, MetricKey::CardioZoneMinutes, MetricKey::PeakZoneMinutes];
pub const HEART_ZONES: &[MetricKey] = &[
    MetricKey::ModerateHeartZoneMinutes,
    MetricKey::VigorousHeartZoneMinutes,
    MetricKey::PeakHeartZoneMinutes,
];

/// Of some metrics those that have data in the days that are drawn.
fn with_data(data: &PersonRange, metrics: &'static [MetricKey]) -> Vec<MetricKey> {
    let range = drawn_days(data.range);
    metrics.iter().filter(|metric| data.daily(metric).has_data(range)).cloned().collect()
}

#[component]
pub fn GroupTitle(group: Group) -> impl IntoView {
    view! { <h2 class="group-title">{format().group(group)}</h2> }.into_any()
}

#[component]
pub fn MoreCards(
    data: Signal<Arc<PersonRange>>,
    detail: Load<Detail>,
    today: Signal<Day>,
    metrics: &'static [MetricKey],
) -> impl IntoView {
    let shown = Memo::new(move |_| with_data(&data.read(), metrics));
    view! {
        <For each=move || shown.get() key=Clone::clone let:metric>
            <DailyCard data detail today metric/>
        </For>
    }
    .into_any()
}

/// Weight, body fat and core temperature, with their heading; nothing where nobody measures them.
#[component]
pub fn BodyCards(data: Signal<Arc<PersonRange>>, detail: Load<Detail>, today: Signal<Day>) -> impl IntoView {
    let has_any = Memo::new(move |_| !with_data(&data.read(), BODY).is_empty());
    view! {
        <Show when=move || has_any.get()>
            <GroupTitle group=Group::Body/>
            <MoreCards data detail today metrics=BODY/>
        </Show>
    }
    .into_any()
}

#[component]
pub fn StackCard(
    data: Signal<Arc<PersonRange>>,
    title: &'static str,
    slug: &'static str,
    metrics: &'static [MetricKey],
) -> impl IntoView {
    let (theme, f) = (use_theme(), StoredValue::new(format()));
    let stack = Memo::new(move |_| {
        let data = data.read();
        let stack = Stack::new(metrics.iter().map(|metric| data.daily(metric)).collect());
        stack.has_data(drawn_days(data.range)).then_some(stack)
    });
    let headline = Signal::derive(move || {
        let stack = stack.read();
        stack.as_ref().map(|stack| stack.headline(data.read().range, &f.read_value())).unwrap_or_default()
    });
    let chart = Memo::new(move |_| {
        let (stack, range) = (stack.read(), drawn_days(data.read().range));
        let chart = stack.as_ref()?.chart(title, range, &f.read_value(), &theme.palette());
        Some(Arc::new(chart))
    });
    view! {
        <Show when=move || stack.read().is_some()>
            <MetricCard slug=slug.to_owned() title=title.to_owned() headline chart group=Some(GROUP) class="half"/>
        </Show>
    }
    .into_any()
}

/// The metrics that were asked for and have nothing in the days that are drawn, in one line instead of empty cards.
#[component]
pub fn Without(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let text = move || {
        let (data, f) = (data.read(), format());
        let shown = [MORE_ACTIVITY, MORE_HEART, MORE_NIGHT, BODY, ACTIVE_MINUTES, ZONE_MINUTES, HEART_ZONES];
        let range = drawn_days(data.range);
        let without = shown
            .into_iter()
            .flatten()
            .filter(|metric| !data.daily(metric).has_data(range) && data.coverage(metric).was_asked(range));
        let names: Vec<String> = without.map(|metric| f.metric(metric)).collect();
        (!names.is_empty()).then(|| tr!(dashboard.without, metrics = names.join(", ")))
    };
    view! { <p class="note full">{move || text()}</p> }.into_any()
}

fn day_chart(
    data: &PersonRange,
    detail: &Detail,
    metric: &MetricKey,
    f: &Format,
    palette: &Palette,
) -> Option<ChartModel> {
    let columns = detail.amounts(metric)?.columns();
    Some(amounts::chart(metric, columns, data.stretch, &data.zone, f, palette))
}

/// Skin temperature: absolute, or relative to a baseline, whichever the provider gives.
#[component]
pub fn TemperatureCard(
    data: Signal<Arc<PersonRange>>,
    detail: Load<Detail>,
    today: Signal<Day>,
) -> impl IntoView {
    let is_relative = Memo::new(move |_| {
        let data = data.read();
        let has = |metric: &MetricKey| data.daily(metric).has_data(data.range);
        !has(&MetricKey::SkinTemperature) && has(&MetricKey::SkinTemperatureRelative)
    });
    move || {
        let metric =
            if is_relative.get() { MetricKey::SkinTemperatureRelative } else { MetricKey::SkinTemperature };
        let title = format().metric(&MetricKey::SkinTemperature);
        view! { <DailyCard data detail today metric title/> }
    }
}
