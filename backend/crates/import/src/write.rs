//! Writing a plan: a thread reads the archive window by window, and each window is one transaction. Two windows at the
//! most are in memory, one being read and one being written.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use jiff::civil::Date;
use pulsekeep_core::{
    Clock, EpochMs, Metric,
    catalogue::{Call, Grain, endpoints_of},
    coverage::CoverageState,
    id::{ImportId, StreamId, UserId},
    observation::{DailyValue, SampleValues},
    time::{DayRange, MINUTE_MS, next_day},
    timeline::{OffsetSpan, OffsetTimeline},
};
use pulsekeep_store::{
    ImportKind, ImportWindow, NewImport, NewImportWindow, Store, WriteTx,
    block::{Block, runs_of},
    ingest::{Replace, ResolvedExercise, ResolvedSamples, ResolvedSleep},
    resolve,
};
use tokio::sync::mpsc;

use crate::{
    ImportError,
    family::Family,
    lens::Lens,
    names::Class,
    rows,
    takeout::{Outcome, Progress, Takeout, Written},
};

/// What is written of a window.
pub(crate) enum Content {
    Samples(ResolvedSamples),
    Daily(Vec<DailyValue>),
    Sleep(Vec<ResolvedSleep>),
    Exercises(Vec<ResolvedExercise>),
}

impl Content {
    fn rows(&self) -> usize {
        match self {
            Self::Samples(samples) => samples.block.len(),
            Self::Daily(values) => values.len(),
            Self::Sleep(sessions) => sessions.len(),
            Self::Exercises(exercises) => exercises.len(),
        }
    }
}

/// A window that was read.
pub(crate) struct Batch {
    pub(crate) window: ImportWindow,
    /// The days that it tells of.
    pub(crate) days: BTreeSet<Date>,
    pub(crate) content: Content,
}

/// What all windows of an import have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) user: UserId,
    pub(crate) import: ImportId,
    pub(crate) stream: (StreamId, i16),
    /// When the archive was made.
    pub(crate) told_at: EpochMs,
    /// Days before this one are told whole: there are data of a later one.
    pub(crate) open_from: Date,
}

impl Takeout {
    /// Writes what was planned. An import that broke off goes on; one that is done is left alone. `progress` is called
    /// after each window.
    ///
    /// # Errors
    /// When the database fails: windows before are written, others are not.
    pub async fn write(
        self,
        store: &Store,
        clock: &dyn Clock,
        mut progress: impl FnMut(Progress),
    ) -> Result<Outcome, ImportError> {
        let kind = ImportKind::Takeout;
        let user = self.user.id;
        let report = serde_json::to_string(self.plan()).map_err(|_| ImportError::BrokenOff)?;
        let new = NewImport {
            user_id: user,
            kind,
            digest: self.archive.digest,
            exported_at: self.facts.exported_at,
            bytes: i64::try_from(self.archive.bytes).unwrap_or(i64::MAX),
            report: &report,
        };
        let job = begin(store, &new, &self.windows, &self.evidence, clock).await?;
        if job.is_done {
            return Ok(Outcome::Known(job.id));
        }
        let windows = store.import_windows(user, job.id).await?;
        let told = self.choices.samples.keys().map(|key| key.1).max();
        let sessions = self.sleep.keys().chain(self.exercises.keys()).max().copied();
        let target = Target {
            user,
            import: job.id,
            stream: job.stream,
            told_at: self.facts.exported_at,
            open_from: told.max(sessions).unwrap_or(Date::MIN),
        };
        let open: Vec<ImportWindow> = windows.iter().filter(|window| !window.is_done).copied().collect();
        let (total, resumed) = (open.len(), windows.len() - open.len());
        let (sender, mut batches) = mpsc::channel(1);
        let reader = thread::spawn(move || self.read_windows(&open, &sender));
        let mut written = Written { import: job.id, rows: 0, windows: 0, resumed, kept_days: 0 };
        while let Some(batch) = batches.recv().await {
            let rows = batch.content.rows() as u64;
            written.kept_days += write_batch(store, &target, batch, clock.now()).await?;
            written.rows += rows;
            written.windows += 1;
            progress(Progress { done: written.windows, total, rows: written.rows });
        }
        reader.join().map_err(|_| ImportError::BrokenOff)?;
        if written.windows < total {
            return Err(ImportError::BrokenOff);
        }
        finish(store, user, job.id, clock.now()).await?;
        Ok(Outcome::Written(written))
    }

