//! Sleep and exercises of an archive: few enough to be held together.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    catalogue::endpoint,
    observation::{
        ExerciseRecord, SessionTimes, SleepKind, SleepLevel, SleepRecord, SleepStage, SleepSummary,
    },
    time::{MINUTE_MS, from_local_ms},
    timeline::OffsetTimeline,
};
use serde::Deserialize;

use crate::{
    clock::{Clock, ClockReader, offset_seconds},
    family::Zone,
    names::normal,
    rows::{Dropped, number},
};

/// A session and the moment at which it was last changed: of two with one id the later counts.
#[derive(Debug, Clone)]
pub(crate) struct Dated<T> {
    pub(crate) record: T,
    changed_at: i64,
}

/// All sessions of an archive, each kind by its source.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// With offsets, by id.
    pub(crate) user_sleeps: BTreeMap<String, Dated<SleepRecord>>,
    pub(crate) user_exercises: BTreeMap<String, Dated<ExerciseRecord>>,
    /// By the wall clock, by id.
    pub(crate) sleep_logs: BTreeMap<String, SleepRecord>,
    pub(crate) exercise_logs: BTreeMap<String, ExerciseLog>,
    stages: HashMap<String, Vec<(String, i64, SleepStage)>>,
}

/// An older exercise: by which clock its start goes is found out later.
#[derive(Debug, Clone)]
pub(crate) struct ExerciseLog {
    /// Milliseconds as if it were UTC.
    pub(crate) start: i64,
    length: i64,
    record: ExerciseRecord,
}

/// What was read of one file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) rows: u64,
    pub(crate) dropped: Dropped,
}

/// A CSV file whose cells are asked for by name.
struct Table {
    columns: HashMap<String, usize>,
}

impl Table {
    fn text<'r>(&self, record: &'r csv::StringRecord, column: &str) -> Option<&'r str> {
        let text = record.get(*self.columns.get(column)?)?.trim();
        (!text.is_empty() && !text.ends_with("UNSPECIFIED")).then_some(text)
    }

    fn instant(&self, record: &csv::StringRecord, column: &str) -> Option<i64> {
        match ClockReader::default().read(self.text(record, column)?)? {
            Clock::Instant(at) | Clock::Naive(at) => Some(at),
            Clock::Day(_) => None,
        }
    }

    fn number(&self, record: &csv::StringRecord, column: &str) -> Option<f64> {
        number(self.text(record, column)?)
    }

    /// A sum of nothing stands for one that was not told.
    fn amount(&self, record: &csv::StringRecord, column: &str) -> Option<f64> {
        self.number(record, column).filter(|value| *value > 0.0)
    }

    #[expect(clippy::cast_possible_truncation, reason = "minutes and steps")]
    fn whole(&self, record: &csv::StringRecord, column: &str) -> Option<i64> {
        self.number(record, column).filter(|value| *value >= 0.0).map(|value| value.round() as i64)
    }
}

fn each_row(
    bytes: &[u8],
    needed: &[&str],
    mut each: impl FnMut(&Table, &csv::StringRecord) -> Result<(), &'static str>,
) -> Result<Found, String> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let broken = |_| "it is no CSV file in UTF-8".to_owned();
    let header = csv.headers().map_err(broken)?.clone();
    let mut found = Found::default();
    if header.is_empty() || header.len() == 1 && normal(&header[0]) == "no_data" {
        return Ok(found);
    }
    let columns: HashMap<String, usize> = header.iter().map(normal).zip(0..).collect();
    if let Some(missing) = needed.iter().find(|column| !columns.contains_key(**column)) {
        return Err(format!("it has no column \"{missing}\""));
    }
    let table = Table { columns };
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record).map_err(broken)? {
        found.rows += 1;
        if let Err(why) = each(&table, &record) {
            *found.dropped.entry(why).or_default() += 1;
        }
    }
    Ok(found)
}

