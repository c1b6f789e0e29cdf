//! A night: stages over time with waking on top, minutes per stage, naps.

use super::civil::{HOUR, MINUTE, parse_instant};
use super::format::Format;
use super::range::Range;
use super::table::Table;
use super::words::fill;
use super::zone::Zone;
use crate::api::enums::{SleepKind, SleepLevel};
use crate::api::operations::dashboard::DashboardUserSleep;

/// A stretch of one stage, in percent of the night's width.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub left: f64,
    pub width: f64,
    /// 0 is the top row.
    pub row: usize,
    pub class: &'static str,
    /// Stage and times in words.
    pub title: String,
}

/// Minutes of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    pub name: String,
    pub class: &'static str,
    pub minutes: f64,
    pub text: String,
    /// Of the time in bed.
    pub share: f64,
    pub percent: String,
}

/// What the sleep card shows of a night.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// Day of waking.
    pub title: String,
    pub minutes_asleep: Option<f64>,
    pub asleep: String,
    pub summary: String,
    /// Names of the rows, top first, with their class.
    pub rows: Vec<(String, &'static str)>,
    pub segments: Vec<Segment>,
    /// Full hours: place in percent, and the time.
    pub ticks: Vec<(f64, String)>,
    pub shares: Vec<Share>,
    pub table: Table,
    /// The drawing in a sentence.
    pub label: String,
}

/// Rows of a night with stages, top first.
const STAGES: [SleepLevel; 4] = [SleepLevel::Awake, SleepLevel::Rem, SleepLevel::Light, SleepLevel::Deep];
/// Rows of a night from older devices.
const CLASSIC: [SleepLevel; 3] = [SleepLevel::Awake, SleepLevel::Restless, SleepLevel::Asleep];

/// The last main sleep of the range; where none is marked as main, the longest of the last day.
#[must_use]
pub fn last_night(sleep: &[DashboardUserSleep]) -> Option<&DashboardUserSleep> {
    let length = |s: &DashboardUserSleep| Some(parse_instant(&s.end)? - parse_instant(&s.start)?);
    sleep.iter().max_by_key(|s| (s.day.clone(), s.is_main, length(s)))
}

/// The other sleep of the same day of waking.
pub fn naps<'a>(
    sleep: &'a [DashboardUserSleep],
    night: &'a DashboardUserSleep,
) -> impl Iterator<Item = &'a DashboardUserSleep> {
    sleep.iter().filter(move |s| s.day == night.day && s.id != night.id)
}

/// Sleep of the sessions that end in the range, minutes; none if none is known.
#[must_use]
pub fn minutes_asleep(sleep: &[DashboardUserSleep], range: Range) -> Option<f64> {
    let days = range.from.to_string()..=range.to.to_string();
    let minutes = sleep.iter().filter(|s| days.contains(&s.day)).map(|s| s.minutes_asleep.map(|m| m as f64));
    super::statistics::sum(minutes)
}

/// What to draw of a night; `None` if its times cannot be read.
#[must_use]
pub fn night(session: &DashboardUserSleep, f: &Format) -> Option<Night> {
    let (start, end) = (parse_instant(&session.start)?, parse_instant(&session.end)?);
    // A night keeps the clock on which it began, also when the clocks are changed in it.
    let zone = Zone::fixed(i32::try_from(session.start_offset).ok()?);
    let levels: &[SleepLevel] = if session.kind == SleepKind::Classic { &CLASSIC } else { &STAGES };
    let asleep = session.minutes_asleep.map(|m| m as f64);
    let day = super::civil::Day::parse(&session.day)?;
    let places = [
        ("asleep", asleep.map_or_else(|| super::format::MISSING.to_owned(), |m| f.minutes(m))),
        ("from", f.time(start, &zone)),
        ("to", f.time(end, &zone)),
    ];
    let places: Vec<(&str, &str)> = places.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let summary = fill(&f.words.night_summary, &places);
    let shares = shares(session, levels, (end - start) as f64 / MINUTE as f64, f);
    let stages: Vec<String> = shares.iter().map(|s| format!("{} {}", s.name, s.text)).collect();
    Some(Night {
        title: f.day_long(day),
        minutes_asleep: asleep,
        asleep: places[0].1.to_owned(),
        label: format!("{}. {summary}. {}.", f.words.sleep, stages.join(", ")),
        summary,
        rows: levels.iter().map(|level| (f.stage(level), class(level))).collect(),
        segments: segments(session, levels, start, end, &zone, f),
        ticks: ticks(start, end, &zone, f),
        shares,
        table: table(session, f.day_medium(day), &zone, f),
    })
}

