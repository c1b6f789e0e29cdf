//! A modal dialog: the browser's own, which traps and returns focus and closes on Esc.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::components::icons::Icon;
use crate::state::tr;

/// Shown while `open` is true; closing it sets `open` to false.
#[component]
pub fn Modal(
    open: RwSignal<bool>,
    /// Heading and name of the dialog.
    #[prop(into)]
    title: String,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let is_open = open.get();
        let Some(dialog) = node.get() else { return };
        if is_open && !dialog.open() {
            // Fails only for a dialog that is open or not in the document.
            let _ = dialog.show_modal();
        } else if !is_open && dialog.open() {
            dialog.close();
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog node_ref=node aria-label=title.clone() on:close=move |_| open.set(false)>
            <header class="dialog-head">
                <h2>{title.clone()}</h2>
                <button
                    type="button"
                    class="button quiet icon-only"
                    aria-label=tr!(common.close)
                    on:click=move |_| open.set(false)
                >
                    <Icon name="close"/>
                </button>
            </header>
            {move || open.get().then(|| children.read_value()())}
        </dialog>
    }
    .into_any()
}
