//! Recorded answers of the legacy Fitbit Web API, one file each, through the parsers of the live provider. Which endpoint
//! an answer is of, its content tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use pulsekeep_core::{
    Clock, EpochMs, Metric,
    account::ProviderKey,
    catalogue::{Endpoint, Grain, endpoint, endpoints_of},
    observation::{Parsed, SampleTimes},
    time::{DayRange, next_day},
    timeline::OffsetTimeline,
};
use pulsekeep_provider::{fitbit, merge_pages};
use pulsekeep_store::{ImportKind, ImportWindow, NewImport, NewImportWindow, Store, User, resolve};
use serde::{
    Deserialize, Serialize,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use sha2::{Digest as _, Sha256};

use crate::{
    IMPORTER_VERSION, ImportError, Problem,
    write::{Batch, Content, Target, begin, finish, write_batch},
};

/// Answers of one endpoint of a day at native cadence have a megabyte.
const LARGEST: u64 = 64 << 20;

/// What became of a folder of answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswersReport {
    /// The import; `None` where nothing was written.
    pub import: Option<String>,
    /// Whether these very answers were imported before.
    pub is_imported: bool,
    /// Files by endpoint.
    pub files: BTreeMap<String, u64>,
    /// Samples, values and sessions by metric.
    pub rows: BTreeMap<String, u64>,
    /// Warnings of the parsers, by their word.
    pub warnings: BTreeMap<String, u64>,
    /// Files that were left out.
    pub problems: Vec<Problem>,
}

/// The keys of an answer, two levels deep: enough to tell endpoints apart.
#[derive(Default)]
struct Keys {
    own: BTreeSet<String>,
    inner: BTreeSet<String>,
}

struct Level<'k>(&'k mut Keys, u8);

