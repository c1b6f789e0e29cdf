//! The functions of ECharts that we use, and the loading of its file.

use std::cell::RefCell;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, HtmlScriptElement};

#[wasm_bindgen]
extern "C" {
    /// An ECharts instance.
    #[derive(Clone)]
    pub(super) type Chart;

    #[wasm_bindgen(js_namespace = echarts, js_name = init)]
    fn init_with(element: &HtmlElement, theme: &JsValue, options: &JsValue) -> Chart;

    #[wasm_bindgen(js_namespace = echarts)]
    pub(super) fn connect(group: &str);

    #[wasm_bindgen(method, js_name = setOption)]
    pub(super) fn set_option(this: &Chart, option: &JsValue, how: &JsValue);

    #[wasm_bindgen(method)]
    pub(super) fn resize(this: &Chart);

    #[wasm_bindgen(method)]
    pub(super) fn dispose(this: &Chart);

    #[wasm_bindgen(method, setter)]
    pub(super) fn set_group(this: &Chart, group: &str);
}

/// An empty chart in an element.
pub(super) fn init(element: &HtmlElement) -> Chart {
    let options = Object::new();
    // A fresh object takes any property.
    let _ = Reflect::set(&options, &"renderer".into(), &"canvas".into());
    init_with(element, &JsValue::NULL, &options)
}

thread_local! {
    static LOADING: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// Begins to load ECharts, so that it arrives together with the data.
pub fn preload() {
    let _ = promise();
}

/// Waits for ECharts; false if it could not be loaded. The next call then tries again.
pub(super) async fn load() -> bool {
    let loaded = wasm_bindgen_futures::JsFuture::from(promise()).await.is_ok();
    if !loaded {
        LOADING.with(|slot| slot.borrow_mut().take());
    }
    loaded
}

fn promise() -> Promise {
    LOADING.with(|slot| slot.borrow_mut().get_or_insert_with(insert_script).clone())
}

fn insert_script() -> Promise {
    Promise::new(&mut |resolve, reject| {
        let insert = || -> Option<()> {
            let document = web_sys::window()?.document()?;
            let script: HtmlScriptElement = document.create_element("script").ok()?.dyn_into().ok()?;
            script.set_src("/echarts.min.js");
            script.set_onload(Some(&resolve));
            script.set_onerror(Some(&reject));
            document.head()?.append_child(&script).ok()?;
            Some(())
        };
        if insert().is_none() {
            // A rejected promise is all that a caller looks at.
            let _ = reject.call0(&JsValue::UNDEFINED);
        }
    })
}
