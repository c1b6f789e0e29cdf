//! The web session: who is signed in, and what happens when it ends.

use std::cell::RefCell;

use leptos::prelude::*;

use crate::api::enums::{Role, Scope};
use crate::api::operations::current_viewer::{CurrentViewerViewer, CurrentViewerViewerProviders};
use crate::api::operations::{CurrentViewer, current_viewer};
use crate::state::load::Load;

thread_local! {
    static ON_EXPIRY: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Says what to do when the server no longer knows the web session.
pub fn on_expiry(act: impl Fn() + 'static) {
    ON_EXPIRY.with(|slot| *slot.borrow_mut() = Some(Box::new(act)));
}

/// Called by the transport.
pub fn expire() {
    ON_EXPIRY.with(|slot| {
        if let Some(act) = slot.borrow().as_ref() {
            act();
        }
    });
}

/// The signed-in viewer, in the pages behind sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    load: Load<current_viewer::ResponseData>,
    viewer: Signal<CurrentViewerViewer>,
}

impl Session {
    /// Over a loaded viewer.
    #[must_use]
    pub fn new(
        load: Load<current_viewer::ResponseData>,
        data: Signal<std::sync::Arc<current_viewer::ResponseData>>,
    ) -> Self {
        Self { load, viewer: Signal::derive(move || data.read().viewer.clone()) }
    }

    /// Asks who is signed in.
    #[must_use]
    pub fn load() -> Load<current_viewer::ResponseData> {
        Load::new(|| crate::api::transport::send::<CurrentViewer>(current_viewer::Variables {}))
    }

    /// Asks again, after a change of the profile.
    pub fn reload(self) {
        self.load.retry();
    }

    /// Whether the viewer is an admin.
    #[must_use]
    pub fn is_admin(self) -> bool {
        self.viewer.read().role == Role::Admin
    }

    /// The viewer's id as a person.
    #[must_use]
    pub fn user_id(self) -> Option<String> {
        self.viewer.read().user.as_ref().map(|user| user.id.clone())
    }

    /// The viewer's name, or e-mail address.
    #[must_use]
    pub fn name(self) -> String {
        let viewer = self.viewer.read();
        viewer.user.as_ref().map_or_else(|| viewer.email.clone(), |user| user.display_name.clone())
    }

    /// The viewer's e-mail address.
    #[must_use]
    pub fn email(self) -> String {
        self.viewer.read().email.clone()
    }

    /// The viewer's time zone; the browser's for viewers that are no person.
    #[must_use]
    pub fn time_zone(self) -> String {
        self.viewer.read().user.as_ref().map_or_else(super::zone::of_browser, |user| user.time_zone.clone())
    }

    /// What the viewer may do.
    #[must_use]
    pub fn scopes(self) -> Vec<Scope> {
        self.viewer.read().scopes.clone()
    }

    /// The providers of this server.
    #[must_use]
    pub fn providers(self) -> Vec<CurrentViewerViewerProviders> {
        self.viewer.read().providers.clone()
    }
}

/// The web session of the pages behind sign-in.
#[must_use]
pub fn use_session() -> Session {
    expect_context()
}
