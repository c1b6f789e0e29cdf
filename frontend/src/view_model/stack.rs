//! Minutes of several metrics, stacked by day: heart zones, active minutes, zone minutes.

use serde_json::json;

use super::chart::{ChartModel, base};
use super::civil::Day;
use super::daily::{Daily, Headline};
use super::format::{Format, MISSING};
use super::palette::Palette;
use super::range::Range;
use super::statistics::{mean, sum};
use super::table::Table;
use super::words::fill;

/// The metrics of a stack, the lightest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    parts: Vec<Daily>,
}

impl Stack {
    /// Of metrics that are measured in minutes.
    #[must_use]
    pub fn new(parts: Vec<Daily>) -> Self {
        Self { parts }
    }

    /// Whether any day of the range has data.
    #[must_use]
    pub fn has_data(&self, range: Range) -> bool {
        self.parts.iter().any(|part| part.has_data(range))
    }

    /// All minutes of a day.
    fn of_day(&self, day: Day) -> Option<f64> {
        sum(self.parts.iter().map(|part| part.get(day)))
    }

    /// Minutes of the range, and each metric's share of them.
    #[must_use]
    pub fn headline(&self, range: Range, f: &Format) -> Headline {
        let value = sum(range.from.until(range.to).map(|day| self.of_day(day)));
        let mut notes = Vec::new();
        if !range.is_day() {
            let a_day = mean(range.from.until(range.to).map(|day| self.of_day(day)));
            notes.extend(a_day.map(|minutes| fill(&f.words.per_day, &[("value", &f.minutes(minutes))])));
        }
        let of_part = |part: &Daily| {
            let minutes = part.of_range(range)?;
            Some(format!("{} {}", f.metric(&part.metric), f.minutes(minutes)))
        };
        // The hardest first: it is what one looks for.
        notes.extend(self.parts.iter().rev().filter_map(of_part));
        let text = value.map_or_else(|| MISSING.to_owned(), |minutes| f.minutes(minutes));
        Headline { value, text, unit: String::new(), notes }
    }

    /// Stacked bars, one a day.
    #[must_use]
    pub fn chart(&self, title: &str, range: Range, f: &Format, palette: &Palette) -> ChartModel {
        let colors = [palette.rem, palette.light, palette.awake, palette.heart];
        let days: Vec<Day> = range.from.until(range.to).collect();
        let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
        let mut option = base(palette, &labels, &f.words.unit_min);
        option["legend"] = json!({
            "right": 0, "top": 0, "itemWidth": 10, "itemHeight": 10, "icon": "roundRect", "selectedMode": false,
            "textStyle": { "color": palette.muted, "fontSize": 11 },
        });
        let skipped = colors.len().saturating_sub(self.parts.len());
        let series = |(part, color): (&Daily, &&str)| {
            let data: Vec<Option<f64>> = days.iter().map(|day| part.get(*day)).collect();
            json!({
                "type": "bar", "stack": "minutes", "name": f.metric(&part.metric), "data": data, "barMaxWidth": 22,
                "itemStyle": { "color": color },
            })
        };
        option["series"] = self.parts.iter().zip(&colors[skipped..]).map(series).collect();
        let cell =
            |part: &Daily, day: Day| part.get(day).map_or_else(|| MISSING.to_owned(), |m| f.minutes(m));
        let tooltip = |day: &Day| {
            let line = |part: &Daily| format!("{} {}", f.metric(&part.metric), cell(part, *day));
            let lines: Vec<String> = match self.of_day(*day) {
                None => vec![f.words.no_data.clone().into_owned()],
                Some(_) => self.parts.iter().rev().map(line).collect(),
            };
            format!("{}\n{}", f.day_medium(*day), lines.join("\n"))
        };
        let row = |day: &Day| {
            std::iter::once(f.day_medium(*day))
                .chain(self.parts.iter().map(|part| cell(part, *day)))
                .collect()
        };
        let places = [("metric", title), ("range", &f.days(range.from, range.to))];
        let caption = fill(&f.words.chart_daily, &places);
        let names = self.parts.iter().map(|part| f.metric(&part.metric));
        ChartModel {
            option,
            tooltips: days.iter().map(tooltip).collect(),
            table: Table {
                caption: caption.clone(),
                head: std::iter::once(f.words.day.clone().into_owned()).chain(names).collect(),
                rows: days.iter().map(row).collect(),
            },
            label: caption,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;
    use crate::api::enums::MetricKey;

    const TO: Day = Day(20_778);

    fn stack() -> Stack {
        let part = |metric, values: [Option<f64>; 2]| {
            let dates = [TO.plus(-1).to_string(), TO.to_string()];
            Daily::new(metric, &dates, &values)
        };
        Stack::new(vec![
            part(MetricKey::FatBurnZoneMinutes, [Some(20.0), None]),
            part(MetricKey::CardioZoneMinutes, [Some(0.0), None]),
            part(MetricKey::PeakZoneMinutes, [None, None]),
        ])
    }

    #[test]
    fn a_day_without_any_part_has_no_minutes_and_a_zero_has() {
        let (stack, f) = (stack(), format());
        let both = stack.headline(Range::last(2, TO), &f);
        assert_eq!((both.value, both.text.as_str()), (Some(20.0), "20 min"));
        assert_eq!(
            both.notes,
            [
                "20 min a day, over days with data",
                "Zone minutes, cardio 0 min",
                "Zone minutes, fat burn 20 min"
            ]
        );
        assert_eq!(stack.headline(Range::last(1, TO), &f).value, None);
        assert!(!stack.has_data(Range::last(1, TO)));
    }

    #[test]
    fn each_part_is_a_series_and_a_column() {
        let chart = stack().chart("Zones", Range::last(2, TO), &format(), &LIGHT);
        assert_eq!(chart.option["series"].as_array().unwrap().len(), 3);
        assert_eq!(chart.option["series"][1]["data"], json!([0.0, null]));
        assert_eq!(chart.table.rows[0], ["Fri 20 Nov 2026", "20 min", "0 min", "–"]);
        assert_eq!(chart.tooltips[1], "Sat 21 Nov 2026\nNo data");
    }
}
