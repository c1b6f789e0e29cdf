//! Line icons, drawn on a grid of 24.

use leptos::prelude::*;

fn path(name: &str) -> &'static str {
    match name {
        "people" => {
            "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9c0-3.3 2.7-6 6-6s6 2.7 6 6M16 4.5a3.5 3.5 0 0 1 0 6M17 14c2.4.6 4 3 4 6"
        }
        "chart" => "M4 4v16h16M8 15l3.5-4 3 2.5L20 7",
        "grid" => {
            "M4 4h4v4H4ZM10 4h4v4h-4ZM16 4h4v4h-4ZM4 10h4v4H4ZM10 10h4v4h-4ZM16 10h4v4h-4ZM4 16h4v4H4ZM10 16h4v4h-4ZM16 16h4v4h-4Z"
        }
        "jobs" => "M20 11a8 8 0 0 0-14.5-3.5M4 4v4h4M4 13a8 8 0 0 0 14.5 3.5M20 20v-4h-4",
        "key" => "M14.5 9.5a5 5 0 1 0-4.6 5l1.6-.2 1.5 1.7h2v2h2v2h3v-3.5l-5.6-5.6Z M8.5 9.5h.01",
        "settings" => "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
        "out" => "M14 4h5a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-5M10 8l-4 4 4 4M6 12h10",
        "left" => "M14.5 5 8 12l6.5 7",
        "right" => "M9.5 5 16 12l-6.5 7",
        "close" => "M6 6l12 12M18 6 6 18",
        "link" => {
            "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17"
        }
        "check" => "M5 12.5 10 17 19 7",
        "warning" => "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.3h.01",
        _ => "M12 12h.01",
    }
}

/// An icon beside a text that names it.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=path(name)></path>
        </svg>
    }
    .into_any()
}