    fn read_windows(mut self, windows: &[ImportWindow], sender: &mpsc::Sender<Batch>) {
        for window in windows {
            let batch = self.read_window(*window);
            // The writer has given up: so has the reader.
            if sender.blocking_send(batch).is_err() {
                return;
            }
        }
    }

    fn read_window(&mut self, window: ImportWindow) -> Batch {
        let NewImportWindow { metric, grain, days } = window.window;
        let mut own = self.days_of_window(metric, grain, days);
        let content = match grain {
            Grain::Minute => {
                let samples = self.samples(metric, days);
                // What a file no longer tells is not written as empty.
                own.retain(|day| samples.block.days().any(|(told, _)| told == *day));
                Content::Samples(samples)
            }
            Grain::Day => {
                let of = |day: &Date| self.choices.daily.get(&(metric, *day)).copied();
                let value = |day: &Date| Some(DailyValue { metric, day: *day, value: of(day)? });
                Content::Daily(own.iter().filter_map(value).collect())
            }
            Grain::Session if metric == Metric::Exercise => {
                let own = own.iter().filter_map(|day| self.exercises.get(day)).flatten().cloned();
                Content::Exercises(own.map(|e| resolve::exercise(e, &self.facts.timeline)).collect())
            }
            Grain::Session => {
                let own = own.iter().filter_map(|day| self.sleep.get(day)).flatten().cloned();
                Content::Sleep(own.map(|s| resolve::sleep(s, &self.facts.timeline)).collect())
            }
        };
        Batch { window, days: own, content }
    }

    fn days_of_window(&self, metric: Metric, grain: Grain, days: DayRange) -> BTreeSet<Date> {
        let told = |day: &Date| match grain {
            Grain::Minute => self.choices.samples.contains_key(&(metric, *day)),
            Grain::Day => self.choices.daily.contains_key(&(metric, *day)),
            Grain::Session if metric == Metric::Exercise => self.exercises.contains_key(day),
            Grain::Session => self.sleep.contains_key(day),
        };
        days.days().filter(told).collect()
    }

    /// The chosen samples of a window's days, from the files that tell of them.
    fn samples(&mut self, metric: Metric, days: DayRange) -> ResolvedSamples {
        let chosen: BTreeMap<Date, _> =
            days.days().filter_map(|day| Some((day, *self.choices.samples.get(&(metric, day))?))).collect();
        let families: BTreeSet<Family> = chosen.values().map(|origin| origin.family).collect();
        let is_wanted = |index: &usize| {
            let Class::Values(family) = self.archive.entries[*index].class else { return false };
            let overlaps = |(first, last): &(Date, Date)| *first < days.end && *last >= days.start;
            families.contains(&family) && self.survey.ranges.get(index).is_some_and(overlaps)
        };
        let wanted: Vec<usize> = (0..self.archive.entries.len()).filter(is_wanted).collect();
        let mut points: Vec<(i64, i32, f64)> = Vec::new();
        let mut interval_ms = 0;
        for index in wanted {
            let Class::Values(family) = self.archive.entries[index].class else { continue };
            let spec = family.spec();
            interval_ms = spec.interval_ms;
            let mut lens = Lens::new(&self.facts);
            let recorders = &mut self.survey.recorders;
            let mut last = (String::new(), recorders.number(""));
            let read = self.archive.with(index, |reader| {
                rows::read(spec, reader, &mut |row| {
                    if last.0 != row.source {
                        last = (row.source.to_owned(), recorders.number(row.source));
                    }
                    let placed = lens.place(spec, row, |placed| {
                        let is_chosen = placed.metric == metric
                            && chosen
                                .get(&placed.day)
                                .is_some_and(|o| o.family == family && o.recorder == last.1);
                        if is_chosen {
                            points.push((placed.at, placed.offset, placed.value));
                        }
                    });
                    // It was counted when the archive was surveyed.
                    let _counted = placed;
                })
            });
            if read.is_err() {
                // It was whole a moment ago: the disk has failed. Its days stay as they are.
                tracing::warn!(file = self.archive.entries[index].base, "a file cannot be read again");
            }
        }
        ResolvedSamples { metric, block: block_of(metric, interval_ms, points) }
    }
}

