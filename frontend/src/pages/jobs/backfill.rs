//! A backfill: people, range and metrics, then the plan, then the start. Or stored answers read anew, which asks nobody.

use std::collections::HashSet;
use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::accounts::{People, people as everybody};
use super::steer::priorities;
use super::words::request_refusal;
use crate::api::enums::{MetricKey, Priority, RequestSyncStatus};
use crate::api::errors::ApiError;
use crate::api::operations::backfill_estimate::{self, BackfillEstimateBackfillPlan as Plan};
use crate::api::operations::{
    BackfillEstimate, PersonAccounts, RequestBackfill, RequestReparse, request_backfill, request_reparse,
};
use crate::api::transport::send;
use crate::components::states::{loaded, sentence};
use crate::components::table::DataTable;
use crate::state::flash::use_flash;
use crate::state::load::Load;
use crate::state::locale::format;
use crate::state::session::{Session, use_session};
use crate::state::{tr, zone};
use crate::view_model::civil::Day;
use crate::view_model::metric::group;
use crate::view_model::table::Table;

/// Days that are offered first.
const OFFERED: i32 = 90;
/// Pages of people that a request for everybody reads: the server takes 1,000 people at once.
const PAGES: usize = 10;

/// What the form holds.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Whether everybody with a provider is meant; for admins.
    everybody: RwSignal<bool>,
    people: RwSignal<HashSet<String>>,
    metrics: RwSignal<HashSet<&'static str>>,
    from: RwSignal<String>,
    to: RwSignal<String>,
    priority: RwSignal<Priority>,
    /// Whether stored answers are read anew instead of asking the provider.
    reparse: RwSignal<bool>,
}

/// What is asked for, in the types of all its operations.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    people: Vec<String>,
    metrics: Option<Vec<MetricKey>>,
    from: String,
    to: String,
    priority: Priority,
}

impl Form {
    fn new(session: Session) -> Self {
        let today = zone::today(&session.time_zone());
        let own = session.user_id().filter(|_| !session.is_admin());
        Self {
            everybody: RwSignal::new(false),
            people: RwSignal::new(own.into_iter().collect()),
            metrics: RwSignal::new(HashSet::new()),
            from: RwSignal::new(today.plus(1 - OFFERED).to_string()),
            to: RwSignal::new(today.to_string()),
            priority: RwSignal::new(Priority::Low),
            reparse: RwSignal::new(false),
        }
    }

    /// What is asked for, or what is wrong with it. Nobody is named where everybody is meant.
    fn wanted(self) -> Result<Wanted, &'static str> {
        let (from, to) = (self.from.get_untracked(), self.to.get_untracked());
        let everybody = self.everybody.get_untracked();
        let mut people: Vec<String> = self.people.get_untracked().into_iter().collect();
        people.sort();
        match (Day::parse(&from), Day::parse(&to)) {
            _ if people.is_empty() && !everybody => Err(tr!(backfill.nobody)),
            (Some(first), Some(last)) if first <= last => {
                let chosen = self.metrics.get_untracked();
                let known = MetricKey::KNOWN
                    .iter()
                    .filter(|key| chosen.contains(*key))
                    .map(|key| MetricKey::from(*key));
                let metrics: Vec<MetricKey> = known.collect();
                let metrics = (!metrics.is_empty()).then_some(metrics);
                let people = if everybody { Vec::new() } else { people };
                Ok(Wanted { people, metrics, from, to, priority: self.priority.get_untracked() })
            }
            (Some(_), Some(_)) => Err(tr!(sync.range_reversed)),
            _ => Err(tr!(backfill.dates)),
        }
    }
}

impl Wanted {
    /// With the people named: everybody who has a provider, where nobody was.
    async fn with_people(mut self) -> Result<Self, ApiError> {
        if self.people.is_empty() {
            let everybody = everybody(PAGES).await?;
            self.people = everybody.people.into_iter().filter(has_provider).map(|person| person.id).collect();
        }
        Ok(self)
    }

    async fn plan(&self) -> Result<Plan, ApiError> {
        let input = backfill_estimate::BackfillInput {
            user_ids: self.people.clone(),
            metrics: self.metrics.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            priority: Some(self.priority.clone()),
        };
        Ok(send::<BackfillEstimate>(backfill_estimate::Variables { input }).await?.backfill_plan)
    }

    async fn start(self) -> Result<(RequestSyncStatus, Option<String>), ApiError> {
        let input = request_backfill::BackfillInput {
            user_ids: self.people,
            metrics: self.metrics,
            from: self.from,
            to: self.to,
            priority: Some(self.priority),
        };
        let payload = send::<RequestBackfill>(request_backfill::Variables { input }).await?.request_backfill;
        Ok((payload.status, payload.message))
    }

    async fn reparse(self) -> Result<(RequestSyncStatus, Option<String>), ApiError> {
        let (user_ids, metrics) = (self.people, self.metrics);
        let input = request_reparse::ReparseInput { user_ids, metrics, from: self.from, to: self.to };
        let payload = send::<RequestReparse>(request_reparse::Variables { input }).await?.request_reparse;
        Ok((payload.status, payload.message))
    }
}

fn has_provider(person: &PersonAccounts) -> bool {
    !person.linked_accounts.is_empty()
}

