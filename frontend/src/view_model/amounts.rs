//! Steps, distance or calories within a day.

use serde_json::json;

use super::chart::{ChartModel, base};
use super::civil::{SECOND, parse_instant, steps};
use super::format::Format;
use super::metric::shown;
use super::palette::Palette;
use super::table::Table;
use super::words::fill;
use super::zone::Zone;
use crate::api::enums::MetricKey;

/// The API's columns of a series that adds up.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Length of a bucket in seconds.
    pub resolution: i64,
    pub start: &'a [String],
    pub sum: &'a [Option<f64>],
}

/// A day: [from, to), and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from: i64,
    pub to: i64,
    pub now: i64,
}

/// Bars over the day, on the person's clock.
#[must_use]
pub fn chart(
    metric: &MetricKey,
    columns: Columns<'_>,
    day: Stretch,
    zone: &Zone,
    f: &Format,
    palette: &Palette,
) -> ChartModel {
    let step = columns.resolution.max(1) * SECOND;
    let sums = on_grid(columns, day, step);
    let start = |i: usize| day.from + i as i64 * step;
    let labels: Vec<String> = (0..sums.len()).map(|i| f.time(start(i), zone)).collect();
    let cell = |i: usize| match sums[i] {
        Some(value) => f.value_with_unit(metric, value),
        None if start(i) >= day.now => f.words.upcoming.clone().into_owned(),
        None => f.words.no_data.clone().into_owned(),
    };
    let cells: Vec<String> = (0..sums.len()).map(cell).collect();
    let span = |i: usize| format!("{}–{}", labels[i], f.time(start(i + 1).min(day.to), zone));
    let name = f.metric(metric);
    let caption = fill(
        &f.words.chart_amounts,
        &[
            ("metric", &name),
            ("step", &f.minutes(step as f64 / 60_000.0)),
            ("day", &f.day_medium(zone.local(day.from).day)),
        ],
    );
    let mut option = base(palette, &labels, &f.unit(metric));
    let factor = shown(metric).factor;
    let data: Vec<Option<f64>> =
        sums.iter().map(|v| v.map(|v| (v * factor * 1_000.0).round() / 1_000.0)).collect();
    option["series"] = json!([{
        "type": "bar",
        "data": data,
        "barCategoryGap": "20%",
        "itemStyle": { "color": palette.accent, "borderRadius": [2, 2, 0, 0] },
    }]);
    let passed = (0..sums.len()).filter(|i| start(*i) < day.now);
    ChartModel {
        option,
        tooltips: (0..sums.len()).map(|i| format!("{}\n{}", span(i), cells[i])).collect(),
        table: Table {
            caption: caption.clone(),
            head: vec![f.words.time.clone().into_owned(), name],
            rows: passed.map(|i| vec![span(i), cells[i].clone()]).collect(),
        },
        label: caption,
    }
}

fn on_grid(columns: Columns<'_>, day: Stretch, step: i64) -> Vec<Option<f64>> {
    let n = steps(day.from, day.to, step);
    let mut sums = vec![None; n];
    for (start, sum) in columns.start.iter().zip(columns.sum) {
        let at = parse_instant(start).and_then(|at| usize::try_from((at - day.from).div_euclid(step)).ok());
        if let Some(slot) = at.and_then(|at| sums.get_mut(at)) {
            *slot = *sum;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::civil::{HOUR, format_instant};
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;

    #[test]
    fn a_day_of_23_hours_has_23_bars_on_its_own_clock() {
        // Paris, 29 March 2026: 02:00 does not exist.
        let from = parse_instant("2026-03-28T23:00:00Z").unwrap();
        let change = parse_instant("2026-03-29T01:00:00Z").unwrap();
        let day = Stretch { from, to: from + 23 * HOUR, now: from + 40 * HOUR };
        let zone = Zone::probe(from, day.to, |at| if at < change { 3_600 } else { 7_200 });
        let start: Vec<String> = (0..23).map(|h| format_instant(from + h * HOUR)).collect();
        let mut sum = vec![Some(100.0); 23];
        sum[0] = Some(0.0);
        sum[1] = None;
        let columns = Columns { resolution: 3_600, start: &start, sum: &sum };
        let chart = chart(&MetricKey::Steps, columns, day, &zone, &format(), &LIGHT);
        assert_eq!(chart.option["xAxis"]["data"][1], json!("01:00"));
        assert_eq!(chart.option["xAxis"]["data"][2], json!("03:00"));
        assert_eq!(chart.option["series"][0]["data"].as_array().unwrap().len(), 23);
        assert_eq!(chart.tooltips[0], "00:00–01:00\n0 steps");
        assert_eq!(chart.tooltips[1], "01:00–03:00\nNo data");
        assert_eq!(chart.tooltips[22], "23:00–00:00\n100 steps");
    }
}
