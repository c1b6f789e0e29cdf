//! A backfill: range and metrics, then the plan, then the start.

use std::collections::HashSet;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::enums::{MetricKey, RequestSyncStatus};
use crate::api::operations::backfill_estimate::{self, BackfillEstimateBackfillPlan as Plan};
use crate::api::operations::people::{self, PeopleUsersNodes as Person};
use crate::api::operations::request_backfill;
use crate::api::operations::{BackfillEstimate, People, RequestBackfill};
use crate::api::transport::send;
use crate::components::states::sentence;
use crate::components::table::DataTable;
use crate::pages::jobs::request_refusal;
use crate::state::flash::use_flash;
use crate::state::locale::format;
use crate::state::session::{Session, use_session};
use crate::state::{tr, zone};
use crate::view_model::civil::Day;
use crate::view_model::table::Table;

/// Days that are offered first.
const OFFERED: i32 = 90;

/// What the form holds.
#[derive(Debug, Clone, Copy)]
struct Form {
    people: RwSignal<HashSet<String>>,
    metrics: RwSignal<HashSet<&'static str>>,
    from: RwSignal<String>,
    to: RwSignal<String>,
}

/// A request for a backfill, in the types of both operations.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    people: Vec<String>,
    metrics: Option<Vec<MetricKey>>,
    from: String,
    to: String,
}

impl Form {
    fn new(session: Session) -> Self {
        let today = zone::today(&session.time_zone());
        let own = session.user_id().filter(|_| !session.is_admin());
        Self {
            people: RwSignal::new(own.into_iter().collect()),
            metrics: RwSignal::new(HashSet::new()),
            from: RwSignal::new(today.plus(1 - OFFERED).to_string()),
            to: RwSignal::new(today.to_string()),
        }
    }

    /// What is asked for, or what is wrong with it.
    fn wanted(self) -> Result<Wanted, &'static str> {
        let (from, to) = (self.from.get_untracked(), self.to.get_untracked());
        let mut people: Vec<String> = self.people.get_untracked().into_iter().collect();
        people.sort();
        match (Day::parse(&from), Day::parse(&to)) {
            _ if people.is_empty() => Err(tr!(backfill.nobody)),
            (Some(first), Some(last)) if first <= last => {
                let chosen = self.metrics.get_untracked();
                let known = MetricKey::KNOWN
                    .iter()
                    .filter(|key| chosen.contains(*key))
                    .map(|key| MetricKey::from(*key));
                let metrics: Vec<MetricKey> = known.collect();
                Ok(Wanted { people, metrics: (!metrics.is_empty()).then_some(metrics), from, to })
            }
            (Some(_), Some(_)) => Err(tr!(sync.range_reversed)),
            _ => Err(tr!(backfill.dates)),
        }
    }
}

/// The card with the form; closed until it is wanted.
#[component]
pub fn BackfillCard(#[prop(into)] on_started: Callback<()>) -> impl IntoView {
    let session = use_session();
    let form = Form::new(session);
    let (plan, problem, busy) =
        (RwSignal::new(None::<(Wanted, Plan)>), RwSignal::new(None::<String>), RwSignal::new(false));
    let ask = move |event: SubmitEvent| {
        event.prevent_default();
        plan.set(None);
        let wanted = match form.wanted() {
            Ok(wanted) => wanted,
            Err(text) => return problem.set(Some(text.to_owned())),
        };
        problem.set(None);
        busy.set(true);
        let input = backfill_estimate::BackfillInput {
            user_ids: wanted.people.clone(),
            metrics: wanted.metrics.clone(),
            from: wanted.from.clone(),
            to: wanted.to.clone(),
            priority: None,
        };
        leptos::task::spawn_local(async move {
            let answer = send::<BackfillEstimate>(backfill_estimate::Variables { input }).await;
            busy.try_set(false);
            match answer {
                Ok(data) => plan.set(Some((wanted, data.backfill_plan))),
                Err(error) => problem.set(Some(sentence(&error))),
            }
        });
    };
    let date = |label: &'static str, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span>{label}</span>
                <input
                    type="date"
                    required
                    prop:value=move || value.get()
                    on:change=move |event| {
                        plan.set(None);
                        value.set(event_target_value(&event));
                    }
                />
            </label>
        }
    };
    view! {
        <details class="card backfill">
            <summary><h2>{tr!(backfill.title)}</h2><span class="note">{tr!(backfill.hint)}</span></summary>
            <form on:submit=ask>
                {session.is_admin().then(|| view! { <PeopleChoice people=form.people/> })}
                <div class="field-row">{date(tr!(range.from), form.from)} {date(tr!(range.to), form.to)}</div>
                <MetricChoice metrics=form.metrics/>
                <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
                <button class="button" prop:disabled=move || busy.get()>{tr!(backfill.show_plan)}</button>
            </form>
            <div aria-live="polite">
                {move || plan.get().map(|(wanted, shown)| view! { <PlanView wanted shown plan on_started/> })}
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn PeopleChoice(people: RwSignal<HashSet<String>>) -> impl IntoView {
    let list = LocalResource::new(|| {
        send::<People>(people::Variables { first: Some(100), after: None, search: None, days: 1 })
    });
    let choice = move |person: &Person| {
        let id = StoredValue::new(person.id.clone());
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || people.read().contains(&*id.read_value())
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        people.update(|set| {
                            if on { set.insert(id.get_value()); } else { set.remove(&*id.read_value()); }
                        });
                    }
                />
                <span>{person.display_name.clone()}</span>
            </label>
        }
    };
    let body = move || match &*list.read() {
        None => view! { <p class="note">{tr!(common.loading)}</p> }.into_any(),
        Some(Err(error)) => view! { <p class="problem">{sentence(error)}</p> }.into_any(),
        Some(Ok(data)) => {
            let linked = data.users.nodes.iter().filter(|person| !person.linked_accounts.is_empty());
            linked.map(choice).collect_view().into_any()
        }
    };
    view! { <fieldset class="checks"><legend>{tr!(backfill.people)}</legend>{move || body()}</fieldset> }
        .into_any()
}

