//! A generation of an export: what is there, what has changed, and the way from one to the other, in which every object
//! is whole at each moment and the manifest tells the truth about the last generation that was finished.
//!
//! In this order: `in-progress.json` names what will be replaced and removed; objects are put; the manifest is put; objects
//! that have no data any more go; `in-progress.json` goes. Who finds it there goes on: what it names is not taken for what
//! the manifest says, and notes beside it tell which objects were put already.

mod listing;
mod manifest;
mod plan;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use jiff::civil::Date;
use pulsekeep_core::{EpochMs, id::UserId};
use pulsekeep_store::{ExportProgress, Store, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use manifest::{ManifestHeader, ManifestObject, ManifestTotal};
pub(crate) use plan::Scope;

use crate::{
    ExportError,
    dataset::{Dataset, Encoded, Encoder, Form},
    identity::PseudonymKey,
    target::{ObjectSink, SinkFailure},
};
use listing::ListingError;
use manifest::{Interrupted, Manifest, Previous, Step, manifest_key, progress_key};
use plan::{Make, PersonPlan, Plan, Planner, person_of};

/// Why a generation was not finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerationError {
    #[error(transparent)]
    Sink(#[from] SinkFailure),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What lies in the sink is not what an export can go on from: a sentence.
    #[error("{0}")]
    Strange(String),
    /// The folder for temporary files.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The job was cancelled, or another process has taken it over.
    #[error("the export was stopped")]
    Stopped,
    #[error("a thread that writes objects broke down")]
    Broken,
}

impl From<ListingError> for GenerationError {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Io(error) => Self::Io(error),
            ListingError::Strange => Self::Broken,
        }
    }
}

/// How far a generation is, for all who look.
pub(crate) type SharedProgress = Arc<Mutex<ExportProgress>>;

/// All that a generation needs.
pub(crate) struct Generation {
    pub(crate) store: Store,
    pub(crate) sink: Arc<dyn ObjectSink>,
    pub(crate) scope: Scope,
    /// With it the export is a de-identified one.
    pub(crate) pseudonyms: Option<PseudonymKey>,
    /// A name that no other generation has.
    pub(crate) name: String,
    pub(crate) now: EpochMs,
    /// Objects written at the same time.
    pub(crate) parallel: usize,
    pub(crate) stop: CancellationToken,
    pub(crate) progress: SharedProgress,
}

impl Generation {
    /// Brings the sink up to date.
    ///
    /// # Errors
    /// [`GenerationError`]; what was there before is still whole, and the next run goes on.
    pub(crate) async fn run(&self) -> Result<(), GenerationError> {
        let sink = self.sink.as_ref();
        sink.prepare().await?;
        let previous = Previous::read(sink, self.pseudonyms.is_some()).await?;
        let interrupted = Interrupted::read(sink, previous.header.as_ref()).await?;
        let earlier = interrupted.as_ref().map(|found| found.generations.clone()).unwrap_or_default();
        let planner = Planner {
            store: &self.store,
            scope: &self.scope,
            pseudonyms: self.pseudonyms.as_ref(),
            looks_at_all: interrupted.as_ref().is_some_and(|found| !found.keys.is_empty()),
            interrupted,
        };
        let plan = planner.plan(previous).await?;
        self.note(|progress| {
            progress.people_total = i32::try_from(plan.people_total).unwrap_or(i32::MAX);
            progress.objects_total = i64::try_from(plan.make_total).unwrap_or(i64::MAX);
        });
        if !plan.has_work {
            self.note(|progress| progress.people_done = progress.people_total);
            return Ok(());
        }
        let plan = self.announce(plan, &earlier).await?;
        manifest::drop_parts(sink, &earlier).await?;
        let remove = plan.remove.clone();
        let manifest = self.make_all(plan).await?;
        self.go_on()?;
        sink.put(&manifest_key(), &manifest.finish()?, &self.stop).await?;
        for key in &remove {
            self.go_on()?;
            sink.delete(key).await?;
        }
        manifest::drop_parts(sink, std::slice::from_ref(&self.name)).await?;
        Ok(sink.delete(&progress_key()).await?)
    }

    fn go_on(&self) -> Result<(), GenerationError> {
        if self.stop.is_cancelled() { Err(GenerationError::Stopped) } else { Ok(()) }
    }

    fn note(&self, change: impl FnOnce(&mut ExportProgress)) {
        if let Ok(mut progress) = self.progress.lock() {
            change(&mut progress);
        }
    }

    /// Says in the sink what will be done there.
    async fn announce(&self, plan: Plan, earlier: &[String]) -> Result<Plan, GenerationError> {
        let is_hidden = self.pseudonyms.is_some();
        let mut list = manifest::progress((&self.name, earlier), (self.now.to_string(), is_hidden))?;
        let plan = plan.peek(|person| {
            for make in &person.make {
                list.push(&Step::Replace(make.object.key.clone()))?;
            }
            for object in &person.done {
                list.push(&Step::Done(object.clone()))?;
            }
            Ok(())
        })?;
        for key in &plan.remove {
            list.push(&Step::Remove(key.clone()))?;
        }
        self.go_on()?;
        self.sink.put(&progress_key(), &list.finish(&plan.make_total)?, &self.stop).await?;
        Ok(plan)
    }

