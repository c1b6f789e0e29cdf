//! Heart rate over a day or a few: band of minimum and maximum, line of the mean, gaps as gaps.

use serde_json::{Value, json};

use super::chart::{ChartModel, base, gaps};
use super::civil::{HOUR, MINUTE, SECOND, parse_instant, steps};
use super::format::Format;
use super::palette::Palette;
use super::table::Table;
use super::words::fill;
use super::zone::Zone;

/// A gap shorter than this is drawn as a gap and not named.
const NAMED_GAP: i64 = 15 * MINUTE;

/// The API's columns of a series of rates.
#[derive(Debug, Clone, Copy)]
pub struct Rates<'a> {
    /// Length of a bucket in seconds.
    pub resolution: i64,
    pub start: &'a [String],
    pub min: &'a [Option<f64>],
    pub mean: &'a [Option<f64>],
    pub max: &'a [Option<f64>],
}

/// Heart rate on a gapless grid of buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Heart {
    from: i64,
    step: i64,
    buckets: Vec<Option<Bucket>>,
    /// Buckets up to now; later ones are yet to come.
    passed: usize,
}

/// Beats per minute in a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// The head of the card.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeartSummary {
    /// Mean of the buckets.
    pub mean: Option<f64>,
    pub lowest: Option<f64>,
    pub highest: Option<f64>,
    /// Minutes with a heart rate.
    pub worn_minutes: f64,
    /// Minutes without, up to now.
    pub missing_minutes: f64,
}

impl Heart {
    /// Places the API's columns on the grid of [from, to). Columns that do not fit are left out.
    #[must_use]
    pub fn new(series: Rates<'_>, from: i64, to: i64, now: i64) -> Self {
        let step = series.resolution.max(1) * SECOND;
        let n = steps(from, to, step);
        let mut buckets = vec![None; n];
        let column = |column: &[Option<f64>], i: usize| column.get(i).copied().flatten();
        for (i, start) in series.start.iter().enumerate() {
            let Some(at) = parse_instant(start) else { continue };
            let slot =
                usize::try_from((at - from).div_euclid(step)).ok().and_then(|slot| buckets.get_mut(slot));
            let (Some(slot), Some(mean)) = (slot, column(series.mean, i)) else { continue };
            let (min, max) = (column(series.min, i).unwrap_or(mean), column(series.max, i).unwrap_or(mean));
            *slot = Some(Bucket { min, mean, max });
        }
        let passed = steps(from, now, step).min(n);
        Self { from, step, buckets, passed }
    }

    fn start(&self, i: usize) -> i64 {
        self.from + i as i64 * self.step
    }

    fn column(&self, of: impl Fn(&Bucket) -> f64) -> Vec<Option<f64>> {
        self.buckets.iter().map(|bucket| bucket.as_ref().map(&of)).collect()
    }

    fn named_gaps(&self) -> Vec<(usize, usize)> {
        let shortest = steps(0, NAMED_GAP, self.step);
        gaps(&self.column(|b| b.mean)[..self.passed], shortest)
    }

    /// Figures over the whole of it.
    #[must_use]
    pub fn summary(&self) -> HeartSummary {
        let there: Vec<&Bucket> = self.buckets.iter().flatten().collect();
        let minutes = |buckets: usize| buckets as f64 * self.step as f64 / MINUTE as f64;
        let worn = there.len();
        let mean = there.iter().map(|b| b.mean).sum::<f64>() / worn as f64;
        HeartSummary {
            mean: (worn > 0).then_some(mean),
            lowest: there.iter().map(|b| b.min).reduce(f64::min),
            highest: there.iter().map(|b| b.max).reduce(f64::max),
            worn_minutes: minutes(worn),
            missing_minutes: minutes(self.passed.saturating_sub(worn)),
        }
    }

    /// The chart, on the person's clock.
    #[must_use]
    pub fn chart(&self, title: &str, zone: &Zone, f: &Format, palette: &Palette) -> ChartModel {
        let is_day = self.buckets.len() as i64 * self.step <= 26 * HOUR;
        let stamp = |i: usize| {
            let at = self.start(i);
            if is_day {
                f.time(at, zone)
            } else {
                format!("{} {}", f.day_short(zone.local(at).day), f.time(at, zone))
            }
        };
        let labels: Vec<String> = (0..self.buckets.len()).map(stamp).collect();
        let tooltips = (0..self.buckets.len()).map(|i| self.tooltip(i, &labels[i], f)).collect();
        ChartModel {
            option: self.option(&labels, is_day, f, palette),
            tooltips,
            table: self.table(title, zone, f),
            label: self.label(title, f),
        }
    }

