//! apalis as bell and worker pool: a queue of its own file on SQLite, of its own schema on PostgreSQL. Each process rings
//! for itself: which accounts are whose is settled before ([`super::dispatch`]), and a ring that another process answers
//! would only bring both to the same windows.
//!
//! Its retries, its idempotency keys and its schedule are not used: a failed attempt, a wait and a lease are columns of
//! our rows. A worker that dies with its database error is built again under a fresh name, after a pause that grows.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use apalis::prelude::{
    BackendExt, BoxDynError, Data, Strategy, Task, TaskBuilder, TaskSink, WorkerBuilder, WorkerBuilderExt,
};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use futures::{
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{Either, select},
    stream,
};
use pulsekeep_core::id::{ExportId, JobId, UserId};
use pulsekeep_export::Exporter;
use pulsekeep_store::{Engine, Store, WindowKey};
use pulsekeep_sync::SyncEngine;
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What a queue is for. Its name in the database begins with the word; the process's own follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Windows of sync jobs.
    Windows,
    /// Export jobs, whose work takes longer: they have a pool of their own.
    Exports,
}

impl Queue {
    fn word(self) -> &'static str {
        match self {
            Self::Windows => "sync.window",
            Self::Exports => "export.job",
        }
    }
}

/// Rings taken from the queue at once.
const BATCH: usize = 16;
/// How often a worker looks at the queue when nobody pokes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Answered rings are of no use to anybody, and neither are those of processes that have ended.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// What travels through the queue: the name of a window, in a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ring {
    v: u8,
    user: i64,
    job: i64,
    seq: i32,
}

const VERSION: u8 = 1;

impl Ring {
    fn key(&self) -> Option<WindowKey> {
        // A ring of a later version is left to a later process: the dispatcher rings again.
        (self.v == VERSION).then_some(WindowKey {
            user: UserId(self.user),
            job: JobId(self.job),
            seq: self.seq,
        })
    }
}

/// The queue could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the job queue cannot be used: {0}. Check that the database folder can be written and, on PostgreSQL, that \
         the role may create the schema apalis and the extension hstore"
)]
pub struct BellError(String);

fn failed(error: impl std::fmt::Display) -> BellError {
    BellError(error.to_string())
}

/// The queue, on either engine.
#[derive(Clone)]
pub(super) struct Bell {
    queue: Backend,
    poke: Arc<Mutex<UnboundedSender<()>>>,
}

#[derive(Clone)]
enum Backend {
    Sqlite(SqliteStorage<Ring>, SqlitePool),
    Postgres(PostgresStorage<Ring>, PgPool),
}

impl Bell {
    /// Opens a queue of the process `instance` beside the database of `store`.
    pub(super) async fn open(store: &Store, queue: Queue, instance: &str) -> Result<Self, BellError> {
        let name = format!("{}.{instance}", queue.word());
        let queue = match store.engine() {
            Engine::Sqlite => open_sqlite(store.url(), &name).await?,
            Engine::Postgres => open_postgres(store.url(), &name).await?,
        };
        Ok(Self { queue, poke: Arc::new(Mutex::new(unbounded().0)) })
    }

    /// Rings for export jobs.
    pub(super) async fn ring_exports(&mut self, ids: &[ExportId]) -> Result<(), BellError> {
        let key = |id: &ExportId| WindowKey { user: UserId(0), job: JobId(id.0), seq: 0 };
        let keys: Vec<WindowKey> = ids.iter().map(key).collect();
        self.ring(&keys).await
    }

