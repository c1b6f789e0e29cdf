//! How the linked accounts stand: consent, requests left, last and next sync.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::A;
use serde::Deserialize;

use crate::api::enums::{LinkedAccountState, PushState};
use crate::api::errors::ApiError;
use crate::api::operations::{
    OwnSyncAccounts, PersonAccounts, SyncAccount, SyncAccounts, own_sync_accounts, sync_accounts,
};
use crate::api::transport::{send, send_as};
use crate::components::states::loaded;
use crate::pages::accounts::{Reconnect, provider_name, state_class, state_words};
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::{Session, use_session};
use crate::state::{clock, tr, zone};
use crate::view_model::accounts::{gauge, needs_somebody, time_left, urgency};
use crate::view_model::civil::parse_instant;

/// People of one request.
const PAGE: i64 = 100;
/// Pages that are read: with more people than that the list is cut, and says so.
const PAGES: usize = 3;

/// People with their accounts, and whether there are more.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    pub people: Vec<PersonAccounts>,
    pub has_more: bool,
}

/// For an admin everybody, for a member oneself.
pub fn load(session: Session) -> Load<People> {
    #[derive(Debug, Deserialize)]
    struct One {
        user: Option<PersonAccounts>,
    }
    Load::new(move || {
        let (is_admin, id) = (session.is_admin(), session.user_id());
        async move {
            if is_admin {
                return people(PAGES).await;
            }
            let Some(id) = id else { return Ok(People { people: Vec::new(), has_more: false }) };
            let one = send_as::<OwnSyncAccounts, One>(own_sync_accounts::Variables { id }).await?;
            Ok(People { people: vec![one.user.ok_or_else(ApiError::not_found)?], has_more: false })
        }
    })
}

/// Everybody, page by page.
pub async fn people(pages: usize) -> Result<People, ApiError> {
    let (mut people, mut after) = (Vec::new(), None);
    for _ in 0..pages {
        let page = send::<SyncAccounts>(sync_accounts::Variables { first: Some(PAGE), after }).await?.users;
        people.extend(page.nodes);
        after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        if after.is_none() {
            break;
        }
    }
    Ok(People { people, has_more: after.is_some() })
}

/// An account with its person.
type Entry = (PersonAccounts, SyncAccount);

/// Accounts that need somebody first; of many, the others are folded away.
#[component]
pub fn AccountsSection(load: Load<People>) -> impl IntoView {
    loaded(load, 1, move |data: Signal<Arc<People>>| {
        let entries = Memo::new(move |_| {
            let data = data.read();
            let of = |person: &PersonAccounts| {
                let person = person.clone();
                let accounts = person.linked_accounts.clone();
                accounts.into_iter().map(move |account| (person.clone(), account))
            };
            let mut entries: Vec<Entry> = data.people.iter().flat_map(of).collect();
            entries.sort_by_key(|(_, account)| urgency(account));
            entries
        });
        view! {
            <Show when=move || !entries.read().is_empty()>
                <Accounts entries has_more=Signal::derive(move || data.read().has_more)/>
            </Show>
        }
        .into_any()
    })
}

/// Up to so many accounts are shown at once.
const FEW: usize = 3;

#[component]
fn Accounts(entries: Memo<Vec<Entry>>, has_more: Signal<bool>) -> impl IntoView {
    let open = RwSignal::new(false);
    let cards = |entries: &[Entry]| {
        let card = |(person, account): &Entry| view! { <AccountCard person=person.clone() account=account.clone()/> };
        entries.iter().map(card).collect_view()
    };
    let body = move || {
        let entries = entries.read();
        let urgent = entries.iter().filter(|(_, account)| needs_somebody(account)).count();
        // A few accounts are all shown; of many, those that need somebody.
        let shown = if entries.len() <= FEW || open.get() { entries.len() } else { urgent };
        let all_well = (shown == 0).then(|| view! { <p class="note">{tr!(sync_accounts.all_well)}</p> });
        let toggle = (entries.len() > FEW && urgent < entries.len()).then(|| {
            let n = entries.len().to_string();
            let word =
                if open.get() { tr!(sync_accounts.fewer).to_owned() } else { tr!(sync_accounts.all, n = n) };
            view! {
                <button
                    type="button"
                    class="button small"
                    aria-expanded=open.get().to_string()
                    on:click=move |_| open.update(|on| *on = !*on)
                >
                    {word}
                </button>
            }
        });
        view! {
            {all_well}
            <ul class="account-cards">{cards(&entries[..shown])}</ul>
            {has_more.get().then(|| view! { <p class="note">{tr!(sync_accounts.more)}</p> })}
            {toggle}
        }
    };
    view! {
        <section class="accounts-section" aria-labelledby="heading-accounts">
            <h2 id="heading-accounts" class="section-title">{tr!(sync_accounts.heading)}</h2>
            {move || body()}
        </section>
    }
    .into_any()
}

