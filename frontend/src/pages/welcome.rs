//! `/welcome`: from an invitation to an account with a connected provider, on one page.

use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::operations::accept_invitation::{self, AcceptInvitationAcceptInvitation as Payload};
use crate::api::operations::current_viewer::CurrentViewerViewerProviders as Provider;
use crate::api::operations::pending_invitation::{self, PendingInvitationInvitation as Invitation};
use crate::api::operations::{AcceptInvitation, AcceptInvitationStatus, PendingInvitation};
use crate::api::transport::send;
use crate::components::heading::PageTitle;
use crate::components::shell::BrandMark;
use crate::components::states::{loaded, sentence};
use crate::pages::accounts::ConnectButtons;
use crate::pages::settings::TimeZoneField;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::{tr, zone};
use crate::view_model::civil::parse_instant;

/// Shortest password that the server takes.
const SHORTEST: usize = 10;

/// The page.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let load = Load::new(|| async { send::<PendingInvitation>(pending_invitation::Variables {}).await });
    view! {
        <main class="door" id="main">
            <div class="door-card">
                <p class="door-brand"><BrandMark/><span>{tr!(common.product)}</span></p>
                <PageTitle text=tr!(welcome.title)/>
                {loaded(load, 2, |data| view! { <Steps data/> }.into_any())}
            </div>
        </main>
    }
    .into_any()
}

#[component]
fn Steps(data: Signal<Arc<pending_invitation::ResponseData>>) -> impl IntoView {
    let accepted = RwSignal::new(None::<Option<String>>);
    move || match (accepted.get(), data.read().invitation.clone()) {
        (Some(user_id), invitation) => {
            let providers = invitation.map(|i| i.providers).unwrap_or_default();
            let providers: Vec<Provider> = providers.into_iter().map(provider).collect();
            view! { <Connect user_id providers/> }.into_any()
        }
        (None, Some(invitation)) => view! { <SignUp invitation accepted/> }.into_any(),
        (None, None) => view! {
            <div role="alert">
                <p class="lead">{tr!(welcome.invalid)}</p>
                <p>{tr!(welcome.invalid_do)}</p>
            </div>
            <a class="button" href="/sign-in">{tr!(welcome.to_sign_in)}</a>
        }
        .into_any(),
    }
}

fn provider(given: pending_invitation::PendingInvitationInvitationProviders) -> Provider {
    let (key, name, enabled) = (given.key, given.name, given.enabled);
    Provider { key, name, enabled, asks_for_places: given.asks_for_places, connect_url: given.connect_url }
}

#[component]
fn SignUp(invitation: Invitation, accepted: RwSignal<Option<Option<String>>>) -> impl IntoView {
    let name = RwSignal::new(invitation.display_name.clone());
    let (password, time_zone) = (RwSignal::new(String::new()), RwSignal::new(zone::of_browser()));
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let until = parse_instant(&invitation.expires_at)
        .map(|at| format().date_time(at, &zone::recent(&zone::of_browser())))
        .unwrap_or_default();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if password.read_untracked().chars().count() < SHORTEST {
            return problem.set(Some(tr!(welcome.password_short).to_owned()));
        }
        busy.set(true);
        problem.set(None);
        let variables = accept_invitation::Variables {
            display_name: name.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            time_zone: Some(time_zone.get_untracked()),
        };
        leptos::task::spawn_local(async move {
            let answer = send::<AcceptInvitation>(variables).await.map(|data| data.accept_invitation);
            busy.try_set(false);
            match answer {
                Ok(payload) if payload.status == AcceptInvitationStatus::Accepted => {
                    accepted.set(Some(payload.viewer.and_then(|viewer| viewer.user).map(|user| user.id)));
                }
                Ok(payload) => problem.set(Some(refusal(payload))),
                Err(error) => problem.set(Some(sentence(&error))),
            }
        });
    };
    view! {
        <p class="lead">{tr!(welcome.lead)}</p>
        <p class="note">{tr!(welcome.until)} " " {until}</p>
        <form on:submit=submit>
            <label class="field">
                <span>{tr!(sign_in.email)}</span>
                <input type="email" name="email" autocomplete="username" readonly prop:value=invitation.email.clone()/>
            </label>
            <label class="field">
                <span>{tr!(settings.display_name)}</span>
                <input
                    type="text"
                    required
                    autocomplete="name"
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </label>
            <label class="field">
                <span>{tr!(sign_in.password)}</span>
                <input
                    type="password"
                    required
                    autocomplete="new-password"
                    aria-describedby="password-hint"
                    prop:value=move || password.get()
                    on:input=move |event| password.set(event_target_value(&event))
                />
            </label>
            <p class="note" id="password-hint">{tr!(welcome.password_hint)}</p>
            <TimeZoneField value=time_zone/>
            <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
            <button class="button primary wide" prop:disabled=move || busy.get()>{tr!(welcome.submit)}</button>
        </form>
    }
    .into_any()
}

/// The last step: consent at the provider.
#[component]
fn Connect(user_id: Option<String>, providers: Vec<Provider>) -> impl IntoView {
    let home = user_id.map_or_else(|| "/".to_owned(), |id| format!("/people/{id}"));
    view! {
        <div role="status"><p class="lead">{tr!(welcome.connect)}</p></div>
        <p>{tr!(welcome.connect_hint)}</p>
        <ConnectButtons providers/>
        <p><a href=home>{tr!(welcome.later)}</a></p>
    }
    .into_any()
}

fn refusal(payload: Payload) -> String {
    match payload.status {
        AcceptInvitationStatus::PasswordTooShort => tr!(welcome.password_short).to_owned(),
        AcceptInvitationStatus::Invalid => tr!(welcome.invalid_do).to_owned(),
        _ => payload.message.unwrap_or_else(|| tr!(error.internal).to_owned()),
    }
}
