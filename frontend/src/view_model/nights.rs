//! Sleep over several nights: minutes per stage, stacked.

use serde_json::json;

use super::chart::{ChartModel, base};
use super::civil::Day;
use super::format::{Format, MISSING};
use super::palette::Palette;
use super::range::Range;
use super::sleep::last_night;
use super::table::Table;
use super::words::fill;
use crate::api::enums::{SleepKind, SleepLevel};
use crate::api::operations::dashboard::DashboardUserSleep;

/// Stages from the bottom of the stack.
const STACK: [SleepLevel; 5] =
    [SleepLevel::Deep, SleepLevel::Light, SleepLevel::Rem, SleepLevel::Asleep, SleepLevel::Awake];

/// Minutes of a stage in the main sleep of a night; nights without stages have all their sleep in one.
fn minutes(night: &DashboardUserSleep, level: &SleepLevel) -> Option<i64> {
    let has_stages = night.kind != SleepKind::Classic;
    match level {
        SleepLevel::Awake => night.minutes_awake,
        SleepLevel::Asleep if !has_stages => night.minutes_asleep,
        SleepLevel::Deep if has_stages => night.minutes_deep,
        SleepLevel::Light if has_stages => night.minutes_light,
        SleepLevel::Rem if has_stages => night.minutes_rem,
        _ => None,
    }
}

/// Stacked bars, a night each, by the day of waking.
#[must_use]
pub fn chart(sleep: &[DashboardUserSleep], range: Range, f: &Format, palette: &Palette) -> ChartModel {
    let days: Vec<Day> = range.from.until(range.to).collect();
    let main = |day: &Day| {
        let of_day: Vec<DashboardUserSleep> =
            sleep.iter().filter(|s| s.day == day.to_string()).cloned().collect();
        last_night(&of_day).cloned()
    };
    let nights: Vec<Option<DashboardUserSleep>> = days.iter().map(main).collect();
    let used: Vec<&SleepLevel> =
        STACK.iter().filter(|level| nights.iter().flatten().any(|n| minutes(n, level).is_some())).collect();
    let color = |level: &SleepLevel| match level {
        SleepLevel::Awake => palette.awake,
        SleepLevel::Rem => palette.rem,
        SleepLevel::Deep => palette.deep,
        SleepLevel::Light => palette.light,
        _ => palette.asleep,
    };
    let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
    let mut option = base(palette, &labels, &f.words.unit_hours);
    option["legend"] = json!({
        "right": 0, "top": 0, "itemWidth": 10, "itemHeight": 10, "icon": "roundRect", "selectedMode": false,
        "textStyle": { "color": palette.muted, "fontSize": 11 },
    });
    let series = |level: &&SleepLevel| {
        let hours = |minutes: i64| (minutes as f64 / 0.6).round() / 100.0;
        let data: Vec<Option<f64>> = nights.iter().map(|n| minutes(n.as_ref()?, level).map(hours)).collect();
        json!({
            "type": "bar", "stack": "night", "name": f.stage(level), "data": data, "barMaxWidth": 22,
            "itemStyle": { "color": color(level), "borderColor": palette.surface, "borderWidth": if days.len() > 60 { 0.0 } else { 0.5 } },
        })
    };
    option["series"] = used.iter().map(series).collect();
    let cell = |night: &Option<DashboardUserSleep>, level: &SleepLevel| {
        let minutes = night.as_ref().and_then(|night| minutes(night, level));
        minutes.map_or_else(|| MISSING.to_owned(), |m| f.minutes(m as f64))
    };
    let tooltip = |(day, night): (&Day, &Option<DashboardUserSleep>)| {
        let lines: Vec<String> = match night {
            None => vec![f.words.no_data.clone().into_owned()],
            Some(_) => {
                used.iter().map(|level| format!("{} {}", f.stage(level), cell(night, level))).collect()
            }
        };
        format!("{}\n{}", f.day_medium(*day), lines.join("\n"))
    };
    let row = |(day, night): (&Day, &Option<DashboardUserSleep>)| {
        std::iter::once(f.day_medium(*day)).chain(used.iter().map(|level| cell(night, level))).collect()
    };
    let caption = fill(&f.words.chart_nights, &[("range", &f.days(range.from, range.to))]);
    let head =
        std::iter::once(f.words.day.clone().into_owned()).chain(used.iter().map(|level| f.stage(level)));
    ChartModel {
        option,
        tooltips: days.iter().zip(&nights).map(tooltip).collect(),
        table: Table {
            caption: caption.clone(),
            head: head.collect(),
            rows: days.iter().zip(&nights).map(row).collect(),
        },
        label: caption,
    }
}
