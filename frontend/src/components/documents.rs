//! The raw documents behind a day: what the provider answered, as received.

use leptos::prelude::*;

use crate::api::enums::MetricKey;
use crate::api::errors::ApiError;
use crate::api::operations::raw_documents::{
    self, RawDocumentsUserRawDocumentsEdges as Edge, RawDocumentsUserRawDocumentsEdgesNode as Document,
};
use crate::api::operations::{RawBody, RawDocuments, raw_body};
use crate::api::transport::send;
use crate::components::copy::CopyButton;
use crate::components::states::{ErrorState, Skeleton, loaded};
use crate::state::load::{Load, Phase};
use crate::state::locale::format;
use crate::state::tr;
use crate::state::zone;
use crate::view_model::civil::{Day, parse_instant};
use crate::view_model::json;

/// Documents asked for at once.
const PAGE: i64 = 50;

/// What a list of documents is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Of {
    /// The person.
    pub id: String,
    pub day: Day,
    /// All metrics where there is none.
    pub metric: Option<MetricKey>,
    /// The person's time zone.
    pub zone: String,
}

/// The documents, newest first; each body is asked for when it is opened.
#[component]
pub fn Documents(#[prop(into)] of: Signal<Of>) -> impl IntoView {
    let load = Load::new(move || {
        let of = of.get();
        let variables = raw_documents::Variables {
            id: of.id.clone(),
            date: of.day.to_string(),
            metric: of.metric.clone(),
            first: Some(PAGE),
            after: None,
        };
        async move {
            let user = send::<RawDocuments>(variables).await?.user.ok_or_else(ApiError::not_found)?;
            // With what was asked for: by then somebody may have chosen something else.
            Ok((of, user.raw_documents))
        }
    });
    loaded(load, 2, move |answer| {
        let rows = move || {
            let (of, answer) = &*answer.get();
            let rows = rows(&answer.edges, of);
            let more = answer.page_info.has_next_page.then(|| view! { <p class="note">{tr!(raw.more)}</p> });
            if rows.is_empty() {
                view! { <p class="note">{tr!(raw.empty)}</p> }.into_any()
            } else {
                view! { <ul class="documents">{rows}</ul> {more} }.into_any()
            }
        };
        rows.into_any()
    })
}

fn rows(edges: &[Edge], of: &Of) -> Vec<AnyView> {
    let row = |(i, edge): (usize, &Edge)| {
        // One document is asked for by the cursor of the one before it.
        let after = i.checked_sub(1).map(|before| edges[before].cursor.clone());
        let place = raw_body::Variables {
            id: of.id.clone(),
            date: of.day.to_string(),
            metric: of.metric.clone(),
            after,
        };
        view! { <DocumentRow document=edge.node.clone() place zone=of.zone.clone()/> }.into_any()
    };
    edges.iter().enumerate().map(row).collect()
}

#[component]
fn DocumentRow(document: Document, place: raw_body::Variables, zone: String) -> impl IntoView {
    let f = format();
    let open = RwSignal::new(false);
    let fetched = parse_instant(&document.fetched_at).map(|at| f.date_time(at, &zone::recent(&zone)));
    let size =
        format!("{} ({} {})", f.bytes(document.bytes), f.bytes(document.stored_bytes), tr!(raw.stored));
    let place = StoredValue::new((document.id.clone(), place));
    let label = format!("{} {}", tr!(raw.body_of), document.endpoint);
    view! {
        <li class="document" class:superseded=document.superseded>
            <code class="endpoint">{document.endpoint.clone()}</code>
            <span>{tr!(raw.page)} " " {document.page + 1}</span>
            <span>{fetched}</span>
            <span>{size}</span>
            {document.superseded.then(|| view! { <span class="badge">{tr!(raw.superseded)}</span> })}
            <button
                type="button"
                class="button small"
                aria-expanded=move || open.get().to_string()
                aria-label=label
                on:click=move |_| open.update(|on| *on = !*on)
            >
                {move || if open.get() { tr!(raw.hide_body) } else { tr!(raw.show_body) }}
            </button>
            <Show when=move || open.get()>
                {
                    let (id, place) = place.get_value();
                    view! { <DocumentBody id place/> }
                }
            </Show>
        </li>
    }
    .into_any()
}

/// The body, asked for when it is opened: a day can have megabytes.
#[component]
fn DocumentBody(id: String, place: raw_body::Variables) -> impl IntoView {
    let load = Load::new(move || {
        let (id, place) = (id.clone(), place.clone());
        async move {
            let user = send::<RawBody>(place).await?.user.ok_or_else(ApiError::not_found)?;
            // Documents that arrive meanwhile move the others along.
            let document = user.raw_documents.nodes.into_iter().find(|document| document.id == id);
            document.map(|document| json::indent(&document.body)).ok_or_else(ApiError::not_found)
        }
    });
    let phase = load.phase();
    move || match phase.get() {
        Phase::Loading => view! { <Skeleton blocks=1/> }.into_any(),
        Phase::Failed(error) => view! { <ErrorState error retry=move |()| load.retry()/> }.into_any(),
        Phase::Ready => {
            let text = load.data().map(|text| text.as_str().to_owned()).unwrap_or_default();
            view! {
                <CopyButton text=text.clone()/>
                <pre class="json" tabindex="0" role="region" aria-label=tr!(raw.body)>{text}</pre>
            }
            .into_any()
        }
    }
}
