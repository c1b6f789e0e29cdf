//! Starts the web app in the browser.

#[cfg(target_arch = "wasm32")]
fn main() {
    pulsekeep_web::app::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    // Built natively only along with the tests of the library.
}
