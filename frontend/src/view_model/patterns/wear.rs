//! How long the device was worn.

use serde::Deserialize;
use serde_json::json;

use super::super::chart::{ChartModel, base};
use super::super::civil::Day;
use super::super::daily::{Headline, round};
use super::super::format::{Format, MISSING};
use super::super::palette::Palette;
use super::super::table::Table;
use super::super::words::fill;

/// Minutes with a heart rate by day.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wear {
    pub dates: Vec<String>,
    pub minutes: Vec<Option<i64>>,
    pub day_minutes: Vec<i64>,
    pub valid_from: i64,
    pub valid_days: i64,
    pub days: i64,
    pub mean: Option<f64>,
}

/// Days that count as worn.
#[must_use]
pub fn headline(wear: &Wear, f: &Format) -> Headline {
    let places = [("n", wear.days.to_string()), ("long", f.minutes(wear.valid_from as f64))];
    let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
    if wear.days == 0 {
        let notes = vec![f.words.no_data.clone().into_owned()];
        return Headline { text: MISSING.to_owned(), notes, ..Headline::default() };
    }
    let mean = wear.mean.map(|mean| fill(&f.words.wear_mean, &[("long", &f.minutes(mean))]));
    Headline {
        value: Some(wear.valid_days as f64),
        text: wear.valid_days.to_string(),
        unit: fill(&f.words.wear_valid, &places),
        notes: mean.into_iter().collect(),
    }
}

/// Hours worn, a bar a day.
#[must_use]
pub fn chart(wear: &Wear, f: &Format, palette: &Palette) -> Option<ChartModel> {
    if wear.days == 0 {
        return None;
    }
    let days: Vec<Day> = wear.dates.iter().map(|date| Day::parse(date)).collect::<Option<_>>()?;
    let minutes = |i: usize| wear.minutes.get(i).copied().flatten();
    let cell = |i: usize| match (minutes(i), wear.day_minutes.get(i)) {
        (Some(worn), Some(all)) => {
            let places = [("worn", f.minutes(worn as f64)), ("all", f.minutes(*all as f64))];
            fill(&f.words.wear_of, &places.each_ref().map(|(name, text)| (*name, text.as_str())))
        }
        _ => f.words.no_data.clone().into_owned(),
    };
    let labels: Vec<String> = days.iter().map(|day| f.day_short(*day)).collect();
    let bar = |i: usize| {
        let hours = minutes(i).map(|minutes| round(minutes as f64 / 60.0));
        let is_short = minutes(i).is_some_and(|minutes| minutes < wear.valid_from);
        if is_short { json!({ "value": hours, "itemStyle": { "opacity": 0.45 } }) } else { json!(hours) }
    };
    let mut option = base(palette, &labels, &f.words.unit_hours);
    option["series"] = json!([{
        "type": "bar", "data": (0..days.len()).map(bar).collect::<Vec<_>>(), "barMaxWidth": 22,
        "itemStyle": { "color": palette.accent },
    }]);
    let caption = fill(&f.words.wear_caption, &[("range", &f.days(*days.first()?, *days.last()?))]);
    let line = |i: usize| (f.day_medium(days[i]), cell(i));
    Some(ChartModel {
        option,
        tooltips: (0..days.len()).map(|i| format!("{}\n{}", line(i).0, line(i).1)).collect(),
        table: Table {
            caption: caption.clone(),
            head: vec![f.words.day.clone().into_owned(), f.words.worn.clone().into_owned()],
            rows: (0..days.len()).map(|i| vec![line(i).0, line(i).1]).collect(),
        },
        label: caption,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::format;
    use super::super::super::palette::LIGHT;
    use super::*;

    #[test]
    fn an_unworn_day_is_zero_and_an_unknown_one_is_none() {
        let wear = Wear {
            dates: vec!["2026-10-24".into(), "2026-10-25".into(), "2026-10-26".into()],
            minutes: vec![None, Some(1_500), Some(0)],
            day_minutes: vec![1_440, 1_500, 1_440],
            valid_from: 600,
            valid_days: 1,
            days: 2,
            mean: Some(750.0),
        };
        let chart = chart(&wear, &format(), &LIGHT).unwrap();
        let bars = &chart.option["series"][0]["data"];
        assert_eq!((&bars[0], &bars[1], &bars[2]["value"]), (&json!(null), &json!(25.0), &json!(0.0)));
        assert_eq!(chart.table.rows[0][1], "No data");
        assert_eq!(chart.table.rows[1][1], "25 h 00 min of 25 h 00 min");
        let head = headline(&wear, &format());
        assert_eq!((head.value, head.unit.as_str()), (Some(1.0), "of 2 days worn 10 h 00 min or more"));
        let none = Wear { days: 0, ..wear };
        assert_eq!((headline(&none, &format()).value, super::chart(&none, &format(), &LIGHT)), (None, None));
    }
}
