//! Imports of archives: one row each, and a row for each window, which is done in the transaction that writes its data.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    coverage::CoverageState,
    id::{ImportId, StreamId, UserId},
    time::DayRange,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Store, StoreError, WriteTx,
    convert::{day_of, day_text, range_of},
    database::plus,
    entity::{coverage, day_choice, import_job, import_window, stream},
    ingest::{coverage::grain_code, grain_of},
    tx::each_day,
};

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// An archive of Google Takeout, or one that Fitbit made before.
    Takeout,
    /// Recorded answers of the legacy Fitbit Web API.
    FitbitJson,
}

impl ImportKind {
    /// The word on the command line and in the database, which is the label of the stream too.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Takeout => "takeout",
            Self::FitbitJson => "fitbit-json",
        }
    }

    /// The kind of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Takeout, Self::FitbitJson].into_iter().find(|kind| kind.key() == word)
    }

    /// Behind every synced stream; recorded answers are what a sync would have got, so they go before archives.
    fn precedence(self) -> i16 {
        match self {
            Self::FitbitJson => 30,
            Self::Takeout => 40,
        }
    }
}

/// The precedence from which on a stream is that of an import.
const IMPORTS: i16 = 30;

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportJob {
    /// Its id.
    pub id: ImportId,
    /// Whose data.
    pub user_id: UserId,
    /// What was imported.
    pub kind: ImportKind,
    /// The stream that it writes to: one for all imports of a kind of a person.
    pub stream: StreamId,
    /// Whether everything is written.
    pub is_done: bool,
    /// When the archive was made.
    pub exported_at: EpochMs,
    /// Bytes of all its parts.
    pub bytes: i64,
    /// Windows to be written.
    pub windows_total: i32,
    /// Windows written.
    pub windows_done: i32,
    /// Samples, values and sessions written.
    pub rows_written: i64,
    /// The report, JSON without any health value.
    pub report: Option<String>,
    /// When it began.
    pub created_at: EpochMs,
    /// When it ended.
    pub finished_at: Option<EpochMs>,
}

/// An import to be written.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// Whose data.
    pub user_id: UserId,
    /// What is imported.
    pub kind: ImportKind,
    /// SHA-256 that stands for the content of all parts and the version of the importer.
    pub digest: [u8; 32],
    /// When the archive was made.
    pub exported_at: EpochMs,
    /// Bytes of all its parts.
    pub bytes: i64,
    /// The report, JSON without any health value.
    pub report: &'a str,
}

/// A window of an import to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewImportWindow {
    /// The metric.
    pub metric: Metric,
    /// Daily values, samples or sessions.
    pub grain: Grain,
    /// Its days.
    pub days: DayRange,
}

/// A stored window of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportWindow {
    /// Its number within the import.
    pub seq: i32,
    /// What it holds.
    pub window: NewImportWindow,
    /// Whether it is written.
    pub is_done: bool,
}

impl TryFrom<import_job::Model> for ImportJob {
    type Error = StoreError;

    fn try_from(row: import_job::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ImportId(row.id),
            user_id: UserId(row.user_id),
            kind: ImportKind::parse(&row.kind).unwrap_or(ImportKind::Takeout),
            stream: StreamId(row.stream_id),
            is_done: row.state == DONE,
            exported_at: EpochMs(row.exported_at),
            bytes: row.bytes,
            windows_total: row.windows_total,
            windows_done: row.windows_done,
            rows_written: row.rows_written,
            report: row.report,
            created_at: EpochMs(row.created_at),
            finished_at: row.finished_at.map(EpochMs),
        })
    }
}

const RUNNING: &str = "running";
const DUE: &str = "due";
const DONE: &str = "done";

