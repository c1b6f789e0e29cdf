//! The routes.

use leptos::prelude::*;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::{NavigateOptions, path};

use crate::components::heading::Moved;
use crate::components::shell::Shell;
use crate::pages;
use crate::state::flash::Flash;
use crate::state::theme::ThemeState;
use crate::state::{locale, session};

/// Draws the app into the document's body.
pub fn start() {
    locale::init();
    mount_to_body(App);
    // What index.html shows until now.
    let splash = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id("splash"));
    if let Some(splash) = splash {
        splash.remove();
    }
}

#[component]
fn App() -> impl IntoView {
    provide_context(ThemeState::start());
    provide_context(Flash::start());
    provide_context(Moved(StoredValue::new(false)));
    view! {
        <Router>
            <Watch/>
            <Routes fallback=|| view! { <pages::not_found::NotFoundPage/> }>
                <Route path=path!("/sign-in") view=pages::sign_in::SignInPage/>
                <Route path=path!("/welcome") view=pages::welcome::WelcomePage/>
                <Route path=path!("/connect-failed") view=pages::connect_failed::ConnectFailedPage/>
                <ParentRoute path=path!("") view=Shell>
                    <Route path=path!("/") view=pages::home::HomePage/>
                    <Route path=path!("/people/:id") view=pages::dashboard::DashboardPage/>
                    <Route path=path!("/people/:id/accounts") view=pages::accounts::AccountsPage/>
                    <Route path=path!("/people/:id/coverage") view=pages::coverage::PersonPage/>
                    <Route path=path!("/people/:id/patterns") view=pages::patterns::PatternsPage/>
                    <Route path=path!("/coverage") view=pages::coverage::CohortPage/>
                    <Route path=path!("/jobs") view=pages::jobs::JobsPage/>
                    <Route path=path!("/tokens") view=pages::tokens::TokensPage/>
                    <Route path=path!("/settings") view=pages::settings::SettingsPage/>
                    <Route path=path!("/connected") view=pages::connected::ConnectedPage/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Takes the app to the sign-in page when the web session ends, and notes changes of page.
#[component]
fn Watch() -> impl IntoView {
    let (location, navigate) = (use_location(), use_navigate());
    let path = location.pathname;
    session::on_expiry(move || {
        let here =
            format!("{}{}", location.pathname.get_untracked(), query(&location.search.get_untracked()));
        if location.pathname.get_untracked() == "/sign-in" {
            return;
        }
        let next = String::from(js_sys::encode_uri_component(&here));
        let replace = NavigateOptions { replace: true, ..NavigateOptions::default() };
        navigate(&format!("/sign-in?next={next}"), replace);
    });
    let moved = expect_context::<Moved>().0;
    Effect::new(move |previous: Option<String>| {
        let path = path.get();
        if previous.is_some_and(|previous| previous != path) {
            moved.set_value(true);
        }
        path
    });
}

fn query(search: &str) -> String {
    if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) }
}
