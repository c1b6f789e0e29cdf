//! The language of the app: chosen at start, a change reloads the page.

use std::cell::Cell;

use leptos_i18n::Locale as _;

use super::storage;
use crate::i18n::Locale;
use crate::view_model::format::Format;
use crate::view_model::words::Words;

const KEY: &str = "pulsekeep.locale";

thread_local! {
    static CURRENT: Cell<Locale> = const { Cell::new(Locale::en) };
}

/// Chooses the language: the stored one, else the first of the browser's that there is, else English.
pub fn init() {
    let stored = storage::get(KEY).and_then(|text| find(&text));
    let wanted = || web_sys::window()?.navigator().languages().iter().find_map(|l| find(&l.as_string()?));
    let locale = stored.or_else(wanted).unwrap_or_default();
    CURRENT.set(locale);
    let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    if let Some(root) = root {
        // An element takes any attribute of this name.
        let _ = root.set_attribute("lang", locale.as_str());
    }
}

fn find(language: &str) -> Option<Locale> {
    let primary = language.split('-').next()?;
    Locale::get_all().iter().copied().find(|locale| locale.as_str() == primary)
}

/// The language in use.
#[must_use]
pub fn current() -> Locale {
    CURRENT.get()
}

/// Numbers, days and words of the language in use.
#[must_use]
pub fn format() -> Format {
    Format::new(Words::of(current()))
}

/// A text of the locale files by its key; `{place}`s in it are filled by `place = value`.
macro_rules! tr {
    ($section:ident . $key:ident) => {
        ::leptos_i18n::td_string!($crate::state::locale::current(), $section.$key)
    };
    ($section:ident . $key:ident, $($place:ident = $value:expr),+ $(,)?) => {
        $crate::view_model::words::fill(
            ::leptos_i18n::td_string!($crate::state::locale::current(), $section.$key),
            &[$((stringify!($place), AsRef::<str>::as_ref(&$value))),+],
        )
    };
}
pub(crate) use tr;
