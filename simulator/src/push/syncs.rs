//! What a device's hand-over makes known, and to whom it is told.

use super::compose::{self, News};
use super::deliver::Parcel;
use crate::faults::Provider;
use crate::google::catalogue::DataType;
use crate::oauth::scopes::Scopes;
use crate::oauth::tokens::client_mark;
use crate::people::{Day, Person, View};
use crate::state::State;

/// A device keeps about a week of detail: a hand-over tells of no more.
const KEPT_SECONDS: i64 = 8 * 86_400;
/// Types whose detail is there for every stretch in which the watch was worn.
const WORN: [&str; 7] =
    ["active-zone-minutes", "altitude", "distance", "floors", "heart-rate", "steps", "total-calories"];
/// Types of the night, known with the sleep that carries it.
const NIGHTLY: [&str; 4] = [
    "daily-heart-rate-variability",
    "daily-oxygen-saturation",
    "daily-resting-heart-rate",
    "daily-sleep-temperature-derivations",
];

/// Looks which devices have handed over their data since the last look, and puts what they tell into the outbox.
pub(super) fn look(state: &State) {
    let push = state.push().clone();
    if !push.inner().is_wanted() {
        return;
    }
    let (now, people) = (state.now(), state.people().clone());
    for person in people.all() {
        let consents = |provider| scopes(state, provider, person).is_some();
        if !consents(Provider::Google) && !consents(Provider::Fitbit) {
            continue;
        }
        let view = View::new(people.clone(), person.clone(), now, Vec::new());
        let until = view.until();
        // the first look only learns where the device stands
        let before = push.inner().seen.insert(person.profile.id.to_owned(), until).unwrap_or(until);
        if until > before {
            let google = news(&view, before.max(until - KEPT_SECONDS));
            tell(state, person, &google);
        }
    }
}

/// The scopes that a person has granted to a client of ours; none without a consent that stands.
pub(super) fn scopes(state: &State, provider: Provider, person: &Person) -> Option<Scopes> {
    state.clients().find_map(|client| {
        state.grants().granted(provider, client_mark(&client.client_id), person.profile.id)
    })
}

/// What became known between two hand-overs, by Google's types.
fn news(view: &View, from: i64) -> Vec<News> {
    let until = view.until();
    let mut news = Vec::new();
    let mut add = |subject: &str, from, to| news.push(News { subject: subject.to_owned(), from, to });
    if view.minutes_in(from, until).iter().any(|(minute, _)| minute.worn) {
        for subject in WORN {
            add(subject, from, until);
        }
    }
    let timeline = &view.person().timeline;
    let mut day = timeline.day_at(from);
    while day <= timeline.day_at(until) {
        // a night is known only a while after waking: so those of the day are told with each hand-over until then
        for sleep in view.sleeps(day) {
            if sleep.end + crate::people::SLEEP_PROCESSING > from {
                add("sleep", sleep.start, sleep.end);
                if sleep.carries_night() {
                    let (start, end) = whole(view, day);
                    for subject in NIGHTLY {
                        add(subject, start, end);
                    }
                }
            }
        }
        let within = |time: i64| time >= from && time < until;
        for weight in view.weights(day).iter().filter(|weight| within(weight.time)) {
            add("weight", weight.time, weight.time + 1);
            add("body-fat", weight.time, weight.time + 1);
        }
        for exercise in view.exercises(day).iter().filter(|exercise| within(exercise.end - 1)) {
            add("exercise", exercise.start, exercise.end);
        }
        day = day.plus(1);
    }
    news
}

/// A civil day's first instant and the first of the next.
fn whole(view: &View, day: Day) -> (i64, i64) {
    let segments = view.person().timeline.segments(day);
    let start = segments.first().map_or(day.midnight(), |segment| segment.start);
    let end = segments.last().map_or(start, |last| last.start + i64::from(last.minutes) * 60);
    (start, end)
}

/// Fitbit's collection of a type.
fn collection(subject: &str) -> &'static str {
    match subject {
        "sleep" => "sleep",
        "weight" | "body-fat" => "body",
        _ => "activities",
    }
}

/// Puts what is told of a person into the outbox, as far as their consent reaches.
fn tell(state: &State, person: &Person, news: &[News]) {
    let mut parcels = Vec::new();
    if let Some(granted) = scopes(state, Provider::Google, person) {
        let allowed: Vec<News> = news.iter().filter(|one| covers(granted, &one.subject)).cloned().collect();
        parcels.extend(google(state, person, "UPSERT", &allowed));
    }
    if scopes(state, Provider::Fitbit, person).is_some() {
        parcels.extend(fitbit(state, person, &collections(news)));
    }
    let push = state.push().clone();
    let mut inner = push.inner();
    for parcel in parcels {
        inner.outbox.put(parcel);
    }
}

fn covers(granted: Scopes, subject: &str) -> bool {
    DataType::named(subject).is_some_and(|known| granted.contains(known.scope_set()))
}

/// One stretch for each collection, from the first to the last of its types.
fn collections(news: &[News]) -> Vec<News> {
    let mut found: Vec<News> = Vec::new();
    for one in news {
        let subject = collection(&one.subject);
        // a night belongs to the day of waking
        let from = if subject == "sleep" { one.to - 1 } else { one.from };
        match found.iter_mut().find(|known| known.subject == subject) {
            Some(known) => {
                known.from = known.from.min(from);
                known.to = known.to.max(one.to);
            }
            None => found.push(News { subject: subject.to_owned(), from, to: one.to }),
        }
    }
    found
}

pub(super) fn google(state: &State, person: &Person, operation: &str, news: &[News]) -> Vec<Parcel> {
    let push = state.push().clone();
    let inner = push.inner();
    compose::google(&inner, &state.switches(), person, operation, news, state.now_ms())
}

pub(super) fn fitbit(state: &State, person: &Person, news: &[News]) -> Option<Parcel> {
    let secret = state.clients().next()?.client_secret.clone();
    let push = state.push().clone();
    let inner = push.inner();
    compose::fitbit(&inner, &secret, person, news, state.now_ms())
}
