//! An archive from its opening to its plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::Date, tz::TimeZone};
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    observation::{ExerciseRecord, SessionTimes, SleepRecord},
    time::{DayRange, days_between, next_day},
    timeline::{OffsetSpan, OffsetTimeline},
};
use pulsekeep_store::{ImportKind, NewImportWindow, Store, User};

use crate::{
    ImportError,
    archive::Archive,
    choose::{Choices, Why},
    family::Zone,
    lens::Facts,
    measure::Measured,
    names::{self, Class},
    report::{FamilyFacts, MetricFacts, Plan, SourceFacts},
    rows::Dropped,
    sessions::Sessions,
    survey::Survey,
};

/// A surveyed archive, ready to be written.
#[derive(Debug)]
pub struct Takeout {
    pub(crate) archive: Archive,
    pub(crate) facts: Facts,
    pub(crate) survey: Survey,
    pub(crate) choices: Choices,
    pub(crate) sleep: BTreeMap<Date, Vec<SleepRecord>>,
    pub(crate) exercises: BTreeMap<Date, Vec<ExerciseRecord>>,
    /// Offsets that the archive tells, in order of time.
    pub(crate) evidence: Vec<OffsetSpan>,
    pub(crate) windows: Vec<NewImportWindow>,
    pub(crate) user: User,
    plan: Plan,
}

/// How far writing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Windows written.
    pub done: usize,
    /// Windows to be written.
    pub total: usize,
    /// Samples, values and sessions written by this run.
    pub rows: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The import.
    pub import: pulsekeep_core::id::ImportId,
    /// Samples, values and sessions written by this run.
    pub rows: u64,
    /// Windows written by this run.
    pub windows: usize,
    /// Windows that an earlier run had written.
    pub resumed: usize,
    /// Days that a newer archive has told already.
    pub kept_days: u64,
}

/// How writing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This very archive was imported before: nothing was done.
    Known(pulsekeep_core::id::ImportId),
    /// It is written.
    Written(Written),
}

/// Days of one window: of heart rate, of other samples, of values and sessions.
fn window_days(metric: Metric, grain: Grain) -> i64 {
    match (metric, grain) {
        (Metric::HeartRate, Grain::Minute) => 8,
        (_, Grain::Minute) => 96,
        (_, Grain::Day | Grain::Session) => 400,
    }
}

/// The person's zone and whose word it is.
fn zone_of(archive: &mut Archive, user: &User, option: Option<TimeZone>) -> (TimeZone, &'static str) {
    if let Some(zone) = option {
        return (zone, "option");
    }
    let profile = archive.entries.iter().position(|entry| entry.class == Class::Profile);
    let told = profile.and_then(|index| {
        let bytes = archive.bytes_of(index).ok()?;
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(&bytes[..]);
        let column = csv.headers().ok()?.iter().position(|name| names::normal(name) == "timezone")?;
        let row = csv.records().next()?.ok()?;
        TimeZone::get(row.get(column)?.trim()).ok()
    });
    match told {
        Some(zone) => (zone, "archive"),
        None => (TimeZone::get(&user.time_zone).unwrap_or(TimeZone::UTC), "profile"),
    }
}

/// Names that are in another language: the header tells.
fn read_headers(archive: &mut Archive) {
    for index in 0..archive.entries.len() {
        if archive.entries[index].class != Class::Unknown {
            continue;
        }
        let header = archive.with(index, |reader| {
            let mut line = String::new();
            let mut start = std::io::BufReader::new(std::io::Read::take(reader, 4096));
            std::io::BufRead::read_line(&mut start, &mut line).map_err(|error| error.to_string())?;
            Ok(line)
        });
        match header.ok().and_then(|line| names::class_of_header(&line)) {
            Some(class) => archive.entries[index].class = class,
            None => {
                let base = archive.entries[index].base.clone();
                archive.unknown(base);
            }
        }
    }
}

