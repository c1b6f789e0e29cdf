//! Light and dark: the system's choice, or the person's.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::storage;
use crate::view_model::palette::{DARK, LIGHT, Palette};

const KEY: &str = "pulsekeep.theme";

/// A person's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// The name in storage and in the document's `data-theme`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The theme in use.
#[derive(Debug, Clone, Copy)]
pub struct ThemeState {
    choice: RwSignal<Theme>,
    system_is_dark: RwSignal<bool>,
}

impl ThemeState {
    /// Reads the stored choice and follows the system's.
    #[must_use]
    pub fn start() -> Self {
        let state = Self {
            choice: RwSignal::new(storage::get(KEY).map_or(Theme::System, |name| Theme::of_name(&name))),
            system_is_dark: RwSignal::new(false),
        };
        state.follow_system();
        state.mark_document();
        state
    }

    fn follow_system(self) {
        let query = web_sys::window().and_then(|w| w.match_media("(prefers-color-scheme: dark)").ok()?);
        let Some(query) = query else { return };
        self.system_is_dark.set(query.matches());
        let heard = Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(
            move |event: web_sys::MediaQueryListEvent| {
                self.system_is_dark.set(event.matches());
            },
        );
        // Without the event the theme stays as it was at start.
        let _ = query.add_event_listener_with_callback("change", heard.as_ref().unchecked_ref());
        // Both live as long as the page does.
        heard.forget();
    }

    fn mark_document(self) {
        let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
        if let Some(root) = root {
            // An element takes any attribute of this name.
            let _ = root.set_attribute("data-theme", self.choice.get_untracked().name());
        }
    }

    /// The person's choice.
    #[must_use]
    pub fn choice(self) -> Theme {
        self.choice.get()
    }

    /// Chooses and stores.
    pub fn choose(self, theme: Theme) {
        self.choice.set(theme);
        storage::set(KEY, theme.name());
        self.mark_document();
    }

    /// Whether the ground is dark now.
    #[must_use]
    pub fn is_dark(self) -> bool {
        match self.choice.get() {
            Theme::System => self.system_is_dark.get(),
            theme => theme == Theme::Dark,
        }
    }

    /// The charts' colours.
    #[must_use]
    pub fn palette(self) -> Palette {
        if self.is_dark() { DARK } else { LIGHT }
    }
}

/// The theme of the app.
#[must_use]
pub fn use_theme() -> ThemeState {
    expect_context()
}
