//! A database for one test.

use pulsekeep_store::{Engine, Store, StoreOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;

/// Connections of each handle. Tests open several handles on one server.
pub(crate) const CONNECTIONS: u32 = 6;

/// A migrated database of its own and the first handle on it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    store: Store,
    home: Home,
}

#[derive(Debug)]
enum Home {
    /// The folder goes with this value.
    Folder(TempDir),
    /// A database on a server.
    Server { server: String, name: String },
}

impl TestDatabase {
    /// A new SQLite file in a temporary folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.sqlite", folder.path().display());
        Self::open(url, Home::Folder(folder)).await
    }

    /// A new database on the PostgreSQL server at `server`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn postgres(server: &str) -> Self {
        let name = format!("pulsekeep_test_{:016x}", rand::random::<u64>());
        let mut connection = PgConnection::connect(server).await.unwrap();
        // template0 is never connected to, so databases can be made from it side by side.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        connection.execute(AssertSqlSafe(create)).await.unwrap();
        connection.close().await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        Self::open(url, Home::Server { server: server.to_owned(), name }).await
    }

    async fn open(url: String, home: Home) -> Self {
        let store = Self::handle(&url).await;
        store.migrate().await.unwrap();
        Self { url, store, home }
    }

    async fn handle(url: &str) -> Store {
        let options = StoreOptions { url: url.to_owned(), connections: CONNECTIONS };
        Store::open(&options).await.unwrap()
    }

    /// The first handle.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A further handle with connections of its own, as another process would have.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn another(&self) -> Store {
        Self::handle(&self.url).await
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs SQL that gives no rows, past the code under test.
    ///
    /// # Panics
    /// When the engine refuses it.
    pub async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine() {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
            Engine::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// The first column, a text, of the rows of a query.
    ///
    /// # Panics
    /// When the engine refuses it or the column is no text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine() {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                let rows = connection.fetch_all(sql).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0)).collect()
            }
            Engine::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                let rows = connection.fetch_all(sql).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0)).collect()
            }
        }
    }

    /// A second database of the same engine; on a server it stays until [`TestDatabase::remove`].
    pub async fn beside(&self) -> std::sync::Arc<Self> {
        std::sync::Arc::new(match &self.home {
            Home::Folder(_) => Self::sqlite().await,
            Home::Server { server, .. } => Self::postgres(server).await,
        })
    }

    /// Removes a database of a server. A file goes by itself.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn remove(&self) {
        if let Home::Server { server, name } = &self.home {
            let mut connection = PgConnection::connect(server).await.unwrap();
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            connection.execute(AssertSqlSafe(drop)).await.unwrap();
        }
    }

    /// The folder of an SQLite file.
    ///
    /// # Panics
    /// On PostgreSQL.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        match &self.home {
            Home::Folder(folder) => folder.path(),
            Home::Server { .. } => panic!("only an SQLite file has a folder"),
        }
    }
}