    async fn make_all(&self, plan: Plan) -> Result<Manifest, GenerationError> {
        let mut manifest = Manifest::new(&self.name, self.now.to_string(), self.pseudonyms.is_some())?;
        let mut people = plan.people()?;
        let mut parts = 0;
        while let Some(person) = people.next()? {
            let PersonPlan { user, mut keep, done, make } = person;
            keep.extend(done);
            if !make.is_empty() {
                let made = self.make_person(user, make).await?;
                parts += 1;
                let (key, body) = manifest::part(&self.name, parts, &made)?;
                self.go_on()?;
                self.sink.put(&key, &body, &self.stop).await?;
                keep.extend(made);
            }
            keep.sort_by(|a, b| a.key.cmp(&b.key));
            for object in &keep {
                manifest.push(object)?;
            }
            if user.is_some() {
                self.note(|progress| progress.people_done += 1);
            }
        }
        Ok(manifest)
    }

    /// Makes the objects of a person, dataset by dataset, while those that are ready are on their way.
    async fn make_person(
        &self,
        user: Option<i64>,
        make: Vec<Make>,
    ) -> Result<Vec<ManifestObject>, GenerationError> {
        let user = user.map(UserId).ok_or(GenerationError::Broken)?;
        let person = person_of(&self.store, user, self.pseudonyms.as_ref()).await?;
        let person = person.ok_or(GenerationError::Export(ExportError::Gone))?;
        let mut groups: BTreeMap<(Dataset, Form), HashMap<Date, Make>> = BTreeMap::new();
        for make in make {
            let dataset = Dataset::named(&make.object.dataset).ok_or(GenerationError::Broken)?;
            let form = if make.object.format == Form::Csv.name() { Form::Csv } else { Form::Parquet };
            groups.entry((dataset, form)).or_default().insert(make.object.from, make);
        }
        let mut work = JoinSet::new();
        let stop = self.stop.child_token();
        let outcome = self.make_groups(&person, groups, (&mut work, &stop)).await;
        if outcome.is_err() {
            // What is on its way is told to end, and leaves nothing half done.
            stop.cancel();
            while work.join_next().await.is_some() {}
        }
        outcome
    }

    async fn make_groups(
        &self,
        person: &(pulsekeep_store::Person, crate::identity::Identity),
        groups: BTreeMap<(Dataset, Form), HashMap<Date, Make>>,
        (work, stop): (&mut JoinSet<Result<ManifestObject, SinkFailure>>, &CancellationToken),
    ) -> Result<Vec<ManifestObject>, GenerationError> {
        let mut made = Vec::new();
        for ((dataset, form), mut of_group) in groups {
            let mut firsts: Vec<Date> = of_group.keys().copied().collect();
            firsts.sort_unstable();
            let periods = firsts.into_iter().map(|first| dataset.period(form, first));
            let mut encoder = Encoder::new(self.store.clone(), person.clone(), (dataset, form), periods);
            while let Some(encoded) = encoder.next().await? {
                self.go_on()?;
                let first = encoded.period.days().start;
                let make = of_group.remove(&first).ok_or(GenerationError::Broken)?;
                if work.len() >= self.parallel {
                    made.extend(joined(work).await?);
                }
                work.spawn(put(self.sink.clone(), encoded, make, stop.clone(), self.progress.clone()));
            }
        }
        while let Some(object) = joined(work).await? {
            made.push(object);
        }
        Ok(made)
    }
}

async fn joined(
    work: &mut JoinSet<Result<ManifestObject, SinkFailure>>,
) -> Result<Option<ManifestObject>, GenerationError> {
    match work.join_next().await {
        None => Ok(None),
        Some(Ok(outcome)) => Ok(Some(outcome?)),
        Some(Err(_)) => Err(GenerationError::Broken),
    }
}

/// Puts an object, unless the sink has these very bytes.
async fn put(
    sink: Arc<dyn ObjectSink>,
    encoded: Encoded,
    make: Make,
    stop: CancellationToken,
    progress: SharedProgress,
) -> Result<ManifestObject, SinkFailure> {
    let Encoded { body, sha256, rows, .. } = encoded;
    let object = ManifestObject { rows, bytes: body.len(), sha256, ..make.object };
    let is_there = make.before.is_some_and(|before| before.sha256 == object.sha256);
    if !is_there {
        sink.put(&object.key, &body, &stop).await?;
    }
    if let Ok(mut progress) = progress.lock() {
        progress.objects_done += 1;
        if !is_there {
            progress.objects_written += 1;
            progress.rows_written += i64::try_from(object.rows).unwrap_or(0);
            progress.bytes_written += i64::try_from(object.bytes).unwrap_or(0);
        }
    }
    Ok(object)
}
