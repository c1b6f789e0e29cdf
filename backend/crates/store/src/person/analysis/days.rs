//! Values by civil day, of many metrics at once.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    metric::Aggregation,
    time::{DayRange, days_between},
};
use sea_orm::QueryResult;

use crate::{
    StoreError,
    convert::{day_of, day_text},
    person::Person,
};

/// Values of some metrics by civil day, in the catalogue's units.
#[derive(Debug, Clone, PartialEq)]
pub struct DayValues {
    /// The days.
    pub days: DayRange,
    /// By metric a value per day; `None` is no data.
    columns: HashMap<Metric, Vec<Option<f64>>>,
}

impl DayValues {
    /// The metric's values, one per day; none of a metric that was not asked for.
    #[must_use]
    pub fn of(&self, metric: Metric) -> &[Option<f64>] {
        self.columns.get(&metric).map_or(&[], Vec::as_slice)
    }

    /// The metric's values of some of the days, those outside being without data.
    #[must_use]
    pub fn of_days(&self, metric: Metric, days: DayRange) -> Vec<Option<f64>> {
        let values = self.of(metric);
        let value = |day| values.get(index(self.days, day)?).copied().flatten();
        days.days().map(value).collect()
    }

    /// Forgets what metrics that add up have from `day` on: a day that is not over is no whole day.
    #[must_use]
    pub fn whole_before(mut self, day: Date) -> Self {
        let from = index(self.days, day.max(self.days.start)).unwrap_or(usize::MAX);
        for (metric, values) in &mut self.columns {
            if metric.spec().aggregation == Aggregation::Sum {
                values.iter_mut().skip(from).for_each(|value| *value = None);
            }
        }
        self
    }
}

fn index(days: DayRange, day: Date) -> Option<usize> {
    usize::try_from(days_between(days.start, day)).ok()
}

/// Values under way: the provider's own daily value goes before what samples or sessions give.
struct Columns {
    values: DayValues,
    own: HashMap<Metric, Vec<bool>>,
}

impl Columns {
    fn new(metrics: &[Metric], days: DayRange) -> Self {
        let length = usize::try_from(days.len()).unwrap_or(0);
        let columns = metrics.iter().map(|&metric| (metric, vec![None; length])).collect();
        let own = metrics.iter().map(|&metric| (metric, vec![false; length])).collect();
        Self { values: DayValues { days, columns }, own }
    }

    /// Puts the value of a row, whose first two columns are metric and day, to what is there of that day; unless the
    /// provider's own value is, which nothing else changes.
    fn put(
        &mut self,
        row: &QueryResult,
        is_own: bool,
        value: impl FnOnce(Metric, Option<f64>) -> f64,
    ) -> Result<(), StoreError> {
        let metric = Metric::from_code(row.try_get_by_index::<i16>(0)?);
        let at = index(self.values.days, day_of(&row.try_get_by_index::<String>(1)?)?);
        let Some((metric, at)) = metric.zip(at) else { return Ok(()) };
        let slot = self.values.columns.get_mut(&metric).and_then(|column| column.get_mut(at));
        let own = self.own.get_mut(&metric).and_then(|column| column.get_mut(at));
        if let (Some(slot), Some(own)) = (slot, own)
            && (is_own || !*own)
        {
            *slot = Some(value(metric, *slot));
            *own |= is_own;
        }
        Ok(())
    }
}

/// A table with a row per day or session of a stream.
pub(super) struct Source {
    /// Its name.
    pub(super) table: &'static str,
    /// Whether each row names its metric; else there is one metric only.
    pub(super) names_metric: bool,
    /// The columns wanted, of the table `v`.
    pub(super) values: &'static str,
}

const OWN: Source = Source { table: "daily_value", names_metric: true, values: "v.value" };
const SAMPLES: Source =
    Source { table: "sample_block", names_metric: true, values: "v.samples, v.value_sum" };
const SLEEP: Source =
    Source { table: "sleep_session", names_metric: false, values: "CAST(v.asleep AS DOUBLE PRECISION)" };
const EXERCISE: Source = Source {
    table: "exercise_session",
    names_metric: false,
    values: "CAST(COALESCE(v.active_ms, v.end_ms - v.start_ms) AS DOUBLE PRECISION) / 60000.0",
};

impl Person {
    /// Daily values of some metrics by the chosen streams, as [`Person::daily`] defines them, by one statement for each
    /// kind of source that they need: the providers' daily values, samples, sleep and exercises.
    ///
    /// # Errors
    /// The database's own.
    pub async fn day_values(&self, metrics: &[Metric], days: DayRange) -> Result<DayValues, StoreError> {
        let mut columns = Columns::new(metrics, days);
        for row in self.day_rows(&OWN, metrics, days).await? {
            let own: f64 = row.try_get_by_index(2)?;
            columns.put(&row, true, |_, _| own)?;
        }
        let sampled: Vec<Metric> = metrics.iter().copied().filter(|metric| metric.has_samples()).collect();
        for row in self.day_rows(&SAMPLES, &sampled, days).await? {
            let (samples, sum): (i32, f64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            columns.put(&row, false, |metric, _| match metric.spec().aggregation {
                Aggregation::Sum => sum,
                Aggregation::Mean | Aggregation::Last => sum / f64::from(samples.max(1)),
            })?;
        }
        for (metric, source) in [(Metric::Sleep, &SLEEP), (Metric::Exercise, &EXERCISE)] {
            let wanted: &[Metric] = if metrics.contains(&metric) { &[metric] } else { &[] };
            for row in self.day_rows(source, wanted, days).await? {
                if let Some(minutes) = row.try_get_by_index::<Option<f64>>(2)? {
                    columns.put(&row, false, |_, so_far| so_far.unwrap_or(0.0) + minutes)?;
                }
            }
        }
        Ok(columns.values)
    }

    /// Metric, day and values of a table's rows, of the streams chosen for some metrics, by day. No statement is made
    /// where no metric is wanted.
    pub(super) async fn day_rows(
        &self,
        source: &Source,
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<Vec<QueryResult>, StoreError> {
        if metrics.is_empty() {
            return Ok(Vec::new());
        }
        let Source { table, names_metric, values } = source;
        let same_metric = if *names_metric { "AND c.metric = v.metric" } else { "" };
        let codes: Vec<String> = metrics.iter().map(|metric| metric.code().to_string()).collect();
        let sql = format!(
            "SELECT c.metric, v.day, {values} FROM {table} v JOIN day_choice c \
             ON c.user_id = v.user_id AND c.day = v.day AND c.stream_id = v.stream_id {same_metric} \
             WHERE v.user_id = $1 AND c.metric IN ({}) AND v.day >= $2 AND v.day < $3 ORDER BY v.day",
            codes.join(", ")
        );
        let values = vec![self.user.id.0.into(), day_text(days.start).into(), day_text(days.end).into()];
        self.store.rows(&sql, values).await
    }
}
