//! `/connected`: the provider has sent the person back, with consent.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::enums::ProviderKey;
use crate::components::states::Skeleton;
use crate::pages::accounts::provider_name;
use crate::state::flash::use_flash;
use crate::state::session::use_session;
use crate::state::tr;

/// Goes on to the dashboard, where a message confirms.
#[component]
pub fn ConnectedPage() -> impl IntoView {
    let (session, flash, query, navigate) = (use_session(), use_flash(), use_query_map(), use_navigate());
    Effect::new(move |_| {
        let key = query.read_untracked().get("provider").unwrap_or_default().to_ascii_uppercase();
        let name = provider_name(&ProviderKey::from(key.as_str()));
        flash.say(tr!(accounts.connected, provider = name));
        let home = session.user_id().map_or_else(|| "/".to_owned(), |id| format!("/people/{id}"));
        navigate(&home, NavigateOptions { replace: true, ..NavigateOptions::default() });
    });
    view! { <Skeleton/> }
}
