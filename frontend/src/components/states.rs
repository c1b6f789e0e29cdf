//! The four states of a page: loading, error, empty, data.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::errors::ApiError;
use crate::state::load::{Load, Phase};
use crate::state::tr;

/// A failure in a sentence that says what to do.
#[must_use]
pub fn sentence(error: &ApiError) -> String {
    match error {
        ApiError::Unauthenticated => tr!(error.unauthenticated).to_owned(),
        ApiError::Offline => tr!(error.offline).to_owned(),
        ApiError::Unreadable => tr!(error.unreadable).to_owned(),
        ApiError::Refused(refusal) => match refusal.code.as_str() {
            "FORBIDDEN" => tr!(error.forbidden).to_owned(),
            "NOT_FOUND" => tr!(error.not_found).to_owned(),
            "RATE_LIMITED" | "429" => tr!(error.rate_limited).to_owned(),
            "BAD_INPUT" if !refusal.message.is_empty() => refusal.message.clone(),
            _ => tr!(error.internal).to_owned(),
        },
    }
}

/// A failure, with a button that tries again.
#[component]
pub fn ErrorState(error: ApiError, #[prop(into)] retry: Callback<()>) -> impl IntoView {
    let request_id = match &error {
        ApiError::Refused(refusal) => refusal.request_id.clone(),
        _ => None,
    };
    view! {
        <div class="state error" role="alert">
            <p class="state-title">{sentence(&error)}</p>
            {request_id.map(|id| view! { <p class="note">{tr!(error.request_id)} " " <code>{id}</code></p> })}
            <button type="button" class="button" on:click=move |_| retry.run(())>{tr!(common.retry)}</button>
        </div>
    }
    .into_any()
}

/// Nothing yet, and the next step.
#[component]
pub fn EmptyState(
    #[prop(into)] title: String,
    #[prop(into)] hint: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state empty">
            <p class="state-title">{title}</p>
            <p class="note">{hint}</p>
            {children.map(|children| view! { <div class="state-actions">{children()}</div> })}
        </div>
    }
    .into_any()
}

/// Grey shapes in place of what is on its way.
#[component]
pub fn Skeleton(#[prop(default = 3)] blocks: usize) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">{tr!(common.loading)}</span>
            {(0..blocks).map(|_| view! { <div class="skeleton-block" aria-hidden="true"></div> }).collect_view()}
        </div>
    }
    .into_any()
}

/// Shows a load: a skeleton, an error with a retry, or `body` over the data, which is built once and follows it.
pub fn loaded<T: Send + Sync + 'static>(
    load: Load<T>,
    blocks: usize,
    body: impl Fn(Signal<Arc<T>>) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let ready = move || match load.signal().get_untracked() {
        // The data stay once they are there; the first ones only bridge the type.
        Some(first) => body(Signal::derive(move || load.data().unwrap_or_else(|| Arc::clone(&first)))),
        None => ().into_any(),
    };
    by_phase(load.phase(), blocks, Callback::new(move |()| load.retry()), Box::new(ready))
}

/// The part of [`loaded`] that does not depend on the data, compiled once.
fn by_phase(
    phase: Memo<Phase>,
    blocks: usize,
    retry: Callback<()>,
    ready: Box<dyn Fn() -> AnyView + Send + Sync>,
) -> AnyView {
    let body = move || match phase.get() {
        Phase::Loading => view! { <Skeleton blocks/> }.into_any(),
        Phase::Failed(error) => view! { <ErrorState error retry/> }.into_any(),
        Phase::Ready => ready(),
    };
    body.into_any()
}
