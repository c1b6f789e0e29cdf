//! Sleep sessions by day of waking.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    id::SleepId,
    observation::{SleepKind, SleepStage, SleepSummary},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Person;
use crate::{
    StoreError,
    convert::{day_of, day_text},
    entity::sleep_session,
    ingest::sleep::{decode_stages, kind_key},
};

/// A sleep session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SleepSession {
    /// Id.
    pub id: SleepId,
    /// Civil day of waking.
    pub day: Date,
    /// Start.
    pub start: EpochMs,
    /// End.
    pub end: EpochMs,
    /// Seconds east of UTC at the start.
    pub start_offset: i32,
    /// Seconds east of UTC at the end.
    pub end_offset: i32,
    /// With stages or classic.
    pub kind: SleepKind,
    /// Whether it is the main sleep.
    pub is_main: bool,
    /// Whether the provider has finished it.
    pub is_processed: bool,
    /// The provider's summary as given.
    pub summary: SleepSummary,
    /// Stages in order of time, in epoch milliseconds.
    pub stages: Vec<SleepStage>,
    /// Short awakenings on top of the stages.
    pub short_awakenings: Vec<SleepStage>,
}

impl Person {
    /// Sleep sessions whose day of waking lies in `days`, of the stream chosen for each day, in order of time.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the day of a session that does not decode; the database's own.
    pub async fn sleep(&self, days: DayRange) -> Result<Vec<SleepSession>, StoreError> {
        use sleep_session::Column as C;
        let rows = sleep_session::Entity::find()
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .order_by_asc(C::StartMs)
            .all(self.store.reader())
            .await?;
        let chosen = self.chosen_streams(&[Metric::Sleep], days).await?;
        rows.into_iter()
            .filter(|row| chosen.get(&(Metric::Sleep.code(), row.day.clone())) == Some(&row.stream_id))
            .map(session_of)
            .collect()
    }
}

fn session_of(row: sleep_session::Model) -> Result<SleepSession, StoreError> {
    let (stages, short_awakenings) = decode_stages(&row.stages)
        .ok_or_else(|| StoreError::Damaged { day: row.day.clone(), what: "sleep stages".to_owned() })?;
    let classic = row.kind == kind_key(SleepKind::Classic);
    Ok(SleepSession {
        id: SleepId(row.id),
        day: day_of(&row.day)?,
        start: EpochMs(row.start_ms),
        end: EpochMs(row.end_ms),
        start_offset: row.start_offset,
        end_offset: row.end_offset,
        kind: if classic { SleepKind::Classic } else { SleepKind::Stages },
        is_main: row.is_main,
        is_processed: row.is_processed,
        summary: SleepSummary {
            asleep: row.asleep,
            awake: row.awake,
            in_bed: row.in_bed,
            to_fall_asleep: row.to_fall_asleep,
            deep: row.deep,
            light: row.light,
            rem: row.rem,
            wake_stage: row.wake_stage,
        },
        stages,
        short_awakenings,
    })
}
