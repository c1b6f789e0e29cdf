//! Charts. Only this module knows ECharts.

mod echarts;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{JSON, Object, Reflect};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ResizeObserver};

use crate::state::tr;
use crate::view_model::chart::ChartModel;

pub use echarts::preload;

type Tooltip = Closure<dyn Fn(JsValue) -> String>;

/// A chart on the page, with what must live as long as it does.
struct Drawing {
    chart: echarts::Chart,
    tooltips: Rc<RefCell<Vec<String>>>,
    tooltip: Tooltip,
    observer: Option<ResizeObserver>,
    _resized: Closure<dyn Fn()>,
}

impl Drawing {
    fn new(element: &HtmlElement, group: Option<&str>) -> Self {
        let chart = echarts::init(element);
        if let Some(group) = group {
            chart.set_group(group);
            echarts::connect(group);
        }
        let tooltips = Rc::new(RefCell::new(Vec::<String>::new()));
        let texts = Rc::clone(&tooltips);
        let tooltip = Tooltip::new(move |params: JsValue| {
            let index = first_index(&params).and_then(|i| texts.borrow().get(i).cloned());
            index.unwrap_or_default()
        });
        let resizing = chart.clone().unchecked_into::<echarts::Chart>();
        let resized = Closure::<dyn Fn()>::new(move || resizing.resize());
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(element);
        }
        Self { chart, tooltips, tooltip, observer, _resized: resized }
    }

    fn show(&self, model: &ChartModel) {
        let Ok(option) = JSON::parse(&model.option.to_string()) else { return };
        self.tooltips.borrow_mut().clone_from(&model.tooltips);
        if let Ok(tooltip) = Reflect::get(&option, &"tooltip".into())
            && tooltip.is_object()
        {
            // The option is ours and takes any property.
            let _ = Reflect::set(&tooltip, &"formatter".into(), self.tooltip.as_ref());
        }
        if prefers_less_motion() {
            let _ = Reflect::set(&option, &"animation".into(), &JsValue::FALSE);
        }
        let replace = Object::new();
        let _ = Reflect::set(&replace, &"notMerge".into(), &JsValue::TRUE);
        self.chart.set_option(&option, &replace);
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
        self.chart.dispose();
    }
}

/// `dataIndex` of a tooltip's parameters, which are a list where the axis triggers it.
fn first_index(params: &JsValue) -> Option<usize> {
    let first = if params.is_array() { Reflect::get_u32(params, 0).ok()? } else { params.clone() };
    let index = Reflect::get(&first, &"dataIndex".into()).ok()?.as_f64()?;
    (index >= 0.0).then_some(index as usize)
}

fn prefers_less_motion() -> bool {
    let query = web_sys::window().and_then(|w| w.match_media("(prefers-reduced-motion: reduce)").ok()?);
    query.is_some_and(|query| query.matches())
}

/// Draws a model and follows its changes. Charts of the same `group` share the cursor.
#[component]
pub fn Chart(
    #[prop(into)] model: Signal<Arc<ChartModel>>,
    #[prop(default = None)] group: Option<&'static str>,
    /// A class that gives the height.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let node = NodeRef::<Div>::new();
    let drawing = StoredValue::new_local(None::<Drawing>);
    let status = RwSignal::new(Status::Loading);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        leptos::task::spawn_local(async move {
            let loaded = echarts::load().await;
            // The page may be gone by now.
            let is_there = drawing.try_update_value(|slot| {
                if loaded {
                    *slot = Some(Drawing::new(&element, group));
                }
            });
            if is_there.is_some() {
                status.set(if loaded { Status::Ready } else { Status::Failed });
            }
        });
    });
    Effect::new(move |_| {
        let model = model.get();
        if status.get() == Status::Ready {
            drawing.with_value(|drawing| {
                if let Some(drawing) = drawing {
                    drawing.show(&model);
                }
            });
        }
    });
    on_cleanup(move || {
        drawing.try_update_value(Option::take);
    });
    view! {
        <div
            class=format!("chart {class}")
            role="img"
            aria-label=move || model.read().label.clone()
            data-drawn=move || (status.get() == Status::Ready).to_string()
            node_ref=node
        ></div>
        {move || (status.get() == Status::Failed).then(|| view! { <p class="note">{tr!(chart.not_loaded)}</p> })}
    }
    .into_any()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Loading,
    Ready,
    Failed,
}
