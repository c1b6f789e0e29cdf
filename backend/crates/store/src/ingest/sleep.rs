//! Sleep sessions: upsert by the provider's id; those that vanished from a window read whole are removed.

use pulsekeep_core::{
    EpochMs,
    id::{StreamId, UserId},
    observation::{SleepKind, SleepLevel, SleepRecord, SleepStage},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{StoreError, WriteTx, convert::day_text, entity::sleep_session};

/// A sleep session with instants and offsets resolved; the stages of `record` are instants too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedSleep {
    /// What the parser read, its stages and awakenings turned into instants.
    pub record: SleepRecord,
    /// Start.
    pub start: EpochMs,
    /// End.
    pub end: EpochMs,
    /// Seconds east of UTC at the start.
    pub start_offset: i32,
    /// Seconds east of UTC at the end.
    pub end_offset: i32,
}

pub(crate) fn kind_key(kind: SleepKind) -> &'static str {
    match kind {
        SleepKind::Stages => "stages",
        SleepKind::Classic => "classic",
    }
}

/// Format 1: version, then stages and short awakenings, each a count and per stage start and end as little-endian
/// milliseconds and the level's code.
pub(crate) fn encode_stages(record: &SleepRecord) -> Vec<u8> {
    let mut out = vec![1];
    for list in [&record.stages, &record.short_awakenings] {
        out.extend(u32::try_from(list.len()).unwrap_or(0).to_le_bytes());
        for stage in list {
            out.extend(stage.start.to_le_bytes());
            out.extend(stage.end.to_le_bytes());
            out.push(stage.level.code());
        }
    }
    // Nights repeat the same few levels and lengths, so the plain form packs to a fifth.
    zstd::bulk::compress(&out, 3).unwrap_or(out)
}

/// Stages and short awakenings of [`encode_stages`].
pub(crate) fn decode_stages(bytes: &[u8]) -> Option<(Vec<SleepStage>, Vec<SleepStage>)> {
    let plain = zstd::bulk::decompress(bytes, 4 << 20).ok()?;
    let mut rest = plain.strip_prefix(&[1])?;
    let mut list = || {
        let (count, tail) = rest.split_first_chunk::<4>()?;
        rest = tail;
        let mut stages = Vec::new();
        for _ in 0..u32::from_le_bytes(*count) {
            let (stage, tail) = rest.split_first_chunk::<17>()?;
            rest = tail;
            let instant =
                |range: std::ops::Range<usize>| stage[range].try_into().ok().map(i64::from_le_bytes);
            let level = SleepLevel::from_code(stage[16])?;
            stages.push(SleepStage { start: instant(0..8)?, end: instant(8..16)?, level });
        }
        Some(stages)
    };
    Some((list()?, list()?))
}

impl WriteTx {
    /// Replaces the sleep sessions of a stream whose day of waking lies in `days`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn replace_sleep(
        &self,
        user: UserId,
        stream: StreamId,
        days: DayRange,
        sessions: &[ResolvedSleep],
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sleep_session::Column as C;
        let stored = sleep_session::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .all(self.db())
            .await?;
        let inside = || sessions.iter().filter(|s| days.contains(s.record.day));
        for gone in stored.iter().filter(|old| !inside().any(|new| new.record.external_id == old.external_id))
        {
            sleep_session::Entity::delete_by_id((gone.user_id, gone.id)).exec(self.db()).await?;
        }
        for session in inside() {
            let known = stored.iter().find(|old| old.external_id == session.record.external_id);
            let id = known.map_or_else(|| self.next_id(now), |old| old.id);
            let row = row_of(user, stream, id, session);
            if known == Some(&row) {
                continue;
            }
            let on_conflict = OnConflict::columns([C::UserId, C::StreamId, C::ExternalId])
                .update_columns([
                    C::Day,
                    C::StartMs,
                    C::EndMs,
                    C::StartOffset,
                    C::EndOffset,
                    C::Kind,
                    C::IsMain,
                    C::IsProcessed,
                    C::Asleep,
                    C::Awake,
                    C::InBed,
                    C::ToFallAsleep,
                    C::Deep,
                    C::Light,
                    C::Rem,
                    C::WakeStage,
                    C::Stages,
                ])
                .to_owned();
            sleep_session::Entity::insert(sleep_session::ActiveModel::from(row))
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }
}

fn row_of(user: UserId, stream: StreamId, id: i64, session: &ResolvedSleep) -> sleep_session::Model {
    let record = &session.record;
    let summary = record.summary;
    sleep_session::Model {
        user_id: user.0,
        id,
        stream_id: stream.0,
        external_id: record.external_id.clone(),
        day: day_text(record.day),
        start_ms: session.start.0,
        end_ms: session.end.0,
        start_offset: session.start_offset,
        end_offset: session.end_offset,
        kind: kind_key(record.kind).to_owned(),
        is_main: record.is_main,
        is_processed: record.is_processed,
        asleep: summary.asleep,
        awake: summary.awake,
        in_bed: summary.in_bed,
        to_fall_asleep: summary.to_fall_asleep,
        deep: summary.deep,
        light: summary.light,
        rem: summary.rem,
        wake_stage: summary.wake_stage,
        stages: encode_stages(record),
    }
}
