//! What a chart component is given, and the parts that all options share.

use serde_json::{Value, json};

use super::palette::Palette;
use super::table::Table;

/// A drawn chart: ECharts' option, the tooltip of each category and the table behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartModel {
    /// An ECharts option without functions.
    pub option: Value,
    /// Tooltip by category index.
    pub tooltips: Vec<String>,
    /// The same data as a table.
    pub table: Table,
    /// The chart in a sentence, for those who do not see it.
    pub label: String,
}

/// The option that all charts begin with: a category axis, one value axis, tooltips in plain text.
#[must_use]
pub fn base(palette: &Palette, categories: &[String], unit: &str) -> Value {
    let axis_text = json!({ "color": palette.muted, "fontSize": 11, "hideOverlap": true });
    json!({
        "animationDuration": 300,
        "textStyle": { "fontFamily": "inherit", "color": palette.text },
        "grid": { "left": 8, "right": 12, "top": 26, "bottom": 6, "containLabel": true },
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            "confine": true,
            "backgroundColor": palette.surface,
            "borderColor": palette.line,
            "textStyle": { "color": palette.text, "fontSize": 12 },
            "axisPointer": { "type": "line", "lineStyle": { "color": palette.muted, "type": "dashed" } },
        },
        "xAxis": {
            "type": "category",
            "data": categories,
            "axisTick": { "show": false },
            "axisLine": { "lineStyle": { "color": palette.line } },
            "axisLabel": axis_text,
        },
        "yAxis": {
            "type": "value",
            "name": unit,
            "nameTextStyle": { "color": palette.muted, "fontSize": 11, "align": "right" },
            "splitNumber": 3,
            "splitLine": { "lineStyle": { "color": palette.line } },
            "axisLabel": axis_text,
        },
        "series": [],
    })
}

/// Indices of `values` from and to which (both included) nothing is there, for runs of at least `shortest`.
#[must_use]
pub fn gaps(values: &[Option<f64>], shortest: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = None;
    for (i, value) in values.iter().map(Some).chain(std::iter::once(None)).enumerate() {
        let is_empty = matches!(value, Some(None));
        match (is_empty, start) {
            (true, None) => start = Some(i),
            (false, Some(first)) => {
                if i - first >= shortest {
                    runs.push((first, i - 1));
                }
                start = None;
            }
            _ => {}
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn runs_of_nothing_at_both_ends_and_between() {
        let v = Some(1.0);
        assert_eq!(gaps(&[None, None, v, None, v, None, None], 2), [(0, 1), (5, 6)]);
        assert_eq!(gaps(&[v, v], 1), []);
        assert_eq!(gaps(&[None], 1), [(0, 0)]);
        assert_eq!(gaps(&[], 1), []);
    }
}