impl Store {
    /// The import of the content with this digest.
    ///
    /// # Errors
    /// The database's own.
    pub async fn import_of(
        &self,
        user: UserId,
        kind: ImportKind,
        digest: &[u8; 32],
    ) -> Result<Option<ImportJob>, StoreError> {
        use import_job::Column as C;
        let query = import_job::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::Kind.eq(kind.key()))
            .filter(C::Digest.eq(digest.to_vec()));
        query.one(self.reader()).await?.map(ImportJob::try_from).transpose()
    }

    /// A person's imports, newest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn imports(&self, user: UserId, limit: u64) -> Result<Vec<ImportJob>, StoreError> {
        use import_job::Column as C;
        let query = import_job::Entity::find().filter(C::UserId.eq(user.0)).order_by_desc(C::Id).limit(limit);
        query.all(self.reader()).await?.into_iter().map(ImportJob::try_from).collect()
    }

    /// The windows of an import, in order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn import_windows(
        &self,
        user: UserId,
        import: ImportId,
    ) -> Result<Vec<ImportWindow>, StoreError> {
        use import_window::Column as C;
        let rows = import_window::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::ImportId.eq(import.0))
            .order_by_asc(C::Seq)
            .all(self.reader())
            .await?;
        let mut windows = Vec::with_capacity(rows.len());
        for row in rows {
            let Some((metric, grain)) = Metric::from_code(row.metric).zip(grain_of(row.grain)) else {
                continue;
            };
            let days = range_of(&row.from_day, &row.to_day)?;
            let window = NewImportWindow { metric, grain, days };
            windows.push(ImportWindow { seq: row.seq, window, is_done: row.state == DONE });
        }
        Ok(windows)
    }

    /// The days of a metric for which a synced stream is chosen: imports stand behind it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn synced_days(
        &self,
        user: UserId,
        metric: Metric,
        days: DayRange,
    ) -> Result<Vec<Date>, StoreError> {
        use day_choice::Column as C;
        let rows: Vec<String> = day_choice::Entity::find()
            .select_only()
            .column(C::Day)
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::Precedence.lt(IMPORTS))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .order_by_asc(C::Day)
            .into_tuple()
            .all(self.reader())
            .await?;
        rows.iter().map(|day| day_of(day)).collect()
    }
}

impl WriteTx {
    /// The stream of a person's imports of a kind, made when it is missing, and its precedence.
    ///
    /// # Errors
    /// The database's own.
    pub async fn import_stream(
        &self,
        user: UserId,
        kind: ImportKind,
        now: EpochMs,
    ) -> Result<(StreamId, i16), StoreError> {
        self.lock_person(user.0).await?;
        let found = stream::Entity::find()
            .filter(stream::Column::UserId.eq(user.0))
            .filter(stream::Column::LinkId.is_null())
            .filter(stream::Column::Label.eq(kind.key()))
            .one(self.db())
            .await?;
        if let Some(row) = found {
            return Ok((StreamId(row.id), row.precedence));
        }
        let row = stream::Model {
            user_id: user.0,
            id: self.next_id(now),
            link_id: None,
            label: kind.key().to_owned(),
            precedence: kind.precedence(),
        };
        let made = (StreamId(row.id), row.precedence);
        stream::Entity::insert(stream::ActiveModel::from(row)).exec_without_returning(self.db()).await?;
        Ok(made)
    }

    /// Writes an import and its windows.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the same content is being imported already; the database's own.
    pub async fn create_import(
        &self,
        new: &NewImport<'_>,
        stream: StreamId,
        windows: &[NewImportWindow],
        now: EpochMs,
    ) -> Result<ImportId, StoreError> {
        let id = ImportId(self.next_id(now));
        let row = import_job::Model {
            user_id: new.user_id.0,
            id: id.0,
            kind: new.kind.key().to_owned(),
            digest: new.digest.to_vec(),
            stream_id: stream.0,
            state: RUNNING.to_owned(),
            exported_at: new.exported_at.0,
            bytes: new.bytes,
            windows_total: i32::try_from(windows.len()).unwrap_or(i32::MAX),
            windows_done: 0,
            rows_written: 0,
            report: Some(new.report.to_owned()),
            created_at: now.0,
            updated_at: now.0,
            finished_at: None,
        };
        import_job::Entity::insert(import_job::ActiveModel::from(row))
            .exec_without_returning(self.db())
            .await?;
        let rows: Vec<import_window::ActiveModel> = (0..)
            .zip(windows)
            .map(|(seq, window)| {
                import_window::ActiveModel::from(import_window::Model {
                    user_id: new.user_id.0,
                    import_id: id.0,
                    seq,
                    metric: window.metric.code(),
                    grain: grain_code(window.grain),
                    from_day: day_text(window.days.start),
                    to_day: day_text(window.days.end),
                    state: DUE.to_owned(),
                    rows_written: 0,
                })
            })
            .collect();
        for chunk in rows.chunks(200) {
            import_window::Entity::insert_many(chunk.to_vec()).exec_without_returning(self.db()).await?;
        }
        Ok(id)
    }

