//! The statements that a store runs.

use std::sync::{Arc, Mutex, PoisonError};

use pulsekeep_store::{Store, StoreOptions};

use crate::{TestDatabase, database::CONNECTIONS};

/// The texts of the statements that a store has run, in order. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// Those since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TestDatabase {
    /// A further handle, whose statements are written down.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn watched(&self) -> (Store, Statements) {
        let statements = Statements::default();
        let note = statements.clone();
        let watch = move |sql: &str| {
            note.0.lock().unwrap_or_else(PoisonError::into_inner).push(sql.to_owned());
        };
        let options = StoreOptions { url: self.url().to_owned(), connections: CONNECTIONS };
        (Store::open_watched(&options, watch).await.unwrap(), statements)
    }
}