/// Samples in order of time, one at each instant: the later row's, or of active zone minutes the sum, since a minute may
/// have parts of two zones.
fn block_of(metric: Metric, interval_ms: i64, mut points: Vec<(i64, i32, f64)>) -> Block {
    points.sort_by_key(|point| point.0);
    let mut at: Vec<i64> = Vec::with_capacity(points.len());
    let mut values: Vec<f64> = Vec::with_capacity(points.len());
    let mut offsets: Vec<i32> = Vec::with_capacity(points.len());
    for (instant, offset, value) in points {
        if at.last() == Some(&instant)
            && let (Some(last), Some(last_offset)) = (values.last_mut(), offsets.last_mut())
        {
            *last = if metric == Metric::ActiveZoneMinutes { *last + value } else { value };
            *last_offset = offset;
            continue;
        }
        at.push(instant);
        values.push(value);
        offsets.push(offset);
    }
    Block { interval_ms, at, offsets: runs_of(offsets.into_iter()), values: SampleValues::Single(values) }
}

/// An import that was begun or found.
pub(crate) struct Begun {
    pub(crate) id: ImportId,
    pub(crate) stream: (StreamId, i16),
    pub(crate) is_done: bool,
}

/// Finds the import of this content, or writes it with its windows and what the archive tells of offsets.
pub(crate) async fn begin(
    store: &Store,
    new: &NewImport<'_>,
    windows: &[NewImportWindow],
    evidence: &[OffsetSpan],
    clock: &dyn Clock,
) -> Result<Begun, ImportError> {
    let now = clock.now();
    let tx = store.write().await?;
    // The person is locked from here on: of two that begin the same import the second finds it.
    let stream = tx.import_stream(new.user_id, new.kind, now).await?;
    if let Some(job) = store.import_of(new.user_id, new.kind, &new.digest).await? {
        return Ok(Begun { id: job.id, stream, is_done: job.is_done });
    }
    learn(store, &tx, new.user_id, evidence, now).await?;
    let id = tx.create_import(new, stream.0, windows, now).await?;
    tx.commit().await?;
    Ok(Begun { id, stream, is_done: false })
}

/// Offsets of times before and after all that a sync has learnt; samples of roll-ups, which carry none, are dated again.
async fn learn(
    store: &Store,
    tx: &WriteTx,
    user: UserId,
    evidence: &[OffsetSpan],
    now: EpochMs,
) -> Result<(), ImportError> {
    let before = tx.timeline(user).await?;
    let mut timeline = before.clone();
    let known = before.spans().first().zip(before.spans().last()).map(|(first, last)| (first.from, last.to));
    for span in evidence {
        let parts = match known {
            None => vec![*span],
            Some((from, to)) => {
                let earlier = OffsetSpan { to: span.to.min(from.plus(-1)), ..*span };
                let later = OffsetSpan { from: span.from.max(to.plus(1)), ..*span };
                vec![earlier, later]
            }
        };
        for part in parts.into_iter().filter(|part| part.from <= part.to) {
            timeline.learn(part.from, part.to, part.offset);
        }
    }
    let Some(changed) = timeline.changed_since(&before) else { return Ok(()) };
    tx.put_timeline(user, &timeline, "import").await?;
    rekey(store, tx, user, changed, &timeline, now).await
}