impl Takeout {
    /// Reads an archive once and plans what is to be written. `zone` goes before the zone that the archive names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn survey(
        store: &Store,
        user: User,
        archive: Archive,
        zone: Option<TimeZone>,
        now: EpochMs,
    ) -> Result<Self, ImportError> {
        let stored = store.timeline(user.id).await?;
        let reading = tokio::task::spawn_blocking(move || Self::read(user, archive, zone, &stored, now));
        let mut takeout = reading.await.map_err(|_| ImportError::BrokenOff)?;
        takeout.count_synced(store).await?;
        let known = store.import_of(takeout.user.id, ImportKind::Takeout, &takeout.archive.digest).await?;
        takeout.plan.is_imported = known.is_some_and(|import| import.is_done);
        Ok(takeout)
    }

    fn read(
        user: User,
        mut archive: Archive,
        option: Option<TimeZone>,
        stored: &OffsetTimeline,
        now: EpochMs,
    ) -> Self {
        read_headers(&mut archive);
        let (zone, zone_from) = zone_of(&mut archive, &user, option);
        let mut families = BTreeMap::new();
        let sessions = read_sessions(&mut archive, &mut families);
        let mut told = OffsetTimeline::of_zone(zone.clone());
        let offsets = sessions.learn(&mut told);
        // What a sync has learnt counts more than what an archive tells of the same time.
        let mut timeline = OffsetTimeline::new(zone.clone(), told.spans().to_vec());
        for span in stored.spans() {
            timeline.learn(span.from, span.to, span.offset);
        }
        let measured = Measured::of(&mut archive, &sessions, &timeline);
        let exported_at = archive.exported_at.unwrap_or(now).min(now);
        let mut facts = Facts {
            timeline,
            zones: measured.zones.clone(),
            exported_at,
            raw_zone_minutes: false,
            weight_in_kilograms: measured.weight_in_kilograms,
        };
        let mut survey = Survey::of(&mut archive, &facts);
        facts.raw_zone_minutes = survey.high_zone_most > 0.0 && survey.high_zone_most <= 1.0;
        let choices = Choices::of(&survey, &facts.timeline);
        survey.families.append(&mut families);
        archive.problems.append(&mut survey.problems);
        let exercise_zone = measured.exercises.unwrap_or(Zone::Utc);
        let (sleep, exercises) = choose_sessions(&sessions, exercise_zone, &facts);
        let plan = Plan {
            parts: archive.parts,
            bytes: archive.bytes,
            exported_at: exported_at.to_string(),
            time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            time_zone_from: zone_from.to_owned(),
            offsets,
            clocks: measured.facts,
            metrics: Vec::new(),
            families: survey.families.clone(),
            files: archive.rest.counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect(),
            skipped_bytes: archive.rest.skipped_bytes,
            problems: archive.problems.clone(),
            unknown: archive.rest.unknown.iter().cloned().collect(),
            windows: 0,
            is_imported: false,
        };
        let evidence = told.spans().to_vec();
        let windows = Vec::new();
        let mut takeout =
            Self { archive, facts, survey, choices, sleep, exercises, evidence, windows, user, plan };
        takeout.lay_out();
        takeout
    }

    /// The days of a metric that are to be written.
    pub(crate) fn days_of(&self, metric: Metric, grain: Grain) -> BTreeSet<Date> {
        match grain {
            Grain::Minute => {
                self.choices.samples.keys().filter(|key| key.0 == metric).map(|key| key.1).collect()
            }
            Grain::Day => {
                let from = (metric, Date::MIN);
                self.choices.daily.range(from..=(metric, Date::MAX)).map(|(key, _)| key.1).collect()
            }
            Grain::Session if metric == Metric::Exercise => self.exercises.keys().copied().collect(),
            Grain::Session => self.sleep.keys().copied().collect(),
        }
    }

    /// Windows and what is told of each metric.
    fn lay_out(&mut self) {
        for metric in Metric::all() {
            for grain in [Grain::Day, Grain::Minute, Grain::Session] {
                let is_session = matches!(metric, Metric::Sleep | Metric::Exercise);
                if is_session != (grain == Grain::Session) {
                    continue;
                }
                let days = self.days_of(metric, grain);
                let (Some(&first), Some(&last)) = (days.first(), days.last()) else { continue };
                self.plan.metrics.push(self.facts_of(metric, grain, &days, (first, last)));
                let length = window_days(metric, grain);
                let number = |day: Date| days_between(Date::constant(2000, 1, 1), day).div_euclid(length);
                let mut open: Option<DayRange> = None;
                for &day in &days {
                    match &mut open {
                        Some(range) if number(range.start) == number(day) => range.end = next_day(day),
                        _ => {
                            self.windows.extend(open.map(|days| NewImportWindow { metric, grain, days }));
                            open = Some(DayRange::one(day));
                        }
                    }
                }
                self.windows.extend(open.map(|days| NewImportWindow { metric, grain, days }));
            }
        }
        self.plan.windows = self.windows.len();
    }

    fn facts_of(
        &self,
        metric: Metric,
        grain: Grain,
        days: &BTreeSet<Date>,
        (first, last): (Date, Date),
    ) -> MetricFacts {
        let own = self.choices.tallies.iter().filter(|((of, is_daily, _), _)| {
            *of == metric && grain != Grain::Session && *is_daily == (grain == Grain::Day)
        });
        let mut rows = 0;
        let mut sources = Vec::new();
        for ((.., origin), tally) in own {
            rows += tally.rows;
            let why = tally.taken.iter().max_by_key(|(_, days)| **days).map_or("", |(why, _)| why.words());
            sources.push(SourceFacts {
                files: origin.family.spec().key.to_owned(),
                recorder: self.survey.recorders.name(origin.recorder).to_owned(),
                why: why.to_owned(),
                days: tally.taken.values().sum(),
                passed_over: tally.passed_over,
            });
        }
        if grain == Grain::Session {
            let (records, offsets): (usize, u64) = match metric {
                Metric::Exercise => (
                    self.exercises.values().map(Vec::len).sum(),
                    self.survey.families.get("UserExercises").map_or(0, |facts| facts.rows),
                ),
                _ => (
                    self.sleep.values().map(Vec::len).sum(),
                    self.survey.families.get("UserSleeps").map_or(0, |facts| facts.rows),
                ),
            };
            rows = records as u64;
            let words = ["UserSleeps", "sleep.json", "UserExercises", "exercise.json"];
            let own = if metric == Metric::Exercise { &words[2..] } else { &words[..2] };
            for files in own.iter().filter(|files| self.survey.families.contains_key(**files)) {
                let why = if files.starts_with("User") { Why::Offsets } else { Why::Only };
                let why = if offsets > 0 || why == Why::Offsets { Why::Offsets } else { why };
                sources.push(SourceFacts {
                    files: (*files).to_owned(),
                    recorder: String::new(),
                    why: if why == Why::Offsets && !files.starts_with("User") {
                        "days without a record that carries offsets".to_owned()
                    } else {
                        why.words().to_owned()
                    },
                    days: days.len() as u64,
                    passed_over: 0,
                });
            }
        }
        let span = days_between(first, last) + 1;
        MetricFacts {
            metric: metric.key().to_owned(),
            grain: match grain {
                Grain::Day => "day",
                Grain::Minute => "minute",
                Grain::Session => "session",
            }
            .to_owned(),
            days: days.len() as u64,
            rows,
            first,
            last,
            gaps: u64::try_from(span).unwrap_or(0).saturating_sub(days.len() as u64),
            synced: 0,
            refused: self
                .choices
                .refused
                .get(&metric)
                .copied()
                .filter(|_| grain == Grain::Minute)
                .unwrap_or(0),
            sources,
        }
    }

    async fn count_synced(&mut self, store: &Store) -> Result<(), ImportError> {
        let mut metrics = std::mem::take(&mut self.plan.metrics);
        for facts in &mut metrics {
            let Ok(metric) = facts.metric.parse::<Metric>() else { continue };
            let days = DayRange { start: facts.first, end: next_day(facts.last) };
            let grain = match facts.grain.as_str() {
                "day" => Grain::Day,
                "minute" => Grain::Minute,
                _ => Grain::Session,
            };
            let own = self.days_of(metric, grain);
            let synced = store.synced_days(self.user.id, metric, days).await?;
            facts.synced = synced.iter().filter(|day| own.contains(day)).count() as u64;
        }
        self.plan.metrics = metrics;
        Ok(())
    }

    /// What is in the archive and what would be written.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

