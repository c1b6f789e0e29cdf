//! Loaders of one request: each holds the viewer, so that nothing is cached from one person to another. What many nodes
//! of a list ask for is read at once, in as many statements as for one.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    id::{BatchId, LinkId, UserId},
    time::DayRange,
};
use pulsekeep_store::{
    BatchProgress, BudgetState, LinkedAccount, Person, Store, SyncBatch,
    person::{CoverageDay, DayTally, PersonSummary},
};

use super::errors::{ApiError, Reply};
use crate::services::Services;

/// Reads what many nodes ask for. People and accounts are read at most once in a request; what moves is read again each
/// time, since a subscription lasts.
pub struct Loaders {
    people: DataLoader<Reads, HashMapCache>,
    fresh: DataLoader<Reads>,
}

/// What the loaders read by.
#[derive(Clone)]
struct Reads {
    store: Store,
    viewer: Option<Viewer>,
}

/// The linked accounts of a person.
#[derive(Clone)]
struct LinksOf(Arc<Person>);

/// A person in one row: days, and the present.
#[derive(Clone)]
struct SummaryOf(Arc<Person>, u16, EpochMs);

/// Coverage of a person.
#[derive(Clone)]
struct CoverageOf(Arc<Person>, Arc<[Metric]>, DayRange);

/// Coverage of a person in counts.
#[derive(Clone)]
struct TallyOf(Arc<Person>, Arc<[Metric]>, DayRange);

/// The budget of a linked account.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct BudgetOf(LinkId);

/// When the consent of a linked account ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ConsentOf(UserId, LinkId);

macro_rules! key {
    ($name:ident, $self:ident => $key:expr) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                let key = |$self: &Self| $key;
                key(self) == key(other)
            }
        }
        impl Eq for $name {}
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                let $self = self;
                $key.hash(state);
            }
        }
    };
}

key!(LinksOf, of => of.0.user().id);
key!(SummaryOf, of => (of.0.user().id, of.1, of.2));
key!(TallyOf, of => (of.0.user().id, of.1.clone(), of.2));
key!(CoverageOf, of => (of.0.user().id, of.1.clone(), of.2));

impl Loaders {
    /// Loaders for what `viewer` may see.
    #[must_use]
    pub fn new(services: &Services, viewer: Option<&Viewer>) -> Self {
        let reads = Reads { store: services.store.clone(), viewer: viewer.cloned() };
        Self {
            people: DataLoader::with_cache(reads.clone(), tokio::spawn, HashMapCache::default())
                .delay(services.gather),
            fresh: DataLoader::new(reads, tokio::spawn).delay(services.gather),
        }
    }

    /// A person; `None` when not there or not the viewer's to see.
    pub(super) async fn person(&self, id: UserId) -> Reply<Option<Arc<Person>>> {
        self.people.load_one(id).await
    }

    /// A linked account; `None` when not there or not the viewer's to see.
    pub(super) async fn link(&self, id: LinkId) -> Reply<Option<LinkedAccount>> {
        self.people.load_one(id).await
    }

    /// A person's linked accounts, oldest first.
    pub(super) async fn links(&self, person: Arc<Person>) -> Reply<Vec<LinkedAccount>> {
        Ok(self.fresh.load_one(LinksOf(person)).await?.unwrap_or_default())
    }

    /// A person in one row.
    pub(super) async fn summary(&self, person: Arc<Person>, days: u16, now: EpochMs) -> Reply<PersonSummary> {
        let summary = self.fresh.load_one(SummaryOf(person, days, now)).await?;
        summary.ok_or_else(|| ApiError::internal(&"a person has no summary"))
    }

    /// A person's coverage of the days that were ever asked for.
    pub(super) async fn coverage(
        &self,
        person: Arc<Person>,
        metrics: &[Metric],
        days: DayRange,
    ) -> Reply<Vec<CoverageDay>> {
        let key = CoverageOf(person, metrics.into(), days);
        Ok(self.fresh.load_one(key).await?.unwrap_or_default())
    }

    /// A person's coverage in counts.
    pub(super) async fn tally(
        &self,
        person: Arc<Person>,
        metrics: &[Metric],
        days: DayRange,
    ) -> Reply<BTreeMap<Date, DayTally>> {
        let key = TallyOf(person, metrics.into(), days);
        Ok(self.fresh.load_one(key).await?.unwrap_or_default())
    }

    /// How much of a linked account's budget is used.
    pub(super) async fn budget(&self, link: LinkId) -> Reply<BudgetState> {
        Ok(self.fresh.load_one(BudgetOf(link)).await?.unwrap_or_default())
    }

    /// When a linked account's consent ends, where that is known.
    pub(super) async fn consent_end(&self, link: &LinkedAccount) -> Reply<Option<EpochMs>> {
        Ok(self.fresh.load_one(ConsentOf(link.user_id, link.id)).await?.flatten())
    }

    /// A batch with what its jobs add up to.
    pub(super) async fn batch(&self, id: BatchId) -> Reply<Option<(SyncBatch, BatchProgress)>> {
        self.fresh.load_one(id).await
    }
}

impl Loader<UserId> for Reads {
    type Value = Arc<Person>;
    type Error = ApiError;

    async fn load(&self, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>, ApiError> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let people = self.store.people(viewer, keys).await?;
        Ok(people.into_iter().map(|person| (person.user().id, Arc::new(person))).collect())
    }
}

