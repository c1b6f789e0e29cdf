//! The dashboard once its data are there.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;

use super::data::{Detail, PersonRange, drawn_days, load_detail};
use super::details::{CoverageCard, DevicesCard};
use super::heart::HeartCard;
use super::live::SyncBar;
use super::night::SleepCard;
use super::raw::RawCard;
use crate::api::enums::{LinkedAccountState, MetricKey};
use crate::components::heading::PageTitle;
use crate::components::metric_card::MetricCard;
use crate::components::range_picker::RangePicker;
use crate::components::states::EmptyState;
use crate::pages::accounts::ConnectButtons;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::theme::use_theme;
use crate::state::tr;
use crate::view_model::amounts;
use crate::view_model::chart::ChartModel;
use crate::view_model::civil::Day;
use crate::view_model::format::Format;
use crate::view_model::metric::slug;
use crate::view_model::palette::Palette;
use crate::view_model::range::Range;

/// Charts of days share a cursor.
const GROUP: &str = "days";

#[component]
pub fn Body(
    data: Signal<Arc<PersonRange>>,
    load: Load<PersonRange>,
    #[prop(into)] range: Signal<Range>,
    #[prop(into)] today: Signal<Day>,
) -> impl IntoView {
    let detail = load_detail(data);
    let has_account = Memo::new(move |_| !data.read().user.linked_accounts.is_empty());
    let title = Signal::derive(move || data.read().user.display_name.clone());
    let caption = move || {
        let (data, f) = (data.read(), format());
        let days = if data.range.is_day() {
            f.day_long(data.range.to)
        } else {
            f.days(data.range.from, data.range.to)
        };
        format!("{days} · {}", data.user.time_zone.replace('_', " "))
    };
    let id = move || data.read().user.id.clone();
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=title/>
                <p class="page-caption">{move || caption()}</p>
            </div>
            <div class="page-actions">
                <A attr:class="button" href=move || format!("/people/{}/accounts", id())>{tr!(accounts.title)}</A>
                <Show when=move || has_account.get()><SyncBar data load/></Show>
            </div>
        </header>
        <ConsentWarnings data/>
        <Show when=move || has_account.get() fallback=move || view! { <NoAccount data/> }>
            <div class="range-bar"><RangePicker range today/></div>
            <div class="cards" aria-busy=move || (load.is_busy() && data.read().range != range.get()).to_string()>
                <DailyCard data detail today metric=MetricKey::Steps class="wide hero"/>
                <DailyCard data detail today metric=MetricKey::Distance/>
                <DailyCard data detail today metric=MetricKey::Calories/>
                <DailyCard data detail today metric=MetricKey::ActiveZoneMinutes/>
                <HeartCard data detail/>
                <SleepCard data/>
                <DailyCard data detail today metric=MetricKey::RestingHeartRate/>
                <DailyCard data detail today metric=MetricKey::HeartRateVariability/>
                <TemperatureCard data detail today/>
                <CoverageCard data/>
                <DevicesCard data/>
                <RawCard data/>
            </div>
        </Show>
    }
    .into_any()
}

/// What to do about accounts that cannot be read.
#[component]
fn ConsentWarnings(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let warnings = move || {
        let data = data.read();
        let ended = data.user.linked_accounts.iter().filter(|a| a.state != LinkedAccountState::Active);
        let advice = ended.filter_map(|account| account.advice.clone());
        let href = format!("/people/{}/accounts", data.user.id);
        advice
            .map(|advice| {
                view! {
                    <div class="flash bad">
                        <crate::components::icons::Icon name="warning"/>
                        <p>{advice} " " <A href=href.clone()>{tr!(accounts.open)}</A></p>
                    </div>
                }
            })
            .collect_view()
    };
    view! { <div class="warnings">{move || warnings()}</div> }.into_any()
}

#[component]
fn NoAccount(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let session = use_session();
    let is_own = move || session.user_id().as_deref() == Some(data.read().user.id.as_str());
    move || {
        if is_own() {
            let hint = tr!(dashboard.connect_hint);
            view! { <EmptyState title=tr!(dashboard.no_account) hint><ConnectButtons providers=session.providers()/></EmptyState> }
        } else {
            view! { <EmptyState title=tr!(dashboard.no_account) hint=tr!(dashboard.no_account_other)/> }
        }
    }
}

/// A metric with a value a day; within a single day its detail, where there is one.
#[component]
fn DailyCard(
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
    let metric = StoredValue::new(metric);
    let headline = Signal::derive(move || {
        let data = data.read();
        data.daily(&metric.read_value()).headline(data.range, today.get(), &f.read_value())
    });
    // A memo: what a sync did not change is not drawn anew.
    let chart = Memo::new(move |_| {
        let (metric, f, palette) = (metric.read_value(), f.read_value(), theme.palette());
        let data = data.read();
        let within = matches!(*metric, MetricKey::Steps | MetricKey::Distance | MetricKey::Calories);
        if data.range.is_day() && within {
            let detail = detail.data().filter(|detail| detail.stretch.from == data.stretch.from)?;
            return day_chart(&data, &detail, &metric, &f, &palette).map(Arc::new);
        }
        // What has one value a day is shown among the days before it.
        let range = drawn_days(data.range);
        let daily = data.daily(&metric);
        Some(Arc::new(daily.chart(range, &data.coverage(&metric), &f, &palette)))
    });
    view! { <MetricCard slug title headline chart group=Some(GROUP) class/> }.into_any()
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
fn TemperatureCard(
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
