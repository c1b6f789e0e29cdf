//! Daily values by the chosen stream.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    id::StreamId,
    metric::{Aggregation, MetricKind},
    time::DayRange,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::Person;
use crate::{
    Store, StoreError,
    convert::day_text,
    entity::{daily_value, day_choice, exercise_session, sample_block, sleep_session},
};

/// One metric's values, a day each. `None` is no data, zero is zero.
#[derive(Debug, Clone, PartialEq)]
pub struct DailySeries {
    /// The metric.
    pub metric: Metric,
    /// The days, every one of the range.
    pub days: Vec<Date>,
    /// Their values, in the catalogue's unit.
    pub values: Vec<Option<f64>>,
}

/// (day, stream) → value.
type ByStream = HashMap<(String, i64), f64>;

impl Store {
    /// (person, metric, day) → the stream chosen for it.
    pub(super) async fn chosen_streams_of(
        &self,
        people: impl IntoIterator<Item = i64>,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<HashMap<(i64, i16, String), i64>, StoreError> {
        use day_choice::Column as C;
        let rows = day_choice::Entity::find()
            .filter(C::UserId.is_in(people))
            .filter(C::Metric.is_in(metrics.iter().map(|m| m.code())))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(|row| ((row.user_id, row.metric, row.day), row.stream_id)).collect())
    }
}

impl Person {
    /// Daily values of some metrics. The provider's own daily value counts; a day that has samples only gives their
    /// sum or mean, sleep the minutes asleep of all of the day's sessions, and exercise the active minutes of all of the
    /// day's.
    ///
    /// # Errors
    /// The database's own.
    pub async fn daily(
        &self,
        metrics: &[Metric],
        days: DayRange,
        stream: Option<StreamId>,
    ) -> Result<Vec<DailySeries>, StoreError> {
        let chosen = self.chosen_streams(metrics, days).await?;
        let own = self.daily_values(metrics, days).await?;
        let mut answer = Vec::with_capacity(metrics.len());
        for &metric in metrics {
            let derived = match metric.spec().kind {
                MetricKind::Daily => ByStream::new(),
                MetricKind::Session if metric == Metric::Exercise => self.exercise_minutes(days).await?,
                MetricKind::Session => self.sleep_minutes(days).await?,
                MetricKind::Sampled | MetricKind::Interval => self.block_values(metric, days).await?,
            };
            let value = |day: Date| {
                let day = day_text(day);
                let stream =
                    stream.map(|s| s.0).or_else(|| chosen.get(&(metric.code(), day.clone())).copied())?;
                let key = (day, stream);
                own.get(&metric.code()).and_then(|own| own.get(&key)).or_else(|| derived.get(&key)).copied()
            };
            let values = days.days().map(value).collect();
            answer.push(DailySeries { metric, days: days.days().collect(), values });
        }
        Ok(answer)
    }

    /// (metric, day) → the stream chosen for it.
    pub(super) async fn chosen_streams(
        &self,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<HashMap<(i16, String), i64>, StoreError> {
        let chosen = self.store.chosen_streams_of([self.user.id.0], metrics, days).await?;
        Ok(chosen.into_iter().map(|((_, metric, day), stream)| ((metric, day), stream)).collect())
    }

    async fn daily_values(
        &self,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<HashMap<i16, ByStream>, StoreError> {
        use daily_value::Column as C;
        let rows = daily_value::Entity::find()
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Metric.is_in(metrics.iter().map(|m| m.code())))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .all(self.store.reader())
            .await?;
        let mut by_metric: HashMap<i16, ByStream> = HashMap::new();
        for row in rows {
            by_metric.entry(row.metric).or_default().insert((row.day, row.stream_id), row.value);
        }
        Ok(by_metric)
    }

    async fn block_values(&self, metric: Metric, days: DayRange) -> Result<ByStream, StoreError> {
        use sample_block::Column as C;
        let rows: Vec<(String, i64, i32, f64)> = sample_block::Entity::find()
            .select_only()
            .columns([C::Day, C::StreamId, C::Samples, C::ValueSum])
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let value = |samples: i32, sum: f64| match metric.spec().aggregation {
            Aggregation::Sum => sum,
            Aggregation::Mean | Aggregation::Last => sum / f64::from(samples.max(1)),
        };
        Ok(rows.into_iter().map(|(day, stream, n, sum)| ((day, stream), value(n, sum))).collect())
    }

    async fn sleep_minutes(&self, days: DayRange) -> Result<ByStream, StoreError> {
        use sleep_session::Column as C;
        let rows: Vec<(String, i64, Option<i64>)> = sleep_session::Entity::find()
            .select_only()
            .columns([C::Day, C::StreamId, C::Asleep])
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let mut minutes = ByStream::new();
        for (day, stream, asleep) in rows {
            if let Some(asleep) = asleep {
                #[expect(clippy::cast_precision_loss, reason = "minutes of a day")]
                let asleep = asleep as f64;
                *minutes.entry((day, stream)).or_default() += asleep;
            }
        }
        Ok(minutes)
    }

    async fn exercise_minutes(&self, days: DayRange) -> Result<ByStream, StoreError> {
        use exercise_session::Column as C;
        let rows: Vec<(String, i64, Option<i64>, i64, i64)> = exercise_session::Entity::find()
            .select_only()
            .columns([C::Day, C::StreamId, C::ActiveMs, C::StartMs, C::EndMs])
            .filter(C::UserId.eq(self.user.id.0))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .into_tuple()
            .all(self.store.reader())
            .await?;
        let mut minutes = ByStream::new();
        for (day, stream, active, start, end) in rows {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
            let active = active.unwrap_or(end - start) as f64 / 60_000.0;
            *minutes.entry((day, stream)).or_default() += active;
        }
        Ok(minutes)
    }
}