impl Loader<LinkId> for Reads {
    type Value = LinkedAccount;
    type Error = ApiError;

    async fn load(&self, keys: &[LinkId]) -> Result<HashMap<LinkId, Self::Value>, ApiError> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let links = self.store.links_named(keys).await?;
        let visible = links.into_iter().filter(|link| viewer.may_see(link.user_id));
        Ok(visible.map(|link| (link.id, link)).collect())
    }
}

impl Loader<LinksOf> for Reads {
    type Value = Vec<LinkedAccount>;
    type Error = ApiError;

    async fn load(&self, keys: &[LinksOf]) -> Result<HashMap<LinksOf, Self::Value>, ApiError> {
        let people: Vec<Arc<Person>> = keys.iter().map(|key| key.0.clone()).collect();
        let mut links = self.store.links_of_people(&people).await?;
        let own = |key: &LinksOf| (key.clone(), links.remove(&key.0.user().id).unwrap_or_default());
        Ok(keys.iter().map(own).collect())
    }
}

/// Keys that ask for the same of different people: they are read together.
fn alike<K, A: Eq + Hash>(keys: &[K], asked: impl Fn(&K) -> A) -> HashMap<A, Vec<&K>> {
    let mut alike: HashMap<A, Vec<&K>> = HashMap::new();
    for key in keys {
        alike.entry(asked(key)).or_default().push(key);
    }
    alike
}

impl Loader<SummaryOf> for Reads {
    type Value = PersonSummary;
    type Error = ApiError;

    async fn load(&self, keys: &[SummaryOf]) -> Result<HashMap<SummaryOf, Self::Value>, ApiError> {
        #[expect(clippy::mutable_key_type, reason = "a key is known by the person's id")]
        let mut found = HashMap::new();
        for ((days, now), keys) in alike(keys, |key| (key.1, key.2)) {
            let people: Vec<Arc<Person>> = keys.iter().map(|key| key.0.clone()).collect();
            let mut summaries = self.store.summaries(&people, days, now).await?;
            found.extend(
                keys.into_iter().filter_map(|key| Some((key.clone(), summaries.remove(&key.0.user().id)?))),
            );
        }
        Ok(found)
    }
}

impl Loader<CoverageOf> for Reads {
    type Value = Vec<CoverageDay>;
    type Error = ApiError;

    async fn load(&self, keys: &[CoverageOf]) -> Result<HashMap<CoverageOf, Self::Value>, ApiError> {
        #[expect(clippy::mutable_key_type, reason = "a key is known by the person's id")]
        let mut found = HashMap::new();
        for ((metrics, days), keys) in alike(keys, |key| (key.1.clone(), key.2)) {
            let people: Vec<Arc<Person>> = keys.iter().map(|key| key.0.clone()).collect();
            let mut coverage = self.store.coverage_of_people(&people, &metrics, days).await?;
            for key in keys {
                found.insert(key.clone(), coverage.remove(&key.0.user().id).unwrap_or_default());
            }
        }
        Ok(found)
    }
}

impl Loader<TallyOf> for Reads {
    type Value = BTreeMap<Date, DayTally>;
    type Error = ApiError;

    async fn load(&self, keys: &[TallyOf]) -> Result<HashMap<TallyOf, Self::Value>, ApiError> {
        #[expect(clippy::mutable_key_type, reason = "a key is known by the person's id")]
        let mut found = HashMap::new();
        for ((metrics, days), keys) in alike(keys, |key| (key.1.clone(), key.2)) {
            let people: Vec<Arc<Person>> = keys.iter().map(|key| key.0.clone()).collect();
            let mut tallies = self.store.coverage_tallies(&people, &metrics, days).await?;
            for key in keys {
                found.insert(key.clone(), tallies.remove(&key.0.user().id).unwrap_or_default());
            }
        }
        Ok(found)
    }
}

impl Loader<BudgetOf> for Reads {
    type Value = BudgetState;
    type Error = ApiError;

    async fn load(&self, keys: &[BudgetOf]) -> Result<HashMap<BudgetOf, Self::Value>, ApiError> {
        let links: Vec<LinkId> = keys.iter().map(|key| key.0).collect();
        let states = self.store.link_budgets(&links).await?;
        Ok(states.into_iter().map(|(link, state)| (BudgetOf(link), state)).collect())
    }
}

impl Loader<ConsentOf> for Reads {
    type Value = Option<EpochMs>;
    type Error = ApiError;

    async fn load(&self, keys: &[ConsentOf]) -> Result<HashMap<ConsentOf, Self::Value>, ApiError> {
        let links: Vec<LinkId> = keys.iter().map(|key| key.1).collect();
        let ends = self.store.consent_ends(&links).await?;
        Ok(keys.iter().map(|key| (*key, ends.get(&key.1).copied())).collect())
    }
}

impl Loader<BatchId> for Reads {
    type Value = (SyncBatch, BatchProgress);
    type Error = ApiError;

    async fn load(&self, keys: &[BatchId]) -> Result<HashMap<BatchId, Self::Value>, ApiError> {
        let mut found = HashMap::new();
        // As many statements each; the jobs of a page belong to few batches.
        for &id in keys {
            if let Some(batch) = self.store.batch(id).await? {
                found.insert(id, (batch, self.store.batch_progress(id).await?));
            }
        }
        Ok(found)
    }
}
