//! The range that is looked at. It lives in the address; this changes the address.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::components::icons::Icon;
use crate::state::tr;
use crate::view_model::civil::Day;
use crate::view_model::range::{EARLIEST, Range};

/// Lengths of the presets in days.
const PRESETS: &[i32] = &[1, 7, 30, 90, 365];

fn preset_name(days: i32) -> &'static str {
    match days {
        1 => tr!(range.today),
        7 => tr!(range.week),
        28 => tr!(range.four_weeks),
        30 => tr!(range.month),
        90 => tr!(range.quarter),
        _ => tr!(range.year),
    }
}

/// Date fields, neighbours and presets.
#[component]
pub fn RangePicker(
    #[prop(into)] range: Signal<Range>,
    #[prop(into)] today: Signal<Day>,
    #[prop(default = PRESETS)] presets: &'static [i32],
    /// More of the address, to be kept: `&name=value`s.
    #[prop(optional, into)]
    keep: Signal<String>,
) -> impl IntoView {
    let navigate = use_navigate();
    let go = Callback::new(move |range: Range| {
        let address = format!("{}{}", range.query(), keep.read_untracked());
        navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let pick = move |is_from: bool, text: String| {
        let Some(day) = Day::parse(&text).filter(|day| *day >= EARLIEST) else { return };
        let (now, day) = (range.get_untracked(), day.min(today.get_untracked()));
        // A start after the end, or an end before the start, moves the other one along.
        let picked = if is_from {
            Range { from: day, to: now.to.max(day) }
        } else {
            Range { from: now.from.min(day), to: day }
        };
        go.run(picked);
    };
    let presets = presets.iter().map(|&days| {
        let preset = move || Range::last(days, today.get());
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || (range.get() == preset()).to_string()
                on:click=move |_| go.run(preset())
            >
                {preset_name(days)}
            </button>
        }
    });
    let next = move || range.get().next(today.get());
    view! {
        <div class="range-picker" role="group" aria-label=tr!(range.name)>
            <div class="range-step">
                <button
                    type="button"
                    class="button icon-only"
                    aria-label=move || if range.get().is_day() { tr!(range.previous_day) } else { tr!(range.previous) }
                    on:click=move |_| go.run(range.get_untracked().previous())
                >
                    <Icon name="left"/>
                </button>
                <label class="date-field">
                    <span class="visually-hidden">{tr!(range.from)}</span>
                    <input
                        type="date"
                        prop:value=move || range.get().from.to_string()
                        prop:max=move || today.get().to_string()
                        on:change=move |event| pick(true, event_target_value(&event))
                    />
                </label>
                <span aria-hidden="true">"–"</span>
                <label class="date-field">
                    <span class="visually-hidden">{tr!(range.to)}</span>
                    <input
                        type="date"
                        prop:value=move || range.get().to.to_string()
                        prop:max=move || today.get().to_string()
                        on:change=move |event| pick(false, event_target_value(&event))
                    />
                </label>
                <button
                    type="button"
                    class="button icon-only"
                    aria-label=move || if range.get().is_day() { tr!(range.next_day) } else { tr!(range.next) }
                    prop:disabled=move || next().is_none()
                    on:click=move |_| {
                        if let Some(next) = next() {
                            go.run(next);
                        }
                    }
                >
                    <Icon name="right"/>
                </button>
            </div>
            <div class="segments">{presets.collect_view()}</div>
        </div>
    }
    .into_any()
}