#[component]
fn MetricChoice(metrics: RwSignal<HashSet<&'static str>>) -> impl IntoView {
    let f = format();
    let choice = |key: &&'static str| {
        let key = *key;
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || metrics.read().contains(key)
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        metrics.update(|set| {
                            if on { set.insert(key); } else { set.remove(key); }
                        });
                    }
                />
                <span>{f.metric(&MetricKey::from(key))}</span>
            </label>
        }
    };
    view! {
        <fieldset class="checks">
            <legend>{tr!(backfill.metrics)}</legend>
            {MetricKey::KNOWN.iter().map(choice).collect_view()}
        </fieldset>
    }
    .into_any()
}

/// What the backfill will cost, and the button that starts it.
#[component]
fn PlanView(
    wanted: Wanted,
    shown: Plan,
    plan: RwSignal<Option<(Wanted, Plan)>>,
    on_started: Callback<()>,
) -> impl IntoView {
    let (flash, busy, f) = (use_flash(), RwSignal::new(false), format());
    let whole = |n: i64| f.whole(n as f64);
    let summary = tr!(
        backfill.plan,
        expected = whole(shown.requests_expected),
        most = whole(shown.requests_at_most),
        eta = f.estimate(shown.eta_seconds as f64)
    );
    let table = Table {
        caption: tr!(backfill.per_metric).to_owned(),
        head: vec![
            tr!(backfill.metric).to_owned(),
            tr!(backfill.expected).to_owned(),
            tr!(backfill.most).to_owned(),
        ],
        rows: shown
            .metrics
            .iter()
            .map(|row| vec![f.metric(&row.metric), whole(row.requests_expected), whole(row.requests_at_most)])
            .collect(),
    };
    let problems = shown.problems.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view();
    let can_start = shown.requests_at_most > 0;
    let wanted = StoredValue::new(wanted);
    let start = move |_| {
        busy.set(true);
        let wanted = wanted.get_value();
        let input = request_backfill::BackfillInput {
            user_ids: wanted.people,
            metrics: wanted.metrics,
            from: wanted.from,
            to: wanted.to,
            priority: None,
        };
        leptos::task::spawn_local(async move {
            let answer = send::<RequestBackfill>(request_backfill::Variables { input }).await;
            busy.try_set(false);
            match answer.map(|data| data.request_backfill) {
                Ok(payload) if payload.status == RequestSyncStatus::Accepted => {
                    flash.say(tr!(backfill.started));
                    plan.try_set(None);
                }
                Ok(payload) => flash.warn(request_refusal(&payload.status, payload.message)),
                Err(error) => flash.warn(sentence(&error)),
            }
            on_started.run(());
        });
    };
    view! {
        <div class="plan">
            <p class="lead">{summary}</p>
            <ul class="problems">{problems}</ul>
            <DataTable table/>
            <button
                type="button"
                class="button primary"
                on:click=start
                prop:disabled=move || busy.get() || !can_start
            >
                {tr!(backfill.start)}
            </button>
        </div>
    }
    .into_any()
}
