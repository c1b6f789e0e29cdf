//! Export jobs: what is to be written to the sink, who is at it, and how far it is. The rows are the truth; of the jobs
//! that write to the same place one runs at a time.

use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    id::{ExportId, UserId},
    job::{ExportFormat, ExportState},
    time::DayRange,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, UpdateMany, sea_query::Expr,
};

use crate::{
    Engine, Store, StoreError, WriteTx,
    convert::{day_text, join, range_of, words},
    entity::export_job::{self, Column as C},
};

/// An export job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportJob {
    /// Id.
    pub id: ExportId,
    /// State.
    pub state: ExportState,
    /// What is asked for.
    pub asked: NewExport,
    /// When it was asked for.
    pub created_at: EpochMs,
    /// When somebody first began with it.
    pub started_at: Option<EpochMs>,
    /// When it last changed.
    pub updated_at: EpochMs,
    /// When it ended.
    pub finished_at: Option<EpochMs>,
    /// How often somebody has begun with it.
    pub attempt: i32,
    /// When it can be begun with, where it waits.
    pub next_run_at: EpochMs,
    /// Why it waits or has failed, and what to do: a sentence.
    pub problem: Option<String>,
    /// How far it is.
    pub progress: ExportProgress,
}

/// What an export is asked to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExport {
    /// In which forms.
    pub format: ExportFormat,
    /// Whether under pseudonyms and with shifted dates.
    pub deidentified: bool,
    /// Whose; `None` for everybody.
    pub people: Option<Vec<UserId>>,
    /// Of which metrics.
    pub metrics: Vec<Metric>,
    /// The days whose files are brought up to date; `None` for all.
    pub days: Option<DayRange>,
    /// Who asked; `None` for the schedule and the command line.
    pub created_by: Option<UserId>,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// People whose files are looked at.
    pub people_total: i32,
    /// People whose files are up to date.
    pub people_done: i32,
    /// Objects to be looked at closely: those whose data has changed.
    pub objects_total: i64,
    /// Of these, those that are up to date.
    pub objects_done: i64,
    /// Of these, those that were written, since their content had changed.
    pub objects_written: i64,
    /// Rows in them.
    pub rows_written: i64,
    /// Bytes of them.
    pub bytes_written: i64,
}

impl TryFrom<export_job::Model> for ExportJob {
    type Error = StoreError;

    fn try_from(row: export_job::Model) -> Result<Self, StoreError> {
        let days = match (&row.from_day, &row.to_day) {
            (Some(from), Some(to)) => Some(range_of(from, to)?),
            _ => None,
        };
        let people = row.people.as_deref().map(words);
        let person = |word: &String| word.parse().ok().map(UserId);
        Ok(Self {
            id: ExportId(row.id),
            state: ExportState::parse(&row.state).unwrap_or(ExportState::Failed),
            asked: NewExport {
                format: ExportFormat::parse(&row.format).unwrap_or(ExportFormat::Both),
                deidentified: row.deidentified,
                people: people.map(|people| people.iter().filter_map(person).collect()),
                metrics: row.metrics.split_whitespace().filter_map(|m| m.parse().ok()).collect(),
                days,
                created_by: row.created_by.map(UserId),
            },
            created_at: EpochMs(row.created_at),
            started_at: row.started_at.map(EpochMs),
            updated_at: EpochMs(row.updated_at),
            finished_at: row.finished_at.map(EpochMs),
            attempt: row.attempt,
            next_run_at: EpochMs(row.next_run_at),
            problem: row.problem,
            progress: ExportProgress {
                people_total: row.people_total,
                people_done: row.people_done,
                objects_total: row.objects_total,
                objects_done: row.objects_done,
                objects_written: row.objects_written,
                rows_written: row.rows_written,
                bytes_written: row.bytes_written,
            },
        })
    }
}

impl ExportJob {
    /// Whether somebody may see and steer it: admins all, others what they have asked for themselves.
    #[must_use]
    pub fn is_seen_by(&self, viewer: &Viewer) -> bool {
        let own = viewer.user.is_some() && viewer.user == self.asked.created_by;
        let people = self.asked.people.as_ref();
        let within = people.is_some_and(|people| people.iter().all(|&person| viewer.may_see(person)));
        viewer.is_admin() || own && within
    }
}

