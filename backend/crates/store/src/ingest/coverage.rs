//! Coverage: what is known about each day, written in the transaction that writes the data.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    coverage::CoverageState,
    id::{JobId, RawId, StreamId, UserId},
    job::FailureCode,
    time::DayRange,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    StoreError, WindowKey, WriteTx,
    convert::{day_of, day_text, range_of},
    entity::{coverage, sync_window},
    tx::each_day,
};

/// What became known about one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageMark {
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: CoverageState,
    /// Why it failed.
    pub code: Option<FailureCode>,
    /// The raw document behind it.
    pub raw: Option<RawId>,
    /// Minutes with a heart rate, where that is known.
    pub wear_minutes: Option<i32>,
}

/// The stored number of a grain.
pub(crate) fn grain_code(grain: Grain) -> i16 {
    match grain {
        Grain::Day => 1,
        Grain::Minute => 2,
        Grain::Session => 3,
    }
}

const READ: [CoverageState; 3] =
    [CoverageState::Complete, CoverageState::EmptyConfirmed, CoverageState::Partial];

/// The rows that wait for these jobs.
fn pending(user: UserId, jobs: &[i64]) -> Condition {
    use coverage::Column as C;
    Condition::all()
        .add(C::UserId.eq(user.0))
        .add(C::JobId.is_in(jobs.iter().copied()))
        .add(C::State.eq(CoverageState::Pending.key()))
}