async fn rekey(
    store: &Store,
    tx: &WriteTx,
    user: UserId,
    changed: (EpochMs, EpochMs),
    timeline: &OffsetTimeline,
    now: EpochMs,
) -> Result<(), ImportError> {
    for link in store.links_of(user).await? {
        for rolled in endpoints_of(link.provider).filter(|e| e.call == Call::GoogleRollUpMinute) {
            let (stream, precedence) = tx.merged_stream(user, link.id, link.provider, now).await?;
            for &metric in rolled.metrics {
                let days = tx.rekey_samples(user, (stream, metric), changed, timeline).await?;
                tx.choose_stream(user, metric, &days, (stream, precedence)).await?;
            }
        }
    }
    Ok(())
}

/// Ends an import.
pub(crate) async fn finish(
    store: &Store,
    user: UserId,
    import: ImportId,
    now: EpochMs,
) -> Result<(), ImportError> {
    let tx = store.write().await?;
    tx.finish_import(user, import, now).await?;
    Ok(tx.commit().await?)
}

/// Days without a break as ranges.
fn runs(days: &BTreeSet<Date>) -> Vec<DayRange> {
    let mut runs: Vec<DayRange> = Vec::new();
    for &day in days {
        match runs.last_mut() {
            Some(run) if run.end == day => run.end = next_day(day),
            _ => runs.push(DayRange::one(day)),
        }
    }
    runs
}

/// Writes a window in one transaction; days that a newer archive has told stay as they are. Returns how many.
pub(crate) async fn write_batch(
    store: &Store,
    target: &Target,
    batch: Batch,
    now: EpochMs,
) -> Result<u64, ImportError> {
    let Batch { window, mut days, content } = batch;
    let NewImportWindow { metric, grain, days: range } = window.window;
    let (user, stream) = (target.user, target.stream.0);
    let tx = store.write().await?;
    let told = tx.imported_days(user, (metric, grain), stream, range).await?;
    let before = days.len();
    days.retain(|day| told.get(day).is_none_or(|at| *at <= target.told_at));
    let kept = before - days.len();
    for run in runs(&days) {
        match &content {
            Content::Samples(samples) => {
                tx.replace_samples(user, stream, samples, Replace::Days(run)).await?;
            }
            Content::Daily(values) => {
                tx.replace_daily(user, stream, metric, run, values).await?;
            }
            Content::Sleep(sessions) => tx.replace_sleep(user, stream, run, sessions, now).await?,
            Content::Exercises(exercises) => tx.replace_exercises(user, stream, run, exercises, now).await?,
        }
    }
    let list: Vec<Date> = days.iter().copied().collect();
    tx.choose_stream(user, metric, &list, target.stream).await?;
    let worn = match &content {
        Content::Samples(samples) if metric == Metric::HeartRate => minutes_of(&samples.block),
        _ => BTreeMap::new(),
    };
    let mark = |day: &Date| {
        let state = CoverageState::of_read(true, *day < target.open_from);
        (*day, state, worn.get(day).copied())
    };
    let marks: Vec<_> = days.iter().map(mark).collect();
    tx.mark_imported(user, (metric, grain), stream, &marks, target.told_at).await?;
    let rows = i64::try_from(content.rows()).unwrap_or(i64::MAX);
    if tx.end_import_window(user, (target.import, window.seq), rows, now).await? {
        tx.commit().await?;
    }
    Ok(kept as u64)
}

/// Minutes of each day with a sample.
fn minutes_of(block: &Block) -> BTreeMap<Date, i32> {
    let mut minutes: BTreeMap<Date, i32> = BTreeMap::new();
    let mut last = None;
    for (day, part) in block.days() {
        let counted = minutes.entry(day).or_default();
        for at in &block.at[part] {
            let minute = Some(at.div_euclid(MINUTE_MS));
            *counted += i32::from(minute != last);
            last = minute;
        }
    }
    minutes
}
