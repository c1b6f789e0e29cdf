//! Running a test's body on a fresh database, which goes afterwards whatever the body did.

use std::{future::Future, sync::Arc};

use crate::TestDatabase;

/// Names the PostgreSQL server.
const SERVER: &str = "TEST_POSTGRES_URL";

/// Runs `body` on a fresh SQLite file.
///
/// # Panics
/// When the body does.
pub fn on_sqlite<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(Arc<TestDatabase>) -> F) {
    runtime().block_on(async {
        let database = Arc::new(TestDatabase::sqlite().await);
        body(database).await;
    });
}

/// Runs `body` on a fresh database of the PostgreSQL server, or says that there is none to run `name` on.
///
/// # Panics
/// When the body does.
pub fn on_postgres<F: Future<Output = ()> + Send + 'static>(
    name: &str,
    body: impl FnOnce(Arc<TestDatabase>) -> F,
) {
    let Ok(server) = std::env::var(SERVER) else {
        eprintln!("{name} was NOT run: {SERVER} is not set; `cargo xtask test` sets it");
        return;
    };
    runtime().block_on(async {
        let database = Arc::new(TestDatabase::postgres(&server).await);
        // In a task, so that a body that panics does not leave its database behind.
        let outcome = tokio::spawn(body(database.clone())).await;
        database.remove().await;
        if let Err(failed) = outcome {
            std::panic::resume_unwind(failed.into_panic());
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