fn level(word: &str) -> Option<SleepLevel> {
    Some(match word.to_ascii_uppercase().as_str() {
        "AWAKE" | "WAKE" => SleepLevel::Awake,
        "LIGHT" => SleepLevel::Light,
        "DEEP" => SleepLevel::Deep,
        "REM" => SleepLevel::Rem,
        "ASLEEP" => SleepLevel::Asleep,
        "RESTLESS" => SleepLevel::Restless,
        _ => return None,
    })
}

/// Start, end and their offsets.
fn times(
    table: &Table,
    record: &csv::StringRecord,
    (start, end): (&str, &str),
    (start_offset, end_offset): (&str, &str),
) -> Result<SessionTimes, &'static str> {
    let (start, end) =
        (table.instant(record, start).ok_or("time")?, table.instant(record, end).ok_or("time")?);
    let offset = |column| table.text(record, column).and_then(offset_seconds);
    let start_offset = offset(start_offset).ok_or("offset")?;
    if end <= start {
        return Err("reversed");
    }
    let end_offset = offset(end_offset).unwrap_or(start_offset);
    Ok(SessionTimes::Instants { start: EpochMs(start), end: EpochMs(end), start_offset, end_offset })
}

fn day_of(times: SessionTimes, at_end: bool) -> Date {
    match times {
        SessionTimes::Instants { end, end_offset, .. } if at_end => end.civil(end_offset).date(),
        SessionTimes::Instants { start, start_offset, .. } => start.civil(start_offset).date(),
        SessionTimes::Local { end, .. } if at_end => from_local_ms(end).date(),
        SessionTimes::Local { start, .. } => from_local_ms(start).date(),
    }
}

impl Sessions {
    /// Reads `UserSleeps`.
    pub(crate) fn read_sleeps(&mut self, bytes: &[u8]) -> Result<Found, String> {
        each_row(bytes, &["sleep_id", "sleep_start", "sleep_end", "start_utc_offset"], |table, row| {
            let id = table.text(row, "sleep_id").ok_or("id")?.to_owned();
            let columns = ("start_utc_offset", "end_utc_offset");
            let times = times(table, row, ("sleep_start", "sleep_end"), columns)?;
            let kind = match table.text(row, "sleep_type") {
                Some("CLASSIC") => SleepKind::Classic,
                _ => SleepKind::Stages,
            };
            let summary = SleepSummary {
                asleep: table.whole(row, "minutes_asleep"),
                awake: table.whole(row, "minutes_awake"),
                in_bed: table.whole(row, "minutes_in_sleep_period"),
                to_fall_asleep: table.whole(row, "minutes_to_fall_asleep"),
                ..SleepSummary::default()
            };
            let record = SleepRecord {
                external_id: id.clone(),
                times,
                day: day_of(times, true),
                kind,
                is_main: true,
                is_processed: true,
                stages: Vec::new(),
                short_awakenings: Vec::new(),
                summary,
            };
            let changed_at = table.instant(row, "sleep_last_updated").unwrap_or(0);
            if self.user_sleeps.get(&id).is_none_or(|known| known.changed_at <= changed_at) {
                self.user_sleeps.insert(id, Dated { record, changed_at });
            }
            Ok(())
        })
    }

    /// Reads `UserSleepStages`.
    pub(crate) fn read_stages(&mut self, bytes: &[u8]) -> Result<Found, String> {
        let needed = ["sleep_id", "sleep_stage_type", "sleep_stage_start", "sleep_stage_end"];
        each_row(bytes, &needed, |table, row| {
            let id = table.text(row, "sleep_id").ok_or("id")?;
            let start = table.instant(row, "sleep_stage_start").ok_or("time")?;
            let end = table.instant(row, "sleep_stage_end").filter(|end| *end > start).ok_or("time")?;
            let level = table.text(row, "sleep_stage_type").and_then(level).ok_or("stage")?;
            let changed_at = table.instant(row, "sleep_stage_last_updated").unwrap_or(0);
            let stage_id = table.text(row, "sleep_stage_id").unwrap_or_default().to_owned();
            let stages = self.stages.entry(id.to_owned()).or_default();
            stages.push((stage_id, changed_at, SleepStage { start, end, level }));
            Ok(())
        })
    }

