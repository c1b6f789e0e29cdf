//! Each day against what was usual before it.

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
use crate::api::enums::MetricKey;

/// Values and the rolling band of the days before, in columns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    pub dates: Vec<String>,
    pub values: Vec<Option<f64>>,
    pub low: Vec<Option<f64>>,
    pub median: Vec<Option<f64>>,
    pub high: Vec<Option<f64>>,
    pub days: Vec<i64>,
    pub minimum_days: i64,
    pub window: i64,
}

impl Baseline {
    /// Whether the value of a day lies outside the band; none where either is missing.
    fn is_outside(&self, i: usize) -> Option<bool> {
        let (value, low, high) = (self.values[i]?, self.low[i]?, self.high[i]?);
        Some(value < low || value > high)
    }

    /// Whether all columns are as long as the dates: what a chart relies on.
    fn is_whole(&self) -> bool {
        let lengths =
            [self.values.len(), self.low.len(), self.median.len(), self.high.len(), self.days.len()];
        lengths.iter().all(|length| *length == self.dates.len())
    }
}

/// How many days lay outside.
#[must_use]
pub fn headline(usual: &Baseline, f: &Format) -> Headline {
    let judged: Vec<bool> =
        (0..usual.dates.len()).filter(|_| usual.is_whole()).filter_map(|i| usual.is_outside(i)).collect();
    let places = [("min", usual.minimum_days.to_string()), ("days", usual.window.to_string())];
    let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
    if judged.is_empty() {
        let notes = vec![fill(&f.words.usual_too_few, &places)];
        return Headline { text: MISSING.to_owned(), notes, ..Headline::default() };
    }
    let outside = judged.iter().filter(|outside| **outside).count();
    Headline {
        value: Some(outside as f64),
        text: outside.to_string(),
        unit: fill(&f.words.outside_of, &[("n", &judged.len().to_string())]),
        notes: vec![fill(&f.words.usual_is, &places)],
    }
}

/// Values as a line over the band, days outside it marked.
#[must_use]
pub fn chart(usual: &Baseline, metric: &MetricKey, f: &Format, palette: &Palette) -> Option<ChartModel> {
    if !usual.is_whole() || usual.values.iter().all(Option::is_none) {
        return None;
    }
    let days: Vec<Day> = usual.dates.iter().map(|date| Day::parse(date)).collect::<Option<_>>()?;
    let (first, last) = (*days.first()?, *days.last()?);
    let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
    let value = |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), |v| f.value(metric, v));
    let tooltip = |i: usize| {
        let own = usual.values[i]
            .map_or_else(|| f.words.no_data.clone().into_owned(), |v| f.value_with_unit(metric, v));
        let band = usual.low[i].zip(usual.high[i]).map(|(low, high)| {
            let places = [("low", f.value(metric, low)), ("high", f.value_with_unit(metric, high))];
            fill(&f.words.usual_between, &places.each_ref().map(|(name, text)| (*name, text.as_str())))
        });
        let band = band.unwrap_or_else(|| f.words.usual_not_yet.clone().into_owned());
        format!("{}\n{own}\n{band}", f.day_medium(days[i]))
    };
    let row = |i: usize| {
        vec![
            f.day_medium(days[i]),
            value(usual.values[i]),
            value(usual.low[i]),
            value(usual.median[i]),
            value(usual.high[i]),
            usual.days[i].to_string(),
        ]
    };
    let places = [("metric", f.metric(metric)), ("range", f.days(first, last))];
    let caption = fill(&f.words.usual_caption, &places.each_ref().map(|(name, text)| (*name, text.as_str())));
    let w = &f.words;
    let head = [&w.day, &w.value, &w.usual_low, &w.usual_median, &w.usual_high, &w.days_before];
    Some(ChartModel {
        option: option(usual, metric, &labels, f, palette),
        tooltips: (0..days.len()).map(tooltip).collect(),
        table: Table {
            caption: caption.clone(),
            head: head.map(|text| text.clone().into_owned()).to_vec(),
            rows: (0..days.len()).map(row).collect(),
        },
        label: caption,
    })
}