/// Claimable at `now`: its time has come, or who was at it is gone.
fn claimable(now: EpochMs) -> Condition {
    let waits = Condition::all()
        .add(C::State.is_in([ExportState::Planned.key(), ExportState::Waiting.key()]))
        .add(C::NextRunAt.lte(now.0));
    let abandoned =
        Condition::all().add(C::State.eq(ExportState::Running.key())).add(C::LeaseUntil.lte(now.0));
    Condition::any().add(waits).add(abandoned)
}

impl Store {
    /// Export jobs that the viewer may see, newest first: at most `limit` of those after (older than) `after`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn export_jobs(
        &self,
        viewer: &Viewer,
        after: Option<ExportId>,
        limit: u64,
    ) -> Result<Vec<ExportJob>, StoreError> {
        let mut query = export_job::Entity::find().order_by_desc(C::Id).limit(limit);
        if !viewer.is_admin() {
            query = query.filter(C::CreatedBy.eq(viewer.user.map_or(0, |user| user.0)));
        }
        if let Some(after) = after {
            query = query.filter(C::Id.lt(after.0));
        }
        let rows = query.all(self.reader()).await?;
        let jobs = rows.into_iter().map(ExportJob::try_from);
        jobs.filter(|job| job.as_ref().map_or(true, |job| job.is_seen_by(viewer))).collect()
    }

    /// An export job that the viewer may see.
    ///
    /// # Errors
    /// The database's own.
    pub async fn export_job(&self, viewer: &Viewer, id: ExportId) -> Result<Option<ExportJob>, StoreError> {
        let row = export_job::Entity::find_by_id(id.0).one(self.reader()).await?;
        Ok(row.map(ExportJob::try_from).transpose()?.filter(|job| job.is_seen_by(viewer)))
    }

    /// Jobs that can be begun with at `now`, the oldest first. One that writes where another is at work is not among
    /// them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn due_exports(&self, now: EpochMs) -> Result<Vec<ExportId>, StoreError> {
        let open = export_job::Entity::find()
            .filter(Expr::cust("state IN ('planned', 'running', 'waiting')"))
            .order_by_asc(C::Id)
            .all(self.reader())
            .await?;
        let at_work = |row: &export_job::Model| row.lease_until.is_some_and(|until| until > now.0);
        let busy: Vec<bool> = open.iter().filter(|row| at_work(row)).map(|row| row.deidentified).collect();
        let mut due: Vec<(bool, ExportId)> = Vec::new();
        for row in open {
            let comes = at_work(&row) || (row.next_run_at > now.0 && row.lease_until.is_none());
            let taken =
                busy.contains(&row.deidentified) || due.iter().any(|(kind, _)| *kind == row.deidentified);
            if !comes && !taken {
                due.push((row.deidentified, ExportId(row.id)));
            }
        }
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }

    /// Writes a job unless the system has asked for the same since `since`: the schedule of any number of processes.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_export_once(
        &self,
        new: &NewExport,
        since: EpochMs,
        now: EpochMs,
    ) -> Result<Option<ExportId>, StoreError> {
        let same = export_job::Entity::find()
            .filter(C::CreatedAt.gte(since.0))
            .filter(C::CreatedBy.is_null())
            .filter(C::People.is_null())
            .filter(C::FromDay.is_null())
            .filter(C::Deidentified.eq(new.deidentified))
            .filter(C::Format.eq(new.format.key()))
            .filter(C::Metrics.eq(join(new.metrics.iter().map(|metric| metric.key()))));
        // Most looks find it, and those need not wait for a writer.
        if same.clone().one(self.reader()).await?.is_some() {
            return Ok(None);
        }
        let mut tx = self.write().await?;
        tx.lock_exports().await?;
        if same.one(tx.db()).await?.is_some() {
            return Ok(None);
        }
        let id = tx.create_export(new, now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Begins with a job under a lease until `until`; `None` when it is not to be had, or another one is at work on the
    /// same place.
    ///
    /// # Errors
    /// The database's own.
    pub async fn claim_export(
        &self,
        id: ExportId,
        owner: &str,
        until: EpochMs,
        now: EpochMs,
    ) -> Result<Option<ExportJob>, StoreError> {
        let mut tx = self.write().await?;
        // Two jobs for the same place must not both find it free.
        tx.lock_exports().await?;
        let Some(row) = export_job::Entity::find_by_id(id.0).filter(claimable(now)).one(tx.db()).await?
        else {
            return Ok(None);
        };
        let busy = export_job::Entity::find()
            .filter(C::Deidentified.eq(row.deidentified))
            .filter(C::Id.ne(id.0))
            .filter(C::State.eq(ExportState::Running.key()))
            .filter(C::LeaseUntil.gt(now.0))
            .one(tx.db())
            .await?;
        if busy.is_some() {
            return Ok(None);
        }
        let seq = tx.next_export_change(id).await?;
        set_state(ExportState::Running, seq, now)
            .col_expr(C::StartedAt, Expr::value(row.started_at.unwrap_or(now.0)))
            .col_expr(C::Attempt, Expr::value(row.attempt + 1))
            .col_expr(C::LeaseOwner, Expr::value(owner))
            .col_expr(C::LeaseUntil, Expr::value(until.0))
            .filter(C::Id.eq(id.0))
            .exec(tx.db())
            .await?;
        let claimed = export_job::Entity::find_by_id(id.0).one(tx.db()).await?;
        tx.commit().await?;
        claimed.map(ExportJob::try_from).transpose()
    }

    /// Shows how far a job is, and keeps its lease until `until`; `false` when the lease is lost or the job was
    /// cancelled.
    ///
    /// # Errors
    /// The database's own.
    pub async fn advance_export(
        &self,
        (id, owner): (ExportId, &str),
        progress: &ExportProgress,
        until: EpochMs,
        now: EpochMs,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let seq = tx.next_export_change(id).await?;
        let update = set_progress(export_job::Entity::update_many(), progress)
            .col_expr(C::LeaseUntil, Expr::value(until.0))
            .col_expr(C::UpdatedAt, Expr::value(now.0))
            .col_expr(C::ChangeSeq, Expr::value(seq));
        let held = held_by(update, id, owner).exec(tx.db()).await?.rows_affected == 1;
        if held {
            tx.commit().await?;
        }
        Ok(held)
    }

    /// Ends a job that `owner` is at: done, or with a problem; with a time at which it is to be tried again where
    /// that may help. `false` when the lease is lost or the job was cancelled.
    ///
    /// # Errors
    /// The database's own.
    pub async fn end_export(
        &self,
        (id, owner): (ExportId, &str),
        progress: &ExportProgress,
        outcome: Result<(), (String, Option<EpochMs>)>,
        now: EpochMs,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let seq = tx.next_export_change(id).await?;
        let (state, problem, again) = match outcome {
            Ok(()) => (ExportState::Done, None, None),
            Err((problem, Some(again))) => (ExportState::Waiting, Some(problem), Some(again)),
            Err((problem, None)) => (ExportState::Failed, Some(problem), None),
        };
        let mut update = set_progress(set_state(state, seq, now), progress)
            .col_expr(C::Problem, Expr::value(problem))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None));
        if let Some(again) = again {
            update = update.col_expr(C::NextRunAt, Expr::value(again.0));
        }
        let held = held_by(update, id, owner).exec(tx.db()).await?.rows_affected == 1;
        if held {
            tx.commit().await?;
        }
        Ok(held)
    }

    /// Ends a job by a person's wish; `false` when it had ended.
    ///
    /// # Errors
    /// The database's own.
    pub async fn cancel_export(&self, id: ExportId, now: EpochMs) -> Result<bool, StoreError> {
        let open = [ExportState::Planned, ExportState::Running, ExportState::Waiting];
        self.steer_export(id, ExportState::Cancelled, &open, now).await
    }

    /// Lets a job that has failed, was cancelled or waits begin again now; `false` in any other state.
    ///
    /// # Errors
    /// The database's own.
    pub async fn retry_export(&self, id: ExportId, now: EpochMs) -> Result<bool, StoreError> {
        let ended = [ExportState::Failed, ExportState::Cancelled, ExportState::Waiting];
        self.steer_export(id, ExportState::Planned, &ended, now).await
    }

    async fn steer_export(
        &self,
        id: ExportId,
        to: ExportState,
        from: &[ExportState],
        now: EpochMs,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let seq = tx.next_export_change(id).await?;
        let mut update = set_state(to, seq, now)
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None));
        if to == ExportState::Planned {
            update = update
                .col_expr(C::NextRunAt, Expr::value(now.0))
                .col_expr(C::Attempt, Expr::value(0))
                .col_expr(C::Problem, Expr::value(Option::<String>::None));
        }
        let steered = update
            .filter(C::Id.eq(id.0))
            .filter(C::State.is_in(from.iter().map(|state| state.key())))
            .exec(tx.db())
            .await?;
        if steered.rows_affected == 1 {
            tx.commit().await?;
        }
        Ok(steered.rows_affected == 1)
    }
}