#[component]
fn AccountCard(person: PersonAccounts, account: SyncAccount) -> impl IntoView {
    let (f, now) = (format(), clock::now());
    let session = use_session();
    // Budgets renew on the server's clock; the viewer's own zone shows when.
    let viewer_zone = zone::recent(&session.time_zone());
    let when = |at: Option<&str>| {
        at.and_then(parse_instant).map_or_else(|| f.words.never.clone().into_owned(), |at| f.ago(at, now))
    };
    let ahead =
        |at: i64| if at <= now { tr!(sync_accounts.due).to_owned() } else { f.date_time(at, &viewer_zone) };
    let next = account.next_sync_at.as_deref().and_then(parse_instant).map(ahead);
    let ends = account.consent_ends_at.as_deref().and_then(parse_instant);
    let ends = ends.map(|at| format!("{} ({})", f.date_time(at, &viewer_zone), time_left(at, now, &f)));
    let gauge = gauge(&account.budget, now, &viewer_zone, &f);
    let push = match &account.push {
        PushState::None => tr!(sync_accounts.push_none).to_owned(),
        PushState::Active => tr!(sync_accounts.push_active).to_owned(),
        PushState::Failed => tr!(sync_accounts.push_failed).to_owned(),
        PushState::Other(state) => state.to_ascii_lowercase(),
    };
    let is_own = session.user_id().as_deref() == Some(person.id.as_str());
    let wants_consent =
        matches!(account.state, LinkedAccountState::NeedsConsent | LinkedAccountState::Expiring)
            || (account.advice.is_some() && account.state == LinkedAccountState::Active);
    let reconnect = wants_consent.then(|| view! { <Reconnect provider=account.provider.clone() is_own/> });
    let is_off = account.state == LinkedAccountState::Revoked;
    let budget = (!is_off).then(|| {
        let class = if gauge.is_blocked { "gauge blocked" } else { "gauge" };
        view! {
            <div class="budget">
                <div class=class role="img" aria-label=format!("{}: {}", tr!(sync_accounts.budget), gauge.words)>
                    <span class="gauge-used" style=format!("width:{:.1}%", gauge.used)></span>
                    <span class="gauge-reserve" style=format!("width:{:.1}%", gauge.reserve)></span>
                </div>
                <p class="note">{gauge.words.clone()}</p>
                <p class="note">
                    <span class="swatch reserve" aria-hidden="true"></span>
                    {tr!(sync_accounts.reserve, n = f.whole(account.budget.reserve as f64))}
                </p>
            </div>
        }
    });
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    };
    view! {
        <li class="card row account-card" data-account=account.id.clone()>
            <div class="row-head">
                <h3>
                    <A href=format!("/people/{}/accounts", person.id)>{person.display_name.clone()}</A>
                    <span class="job-kind">{provider_name(&account.provider)}</span>
                </h3>
                <span class=state_class(&account.state)>{state_words(&account.state)}</span>
            </div>
            {account.advice.clone().map(|advice| view! { <p class="advice">{advice}</p> })}
            {reconnect}
            {budget}
            <dl class="facts-list">
                {fact(tr!(sync_accounts.since), Some(when(Some(&account.changed_at))))}
                {fact(tr!(sync_accounts.ends), ends)}
                {fact(tr!(sync_accounts.last_sync), Some(when(account.last_sync_at.as_deref())))}
                {fact(tr!(sync_accounts.next_sync), next)}
                {fact(tr!(sync_accounts.devices), Some(when(account.devices_checked_at.as_deref())))}
                {fact(tr!(sync_accounts.push), (!is_off).then_some(push))}
            </dl>
        </li>
    }
    .into_any()
}
