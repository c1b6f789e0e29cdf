//! Export jobs at work: claim, lease, progress, outcome.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use pulsekeep_core::{
    Clock, EpochMs, Metric,
    account::Viewer,
    id::ExportId,
    job::{ExportFormat, ExportState},
    time::{DAY_MS, MINUTE_MS},
};
use pulsekeep_store::{AuditEvent, ExportJob, ExportProgress, NewExport, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    ExportError,
    generation::{Generation, GenerationError, Scope},
    identity::PseudonymKey,
    target::{DirectorySink, ObjectSink, S3Credentials, S3Settings, S3Sink, SinkFailure},
};

/// How often a job that may succeed later is begun with.
const MOST_ATTEMPTS: i32 = 6;
/// After so many, some of them lost with their processes, a job is given up.
const MOST_LOST: i32 = 12;
/// How long it waits after the first attempt; twice as long after each further one.
const FIRST_WAIT_MS: i64 = 60_000;
/// How often progress is written, at the most.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// Where exports go. Those with pseudonyms get a place of their own beside it.
#[derive(Debug, Clone)]
pub enum Target {
    /// A directory; pseudonyms are in another one beside it, whose name ends with `-deidentified`.
    Directory(PathBuf),
    /// A bucket; pseudonyms are below another prefix.
    S3 {
        /// The bucket and the prefix of exports with names.
        settings: Box<S3Settings>,
        /// The prefix of exports with pseudonyms: neither contains the other.
        deidentified_prefix: String,
        /// Instead of the standard chain of credentials.
        credentials: Option<S3Credentials>,
    },
    /// A sink that was made elsewhere, for one kind of exports.
    Made(Arc<dyn ObjectSink>),
}

impl Target {
    /// The sink of one kind of exports.
    ///
    /// # Errors
    /// A sentence, when the settings cannot be meant.
    pub async fn open(&self, deidentified: bool) -> Result<Arc<dyn ObjectSink>, SinkFailure> {
        match self {
            Self::Directory(root) => {
                let mut root = root.clone().into_os_string();
                if deidentified {
                    root.push("-deidentified");
                }
                Ok(Arc::new(DirectorySink::new(root.into())))
            }
            Self::S3 { settings, deidentified_prefix, credentials } => {
                let mut settings = S3Settings::clone(settings);
                if deidentified {
                    if deidentified_prefix.starts_with(&settings.prefix)
                        || settings.prefix.starts_with(deidentified_prefix)
                    {
                        return Err(SinkFailure::lasting(
                            "exports with pseudonyms must not lie among those with names; set EXPORT__S3__PREFIX and \
                             EXPORT__S3__DEIDENTIFIED_PREFIX so that neither begins with the other",
                        ));
                    }
                    settings.prefix.clone_from(deidentified_prefix);
                }
                Ok(Arc::new(S3Sink::open(settings, credentials.clone()).await?))
            }
            Self::Made(sink) => Ok(sink.clone()),
        }
    }
}

/// How exports are made.
#[derive(Debug, Clone)]
pub struct ExportPolicy {
    /// Where they go; `None` for nowhere.
    pub target: Option<Target>,
    /// What pseudonyms are made with; `None` where exports with pseudonyms are not set up.
    pub pseudonyms: Option<PseudonymKey>,
    /// Objects written at the same time.
    pub parallel: usize,
    /// Minutes after midnight, UTC, at which everybody is exported each day; `None` for never.
    pub nightly_at: Option<i64>,
    /// After so long without a sign, another process takes a job over.
    pub lease_ms: i64,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportRequest {
    /// The job is written.
    Accepted(ExportId),
    /// It cannot be done as Pulsekeep is set up; the sentence says what to do.
    NotSetUp(String),
}

/// What came of steering a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportAction {
    /// Done.
    Accepted,
    /// There is no such job, or it is not the viewer's.
    NotFound,
    /// The job's state does not allow it; the text completes a sentence.
    NotPossible(&'static str),
}

/// Writes export jobs and works on them. Clones share all.
#[derive(Clone)]
pub struct Exporter {
    store: Store,
    clock: Arc<dyn Clock>,
    policy: Arc<ExportPolicy>,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Exporter {
    /// An exporter over a store.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, policy: ExportPolicy) -> Self {
        Self { store, clock, policy: Arc::new(policy) }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether there is a place for exports.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.policy.target.is_some()
    }