fn set_state(state: ExportState, seq: i64, now: EpochMs) -> UpdateMany<export_job::Entity> {
    export_job::Entity::update_many()
        .col_expr(C::State, Expr::value(state.key()))
        .col_expr(C::UpdatedAt, Expr::value(now.0))
        .col_expr(C::FinishedAt, Expr::value(state.is_final().then_some(now.0)))
        .col_expr(C::ChangeSeq, Expr::value(seq))
}

fn set_progress(
    update: UpdateMany<export_job::Entity>,
    progress: &ExportProgress,
) -> UpdateMany<export_job::Entity> {
    update
        .col_expr(C::PeopleTotal, Expr::value(progress.people_total))
        .col_expr(C::PeopleDone, Expr::value(progress.people_done))
        .col_expr(C::ObjectsTotal, Expr::value(progress.objects_total))
        .col_expr(C::ObjectsDone, Expr::value(progress.objects_done))
        .col_expr(C::ObjectsWritten, Expr::value(progress.objects_written))
        .col_expr(C::RowsWritten, Expr::value(progress.rows_written))
        .col_expr(C::BytesWritten, Expr::value(progress.bytes_written))
}

fn held_by(
    update: UpdateMany<export_job::Entity>,
    id: ExportId,
    owner: &str,
) -> UpdateMany<export_job::Entity> {
    update
        .filter(C::Id.eq(id.0))
        .filter(C::State.eq(ExportState::Running.key()))
        .filter(C::LeaseOwner.eq(owner))
}

