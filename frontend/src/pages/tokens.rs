//! `/tokens`: API tokens of the viewer.

use std::collections::HashSet;
use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::enums::Scope;
use crate::api::operations::api_tokens::{ApiTokensViewerApiTokens as Token, ResponseData};
use crate::api::operations::create_api_token::{self, CreateApiTokenInput};
use crate::api::operations::{
    ApiTokens, CreateApiToken, CreateApiTokenStatus, RevokeApiToken, RevokeApiTokenStatus, api_tokens,
    revoke_api_token,
};
use crate::api::transport::send;
use crate::components::copy::CopyButton;
use crate::components::dialog::Modal;
use crate::components::heading::PageTitle;
use crate::components::states::{EmptyState, loaded, sentence};
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::use_session;
use crate::state::{clock, tr, zone};
use crate::view_model::civil::parse_instant;

/// Lives of a token that are offered, in days; 0 is without end.
const LIVES: [i64; 4] = [30, 90, 365, 0];

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::ReadMetrics => tr!(scope.read_metrics),
        Scope::WriteSync => tr!(scope.write_sync),
        Scope::WriteExport => tr!(scope.write_export),
        Scope::Admin => tr!(scope.admin),
        Scope::Other(other) => return other.clone(),
    }
    .to_owned()
}

/// `read:metrics`, as tokens are written everywhere else.
fn scope_key(scope: &Scope) -> String {
    scope.as_str().to_ascii_lowercase().replacen('_', ":", 1)
}

/// The page.
#[component]
pub fn TokensPage() -> impl IntoView {
    let load = Load::new(|| send::<ApiTokens>(api_tokens::Variables {}));
    let creating = RwSignal::new(false);
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(tokens.title)/>
                <p class="page-caption">{tr!(tokens.caption)}</p>
            </div>
            <div class="page-actions">
                <button type="button" class="button primary" on:click=move |_| creating.set(true)>{tr!(tokens.create)}</button>
            </div>
        </header>
        <Modal open=creating title=tr!(tokens.create)><CreateForm open=creating load/></Modal>
        {loaded(load, 3, move |data| view! { <TokenList data load/> }.into_any())}
    }
    .into_any()
}

#[component]
fn TokenList(data: Signal<Arc<ResponseData>>, load: Load<ResponseData>) -> impl IntoView {
    let session = use_session();
    move || {
        let tokens = data.get().viewer.api_tokens.clone();
        if tokens.is_empty() {
            return view! { <EmptyState title=tr!(tokens.empty) hint=tr!(tokens.empty_hint)/> }.into_any();
        }
        let zone_name = session.time_zone();
        let rows =
            tokens.into_iter().map(|token| view! { <TokenRow token zone_name=zone_name.clone() load/> });
        view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
    }
}

