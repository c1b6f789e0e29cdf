//! The dialog that makes an invitation link.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::operations::invite_user::{self, InviteUserInput};
use crate::api::operations::{InviteUser, InviteUserStatus};
use crate::api::transport::send;
use crate::components::copy::CopyButton;
use crate::components::dialog::Modal;
use crate::components::states::sentence;
use crate::state::locale::format;
use crate::state::{tr, zone};
use crate::view_model::civil::parse_instant;

/// A link to hand over, shown once.
#[derive(Debug, Clone, PartialEq)]
struct Link {
    url: String,
    until: String,
}

/// Asks for an address and gives a link.
#[component]
pub fn InviteDialog(open: RwSignal<bool>, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    view! { <Modal open title=tr!(invite.title)><InviteForm open on_done/></Modal> }
}

#[component]
fn InviteForm(open: RwSignal<bool>, on_done: Callback<()>) -> impl IntoView {
    let (email, name, code) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (problem, link, busy) =
        (RwSignal::new(None::<String>), RwSignal::new(None::<Link>), RwSignal::new(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        problem.set(None);
        let given =
            |text: RwSignal<String>| Some(text.get_untracked().trim().to_owned()).filter(|t| !t.is_empty());
        let input = InviteUserInput {
            email: email.get_untracked().trim().to_owned(),
            display_name: given(name),
            code: given(code),
        };
        leptos::task::spawn_local(async move {
            let answer =
                send::<InviteUser>(invite_user::Variables { input }).await.map(|data| data.invite_user);
            busy.set(false);
            match answer {
                Ok(invite_user::InviteUserInviteUser {
                    status: InviteUserStatus::Invited,
                    url: Some(url),
                    expires_at,
                    ..
                }) => {
                    let at = expires_at.as_deref().and_then(parse_instant);
                    let zone = zone::recent(&zone::of_browser());
                    let until = at.map(|at| format().date_time(at, &zone)).unwrap_or_default();
                    link.set(Some(Link { url, until }));
                    on_done.run(());
                }
                Ok(payload) => problem.set(Some(refusal(&payload.status, payload.message))),
                Err(error) => problem.set(Some(sentence(&error))),
            }
        });
    };
    let text_field = |label: &'static str, kind: &'static str, required: bool, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span>{label}</span>
                <input
                    type=kind
                    required=required
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </label>
        }
    };
    move || {
        match link.get() {
        Some(made) => view! { <MadeLink made open/> }.into_any(),
        None => view! {
            <form on:submit=submit>
                <p class="note">{tr!(invite.hint)}</p>
                {text_field(tr!(sign_in.email), "email", true, email)}
                {text_field(tr!(invite.name), "text", false, name)}
                {text_field(tr!(invite.code), "text", false, code)}
                <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>{tr!(common.cancel)}</button>
                    <button class="button primary" prop:disabled=move || busy.get()>{tr!(invite.submit)}</button>
                </div>
            </form>
        }
        .into_any(),
    }
    }
}

#[component]
fn MadeLink(made: Link, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <div role="status">
            <p>{tr!(invite.made)} " " {made.until}</p>
            <label class="field">
                <span>{tr!(invite.link)}</span>
                <input type="text" readonly prop:value=made.url.clone()/>
            </label>
        </div>
        <div class="dialog-actions">
            <CopyButton text=made.url.clone()/>
            <button type="button" class="button primary" on:click=move |_| open.set(false)>{tr!(common.done)}</button>
        </div>
    }
    .into_any()
}

fn refusal(status: &InviteUserStatus, message: Option<String>) -> String {
    match status {
        InviteUserStatus::EmailInvalid => tr!(invite.email_invalid).to_owned(),
        InviteUserStatus::CodeTaken => tr!(invite.code_taken).to_owned(),
        InviteUserStatus::CodeInvalid => tr!(invite.code_invalid).to_owned(),
        InviteUserStatus::AlreadySignedUp => tr!(invite.already).to_owned(),
        _ => message.unwrap_or_else(|| tr!(error.internal).to_owned()),
    }
}