/// A nap in a line: times and minutes asleep.
#[must_use]
pub fn nap(session: &DashboardUserSleep, f: &Format) -> Option<String> {
    Some(night(session, f)?.summary)
}

fn segments(
    session: &DashboardUserSleep,
    levels: &[SleepLevel],
    start: i64,
    end: i64,
    zone: &Zone,
    f: &Format,
) -> Vec<Segment> {
    let length = (end - start).max(1) as f64;
    let percent = |ms: i64| (ms.clamp(start, end) - start) as f64 * 100.0 / length;
    let segment = |stage: &crate::api::operations::dashboard::DashboardUserSleepStages| {
        let (from, to) = (parse_instant(&stage.start)?, parse_instant(&stage.end)?);
        let row = levels.iter().position(|level| *level == stage.level)?;
        let (left, right) = (percent(from), percent(to));
        let title = format!("{} {}–{}", f.stage(&stage.level), f.time(from, zone), f.time(to, zone));
        Some(Segment { left, width: right - left, row, class: class(&stage.level), title })
    };
    session.stages.iter().filter_map(segment).collect()
}

fn ticks(start: i64, end: i64, zone: &Zone, f: &Format) -> Vec<(f64, String)> {
    let offset = i64::from(zone.offset_at(start)) * 1_000;
    let first = (start + offset).div_euclid(HOUR) * HOUR + HOUR - offset;
    let length = (end - start).max(1) as f64;
    let every = if end - start > 6 * HOUR { 2 } else { 1 };
    let hours = (0..).map(|i| first + i * HOUR).take_while(|at| *at < end);
    hours
        // A time at the very edge would be cut off.
        .filter(|at| (at - start) as f64 <= length * 0.97)
        .filter(|at| zone.local(*at).hour.is_multiple_of(every))
        .map(|at| ((at - start) as f64 * 100.0 / length, f.time(at, zone)))
        .collect()
}

/// The provider's minutes where it gives them, else those of the stages.
fn shares(session: &DashboardUserSleep, levels: &[SleepLevel], in_bed: f64, f: &Format) -> Vec<Share> {
    let counted = |level: &SleepLevel| -> f64 {
        let of_level = session.stages.iter().filter(|s| s.level == *level);
        let lengths = of_level.filter_map(|s| Some(parse_instant(&s.end)? - parse_instant(&s.start)?));
        lengths.sum::<i64>() as f64 / MINUTE as f64
    };
    let given = |level: &SleepLevel| match level {
        SleepLevel::Awake => session.minutes_awake,
        SleepLevel::Rem => session.minutes_rem,
        SleepLevel::Light => session.minutes_light,
        SleepLevel::Deep => session.minutes_deep,
        _ => None,
    };
    let share = |level: &SleepLevel| {
        let minutes = given(level).map_or_else(|| counted(level), |m| m as f64);
        let share = if in_bed > 0.0 { (minutes / in_bed).min(1.0) } else { 0.0 };
        let (text, percent) = (f.minutes(minutes), f.share(share));
        Share { name: f.stage(level), class: class(level), minutes, text, share, percent }
    };
    levels.iter().map(share).collect()
}

fn table(session: &DashboardUserSleep, day: String, zone: &Zone, f: &Format) -> Table {
    let w = &f.words;
    let row = |stage: &crate::api::operations::dashboard::DashboardUserSleepStages| {
        let (from, to) = (parse_instant(&stage.start)?, parse_instant(&stage.end)?);
        let minutes = (to - from) as f64 / MINUTE as f64;
        Some(vec![f.time(from, zone), f.time(to, zone), f.stage(&stage.level), f.minutes(minutes)])
    };
    Table {
        caption: format!("{}, {day}", w.sleep),
        head: [&w.from, &w.to, &w.stage, &w.duration].map(|word| word.clone().into_owned()).to_vec(),
        rows: session.stages.iter().filter_map(row).collect(),
    }
}

