//! The heading of a page.

use leptos::html::{H1, H2};
use leptos::prelude::*;

use crate::state::tr;

/// The page's one `h1`; also names the browser's tab and takes the focus after a change of page.
#[component]
pub fn PageTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let node = NodeRef::<H1>::new();
    Effect::new(move |_| {
        if let Some(document) = web_sys::window().and_then(|w| w.document()) {
            document.set_title(&format!("{} · {}", text.get(), tr!(common.product)));
        }
    });
    Effect::new(move |_| {
        let Some(heading) = node.get() else { return };
        let moved = use_context::<Moved>().is_some_and(|moved| moved.0.get_value());
        if moved {
            // An element that cannot be focused is left alone.
            let _ = heading.focus();
        }
    });
    view! { <h1 tabindex="-1" node_ref=node>{move || text.get()}</h1> }.into_any()
}

/// The heading of a panel that a click or key has opened; it takes the focus.
#[component]
pub fn PanelTitle(#[prop(into)] text: String) -> impl IntoView {
    let node = NodeRef::<H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = node.get() {
            // An element that cannot be focused is left alone.
            let _ = heading.focus();
        }
    });
    view! { <h2 id="heading-panel" tabindex="-1" node_ref=node>{text}</h2> }.into_any()
}

/// Whether the person has moved between pages: the first page leaves the focus where the browser puts it.
#[derive(Debug, Clone, Copy)]
pub struct Moved(pub StoredValue<bool>);
