//! The coverage grid: rows of days in six states, told apart by colour and by glyph.

use super::civil::Day;
use super::coverage::{DayCoverage, State, class};
use super::format::Format;
use super::metric::{Group, group};
use super::range::Range;
use super::table::Table;
use super::words::fill;
use crate::api::enums::{CoverageState, MetricKey};

/// A day of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The stylesheet's class.
    pub class: &'static str,
    pub glyph: &'static str,
    /// The state in words.
    pub words: String,
}

/// A row: a metric, or a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Key of the metric, or id of the person.
    pub key: String,
    pub name: String,
    /// Below the name.
    pub note: Option<String>,
    /// Heading above the row, where a group begins.
    pub group: Option<String>,
    pub cells: Vec<Cell>,
}

/// A grid as drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    pub days: Vec<Day>,
    /// First column, number of columns and name of each month.
    pub months: Vec<(usize, usize, String)>,
    pub rows: Vec<Row>,
}

/// The sign of a state; each is in the fonts that every system has.
#[must_use]
pub fn glyph(state: &CoverageState) -> &'static str {
    match state {
        CoverageState::Complete => "✓",
        CoverageState::EmptyConfirmed => "–",
        CoverageState::Partial => "½",
        CoverageState::Pending => "…",
        CoverageState::Failed => "!",
        CoverageState::NotPermitted => "×",
        CoverageState::Other(_) => "?",
    }
}

/// A metric of a person with its coverage.
pub type MetricRow = (MetricKey, DayCoverage);

impl Grid {
    fn of(range: Range, rows: Vec<Row>, f: &Format) -> Self {
        let days: Vec<Day> = range.from.until(range.to).collect();
        let mut months: Vec<(usize, usize, String)> = Vec::new();
        for (i, day) in days.iter().enumerate() {
            let (year, month, _) = day.ymd();
            let is_new = i == 0 || day.ymd().2 == 1;
            match months.last_mut().filter(|_| !is_new) {
                Some((_, columns, _)) => *columns += 1,
                None => months.push((i, 1, f.month(year, month))),
            }
        }
        Self { days, months, rows }
    }

    /// Metric × day of one person, by group. Metrics that were never asked for in the range are left out.
    #[must_use]
    pub fn of_metrics(rows: &[MetricRow], range: Range, f: &Format) -> Self {
        let mut asked: Vec<&MetricRow> = rows.iter().filter(|(_, days)| days.was_asked(range)).collect();
        asked.sort_by_key(|(metric, _)| group(metric));
        let mut last = None::<Group>;
        let row = |(metric, coverage): &MetricRow| {
            let own = group(metric);
            let heading = (last != Some(own)).then(|| f.group(own));
            last = Some(own);
            let cell = |day: Day| {
                let state = coverage.get(day);
                Cell { class: class(&state.0), glyph: glyph(&state.0), words: f.coverage(&state) }
            };
            Row {
                key: metric.as_str().to_owned(),
                name: f.metric(metric),
                note: None,
                group: heading,
                cells: range.from.until(range.to).map(cell).collect(),
            }
        };
        let rows = asked.into_iter().map(row).collect();
        Self::of(range, rows, f)
    }

    /// Person × day: the metrics of each day in one cell.
    pub fn of_people<'a>(people: impl Iterator<Item = Member<'a>>, range: Range, f: &Format) -> Self {
        let row = |member: Member<'a>| {
            let of_day = |tally: Tally| {
                let state = tally.state();
                Cell { class: class(&state), glyph: glyph(&state), words: tally.words(f) }
            };
            let days = range.from.until(range.to).enumerate();
            Row {
                key: member.id.to_owned(),
                name: member.name.to_owned(),
                note: member.note,
                group: None,
                cells: days.map(|(i, _)| of_day(member.days.get(i).copied().unwrap_or_default())).collect(),
            }
        };
        let rows = people.map(row).collect();
        Self::of(range, rows, f)
    }

    /// The grid as runs of days in the same state.
    #[must_use]
    pub fn table(&self, first: &str, f: &Format) -> Table {
        let mut rows = Vec::new();
        for row in &self.rows {
            let mut start = 0;
            for i in 1..=row.cells.len() {
                if row.cells.get(i) != row.cells.get(start) {
                    let days = f.days(self.days[start], self.days[i - 1]);
                    rows.push(vec![row.name.clone(), days, row.cells[start].words.clone()]);
                    start = i;
                }
            }
        }
        let w = &f.words;
        let caption = match (self.days.first(), self.days.last()) {
            (Some(first), Some(last)) => f.days(*first, *last),
            _ => String::new(),
        };
        let head = vec![first.to_owned(), w.days.clone().into_owned(), w.state.clone().into_owned()];
        Table { caption, head, rows }
    }

    /// What is said of a cell while the cursor is on it.
    #[must_use]
    pub fn sentence(&self, at: At, f: &Format) -> Option<String> {
        let (row, day) = (self.rows.get(at.row)?, self.days.get(at.column)?);
        let cell = row.cells.get(at.column)?;
        Some(format!("{}, {}: {}", row.name, f.day_medium(*day), cell.words))
    }
}

