//! Loaders of one request: each holds the viewer, so that nothing is cached from one person to another.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use pulsekeep_core::{
    account::Viewer,
    id::{LinkId, UserId},
};
use pulsekeep_store::{BudgetState, LinkedAccount, Person, Store};

use super::errors::{ApiError, Reply};
use crate::services::Services;

/// Reads people and linked accounts, each at most once in a request.
pub struct Loaders {
    people: DataLoader<People, HashMapCache>,
    links: DataLoader<Links, HashMapCache>,
    budgets: DataLoader<Budgets, HashMapCache>,
}

struct People {
    store: Store,
    viewer: Option<Viewer>,
}

struct Links {
    store: Store,
    viewer: Option<Viewer>,
}

/// Of accounts that a job belongs to which the viewer sees.
struct Budgets {
    store: Store,
}

impl Loaders {
    /// Loaders for what `viewer` may see.
    #[must_use]
    pub fn new(services: &Services, viewer: Option<&Viewer>) -> Self {
        let people = People { store: services.store.clone(), viewer: viewer.cloned() };
        let links = Links { store: services.store.clone(), viewer: viewer.cloned() };
        let budgets = Budgets { store: services.store.clone() };
        Self {
            people: DataLoader::with_cache(people, tokio::spawn, HashMapCache::default()),
            links: DataLoader::with_cache(links, tokio::spawn, HashMapCache::default()),
            budgets: DataLoader::with_cache(budgets, tokio::spawn, HashMapCache::default()),
        }
    }

    /// A person; `None` when not there or not the viewer's to see.
    pub(super) async fn person(&self, id: UserId) -> Reply<Option<Arc<Person>>> {
        self.people.load_one(id).await
    }

    /// A linked account; `None` when not there or not the viewer's to see.
    pub(super) async fn link(&self, id: LinkId) -> Reply<Option<LinkedAccount>> {
        self.links.load_one(id).await
    }

    /// What is used of the budget of a linked account that the viewer may see.
    pub(super) async fn budget(&self, id: LinkId) -> Reply<BudgetState> {
        Ok(self.budgets.load_one(id).await?.unwrap_or_default())
    }
}

impl Loader<UserId> for People {
    type Value = Arc<Person>;
    type Error = ApiError;

    async fn load(&self, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>, ApiError> {
        let mut found = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(found) };
        for person in self.store.people_by_id(viewer, keys).await? {
            found.insert(person.user().id, Arc::new(person));
        }
        Ok(found)
    }
}

impl Loader<LinkId> for Links {
    type Value = LinkedAccount;
    type Error = ApiError;

    async fn load(&self, keys: &[LinkId]) -> Result<HashMap<LinkId, Self::Value>, ApiError> {
        let mut found = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(found) };
        let links = self.store.links_by_id(keys).await?;
        found.extend(links.into_iter().filter(|l| viewer.may_see(l.user_id)).map(|l| (l.id, l)));
        Ok(found)
    }
}

impl Loader<LinkId> for Budgets {
    type Value = BudgetState;
    type Error = ApiError;

    async fn load(&self, keys: &[LinkId]) -> Result<HashMap<LinkId, BudgetState>, ApiError> {
        Ok(self.store.link_budgets(keys).await?)
    }
}
