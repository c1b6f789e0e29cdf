//! Exercises, newest first.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::route_request_key,
    id::{ExerciseId, LinkId, RawId, UserId},
    time::DayRange,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::Person;
use crate::{
    Store, StoreError,
    convert::{day_of, day_text},
    entity::{day_choice, exercise_session, raw_document, stream},
};

/// An exercise. What the provider did not say is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exercise {
    /// Id.
    pub id: ExerciseId,
    /// The provider's id of it.
    pub external_id: String,
    /// The linked account that it came by; `None` for an import.
    pub link_id: Option<LinkId>,
    /// Civil day of its start.
    pub day: Date,
    /// Start.
    pub start: EpochMs,
    /// End.
    pub end: EpochMs,
    /// Seconds east of UTC at the start.
    pub start_offset: i32,
    /// Seconds east of UTC at the end.
    pub end_offset: i32,
    /// The kind in the provider's word, lower case.
    pub kind: String,
    /// The name that the person sees.
    pub name: String,
    /// Milliseconds of activity, pauses left out.
    pub active_ms: Option<i64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Steps.
    pub steps: Option<i64>,
    /// Kilocalories.
    pub energy_kcal: Option<f64>,
    /// Mean heart rate in beats per minute.
    pub mean_heart_rate: Option<f64>,
    /// Metres of height gained.
    pub elevation_gain_m: Option<f64>,
    /// Active zone minutes.
    pub active_zone_minutes: Option<i64>,
    /// Whether the provider has a route of it.
    pub has_route: bool,
    /// The raw document with its route, once somebody has asked for it.
    pub route: Option<RawId>,
}

impl Store {
    /// Whose exercise it is; for those who then ask [`Store::person`].
    ///
    /// # Errors
    /// The database's own.
    pub async fn owner_of_exercise(&self, id: ExerciseId) -> Result<Option<UserId>, StoreError> {
        use exercise_session::Column as C;
        let query = exercise_session::Entity::find().select_only().column(C::UserId).filter(C::Id.eq(id.0));
        let owner: Option<i64> = query.into_tuple().one(self.reader()).await?;
        Ok(owner.map(UserId))
    }
}

impl Person {
    /// Exercises whose day lies in `days`, of the stream chosen for each day, newest first: at most `limit` of those
    /// that come after the one with the id `after`. When that one has vanished meanwhile, the list ends.
    ///
    /// # Errors
    /// The database's own.
    pub async fn exercises(
        &self,
        days: DayRange,
        after: Option<ExerciseId>,
        limit: u64,
    ) -> Result<Vec<Exercise>, StoreError> {
        use exercise_session::Column as C;
        let mut query = exercise_session::Entity::find()
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .filter(Expr::exists(choice()))
            .order_by_desc(C::StartMs)
            .order_by_desc(C::Id)
            .limit(limit);
        if let Some(after) = after {
            let last = exercise_session::Entity::find_by_id((self.user.id.0, after.0));
            let Some(last) = last.one(self.store.reader()).await? else { return Ok(Vec::new()) };
            let same_start = Condition::all().add(C::StartMs.eq(last.start_ms)).add(C::Id.lt(last.id));
            query = query.filter(Condition::any().add(C::StartMs.lt(last.start_ms)).add(same_start));
        }
        let rows = query.all(self.store.reader()).await?;
        self.with_routes(rows).await
    }

    /// One exercise of the person; `None` when they have none with this id.
    ///
    /// # Errors
    /// The database's own.
    pub async fn exercise(&self, id: ExerciseId) -> Result<Option<Exercise>, StoreError> {
        let found = exercise_session::Entity::find_by_id((self.user.id.0, id.0));
        let rows: Vec<_> = found.one(self.store.reader()).await?.into_iter().collect();
        Ok(self.with_routes(rows).await?.pop())
    }

    /// Rows with the accounts that they came by and the routes that were fetched.
    async fn with_routes(&self, rows: Vec<exercise_session::Model>) -> Result<Vec<Exercise>, StoreError> {
        use raw_document::Column as C;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let streams = stream::Entity::find()
            .filter(stream::Column::UserId.eq(self.user.id.0))
            .all(self.store.reader())
            .await?;
        let links: HashMap<i64, Option<i64>> = streams.into_iter().map(|s| (s.id, s.link_id)).collect();
        let keys = |id: &str| ProviderKey::ALL.map(|provider| route_request_key(provider, id));
        let routes: Vec<(i64, i64, String)> = raw_document::Entity::find()
            .select_only()
            .columns([C::Id, C::LinkId, C::RequestKey])
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::RequestKey.is_in(rows.iter().flat_map(|row| keys(&row.external_id))))
            .filter(C::SupersededAt.is_null())
            .into_tuple()
            .all(self.store.reader())
            .await?;
        rows.into_iter()
            .map(|row| {
                let link = links.get(&row.stream_id).copied().flatten();
                let own = keys(&row.external_id);
                let is_own = |route: &&(i64, i64, String)| Some(route.1) == link && own.contains(&route.2);
                let route = routes.iter().find(is_own).map(|route| RawId(route.0));
                exercise_of(row, link.map(LinkId), route)
            })
            .collect()
    }
}

/// The choice of an exercise's stream for its day.
fn choice() -> SelectStatement {
    use day_choice::Column as D;
    use exercise_session::Column as C;
    let (chosen, exercise) = (day_choice::Entity, exercise_session::Entity);
    Query::select()
        .expr(Expr::val(1))
        .from(chosen)
        .and_where(Expr::col((chosen, D::UserId)).equals((exercise, C::UserId)))
        .and_where(Expr::col((chosen, D::Metric)).eq(Metric::Exercise.code()))
        .and_where(Expr::col((chosen, D::Day)).equals((exercise, C::Day)))
        .and_where(Expr::col((chosen, D::StreamId)).equals((exercise, C::StreamId)))
        .to_owned()
}

fn exercise_of(
    row: exercise_session::Model,
    link_id: Option<LinkId>,
    route: Option<RawId>,
) -> Result<Exercise, StoreError> {
    Ok(Exercise {
        id: ExerciseId(row.id),
        link_id,
        day: day_of(&row.day)?,
        start: EpochMs(row.start_ms),
        end: EpochMs(row.end_ms),
        start_offset: row.start_offset,
        end_offset: row.end_offset,
        external_id: row.external_id,
        kind: row.kind,
        name: row.name,
        active_ms: row.active_ms,
        distance_m: row.distance_m,
        steps: row.steps,
        energy_kcal: row.energy_kcal,
        mean_heart_rate: row.mean_heart_rate,
        elevation_gain_m: row.elevation_gain_m,
        active_zone_minutes: row.active_zone_minutes,
        has_route: row.has_route,
        route,
    })
}
