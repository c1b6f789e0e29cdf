//! Exercises: upsert by the provider's id; those that vanished from a window read whole are removed.

use pulsekeep_core::{
    EpochMs,
    id::{StreamId, UserId},
    observation::ExerciseRecord,
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{StoreError, WriteTx, convert::day_text, entity::exercise_session};

/// An exercise with instants and offsets resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedExercise {
    /// What the parser read.
    pub record: ExerciseRecord,
    /// Start.
    pub start: EpochMs,
    /// End.
    pub end: EpochMs,
    /// Seconds east of UTC at the start.
    pub start_offset: i32,
    /// Seconds east of UTC at the end.
    pub end_offset: i32,
}

impl WriteTx {
    /// Replaces the exercises of a stream whose day lies in `days`. One that moved to another day keeps its id. Nothing
    /// is written where the content is the same.
    ///
    /// # Errors
    /// The database's own.
    pub async fn replace_exercises(
        &self,
        user: UserId,
        stream: StreamId,
        days: DayRange,
        exercises: &[ResolvedExercise],
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use exercise_session::Column as C;
        let stored = exercise_session::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .all(self.db())
            .await?;
        let inside = || exercises.iter().filter(|e| days.contains(e.record.day));
        for gone in stored.iter().filter(|old| !inside().any(|new| new.record.external_id == old.external_id))
        {
            exercise_session::Entity::delete_by_id((gone.user_id, gone.id)).exec(self.db()).await?;
        }
        for exercise in inside() {
            let known = stored.iter().find(|old| old.external_id == exercise.record.external_id);
            let id = known.map_or_else(|| self.next_id(now), |old| old.id);
            let row = row_of(user, stream, id, exercise);
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
                    C::Name,
                    C::ActiveMs,
                    C::DistanceM,
                    C::Steps,
                    C::EnergyKcal,
                    C::MeanHeartRate,
                    C::ElevationGainM,
                    C::ActiveZoneMinutes,
                    C::HasRoute,
                ])
                .to_owned();
            exercise_session::Entity::insert(exercise_session::ActiveModel::from(row))
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }
}

fn row_of(user: UserId, stream: StreamId, id: i64, exercise: &ResolvedExercise) -> exercise_session::Model {
    let record = &exercise.record;
    exercise_session::Model {
        user_id: user.0,
        id,
        stream_id: stream.0,
        external_id: record.external_id.clone(),
        day: day_text(record.day),
        start_ms: exercise.start.0,
        end_ms: exercise.end.0,
        start_offset: exercise.start_offset,
        end_offset: exercise.end_offset,
        kind: record.kind.clone(),
        name: record.name.clone(),
        active_ms: record.active_ms,
        distance_m: record.distance_m,
        steps: record.steps,
        energy_kcal: record.energy_kcal,
        mean_heart_rate: record.mean_heart_rate,
        elevation_gain_m: record.elevation_gain_m,
        active_zone_minutes: record.active_zone_minutes,
        has_route: record.has_route,
    }
}
