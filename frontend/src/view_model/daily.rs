//! A metric day by day: total, comparison, usual range, chart.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chart::{ChartModel, base};
use super::civil::Day;
use super::coverage::DayCoverage;
use super::format::Format;
use super::metric::shown;
use super::palette::Palette;
use super::range::Range;
use super::statistics::{mean, quantile, sum};
use super::table::Table;
use super::words::fill;
use crate::api::enums::MetricKey;

/// Values of a metric by civil day, with the history that comparisons need.
#[derive(Debug, Clone, PartialEq)]
pub struct Daily {
    /// The metric.
    pub metric: MetricKey,
    values: BTreeMap<Day, f64>,
}

/// The head of a card.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headline {
    /// The raw value in the catalogue's unit; none if no day of the range has data.
    pub value: Option<f64>,
    /// The value as shown.
    pub text: String,
    /// Its unit.
    pub unit: String,
    /// Lines below: the mean of a day, the comparison with the period before, the usual range.
    pub notes: Vec<String>,
}

/// Days of history below which no usual range is given.
const FEWEST_FOR_BASELINE: usize = 14;

/// Median and the band that holds the middle 80 % of the 60 days before a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Daily {
    /// From the API's columns; rows with unreadable dates are left out.
    #[must_use]
    pub fn new(metric: MetricKey, dates: &[String], values: &[Option<f64>]) -> Self {
        let values = dates
            .iter()
            .zip(values)
            .filter_map(|(date, value)| Some((Day::parse(date)?, (*value)?)))
            .collect();
        Self { metric, values }
    }

    /// The value of a day.
    #[must_use]
    pub fn get(&self, day: Day) -> Option<f64> {
        self.values.get(&day).copied()
    }

    /// Whether any day of the range has data.
    #[must_use]
    pub fn has_data(&self, range: Range) -> bool {
        self.values.range(range.from..=range.to).next().is_some()
    }

    fn days(&self, range: Range) -> impl Iterator<Item = Option<f64>> {
        range.from.until(range.to).map(|day| self.get(day))
    }

    /// The total of the range for what adds up, else its mean.
    #[must_use]
    pub fn of_range(&self, range: Range) -> Option<f64> {
        if shown(&self.metric).adds_up { sum(self.days(range)) } else { mean(self.days(range)) }
    }

    /// Usual values: of the 60 days before the range, if 14 of them have data.
    #[must_use]
    pub fn baseline(&self, range: Range) -> Option<Baseline> {
        let history: Vec<f64> = self.days(Range::last(60, range.from.plus(-1))).flatten().collect();
        if history.len() < FEWEST_FOR_BASELINE {
            return None;
        }
        let at = |p| quantile(&history, p);
        Some(Baseline { low: at(0.1)?, median: at(0.5)?, high: at(0.9)? })
    }

    /// The head of the metric's card.
    ///
    /// `today` is no whole day yet, so it counts in the total and not in the comparison.
    #[must_use]
    pub fn headline(&self, range: Range, today: Day, f: &Format) -> Headline {
        let value = self.of_range(range);
        let adds_up = shown(&self.metric).adds_up;
        let mut notes = Vec::new();
        if adds_up && !range.is_day() {
            notes.extend(
                mean(self.days(range))
                    .map(|day| fill(&f.words.per_day, &[("value", &f.value_with_unit(&self.metric, day))])),
            );
        }
        if adds_up {
            notes.extend(self.comparison(range, today, f));
        } else {
            notes.extend(self.usual(range, f));
        }
        let text = value.map_or_else(|| super::format::MISSING.to_owned(), |v| f.value(&self.metric, v));
        Headline { value, text, unit: f.unit(&self.metric), notes }
    }

    /// Mean of a day against the period of the same length before, over the days that have data in each.
    fn comparison(&self, range: Range, today: Day, f: &Format) -> Option<String> {
        let now = mean(self.days(Range { from: range.from, to: range.to.min(today.plus(-1)) }))?;
        let before = mean(self.days(range.previous())).filter(|before| *before > 0.0);
        let w = &f.words;
        let of_days = [&w.compare_unknown, &w.compare_same, &w.compare_more, &w.compare_less];
        let of_day = [&w.compare_day_unknown, &w.compare_day_same, &w.compare_day_more, &w.compare_day_less];
        let [unknown, same, more, less] = if range.is_day() { of_day } else { of_days };
        let change = before.map(|before| (now - before) / before);
        let text = match change {
            None => unknown,
            Some(change) if change.abs() < 0.005 => same,
            Some(change) if change > 0.0 => more,
            Some(_) => less,
        };
        let percent = f.share(change.unwrap_or_default().abs());
        Some(fill(text, &[("p", &percent), ("n", &range.days().to_string())]))
    }

    fn usual(&self, range: Range, f: &Format) -> Option<String> {
        let value = self.of_range(range)?;
        let Some(usual) = self.baseline(range) else {
            return Some(f.words.usual_unknown.clone().into_owned());
        };
        let text = if value < usual.low {
            &f.words.usual_below
        } else if value > usual.high {
            &f.words.usual_above
        } else {
            &f.words.usual_within
        };
        let (low, high) = (f.value(&self.metric, usual.low), f.value_with_unit(&self.metric, usual.high));
        Some(fill(text, &[("low", &low), ("high", &high)]))
    }

    /// The chart of the range: bars for what adds up, else a line over the band of usual values.
    #[must_use]
    pub fn chart(&self, range: Range, coverage: &DayCoverage, f: &Format, palette: &Palette) -> ChartModel {
        let days: Vec<Day> = range.from.until(range.to).collect();
        let values: Vec<Option<f64>> = days.iter().map(|day| self.get(*day)).collect();
        let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
        let cell = |i: usize| match values[i] {
            Some(value) => f.value_with_unit(&self.metric, value),
            None => coverage.reason(days[i], f),
        };
        let cells: Vec<String> = (0..days.len()).map(cell).collect();
        let tooltips =
            days.iter().zip(&cells).map(|(day, cell)| format!("{}\n{cell}", f.day_medium(*day))).collect();
        let name = f.metric(&self.metric);
        let caption =
            fill(&f.words.chart_daily, &[("metric", &name), ("range", &f.days(range.from, range.to))]);
        let rows = days.iter().zip(cells).map(|(day, cell)| vec![f.day_medium(*day), cell]).collect();
        ChartModel {
            option: self.option(&values, &labels, self.baseline(range), f, palette),
            tooltips,
            table: Table {
                caption: caption.clone(),
                head: vec![f.words.day.clone().into_owned(), name],
                rows,
            },
            label: self.label(caption, &values, f),
        }
    }

    fn label(&self, caption: String, values: &[Option<f64>], f: &Format) -> String {
        let there = || values.iter().flatten().copied();
        let (Some(low), Some(high)) = (there().reduce(f64::min), there().reduce(f64::max)) else {
            return format!("{caption}. {}", f.words.chart_daily_empty);
        };
        let (low, high) = (f.value(&self.metric, low), f.value_with_unit(&self.metric, high));
        format!("{caption}. {}: {low}. {}: {high}.", f.words.lowest, f.words.highest)
    }

    fn option(
        &self,
        values: &[Option<f64>],
        labels: &[String],
        baseline: Option<Baseline>,
        f: &Format,
        palette: &Palette,
    ) -> Value {
        let form = shown(&self.metric);
        let data: Vec<Option<f64>> = values.iter().map(|v| v.map(|v| round(v * form.factor))).collect();
        let mut option = base(palette, labels, &f.axis_unit(&self.metric));
        let main = if form.adds_up {
            json!({
                "type": "bar",
                "data": data,
                "barMaxWidth": 28,
                "itemStyle": { "color": palette.accent, "borderRadius": [3, 3, 0, 0] },
            })
        } else {
            option["yAxis"]["scale"] = json!(true);
            json!({
                "type": "line",
                "data": data,
                "connectNulls": false,
                "symbol": "circle",
                "symbolSize": if labels.len() > 60 { 2 } else { 6 },
                "showAllSymbol": true,
                "lineStyle": { "width": if labels.len() > 60 { 1.2 } else { 2.0 }, "color": palette.accent },
                "itemStyle": { "color": palette.accent },
                "markArea": baseline.map(|usual| band(usual, form.factor, palette)),
                "markLine": baseline.map(|usual| median_line(usual, form.factor, palette)),
            })
        };
        option["series"] = json!([main, missing(values, palette)]);
        // The second, hidden axis keeps the marks of missing days on the ground line.
        let own_axis = option["yAxis"].take();
        option["yAxis"] = json!([own_axis, { "type": "value", "min": 0, "max": 1, "show": false }]);
        option
    }
}