impl WriteTx {
    /// Lets one transaction at a time decide about export jobs. SQLite has one writer anyway.
    async fn lock_exports(&self) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            let lock = "SELECT pg_advisory_xact_lock(7810771019)";
            self.db().execute_raw(Statement::from_string(DbBackend::Postgres, lock)).await?;
        }
        Ok(())
    }

    /// Writes an export job.
    ///
    /// # Errors
    /// The database's own.
    pub async fn create_export(&mut self, new: &NewExport, now: EpochMs) -> Result<ExportId, StoreError> {
        let id = ExportId(self.next_id(now));
        let change_seq = self.next_export_change(id).await?;
        let row = export_job::Model {
            id: id.0,
            state: ExportState::Planned.key().to_owned(),
            format: new.format.key().to_owned(),
            deidentified: new.deidentified,
            people: new.people.as_ref().map(|people| join(people.iter().map(|person| person.0.to_string()))),
            metrics: join(new.metrics.iter().map(|metric| metric.key())),
            from_day: new.days.map(|days| day_text(days.start)),
            to_day: new.days.map(|days| day_text(days.end)),
            created_by: new.created_by.map(|user| user.0),
            created_at: now.0,
            started_at: None,
            updated_at: now.0,
            finished_at: None,
            attempt: 0,
            next_run_at: now.0,
            lease_owner: None,
            lease_until: None,
            problem: None,
            people_total: 0,
            people_done: 0,
            objects_total: 0,
            objects_done: 0,
            objects_written: 0,
            rows_written: 0,
            bytes_written: 0,
            change_seq,
        };
        export_job::Entity::insert(export_job::ActiveModel::from(row))
            .exec_without_returning(self.db())
            .await?;
        Ok(id)
    }
}
