//! Two ranges beside each other.

use serde::Deserialize;

use super::super::format::{Format, MISSING};
use super::super::metric::shown;
use super::super::range::Range;
use super::super::table::Table;
use super::super::words::fill;
use crate::api::enums::MetricKey;

/// A metric over two ranges.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Comparison {
    pub metric: MetricKey,
    pub a: Figures,
    pub b: Figures,
    pub difference: Option<f64>,
    pub change: Option<f64>,
}

/// A metric over one range.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub days: i64,
    pub days_asked: i64,
    pub mean: Option<f64>,
}

/// Means of a day, and by how much they differ; metrics without data in both are left out. `None` where all are.
#[must_use]
pub fn table(compared: &[Comparison], (a, b): (Range, Range), f: &Format) -> Option<Table> {
    let w = &f.words;
    let mean = |of: &Figures, metric: &MetricKey| {
        let Some(mean) = of.mean else { return MISSING.to_owned() };
        let places = [("n", of.days.to_string()), ("all", of.days_asked.to_string())];
        let days = fill(&w.days_of_period, &places.each_ref().map(|(name, text)| (*name, text.as_str())));
        format!("{} ({days})", f.value_with_unit(metric, mean))
    };
    let difference = |c: &Comparison| {
        let Some(by) = c.difference else { return MISSING.to_owned() };
        let form = shown(&c.metric);
        let amount = f.signed(by * form.factor, form.digits);
        match c.change {
            Some(change) if change.abs() >= 0.005 => {
                let sign = if change > 0.0 { "+" } else { "\u{2212}" };
                format!("{amount} ({sign}{})", f.share(change.abs()))
            }
            _ => amount,
        }
    };
    let there = compared.iter().filter(|c| c.a.days + c.b.days > 0);
    let row = |c: &Comparison| {
        vec![f.metric(&c.metric), mean(&c.a, &c.metric), mean(&c.b, &c.metric), difference(c)]
    };
    let rows: Vec<Vec<String>> = there.map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: w.versus_caption.clone().into_owned(),
        head: vec![
            w.metric.clone().into_owned(),
            f.days(a.from, a.to),
            f.days(b.from, b.to),
            w.difference.clone().into_owned(),
        ],
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::civil::Day;
    use super::super::super::fixtures::format;
    use super::*;

    #[test]
    fn differences_carry_their_sign_and_missing_ones_a_dash() {
        let figures = |days, mean| Figures { days, days_asked: 7, mean };
        let of = |metric, a, b, difference, change| Comparison { metric, a, b, difference, change };
        let compared = [
            of(
                MetricKey::Steps,
                figures(6, Some(9_000.0)),
                figures(7, Some(10_000.0)),
                Some(-1_000.0),
                Some(-0.1),
            ),
            of(MetricKey::Distance, figures(6, Some(5_000.0)), figures(0, None), None, None),
            of(MetricKey::Weight, figures(0, None), figures(0, None), None, None),
            of(
                MetricKey::SkinTemperatureRelative,
                figures(1, Some(0.2)),
                figures(1, Some(0.0)),
                Some(0.2),
                None,
            ),
        ];
        let week = Range::last(7, Day(20_778));
        let table = table(&compared, (week, week.previous()), &format()).unwrap();
        assert_eq!(table.rows.len(), 3);
        let steps = [
            "Steps",
            "9,000 steps (6 of 7 days)",
            "10,000 steps (7 of 7 days)",
            "\u{2212}1,000 (\u{2212}10%)",
        ];
        assert_eq!(table.rows[0], steps);
        assert_eq!(table.rows[1][1..], ["5.00 km (6 of 7 days)", "–", "–"]);
        assert_eq!(table.rows[2][3], "+0.2");
        assert_eq!(super::table(&compared[2..3], (week, week), &format()), None);
    }
}