/// A person of the cohort.
#[derive(Debug)]
pub struct Member<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub note: Option<String>,
    /// From the first day of the range on.
    pub days: Vec<Tally>,
}

/// How many metrics of a person and day are in which state, in the order of [`ORDER`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    counts: [i64; 6],
}

/// The order in which states are told: what needs somebody first.
const ORDER: [CoverageState; 6] = [
    CoverageState::Failed,
    CoverageState::Partial,
    CoverageState::Pending,
    CoverageState::NotPermitted,
    CoverageState::Complete,
    CoverageState::EmptyConfirmed,
];

impl Tally {
    /// From the server's lists, one for each state in the order of [`ORDER`], each with a place for each day.
    #[must_use]
    pub fn of_lists(lists: [&[i64]; 6]) -> Vec<Self> {
        let days = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        let of_day = |i: usize| Self { counts: lists.map(|list| list.get(i).copied().unwrap_or(0)) };
        (0..days).map(of_day).collect()
    }

    /// One state for all: a failure is never hidden, and what is half there is not complete.
    #[must_use]
    pub fn state(&self) -> CoverageState {
        let [failed, partial, pending, forbidden, complete, empty] = self.counts;
        if failed > 0 {
            CoverageState::Failed
        } else if partial > 0 || (pending > 0 && complete + empty > 0) {
            CoverageState::Partial
        } else if pending > 0 {
            CoverageState::Pending
        } else if complete > 0 {
            CoverageState::Complete
        } else if empty > 0 {
            CoverageState::EmptyConfirmed
        } else if forbidden > 0 {
            CoverageState::NotPermitted
        } else {
            CoverageState::Pending
        }
    }

    /// `1 failed, 30 complete`.
    #[must_use]
    pub fn words(&self, f: &Format) -> String {
        let w = &f.words;
        let texts = [
            &w.tally_failed,
            &w.tally_partial,
            &w.tally_pending,
            &w.tally_not_permitted,
            &w.tally_complete,
            &w.tally_empty,
        ];
        let of_state = |(n, text): (i64, &std::borrow::Cow<'static, str>)| {
            (n > 0).then(|| fill(text, &[("n", &n.to_string())]))
        };
        let parts: Vec<String> = self.counts.into_iter().zip(texts).filter_map(of_state).collect();
        if parts.is_empty() {
            return w.coverage_pending.clone().into_owned();
        }
        parts.join(", ")
    }
}

/// Metrics of a day by state, in the order of [`ORDER`], for the panel behind a cell of the cohort.
#[must_use]
pub fn by_state(rows: &[MetricRow], day: Day) -> Vec<(State, Vec<MetricKey>)> {
    let mut found: Vec<(State, Vec<MetricKey>)> = Vec::new();
    for (metric, days) in rows {
        let Some(state) = days.asked(day) else { continue };
        match found.iter_mut().find(|(known, _)| known == state) {
            Some((_, metrics)) => metrics.push(metric.clone()),
            None => found.push((state.clone(), vec![metric.clone()])),
        }
    }
    found.sort_by_key(|((state, _), _)| ORDER.iter().position(|known| known == state));
    found
}

/// Place of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    pub row: usize,
    pub column: usize,
}

/// Rows that Page Up and Page Down move by.
const PAGE: usize = 8;