    /// Ends a window in the transaction that has written it. Whether it was open: another process may have written it
    /// meanwhile, and then this transaction is to be dropped.
    ///
    /// # Errors
    /// The database's own.
    pub async fn end_import_window(
        &self,
        user: UserId,
        (import, seq): (ImportId, i32),
        rows: i64,
        now: EpochMs,
    ) -> Result<bool, StoreError> {
        use {import_job::Column as J, import_window::Column as W};
        let ended = import_window::Entity::update_many()
            .col_expr(W::State, Expr::value(DONE))
            .col_expr(W::RowsWritten, Expr::value(rows))
            .filter(W::UserId.eq(user.0))
            .filter(W::ImportId.eq(import.0))
            .filter(W::Seq.eq(seq))
            .filter(W::State.eq(DUE))
            .exec(self.db())
            .await?;
        if ended.rows_affected == 0 {
            return Ok(false);
        }
        import_job::Entity::update_many()
            .col_expr(J::WindowsDone, plus(J::WindowsDone, 1))
            .col_expr(J::RowsWritten, plus(J::RowsWritten, rows))
            .col_expr(J::UpdatedAt, Expr::value(now.0))
            .filter(J::UserId.eq(user.0))
            .filter(J::Id.eq(import.0))
            .exec(self.db())
            .await?;
        Ok(true)
    }

    /// Ends an import, all of whose windows are written.
    ///
    /// # Errors
    /// The database's own.
    pub async fn finish_import(
        &self,
        user: UserId,
        import: ImportId,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use import_job::Column as J;
        import_job::Entity::update_many()
            .col_expr(J::State, Expr::value(DONE))
            .col_expr(J::UpdatedAt, Expr::value(now.0))
            .col_expr(J::FinishedAt, Expr::value(now.0))
            .filter(J::UserId.eq(user.0))
            .filter(J::Id.eq(import.0))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Writes what an import told of days of its stream: each with its state and the minutes with a heart rate. `told_at`
    /// is when the archive was made.
    ///
    /// # Errors
    /// The database's own.
    pub async fn mark_imported(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        marks: &[(Date, CoverageState, Option<i32>)],
        told_at: EpochMs,
    ) -> Result<(), StoreError> {
        use coverage::Column as C;
        self.recount_days(user, each_day(marks.iter().map(|mark| mark.0)));
        let rows: Vec<coverage::ActiveModel> = marks
            .iter()
            .map(|(day, state, wear)| coverage::ActiveModel {
                user_id: Set(user.0),
                metric: Set(metric.code()),
                stream_id: Set(stream.0),
                day: Set(day_text(*day)),
                grain: Set(grain_code(grain)),
                state: Set(state.key().to_owned()),
                code: Set(None),
                job_id: Set(None),
                window_seq: Set(None),
                raw_id: Set(None),
                checked_at: Set(Some(told_at.0)),
                wear_minutes: Set(*wear),
            })
            .collect();
        for chunk in rows.chunks(200) {
            let on_conflict = OnConflict::columns([C::UserId, C::Metric, C::StreamId, C::Day, C::Grain])
                .update_columns([C::State, C::CheckedAt, C::WearMinutes])
                .to_owned();
            coverage::Entity::insert_many(chunk.to_vec())
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }

    /// When the archives were made that told of these days of an import's stream.
    ///
    /// # Errors
    /// The database's own.
    pub async fn imported_days(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        days: DayRange,
    ) -> Result<HashMap<Date, EpochMs>, StoreError> {
        use coverage::Column as C;
        let rows: Vec<(String, Option<i64>)> = coverage::Entity::find()
            .select_only()
            .columns([C::Day, C::CheckedAt])
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Grain.eq(grain_code(grain)))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut told = HashMap::with_capacity(rows.len());
        for (day, at) in rows {
            told.insert(day_of(&day)?, EpochMs(at.unwrap_or(0)));
        }
        Ok(told)
    }
}