fn read_sessions(archive: &mut Archive, families: &mut BTreeMap<String, FamilyFacts>) -> Sessions {
    let mut sessions = Sessions::default();
    for index in 0..archive.entries.len() {
        let (key, read): (_, fn(&mut Sessions, &[u8]) -> _) = match archive.entries[index].class {
            Class::UserSleeps => ("UserSleeps", Sessions::read_sleeps),
            Class::UserSleepStages => ("UserSleepStages", Sessions::read_stages),
            Class::UserExercises => ("UserExercises", Sessions::read_exercises),
            Class::SleepJson => ("sleep.json", Sessions::read_sleep_logs),
            Class::ExerciseJson => ("exercise.json", Sessions::read_exercise_logs),
            _ => continue,
        };
        let own: &mut FamilyFacts = families.entry(key.to_owned()).or_default();
        own.files += 1;
        match archive.bytes_of(index).and_then(|bytes| read(&mut sessions, &bytes)) {
            Ok(found) => {
                own.rows += found.rows;
                own.empty_files += u64::from(found.rows == 0);
                add_dropped(own, &found.dropped);
            }
            Err(why) => {
                let file = archive.entries[index].base.clone();
                archive.problems.push(crate::Problem { file, why });
            }
        }
    }
    sessions.join_stages();
    sessions
}