/// Draws the spread between two metrics behind a chart of a third: lowest and highest readings, or bounds.
pub fn add_spread(
    model: &mut ChartModel,
    (low, high): (&Daily, &Daily),
    range: Range,
    f: &Format,
    palette: &Palette,
) {
    let factor = shown(&low.metric).factor;
    let both = |day: Day| Some((low.get(day)?, high.get(day)?));
    let days: Vec<Option<(f64, f64)>> = range.from.until(range.to).map(both).collect();
    let band = |data: Vec<Option<f64>>, area: Option<&str>| {
        json!({
            "type": "line", "stack": "spread", "symbol": "none", "silent": true, "connectNulls": false,
            "lineStyle": { "opacity": 0 }, "areaStyle": area.map(|color| json!({ "color": color })), "data": data,
        })
    };
    let value = |of: fn((f64, f64)) -> f64| days.iter().map(|d| d.map(|d| round(of(d) * factor))).collect();
    let bands =
        [band(value(|(low, _)| low), None), band(value(|(low, high)| high - low), Some(palette.heart_soft))];
    if let Some(series) = model.option["series"].as_array_mut() {
        series.splice(0..0, bands);
    }
    let text = |(a, b): (f64, f64)| {
        let (a, b) = (f.value(&low.metric, a), f.value_with_unit(&high.metric, b));
        fill(&f.words.spread_between, &[("low", &a), ("high", &b)])
    };
    for (i, spread) in days.iter().enumerate() {
        let Some(text) = spread.map(text) else { continue };
        if let Some(tooltip) = model.tooltips.get_mut(i) {
            tooltip.push('\n');
            tooltip.push_str(&text);
        }
        if let Some(cell) = model.table.rows.get_mut(i).and_then(|row| row.get_mut(1)) {
            *cell = format!("{cell} ({text})");
        }
    }
}

