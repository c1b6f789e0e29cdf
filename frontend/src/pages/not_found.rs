//! Any address that is no page.

use leptos::prelude::*;

use crate::components::heading::PageTitle;
use crate::components::shell::BrandMark;
use crate::state::tr;

/// Says so, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <main class="door" id="main">
            <div class="door-card">
                <p class="door-brand"><BrandMark/><span>{tr!(common.product)}</span></p>
                <PageTitle text=tr!(not_found.title)/>
                <p>{tr!(not_found.text)}</p>
                <a class="button primary" href="/">{tr!(not_found.home)}</a>
            </div>
        </main>
    }
    .into_any()
}
