//! The frame of the pages behind sign-in: navigation, message, page.

use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::use_navigate;

use crate::api::operations::{SignOut, sign_out};
use crate::api::transport::send;
use crate::components::icons::Icon;
use crate::components::states::loaded;
use crate::state::flash::use_flash;
use crate::state::session::{Session, use_session};
use crate::state::tr;

/// Loads the viewer, then shows the page in its frame.
#[component]
pub fn Shell() -> impl IntoView {
    let load = Session::load();
    loaded(load, 4, move |data| {
        provide_context(Session::new(load, data));
        view! { <Frame/> }.into_any()
    })
}

#[component]
fn Frame() -> impl IntoView {
    view! {
        <a class="skip-link" href="#main" rel="external" on:click=skip>{tr!(nav.skip)}</a>
        <div class="frame">
            <Sidebar/>
            <main id="main" tabindex="-1">
                <FlashMessage/>
                <Outlet/>
            </main>
        </div>
    }
    .into_any()
}

/// Moves the focus by hand: the router would take a change of the address' hash for a change of page.
fn skip(event: leptos::ev::MouseEvent) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    let main = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id("main"));
    if let Some(main) = main.and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok()) {
        // An element that cannot be focused is left alone.
        let _ = main.focus();
    }
}

#[component]
fn Sidebar() -> impl IntoView {
    let session = use_session();
    let home = move || session.user_id().map_or_else(|| "/".to_owned(), |id| format!("/people/{id}"));
    let coverage = move || match session.user_id() {
        Some(id) if !session.is_admin() => format!("/people/{id}/coverage"),
        _ => "/coverage".to_owned(),
    };
    let first = move || {
        if session.is_admin() {
            view! { <A href="/" exact=true><Icon name="people"/><span>{tr!(nav.people)}</span></A> }
                .into_any()
        } else {
            view! { <A href=home exact=true><Icon name="chart"/><span>{tr!(nav.dashboard)}</span></A> }
                .into_any()
        }
    };
    view! {
        <header class="sidebar">
            <a class="brand" href="/" aria-label=tr!(nav.home)>
                <BrandMark/>
                <span>{tr!(common.product)}</span>
            </a>
            <nav aria-label=tr!(nav.name)>
                <ul>
                    <li>{move || first()}</li>
                    <li><A href=coverage><Icon name="grid"/><span>{tr!(nav.coverage)}</span></A></li>
                    <li><A href="/jobs"><Icon name="jobs"/><span>{tr!(nav.jobs)}</span></A></li>
                    <li><A href="/tokens"><Icon name="key"/><span>{tr!(nav.tokens)}</span></A></li>
                    <li><A href="/settings"><Icon name="settings"/><span>{tr!(nav.settings)}</span></A></li>
                </ul>
            </nav>
            <div class="who">
                <span class="who-name">{move || session.name()}</span>
                <SignOutButton/>
            </div>
        </header>
    }
    .into_any()
}

/// The product's mark.
#[component]
pub fn BrandMark() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8"></rect>
            <path d="M5 17h6l2.5-7 4.5 13 3-8 1.5 2H27"></path>
        </svg>
    }
    .into_any()
}

#[component]
fn SignOutButton() -> impl IntoView {
    let navigate = use_navigate();
    let flash = use_flash();
    let leave = move |_| {
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            match send::<SignOut>(sign_out::Variables {}).await {
                Ok(_) => navigate("/sign-in", leptos_router::NavigateOptions::default()),
                Err(error) => flash.warn(crate::components::states::sentence(&error)),
            }
        });
    };
    view! {
        <button type="button" class="button quiet sign-out" on:click=leave>
            <Icon name="out"/>
            <span>{tr!(nav.sign_out)}</span>
        </button>
    }
    .into_any()
}

/// The message of the moment.
#[component]
pub fn FlashMessage() -> impl IntoView {
    let flash = use_flash();
    let body = move || {
        flash.get().map(|message| {
            let class = if message.is_error { "flash bad" } else { "flash good" };
            let icon = if message.is_error { "warning" } else { "check" };
            view! {
                <div class=class>
                    <Icon name=icon/>
                    <p>{message.text}</p>
                    <button
                        type="button"
                        class="button quiet icon-only"
                        aria-label=tr!(common.dismiss)
                        on:click=move |_| flash.clear()
                    >
                        <Icon name="close"/>
                    </button>
                </div>
            }
        })
    };
    view! { <div role="status" class="flash-place">{move || body()}</div> }.into_any()
}