#[component]
fn TokenRow(token: Token, zone_name: String, load: Load<ResponseData>) -> impl IntoView {
    let (f, clock_zone, now) = (format(), zone::recent(&zone_name), clock::now());
    let when =
        |at: &Option<String>| at.as_deref().and_then(parse_instant).map(|at| f.date_time(at, &clock_zone));
    let is_revoked = token.revoked_at.is_some();
    let is_expired = token.expires_at.as_deref().and_then(parse_instant).is_some_and(|at| at <= now);
    let (class, word) = if is_revoked {
        ("badge", tr!(tokens.revoked))
    } else if is_expired {
        ("badge warn", tr!(tokens.expired))
    } else {
        ("badge good", tr!(tokens.valid))
    };
    let used = when(&token.last_used_at).unwrap_or_else(|| f.words.never.clone().into_owned());
    let until = when(&token.expires_at).unwrap_or_else(|| tr!(tokens.no_end).to_owned());
    let scopes = token.scopes.iter().map(|s| view! { <li><code>{scope_key(s)}</code></li> }).collect_view();
    let confirm = RwSignal::new(false);
    view! {
        <li class="card row">
            <div class="row-head"><h2>{token.name.clone()}</h2><span class=class>{word}</span></div>
            <ul class="scope-list">{scopes}</ul>
            <dl class="facts-list">
                <div><dt>{tr!(tokens.created)}</dt><dd>{when(&Some(token.created_at.clone()))}</dd></div>
                <div><dt>{tr!(tokens.until)}</dt><dd>{until}</dd></div>
                <div><dt>{tr!(tokens.last_used)}</dt><dd>{used}</dd></div>
            </dl>
            {(!is_revoked).then(|| view! {
                <button
                    type="button"
                    class="button danger small"
                    aria-label=format!("{} {}", tr!(tokens.revoke), token.name)
                    on:click=move |_| confirm.set(true)
                >
                    {tr!(tokens.revoke)}
                </button>
                <RevokeDialog open=confirm id=token.id.clone() name=token.name.clone() load/>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn RevokeDialog(open: RwSignal<bool>, id: String, name: String, load: Load<ResponseData>) -> impl IntoView {
    let (flash, id) = (use_flash(), StoredValue::new(id));
    let revoke = move |_| {
        leptos::task::spawn_local(async move {
            let answer = send::<RevokeApiToken>(revoke_api_token::Variables { id: id.get_value() }).await;
            open.set(false);
            match answer.map(|data| data.revoke_api_token.status) {
                Ok(RevokeApiTokenStatus::Revoked) => flash.say(tr!(tokens.revoked_now)),
                Ok(_) => flash.warn(tr!(error.not_found)),
                Err(error) => flash.warn(sentence(&error)),
            }
            load.retry();
        });
    };
    view! {
        <Modal open title=format!("{} {name}?", tr!(tokens.revoke))>
            <p>{tr!(tokens.revoke_text)}</p>
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>{tr!(common.cancel)}</button>
                <button type="button" class="button danger" on:click=revoke>{tr!(tokens.revoke_confirm)}</button>
            </div>
        </Modal>
    }
    .into_any()
}

#[component]
fn CreateForm(open: RwSignal<bool>, load: Load<ResponseData>) -> impl IntoView {
    let session = use_session();
    let (name, life) = (RwSignal::new(String::new()), RwSignal::new(LIVES[1]));
    let scopes = RwSignal::new(HashSet::from([Scope::ReadMetrics]));
    let (problem, secret, busy) =
        (RwSignal::new(None::<String>), RwSignal::new(None::<String>), RwSignal::new(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        problem.set(None);
        let mut chosen: Vec<Scope> = scopes.get_untracked().into_iter().collect();
        chosen.sort();
        let days = life.get_untracked();
        let input = CreateApiTokenInput {
            name: name.get_untracked().trim().to_owned(),
            scopes: chosen,
            expires_in_days: (days > 0).then_some(days),
            user_ids: None,
        };
        leptos::task::spawn_local(async move {
            let answer = send::<CreateApiToken>(create_api_token::Variables { input }).await;
            busy.try_set(false);
            match answer.map(|data| data.create_api_token) {
                Ok(payload)
                    if payload.status == CreateApiTokenStatus::Created && payload.secret.is_some() =>
                {
                    secret.set(payload.secret);
                    load.retry();
                }
                Ok(payload) => problem.set(Some(refusal(&payload.status, payload.message))),
                Err(error) => problem.set(Some(sentence(&error))),
            }
        });
    };
    let scope_choice = move |scope: Scope| {
        let (words, key, scope) = (scope_words(&scope), scope_key(&scope), StoredValue::new(scope));
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || scopes.read().contains(&*scope.read_value())
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        scopes.update(|set| {
                            if on { set.insert(scope.get_value()); } else { set.remove(&*scope.read_value()); }
                        });
                    }
                />
                <span>{words} " " <code>{key}</code></span>
            </label>
        }
    };
    let life_option = |days: i64| {
        let words =
            if days == 0 { tr!(tokens.no_end).to_owned() } else { tr!(tokens.days, n = days.to_string()) };
        view! { <option value=days.to_string() selected=days == LIVES[1]>{words}</option> }
    };
    move || {
        match secret.get() {
        Some(text) => view! { <Secret text open/> }.into_any(),
        None => view! {
            <form on:submit=submit>
                <label class="field">
                    <span>{tr!(tokens.name)}</span>
                    <input
                        type="text"
                        required
                        maxlength="80"
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <fieldset class="checks column">
                    <legend>{tr!(tokens.scopes)}</legend>
                    {session.scopes().into_iter().map(scope_choice).collect_view()}
                </fieldset>
                <label class="field">
                    <span>{tr!(tokens.life)}</span>
                    <select on:change=move |event| life.set(event_target_value(&event).parse().unwrap_or(LIVES[1]))>
                        {LIVES.into_iter().map(life_option).collect_view()}
                    </select>
                </label>
                <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>{tr!(common.cancel)}</button>
                    <button class="button primary" prop:disabled=move || busy.get()>{tr!(tokens.submit)}</button>
                </div>
            </form>
        }
        .into_any(),
    }
    }
}

/// The token itself, shown once.
#[component]
fn Secret(text: String, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <div role="status">
            <p>{tr!(tokens.once)}</p>
            <label class="field">
                <span>{tr!(tokens.secret)}</span>
                <input type="text" readonly data-testid="token-secret" prop:value=text.clone()/>
            </label>
        </div>
        <div class="dialog-actions">
            <CopyButton text=text.clone()/>
            <button type="button" class="button primary" on:click=move |_| open.set(false)>{tr!(common.done)}</button>
        </div>
    }
    .into_any()
}

fn refusal(status: &CreateApiTokenStatus, message: Option<String>) -> String {
    let words = match status {
        CreateApiTokenStatus::NameEmpty => tr!(tokens.name_empty),
        CreateApiTokenStatus::NoScopes => tr!(tokens.no_scopes),
        CreateApiTokenStatus::ScopeNotAllowed => tr!(tokens.scope_not_allowed),
        _ => return message.unwrap_or_else(|| tr!(error.internal).to_owned()),
    };
    words.to_owned()
}
