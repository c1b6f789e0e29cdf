//! Which objects have to be made, judged by versions: no sample is decoded for it.

use std::collections::{BTreeMap, HashMap};

use pulsekeep_core::{
    Metric,
    account::Viewer,
    id::UserId,
    job::ExportFormat,
    time::{DayRange, add_days},
};
use pulsekeep_store::{
    Store, User, UserFilter,
    person::{CoverageDay, Person},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    GenerationError,
    listing::{ListReader, ListWriter},
    manifest::{Interrupted, ManifestObject, Previous},
};
use crate::{
    dataset::{Dataset, DayState, Form, Period, versions},
    identity::{Identity, PseudonymKey},
    target::{Body, ObjectKey},
};

/// Changes whenever the same data gives other bytes.
const FORMAT: u32 = 1;
/// People that are read at once.
const PEOPLE: u64 = 500;

/// Whose objects are brought up to date, and which.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) people: Option<Vec<UserId>>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) days: Option<DayRange>,
    pub(crate) format: ExportFormat,
}

/// An object to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Make {
    /// As it will be, without rows, bytes and digest.
    pub(super) object: ManifestObject,
    /// As it is in the sink for sure.
    pub(super) before: Option<ManifestObject>,
}

/// What is to be done about one person.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PersonPlan {
    pub(super) user: Option<i64>,
    pub(super) keep: Vec<ManifestObject>,
    pub(super) done: Vec<ManifestObject>,
    pub(super) make: Vec<Make>,
}

/// What is to be done.
pub(super) struct Plan {
    /// [`PersonPlan`]s in the order of the people's names.
    people: Body,
    pub(super) people_total: u32,
    pub(super) make_total: u64,
    pub(super) remove: Vec<ObjectKey>,
    /// Whether anything at all is to be done.
    pub(super) has_work: bool,
}

impl Plan {
    pub(super) fn people(self) -> Result<ListReader<PersonPlan>, GenerationError> {
        Ok(ListReader::new::<Head>(self.people)?.1)
    }

    /// Reads the plan twice: once for what is said beforehand.
    pub(super) fn peek(
        self,
        mut each: impl FnMut(&PersonPlan) -> Result<(), GenerationError>,
    ) -> Result<Self, GenerationError> {
        let mut copy = ListWriter::new(&Head { plan: FORMAT })?;
        let mut people = ListReader::<PersonPlan>::new::<Head>(self.people)?.1;
        while let Some(person) = people.next()? {
            each(&person)?;
            copy.push(&person)?;
        }
        Ok(Self { people: copy.finish(&0)?, ..self })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    plan: u32,
}

/// Makes a plan.
pub(super) struct Planner<'a> {
    pub(super) store: &'a Store,
    pub(super) scope: &'a Scope,
    pub(super) pseudonyms: Option<&'a PseudonymKey>,
    pub(super) interrupted: Option<Interrupted>,
    /// People whom a generation that was broken off has touched may be any: all are looked at then.
    pub(super) looks_at_all: bool,
}