    /// Rings for windows.
    pub(super) async fn ring(&mut self, keys: &[WindowKey]) -> Result<(), BellError> {
        let task = |key: &WindowKey| -> Task<Ring> {
            let ring = Ring { v: VERSION, user: key.user.0, job: key.job.0, seq: key.seq };
            TaskBuilder::new(ring).max_attempts(1).build()
        };
        let tasks = stream::iter(keys.iter().map(task));
        match &mut self.queue {
            Backend::Sqlite(storage, _) => storage.push_all(tasks).await.map_err(failed)?,
            Backend::Postgres(storage, _) => storage.push_all(tasks).await.map_err(failed)?,
        }
        if let Ok(poke) = self.poke.lock() {
            // Nobody listens while the worker is being rebuilt; it looks for itself then.
            let _ = poke.unbounded_send(());
        }
        Ok(())
    }

    /// A fresh ear for pokes.
    fn listen(&self) -> UnboundedReceiver<()> {
        let (sender, receiver) = unbounded();
        if let Ok(mut poke) = self.poke.lock() {
            *poke = sender;
        }
        receiver
    }

    /// Removes rings that were answered, those of processes that have ended, and these processes' names.
    async fn sweep(&self) -> Result<(), sqlx::Error> {
        match &self.queue {
            Backend::Sqlite(_, pool) => {
                for statement in SWEEP_SQLITE {
                    sqlx::query(statement).execute(pool).await?;
                }
            }
            Backend::Postgres(_, pool) => {
                for statement in SWEEP_POSTGRES {
                    sqlx::query(statement).execute(pool).await?;
                }
            }
        }
        Ok(())
    }
}

const SWEEP_SQLITE: [&str; 2] = [
    "DELETE FROM Jobs WHERE status IN ('Done', 'Failed', 'Killed') OR run_at < strftime('%s', 'now') - 3600",
    "DELETE FROM Workers WHERE last_seen < strftime('%s', 'now') - 3600 AND id NOT IN \
     (SELECT lock_by FROM Jobs WHERE lock_by IS NOT NULL)",
];

// The schema may be shared with other programs.
const SWEEP_POSTGRES: [&str; 2] = [
    "DELETE FROM apalis.jobs WHERE (job_type LIKE 'sync.window%' OR job_type LIKE 'export.job%') \
     AND (status IN ('Done', 'Failed', 'Killed') OR run_at < now() - interval '1 hour')",
    "DELETE FROM apalis.workers WHERE (worker_type LIKE 'sync.window%' OR worker_type LIKE 'export.job%') \
     AND last_seen < now() - interval '1 hour' \
     AND id NOT IN (SELECT lock_by FROM apalis.jobs WHERE lock_by IS NOT NULL)",
];

/// The queue's file stands beside the database's: its writers never wait for ours, nor ours for them.
fn queue_file(url: &str) -> String {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    let stem = path.strip_suffix(".sqlite").unwrap_or(path);
    format!("{stem}.queue.sqlite")
}

async fn open_sqlite(url: &str, name: &str) -> Result<Backend, BellError> {
    let options = SqliteConnectOptions::new()
        .filename(queue_file(url))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(15));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.map_err(failed)?;
    // Not `setup`: that would also set PRAGMAs that give up durability.
    SqliteStorage::migrations().set_ignore_missing(true).run(&pool).await.map_err(failed)?;
    let config = apalis_sqlite::Config::default().queue(name).batch_size(BATCH);
    Ok(Backend::Sqlite(SqliteStorage::new(&pool).with_config(config), pool))
}

async fn open_postgres(url: &str, name: &str) -> Result<Backend, BellError> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await.map_err(failed)?;
    PostgresStorage::migrations().set_ignore_missing(true).run(&pool).await.map_err(failed)?;
    let config = apalis_postgres::Config::default().queue(name).batch_size(BATCH);
    Ok(Backend::Postgres(PostgresStorage::new(&pool).with_config(config), pool))
}

/// Who does what is rung for.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Windows.
    Windows(Box<SyncEngine>),
    /// Export jobs, whose number a ring has in the place of a job's.
    Exports(Exporter),
}