/// A cross on the ground line for each day without data: an empty place alone would look like zero.
fn missing(values: &[Option<f64>], palette: &Palette) -> Value {
    let marks: Vec<Option<f64>> = values.iter().map(|v| if v.is_none() { Some(0.0) } else { None }).collect();
    json!({
        "type": "scatter",
        "yAxisIndex": 1,
        "data": marks,
        "symbol": "path://M1 0 0 1 4 5 0 9 1 10 5 6 9 10 10 9 6 5 10 1 9 0 5 4Z",
        "symbolSize": if values.len() > 100 { 3 } else { 7 },
        "itemStyle": { "color": palette.muted, "opacity": 0.6 },
        "silent": true,
    })
}

fn band(usual: Baseline, factor: f64, palette: &Palette) -> Value {
    json!({
        "silent": true,
        "itemStyle": { "color": palette.accent_soft },
        "data": [[{ "yAxis": round(usual.low * factor) }, { "yAxis": round(usual.high * factor) }]],
    })
}

fn median_line(usual: Baseline, factor: f64, palette: &Palette) -> Value {
    json!({
        "silent": true,
        "symbol": "none",
        "label": { "show": false },
        "lineStyle": { "color": palette.muted, "type": "dashed", "width": 1 },
        "data": [{ "yAxis": round(usual.median * factor) }],
    })
}

