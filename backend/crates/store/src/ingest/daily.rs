//! Daily values: plain rows that SQL users can read.

use pulsekeep_core::{
    Metric,
    id::{StreamId, UserId},
    observation::DailyValue,
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use jiff::civil::Date;

use crate::{
    StoreError, WriteTx,
    convert::{day_of, day_text},
    entity::daily_value,
};

impl WriteTx {
    /// Replaces a metric's daily values of a stream in `days`; a day that is not among `values` loses its value. Returns
    /// the days whose value is another one now.
    ///
    /// # Errors
    /// The database's own.
    pub async fn replace_daily(
        &self,
        user: UserId,
        stream: StreamId,
        metric: Metric,
        days: DayRange,
        values: &[DailyValue],
    ) -> Result<Vec<Date>, StoreError> {
        use daily_value::Column as C;
        let stored = daily_value::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .all(self.db())
            .await?;
        let fresh: Vec<daily_value::Model> = values
            .iter()
            .filter(|v| v.metric == metric && days.contains(v.day))
            .map(|v| daily_value::Model {
                user_id: user.0,
                metric: metric.code(),
                day: day_text(v.day),
                stream_id: stream.0,
                value: v.value,
            })
            .collect();
        let mut other = Vec::new();
        for gone in stored.iter().filter(|old| !fresh.iter().any(|new| new.day == old.day)) {
            other.push(day_of(&gone.day)?);
            let key = (gone.user_id, gone.metric, gone.day.clone(), gone.stream_id);
            daily_value::Entity::delete_by_id(key).exec(self.db()).await?;
        }
        let mut changed: Vec<daily_value::ActiveModel> = Vec::new();
        for new in fresh.into_iter().filter(|new| !stored.contains(new)) {
            other.push(day_of(&new.day)?);
            changed.push(new.into());
        }
        for chunk in changed.chunks(200) {
            let on_conflict = OnConflict::columns([C::UserId, C::Metric, C::Day, C::StreamId])
                .update_column(C::Value)
                .to_owned();
            daily_value::Entity::insert_many(chunk.to_vec())
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(other)
    }
}