    fn problem(&self, deidentified: bool) -> Option<&'static str> {
        if self.policy.target.is_none() {
            return Some(
                "no place for exports is set; set EXPORT__SINK=directory and EXPORT__DIRECTORY, or EXPORT__SINK=s3 and \
                 EXPORT__S3__BUCKET",
            );
        }
        (deidentified && self.policy.pseudonyms.is_none()).then_some(
            "exports with pseudonyms need a secret of their own; set EXPORT__PSEUDONYM_KEY to what `openssl rand -base64 32` \
             makes, and keep it: with another one people get other pseudonyms",
        )
    }

    /// Writes a job, and the audit event.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request(&self, new: &NewExport) -> Result<ExportRequest, ExportError> {
        if let Some(problem) = self.problem(new.deidentified) {
            return Ok(ExportRequest::NotSetUp(problem.to_owned()));
        }
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        let id = tx.create_export(new, now).await?;
        tx.commit().await?;
        let action = if new.deidentified { "export.request_deidentified" } else { "export.request" };
        let event = AuditEvent { actor: new.created_by, action, subject: id.to_string() };
        self.store.audit(event, now).await?;
        Ok(ExportRequest::Accepted(id))
    }

    /// Writes the job of the night, if its time has come and no process has written it. A night that was missed is made
    /// up once.
    ///
    /// # Errors
    /// The store's own.
    pub async fn request_nightly(&self) -> Result<Option<ExportId>, ExportError> {
        let Some(at) = self.policy.nightly_at.filter(|_| self.is_set_up()) else { return Ok(None) };
        let now = self.clock.now();
        let today = EpochMs(now.0.div_euclid(DAY_MS) * DAY_MS + at * MINUTE_MS);
        let since = if today.0 <= now.0 { today } else { today.plus(-DAY_MS) };
        let everything = NewExport {
            format: ExportFormat::Both,
            deidentified: false,
            people: None,
            metrics: Metric::all().collect(),
            days: None,
            created_by: None,
        };
        let Some(id) = self.store.create_export_once(&everything, since, now).await? else { return Ok(None) };
        let event = AuditEvent { actor: None, action: "export.nightly", subject: id.to_string() };
        self.store.audit(event, now).await?;
        Ok(Some(id))
    }

    /// Ends a job; what it has written stays, and the next export goes on from there.
    ///
    /// # Errors
    /// The store's own.
    pub async fn cancel(&self, viewer: &Viewer, id: ExportId) -> Result<ExportAction, ExportError> {
        if self.store.export_job(viewer, id).await?.is_none() {
            return Ok(ExportAction::NotFound);
        }
        Ok(match self.store.cancel_export(id, self.clock.now()).await? {
            true => ExportAction::Accepted,
            false => ExportAction::NotPossible("the export has ended already"),
        })
    }

    /// Lets a job that has failed, was cancelled or waits begin again at once.
    ///
    /// # Errors
    /// The store's own.
    pub async fn retry(&self, viewer: &Viewer, id: ExportId) -> Result<ExportAction, ExportError> {
        if self.store.export_job(viewer, id).await?.is_none() {
            return Ok(ExportAction::NotFound);
        }
        Ok(match self.store.retry_export(id, self.clock.now()).await? {
            true => ExportAction::Accepted,
            false => ExportAction::NotPossible("the export is at work, about to begin, or done"),
        })
    }

    /// The jobs that can be begun with now.
    ///
    /// # Errors
    /// The store's own.
    pub async fn due(&self) -> Result<Vec<ExportId>, ExportError> {
        Ok(self.store.due_exports(self.clock.now()).await?)
    }

    /// Works on a job until it ends, if it can be had: `None` when it cannot. On `stop` it is given back.
    ///
    /// # Errors
    /// The store's own; what goes wrong at the sink is an outcome of the job.
    pub async fn run(
        &self,
        id: ExportId,
        owner: &str,
        stop: &CancellationToken,
    ) -> Result<Option<ExportState>, ExportError> {
        let now = self.clock.now();
        let until = now.plus(self.policy.lease_ms);
        let Some(job) = self.store.claim_export(id, owner, until, now).await? else { return Ok(None) };
        let progress = Arc::new(Mutex::new(ExportProgress::default()));
        let work_stop = stop.child_token();
        let outcome = {
            let generation = self.generation(&job, (now, &work_stop), progress.clone());
            let work = async {
                match generation.await {
                    Ok(generation) => generation.run().await,
                    Err(failure) => Err(failure.into()),
                }
            };
            let beat = self.beat((id, owner), &progress, &work_stop);
            tokio::pin!(work);
            tokio::select! {
                outcome = &mut work => outcome,
                lost = beat => {
                    // Lost, cancelled, or the store cannot be asked: what is on its way ends without a trace.
                    work_stop.cancel();
                    let ended = work.await;
                    lost?;
                    ended
                }
            }
        };
        let shown = *progress.lock().map_err(|_| ExportError::Encoder)?;
        let ended = self.outcome(&job, outcome);
        let now = self.clock.now();
        let held = self.store.end_export((id, owner), &shown, ended.clone(), now).await?;
        if !held {
            return Ok(Some(ExportState::Cancelled));
        }
        Ok(Some(match ended {
            Ok(()) => ExportState::Done,
            Err((_, Some(_))) => ExportState::Waiting,
            Err((problem, None)) => {
                tracing::warn!(export = %id, %problem, "an export has failed");
                ExportState::Failed
            }
        }))
    }

    async fn generation(
        &self,
        job: &ExportJob,
        (now, stop): (EpochMs, &CancellationToken),
        progress: Arc<Mutex<ExportProgress>>,
    ) -> Result<Generation, SinkFailure> {
        let asked = &job.asked;
        if job.attempt > MOST_LOST {
            return Err(SinkFailure::lasting(
                "the process that was at it was lost each time; look into its log, and at the memory that it may take",
            ));
        }
        if let Some(problem) = self.problem(asked.deidentified) {
            return Err(SinkFailure::lasting(problem));
        }
        let Some(target) = &self.policy.target else {
            return Err(SinkFailure::lasting("no place for exports is set"));
        };
        Ok(Generation {
            store: self.store.clone(),
            sink: target.open(asked.deidentified).await?,
            scope: Scope {
                people: asked.people.clone(),
                metrics: asked.metrics.clone(),
                days: asked.days,
                format: asked.format,
            },
            pseudonyms: self.policy.pseudonyms.clone().filter(|_| asked.deidentified),
            name: format!("{}-{}", job.id, now.0),
            now,
            parallel: self.policy.parallel.max(1),
            stop: stop.clone(),
            progress,
        })
    }

    /// Shows progress and keeps the lease until either is over; `Ok` when the job is not ours any more.
    async fn beat(
        &self,
        (id, owner): (ExportId, &str),
        progress: &Mutex<ExportProgress>,
        stop: &CancellationToken,
    ) -> Result<(), ExportError> {
        let mut ticks = tokio::time::interval(SHOW_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut shown, mut renewed) = (ExportProgress::default(), self.clock.now());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return Ok(()),
            }
            let (current, now) = (*progress.lock().map_err(|_| ExportError::Encoder)?, self.clock.now());
            if current == shown && now.0 - renewed.0 < self.policy.lease_ms / 4 {
                continue;
            }
            let until = now.plus(self.policy.lease_ms);
            if !self.store.advance_export((id, owner), &current, until, now).await? {
                return Ok(());
            }
            (shown, renewed) = (current, now);
        }
    }

    /// What becomes of a job: done, or a sentence and perhaps a time at which it is tried again.
    fn outcome(
        &self,
        job: &ExportJob,
        outcome: Result<(), GenerationError>,
    ) -> Result<(), (String, Option<EpochMs>)> {
        let Err(error) = outcome else { return Ok(()) };
        let now = self.clock.now();
        let (is_passing, sentence) = match error {
            // Given back: whoever is free goes on at once.
            GenerationError::Stopped => {
                return Err(("the process that was at it was stopped".to_owned(), Some(now)));
            }
            GenerationError::Sink(failure) if failure == SinkFailure::stopped() => {
                return Err(("the process that was at it was stopped".to_owned(), Some(now)));
            }
            GenerationError::Sink(failure) => (failure.is_passing, failure.sentence),
            GenerationError::Strange(sentence) => (false, sentence),
            GenerationError::Io(error) => {
                (true, format!("the folder for temporary files (TMPDIR) could not be used: {error}"))
            }
            GenerationError::Export(ExportError::Gone) => {
                (true, "a person has gone while the export ran; it begins anew".to_owned())
            }
            other => {
                tracing::error!(export = %job.id, error = %other, "an export broke off");
                (true, "something went wrong here; the log has it".to_owned())
            }
        };
        if !is_passing || job.attempt >= MOST_ATTEMPTS {
            return Err((sentence, None));
        }
        let doublings = u32::try_from(job.attempt - 1).unwrap_or(0).min(10);
        Err((sentence, Some(now.plus(FIRST_WAIT_MS << doublings))))
    }
}
