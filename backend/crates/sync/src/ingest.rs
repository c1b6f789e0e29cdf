//! Writing a window: raw documents, typed rows and coverage, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::{Call, Endpoint, Grain, endpoints_of},
    coverage::CoverageState,
    id::{RawId, StreamId},
    job::FailureCode,
    metric::Aggregation,
    observation::{DailyValue, Parsed},
    time::{DAY_MS, MINUTE_MS, next_day},
    timeline::OffsetTimeline,
};
use pulsekeep_store::{
    ClaimedWindow, LinkedAccount, WriteTx,
    block::Block,
    ingest::{
        CoverageMark, NewRawDocument, PackedBody, Replace, ResolvedExercise, ResolvedSamples, ResolvedSleep,
    },
    resolve,
};

use crate::{
    SyncEngine, SyncError,
    moved::{reopen_moved, reopen_torn},
    pages::Page,
};

/// What was fetched for a window.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The request key of its raw documents.
    pub(crate) request_key: String,
    /// The instants asked for, half-open.
    pub(crate) bounds: (EpochMs, EpochMs),
    /// The pages as received, packed.
    pub(crate) bodies: Vec<PackedBody>,
    /// Whether its last page is among them, as far as is known.
    pub(crate) is_whole: bool,
    /// The first of the pages and when they were fetched, where they are stored already: typed rows are made again, and
    /// nothing was asked.
    pub(crate) stored: Option<(RawId, EpochMs)>,
    /// The pages parsed.
    pub(crate) pages: Vec<Page>,
}

/// What the transaction works on.
struct Target<'a> {
    link: &'a LinkedAccount,
    endpoint: &'static Endpoint,
    claimed: &'a ClaimedWindow,
    stream: StreamId,
    /// The last sync of the account's trackers.
    last_sync: Option<EpochMs>,
    /// From here on a value may be filler, where the provider gives any.
    known_until: Option<EpochMs>,
}

/// Fitbit gives every minute and day a value, those too of which no device has told yet: zeros, the energy of a body at
/// rest, and hours of sitting. They are no measurements.
fn may_be_filler(metric: Metric, value: f64) -> bool {
    matches!(metric, Metric::Calories | Metric::BasalCalories | Metric::SedentaryMinutes)
        || metric.spec().aggregation == Aggregation::Sum && value == 0.0
}

impl Target<'_> {
    /// The daily values that are measurements.
    fn measured(&self, daily: &[DailyValue], timeline: &OffsetTimeline) -> Vec<DailyValue> {
        let is_filler = |v: &DailyValue| {
            may_be_filler(v.metric, v.value)
                && self.known_until.is_some_and(|until| timeline.day_bounds(v.day).0 >= until)
        };
        daily.iter().filter(|v| !is_filler(v)).copied().collect()
    }

    /// Leaves the samples that are measurements.
    fn leave_measured(&self, samples: &mut ResolvedSamples) {
        let (Some(until), block) = (self.known_until, &samples.block) else { return };
        let is_filler =
            |i: usize| block.at[i] >= until.0 && may_be_filler(samples.metric, block.values.main()[i]);
        let kept: Vec<usize> = (0..block.len()).filter(|&i| !is_filler(i)).collect();
        if kept.len() < block.len() {
            samples.block = block.taken(&kept);
        }
    }
}

