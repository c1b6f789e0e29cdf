//! What the page shows: metric, periods, and what is compared. All of it lives in the address.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api::enums::MetricKey;
use crate::state::locale::format;
use crate::state::tr;
use crate::view_model::civil::Day;
use crate::view_model::patterns::asked::{Against, Asked, By, choices};
use crate::view_model::range::{EARLIEST, Range};

/// Changes what is asked, by the address.
pub fn goer(range: Signal<Range>) -> Callback<Asked> {
    let navigate = use_navigate();
    Callback::new(move |asked: Asked| {
        let address = format!("{}{}", range.read_untracked().query(), asked.query());
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    })
}

#[component]
pub fn MetricField(#[prop(into)] range: Signal<Range>, #[prop(into)] asked: Signal<Asked>) -> impl IntoView {
    let go = goer(range);
    let f = format();
    let options = choices().into_iter().map(|metric| {
        let (key, name) = (metric.as_str().to_owned(), f.metric(&metric));
        view! { <option value=key selected=move || asked.read().metric == metric>{name}</option> }
    });
    let choose = move |event| {
        let metric = MetricKey::from(event_target_value(&event).as_str());
        go.run(Asked { metric, ..asked.get_untracked() });
    };
    view! {
        <label class="field">
            <span>{tr!(patterns.metric)}</span>
            <select on:change=choose>{options.collect_view()}</select>
        </label>
    }
    .into_any()
}

/// A row of buttons, of which one is pressed.
fn segments<T: Clone + PartialEq + Send + Sync + 'static>(
    name: &'static str,
    all: Vec<(T, &'static str)>,
    is_on: impl Fn(&T) -> bool + Clone + Send + Sync + 'static,
    go: impl Fn(T) + Clone + Send + Sync + 'static,
) -> AnyView {
    let button = |(value, text): (T, &'static str)| {
        let (is_on, go, own) = (is_on.clone(), go.clone(), value.clone());
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || is_on(&own).to_string()
                on:click=move |_| go(value.clone())
            >
                {text}
            </button>
        }
    };
    let buttons = all.into_iter().map(button).collect_view();
    view! { <div class="segments" role="group" aria-label=name>{buttons}</div> }.into_any()
}

#[component]
pub fn ByField(range: Signal<Range>, asked: Signal<Asked>) -> impl IntoView {
    let go = goer(range);
    let names = [tr!(patterns.week), tr!(patterns.month), tr!(patterns.year)];
    segments(
        tr!(patterns.totals),
        By::ALL.into_iter().zip(names).collect(),
        move |by| asked.read().by == *by,
        move |by| go.run(Asked { by, ..asked.get_untracked() }),
    )
}

#[component]
pub fn AgainstField(
    range: Signal<Range>,
    asked: Signal<Asked>,
    sides: Signal<(Range, Range)>,
    today: Memo<Day>,
) -> impl IntoView {
    let go = goer(range);
    let choices = vec![
        ("month", tr!(patterns.against_month)),
        ("week", tr!(patterns.against_week)),
        ("before", tr!(patterns.against_before)),
        ("own", tr!(patterns.against_own)),
    ];
    let buttons = segments(
        tr!(patterns.against),
        choices,
        move |key| asked.read().against.key() == *key,
        move |key| {
            let against = match key {
                "week" => Against::Week,
                "before" => Against::Before,
                // One's own begins with what is shown.
                "own" => Against::Own(sides.get_untracked().1),
                _ => Against::Month,
            };
            go.run(Asked { against, ..asked.get_untracked() });
        },
    );
    let pick = move |is_from: bool, text: String| {
        let Some(day) = Day::parse(&text).filter(|day| *day >= EARLIEST) else { return };
        let (now, day) = (sides.get_untracked().1, day.min(today.get_untracked()));
        let own = if is_from {
            Range { from: day, to: now.to.max(day) }
        } else {
            Range { from: now.from.min(day), to: day }
        };
        go.run(Asked { against: Against::Own(own), ..asked.get_untracked() });
    };
    let field = move |is_from: bool| {
        let text = if is_from { tr!(patterns.own_from) } else { tr!(patterns.own_to) };
        let value = move || {
            let other = sides.get().1;
            if is_from { other.from.to_string() } else { other.to.to_string() }
        };
        view! {
            <label class="date-field">
                <span class="visually-hidden">{text}</span>
                <input
                    type="date"
                    prop:value=value
                    prop:max=move || today.get().to_string()
                    on:change=move |event| pick(is_from, event_target_value(&event))
                />
            </label>
        }
    };
    let is_own = move || matches!(asked.read().against, Against::Own(_));
    view! {
        <div class="how">
            {buttons}
            <Show when=is_own>
                <div class="range-step">{field(true)} <span aria-hidden="true">"–"</span> {field(false)}</div>
            </Show>
        </div>
    }
    .into_any()
}
