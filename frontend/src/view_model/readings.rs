//! Readings within a day that come now and then: heart rate variability, oxygen saturation.

use serde_json::{Value, json};

use super::chart::{ChartModel, base};
use super::civil::{SECOND, parse_instant, steps};
use super::format::Format;
use super::heart::Rates;
use super::metric::shown;
use super::palette::Palette;
use super::table::Table;
use super::words::fill;
use super::zone::Zone;
use crate::api::enums::MetricKey;

/// A reading, or several of one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    at: i64,
    min: f64,
    mean: f64,
    max: f64,
}

/// Readings of a day, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    step: i64,
    readings: Vec<Reading>,
}

impl Readings {
    /// From the API's columns; buckets without readings are left out.
    #[must_use]
    pub fn new(series: Rates<'_>) -> Self {
        let column = |column: &[Option<f64>], i: usize| column.get(i).copied().flatten();
        let reading = |(i, start): (usize, &String)| {
            let mean = column(series.mean, i)?;
            let (min, max) = (column(series.min, i).unwrap_or(mean), column(series.max, i).unwrap_or(mean));
            Some(Reading { at: parse_instant(start)?, min, mean, max })
        };
        let readings = series.start.iter().enumerate().filter_map(reading).collect();
        Self { step: series.resolution.max(1) * SECOND, readings }
    }

    /// The chart from the first reading to the last, on the person's clock; none without readings.
    #[must_use]
    pub fn chart(
        &self,
        metric: &MetricKey,
        zone: &Zone,
        f: &Format,
        palette: &Palette,
    ) -> Option<ChartModel> {
        let (first, last) = (self.readings.first()?, self.readings.last()?);
        // A lone reading has a neighbour to either side, so that it is not drawn on the edge.
        let from = first.at - self.step;
        let n = steps(from, last.at + 2 * self.step, self.step);
        let mut slots: Vec<Option<&Reading>> = vec![None; n];
        for reading in &self.readings {
            let at = usize::try_from((reading.at - from).div_euclid(self.step)).ok();
            if let Some(slot) = at.and_then(|at| slots.get_mut(at)) {
                *slot = Some(reading);
            }
        }
        let labels: Vec<String> = (0..n).map(|i| f.time(from + i as i64 * self.step, zone)).collect();
        let cell = |slot: &Option<&Reading>| match slot {
            None => f.words.no_data.clone().into_owned(),
            Some(r) if f.value(metric, r.min) == f.value(metric, r.max) => f.value_with_unit(metric, r.mean),
            Some(r) => {
                let (low, high) = (f.value(metric, r.min), f.value(metric, r.max));
                format!("{}  ({low}–{high})", f.value_with_unit(metric, r.mean))
            }
        };
        let name = f.metric(metric);
        let day = f.day_medium(zone.local(last.at).day);
        let caption = fill(&f.words.chart_readings, &[("metric", &name), ("day", &day)]);
        let row = |reading: &Reading| vec![f.time(reading.at, zone), cell(&Some(reading))];
        Some(ChartModel {
            option: self.option(metric, &slots, &labels, f, palette),
            tooltips: labels
                .iter()
                .zip(&slots)
                .map(|(time, slot)| format!("{time}\n{}", cell(slot)))
                .collect(),
            table: Table {
                caption: caption.clone(),
                head: vec![f.words.time.clone().into_owned(), name],
                rows: self.readings.iter().map(row).collect(),
            },
            label: caption,
        })
    }

    fn option(
        &self,
        metric: &MetricKey,
        slots: &[Option<&Reading>],
        labels: &[String],
        f: &Format,
        palette: &Palette,
    ) -> Value {
        let factor = shown(metric).factor;
        let data: Vec<Option<f64>> =
            slots.iter().map(|slot| slot.map(|r| (r.mean * factor * 10.0).round() / 10.0)).collect();
        let mut option = base(palette, labels, &f.axis_unit(metric));
        option["yAxis"]["scale"] = json!(true);
        option["series"] = json!([{
            "type": "line",
            "data": data,
            "connectNulls": false,
            "symbol": "circle",
            "symbolSize": 4,
            "showAllSymbol": true,
            "lineStyle": { "width": 1.2, "color": palette.heart },
            "itemStyle": { "color": palette.heart },
        }]);
        option
    }
}

#[cfg(test)]
mod tests {
    use super::super::civil::{MINUTE, format_instant};
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;

    const FROM: i64 = 1_795_219_200_000;

    #[test]
    fn only_the_hours_with_readings_are_drawn_and_gaps_stay() {
        let at = |i: i64| format_instant(FROM + i * 5 * MINUTE);
        let start: Vec<String> = (0..100).map(at).collect();
        let mut mean = vec![None; 100];
        mean[40] = Some(31.26);
        mean[42] = Some(40.0);
        let rates = Rates { resolution: 300, start: &start, min: &[], mean: &mean, max: &[] };
        let readings = Readings::new(rates);
        let metric = MetricKey::HeartRateVariability;
        let chart = readings.chart(&metric, &Zone::fixed(0), &format(), &LIGHT).unwrap();
        assert_eq!(chart.option["series"][0]["data"], json!([null, 31.3, null, 40.0, null]));
        assert_eq!(chart.option["xAxis"]["data"][1], json!("03:20"));
        assert_eq!(chart.tooltips[1], "03:20\n31 ms");
        assert_eq!(chart.tooltips[2], "03:25\nNo data");
        assert_eq!(chart.table.rows.len(), 2);
    }

    #[test]
    fn without_readings_there_is_no_chart() {
        let rates = Rates { resolution: 300, start: &[], min: &[], mean: &[], max: &[] };
        let metric = MetricKey::OxygenSaturation;
        assert_eq!(Readings::new(rates).chart(&metric, &Zone::fixed(0), &format(), &LIGHT), None);
    }
}
