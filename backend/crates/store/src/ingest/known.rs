//! What is known of a stream's days: the planner's view of the past.

use std::collections::HashSet;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    coverage::CoverageState,
    id::{JobId, LinkId, RawId, StreamId, UserId},
    job::FailureCode,
    observation::DailyValue,
    time::DayRange,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{coverage::grain_code, stream};
use crate::{
    Store, StoreError, WriteTx,
    convert::{day_of, day_text},
    entity::{coverage, daily_value, exercise_session, sample_block, sleep_session},
};

/// What is known of one day of a metric, in one grain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageFact {
    /// The metric.
    pub metric: Metric,
    /// The grain.
    pub grain: Grain,
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: CoverageState,
    /// Why it failed.
    pub code: Option<FailureCode>,
    /// When it was last asked for; `None` for a day that was opened again.
    pub checked_at: Option<EpochMs>,
    /// The window behind it.
    pub window: Option<(JobId, i32)>,
    /// The raw document behind it.
    pub raw: Option<RawId>,
}

/// A stream's days.
#[derive(Debug, Clone, Default)]
pub struct KnownDays {
    /// What coverage says, a row a metric, grain and day.
    pub facts: Vec<CoverageFact>,
    /// The daily values.
    pub daily: Vec<DailyValue>,
    /// Days that have samples or sessions.
    pub with_detail: HashSet<(Metric, Date)>,
}

/// The grain of a stored number.
pub(crate) fn grain_of(code: i16) -> Option<Grain> {
    [Grain::Day, Grain::Minute, Grain::Session].into_iter().find(|grain| grain_code(*grain) == code)
}

impl Store {
    /// The days before `before` that a stream has open, the newest first: read once, and since then something may have
    /// come, or they were never closed.
    ///
    /// # Errors
    /// The database's own.
    pub async fn open_days_before(
        &self,
        user: UserId,
        stream: StreamId,
        before: Date,
        limit: u64,
    ) -> Result<Vec<(Metric, Grain, Date)>, StoreError> {
        use coverage::Column as C;
        let rows: Vec<(i16, i16, String)> = coverage::Entity::find()
            .select_only()
            .columns([C::Metric, C::Grain, C::Day])
            .filter(C::UserId.eq(user.0))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::State.eq(CoverageState::Partial.key()))
            .filter(C::Day.lt(day_text(before)))
            .order_by_desc(C::Day)
            .order_by_asc(C::Metric)
            .order_by_asc(C::Grain)
            .limit(limit)
            .into_tuple()
            .all(self.reader())
            .await?;
        let open = |(metric, grain, day): (i16, i16, String)| {
            let what = Metric::from_code(metric).zip(grain_of(grain));
            Ok(match what {
                Some((metric, grain)) => Some((metric, grain, day_of(&day)?)),
                None => None,
            })
        };
        rows.into_iter().filter_map(|row| open(row).transpose()).collect()
    }

    /// The merged stream of a linked account; `None` before anything was asked for.
    ///
    /// # Errors
    /// The database's own.
    pub async fn merged_stream(&self, user: UserId, link: LinkId) -> Result<Option<StreamId>, StoreError> {
        Ok(stream::find_merged(self.reader(), user, link).await?.map(|(stream, _)| stream))
    }

    /// What is known of some metrics of a stream in `days`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn known_days(
        &self,
        user: UserId,
        stream: StreamId,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<KnownDays, StoreError> {
        known_days(self.reader(), user, stream, metrics, days).await
    }
}

impl WriteTx {
    /// What is known of some metrics of a stream in `days`, as this transaction sees it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn known_days(
        &self,
        user: UserId,
        stream: StreamId,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<KnownDays, StoreError> {
        known_days(self.db(), user, stream, metrics, days).await
    }
}