/// The card with the form; closed until it is wanted.
#[component]
pub fn BackfillCard(accounts: Load<People>, on_started: Callback<()>) -> impl IntoView {
    let session = use_session();
    let form = Form::new(session);
    let (plan, problem, busy) =
        (RwSignal::new(None::<(Wanted, Plan)>), RwSignal::new(None::<String>), RwSignal::new(false));
    let flash = use_flash();
    let ask = move |event: SubmitEvent| {
        event.prevent_default();
        plan.set(None);
        let wanted = match form.wanted() {
            Ok(wanted) => wanted,
            Err(text) => return problem.set(Some(text.to_owned())),
        };
        problem.set(None);
        busy.set(true);
        let reparse = form.reparse.get_untracked();
        leptos::task::spawn_local(async move {
            let outcome = match wanted.with_people().await {
                Ok(wanted) if wanted.people.is_empty() => {
                    busy.try_set(false);
                    problem.try_set(Some(tr!(backfill.nobody_linked).to_owned()));
                    return;
                }
                Ok(wanted) if reparse => match wanted.reparse().await {
                    Ok((RequestSyncStatus::Accepted, message)) => {
                        flash.say(accepted(tr!(backfill.reparse_started), message));
                        on_started.run(());
                        Ok(None)
                    }
                    Ok((status, message)) => {
                        problem.try_set(Some(request_refusal(&status, message)));
                        Ok(None)
                    }
                    Err(error) => Err(error),
                },
                Ok(wanted) => wanted.plan().await.map(|plan| Some((wanted, plan))),
                Err(error) => Err(error),
            };
            busy.try_set(false);
            match outcome {
                Ok(found) => plan.try_set(found),
                Err(error) => problem.try_set(Some(sentence(&error))).map(|_| None),
            };
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
    let submit = move || if form.reparse.get() { tr!(backfill.reparse) } else { tr!(backfill.show_plan) };
    view! {
        <details class="card backfill">
            <summary><h2>{tr!(backfill.title)}</h2><span class="note">{tr!(backfill.hint)}</span></summary>
            <form on:submit=ask>
                {session.is_admin().then(|| view! { <PeopleChoice form accounts/> })}
                <div class="field-row">{date(tr!(range.from), form.from)} {date(tr!(range.to), form.to)}</div>
                <MetricChoice metrics=form.metrics/>
                {session.is_admin().then(|| view! { <HowChoice form/> })}
                <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
                <button class="button" prop:disabled=move || busy.get()>{move || submit()}</button>
            </form>
            <div aria-live="polite">
                {move || plan.get().map(|(wanted, shown)| view! { <PlanView wanted shown plan on_started/> })}
            </div>
        </details>
    }
    .into_any()
}

/// Good news, with what the server adds about people whom it left out.
fn accepted(words: &str, message: Option<String>) -> String {
    message.map_or_else(|| words.to_owned(), |message| format!("{words} {message}"))
}

/// A box that sets a flag.
fn flag(label: &'static str, value: RwSignal<bool>) -> AnyView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || value.get()
                on:change=move |event| value.set(event_target_checked(&event))
            />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

#[component]
fn PeopleChoice(form: Form, accounts: Load<People>) -> impl IntoView {
    let people = form.people;
    let choice = move |person: &PersonAccounts| {
        let id = StoredValue::new(person.id.clone());
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || form.everybody.get() || people.read().contains(&*id.read_value())
                    prop:disabled=move || form.everybody.get()
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
    let list = loaded(accounts, 1, move |data: Signal<Arc<People>>| {
        // The accounts change all the time, the people do not.
        let linked = Memo::new(move |_| {
            let data = data.read();
            let linked = data.people.iter().filter(|person| has_provider(person));
            linked.map(|person| (person.id.clone(), person.display_name.clone())).collect::<Vec<_>>()
        });
        (move || {
            linked.track();
            let data = data.read_untracked();
            data.people.iter().filter(|person| has_provider(person)).map(choice).collect_view()
        })
        .into_any()
    });
    view! {
        <fieldset class="checks">
            <legend>{tr!(backfill.people)}</legend>
            <div class="check-all">{flag(tr!(backfill.everybody), form.everybody)}</div>
            {list}
        </fieldset>
    }
    .into_any()
}

/// How it is done: how urgently, or without asking the provider at all.
#[component]
fn HowChoice(form: Form) -> impl IntoView {
    let option = |(priority, word): (Priority, &'static str)| {
        view! { <option value=priority.as_str().to_owned()>{word}</option> }
    };
    view! {
        <div class="how">
            <label class="field">
                <span>{tr!(backfill.priority)}</span>
                <select
                    prop:disabled=move || form.reparse.get()
                    on:change=move |event| form.priority.set(Priority::from(event_target_value(&event).as_str()))
                >
                    {priorities().map(option).into_iter().collect_view()}
                </select>
            </label>
            {flag(tr!(backfill.reparse_hint), form.reparse)}
        </div>
    }
    .into_any()
}

#[component]
fn MetricChoice(metrics: RwSignal<HashSet<&'static str>>) -> impl IntoView {
    let f = format();
    let mut known = MetricKey::KNOWN.to_vec();
    known.sort_by_key(|key| group(&MetricKey::from(*key)));
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
            {known.iter().map(choice).collect_view()}
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
        leptos::task::spawn_local(async move {
            let answer = wanted.start().await;
            busy.try_set(false);
            match answer {
                Ok((RequestSyncStatus::Accepted, message)) => {
                    flash.say(accepted(tr!(backfill.started), message));
                    plan.try_set(None);
                }
                Ok((status, message)) => flash.warn(request_refusal(&status, message)),
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
