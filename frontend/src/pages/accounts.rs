//! `/people/{id}/accounts`: linked accounts.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;

use crate::api::enums::{LinkedAccountState, ProviderKey};
use crate::api::errors::ApiError;
use crate::api::operations::accounts::{self, AccountsUser, AccountsUserLinkedAccounts as Account};
use crate::api::operations::current_viewer::CurrentViewerViewerProviders as Provider;
use crate::api::operations::{Accounts, Disconnect, DisconnectStatus, disconnect};
use crate::api::transport::send;
use crate::components::dialog::Modal;
use crate::components::heading::PageTitle;
use crate::components::states::{EmptyState, loaded, sentence};
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{clock, tr, zone};
use crate::view_model::civil::parse_instant;

/// A provider's name.
#[must_use]
pub fn provider_name(provider: &ProviderKey) -> String {
    match provider {
        ProviderKey::GoogleHealth => tr!(provider.google_health).to_owned(),
        ProviderKey::Fitbit => tr!(provider.fitbit).to_owned(),
        ProviderKey::Other(name) => name.clone(),
    }
}

/// A state of a linked account in words.
#[must_use]
pub fn state_words(state: &LinkedAccountState) -> &'static str {
    match state {
        LinkedAccountState::Active => tr!(account_state.active),
        LinkedAccountState::Expiring => tr!(account_state.expiring),
        LinkedAccountState::NeedsConsent => tr!(account_state.needs_consent),
        LinkedAccountState::Revoked => tr!(account_state.revoked),
        LinkedAccountState::Other(_) => tr!(account_state.other),
    }
}

/// The badge of a state.
#[must_use]
pub fn state_class(state: &LinkedAccountState) -> &'static str {
    match state {
        LinkedAccountState::Active => "badge good",
        LinkedAccountState::Expiring => "badge warn",
        LinkedAccountState::NeedsConsent => "badge bad",
        LinkedAccountState::Revoked | LinkedAccountState::Other(_) => "badge",
    }
}

/// The part of `/connect/…` that stands for a provider.
#[must_use]
pub fn connect_address(key: &ProviderKey, given: &str) -> String {
    if given.is_empty() {
        format!("/connect/{}", key.as_str().to_ascii_lowercase())
    } else {
        given.to_owned()
    }
}

/// A link per provider that this server has; they leave the app for the provider's consent page.
#[component]
pub fn ConnectButtons(providers: Vec<Provider>) -> impl IntoView {
    let link = |provider: Provider| {
        let text = match provider.key {
            ProviderKey::GoogleHealth => tr!(accounts.connect_google_health).to_owned(),
            ProviderKey::Fitbit => tr!(accounts.connect_fitbit).to_owned(),
            ProviderKey::Other(_) => format!("{} {}", tr!(accounts.connect), provider.name),
        };
        let class = if provider.key == ProviderKey::GoogleHealth { "button primary" } else { "button" };
        view! { <a class=class rel="external" href=connect_address(&provider.key, &provider.connect_url)>{text}</a> }
    };
    let none = !providers.iter().any(|provider| provider.enabled);
    let places = providers.iter().any(|provider| provider.enabled && provider.asks_for_places);
    let links = providers.into_iter().filter(|provider| provider.enabled).map(link).collect_view();
    view! {
        <div class="connect-buttons">{links}</div>
        {places.then(|| view! { <p class="note">{tr!(accounts.places_hint)}</p> })}
        {none.then(|| view! { <p class="note">{tr!(accounts.no_provider)}</p> })}
    }
    .into_any()
}

/// The way to a new consent: a link for the person, for anybody else whom to ask.
#[component]
pub fn Reconnect(provider: ProviderKey, is_own: bool) -> impl IntoView {
    if !is_own {
        return view! { <p class="note">{tr!(accounts.ask_person)}</p> }.into_any();
    }
    let known = use_session().providers().into_iter().find(|known| known.key == provider);
    let href = connect_address(&provider, known.as_ref().map_or("", |known| &known.connect_url));
    let text = tr!(accounts.reconnect, provider = provider_name(&provider));
    view! { <a class="button primary reconnect" rel="external" href=href>{text}</a> }.into_any()
}

/// The page.
#[component]
pub fn AccountsPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let load = Load::new(move || {
        let variables = accounts::Variables { id: id.get() };
        async move { send::<Accounts>(variables).await?.user.ok_or_else(ApiError::not_found) }
    });
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(accounts.title)/>
                <p class="page-caption">
                    <A href=move || format!("/people/{}", id.get())>{tr!(accounts.back)}</A>
                </p>
            </div>
        </header>
        {loaded(load, 2, move |user| view! { <AccountList user load/> }.into_any())}
    }
    .into_any()
}