/// What the handler of a ring needs.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) work: Work,
    /// The name in leases.
    pub(super) owner: String,
    /// Tells the dispatcher that there is room for another window.
    pub(super) finished: Arc<Notify>,
    /// Windows at work, which a shutdown waits for: apalis runs them as tasks of their own.
    pub(super) at_work: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// Answers a ring: runs the window if its row can be claimed. The window is a task of its own, since apalis drops the
/// handlers of a pool that dies. Always `Ok`: what comes of it stands in our rows, and an error would make apalis try
/// again at once.
async fn deliver(ring: Ring, desk: Data<Desk>) -> Result<(), BoxDynError> {
    let Some(key) = ring.key().filter(|_| !desk.stop.is_cancelled()) else { return Ok(()) };
    let (owner, stop) = (desk.owner.clone(), desk.stop.clone());
    match desk.work.clone() {
        Work::Windows(engine) => {
            let run = desk.at_work.spawn(async move { engine.run_window(key, &owner).await });
            match run.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::error!(job = %key.job, seq = key.seq, %error, "a window could not be run");
                }
                Err(error) => tracing::error!(job = %key.job, seq = key.seq, %error, "a window's task broke"),
            }
        }
        Work::Exports(exporter) => {
            let id = ExportId(key.job.0);
            let run = desk.at_work.spawn(async move { exporter.run(id, &owner, &stop).await });
            match run.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(export = %id, %error, "an export could not be run"),
                Err(error) => tracing::error!(export = %id, %error, "an export's task broke"),
            }
        }
    }
    desk.finished.notify_one();
    Ok(())
}

/// Keeps a worker pool alive until `stop`.
pub(super) async fn answer(bell: Bell, desk: Desk, concurrency: usize) {
    let stop = desk.stop.clone();
    let mut pause = Duration::from_millis(500);
    for build in 0u32.. {
        // A name may not come back within its heartbeat.
        let kind = match desk.work {
            Work::Windows(_) => "sync",
            Work::Exports(_) => "export",
        };
        let name = format!("{kind}-{}-{build}", desk.owner);
        let lived = tokio::time::Instant::now();
        let worker = Box::pin(work(&bell, name, concurrency, desk.clone()));
        let outcome = match select(worker, Box::pin(stop.cancelled())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => return,
        };
        tracing::warn!(error = outcome.err(), "the worker pool ended and is built again");
        if lived.elapsed() > Duration::from_secs(60) {
            pause = Duration::from_millis(500);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(30)),
            () = stop.cancelled() => return,
        }
    }
}

async fn work(bell: &Bell, name: String, concurrency: usize, desk: Desk) -> Result<(), String> {
    let sweeping = sweep_now_and_then(bell);
    let strategy = Strategy::new().stream(bell.listen()).interval(LOOK_EVERY);
    macro_rules! run {
        ($storage:expr) => {
            WorkerBuilder::new(name)
                .backend($storage.clone().poll_with_strategy(strategy))
                .concurrency(concurrency)
                .data(desk)
                .build(deliver)
                .run()
                .await
                .map_err(|error| error.to_string())
        };
    }
    let working = async {
        match &bell.queue {
            Backend::Sqlite(storage, _) => run!(storage),
            Backend::Postgres(storage, _) => run!(storage),
        }
    };
    tokio::select! {
        outcome = working => outcome,
        never = sweeping => match never {},
    }
}

async fn sweep_now_and_then(bell: &Bell) -> std::convert::Infallible {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = bell.sweep().await {
            tracing::warn!(%error, "answered rings could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_stands_beside_the_database() {
        assert_eq!(queue_file("sqlite:///data/pulsekeep.sqlite?mode=rwc"), "/data/pulsekeep.queue.sqlite");
        assert_eq!(queue_file("sqlite://pulsekeep.db"), "pulsekeep.db.queue.sqlite");
    }

    #[test]
    fn a_ring_of_a_later_version_is_not_answered() {
        assert!(Ring { v: VERSION + 1, user: 1, job: 1, seq: 0 }.key().is_none());
    }
}
