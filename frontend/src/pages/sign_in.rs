//! `/sign-in`

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::operations::{SignIn, SignInStatus, sign_in};
use crate::api::transport::send;
use crate::components::heading::PageTitle;
use crate::components::shell::BrandMark;
use crate::components::states::sentence;
use crate::state::tr;

/// Where to go after signing in: only paths of this app, never another site.
fn destination(next: Option<String>) -> String {
    next.filter(|next| next.starts_with('/') && !next.starts_with("//") && !next.contains('\\'))
        .unwrap_or_else(|| "/".to_owned())
}

/// The sign-in form.
#[component]
pub fn SignInPage() -> impl IntoView {
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let (query, navigate) = (use_query_map(), use_navigate());
    let is_expired = move || query.read().get("next").is_some();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (navigate, next) = (navigate.clone(), destination(query.get_untracked().get("next")));
        let variables =
            sign_in::Variables { email: email.get_untracked(), password: password.get_untracked() };
        leptos::task::spawn_local(async move {
            let answer = send::<SignIn>(variables).await.map(|data| data.sign_in);
            busy.set(false);
            match answer {
                Ok(payload) if payload.status == SignInStatus::SignedIn => {
                    navigate(&next, NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Ok(payload) => problem.set(Some(refusal(&payload.status, payload.message))),
                Err(error) => problem.set(Some(sentence(&error))),
            }
        });
    };
    view! {
        <main class="door" id="main">
            <div class="door-card">
                <p class="door-brand"><BrandMark/><span>{tr!(common.product)}</span></p>
                <PageTitle text=tr!(sign_in.title)/>
                <Show when=is_expired>
                    <p class="note">{tr!(sign_in.expired)}</p>
                </Show>
                <form on:submit=submit>
                    <label class="field">
                        <span>{tr!(sign_in.email)}</span>
                        <input
                            type="email"
                            name="email"
                            autocomplete="username"
                            required
                            prop:value=move || email.get()
                            on:input=move |event| email.set(event_target_value(&event))
                        />
                    </label>
                    <label class="field">
                        <span>{tr!(sign_in.password)}</span>
                        <input
                            type="password"
                            name="password"
                            autocomplete="current-password"
                            required
                            prop:value=move || password.get()
                            on:input=move |event| password.set(event_target_value(&event))
                        />
                    </label>
                    <div role="alert">
                        {move || problem.get().map(|problem| view! { <p class="problem">{problem}</p> })}
                    </div>
                    <button class="button primary wide" prop:disabled=move || busy.get()>
                        {move || if busy.get() { tr!(sign_in.busy) } else { tr!(sign_in.submit) }}
                    </button>
                </form>
                <p class="note">{tr!(sign_in.help)}</p>
            </div>
        </main>
    }
    .into_any()
}

fn refusal(status: &SignInStatus, message: Option<String>) -> String {
    match status {
        SignInStatus::Wrong => tr!(sign_in.wrong).to_owned(),
        SignInStatus::Throttled => tr!(sign_in.throttled).to_owned(),
        _ => message.unwrap_or_else(|| tr!(error.internal).to_owned()),
    }
}
