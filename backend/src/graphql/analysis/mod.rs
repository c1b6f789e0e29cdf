//! What is computed of a person's data: profile, baseline, totals, wear, zones, sleep regularity, comparison.

mod input;
mod output;

use async_graphql::{Context, Object};
use pulsekeep_core::{
    Metric,
    analysis::{ClockHours, ZoneSet, baseline, compare, totals, zone_figures},
    id::UserId,
    metric::Aggregation,
    time::{DayRange, add_days},
};

use self::{
    input::{
        DateRange, Period, WeekStart, baseline_window, distinct, long_range, most_days_together, sampled,
        valid_minutes,
    },
    output::{
        BaselineNode, ComparisonNode, HourProfile, PeriodTotals, SleepRegularity, Wear, Whole as _, Zone,
        Zones, ZonesOfSet,
    },
};
use super::{
    context::RequestContext as _,
    enums::MetricKey,
    errors::Reply,
    scalars::Date,
    user::{days_weight, person_data, range},
};

/// Fields of a person that are computed; flattened into `User`.
pub(super) struct UserAnalysis(pub UserId);

#[Object]
impl UserAnalysis {
    /// What each hour of the week is like, over the metric's samples. Each sample counts for the hour that the person's
    /// clock showed.
    #[graphql(complexity = "days_weight(8, from, to, child_complexity)")]
    async fn profile(
        &self,
        ctx: &Context<'_>,
        metric: MetricKey,
        from: Date,
        to: Date,
    ) -> Reply<HourProfile> {
        let (metric, days) = (sampled(metric)?, range(from, to)?);
        let person = person_data(ctx, self.0).await?;
        let profile = person.profile(metric, days, ctx.now()?).await?;
        Ok(HourProfile::new(metric, days, &profile))
    }

    /// What was usual before each day: median, and the band that holds the middle 80 % of the 7, 30 or 60 days before
    /// it. Both dates are included.
    #[graphql(complexity = "days_weight(4 * metrics.len(), from, to, child_complexity)")]
    async fn baseline(
        &self,
        ctx: &Context<'_>,
        metrics: Vec<MetricKey>,
        from: Date,
        to: Date,
        #[graphql(default = 60)] days: i32,
    ) -> Reply<Vec<BaselineNode>> {
        let (metrics, asked, window) = (distinct(metrics)?, range(from, to)?, baseline_window(days)?);
        let person = person_data(ctx, self.0).await?;
        let back = i64::try_from(window.days()).unwrap_or(0);
        let history = DayRange { start: add_days(asked.start, -back), end: asked.end };
        let values = person.day_values(&metrics, history).await?;
        // The day itself is shown as it is; what is usual rests on whole days alone.
        let whole = values.clone().whole_before(person.today(ctx.now()?));
        let node = |metric: Metric| {
            let usual = baseline(whole.of(metric), window);
            BaselineNode::new(metric, asked, window, values.of_days(metric, asked), usual)
        };
        Ok(metrics.into_iter().map(node).collect())
    }

    /// Totals of calendar periods by the person's civil days. The first and the last are cut to the range.
    #[graphql(complexity = "days_weight(1, from, to, child_complexity)")]
    async fn totals(
        &self,
        ctx: &Context<'_>,
        metric: MetricKey,
        from: Date,
        to: Date,
        by: Period,
        #[graphql(default_with = "WeekStart::Monday")] week_start: WeekStart,
    ) -> Reply<PeriodTotals> {
        let (metric, days) = (Metric::from(metric), long_range(from, to, by)?);
        let person = person_data(ctx, self.0).await?;
        let values = person.day_values(&[metric], days).await?;
        let adds_up = metric.spec().aggregation == Aggregation::Sum;
        let found = totals(days, values.of(metric), by.into(), week_start.into(), adds_up);
        Ok(PeriodTotals::new(metric, by, person.today(ctx.now()?), &found))
    }