    fn tooltip(&self, i: usize, label: &str, f: &Format) -> String {
        let w = &f.words;
        match self.buckets[i] {
            Some(b) if b.min.round() == b.max.round() => {
                format!("{label}\n{} {}", f.whole(b.mean), w.unit_bpm)
            }
            Some(b) => {
                let (mean, min, max) = (f.whole(b.mean), f.whole(b.min), f.whole(b.max));
                format!("{label}\n{mean} {}  ({min}–{max})", w.unit_bpm)
            }
            None if i >= self.passed => format!("{label}\n{}", w.upcoming),
            None => format!("{label}\n{}", w.not_worn),
        }
    }

    fn label(&self, title: &str, f: &Format) -> String {
        let s = self.summary();
        let (Some(mean), Some(low), Some(high)) = (s.mean, s.lowest, s.highest) else {
            return format!("{title}. {}", f.words.chart_heart_empty);
        };
        let places = [
            ("title", title.to_owned()),
            ("mean", f.whole(mean)),
            ("low", f.whole(low)),
            ("high", f.whole(high)),
            ("worn", f.minutes(s.worn_minutes)),
            ("missing", f.minutes(s.missing_minutes)),
        ];
        let places: Vec<(&str, &str)> = places.iter().map(|(k, v)| (*k, v.as_str())).collect();
        fill(&f.words.chart_heart, &places)
    }

    /// A row per hour, or per bucket where buckets are longer.
    fn table(&self, title: &str, zone: &Zone, f: &Format) -> Table {
        let per_row = usize::try_from((HOUR / self.step).max(1)).unwrap_or(1);
        let w = &f.words;
        let rows = self.buckets[..self.passed].chunks(per_row).enumerate().map(|(row, chunk)| {
            let time = f.date_time(self.start(row * per_row), zone);
            let there: Vec<&Bucket> = chunk.iter().flatten().collect();
            let mean =
                (!there.is_empty()).then(|| there.iter().map(|b| b.mean).sum::<f64>() / there.len() as f64);
            let low = there.iter().map(|b| b.min).reduce(f64::min);
            let high = there.iter().map(|b| b.max).reduce(f64::max);
            let first = mean.map_or_else(|| w.not_worn.clone().into_owned(), |mean| f.whole(mean));
            vec![time, first, f.optional(low, 0), f.optional(high, 0)]
        });
        let head = [&w.time, &w.mean, &w.lowest, &w.highest].map(|word| word.clone().into_owned()).to_vec();
        Table { caption: title.to_owned(), head, rows: rows.collect() }
    }

    fn option(&self, labels: &[String], is_day: bool, f: &Format, palette: &Palette) -> Value {
        let mut option = base(palette, labels, &f.words.unit_bpm);
        option["animation"] = json!(false);
        option["xAxis"]["boundaryGap"] = json!(false);
        if is_day {
            // A label every three hours of the day's own length.
            let every = (3 * HOUR / self.step).max(1) - 1;
            option["xAxis"]["axisLabel"]["interval"] = json!(every);
        }
        option["yAxis"]["scale"] = json!(true);
        option["dataZoom"] =
            json!([{ "type": "inside", "zoomOnMouseWheel": "ctrl", "moveOnMouseWheel": false }]);
        let quiet = json!({ "opacity": 0 });
        option["series"] = json!([
            {
                "type": "line", "stack": "band", "symbol": "none", "silent": true, "lineStyle": quiet,
                "data": self.column(|b| b.min.round()),
            },
            {
                "type": "line", "stack": "band", "symbol": "none", "silent": true, "lineStyle": quiet,
                "areaStyle": { "color": palette.heart_soft },
                "data": self.column(|b| b.max.round() - b.min.round()),
            },
            {
                "type": "line", "symbol": "none", "connectNulls": false,
                "lineStyle": { "width": 1.4, "color": palette.heart },
                "itemStyle": { "color": palette.heart },
                "data": self.mean_points(),
                "markArea": self.gap_areas(f, palette),
            },
        ]);
        option
    }

