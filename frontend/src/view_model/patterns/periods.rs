//! Weeks, months and years.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::chart::{ChartModel, base};
use super::super::civil::Day;
use super::super::daily::{Headline, round};
use super::super::format::{Format, MISSING};
use super::super::metric::shown;
use super::super::palette::Palette;
use super::super::table::Table;
use super::super::words::fill;
use super::asked::By;
use crate::api::enums::MetricKey;

/// Calendar periods in columns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Totals {
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub length: Vec<i64>,
    pub days: Vec<i64>,
    pub whole: Vec<bool>,
    pub total: Option<Vec<Option<f64>>>,
    pub mean: Vec<Option<f64>>,
}

struct One {
    from: Day,
    to: Day,
    length: i64,
    days: i64,
    is_whole: bool,
    total: Option<f64>,
    mean: Option<f64>,
}

impl Totals {
    fn periods(&self) -> Vec<One> {
        let one = |i: usize| {
            Some(One {
                from: Day::parse(self.from.get(i)?)?,
                to: Day::parse(self.to.get(i)?)?,
                length: *self.length.get(i)?,
                days: *self.days.get(i)?,
                is_whole: *self.whole.get(i)?,
                total: self.total.as_ref().and_then(|total| *total.get(i)?),
                mean: *self.mean.get(i)?,
            })
        };
        (0..self.from.len()).filter_map(one).collect()
    }
}

/// All periods together: their sum, or the mean of a day.
#[must_use]
pub fn headline(totals: &Totals, metric: &MetricKey, f: &Format) -> Headline {
    let periods = totals.periods();
    let days: i64 = periods.iter().map(|period| period.days).sum();
    let of_days = periods.iter().filter_map(|period| Some(period.mean? * period.days as f64));
    let sum: f64 = of_days.sum();
    let adds_up = totals.total.is_some() && shown(metric).adds_up;
    let mean = sum / days as f64;
    let value = (days > 0).then_some(if adds_up { sum } else { mean });
    let per_day =
        (adds_up && days > 0).then(|| fill(&f.words.per_day, &[("value", &f.value_with_unit(metric, mean))]));
    Headline {
        value,
        text: value.map_or_else(|| MISSING.to_owned(), |value| f.value(metric, value)),
        unit: f.unit(metric),
        notes: per_day.into_iter().collect(),
    }
}

/// A bar per period: its total, or the mean of a day. Periods that are not whole are paler.
#[must_use]
pub fn chart(
    totals: &Totals,
    metric: &MetricKey,
    by: By,
    f: &Format,
    palette: &Palette,
) -> Option<ChartModel> {
    let periods = totals.periods();
    let (first, last) = (periods.first()?, periods.last()?);
    let adds_up = totals.total.is_some() && shown(metric).adds_up;
    let main = |period: &One| if adds_up { period.total } else { period.mean };
    let name = |period: &One| match by {
        By::Week => f.days(period.from, period.to),
        By::Month => f.month(period.from.ymd().0, period.from.ymd().1),
        By::Year => period.from.ymd().0.to_string(),
    };
    let label = |period: &One| match by {
        By::Week => f.day_short(period.from),
        By::Month | By::Year => name(period),
    };
    let cell =
        |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), |v| f.value_with_unit(metric, v));
    let days = |period: &One| {
        let places = [("n", period.days.to_string()), ("all", period.length.to_string())];
        fill(&f.words.days_of_period, &places.each_ref().map(|(name, text)| (*name, text.as_str())))
    };
    let row = |period: &One| {
        let mut row = vec![name(period)];
        row.extend(adds_up.then(|| cell(period.total)));
        row.extend([cell(period.mean), days(period)]);
        row
    };
    let labels: Vec<String> = periods.iter().map(label).collect();
    let mut option = base(palette, &labels, &f.axis_unit(metric));
    let bar = |period: &One| -> Value {
        let value = main(period).map(|value| round(value * shown(metric).factor));
        if period.is_whole {
            json!(value)
        } else {
            json!({ "value": value, "itemStyle": { "opacity": 0.45 } })
        }
    };
    option["yAxis"]["scale"] = json!(!adds_up);
    option["series"] = json!([{
        "type": "bar", "data": periods.iter().map(bar).collect::<Vec<_>>(), "barMaxWidth": 40,
        "itemStyle": { "color": palette.accent, "borderRadius": [3, 3, 0, 0] },
    }]);
    let places = [("metric", f.metric(metric)), ("range", f.days(first.from, last.to))];
    let caption = fill(&f.words.chart_daily, &places.each_ref().map(|(name, text)| (*name, text.as_str())));
    let w = &f.words;
    let mut head = vec![&w.period];
    head.extend(adds_up.then_some(&w.total));
    head.extend([&w.mean_of_day, &w.days_with_data]);
    Some(ChartModel {
        option,
        tooltips: periods.iter().map(|p| format!("{}\n{}\n{}", name(p), cell(main(p)), days(p))).collect(),
        table: Table {
            caption: caption.clone(),
            head: head.into_iter().map(|text| text.clone().into_owned()).collect(),
            rows: periods.iter().map(row).collect(),
        },
        label: caption,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::format;
    use super::super::super::palette::LIGHT;
    use super::*;

    fn months(total: Option<Vec<Option<f64>>>) -> Totals {
        Totals {
            from: vec!["2026-10-01".into(), "2026-11-01".into()],
            to: vec!["2026-10-31".into(), "2026-11-21".into()],
            length: vec![31, 30],
            days: vec![0, 20],
            whole: vec![true, false],
            total,
            mean: vec![None, Some(5_000.0)],
        }
    }

    #[test]
    fn a_month_that_goes_on_is_paler_and_one_without_data_is_no_zero() {
        let totals = months(Some(vec![None, Some(100_000.0)]));
        let chart = chart(&totals, &MetricKey::Steps, By::Month, &format(), &LIGHT).unwrap();
        let bars = &chart.option["series"][0]["data"];
        assert_eq!(bars[0], json!(null));
        assert_eq!(bars[1], json!({ "value": 100_000.0, "itemStyle": { "opacity": 0.45 } }));
        assert_eq!(chart.table.rows[0], ["October 2026", "–", "–", "0 of 31 days"]);
        assert_eq!(chart.tooltips[1], "November 2026\n100,000 steps\n20 of 30 days");
        let head = headline(&totals, &MetricKey::Steps, &format());
        assert_eq!((head.value, head.notes.len()), (Some(100_000.0), 1));
    }

    #[test]
    fn what_does_not_add_up_has_means_alone() {
        let mut totals = months(None);
        totals.mean[1] = Some(60.0);
        let chart = chart(&totals, &MetricKey::RestingHeartRate, By::Month, &format(), &LIGHT).unwrap();
        assert_eq!(chart.table.head.len(), 3);
        let head = headline(&totals, &MetricKey::RestingHeartRate, &format());
        assert_eq!((head.value, head.notes), (Some(60.0), vec![]));
        totals.days = vec![0, 0];
        assert_eq!(headline(&totals, &MetricKey::RestingHeartRate, &format()).value, None);
    }
}
