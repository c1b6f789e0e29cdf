//! Opening a database: one writer and several readers on SQLite, a pool on PostgreSQL.

use std::{path::Path, sync::Arc, time::Duration};

use pulsekeep_core::{
    EpochMs,
    id::{ExportId, IdSource},
};
use pulsekeep_migration::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TransactionOptions,
    TransactionTrait, sea_query,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::broadcast;

use crate::{Change, StoreError, WriteTx};

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// An SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// Where the database is and how many connections it may take.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reading on SQLite, or of the whole pool on PostgreSQL.
    pub connections: u32,
}

/// An open database. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    url: String,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    ids: IdSource,
    changes: broadcast::Sender<Change>,
    exports: broadcast::Sender<ExportId>,
}

/// The first SQLite release without the WAL fault that can lose committed data (sqlite.org/wal.html).
const SQLITE_MINIMUM: (u32, u32, u32) = (3, 51, 3);

impl Store {
    /// Opens the database; an SQLite file and its folder are made when they are missing.
    ///
    /// # Errors
    /// Each with a sentence: address not understood, server or folder out of reach, SQLite too old.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let engine = engine_of(&options.url)?;
        let (writer, reader) = match engine {
            Engine::Sqlite => {
                make_folder(&options.url)?;
                let url = with_create_mode(&options.url);
                let writer = connect(sqlite_options(&url, 1)).await?;
                check_sqlite_version(&writer).await?;
                (writer, connect(sqlite_options(&url, options.connections.max(1))).await?)
            }
            Engine::Postgres => {
                let pool = connect(postgres_options(&options.url, options.connections.max(2))).await?;
                (pool.clone(), pool)
            }
        };
        let inner = Inner {
            engine,
            url: options.url.clone(),
            writer,
            reader,
            ids: IdSource::new(),
            changes: broadcast::channel(1024).0,
            exports: broadcast::channel(256).0,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens the database and tells `watcher` the text of each statement once it has run, for telemetry and for tests
    /// that count them. Values are not in it.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open_watched(
        options: &StoreOptions,
        watcher: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let store = Self::open(options).await?;
        let Ok(mut inner) = Arc::try_unwrap(store.inner) else { return Err(StoreError::Conflict) };
        let watcher = Arc::new(watcher);
        for connection in [&mut inner.writer, &mut inner.reader] {
            let watcher = watcher.clone();
            connection.set_metric_callback(move |info| watcher(&info.statement.sql));
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the tables to this version.
    ///
    /// # Errors
    /// The database's own; on SQLite a step that failed can be run again.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Migrator::up(&self.inner.writer, None).await.map_err(StoreError::from)
    }

    /// How many migrations are missing.
    ///
    /// # Errors
    /// The database's own.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        Ok(Migrator::get_pending_migrations(&self.inner.writer).await?.len())
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// The address it was opened with.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The engine's version, for people.
    ///
    /// # Errors
    /// The database's own.
    pub async fn engine_version(&self) -> Result<String, StoreError> {
        match self.engine() {
            Engine::Sqlite => Ok(format!("SQLite {}", sqlite_version(self.reader()).await?)),
            Engine::Postgres => {
                let row = self
                    .reader()
                    .query_one_raw(Statement::from_string(DbBackend::Postgres, "SHOW server_version"))
                    .await?;
                let version: String = row.map(|r| r.try_get_by_index(0)).transpose()?.unwrap_or_default();
                Ok(format!("PostgreSQL {version}"))
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader().ping().await.map_err(StoreError::from)
    }

    /// Begins a unit of work: IMMEDIATE on SQLite, so that what it reads cannot change before it writes.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process holds the lock for longer than the busy timeout.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let tx = self.inner.writer.begin_with_options(options).await?;
        Ok(WriteTx::new(self.clone(), tx))
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    pub(crate) fn next_id(&self, now: EpochMs) -> i64 {
        self.inner.ids.next(now)
    }

    pub(crate) fn change_sender(&self) -> &broadcast::Sender<Change> {
        &self.inner.changes
    }

    pub(crate) fn export_sender(&self) -> &broadcast::Sender<ExportId> {
        &self.inner.exports
    }
}

fn engine_of(url: &str) -> Result<Engine, StoreError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") if url.contains(":memory:") => {
            Err(StoreError::Address("an in-memory database has one connection only; name a file".to_owned()))
        }
        Some("sqlite") => Ok(Engine::Sqlite),
        Some("postgres" | "postgresql") => Ok(Engine::Postgres),
        _ => Err(StoreError::Address("it begins neither with sqlite: nor with postgres:".to_owned())),
    }
}

/// The file of an SQLite address.
fn sqlite_path(url: &str) -> &str {
    let rest = url.trim_start_matches("sqlite:").trim_start_matches("//");
    rest.split('?').next().unwrap_or(rest)
}

fn make_folder(url: &str) -> Result<(), StoreError> {
    let Some(folder) = Path::new(sqlite_path(url)).parent().filter(|f| !f.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut make = std::fs::DirBuilder::new();
    make.recursive(true);
    // A folder that we make is for health data: nobody else on the machine reads it.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(folder)
        .map_err(|error| StoreError::ReadOnly(format!("{} cannot be made: {error}", folder.display())))
}

fn with_create_mode(url: &str) -> String {
    if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") }
}

fn sqlite_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(15))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
                .pragma("temp_store", "MEMORY")
        });
    options
}

fn postgres_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(15))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .set_application_name("pulsekeep")
        // A process that is frozen in the middle of a transaction holds its locks; the server ends it, since the
        // process cannot.
        .map_sqlx_postgres_opts(|options| options.options([("idle_in_transaction_session_timeout", "20s")]));
    options
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    Database::connect(options).await.map_err(|error| match StoreError::from(error) {
        StoreError::Database(error) => StoreError::Unreachable(error.to_string()),
        StoreError::Unreachable(text) if text.contains("unable to open database file") => {
            StoreError::ReadOnly(text)
        }
        other => other,
    })
}

async fn sqlite_version(db: &DatabaseConnection) -> Result<String, StoreError> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version()")).await?;
    Ok(row.map(|r| r.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

async fn check_sqlite_version(db: &DatabaseConnection) -> Result<(), StoreError> {
    let text = sqlite_version(db).await?;
    let mut parts = text.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let version = (next(), next(), next());
    if version < SQLITE_MINIMUM { Err(StoreError::SqliteTooOld(text)) } else { Ok(()) }
}

/// `CURRENT + 1` style expressions need the trait in scope; kept here so that callers share one path.
pub(crate) fn plus(column: impl sea_query::IntoColumnRef, by: i64) -> sea_query::SimpleExpr {
    use sea_orm::ExprTrait;
    sea_query::Expr::col(column).add(by)
}