    /// Reads `UserExercises`.
    pub(crate) fn read_exercises(&mut self, bytes: &[u8]) -> Result<Found, String> {
        each_row(bytes, &["exercise_id", "exercise_start", "exercise_end", "utc_offset"], |table, row| {
            if table.text(row, "deletion_reason").is_some() {
                return Err("deleted");
            }
            let id = table.text(row, "exercise_id").ok_or("id")?.to_owned();
            let columns = ("utc_offset", "utc_offset");
            let times = times(table, row, ("exercise_start", "exercise_end"), columns)?;
            let either =
                |tracked: &str, typed: &str| table.amount(row, tracked).or_else(|| table.amount(row, typed));
            let name = table.text(row, "activity_name").unwrap_or("Exercise").to_owned();
            let steps = either("tracker_total_steps", "manually_logged_total_steps");
            let record = ExerciseRecord {
                external_id: id.clone(),
                times,
                day: day_of(times, false),
                kind: name.to_lowercase(),
                name,
                active_ms: None,
                distance_m: either("tracker_total_distance_mm", "manually_logged_total_distance_mm")
                    .map(|mm| mm / 1000.0),
                #[expect(clippy::cast_possible_truncation, reason = "steps of an exercise")]
                steps: steps.map(|steps| steps.round() as i64),
                energy_kcal: either("tracker_total_calories", "manually_logged_total_calories"),
                mean_heart_rate: table.amount(row, "tracker_avg_heart_rate"),
                elevation_gain_m: table.amount(row, "tracker_total_altitude_mm").map(|mm| mm / 1000.0),
                active_zone_minutes: None,
                has_route: false,
            };
            let changed_at = table.instant(row, "exercise_last_updated").unwrap_or(0);
            if self.user_exercises.get(&id).is_none_or(|known| known.changed_at <= changed_at) {
                self.user_exercises.insert(id, Dated { record, changed_at });
            }
            Ok(())
        })
    }

    /// Reads `sleep-*.json`: the logs of the Web API without its frame, by the same parser.
    pub(crate) fn read_sleep_logs(&mut self, bytes: &[u8]) -> Result<Found, String> {
        let endpoint = endpoint("fitbit.sleep").ok_or("there is no parser for it")?;
        let framed = [b"{\"sleep\":", bytes, b"}"].concat();
        let parsed = pulsekeep_provider::fitbit::parse(endpoint, &framed)
            .map_err(|_| "it is no list of sleep logs")?;
        let mut found = Found { rows: parsed.sleep.len() as u64, ..Found::default() };
        for warning in &parsed.warnings {
            *found.dropped.entry(warning.code).or_default() += 1;
        }
        for record in parsed.sleep {
            self.sleep_logs.insert(record.external_id.clone(), record);
        }
        Ok(found)
    }

    /// Reads `exercise-*.json`.
    pub(crate) fn read_exercise_logs(&mut self, bytes: &[u8]) -> Result<Found, String> {
        let logs: Vec<Log> =
            serde_json::from_slice(bytes).map_err(|_| "it is no list of exercises".to_owned())?;
        let mut found = Found { rows: logs.len() as u64, ..Found::default() };
        let mut clocks = ClockReader::default();
        for log in logs {
            match log.read(&mut clocks) {
                Ok(log) => {
                    self.exercise_logs.insert(log.record.external_id.clone(), log);
                }
                Err(why) => *found.dropped.entry(why).or_default() += 1,
            }
        }
        Ok(found)
    }

