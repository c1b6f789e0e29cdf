//! `/`: for an admin the people, for a member the own dashboard.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::components::{A, Redirect};

use crate::api::operations::People;
use crate::api::operations::people::{self, PeopleUsersNodes as Person, ResponseData};
use crate::api::transport::send;
use crate::components::heading::PageTitle;
use crate::components::states::{EmptyState, loaded};
use crate::pages::accounts::{provider_name, state_words};
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{clock, tr, zone};
use crate::view_model::civil::parse_instant;
use crate::view_model::sparkline;

pub mod invite;

/// Days of the sparkline and of the coverage share.
const DAYS: i64 = 28;
/// People a page.
const PAGE: i64 = 100;

/// The page.
#[component]
pub fn HomePage() -> impl IntoView {
    let session = use_session();
    move || {
        if session.is_admin() {
            return view! { <PeoplePage/> }.into_any();
        }
        match session.user_id() {
            Some(id) => view! { <Redirect path=format!("/people/{id}")/> }.into_any(),
            None => view! { <EmptyState title=tr!(people.nobody) hint=tr!(people.nobody_hint)/> }.into_any(),
        }
    }
}

#[component]
fn PeoplePage() -> impl IntoView {
    let (search, after) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let inviting = RwSignal::new(false);
    let load = Load::new(move || {
        let text = search.get().trim().to_owned();
        let search = (!text.is_empty()).then_some(text);
        let variables = people::Variables { first: Some(PAGE), after: after.get(), search, days: DAYS };
        send::<People>(variables)
    });
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(people.title)/>
                <p class="page-caption">{tr!(people.caption)}</p>
            </div>
            <div class="page-actions">
                <label class="field search">
                    <span class="visually-hidden">{tr!(people.search)}</span>
                    <input
                        type="search"
                        placeholder=tr!(people.search)
                        prop:value=move || search.get()
                        on:change=move |event| {
                            after.set(None);
                            search.set(event_target_value(&event));
                        }
                    />
                </label>
                <button type="button" class="button primary" on:click=move |_| inviting.set(true)>{tr!(people.invite)}</button>
            </div>
        </header>
        <invite::InviteDialog open=inviting on_done=move |()| load.retry()/>
        {loaded(load, 5, move |data| view! { <PeopleTable data after search/> }.into_any())}
    }
    .into_any()
}

#[component]
fn PeopleTable(
    data: Signal<Arc<ResponseData>>,
    after: RwSignal<Option<String>>,
    search: RwSignal<String>,
) -> impl IntoView {
    move || {
        let data = data.get();
        if data.users.nodes.is_empty() {
            let hint = if search.read_untracked().is_empty() {
                tr!(people.empty_hint)
            } else {
                tr!(people.no_match)
            };
            return view! { <EmptyState title=tr!(people.empty) hint/> }.into_any();
        }
        let rows =
            data.users.nodes.iter().cloned().map(|person| view! { <PersonRow person/> }).collect_view();
        let next = data.users.page_info.end_cursor.clone().filter(|_| data.users.page_info.has_next_page);
        let is_later = after.get_untracked().is_some();
        view! {
            <div class="card table-card">
                <div class="table-scroll" tabindex="0" role="region" aria-label=tr!(people.title)>
                    <table class="people">
                        <caption class="visually-hidden">{tr!(people.caption)}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{tr!(people.name)}</th>
                                <th scope="col">{tr!(people.steps)}</th>
                                <th scope="col">{tr!(people.last_sync)}</th>
                                <th scope="col">{tr!(people.coverage)}</th>
                                <th scope="col">{tr!(people.state)}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </div>
            <nav class="pager" aria-label=tr!(people.pages)>
                {is_later.then(|| view! {
                    <button type="button" class="button" on:click=move |_| after.set(None)>{tr!(people.first_page)}</button>
                })}
                {next.map(|cursor| view! {
                    <button type="button" class="button" on:click=move |_| after.set(Some(cursor.clone()))>
                        {tr!(people.next_page)}
                    </button>
                })}
            </nav>
        }
        .into_any()
    }
}

#[component]
fn PersonRow(person: Person) -> impl IntoView {
    let f = format();
    let when = person.summary.last_sync_at.as_deref().and_then(parse_instant);
    let sync = when.map_or_else(|| f.words.never.clone().into_owned(), |at| f.ago(at, clock::now()));
    let sync_title = when.map(|at| f.date_time(at, &zone::recent(&person.time_zone)));
    let share = person.summary.coverage_share;
    let steps = person.summary.steps.iter().flatten().copied();
    let (sum, days) = steps.fold((0.0, 0_u32), |(sum, n), value| (sum + value, n + 1));
    let mean = (days > 0).then(|| sum / f64::from(days));
    let line = match mean {
        Some(mean) => tr!(people.steps_a_day, steps = f.whole(mean)),
        None => f.words.no_data.clone().into_owned(),
    };
    let states = person
        .linked_accounts
        .iter()
        .map(|account| format!("{}: {}", provider_name(&account.provider), state_words(&account.state)));
    let mut states: Vec<String> = states.collect();
    if !person.signed_up {
        states.push(tr!(people.invited).to_owned());
    } else if states.is_empty() {
        states.push(tr!(people.not_connected).to_owned());
    }
    if person.summary.active_jobs > 0 {
        states.push(tr!(people.syncing).to_owned());
    }
    let share_text =
        share.map_or_else(|| super::super::view_model::format::MISSING.to_owned(), |share| f.share(share));
    view! {
        <tr>
            <th scope="row">
                <A href=format!("/people/{}", person.id)>{person.display_name.clone()}</A>
                <span class="under">{person.code.clone()}</span>
            </th>
            <td>
                <svg
                    class="sparkline"
                    viewBox=format!("0 0 {} {}", sparkline::WIDTH, sparkline::HEIGHT)
                    preserveAspectRatio="none"
                    aria-hidden="true"
                >
                    <path d=sparkline::path(&person.summary.steps) vector-effect="non-scaling-stroke"></path>
                </svg>
                <span class="under">{line}</span>
            </td>
            <td title=sync_title>{sync}</td>
            <td>
                <span class="share-text">{share_text}</span>
                <span class="share-bar" aria-hidden="true">
                    <span class="accent" style=format!("width:{:.0}%", share.unwrap_or(0.0) * 100.0)></span>
                </span>
            </td>
            <td>{states.into_iter().map(|state| view! { <span class="state-line">{state}</span> }).collect_view()}</td>
        </tr>
    }
    .into_any()
}