impl SyncEngine {
    /// Writes what a window read. The caller ends the window in the same transaction.
    pub(crate) async fn ingest(
        &self,
        tx: &WriteTx,
        link: &LinkedAccount,
        endpoint: &'static Endpoint,
        claimed: &ClaimedWindow,
        reading: &Reading,
        mut parsed: Parsed,
    ) -> Result<(), SyncError> {
        let now = self.now();
        let user = link.user_id;
        let raw = match reading.stored {
            Some((raw, _)) => Some(raw),
            None => self.put_bodies(tx, link, endpoint, claimed, reading).await?,
        };
        let (stream, precedence) = tx.merged_stream(user, link.id, link.provider, now).await?;
        // What a device has told since is not in a stored answer.
        let is_told = |seen: &EpochMs| reading.stored.is_none_or(|(_, at)| *seen <= at);
        let last_sync = tx.last_device_sync(user, link.id).await?.filter(is_told);
        let known_until = last_sync.filter(|_| link.provider == ProviderKey::Fitbit);
        let target = Target { link, endpoint, claimed, stream, last_sync, known_until };
        let before = tx.timeline(user).await?;
        let mut timeline = before.clone();
        resolve::learn(&mut timeline, &parsed);
        if let Some(changed) = timeline.changed_since(&before) {
            tx.put_timeline(user, &timeline, endpoint.key).await?;
            reopen_moved(tx, link, stream, (&before, &timeline), changed).await?;
            // Roll-ups carry no offset: their samples were dated by what was known then.
            for rolled in endpoints_of(link.provider).filter(|e| e.call == Call::GoogleRollUpMinute) {
                for &metric in rolled.metrics {
                    let days = tx.rekey_samples(user, (stream, metric), changed, &timeline).await?;
                    tx.choose_stream(user, metric, &days, (stream, precedence)).await?;
                }
            }
        }
        for &metric in endpoint.metrics {
            let (with_data, wear) =
                self.put_metric(tx, &target, metric, reading, &mut parsed, &timeline).await?;
            let days: Vec<Date> = with_data.iter().copied().collect();
            tx.choose_stream(user, metric, &days, (stream, precedence)).await?;
            if let Some(stored) = reading.stored {
                let days: Vec<(Date, bool)> =
                    claimed.window.days.days().map(|day| (day, with_data.contains(&day))).collect();
                tx.restate_days(user, (metric, endpoint.grain), stream, &days).await?;
                let marks = self.marks(&target, (metric, &with_data, &wear), stored, &timeline);
                tx.mend_days(user, (metric, endpoint.grain), stream, &marks).await?;
            } else {
                let marks = self.marks(&target, (metric, &with_data, &wear), (raw, now), &timeline);
                let what = (metric, endpoint.grain);
                tx.mark_coverage(user, what, stream, claimed.window.key, &marks, now).await?;
            }
        }
        if reading.stored.is_none() {
            let asked = (claimed.window.days, reading.bounds);
            reopen_torn(tx, link, (endpoint, stream), asked, &timeline).await?;
            tx.touch_link(user, link.id, now).await?;
        }
        Ok(())
    }

    /// Keeps what was fetched; returns the first page. An answer whose pages are not all there supersedes none but its own
    /// earlier one.
    pub(crate) async fn put_bodies(
        &self,
        tx: &WriteTx,
        link: &LinkedAccount,
        endpoint: &Endpoint,
        claimed: &ClaimedWindow,
        reading: &Reading,
    ) -> Result<Option<RawId>, SyncError> {
        let now = self.now();
        let mut first = None;
        for (page, body) in (0..).zip(&reading.bodies) {
            let document = NewRawDocument {
                link: link.id,
                endpoint: endpoint.key,
                request_key: &reading.request_key,
                days: claimed.window.days,
                page,
                parser_version: self.enabled(link.provider)?.parser_version(),
                body,
            };
            let stored = tx.put_raw(link.user_id, &document, now).await?;
            first = first.or(Some(stored.id));
        }
        let pages = i32::try_from(reading.bodies.len()).unwrap_or(i32::MAX);
        tx.supersede_pages_from(link.user_id, link.id, &reading.request_key, pages, now).await?;
        if reading.is_whole {
            let answer = (endpoint.key, reading.request_key.as_str());
            tx.supersede_within(link.user_id, link.id, answer, claimed.window.days, now).await?;
        }
        Ok(first)
    }

    /// Replaces one metric's data of the window; returns the days that have data, and the samples of each day.
    async fn put_metric(
        &self,
        tx: &WriteTx,
        target: &Target<'_>,
        metric: Metric,
        reading: &Reading,
        parsed: &mut Parsed,
        timeline: &OffsetTimeline,
    ) -> Result<(BTreeSet<Date>, BTreeMap<Date, i32>), SyncError> {
        let user = target.link.user_id;
        let days = target.claimed.window.days;
        match target.endpoint.grain {
            Grain::Day => {
                let daily = target.measured(&parsed.daily, timeline);
                let changed = tx.replace_daily(user, target.stream, metric, days, &daily).await?;
                // Whatever changed a day's value has changed its detail too, however long ago that was read; but what
                // another parser makes of the same answer tells nothing of the provider's data.
                if reading.stored.is_none() {
                    let job = target.claimed.window.key.job;
                    for of in detail_of(target.endpoint, metric) {
                        tx.reopen_detail(user, (of, target.stream), &changed, job).await?;
                    }
                }
                let own = daily.iter().filter(|v| v.metric == metric && days.contains(v.day));
                Ok((own.map(|v| v.day).collect(), BTreeMap::new()))
            }
            Grain::Session if metric == Metric::Exercise => {
                let exercises: Vec<ResolvedExercise> =
                    parsed.exercises.iter().cloned().map(|e| resolve::exercise(e, timeline)).collect();
                tx.replace_exercises(user, target.stream, days, &exercises, self.now()).await?;
                let own = exercises.iter().map(|e| e.record.day).filter(|day| days.contains(*day));
                Ok((own.collect(), BTreeMap::new()))
            }
            Grain::Session => {
                let sessions: Vec<ResolvedSleep> =
                    parsed.sleep.iter().cloned().map(|s| resolve::sleep(s, timeline)).collect();
                tx.replace_sleep(user, target.stream, days, &sessions, self.now()).await?;
                let own = sessions.iter().map(|s| s.record.day).filter(|day| days.contains(*day));
                Ok((own.collect(), BTreeMap::new()))
            }
            Grain::Minute => {
                // Taken out: a window at native cadence holds hundreds of thousands of samples, once.
                let own = parsed.samples.iter().position(|batch| batch.metric == metric);
                let mut resolved = match own {
                    Some(own) => resolve::samples(parsed.samples.swap_remove(own), timeline),
                    None => ResolvedSamples { metric, block: Block::empty() },
                };
                target.leave_measured(&mut resolved);
                let replace = match target.endpoint.call {
                    Call::GoogleRollUpMinute => Replace::Instants(reading.bounds.0, reading.bounds.1),
                    _ => Replace::Days(days),
                };
                let with_samples = tx.replace_samples(user, target.stream, &resolved, replace).await?;
                let own = with_samples.into_iter().filter(|day| days.contains(*day)).collect();
                Ok((own, minutes_of(&resolved.block)))
            }
        }
    }

