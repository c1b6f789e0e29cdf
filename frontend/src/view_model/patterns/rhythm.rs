//! When the person sleeps, night after night.

use serde::Deserialize;

use super::super::civil::{DAY, Day, HOUR, parse_instant};
use super::super::daily::Headline;
use super::super::format::{Format, MISSING};
use super::super::range::Range;
use super::super::raster::{Bar, Raster, Row};
use super::super::table::Table;
use super::super::words::fill;

/// The Sleep Regularity Index.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Regularity {
    pub index: Option<f64>,
    pub reason: Option<String>,
    pub days: f64,
    pub minimum_days: i64,
    pub nights: i64,
}

/// A sleep session.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sleep {
    pub start: String,
    pub end: String,
    pub start_offset: i64,
    pub end_offset: i64,
    pub is_main: bool,
}

/// Nights that the picture has at most.
const NIGHTS: i32 = 42;
/// The clock with which a row of the picture begins: nights lie in its middle.
const ROW_BEGINS: i64 = 18 * HOUR;

/// The index in words.
#[must_use]
pub fn headline(regularity: &Regularity, f: &Format) -> Headline {
    let Some(index) = regularity.index else {
        let why = if regularity.reason.as_deref() == Some("NO_DATA") {
            f.words.no_data.clone().into_owned()
        } else {
            let places = [("n", f.number(regularity.days, 1)), ("min", regularity.minimum_days.to_string())];
            let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
            fill(&f.words.regularity_too_few, &places)
        };
        return Headline { text: MISSING.to_owned(), notes: vec![why], ..Headline::default() };
    };
    Headline {
        value: Some(index),
        text: f.whole(index),
        unit: f.words.regularity_of.clone().into_owned(),
        notes: vec![
            f.words.regularity_is.clone().into_owned(),
            fill(&f.words.regularity_rests, &[("n", &regularity.nights.to_string())]),
        ],
    }
}

struct Lying {
    row: Day,
    left: f64,
    width: f64,
    from: String,
    to: String,
    is_main: bool,
}

fn lying(sleep: &Sleep) -> Option<Lying> {
    let (start, end) = (parse_instant(&sleep.start)?, parse_instant(&sleep.end)?);
    // A night keeps the clock on which it began; the hour of waking is told by the clock there.
    let local = start + sleep.start_offset * 1_000;
    let into = (local - ROW_BEGINS).rem_euclid(DAY);
    let left = into as f64 / DAY as f64 * 100.0;
    let width = (end - start) as f64 / DAY as f64 * 100.0;
    let clock = |ms: i64| format!("{:02}:{:02}", ms.rem_euclid(DAY) / HOUR, ms.rem_euclid(HOUR) / 60_000);
    let row = Day((local - ROW_BEGINS).div_euclid(DAY) as i32 + 1);
    let (from, to) = (clock(local), clock(end + sleep.end_offset * 1_000));
    Some(Lying { row, left, width: width.min(100.0 - left), from, to, is_main: sleep.is_main })
}

/// A row per night, from six in the evening to six in the evening: the last nights of the range.
#[must_use]
pub fn raster(sleep: &[Sleep], range: Range, f: &Format) -> Raster {
    let shown = Range { from: range.from.max(range.to.plus(1 - NIGHTS)), to: range.to };
    let lying: Vec<Lying> = sleep.iter().filter_map(lying).collect();
    let of_day = |day: Day| lying.iter().filter(move |sleep| sleep.row == day);
    let text = |sleep: &Lying| {
        let kind = if sleep.is_main { &f.words.night } else { &f.words.nap };
        format!("{} {}–{}", kind, sleep.from, sleep.to)
    };
    let bar = |day: Day, sleep: &Lying| Bar {
        left: sleep.left,
        width: sleep.width.max(0.3),
        class: if sleep.is_main { "asleep-main" } else { "asleep-nap" },
        opacity: 1.0,
        title: format!("{}: {}", f.day_medium(day), text(sleep)),
    };
    let row = |day: Day| Row {
        // A name now and then: each would be too many.
        name: if day.weekday() == 0 || shown.days() <= 14 { f.day_short(day) } else { String::new() },
        bars: of_day(day).map(|sleep| bar(day, sleep)).collect(),
    };
    let cells = |day: Day| {
        let texts: Vec<String> = of_day(day).map(text).collect();
        let text = if texts.is_empty() { f.words.no_data.clone().into_owned() } else { texts.join(", ") };
        vec![f.day_medium(day), text]
    };
    let caption = fill(&f.words.rhythm_caption, &[("range", &f.days(shown.from, shown.to))]);
    let clock = |hour: i64| format!("{:02}:00", hour % 24);
    Raster {
        rows: shown.from.until(shown.to).map(row).collect(),
        ticks: [0, 6, 12, 18].map(|ahead| (ahead as f64 / 24.0 * 100.0, clock(18 + ahead))).to_vec(),
        notes: Vec::new(),
        table: Table {
            caption: caption.clone(),
            head: vec![f.words.day.clone().into_owned(), f.words.sleep.clone().into_owned()],
            rows: shown.from.until(shown.to).map(cells).collect(),
        },
        label: caption,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::format;
    use super::*;

    #[test]
    fn a_night_lies_on_the_clock_on_which_it_began_and_a_nap_on_its_own_day() {
        let sleep = |start: &str, end: &str, end_offset, is_main| Sleep {
            start: start.into(),
            end: end.into(),
            start_offset: 7_200,
            end_offset,
            is_main,
        };
        // The end of summer time in Paris, and a nap in the afternoon before.
        let sleep = [
            sleep("2026-10-24T13:00:00Z", "2026-10-24T13:30:00Z", 7_200, false),
            sleep("2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z", 3_600, true),
        ];
        let day = Day::parse("2026-10-25").unwrap();
        let raster = raster(&sleep, Range { from: day.plus(-1), to: day }, &format());
        let night = &raster.rows[1].bars[0];
        assert_eq!((night.left, night.class), (25.0, "asleep-main"));
        assert!((night.width - 100.0 / 3.0).abs() < 1e-9);
        assert_eq!(night.title, "Sun 25 Oct 2026: Night 00:00–07:00");
        assert_eq!(raster.rows[0].bars[0].title, "Sat 24 Oct 2026: Nap 15:00–15:30");
        assert_eq!(raster.ticks[1], (25.0, "00:00".to_owned()));
        assert_eq!(raster.table.rows[1], ["Sun 25 Oct 2026", "Night 00:00–07:00"]);
    }

    #[test]
    fn without_an_index_there_is_the_reason() {
        let of = |reason: &str, days| Regularity {
            index: None,
            reason: Some(reason.into()),
            days,
            minimum_days: 5,
            nights: 0,
        };
        assert_eq!(headline(&of("NO_DATA", 0.0), &format()).notes, ["No data"]);
        let few = headline(&of("TOO_FEW_DAYS", 3.25), &format());
        assert_eq!((few.value, few.text.as_str()), (None, "–"));
        assert!(few.notes[0].contains("5"), "{few:?}");
    }
}