fn add_dropped(facts: &mut FamilyFacts, dropped: &Dropped) {
    for (why, count) in dropped {
        *facts.dropped.entry((*why).to_owned()).or_default() += count;
    }
}

fn start_of(times: SessionTimes) -> i64 {
    match times {
        SessionTimes::Instants { start, .. } => start.0,
        SessionTimes::Local { start, .. } => start,
    }
}

type ByDay<T> = BTreeMap<Date, Vec<T>>;

/// Sessions with offsets; of days that have none, those by the wall clock.
fn choose_sessions(
    sessions: &Sessions,
    exercise_zone: Zone,
    facts: &Facts,
) -> (ByDay<SleepRecord>, ByDay<ExerciseRecord>) {
    let last = facts.timeline.day_at(facts.exported_at);
    let mut sleep: ByDay<SleepRecord> = BTreeMap::new();
    for night in sessions.user_sleeps.values() {
        sleep.entry(night.record.day).or_default().push(night.record.clone());
    }
    let told: BTreeSet<Date> = sleep.keys().copied().collect();
    for record in sessions.sleep_logs.values().filter(|record| !told.contains(&record.day)) {
        sleep.entry(record.day).or_default().push(record.clone());
    }
    let mut exercises: ByDay<ExerciseRecord> = BTreeMap::new();
    for exercise in sessions.user_exercises.values() {
        exercises.entry(exercise.record.day).or_default().push(exercise.record.clone());
    }
    let told: BTreeSet<Date> = exercises.keys().copied().collect();
    for log in sessions.exercise_logs.values() {
        let record = log.by(exercise_zone, &facts.timeline);
        if !told.contains(&record.day) {
            exercises.entry(record.day).or_default().push(record);
        }
    }
    sleep.retain(|day, _| *day <= next_day(last));
    exercises.retain(|day, _| *day <= next_day(last));
    // Lists show them in the order in which they were written.
    exercises.values_mut().for_each(|own| own.sort_by_key(|exercise| start_of(exercise.times)));
    sleep.values_mut().for_each(|own| own.sort_by_key(|night| start_of(night.times)));
    (sleep, exercises)
}