    /// What was read of a window's days at `read_at`.
    fn marks(
        &self,
        target: &Target<'_>,
        (metric, with_data, minutes): (Metric, &BTreeSet<Date>, &BTreeMap<Date, i32>),
        (raw, read_at): (impl Into<Option<RawId>>, EpochMs),
        timeline: &OffsetTimeline,
    ) -> Vec<CoverageMark> {
        let raw = raw.into();
        let wears = metric == Metric::HeartRate && target.endpoint.grain == Grain::Minute;
        let mark = |day: Date| {
            let closed = self.is_closed(told_at(target.endpoint, day, timeline), target.last_sync, read_at);
            CoverageMark {
                day,
                state: CoverageState::of_read(with_data.contains(&day), closed),
                code: None,
                raw,
                wear_minutes: wears.then(|| minutes.get(&day).copied().unwrap_or(0)),
            }
        };
        target.claimed.window.days.days().map(mark).collect()
    }

    /// A day is closed when the device was seen after its end, or some days later whatever the device does.
    pub(crate) fn is_closed(&self, end: EpochMs, last_sync: Option<EpochMs>, now: EpochMs) -> bool {
        let seen = last_sync.is_some_and(|seen| seen >= end);
        seen && now >= end || now.0 >= end.0 + self.policy.close_after_days * DAY_MS
    }

    /// Marks the days of a window that was given up, with what was fetched of them all the same. Days that were read before
    /// keep what is known of them.
    pub(crate) async fn mark_failed(
        &self,
        tx: &WriteTx,
        link: &LinkedAccount,
        endpoint: &'static Endpoint,
        claimed: &ClaimedWindow,
        (code, raw): (FailureCode, Option<RawId>),
    ) -> Result<(), SyncError> {
        let now = self.now();
        let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, now).await?;
        let state = match code {
            FailureCode::MissingScope => CoverageState::NotPermitted,
            _ => CoverageState::Failed,
        };
        let mark = |day| CoverageMark { day, state, code: Some(code), raw, wear_minutes: None };
        let marks: Vec<CoverageMark> = claimed.window.days.days().map(mark).collect();
        for &metric in endpoint.metrics {
            let what = (metric, endpoint.grain);
            tx.mark_coverage(link.user_id, what, stream, claimed.window.key, &marks, now).await?;
        }
        Ok(())
    }
}

/// The metrics whose detail a changed daily value speaks of: its own, and those that its endpoint proves empty.
fn detail_of(endpoint: &Endpoint, metric: Metric) -> BTreeSet<Metric> {
    let proved = endpoints_of(endpoint.provider).filter(|e| e.proved_by == Some(endpoint.key));
    proved.flat_map(|e| e.metrics.iter().copied()).chain([metric]).collect()
}

/// When all is told of a day: at its end, or, where its evening comes with the night that follows, a day later.
pub(crate) fn told_at(endpoint: &Endpoint, day: Date, timeline: &OffsetTimeline) -> EpochMs {
    let last = if endpoint.by_waking || endpoint.of_nights { next_day(day) } else { day };
    timeline.day_bounds(last).1
}

/// How many minutes of each civil day have a sample.
fn minutes_of(block: &Block) -> BTreeMap<Date, i32> {
    let mut minutes = BTreeMap::new();
    let mut last = None;
    for (day, part) in block.days() {
        let counted: &mut i32 = minutes.entry(day).or_default();
        for at in &block.at[part] {
            let minute = Some(at.div_euclid(MINUTE_MS));
            *counted += i32::from(minute != last);
            last = minute;
        }
    }
    minutes
}
