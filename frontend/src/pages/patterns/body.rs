//! The cards of the page.

use std::sync::Arc;

use leptos::prelude::*;

use super::Loaded;
use super::choose::{AgainstField, ByField};
use crate::components::metric_card::{ChartOrTable, MetricCard, Total};
use crate::components::raster::RasterOrTable;
use crate::components::states::EmptyState;
use crate::components::table::DataTable;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::theme::use_theme;
use crate::state::tr;
use crate::view_model::chart::ChartModel;
use crate::view_model::civil::Day;
use crate::view_model::daily::Headline;
use crate::view_model::format::Format;
use crate::view_model::palette::Palette;
use crate::view_model::patterns::{heat, periods, rhythm, usual, versus, wear};
use crate::view_model::stack::Stack;

/// Charts of days share a cursor.
const GROUP: &str = "patterns";

type Data = Signal<Arc<Loaded>>;

#[component]
pub fn Body(data: Data, load: Load<Loaded>, today: Memo<Day>) -> impl IntoView {
    view! {
        <div class="cards" aria-busy=move || load.is_busy().to_string()>
            <HeatCard data/>
            <UsualCard data/>
            <PeriodsCard data/>
            <WearCard data/>
            <VersusCard data today/>
            <ZonesCards data/>
            <RhythmCard data/>
        </div>
    }
    .into_any()
}

/// A chart of the data in words and colours, drawn anew only when it is another one.
fn drawn(
    data: Data,
    draw: impl Fn(&Loaded, &Format, &Palette) -> Option<ChartModel> + Send + Sync + 'static,
) -> Memo<Option<Arc<ChartModel>>> {
    let (theme, f) = (use_theme(), StoredValue::new(format()));
    Memo::new(move |_| draw(&data.read(), &f.read_value(), &theme.palette()).map(Arc::new))
}

fn head(data: Data, of: impl Fn(&Loaded, &Format) -> Headline + Send + Sync + 'static) -> Signal<Headline> {
    let f = StoredValue::new(format());
    Signal::derive(move || of(&data.read(), &f.read_value()))
}

#[component]
fn HeatCard(data: Data) -> impl IntoView {
    let f = StoredValue::new(format());
    let raster = Memo::new(move |_| {
        let data = data.read();
        let profile = &data.found.profile;
        let raster = || heat::raster(profile, &data.asked.hourly(), data.range, &f.read_value());
        (profile.days > 0).then(|| Arc::new(raster()))
    });
    let picture = move || match raster.get() {
        Some(raster) => view! { <RasterOrTable raster=Signal::stored(raster) row_height=26.0/> }.into_any(),
        None => view! { <EmptyState title=tr!(patterns.empty) hint=tr!(patterns.empty_hint)/> }.into_any(),
    };
    let title =
        move || format!("{}: {}", f.read_value().metric(&data.read().asked.hourly()), tr!(patterns.heat));
    view! {
        <section class="card metric full" aria-labelledby="heading-heat" data-metric="heat">
            <h2 id="heading-heat">{title}</h2>
            {picture}
        </section>
    }
    .into_any()
}

#[component]
fn UsualCard(data: Data) -> impl IntoView {
    let headline = head(data, |data, f| {
        data.found.baseline.first().map(|usual| usual::headline(usual, f)).unwrap_or_default()
    });
    let chart = drawn(data, |data, f, palette| {
        usual::chart(data.found.baseline.first()?, &data.asked.metric, f, palette)
    });
    let title = Signal::derive(move || {
        format!("{}: {}", format().metric(&data.read().asked.metric), tr!(patterns.usual))
    });
    view! { <MetricCard slug="usual".to_owned() title headline chart group=Some(GROUP) class="full"/> }
}