async fn known_days(
    db: &impl ConnectionTrait,
    user: UserId,
    stream: StreamId,
    metrics: &[Metric],
    days: DayRange,
) -> Result<KnownDays, StoreError> {
    let codes: Vec<i16> = metrics.iter().map(|metric| metric.code()).collect();
    Ok(KnownDays {
        facts: facts(db, user, stream, &codes, days).await?,
        daily: daily(db, user, stream, &codes, days).await?,
        with_detail: with_detail(db, user, stream, metrics, days).await?,
    })
}

async fn facts(
    db: &impl ConnectionTrait,
    user: UserId,
    stream: StreamId,
    metrics: &[i16],
    days: DayRange,
) -> Result<Vec<CoverageFact>, StoreError> {
    use coverage::Column as C;
    let rows = coverage::Entity::find()
        .filter(C::UserId.eq(user.0))
        .filter(C::Metric.is_in(metrics.iter().copied()))
        .filter(C::StreamId.eq(stream.0))
        .filter(C::Day.gte(day_text(days.start)))
        .filter(C::Day.lt(day_text(days.end)))
        .all(db)
        .await?;
    let mut facts = Vec::with_capacity(rows.len());
    for row in rows {
        // A row of a later version says nothing to this one.
        let known = (Metric::from_code(row.metric), grain_of(row.grain), CoverageState::parse(&row.state));
        let (Some(metric), Some(grain), Some(state)) = known else { continue };
        facts.push(CoverageFact {
            metric,
            grain,
            day: day_of(&row.day)?,
            state,
            code: row.code.as_deref().and_then(FailureCode::parse),
            checked_at: row.checked_at.map(EpochMs),
            window: row.job_id.map(JobId).zip(row.window_seq),
            raw: row.raw_id.map(RawId),
        });
    }
    Ok(facts)
}

async fn daily(
    db: &impl ConnectionTrait,
    user: UserId,
    stream: StreamId,
    metrics: &[i16],
    days: DayRange,
) -> Result<Vec<DailyValue>, StoreError> {
    use daily_value::Column as C;
    let rows = daily_value::Entity::find()
        .filter(C::UserId.eq(user.0))
        .filter(C::Metric.is_in(metrics.iter().copied()))
        .filter(C::StreamId.eq(stream.0))
        .filter(C::Day.gte(day_text(days.start)))
        .filter(C::Day.lt(day_text(days.end)))
        .all(db)
        .await?;
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(metric) = Metric::from_code(row.metric) else { continue };
        values.push(DailyValue { metric, day: day_of(&row.day)?, value: row.value });
    }
    Ok(values)
}

async fn with_detail(
    db: &impl ConnectionTrait,
    user: UserId,
    stream: StreamId,
    metrics: &[Metric],
    days: DayRange,
) -> Result<HashSet<(Metric, Date)>, StoreError> {
    let blocks: Vec<(i16, String)> = {
        use sample_block::Column as C;
        sample_block::Entity::find()
            .select_only()
            .columns([C::Metric, C::Day])
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.is_in(metrics.iter().map(|metric| metric.code())))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(db)
            .await?
    };
    let mut found = HashSet::with_capacity(blocks.len());
    for (code, day) in blocks {
        if let Some(metric) = Metric::from_code(code) {
            found.insert((metric, day_of(&day)?));
        }
    }
    macro_rules! sessions {
        ($metric:expr, $table:ident) => {
            if metrics.contains(&$metric) {
                use $table::Column as C;
                let rows: Vec<String> = $table::Entity::find()
                    .select_only()
                    .column(C::Day)
                    .filter(C::UserId.eq(user.0))
                    .filter(C::StreamId.eq(stream.0))
                    .filter(C::Day.gte(day_text(days.start)))
                    .filter(C::Day.lt(day_text(days.end)))
                    .into_tuple()
                    .all(db)
                    .await?;
                for day in rows {
                    found.insert(($metric, day_of(&day)?));
                }
            }
        };
    }
    sessions!(Metric::Sleep, sleep_session);
    sessions!(Metric::Exercise, exercise_session);
    Ok(found)
}
