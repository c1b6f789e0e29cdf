//! A night's stages over time. Drawn as SVG, so that colours follow the theme.

use std::sync::Arc;

use leptos::prelude::*;

use crate::view_model::sleep::Night;

/// Height of a row in the drawing's own coordinates.
const ROW: f64 = 26.0;

/// The stages of a night: waking on top, time from left to right.
#[component]
pub fn Hypnogram(night: Arc<Night>) -> impl IntoView {
    let height = ROW * night.rows.len() as f64;
    let bar = |segment: &crate::view_model::sleep::Segment| {
        view! {
            <rect
                class=format!("stage {}", segment.class)
                x=segment.left
                y=segment.row as f64 * ROW + 4.0
                width=segment.width.max(0.15)
                height=ROW - 8.0
            >
                <title>{segment.title.clone()}</title>
            </rect>
        }
    };
    // A thin line joins a stage to the one that follows, so that the eye can walk through the night.
    let joint = |pair: &[crate::view_model::sleep::Segment]| {
        let (from, to) = (pair[0].row.min(pair[1].row) as f64, pair[0].row.max(pair[1].row) as f64);
        let x = pair[1].left;
        view! {
            <line class="joint" x1=x x2=x y1=from * ROW + ROW / 2.0 y2=to * ROW + ROW / 2.0 vector-effect="non-scaling-stroke"></line>
        }
    };
    let rule = |row: usize| {
        let y = row as f64 * ROW + ROW / 2.0;
        view! { <line class="rule" x1="0" x2="100" y1=y y2=y vector-effect="non-scaling-stroke"></line> }
    };
    let rows = night.rows.iter().map(|(name, class)| {
        view! { <li><span class=format!("swatch {class}") aria-hidden="true"></span>{name.clone()}</li> }
    });
    let ticks = night.ticks.iter().map(|(left, time)| {
        view! { <span style=format!("left:{left:.2}%")>{time.clone()}</span> }
    });
    view! {
        <div class="hypnogram" role="img" aria-label=night.label.clone()>
            <ul class="stage-names" aria-hidden="true">{rows.collect_view()}</ul>
            <div class="stage-plot">
                <svg viewBox=format!("0 0 100 {height}") preserveAspectRatio="none" style=format!("height:{height}px") aria-hidden="true">
                    {(0..night.rows.len()).map(rule).collect_view()}
                    {night.segments.windows(2).map(joint).collect_view()}
                    {night.segments.iter().map(bar).collect_view()}
                </svg>
                <div class="ticks" aria-hidden="true">{ticks.collect_view()}</div>
            </div>
        </div>
    }
    .into_any()
}