#[component]
fn PeriodsCard(data: Data) -> impl IntoView {
    let headline = head(data, |data, f| periods::headline(&data.found.totals, &data.asked.metric, f));
    let chart = drawn(data, |data, f, palette| {
        periods::chart(&data.found.totals, &data.asked.metric, data.asked.by, f, palette)
    });
    let title = move || format!("{}: {}", format().metric(&data.read().asked.metric), tr!(patterns.totals));
    let range = Signal::derive(move || data.read().range);
    let asked = Signal::derive(move || data.read().asked.clone());
    view! {
        <section class="card metric half" aria-labelledby="heading-periods" data-metric="periods">
            <h2 id="heading-periods">{title}</h2>
            <Total slug="periods" headline/>
            <div><ByField range asked/></div>
            <ChartOrTable chart/>
            <p class="note">{tr!(patterns.paler)}</p>
        </section>
    }
    .into_any()
}

#[component]
fn VersusCard(data: Data, today: Memo<Day>) -> impl IntoView {
    let range = Signal::derive(move || data.read().range);
    let asked = Signal::derive(move || data.read().asked.clone());
    let sides = Signal::derive(move || data.read().sides);
    let table = Memo::new(move |_| {
        let data = data.read();
        versus::table(&data.found.compare, data.sides, &format())
    });
    let body = move || match table.get() {
        Some(table) => view! { <DataTable table=Signal::stored(table)/> }.into_any(),
        None => view! { <p class="note">{tr!(patterns.nothing_to_compare)}</p> }.into_any(),
    };
    view! {
        <section class="card metric full" aria-labelledby="heading-versus" data-metric="versus">
            <h2 id="heading-versus">{tr!(patterns.versus)}</h2>
            <AgainstField range asked sides today/>
            {body}
            <p class="note">{tr!(patterns.versus_hint)}</p>
        </section>
    }
    .into_any()
}

#[component]
fn RhythmCard(data: Data) -> impl IntoView {
    let headline = head(data, |data, f| rhythm::headline(&data.found.sleep_regularity, f));
    let raster = Memo::new(move |_| {
        let data = data.read();
        Arc::new(rhythm::raster(&data.found.sleep, data.range, &format()))
    });
    let has_any = Memo::new(move |_| !data.read().found.sleep.is_empty());
    view! {
        <section class="card metric full" aria-labelledby="heading-rhythm" data-metric="rhythm">
            <h2 id="heading-rhythm">{tr!(patterns.rhythm)}</h2>
            <Total slug="rhythm" headline/>
            <Show when=move || has_any.get()><RasterOrTable raster row_height=9.0/></Show>
        </section>
    }
    .into_any()
}

#[component]
fn WearCard(data: Data) -> impl IntoView {
    let headline = head(data, |data, f| wear::headline(&data.found.wear, f));
    let chart = drawn(data, |data, f, palette| wear::chart(&data.found.wear, f, palette));
    view! {
        <MetricCard slug="wear".to_owned() title=tr!(patterns.wear).to_owned() headline chart group=Some(GROUP) class="half"/>
    }
}

#[component]
fn ZonesCards(data: Data) -> impl IntoView {
    let card = move |slug: &'static str, title: &'static str, of: fn(&Loaded) -> Stack| {
        let has_data = Memo::new(move |_| of(&data.read()).has_data(data.read().range));
        move || {
            let headline = head(data, move |data, f| of(data).headline(data.range, f));
            let chart =
                drawn(data, move |data, f, palette| Some(of(data).chart(title, data.range, f, palette)));
            has_data.get().then(|| {
                view! { <MetricCard slug=slug.to_owned() title=title.to_owned() headline chart group=Some(GROUP) class="half"/> }
            })
        }
    };
    view! {
        {card("heart-zones", tr!(patterns.zones), |data| data.found.zones.heart_rate.stack(&data.found.zones.dates))}
        {card("zone-minutes", tr!(patterns.zone_minutes), |data| data.found.zones.active_zone.stack(&data.found.zones.dates))}
    }
    .into_any()
}