    /// The mean; a bucket without neighbours is no line, so it gets a dot of its own.
    fn mean_points(&self) -> Vec<Value> {
        let is_there = |i: Option<usize>| i.and_then(|i| self.buckets.get(i)).is_some_and(Option::is_some);
        let point = |(i, bucket): (usize, &Option<Bucket>)| match bucket {
            None => Value::Null,
            Some(b) if is_there(i.checked_sub(1)) || is_there(Some(i + 1)) => json!(tenth(b.mean)),
            Some(b) => json!({ "value": tenth(b.mean), "symbol": "circle", "symbolSize": 3 }),
        };
        self.buckets.iter().enumerate().map(point).collect()
    }

    fn gap_areas(&self, f: &Format, palette: &Palette) -> Value {
        let areas: Vec<Value> = self
            .named_gaps()
            .into_iter()
            .map(|(first, last)| {
                let has_room = (last - first) * 12 >= self.buckets.len();
                let name = if has_room { f.words.not_worn_area.as_ref() } else { "" };
                json!([{ "name": name, "xAxis": first }, { "xAxis": last }])
            })
            .collect();
        json!({
            "silent": true,
            "itemStyle": { "color": palette.gap },
            "label": { "color": palette.muted, "fontSize": 11, "position": "insideTop" },
            "data": areas,
        })
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::civil::format_instant;
    use super::super::fixtures::format;
    use super::super::palette::LIGHT;
    use super::*;

    const FROM: i64 = 1_795_219_200_000;

    /// One-minute buckets with the given means, 2 bpm to either side.
    fn minutes(means: &[Option<f64>], now: i64) -> Heart {
        let start: Vec<String> = (0..means.len()).map(|i| format_instant(FROM + i as i64 * MINUTE)).collect();
        let moved = |by: f64| means.iter().map(|m| m.map(|m| m + by)).collect::<Vec<_>>();
        let series =
            Rates { resolution: 60, start: &start, min: &moved(-2.0), mean: means, max: &moved(2.0) };
        Heart::new(series, FROM, FROM + means.len() as i64 * MINUTE, now)
    }

    #[test]
    fn gaps_stay_gaps() {
        let mut means = vec![Some(60.0); 60];
        means[20..40].fill(None);
        let heart = minutes(&means, FROM + HOUR);
        let chart = heart.chart("Heart rate", &Zone::fixed(0), &format(), &LIGHT);
        let line = &chart.option["series"][2];
        assert_eq!(line["data"][19], json!(60.0));
        assert_eq!(line["data"][20], Value::Null);
        assert_eq!(line["connectNulls"], json!(false));
        assert_eq!(chart.option["series"][1]["data"][0], json!(4.0), "the band is maximum less minimum");
        assert_eq!(heart.named_gaps(), [(20, 39)]);
        assert_eq!(chart.tooltips[25], "00:25\nNo heart rate: not worn or not synced");
        let s = heart.summary();
        assert_eq!((s.worn_minutes, s.missing_minutes), (40.0, 20.0));
        assert_eq!((s.mean, s.lowest, s.highest), (Some(60.0), Some(58.0), Some(62.0)));
    }

    #[test]
    fn the_rest_of_today_is_no_gap() {
        let mut means = vec![None; 120];
        means[..30].fill(Some(70.0));
        let heart = minutes(&means, FROM + 30 * MINUTE);
        assert_eq!(heart.named_gaps(), []);
        assert_eq!(heart.summary().missing_minutes, 0.0);
        let chart = heart.chart("Heart rate", &Zone::fixed(3_600), &format(), &LIGHT);
        assert_eq!(chart.tooltips[0], "01:00\n70 bpm  (68–72)");
        assert_eq!(chart.tooltips[119], "02:59\nStill to come");
    }

    #[test]
    fn a_lonely_minute_is_drawn_as_a_dot() {
        let heart = minutes(&[None, Some(80.0), None], FROM + HOUR);
        assert_eq!(heart.mean_points()[1]["symbol"], json!("circle"));
    }

    #[test]
    fn buckets_that_the_server_leaves_out_are_gaps() {
        let there = |first: i64| {
            let start = [format_instant(first), "nonsense".to_owned()];
            let mean = [Some(90.0), Some(1.0)];
            let series = Rates { resolution: 60, start: &start, min: &[], mean: &mean, max: &[] };
            Heart::new(series, FROM, FROM + 10 * MINUTE, FROM + HOUR).summary()
        };
        let inside = there(FROM + 5 * MINUTE);
        assert_eq!((inside.worn_minutes, inside.highest), (1.0, Some(90.0)));
        assert_eq!(there(FROM - MINUTE).worn_minutes, 0.0, "before the range");
    }
}
