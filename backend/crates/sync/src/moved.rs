//! Days that begin or end at another instant than was thought when they were read: on a journey the person's offsets are
//! learnt while the days are being read, and an endpoint that is asked for instants may then have been asked for others
//! than the day's.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::{Call, Endpoint, Grain, endpoints_of},
    id::StreamId,
    time::{DayRange, add_days},
    timeline::OffsetTimeline,
};
use pulsekeep_store::{LinkedAccount, WriteTx};

use crate::SyncError;

/// Days to either side that a change of offset can move: offsets lie within a day of each other.
const REACH_DAYS: i64 = 2;
/// Instants between which a timeline is looked at: what lies outside is no day of a wearable.
const SPAN: (EpochMs, EpochMs) = (EpochMs(0), EpochMs(4_102_444_800_000));

/// Whether a call names instants, which depend on where the person's days begin.
pub(crate) fn names_instants(endpoint: &Endpoint) -> bool {
    match endpoint.call {
        Call::GoogleRollUpMinute => true,
        Call::GoogleReconcile { field } => !(field.ends_with(".date") || field.contains("civil_")),
        Call::GoogleDailyRollUp | Call::FitbitRange | Call::FitbitDay | Call::FitbitList => false,
    }
}

/// Whether a day lies wholly between two instants.
fn lies_in(day: Date, timeline: &OffsetTimeline, (from, to): (EpochMs, EpochMs)) -> bool {
    let (begins, ends) = timeline.day_bounds(day);
    from <= begins && ends <= to
}

/// Opens the detail again that was read between other instants than those of its days on the timeline as it is `now`.
/// `changed` are the instants that are dated otherwise than `before`.
pub(crate) async fn reopen_moved(
    tx: &WriteTx,
    link: &LinkedAccount,
    stream: StreamId,
    (before, now): (&OffsetTimeline, &OffsetTimeline),
    changed: (EpochMs, EpochMs),
) -> Result<(), SyncError> {
    if changed.0 == changed.1 {
        return Ok(());
    }
    let metrics: Vec<Metric> = endpoints_of(link.provider)
        .filter(|e| e.grain == Grain::Minute && names_instants(e))
        .flat_map(|e| e.metrics.iter().copied())
        .collect();
    let day = |at: EpochMs| now.day_at(at.clamp(SPAN.0, SPAN.1));
    let days =
        DayRange { start: add_days(day(changed.0), -REACH_DAYS), end: add_days(day(changed.1), REACH_DAYS) };
    let mut torn: BTreeMap<Metric, Vec<Date>> = BTreeMap::new();
    for (metric, day, window) in tx.read_detail(link.user_id, (&metrics, stream), days).await? {
        // Of a window that is not kept any more only the day itself is known to have been asked for.
        let asked = window.unwrap_or(DayRange::one(day));
        let asked = (before.day_bounds(asked.start).0, before.day_bounds(asked.last()).1);
        if !lies_in(day, now, asked) {
            torn.entry(metric).or_default().push(day);
        }
    }
    for (metric, days) in torn {
        tx.reopen_read(link.user_id, (metric, stream), &days).await?;
    }
    Ok(())
}

/// Opens the days of a window again that do not lie between the instants which were asked for: the timeline has changed
/// since, perhaps by this very answer.
pub(crate) async fn reopen_torn(
    tx: &WriteTx,
    link: &LinkedAccount,
    (endpoint, stream): (&Endpoint, StreamId),
    (days, bounds): (DayRange, (EpochMs, EpochMs)),
    timeline: &OffsetTimeline,
) -> Result<(), SyncError> {
    if endpoint.grain != Grain::Minute || !names_instants(endpoint) {
        return Ok(());
    }
    let torn: Vec<Date> = days.days().filter(|day| !lies_in(*day, timeline, bounds)).collect();
    if torn.is_empty() {
        return Ok(());
    }
    for &metric in endpoint.metrics {
        tx.reopen_read(link.user_id, (metric, stream), &torn).await?;
    }
    Ok(())
}