    /// How long the device was worn each day: minutes with a heart rate, where that is known. A day counts as worn from
    /// `validFrom` minutes on, by default ten hours.
    #[graphql(complexity = "days_weight(3, from, to, child_complexity)")]
    async fn wear(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        #[graphql(default = 600)] valid_from: i32,
    ) -> Reply<Wear> {
        let (days, valid_from) = (range(from, to)?, valid_minutes(valid_from)?);
        let person = person_data(ctx, self.0).await?;
        let clock = ClockHours::new(person.timeline(), days, ctx.now()?);
        let coverage = person.coverage(&[Metric::HeartRate], days).await?;
        Ok(Wear::new(days, &coverage, &clock, valid_from))
    }

    /// Minutes in each zone by day, as the provider counts them.
    #[graphql(complexity = "days_weight(7, from, to, child_complexity)")]
    async fn zones(&self, ctx: &Context<'_>, from: Date, to: Date) -> Reply<Zones> {
        let days = range(from, to)?;
        let sets = [ZoneSet::HeartRate, ZoneSet::ActiveZone];
        let metrics: Vec<Metric> = sets.iter().flat_map(|set| set.metrics()).copied().collect();
        let values = person_data(ctx, self.0).await?.day_values(&metrics, days).await?;
        let [heart_rate, active_zone] = sets.map(|set| {
            let columns: Vec<&[Option<f64>]> = set.metrics().iter().map(|&zone| values.of(zone)).collect();
            let figures = zone_figures(&columns);
            let zone = |(i, &metric): (usize, &Metric)| Zone {
                metric: metric.into(),
                minutes: columns[i].to_vec(),
                total: figures.totals[i],
                mean: figures.means[i],
            };
            let zones = set.metrics().iter().enumerate().map(zone).collect();
            ZonesOfSet { days: figures.days.int(), zones }
        });
        Ok(Zones { dates: days.days().map(Date).collect(), heart_rate, active_zone })
    }

    /// How alike the days are in when the person sleeps: the Sleep Regularity Index, from −100 to 100.
    #[graphql(complexity = "days_weight(8, from, to, child_complexity)")]
    async fn sleep_regularity(&self, ctx: &Context<'_>, from: Date, to: Date) -> Reply<SleepRegularity> {
        let days = range(from, to)?;
        let found = person_data(ctx, self.0).await?.sleep_regularity(days).await?;
        Ok(SleepRegularity::new(days, found))
    }

    /// Two ranges of days beside each other: `a` less `b`. Of metrics that add up a day that is not over counts in
    /// neither.
    #[graphql(
        complexity = "days_weight(metrics.len(), a.from, a.to, days_weight(metrics.len(), b.from, b.to, child_complexity))"
    )]
    async fn compare(
        &self,
        ctx: &Context<'_>,
        metrics: Vec<MetricKey>,
        a: DateRange,
        b: DateRange,
    ) -> Reply<Vec<ComparisonNode>> {
        let (metrics, a, b) = (distinct(metrics)?, range(a.from, a.to)?, range(b.from, b.to)?);
        let person = person_data(ctx, self.0).await?;
        let today = person.today(ctx.now()?);
        let both = DayRange { start: a.start.min(b.start), end: a.end.max(b.end) };
        let (of_a, of_b) = if most_days_together(both, a, b) {
            let values = person.day_values(&metrics, both).await?.whole_before(today);
            (values.clone(), values)
        } else {
            let (of_a, of_b) = (person.day_values(&metrics, a).await?, person.day_values(&metrics, b).await?);
            (of_a.whole_before(today), of_b.whole_before(today))
        };
        let node = |metric: Metric| {
            let adds_up = metric.spec().aggregation == Aggregation::Sum;
            let found = compare(&of_a.of_days(metric, a), &of_b.of_days(metric, b), adds_up);
            ComparisonNode::new(metric, (a, b), &found)
        };
        Ok(metrics.into_iter().map(node).collect())
    }
}