impl WriteTx {
    /// Writes what a window told about its days. A failure or a wait never overwrites what was read before.
    ///
    /// # Errors
    /// The database's own.
    pub async fn mark_coverage(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        window: WindowKey,
        marks: &[CoverageMark],
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use coverage::Column as C;
        let rows: Vec<coverage::ActiveModel> = marks
            .iter()
            .map(|mark| coverage::ActiveModel {
                user_id: Set(user.0),
                metric: Set(metric.code()),
                stream_id: Set(stream.0),
                day: Set(day_text(mark.day)),
                grain: Set(grain_code(grain)),
                state: Set(mark.state.key().to_owned()),
                code: Set(mark.code.map(|c| c.key().to_owned())),
                job_id: Set(Some(window.job.0)),
                window_seq: Set(Some(window.seq)),
                raw_id: Set(mark.raw.map(|r| r.0)),
                checked_at: Set(Some(now.0)),
                wear_minutes: Set(mark.wear_minutes),
            })
            .collect();
        self.recount_days(user, each_day(marks.iter().map(|mark| mark.day)));
        let was_read = marks.first().is_some_and(|m| READ.contains(&m.state));
        for chunk in rows.chunks(200) {
            let mut on_conflict = OnConflict::columns([C::UserId, C::Metric, C::StreamId, C::Day, C::Grain]);
            on_conflict.update_columns([
                C::State,
                C::Code,
                C::JobId,
                C::WindowSeq,
                C::RawId,
                C::CheckedAt,
                C::WearMinutes,
            ]);
            if !was_read {
                let unread = [CoverageState::Pending, CoverageState::Failed, CoverageState::NotPermitted];
                on_conflict.action_and_where(
                    Expr::col((coverage::Entity, C::State)).is_in(unread.map(CoverageState::key)),
                );
            }
            coverage::Entity::insert_many(chunk.to_vec())
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }

    /// Days that wait for a job which was cancelled wait no longer: nothing is known of them.
    pub(crate) async fn forget_pending(&self, user: UserId, job: JobId) -> Result<(), StoreError> {
        self.recount_pending(user, &[job.0]).await?;
        coverage::Entity::delete_many().filter(pending(user, &[job.0])).exec(self.db()).await?;
        Ok(())
    }

    /// Days that wait for windows which were given up have failed.
    pub(crate) async fn fail_pending(
        &self,
        user: UserId,
        jobs: &[i64],
        code: FailureCode,
    ) -> Result<(), StoreError> {
        self.recount_pending(user, jobs).await?;
        coverage::Entity::update_many()
            .col_expr(coverage::Column::State, Expr::value(CoverageState::Failed.key()))
            .col_expr(coverage::Column::Code, Expr::value(code.key()))
            .filter(pending(user, jobs))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Has the days counted again that wait for these jobs.
    async fn recount_pending(&self, user: UserId, jobs: &[i64]) -> Result<(), StoreError> {
        let days: Vec<String> = coverage::Entity::find()
            .select_only()
            .column(coverage::Column::Day)
            .distinct()
            .filter(pending(user, jobs))
            .into_tuple()
            .all(self.db())
            .await?;
        let days: Vec<Date> = days.iter().map(|day| day_of(day)).collect::<Result<_, _>>()?;
        self.recount_days(user, each_day(days));
        Ok(())
    }

    /// Opens all days of a stream again that were read before, so that the next sync asks for them: something may have
    /// come since. Returns how many rows were opened.
    ///
    /// # Errors
    /// The database's own.
    pub async fn reopen_days(
        &self,
        user: UserId,
        stream: StreamId,
        days: &[Date],
    ) -> Result<u64, StoreError> {
        self.reopen(user, stream, days, Condition::all()).await
    }

    /// Opens the detail of a metric's days again that was read before, unless `job` has read it: then it is of the same
    /// moment as what tells that the days have changed. Returns how many rows were opened.
    ///
    /// # Errors
    /// The database's own.
    pub async fn reopen_detail(
        &self,
        user: UserId,
        (metric, stream): (Metric, StreamId),
        days: &[Date],
        job: JobId,
    ) -> Result<u64, StoreError> {
        use coverage::Column as C;
        let of_others = Condition::all()
            .add(C::Metric.eq(metric.code()))
            .add(C::Grain.eq(grain_code(Grain::Minute)))
            .add(C::JobId.is_null().or(C::JobId.ne(job.0)));
        self.reopen(user, stream, days, of_others).await
    }

    /// The days of some metrics' detail that were read, each with the days of the window that read it, as far as that
    /// window is still kept.
    ///
    /// # Errors
    /// The database's own.
    pub async fn read_detail(
        &self,
        user: UserId,
        (metrics, stream): (&[Metric], StreamId),
        days: DayRange,
    ) -> Result<Vec<(Metric, Date, Option<DayRange>)>, StoreError> {
        use coverage::Column as C;
        use sync_window::Column as W;
        let read: Vec<(i16, String, Option<i64>, Option<i32>)> = coverage::Entity::find()
            .select_only()
            .columns([C::Metric, C::Day, C::JobId, C::WindowSeq])
            .filter(C::UserId.eq(user.0))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Metric.is_in(metrics.iter().map(|metric| metric.code())))
            .filter(C::Grain.eq(grain_code(Grain::Minute)))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .filter(C::State.is_in(READ.map(CoverageState::key)))
            .into_tuple()
            .all(self.db())
            .await?;
        let jobs: BTreeSet<i64> = read.iter().filter_map(|row| row.2).collect();
        let windows: Vec<(i64, i32, String, String)> = sync_window::Entity::find()
            .select_only()
            .columns([W::JobId, W::Seq, W::FromDay, W::ToDay])
            .filter(W::UserId.eq(user.0))
            .filter(W::JobId.is_in(jobs))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut ranges = HashMap::new();
        for (job, seq, from, to) in windows {
            ranges.insert((Some(job), Some(seq)), range_of(&from, &to)?);
        }
        let mut found = Vec::with_capacity(read.len());
        for (metric, day, job, seq) in read {
            let Some(metric) = Metric::from_code(metric) else { continue };
            found.push((metric, day_of(&day)?, ranges.get(&(job, seq)).copied()));
        }
        Ok(found)
    }

    /// Opens days of a metric's detail again that were read before.
    ///
    /// # Errors
    /// The database's own.
    pub async fn reopen_read(
        &self,
        user: UserId,
        (metric, stream): (Metric, StreamId),
        days: &[Date],
    ) -> Result<u64, StoreError> {
        use coverage::Column as C;
        let detail =
            Condition::all().add(C::Metric.eq(metric.code())).add(C::Grain.eq(grain_code(Grain::Minute)));
        self.reopen(user, stream, days, detail).await
    }

    async fn reopen(
        &self,
        user: UserId,
        stream: StreamId,
        days: &[Date],
        which: Condition,
    ) -> Result<u64, StoreError> {
        use coverage::Column as C;
        self.recount_days(user, each_day(days.iter().copied()));
        let mut opened = 0;
        for chunk in days.chunks(200) {
            let done = coverage::Entity::update_many()
                .col_expr(C::State, Expr::value(CoverageState::Partial.key()))
                .col_expr(C::CheckedAt, Expr::value(Option::<i64>::None))
                .filter(C::UserId.eq(user.0))
                .filter(C::StreamId.eq(stream.0))
                .filter(C::Day.is_in(chunk.iter().map(|day| day_text(*day))))
                .filter(C::State.is_in(READ.map(CoverageState::key)))
                .filter(which.clone())
                .exec(self.db())
                .await?;
            opened += done.rows_affected;
        }
        Ok(opened)
    }

    /// Closes open days by their age: nothing more is expected of them. `has_data` tells which of the two closed states
    /// a day gets.
    ///
    /// # Errors
    /// The database's own.
    pub async fn close_days(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        days: &[(Date, bool)],
    ) -> Result<(), StoreError> {
        use coverage::Column as C;
        self.recount_days(user, each_day(days.iter().map(|(day, _)| *day)));
        for has_data in [true, false] {
            let own: Vec<String> =
                days.iter().filter(|(_, has)| *has == has_data).map(|(day, _)| day_text(*day)).collect();
            for chunk in own.chunks(200) {
                coverage::Entity::update_many()
                    .col_expr(C::State, Expr::value(CoverageState::of_read(has_data, true).key()))
                    .filter(C::UserId.eq(user.0))
                    .filter(C::Metric.eq(metric.code()))
                    .filter(C::StreamId.eq(stream.0))
                    .filter(C::Grain.eq(grain_code(grain)))
                    .filter(C::Day.is_in(chunk.to_vec()))
                    .filter(C::State.eq(CoverageState::Partial.key()))
                    .exec(self.db())
                    .await?;
            }
        }
        Ok(())
    }
}
