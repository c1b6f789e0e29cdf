//! Fixing a plan: when a job's daily series were read, its held detail is cut anew without the days that they prove
//! empty; when its sessions were read too, it is known how many pages they have. From then on the job makes no more
//! requests than its plan says, retries apart.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    catalogue::{Endpoint, endpoint, endpoints_of},
    coverage::CoverageState,
    id::{JobId, StreamId},
    job::JobKind,
    time::{DayRange, add_days},
};
use pulsekeep_store::{
    HeldWindows, LinkedAccount, NewWindow, SyncWindow, WindowKey, WriteTx, ingest::CoverageMark,
};

use crate::{
    SyncEngine, SyncError,
    ingest::told_at,
    knowledge::Knowledge,
    plan::{Cut, full_days, order, windows},
};

/// Days beside the held ones whose daily values count for the proof.
const REACH_DAYS: i64 = 7;

/// Requests of a window before it was read: likely, and at the most.
fn planned(window: &SyncWindow) -> (i64, i64) {
    endpoint(&window.endpoint).map_or((1, 1), |e| e.requests(window.days.len()))
}

/// How many more requests a window took than was planned, or fewer.
fn difference(window: &SyncWindow) -> (i64, i64) {
    let (expected, at_most) = planned(window);
    let taken = i64::from(window.requests - window.retries);
    (taken - expected, taken - at_most)
}

fn sum(requests: impl Iterator<Item = (i64, i64)>) -> (i32, i32) {
    let (expected, at_most) = requests.fold((0, 0), |sum, (likely, most)| (sum.0 + likely, sum.1 + most));
    let narrow = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    (narrow(expected), narrow(at_most))
}

impl SyncEngine {
    /// Releases what a job holds and fixes its plan, as far as that can be done by now: in the transaction that ends a
    /// window of `of`, which may be the last of its daily series, or of its sessions.
    pub(crate) async fn fix_plan(
        &self,
        tx: &mut WriteTx,
        link: &LinkedAccount,
        (job, of): (JobId, &Endpoint),
    ) -> Result<(), SyncError> {
        if !of.settles_plan() || tx.unfixed_job(link.user_id, job).await?.is_none() {
            return Ok(());
        }
        self.release(tx, link, job).await?;
        let Some(row) = tx.unfixed_job(link.user_id, job).await? else { return Ok(()) };
        let uncounted: Vec<&str> =
            endpoints_of(link.provider).filter(|e| e.is_uncounted()).map(|e| e.key).collect();
        if let Some(windows) = tx.counted_windows(link.user_id, job, &uncounted).await? {
            let plan = (i64::from(row.requests_expected), i64::from(row.requests_at_most));
            let plan = sum(std::iter::once(plan).chain(windows.iter().map(difference)));
            tx.fix_requests(link.user_id, job, plan, self.now()).await?;
        }
        Ok(())
    }

    /// Releases the held detail of a job whose daily series have all ended, without the days that they prove empty.
    async fn release(&self, tx: &mut WriteTx, link: &LinkedAccount, job: JobId) -> Result<(), SyncError> {
        let proofs: Vec<&str> = endpoints_of(link.provider).filter_map(|e| e.proved_by).collect();
        let Some(held) = tx.held_windows(link.user_id, job, &proofs).await? else { return Ok(()) };
        let now = self.now();
        let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, now).await?;
        let known = known_of(tx, link, stream, &held).await?;
        let cut = if held.job.kind == JobKind::Incremental { Cut::Live } else { Cut::Fewest };
        let (mut released, mut full) = (Vec::new(), Vec::new());
        for (key, days) in held_days(&held.held) {
            let Some(of) = endpoint(key) else { continue };
            let since = Some(held.job.created_at);
            let is_empty = |day: Date| known.is_empty(of, day, since);
            let wanted: Vec<Date> = days
                .iter()
                .copied()
                .filter(|&day| held.job.kind != JobKind::Backfill || !known.is_closed(of, day))
                .collect();
            self.mark_proved(tx, link, stream, (of, &wanted), &held, &known).await?;
            let asked: Vec<Date> = wanted.into_iter().filter(|&day| !is_empty(day)).collect();
            for window in windows(of, &asked, cut, &is_empty) {
                full.push(of.requests(full_days(window, &is_empty)));
                released.push(NewWindow { endpoint: of.key, days: window, held: false });
            }
        }
        order(&mut released);
        let plan = sum(held.released.iter().map(planned).chain(full));
        tx.release_held(&held, &released, plan, now).await?;
        Ok(())
    }

    /// Says of the days that are proved empty what their daily series says: the request behind it is theirs.
    async fn mark_proved(
        &self,
        tx: &WriteTx,
        link: &LinkedAccount,
        stream: StreamId,
        (of, days): (&Endpoint, &[Date]),
        held: &HeldWindows,
        known: &Knowledge,
    ) -> Result<(), SyncError> {
        let now = self.now();
        let timeline = tx.timeline(link.user_id).await?;
        let last_sync = tx.last_device_sync(link.user_id, link.id).await?;
        let mut by_window: BTreeMap<(JobId, i32), Vec<CoverageMark>> = BTreeMap::new();
        for &day in days {
            let Some(proof) = known.proof_of_empty(of, day, Some(held.job.created_at)) else { continue };
            let closed = self.is_closed(told_at(of, day, &timeline), last_sync, now);
            let mark = CoverageMark {
                day,
                state: CoverageState::of_read(false, closed),
                code: None,
                raw: proof.raw,
                wear_minutes: None,
            };
            by_window.entry(proof.window.unwrap_or((held.job.id, 0))).or_default().push(mark);
        }
        for ((job, seq), marks) in by_window {
            let key = WindowKey { user: link.user_id, job, seq };
            for &metric in of.metrics {
                tx.mark_coverage(link.user_id, (metric, of.grain), stream, key, &marks, now).await?;
            }
        }
        Ok(())
    }
}

/// The days of held windows by endpoint, in order of time.
fn held_days(held: &[SyncWindow]) -> BTreeMap<&str, Vec<Date>> {
    let mut days: BTreeMap<&str, Vec<Date>> = BTreeMap::new();
    for window in held {
        days.entry(window.endpoint.as_str()).or_default().extend(window.days.days());
    }
    for days in days.values_mut() {
        days.sort_unstable();
        days.dedup();
    }
    days
}

async fn known_of(
    tx: &WriteTx,
    link: &LinkedAccount,
    stream: StreamId,
    held: &HeldWindows,
) -> Result<Knowledge, SyncError> {
    let mut metrics: Vec<_> =
        held.held.iter().filter_map(|w| endpoint(&w.endpoint)).map(|e| e.metrics[0]).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let start = held.held.iter().map(|w| w.days.start).min();
    let end = held.held.iter().map(|w| w.days.end).max();
    let (Some(start), Some(end)) = (start, end) else { return Ok(Knowledge::default()) };
    let days = DayRange { start: add_days(start, -REACH_DAYS), end: add_days(end, REACH_DAYS) };
    Ok(tx.known_days(link.user_id, stream, &metrics, days).await?.into())
}
