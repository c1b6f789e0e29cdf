//! Pulsekeep's web app.
//!
//! `api` talks to the server, `view_model` turns answers into what is drawn (pure, tested natively), `components` and
//! `pages` draw it. What touches the browser is compiled for wasm only.

pub mod api;
pub mod view_model;

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod components;
#[cfg(target_arch = "wasm32")]
pub mod pages;
#[cfg(target_arch = "wasm32")]
pub mod state;

#[cfg(target_arch = "wasm32")]
#[expect(deprecated, reason = "the build-script road compiles ICU's data tools for no gain here")]
mod translations {
    leptos_i18n::load_locales!();
}
#[cfg(target_arch = "wasm32")]
pub use translations::i18n;