    /// Puts stages into their nights; minutes of each stage are counted, since the archive does not tell them.
    pub(crate) fn join_stages(&mut self) {
        for (id, mut stages) in std::mem::take(&mut self.stages) {
            let Some(night) = self.user_sleeps.get_mut(&id) else { continue };
            // Of a stage that was changed later there are two rows.
            stages.sort_by_key(|(_, changed_at, stage)| (stage.start, *changed_at));
            let mut kept: Vec<(String, SleepStage)> = Vec::with_capacity(stages.len());
            for (stage_id, _, stage) in stages {
                match kept.last_mut() {
                    Some(last) if last.1.start == stage.start => *last = (stage_id, stage),
                    _ => kept.push((stage_id, stage)),
                }
            }
            let record = &mut night.record;
            record.stages = kept.into_iter().map(|(_, stage)| stage).collect();
            let minutes = |level: SleepLevel| {
                let own = record.stages.iter().filter(|stage| stage.level == level);
                own.map(|stage| stage.end - stage.start).sum::<i64>() / MINUTE_MS
            };
            if record.kind == SleepKind::Stages && !record.stages.is_empty() {
                record.summary.deep = Some(minutes(SleepLevel::Deep));
                record.summary.light = Some(minutes(SleepLevel::Light));
                record.summary.rem = Some(minutes(SleepLevel::Rem));
                record.summary.wake_stage = Some(minutes(SleepLevel::Awake));
            }
        }
        self.name_main_sleep();
    }

    /// `UserSleeps` does not say which sleep of a day is the main one: the longest is.
    fn name_main_sleep(&mut self) {
        let length = |record: &SleepRecord| match record.times {
            SessionTimes::Instants { start, end, .. } => end.0 - start.0,
            SessionTimes::Local { start, end } => end - start,
        };
        let mut longest: HashMap<Date, (i64, String)> = HashMap::new();
        for (id, night) in &self.user_sleeps {
            let own = (length(&night.record), id.clone());
            let known = longest.entry(night.record.day).or_insert_with(|| own.clone());
            if own.0 > known.0 {
                *known = own;
            }
        }
        for (id, night) in &mut self.user_sleeps {
            night.record.is_main = longest.get(&night.record.day).is_some_and(|main| main.1 == *id);
        }
    }

    /// Teaches a timeline the offsets of all sessions that carry them; returns how many do.
    pub(crate) fn learn(&self, timeline: &mut OffsetTimeline) -> u64 {
        let sleeps = self.user_sleeps.values().map(|night| night.record.times);
        let mut known: Vec<SessionTimes> =
            sleeps.chain(self.user_exercises.values().map(|exercise| exercise.record.times)).collect();
        // Later evidence of the same moment wins: the order must be that of time, whatever that of the files.
        known.sort_by_key(|times| match times {
            SessionTimes::Instants { start, .. } => start.0,
            SessionTimes::Local { start, .. } => *start,
        });
        for times in &known {
            let SessionTimes::Instants { start, end, start_offset, end_offset } = *times else { continue };
            if start_offset == end_offset {
                timeline.learn(start, end, start_offset);
            } else {
                timeline.learn(start, start, start_offset);
                timeline.learn(end, end, end_offset);
            }
        }
        known.len() as u64
    }
}