impl<'de> serde::de::DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.1 == 0 { &mut self.0.own } else { &mut self.0.inner }.insert(key);
            match self.1 {
                0..3 => map.next_value_seed(Level(self.0, self.1 + 1))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // The first rows are like the others.
        for _ in 0..3 {
            if seq.next_element_seed(Level(self.0, self.1))?.is_none() {
                return Ok(());
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        // `"datasetType": "second"` tells readings from minutes.
        if text == "second" {
            self.0.inner.insert("second".to_owned());
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The endpoint that an answer is of.
fn endpoint_of(body: &[u8]) -> Option<&'static Endpoint> {
    let mut keys = Keys::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde::de::DeserializeSeed::deserialize(Level(&mut keys, 0), &mut deserializer).ok()?;
    let own = |key: &str| keys.own.contains(key);
    let inner = |key: &str| keys.inner.contains(key);
    let series = |resource: &str, name: &str| {
        let detail = if name == "heart_rate" && inner("second") { "native" } else { "minute" };
        let day = if name == "heart_rate" { "resting_heart_rate" } else { name };
        if own(&format!("activities-{resource}-intraday")) {
            return Some(format!("fitbit.{name}.{detail}"));
        }
        own(&format!("activities-{resource}")).then(|| format!("fitbit.{day}.day"))
    };
    let in_minutes =
        |name: &str| format!("fitbit.{name}.{}", if inner("minutes") { "minute" } else { "day" });
    let resources = [
        ("steps", "steps"),
        ("distance", "distance"),
        ("floors", "floors"),
        ("elevation", "elevation"),
        ("calories", "calories"),
        ("activityCalories", "active_calories"),
        ("caloriesBMR", "basal_calories"),
        ("minutesSedentary", "sedentary_minutes"),
        ("minutesLightlyActive", "lightly_active_minutes"),
        ("minutesFairlyActive", "fairly_active_minutes"),
        ("minutesVeryActive", "very_active_minutes"),
        ("active-zone-minutes", "active_zone_minutes"),
        ("heart", "heart_rate"),
    ];
    let key = if let Some(key) = resources.iter().find_map(|(resource, name)| series(resource, name)) {
        key
    } else if own("sleep") {
        "fitbit.sleep".to_owned()
    } else if own("activities") && own("pagination") {
        "fitbit.exercise".to_owned()
    } else if own("weight") && !own("dateTime") {
        "fitbit.weight.reading".to_owned()
    } else if own("fat") {
        "fitbit.body_fat.reading".to_owned()
    } else if own("tempCore") {
        "fitbit.core_temperature.reading".to_owned()
    } else if own("tempSkin") {
        "fitbit.skin_temperature_relative.day".to_owned()
    } else if own("cardioScore") {
        "fitbit.vo2_max.day".to_owned()
    } else if own("br") {
        "fitbit.breathing_rate.day".to_owned()
    } else if own("hrv") {
        in_minutes("heart_rate_variability")
    } else if own("minutes") || own("dateTime") && own("value") && inner("avg") {
        // Alone among answers this one has no frame: an object for a day, or a list of them.
        format!("fitbit.oxygen_saturation.{}", if own("minutes") { "minute" } else { "day" })
    } else {
        return None;
    };
    endpoint(&key)
}

/// A file with its endpoint.
struct Answer {
    path: PathBuf,
    endpoint: &'static Endpoint,
}

/// The files below a folder, in the order of their names; links are not followed.
fn files_below(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut left = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            match kind.is_dir() {
                true => left.push(entry.path()),
                false if kind.is_file() => files.push(entry.path()),
                false => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads each file once: which endpoint it is of, and a sum over all.
fn sort_out(files: Vec<PathBuf>, report: &mut AnswersReport) -> (Vec<Answer>, [u8; 32], u64) {
    let mut sums = BTreeSet::new();
    let mut answers = Vec::new();
    let mut bytes = 0;
    for path in files {
        let mut refuse = |why: String| report.problems.push(Problem { file: name_of(&path), why });
        if fs::metadata(&path).is_ok_and(|file| file.len() > LARGEST) {
            refuse("it is larger than any answer".to_owned());
            continue;
        }
        let body = match fs::read(&path) {
            Ok(body) => body,
            Err(error) => {
                refuse(error.to_string());
                continue;
            }
        };
        let Some(endpoint) = endpoint_of(&body) else {
            refuse("it is no answer of a data endpoint".to_owned());
            continue;
        };
        *report.files.entry(endpoint.key.to_owned()).or_default() += 1;
        bytes += body.len() as u64;
        if sums.insert(<[u8; 32]>::from(Sha256::digest(&body))) {
            answers.push(Answer { path, endpoint });
        }
    }
    let mut digest = Sha256::new();
    digest.update([IMPORTER_VERSION]);
    sums.iter().for_each(|sum| digest.update(sum));
    (answers, digest.finalize().into(), bytes)
}

/// Imports all recorded answers below a folder. With `only_plan`, nothing is written.
///
/// # Errors
/// When the folder cannot be read or the database fails.
pub async fn import_answers(
    store: &Store,
    user: &User,
    folder: &Path,
    only_plan: bool,
    clock: &dyn Clock,
) -> Result<AnswersReport, ImportError> {
    let failed = |source| ImportError::Io { file: name_of(folder), source };
    let mut report = AnswersReport::default();
    let (mut answers, digest, bytes) = sort_out(files_below(folder).map_err(failed)?, &mut report);
    if answers.is_empty() {
        return Err(ImportError::NoArchive("the folder has no recorded answer".to_owned()));
    }
    // Heart rate by the minute gives way to readings of the same day, as their endpoint stands later in the catalogue.
    let order =
        |answer: &Answer| endpoints_of(ProviderKey::Fitbit).position(|e| e.key == answer.endpoint.key);
    answers.sort_by_key(|answer| (order(answer), answer.path.clone()));
    let known = store.import_of(user.id, ImportKind::FitbitJson, &digest).await?;
    report.is_imported = known.is_some_and(|import| import.is_done);
    let mut timeline = store.timeline(user.id).await?;
    let mut groups: Vec<(&'static Endpoint, Vec<PathBuf>)> = Vec::new();
    for answer in answers {
        match groups.last_mut() {
            // A day's answers are written one by one, sessions together: pages of lists overlap.
            Some((endpoint, paths))
                if endpoint.key == answer.endpoint.key && endpoint.grain == Grain::Session =>
            {
                paths.push(answer.path);
            }
            _ => groups.push((answer.endpoint, vec![answer.path])),
        }
    }
    let mut windows = Vec::new();
    let mut work = Vec::new();
    for (endpoint, paths) in groups {
        let parsed = parse(endpoint, &paths, &mut report);
        resolve::learn(&mut timeline, &parsed);
        for &metric in endpoint.metrics {
            let days = days_of(&parsed, metric, endpoint.grain, &timeline);
            let (Some(&first), Some(&last)) = (days.first(), days.last()) else { continue };
            let range = DayRange { start: first, end: next_day(last) };
            windows.push(NewImportWindow { metric, grain: endpoint.grain, days: range });
            work.push((endpoint, paths.clone(), metric));
        }
    }
    // An answer does not say when it was recorded: of the last day more may have come.
    let open_from = windows.iter().map(|window| window.days.last()).max().unwrap_or(Date::MIN);
    if only_plan || report.is_imported {
        return Ok(report);
    }
    let now = clock.now();
    let told_at = now;
    let text = serde_json::to_string(&report).map_err(|_| ImportError::BrokenOff)?;
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let new = NewImport {
        user_id: user.id,
        kind: ImportKind::FitbitJson,
        digest,
        exported_at: told_at,
        bytes,
        report: &text,
    };
    let job = begin(store, &new, &windows, timeline.spans(), clock).await?;
    report.import = Some(job.id.to_string());
    let stored = store.import_windows(user.id, job.id).await?;
    let target = Target { user: user.id, import: job.id, stream: job.stream, told_at, open_from };
    for (window, (endpoint, paths, metric)) in stored.into_iter().zip(work) {
        if !window.is_done {
            let mut ignored = AnswersReport::default();
            let parsed = parse(endpoint, &paths, &mut ignored);
            let batch = batch_of(window, parsed, metric, endpoint.grain, &timeline);
            let rows = rows_of(&batch.content);
            write_batch(store, &target, batch, clock.now()).await?;
            *report.rows.entry(metric.key().to_owned()).or_default() += rows;
        }
    }
    finish(store, user.id, job.id, clock.now()).await?;
    Ok(report)
}

fn rows_of(content: &Content) -> u64 {
    let rows = match content {
        Content::Samples(samples) => samples.block.len(),
        Content::Daily(values) => values.len(),
        Content::Sleep(sessions) => sessions.len(),
        Content::Exercises(exercises) => exercises.len(),
    };
    rows as u64
}

fn parse(endpoint: &'static Endpoint, paths: &[PathBuf], report: &mut AnswersReport) -> Parsed {
    let mut pages = Vec::new();
    for path in paths {
        let read = fs::read(path).map_err(|error| error.to_string());
        match read.and_then(|body| fitbit::parse(endpoint, &body).map_err(|error| error.to_string())) {
            Ok(parsed) => pages.push(parsed),
            Err(why) => report.problems.push(Problem { file: name_of(path), why }),
        }
    }
    let parsed = merge_pages(pages);
    for warning in &parsed.warnings {
        *report.warnings.entry(warning.code.to_owned()).or_default() += 1;
    }
    parsed
}

/// The days of which an answer tells something of a metric.
fn days_of(parsed: &Parsed, metric: Metric, grain: Grain, timeline: &OffsetTimeline) -> BTreeSet<Date> {
    match grain {
        Grain::Day => parsed.daily.iter().filter(|v| v.metric == metric).map(|v| v.day).collect(),
        Grain::Session if metric == Metric::Exercise => parsed.exercises.iter().map(|e| e.day).collect(),
        Grain::Session => parsed.sleep.iter().map(|s| s.day).collect(),
        Grain::Minute => {
            let own = parsed.samples.iter().filter(|batch| batch.metric == metric);
            own.flat_map(|batch| match &batch.times {
                SampleTimes::Local(at) => at
                    .iter()
                    .map(|&at| pulsekeep_core::time::from_local_ms(at).date())
                    .collect::<BTreeSet<_>>(),
                SampleTimes::Instants { at, .. } => {
                    at.iter().map(|&at: &EpochMs| timeline.day_at(at)).collect()
                }
            })
            .collect()
        }
    }
}

fn batch_of(
    window: ImportWindow,
    mut parsed: Parsed,
    metric: Metric,
    grain: Grain,
    timeline: &OffsetTimeline,
) -> Batch {
    let mut days = days_of(&parsed, metric, grain, timeline);
    let content = match grain {
        Grain::Day => {
            parsed.daily.retain(|value| value.metric == metric);
            Content::Daily(parsed.daily)
        }
        Grain::Session if metric == Metric::Exercise => {
            Content::Exercises(parsed.exercises.into_iter().map(|e| resolve::exercise(e, timeline)).collect())
        }
        Grain::Session => {
            Content::Sleep(parsed.sleep.into_iter().map(|s| resolve::sleep(s, timeline)).collect())
        }
        Grain::Minute => {
            let own = parsed.samples.into_iter().find(|batch| batch.metric == metric);
            let samples = own.map(|batch| resolve::samples(batch, timeline));
            let samples = samples.unwrap_or_else(|| pulsekeep_store::ingest::ResolvedSamples {
                metric,
                block: pulsekeep_store::block::Block::empty(),
            });
            days.retain(|day| samples.block.days().any(|(told, _)| told == *day));
            Content::Samples(samples)
        }
    };
    Batch { window, days, content }
}