impl At {
    /// Where a key moves the cursor; none for keys that do not move it.
    #[must_use]
    pub fn moved(self, key: &str, ctrl: bool, rows: usize, columns: usize) -> Option<Self> {
        let (last_row, last_column) = (rows.checked_sub(1)?, columns.checked_sub(1)?);
        let Self { row, column } = self;
        Some(match (key, ctrl) {
            ("ArrowLeft", _) => Self { column: column.saturating_sub(1), ..self },
            ("ArrowRight", _) => Self { column: (column + 1).min(last_column), ..self },
            ("ArrowUp", _) => Self { row: row.saturating_sub(1), ..self },
            ("ArrowDown", _) => Self { row: (row + 1).min(last_row), ..self },
            ("PageUp", _) => Self { row: row.saturating_sub(PAGE), ..self },
            ("PageDown", _) => Self { row: (row + PAGE).min(last_row), ..self },
            ("Home", false) => Self { column: 0, ..self },
            ("End", false) => Self { column: last_column, ..self },
            ("Home", true) => Self { row: 0, column: 0 },
            ("End", true) => Self { row: last_row, column: last_column },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;
    use crate::api::enums::FailureCode;

    const TO: Day = Day(20_778);

    fn days(states: &[CoverageState]) -> DayCoverage {
        let first = TO.plus(1 - states.len() as i32);
        let code =
            |state: &CoverageState| (*state == CoverageState::Failed).then_some(FailureCode::BadAnswer);
        DayCoverage::new(states.iter().enumerate().map(|(i, s)| (first.plus(i as i32), (s.clone(), code(s)))))
    }

    #[test]
    fn states_differ_by_glyph() {
        let mut glyphs: Vec<&str> = ORDER.iter().map(glyph).collect();
        glyphs.push(glyph(&CoverageState::from("WITHDRAWN")));
        glyphs.sort_unstable();
        glyphs.dedup();
        assert_eq!(glyphs.len(), 7);
    }

    #[test]
    fn metrics_stand_in_groups_and_what_was_never_asked_for_is_left_out() {
        use CoverageState::{Complete, Failed};
        let rows = [
            (MetricKey::Sleep, days(&[Complete, Complete])),
            (MetricKey::Steps, days(&[Failed, Complete])),
            (MetricKey::Floors, days(&[Complete])),
            (MetricKey::Weight, DayCoverage::default()),
        ];
        let grid = Grid::of_metrics(&rows, Range::last(3, TO), &format());
        let shown: Vec<(&str, Option<&str>)> =
            grid.rows.iter().map(|row| (row.key.as_str(), row.group.as_deref())).collect();
        assert_eq!(shown, [("STEPS", Some("Activity")), ("FLOORS", None), ("SLEEP", Some("Night"))]);
        let classes: Vec<&str> = grid.rows[0].cells.iter().map(|cell| cell.class).collect();
        assert_eq!(classes, ["pending", "failed", "complete"]);
        let said = grid.sentence(At { row: 0, column: 1 }, &format()).unwrap();
        assert_eq!(
            said,
            "Steps, Fri 20 Nov 2026: Could not be fetched: the provider's answer could not be read"
        );
        assert_eq!(grid.table("Metric", &format()).rows.len(), 3 + 2 + 2);
    }

    #[test]
    fn months_head_their_days() {
        let grid = Grid::of_metrics(
            &[],
            Range { from: Day::from_ymd(2025, 12, 30), to: Day::from_ymd(2026, 1, 3) },
            &format(),
        );
        assert_eq!(grid.months, [(0, 2, "December 2025".to_owned()), (2, 3, "January 2026".to_owned())]);
    }

    #[test]
    fn a_person_s_day_shows_its_worst_and_counts_the_rest() {
        use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
        let state = |states: &[CoverageState]| {
            let n = |state: &CoverageState| states.iter().filter(|s| *s == state).count() as i64;
            let lists = ORDER.map(|state| [0, n(&state)]);
            let days = Tally::of_lists(lists.each_ref().map(<[i64; 2]>::as_slice));
            assert_eq!(days[0], Tally::default());
            (days[1].state(), days[1].words(&format()))
        };
        assert_eq!(state(&[Complete, Failed, NotPermitted]).0, Failed);
        assert_eq!(state(&[Complete, Failed, NotPermitted]).1, "1 failed, 1 not permitted, 1 complete");
        assert_eq!(state(&[Complete, Pending]).0, Partial);
        assert_eq!(state(&[Pending, NotPermitted]).0, Pending);
        assert_eq!(state(&[Complete, NotPermitted, EmptyConfirmed]).0, Complete);
        assert_eq!(state(&[NotPermitted]).0, NotPermitted);
        assert_eq!(state(&[]), (Pending, "Nothing fetched yet".to_owned()));
    }

    #[test]
    fn a_person_without_counts_has_nothing_fetched_yet() {
        let days = Tally::of_lists([&[1, 0], &[], &[], &[], &[0, 3], &[]]);
        let member = |days| Member { id: "u", name: "Ann", note: None, days };
        let grid =
            Grid::of_people([member(days), member(Vec::new())].into_iter(), Range::last(3, TO), &format());
        let classes = |row: usize| grid.rows[row].cells.iter().map(|cell| cell.class).collect::<Vec<_>>();
        assert_eq!(classes(0), ["failed", "complete", "pending"]);
        assert_eq!(classes(1), ["pending"; 3]);
    }

    #[test]
    fn keys_move_the_cursor_and_stop_at_the_edges() {
        let at = |row, column| At { row, column };
        for (key, ctrl, wanted) in [
            ("ArrowLeft", false, at(1, 1)),
            ("ArrowRight", false, at(1, 3)),
            ("ArrowUp", false, at(0, 2)),
            ("ArrowDown", false, at(2, 2)),
            ("PageDown", false, at(2, 2)),
            ("PageUp", false, at(0, 2)),
            ("Home", false, at(1, 0)),
            ("End", false, at(1, 3)),
            ("Home", true, at(0, 0)),
            ("End", true, at(2, 3)),
        ] {
            assert_eq!(at(1, 2).moved(key, ctrl, 3, 4), Some(wanted), "{key}");
        }
        assert_eq!(at(0, 0).moved("ArrowLeft", false, 3, 4), Some(at(0, 0)));
        assert_eq!(at(0, 0).moved("a", false, 3, 4), None);
        assert_eq!(at(0, 0).moved("ArrowDown", false, 0, 0), None);
    }
}