/// A log of `exercise-*.json`. What is not always there is left out at will.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    log_id: Option<serde_json::Number>,
    activity_name: Option<String>,
    start_time: Option<String>,
    duration: Option<f64>,
    active_duration: Option<f64>,
    distance: Option<f64>,
    distance_unit: Option<String>,
    steps: Option<f64>,
    calories: Option<f64>,
    average_heart_rate: Option<f64>,
    elevation_gain: Option<f64>,
    active_zone_minutes: Option<ZoneMinutes>,
    has_gps: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZoneMinutes {
    total_minutes: Option<f64>,
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds, steps and minutes of an exercise")]
fn whole(value: f64) -> Option<i64> {
    (0.0..1e12).contains(&value).then_some(value.round() as i64)
}

impl Log {
    fn read(self, clocks: &mut ClockReader) -> Result<ExerciseLog, &'static str> {
        let start = match self.start_time.as_deref().and_then(|text| clocks.read(text)) {
            Some(Clock::Naive(start) | Clock::Instant(start)) => start,
            Some(Clock::Day(_)) | None => return Err("time"),
        };
        let length =
            self.duration.or(self.active_duration).and_then(whole).filter(|ms| *ms > 0).ok_or("time")?;
        let metres = match self.distance_unit.as_deref() {
            None | Some("Kilometer" | "Kilometers") => Some(1000.0),
            Some("Meter" | "Meters") => Some(1.0),
            Some("Mile" | "Miles") => Some(1609.344),
            Some(_) => None,
        };
        let name =
            self.activity_name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Exercise".to_owned());
        let record = ExerciseRecord {
            external_id: self.log_id.map_or_else(|| format!("at-{start}"), |id| id.to_string()),
            times: SessionTimes::Local { start, end: start + length },
            day: from_local_ms(start).date(),
            kind: name.to_lowercase(),
            name,
            active_ms: self.active_duration.and_then(whole),
            distance_m: self
                .distance
                .filter(|value| *value > 0.0)
                .zip(metres)
                .map(|(value, unit)| value * unit),
            steps: self.steps.and_then(whole),
            energy_kcal: self.calories.filter(|value| *value >= 0.0),
            mean_heart_rate: self.average_heart_rate.filter(|value| *value > 0.0),
            elevation_gain_m: self.elevation_gain.filter(|value| *value > 0.0),
            active_zone_minutes: self.active_zone_minutes.and_then(|sums| whole(sums.total_minutes?)),
            has_route: self.has_gps.unwrap_or(false),
        };
        Ok(ExerciseLog { start, length, record })
    }
}

