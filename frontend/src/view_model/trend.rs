//! What somebody measures by hand, for example weight: readings as dots, their mean over a week as the line.

use serde_json::{Value, json};

use super::chart::{ChartModel, base};
use super::civil::Day;
use super::daily::{Daily, Headline};
use super::format::{Format, MISSING};
use super::metric::shown;
use super::palette::Palette;
use super::range::Range;
use super::statistics::mean;
use super::table::Table;
use super::words::fill;

/// Days that the line takes its mean of.
const WEEK: i32 = 7;

/// The last reading of a range, and the change since its first.
#[must_use]
pub fn headline(daily: &Daily, range: Range, f: &Format) -> Headline {
    let readings: Vec<(Day, f64)> = readings(daily, range).collect();
    let Some((day, last)) = readings.last().copied() else {
        return Headline { text: MISSING.to_owned(), unit: f.unit(&daily.metric), ..Headline::default() };
    };
    let mut notes = vec![fill(&f.words.reading_of, &[("day", &f.day_medium(day))])];
    if let Some((first_day, first)) = readings.first().filter(|(first, _)| *first < day) {
        let change = f.signed(last - first, shown(&daily.metric).digits);
        let places =
            [("change", &change), ("unit", &f.unit(&daily.metric)), ("day", &f.day_medium(*first_day))];
        notes.push(fill(&f.words.change_since, &places.map(|(name, value)| (name, value.as_str()))));
    }
    Headline { value: Some(last), text: f.value(&daily.metric, last), unit: f.unit(&daily.metric), notes }
}

fn readings(daily: &Daily, range: Range) -> impl Iterator<Item = (Day, f64)> {
    range.from.until(range.to).filter_map(|day| Some((day, daily.get(day)?)))
}

/// Dots and their line. A day whose week has no reading breaks the line: nothing is made up.
#[must_use]
pub fn chart(daily: &Daily, range: Range, f: &Format, palette: &Palette) -> ChartModel {
    let form = shown(&daily.metric);
    let days: Vec<Day> = range.from.until(range.to).collect();
    let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
    let round = |value: f64| (value * form.factor * 100.0).round() / 100.0;
    let dots: Vec<Option<f64>> = days.iter().map(|day| daily.get(*day).map(round)).collect();
    let of_week = |day: &Day| mean(day.plus(1 - WEEK).until(*day).map(|day| daily.get(day)));
    let line: Vec<Option<f64>> = days.iter().map(|day| of_week(day).map(round)).collect();
    let name = f.metric(&daily.metric);
    let caption = fill(&f.words.chart_trend, &[("metric", &name), ("range", &f.days(range.from, range.to))]);
    let mut option = base(palette, &labels, &f.axis_unit(&daily.metric));
    option["yAxis"]["scale"] = json!(true);
    option["series"] = json!([
        line_of(&line, palette),
        {
            "type": "scatter",
            "data": dots,
            "symbolSize": if days.len() > 100 { 4 } else { 7 },
            "itemStyle": { "color": palette.accent },
        },
    ]);
    let cell = |day: &Day| match daily.get(*day) {
        Some(value) => f.value_with_unit(&daily.metric, value),
        None => f.words.not_measured.clone().into_owned(),
    };
    let tooltip = |day: &Day| {
        let week = of_week(day).map(|mean| f.value_with_unit(&daily.metric, mean));
        let week = week.map(|value| format!("\n{} {value}", f.words.mean_of_week));
        format!("{}\n{}{}", f.day_medium(*day), cell(day), week.unwrap_or_default())
    };
    let rows = readings(daily, range)
        .map(|(day, value)| vec![f.day_medium(day), f.value_with_unit(&daily.metric, value)])
        .collect();
    ChartModel {
        option,
        tooltips: days.iter().map(tooltip).collect(),
        table: Table { caption: caption.clone(), head: vec![f.words.day.clone().into_owned(), name], rows },
        label: caption,
    }
}

fn line_of(values: &[Option<f64>], palette: &Palette) -> Value {
    json!({
        "type": "line",
        "data": values,
        "connectNulls": false,
        "symbol": "none",
        "silent": true,
        "lineStyle": { "width": 1.6, "color": palette.muted },
        "itemStyle": { "color": palette.muted },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;
    use crate::api::enums::MetricKey;

    const TO: Day = Day(20_778);

    fn weight(readings: &[(i32, f64)]) -> Daily {
        let dates: Vec<String> = readings.iter().map(|(back, _)| TO.plus(-back).to_string()).collect();
        let values: Vec<Option<f64>> = readings.iter().map(|(_, kg)| Some(*kg)).collect();
        Daily::new(MetricKey::Weight, &dates, &values)
    }

    #[test]
    fn the_last_reading_counts_and_not_the_mean() {
        let daily = weight(&[(20, 81.0), (9, 80.4), (2, 79.8)]);
        let head = headline(&daily, Range::last(30, TO), &format());
        assert_eq!((head.value, head.text.as_str(), head.unit.as_str()), (Some(79.8), "79.8", "kg"));
        assert_eq!(head.notes, ["Measured Thu 19 Nov 2026", "\u{2212}1.2 kg since Sun 1 Nov 2026"]);
        let none = headline(&daily, Range::last(1, TO), &format());
        assert_eq!((none.value, none.text.as_str()), (None, "–"));
    }

    #[test]
    fn the_line_ends_where_a_week_has_no_reading() {
        let daily = weight(&[(12, 81.0), (10, 79.0), (0, 78.0)]);
        let chart = chart(&daily, Range::last(14, TO), &format(), &LIGHT);
        let line = chart.option["series"][0]["data"].as_array().unwrap();
        assert_eq!(line[0], Value::Null);
        assert_eq!((&line[1], &line[3]), (&json!(81.0), &json!(80.0)));
        assert_eq!(line[10], Value::Null, "the last reading is more than a week ago");
        assert_eq!(line[13], json!(78.0));
        assert_eq!(chart.table.rows.len(), 3, "only days with a reading");
    }
}
