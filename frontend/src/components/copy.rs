//! A button that copies a text.

use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::state::tr;

/// Copies `text` and says so.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let done = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let clipboard = web_sys::window().map(|window| window.navigator().clipboard());
        leptos::task::spawn_local(async move {
            let Some(clipboard) = clipboard else { return };
            let result = JsFuture::from(clipboard.write_text(&text.get_untracked())).await;
            done.set(Some(result.is_ok()));
        });
    };
    let word = move || match done.get() {
        None => tr!(common.copy),
        Some(true) => tr!(common.copied),
        Some(false) => tr!(common.copy_failed),
    };
    view! { <button type="button" class="button small" on:click=copy><span aria-live="polite">{move || word()}</span></button> }
        .into_any()
}