impl ExerciseLog {
    /// The exercise by a clock.
    pub(crate) fn by(&self, zone: Zone, timeline: &OffsetTimeline) -> ExerciseRecord {
        let start = match zone {
            Zone::Utc => EpochMs(self.start),
            Zone::Local => timeline.instant_of_local(self.start),
        };
        let end = start.plus(self.length);
        let (start_offset, end_offset) = (timeline.offset_at(start), timeline.offset_at(end));
        let times = SessionTimes::Instants { start, end, start_offset, end_offset };
        ExerciseRecord { times, day: day_of(times, false), ..self.record.clone() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};

    use super::*;

    #[test]
    fn nights_have_their_stages_their_offsets_and_one_main_sleep_a_day() {
        let mut sessions = Sessions::default();
        let sleeps = "sleep_id,sleep_type,minutes_asleep,minutes_awake,start_utc_offset,sleep_start,end_utc_offset,sleep_end,sleep_last_updated\n\
            9007199254740993123,STAGES,400,20,+01:00,2026-01-01T22:00:00Z,+01:00,2026-01-02T05:00:00Z,2026-01-02T06:00:00Z\n\
            9007199254740993123,STAGES,410,10,+01:00,2026-01-01T22:00:00Z,+01:00,2026-01-02T05:00:00Z,2026-01-02T07:00:00Z\n\
            5,CLASSIC,30,0,+0100,2026-01-02 13:00:00+0000,+0100,2026-01-02 13:30:00+0000,\n\
            6,CLASSIC,30,0,,2026-01-03T13:00:00Z,,2026-01-03T13:30:00Z,\n";
        let found = sessions.read_sleeps(sleeps.as_bytes()).unwrap();
        assert_eq!((found.rows, found.dropped), (4, [("offset", 1)].into()));
        let stages = "sleep_id,sleep_stage_id,sleep_stage_type,sleep_stage_start,sleep_stage_end\n\
            9007199254740993123,2,DEEP,2026-01-01T23:00:00Z,2026-01-01T23:40:00Z\n\
            9007199254740993123,1,WAKE,2026-01-01T22:00:00Z,2026-01-01T23:00:00Z\n\
            9007199254740993123,3,DOZING,2026-01-01T23:40:00Z,2026-01-01T23:50:00Z\n";
        assert_eq!(sessions.read_stages(stages.as_bytes()).unwrap().dropped, [("stage", 1)].into());
        sessions.join_stages();
        let night = &sessions.user_sleeps["9007199254740993123"].record;
        assert_eq!((night.day, night.is_main, night.summary.asleep), (date(2026, 1, 2), true, Some(410)));
        assert_eq!((night.summary.deep, night.summary.wake_stage), (Some(40), Some(60)));
        assert!(night.stages[0].start < night.stages[1].start);
        assert!(!sessions.user_sleeps["5"].record.is_main);
        let mut timeline = OffsetTimeline::of_zone(TimeZone::UTC);
        assert_eq!(sessions.learn(&mut timeline), 2);
        assert_eq!(timeline.offset_at(EpochMs(1_767_320_000_000)), 3600);
    }

    #[test]
    fn exercises_with_block_text_are_read_and_deleted_ones_are_not() {
        let mut sessions = Sessions::default();
        let text = "exercise_id,exercise_start,exercise_end,utc_offset,activity_name,intervals,tracker_total_steps,tracker_avg_heart_rate,tracker_total_distance_mm,deletion_reason\n\
            1,2026-01-02T10:00:00Z,2026-01-02T10:30:00Z,+05:30,Walk,\"interval {\n  type: A, b: \"\"c\"\"\n}\",3000,0,2400000,\n\
            2,2026-01-02T11:00:00Z,2026-01-02T11:30:00Z,+05:30,Run,,1,1,1,USER\n";
        assert_eq!(sessions.read_exercises(text.as_bytes()).unwrap().dropped, [("deleted", 1)].into());
        let walk = &sessions.user_exercises["1"].record;
        assert_eq!((walk.steps, walk.mean_heart_rate, walk.distance_m), (Some(3000), None, Some(2400.0)));
        assert_eq!(walk.kind, "walk");
    }

    #[test]
    fn logs_without_a_frame_are_read_by_the_clock_that_they_turn_out_to_go_by() {
        let mut sessions = Sessions::default();
        let text = r#"[{"logId":7,"activityName":"Run","calories":90,"distance":1.0,"distanceUnit":"Mile","duration":600000,
            "startTime":"01/02/26 23:30:00","hasGps":true,"speed":1}]"#;
        assert_eq!(sessions.read_exercise_logs(text.as_bytes()).unwrap().rows, 1);
        let log = &sessions.exercise_logs["7"];
        let timeline = OffsetTimeline::of_zone(TimeZone::get("Asia/Tokyo").unwrap());
        assert_eq!(log.by(Zone::Utc, &timeline).day, date(2026, 1, 3));
        assert_eq!(log.by(Zone::Local, &timeline).day, date(2026, 1, 2));
        assert_eq!(log.by(Zone::Local, &timeline).distance_m, Some(1609.344));
        let sleep = r#"[{"logId":1,"dateOfSleep":"2026-01-03","startTime":"2026-01-02T23:10:00.000","endTime":"2026-01-03T06:40:30.000",
            "minutesAsleep":400,"timeInBed":450,"type":"stages","mainSleep":false,
            "levels":{"summary":{"deep":{"minutes":70}},"data":[{"dateTime":"2026-01-02T23:10:00.000","level":"light","seconds":600}]}}]"#;
        sessions.read_sleep_logs(sleep.as_bytes()).unwrap();
        assert!(!sessions.sleep_logs["1"].is_main, "archives call it mainSleep");
        assert!(sessions.read_sleep_logs(b"[{").is_err());
    }
}