/// The stylesheet's class of a stage.
#[must_use]
pub fn class(level: &SleepLevel) -> &'static str {
    match level {
        SleepLevel::Awake => "awake",
        SleepLevel::Rem => "rem",
        SleepLevel::Light => "light",
        SleepLevel::Deep => "deep",
        SleepLevel::Restless => "restless",
        SleepLevel::Asleep | SleepLevel::Other(_) => "asleep",
    }
}

impl Format {
    /// A stage in words.
    #[must_use]
    pub fn stage(&self, level: &SleepLevel) -> String {
        let w = &self.words;
        match level {
            SleepLevel::Awake => &w.stage_awake,
            SleepLevel::Rem => &w.stage_rem,
            SleepLevel::Light => &w.stage_light,
            SleepLevel::Deep => &w.stage_deep,
            SleepLevel::Asleep => &w.stage_asleep,
            SleepLevel::Restless => &w.stage_restless,
            SleepLevel::Other(_) => &w.stage_other,
        }
        .clone()
        .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;
    use crate::api::operations::dashboard::DashboardUserSleepStages;

    fn stage(start: &str, end: &str, level: SleepLevel) -> DashboardUserSleepStages {
        DashboardUserSleepStages { start: start.to_owned(), end: end.to_owned(), level }
    }

    pub(crate) fn session() -> DashboardUserSleep {
        DashboardUserSleep {
            id: "1".to_owned(),
            day: "2026-11-21".to_owned(),
            start: "2026-11-20T22:30:00Z".to_owned(),
            end: "2026-11-21T06:30:00Z".to_owned(),
            start_offset: 3_600,
            end_offset: 3_600,
            kind: SleepKind::Stages,
            is_main: true,
            minutes_asleep: Some(450),
            minutes_awake: Some(30),
            minutes_in_bed: Some(480),
            minutes_deep: Some(90),
            minutes_light: None,
            minutes_rem: Some(100),
            stages: vec![
                stage("2026-11-20T22:30:00Z", "2026-11-21T02:30:00Z", SleepLevel::Light),
                stage("2026-11-21T02:30:00Z", "2026-11-21T06:30:00Z", SleepLevel::Awake),
                stage("2026-11-21T02:30:00Z", "2026-11-21T02:40:00Z", SleepLevel::Other("DOZING".to_owned())),
            ],
        }
    }

    #[test]
    fn a_night_is_drawn_on_the_clock_of_its_start_with_waking_on_top() {
        let night = night(&session(), &format()).unwrap();
        assert_eq!(night.rows[0].0, "Awake");
        let places: Vec<(f64, f64, usize)> =
            night.segments.iter().map(|s| (s.left, s.width, s.row)).collect();
        assert_eq!(places, [(0.0, 50.0, 2), (50.0, 50.0, 0)], "an unknown stage is in the table only");
        assert_eq!(night.table.rows.len(), 3);
        assert_eq!(night.summary, "Asleep 7 h 30 min, from 23:30 to 07:30");
        assert_eq!(night.ticks.first().unwrap(), &(6.25, "00:00".to_owned()));
        let minutes: Vec<f64> = night.shares.iter().map(|s| s.minutes).collect();
        assert_eq!(minutes, [30.0, 100.0, 240.0, 90.0], "light is counted, the others are given");
    }

    #[test]
    fn the_last_main_sleep_is_the_night_and_the_rest_of_its_day_are_naps() {
        let (main, mut nap, mut before) = (session(), session(), session());
        (nap.id, nap.is_main, nap.start) = ("2".into(), false, "2026-11-21T05:30:00Z".into());
        (before.id, before.day) = ("0".into(), "2026-11-20".into());
        let all = [before, main, nap];
        let night = last_night(&all).unwrap();
        assert_eq!(night.id, "1");
        let naps: Vec<&str> = naps(&all, night).map(|s| s.id.as_str()).collect();
        assert_eq!(naps, ["2"]);
        let day = super::super::civil::Day::from_ymd(2026, 11, 21);
        assert_eq!(minutes_asleep(&all, Range::last(1, day)), Some(900.0));
        assert_eq!(minutes_asleep(&all, Range::last(1, day.plus(1))), None);
    }
}