#[component]
fn AccountList(user: Signal<Arc<AccountsUser>>, load: Load<AccountsUser>) -> impl IntoView {
    let session = use_session();
    let is_own = move || session.user_id().as_deref() == Some(user.read().id.as_str());
    let rows = move || {
        let user = user.get();
        if user.linked_accounts.is_empty() {
            let hint = if is_own() { tr!(accounts.empty_hint) } else { tr!(dashboard.no_account_other) };
            return view! { <EmptyState title=tr!(accounts.empty) hint/> }.into_any();
        }
        let row = |account: &Account| {
            view! { <AccountRow account=account.clone() zone_name=user.time_zone.clone() load/> }
        };
        view! { <ul class="rows">{user.linked_accounts.iter().map(row).collect_view()}</ul> }.into_any()
    };
    let connect = move || {
        is_own().then(|| {
            view! {
                <section class="card" aria-labelledby="heading-connect">
                    <h2 id="heading-connect">{tr!(accounts.connect_title)}</h2>
                    <p class="note">{tr!(accounts.connect_hint)}</p>
                    <ConnectButtons providers=session.providers()/>
                </section>
            }
        })
    };
    view! { {move || rows()} {move || connect()} }.into_any()
}

#[component]
fn AccountRow(account: Account, zone_name: String, load: Load<AccountsUser>) -> impl IntoView {
    let f = format();
    let clock_zone = zone::recent(&zone_name);
    let when = |at: Option<&str>| {
        at.and_then(parse_instant).map_or_else(
            || f.words.never.clone().into_owned(),
            |at| format!("{} ({})", f.date_time(at, &clock_zone), f.ago(at, clock::now())),
        )
    };
    let name = provider_name(&account.provider);
    let can_disconnect = account.state != LinkedAccountState::Revoked;
    let confirm = RwSignal::new(false);
    let missing = (!account.missing_scopes.is_empty()).then(|| {
        let scopes = account.missing_scopes.iter().map(|scope| view! { <li><code>{scope.clone()}</code></li> });
        view! { <div class="note"><p>{tr!(accounts.missing_scopes)}</p><ul>{scopes.collect_view()}</ul></div> }
    });
    view! {
        <li class="card row">
            <div class="row-head">
                <h2>{name.clone()}</h2>
                <span class=state_class(&account.state)>{state_words(&account.state)}</span>
            </div>
            {account.advice.clone().map(|advice| view! { <p class="advice">{advice}</p> })}
            {missing}
            <dl class="facts-list">
                <div><dt>{tr!(accounts.provider_user)}</dt><dd><code>{account.provider_user_id.clone()}</code></dd></div>
                <div><dt>{tr!(accounts.linked)}</dt><dd>{when(Some(&account.linked_at))}</dd></div>
                <div><dt>{tr!(accounts.last_sync)}</dt><dd>{when(account.last_sync_at.as_deref())}</dd></div>
                <div><dt>{tr!(accounts.scopes)}</dt><dd>{account.scopes.len()}</dd></div>
            </dl>
            {can_disconnect.then(|| view! {
                <button type="button" class="button danger" on:click=move |_| confirm.set(true)>
                    {tr!(accounts.disconnect)}
                </button>
            })}
            <DisconnectDialog open=confirm id=account.id.clone() name load/>
        </li>
    }
    .into_any()
}

#[component]
fn DisconnectDialog(
    open: RwSignal<bool>,
    id: String,
    name: String,
    load: Load<AccountsUser>,
) -> impl IntoView {
    let flash = use_flash();
    let busy = RwSignal::new(false);
    let id = StoredValue::new(id);
    let act = move |_| {
        busy.set(true);
        let variables = disconnect::Variables { linked_account_id: id.get_value() };
        leptos::task::spawn_local(async move {
            let answer = send::<Disconnect>(variables).await.map(|data| data.disconnect);
            busy.set(false);
            open.set(false);
            match answer {
                Ok(payload) if payload.status == DisconnectStatus::Disconnected => {
                    let words = if payload.revoked_at_provider {
                        tr!(accounts.disconnected)
                    } else {
                        tr!(accounts.disconnected_here_only)
                    };
                    flash.say(words);
                }
                Ok(_) => flash.warn(tr!(error.not_found)),
                Err(error) => flash.warn(sentence(&error)),
            }
            load.retry();
        });
    };
    let title = format!("{} {name}?", tr!(accounts.disconnect));
    view! {
        <Modal open title>
            <p>{tr!(accounts.disconnect_text)}</p>
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>{tr!(common.cancel)}</button>
                <button type="button" class="button danger" on:click=act prop:disabled=move || busy.get()>
                    {tr!(accounts.disconnect_confirm)}
                </button>
            </div>
        </Modal>
    }
    .into_any()
}
