//! Days as cells: what has been fetched, and why something is missing.

use leptos::prelude::*;

use crate::components::metric_card::TableToggle;
use crate::components::table::DataTable;
use crate::state::tr;
use crate::view_model::coverage::{Strip, Strips};
use crate::view_model::range::Range;

/// The strips of a range, with their legend, or their table.
#[component]
pub fn CoverageStrips(
    #[prop(into)] strips: Signal<Strips>,
    #[prop(into)] range: Signal<Range>,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let picture = move || {
        if as_table.get() {
            let table = Signal::derive(move || strips.read().table.clone());
            return view! { <DataTable table/> }.into_any();
        }
        let range = range.get();
        let row = |strip: Strip| view! { <StripRow strip range/> };
        view! {
            <div class="strips">{strips.get().strips.into_iter().map(row).collect_view()}</div>
            <Legend/>
        }
        .into_any()
    };
    view! { {move || picture()} <TableToggle as_table/> }.into_any()
}

#[component]
fn StripRow(strip: Strip, range: Range) -> impl IntoView {
    let days = f64::from(range.days());
    let f = crate::state::locale::format();
    let cell = |run: &crate::view_model::coverage::Run| {
        let left = f64::from(run.from.0 - range.from.0) / days * 100.0;
        let width = f64::from(run.from.span(run.to)) / days * 100.0;
        view! {
            <rect class=format!("coverage {}", run.class) x=left width=width height="14">
                <title>{format!("{}: {}", f.days(run.from, run.to), run.words)}</title>
            </rect>
        }
    };
    // Thin lines between days, as long as they can be told apart.
    let between = (range.days() <= 92).then(|| {
        let at = |day: i32| f64::from(day) / days * 100.0;
        (1..range.days())
            .map(|day| view! { <line class="between" x1=at(day) x2=at(day) y1="0" y2="14" vector-effect="non-scaling-stroke"></line> })
            .collect_view()
    });
    let known = f.share(strip.known);
    view! {
        <div class="strip">
            <span class="strip-name">{strip.name.clone()}</span>
            <svg viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=strip.label.clone()>
                <StripPatterns/>
                {strip.runs.iter().map(cell).collect_view()}
                {between}
            </svg>
            <span class="strip-share">{known}</span>
        </div>
    }
    .into_any()
}

/// Hatches, so that states differ by more than colour.
#[component]
fn StripPatterns() -> impl IntoView {
    view! {
        <defs>
            <pattern id="hatch" width="1.2" height="4" patternUnits="userSpaceOnUse">
                <rect width="0.5" height="4" class="hatch-ink"></rect>
            </pattern>
        </defs>
    }
    .into_any()
}

#[component]
fn Legend() -> impl IntoView {
    let f = crate::state::locale::format();
    let w = f.words;
    let items = [
        ("complete", w.coverage_complete),
        ("empty", w.coverage_empty),
        ("partial", w.coverage_partial),
        ("pending", w.coverage_pending),
        ("failed", tr!(coverage.failed).into()),
        ("forbidden", w.coverage_not_permitted),
    ];
    let item = |(class, words): (&'static str, std::borrow::Cow<'static, str>)| {
        view! { <li><span class=format!("swatch coverage {class}") aria-hidden="true"></span>{words.into_owned()}</li> }
    };
    view! { <ul class="legend">{items.into_iter().map(item).collect_view()}</ul> }.into_any()
}