impl Planner<'_> {
    fn identity(&self, user: &User) -> Identity {
        match self.pseudonyms {
            Some(key) => Identity::hidden(user, key),
            None => Identity::open(user),
        }
    }

    /// The people who are looked at, by the names that they are exported under.
    async fn people(&self) -> Result<Vec<(Identity, User)>, GenerationError> {
        let mut users = Vec::new();
        match &self.scope.people {
            Some(ids) if !self.looks_at_all => users.extend(self.store.users_named(&[], ids).await?),
            _ => loop {
                let after = users.last().map(|user: &User| user.id);
                let page = self.store.users(&UserFilter { search: None, after, limit: PEOPLE }).await?;
                if page.is_empty() {
                    break;
                }
                users.extend(page);
            },
        }
        let mut people: Vec<(Identity, User)> =
            users.into_iter().map(|user| (self.identity(&user), user)).collect();
        people.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        Ok(people)
    }

    /// The plan, beside the manifest of the last generation.
    pub(super) async fn plan(mut self, mut previous: Previous) -> Result<Plan, GenerationError> {
        let mut people_list = ListWriter::new(&Head { plan: FORMAT })?;
        let mut plan = Plan {
            people: Body::Bytes(Vec::new()),
            people_total: 0,
            make_total: 0,
            remove: Vec::new(),
            has_work: previous.header.is_none() || self.interrupted.is_some(),
        };
        let knows_all = self.looks_at_all || self.scope.people.is_none();
        let mut people = self.people().await?.into_iter().peekable();
        loop {
            let name = match (previous.person(), people.peek()) {
                (None, None) => break,
                (Some(known), Some((identity, _))) => known.min(identity.name.as_str()).to_owned(),
                (Some(known), None) => known.to_owned(),
                (None, Some((identity, _))) => identity.name.clone(),
            };
            let known = if previous.person() == Some(&name) { previous.take()? } else { Vec::new() };
            let of_person = match people.next_if(|(identity, _)| identity.name == name) {
                Some((identity, user)) => {
                    plan.people_total += 1;
                    self.of_person(&identity, &user, known, &mut plan).await?
                }
                // Somebody who is not there any more takes their objects along.
                None if knows_all => {
                    plan.remove.extend(known.into_iter().map(|object| object.key));
                    continue;
                }
                None => PersonPlan { keep: known, ..PersonPlan::default() },
            };
            self.forget(&of_person);
            plan.make_total += of_person.make.len() as u64;
            people_list.push(&of_person)?;
        }
        if let Some(interrupted) = self.interrupted {
            // What was begun with and is not wanted any more.
            let known: std::collections::HashSet<ObjectKey> = plan.remove.iter().cloned().collect();
            plan.remove.extend(interrupted.keys.into_keys().filter(|key| !known.contains(key)));
        }
        plan.has_work |= plan.make_total > 0 || !plan.remove.is_empty();
        plan.people = people_list.finish(&plan.people_total)?;
        Ok(plan)
    }

    /// These objects have their place in the plan, and need not be removed.
    fn forget(&mut self, person: &PersonPlan) {
        let Some(interrupted) = &mut self.interrupted else { return };
        let made = person.make.iter().map(|make| &make.object);
        for object in person.keep.iter().chain(&person.done).chain(made) {
            interrupted.keys.remove(&object.key);
        }
    }

    /// Whether what is asked for has this object.
    fn is_asked(
        &self,
        (user, shift): (UserId, &Identity),
        (dataset, form): (Dataset, Form),
        days: DayRange,
    ) -> bool {
        let lived = shift.lived(days);
        let has_form = match form {
            Form::Csv => self.scope.format.has_csv(),
            Form::Parquet => self.scope.format.has_parquet(),
        };
        has_form
            && self.scope.metrics.contains(&dataset.metric())
            && self.scope.people.as_ref().is_none_or(|people| people.contains(&user))
            && self.scope.days.is_none_or(|asked| asked.start < lived.end && lived.start < asked.end)
    }

    async fn of_person(
        &self,
        identity: &Identity,
        user: &User,
        known: Vec<ManifestObject>,
        plan: &mut Plan,
    ) -> Result<PersonPlan, GenerationError> {
        let mut known: HashMap<ObjectKey, ManifestObject> =
            known.into_iter().map(|object| (object.key.clone(), object)).collect();
        let mut of_person = PersonPlan { user: Some(user.id.0), ..PersonPlan::default() };
        let is_touched = |key: &ObjectKey| {
            self.interrupted.as_ref().is_some_and(|interrupted| interrupted.keys.contains_key(key))
        };
        for (dataset, form, object) in self.objects(identity, user).await? {
            let before = known.remove(&object.key);
            let days = DayRange::inclusive(object.from, object.to).unwrap_or(DayRange::one(object.from));
            let touched = is_touched(&object.key);
            if !touched && !self.is_asked((user.id, identity), (dataset, form), days) {
                of_person.keep.extend(before);
                continue;
            }
            let with = |made: &ManifestObject| ManifestObject {
                rows: made.rows,
                bytes: made.bytes,
                sha256: made.sha256.clone(),
                ..object.clone()
            };
            let done = self.interrupted.as_ref().and_then(|interrupted| interrupted.done.get(&object.key));
            if let Some(done) = done.filter(|done| touched && done.version == object.version) {
                of_person.done.push(with(done));
            } else if let Some(same) = before.as_ref().filter(|b| !touched && b.version == object.version) {
                let kept = with(same);
                plan.has_work |= kept != *same;
                of_person.keep.push(kept);
            } else {
                of_person.make.push(Make { object, before: before.filter(|_| !touched) });
            }
        }
        for (key, object) in known {
            let form = if object.format == Form::Csv.name() { Form::Csv } else { Form::Parquet };
            let days = DayRange::inclusive(object.from, object.to).unwrap_or(DayRange::one(object.from));
            // A dataset of a later version is not ours to judge.
            let gone = Dataset::named(&object.dataset).is_some_and(|dataset| {
                is_touched(&key) || self.is_asked((user.id, identity), (dataset, form), days)
            });
            if gone {
                plan.remove.push(key);
            } else {
                of_person.keep.push(object);
            }
        }
        Ok(of_person)
    }

    /// The objects of a person as they should be, in the order in which they are made.
    async fn objects(
        &self,
        identity: &Identity,
        user: &User,
    ) -> Result<Vec<(Dataset, Form, ManifestObject)>, GenerationError> {
        let Some(person) = self.store.person(&Viewer::system(), user.id).await? else {
            return Ok(Vec::new());
        };
        let reach = person.reach().await?;
        let metrics: Vec<Metric> = match self.looks_at_all {
            true => Metric::all().collect(),
            false => self.scope.metrics.clone(),
        };
        let forms = [Form::Csv, Form::Parquet].into_iter().filter(|form| match form {
            Form::Csv => self.looks_at_all || self.scope.format.has_csv(),
            Form::Parquet => self.looks_at_all || self.scope.format.has_parquet(),
        });
        let forms: Vec<Form> = forms.collect();
        let mut objects = Vec::new();
        for metric in metrics {
            let Some(&reach) = reach.get(&metric) else { continue };
            let days = self.days_within(identity, reach);
            if days.is_empty() {
                continue;
            }
            let coverage = person.coverage(&[metric], days).await?;
            for dataset in Dataset::of(metric) {
                let states = versions(&person, dataset, days).await?;
                for &form in &forms {
                    let of_form = files((dataset, form), identity, &states, &coverage);
                    objects.extend(of_form.into_iter().map(|object| (dataset, form, object)));
                }
            }
        }
        Ok(objects)
    }

    /// The days to be looked at: those of all files that what is asked for touches, as far as there is data.
    fn days_within(&self, identity: &Identity, reach: DayRange) -> DayRange {
        let Some(asked) = self.scope.days.filter(|_| !self.looks_at_all) else { return reach };
        let whole = identity.lived(Period::widened(identity.shown(asked)));
        let start = whole.start.max(reach.start);
        DayRange { start, end: whole.end.min(reach.end).max(start) }
    }
}

