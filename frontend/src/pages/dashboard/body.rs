//! The dashboard once its data are there.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;

use super::cards::{
    ACTIVE_MINUTES, BodyCards, DailyCard, GroupTitle, HEART_ZONES, MORE_ACTIVITY, MORE_HEART, MORE_NIGHT,
    MoreCards, StackCard, TemperatureCard, Without, ZONE_MINUTES,
};
use super::data::{Detail, PersonRange, load_detail};
use super::details::{CoverageCard, DevicesCard};
use super::exercises::ExercisesCard;
use super::heart::HeartCard;
use super::live::SyncBar;
use super::night::SleepCard;
use super::raw::RawCard;
use crate::api::enums::{LinkedAccountState, MetricKey};
use crate::api::operations::dashboard::DashboardUserLinkedAccounts;
use crate::components::heading::PageTitle;
use crate::components::icons::Icon;
use crate::components::range_picker::RangePicker;
use crate::components::states::EmptyState;
use crate::pages::accounts::{ConnectButtons, Reconnect};
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{tr, zone};
use crate::view_model::accounts::time_left;
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::metric::Group;
use crate::view_model::range::Range;

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
                <A attr:class="button" href=move || format!("/people/{}/patterns", id())>{tr!(nav.patterns)}</A>
                <A attr:class="button" href=move || format!("/people/{}/accounts", id())>{tr!(accounts.title)}</A>
                <Show when=move || has_account.get()><SyncBar data load/></Show>
            </div>
        </header>
        <ConsentWarnings data/>
        <Show when=move || has_account.get() fallback=move || view! { <NoAccount data/> }>
            <div class="range-bar"><RangePicker range today/></div>
            <Unreadable detail/>
            <div class="cards" aria-busy=move || (load.is_busy() && data.read().range != range.get()).to_string()>
                <GroupTitle group=Group::Activity/>
                <DailyCard data detail today metric=MetricKey::Steps class="wide hero"/>
                <DailyCard data detail today metric=MetricKey::Distance/>
                <DailyCard data detail today metric=MetricKey::Calories/>
                <DailyCard data detail today metric=MetricKey::ActiveZoneMinutes/>
                <StackCard data title=tr!(dashboard.active_minutes) slug="active-minutes" metrics=ACTIVE_MINUTES/>
                <StackCard data title=tr!(dashboard.zone_minutes) slug="zone-minutes" metrics=ZONE_MINUTES/>
                <MoreCards data detail today metrics=MORE_ACTIVITY/>
                <ExercisesCard data/>
                <GroupTitle group=Group::Heart/>
                <HeartCard data detail/>
                <DailyCard data detail today metric=MetricKey::RestingHeartRate/>
                <DailyCard data detail today metric=MetricKey::HeartRateVariability/>
                <StackCard data title=tr!(dashboard.heart_zones) slug="heart-zones" metrics=HEART_ZONES/>
                <MoreCards data detail today metrics=MORE_HEART/>
                <GroupTitle group=Group::Night/>
                <SleepCard data/>
                <TemperatureCard data detail today/>
                <MoreCards data detail today metrics=MORE_NIGHT/>
                <BodyCards data detail today/>
                <Without data/>
                <CoverageCard data/>
                <DevicesCard data/>
                <RawCard data/>
            </div>
        </Show>
    }
    .into_any()
}

/// What to do about accounts that cannot be read, or soon cannot.
#[component]
fn ConsentWarnings(data: Signal<Arc<PersonRange>>) -> impl IntoView {
    let session = use_session();
    let warnings = move || {
        let (data, f) = (data.read(), format());
        let is_own = session.user_id().as_deref() == Some(data.user.id.as_str());
        let ended = data.user.linked_accounts.iter().filter(|a| a.state != LinkedAccountState::Active);
        let warning = |account: &DashboardUserLinkedAccounts| {
            let advice = account.advice.clone()?;
            let is_soon = account.state == LinkedAccountState::Expiring;
            let class = if is_soon { "flash warn" } else { "flash bad" };
            let ends = account.consent_ends_at.as_deref().and_then(parse_instant).filter(|_| is_soon);
            let ends = ends.map(|at| {
                let zone = zone::recent(&data.user.time_zone);
                let when = format!("{} ({})", f.date_time(at, &zone), time_left(at, data.stretch.now, &f));
                tr!(dashboard.consent_ends, when = when)
            });
            let wants_consent = account.state != LinkedAccountState::Revoked;
            let provider = account.provider.clone();
            let reconnect = wants_consent.then(|| view! { <Reconnect provider is_own/> });
            let href = format!("/people/{}/accounts", data.user.id);
            Some(view! {
                <div class=class role="alert">
                    <Icon name="warning"/>
                    <p>{ends} " " {advice} " " <A href>{tr!(accounts.open)}</A></p>
                    {reconnect}
                </div>
            })
        };
        ended.filter_map(warning).collect_view()
    };
    view! { <div class="warnings">{move || warnings()}</div> }.into_any()
}

/// Samples that are stored and cannot be read: a gap in a chart that is none of the person's.
#[component]
fn Unreadable(detail: Load<Detail>) -> impl IntoView {
    let found = Memo::new(move |_| detail.data().map(|detail| detail.unreadable.clone()).unwrap_or_default());
    let lines = move || {
        let f = format();
        let line = |(metric, days): (MetricKey, Vec<String>)| {
            let text = format!("{}: {}", f.metric(&metric), days.join(" "));
            view! { <div class="flash warn" role="alert"><Icon name="warning"/><p>{text}</p></div> }
        };
        found.get().into_iter().map(line).collect_view()
    };
    view! { <div class="warnings">{move || lines()}</div> }.into_any()
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
