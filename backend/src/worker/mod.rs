//! The job workers: a dispatcher that rings for windows that are due, apalis as bell and worker pool, and the schedule.
//!
//! The rows of jobs and windows are the truth; a ring that is lost, late or doubled costs a look at the database and
//! nothing else, since a window runs only for the worker that claims its row.

mod bell;
mod dispatch;
mod export;
mod push;
mod schedule;

use std::{sync::Arc, time::Duration};

use pulsekeep_export::Exporter;
use pulsekeep_sync::SyncEngine;
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use bell::BellError;
pub use schedule::DEAD_AFTER_MS;

/// How a process works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Windows worked on at once.
    pub concurrency: usize,
    /// Name of the process among others; leases carry it.
    pub instance: String,
}

impl WorkerOptions {
    /// `concurrency` windows at once, under a name that no other process has.
    #[must_use]
    pub fn new(concurrency: usize) -> Self {
        let instance = format!("{}-{:08x}", std::process::id(), rand::random::<u32>());
        Self { concurrency: concurrency.max(1), instance }
    }
}

/// Running workers. Dropped, they stop at once; windows at work are taken over when their lease ends.
#[derive(Debug)]
pub struct WorkerHandle {
    engine: SyncEngine,
    stop: CancellationToken,
    at_work: TaskTracker,
    tasks: JoinSet<()>,
}

/// How long windows at work may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// Starts dispatcher, workers and schedule.
///
/// # Errors
/// [`BellError`] when the queue cannot be opened.
pub async fn spawn(
    engine: SyncEngine,
    exporter: Exporter,
    options: WorkerOptions,
) -> Result<WorkerHandle, BellError> {
    let stop = CancellationToken::new();
    let finished = Arc::new(Notify::new());
    let at_work = TaskTracker::new();
    let bell = bell::Bell::open(engine.store(), bell::Queue::Windows, &options.instance).await?;
    let desk = bell::Desk {
        work: bell::Work::Windows(Box::new(engine.clone())),
        owner: options.instance.clone(),
        finished: finished.clone(),
        at_work: at_work.clone(),
        stop: stop.clone(),
    };
    let mut tasks = JoinSet::new();
    // Without a place for exports this process leaves them to others.
    if exporter.is_set_up() {
        let bell = bell::Bell::open(engine.store(), bell::Queue::Exports, &options.instance).await?;
        let work = bell::Work::Exports(exporter.clone());
        let desk = bell::Desk { work, finished: Arc::new(Notify::new()), ..desk.clone() };
        tasks.spawn(export::ring(bell.clone(), exporter, desk.finished.clone(), stop.clone()));
        tasks.spawn(bell::answer(bell, desk, export::AT_ONCE));
    }
    tasks.spawn(bell::answer(bell.clone(), desk, options.concurrency));
    tasks.spawn(push::follow(engine.clone(), options.instance.clone(), stop.clone()));
    tasks.spawn(schedule::beat(engine.clone(), options.clone(), stop.clone()));
    tasks.spawn(schedule::keep(engine.clone(), options.clone(), stop.clone()));
    tasks.spawn(schedule::repack(engine.clone(), stop.clone()));
    tasks.spawn(dispatch::run(bell, engine.clone(), options, finished, stop.clone()));
    Ok(WorkerHandle { engine, stop, at_work, tasks })
}

impl WorkerHandle {
    /// Stops: no new window starts, those at work get a moment to finish.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.at_work.close();
        let all_ended = async {
            self.at_work.wait().await;
            while self.tasks.join_next().await.is_some() {}
        };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            tracing::warn!("windows were still at work at shutdown; their leases will end by themselves");
        }
        if let Err(error) = self.engine.give_back_budgets().await {
            tracing::warn!(%error, "leased requests could not be given back; they are free again in the next period");
        }
    }
}