/// The files of a dataset that has these days.
fn files(
    (dataset, form): (Dataset, Form),
    identity: &Identity,
    states: &[DayState],
    coverage: &[CoverageDay],
) -> Vec<ManifestObject> {
    let mut periods: BTreeMap<Period, Vec<&DayState>> = BTreeMap::new();
    for state in states {
        let shown = add_days(state.day, identity.shift_days);
        periods.entry(dataset.period(form, shown)).or_default().push(state);
    }
    let mut covered: HashMap<Period, BTreeMap<String, u32>> = HashMap::new();
    for day in coverage {
        let shown = add_days(day.day, identity.shift_days);
        let states = covered.entry(dataset.period(form, shown)).or_default();
        *states.entry(day.state.key().to_owned()).or_default() += 1;
    }
    let object = |(period, states): (Period, Vec<&DayState>)| ManifestObject {
        key: dataset.key(form, &identity.name, period),
        user: identity.name.clone(),
        dataset: dataset.name(),
        format: form.name().to_owned(),
        from: period.days().start,
        to: period.days().last(),
        rows: 0,
        bytes: 0,
        sha256: String::new(),
        version: version((dataset, form), identity, &states),
        coverage: covered.get(&period).cloned().unwrap_or_default(),
    };
    periods.into_iter().map(object).collect()
}

fn version((dataset, form): (Dataset, Form), identity: &Identity, states: &[&DayState]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!(
        "{FORMAT} {} {} {} {}",
        dataset.name(),
        form.name(),
        identity.name,
        identity.shift_days
    ));
    for state in states {
        hash.update(format!(" {} ", state.day));
        hash.update(state.version);
    }
    hex::encode(&hash.finalize()[..16])
}

/// A person whose objects are to be made, and under which name; `None` when they have gone since.
pub(super) async fn person_of(
    store: &Store,
    user: UserId,
    pseudonyms: Option<&PseudonymKey>,
) -> Result<Option<(Person, Identity)>, GenerationError> {
    let Some(person) = store.person(&Viewer::system(), user).await? else { return Ok(None) };
    let identity = match pseudonyms {
        Some(key) => Identity::hidden(person.user(), key),
        None => Identity::open(person.user()),
    };
    Ok(Some((person, identity)))
}