fn option(usual: &Baseline, metric: &MetricKey, labels: &[String], f: &Format, palette: &Palette) -> Value {
    let factor = shown(metric).factor;
    let drawn = |value: Option<f64>| value.map(|v| round(v * factor));
    let mut option = base(palette, labels, &f.axis_unit(metric));
    option["yAxis"]["scale"] = json!(true);
    let band = |data: Vec<Option<f64>>, area: Option<&str>| {
        json!({
            // "all": or a band that reaches from below zero to above it would be torn in two.
            "type": "line", "stack": "usual", "stackStrategy": "all", "symbol": "none", "silent": true,
            "connectNulls": false, "lineStyle": { "opacity": 0 },
            "areaStyle": area.map(|color| json!({ "color": color })), "data": data,
        })
    };
    let width = |i: usize| Some(usual.high[i]? - usual.low[i]?);
    let point = |i: usize| match usual.is_outside(i) {
        Some(true) => json!({
            "value": drawn(usual.values[i]), "symbol": "diamond", "symbolSize": 9,
            "itemStyle": { "color": palette.heart },
        }),
        _ => json!(drawn(usual.values[i])),
    };
    let (count, wide) = (usual.dates.len(), usual.dates.len() > 60);
    option["series"] = json!([
        band(usual.low.iter().map(|v| drawn(*v)).collect(), None),
        band((0..count).map(|i| drawn(width(i))).collect(), Some(palette.accent_soft)),
        {
            "type": "line", "data": usual.median.iter().map(|v| drawn(*v)).collect::<Vec<_>>(), "symbol": "none",
            "silent": true, "connectNulls": false,
            "lineStyle": { "color": palette.muted, "type": "dashed", "width": 1 },
        },
        {
            "type": "line", "data": (0..count).map(point).collect::<Vec<_>>(), "connectNulls": false,
            "symbol": "circle", "symbolSize": if wide { 2 } else { 5 }, "showAllSymbol": true,
            "lineStyle": { "width": if wide { 1.2 } else { 2.0 }, "color": palette.accent },
            "itemStyle": { "color": palette.accent },
        },
    ]);
    option
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::format;
    use super::super::super::palette::LIGHT;
    use super::*;

    fn usual() -> Baseline {
        Baseline {
            dates: vec!["2026-11-20".into(), "2026-11-21".into()],
            values: vec![Some(9_000.0), Some(100.0)],
            low: vec![None, Some(4_000.0)],
            median: vec![None, Some(6_000.0)],
            high: vec![None, Some(8_000.0)],
            days: vec![13, 14],
            minimum_days: 14,
            window: 60,
        }
    }

    #[test]
    fn a_day_is_judged_only_where_something_is_usual() {
        let head = headline(&usual(), &format());
        assert_eq!((head.value, head.unit.as_str()), (Some(1.0), "of 1 days outside the usual range"));
        let mut early = usual();
        early.low[1] = None;
        let head = headline(&early, &format());
        assert_eq!((head.value, head.text.as_str()), (None, "–"));
        assert_eq!(head.notes, ["Nothing is called usual before 14 of 60 days have data."]);
    }

    #[test]
    fn what_lies_outside_is_marked_by_its_form_too() {
        let chart = chart(&usual(), &MetricKey::Steps, &format(), &LIGHT).unwrap();
        let points = &chart.option["series"][3]["data"];
        assert_eq!((&points[0], &points[1]["symbol"]), (&json!(9000.0), &json!("diamond")));
        assert_eq!(chart.option["series"][1]["data"], json!([null, 4000.0]));
        assert_eq!(chart.tooltips[1], "Sat 21 Nov 2026\n100 steps\nUsual: 4,000 to 8,000 steps");
        assert_eq!(chart.table.rows[0], ["Fri 20 Nov 2026", "9,000", "–", "–", "–", "13"]);
        let mut cut = usual();
        cut.low.pop();
        assert_eq!(super::chart(&cut, &MetricKey::Steps, &format(), &LIGHT), None);
    }
}