/// Three decimals: more than is ever drawn.
pub(super) fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;

    const TO: Day = Day(20_778);

    /// Values of the days up to `TO`, the last one last.
    fn daily(metric: MetricKey, values: &[Option<f64>]) -> Daily {
        let first = TO.plus(1 - values.len() as i32);
        let dates: Vec<String> = first.until(TO).map(|day| day.to_string()).collect();
        Daily::new(metric, &dates, values)
    }

    #[test]
    fn a_total_adds_what_is_there_and_compares_days_with_data() {
        let steps =
            daily(MetricKey::Steps, &[Some(5_000.0), None, Some(6_000.0), Some(0.0), None, Some(9_000.0)]);
        let head = steps.headline(Range::last(3, TO), TO.plus(1), &format());
        assert_eq!(head.value, Some(9_000.0));
        assert_eq!((head.text.as_str(), head.unit.as_str()), ("9,000", "steps"));
        assert_eq!(head.notes[0], "4,500 steps a day, over days with data");
        assert!(head.notes[1].starts_with("18% less"), "{}", head.notes[1]);
    }

    #[test]
    fn today_is_not_compared_with_whole_days() {
        let steps = daily(MetricKey::Steps, &[Some(8_000.0), Some(8_000.0), Some(10.0)]);
        assert_eq!(steps.headline(Range::last(1, TO), TO, &format()).notes, Vec::<String>::new());
        let two = steps.headline(Range::last(2, TO), TO, &format());
        assert_eq!(two.notes[1], "As much a day as in the 2 days before");
    }

    #[test]
    fn no_data_is_not_zero() {
        let f = format();
        let none = daily(MetricKey::Steps, &[None]).headline(Range::last(1, TO), TO, &f);
        assert_eq!((none.value, none.text.as_str()), (None, "–"));
        let zero = daily(MetricKey::Steps, &[Some(0.0)]).headline(Range::last(1, TO), TO, &f);
        assert_eq!((zero.value, zero.text.as_str()), (Some(0.0), "0"));
    }

    #[test]
    fn a_missing_day_is_null_in_the_chart_and_has_a_cross_and_a_reason() {
        let steps = daily(MetricKey::Steps, &[Some(0.0), None, Some(10.0)]);
        let chart = steps.chart(Range::last(3, TO), &DayCoverage::default(), &format(), &LIGHT);
        assert_eq!(chart.option["series"][0]["data"], json!([0.0, null, 10.0]));
        assert_eq!(chart.option["series"][1]["data"], json!([null, 0.0, null]));
        assert_eq!(chart.table.rows[0], ["Thu 19 Nov 2026", "0 steps"]);
        assert_eq!(chart.table.rows[1], ["Fri 20 Nov 2026", "Nothing fetched yet"]);
        assert_eq!(chart.tooltips.len(), 3);
    }

    #[test]
    fn distance_is_stored_in_metres_and_shown_in_kilometres() {
        let head = daily(MetricKey::Distance, &[Some(8_123.0)]).headline(Range::last(1, TO), TO, &format());
        assert_eq!((head.value, head.text.as_str(), head.unit.as_str()), (Some(8_123.0), "8.12", "km"));
    }

    #[test]
    fn the_usual_range_comes_from_the_days_before() {
        let mut values = vec![Some(60.0); 20];
        values.push(Some(75.0));
        let resting = daily(MetricKey::RestingHeartRate, &values);
        let range = Range::last(1, TO);
        assert_eq!(resting.baseline(range), Some(Baseline { low: 60.0, median: 60.0, high: 60.0 }));
        let head = resting.headline(range, TO, &format());
        assert_eq!(head.notes, ["Above the usual 60 to 60 bpm"]);
        assert_eq!(resting.baseline(Range::last(10, TO)), None, "11 days are too few");
    }

    #[test]
    fn a_spread_is_drawn_where_both_ends_are_known() {
        let mean = daily(MetricKey::OxygenSaturation, &[Some(96.0), Some(95.0)]);
        let low = daily(MetricKey::OxygenSaturationMin, &[Some(91.0), None]);
        let high = daily(MetricKey::OxygenSaturationMax, &[Some(99.0), Some(98.0)]);
        let (range, f) = (Range::last(2, TO), format());
        let mut chart = mean.chart(range, &DayCoverage::default(), &f, &LIGHT);
        add_spread(&mut chart, (&low, &high), range, &f, &LIGHT);
        assert_eq!(chart.option["series"][0]["data"], json!([91.0, null]));
        assert_eq!(chart.option["series"][1]["data"], json!([8.0, null]));
        assert_eq!(chart.option["series"][2]["data"], json!([96.0, 95.0]));
        assert_eq!(chart.table.rows[0][1], "96.0 % (91.0 to 99.0 %)");
        assert_eq!(chart.table.rows[1][1], "95.0 %");
    }

    #[test]
    fn a_relative_temperature_has_a_sign() {
        let head = daily(MetricKey::SkinTemperatureRelative, &[Some(0.34)]).headline(
            Range::last(1, TO),
            TO,
            &format(),
        );
        assert_eq!(head.text, "+0.3");
    }
}
