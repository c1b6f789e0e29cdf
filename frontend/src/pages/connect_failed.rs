//! `/connect-failed`: what went wrong at the consent, and what to do about it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::enums::ProviderKey;
use crate::components::heading::PageTitle;
use crate::components::shell::BrandMark;
use crate::pages::accounts::{connect_address, provider_name};
use crate::state::tr;

/// What happened and what to do.
fn words(reason: &str, expected: Option<String>) -> (String, String) {
    let pair = |what: &'static str, advice: &'static str| (what.to_owned(), advice.to_owned());
    match reason {
        "denied" => pair(tr!(connect_failed.denied), tr!(connect_failed.denied_do)),
        "state_mismatch" => pair(tr!(connect_failed.state_mismatch), tr!(connect_failed.state_mismatch_do)),
        "other_account" => {
            let advice = match expected.filter(|expected| !expected.is_empty()) {
                Some(expected) => tr!(connect_failed.other_account_do_named, expected = expected),
                None => tr!(connect_failed.other_account_do).to_owned(),
            };
            (tr!(connect_failed.other_account).to_owned(), advice)
        }
        "taken" | "account_taken" => pair(tr!(connect_failed.taken), tr!(connect_failed.taken_do)),
        "missing_scope" => pair(tr!(connect_failed.missing_scope), tr!(connect_failed.missing_scope_do)),
        "invalid_grant" => pair(tr!(connect_failed.invalid_grant), tr!(connect_failed.invalid_grant_do)),
        "no_refresh_token" => {
            pair(tr!(connect_failed.no_refresh_token), tr!(connect_failed.no_refresh_token_do))
        }
        "invalid_request" | "redirect_mismatch" | "invalid_client" => {
            pair(tr!(connect_failed.registration), tr!(connect_failed.registration_do))
        }
        "account_not_linked" => pair(tr!(connect_failed.not_linked), tr!(connect_failed.not_linked_do)),
        "provider_unreachable" => pair(tr!(connect_failed.unreachable), tr!(connect_failed.unreachable_do)),
        "provider_error" => pair(tr!(connect_failed.provider_error), tr!(connect_failed.unreachable_do)),
        "unknown_provider" | "disabled" => {
            pair(tr!(connect_failed.disabled), tr!(connect_failed.disabled_do))
        }
        "session_lost" => pair(tr!(connect_failed.session_lost), tr!(connect_failed.session_lost_do)),
        _ => pair(tr!(connect_failed.unknown), tr!(connect_failed.unknown_do)),
    }
}

/// The page.
#[component]
pub fn ConnectFailedPage() -> impl IntoView {
    let query = use_query_map();
    let provider = move || {
        ProviderKey::from(query.read().get("provider").unwrap_or_default().to_ascii_uppercase().as_str())
    };
    let reason = move || query.read().get("reason").unwrap_or_default();
    let body = move || {
        let (what, advice) = words(&reason(), query.read().get("expected"));
        view! {
            <div role="alert">
                <p class="lead">{what}</p>
                <p>{advice}</p>
            </div>
        }
    };
    let title = Signal::derive(move || tr!(connect_failed.title, provider = provider_name(&provider())));
    let known = move || matches!(provider(), ProviderKey::GoogleHealth | ProviderKey::Fitbit);
    view! {
        <main class="door" id="main">
            <div class="door-card">
                <p class="door-brand"><BrandMark/><span>{tr!(common.product)}</span></p>
                <PageTitle text=title/>
                {move || body()}
                <p class="note">{tr!(connect_failed.nothing_stored)}</p>
                <div class="state-actions">
                    <Show when=known>
                        <a class="button primary" rel="external" href=move || connect_address(&provider(), "")>
                            {tr!(connect_failed.again)}
                        </a>
                    </Show>
                    <a class="button" href="/">{tr!(not_found.home)}</a>
                </div>
                <p class="note">{tr!(connect_failed.code)} " " <code>{reason}</code></p>
            </div>
        </main>
    }
    .into_any()
}
