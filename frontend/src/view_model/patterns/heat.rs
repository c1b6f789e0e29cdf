//! Hour × weekday: the heat map of a metric.

use serde::Deserialize;

use super::super::civil::Day;
use super::super::format::{Format, MISSING};
use super::super::range::Range;
use super::super::raster::{Bar, Raster, Row};
use super::super::table::Table;
use super::super::words::fill;
use crate::api::enums::MetricKey;

/// What each hour of the week is like, Monday first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub days: i64,
    pub days_asked: i64,
    pub mean: Vec<Vec<Option<f64>>>,
    pub cell_days: Vec<Vec<i64>>,
}

/// 1970-01-05, a Monday: what weekdays are named by.
const MONDAY: Day = Day(4);

/// The heat map: a row per weekday, from midnight to midnight of the person's clock.
#[must_use]
pub fn raster(profile: &Profile, metric: &MetricKey, range: Range, f: &Format) -> Raster {
    let all: Vec<f64> = profile.mean.iter().flatten().flatten().copied().collect();
    let low = all.iter().copied().reduce(f64::min).unwrap_or(0.0);
    let high = all.iter().copied().reduce(f64::max).unwrap_or(0.0);
    let strength = |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
    let clock = |hour: usize| format!("{hour:02}:00");
    let weekday = |row: usize| f.weekday_long(MONDAY.plus(row as i32));
    let cell = |row: usize, (hour, value): (usize, &Option<f64>)| {
        let days = profile.cell_days.get(row).and_then(|row| row.get(hour)).copied().unwrap_or(0);
        let text = match value {
            Some(value) => {
                let days = fill(&f.words.rests_on, &[("n", &days.to_string())]);
                format!("{} ({days})", f.value_with_unit(metric, *value))
            }
            None => f.words.no_data.clone().into_owned(),
        };
        Bar {
            left: hour as f64 / 24.0 * 100.0,
            width: 100.0 / 24.0,
            class: if value.is_some() { "heat" } else { "heat none" },
            // Steps of a hundredth are more than an eye sees.
            opacity: value.map_or(1.0, |value| ((0.06 + 0.94 * strength(value)) * 100.0).round() / 100.0),
            title: format!("{}, {}: {text}", weekday(row), clock(hour)),
        }
    };
    let row = |(row, values): (usize, &Vec<Option<f64>>)| Row {
        name: f.weekday_short(MONDAY.plus(row as i32)),
        bars: values.iter().enumerate().map(|value| cell(row, value)).collect(),
    };
    let places = [("metric", f.metric(metric)), ("range", f.days(range.from, range.to))];
    let caption = fill(&f.words.heat_caption, &places.each_ref().map(|(name, text)| (*name, text.as_str())));
    let scale = fill(
        &f.words.heat_scale,
        &[("low", &f.value(metric, low)), ("high", &f.value_with_unit(metric, high))],
    );
    let numbers = |(row, values): (usize, &Vec<Option<f64>>)| {
        let cell = |value: &Option<f64>| value.map_or_else(|| MISSING.to_owned(), |v| f.value(metric, v));
        std::iter::once(weekday(row)).chain(values.iter().map(cell)).collect()
    };
    let most = profile.mean.iter().enumerate().flat_map(|(row, values)| {
        values.iter().enumerate().filter_map(move |(hour, value)| Some((row, hour, (*value)?)))
    });
    let most = most.max_by(|a, b| a.2.total_cmp(&b.2)).map(|(row, hour, value)| {
        let places =
            [("day", weekday(row)), ("hour", clock(hour)), ("value", f.value_with_unit(metric, value))];
        fill(&f.words.heat_most, &places.each_ref().map(|(name, text)| (*name, text.as_str())))
    });
    let label = most.clone().map_or_else(
        || format!("{caption}. {}", f.words.chart_daily_empty),
        |most| format!("{caption}. {most}"),
    );
    let days =
        fill(&f.words.days_of, &[("n", &profile.days.to_string()), ("all", &profile.days_asked.to_string())]);
    Raster {
        rows: profile.mean.iter().enumerate().map(row).collect(),
        ticks: [0, 6, 12, 18].map(|hour| (f64::from(hour) / 24.0 * 100.0, clock(hour as usize))).to_vec(),
        notes: most.into_iter().chain([scale, days]).filter(|_| !all.is_empty()).collect(),
        table: Table {
            caption,
            head: std::iter::once(f.words.weekday.clone().into_owned()).chain((0..24).map(clock)).collect(),
            rows: profile.mean.iter().enumerate().map(numbers).collect(),
        },
        label,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::format;
    use super::*;

    const TO: Day = Day(20_778);

    #[test]
    fn nothing_is_not_zero_and_the_strongest_hour_is_named() {
        let mut mean = vec![vec![None; 24]; 7];
        mean[1][18] = Some(900.0);
        mean[6][3] = Some(0.0);
        let profile = Profile { days: 9, days_asked: 10, mean, cell_days: vec![vec![2; 24]; 7] };
        let raster = raster(&profile, &MetricKey::Steps, Range::last(10, TO), &format());
        let strong = &raster.rows[1].bars[18];
        assert_eq!((strong.class, strong.opacity), ("heat", 1.0));
        assert_eq!(strong.title, "Tuesday, 18:00: 900 steps (2 days)");
        assert_eq!((raster.rows[6].bars[3].class, raster.rows[6].bars[3].opacity), ("heat", 0.06));
        assert_eq!(raster.rows[0].bars[0].class, "heat none");
        assert_eq!(raster.rows[0].bars[0].title, "Monday, 00:00: No data");
        assert!(raster.label.ends_with("Most on Tuesday at 18:00: 900 steps."), "{}", raster.label);
        assert_eq!(raster.table.rows[6][..5], ["Sunday", "–", "–", "–", "0"]);
        assert_eq!(raster.notes[2], "9 of 10 days have data.");
    }
}
